"""The Hybrid Configuration Wizard stops: DNS doesn't show the TXT record that proves the domain.

## What is happening
The federation trust, which free/busy uses, is made for domains that are proven: Microsoft looks for a TXT record with the
value of Get-FederatedDomainProof at the domain. Where it is missing outside, was published in the internal zone only, was
cut or quoted wrongly, or is another server's value, the wizard ends with `Proof of domain ownership has failed`.
Mail flow does not need it.

## What proves it
- that sentence; a TXT look-up from outside does not return the Proof

## Not this when
- the TXT records that the world sees hold the Proof, whole: then the wizard asked before it was there
- the tenant does not list the domain at all (`recipient.accepted-domain.missing`)
- the service was never reached (`hybrid.hcw.federation-unreachable`)

## References
- https://learn.microsoft.com/en-us/exchange/troubleshoot/hybrid-configuration-wizard-errors/proof-of-domain-ownership-has-failed-error
- https://learn.microsoft.com/en-us/powershell/module/exchangepowershell/get-federateddomainproof
"""

from __future__ import annotations

from typing import Final

from diagnostics.cause import Belief, Finding, cause, change, look, shown
from diagnostics.causes.hybrid.wizard import domain_of, message_of, run_again
from diagnostics.causes.network.reach import kind_of
from diagnostics.facts import Said
from diagnostics.looked_facts import DnsAnswer
from diagnostics.mail_facts import CommandError, Configured
from diagnostics.report import Step

_ID: Final = "hybrid.hcw.domain-proof-missing"
_PROOF: Final = "federated-domain-proof"


@cause(id=_ID, act="dns", says=("Proof of domain ownership has failed",))
def assess(said: CommandError | Said) -> Finding | None:
    """Microsoft's answer is the proof that it did not find the record; whose mistake it is, the look-up shows."""
    if message_of(_ID, said) is None:
        return None
    because = "Microsoft found no TXT record with the domain's proof: it is missing outside, or holds another value. It is about "
    because += "free/busy; mail does not need it."
    domain = domain_of(said.text)
    return Finding(Belief.LIKELY, because, (said,), _steps("" if domain == "example.com" else domain))


@shown
def records(proofs: tuple[Configured, ...], answers: tuple[DnsAnswer, ...]) -> Finding | None:
    """Whether the Proof is among the domain's TXT records, as a resolver outside answers."""
    proof = next((each for each in proofs if each.kind == _PROOF and _bare(each.get("Proof"))), None)
    if proof is None:
        return None
    told = [each for each in answers if _is_of(each, proof.get("DomainName"))]
    texts = [(_bare(text), each) for each in told for text in each.values("TXT")]
    value = _bare(proof.get("Proof"))
    if value.endswith((".", "\u2026")):
        return None
    met = next((each for text, each in texts if text == value), None)
    if met:
        because = f"The TXT records of {met.name or 'the domain'} hold the Proof that the server names."
        return Finding(Belief.RULED_OUT, because, (met, proof))
    if not told or any(text.endswith((".", "\u2026")) for text, _ in texts):
        return None
    domain = told[0].name
    because = f"None of the {len(texts)} TXT records of {domain} that were found is the Proof that the server names."
    return Finding(Belief.CONFIRMED, because, (told[0], proof), _steps(domain))


def _bare(value: str) -> str:
    """A proof or record without what a console or a zone file puts around it, and without blanks where it was wrapped."""
    return "".join(value.split()).strip("{}\"'")


def _is_of(answer: DnsAnswer, domain: str) -> bool:
    """Whether a resolver that isn't one of ours was asked for the TXT records of the domain."""
    named = not domain or not answer.name or answer.name == domain.lower()
    asked = bool(answer.values("TXT")) or (not answer.ok and answer.asked.upper() == "TXT")
    return named and asked and kind_of(answer.server) != "internal"


def _steps(domain: str) -> tuple[Step, ...]:
    return (
        look(
            "Compare the proof with the TXT records that the world sees.",
            "Get-FederatedDomainProof -DomainName {domain} | Format-List DomainName,Proof; "
            "Resolve-DnsName {domain} -Type TXT -Server 1.1.1.1 | Format-List Name,Type,Strings",
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
