"""The cache of server homes: built once, by one, whole or not at all."""

from __future__ import annotations

import hashlib
import re
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from deployer.local.artifacts import ARTIFACTS, Module
from deployer.local.compiled import SourceModule, read_source_module
from deployer.local.home import build_home, cache_folder, jar_digests, pom
from deployer.local.java import Java
from deployer.model.errors import LocalError

Script = Callable[[str, str], Path]
EMPTY = hashlib.sha256(b"").hexdigest()


@pytest.fixture
def maven(script: Script, tmp_path: Path, jar_names: list[str], monkeypatch: pytest.MonkeyPatch) -> Path:
    """A Maven that makes empty jars in the folder it is told, slowly, and writes a line a call into the file given."""
    monkeypatch.setattr("deployer.local.home.jar_digests", lambda: dict.fromkeys(jar_names, EMPTY))
    calls = tmp_path / "calls"
    calls.touch()
    script(
        "mvn",
        f"""echo "$@" >> {calls}
for argument; do case $argument in -DoutputDirectory=*) folder=${{argument#-DoutputDirectory=}};; esac; done
sleep 0.3
for jar in {" ".join(jar_names)}; do : > "$folder/$jar"; done""",
    )
    return calls


def no_java() -> Java:
    raise AssertionError("no module is to be compiled, so no JDK is needed")


def build(cache: Path, *modules: SourceModule, java: Callable[[], Java] = no_java) -> Path:
    return build_home(cache, modules=modules, java=java, progress=lambda _: None)


def test_second_build_does_not_call_maven(maven: Path, tmp_path: Path) -> None:
    """A home that is there is given at once."""
    first = build(tmp_path / "cache")

    second = build(tmp_path / "cache")

    assert first == second
    assert 1 == len(maven.read_text().splitlines())
    assert (first / "lib" / "opensearch-1.2.3.jar").exists()


def test_two_builders_fetch_once(maven: Path, tmp_path: Path) -> None:
    """Of several that build at once one fetches, the others wait for it and get the same home."""
    homes: list[Path] = []
    builders = [threading.Thread(target=lambda: homes.append(build(tmp_path / "cache"))) for _ in range(4)]

    for builder in builders:
        builder.start()
    for builder in builders:
        builder.join(30)

    assert 4 == len(homes)
    assert 1 == len(set(homes))
    assert 1 == len(maven.read_text().splitlines())


def test_home_with_dangling_links_is_built_again(maven: Path, tmp_path: Path) -> None:
    """When something cleaned jars out of the cache, the next build mends it."""
    home = build(tmp_path / "cache")
    (home / "lib" / "opensearch-1.2.3.jar").resolve().unlink()

    again = build(tmp_path / "cache")

    assert home == again
    assert (home / "lib" / "opensearch-1.2.3.jar").exists()
    assert 2 == len(maven.read_text().splitlines())


def test_failed_fetch_leaves_nothing_and_says_what_maven_said(script: Script, tmp_path: Path) -> None:
    """A Maven that fails half-way leaves no folder that looks complete, and its last lines are the reason."""
    script("mvn", 'for a; do case $a in -Dout*) : > "${a#*=}/half.jar";; esac; done; echo "no route to host"; exit 1')

    with pytest.raises(LocalError, match=r"Maven could not fetch .* \(exit 1\)") as caught:
        build(tmp_path / "cache")

    assert "no route to host" in caught.value.why
    assert ["lock"] == [path.name for path in (tmp_path / "cache").iterdir()]


def test_a_jar_of_other_content_is_refused(
    maven: Path, tmp_path: Path, jar_names: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A jar whose SHA-256 is not the pinned one, one that is missing and one too many: nothing of it is kept or run."""
    pinned = dict.fromkeys(jar_names, EMPTY)
    for wrong in (
        {**pinned, "opensearch-1.2.3.jar": "0" * 64},
        {**pinned, "absent-1.jar": "0" * 64},
        {name: digest for name, digest in pinned.items() if name != "opensearch-1.2.3.jar"},
    ):
        monkeypatch.setattr("deployer.local.home.jar_digests", lambda wrong=wrong: wrong)
        with pytest.raises(LocalError, match="other jars") as caught:
            build(tmp_path / "cache")
        assert caught.value.why.startswith(("opensearch-1.2.3.jar", "absent-1.jar"))
        assert ["lock"] == [path.name for path in (tmp_path / "cache").iterdir()]


def test_every_artifact_of_a_node_is_pinned() -> None:
    """Each artifact that the pom asks for has its SHA-256, and so has what it brings along."""
    pinned = jar_digests()

    assert {f"{artifact.name}-{artifact.version}.jar" for artifact in ARTIFACTS} < pinned.keys()
    assert all(re.fullmatch("[0-9a-f]{64}", digest) for digest in pinned.values())


def test_missing_maven_is_a_clear_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without mvn the error says to install it, or to use a container engine."""
    monkeypatch.setenv("PATH", str(tmp_path))

    with pytest.raises(LocalError, match="mvn") as caught:
        build(tmp_path / "cache")

    assert "container engine" in caught.value.todo


def test_changed_sources_give_another_home(maven: Path, tmp_path: Path, make_jdk: Callable[..., Path]) -> None:
    """A home depends on the Java sources in it: other sources, another home, without fetching again."""
    java = Java(make_jdk("jdk", "25"), 25)
    sources = tmp_path / "sources"
    sources.mkdir()
    (sources / "module.properties").write_text("name=ours\nclassname=org.example.Ours\n")
    (sources / "Ours.java").write_text("class Ours {}")
    before = read_source_module(sources)
    assert before is not None
    first = build(tmp_path / "cache", before, java=lambda: java)

    (sources / "Ours.java").write_text("class Ours { int x; }")
    after = read_source_module(sources)
    assert after is not None
    second = build(tmp_path / "cache", after, java=lambda: java)

    assert first != second
    assert (second / "modules" / "ours" / "ours-3.4.0.jar").is_file()
    assert 1 == len(maven.read_text().splitlines())


def test_compiler_errors_are_the_reason(tmp_path: Path, make_jdk: Callable[..., Path], maven: Path) -> None:
    """Sources that do not compile end in an error with the compiler's lines, and in no home."""
    home = make_jdk("jdk", "25")
    (home / "bin" / "javac").write_text("#!/bin/sh\necho 'Ours.java:1: error: ; expected' >&2; exit 1\n")
    sources = tmp_path / "sources"
    sources.mkdir()
    (sources / "Ours.java").write_text("class Ours")
    module = SourceModule(sources, Module("ours", "Ours", ()), (Path("Ours.java"),))
    (sources / "module.properties").touch()

    with pytest.raises(LocalError, match="ours do not compile") as caught:
        build(tmp_path / "cache", module, java=lambda: Java(home, 25))

    assert "; expected" in caught.value.why
    assert not list((tmp_path / "cache").glob("home-*"))


def test_folder_without_properties_is_no_module(tmp_path: Path) -> None:
    """A folder that has no module.properties gives no module; one with half of it is an error."""
    assert read_source_module(tmp_path) is None

    (tmp_path / "module.properties").write_text("name=ours\n")
    with pytest.raises(LocalError, match="lacks classname"):
        read_source_module(tmp_path)


def test_module_properties_are_read(tmp_path: Path) -> None:
    """Name, class and extended modules come from module.properties; comments and blanks are ignored."""
    (tmp_path / "module.properties").write_text("# ours\nname = ours\nclassname=a.B\nextends=lang-painless, x\n\n")
    (tmp_path / "META-INF").mkdir()
    (tmp_path / "META-INF" / "services").touch()

    source = read_source_module(tmp_path)

    assert (
        SourceModule(tmp_path, Module("ours", "a.B", (), ("lang-painless", "x")), (Path("META-INF/services"),))
        == source
    )


def test_pom_names_no_registry() -> None:
    """Maven's own configuration says where artifacts come from: the pom has no address but its namespace."""
    assert ["http://maven.apache.org/POM/4.0.0"] == re.findall(r'https?://[^"<]+', pom())


def test_cache_follows_the_xdg_rules(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """XDG_CACHE_HOME is used if absolute; a relative one and none mean ~/.cache."""
    monkeypatch.setenv("HOME", str(tmp_path))
    default = tmp_path / ".cache" / "deployer" / "opensearch-3.4.0"

    assert Path("/c/deployer/opensearch-3.4.0") == cache_folder({"XDG_CACHE_HOME": "/c"})
    assert default == cache_folder({"XDG_CACHE_HOME": "relative"})
    assert default == cache_folder({})
