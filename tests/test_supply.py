"""What is installed is what was pinned: another package of the same name on some index gets nowhere."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
FILES = sorted(ROOT.glob("requirements*.txt"))
_PIN = re.compile(r"[A-Za-z0-9._-]+(?:\[[a-z,-]+\])?==\S+(?: ; [^\\]+)?")
_HASH = re.compile(r"--hash=sha256:[0-9a-f]{64}")
_ADDRESS = re.compile(r"https?://|^\s*-(?:i|f|-index-url|-extra-index-url|-find-links|-trusted-host)\b", re.MULTILINE)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_every_requirement_is_pinned_with_its_hashes(path: Path) -> None:
    text = path.read_text()
    assert not _ADDRESS.search(text)
    plain = "\n".join(line for line in text.splitlines() if not line.lstrip().startswith("#"))
    found = [each for each in plain.replace("\\\n", " ").splitlines() if each.strip()]
    assert found
    for each in found:
        name, *hashes = re.split(r"\s+(?=--hash)", each.strip())
        assert _PIN.fullmatch(name), name
        assert hashes, name
        assert all(_HASH.fullmatch(one.strip()) for one in hashes), name


def test_what_make_installs_is_checked_and_ours_is_looked_for_nowhere() -> None:
    asks = [
        line
        for line in (ROOT / "Makefile").read_text().splitlines()
        if re.search(r"\$\(PIP\) (install|download)", line)
    ]
    assert asks
    for line in asks:
        assert "--require-hashes" in line or line.endswith("--no-deps --no-build-isolation --editable .")
    name = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["name"]
    for path in FILES:
        assert not re.search(rf"(?m)^{name}\b", path.read_text())
