"""Lines of an environment's file as messages show them: what may be a secret that somebody wrote in place is not repeated."""

from __future__ import annotations

import re

_NAMES = r"username|certificate|access_key_id|url|proxy|key|[\w-]*(?:password|passwd|passphrase|token|secret|api_?-?key|authorization|credential|_key)[\w-]*"
_VALUE = re.compile(rf"""(?i)(?<![\w-])((?:"|')?(?:{_NAMES})(?:"|')?\s*:\s*)(\[[^\]]*\]?|"[^"]*"?|'[^']*'?|[^\s,}}\]]+)""")
_WORD = re.compile(r"""(?:"[^"]*"?|'[^']*'?|[^\s,\[\]]+)""")
_USER = re.compile(r"(://)([^/@\s\"']+)(@)")
_ADDRESS = re.compile(r"(?i)([\"']?https?://)([^/\s\"'@]*@)?([^/\s\"'@]*)(.*)", re.DOTALL)
_LONG = re.compile(r"[A-Za-z0-9+/=_-]{40,}")


def masked(line: str) -> str:
    """The line, as long as it was, with asterisks for values of keys such as `password` or `url` that are no references.

    Of an address its host stays. Long runs of letters, such as a line of a key, and users before a host go whatever the key is.
    """
    line = _VALUE.sub(lambda match: match[1] + _hidden(match[2]), line)
    line = _USER.sub(lambda match: match[1] + "*" * len(match[2]) + match[3], line)
    return _LONG.sub(lambda match: "*" * len(match[0]), line)


def _hidden(value: str) -> str:
    if value.startswith("["):
        return _WORD.sub(lambda match: _hidden(match[0]), value)
    quote = value[0] if value[0] in "\"'" else ""
    inner = value.strip(quote) if quote else value
    if inner.startswith(("env:", "file:", "{", "|", ">", "&", "*")):
        return value
    address = _ADDRESS.fullmatch(value)
    if address:
        path = address[4]
        tail = path[-1] if path and path[-1] in "\"'" else ""
        body = path.removesuffix(tail) if tail else path
        user = "*" * len(address[2] or "")
        return f"{address[1]}{user}{address[3]}{body[:1]}{'*' * len(body[1:])}{tail}"
    closed = quote if quote and value.endswith(quote) and len(value) > 1 else ""
    return quote + "*" * (len(value) - len(quote) - len(closed)) + closed
