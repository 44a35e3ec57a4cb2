"""What is wrong with an offered command, whatever shell it is for."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterator

from diagnostics.powershell import command, quoted
from tests.commands import powershell
from tests.commands.powershell_grammar import literals
from tests.commands.templates import Template

HOSTILE = 'O\'Brien\u2019s "$(Remove-Mailbox *)" `x; & | <y> # {z} %PATH%'
_TOKEN = "mail.contoso.com"
_POWERSHELL = ("exchange-management-shell", "exchange-online-powershell", "powershell")
_PROGRAMS = {
    "aws", "curl", "danetool", "delv", "diff", "dig", "free", "getent", "grep", "ip", "ls", "nc", "openssl", "postconf", "printf",
    "sleep", "ss", "swaks", "systemctl", "tail",
}  # fmt: skip
_AWS_CHANGES = re.compile(r"\baws (?![\w-]+ (?:describe|get|list)-)")
_STARTS = re.compile(r"(?:^|[|;(]|&&)\s*([\w./-]+)")
_QUOTED = re.compile(r"'[^']*'")
_CMD = re.compile(r"[\w./\\:= \"-]*")
_RECORD = re.compile(r"[\w.*{}:'<>-]+\.? (?:\d+ )?(?:IN )?(?:A|AAAA|CNAME|MX|NS|PTR|TLSA|TXT) \S.*")
# What runs without an error and does something else than it seems to.
_IDLE = {
    "Enable-ExchangeCertificate only adds services, it takes none away": r"Enable-ExchangeCertificate\s(?!.*\bSMTP\b)",
    "SourceIPAddress counts for the Send connectors of Edge servers alone": r"Set-SendConnector\s.*-SourceIPAddress",
    "an account's name is translated, its S-1-… is not": r"icacls\s.*/(grant|deny|remove)\s+(?!'?\*S-1-)",
    "openssl -crlf adds a CR to each line, of which some have one": r"\\r\\n.*\|\s*openssl\s.*-crlf",
    "an empty -Filter finds every file": r"Get-ChildItem\s[^|;]*-Filter\s+\$",
    "there is no provider FIPFS": r"ProviderName=[^;}]*'FIPFS'",
}


def faults(template: Template) -> Iterator[str]:
    """One sentence for each thing that is wrong with `template`, filled and empty."""
    fields = {name for name, _ in template.fields}
    if fields != template.values and not (template.maker == "Ask" and fields < template.values):
        yield f"placeholders {sorted(fields)}, but values {sorted(template.values)}"
        return
    if not template.text:
        return
    yield from (what for what, words in _IDLE.items() if re.search(words, template.text))
    for value in (_TOKEN, ""):
        filled = command(template.text, **dict.fromkeys(fields, value))
        yield from _faults(filled, template.shell) if filled else ("nothing is left of it",)
    yield from _values(template)


def _faults(filled: str, shell: str) -> Iterator[str]:
    if shell in _POWERSHELL:
        yield from powershell.faults(filled, shell)
    elif shell == "bash":
        yield from _bash(filled)
    elif shell == "cmd":
        yield from () if _CMD.fullmatch(filled) else ("holds characters that mean something to cmd",)
    elif shell == "dns-record":
        yield from (f"`{line}` is no record" for line in filled.splitlines() if not _RECORD.fullmatch(line))
    else:
        yield f"{shell} takes no commands"


def _bash(filled: str) -> Iterator[str]:
    program = shutil.which("bash")
    assert program, "bash checks what is offered for bash"
    done = subprocess.run([program, "-n"], input=filled, capture_output=True, text=True, timeout=20)
    if done.returncode:
        yield f"bash: {done.stderr.strip()}"
    if _AWS_CHANGES.search(filled):
        yield "aws is asked to do more than to show something"
    for started in _STARTS.findall(_QUOTED.sub("''", filled)):
        if started not in _PROGRAMS:
            yield f"`{started}` is no program that we know"


def _values(template: Template) -> Iterator[str]:
    """Where strangers' text stands: as one whole literal in PowerShell, and as a bare token in all else."""
    bare = {name for name, kind in template.fields if kind == "token"}
    if bare and command(template.text, **dict.fromkeys(template.values, HOSTILE)):
        yield "a hostile token goes through"
    loose = [name for name, kind in template.fields if kind != "token"]
    if loose and template.shell not in _POWERSHELL:
        yield f"{loose} must be tokens in {template.shell}"
        return
    if template.fields and template.shell == "cmd":
        yield "cmd can't quote what is left to fill in"
    values = {name: _TOKEN if name in bare else HOSTILE for name in template.values}
    filled = command(template.text, **values)
    literal = quoted(HOSTILE)
    if literals(filled).count(literal) != len(loose):
        yield "a value isn't one literal of its own"
    if any(literal in native for native in powershell.natives(filled)):
        yield "a value after a program must be a token"
