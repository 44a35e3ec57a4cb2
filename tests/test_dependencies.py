"""Dependencies: what is declared is used, what is used is declared, and all of it is installed by hash."""

from __future__ import annotations

import ast
import json
import re
import sys
import tomllib
from functools import cache
from importlib.metadata import distribution, packages_distributions
from pathlib import Path

import pytest

from tests.audit import FOUND, UNKNOWN, said

ROOT = Path(__file__).parent.parent
OURS = {"bot", "handlers", "diagnostics", "tests"}
PINNED = sorted(ROOT.glob("requirements*.txt"))
# pip and Python themselves, and what is not installed where the bot runs
_WHERE_MADE = ("Makefile", "pyproject.toml", ".ci/run", "deploy/docker/Dockerfile")


def normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def declared(extra: str = "") -> set[str]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    lines = project["optional-dependencies"][extra] if extra else project["dependencies"]
    return {normal(re.split(r"[^A-Za-z0-9._-]", line, maxsplit=1)[0]) for line in lines}


@cache
def imported(*folders: str) -> frozenset[str]:
    """The modules of others that our sources import, by their whole name."""
    names: set[str] = set()
    for path in (path for folder in folders for path in (ROOT / folder).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                names.update(alias.name for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                names.add(node.module)
    known = sys.stdlib_module_names | OURS
    return frozenset(name for name in names if name.split(".")[0] not in known)


providers = cache(packages_distributions)


@cache
def brought_by(module: str) -> set[str]:
    """The distributions that a module may come from. A namespace is shared by many: the files say whose it is."""
    candidates = {normal(name) for name in providers().get(module.split(".", maxsplit=1)[0], ())}
    if len(candidates) < 2:
        return candidates or {f"nothing that is installed ({module})"}
    path = module.replace(".", "/")
    ways = (f"{path}.py", f"{path}/__init__.py")
    return {name for name in candidates if any(str(file) in ways for file in distribution(name).files or ())}


def test_everything_imported_is_declared() -> None:
    undeclared = {m for m in imported("bot", "handlers", "diagnostics") if not brought_by(m) & declared()}
    assert undeclared == set()


def test_everything_declared_is_imported() -> None:
    used = set().union(*(brought_by(module) for module in imported("bot", "handlers", "diagnostics")))
    assert declared() - used == set()


def test_everything_that_tests_import_is_declared() -> None:
    guides = re.findall(r"(?m)^([a-z0-9-]+)==", (ROOT / "requirements-fuzz.txt").read_text(encoding="utf-8"))
    known = declared() | declared("dev") | set(guides)  # fuzzing goes without its guide where that can't be installed
    undeclared = {m for m in imported("tests") if not brought_by(m) & known and m not in guides}
    assert undeclared == set()


def test_everything_declared_for_development_is_imported_or_run() -> None:
    used = set().union(*(brought_by(module) for module in imported("tests")))
    written = "".join((ROOT / name).read_text() for name in _WHERE_MADE)
    written += "".join(path.read_text() for path in (ROOT / "tests").rglob("*.py"))
    for name in declared("dev") - used:
        of = distribution(name)
        files = [Path(str(file)).name for file in of.files or () if "bin/" in str(file)]
        commands = {point.name for point in of.entry_points if point.group == "console_scripts"} | set(files)
        plugin = any(point.group == "pytest11" for point in of.entry_points)
        assert plugin or any(re.search(rf'/{re.escape(c)}\b|"{re.escape(c)}"', written) for c in commands), name


@pytest.mark.parametrize("path", PINNED, ids=lambda path: path.name)
def test_every_requirement_is_pinned_by_hash_and_names_no_index(path: Path) -> None:
    text = path.read_text().replace("\\\n", " ")
    lines = [line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    assert lines
    for line in lines:
        assert re.match(
            r"[a-z0-9][a-z0-9._-]*(\[[a-z0-9,-]+\])?==[^ ]+( ;[^#]*?)? +--hash=sha256:[0-9a-f]{64}\b", line
        ), line
    assert "://" not in "".join(lines)


def test_the_pinned_set_covers_what_is_declared() -> None:
    def names(name: str) -> set[str]:
        return {normal(found) for found in re.findall(r"^([A-Za-z0-9._-]+)==", (ROOT / name).read_text(), re.MULTILINE)}

    assert declared() <= names("requirements.txt")
    assert declared() | declared("dev") <= names("requirements-dev.txt")


def test_nothing_is_installed_but_by_hash_or_from_here() -> None:
    """Whoever can publish a package under a name of ours, or on another index, gets nothing in."""
    for path in (ROOT / "Makefile", ROOT / "deploy" / "docker" / "Dockerfile", ROOT / ".ci" / "run"):
        text = path.read_text().replace("\\\n", " ")
        assert not re.search(r"--(extra-)?index-url|--find-links|--trusted-host|(^|\s)-[if]\s+\S*://", text), path
        for command in re.findall(r"(?:\bpip|\(PIP\)) (?:install|download)\b[^\n&|]*", text):
            from_here = "--no-deps --no-build-isolation" in command and re.search(r"\s\.\s*$", command)
            assert "--require-hashes" in command or from_here, command
    assert not [path for name in ("pip.conf", "pip.ini", "uv.toml", "setup.cfg") for path in ROOT.glob(name)]


def test_the_audit_tells_clean_from_unknown() -> None:
    clean = {"name": "a", "version": "1", "vulns": []}
    holed = {"name": "b", "version": "1", "vulns": [{"id": "CVE-1", "fix_versions": ["2"]}]}
    skipped = {"name": "c", "skip_reason": "Dependency not found"}
    for packages, code in (([clean], 0), ([clean, skipped], UNKNOWN), ([holed, skipped], FOUND), ([], UNKNOWN)):
        assert said(json.dumps({"dependencies": packages}))[0] == code
    assert said("Traceback")[0] == UNKNOWN
    assert said(json.dumps({"dependencies": [holed]}))[1] == ["b 1: CVE-1, mended in 2"]
