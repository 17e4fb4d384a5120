"""Four things that read what strangers write. Each takes bytes, and raises if anything but an error at its place comes of them."""

from __future__ import annotations

import dataclasses
import json
import shutil
import tempfile
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from deployer.catalogue import analytics, environments, samples, yamlfile
from deployer.catalogue.repository import load_repository, load_shared
from deployer.check.fire import check_rendered
from deployer.check.repository import check_repository
from deployer.check.samples import check_samples
from deployer.deploy.saved import wish_of
from deployer.model.analytic import Repository
from deployer.model.errors import DeployerError
from deployer.model.finding import Findings
from deployer.model.tags import tags
from deployer.plan.canonical import digest
from deployer.plan.planfile import PlanFile, load
from deployer.render import Naming, monitors, render_environment
from deployer.render.target import Target
from deployer.render.templating import TemplateError, Templates
from deployer.report import finding_text, findings_github
from tests import plans
from tests.fuzz.chooser import Chooser, mutated
from tests.unit import repo

Target_ = Callable[[bytes], None]


class BrokenPromiseError(AssertionError):
    """An input had another end than it may have."""


def located(findings: Findings, files: Mapping[str, Any] | None = None) -> None:
    """Every finding has a code, a file of the repository and a message that fits a screen; in no form it breaks a line."""
    for item in findings.items:
        if not (item.code.startswith("DAC") and item.where.file and item.message):
            raise BrokenPromiseError(f"no place: {item!r}"[:500])
        if files is not None and item.where.file not in files and not item.where.file.startswith(("detections", "templates/", "mappings", "environments")):
            raise BrokenPromiseError(f"another file: {item.where}")
        text = finding_text(item)
        if len(text) > 9_000 or any(sign in text for sign in "\x00\x1b\u202e\r"):
            raise BrokenPromiseError(f"speaks to the terminal: {text[:200]!r}")
    if any(not line.startswith("::") for line in findings_github(findings.items).splitlines()):
        raise BrokenPromiseError("breaks a line of annotations")


@cache
def folder() -> Path:
    """A repository of this process's own."""
    return repo.write(Path(tempfile.mkdtemp(prefix="fuzz-")))


def forget() -> None:
    """Remove it."""
    shutil.rmtree(folder(), ignore_errors=True)


@cache
def _sound() -> Repository:
    findings = Findings()
    found = load_repository(folder(), findings)
    assert not findings.errors
    return found


def yaml_loader(data: bytes) -> None:
    """A file of any bytes is a document of plain values, or one or more findings in it."""
    path = folder() / "detections/DET9999/XX0009/any.yml"
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(data)
    findings = Findings()
    document = yamlfile.load(path, folder(), findings)
    located(findings)
    if (document is None) != bool(findings.errors):
        raise BrokenPromiseError("neither a document nor an error, or both")
    if document is not None:
        json.dumps(document.value, allow_nan=False).encode()
        document.where("a", 0, key=True)


FORMS = tuple(name for name in repo.FILES)


@cache
def _values() -> dict[str, Any]:
    return {name: yaml.safe_load(text) for name, text in repo.FILES.items()}


def schema_errors(data: bytes) -> None:
    """A file of any form is read as what it should be, with each error at its place; what is sound is rendered and checked."""
    _sound()  # before a file of it is another
    choose = Chooser(data)
    name = FORMS[choose.number(len(FORMS))]
    if choose.number(4) == 3:
        text = choose.rest().decode("utf-8", "replace")
    else:
        text = json.dumps(mutated(_values()[name], choose))
    path, findings = folder() / name, Findings()
    try:
        path.write_text(text, "utf-8", newline="")
        _read(name, findings)
    except UnicodeEncodeError:
        return
    finally:
        path.write_text(repo.FILES[name], "utf-8")
    located(findings)


def _read(name: str, findings: Findings) -> None:
    root, sound = folder(), _sound()
    where = root / name
    if name.endswith("/analytic.yml"):
        loaded = analytics.load(where, root, findings)
        if loaded is not None and not findings.errors:
            alone = dataclasses.replace(sound, analytics={loaded[0].id: loaded[0]})
            _rendered(alone, findings)
            check_repository(alone, findings)
    elif name.endswith("/samples.yml"):
        cases = samples.load(where, root, sound.analytics["XX0001"], sound.sources, findings)
        check_samples(dataclasses.replace(sound, cases={"XX0001": cases}), findings)
    elif name.startswith("environments/"):
        loaded_environment = environments.load(root, "local", sound.analytics, sound.sources, findings)
        if loaded_environment is not None and not findings.errors:
            render_environment(sound, loaded_environment, findings)
    else:
        shared = load_shared(root, findings)
        if not findings.errors:
            _rendered(dataclasses.replace(shared, analytics=sound.analytics), findings)


def _rendered(repository: Repository, findings: Findings, templates: Templates | None = None) -> None:
    target = Target(repository, Naming("fuzz"), templates or _templates())
    found = [
        monitors.render(analytic, spec, target, findings)
        for analytic in repository.analytics.values()
        for spec in analytic.monitors.values()
    ]
    made = [resource for resource in found if resource is not None]
    if not findings.errors:
        check_rendered([(made, target)], findings)
    json.dumps([resource.body for resource in made], allow_nan=False)


@cache
def _bodies() -> dict[str, Any]:
    """What the sound monitors are rendered to, by key."""
    sound, findings = _sound(), Findings()
    target, analytic = Target(sound, Naming("fuzz"), _templates()), sound.analytics["XX0001"]
    made = {key: monitors.render(analytic, spec, target, findings) for key, spec in analytic.monitors.items()}
    return {key: resource.body for key, resource in made.items() if resource is not None}


@cache
def _templates() -> Templates:
    return Templates(_sound().templates)


PIECES = (
    "[% extends 'monitors/base.json.j2' %]", "[% include 'monitors/it.json.j2' %]", "[% import 'monitors/it.json.j2' as it %]", "[[ it.f(1) ]]", "[% include '../../../etc/passwd' %]",
    "[% block filter %]", "[% block metrics %]", "[% block condition %]", "[% endblock %]", "[% for i in range(99999) %]", "[% for k, v in derived|dictsort %]", "[% for e in entity_sources %]", "[% endfor %]",
    "[% if x is defined %]", "[% if threshold > 1 %]", "[% else %]", "[% endif %]", "[% macro f(n) %]", "[% endmacro %]", "[[ f(n) ]]", "[[ f(2)|tojson ]]", "[% set ns = namespace(x=['ab']) %]",
    "[% set ns.x = [ns.x, ns.x] %]", "[% set ns.x = ns.x ~ ns.x %]", "[[ ns.x ]]", "[% set a %]", "[% endset %]", "[[ a * 99999 ]]", "[[ [1] * 99999 ]]", "[[ 9 ** 9999 ]]", "[[ a.upper() ]]",
    "[[ a|replace('a', a) ]]", "[[ ''.__class__.__mro__ ]]", "[[ range.__globals__ ]]", "[[ self._TemplateReference__context ]]", "[[ name ]]", "[[ query ]]", "[[ look_back_from ]]", "[[ actions ]]", "[[ missing ]]",
    ",", ":", "{", "}", "[ ", " ]", '"', "{{", "}}", "{{period_end}}", "{{#ctx}}", "{{/ctx}}", "{{{", "}}}", '"query"', '"must_not"', '{"match_all": {}}', '{"script": {"script": "/*"}}',
    '{"regexp": {"a": "(a|a)*b"}}', '{"query_string": {"query": "a:[* AND \\"b"}}', '{"range": {"@timestamp": {"gt": "now"}}}', "null", "1e999", "-0", "\n", "\x00", "[#", "#]", "[%", "%]", "[[", "]]", "[% raw %]", "[% endraw %]",
    "[% call f(1) %]", "[% endcall %]", "[[ loop.cycle(a) ]]", "[[ [a, a]|join|length ]]", "[[ a[0:9] ]]", "[[ {a: 1} ]]", "[[ (a, a) == (a, a) ]]", "[% filter upper %]", "[% endfilter %]",
)  # fmt: skip


def template_rendering(data: bytes) -> None:
    """A monitor's template of any text makes a body, or an error in a template; what it makes is checked as any other."""
    choose, sound = Chooser(data), _sound()
    analytic = sound.analytics["XX0001"]
    spec = choose.one(list(analytic.monitors.values()))
    match choose.number(5):
        case 0:
            source = choose.rest().decode("utf-8", "replace")
        case 1:
            source = "".join(choose.one(PIECES) for _ in range(1 + choose.number(24)))
        case 2:
            lines = sound.templates[f"monitors/{spec.template}.json.j2"].splitlines(keepends=True)
            for _ in range(1 + choose.number(3)):
                at = choose.number(len(lines) + 1)
                lines[at : at + choose.number(2)] = [choose.one(PIECES) for _ in range(choose.number(3))]
            source = "".join(lines)
        case _:
            source = json.dumps(mutated(_bodies()[spec.key], choose))
    spec = dataclasses.replace(spec, template="it")
    findings = Findings()
    texts = {**sound.templates, "monitors/it.json.j2": source, "messages/it.txt.j2": source}
    templates = _with(source)
    own = dataclasses.replace(sound, templates=texts, analytics={"XX0001": dataclasses.replace(analytic, monitors={spec.key: spec})})
    _rendered(own, findings, templates)
    located(findings)
    try:
        templates.text("messages/it.txt.j2", {"a": "b", "title": "t"})
    except TemplateError as error:
        if error.where is None or len(str(error)) > 1_000:
            raise BrokenPromiseError(f"no place: {error}") from error


class _Changing(Templates):
    """Templates of which one changes: all others are compiled once, which takes longer than all the rest."""

    def change(self, source: str) -> None:
        """Another text for the one."""
        self._sources |= {"monitors/it.json.j2": source, "messages/it.txt.j2": source}
        self._names.clear()
        self._written = {tag.text for text in self._sources.values() for tag in tags(text, triple=False)}
        self.__dict__.pop("_forms", None)


@cache
def _shared_templates() -> _Changing:
    return _Changing({**_sound().templates, "monitors/it.json.j2": "", "messages/it.txt.j2": ""})


def _with(source: str) -> Templates:
    found = _shared_templates()
    found.change(source)
    return found


@cache
def _plan() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(plans.dumped())
    return {key: value for key, value in found.items() if key != "digest"}


def plan_reader(data: bytes) -> None:
    """A file of any bytes is refused as no plan, or is a plan whose parts can be used; a digest that was made to fit helps nothing."""
    choose = Chooser(data)
    if choose.number(5) == 4:
        raw = choose.rest()
    else:
        value = mutated(_plan(), choose)
        fitting = {**value, "digest": digest(value)} if isinstance(value, dict) else value
        raw = (json.dumps(fitting, indent=1) + "\n").encode()
    try:
        saved = load(raw, "a.plan", plans.TOOL)
        _used(saved)
    except DeployerError as error:
        if error.exit_code not in (1, 3) or len(str(error)) > 1_000:
            raise BrokenPromiseError(f"not as a refusal: {error}"[:300]) from error


def _used(saved: PlanFile) -> None:
    environment = plans.environment()
    for part in saved.parts:
        wish = wish_of(saved, part, environment, plans.secret)
        for step in part.steps:
            wish.selection.covers(step.key)
        saved.selection.covers("monitor/XX0001/discovery")


TARGETS: dict[str, Target_] = {
    "yaml": yaml_loader,
    "schema": schema_errors,
    "template": template_rendering,
    "plan": plan_reader,
}


def seeds(name: str) -> list[bytes]:
    """Inputs to begin with."""
    if name == "yaml":
        return [text.encode() for text in repo.FILES.values()]
    return [bytes([0, number, 0, number * 7 % 256, *range(number)]) for number in range(1, 60, 3)]
