"""Anti-spam agent logs: rows of the files, and Get-AgentLog as a list.

The only place that names the local filter which gave a bare "550 5.7.1".
Source: https://learn.microsoft.com/exchange/antispam-and-antimalware/antispam-protection/antispam-agent-logging
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Final

from diagnostics.artefacts import Artefact
from diagnostics.facts import Fact, Session, Stage
from diagnostics.log_forms import START
from diagnostics.mail_facts import AgentAction
from diagnostics.patterns import linear
from diagnostics.recognisers import Reading, recogniser
from diagnostics.recognisers.building import artefact, failed_reply
from diagnostics.recognisers.format_list import Block, blocks
from diagnostics.recognisers.log_rows import LogRow, comments, log_rows, shifted
from diagnostics.recognisers.sources import source_at

_COLUMNS: Final = (
    "timestamp", "sessionid", "localendpoint", "remoteendpoint", "enteredorgfromip", "messageid", "p1fromaddress",
    "p2fromaddresses", "recipient", "numrecipients", "agent", "event", "action", "smtpresponse", "reason", "reasondata",
    "diagnostics",
)  # fmt: skip
_EVENT: Final = r"On[A-Z][A-Za-z]{3,30}(?:Command|Headers|Data|Event|Connect|Disconnect|Message|Reject)?"
_IS_EVENT = linear(f"^{_EVENT}$")
_LIST: Final = ("smtpresponse", "reasondata", "p1fromaddress", "enteredorgfromip", "diagnostics")
_QUIET: Final = frozenset({"", "none", "accept", "acceptmessage", "continue"})


@recogniser(
    f"(?:{START}[^\\n]*,{_EVENT},|^\\s*#Log-type:\\s*Agent Log|^\\s*(?:SmtpResponse|ReasonData)\\s*:)",
    rank=16,
)
def read(reading: Reading) -> Sequence[Artefact]:
    """One artefact for all entries."""
    lines = reading.free()
    found = [(row.lines, action) for row in log_rows(lines, _COLUMNS) if (action := _of_row(reading, row))]
    header = comments(lines, "agent") if found else set()
    found += [
        (tuple(b.lines), _of_block(reading, b)) for b in blocks(lines) if b.has("agent", "action") and b.has(*_LIST)
    ]
    if not found:
        return ()
    actions = [action for _, action in found]
    claims = header | {line for taken, _ in found for line in taken}
    shown = {
        "entries": len(found),
        "actions": dict(Counter(f"{each.agent}: {each.action}" for each in actions)),
    }
    return [artefact(reading, "agent-log", claims, [f for each in actions for f in (each, *_reply(each))], shown)]


def _of_row(reading: Reading, row: LogRow) -> AgentAction | None:
    if not _IS_EVENT.search(row.get("event")):
        at = next((i for i, cell in enumerate(row.cells) if i > 2 and _IS_EVENT.search(cell)), -1)
        if at < 0:
            return None
        row = shifted(row, _COLUMNS, at, "event")
    return AgentAction(
        source=source_at(reading, row.line),
        session=row.get("sessionid"),
        agent=row.get("agent"),
        action=row.get("action"),
        event=row.get("event"),
        response=row.get("smtpresponse"),
        reason=row.get("reason"),
        reason_data=row.get("reasondata"),
        ip=row.get("enteredorgfromip") or row.get("remoteendpoint").rpartition(":")[0].strip("[]"),
        sender=row.get("p1fromaddress"),
        recipient=row.get("recipient"),
        at=row.cells[0],
    )


def _of_block(reading: Reading, block: Block) -> AgentAction:
    return AgentAction(
        source=source_at(reading, block.line("smtpresponse", "action")),
        session=block.value("sessionid"),
        agent=block.value("agent"),
        action=block.value("action"),
        event=block.value("event"),
        response=block.value("smtpresponse"),
        reason=block.value("reason"),
        reason_data=block.value("reasondata"),
        ip=block.value("ipaddress", "enteredorgfromip"),
        sender=block.value("p1fromaddress"),
        recipient=block.value("recipients", "recipient").strip("{}"),
    )


def _reply(action: AgentAction) -> Iterator[Fact]:
    """The reply that the agent gave to the client, in a session that this server received."""
    if action.action.lower() not in _QUIET and action.response.lower() not in _QUIET:
        yield Session(
            source=action.source,
            session=action.session,
            direction="receive",
            began=action.at,
            stage=Stage.MAIL,
            remote_ip=action.ip,
            error=action.response,
            mail_from=action.sender,
        )
        yield from failed_reply(
            action.response,
            action.source,
            kind="log",
            recipient=action.recipient,
            at=action.at,
            session=action.session,
        )
