"""What the given files tell of one analytic: its tests, what it would have raised, and how it fared on real logs."""

from __future__ import annotations

from typing import Any

from deployer.report.page.given import Given


def tests(given: Given, analytic: str) -> list[dict[str, Any]]:
    """The results of its samples, one a file."""
    return [
        {
            "file": file,
            "passed": item["passed"],
            "cases": item["cases"],
            "events": item["events"],
            "positives": f"{item['positives_found']} of {item['positives']}",
            "negatives": f"{item['negatives_silent']} of {item['negatives']}",
            "variants": item["variants"],
            "proven": f"{len(item['tunables']['proven'])} of {len(item['tunables']['proven']) + len(item['tunables']['unproven'])}",
            "unproven": list(item["tunables"]["unproven"]),
            "failures": [f"{one['monitor']}: {one['case']}" for one in item["failures"]],
            "findings": [str(one.get("message", "")) for one in item["findings"]],
        }
        for file, value in given.results
        for item in value["analytics"]
        if item["analytic"] == analytic
    ]


def episodes(given: Given, analytic: str) -> list[dict[str, Any]]:
    """What its monitors would have raised on environments' own data, one a monitor and file."""
    return [
        {
            "monitor": item["monitor"],
            "environment": value["environment"],
            "period": f"{value['from']} to {value['to']}",
            "episodes": _episodes(item),
            "entities": item["entities"],
            "remarks": [*(f"estimate: {reason}" for reason in item["estimate"]), *([item["error"]] if item["error"] else [])],
        }
        for _, value in given.counts
        for item in value["monitors"]
        if item["analytic"] == analytic
    ]  # fmt: skip


def _episodes(item: Any) -> str:
    if not item["enabled"]:
        return "disabled"
    if item["episodes"] is None:
        return "not counted"
    return f"about {item['episodes']}" if item["estimate"] else str(item["episodes"])


def real_logs(given: Given, analytic: str) -> list[dict[str, Any]]:
    """Found, missed and falsely alerted events of real logs, one a file and run; a file without a positive proves nothing found."""
    rows: dict[str, dict[str, Any]] = {}
    for file, value in given.real_logs:
        for item in value["files"]:
            if item["analytic"] != analytic:
                continue
            row = rows.setdefault(
                f"{file} {item['run']}",
                {"file": file, "run": item["run"], "logs": 0, "positives": 0, "found": 0, "negatives": 0, "false": 0},
            )
            row["logs"] += 1
            row["positives"] += item["positives"]
            row["found"] += item["positives"] - len(item["missed"])
            row["negatives"] += item["negatives"]
            row["false"] += len(item["false_alerts"])
    return list(rows.values())
