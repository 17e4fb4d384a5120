"""Notification channels: kept in the plugin's index, listed, tested and sent to."""

from __future__ import annotations

import re
from collections.abc import Iterable
from urllib.parse import quote

from deployer.local.service.channels_form import parse_request
from deployer.local.service.delivery import Delivery, Status
from deployer.local.service.errors import (
    STATUS,
    Failure,
    Json,
    ServerError,
    around,
    failure,
    from_answer,
    illegal_argument,
    illegal_state,
    status_error,
    validation_error,
)
from deployer.local.service.indices import CHANNELS, Indices
from deployer.local.service.node import Node
from deployer.local.service.queries_of_channels import FILTERS, filters, sort_field
from deployer.local.service.rest import Call, Reply
from deployer.local.service.store import compact
from deployer.local.service.times import now_ms

_MOST = 1000
_CHANNEL_TYPES = ("slack", "chime", "microsoft_teams", "webhook", "email", "sns")
_ALL_TYPES = (*_CHANNEL_TYPES, "ses_account", "smtp_account", "email_group")
_URLS = {
    "slack": (
        r"https://hooks\.(?:gov-)?slack\.com/services",
        'Wrong Slack url. Should contain "hooks.slack.com/services/" or "hooks.gov-slack.com/services/"',
    ),
    "chime": (
        r"https://hooks\.chime\.aws/incomingwebhooks/.*\?token=",
        'Wrong Chime url. Should contain "hooks.chime.aws/incomingwebhooks/" and "?token="',
    ),
    "microsoft_teams": (
        r"https://.*\.webhook\.office\.com",
        'Wrong Microsoft Teams url. Should contain "webhook.office.com"',
    ),
}
_MUTED = "LOCKED"
_NO_MAIL = ("503", "the local service keeps email channels but sends no email")
_NO_SNS = ("424", "Failed to send notification")


class Channels:
    """Answers the endpoints of channels, and sends to them."""

    def __init__(self, node: Node, indices: Indices, delivery: Delivery) -> None:
        self._node = node
        self._indices = indices
        self._delivery = delivery

    async def create(self, call: Call) -> Reply:
        """POST configs."""
        call.done("config_id", "config_id_list", "sort_field", "sort_order", "from_index", "max_items")
        channel_id, config = parse_request(await call.parser(), None)
        await self._check(config)
        now = now_ms()
        document = {
            "metadata": {"last_updated_time_ms": now, "created_time_ms": now, "access": []},
            "config": config,
        }
        await self._indices.channels()
        if channel_id is None:
            answer = await self._node.ask("POST", f"/{CHANNELS}/_doc?refresh=true", document)
        else:
            path = f"/{CHANNELS}/_create/{quote(channel_id, safe='')}?refresh=true"
            answer = await self._node.ask("PUT", path, document)
        if not answer.ok:
            what = from_answer(answer.status, answer.body)
            if what.kind == "version_conflict":
                raise status_error(f"Document version conflict putting {channel_id} in index {CHANNELS}", 409)
            raise around(STATUS, f"Failed to put data object in index {CHANNELS}", 500, what)
        return Reply(200, {"config_id": answer.body["_id"]})

    async def update(self, call: Call) -> Reply:
        """PUT configs/{id}."""
        call.done("config_id", "config_id_list", "sort_field", "sort_order", "from_index", "max_items")
        channel_id, config = parse_request(await call.parser(), call.word("config_id", ""))
        if not channel_id:
            raise validation_error("configId is null or empty")
        await self._check(config)
        current = await self._one(channel_id)
        if current["config"]["config_type"] != config["config_type"]:
            raise status_error("Config type cannot be changed after creation", 409)
        metadata = {**current["metadata"], "last_updated_time_ms": now_ms()}
        path = f"/{CHANNELS}/_doc/{quote(channel_id, safe='')}?refresh=true"
        answer = await self._node.ask("PUT", path, {"metadata": metadata, "config": config})
        if not answer.ok:
            what = from_answer(answer.status, answer.body)
            raise around(STATUS, f"Failed to put data object in index {CHANNELS}", 500, what)
        return Reply(200, {"config_id": channel_id})

    async def get(self, call: Call) -> Reply:
        """GET configs and configs/{id}."""
        single, several = call.text("config_id"), call.text("config_id_list")
        field, order = call.text("sort_field"), call.text("sort_order")
        if order is not None and order.upper() not in ("ASC", "DESC"):
            raise illegal_argument(f"No enum constant org.opensearch.search.sort.SortOrder.{order.upper()}")
        start = _number(call.text("from_index"), 0)
        most = _number(call.text("max_items"), _MOST)
        wanted = {name: call.word(name, "") for name in call.query if name in FILTERS}
        call.done("config_id", "config_id_list", "sort_field", "sort_order", "from_index", "max_items")
        wrong = ["fromIndex is -ve"] * (start < 0) + ["maxItems is not +ve"] * (most <= 0)
        if wrong:
            raise validation_error(*wrong)
        ids = list(
            dict.fromkeys(
                [*(several.split(",") if several is not None else []), *([single] if single is not None else [])]
            )
        )
        if ids:
            found = [_shown(key, document) for key, document in (await self._named(ids)).items()]
            return Reply(200, _listed("config_list", 0, len(found), "eq", found))
        await self._indices.channels()
        body = {
            "sort": [{sort_field(field): {"order": (order or "asc").lower()}}],
            "size": most,
            "from": start,
            "query": {"bool": {"filter": filters(wanted)}},
        }
        hits = (await self._search(body))["hits"]
        found = [_shown(hit["_id"], hit["_source"]) for hit in hits["hits"]]
        return Reply(200, _listed("config_list", start, hits["total"]["value"], hits["total"]["relation"], found))

    async def list_channels(self, call: Call) -> Reply:
        """GET channels."""
        call.done()
        await self._indices.channels()
        body = {
            "sort": [{"metadata.last_updated_time_ms": {"order": "asc"}}],
            "size": _MOST,
            "query": {"bool": {"filter": [{"terms": {"config.config_type": list(_CHANNEL_TYPES)}}]}},
        }
        hits = (await self._search(body))["hits"]["hits"]
        names = ("name", "description", "config_type", "is_enabled")
        found = [{"config_id": hit["_id"], **{name: hit["_source"]["config"][name] for name in names}} for hit in hits]
        return Reply(200, _listed("channel_list", 0, len(found), "eq", found))

    async def features(self, call: Call) -> Reply:
        """GET features."""
        call.done()
        return Reply(
            200, {"allowed_config_type_list": list(_ALL_TYPES), "plugin_features": {"tooltip_support": "true"}}
        )

    async def delete(self, call: Call) -> Reply:
        """DELETE configs and configs/{id}."""
        single, several = call.text("config_id"), call.text("config_id_list")
        call.done("config_id", "config_id_list", "sort_field", "sort_order", "from_index", "max_items")
        asked = several.split(",") if several is not None else [single or ""]
        ids = [key for key in dict.fromkeys(asked) if key.strip()]
        if not ids:
            return Reply(400, "either config_id or config_id_list is required")
        await self._named(ids)
        lines: list[Json] = [{"delete": {"_index": CHANNELS, "_id": key}} for key in ids]
        await self._node.bulk(lines)
        return Reply(200, {"delete_response_list": dict.fromkeys(ids, "OK")})

    async def test(self, call: Call) -> Reply:
        """POST and GET feature/test/{id}."""
        channel_id = call.word("config_id", "")
        call.done("config_id")
        title, text = f"Test Message Title-{channel_id}", f"Test message content body for config id {channel_id}"
        return Reply(200, await self._publish(channel_id, title, text))

    async def send(self, channel_id: str, title: str, message: str) -> str:
        """Sends a message and gives what the channel answered. Raises ServerError if that failed."""
        try:
            await self._one(channel_id)
        except ServerError as error:
            what = f"Unable to find a Notification Channel or Destination config with id [{channel_id}]"
            raise illegal_state(what) from error
        return compact(await self._publish(channel_id, title, message))

    async def _publish(self, channel_id: str, title: str, text: str) -> Json:
        status = await self._send_to(channel_id, title, text)
        code = status["delivery_status"]["status_code"]
        if code != "200":
            if not code.isdigit():
                # The plugin stumbles over its own word for a muted channel.
                raise status_error(f'For input string: "{code}"', 400)
            raise status_error(f'{{"event_status_list": [{compact(status)}]}}', int(code))
        source = {"title": title, "reference_id": channel_id, "severity": "info", "tags": []}
        return {"event_source": source, "status_list": [status]}

    async def _send_to(self, channel_id: str, title: str, text: str) -> Json:
        documents = await self._found([channel_id])
        if channel_id not in documents:
            return _status(channel_id, "none", "invalid-config", [], ("404", f"Channel {channel_id} not found"))
        config = documents[channel_id]["config"]
        kind = config["config_type"]
        if not config["is_enabled"]:
            return _status(channel_id, kind, config["name"], [], (_MUTED, "The channel is muted"))
        recipients: list[Json] = []
        if kind in (*_URLS, "webhook"):
            outcome = await self._delivery.send(config, title, text)
        elif kind == "email":
            outcome = _NO_MAIL
            recipients = [
                {"recipient": one["recipient"], "delivery_status": _outcome(outcome)}
                for one in config["email"]["recipient_list"]
            ]
        else:
            outcome = _NO_SNS if kind == "sns" else ("NOT_FOUND", "Channel not found")
        return _status(channel_id, kind, config["name"], recipients, outcome)

    async def _check(self, config: Json) -> None:
        """Raises ServerError for a channel that is well-formed but cannot work."""
        kind = config["config_type"]
        if kind == "none":
            raise status_error("NotificationConfig with type NONE is not acceptable", 406)
        if kind in _URLS and not re.search(_URLS[kind][0], config[kind]["url"]):
            raise status_error(_URLS[kind][1], 400)
        if kind == "email":
            await self._check_email(config["email"])

    async def _check_email(self, email: Json) -> None:
        account, groups = email["email_account_id"], email["email_group_id_list"]
        if account in groups:
            raise status_error(f"Config IDs {account} is in both emailAccountID and emailGroupIds", 400)
        ids = list(dict.fromkeys([account, *groups]))
        found = await self._found(ids)
        if len(found) != len(ids):
            missing = ", ".join(key for key in ids if key not in found)
            raise status_error(f"Config IDs not found:[{missing}]", 404)
        for key, document in found.items():
            kind = document["config"]["config_type"]
            if kind == "email_group" and key == account:
                raise status_error(f"configId {key} is not a valid email account ID", 406)
            if kind in ("smtp_account", "ses_account") and key != account:
                raise status_error(f"configId {key} is not a valid email group ID", 406)
            if kind not in ("email_group", "smtp_account", "ses_account"):
                raise status_error(f"configId {key} is not a valid email group ID or email account ID", 406)

    async def _one(self, channel_id: str) -> Json:
        return (await self._named([channel_id]))[channel_id]

    async def _named(self, ids: list[str]) -> dict[str, Json]:
        """Gives the channels of these ids. Raises ServerError unless all are there."""
        if ids == [""]:
            what = failure(
                "org.opensearch.action.ActionRequestValidationException",
                "Validation Failed: 1: id is missing;",
                kind="argument",
                status=400,
            )
            raise around(STATUS, f"Failed to get data object from index {CHANNELS}", 500, what)
        found = await self._found(ids)
        if len(found) == len(ids):
            return found
        if len(ids) == 1:
            raise status_error(f"NotificationConfig {ids[0]} not found", 404)
        missing = ", ".join(key for key in ids if key not in found)
        raise status_error(f"NotificationConfig [{missing}] not found", 404)

    async def _found(self, ids: Iterable[str]) -> dict[str, Json]:
        await self._indices.channels()
        answer = (await self._node.ask("POST", f"/{CHANNELS}/_mget", {"ids": list(ids)})).checked()
        return {item["_id"]: item["_source"] for item in answer["docs"] if item.get("found")}

    async def _search(self, body: Json) -> Json:
        answer = await self._node.ask("POST", f"/{CHANNELS}/_search", body)
        if not answer.ok:
            what: Failure = from_answer(answer.status, answer.body)
            raise around(STATUS, f"Failed to search indices [{CHANNELS}]", 500, what)
        return answer.checked()


def _number(text: str | None, default: int) -> int:
    return int(text) if text is not None and re.fullmatch(r"[+-]?\d{1,9}", text, re.ASCII) else default


def _shown(channel_id: str, document: Json) -> Json:
    metadata = document["metadata"]
    return {
        "config_id": channel_id,
        "last_updated_time_ms": metadata["last_updated_time_ms"],
        "created_time_ms": metadata["created_time_ms"],
        "config": document["config"],
    }


def _listed(name: str, start: int, total: int, relation: str, items: list[Json]) -> Json:
    return {"start_index": start, "total_hits": total, "total_hit_relation": relation, name: items}


def _outcome(status: Status) -> Json:
    return {"status_code": status[0], "status_text": status[1]}


def _status(channel_id: str, kind: str, name: str, recipients: list[Json], outcome: Status) -> Json:
    return {
        "config_id": channel_id,
        "config_type": kind,
        "config_name": name,
        "email_recipient_status": recipients,
        "delivery_status": _outcome(outcome),
    }
