"""The destination's domain claims DNSSEC, and its signatures do not validate.

## What is happening
The recipient's domain has a DS record in its parent zone, so resolvers check its signatures, and these are expired, missing
or made with another key. Exchange Online, which looks for DANE, cannot trust the answer and does not deliver: `4.7.324
dnssec-invalid: Destination domain returned invalid DNSSEC records`. Any validating resolver says SERVFAIL for that domain.

## What proves it
- the reply; a validating resolver fails where the same query without validation (`+cd`) answers

## Not this when
- the answers validate and the certificate doesn't match them (`4.7.323`, `tls.dane.tlsa-mismatch`)

## References
- https://learn.microsoft.com/en-us/purview/how-smtp-dane-works
- https://learn.microsoft.com/en-us/troubleshoot/exchange/email-delivery/ndr/non-delivery-reports-in-exchange-online
- https://dnsviz.net/
"""

from __future__ import annotations

from diagnostics.cause import Belief, Finding, cause, look
from diagnostics.causes.tls.destination import Destination, dane, destination_of, if_yours, write_to
from diagnostics.facts import Reply, Said
from diagnostics.looked_facts import DnsAnswer
from diagnostics.mail_facts import Configured
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
