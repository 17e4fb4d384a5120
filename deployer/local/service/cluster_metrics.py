"""Cluster metrics inputs: one of the server's own APIs, asked instead of a search."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import SplitResult, quote, unquote, urlsplit

from deployer.local.service.errors import Json, illegal_argument

_ILLEGAL = (":", '"', "+", "\\", "|", "?", "#", ">", "<", " ")
_UNFIT = re.compile(r"""[\s"<>\\^`{|}]|%(?![0-9A-Fa-f]{2})""")
_HOST = re.compile(r"[A-Za-z0-9.-]+")
_LAST_PORT = 65535
_CLUSTER_NAME = re.compile(r"^(?=.{1,255}$)[a-z0-9*]([a-zA-Z0-9_*-]*:?[a-zA-Z0-9_*-]*)$")


@dataclass(frozen=True, slots=True)
class Metric:
    """An API: the path that names it, the path its parameters are appended to, whether it takes and needs any."""

    name: str
    path: str
    prefix: str
    takes_params: bool = False
    needs_params: bool = False


METRICS = (
    Metric("CAT_INDICES", "/_cat/indices", "/_cat/indices", takes_params=True),
    Metric("CAT_PENDING_TASKS", "/_cat/pending_tasks", "/_cat/pending_tasks"),
    Metric("CAT_RECOVERY", "/_cat/recovery", "/_cat/recovery", takes_params=True),
    Metric("CAT_SHARDS", "/_cat/shards", "/_cat/shards", takes_params=True),
    Metric("CAT_SNAPSHOTS", "/_cat/snapshots", "/_cat/snapshots", takes_params=True, needs_params=True),
    Metric("CAT_TASKS", "/_cat/tasks", "/_cat/tasks"),
    Metric("CLUSTER_HEALTH", "/_cluster/health", "/_cluster/health", takes_params=True),
    Metric("CLUSTER_SETTINGS", "/_cluster/settings", "/_cluster/settings"),
    Metric("CLUSTER_STATS", "/_cluster/stats", "/_cluster/stats", takes_params=True),
    Metric("NODES_STATS", "/_nodes/stats", "/_nodes"),
)


def cluster_metrics_input(path: str, path_params: str, url: str, clusters: list[str]) -> Json:
    """Gives the stored form of a cluster metrics input. Raises ServerError as the plugin refuses it."""
    if not url and not path:
        raise illegal_argument("The uri.api_type field, uri.path field, or uri.uri field must be defined.")
    built = _build(path, path_params)
    given = url or built
    parts = _split(given)
    if url and path and url != built:
        raise illegal_argument("The provided URL and URI fields form different URLs.")
    if (parts.hostname or "").lower() != "localhost":
        raise illegal_argument("Only host 'localhost' is supported.")
    if parts.port != 9200:
        raise illegal_argument("Only port '9200' is supported.")
    if not all(_CLUSTER_NAME.match(name) for name in clusters):
        raise illegal_argument("Cluster names are not valid.")
    metric = _metric(unquote(parts.path))
    params = path_params or _params(metric, unquote(parts.path), path_params)
    path = path or (metric.prefix if params else metric.path)
    return {"api_type": metric.name, "path": path, "path_params": params, "url": given, "clusters": clusters}


def request_path(uri: Json) -> str:
    """Gives the path and query of the node's API that answers a stored input. Raises ServerError for bad parameters."""
    metric = _metric(urlsplit(uri["url"]).path)
    params = _params(metric, urlsplit(uri["url"]).path, uri["path_params"])
    tail = f"/{params}" if params else ""
    return {
        "CAT_INDICES": f"/_cat/indices{tail}?format=json&h=*",
        "CAT_PENDING_TASKS": "/_cluster/pending_tasks",
        "CAT_RECOVERY": f"{tail}/_recovery",
        "CAT_SHARDS": f"/_cat/shards{tail}?format=json&h=*",
        "CAT_SNAPSHOTS": f"/_snapshot{tail}/_all",
        "CAT_TASKS": "/_tasks?group_by=none",
        "CLUSTER_HEALTH": f"/_cluster/health{tail}",
        "CLUSTER_SETTINGS": "/_cluster/settings",
        "CLUSTER_STATS": f"/_cluster/stats/nodes{tail}" if tail else "/_cluster/stats",
        "NODES_STATS": "/_nodes/stats",
    }[metric.name]


def result(uri: Json, answer: object) -> Json:
    """Gives the input's result from the node's answer, without what only the REST API adds."""
    if isinstance(answer, list):
        return {"indices" if uri["api_type"] == "CAT_INDICES" else "shards": answer}
    body = dict(answer) if isinstance(answer, dict) else {}
    body.pop("_nodes", None)
    if uri["api_type"] == "NODES_STATS":
        body.pop("cluster_name", None)
    return body


def _split(url: str) -> SplitResult:
    if _UNFIT.search(url):
        raise illegal_argument("Invalid URL syntax.")
    try:
        parts = urlsplit(url)
    except ValueError as error:
        raise illegal_argument("Invalid URL syntax.") from error
    port = parts.netloc.rpartition(":")[2] if ":" in parts.netloc else "80"
    if not re.fullmatch(r"[0-9]+", port):
        raise illegal_argument("Invalid URL syntax.")
    sound = url.isascii() and parts.scheme in ("http", "https") and "//" not in parts.path
    if not (sound and _HOST.fullmatch(parts.hostname or "") and int(port) <= _LAST_PORT):
        raise illegal_argument("Invalid URI constructed from the path and path_params inputs, or the url input.")
    return parts


def _build(path: str, path_params: str) -> str:
    whole = "".join(part if part.startswith("/") or not part.strip() else f"/{part}" for part in (path, path_params))
    if _UNFIT.search(whole):
        # What is no URI is put together anew, and then without the slash between.
        joined = (path + path_params).lstrip("/")
        whole = "/" + "/".join(quote(part, safe="!$&'()*+,;=:@-._~") for part in joined.split("/"))
    return f"http://localhost:9200{whole}"


def _metric(path: str) -> Metric:
    found = [metric for metric in METRICS if path.startswith((metric.prefix, metric.path))]
    if not found:
        raise illegal_argument("The API could not be determined from the provided URI.")
    return found[-1]


def _params(metric: Metric, path: str, path_params: str) -> str:
    params = path_params or path.removeprefix(metric.prefix if metric.takes_params else metric.path)
    if params:
        params = params.strip("/")
        if any(character in params for character in _ILLEGAL):
            what = "The provided path parameters contain invalid characters or spaces. Please omit: "
            raise illegal_argument(what + " ".join(_ILLEGAL))
    if metric.needs_params and not params:
        raise illegal_argument("The API requires path parameters.")
    if not metric.takes_params and params:
        raise illegal_argument("The API does not use path parameters.")
    return params
