"""The templates: sandboxed and bounded (`bounded`), strict about undefined names, and unable to let a value change the structure.

Delimiters are ``[[ ]]``, ``[% %]`` and ``[# #]``, because the server reads ``{{ }}`` as mustache. In a template of a
JSON body every expression is encoded as JSON by the environment itself. In a template of a message every expression is
plain text, and a value with double braces is refused; what of the server's mustache the finished message may hold is
what the template itself wrote.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping
from functools import cached_property, lru_cache
from typing import Any

import jinja2
import jinja2.meta

from deployer.model.errors import DeployerError, Location
from deployer.model.tags import tags
from deployer.render.bounded import FAULTS, BoundedEnvironment, charged

_DELIMITERS = {
    "variable_start_string": "[[",
    "variable_end_string": "]]",
    "block_start_string": "[%",
    "block_end_string": "%]",
    "comment_start_string": "[#",
    "comment_end_string": "#]",
}
_BRACES = re.compile(r"\{\{|\}\}")
_SUFFIX = ".json.j2"

DEEPEST = 300
"""Levels of a body: a condition of 60 levels makes some 200 of them."""


class TemplateError(DeployerError):
    """A template cannot be rendered."""

    code = "template"


def _json(value: Any) -> str:
    if isinstance(value, jinja2.Undefined):
        value._fail_with_undefined_error()
    return json.dumps(charged(value), ensure_ascii=False)


def _text(value: Any) -> str:
    if isinstance(value, jinja2.Undefined):
        value._fail_with_undefined_error()
    text = charged(value) if isinstance(value, str) else json.dumps(charged(value), ensure_ascii=False)
    if _BRACES.search(text) or text.startswith(("{", "}")) or text.endswith(("{", "}")):
        raise jinja2.TemplateRuntimeError(f"a value with braces would speak to the server's mustache: {text[:80]}")
    return text


def _tags(text: str) -> Iterator[str]:
    return (tag.text for tag in tags(text, triple=False))


def _no_number(name: str) -> Any:
    raise ValueError(f"{name} is no number")


def _finite(text: str) -> float:
    """A number; 1e999 is none that JSON could hold afterwards."""
    found = float(text)
    return found if math.isfinite(found) else float(_no_number(text[:20]))


def _too_deep(value: Any) -> bool:
    waiting = [(value, 1)]
    while waiting:
        one, level = waiting.pop()
        if level > DEEPEST:
            return True
        inner = one.values() if isinstance(one, dict) else one if isinstance(one, list) else ()
        waiting += [(item, level + 1) for item in inner]
    return False


class Templates:
    """The templates of a repository, by their names below `templates/`."""

    def __init__(self, sources: Mapping[str, str]) -> None:
        self._sources = dict(sources)
        self._json = self._environment(_json)
        self._texts = self._environment(_text)
        self._names: dict[str, list[str]] = {}
        self._written = {tag for source in self._sources.values() for tag in _tags(source)}

    def _environment(self, finalize: Any) -> BoundedEnvironment:
        return BoundedEnvironment(
            loader=jinja2.DictLoader(self._sources),
            undefined=jinja2.StrictUndefined,
            finalize=finalize,
            autoescape=False,
            keep_trailing_newline=False,
            trim_blocks=True,
            lstrip_blocks=True,
            **_DELIMITERS,
        )

    def monitors(self) -> list[str]:
        """The names that a monitor's `template` may have: files of templates/monitors, without the one that they extend."""
        names = [name.removeprefix("monitors/") for name in self._sources if name.startswith("monitors/")]
        return sorted(
            name.removesuffix(_SUFFIX) for name in names if name.endswith(_SUFFIX) and name != f"base{_SUFFIX}"
        )

    def reached(self, names: set[str]) -> set[str]:
        """The templates of these names and all that they extend, include or import; every one if a name is computed."""
        found: set[str] = set()
        waiting = list(names)
        while waiting:
            name = waiting.pop()
            if name in found:
                continue
            found.add(name)
            waiting += self._referred(name)
        return found

    def _referred(self, name: str) -> list[str]:
        """The templates that one names; read once, because every monitor asks."""
        if name not in self._names:
            try:
                others = list(jinja2.meta.find_referenced_templates(self._json.parse(self._sources.get(name, ""))))
            except FAULTS:
                others = []  # whoever renders it says where it is wrong
            self._names[name] = list(self._sources) if None in others else [other for other in others if other]
        return self._names[name]

    def body(self, name: str, values: Mapping[str, Any]) -> dict[str, Any]:
        """A JSON body. TemplateError if the template is missing, undefined in a name, or does not make JSON."""
        text = self._render(self._json, name, values)
        try:
            body = json.loads(text, parse_constant=_no_number, parse_float=_finite)
        except (ValueError, RecursionError) as error:
            at = f" in line {error.lineno} of what it made" if isinstance(error, json.JSONDecodeError) else ""
            raise TemplateError(
                "the template does not make valid JSON",
                why=f"{getattr(error, 'msg', error)}{at}"[:300],
                where=Location(f"templates/{name}"),
                todo="print it with `deployer render`",
            ) from error
        if _too_deep(body):
            raise TemplateError(
                f"the template makes a body of more than {DEEPEST} levels", where=Location(f"templates/{name}")
            )
        if not isinstance(body, dict):
            raise TemplateError("the template must make a JSON object", where=Location(f"templates/{name}"))
        return body

    def text(self, name: str, values: Mapping[str, Any]) -> str:
        """A message. Only mustache tags that stand in a template itself may stand in it."""
        text = self._render(self._texts, name, values).strip("\n")
        for tag in dict.fromkeys(_tags(text)):
            if tag not in self._written and "[[" not in tag and not self._filled(tag):
                raise TemplateError(
                    f"the message holds {tag}, which no template wrote", where=Location(f"templates/{name}")
                )
        return text

    def _filled(self, tag: str) -> bool:
        """Whether a tag is one of the templates' own with an expression filled in (``{{_source.[[field]]}}``)."""
        return any(form.fullmatch(tag) for form in self._forms)

    @cached_property
    def _forms(self) -> list[re.Pattern[str]]:
        hole = re.escape(re.escape("[[")) + ".*?" + re.escape(re.escape("]]"))
        return [re.compile(re.sub(hole, r"[\\w.@-]+", re.escape(tag))) for tag in self._written if "[[" in tag]

    def _render(self, environment: BoundedEnvironment, name: str, values: Mapping[str, Any]) -> str:
        if name not in self._sources:
            raise TemplateError(
                f"there is no template '{name}'",
                where=Location(f"templates/{name}"),
                todo=f"known: {', '.join(sorted(self._sources))}",
            )
        try:
            return environment.rendered(name, dict(values))
        except jinja2.TemplateSyntaxError as error:
            raise TemplateError(
                f"the template cannot be read: {error.message}"[:400],
                where=Location(f"templates/{error.name or name}", error.lineno, 1),
            ) from error
        except FAULTS as error:
            raise TemplateError(
                f"the template cannot be rendered: {error}"[:400],
                where=Location(f"templates/{name}", _line(error, name), 1),
                todo="undefined names and unsafe calls are errors",
            ) from error


def templates_of(sources: Mapping[str, str]) -> Templates:
    """The templates of these texts; the same object for the same texts, so that environments share what was compiled."""
    return _compiled(tuple(sorted(sources.items())))


@lru_cache(maxsize=4)
def _compiled(sources: tuple[tuple[str, str], ...]) -> Templates:
    return Templates(dict(sources))


def _line(error: BaseException, name: str) -> int:
    line, trace = 0, error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename in (name, "<template>"):
            line = trace.tb_lineno
        trace = trace.tb_next
    return line
