"""DMARC fails at the origin: neither SPF nor DKIM passes for the From domain.

## What is happening
DMARC wants one of SPF and DKIM to pass for the domain that people see in From. A service that sends in the domain's name
passes both for its own domain, or neither passes at all, and the domain's published policy is reject or quarantine. The
domain's owner has to let the service sign with d= of the domain, or use a return path in it. A subdomain without a record of its
own has the policy of the domain above: its sp=, or else its p=.

## What proves it
- smtp.mailfrom and header.d are other domains than header.from, and dmarc=fail with the action reject, oreject or
  quarantine
- dkim=pass for a name by which a provider signs as long as the domain has no key there (`…gappssmtp.com`), and dmarc=fail
- `550 5.7.509 … does not pass DMARC verification and has a DMARC policy of reject`

## Not this when
- the original message passed and only its forwarded copy fails (`sender-auth.dmarc.forwarding-broken`)
- the message bears a signature of the From domain itself that does not verify: see to the signature (its key, or what
  changed the message)
- the same header says compauth=pass: then nothing is wrong

## References
- https://learn.microsoft.com/en-us/defender-office-365/email-authentication-dmarc-configure
- https://learn.microsoft.com/en-us/troubleshoot/exchange/email-delivery/ndr/non-delivery-reports-in-exchange-online
- https://support.google.com/a/answer/81126
"""

from __future__ import annotations

from typing import Final

from msgspec.structs import replace

from diagnostics.cause import Belief, Finding, cause
from diagnostics.causes.network.inbound_source_masked import hidden_behind
from diagnostics.causes.network.providers import has_mailboxes
from diagnostics.causes.sender_auth.results import (
    DEFAULT_SIGNERS,
    ENFORCED,
    aligned,
    bulk_rules,
    detour,
    domain_in,
    elsewhere,
    name_of,
    named,
    read_dmarc,
    read_spf,
    record_settles,
    refused,
    rewritten,
    sign,
    signed_by_another,
    way_of,
)
from diagnostics.facts import Fact, Reply, Said, Session
from diagnostics.looked_facts import DnsAnswer
from diagnostics.mail_facts import Addressed, Authentication, Configured, Headers, Hops, Traced, Tracked
from diagnostics.patterns import linear
from diagnostics.refusals import topics
from diagnostics.report import Step

_GOOGLE: Final = ".gappssmtp.com"
_POLICY = linear(r"(?i)(?:^|[;\s])(sp\s?=\s?(?:reject|quarantine))\b")


@cause(
    id="sender-auth.dmarc.unaligned",
    act="dns",
    says=(
        "does not pass DMARC verification",
        "5.7.509",
        "Unauthenticated email from",
        "domain's DMARC policy",
        "5.7.26",
        "5.7.9 Message not accepted for policy reasons",
        "isn't aligned with either the authenticated SPF or DKIM",
        "DMARC",
    ),
)
def assess(
    anchor: Said | Authentication,
    others: tuple[Authentication, ...],
    headers: tuple[Headers, ...],
    settings: tuple[Configured, ...],
    moves: tuple[Tracked, ...],
    traces: tuple[Traced, ...],
    addressed: tuple[Addressed, ...],
    answers: tuple[DnsAnswer, ...],
    replies: tuple[Reply, ...],
    sessions: tuple[Session, ...],
    _way: Hops | None,
) -> Finding | None:
    """A pass for another domain is proof; a detour of the message points at the forwarder instead."""
    if isinstance(anchor, Said):
        way = way_of(anchor, headers, settings, moves, traces, addressed)
        broken = next((each for each in others if _signed_in_vain(each)), None)
        inside = hidden_behind(anchor, replies, sessions)
        found = _of_hop(anchor, inside) if inside else _said(anchor, way, broken, answers)
        return replace(found, complete=way is not None or record_settles(anchor.text)) if found else None
    detoured = detour(headers, settings, moves, traces, addressed) is not None
    return _judged(anchor, detoured=detoured, earlier=elsewhere(anchor, others))


def _judged(anchor: Authentication, *, detoured: bool, earlier: Authentication | None) -> Finding | None:
    if anchor.dmarc != "fail" or not refused(anchor):
        return None
    domain = name_of(anchor.header_from)
    away = detoured or earlier is not None
    if _signed_by_default(anchor, away=away):
        because = f"The mail is signed for `{name_of(anchor.header_d)}` alone, as a provider does until the domain has a DKIM "
        because += f"key of its own there. That is not aligned with {named(domain, 'the From domain')}: "
        because += "DMARC hangs on SPF, which a forward breaks."
        return Finding(Belief.LIKELY if away else Belief.CONFIRMED, because, (anchor,), _steps(domain), weight=1.5)
    if away:
        because = f"DMARC fails for {named(domain, 'the From domain')} here, "
        because += "but the message made a detour, or was authentic before."
        return Finding(Belief.POSSIBLE, because, (anchor, earlier), _steps(domain), weight=0.9)
    if _signed_in_vain(anchor):
        because = f"DMARC fails for `{domain}`, but a signature of that very domain is there: it is aligned, and does not verify."
        return Finding(Belief.RULED_OUT, because, (anchor,))
    passing = _passing(anchor)
    if passing:
        because = f"From is {named(domain, 'of another domain')}, but what passes is {' and '.join(passing)}. "
        because += "That is not aligned with the From domain, so "
        because += f"DMARC fails (action={anchor.action})." if anchor.action else "DMARC fails."
        if has_mailboxes(domain):
            because += " That provider signs what its users send through it, so a forwarder may stand between."
            return Finding(Belief.POSSIBLE, because, (anchor,), _steps(domain), weight=1.4)
        belief = (
            Belief.LIKELY if signed_by_another(anchor) else Belief.CONFIRMED
        )  # a forwarder's signature looks like that
        return Finding(belief, because, (anchor,), _steps(domain))
    because = f"Neither SPF nor DKIM passes for the From domain{f' `{domain}`' if domain else ''}, so DMARC fails"
    because += f" and its policy is applied (action={anchor.action})." if anchor.action in ENFORCED else "."
    return Finding(
        Belief.POSSIBLE, because, (anchor,), _steps(domain), weight=1.8 if anchor.action in ENFORCED else 1.4
    )


def _signed_by_default(results: Authentication, *, away: bool) -> bool:
    """Whether what passes is the signature that the sender's provider adds by itself; it does so at the origin, whatever came
    after it. A tenant of Microsoft's signs what it forwards, too, so on a detour the name has to be the sender's."""
    signer = name_of(results.header_d)
    if results.dkim != "pass" or not signer.endswith(DEFAULT_SIGNERS):
        return False
    return not away or signer.endswith(_GOOGLE) or signer.split(".")[0] in name_of(results.header_from).split(".")


def _signed_in_vain(results: Authentication) -> bool:
    """A signature of the From domain itself that does not verify: then alignment is not what is missing."""
    return results.whose == "final" and results.dkim != "pass" and aligned(results.header_d, results.header_from)


def _passing(results: Authentication) -> list[str]:
    """What passed, each for a domain that the From domain isn't aligned with, or not strictly."""
    found = []
    if results.spf == "pass" and results.mail_from and name_of(results.mail_from) != name_of(results.header_from):
        found.append(f"SPF for `{name_of(results.mail_from)}`")
    if results.dkim == "pass" and results.header_d and not aligned(results.header_d, results.header_from):
        found.append(f"DKIM for `{name_of(results.header_d)}`")
    return found


def _inherited(domain: str, answers: tuple[DnsAnswer, ...]) -> str:
    """What the record of a domain above says of its subdomains, where that is another policy than its own."""
    for each in answers:
        above = each.name.removeprefix("_dmarc.")
        policy = next((found for text in each.values("TXT") if (found := _POLICY.search(text))), None)
        if each.name != above and domain.endswith(f".{above}") and policy:
            return (
                f" `{above}` asks for it of its subdomains ({policy.group(1)}), where they have no record of their own."
            )
    return ""


def _of_hop(said: Said, ip: str) -> Finding | None:
    """The receiver's own log has an address of its own network in the sender's place: what was judged is not the sender."""
    if said.signature != "DMARC" or "dmarc" not in topics(said):
        return None
    because = f"DMARC failed, but SPF was judged for {ip}, an address inside the receiver's network, which no record can list."
    return Finding(Belief.POSSIBLE, because, (said,), _steps(domain_in(said.text)), weight=0.9)


def _said(
    said: Said, way: Fact | None, broken: Authentication | None, answers: tuple[DnsAnswer, ...]
) -> Finding | None:
    low = said.text.lower()
    named_only = said.signature == "DMARC" and (bulk_rules(low) or "dmarc" not in topics(said))
    if "compauth=pass" in low or named_only:
        return None
    domain = domain_in(said.text)
    because = (
        f"The receiver refused because mail of {named(domain, 'the From domain')} passes neither SPF nor DKIM for that "
    )
    because += "domain (neither is aligned)"
    yahoo = said.signature.startswith("5.7.9 ")  # its page of error codes gives this number for a failed authentication
    if way is None and not yahoo and "dmarc" not in low and "aligned with either" not in low:
        weight = 1.0 if "is unauthenticated" in low else 1.6
        return Finding(Belief.POSSIBLE, because + ".", (said,), _steps(domain), weight=weight)
    because += ", and its DMARC policy asks for that." if "dmarc" in low else "."
    because += _inherited(domain, answers)
    if way or rewritten(said.text):
        because += " The message was forwarded, which alone can break it."
        return Finding(Belief.POSSIBLE, because, (said, way), _steps(domain), weight=1.0)
    if broken and aligned(broken.header_from, domain):
        because = (
            f"The message bears a signature of `{name_of(broken.header_d)}` itself: it is aligned, and does not verify."
        )
        return Finding(Belief.RULED_OUT, because, (broken, said))
    return Finding(Belief.LIKELY, because, (said,), _steps(domain), weight=1.0)


def _steps(domain: str) -> tuple[Step, ...]:
    return (read_dmarc(domain), read_spf(domain), sign(domain))
