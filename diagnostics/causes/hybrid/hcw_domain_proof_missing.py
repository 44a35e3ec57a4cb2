"""The Hybrid Configuration Wizard stops: DNS doesn't show the TXT record that proves the domain.

## What is happening
The federation trust, which free/busy uses, is made for domains that are proven: Microsoft looks for a TXT record with the
value of Get-FederatedDomainProof at the domain. Where it is missing outside, was published in the internal zone only, was
cut or quoted wrongly, or is another server's value, the wizard ends with `Proof of domain ownership has failed`.
Mail flow does not need it.

## What proves it
- that sentence; a TXT look-up from outside does not return the Proof

## Not this when
- the tenant does not list the domain at all (`recipient.accepted-domain.missing`)
- the service was never reached (`hybrid.hcw.federation-unreachable`)

## References
- https://learn.microsoft.com/en-us/exchange/troubleshoot/hybrid-configuration-wizard-errors/proof-of-domain-ownership-has-failed-error
- https://learn.microsoft.com/en-us/powershell/module/exchangepowershell/get-federateddomainproof
"""

from __future__ import annotations

from typing import Final

from diagnostics.cause import Belief, Finding, cause, change, look
from diagnostics.causes.hybrid.wizard import domain_of, message_of, run_again
from diagnostics.facts import Said
from diagnostics.mail_facts import CommandError
from diagnostics.report import Step

_ID: Final = "hybrid.hcw.domain-proof-missing"


@cause(id=_ID, act="dns", says=("Proof of domain ownership has failed",))
def assess(said: CommandError | Said) -> Finding | None:
    """Microsoft's answer is the proof that it did not find the record; whose mistake it is, the look-up shows."""
    if message_of(_ID, said) is None:
        return None
    because = "Microsoft found no TXT record with the domain's proof: it is missing outside, or holds another value. It is about "
    because += "free/busy; mail does not need it."
    domain = domain_of(said.text)
    return Finding(Belief.LIKELY, because, (said,), _steps("" if domain == "example.com" else domain))


def _steps(domain: str) -> tuple[Step, ...]:
    return (
        look(
            "Compare the proof with the TXT records that the world sees.",
            "Get-FederatedDomainProof -DomainName {domain}; Resolve-DnsName {domain} -Type TXT -Server 1.1.1.1",
            domain=domain,
        ),
        change(
            "In the domain's public zone, add a TXT record with the value of Proof, whole and on one line.",
            "",
            shell="dns-record",
            changes="The domain's TXT records get one more; those that are there (SPF) stay.",
            undo="Delete that record.",
            verify="The first step shows it from outside; a resolver may keep the old answer for the record's TTL.",
        ),
        run_again(),
    )
