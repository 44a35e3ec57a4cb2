"""The inbound connector in Exchange Online lists another address than the one our mail leaves from.

## What is happening
The inbound connector recognises the on-premises server by its public address. Since a new line, another address of the
NAT pool or a move, mail leaves from one that is not in `SenderIPAddresses`; the session then belongs to no tenant, and
relaying is refused: `550 5.7.64 TenantAttribution; Relay Access Denied`.

## What proves it
- SenderIPAddresses of the connector doesn't hold the public address of the sending server, as a look from there tells it

## Not this when
- the connector recognises the server by its certificate (`connector.exo-inbound.certificate-name-mismatch`)
- the address is listed

## References
- https://learn.microsoft.com/en-us/troubleshoot/exchange/email-delivery/ndr/relay-access-denied-smtp
- https://learn.microsoft.com/en-us/troubleshoot/exchange/email-delivery/ndr/fix-error-code-5-7-64-in-exchange-online
"""

from __future__ import annotations

from typing import Final

from diagnostics.cause import Belief, Finding, cause, change, look, shown
from diagnostics.causes.connector import attribution, steps
from diagnostics.causes.connector.attribution import Inbound, inbound
from diagnostics.causes.connector.heard import Heard, heard
from diagnostics.causes.connector.ranges import covers
from diagnostics.causes.connector.settings import label
from diagnostics.causes.network.reach import kind_of
from diagnostics.causes.recipient.steps import EXO
from diagnostics.causes.stories import told_as
from diagnostics.facts import Reply, Said, Session
from diagnostics.looked_facts import PublicAddress
from diagnostics.mail_facts import Authentication, Configured, Told
from diagnostics.patterns import linear
from diagnostics.report import Step
from diagnostics.text import is_cut

_NAMED = linear(r"(?i)(?:sender ip|client|from|ip)[ =:]{1,3}\[?((?:\d{1,3}\.){3}\d{1,3})\b")

_INWARD: Final = (
    "The tenant takes mail for its own recipients and none for others, as you tell it: so it treats a server that no inbound "
    "connector recognises. If one goes by the address, mail now leaves from another."
)


@cause(
    id="connector.exo-inbound.ip-mismatch",
    act="exchange-online",
    says=(*attribution.SIGNATURES, attribution.REFUSED),
    against={
        "There is a partner connector configured that matched": (
            "means that a connector matched and refused; with a wrong address none matches"
        ),
    },
)
def assess(
    said: Said | Told,
    _connectors: Configured | None,
    objects: tuple[Configured, ...],
    replies: tuple[Reply, ...],
    sessions: tuple[Session, ...],
    results: tuple[Authentication, ...],
) -> Finding | None:
    """Connectors that go by the address leave only this; the address itself proves it."""
    if isinstance(said, Told):
        return told_as("tenant-relays-inward-only", said, _INWARD, _steps("", ""), weight=1.7)
    what = heard(said, replies, sessions)
    if attribution.domain_refused(what) or (said.signature == attribution.REFUSED and not attribution.outward(objects)):
        return None
    known = inbound(objects)
    if not known.by_address and (by_certificate := _by_certificate(known)):
        return by_certificate
    off = attribution.switched_off(objects, by_name=False)
    if off:
        listed = ", ".join(off.items("SenderIPAddresses")[:4]) or "no address"
        because = f"{label(off)}, which lists {listed}, is disabled: Exchange Online recognises no server by it."
        found = (steps.enable_inbound_connector(off.name), *_steps(off.name, ""))
        return Finding(Belief.POSSIBLE, because, (said, off), found, weight=2.2)
    if not known.by_address:
        because = "If the inbound connector goes by the sender's address, mail now leaves from another one."
        return Finding(Belief.POSSIBLE, because, (said,), _steps("", ""), weight=_weight(what))
    return _compared(said, known, what.egress or _address(said, results), what.session if what.egress else None)


@shown
def addresses(
    objects: tuple[Configured, ...], seen: tuple[PublicAddress, ...], sessions: tuple[Session, ...]
) -> Finding | None:
    """The addresses that the connectors list, beside those that the servers were seen with."""
    known = inbound(objects)
    if not known.by_address:
        return _by_certificate(known)
    told = [*(each.ip for each in seen), *(each.name for each in objects if each.kind == "own-address")]
    told += [each.seen_as for each in sessions if each.direction == "send"]
    ours = [each for each in dict.fromkeys(told) if kind_of(each) == "public"]
    cut = any(is_cut(each.get("SenderIPAddresses")) for each in known.by_address)
    stranger = next((each for each in ours if not _lists(known, each)), "")
    if not ours or (stranger and (cut or known.by_name)):
        return None
    first = known.by_address[0]
    if not stranger:
        return Finding(Belief.RULED_OUT, f"{label(first)} lists {ours[0]}, the address that sends.", known.by_address)
    because = f"{_takes(known)} only, and the server is seen from outside as {stranger}."
    return Finding(Belief.CONFIRMED, because, (first, *seen[:1]), _steps(first.name, stranger))


def _by_certificate(known: Inbound) -> Finding | None:
    if not known.by_name:
        return None
    because = f"{label(known.by_name[0])} recognises the server by its certificate, not by its address."
    return Finding(Belief.RULED_OUT, because, known.by_name)


def _lists(known: Inbound, ours: str) -> bool:
    return any(covers(each, ours) for connector in known.by_address for each in connector.items("SenderIPAddresses"))


def _takes(known: Inbound) -> str:
    listed = [each for connector in known.by_address for each in connector.items("SenderIPAddresses")]
    return f"{label(known.by_address[0])} takes mail from {', '.join(listed[:4])}"


def _weight(what: Heard) -> float:
    known = attribution.from_exchange(what)
    return 1.75 if known is None else 1.4 if known else 2.0


def _compared(said: Said, known: Inbound, ours: str, session: Session | None) -> Finding:
    """The listed addresses beside `ours`, which is "" where the text doesn't name it; a `session` shows it."""
    first = known.by_address[0]
    if ours and _lists(known, ours):
        return Finding(
            Belief.RULED_OUT, f"{label(first)} lists {ours}, the address that sent.", (*known.by_address, session)
        )
    because = f"{_takes(known)} only"
    if ours and not known.by_name:
        because += f", and it came from {ours}."
        return Finding(Belief.CONFIRMED, because, (first, session, said), _steps(first.name, ours))
    because += ", and Exchange Online did not recognise the address that sent."
    belief = Belief.POSSIBLE if known.by_name else Belief.LIKELY
    return Finding(belief, because, (first, said), _steps(first.name, ""), weight=1.5)


def _address(said: Said, results: tuple[Authentication, ...]) -> str:
    """The public address that sent, as the refusal or a received message names it."""
    found = _NAMED.search(said.text)
    seen = [found.group(1) if found else "", *(each.sender_ip for each in results if each.whose == "final")]
    return next((each for each in seen if kind_of(each) == "public"), "")


def _steps(connector: str, address: str) -> tuple[Step, ...]:
    return (
        steps.list_inbound_connectors(),
        look(
            "On each sending server, see from which public address it leaves (port 25 may have a NAT rule of its own).",
            "(Invoke-WebRequest 'https://ifconfig.me/ip' -UseBasicParsing).Content",
            "powershell",
        ),
        change(
            "If the new address is ours for good, list it; SPF and reverse DNS have to name it too.",
            "Set-InboundConnector {inbound_connector} -SenderIPAddresses @{{Add={address}}}",
            shell=EXO,
            changes="Everything that sends from this address counts as this tenant's server, so it must be ours alone.",
            undo="The same with @{Remove=…} in place of @{Add=…}.",
            verify="The next message is accepted, within the hour.",
            inbound_connector=connector,
            address=address,
        ),
    )
