"""What the Hybrid Configuration Wizard said when it stopped, and the steps that its causes share."""

from __future__ import annotations

from diagnostics.cause import change, look
from diagnostics.codes import Row, of_wizard
from diagnostics.facts import Said
from diagnostics.mail_facts import CommandError
from diagnostics.patterns import linear
from diagnostics.report import Step

UNNUMBERED = "HCW"
"""The code of messages that the wizard shows without a number."""
_SERVER = linear(r"(?i)on server ['\"<]?([A-Za-z0-9][\w.-]{0,62}?)['\">]?\.?(?:\s|$)")
_DOMAIN = linear(r"(?i)(?:AddressSpace|for|domain) ['\"]?([a-z0-9-]{1,63}(?:\.[a-z0-9-]{1,63})+)['\"]?")


def message_of(cause_id: str, said: CommandError | Said) -> Row | None:
    """The message of the wizard that `said` holds, by its number or its words, where it is this cause's."""
    text = f"{said.code} {said.text}" if isinstance(said, CommandError) else said.text
    return next((row for row in of_wizard(text) if row.causes[0][0] == cause_id), None)


def told_by(row: Row) -> str:
    """What a message says, with its number where it has one."""
    return f"{row.name}: {row.meaning}" if row.code == UNNUMBERED else f"{row.code}, {row.name}: {row.meaning}"


def server_of(text: str) -> str:
    """The server that a message names, "" where it names none."""
    found = _SERVER.search(text)
    return str(found.group(1)) if found else ""


def domain_of(text: str) -> str:
    """The domain that a message names, "" where it names none."""
    found = _DOMAIN.search(text)
    return str(found.group(1)) if found else ""


def run_again() -> Step:
    return change(
        "Run the current Hybrid Configuration Wizard again.",
        "",
        shell="portal",
        changes="The wizard writes its connectors, certificate names and domains on both sides.",
        undo="None as a whole: it changes what it shows before; keep the printed connector settings.",
        verify="The wizard ends without an error, and mail passes in both directions.",
    )


def hybrid_servers() -> Step:
    return look(
        "See which servers the stored hybrid configuration names.",
        "Get-HybridConfiguration | "
        "Format-List ClientAccessServers,SendingTransportServers,ReceivingTransportServers,EdgeTransportServers",
    )


def log() -> Step:
    return look(
        "Read the errors in the wizard's log, on the machine where it ran.",
        "Get-ChildItem (Join-Path $env:APPDATA 'Microsoft\\Exchange Hybrid Configuration') -Filter *.log | "
        "Sort-Object LastWriteTime | Select-Object -Last 1 | Select-String -SimpleMatch '*ERROR*' | "
        "Select-Object -Last 10 -ExpandProperty Line",
        "powershell",
    )
