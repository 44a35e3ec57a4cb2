"""Settings that a person typed off: `AuthMechanism is Integrated, ExchangeServer`, `TlsDomain mail.contoso.com`.

Names of properties are words that nobody makes up, so one with a value behind it is read, in any sentence that states it. A
command's parameter, a question and advice state nothing. Where a line ends with the name, the value may stand alone below it.
Read only beside something else that was pasted, or where the text names the cmdlet or window it comes from: talk about
settings is no failure.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

from msgspec import Struct

from diagnostics.artefacts import Artefact
from diagnostics.facts import Fact, SendConnector
from diagnostics.mail_facts import Configured, Pairs
from diagnostics.patterns import Pattern, linear
from diagnostics.recognisers import Reading, recogniser
from diagnostics.recognisers.building import artefact
from diagnostics.recognisers.configuration_kinds import OWN
from diagnostics.recognisers.format_list import items
from diagnostics.recognisers.sources import source_at

_SEND: Final = "send-connector"
_SEND_NAMES: Final = (
    "AddressSpaces", "SourceTransportServers", "SmartHostAuthMechanism", "DNSRoutingEnabled", "IgnoreSTARTTLS", "TlsAuthLevel",
    "RequireTLS",
)  # fmt: skip
# Two kinds of connector have these: what else stands in the line decides.
_SHARED: Final = (
    "SmartHosts", "TlsDomain", "TlsCertificateName", "SmtpClientAuthenticationDisabled", "Enabled", "CloudServicesMailEnabled",
)  # fmt: skip
_KIND_OF: Final = {
    **{name: kind for kind, names in OWN.items() for name in names.split()},
    **dict.fromkeys(_SEND_NAMES, _SEND),
    "SmtpClientAuthenticationDisabled": "smtp-auth",
    "targetAddress": "recipient",
}
_WORDS: Final = (
    (linear(r"(?i)send[ -]?connector"), _SEND),
    (linear(r"(?i)outbound[ -]?connector"), "outbound-connector"),
    (linear(r"(?i)inbound[ -]?connector"), "inbound-connector"),
    (linear(r"(?i)receive[ -]?connector"), "receive-connector"),
    (linear(r"(?i)cas-?mailbox"), "cas-mailbox"),
    (linear(r"(?i)transport-?config"), "transport-config"),
)
_NAMES: Final = "|".join(sorted(sorted({*_KIND_OF, *_SHARED}), key=len, reverse=True))
_VALUE: Final = (
    r"(\{[^{}\n]{0,300}\}|\"[^\"\n]{1,200}\"|\$?(?:[Tt]rue|[Ff]alse|[Nn]one|[Nn]ull|empty|blank|not set)\b"
    r"|<I>[^\n]{3,200}|(?:smtp:|SMTP:)?[\w.+'-]{1,64}@[\w.-]{3,200}\w|\d{1,7}\b"
    r"|[A-Z][A-Za-z]{2,40}(?:, ?[A-Z][A-Za-z]{2,40}){0,9}|[A-Za-z0-9*@_-]{1,80}(?:\.[A-Za-z0-9*_-]{1,80}){1,8})"
)
_NAME = linear(rf"(?:^|[\s(\[{{\"'`,;/])({_NAMES})\b")
_BEHIND = linear(
    r"^[\"'`]?(?:\s{0,20}(?::|=|->)\s{0,20}"
    r"|\s+(?:(?:is|was|are|still|shows|says|only|has|holds|set|to|now|currently|ist|steht|auf|est|es|è)\s+){0,3})"
    + _VALUE
)
_NOT_STATED = linear(
    r"(?i)\b(?:should|shall|could|can i|do (?:i|we)|does|what (?:is|does|happens)|why (?:is|does)|must|need|want|try|set it"
    r"|requires?|means?|default(?:s)? (?:is|to)|if)\b[^.;:]{0,80}$"
)
_SEEN_IN: Final = r"(?i)\bGet-[A-Z]|\bservices\.msc|\b(?:event|queue) viewer|\bEAC\b|\bEMS\b|\badmin cent(?:er|re)\b"
_IN_SIGHT = linear(_SEEN_IN)
_EMPTY: Final = frozenset({"empty", "blank", "null", "not set", "$null"})
# What was printed, below the command or the words that name one property: a collection, a certificate, a domain's rights.
_PRINTED = linear(
    r"^\s{0,20}(\{[^{}\n]{0,600}(?:\}|\.\.\.|…)|<I>[^\n]{3,600}|[\w.*-]{3,200}:Accept[A-Z][^\s]{2,200})\s*$"
)
_GOES_ON = linear(r"(?i)^\s{0,20}(?:[A-Z]{1,3}=|<S>|[\w.-]{0,200}:Accept)[^\n]{0,300}$")
# What may stand between the name and the line's end: "shows", "on the front end is still:".
_LEADS = linear(
    r"(?i)^[\"'`)}\]]{0,3}(?:\s+(?:on|of|for|from|auf|von|bei|sur|en|su)\s[^\n;|:]{1,60}?)?"
    r"(?:\s+(?:is|are|was|were|still|now|currently|only|has|holds|shows?|says|reads|prints?|gives|returns?|contains|there"
    r"|ist|steht|zeigt|noch|auf|est|affiche|es|muestra|è|mostra)){0,4}\s*[:=]?\s*$"
)
_READ_OFF = linear(rf"(?:^|[\s(\[{{\"'`,;/.])({_NAMES})\b")
_MOST_WRAPPED: Final = 4
_LABEL = linear(r"^\s*([A-Za-z*][^:{}=<>\n]{0,60}?)\s*:\s*$")
_HEADER = linear(r"^\s*(?:[A-Z]\w+\s+){2,}[A-Z]\w+\s*$")  # of a table
MOST_LINES: Final = 200


class _Stated(Struct, frozen=True):
    kind: str
    line: int
    name: str
    values: Pairs


def in_sight(reading: Reading) -> bool:
    """Whether a statement has something to speak of: another artefact, or the place where it was read off."""
    return answers(reading) or any(_IN_SIGHT.search(line) for _, line in reading.free()[:MOST_LINES])


def answers(reading: Reading) -> bool:
    """Whether a statement stands beside another artefact, or in a later text of a thread, which answers the one before."""
    return bool(reading.claimed) or reading.paste.index > 0


def stated(reading: Reading, pattern: Pattern, *, asked: bool = False) -> Iterator[tuple[int, Any]]:
    """The sentences that state what `pattern` says, by their lines (0-based): each line's first match, unless the words in front
    of it suppose it. A line that ends with a question states nothing, but where `asked`."""
    for index, line in reading.sentences()[:MOST_LINES]:
        found = pattern.search(line[:1000]) if asked or not line.rstrip().endswith("?") else None
        if found and not supposes(line[: found.start()]):
            yield index, found


def without_question(line: str) -> str:
    """The line without the question at its end."""
    if not line.rstrip().endswith("?"):
        return line
    return line[: max(line.rfind(f"{mark} ") for mark in ".!?") + 1]


def supposes(before: str) -> bool:
    """Whether the words in front of a statement make it a question, a wish or advice."""
    return bool(
        _NOT_STATED.search(before.replace(" does not ", " "))
    )  # "it does not start since …" denies, and asks nothing


@recogniser(rf"\b(?:{_NAMES})\b", rank=95)
def read(reading: Reading) -> Sequence[Artefact]:
    """One artefact for each line and kind of object that it speaks of."""
    if not in_sight(reading):
        return []
    return [
        _artefact(reading, each)
        for index, line in reading.sentences()[:MOST_LINES]
        for each in (*_stated(index, line[:1000]), *_printed(reading, index, line[:1000]))
    ]


def _printed(reading: Reading, index: int, line: str) -> Iterator[_Stated]:
    """The property whose name ends the line, where its value stands alone below."""
    named = list(_READ_OFF.finditer(line))
    if len(named) != 1 or not _LEADS.search(line[named[0].end(1) :]) or supposes(line) or line.rstrip().endswith("?"):
        return
    found = _value_below(reading, index)
    name = str(named[0].group(1))
    kind = _kind(name, next((kind for words, kind in _WORDS if words.search(line)), ""), ())
    if found and kind:
        yield _Stated(kind, found[0], "", ((name, found[1]),))


def _value_below(reading: Reading, index: int) -> tuple[int, str] | None:
    """The line (0-based) and the text of a value on the next line that is not blank, put together where it was broken."""
    around = enumerate(reading.paste.lines[index + 1 : index + 1 + 2 * _MOST_WRAPPED], index + 1)
    taken = reading.claimed - reading.quoting
    below = [(at, text) for at, text in around if text.strip() and at not in taken]
    value = _PRINTED.search(below[0][1][:1000]) if below else None
    if value is None:
        return None
    whole, last = str(value.group(1)), below[0][0]
    for at, text in below[1:_MOST_WRAPPED]:
        if at != last + 1 or not _GOES_ON.search(text[:1000]):
            break
        whole, last = f"{whole} {text.strip()}", at
    return below[0][0], whole


def _stated(index: int, line: str) -> Iterator[_Stated]:
    found: list[tuple[str, str]] = []
    label = ""
    states = not line.rstrip().endswith("?") and not _HEADER.search(line)
    named = list(_NAME.finditer(line)) if states else []
    for match, end in zip(named, [*(each.start(1) for each in named), len(line)][1:], strict=True):
        value = _BEHIND.search(line[match.end(1) : end])
        before = line[: match.start(1)]
        if value is None or supposes(before):
            continue
        text = value.group(1).strip('"$')
        if match.group(1) == "DomainType" and "." in text:
            continue  # a selected column, and a domain behind it (told_lookups.py reads the row)
        found.append((match.group(1), "" if text.lower() in _EMPTY else text.rstrip(".")))
        label = label or _labelled(before)
    told = next((kind for words, kind in _WORDS if words.search(line)), "")
    for kind in dict.fromkeys(_kind(name, told, found) for name, _ in found):
        values = tuple((name, value) for name, value in found if kind and _kind(name, told, found) == kind)
        if any(name != "Enabled" for name, _ in values):
            yield _Stated(kind, index, label, values)


def _kind(name: str, told: str, found: Sequence[tuple[str, str]]) -> str:
    """The object that the property is of; "" where nothing tells which of several."""
    if name not in _SHARED:
        return _KIND_OF[name]
    if name == "SmtpClientAuthenticationDisabled":
        return told if told in ("cas-mailbox", "transport-config") else _KIND_OF[name]
    other = next((_KIND_OF[other] for other, _ in found if other not in _SHARED), "")
    return told or other or (_SEND if name == "CloudServicesMailEnabled" else "")


def _labelled(before: str) -> str:
    """The object's name, where the line begins with it and a colon."""
    named = _LABEL.search(before)
    return "" if named is None or "get-" in named.group(1).lower() else str(named.group(1))


def _artefact(reading: Reading, stated: _Stated) -> Artefact:
    return artefact(reading, f"told-{stated.kind}", [stated.line], [_fact(reading, stated)], dict(stated.values))


def _fact(reading: Reading, stated: _Stated) -> Fact:
    source = source_at(reading, stated.line)
    if stated.kind != _SEND:
        connector = stated.name if stated.kind.endswith("-connector") else ""
        return Configured(source=source, kind=stated.kind, name=stated.name, values=stated.values, connector=connector)
    told = {name.lower(): value for name, value in stated.values}
    flags = {name: {"true": True, "false": False}.get(value.lower()) for name, value in told.items()}
    return SendConnector(
        source=source,
        connector=stated.name,
        tls_certificate_name=told.get("tlscertificatename"),
        tls_domain=told.get("tlsdomain", ""),
        tls_auth_level=told.get("tlsauthlevel", ""),
        require_tls=flags.get("requiretls"),
        ignore_starttls=flags.get("ignorestarttls"),
        cloud_services=flags.get("cloudservicesmailenabled"),
        enabled=flags.get("enabled"),
        smart_hosts=tuple(host.strip("[]") for host in items(told.get("smarthosts", ""))),
        address_spaces=items(told.get("addressspaces", "")),
    )
