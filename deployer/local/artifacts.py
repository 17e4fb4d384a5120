"""What a node is made of: the published Maven artifacts and which jar belongs to which module.

Source: the server's own release layout, and trial starts of 3.4.0. A jar that a module brings may not stand in `lib/`
as well (the server's duplicate-class check refuses to load such a module), so each module lists by prefix what is its
own.
"""

from __future__ import annotations

from dataclasses import dataclass

OPENSEARCH_VERSION = "3.4.0"
# The oldest JDK the server's class files load on.
MINIMUM_JAVA = 21
MAIN_CLASS = "org.opensearch.bootstrap.OpenSearch"


@dataclass(frozen=True, slots=True)
class Artifact:
    """One Maven coordinate."""

    group: str
    name: str
    version: str


@dataclass(frozen=True, slots=True)
class Module:
    """One folder under `modules/`.

    `jars` are file-name prefixes, each followed by `-<digit>` in the artifact folder; `extends` are the modules whose
    classes it sees.
    """

    name: str
    classname: str
    jars: tuple[str, ...]
    extends: tuple[str, ...] = ()


def _server(*names: str) -> tuple[Artifact, ...]:
    return tuple(Artifact("org.opensearch", name, OPENSEARCH_VERSION) for name in names)


def _plugins(*names: str) -> tuple[Artifact, ...]:
    return tuple(Artifact("org.opensearch.plugin", name, OPENSEARCH_VERSION) for name in names)


ARTIFACTS: tuple[Artifact, ...] = (
    *_server("opensearch", "opensearch-plugin-classloader", "opensearch-agent-bootstrap"),
    *_plugins(
        "aggs-matrix-stats-client",
        "analysis-common",
        "geo",
        "ingest-common",
        "ingest-user-agent",
        "lang-expression",
        "lang-mustache-client",
        "lang-painless",
        "mapper-extras-client",
        "opensearch-scripting-painless-spi",
        "parent-join-client",
        "percolator-client",
        "rank-eval-client",
        "reindex-client",
        "repository-url",
        "transport-netty4-client",
    ),
    # Optional dependencies of the server's pom that it cannot start (log4j-core) or map shapes (the rest) without.
    Artifact("org.apache.logging.log4j", "log4j-core", "2.21.0"),
    Artifact("org.locationtech.spatial4j", "spatial4j", "0.7"),
    Artifact("org.locationtech.jts", "jts-core", "1.15.0"),
)

_ASM = ("antlr4-runtime", "asm", "asm-analysis", "asm-commons", "asm-tree", "asm-util")
_NETTY = (
    "netty-buffer",
    "netty-codec",
    "netty-codec-base",
    "netty-codec-compression",
    "netty-codec-http",
    "netty-codec-http2",
    "netty-common",
    "netty-handler",
    "netty-resolver",
    "netty-transport",
    "netty-transport-native-unix-common",
)
_HTTP = ("httpclient5", "httpcore5", "httpcore5-h2", "httpcore5-reactive", "commons-codec", "commons-logging")

MODULES: tuple[Module, ...] = (
    Module(
        "aggs-matrix-stats",
        "org.opensearch.search.aggregations.matrix.MatrixAggregationModulePlugin",
        ("aggs-matrix-stats-client",),
    ),
    Module(
        "analysis-common",
        "org.opensearch.analysis.common.CommonAnalysisModulePlugin",
        ("analysis-common",),
        extends=("lang-painless",),
    ),
    Module("geo", "org.opensearch.geo.GeoModulePlugin", ("geo",)),
    Module(
        "ingest-common",
        "org.opensearch.ingest.common.IngestCommonModulePlugin",
        ("ingest-common", "opensearch-grok", "opensearch-dissect", "joni", "jcodings"),
        extends=("lang-painless",),
    ),
    Module("ingest-user-agent", "org.opensearch.ingest.useragent.IngestUserAgentModulePlugin", ("ingest-user-agent",)),
    Module(
        "lang-expression",
        "org.opensearch.script.expression.ExpressionModulePlugin",
        ("lang-expression", "lucene-expressions", *_ASM),
    ),
    Module(
        "lang-mustache",
        "org.opensearch.script.mustache.MustacheModulePlugin",
        ("lang-mustache-client", "compiler"),
    ),
    Module(
        "lang-painless",
        "org.opensearch.painless.PainlessModulePlugin",
        ("lang-painless", "opensearch-scripting-painless-spi", *_ASM),
    ),
    Module("mapper-extras", "org.opensearch.index.mapper.MapperExtrasModulePlugin", ("mapper-extras-client",)),
    Module("parent-join", "org.opensearch.join.ParentJoinModulePlugin", ("parent-join-client",)),
    Module("percolator", "org.opensearch.percolator.PercolatorModulePlugin", ("percolator-client",)),
    Module("rank-eval", "org.opensearch.index.rankeval.RankEvalModulePlugin", ("rank-eval-client",)),
    Module(
        "reindex",
        "org.opensearch.index.reindex.ReindexModulePlugin",
        ("reindex-client", "opensearch-rest-client", "opensearch-ssl-config", *_HTTP),
    ),
    Module(
        "repository-url",
        "org.opensearch.plugin.repository.url.URLRepositoryModulePlugin",
        ("repository-url", *_HTTP),
    ),
    Module("transport-netty4", "org.opensearch.transport.Netty4ModulePlugin", ("transport-netty4-client", *_NETTY)),
)

# In no folder at all: with an slf4j-api and no binding the server complains at each start.
LEFT_OUT: tuple[str, ...] = ("slf4j-api", "commons-io")
