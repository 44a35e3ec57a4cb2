"""What the description of a Windows event says: error number, state, alert, process, connector."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final, Literal

from msgspec import Struct, field

from diagnostics.facts import CertificateRejected, Source, WindowsEvent
from diagnostics.patterns import linear
from diagnostics.recognisers.event_labels import SCHANNEL, event_of, level, provider_of
from diagnostics.recognisers.reply_text import rejection_in
from diagnostics.recognisers.wrapping import rejoined
from diagnostics.text import squeezed

_LONGEST: Final = 32_000  # characters; Windows cuts a description at about this length
_HEX = linear(r"\b0[xX]([0-9a-fA-F]{8})\b")
_SIGNED = linear(r"(?:^|[^\d-])(-21[45]\d{7})\b")
_STATE = linear(
    r"(?i)(?:internal error state|SChannel error state|ErrorState|ErrorStatus|interne Fehlerstatus"
    r"|Fehlerstatus|.tat d'erreur(?: interne)?|estado de error(?: interno)?"
    r"|stato (?:di )?errore(?: interno)?|estado d[eo] erro(?: interno)?|foutstatus|stan b..du"
    r"|feltillst.nd\w{0,4})\W{1,3}(?:[^\d\n]{0,24}?)(\d{1,6})\b"
)
_KNOWN_STATE = linear(r"\b(10001|10003|10010|10011|10013)\b")
_ALERT = linear(
    r"(?i)(?:fatal (?:alert|error) code is|alert was (?:received"
    r"|generated)(?: from the remote endpoint)?:?|AlertDesc\W{1,3})\s*(\d{1,3})\b"
)
_ANY_ALERT = linear(r"(?:^|[\s:(])(\d{1,3})(?:[.\s)]|$)")
_ALERT_EVENTS: Final = frozenset({36887, 36888})
_PROCESS = linear(
    r"(?i)SSPI[ -]?(?:client|server)?[ -]?(?:process|prozess)?\w{0,4} (?:is|ist|est|es|.|to)\s+([\w.-]{2,64})"
)
_NAMED_PROCESS = linear(r"CallerProcessImageName: ([\w.-]{2,64})|([\w.-]{2,64}) \(PID")
# Programs that neither send nor receive mail, on a server or on the desk of whoever looks: theirs is most of what Schannel logs.
# The system itself is the driver that serves HTTPS; lsass signs in to domain controllers.
_NO_PART_IN_MAIL: Final = frozenset(
    {"system", "lsass", "svchost", "explorer", "onedrive", "teams", "ms-teams", "msedge", "msedgewebview2", "chrome", "firefox",
     "iexplore", "searchapp", "searchhost", "taskhostw", "backgroundtaskhost", "mmc", "msmpeng", "sqlservr", "healthservice"}
)  # fmt: skip
# As event_exports.py puts it
_JUDGED_PEER = linear(r"; server: ([^;\s]{1,253});")
_CHAIN_RESULTS: Final = {
    "0X800B0101": "CertificateExpired", "0X800B0109": "UntrustedRoot", "0X800B010A": "PartialChain",
    "0X800B010C": "Revoked", "0X800B010F": "SubjectMismatch",
}  # fmt: skip
_ROLE = linear(r"(?i)\b(?:TLS[ -]|SSL[ -]|Type: )(client|server)\b")
_ROLE_AFTER = linear(r"(?i)\b(client|cliente|serveur|servidor|server)e? (?:TLS|SSL)\b")
_CONNECTOR = linear(
    r"(?i)(?:^|\. )Send connector ([^:\n]{1,120}?):|for (?:the )?(?:Receive "
    r"|Send )?connector \"?([^\"\n]{1,120}?)\"? (?:with a FQDN|because|failed|was)"
    r"|for (?:Receive|Send) connector ([^\n]{1,120}?)\. The (?:TLS )?auth"
    r"|for the connector ([^\n]{1,120}?)\. The certificate validation"
)
_THUMBPRINT = linear(r"(?i)thumbprint\W{1,4}(?:of |is )?([0-9A-F]{40})\b")
_REPLY = linear(
    r"(?i)(?:SMTP response|SMTP reply|(?:server|remote host) (?:responded|returned)|the response (?:is"
    r"|was)|following (?:error|response))\W{1,4}((?:with )?\W{0,2}[45]\d\d[ -].+)$"
)
# Exchange 2000 and 2003 log each refused command: 7002 and 7004 as the client of a remote host, 7010 as the server.
_COMMANDED = linear(
    r"(?i)remote host \"?([^\",\s]{1,253})\"?,? responded to the SMTP command \"?[\w-]{2,20}\"? with "
    r"\"([45]\d\d[^\"]{0,1000})\""
)
_ANSWERED = linear(
    r"(?i)client at \"?[^\"\s]{1,253}\"? sent an? \"?[\w-]{2,20}\"? command, and the SMTP server responded with "
    r"\"([45]\d\d[^\"]{0,1000})\""
)
# Exchange 2000 and 2003 log each report that they write, with its code and recipient.
_REPORTED = linear(
    r"(?i)status code of ([45]\.\d{1,3}\.\d{1,3}) was generated for recipient (?:rfc822;)?\s?([^\s();,]{1,320})"
)
_ZONED = linear(r"\b(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?Z)\b")


# Transport validated the certificate of a peer: a smart host, the next hop of a connector with a TlsAuthLevel (2022), or a
# server that asks for the rights of TlsDomainCapabilities.
_VALIDATED = linear(
    r"(?i)certificate validation error|validation of the .{0,40}certificate failed with status"
    r"|unable to validate the TLS certificate|domain capabilities '|Outbound TLS authentication failed with error"
)
_PEER = linear(r"(?i)domain capabilities '([\w.-]{3,253})'|\bTarget is \[?([\w.-]{3,253})")


class Found(Struct):
    """An event as a form gave it. `lines` are its 0-based lines; `line` is the one to quote."""

    line: int
    lines: list[int]
    provider: str = ""
    event: int = 0
    level: str = ""
    when: str = ""
    text: list[tuple[int, str]] = field(default_factory=list)

    @property
    def words(self) -> str:
        return " ".join(rejoined([part for _, part in self.text] or [""])[:_LONGEST].split())


def event_fact(found: Found, source: Source) -> WindowsEvent:
    """The event, its details read from its words."""
    words = found.words
    number = found.event or event_of(words)
    connector = _search(_CONNECTOR, words, "onnector")
    zoned = _search(_ZONED, found.when, "Z")
    thumb = _search(_THUMBPRINT, words, "humbprint")
    return WindowsEvent(
        source=source,
        connector=next((name for name in connector.groups() if name), "").strip() if connector else "",
        thumbprint=thumb.group(1).upper() if thumb else "",
        provider=found.provider or provider_of(number if number in SCHANNEL else event_of(words)),
        event=number,
        text=words,
        error=_error(words),
        state=_state(words),
        alert=_alert(words, number),
        process=_process(words),
        role=_role(words),
        level=level(found.level),
        at=zoned.group(1) if zoned else "",
    )


def of_another_program(event: WindowsEvent) -> bool:
    """Whether the handshake was one of a program that has no part in mail."""
    return event.event in SCHANNEL and event.process.lower().removesuffix(".exe") in _NO_PART_IN_MAIL


def _search(pattern: Any, words: str, *marks: str) -> Any:
    """The first match; where none of `marks` stands in the words there can't be one, and none is looked for."""
    return pattern.search(words) if any(mark in words for mark in marks) else None


def _error(words: str) -> str:
    for number in _HEX.findall(words) if "0x" in words or "0X" in words else ():
        if not number.startswith("0000"):
            return f"0x{number.upper()}"
    signed = _search(_SIGNED, words, "-21")
    return f"0x{int(signed.group(1)) & 0xFFFFFFFF:08X}" if signed else ""


def _state(words: str) -> int:
    found = _STATE.search(words) or _search(_KNOWN_STATE, words, "100")
    return int(found.group(1)) if found else 0


def _alert(words: str, event: int) -> int:
    found = _search(_ALERT, words, "alert", "Alert")
    if found is None and event in _ALERT_EVENTS:
        found = _ANY_ALERT.search(words)
    return int(found.group(1)) if found and int(found.group(1)) < 256 else 0


def _process(words: str) -> str:
    found = _search(_PROCESS, words, "SSPI") or _search(_NAMED_PROCESS, words, "(PID", "CallerProcess")
    return next(name for name in found.groups() if name).rstrip(".") if found else ""


def _role(words: str) -> Literal["client", "server", ""]:
    found = _search(_ROLE, words, "TLS", "SSL", "Type: ") or _search(_ROLE_AFTER, words, "TLS", "SSL")
    if not found:
        return ""
    return "client" if found.group(1).lower().startswith("client") else "server"


def quoted_reply(found: Found) -> tuple[str, int]:
    """The SMTP reply that the event quotes, and its 0-based line; ("", 0) where it quotes none."""
    reply = _search(_REPLY, found.words, "respon", "reply", "returned", "ollowing")
    if not reply:
        return "", 0
    start = reply.group(1)[:24]
    line = next((index for index, part in found.text if start in squeezed(part)), found.line)
    return reply.group(1).removeprefix("with ").strip(), line


class Commanded(Struct, frozen=True):
    """A reply to one command, as an event tells it. `by` is the remote host that gave it, "" where our own server did."""

    reply: str
    by: str = ""


def commanded(found: Found) -> Commanded | None:
    """The reply that refused a command of a session, where the event tells of one."""
    sent = _search(_COMMANDED, found.words, "to the SMTP command")
    if sent:
        return Commanded(str(sent.group(2)).strip(), str(sent.group(1)))
    answered = _search(_ANSWERED, found.words, "SMTP server responded")
    return Commanded(str(answered.group(1)).strip()) if answered else None


def reported(found: Found) -> tuple[str, str]:
    """The status code and the recipient of the report that the event tells of; ("", "") where it tells of none."""
    told = _search(_REPORTED, found.words, "status code of")
    return (str(told.group(1)), str(told.group(2))) if told else ("", "")


def refused_certificate(event: WindowsEvent) -> Iterator[CertificateRejected]:
    """The certificate that Transport says it could not validate (events 2022 and 11004 to 11022), or that of a peer whose chain
    CAPI2 judged, and why."""
    judged = _JUDGED_PEER.search(event.text) if "capi2" in event.provider.lower() else None
    why = _CHAIN_RESULTS.get(event.error.upper(), "") if judged else ""
    if judged and why:
        host = str(judged.group(1)).lower()
        yield CertificateRejected(source=event.source, host=host, reason=why, whose="remote", by="local")
    reason = rejection_in(event.text)
    if not (reason and "transport" in event.provider.lower() and _VALIDATED.search(event.text)):
        return
    peer = _PEER.search(event.text)
    host = next(name for name in peer.groups() if name).lower().rstrip(".") if peer else ""
    yield CertificateRejected(
        source=event.source,
        connector=event.connector,
        host=host if "." in host else "",
        reason=reason,
        whose="remote",
        by="local",
    )
