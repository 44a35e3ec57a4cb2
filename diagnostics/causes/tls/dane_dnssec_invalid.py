"""The destination's domain claims DNSSEC, and its signatures do not validate.

## What is happening
The recipient's domain has a DS record in its parent zone, so resolvers check its signatures, and these are expired, missing
or made with another key. Exchange Online, which looks for DANE, cannot trust the answer and does not deliver: `4.7.324
dnssec-invalid: Destination domain returned invalid DNSSEC records`. Any validating resolver says SERVFAIL for that domain.

## What proves it
- a validating resolver fails where the same query without validation (`+cd`) answers
- a public resolver says SERVFAIL (all the great ones validate) where one's own answers, in a domain that is signed

## Not this when
- public resolvers answer, or `delv` says `fully validated`
- the answers validate and the certificate doesn't match them (`4.7.323`, `tls.dane.tlsa-mismatch`)

## References
- https://learn.microsoft.com/en-us/purview/how-smtp-dane-works
- https://learn.microsoft.com/en-us/troubleshoot/exchange/email-delivery/ndr/non-delivery-reports-in-exchange-online
- https://dnsviz.net/
"""

from __future__ import annotations

from collections.abc import Sequence

from diagnostics.cause import Belief, Finding, cause, look, shown
from diagnostics.causes.tls.destination import Destination, dane, destination_of, if_yours, write_to
from diagnostics.facts import Reply, Said
from diagnostics.looked_facts import DnsAnswer
from diagnostics.mail_facts import Configured
from diagnostics.policies import in_force
from diagnostics.recognisers.tlsa_records import DELV
from diagnostics.report import Step

_WORDS = "dnssec-invalid"
_LOOKED_UP = ("TLSA lookup error for", "DANE TLSA lookup problem")
_OTHERS = (
    *_LOOKED_UP,
    "bad response code to TLSA query",
    "InfoDomainDNSSECFailed",
    "non DNSSEC destination",  # Postfix, where its policy for the domain is dane-only
)
_TLSA = "_25._tcp."
# Public resolvers that check signatures.
_VALIDATING = frozenset({
    "1.1.1.1", "1.0.0.1", "one.one.one.one", "8.8.8.8", "8.8.4.4", "dns.google", "9.9.9.9", "149.112.112.112", "dns.quad9.net",
    "2606:4700:4700::1111", "2001:4860:4860::8888", "2620:fe::fe",
})  # fmt: skip


@cause(id="tls.dane.dnssec-invalid", act="recipient-side", says=(_WORDS, "4.7.324", "5.7.324", *_OTHERS))
def assess(said: Said | DnsAnswer, replies: tuple[Reply, ...], settings: tuple[Configured, ...]) -> Finding | None:
    """Exchange Online's own words, those of Postfix, or the look-up of a TLSA record itself."""
    if isinstance(said, DnsAnswer):
        return _from_look_up(said)
    where = destination_of(said, replies)
    steps = _steps(where)
    if said.signature in _LOOKED_UP:
        return _not_answered(said, where, settings)
    return dane(said, f"the signed DNS answers of {where.domain or where.name} do not validate", _WORDS, steps)


@shown
def validation(answers: tuple[DnsAnswer | Configured, ...]) -> Finding | None:
    """Resolvers that check signatures, beside a look-up that does not."""
    settings = [each for each in answers if isinstance(each, Configured)]
    delved = next((each for each in settings if each.kind == DELV), None)
    if delved:
        return _delved(delved)
    looked = [each for each in answers if isinstance(each, DnsAnswer) and not each.name.endswith(".arpa")]
    broken = next((each for each in looked if each.error == "SERVFAIL" and "cd" not in each.flags), None)
    if broken is None:
        return _in_order(looked)
    same = [each for each in looked if each.ok and each.name == broken.name]
    unchecked = next((each for each in same if "cd" in each.flags), None)
    where = Destination("", broken.name)
    by = broken.server or "A validating resolver"
    policy = in_force(settings, "dane") or in_force(settings, "dnssec")
    if unchecked:
        because = f"{by} says SERVFAIL for {broken.name}, and answers where the signatures are not to be checked (+cd)."
        belief = Belief.CONFIRMED if policy else Belief.LIKELY
        return Finding(belief, because, (broken, unchecked, policy), _steps(where))
    if not (same and policy and broken.server in _VALIDATING):
        return None
    other = same[0].server or "the own resolver"
    because = f"{by}, which checks signatures, says SERVFAIL for {broken.name}, while {other} answers."
    return Finding(Belief.LIKELY, because, (broken, same[0], policy), _steps(where))


def _delved(delved: Configured) -> Finding | None:
    if delved.get("Verdict") == "valid":
        return Finding(Belief.RULED_OUT, "delv says that the answer is fully validated.", (delved,))
    because = f"delv says that the signed answer does not validate (`{delved.get('Reason')}`)."
    where = Destination("", delved.name)
    return Finding(Belief.CONFIRMED, because, (delved,), _steps(where)) if delved.get("Reason") else None


def _in_order(looked: Sequence[DnsAnswer]) -> Finding | None:
    """A checked answer, or the own resolver's and a public one's to the same question."""
    good = [
        each
        for each in looked
        if each.ok and each.values("MX", "TLSA") and each.source.paste > 0 and "cd" not in each.flags
    ]
    checked = next((each for each in good if "ad" in each.flags or each.server in _VALIDATING), None)
    again = next((each for each in good if sum(other.name == each.name for other in good) > 1), None)
    seen = checked or again
    if seen is None or any(each.error == "SERVFAIL" for each in looked):
        return None
    by = f" ({seen.server})" if seen.server else ""
    return Finding(Belief.RULED_OUT, f"{seen.name} resolves with resolvers that check signatures{by}.", (seen,))


def _not_answered(said: Said, where: Destination, settings: tuple[Configured, ...]) -> Finding:
    """Postfix got no answer that it may trust: the zone's signatures, or the resolver that checks them."""
    because = f"The look-up of the TLSA record of {where.domain or where.name} failed, so it is not known whether "
    because += "DANE asks for a check"
    log = next((each for each in settings if each.kind == "resolver-log" and each.get("Fault") == "unproven"), None)
    if log:
        because += ", and the resolver's log says that the signed answer does not validate."
        return Finding(Belief.LIKELY, because, (said, log), _steps(where), weight=1.5)
    because += ": the zone's signatures do not validate, its name servers mishandle the question, or this server's own resolver "
    because += "does."
    return Finding(Belief.POSSIBLE, because, (said,), _steps(where), weight=1.7)


def _from_look_up(answer: DnsAnswer) -> Finding | None:
    """SERVFAIL for a TLSA record: a sender that checks DANE may not deliver then."""
    if not answer.name.startswith(_TLSA) or answer.error != "SERVFAIL":
        return None
    host = answer.name.removeprefix(_TLSA)
    because = f"A validating resolver answers SERVFAIL for the TLSA record of {host}: its signatures do not "
    because += "validate, or its name "
    because += "servers mishandle the question; who checks DANE does not deliver."
    return Finding(Belief.LIKELY, because, (answer,), _steps(Destination(host, "")), weight=1.5)


def _steps(where: Destination) -> tuple[Step, ...]:
    domain = where.domain or where.host
    return (
        look(
            "Ask with and without validation: SERVFAIL first and an answer with +cd means broken signatures.",
            "dig @1.1.1.1 MX {domain:token}; dig @1.1.1.1 +cd MX {domain:token}",
            "bash",
            domain=domain,
        ),
        look(
            "See which signature or key is wrong (dnsviz.net draws the same).",
            "delv @1.1.1.1 {domain:token} MX +rtrace",
            "bash",
            domain=domain,
        ),
        write_to(
            where, "the DNSSEC signatures of its zone do not validate (expired, or the DS record names another key)."
        ),
        if_yours(
            "sign the zone again, or correct the DS record at the registrar; both have to name the same key.",
            "The signatures, or the DS record in the parent zone.",
            "delv says `fully validated`, and mail from Exchange Online arrives.",
        ),
    )
