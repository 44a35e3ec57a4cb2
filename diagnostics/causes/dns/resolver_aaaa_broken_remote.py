"""The destination's DNS servers mishandle a look-up that Exchange makes.

## What is happening
Exchange asks for IPv6 addresses (AAAA) and with EDNS. The name servers of this one domain drop such questions
or answer them wrongly, and transport counts the whole look-up as failed and tries again later: `DNS query
failed with error ErrorRetry`. Other servers, which ask for the IPv4 address alone, deliver.

## What proves it
- queues to other domains flow, and MX and address of this one resolve by hand
- a question for AAAA to the domain's own name servers times out or ends with SERVFAIL
- the resolver's log: `DNS format error … resolving <name>/AAAA`, or `rcode=NOTIMP for <name>/DS`

## Not this when
- a question for AAAA is answered, be it that there is no such record
- every domain fails (`dns.resolver.local-failure`)
- the domain doesn't exist (`dns.recipient-domain.nonexistent`)

## References
- https://learn.microsoft.com/en-us/troubleshoot/exchange/mailflow/dns-query-failed
- https://www.rfc-editor.org/rfc/rfc4074
"""

from __future__ import annotations

from typing import Final

from diagnostics.cause import Belief, Finding, cause, change, look, shown
from diagnostics.causes.dns.lookups import public_resolver, same_question
from diagnostics.causes.network.queues import flowing, queue_of
from diagnostics.causes.network.reach import by_exchange_online
from diagnostics.facts import QueueState, Said
from diagnostics.looked_facts import DnsAnswer
from diagnostics.mail_facts import Configured
from diagnostics.report import Step

# A look-up that ended without an answer, as other mail systems and events say it: mostly one's own resolver.
_TRY_AGAIN: Final = (
    "Host not found, try again",
    "DNS server returned ErrorTimeout",
    "TLSA lookup error for",
    "MSExchangeTransport 2000",
)


@cause(
    id="dns.resolver.aaaa-broken-remote",
    act="recipient-side",
    says=("DNS query failed", "DNS server returned ErrorRetry", *_TRY_AGAIN),
)
def assess(
    said: Said | Configured, _answer: DnsAnswer | None, queues: tuple[QueueState, ...], answers: tuple[DnsAnswer, ...]
) -> Finding | None:
    """One domain fails among others that flow."""
    if isinstance(said, Configured):
        return _logged(said)
    if by_exchange_online(said.text) or "NonExistentDomain" in said.text:
        return None
    failing = queue_of(said, queues)
    fine = flowing(queues, failing)
    name = (failing.next_hop if failing else "") or said.host
    to = f"`{name}`" if name else "this domain"
    known = next((each for each in answers if each.ok), None)
    if _unanswered(answers):
        return Finding(
            Belief.RULED_OUT,
            "Look-ups by hand fail at the server's own resolver, for a name that others know.",
            answers,
        )
    if fine and known:
        because = (
            f"Only {to} fails: {fine.next_hop or 'another queue'} is {fine.status}, and {known.name} resolves by hand."
        )
        return Finding(Belief.LIKELY, because, (said, fine, known), _steps(name), weight=1.4)
    silent = _silent(answers)
    if silent and silent.asked == "AAAA":
        because = (
            f"The AAAA look-up of {silent.name} gets no answer ({silent.error}), which Exchange makes before it sends."
        )
        return Finding(Belief.LIKELY, because, (said, silent, known), _steps(name), weight=1.5)
    if silent and known:
        because = f"{known.name} resolves by hand, while a look-up of {silent.name} gets no answer ({silent.error})"
        because += ": its name servers don't answer every type that Exchange asks for."
        return Finding(Belief.LIKELY, because, (said, silent, known), _steps(name), weight=1.4)
    if silent and not public_resolver(silent.server):
        because = (
            f"The look-up of {silent.name} gets no answer ({silent.error}); if other types of record do, it is that."
        )
        return Finding(Belief.POSSIBLE, because, (said, silent), _steps(name), weight=1.6)
    if fine:
        because = (
            f"Only {to} fails, while the queue to {fine.next_hop or fine.identity} is {fine.status}: "
            f"its DNS servers differ."
        )
        return Finding(Belief.POSSIBLE, because, (said, fine), _steps(name), weight=1.7)
    because = f"The look-up for {to} failed; if others succeed, its name servers mishandle what is asked of them."
    return Finding(Belief.POSSIBLE, because, (said,), _steps(name), weight=0.9 if said.signature in _TRY_AGAIN else 1.0)


@shown
def lookups(answers: tuple[DnsAnswer, ...]) -> Finding | None:
    """The question for an IPv6 address: an answer that there is none is as good as one with an address. Where it was asked again
    later, that answer counts."""
    zones = {each.name for each in answers if each.values("MX")}
    asked = [each for each in answers if each.asked == "AAAA" or _answered(each, zones) or _none_beside(each, answers)]
    latest = max((each.source.paste for each in asked), default=0)
    asked = [each for each in asked if each.source.paste == latest]
    silent = _silent(tuple(asked))
    known = next((each for each in answers if each.ok and each.values("MX", "A")), None)
    if silent:
        because = (
            f"{silent.server or 'The resolver'} gives no answer to a question for the IPv6 address of {silent.name} "
        )
        because += f"({silent.error})" + (f", while {known.name} resolves." if known else ".")
        return Finding(Belief.CONFIRMED if known else Belief.LIKELY, because, (silent, known), _steps(""), weight=1.5)
    fine = next(iter(asked), None)
    if fine is None:
        return None
    because = f"The name servers of {fine.name} answer a question for its IPv6 address as they should"
    because += f" ({', '.join(fine.values('AAAA')) or 'there is none'})."
    return Finding(Belief.RULED_OUT, because, (fine,))


def _none_beside(answer: DnsAnswer, answers: tuple[DnsAnswer, ...]) -> bool:
    """Whether a zone says that there is no such record right beside the IPv4 address of a host in it, for which the question for
    the other one had failed before."""
    failed = [
        each for each in answers if each.asked == "AAAA" and not each.ok and each.source.paste < answer.source.paste
    ]
    if answer.error != "no records" or answer.asked or not failed:
        return False
    beside = {each.name for each in answers if each.source.paste == answer.source.paste and each.values("A")}
    return any(each.name in beside and f".{each.name}".endswith(f".{answer.name}") for each in failed)


def _answered(answer: DnsAnswer, zones: set[str]) -> bool:
    """A zone whose MX is known has answered another question, where it says that there is no such record."""
    untyped = not answer.asked and answer.name in zones
    return bool(answer.values("AAAA")) or (answer.error == "no records" and (answer.asked == "AAAA" or untyped))


def _logged(log: Configured) -> Finding | None:
    """The resolver's own log says that the domain's name servers answer one type of question wrongly."""
    if log.kind != "resolver-log" or log.get("Fault") != "mishandled":
        return None
    by = f" ({log.get('Server')})" if log.get("Server") else ""
    because = (
        f"The resolver's log says that the name servers of `{log.name}`{by} answer a question for {log.get('Type')} "
    )
    because += "records wrongly: the whole look-up counts as failed, though the address itself would be found."
    return Finding(Belief.LIKELY, because, (log,), _steps(log.name), weight=1.6)


def _silent(answers: tuple[DnsAnswer, ...]) -> DnsAnswer | None:
    """A look-up that was not refused but never answered, or answered with a server's failure."""
    silent = [each for each in answers if each.error in ("timed out", "SERVFAIL")]
    return next((each for each in silent if each.asked == "AAAA"), silent[0] if silent else None)


def _unanswered(answers: tuple[DnsAnswer, ...]) -> bool:
    ours = [each for each in answers if not public_resolver(each.server)]
    theirs = [each for each in answers if public_resolver(each.server)]
    known = [each for each in theirs if each.ok and any(same_question(mine, each) for mine in ours)]
    return bool(ours) and not any(each.ok for each in ours) and bool(known)


def _steps(name: str) -> tuple[Step, ...]:
    return (
        look(
            "Find the domain's mail servers and name servers.",
            "Resolve-DnsName {domain} -Type MX; Resolve-DnsName {domain} -Type NS",
            "powershell",
            domain=name,
        ),
        look(
            "Ask one of its name servers for the mail server's IPv4 address, then for the IPv6 one, as Exchange does: no answer "
            "or SERVFAIL to the second alone is the proof.",
            "Resolve-DnsName {mail_server} -Type A -Server {name_server}; "
            "Resolve-DnsName {mail_server} -Type AAAA -Server {name_server}",
            "powershell",
            mail_server="",
            name_server="",
        ),
        change(
            "Until the domain's operator has mended it, route this one domain to its mail server's address.",
            "New-SendConnector -Name {name} -AddressSpaces {address_space} -SmartHosts {mail_server_address} "
            "-SmartHostAuthMechanism None -DNSRoutingEnabled $false -SourceTransportServers $env:COMPUTERNAME",
            changes="Mail for this domain goes straight to that address, without a look-up. It breaks when they move.",
            undo="Remove-SendConnector with the same name.",
            verify="The queue of this domain drains.",
            name=f"Around DNS of {name}" if name else "",
            address_space=f"SMTP:{name};1" if name else "",
            mail_server_address="",
        ),
    )
