"""The `mailflow` command, as a person or a script runs it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from diagnostics import Report, diagnose
from tests.diagnostics.logs import HEADER, NEW, session

FAILING = HEADER + "\n".join(session(error="UnknownCredentials"))
HEALTHY = HEADER + "\n".join(session(error="", thumbprint=NEW))
_MAILFLOW = Path(sys.executable).parent / "mailflow"


def run(*arguments: str, text: str | bytes = "", cwd: Path | None = None) -> subprocess.CompletedProcess[bytes]:
    data = text.encode() if isinstance(text, str) else text
    env = {**os.environ, "COLUMNS": "100"}
    return subprocess.run([_MAILFLOW, *arguments], input=data, capture_output=True, cwd=cwd, env=env, timeout=60)


@pytest.mark.parametrize(("text", "code"), [(FAILING, 1), (HEALTHY, 0), ("good morning", 0)])
def test_the_exit_code_tells_a_script_what_was_found(text: str, code: int) -> None:
    done = run("diagnose", text=text)
    assert (done.returncode, done.stderr) == (code, b"")


def test_json_is_the_report() -> None:
    done = run("diagnose", "--json", "-", text=FAILING)
    assert json.loads(done.stdout) == diagnose(FAILING).model_dump(mode="json")
    Report.model_validate_json(done.stdout)


def test_the_answer_names_the_cause_the_proof_and_the_commands() -> None:
    shown = run("diagnose", text=FAILING).stdout.decode()
    assert "\x1b" not in shown
    shown = " ".join(shown.replace("|", " ").split())
    assert "may not read the private key" in shown
    assert "TLS negotiation failed with error UnknownCredentials" in shown
    assert "icacls" in shown


def test_powershell_files_are_utf16(tmp_path: Path) -> None:
    path = tmp_path / "log.txt"
    path.write_bytes(FAILING.replace("\n", "\r\n").encode("utf-16"))
    assert run("diagnose", str(path)).returncode == 1


@pytest.mark.parametrize(
    "content",
    [b"", b"   \n", b"\x89PNG\r\n\x1a\n" + bytes(50), b"PK\x03\x04" + bytes(50), bytes(range(256)) * 40],
    ids=["empty", "blank", "image", "zip", "binary"],
)
def test_unreadable_input_gets_one_clear_sentence(content: bytes) -> None:
    done = run("diagnose", text=content)
    assert done.returncode == 2
    assert done.stderr.startswith(b"mailflow: ")
    assert b"Traceback" not in done.stderr
    assert done.stderr.count(b"\n") == 1


def test_a_file_that_is_not_there() -> None:
    done = run("diagnose", "no-such-file.log")
    assert (done.returncode, done.stderr) == (2, b"mailflow: no-such-file.log: No such file or directory\n")


def test_a_case_goes_on_in_its_folder(tmp_path: Path) -> None:
    folder = str(tmp_path / "case")
    first = json.loads(run("diagnose", "--json", "--case", folder, text=FAILING).stdout)
    second = json.loads(run("diagnose", "--json", "--case", folder, text=HEALTHY.replace("08:12", "09:12")).stdout)
    assert (first["verdict"], second["verdict"]) == ("failure", "healthy")
    assert any(NEW in line for line in second["changed"])


def test_explain() -> None:
    done = run("explain", "0x8009030d")
    assert done.returncode == 0
    assert b"SEC_E_UNKNOWN_CREDENTIALS" in done.stdout
    assert run("explain", "purple").returncode == 2


def test_explain_a_cause_shows_its_manual_page() -> None:
    shown = run("explain", "tls.certificate.private-key-permission").stdout.decode()
    assert "What is happening" in shown
    assert "NETWORK SERVICE" in shown


def test_causes_lists_the_catalogue() -> None:
    assert b"tls.certificate.private-key-permission" in run("causes").stdout


def test_new_cause_writes_a_frame_that_fails_until_it_is_filled(tmp_path: Path) -> None:
    (tmp_path / "diagnostics" / "causes").mkdir(parents=True)
    done = run("new-cause", "tls.certificate.imaginary", cwd=tmp_path)
    assert done.returncode == 0
    module = tmp_path / "diagnostics" / "causes" / "tls" / "certificate_imaginary.py"
    assert '@cause(id="tls.certificate.imaginary"' in module.read_text()
    assert (tmp_path / "tests" / "cases" / "tls" / "not-certificate-imaginary.md").exists()
    again = run("new-cause", "tls.certificate.imaginary", cwd=tmp_path)
    assert again.returncode == 2
    assert b"is there already" in again.stderr


@pytest.mark.parametrize("id_", ["Tls.X", "tls", "../x", "tls.a b", "tls..x"])
def test_new_cause_refuses_what_is_no_id(id_: str, tmp_path: Path) -> None:
    (tmp_path / "diagnostics" / "causes").mkdir(parents=True)
    done = run("new-cause", id_, cwd=tmp_path)
    assert done.returncode == 2
    assert b"is no cause id" in done.stderr


def test_serve_without_tokens_says_what_to_set(tmp_path: Path) -> None:
    env = {k: v for k, v in os.environ.items() if not k.startswith(("SLACK_", "MAILFLOW_"))}
    done = subprocess.run([_MAILFLOW, "serve"], capture_output=True, cwd=tmp_path, env=env, timeout=60)
    assert done.returncode == 2
    assert b"SLACK_BOT_TOKEN" in done.stderr
    assert b"Traceback" not in done.stderr
