"""The receiver's filter took the message for spam.

## What is happening
The message reached the receiver and its filter refused the content: wording, links, attachments, or the
reputation of the sending domain. Exchange Online reports it as `550 5.7.350 Remote server returned message
detected as spam -> …`, with the receiver's own words after the arrow. Where it delivers such mail to the junk folder
instead, the header of the message says SFV:SPM.

## What proves it
- the words of the receiver; other messages of the same sender arrive
- a message in quarantine as spam, bulk mail or phishing (Get-QuarantineMessage, or the portal's details)
- SFV:SPM in X-Forefront-Antispam-Report, with CAT:SPM, HSPM or BULK, of mail that is authenticated

## Not this when
- the words after the arrow name a block list (`reputation.ip.dnsbl-listed`)
- CAT:SPOOF, or authentication that fails beside it (`sender-auth.composite.spoof-classified`)
- SFV:SPM beside a low X-MS-Exchange-Organization-SCL (`hybrid.antispam.scl-not-mapped`)
- `Message rejected as spam by Content Filtering` of the own Exchange (`policy.antispam.content-filter-local`)

## References
- https://learn.microsoft.com/en-us/troubleshoot/exchange/email-delivery/ndr/fix-error-code-550-5-0-350-in-exchange-online
- https://learn.microsoft.com/en-us/defender-office-365/message-headers-eop-mdo
"""

from __future__ import annotations

from typing import Final

from diagnostics.cause import Belief, Finding, cause, look
from diagnostics.causes.policy.quarantine import held_for, look_inside, policy_of, whom
from diagnostics.causes.policy.rules import trace_of
from diagnostics.causes.policy.said import Refusal
from diagnostics.causes.quota_throttle.words import has
from diagnostics.causes.recipient.lookup import address, domain
from diagnostics.causes.recipient.steps import advise
from diagnostics.causes.reputation.lists import list_named, looked_up, of_microsoft
from diagnostics.causes.sender_auth.results import SPF_FAILED, name_of
from diagnostics.facts import Reply, Said
from diagnostics.mail_facts import Antispam, Authentication, Configured, SpamVerdict, Traced
from diagnostics.refusals import topics
from diagnostics.report import Step

# Nouns around which filters say in their own words that they refused the content.
_NAMES: Final = (
    "spam",
    "anti-spam",
    "antispam",
    "unsolicited",
    "junk mail",
    "junkmail",
    "junk",
    "bayes",
    "DT:SPM",
    "help_spam",
    "Spamverdacht",
    "спам",
    "垃圾邮件",
    "スパム",
    "迷惑メール",
    "bulk mail",
    "bulk email",
    "UBE",
    "UCE",
    "message filtered",
    "MCSpam",
    "OFR",
    "content filter",
    "message content",
    "mail content",
    "content rejected",
    "unacceptable content",
    "URL",
    "suspected",
    "unwanted",
    "content reject",
    "correo no deseado",
    "pourriel",
    "indésirable",
    "antyspam",
    "recurrent pattern",
    "our filter",
    "by the filter",
    "banned content",
    "bulk.advertising",
    "mass mail",
    "mass mailer",
    "blacklist",
    "5.7.1 [CS]",  # MailChannels
    "5.7.1 [SS]",
    "URIBL",
    "SURBL",
)
_GREYLIST: Final = ("greylist", "graylist", "grey list")  # a measure against spam, and no verdict
_MICROSOFTS: Final = (
    "5.7.520 Message blocked"  # "because it contains content identified as spam", which is often cut off
)
# What the filter of Exchange Online calls content that it doesn't want; its other categories are other causes.
_CATEGORIES: Final = {"": "spam", "NONE": "spam", "SPM": "spam", "HSPM": "spam, and is sure of it", "BULK": "bulk mail"}


@cause(
    id="reputation.content.spam-detected-remote",
    act="sender",
    says=(
        "5.7.350",
        "detected as spam",
        "Spam message rejected",
        "considered spam",
        "classified as spam",
        "identified as spam",
        "rejected as spam",
        "looks like spam",
        "suspects your message is spam",  # the headline of Exchange Online's bounce
        "likely unsolicited mail",
        "very low reputation of the sending domain",
        _MICROSOFTS,
        *_NAMES,
    ),
)
def assess(
    anchor: Said | SpamVerdict | Configured,
    replies: tuple[Reply, ...],
    reports: tuple[Antispam, ...],
    results: tuple[Authentication, ...],
    traces: tuple[Traced, ...],
) -> Finding | None:
    """The receiver speaks of the message; where its words name a list, it speaks of the address."""
    if isinstance(anchor, SpamVerdict):
        return _status(anchor, traces) if anchor.traced else _filed(anchor, reports, results)
    return _held(anchor) if isinstance(anchor, Configured) else _said(anchor, replies)


def _status(verdict: SpamVerdict, traces: tuple[Traced, ...]) -> Finding | None:
    """A status says that the message is junk, and not who says so: the filter, an entry against the sender, a rule."""
    if any(each.event for each in traces):
        return None
    because = f"The message to {verdict.traced} was filed as junk (FilteredAsSpam). That is the filter's "
    because += (
        "verdict, an entry against the sender, or a rule that set its level: X-Forefront-Antispam-Report in its header "
    )
    because += "says which (SFV, CAT)."
    steps = (
        trace_of(Refusal(verdict.traced.strip("`") if "@" in verdict.traced else "", "", online=True)),
        *_judged_anew(),
    )
    return Finding(Belief.POSSIBLE, because, (verdict,), steps, "exchange-online", weight=1.3)


def _said(said: Said, replies: tuple[Reply, ...]) -> Finding | None:
    about = topics(said) - {"link"} if looked_up(said.text) else topics(said)
    directory = has(said, "resolver.adr")  # Exchange's own words about an address; the spam is somebody's remark
    if (
        directory
        or has(said, "content filtering", "recognized as a valid sender")  # the second bars an account, not a message
        or (of_microsoft(said.text) and not has(said, "content identified as spam", _MICROSOFTS))
        # Its form or its amount, which only count as spam's, and a filter that gave no answer.
        or has(
            said,
            "rfc 5322",
            "rfc5322",
            "rfc 2822",
            "noncompliant",
            "non-compliant",
            "unusual rate",
            "spamd servers failed",
        )
        or about & {"spf", "dkim", "dmarc", "entry"}
        or (said.text[:1] == "4" and ("first-seen" in about or has(said, *_GREYLIST)))
        or has(said, "error in processing")  # amavis, whose check for spam failed, as others of its checks do
    ):
        return None
    if "first-seen" in about and said.signature in _NAMES:
        return None  # a measure against spam, and no verdict on this message
    if about & {"malware", "attachment"} and "spam" not in said.text.lower():
        return None
    if said.signature in _NAMES and not (about & {"spam", "link"} and ("link" in about or "listed" not in about)):
        return None
    name, _, _ = list_named(said.text)
    if "link" not in about and (name or "listed" in about) and not has(said, "sending domain"):
        because = f"The receiver's own words name {name or 'a block list'}: it refused the address, not the content."
        return Finding(Belief.RULED_OUT, because, (said,))
    whose = domain(address(said, replies))
    who = f"The mail server of {whose}" if whose else said.by or "The receiving server"
    because = f"{who} took the message for spam"
    because += ", because of the sending domain's reputation." if has(said, "very low reputation") else "."
    # Of an address that is not accepted, the filter may judge anything.
    belief = Belief.POSSIBLE if has(said, "address not accepted") else Belief.LIKELY
    return Finding(belief, because, (said,), _steps(), weight=1.0)


def _filed(verdict: SpamVerdict, reports: tuple[Antispam, ...], results: tuple[Authentication, ...]) -> Finding | None:
    """The verdict in the header of a message that arrived. Where its authentication failed, that is what was wrong."""
    kind = _CATEGORIES.get(verdict.category)
    failed = any("fail" in (each.compauth, each.dmarc, each.dkim) or each.spf in SPF_FAILED for each in results)
    if kind is None or failed or any(_went_on(each) for each in reports):
        return None
    because = f"Exchange Online's filter took the message for {kind} (SFV:SPM)."
    judged = next((each for each in reversed(results) if each.whose == "final"), None)
    steps = _out_of_junk(name_of(judged.header_from or judged.mail_from) if judged else "", judged)
    return Finding(Belief.LIKELY, because, (verdict,), steps, weight=0.9)


def _held(record: Configured) -> Finding | None:
    """The filter's verdict in quarantine. Mail that is taken for phishing is often spoofed, or seems to be."""
    reason = held_for(record)
    if reason not in ("spam", "bulk mail") and not reason.startswith("phishing"):
        return None
    because = f"The message to {whom(record)} is in quarantine: the filter took it for {reason}"
    because += f", and the policy{policy_of(record)} holds such mail." if policy_of(record) else "."
    steps = (look_inside(record), *_judged_anew())
    return Finding(Belief.LIKELY, because, (record,), steps, "exchange-online", weight=0.9)


def _went_on(report: Antispam) -> bool:
    """Whether the message left Exchange Online again, or went on to servers whose own settings decide."""
    inside = report.get("AuthAs").lower() == "internal" or report.told("Organization-SCL")
    return inside or report.get("DIR").upper() == "OUT"


def _out_of_junk(sender: str, judged: Authentication | None) -> tuple[Step, ...]:
    """Where the header shows that the message was authentic, nobody has to look that up."""
    return (
        *(() if judged and judged.dmarc == "pass" else (_authenticated(sender),)),
        *_judged_anew(),
        advise(
            "Send a plain message without links and attachments from the same system: if it isn't filed as junk, change the "
            "content, else let the volume from that domain and address grow slowly."
        ),
    )


def _judged_anew() -> tuple[Step, ...]:
    return (
        advise(
            "Let a recipient mark the message as not junk, and their administrators submit it to Microsoft (Defender portal, "
            "Submissions): the verdict is then judged anew."
        ),
    )


def _authenticated(sender: str = "") -> Step:
    return look(
        "Check that the sending domain is authenticated: SPF and DMARC records.",
        "Resolve-DnsName {domain} -Type TXT; Resolve-DnsName {dmarc} -Type TXT",
        "powershell",
        domain=sender,
        dmarc=f"_dmarc.{sender or '<domain>'}",
    )


def _steps() -> tuple[Step, ...]:
    return (
        advise("Read what stands after the arrow (`->`): links in it lead to the receiver's explanation."),
        _authenticated(),
        advise("Send a plain message without links and attachments: if it arrives, the content is what is refused."),
        advise("Else ask the receiver's postmaster by another way, with the refusal, to look at the verdict."),
    )
