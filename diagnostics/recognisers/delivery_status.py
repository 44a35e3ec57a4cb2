"""Delivery status notifications: the machine-readable fields of RFC 3464, pasted as text.

A per-message block names the reporter, then one block a recipient follows. Pastes lose the blank lines between blocks
and the white space that marks a folded line; the field names keep the structure.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final

from msgspec import Struct, field

from diagnostics.artefacts import Artefact
from diagnostics.facts import Fact, Reply, Source
from diagnostics.patterns import linear
from diagnostics.recognisers import Reading, recogniser
from diagnostics.recognisers.reply_text import classed, codes, has_words_in, other_side, read_reply
from diagnostics.text import Paste, squeezed

Lines = list[tuple[int, str]]
_PER_MESSAGE: Final = (
    "reporting-mta",
    "dsn-gateway",
    "received-from-mta",
    "arrival-date",
    "original-envelope-id",
    "x-original-message-id",
)
_FIELD = linear(
    r"(?i)^\s{0,8}(Reporting-MTA|DSN-Gateway|Received-From-MTA|Arrival-Date|Original-Envelope-Id|X-Original-Message-ID"
    r"|Original-Recipient|Final-Recipient|Action|Status|Remote-MTA|Diagnostic-Code|Last-Attempt-Date|Final-Log-Id"
    r"|Will-Retry-Until|X-(?:Display-Name|Supplementary-Info|Actual-Recipient|Postfix-[\w-]{1,40}|[\w-]{1,40}))\s?:\s*(.*)$"
)
_TYPE = linear(r"^\s*[A-Za-z][\w-]{0,30}\s*;\s*")
_LONG: Final = 40  # characters of a value behind which its fold may have been lost
_NAME = linear(r"^[^:]{1,60}:(?:\s|$)")
_FAILING: Final = 400
_HARMLESS: Final = frozenset({"delivered", "relayed", "expanded"})
_ALONE = linear(r"^\s*(?:-- |<)?([^\s<>()\[\];,:]{1,128}@[^\s<>()\[\];,:]{1,253})>?\s*$")
_NO_ADDRESS = linear(r"^@|/|^[^@]*$")
_ADDRESS = linear(r"[^\s<>()\[\];,:]{1,128}@[^\s<>()\[\];,:]{1,253}")


class Recipient(Struct):
    """One per-recipient block. `lines` maps a field's name to the 0-based line it began on."""

    fields: dict[str, str] = field(default_factory=dict)
    lines: dict[str, int] = field(default_factory=dict)

    def value(self, name: str) -> str:
        """The value without its type ("dns;", "rfc822;", "smtp;")."""
        return str(_TYPE.sub("", squeezed(self.fields.get(name, ""))))

    @property
    def address(self) -> str:
        final, original = self.value("final-recipient"), self.value("original-recipient")
        # A route or a path in the store ("@mx1:bob@store") is where it ended, and no address of anybody.
        raw = original if original and _NO_ADDRESS.search(final) else final
        found = _ADDRESS.search(raw)
        return found.group(0) if found else raw.strip("<>")

    @property
    def action(self) -> str:
        return self.value("action").lower().split(" ")[0]


class Notification(Struct):
    """The fields of one notification; `claims` are the 0-based lines they stand on."""

    message: Recipient = field(default_factory=Recipient)
    recipients: list[Recipient] = field(default_factory=list)
    claims: set[int] = field(default_factory=set)


@recogniser(r"^\s*(?:Final-Recipient|Diagnostic-Code)\s?:", rank=25)
def read(reading: Reading) -> Sequence[Artefact]:
    """One artefact for each notification in the paste."""
    found = notifications(reading.free())
    if len(found) == 1 and len(found[0].recipients) == 1 and not found[0].recipients[0].address:
        _name(found[0].recipients[0], reading.free())
    return [artefact(each, reading.paste) for each in found]


def _name(recipient: Recipient, lines: Lines) -> None:
    """Give the recipient its address where the report has it in its words, on a line of its own."""
    alone = {str(named.group(1)) for _, line in lines if (named := _ALONE.search(line))}
    if len(alone) == 1:
        recipient.fields["original-recipient"] = alone.pop()


def is_field(line: str) -> bool:
    """Whether a line is a field of a notification."""
    return bool(_FIELD.match(line))


def notifications(lines: Lines) -> list[Notification]:
    """The notifications in `lines`. Those without a recipient's failure or success are left alone."""
    found: list[Notification] = []
    current = Notification()
    last: tuple[Recipient, str] | None = None
    for index, line in lines:
        named = _FIELD.match(line)
        if named:
            name, value = named.group(1).lower(), named.group(2)
            if name == "reporting-mta" and current.message.fields and current.recipients:
                found.append(current)
                current = Notification()
            last = _put(current, name, value, index, last)
        elif last is not None and _goes_on(line, *last):
            last[0].fields[last[1]] += f" {line.strip()}"
            current.claims.add(index)
        else:
            last = None
    found.append(current)
    return [each for each in found if _complete(each)]


def _put(
    current: Notification, name: str, value: str, index: int, last: tuple[Recipient, str] | None
) -> tuple[Recipient, str] | None:
    """Store a field where it belongs. A vendor's field counts only beside others."""
    if name.startswith("x-") and name not in _PER_MESSAGE and last is None:
        return None
    block = current.message if name in _PER_MESSAGE else _block(current, name)
    block.fields[name], block.lines[name] = value, index
    current.claims.add(index)
    return block, name


def _block(current: Notification, name: str) -> Recipient:
    """The recipient that a field belongs to: a repeated field begins the next one."""
    if not current.recipients or (not name.startswith("x-") and _begins(current.recipients[-1], name)):
        current.recipients.append(Recipient())
    return current.recipients[-1]


def _begins(recipient: Recipient, name: str) -> bool:
    """A block begins with the recipient's address and has each field once."""
    if name in recipient.fields:
        return True
    if name == "final-recipient":
        return "original-recipient" not in recipient.fields
    return name == "original-recipient" and bool({"action", "status", "diagnostic-code"} & recipient.fields.keys())


def _goes_on(line: str, block: Recipient, name: str) -> bool:
    """A folded line, or one whose fold was lost: not blank, no header of its own, and only after a long value or bare numbers."""
    if not line.strip():
        return False
    if line[:1] in " \t":
        return True
    if name != "diagnostic-code" or _NAME.match(line):
        return False
    value = block.fields[name]
    return len(value) > _LONG or has_words_in(line, value.rpartition(";")[2])


def _complete(notification: Notification) -> bool:
    """Whether a delivery is told at all. A stray "Status:" line of something else beside it is let go."""
    notification.recipients = _whole(notification.recipients)
    for each in notification.recipients:
        if not each.address and "diagnostic-code" not in each.fields:
            notification.claims.difference_update(each.lines.values())
    notification.recipients = [
        each for each in notification.recipients if each.address or "diagnostic-code" in each.fields
    ]
    return any({"action", "status", "diagnostic-code"} & each.fields.keys() for each in notification.recipients)


def _whole(recipients: list[Recipient]) -> list[Recipient]:
    """The blocks, where Mimecast names the recipient last: what became of it stands in a block before it."""
    found: list[Recipient] = []
    for each in recipients:
        before = found[-1] if found else None
        if before and not before.address and not {"action", "status", "diagnostic-code"} & each.fields.keys():
            before.fields |= each.fields
            before.lines |= each.lines
        else:
            found.append(each)
    return found


def artefact(notification: Notification, paste: Paste) -> Artefact:
    """What a notification shows, and a reply for each recipient it failed or delayed."""
    return Artefact(
        kind="delivery-status",
        first=min(notification.claims) + 1,
        last=max(notification.claims) + 1,
        facts=tuple(facts(notification, paste)),
        shown=shown(notification),
        paste=paste.index,
        claims=frozenset(notification.claims),
    )


def facts(notification: Notification, paste: Paste) -> list[Fact]:
    """A Reply for each failing recipient, and what its words state. Equal failures of many recipients all count."""
    found: list[Fact] = []
    reporter = notification.message.value("reporting-mta")
    for each in notification.recipients:
        text = reply_of(each)
        if each.action in _HARMLESS or not text:
            continue
        line = next((each.lines[n] for n in ("diagnostic-code", "status", "action") if n in each.lines), 0)
        source = Source(line + 1, paste.raw[line].strip(), paste.index)
        # The reporter speaks for itself where no other is named; where its words name one, it tells of that one.
        by = host_of(each.value("remote-mta")) or ("" if other_side(text) else host_of(reporter))
        reply, *stated = read_reply(text, source, kind="dsn", by=by, recipient=each.address, reporter=host_of(reporter))
        assert isinstance(reply, Reply)
        found += [classed(reply, delayed=each.action == "delayed"), *stated]
    return found


def reply_of(recipient: Recipient) -> str:
    """The reply a block quotes. Without a number in its diagnostic the Status field gives one."""
    diagnostic, status = recipient.value("diagnostic-code"), recipient.value("status")
    basic, enhanced = codes(diagnostic)
    if basic >= _FAILING or enhanced or not status:  # "X-Unix; 255" is what a program ended with
        return diagnostic
    return f"{status} {diagnostic}".strip()


def host_of(name: str) -> str:
    """The host in a Remote-MTA or Reporting-MTA value: "mx1.fabrikam.com (198.51.100.25)" -> "mx1.fabrikam.com"."""
    return name.split(" ", maxsplit=1)[0].strip("[]<>.")


def shown(notification: Notification) -> dict[str, Any]:
    """The report's view of it; the shape is that of every NDR (see docs of `ReadArtefact`)."""
    return {
        "recipients": [_row(each) for each in notification.recipients],
        "reporting_mta": host_of(notification.message.value("reporting-mta")),
        "message_id": squeezed(notification.message.fields.get("x-original-message-id", "")),
        "subject": "",
    }


def _row(recipient: Recipient) -> dict[str, str]:
    diagnostic = recipient.value("diagnostic-code")
    return row(
        address=recipient.address,
        action=recipient.action,
        status=recipient.value("status").split(" ")[0],
        diagnostic=diagnostic,
        remote_mta=host_of(recipient.value("remote-mta")),
    )


def row(*, address: str, action: str, status: str, diagnostic: str, remote_mta: str) -> dict[str, str]:
    """A recipient as the report prints it. `smtp_reply` is the three-digit reply code in `diagnostic`, or ""."""
    basic, enhanced = codes(diagnostic)
    if enhanced and status[1:] in ("", ".0.0"):
        status = enhanced
    return {
        "address": address,
        "action": action,
        "status": status,
        "smtp_reply": str(basic or ""),
        "diagnostic": diagnostic,
        "remote_mta": remote_mta,
    }


def merged(shown: Iterable[dict[str, Any]]) -> dict[str, Any]:
    """Several readings of one notification as one: the first that tells something wins, recipients by address."""
    result: dict[str, Any] = {"recipients": [], "reporting_mta": "", "message_id": "", "subject": ""}
    known: set[str] = set()
    for each in shown:
        for name in ("reporting_mta", "message_id", "subject"):
            result[name] = result[name] or each[name]
        for recipient in each["recipients"]:
            address = recipient["address"].lower()
            if address not in known and (address or not known):
                known.add(address)
                result["recipients"].append(recipient)
    return result
