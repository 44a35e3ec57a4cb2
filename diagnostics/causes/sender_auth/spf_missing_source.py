"""The domain's SPF record does not list the server that sent the mail.

## What is happening
The receiver looks up the SPF record of the envelope sender's domain and finds the connecting address not in it. The
domain's owner added a new server, service or egress address and not the record, or the mail is sent by somebody else.
Receivers say 5.7.23, "is not allowed to send from", "does not designate … as permitted sender", or spf=fail.

## What proves it
- spf=fail names an address that the domain's record doesn't cover, and the source is the domain's own

## Not this when
- the address is the receiver's own gateway (`sender-auth.spf.gateway-evaluated`)
- one's own server refused, and the sender's record lists the address
- a forwarder sent the message on (`sender-auth.dmarc.forwarding-broken`)
- spf=permerror: the record itself is invalid (`sender-auth.spf.permerror`)
- the same header says compauth=pass or dmarc=pass: then nothing is wrong

## References
- https://learn.microsoft.com/en-us/troubleshoot/exchange/email-delivery/ndr/fix-error-code-5-7-23-in-exchange-online
- https://learn.microsoft.com/en-us/defender-office-365/email-authentication-spf-configure
- https://www.rfc-editor.org/rfc/rfc7208
"""

from __future__ import annotations

from typing import Final

from msgspec.structs import replace

from diagnostics.cause import Belief, Finding, cause, shown
from diagnostics.causes.connector.heard import heard
from diagnostics.causes.connector.turned_away import refusing_many
from diagnostics.causes.hybrid.twice import second_pass
from diagnostics.causes.network.inbound_source_masked import hidden_behind
from diagnostics.causes.network.reach import kind_of
from diagnostics.causes.reputation.addresses import pool_of
from diagnostics.causes.sender_auth.records import Spf, broken, spf_of
from diagnostics.causes.sender_auth.results import (
    ENFORCED,
    NEITHER_PASSES,
    SPF_FAILED,
    address_in,
    aligned,
    another_sender,
    bulk_rules,
    detour,
    domain_in,
    half_of,
    judged_inside,
    name_of,
    named,
    publish_spf,
    read_spf,
    receivers_own,
    record_settles,
    refused,
    rewritten,
    told_gateway,
    way_of,
)
from diagnostics.causes.sender_auth.spf_gateway_evaluated import relayed
from diagnostics.facts import Fact, Reply, Said, Session
from diagnostics.looked_facts import DnsAnswer
from diagnostics.mail_facts import Addressed, Antispam, Authentication, Configured, Headers, Hops, Traced, Tracked
from diagnostics.refusals import topics
from diagnostics.report import Step

_GMAIL: Final = "SPF check for ["
# Names of the check itself: what became of it, the words around tell.
_NAMES: Final = (
    "SPF",
    "Sender Policy Framework",
    "open-spf",
    "openspf",
    "domain owner discourages use of this host",  # the explanation of a softfail (Mail::SPF)
    "permitted sender",
    "invalid ip",
    "mismatches client ip",
)


@cause(
    id="sender-auth.spf.missing-source",
    act="dns",
    says=(
        "5.7.23",
        "does not designate",
        "not allowed to send from",
        "not allowed to send mail from",
        "SPF check failed",
        "confirm that your message was sent from a trusted location",
        "Sender Policy Framework (SPF) validation for the sender's domain fails",
        "SPF authentication didn't pass",
        "hard fail policy (-all) but it fails to pass SPF",
        "SPF fail - not authorized",
        "Sender Policy Framework violation",
        "Sender ID (PRA) Not Permitted",
        _GMAIL,
        *_NAMES,
        *NEITHER_PASSES,
    ),
)
def assess(
    anchor: Said | Authentication | Configured,
    headers: tuple[Headers, ...],
    settings: tuple[Configured, ...],
    entries: tuple[Tracked, ...],
    traces: tuple[Traced, ...],
    replies: tuple[Reply, ...],
    sessions: tuple[Session, ...],
    answers: tuple[DnsAnswer, ...],
    spam: tuple[Antispam, ...],
    addressed: tuple[Addressed, ...],
    ways: tuple[Hops, ...],
    others: tuple[Authentication, ...],
    _way: Hops | None,
) -> Finding | None:
    """Whose address failed decides: the domain's own source, a forwarder, or the receiver's gateway."""
    if isinstance(anchor, Configured):
        alone = not others and not any(each.failing for each in replies) and broken(answers) is None
        return _of_record(anchor) or _of_web_host(anchor) or (_of_failure(anchor) if alone else None)
    if isinstance(anchor, Said):
        way = way_of(anchor, headers, settings, entries, traces, addressed)
        theirs = receivers_own(anchor, replies)
        if theirs:
            because = f"{theirs} lies in the network of the server that was delivered to: it is the receiver's own."
            return Finding(Belief.RULED_OUT, because, (anchor,))
        inside = judged_inside(anchor.text) or hidden_behind(anchor, replies, sessions)
        found = _said(anchor, way, heard(anchor, replies, sessions).egress, answers, inside)
        found = _of_everybody(found, refusing_many(settings))
        by_record = anchor.signature not in NEITHER_PASSES or record_settles(anchor.text)
        return replace(found, complete=by_record) if found else None
    if anchor.spf == "permerror" and refused(anchor):
        because = "The SPF record is invalid (spf=permerror), so nobody read which addresses it lists."
        return Finding(Belief.RULED_OUT, because, (anchor,))
    if anchor.spf not in SPF_FAILED or not refused(anchor):
        return None
    ip, domain = anchor.sender_ip, name_of(anchor.mail_from or anchor.header_from)
    record = spf_of(domain, answers) if domain else None
    gateway = next((s for s in settings if ip and ip in s.items("SenderIPAddresses")), None)
    gateway = gateway or told_gateway(anchor, settings)
    if gateway or kind_of(ip) == "internal":
        because = f"{ip} is the receiver's own hop, not the sender's server: SPF can't hold for it."
        return Finding(Belief.RULED_OUT, because, (anchor, gateway))
    again = second_pass(ip, headers, next(iter(spam), None), settings)
    if again:
        because = f"{ip} is a server of the receiver's own, which handed on what Exchange Online had taken from "
        because += f"{again.first}: SPF was judged for the wrong address."
        return Finding(Belief.RULED_OUT, because, (anchor, again.own))
    before = relayed(anchor, ways)
    if before and record and record.lists(before.ip):
        because = (
            f"The SPF record of `{domain}` lists {before.ip}, the server from which {before.by} had taken the message: "
        )
        because += f"the record is right, and {ip} only passed the message on."
        return Finding(Belief.RULED_OUT, because, (anchor, record.answer))
    because = f"{named(domain, 'The sender domain')} does not list {ip or 'the sending address'} in its SPF record"
    because += f" (spf={anchor.spf})."
    steps = (publish_spf(ip),) if record else (read_spf(domain), publish_spf(ip))
    if detour(headers, settings, entries, traces):
        because += " The message came over a detour, so the address is likely a forwarder's."
        return Finding(Belief.POSSIBLE, because, (anchor,), steps, weight=0.9)
    if record and (settled := _by_record(record, ip, domain, anchor, steps)):
        return settled
    other = another_sender(anchor, others)
    if other:
        because += f" Nor does `{name_of(other.mail_from or other.header_from)}`: the address passes on mail of others."
        return Finding(Belief.POSSIBLE, because, (anchor, other), steps, weight=0.9)
    return _unlisted(anchor, because, domain, steps)


@shown
def records(
    answers: tuple[DnsAnswer, ...], replies: tuple[Reply, ...], results: tuple[Authentication, ...]
) -> Finding | None:
    """Whether the record has the address that was judged. What an include: leads to is not in it."""
    judged = [
        (name_of(each.mail_from or each.header_from), each.sender_ip) for each in results if each.spf in SPF_FAILED
    ]
    judged += [(domain_in(each.text), address_in(each.text) or _own_client(each)) for each in replies if each.failing]
    for domain, ip in judged:
        record = spf_of(domain, answers) if domain else _lone(answers)
        if record is None or not ip or record.fault:
            continue
        name = named(domain or record.answer.name, "the sender's domain")
        if not record.records:
            return Finding(Belief.CONFIRMED, f"{name} publishes no SPF record.", (record.answer,), (publish_spf(ip),))
        listed = record.lists(ip)
        because = f"The SPF record of {name}, {record.records[0]}, {'lists' if listed else 'does not list'} {ip}."
        if listed is False:
            return Finding(Belief.CONFIRMED, because, (record.answer,), (publish_spf(ip),), weight=1.5)
        # Who was refused may have mended the record since; a stranger's, whom one's own server refused, nobody here has.
        if listed and any(ip == _own_client(each) for each in replies):
            return Finding(Belief.RULED_OUT, because, (record.answer,))
    return None


def _own_client(reply: Reply) -> str:
    """The client that the reader's own server refused: its Sender ID agent writes the address beside its words."""
    return reply.ip if "sender id" in reply.text.lower() else ""


def _lone(answers: tuple[DnsAnswer, ...]) -> Spf | None:
    """The record, where the refusal names no domain and that of one was looked up."""
    found = [record for each in answers if (record := spf_of(each.name, (each,))) and record.records]
    return found[0] if len({each.records for each in found}) == 1 else None


def _unlisted(anchor: Authentication, because: str, domain: str, steps: tuple[Step, ...]) -> Finding:
    judged_by_dmarc = anchor.dmarc == "fail" and anchor.action in ENFORCED
    apart = bool(anchor.header_from) and not aligned(domain, anchor.header_from)
    weight = 1.1 if apart else 1.7 if judged_by_dmarc or anchor.spf == "softfail" else 1.9
    return Finding(Belief.POSSIBLE, because, (anchor,), steps, weight=weight)


def _of_record(told: Configured) -> Finding | None:
    """A record that lets nobody send."""
    if told.kind != "told-spf":
        return None
    because = (
        "The SPF record lets only the domain's MX hosts send, and there is no MX"
        if told.name
        else "The SPF record lets nobody send"
    )
    because += ": whatever sends for the domain fails. Its address, or its provider's include, has to be added."
    belief = Belief.LIKELY if told.name else Belief.POSSIBLE  # a domain that never sends rightly has such a record
    return Finding(belief, because, (told,), (read_spf(""), publish_spf("")), weight=1.8, complete=True)


def _of_failure(told: Configured) -> Finding | None:
    """A record, and that SPF fails: told of a valid record, so of an address that it lacks."""
    if told.kind != "told-spf-failed" or told.name:
        return None
    because = (
        "SPF fails, as you say, and the record is valid: the address that was judged is not in it. If it is one of "
    )
    because += (
        "your own servers or services, it has to be added; the headers at the receiver name it (spf=, client-ip)."
    )
    return Finding(Belief.POSSIBLE, because, (told,), (read_spf(""), publish_spf("")), weight=1.6)


def _of_web_host(told: Configured) -> Finding | None:
    """A form sends as the own domain, from a web server that its record does not know yet."""
    if told.kind != "told-web-host":
        return None
    because = "The form's mail comes from a new web server now. If it is sent as an address of your own domain, that "
    because += (
        "server has to stand in the SPF record; the headers of one such message (spf=), or a message trace, tell."
    )
    return Finding(Belief.POSSIBLE, because, (told,), (read_spf(""), publish_spf("")), weight=1.8)


def _said(said: Said, way: Fact | None, egress: str, answers: tuple[DnsAnswer, ...], inside: str) -> Finding | None:
    """The receiver's words; `egress` is our address as its greeting named it, where the words have none; `inside` one of the
    receiver's own network that was judged."""
    low, about = said.text.lower(), topics(said)
    if "compauth=pass" in low or "does not designate permitted" in low or "temperror" in low:
        return None
    if about & {"rate", "fast"}:
        return None  # Gmail counts by the domain that SPF passed for
    if said.signature in NEITHER_PASSES:
        return None if inside else _half(said, way)
    if "spf-record" in about:
        return Finding(Belief.RULED_OUT, "The receiver could not read the SPF record: it is invalid.", (said,))
    if said.signature in _NAMES and ("spf" not in about or bulk_rules(low)):
        return None
    if inside:
        because = f"{inside} is an address inside the receiver's own network: no SPF record can list it."
        return Finding(Belief.RULED_OUT, because, (said,))
    domain, ip = domain_in(said.text), address_in(said.text) or egress
    because = f"The receiver refused because {ip or 'the sending address'} is not in the SPF record of "
    because += named(domain, "the sender's domain") + "."
    record = spf_of(domain, answers) if domain else broken(answers)
    steps = (publish_spf(ip),) if record else (read_spf(domain), publish_spf(ip))
    if record and (settled := _by_record(record, ip, domain or record.answer.name, said, steps)):
        return settled
    if elsewhere := _forwarded(said, way):
        return Finding(Belief.POSSIBLE, f"{because} {elsewhere}", (said, way), steps, weight=1.0)
    if said.signature == _GMAIL or about & {"dkim", "dmarc"}:
        return Finding(Belief.POSSIBLE, because, (said,), steps, weight=1.2)
    return Finding(Belief.LIKELY, because, (said,), steps, weight=1.0)


def _of_everybody(found: Finding | None, many: Configured | None) -> Finding | None:
    """SPF can't fail for everybody outside by a record of theirs."""
    if found is None or many is None or found.belief is not Belief.LIKELY:
        return found
    because = (
        f"{found.because} It meets many senders, as you say, a provider's for one, and their records are in order."
    )
    return replace(found, belief=Belief.POSSIBLE, because=because, weight=0.8)


def _half(said: Said, way: Fact | None) -> Finding | None:
    """Nothing passes, and SPF is what is set up most often, and forgotten with each new server."""
    because = half_of(said, way, "SPF")
    if not because:
        return None
    domain, ip = domain_in(said.text), address_in(said.text)
    because += f"; SPF would, if the domain's record listed {ip or 'the server that sends it'}."
    weight = 1.2 if bulk_rules(said.text) else 1.05
    return Finding(Belief.POSSIBLE, because, (said,), (read_spf(domain), publish_spf(ip)), weight=weight)


def _forwarded(said: Said, way: Fact | None) -> str:
    """What says that the address is a forwarder's; "" where nothing does."""
    if pool_of(said.text) == "relay":
        return "That is the relay pool of Exchange Online, for forwarded mail; no SPF record lists it."
    forwarded = way is not None or rewritten(said.text)
    return "The message was forwarded, which alone can break SPF." if forwarded else ""


def _by_record(record: Spf, ip: str, domain: str, anchor: Fact, steps: tuple[Step, ...]) -> Finding | None:
    """What the record says of the address, where it was looked up and settles it."""
    evidence = (record.answer, anchor)
    if record.fault:
        return Finding(
            Belief.RULED_OUT, f"The SPF record of `{domain}` is invalid for every source: {record.fault}.", evidence
        )
    if not record.records:
        because = f"`{domain}` publishes no SPF record, so no source of it can pass."
        return Finding(Belief.CONFIRMED, because, evidence, steps, weight=1.5)
    listed = record.lists(ip) if ip else None
    if listed:
        because = f"The SPF record of `{domain}` lists {ip} now: send again; receivers may hold the former record for its TTL."
        return Finding(Belief.LIKELY, because, (anchor, record.answer), (read_spf(domain),), weight=1.0)
    if listed is None:
        return None
    because = f"The SPF record of `{domain}`, {record.records[0]}, does not list {ip}."
    return Finding(Belief.CONFIRMED, because, evidence, steps, weight=1.5)
