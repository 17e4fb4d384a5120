"""The stored form of notification channels and what they refer to: read with the plugin's own refusals."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from deployer.local.service.errors import Json, ServerError, failure, illegal_argument
from deployer.local.service.ids import check_id
from deployer.local.service.tokens import END_ARRAY, END_OBJECT, FIELD_NAME, START_ARRAY, START_OBJECT, Parser

_METHODS = ("POST", "PUT", "PATCH")
_MAIL_METHODS = ("none", "ssl", "start_tls")
_PROTOCOLS = ("http", "https", "ftp", "file", "jar", "jrt", "mailto")
_TOPIC = re.compile(r"arn:aws(-[^:]+)?:sns:([a-zA-Z0-9-]+):([0-9]{12}):([a-zA-Z_0-9+=,.@\-_/]+)$")
_ROLE = re.compile(r"arn:aws(-[^:]+)?:iam::([0-9]{12}):([a-zA-Z_0-9+=,.@\-_/]+)$")
_LOCAL = r"[a-z0-9!#$%&'*+/=?^_`{|}~-]+"
_LABEL = r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?"
_MAIL = re.compile(
    rf'(?:{_LOCAL}(?:\.{_LOCAL})*|"(?:[^"\\\r\n]|\\[^\r\n])*")@(?:(?:{_LABEL}\.)+{_LABEL}|\[(?:\d{{1,3}}\.){{3}}\d{{1,3}}\])',
    re.IGNORECASE,
)


_Readers = Mapping[str, Callable[[Parser], object]]


def parse_request(parser: Parser, channel_id: str | None) -> tuple[str | None, Json]:
    """Gives id and stored form of the channel in a body; `channel_id` is the one in the path, if any.

    Raises ServerError as the plugin refuses it.
    """
    config: Json | None = None
    created = channel_id is None
    parser.next()
    parser.expect(START_OBJECT)
    while parser.next() != END_OBJECT:
        field = parser.name
        parser.next()
        if field == "config_id":
            channel_id = parser.text_or_none() if created else parser.text()
        elif field == "config":
            config = parse_config(parser)
        else:
            parser.skip_children()
    if config is None:
        raise illegal_argument("config field absent")
    if created and channel_id is not None:
        check_id(channel_id)
    return channel_id, config


def parse_config(parser: Parser) -> Json:
    """Gives the stored form of the channel at the current token; `config_type` is `none` for an unknown type."""
    texts: Json = {"name": None, "description": "", "config_type": None}
    enabled = True
    found: tuple[str, Json] | None = None
    parser.expect(START_OBJECT)
    while parser.next() != END_OBJECT:
        field = parser.name or ""
        parser.next()
        if field in texts:
            texts[field] = parser.text()
        elif field == "is_enabled":
            enabled = parser.boolean()
        elif field in _BODIES and found is None:
            found = field, _BODIES[field](parser)
        else:
            parser.skip_children()
    for field in ("name", "config_type"):
        if texts[field] is None:
            raise illegal_argument(f"{field} field absent")
    if not texts["name"]:
        raise illegal_argument("name is null or empty")
    kind = texts["config_type"] if texts["config_type"] in _BODIES else "none"
    if kind != "none" and (found is None or found[0] != kind):
        raise illegal_argument(f"ConfigType: {kind} and data doesn't match")
    body = {"name": texts["name"], "description": texts["description"], "config_type": kind, "is_enabled": enabled}
    return body | ({kind: found[1]} if found is not None and found[0] == kind else {})


def _url(parser: Parser) -> Json:
    return {"url": _checked_url(_fields(parser, {"url": Parser.text}, ("url",))["url"])}


def _webhook(parser: Parser) -> Json:
    given = _fields(parser, {"url": Parser.text, "header_params": _texts, "method": Parser.text}, ("url",))
    method = given.get("method", "POST")
    return {
        "url": _checked_url(given["url"]),
        "header_params": given.get("header_params", {}),
        "method": method if method in _METHODS else "POST",
    }


def _email(parser: Parser) -> Json:
    readers: _Readers = {
        "email_account_id": Parser.text,
        "recipient_list": _recipients,
        "email_group_id_list": Parser.texts,
    }
    given = _fields(parser, readers, ("email_account_id",))
    if not given["email_account_id"]:
        raise illegal_argument("emailAccountID is null or empty")
    return {
        "email_account_id": given["email_account_id"],
        "recipient_list": given.get("recipient_list", []),
        "email_group_id_list": given.get("email_group_id_list", []),
    }


def _email_group(parser: Parser) -> Json:
    return _fields(parser, {"recipient_list": _recipients}, ("recipient_list",))


def _smtp_account(parser: Parser) -> Json:
    readers: _Readers = {
        "host": Parser.text,
        "port": Parser.integer,
        "method": Parser.text,
        "from_address": Parser.text,
    }
    given = _fields(parser, readers, ("host", "port", "method", "from_address"))
    if not given["host"]:
        raise illegal_argument("host is null or empty")
    if given["port"] <= 0:
        raise illegal_argument("port should be positive value")
    _check_mail(given["from_address"])
    method = given["method"] if given["method"] in _MAIL_METHODS else "none"
    return {"host": given["host"], "port": given["port"], "method": method, "from_address": given["from_address"]}


def _ses_account(parser: Parser) -> Json:
    readers: _Readers = {"region": Parser.text, "role_arn": Parser.text_or_none, "from_address": Parser.text}
    given = _fields(parser, readers, ("region", "from_address"))
    if not given["region"]:
        raise illegal_argument("awsRegion is null or empty")
    _check_mail(given["from_address"])
    return {"region": given["region"], **_role(given), "from_address": given["from_address"]}


def _sns(parser: Parser) -> Json:
    given = _fields(parser, {"topic_arn": Parser.text_or_none, "role_arn": Parser.text_or_none}, ("topic_arn",))
    if not _TOPIC.match(given["topic_arn"]):
        raise illegal_argument(f"Invalid AWS SNS topic ARN: {given['topic_arn']}")
    return {"topic_arn": given["topic_arn"], **_role(given)}


_BODIES: dict[str, Callable[[Parser], Json]] = {
    "slack": _url,
    "chime": _url,
    "microsoft_teams": _url,
    "webhook": _webhook,
    "email": _email,
    "sns": _sns,
    "ses_account": _ses_account,
    "smtp_account": _smtp_account,
    "email_group": _email_group,
}


def _fields(parser: Parser, readers: _Readers, required: tuple[str, ...]) -> Json:
    """Gives the fields of the object at the current token that have a reader. Raises ServerError if one is missing."""
    given: Json = {}
    parser.expect(START_OBJECT)
    while parser.next() != END_OBJECT:
        field = parser.name or ""
        parser.next()
        if field in readers:
            given[field] = readers[field](parser)
        else:
            parser.skip_children()
    for field in required:
        if given.get(field) is None:
            raise illegal_argument(f"{field} field absent")
    return given


def _role(given: Json) -> Json:
    role = given.get("role_arn")
    if role is None:
        return {}
    if not _ROLE.match(role):
        raise illegal_argument(f"Invalid AWS role ARN: {role} ")
    return {"role_arn": role}


def _texts(parser: Parser) -> Json:
    """Gives an object of texts; an empty one where there is no object."""
    found: Json = {}
    if parser.type != START_OBJECT:
        return found
    while parser.next() == FIELD_NAME:
        field = parser.name or ""
        parser.next()
        found[field] = parser.text()
    return found


def _recipients(parser: Parser) -> list[Json]:
    parser.expect(START_ARRAY)
    recipients = []
    while parser.next() != END_ARRAY:
        recipient = _fields(parser, {"recipient": Parser.text}, ("recipient",))
        _check_mail(recipient["recipient"])
        recipients.append(recipient)
    return recipients


def _check_mail(address: str) -> None:
    if not _MAIL.fullmatch(address):
        raise illegal_argument("Invalid email address")


def _checked_url(url: str) -> str:
    if not url:
        raise illegal_argument("URL is null or empty")
    match = re.match(r"\s*([A-Za-z][A-Za-z0-9.+-]*):", url)
    if match is None:
        raise ServerError(failure("java.net.MalformedURLException", f"no protocol: {url}"))
    protocol = match[1].lower()
    if protocol not in _PROTOCOLS:
        raise ServerError(failure("java.net.MalformedURLException", f"unknown protocol: {protocol}"))
    if protocol not in ("http", "https"):
        raise illegal_argument("Invalid URL or unsupported")
    return url
