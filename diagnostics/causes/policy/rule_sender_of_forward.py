"""A mail flow rule about forwarded mail looks at the first writer, not at the mailbox that forwards.

## What is happening
Of a message that an Inbox rule forwards, Exchange Online now compares the sender conditions of mail flow rules with
the first writer in the header, no longer with the mailbox that forwards. Conditions and exceptions that name own
users no longer match it. What a mailbox forwards by a setting (ForwardingSmtpAddress, ForwardingAddress) has the
class of an ordinary message, so a condition on the type Automatic forward never sees it.

## What proves it
- the rule has a sender condition or exception, and its SenderAddressLocation is Header

## Not this when
- a report says 5.7.520 (`policy.forwarding.external-blocked`)
- the rule has no sender condition, or is switched off or in test mode

## References
- https://learn.microsoft.com/en-us/troubleshoot/exchange/email-delivery/autoforward-mail-exclusions-not-honored-transport-rule
- https://learn.microsoft.com/en-us/powershell/module/exchangepowershell/set-transportrule
"""

from __future__ import annotations

from diagnostics.cause import Belief, Finding, cause, change, look, shown
from diagnostics.causes.policy.rules import in_force
from diagnostics.causes.policy.said import of_kind
from diagnostics.causes.recipient.steps import EXO
from diagnostics.causes.stories import told_as
from diagnostics.mail_facts import Configured, Told
from diagnostics.patterns import linear
from diagnostics.report import Step
from diagnostics.text import is_cut

# Conditions and exceptions on the sender, as Get-TransportRule calls them, and in the words of a description.
_OF_SENDER = linear(r"(?i)^(?:ExceptIf)?(?:From|FromMemberOf|FromAddress\w+|SenderADAttribute\w+|SenderDomainIs)$")
_DESCRIBED = linear(
    r"(?i)\bis (?:received from|(?:sent )?from|a member of)\b|\breceived from\b|\bsender(?:'s|\x{2019}s)? "
    r"|\b(?:wird|wurde|stammt) von\b|\babsender|\bexp.diteur|\bremitente|\bmittente"
)
# No sender by name: the first writer of what is forwarded comes from outside indeed, and an address of a server is no sender.
_OF_NOBODY = linear(
    r"(?i)\bis (?:received|sent) from ['\"]?outside the organi[sz]ation['\"]?|\bsender(?:'s|\x{2019}s)? ip address\w*"
)
_NAMED = ("From", "FromMemberOf", "ExceptIfFrom", "ExceptIfFromMemberOf")
_LOCATION = "SenderAddressLocation"


@cause(id="policy.transport-rule.sender-of-forward", act="exchange-online")
def assess(told: Told) -> Finding | None:
    """Only what is told shows it: the rule is right, and does nothing."""
    because = (
        "Of a forwarded message a mail flow rule sees the first writer as the sender, not the mailbox that forwards: a "
    )
    because += "condition or an exception that names own users does not match it."
    return told_as("rule-misses-what-is-forwarded", told, because, _steps(), weight=1.9)


@shown
def rules(objects: tuple[Configured, ...]) -> Finding | None:
    """A rule in force that looks for its senders in the header alone, as all do from the start."""
    told = [each for each in of_kind(objects, "transport-rule") if each.told("State") or each.told(_LOCATION)]
    by_header = [each for each in told if each.get(_LOCATION, "Header").lower() == "header"]
    misses = next((each for each in by_header if in_force(each) and _asks_for_sender(each)), None)
    if misses:
        because = f"The rule `{misses.name or 'pasted'}` has a condition on the sender and looks into the header"
        because += f" ({_LOCATION} Header)" if misses.told(_LOCATION) else ""
        because += ": of what a mailbox forwards it sees the first writer, and does not match."
        return Finding(Belief.LIKELY, because, (misses,), _steps(misses.name))
    open_ = [each for each in by_header if in_force(each)]
    if len(told) == 1 and open_ and _names_nobody(open_[0]):
        because = f"The rule `{open_[0].name or 'pasted'}` has no condition or exception that names a sender."
        return Finding(Belief.RULED_OUT, because, (open_[0],))
    if open_:
        return None
    others = [each for each in told if not in_force(each)] or told
    if not others:
        return None
    because = f"The rule `{others[0].name or 'pasted'}` "
    because += (
        "is switched off or in test mode, so it acts on nothing."
        if not in_force(others[0])
        else (f"looks into the envelope as well ({_LOCATION} {others[0].get(_LOCATION)}).")
    )
    return Finding(Belief.RULED_OUT, because, (others[0],))


def _asks_for_sender(rule: Configured) -> bool:
    by_property = any(_OF_SENDER.search(name) and value.strip("{} ") for name, value in rule.values)
    inside = rule.get("FromScope").lower() == "inorganization"
    return by_property or inside or bool(_DESCRIBED.search(_OF_NOBODY.sub("", rule.get("Description"))))


def _names_nobody(rule: Configured) -> bool:
    """Whether all of the rule was shown, and it asks for no sender: what it does not match, another thing keeps it from."""
    description = rule.get("Description")
    whole = bool(description) and not is_cut(description) and all(map(rule.told, _NAMED))
    return whole and not _asks_for_sender(rule)


def _steps(rule: str = "") -> tuple[Step, ...]:
    return (
        look(
            "See what the rule compares, where, and whether it is enforced.",
            "Get-TransportRule {rule} | Format-List Name,State,Mode,SenderAddressLocation,MessageTypeMatches,FromScope,From,"
            "FromMemberOf,ExceptIfFrom,ExceptIfFromMemberOf,Description",
            EXO,
            rule=rule,
        ),
        change(
            "Let the rule look at the envelope as well, which has the mailbox that forwards.",
            "Set-TransportRule {rule} -SenderAddressLocation HeaderOrEnvelope",
            shell=EXO,
            changes="All sender conditions and exceptions of the rule match the sender in the header "
            "or in the envelope.",
            undo="Set-TransportRule with the SenderAddressLocation that the first step printed.",
            verify="The trace of the next forwarded message has the event Transport rule with this rule.",
            rule=rule,
        ),
    )
