"""`python -m tests.evasions`: writes docs/evasions.md anew."""

from pathlib import Path

from tests.evasions.catalogue import load
from tests.evasions.table import document

if __name__ == "__main__":
    (Path(__file__).parents[2] / "docs" / "evasions.md").write_text(document(load()), "utf-8")
