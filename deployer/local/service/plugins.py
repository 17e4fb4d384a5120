"""The lists of plugins, in which the plugins that this service stands in for are named too."""

from __future__ import annotations

import re

from deployer.local.service.errors import Json
from deployer.local.service.node import Node
from deployer.local.service.rest import Call, Reply

_VERSION = "3.4.0.0"
_SERVER = "3.4.0"
_COLUMNS = {"id": (), "name": ("n",), "component": ("c",), "version": ("v",), "description": ("d",)}
_STANDARD = ("name", "component", "version")
_NODE_PATHS = re.compile(r"/_nodes(?:/[^/]+)?(?:/[^/]+)?/?")
_OTHER = ("stats", "hot_threads", "hotthreads", "usage", "reload_secure_settings")


def _plugin(name: str, description: str, java_class: str, extended: tuple[str, ...] = ()) -> Json:
    return {
        "name": name,
        "version": _VERSION,
        "opensearch_version": _SERVER,
        "java_version": "21",
        "description": description,
        "classname": java_class,
        "custom_foldername": "",
        "extended_plugins": list(extended),
        "has_native_controller": False,
        "optional_extended_plugins": [],
    }


_PLUGINS = (
    _plugin("opensearch-alerting", "opensearch-alerting", "org.opensearch.alerting.AlertingPlugin", ("lang-painless",)),
    _plugin(
        "opensearch-job-scheduler", "OpenSearch Job Scheduler plugin", "org.opensearch.jobscheduler.JobSchedulerPlugin"
    ),
    _plugin(
        "opensearch-notifications",
        "opensearch-notifications",
        "org.opensearch.notifications.NotificationPlugin",
        ("opensearch-notifications-core",),
    ),
    _plugin(
        "opensearch-notifications-core",
        "opensearch-notifications-core",
        "org.opensearch.notifications.core.NotificationCorePlugin",
    ),
)


def lists_plugins(method: str, path: str) -> bool:
    """Says whether a request may be answered with a list of plugins."""
    if method not in ("GET", "HEAD"):
        return False
    if path.rstrip("/") == "/_cat/plugins":
        return True
    return _NODE_PATHS.fullmatch(path) is not None and not any(part in _OTHER for part in path.split("/"))


async def list_plugins(node: Node, call: Call) -> Reply | None:
    """Answers a request for a list of plugins; None if the node should, because it is for something else."""
    if call.path.rstrip("/") == "/_cat/plugins":
        return None if "help" in call.query else await _table(node, call)
    answer = await node.ask("GET", call.path)
    if not answer.ok or not isinstance(answer.body, dict):
        return None
    nodes = answer.body.get("nodes", {})
    if not any("plugins" in one for one in nodes.values()):
        return None
    for one in nodes.values():
        one["plugins"] = [*one.get("plugins", []), *_PLUGINS]
    return Reply(200, answer.body)


async def _table(node: Node, call: Call) -> Reply:
    names = {other: name for name, others in _COLUMNS.items() for other in (name, *others)}
    nodes = (await node.ask("GET", "/_cat/nodes?format=json&full_id=true&h=id,name")).checked_list()
    real = (await node.ask("GET", "/_cat/plugins?format=json&h=id,name,component,version,description")).checked_list()
    rows = [*real]
    for one in nodes:
        for plugin in _PLUGINS:
            rows.append({**one, "component": plugin["name"], "version": _VERSION, "description": plugin["description"]})
    rows.sort(key=lambda row: (str(row["name"]), str(row["component"])))
    asked = call.query.get("h")
    shown = (
        list(_COLUMNS) if asked == "*" else [part.strip() for part in asked.split(",")] if asked else list(_STANDARD)
    )
    columns = [(part, names[part]) for part in shown if part in names]
    kept: list[Json] = [{part: row[name] for part, name in columns} for row in rows]
    kind = call.query.get("format", "json" if "json" in call.headers.get("accept", "") else "text")
    if kind != "text":
        return Reply(200, kept)
    lines = [[str(row[part]) for part, _ in columns] for row in kept]
    if call.query.get("v", "false") in ("", "true"):
        lines.insert(0, [part for part, _ in columns])
    widths = [max((len(line[number]) for line in lines), default=0) for number in range(len(columns))]
    text = ""
    for line in lines:
        cells = [cell.ljust(width) for cell, width in zip(line[:-1], widths, strict=False)] + line[-1:]
        text += " ".join(cells) + "\n"
    return Reply(200, text)
