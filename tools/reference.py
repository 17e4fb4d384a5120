"""The reference pages, made from what they are about: commands, schemas, analytics and log sources."""

from __future__ import annotations

import inspect
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, is_dataclass
from pathlib import Path
from typing import Any

import click

from deployer import schemas
from deployer.catalogue import environment_names, load_environment, load_repository
from deployer.cli import COMMANDS
from deployer.cli.group import cli
from deployer.model.analytic import Analytic, Case, LogSource, MonitorSpec, Repository
from deployer.model.condition import TunableRef
from deployer.model.environment import Environment
from deployer.model.finding import Findings

TOPS = ("reference/commands.md", "reference/schemas.md", "reference/analytics.md", "reference/sources.md")
"""The generated pages that stand on the left; the others stand below these."""

PEOPLE = ("analytic", "samples", "environment", "sources", "entities", "component", "pipeline")
"""The schemas of what people write, in the order in which they meet them; the others are of what is sent."""


def pages(root: Path) -> dict[str, str]:
    """Every generated page, by its path below docs/."""
    findings = Findings()
    repository = load_repository(root, findings)
    findings.raise_errors()
    environments = [
        environment
        for name in environment_names(root)
        if (environment := load_environment(root, name, repository.analytics, repository.sources, findings))
    ]
    return {**commands(), **schema_pages(), **analytics(repository, environments), **sources(repository)}


def commands() -> dict[str, str]:
    """A page of all commands, each as its `--help` has it."""
    parts = ["# Commands", "", "What `deployer COMMAND --help` prints. The options of [every command](../cli.md#what-goes-where) stand there."]  # fmt: skip
    with click.Context(cli, info_name="deployer", **cli.context_settings) as top:
        for name in COMMANDS:
            command = cli.get_command(top, name)
            assert command is not None
            for words, inner, context in _leaves(command, name, top):
                parts += ["", f"## deployer {words}", "", *_command(inner, context)]
    return {"reference/commands.md": "\n".join(parts) + "\n"}


def _leaves(command: click.Command, words: str, above: click.Context) -> Iterator[tuple[str, click.Command, click.Context]]:  # fmt: skip
    context = click.Context(command, info_name=words.rpartition(" ")[2], parent=above)
    if isinstance(command, click.Group):
        for name, inner in command.commands.items():
            yield from _leaves(inner, f"{words} {name}", context)
    else:
        yield words, command, context


def _command(command: click.Command, context: click.Context) -> Iterator[str]:
    yield from ("```text", command.get_usage(context).removeprefix("Usage: "), "```", "")
    for paragraph in inspect.cleandoc(command.help or "").split("\n\n"):
        literal = paragraph.startswith("\b")
        yield from ("```text", paragraph.removeprefix("\b\n"), "```", "") if literal else (cell(paragraph), "")
    rows = []
    for param in command.get_params(context):
        record = param.get_help_record(context)
        if record and param.expose_value:
            rows.append((code(record[0]), cell(record[1])))
    yield from table(("option", ""), rows)
    if command.epilog:
        yield from ("", "```console", f"$ {command.epilog.removeprefix('Example: ')}", "```")


def schema_pages() -> dict[str, str]:
    """A page a schema: every key with its type, whether it must stand, what it says, and an example."""
    found = {}
    for name in schemas.names():
        schema = schemas.read(name)
        rows = [
            (code(path), kind, "yes" if required else "", cell(str(part.get("description", ""))), code(_short(part)))
            for path, part, kind, required in _keys(schema, schema, "", ())
        ]
        head = [f"# {schema.get('title', name)}: `{name}`", "", cell(str(schema.get("description", ""))), ""]
        found[f"reference/schemas/{name}.md"] = "\n".join([*head, *table(("key", "type", "required", "", "example"), rows), ""])  # fmt: skip
    order = [*PEOPLE, *(name for name in schemas.names() if name not in PEOPLE)]
    listed = [f"- [`{name}`](schemas/{name}.md): {cell(str(schemas.read(name).get('title', '')))}" for name in order]
    index = ["# Schemas", "", "Made from the JSON Schemas that [editors](../editors.md) read, too.", "", *listed, "", *_tree(f"schemas/{name}.md" for name in order)]  # fmt: skip
    return {**found, "reference/schemas.md": "\n".join(index)}


def _keys(schema: Any, part: Mapping[str, Any], path: str, seen: tuple[str, ...]) -> Iterator[tuple[str, Mapping[str, Any], str, bool]]:  # fmt: skip
    """Every key at any depth, a definition once on each way down: path, its schema, its type, whether it is required."""
    part, seen = _resolved(schema, part, seen)
    for name, inner in part.get("properties", {}).items():
        below, beyond = _resolved(schema, inner, seen)
        merged = {**below, **{key: value for key, value in inner.items() if key != "$ref"}}
        where = f"{path}.{name}".removeprefix(".")
        yield where, merged, _kind(schema, merged), name in part.get("required", ())
        if inner.get("$ref") not in seen:
            yield from _keys(schema, merged, where, beyond)
    items = part.get("items")
    if isinstance(items, dict) and items.get("$ref") not in seen:
        yield from _keys(schema, items, f"{path}[]", seen)
    for word, name in (("additionalProperties", "NAME"), ("patternProperties", "NAME")):
        inner = part.get(word)
        if isinstance(inner, dict):
            for one in inner.values() if word == "patternProperties" else [inner]:
                if one.get("$ref") not in seen:
                    yield from _keys(schema, one, f"{path}.{name}".removeprefix("."), seen)


def _resolved(schema: Any, part: Mapping[str, Any], seen: tuple[str, ...]) -> tuple[Mapping[str, Any], tuple[str, ...]]:
    reference = part.get("$ref")
    if not reference:
        return part, seen
    return schema["$defs"][reference.removeprefix("#/$defs/")], (*seen, reference)


def _kind(schema: Any, part: Mapping[str, Any]) -> str:
    part, _ = _resolved(schema, part, ())
    if "enum" in part:
        return ", ".join(code(str(value)) for value in part["enum"])
    if "const" in part:
        return code(str(part["const"]))
    for word in ("anyOf", "oneOf"):
        if word in part:
            return " or ".join(dict.fromkeys(_kind(schema, option) for option in part[word] if option))
    kind = part.get("type", "object" if "properties" in part else "any")
    return " or ".join(kind) if isinstance(kind, list) else str(kind)


def _short(part: Mapping[str, Any]) -> str:
    """An example in one line, if it is short enough for a table."""
    example = next(iter(part.get("examples", ())), None)
    text = example if isinstance(example, str) else json.dumps(example, ensure_ascii=False)
    return text if example is not None and len(text) <= 80 else ""


def analytics(repository: Repository, environments: Sequence[Environment]) -> dict[str, str]:
    """A page an analytic, and a page that lists them by strategy."""
    found = {
        f"reference/analytics/{name}.md": "\n".join([*_analytic(item, repository, environments), ""])
        for name, item in repository.analytics.items()
    }
    index = ["# Analytics", "", "Made from `detections/`."]
    for strategy in sorted({item.strategy for item in repository.analytics.values()}):
        own = [item for item in repository.analytics.values() if item.strategy == strategy]
        rows = [(f"[{item.id}](analytics/{item.id}.md)", cell(item.title), item.platform, item.severity, str(len(item.monitors)), item.status) for item in own]  # fmt: skip
        index += ["", f"## {strategy}", "", *table(("analytic", "title", "platform", "severity", "monitors", "status"), rows)]  # fmt: skip
    index += ["", *_tree(f"analytics/{name}.md" for name in repository.analytics)]
    return {**found, "reference/analytics.md": "\n".join(index)}


def _analytic(item: Analytic, repository: Repository, environments: Sequence[Environment]) -> Iterator[str]:
    yield from (f"# {item.id}: {cell(item.title)}", "", cell(item.description), "")
    facts = [
        ("strategy", item.strategy),
        ("techniques", ", ".join(item.attack.get("techniques", ()))),
        ("tactics", ", ".join(item.attack.get("tactics", ()))),
        ("ATT&CK", str(item.attack.get("version", ""))),
        ("platform", item.platform),
        ("severity", item.severity),
        ("schedule", ", ".join(f"{key} {value}" for key, value in item.schedule.items())),
        ("status", item.status),
        ("tags", ", ".join(item.tags)),
        ("file", f"{item.folder}/analytic.yml"),
    ]
    yield from table(("", ""), [(cell(name), cell(value)) for name, value in facts if value])
    yield from ("", "## Log sources", "")
    rows = [(cell(use.name), cell(use.channel), use.data_component, code(use.source)) for use in item.log_sources]
    yield from table(("as ATT&CK names it", "channel", "data component", "ours"), rows)
    yield from ("", "## Monitors", "")
    for spec in item.monitors.values():
        yield from _monitor(item, spec)
    for flow in item.workflows.values():
        yield from (f"### {flow.key}", "", f"{cell(flow.title)}: a workflow of {', '.join(code(key) for key in flow.monitors)}.", "")  # fmt: skip
    yield from ("## Tunables", "")
    rows = [
        (code(name), tunable.type, code(_value(tunable.default)), cell(_bounds(tunable.bounds)), cell(tunable.description), "; ".join(_tuned(item.id, name, environments)))
        for name, tunable in item.tunables.items()
    ]  # fmt: skip
    yield from table(("name", "type", "default", "bounds", "", "otherwise in"), rows)
    yield from ("", "## False positives", "", *(f"- {cell(text)}" for text in item.false_positives))
    yield from ("", "## Response", "", *(f"{number}. {cell(text)}" for number, text in enumerate(item.response, 1)))
    if item.references:
        yield from (
            "",
            "## References",
            "",
            *(f"- [{cell(entry['title'])}]({entry['url']})" for entry in item.references),
        )
    yield from ("", "## Samples", "")
    cases = repository.cases.get(item.id, ())
    yield from table(("case", "events", "what must alert", "variants"), [_case(case) for case in cases])


def _monitor(item: Analytic, spec: MonitorSpec) -> Iterator[str]:
    yield from (f"### {spec.key}", "", f"{cell(spec.title)}.", "")
    facts = [
        ("template", spec.template),
        ("severity", f"{spec.severity or item.severity}. {spec.severity_reason}".strip()),
        ("entity", ", ".join(spec.entity)),
        ("window", _value(spec.window) if spec.window is not None else ""),
        ("threshold", _value(spec.threshold)),
        ("different values", f"{_value(spec.distinct.threshold)} of {spec.distinct.field}" if spec.distinct else ""),
        ("reminder", _value(spec.reminder)),
        ("shows", ", ".join(spec.show)),
    ]
    yield from table(("", ""), [(name, cell(value)) for name, value in facts if value])
    yield ""


def _case(case: Case) -> tuple[str, ...]:
    alerts = [
        f"{key}: {' '.join(f'{name}={value}' for name, value in entity) or 'alerts'}"
        for key, entities in sorted(case.base.alerts.items())
        for entity in sorted(entities)
    ]
    shown = "; ".join(alerts[:5]) + (f" and {len(alerts) - 5} more" if len(alerts) > 5 else "")
    return cell(case.name), str(sum(event.repeat for event in case.events)), cell(shown) or "nothing", str(len(case.variants))  # fmt: skip


def _tuned(analytic: str, name: str, environments: Sequence[Environment]) -> list[str]:
    return [
        f"{environment.name}: {code(_value(environment.tunables[analytic][name]))}"
        for environment in environments
        if name in environment.tunables.get(analytic, {})
    ]


def _bounds(bounds: Mapping[str, Any]) -> str:
    return ", ".join(f"{key.replace('_', ' ')} {_value(value)}" for key, value in bounds.items())


def _value(value: Any) -> str:
    """A value in one line, cut where it is long."""
    if isinstance(value, TunableRef):
        return f"tunable {value.name}"
    plain = asdict(value) if is_dataclass(value) and not isinstance(value, type) else value
    text = plain if isinstance(plain, str) else json.dumps(plain, ensure_ascii=False, default=str)
    return text if len(text) <= 300 else f"{text[:299]}…"


def sources(repository: Repository) -> dict[str, str]:
    """The page of the log sources."""
    parts = ["# Log sources", "", "Made from `mappings/sources/`. [Log sources and pipelines](../pipelines.md) says what pipelines do."]  # fmt: skip
    for platform in sorted({source.platform for source in repository.sources.values()}):
        parts += ["", f"## {platform}"]
        for source in repository.sources.values():
            if source.platform == platform:
                parts += ["", *_source(source)]
    return {"reference/sources.md": "\n".join(parts) + "\n"}


def _source(source: LogSource) -> list[str]:
    facts = [
        ("data stream", f"logs-{source.dataset}-*"),
        ("pipeline", source.pipeline or "none here: index and filter only"),
        ("components", ", ".join(source.components)),
        ("serves, of ATT&CK's log sources", ", ".join(sorted({item.name for item in source.attack})) or "none"),
        ("raw files", source.format),
        ("ingest delay", f"{source.ingest_delay} s"),
    ]
    return [f"### {source.id}", "", f"{cell(source.title)}.", "", *table(("", ""), [(name, cell(value)) for name, value in facts])]  # fmt: skip


def table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """A Markdown table; a sentence instead of none."""
    lines = [f"| {' | '.join(row)} |" for row in rows]
    return [f"| {' | '.join(heads)} |", f"|{' --- |' * len(heads)}", *lines] if lines else ["None."]


def cell(text: str) -> str:
    """Text that stands as itself, in a table too; what stands in backticks is code."""
    parts = " ".join(text.split()).split("`")
    if len(parts) % 2 == 0:  # a backtick without its other half
        return _plain("`".join(parts))
    return "".join(_plain(part) if number % 2 == 0 else code(part) for number, part in enumerate(parts))


def _plain(text: str) -> str:
    for sign in "\\`*_[]<>|#":
        text = text.replace(sign, f"\\{sign}")
    return text


def code(text: str) -> str:
    """Code in a line, whatever signs it has; nothing for nothing."""
    if not text:
        return ""
    fence = "``" if "`" in text else "`"
    pad = " " if "`" in text else ""
    return f"{fence}{pad}{' '.join(text.split())}{pad}{fence}".replace("|", "\\|")


def _tree(entries: Iterable[str]) -> list[str]:
    return ["```{toctree}", ":hidden:", "", *entries, "```", ""]
