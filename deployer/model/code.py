"""What a code of a finding is."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Code:
    """One code. `live` ones are found on a cluster only (``deployer doctor``), `tested` ones by replaying samples (``deployer test``)."""

    id: str
    title: str
    what: str
    why: str
    mend: str
    live: bool = False
    tested: bool = False
