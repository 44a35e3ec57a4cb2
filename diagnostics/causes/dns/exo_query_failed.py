"""Exchange Online gets no usable DNS answer for the destination.

## What is happening
The look-up that Exchange Online makes for the recipient's domain (or a connector's smart host) fails again
and again: its name servers are down, lame, answer only some countries, or sign the zone wrongly. Mail waits
with `450 4.4.312 DNS query failed` and bounces after a day with `550 5.4.312 Message expired, DNS query
failed`.

## What proves it
- the domain's authoritative servers time out or answer SERVFAIL from several networks
- mail to the same domain fails from other senders too

## Not this when
- the answer is that the domain doesn't exist (`dns.recipient-domain.nonexistent`, 5.4.310)
- the name is that of the tenant's own outbound connector (`dns.smarthost.unresolvable`)

## References
- https://learn.microsoft.com/en-us/troubleshoot/exchange/email-delivery/ndr/fix-error-code-550-4-4-7-in-exchange-online
- https://learn.microsoft.com/en-us/troubleshoot/exchange/email-delivery/ndr/non-delivery-reports-in-exchange-online
"""

from __future__ import annotations

from diagnostics.cause import Belief, Finding, cause, look
from diagnostics.causes.dns.exchangers import bare_exchanger
from diagnostics.causes.dns.lookups import nonexistent, public_resolver
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
    gone = next((each for each in outside if nonexistent(each)), None)
    if gone:
        because = f"{gone.server} answers that {gone.name} does not exist: that is an answer, not a failed look-up."
        return Finding(Belief.RULED_OUT, because, (gone,))
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


def _domain(said: Said, replies: tuple[Reply, ...]) -> str:
    mine = (r.recipient.rpartition("@")[2].lower() for r in replies if r.source == said.source and r.recipient)
    return next(mine, "")


def _steps(domain: str) -> tuple[Step, ...]:
    return (
        look(
            "Follow the delegation from the root, and ask each of the domain's name servers.",
            "dig +trace {domain:token} MX; dig {domain:token} NS +short",
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
