"""`mailflow new-cause`: the frame of a cause fails until it is filled, and then costs no other edit."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from bot.scaffold import frame

_ROOT = Path(__file__).parent.parent.parent
_NEEDED = ("tests/__init__.py", "tests/conftest.py", "tests/casefile.py", "tests/diagnostics/__init__.py")
_TESTS = ("tests/diagnostics/test_cases.py", "tests/diagnostics/test_manual.py", "tests/diagnostics/test_references.py")
_ID = "tls.certificate.imaginary"

_CAUSE = '''"""The certificate is imaginary.

## What is happening
Nobody can see it.

## What proves it
- the words

## Not this when
- it can be seen

## References
- https://www.rfc-editor.org/rfc/rfc5321
"""

from __future__ import annotations

from diagnostics.cause import Belief, Finding, cause, look
from diagnostics.facts import InstalledCertificate, Said


@cause(id="tls.certificate.imaginary", act="on-prem", says=("the certificate is imaginary",))
def assess(said: Said, installed: InstalledCertificate | None) -> Finding | None:
    """A certificate that is listed can be seen."""
    if installed:
        return Finding(Belief.RULED_OUT, "It is listed.", (installed,))
    return Finding(Belief.LIKELY, f"`{said.text}` says so.", (said,), (look("List them.", "Get-ExchangeCertificate"),))
'''
_PASTE = "Remote Server returned '550 5.7.5 the certificate is imaginary'"
_LISTED = "Thumbprint : A1B2C3D4E5F60718293A4B5C6D7E8F9012345678\nSubject : CN=mail.contoso.com\nServices : SMTP"


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """As much of a checkout as the tests of causes need, without the other cases."""
    for name in ("diagnostics", "bot"):
        shutil.copytree(_ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__", "playground"))
    for file in (*_NEEDED, *_TESTS, "pyproject.toml"):
        (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(_ROOT / file, tmp_path / file)
    return tmp_path


def _failed(checkout: Path, *options: str) -> set[str]:
    """The tests about the new cause that fail, without the file's name."""
    env = {**os.environ, "PYTHONPATH": str(checkout)}
    words = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        "-k",
        "imaginary or filled",
        *_TESTS,
        *options,
    ]
    done = subprocess.run(words, cwd=checkout, env=env, capture_output=True, text=True, timeout=120)
    assert done.returncode in (0, 1), done.stdout + done.stderr
    lines = [line for line in done.stdout.splitlines() if line.startswith("FAILED ")]
    return {line.split("::")[1].split(" - ")[0] for line in lines}


def test_a_frame_fails_until_it_is_filled(checkout: Path) -> None:
    module, case, near = frame(_ID, checkout)
    everything = {
        f"test_case[{case.parent.name}/{case.stem}]",
        f"test_case[{near.parent.name}/{near.stem}]",
        f"test_a_page_is_whole[{_ID}]",
        f"test_a_cause_has_references[{_ID}]",
        f"test_a_cause_has_a_case_that_shows_it_and_one_that_nearly_does[{_ID}]",
        "test_a_case_is_filled_in",
    }
    failed = _failed(checkout)
    assert failed == everything - {f"test_a_cause_has_a_case_that_shows_it_and_one_that_nearly_does[{_ID}]"}
    failed = _failed(checkout, "--accept")
    assert failed == {name for name in everything if not name.startswith("test_case[")}

    module.write_text(_CAUSE)
    assert "test_a_case_is_filled_in" in _failed(checkout)
    case.write_text(f"# Imaginary\n\n```paste\n{_PASTE}\n```\n\n```expect\nverdict: failure\n```\n")
    near.write_text(
        f"# Listed\n\nnear: {_ID}\n\n```paste\n{_PASTE}\n\n{_LISTED}\n```\n\n```expect\nverdict: failure\n```\n"
    )
    assert _failed(checkout, "--accept") == set()
    assert _failed(checkout) == set()
    assert f"likely {_ID}" in case.read_text()
    assert f"ruled_out {_ID}" in near.read_text()
