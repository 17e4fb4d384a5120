"""Schedules: read as the plugin reads them, and when they run.

Times are milliseconds since 1970.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from cronsim import CronSim, CronSimError

from deployer.local.service.cron import check_cron, plain_cron
from deployer.local.service.errors import Json, illegal_argument
from deployer.local.service.tokens import END_OBJECT, START_OBJECT, Parser
from deployer.local.service.zones import zone_id, zone_info

# java.time.temporal.ChronoUnit, with the names its values print.
_UNITS = {
    "NANOS": "Nanos",
    "MICROS": "Micros",
    "MILLIS": "Millis",
    "SECONDS": "Seconds",
    "MINUTES": "Minutes",
    "HOURS": "Hours",
    "HALF_DAYS": "HalfDays",
    "DAYS": "Days",
    "WEEKS": "Weeks",
    "MONTHS": "Months",
    "YEARS": "Years",
    "DECADES": "Decades",
    "CENTURIES": "Centuries",
    "MILLENNIA": "Millennia",
    "ERAS": "Eras",
    "FOREVER": "Forever",
}
_MILLIS = {"SECONDS": 1000, "MINUTES": 60_000, "HOURS": 3_600_000, "DAYS": 86_400_000}


def chrono_unit(name: str) -> str:
    """Gives the unit of that name, in capitals. Raises ServerError for an unknown one."""
    unit = name.upper()
    if unit not in _UNITS:
        raise illegal_argument(f"No enum constant java.time.temporal.ChronoUnit.{unit}")
    return unit


def parse_schedule(parser: Parser) -> Json:
    """Gives the stored form of the schedule at the current token: a cron expression with its zone, or a period."""
    expression: str | None = None
    zone: str | None = None
    interval: int | None = None
    unit: str | None = None
    kind = ""
    parser.expect(START_OBJECT)
    while parser.next() != END_OBJECT:
        field = parser.name
        parser.next()
        if kind:
            raise illegal_argument("You can only specify one type of schedule.")
        if field not in ("cron", "period"):
            raise illegal_argument(f"Invalid field: [{field}] found in schedule.")
        kind = field
        while parser.next() != END_OBJECT:
            inner = parser.name
            parser.next()
            if (kind, inner) == ("cron", "expression"):
                expression = parser.text_or_none()
            elif (kind, inner) == ("cron", "timezone"):
                zone = zone_id(parser.text())
            elif (kind, inner) == ("period", "interval"):
                interval = parser.integer()
            elif (kind, inner) == ("period", "unit"):
                unit = chrono_unit(parser.text())
    if kind == "cron":
        return _cron(expression, zone)
    if kind == "period":
        return _period(interval, unit)
    raise illegal_argument("Schedule is null.")


def _cron(expression: str | None, zone: str | None) -> Json:
    if expression is None:
        raise illegal_argument("Expression in cron schedule is null.")
    if zone is None:
        raise illegal_argument("Timezone in cron schedule is null.")
    check_cron(expression)
    return {"cron": {"expression": expression, "timezone": zone}}


def _period(interval: int | None, unit: str | None) -> Json:
    if interval is None:
        raise illegal_argument("Interval in period schedule is null.")
    if unit is None:
        raise illegal_argument("Unit in period schedule is null.")
    if unit not in _MILLIS:
        raise illegal_argument(f"Timezone {_UNITS[unit]} is not supported expected [Seconds, Minutes, Hours, Days]")
    if interval <= 0:
        raise illegal_argument("Interval is not allowed to be 0 or negative")
    return {"period": {"interval": interval, "unit": unit}}


def template_arg(schedule: Json) -> Json:
    """Gives the schedule as scripts and templates see it."""
    if "cron" in schedule:
        return {"cron": dict(schedule["cron"])}
    period = schedule["period"]
    return {"period": {"interval": period["interval"], "unit": _UNITS[period["unit"]]}}


def period_ending_at(schedule: Json, end: int) -> tuple[int, int]:
    """Gives start and end of the period that ends at `end`: one interval, or back to the last time the cron was due."""
    if "period" in schedule:
        return end - interval_millis(schedule), end
    last = previous_run(schedule["cron"], end)
    return (end if last is None else last), end


def interval_millis(schedule: Json) -> int:
    """Gives the length of a period schedule."""
    return int(schedule["period"]["interval"]) * _MILLIS[schedule["period"]["unit"]]


def next_run(schedule: Json, enabled: int, previous: int | None, now: int) -> int | None:
    """Gives when the job is due next; None for a cron that never is.

    Periods are counted from when the job was enabled, or from when it was last due (`previous`).
    """
    if "period" in schedule:
        interval = interval_millis(schedule)
        since = now - (enabled if previous is None else previous)
        return now + interval - since % interval
    return _cron_run(schedule["cron"], now if previous is None else previous, reverse=False)


def previous_run(cron: Json, before: int) -> int | None:
    """Gives when the cron was last due before a time."""
    return _cron_run(cron, before, reverse=True)


def _cron_run(cron: Json, at: int, *, reverse: bool) -> int | None:
    zone = zone_info(cron["timezone"])
    moment = datetime.fromtimestamp(at / 1000, zone)
    try:
        found = next(CronSim(plain_cron(cron["expression"]), moment, reverse=reverse), None)
    except CronSimError:  # a date that never comes, such as February 30
        return None
    return None if found is None else round(found.timestamp() * 1000)


def on_time(schedule: Json, last: int | None, now: int) -> bool:
    """Says whether a job that ran last at `last` keeps its schedule."""
    if last is None:
        return True
    if "period" in schedule:
        return 0 < now - last < interval_millis(schedule)
    due = previous_run(schedule["cron"], now)
    return due is not None and abs(last - due) < 1000


def utc_text(millis: int) -> str:
    """Gives a time as java.time.Instant prints it: no fraction, or three digits of it."""
    moment = datetime.fromtimestamp(0, UTC) + timedelta(milliseconds=millis)
    fraction = f".{millis % 1000:03d}" if millis % 1000 else ""
    return moment.strftime("%Y-%m-%dT%H:%M:%S") + fraction + "Z"


def local_text(zone: ZoneInfo, millis: int) -> str:
    """Gives a time on the wall clock of a zone."""
    return datetime.fromtimestamp(millis / 1000, zone).isoformat()
