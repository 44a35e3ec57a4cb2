"""The domain's SPF record is invalid.

## What is happening
The receiver can't evaluate the record at all and ends in a permanent error: more than ten DNS look-ups, two records that
begin with v=spf1, or a mistake in its syntax. Every receiver treats the domain as if its SPF failed or was missing,
whichever server sends.

## What proves it
- a test page says permerror or too many look-ups of the record
- spf=permerror, or "too many DNS lookups", in the receiver's answer
- two TXT records with v=spf1, or more than ten include, a, mx, ptr, exists and redirect terms counted through
- a term in the record that is no mechanism or has no such value (`ipv4:`, an address alone, `a:192.0.2.1`), and SPF failed

## Not this when
- the domain has one valid record (`sender-auth.spf.missing-source`)
- spf=temperror: the DNS did not answer

## References
- https://learn.microsoft.com/en-us/defender-office-365/email-authentication-spf-configure
- https://www.rfc-editor.org/rfc/rfc7208
"""

from __future__ import annotations

from msgspec.structs import replace

from diagnostics.cause import Belief, Finding, cause, change, shown
from diagnostics.causes.sender_auth.records import Spf, spf_of
from diagnostics.causes.sender_auth.results import PASSED, SPF_FAILED, domain_in, name_of, named, read_spf, refused
from diagnostics.causes.stories import told_as
from diagnostics.facts import Reply, Said
from diagnostics.looked_facts import DnsAnswer
from diagnostics.mail_facts import Authentication, Configured, Told
from diagnostics.refusals import topics
from diagnostics.report import Act, Step

_ID = "sender-auth.spf.permerror"
_GROWN = (
    "The SPF record has grown, or there are two of them, and since then some receivers refuse mail, as you tell it: with more "
    "than ten look-ups, or with a second record, no receiver can evaluate it, whichever server sends."
)
_TOO_MANY = "SPF Permanent Error: Too many DNS lookup"  # of pyspf, and of the checkers on web pages that use it


@cause(
    id=_ID,
    act="sender",
    says=(
        "spf=permerror",
        "SPF permerror",
        "SPF permanent error",
        "Too many DNS lookup",
        _TOO_MANY,
        "5.7.24",
        "SPF",
    ),
)
def assess(
    anchor: Said | Authentication | DnsAnswer | Configured | Told,
    answers: tuple[DnsAnswer, ...],
    replies: tuple[Reply, ...],
    results: tuple[Authentication, ...],
    settings: tuple[Configured, ...],
) -> Finding | None:
    """The receiver's own verdict, and the record itself; 5.7.24 alone can also be a DNS failure of the moment."""
    if isinstance(anchor, Told):
        return told_as("spf-record-of-two-hands", anchor, _GROWN, _steps(""), "dns", weight=1.5)
    if isinstance(anchor, DnsAnswer):
        return _looked_up(anchor, replies, results, settings)
    if isinstance(anchor, Configured):
        return _tested(anchor, answers) or _told(anchor, replies)
    if isinstance(anchor, Authentication):
        if anchor.spf != "permerror" or PASSED & {anchor.dmarc, anchor.compauth} or anchor.whose != "final":
            return None
        domain = name_of(anchor.mail_from or anchor.header_from)
        because = f"The SPF record of {named(domain, 'the sender domain')} is invalid (spf=permerror): no server of it can pass."
        record = spf_of(domain, answers)
        act = _act(record, refused=any(each.failing for each in replies))
        return _with_record(Finding(Belief.CONFIRMED, because, (anchor,), _steps(domain), act), record)
    told = "spf-record" in topics(anchor) or anchor.signature == _TOO_MANY
    if "compauth=pass" in anchor.text.lower() or (anchor.signature == "SPF" and not told):
        return None
    domain = domain_in(anchor.text)
    because = f"The receiver could not evaluate the SPF record of {named(domain, 'the sender domain')}"
    if not told:
        because += ": it is invalid, or the DNS did not answer."
        found = Finding(Belief.POSSIBLE, because, (anchor,), _steps(domain), weight=1.8)
        return _with_record(found, spf_of(domain, answers))
    because += " because it is invalid: two records, more than ten look-ups, or its syntax."
    record = spf_of(domain, answers)
    act = _act(record, refused=True)
    return _with_record(Finding(Belief.CONFIRMED, because, (anchor,), _steps(domain), act), record)


@shown
def records(answers: tuple[DnsAnswer, ...]) -> Finding | None:
    """The record itself. What includes lead to counts, too, so few of them can be called right without looking further."""
    found = [each for each in (spf_of(answer.name, (answer,)) for answer in answers) if each and each.records]
    wrong = next((each for each in found if each.fault), None)
    if wrong:
        because = f"The SPF record of {named(wrong.answer.name, 'the domain')} can't be evaluated: {wrong.fault}."
        return Finding(
            Belief.LIKELY, because, (wrong.answer,), _steps(wrong.answer.name, known=True), "dns", weight=1.5
        )
    if not found or not all(each.countable for each in found):
        return None
    because = (
        f"The SPF record of {named(found[0].answer.name, 'the domain')}, {found[0].records[0]}, is the only one. Its "
    )
    because += "syntax is right, and it needs no more look-ups than are allowed."
    return Finding(Belief.RULED_OUT, because, tuple(each.answer for each in found[:3]))


def _tested(told: Configured, answers: tuple[DnsAnswer, ...]) -> Finding | None:
    """What a test page says, told or copied into a sentence. The record beside it may need its look-ups in what it includes."""
    if told.kind != "told-spf-failed" or not told.name:
        return None
    record = next((each for each in (spf_of(answer.name, (answer,)) for answer in answers) if each), None)
    domain = record.answer.name if record else ""
    if record and record.fault:
        return None  # what was looked up shows it itself
    because = (
        f"The SPF record of {named(domain, 'the domain')} can't be evaluated, as you say: two records, more than ten "
    )
    because += "look-ups (those inside of what it includes count, too), or its syntax."
    return Finding(Belief.LIKELY, because, (told,), _steps(domain, known=record is not None), "dns", weight=1.4)


def _about_spf(reply: Reply) -> bool:
    low = reply.whole[:4000].lower()
    return reply.failing and ("spf" in low or "sender policy framework" in low)


def _told(answer: Configured, replies: tuple[Reply, ...]) -> Finding | None:
    """What a checker said, as told in answer: beside a refusal that SPF had a part in."""
    failed = next(filter(_about_spf, replies), None)
    if answer.kind != "told-answer" or _ID not in answer.items("Causes") or failed is None:
        return None
    because = "The SPF record of the sender's domain is invalid, as you say: no receiver can evaluate it, so no server passes."
    return Finding(Belief.LIKELY, because, (failed, answer), _steps(""), "dns", weight=2.0)


def _act(record: Spf | None, *, refused: bool) -> Act | None:
    """Who was refused and looked the record up is the sender; a receiver may look it up out of doubt."""
    return "dns" if record and refused else None


def _looked_up(
    answer: DnsAnswer,
    replies: tuple[Reply, ...],
    results: tuple[Authentication, ...],
    settings: tuple[Configured, ...],
) -> Finding | None:
    """A record that no receiver can evaluate, beside a failure that SPF had a part in."""
    record = spf_of(answer.name, (answer,))
    failed = next(filter(_about_spf, replies), None)
    judged = next((each for each in results if each.spf in SPF_FAILED and refused(each)), None)
    told = next((each for each in settings if each.kind == "told-spf-failed"), None)
    if record is None or not record.fault:
        return None
    because = f"The SPF record of {named(answer.name, 'the sender domain')} is invalid: {record.fault}."
    if not (failed or judged or told):
        because += " Every receiver that checks SPF finds an error there; whether that is what fails here is not told."
        return Finding(Belief.POSSIBLE, because, (answer,), _steps(answer.name, known=True), "dns", weight=1.5)
    belief = Belief.CONFIRMED if failed or judged else Belief.LIKELY  # that SPF failed is only told
    steps = _steps(answer.name, known=True)
    return Finding(belief, because, (answer, failed, judged, told), steps, "dns", weight=1.5)


def _with_record(found: Finding, record: Spf | None) -> Finding:
    """The finding with the fault that the record itself shows, where it was looked up."""
    if record is None or not record.fault:
        return found
    because = f"{found.because} The look-up shows it: {record.fault}."
    # Who looks the record up is the one who can mend it.
    return replace(
        found, belief=Belief.CONFIRMED, because=because, evidence=(record.answer, *found.evidence), act="dns"
    )


def _steps(domain: str, *, known: bool = False) -> tuple[Step, ...]:
    """`known`: the record was looked up already."""
    return (
        *(() if known else (read_spf(domain),)),
        change(
            "Publish one valid record: merge two into one, remove include: terms of services that are no longer used, and "
            "correct the term that is no mechanism (ip4: and ip6: before an address, include:, a: or mx: before a name).",
            "",
            shell="dns-record",
            changes="The TXT record that begins with v=spf1. Every include, a, mx, ptr, exists and redirect counts, also "
            "inside of what is included: ten at most.",
            undo="Publish the old record again.",
            verify="A new message shows spf=pass; no permerror.",
        ),
    )
