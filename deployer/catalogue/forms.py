"""The forms that the schemas ask for, in words: nobody should have to read a regular expression to mend a file."""

from __future__ import annotations

from typing import Any

from deployer.model.durations import UNITS

FORMS = {
    "^[0-9]{1,7}[smhd]$": f"a duration: a whole number and one of the units {UNITS}, such as 30m",
    "^[A-Z]{2,8}[0-9]{3,6}$": "an id: two to eight capital letters and three to six digits, such as AN0903",
    "^[A-Z]{2,8}[0-9]{3,6}(/[a-z][a-z0-9-]*)?$": "an analytic's id, or one with a monitor's key, such as AN0903 or AN0903/discovery",
    "^T[0-9]{4}([.][0-9]{3})?$": "an ATT&CK technique: T and four digits, and for a sub-technique a dot and three more, such as T1049 or T1059.001",
    "^DC[0-9]{4}$": "an ATT&CK data component: DC and four digits, such as DC0032",
    "^[a-z][a-z0-9-]{0,39}$": "lower-case letters, digits and hyphens, a letter first, at most 40 characters, such as discovery",
    "^[a-z][a-z0-9-]{1,39}$": "lower-case letters, digits and hyphens, a letter first, 2 to 40 characters, such as det0320-prod",
    "^[a-z][a-z0-9_]{0,39}$": "lower-case letters, digits and underscores, a letter first, at most 40 characters, such as follow_up",
    "^[a-z][a-z0-9_]*$": "lower-case letters, digits and underscores, a letter first, such as host",
    "^[A-Za-z][A-Za-z0-9_]{0,63}$": "letters, digits and underscores, a letter first, at most 64 characters, such as TimeWindow",
    "^[a-z0-9]+(\\.[a-z0-9_]+)+$": "lower-case words with dots between them, such as windows.sysmon",
    "^[a-z0-9][a-z0-9._]*$": "lower-case letters, digits, dots and underscores, such as windows.sysmon_operational",
    "^[0-9]{4}-[0-9]{2}-[0-9]{2}$": "a day in quotes, such as '2027-03-31'",
    "^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z$": "a time in UTC, in quotes, such as '2026-03-02T10:05:00Z'",
    "^(env:[A-Za-z_][A-Za-z0-9_]*|file:.+)$": "a reference to a secret: env:NAME or file:PATH",
    "^(https?://.+|env:[A-Za-z_][A-Za-z0-9_]*|file:.+)$": "a web address, or a reference to one: https://..., env:NAME or file:PATH",
    "^(https?://[^/@\\s]+/?|env:[A-Za-z_][A-Za-z0-9_]*|file:.+)$": "an address without user, or a reference to one: http://proxy.example:3128, env:NAME or file:PATH",
    "^[A-Za-z0-9-]+$": "letters, digits and hyphens, such as X-Api-Key",
    "^[a-z0-9-]+$": "lower-case letters, digits and hyphens, such as eu-central-1",
    "^https?://": "a web address, http://... or https://...",
    "^https?://[^/@\\s]+(/[^@\\s?#]*)?$": "an address without user, with its path if it has one, such as https://dashboards.example:5601",
    "^[!-~]([ -~]*[!-~])?$": "a name of printable ASCII characters, without blanks at its ends",
    "^https?://[^/@\\s]+/?$": "an address without path and without user, such as https://search.example:9200",
    "^alerting [a-z][a-z0-9-]+$": "alerting and the deployment's name",
    "^[^\\[\\]>]+$": "a text without [, ] and >",
    "\\S": "a text that is not blank",
}
"""Each pattern of the schemas in words; a test checks that none is missing."""

SECRET = frozenset(pattern for pattern in FORMS if "env:" in pattern and "@" not in pattern)
"""The patterns of what is a secret, or may hold one: what does not fit is not repeated, as it may be one in the wrong place."""

WITHOUT_USER = frozenset(pattern for pattern in FORMS if "@" in pattern)
"""The patterns of addresses that have no user in them: one that has is not repeated, as its password follows."""

_TYPES = {
    "string": "a text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "array": "a list",
    "object": "a mapping",
    "null": "nothing",
}


def words(schema: Any) -> str:
    """What a schema asks for, shortly: its form, its type, or the alternatives."""
    if not isinstance(schema, dict):
        return ""
    if "pattern" in schema:
        return FORMS.get(schema["pattern"], f"of the form {schema['pattern']}")
    for name in ("anyOf", "oneOf"):
        if name in schema:
            return " or ".join(text for text in (words(inner) for inner in schema[name]) if text)
    if schema.get("$ref") == "#/$defs/tunable_ref":
        return "{tunable: NAME}"
    if schema.get("$ref") == "#/$defs/condition":
        return "a condition"
    if "enum" in schema:
        return "one of " + ", ".join(str(value) for value in schema["enum"])
    if "required" in schema and "type" not in schema:
        return "a mapping with " + " and ".join(schema["required"])
    kinds = schema.get("type", "")
    return " or ".join(_TYPES.get(kind, str(kind)) for kind in ([kinds] if isinstance(kinds, str) else kinds))


def kind(value: Any, schema: Any = None) -> str:
    """A value with its type, shortly: ``the text '5'``, ``the number 5``, ``a list``; not what its schema says is a secret."""
    pattern = schema.get("pattern") if isinstance(schema, dict) else None
    if (pattern in SECRET and not isinstance(value, list | dict)) or (pattern in WITHOUT_USER and "@" in str(value)):
        return "something else (not shown, it may be a secret)"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return f"the text '{value:.60}'"
    if isinstance(value, int | float):
        return f"the number {value}"
    return "a list" if isinstance(value, list) else "a mapping" if isinstance(value, dict) else "empty"
