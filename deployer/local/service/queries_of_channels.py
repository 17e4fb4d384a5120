"""How channels are looked for: the filters and orders of their list, as queries."""

from __future__ import annotations

from deployer.local.service.errors import Json, status_error

_TIMES = ("last_updated_time_ms", "created_time_ms")
_TEXTS = (
    "name",
    "description",
    "slack.url",
    "chime.url",
    "microsoft_teams.url",
    "webhook.url",
    "smtp_account.host",
    "smtp_account.from_address",
    "sns.topic_arn",
    "sns.role_arn",
    "ses_account.role_arn",
    "ses_account.from_address",
)
_WORDS = (
    "config_type",
    "email.email_account_id",
    "email.email_group_id_list",
    "smtp_account.method",
    "ses_account.region",
    *(f"{name}.keyword" for name in _TEXTS),
)
_PATHS = ("email.recipient_list", "email_group.recipient_list")
_NESTED_TEXTS = tuple(f"{path}.recipient" for path in _PATHS)
_NESTED_WORDS = tuple(f"{name}.keyword" for name in _NESTED_TEXTS)
FILTERS = frozenset((*_TIMES, "is_enabled", *_TEXTS, *_WORDS, *_NESTED_TEXTS, *_NESTED_WORDS, "query", "text_query"))


def sort_field(name: str | None) -> str:
    """Gives the field to sort by. Raises ServerError for one that cannot be sorted by."""
    if name is None:
        return "metadata.last_updated_time_ms"
    if name in _TIMES:
        return f"metadata.{name}"
    if name == "is_enabled" or name in _WORDS:
        return f"config.{name}"
    if name in _TEXTS:
        return f"config.{name}.keyword"
    raise status_error(f"Sort on {name} not acceptable", 406)


def filters(wanted: dict[str, str]) -> list[Json]:
    """Gives the queries for filters by name. Raises ServerError for one that cannot be asked for."""
    return [_filter(name, value) for name, value in wanted.items()]


def _filter(name: str, value: str) -> Json:
    if name == "query":
        return _anywhere(value, (*_WORDS, *_TEXTS), (*_NESTED_WORDS, *_NESTED_TEXTS))
    if name == "text_query":
        return _anywhere(value, _TEXTS, _NESTED_TEXTS)
    if name in _TIMES:
        return _range(name, value)
    if name == "is_enabled":
        return {"term": {f"config.{name}": value}}
    if name in _WORDS:
        return {"terms": {f"config.{name}": value.split(",")}}
    if name in _TEXTS:
        return {"match": {f"config.{name}": value}}
    if name in _NESTED_TEXTS:
        path = next(path for path in _PATHS if name.startswith(path))
        match = {"match": {f"config.{name}": value}}
        return {"nested": {"path": f"config.{path}", "query": match, "score_mode": "none"}}
    raise status_error(f"Query on {name} not acceptable", 406)


def _range(name: str, value: str) -> Json:
    ends = value.split("..")
    if len(ends) == 1:
        return {"term": {f"metadata.{name}": value}}
    if len(ends) == 2:
        return {"range": {f"metadata.{name}": {"from": ends[0], "to": ends[1]}}}
    raise status_error(f"Invalid Range format {value}, allowed format 'exact' or 'from..to'", 406)


def _anywhere(value: str, fields: tuple[str, ...], nested: tuple[str, ...]) -> Json:
    should: list[Json] = [_query_string(value, fields)]
    for path in _PATHS:
        inner = _query_string(value, tuple(name for name in nested if name.startswith(path)))
        should.append({"nested": {"path": f"config.{path}", "query": inner, "score_mode": "none"}})
    return {"bool": {"should": should}}


def _query_string(value: str, fields: tuple[str, ...]) -> Json:
    return {"query_string": {"query": value, "fields": [f"config.{name}" for name in fields]}}
