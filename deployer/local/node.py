"""The OpenSearch node as a process: its command line, its configuration, when it is ready, its settings."""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path

from deployer.local.artifacts import MAIN_CLASS
from deployer.local.java import Java
from deployer.local.probe import answers, request, wait_until
from deployer.local.processes import Process, alive, died, last_lines
from deployer.local.state import Folder
from deployer.model.errors import LocalError

# Beside the heap: metaspace, code, threads, direct buffers. Measured: 350 MB resident in all with a heap of 512 MB.
_BESIDE_HEAP = 300 * 2**20
_FREE_DISK = 500 * 2**20

# The cluster's, and so of the log that the server itself refers to.
_NAME = "deployer-local"

_LOGGING = """\
# Written at each start. The console (node.out) gets what matters when a start fails.
status = error
appender.console.type = Console
appender.console.name = console
appender.console.layout.type = PatternLayout
appender.console.layout.pattern = [%d{ISO8601}][%-5p][%c{1.}] %m%n
appender.console.filter.threshold.type = ThresholdFilter
appender.console.filter.threshold.level = error
appender.file.type = RollingFile
appender.file.name = file
appender.file.fileName = ${sys:opensearch.logs.base_path}/${sys:opensearch.logs.cluster_name}.log
appender.file.filePattern = ${sys:opensearch.logs.base_path}/${sys:opensearch.logs.cluster_name}-%i.log
appender.file.layout.type = PatternLayout
appender.file.layout.pattern = [%d{ISO8601}][%-5p][%c{1.}] %m%n
appender.file.policies.type = Policies
appender.file.policies.size.type = SizeBasedTriggeringPolicy
appender.file.policies.size.size = 20MB
appender.file.strategy.type = DefaultRolloverStrategy
appender.file.strategy.max = 3
rootLogger.level = info
rootLogger.appenderRef.console.ref = console
rootLogger.appenderRef.file.ref = file
"""

# Script contexts in which many monitors compile many texts, by whichever way they run: queries and messages (template),
# trigger conditions (trigger: the plugin's; painless_test: the service's), bucket conditions (bucket_aggregation,
# aggregation_selector), and what queries themselves may use. The server's defaults, 75 compilations in five minutes and
# 100 cached, let monitors fail without a word from 150 on; these limits were measured to carry 900.
_CONTEXTS = (
    "template",
    "trigger",
    "painless_test",
    "bucket_aggregation",
    "aggregation_selector",
    "filter",
    "field",
    "derived_field",
    "aggs",
    "terms_set",
)
_COMPILATIONS = "2000/1m"
_CACHED_SCRIPTS = 3000


def heap_bytes(heap: str) -> int:
    """Gives the bytes of a heap size as the JVM takes it: `512m`, `2g`. Raises LocalError for anything else."""
    match = re.fullmatch(r"([1-9]\d{0,5})([mMgG])", heap)
    size = int(match[1]) * (2**30 if match[2] in "gG" else 2**20) if match else 0
    if size < 256 * 2**20:
        raise LocalError(
            f"{heap!r} is no heap size for the node",
            why="it is a number with m or g behind it, at least 256m",
            todo="set DEPLOYER_LOCAL_HEAP to something like 512m or 2g",
        )
    return size


def command(java: Java, home: Path, folder: Folder, heap: str) -> list[str]:
    """Gives the command that runs the node of `folder`, on ports it chooses, with a heap of `heap` (`512m`)."""
    settings = {
        "cluster.name": _NAME,
        "node.name": "local",
        "node.portsfile": "true",
        "discovery.type": "single-node",
        "network.host": "127.0.0.1",
        "http.port": "0",
        "transport.port": "0",
        "path.data": folder / "data" / "node",
        "path.logs": folder / "logs",
        "path.repo": folder / "snapshots",
        # On a computer that people work on the disk is often 90 % full; the node would lock its indices.
        "cluster.routing.allocation.disk.threshold_enabled": "false",
        # The serial collector leaves garbage standing, and a breaker that counts it refuses requests (429) on a heap
        # that is three quarters free (measured).
        "indices.breaker.total.use_real_memory": "false",
    }
    return [
        str(java.java),
        *(f"-Xms{heap}", f"-Xmx{heap}", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-XX:+ExitOnOutOfMemoryError"),
        "--enable-native-access=ALL-UNNAMED",
        # The JVM keeps an archive of the loaded classes at its first exit, and checks itself whether it still fits:
        # measured, ready in 2.4 s instead of 4.1 s. Its own remarks about that would hide the server's.
        *("-XX:+AutoCreateSharedArchive", f"-XX:SharedArchiveFile={home}-java{java.version}.jsa", "-Xlog:disable"),
        # The server ends the logging itself, after its last words.
        *("-Dlog4j.shutdownHookEnabled=false", "-Dlog4j2.disable.jmx=true"),
        # Without JNA the server cannot see that it runs as root, and so does not refuse to.
        *("-Djna.nosys=true", "-Djna.noclasspath=true"),
        *("-Dfile.encoding=UTF-8", "-Djava.awt.headless=true", f"-Djava.io.tmpdir={folder / 'temporary'}"),
        *(f"-Dopensearch.path.home={home}", f"-Dopensearch.path.conf={folder / 'config'}"),
        *("-cp", f"{home}/lib/*", MAIN_CLASS),
        *(f"-E{name}={value}" for name, value in settings.items()),
    ]


def prepare(folder: Folder) -> None:
    """Makes the folders and the configuration the node expects, and empties what belongs to the last run."""
    shutil.rmtree(folder / "temporary", ignore_errors=True)
    for name in ("data", "config", "logs", "snapshots", "temporary"):
        (folder / name).mkdir(exist_ok=True)
    (folder / "config" / "opensearch.yml").touch()
    (folder / "config" / "log4j2.properties").write_text(_LOGGING, encoding="utf-8")
    for name in ("node.out", "service.out", "http.ports", "transport.ports"):
        (folder / "logs" / name).unlink(missing_ok=True)


def require_room(folder: Folder, heap: str, meminfo: Path = Path("/proc/meminfo")) -> None:
    """Raises LocalError if memory or disk will not do: a clear no before, not a killed process after."""
    needed = heap_bytes(heap) + _BESIDE_HEAP
    available = _available_memory(meminfo)
    if available is not None and available < needed:
        raise LocalError(
            f"{available // 2**20} MB of memory are free",
            why=f"the node needs {needed // 2**20} MB with a heap of {heap}",
            todo="end other programs, or set DEPLOYER_LOCAL_HEAP=256m",
        )
    free = shutil.disk_usage(folder.root).free
    if free < _FREE_DISK:
        raise LocalError(
            f"{free // 2**20} MB are free on the disk of {folder.root}",
            why=f"the node needs {_FREE_DISK // 2**20} MB to begin with",
            todo="free some space, or choose a folder on another disk: --directory",
        )


def _available_memory(meminfo: Path) -> int | None:
    """Gives the bytes the kernel says a new program may take; None where it does not say (macOS)."""
    try:
        match = re.search(r"^MemAvailable:\s+(\d+) kB", meminfo.read_text(encoding="ascii"), re.MULTILINE)
    except OSError:
        return None
    return int(match[1]) * 1024 if match else None


def wait_for_node(node: Process, folder: Folder, *, deadline: float) -> str:
    """Waits until the node answers with health yellow, and gives its URL.

    Raises LocalError, with the last lines of its output, when it ends or the deadline (time.monotonic) passes.
    """

    def give_up() -> None:
        if not alive(node):
            raise died("node", node.log)

    url = ""

    def ready() -> bool:
        nonlocal url
        url = url or _published(folder / "logs" / "http.ports")
        return bool(url) and answers(f"{url}/_cluster/health?wait_for_status=yellow&timeout=1s")

    if not wait_until(ready, deadline=deadline, give_up=give_up):
        raise LocalError(
            "the node was not ready in time",
            why=last_lines(node.log) + "\n" + last_lines(folder / "logs" / f"{_NAME}.log", 5),
            todo="on a slow or busy computer try again; the logs are in " + os.fspath(folder / "logs"),
        )
    return url


def _published(ports: Path) -> str:
    """Gives the URL from the ports file that the server writes once it listens; empty before."""
    try:
        lines = ports.read_text(encoding="ascii").split()
    except FileNotFoundError:
        return ""
    return next((f"http://{line}" for line in lines if line.startswith("127.0.0.1:")), "")


def raise_limits(url: str) -> None:
    """Raises the limits on compiled scripts that decide how many monitors can run. Raises LocalError if refused."""
    try:
        status, answer = request(f"{url}/_script_context")
        known = {context["name"] for context in answer["contexts"]} if status == 200 else set()
        settings: dict[str, object] = {}
        for context in _CONTEXTS:
            if context in known:
                settings[f"script.context.{context}.max_compilations_rate"] = _COMPILATIONS
                settings[f"script.context.{context}.cache_max_size"] = _CACHED_SCRIPTS
        status, answer = request(f"{url}/_cluster/settings", "PUT", {"persistent": settings}, timeout_s=30)
    except OSError as error:
        raise LocalError(
            "the node stopped answering", why=str(error), todo="see its log, then `deployer local up` again"
        ) from error
    if status != 200 or not known:
        raise LocalError("the node refused its settings", why=str(answer)[:500], todo="report this as a bug")
