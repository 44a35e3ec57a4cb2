"""The domain states in DNS that it receives no mail.

## What is happening
Its only MX record is a null MX: preference 0 and the host `.` (RFC 7505). A sender must not even try, so the
message is returned at once: `556 5.1.10`. The same record on the sender's domain makes servers refuse its
mail with 5.7.27, because no reply could reach it.

## What proves it
- `Resolve-DnsName`, `nslookup`, `dig` or `host` shows the MX with the host `.` (likely, where no bounce stands beside it)
- the refusal says null MX, or the sender's mail system that its look-up returned one (Gmail: `returned Null MX`)
- an old Postfix can't read the record: `type=MX: Malformed or unexpected name server reply` (a hint)

## Not this when
- Exchange Online answers `550 5.1.10 RESOLVER.ADR.RecipientNotFound`: the same number, but it means that the
  mailbox is unknown
- the domain has an MX with a host

## References
- https://www.rfc-editor.org/rfc/rfc7505
- https://www.iana.org/assignments/smtp-enhanced-status-codes/smtp-enhanced-status-codes.xhtml
"""

from __future__ import annotations

from diagnostics.cause import Belief, Finding, cause, change, look, shown
from diagnostics.causes.dns.exchangers import null_mx
from diagnostics.causes.dns.lookups import UNUSABLE_MX, looked_up, recipients_domains, same
from diagnostics.facts import Reply, Said
from diagnostics.looked_facts import DnsAnswer
from diagnostics.report import Step

_EXIM = "an MX or SRV record indicated no SMTP service"
_NO_ADDRESS = "Failed to resolve any IP addresses for the Mail Exchange"  # what is made of the host "."

# Postfix, of an answer that holds what is no name of a host. Before 3.0 it knew no null MX, and the host "." is none.
_POSTFIX = "Malformed or unexpected name server reply"


@cause(
    id="dns.mx.null-mx",
    act="recipient-side",
    says=(
        "556 5.1.10",
        "null MX",
        "nullMX",
        "5.7.27",
        "MX 0 .",
        "does not accept mail",
        _EXIM,
        _NO_ADDRESS,
        _POSTFIX,
        *UNUSABLE_MX,
    ),
)
def assess(anchor: Said | DnsAnswer, replies: tuple[Reply, ...], answers: tuple[DnsAnswer, ...]) -> Finding | None:
    """The words or the number of RFC 7505, or the record itself; Microsoft's own 5.1.10 is another thing."""
    if isinstance(anchor, DnsAnswer):
        return _published(anchor, replies, answers) if anchor in null_mx(answers) else None
    return _from_words(anchor, replies)


def _from_words(said: Said, replies: tuple[Reply, ...]) -> Finding | None:
    low = said.text.lower()
    if "recipientnotfound" in low or "resolver.adr" in low:
        return None
    if "spf" in low and "null" not in low:  # Gmail writes 5.7.27 for a failed SPF check
        return None
    if said.signature == _POSTFIX:
        return _unreadable(said)
    if said.signature in UNUSABLE_MX:
        because = "No server of the domain's MX can be used; some mail systems say so of a null MX, by which a domain "
        because += "states that it receives no mail."
        return Finding(Belief.POSSIBLE, because, (said,), _steps(own=False, domain=""), weight=1.1)
    if said.signature == _NO_ADDRESS:
        because = "The domain names a mail server without an address; the host `.` of a null MX, by which a domain says that it "
        because += "receives no mail, reads so."
        name = _domain(next((r for r in replies if r.source == said.source), None))
        return Finding(Belief.POSSIBLE, because, (said,), _steps(own=False, domain=name), weight=1.5)
    own = "5.7.27" in said.text or "sender address" in low
    mine = next((r for r in replies if r.source == said.source), None)
    whose = "The sender's domain" if own else f"`{_domain(mine)}`" if _domain(mine) else "The recipient's domain"
    because = f"{whose} publishes a null MX, which states that it receives no mail"
    because += (
        "; receivers refuse mail that nobody can answer." if own else "; another address of the recipient is needed."
    )
    if said.signature == "does not accept mail":  # a single mailbox may say so too
        if "domain" not in low:
            return None
        return Finding(Belief.LIKELY, because, (said,), _steps(own=own, domain=_domain(mine)), weight=1.0)
    worded = "null mx" in low or "nullmx" in low or "mx 0 ." in low or said.signature == _EXIM
    belief = Belief.CONFIRMED if worded or "556 5.1.10" in said.text else Belief.LIKELY
    return Finding(belief, because, (said,), _steps(own=own, domain=_domain(mine)), "dns" if own else None, 1.0)


def _unreadable(said: Said) -> Finding | None:
    """Only of an MX record, and for good: what failed for now, or for another type, tells nothing of it."""
    low = said.text.lower()
    if "type=mx" not in low or " 4.4." in f" {low}":
        return None
    name = looked_up(said.text)
    because = f"DNS answered for the MX of {name or 'the domain'}, with something that is no host's name. Mostly that is the `.` "
    because += "of a null MX, by which a domain says that it receives no mail; a mistake in the record reads the same."
    return Finding(Belief.POSSIBLE, because, (said,), _steps(own=False, domain=name), weight=2.2)


@shown
def lookups(answers: tuple[DnsAnswer, ...], replies: tuple[Reply, ...]) -> Finding | None:
    """The MX records of the domain that mail failed for: the recipient's, or the sender's where the refusal speaks of that."""
    domains = recipients_domains(replies)
    sender = any(each.failing and _of_sender(each.whole) for each in replies)
    asked = [
        each
        for each in answers
        if each.ok and each.values("MX") and (not domains or (each.name and (each.name in domains) != sender))
    ]
    empty = next(iter(null_mx(asked)), None)
    if empty:
        because = f"`{empty.name}` publishes a null MX (`MX 0 .`), which states that it receives no mail."
        # Whose mail failed may not be told.
        sure = Belief.CONFIRMED if empty.name in domains else Belief.LIKELY
        return Finding(sure, because, (empty,), _steps(own=sender, domain=empty.name), "dns" if sender else None)
    if not asked:
        return None
    because = f"The MX of {asked[0].name or 'the domain'} names {asked[0].values('MX')[0]}: the domain receives mail."
    return Finding(Belief.RULED_OUT, because, tuple(asked[:3]))


def _of_sender(text: str) -> bool:
    return "5.7.27" in text or "sender" in text.lower()


def _published(answer: DnsAnswer, replies: tuple[Reply, ...], answers: tuple[DnsAnswer, ...]) -> Finding | None:
    """The record was looked up: it explains what failed for a recipient of that domain."""
    failing = [each for each in replies if each.failing]
    failed = next((each for each in failing if same(_domain(each), answer.name)), None)
    if failed is None and any(_domain(each) for each in failing):
        return None
    proof = failed or next(iter(failing), None)
    if proof is None:
        # Among the records of several domains it is a parked one's; whoever looked up this domain alone wants to send to it.
        alone = all(same(each.name, answer.name) for each in answers if each.ok and each.values("MX"))
        return _unused(answer) if alone else None
    because = f"`{answer.name}` publishes a null MX (`MX 0 .`), which states that it receives no mail; another address of the "
    because += "recipient is needed."
    belief = Belief.CONFIRMED if failed else Belief.LIKELY  # a refusal without its recipient may be another's
    return Finding(belief, because, (answer, proof), _steps(own=False, domain=answer.name), weight=1.5)


def _unused(answer: DnsAnswer) -> Finding:
    because = f"`{answer.name}` publishes a null MX (`MX 0 .`), which states that it receives no mail: senders return what is "
    because += "sent to it at once."
    return Finding(Belief.LIKELY, because, (answer,), _steps(own=False, domain=answer.name), weight=1.2)


def _domain(reply: Reply | None) -> str:
    return reply.recipient.rpartition("@")[2] if reply else ""


def _steps(*, own: bool, domain: str) -> tuple[Step, ...]:
    see = look(
        "Read the MX record: a host of `.` is the null MX.",
        "Resolve-DnsName {domain} -Type MX -Server 1.1.1.1 | Format-Table Name,Preference,NameExchange",
        "powershell",
        domain="" if own else domain,
    )
    if not own:
        return (see,)
    return (
        see,
        change(
            "If the sender's domain is to get replies, publish its real mail server.",
            "",
            shell="dns-record",
            changes="In place of `MX 0 .`: an MX record that names the domain's mail server.",
            undo="Publish `MX 0 .` again.",
            verify="Resolve-DnsName shows the mail server, and the next message is accepted.",
        ),
    )
