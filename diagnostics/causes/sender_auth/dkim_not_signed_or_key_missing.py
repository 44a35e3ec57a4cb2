"""The message is not signed with DKIM, or its key is not in DNS.

## What is happening
Either the sending service doesn't sign for the domain (dkim=none), or it signs with a selector whose public key the
receiver can't find or read (no key for signature, permerror): the CNAME or TXT record under `_domainkey` is
missing, was removed with a service, or is broken.

## What proves it
- dkim=fail (no key for signature), dkim=permerror
- the log of a signing agent says that it could not sign the message
- Get-DkimSigningConfig shows Enabled False, or the selector records don't resolve (a look-up alone: a hint, as it may be
  another selector that signs)

## Not this when
- Get-DkimSigningConfig shows Enabled True and Status Valid for the domain
- dkim=pass, but for another domain (`sender-auth.dmarc.unaligned`)
- dkim=fail because of the body hash (`sender-auth.dkim.body-modified`)
- the same header says compauth=pass or dmarc=pass: then nothing is wrong
- AuthAs is Internal: mail between mailboxes of one tenant, also of two of its domains, is not signed, by design

## References
- https://learn.microsoft.com/en-us/defender-office-365/email-authentication-dkim-configure
- https://www.rfc-editor.org/rfc/rfc6376
"""

from __future__ import annotations

from typing import Final

from diagnostics.cause import Belief, Finding, cause, change, look, shown
from diagnostics.causes.dns.lookups import nonexistent
from diagnostics.causes.network.inbound_source_masked import hidden_behind
from diagnostics.causes.recipient.steps import advise
from diagnostics.causes.sender_auth.results import (
    NEITHER_PASSES,
    bulk_rules,
    dkim_words,
    domain_in,
    half_of,
    name_of,
    named,
    no_key,
    record_settles,
    refused,
    sign,
    signature_lost,
    signing_state,
    way_of,
)
from diagnostics.facts import Fact, Reply, Said, Session
from diagnostics.looked_facts import DnsAnswer
from diagnostics.mail_facts import Addressed, Antispam, Authentication, Configured, Headers, Hops, Traced, Tracked
from diagnostics.patterns import linear
from diagnostics.refusals import topics
from diagnostics.report import Act, Step

# The library inside DkimSigner, the open-source signing agent for Exchange, about an entry that it doesn't know.
_UNSIGNED: Final = "list of headers to sign should not include"
_CHANGED: Final = linear(r"\bbody (?:was|has been) (?:altered|modified|changed)\b")


@cause(
    id="sender-auth.dkim.not-signed-or-key-missing",
    act="sender",
    says=(
        "5.7.20",
        "5.7.21",
        "5.7.22",
        "no key for signature",
        "DKIM checks did not pass",
        "DKIM authentication didn't pass",
        "No passing DKIM signature",
        "DKIM",
        _UNSIGNED,
        *NEITHER_PASSES,
    ),
)
def assess(
    anchor: Said | Authentication | DnsAnswer | Configured,
    headers: tuple[Headers, ...],
    answers: tuple[DnsAnswer, ...],
    settings: tuple[Configured, ...],
    entries: tuple[Tracked, ...],
    traces: tuple[Traced, ...],
    addressed: tuple[Addressed, ...],
    replies: tuple[Reply, ...],
    sessions: tuple[Session, ...],
    reports: tuple[Antispam, ...],
    _way: Hops | None,
) -> Finding | None:
    """A missing key is proof; no signature at all is mostly one part of a bigger failure."""
    if isinstance(anchor, DnsAnswer):
        return _looked_up(anchor, settings)
    if isinstance(anchor, Configured):
        return _switched_off(anchor)
    if isinstance(anchor, Said) and anchor.signature == _UNSIGNED:
        because = (
            "The signing agent refuses its own list of the headers to sign, so mail leaves without a DKIM signature."
        )
        return Finding(Belief.LIKELY, because, (anchor,), _agent_steps(), "on-prem", weight=1.4, complete=True)
    if isinstance(anchor, Said) and anchor.signature in NEITHER_PASSES:
        way = way_of(anchor, headers, settings, entries, traces, addressed)
        return None if hidden_behind(anchor, replies, sessions) else _half(anchor, way)
    if isinstance(anchor, Said):
        return _said(anchor, _act(answers))
    within = next((each for each in reports if each.get("AuthAs").lower() == "internal"), None)
    if within and (anchor.dkim, anchor.compauth) == ("none", "") and anchor.source.paste == within.source.paste:
        return _within(anchor, within)
    return _authenticated(anchor, headers, answers)


def _within(anchor: Authentication, report: Antispam) -> Finding:
    """Mail from one mailbox of the organization to another, also where their domains differ, is not signed by design."""
    because = (
        "The message is not signed, and need not be: AuthAs is Internal, so it stayed within one organization, and "
    )
    because += "Exchange Online signs what leaves it. Such a copy shows nothing of what others receive."
    return Finding(Belief.LIKELY, because, (anchor, report), (_from_elsewhere(),), "sender", weight=1.2)


def _from_elsewhere() -> Step:
    return advise(
        "Nothing is wrong with it. To see the signature, send a message to a mailbox outside the organization, and read dkim= "
        "in the headers that it has there."
    )


def _authenticated(
    anchor: Authentication, headers: tuple[Headers, ...], answers: tuple[DnsAnswer, ...]
) -> Finding | None:
    lost = signature_lost(anchor)
    if not refused(anchor) and not lost:
        return None
    domain = name_of(anchor.header_from or anchor.mail_from)
    words = dkim_words(anchor, headers)
    keyless = no_key(words)
    if keyless or anchor.dkim == "permerror":
        signer = name_of(anchor.header_d) if anchor.header_d not in ("", "none") else domain
        because = f"The message is signed{f' for `{signer}`' if signer else ''}, but the receiver finds no usable key for that "
        because += "signature in DNS."
        if lost:
            because += " It passed by SPF alone, so the next forward breaks it."
        belief = Belief.CONFIRMED if keyless else Belief.LIKELY
        return Finding(belief, because, (anchor,), _steps(signer), _act(answers), weight=1.5)
    if anchor.dkim == "fail" and not (words or anchor.spf or anchor.dmarc):
        because = "The DKIM signature fails, and nothing says why: the key in DNS may be missing or another one."
        return Finding(Belief.POSSIBLE, because, (anchor,), _steps(domain), weight=1.1)
    if anchor.dkim != "none":
        return None
    because = (
        f"Mail of {named(domain, 'the sender domain')} is not signed with DKIM; a signature for the From domain would "
    )
    because += "have made it authentic."
    return Finding(Belief.POSSIBLE, because, (anchor,), _steps(domain), weight=1.1)


def _looked_up(answer: DnsAnswer, settings: tuple[Configured, ...]) -> Finding | None:
    """A selector that is not in DNS. Whether mail is signed by it, its header tells, or the settings of the signing."""
    selector, _, domain = answer.name.partition("._domainkey.")
    if not domain or not nonexistent(answer):
        return None
    because = f"`{answer.name}` does not exist, so a signature of `{domain}` with the selector {selector} finds no key."
    state = next((each for each in settings if _off(each) and name_of(each.get("Domain") or domain) == domain), None)
    if state is None:
        because += " Whether the mail is signed by that selector is not told: DKIM-Signature names it (s=, d=)."
        return Finding(Belief.POSSIBLE, because, (answer,), _steps(domain), "dns", weight=1.6)
    because += f" Exchange Online does not sign for the domain either ({_off(state)})."
    return Finding(Belief.LIKELY, because, (answer, state), _steps(domain), "dns", weight=1.5)


def _switched_off(state: Configured) -> Finding | None:
    """What Exchange Online says of its own signing for a domain."""
    told = _off(state)
    if not told:
        return None
    domain = name_of(state.get("Domain") or state.name)
    because = f"Exchange Online does not sign mail for {named(domain, 'the domain')} ({told})"
    because += ": the two CNAME records of its selectors are not found in DNS." if "missing" in told.lower() else "."
    return Finding(Belief.POSSIBLE, because, (state,), _steps(domain), "dns", weight=1.6)


@shown
def settings_of_signing(
    objects: tuple[Configured, ...], replies: tuple[Reply, ...], results: tuple[Authentication, ...]
) -> Finding | None:
    """Whether Exchange Online signs for the domain, and finds the records of its selectors; the tenant's own domain always is."""
    domains = {name_of(each.header_from or each.mail_from) for each in results}
    domains |= {domain_in(each.text) for each in replies if each.failing}
    domains.discard("")
    states = [
        each for each in objects if each.kind == "dkim-signing-config" and not _of(each).endswith(".onmicrosoft.com")
    ]
    states = [each for each in states if not domains or _of(each) in domains]
    off = next(filter(_off, states), None)
    if off:
        because = f"Exchange Online does not sign mail for {named(_of(off), 'the domain')} ({_off(off)})."
        return Finding(Belief.LIKELY, because, (off,), _steps(_of(off)), "dns")
    if not states or not all(each.flag("Enabled") and each.get("Status").lower() == "valid" for each in states):
        return None
    because = (
        f"Exchange Online signs for {named(_of(states[0]), 'the domain')}, and its records are found (Status Valid)."
    )
    return Finding(Belief.RULED_OUT, because, tuple(states[:3]))


def _of(state: Configured) -> str:
    return name_of(state.get("Domain") or state.name)


def _off(state: Configured) -> str:
    """What of the settings says that nothing is signed; "" where they don't say it."""
    if state.kind != "dkim-signing-config":
        return ""
    status = state.get("Status")
    told = ["Enabled False"] if state.flag("Enabled") is False else []
    told += [f"Status {status}"] if status.lower() in ("cnamemissing", "nokey", "nokeyfound", "nodkimkeys") else []
    return ", ".join(told)


def _act(answers: tuple[DnsAnswer, ...]) -> Act | None:
    """Who looks the key up is the one who publishes it."""
    return "dns" if any("._domainkey." in each.name for each in answers) else None


def _said(said: Said, act: Act | None) -> Finding | None:
    low = said.text.lower()
    if "duplicate header" in low:
        return None  # the field stands twice: that is a fault of the form, and the signatures may be right
    domain = domain_in(said.text)
    steps = _steps(domain)
    if "compauth=pass" in low or "body hash" in low or _CHANGED.search(low):
        return None
    if no_key(said.text):
        because = "The receiver finds no key in DNS for the message's DKIM signature."
        return Finding(Belief.CONFIRMED, because, (said,), steps, act)
    about = topics(said)
    if "did not verify" in low or (said.signature == "DKIM" and ("dkim" not in about or bulk_rules(low))):
        return None
    because = "The receiver found no DKIM signature that passes"
    because += f" for `{domain}`." if domain else "."
    if "no passing" in low or said.signature.startswith("5.7.2"):
        # A signature that does not verify any more is none that passes.
        return Finding(Belief.POSSIBLE, because, (said,), steps, weight=1.6)
    if about & {"spf", "dmarc"}:
        return Finding(Belief.POSSIBLE, because, (said,), steps, weight=1.1)
    return Finding(Belief.LIKELY, because, (said,), steps, weight=1.1)


def _half(said: Said, way: Fact | None) -> Finding | None:
    because = half_of(said, way, "DKIM")
    if not because or "compauth=pass" in said.text.lower():
        return None
    because += "; a DKIM signature of that domain would, and it outlasts most forwards."
    steps = _steps(domain_in(said.text))
    return Finding(Belief.POSSIBLE, because, (said,), steps, weight=1.0, complete=record_settles(said.text))


def _agent_steps() -> tuple[Step, ...]:
    return (
        look(
            "See the signing agent among the agents of this server, and in its own window the list of headers to sign.",
            "Get-TransportAgent | Format-Table Identity,Enabled,Priority",
        ),
        change(
            "In the agent's window, take out of that list what the log names before the error, save, and restart transport; a "
            "newer version of the agent may know the entry.",
            "",
            shell="portal",
            changes="The signature no longer covers that header.",
            undo="Add the header again.",
            verify="A new message shows dkim=pass at its receiver, and the log no such error.",
        ),
    )


def _steps(domain: str) -> tuple[Step, ...]:
    return (signing_state(domain), sign(domain))
