"""A document against its schema: every error with its place, what was expected, and a near name when a name is unknown."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from itertools import islice
from typing import Any

import jsonschema
import jsonschema.validators
from jsonschema.exceptions import ValidationError

from deployer import schemas
from deployer.catalogue import forms
from deployer.catalogue.yamlfile import Document
from deployer.model.finding import Findings, near

MOST = 300
"""Errors of form that are told of one file: nobody reads more, and a stranger's file may have 100,000."""


def _pattern(validator: Any, pattern: str, value: Any, schema: Any) -> Iterator[ValidationError]:
    """As JSON Schema means it: in Python's expressions a `$` also stands before a last line end, so that ``5m\\n`` would do."""
    form = f"{pattern[:-1]}\\Z" if pattern.endswith("$") else pattern
    if isinstance(value, str) and not re.search(form, value):
        yield ValidationError(f"{value!r} does not match {pattern!r}")


def _whole(checker: Any, value: Any) -> bool:
    """2.0 is no whole number here: it would be taken for a text or for 1 further on."""
    return isinstance(value, int) and not isinstance(value, bool)


_Validator: Any = jsonschema.validators.extend(  # type: ignore[no-untyped-call]
    jsonschema.Draft202012Validator,
    {"pattern": _pattern},
    type_checker=jsonschema.Draft202012Validator.TYPE_CHECKER.redefine("integer", _whole),
)


@cache
def _validator(name: str) -> Any:
    return _Validator(schemas.read(name))


LONGEST_EXAMPLE = 60
"""Characters of an example of several values that a message still shows."""


def check(document: Document, schema: str, findings: Findings) -> bool:
    """Add a finding (DAC003) for each place where the document breaks the schema; True if there is none."""
    found = (leaf for error in _validator(schema).iter_errors(document.value) for leaf in _leaves(error))
    errors = list(islice(found, MOST + 1))
    for error in errors[:MOST]:
        _report(document, error, schemas.read(schema), findings)
    if len(errors) > MOST:
        findings.add("DAC003", f"more than {MOST} errors of form", document.where(), "mend these first")
    return not errors


def check_value(value: Any, schema: str) -> list[str]:
    """The ways in which a rendered value breaks a schema, as ``path: message`` (for values that have no file)."""
    return [f"{error.json_path}: {error.message[:300]}" for error in _validator(schema).iter_errors(value)]


def _leaves(error: ValidationError) -> Iterator[ValidationError]:
    """The error that tells most: of alternatives, the one that got furthest into the value."""
    if error.context and error.validator in ("anyOf", "oneOf"):
        deepest = max(error.context, key=lambda e: len(e.absolute_path))
        if len(deepest.absolute_path) > len(error.absolute_path):
            yield from _leaves(deepest)
            return
    yield error


def _report(document: Document, error: ValidationError, whole: dict[str, Any], findings: Findings) -> None:
    path = tuple(error.absolute_path)
    shown = ".".join(str(part) for part in path) or "the file"
    schema: dict[str, Any] = error.schema if isinstance(error.schema, dict) else {}
    expected: Any = error.validator_value
    general = _at(whole, path)  # what depends on another key stands in a schema without descriptions
    description = _described(schema) or _described(general)
    if error.validator == "additionalProperties" and isinstance(error.instance, dict):
        known = schema.get("properties", {})
        for name in [key for key in error.instance if key not in known][:MOST]:
            hint = near(str(name), known)
            findings.add("DAC003", f"unknown key '{name}' in {shown}", document.where(*path, name, key=True), hint)
        return
    if error.validator == "required" and isinstance(error.instance, dict):
        missing = [name for name in expected if name not in error.instance]
        for name in missing:
            about = _described(schema.get("properties", {}).get(name)) or _described(_at(general, (name,)))
            findings.add("DAC003", f"'{name}' is missing in {shown}", document.where(*path), about)
        return
    where = document.where(*path)
    if error.parent is None and "propertyNames" in error.absolute_schema_path:
        where = document.where(*path, str(error.instance), key=True)
        if error.validator == "enum":
            hint = near(str(error.instance), expected) or description
            findings.add("DAC003", f"'{error.instance}' in {shown} is unknown", where, hint)
            return
        findings.add(
            "DAC003", f"'{error.instance}' is no name for what stands in {shown}", where, f"write {forms.words(schema)}"
        )
        return
    match error.validator:
        case "anyOf" if all(set(option) == {"required"} for option in expected):
            names = " or ".join(f"'{name}'" for option in expected for name in option["required"])
            message, description = f"{names} is missing in {shown}", ""
        case "type" | "pattern" | "oneOf" | "anyOf":
            message = f"{shown} is {forms.kind(error.instance, schema)}, and must be {forms.words(schema)}"
            if expected == "string" and isinstance(error.instance, int | float):
                description = f'write it in quotes: "{str(error.instance).lower()}"'
        case "enum":
            message = f"{shown} is '{error.instance}'"
            description = near(str(error.instance), [str(value) for value in expected])
        case "minProperties" | "minItems" | "minLength":
            message, description = f"{shown} is empty", f"write at least {expected}: {description}"
        case _:
            message = f"{shown}: {re.sub(r'^.{200}.*', 'not allowed here', error.message)}"
    findings.add("DAC003", message, where, description)


def _at(schema: dict[str, Any], path: tuple[str | int, ...]) -> dict[str, Any]:
    """The schema of the value at `path`, as far as it is told by the names of keys alone."""
    for part in path:
        inner = schema.get("items") if isinstance(part, int) else schema.get("properties", {}).get(part)
        if not isinstance(inner, dict):
            return {}
        schema = inner
    return schema


def _described(schema: Any) -> str:
    if not isinstance(schema, dict):
        return ""
    text = str(schema.get("description", ""))
    example = next(iter(schema.get("examples", ())), None)
    # Of a whole part of a file the example is for the hover of an editor: too long for a message.
    short = example is not None and (not isinstance(example, dict | list) or len(repr(example)) <= LONGEST_EXAMPLE)
    return f"{text} Example: {example!r}" if short and example not in ({}, []) else text
