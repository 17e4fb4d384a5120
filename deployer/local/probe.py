"""The few requests that starting a cluster needs: plain HTTP to this computer, past any configured proxy."""

from __future__ import annotations

import http.client
import json
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

_POLL_S = 0.1


def request(url: str, method: str = "GET", body: object = None, *, timeout_s: float = 5) -> tuple[int, Any]:
    """Gives the status and the JSON of the answer (the text itself if it is not JSON).

    Raises OSError (ConnectionError, TimeoutError) if nobody answers.
    """
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname or "127.0.0.1", parts.port, timeout=timeout_s)
    try:
        connection.request(
            method,
            parts.path + (f"?{parts.query}" if parts.query else ""),
            body=None if body is None else json.dumps(body),
            headers={} if body is None else {"Content-Type": "application/json"},
        )
        answer = connection.getresponse()
        text = answer.read().decode(errors="replace")
    except http.client.HTTPException as error:
        # A server that goes away in the middle of an answer is a lost connection to us.
        raise ConnectionError(str(error)) from error
    finally:
        connection.close()
    try:
        return answer.status, json.loads(text)
    except ValueError:
        return answer.status, text


def answers(url: str, *, timeout_s: float = 5) -> bool:
    """Says whether a GET of `url` is answered by 200."""
    try:
        return request(url, timeout_s=timeout_s)[0] == 200
    except OSError:
        return False


def wait_until(condition: Callable[[], bool], *, deadline: float, give_up: Callable[[], None]) -> bool:
    """Waits until `condition` holds: True, or False when `deadline` (time.monotonic) has passed.

    `give_up` is called between looks and raises when waiting further makes no sense.
    """
    while not condition():
        give_up()
        if time.monotonic() > deadline:
            return False
        time.sleep(_POLL_S)
    return True
