"""What replay needs of a cluster: one call. `deployer.cluster` provides it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol


class Client(Protocol):
    """Speaks to one cluster."""

    def request(self, method: str, path: str, body: Any = None, params: Mapping[str, Any] | None = None) -> Any:
        """The parsed answer of a request; `body` is a JSON value, or a text of newline-separated JSON for ``_bulk``.

        Raises ClusterError (or AuthError) with `status` for any answer of 400 and above.
        """
        ...
