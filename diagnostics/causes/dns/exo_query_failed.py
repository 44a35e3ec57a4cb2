"""Exchange Online gets no usable DNS answer for the destination.

## What is happening
The look-up that Exchange Online makes for the recipient's domain (or a connector's smart host) fails again
and again: its name servers are down, lame, answer only some countries, or sign the zone wrongly. Mail waits
with `450 4.4.312 DNS query failed` and bounces after a day with `550 5.4.312 Message expired, DNS query
failed`.

## What proves it
- the domain's authoritative servers time out or answer SERVFAIL from several networks
- `dig +trace` ends at the domain's own name servers, which give no answer
- mail to the same domain fails from other senders too

## Not this when
- the answer is that the domain doesn't exist (`dns.recipient-domain.nonexistent`, 5.4.310)
- the name is that of the tenant's own outbound connector (`dns.smarthost.unresolvable`)

## References
- https://learn.microsoft.com/en-us/troubleshoot/exchange/email-delivery/ndr/fix-error-code-550-4-4-7-in-exchange-online
- https://learn.microsoft.com/en-us/troubleshoot/exchange/email-delivery/ndr/non-delivery-reports-in-exchange-online
"""

from __future__ import annotations

from collections.abc import Iterable

from diagnostics.cause import Belief, Finding, cause, look, shown
from diagnostics.causes.dns.exchangers import bare_exchanger
from diagnostics.causes.dns.lookups import concerned, nonexistent, public_resolver, unanswered
from diagnostics.facts import Reply, Said
from diagnostics.looked_facts import DnsAnswer
from diagnostics.report import Step


@cause(
    id="dns.exo.query-failed",
    act="dns",
    says=("4.4.312", "5.4.312"),
)
def assess(
    said: Said, _answer: DnsAnswer | None, answers: tuple[DnsAnswer, ...], replies: tuple[Reply, ...]
) -> Finding | None:
    """What others see of the same domain decides."""
    if "InfoDomainNonexistent" in said.text:
        return Finding(Belief.RULED_OUT, "Exchange Online got an answer: the domain does not exist.", (said,))
    domain = _domain(said, replies)
    to = f"`{domain}`" if domain else "the destination"
    outside = [each for each in answers if public_resolver(each.server)]
    broken = next((each for each in outside if not each.ok and not nonexistent(each)), None)
    because = f"Exchange Online's DNS look-up for {to} fails"
    if broken:
        because += f", and {broken.server} gets no answer either ({broken.error or 'failed'})."
        return Finding(Belief.CONFIRMED, because, (said, broken), _steps(domain))
    if gone := _gone(outside):
        return gone
    bare = bare_exchanger(answers)
    if bare:
        return Finding(
            Belief.RULED_OUT, f"The MX of {bare.domain} names `{bare.host}`, which nobody can look up.", (bare.answer,)
        )
    known = next((each for each in answers if each.ok), None)
    if known:
        because += (
            f", although {known.server or 'another resolver'} knows {known.name}: its servers may not answer everyone."
        )
        return Finding(Belief.POSSIBLE, because, (said, known), _steps(domain), weight=1.7)
    because += "; whether others can resolve it is not told yet."
    return Finding(Belief.POSSIBLE, because, (said,), _steps(domain), weight=1.7)


@shown
def lookups(answers: tuple[DnsAnswer, ...], replies: tuple[Reply, ...]) -> Finding | None:
    """What others get for the same domain. That some can resolve it proves nothing: its servers may not answer everyone."""
    asked = concerned(answers, replies)
    outside = [each for each in asked if public_resolver(each.server)]
    failed = [each for each in asked if unanswered(each)]
    found = {each.name for each in asked if each.ok and each.values("MX", "A", "AAAA")}
    # Many a firewall lets nobody ask a resolver outside: silence alone tells nothing where another one knows the name.
    proof = next(
        (each for each in failed if each in outside and (each.error == "SERVFAIL" or each.name not in found)), None
    )
    proof = proof or next((each for each in failed if each.error == "SERVFAIL" and each.name not in found), None)
    if proof is None:
        return _gone(outside)
    because = f"{proof.server or 'The resolver that was asked'} gets no answer for `{proof.name}` either ({proof.error}): the "
    because += "domain's name servers, or the signatures of its zone, fail."
    sure = Belief.CONFIRMED if proof in outside else Belief.LIKELY
    return Finding(sure, because, (proof,), _steps(proof.name))


def _gone(outside: Iterable[DnsAnswer]) -> Finding | None:
    gone = next((each for each in outside if nonexistent(each)), None)
    if gone is None:
        return None
    because = f"{gone.server} answers that {gone.name} does not exist: that is an answer, not a failed look-up."
    return Finding(Belief.RULED_OUT, because, (gone,))


def _domain(said: Said, replies: tuple[Reply, ...]) -> str:
    mine = (r.recipient.rpartition("@")[2].lower() for r in replies if r.source == said.source and r.recipient)
    return next(mine, "")


def _steps(domain: str) -> tuple[Step, ...]:
    return (
        look(
            "Follow the delegation from the root to the domain's own name servers: where it ends without an MX, they fail.",
            "dig +trace {domain:token} MX",
            "bash",
            domain=domain,
        ),
        look(
            "Compare a validating resolver with the same question without validation: if only the second "
            "answers, DNSSEC is broken.",
            "dig @1.1.1.1 {domain:token} MX; dig @1.1.1.1 {domain:token} MX +cd",
            "bash",
            domain=domain,
        ),
        look(
            "See whether a connector of the tenant sends this mail to a smart host, whose name would be the "
            "one that fails.",
            "Get-OutboundConnector | Format-List Name,Enabled,RecipientDomains,SmartHosts,UseMXRecord",
            "exchange-online-powershell",
        ),
    )
