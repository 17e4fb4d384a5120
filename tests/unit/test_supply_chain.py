"""What is installed, here and by users: pinned by hash, from nowhere in particular, and listed."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tools import pins, sbom, uv


@pytest.fixture(scope="module")
def pinned(root: Path) -> dict[str, str]:
    """The text of each pin of constraints.txt, by the name of its package."""
    text = re.sub(r"^#.*\n", "", (root / "constraints.txt").read_text("utf-8"), flags=re.MULTILINE)
    found = re.split(r"\n(?=\S)", text.strip())
    return {canonicalize_name(pin.partition("==")[0]): pin for pin in found}


def test_every_pin_has_a_version_and_hashes_and_no_address(pinned: dict[str, str]) -> None:
    """A pin is a name, a version, perhaps a marker, and SHA-256 hashes; nothing says where the file comes from."""
    form = re.compile(r"[a-z0-9-]+==[0-9][0-9a-z.]*( ; [^\n:]+)?( \\\n    --hash=sha256:[0-9a-f]{64})+")

    assert [] == [name for name, pin in pinned.items() if not form.fullmatch(pin)]


def test_everything_that_the_project_asks_for_is_pinned(root: Path, pinned: dict[str, str]) -> None:
    """Each dependency, of each extra and group too, has a pin that is in the range asked for: else run `make pins`."""
    asked = tomllib.loads((root / "pyproject.toml").read_text("utf-8"))
    project = asked["project"]
    lists = [
        project["dependencies"],
        *project["optional-dependencies"].values(),
        *(asked["dependency-groups"][name] for name in pins.groups(root / "pyproject.toml")),
    ]
    wanted = [Requirement(line) for lines in lists for line in lines if isinstance(line, str)]

    assert len(wanted) > 20
    for requirement in wanted:
        pin = pinned.get(canonicalize_name(requirement.name), "")
        version = re.match(r"[^=]+==(\S+)", pin)
        assert version, f"{requirement} is not pinned: run `make pins`"
        assert requirement.specifier.contains(version[1], prereleases=True), f"{requirement}: {pin.splitlines()[0]}"


def test_pip_s_configuration_becomes_uv_s() -> None:
    """Index, further indices, certificates and links; what stands in a variable goes before what stands in a file."""
    listed = "\n".join(
        (
            ":env:.index-url='https://two.example/simple'",
            "global.index-url='https://one.example/simple'",
            "global.extra-index-url='\\nhttps://a.example\\nhttps://b.example'",
            "global.cert='/etc/ca.pem'",
            "install.no-warn-script-location='true'",
        )
    )

    assert {
        "UV_DEFAULT_INDEX": "https://two.example/simple",
        "UV_INDEX": "https://a.example https://b.example",
        "SSL_CERT_FILE": "/etc/ca.pem",
    } == uv.settings(listed)


def test_the_bill_of_materials_lists_what_runs(root: Path, tmp_path: Path) -> None:
    """It has CycloneDX's form, what the tool needs with its extras, nothing that only tests, no path and no address."""
    file = tmp_path / "build" / "sbom.cdx.json"

    assert 0 == sbom.main(file)

    text = file.read_text("utf-8")
    bill = json.loads(text)
    names = {component["name"].lower() for component in bill["components"]}
    assert {"click", "opensearch-py", "urllib3", "starlette", "botocore"} <= names
    assert not names & {"pytest", "ruff", "mypy", "hypothesis", "cyclonedx-bom", "pip"}
    refs = {component["bom-ref"] for component in bill["components"]} | {bill["metadata"]["component"]["bom-ref"]}
    assert refs == {entry["ref"] for entry in bill["dependencies"]}
    assert all(component["purl"].startswith("pkg:pypi/") and component["version"] for component in bill["components"])
    del bill["$schema"]
    assert not re.search(r"://|/home/|/tmp/", json.dumps(bill))
    assert str(root) not in text
    assert sbom.wrong(text.replace('"CycloneDX"', '"else"'))
