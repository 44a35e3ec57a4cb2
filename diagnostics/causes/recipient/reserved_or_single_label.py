"""The Receive connector refuses the recipient's domain, because it is reserved or has a single label.

## What is happening
A Receive connector can be told to refuse recipients in domains that can't exist on the Internet: `.test`,
`.invalid`, `.example` and `.localhost` (5.1.4), `example.com`, `.net` and `.org` (5.1.5), and names without a
dot such as `user@server` (5.1.6). Mostly a device or a script still has the sample address of its manual.

## What proves it
- the reply itself: `Recipient address reserved by RFC 2606`, `Recipient addresses in single label domains not
  accepted`
- a connector with RejectReservedSecondLevelRecipientDomains or one of its kin True

## Not this when
- the domain is a real one
- all of these switches are False on all connectors

## References
- https://learn.microsoft.com/en-us/exchange/mail-flow/non-delivery-reports-and-bounce-messages/non-delivery-reports-and-bounce-messages
- https://learn.microsoft.com/en-us/powershell/module/exchangepowershell/set-receiveconnector
- https://www.rfc-editor.org/rfc/rfc2606
"""

from __future__ import annotations

from diagnostics.cause import Belief, Finding, cause, change, look, shown
from diagnostics.causes.recipient.lookup import address, domain
from diagnostics.causes.recipient.steps import advise
from diagnostics.facts import Reply, Said
from diagnostics.mail_facts import Configured
from diagnostics.report import Step

_SWITCHES = (
    "RejectReservedTopLevelRecipientDomains",
    "RejectReservedSecondLevelRecipientDomains",
    "RejectSingleLabelRecipientDomains",
)


@cause(
    id="recipient.address.reserved-or-single-label",
    act="sender",
    says=(
        "Recipient address reserved by RFC 2606",
        "Recipient addresses in single label domains not accepted",
        "Recipient address in single label domain",
    ),
)
def assess(said: Said, replies: tuple[Reply, ...]) -> Finding | None:
    """Only Exchange's Receive connector says this, and only for this reason."""
    name = domain(address(said, replies))
    where = f"`{name}`" if name else "The recipient's domain"
    single = "single label" in said.text.lower()
    because = (
        f"{where} has no dot, and this Receive connector refuses such names."
        if single
        else (f"{where} is reserved for documentation and tests, and this Receive connector refuses it.")
    )
    return Finding(Belief.CONFIRMED, because, (said,), _steps(single))


@shown
def switches(objects: tuple[Configured, ...]) -> Finding | None:
    """The connectors' switches: where none of them is on, none refuses a domain for what it is called."""
    told = [each for each in objects if any(each.flag(name) is not None for name in _SWITCHES)]
    on = next(((each, name) for each in told for name in _SWITCHES if each.flag(name)), None)
    if on:
        because = f"{on[0].name or 'A Receive connector'} has {on[1]} True."
        return Finding(Belief.LIKELY, because, (on[0],), _steps("Single" in on[1]))
    if not told or any(each.flag(name) is None for each in told for name in _SWITCHES):
        return None
    because = f"None of the {len(told)} Receive connectors that were sent refuses reserved or single-label domains."
    return Finding(Belief.RULED_OUT, because, tuple(told[:3]))


def _steps(single: bool) -> tuple[Step, ...]:
    switch = "RejectSingleLabelRecipientDomains" if single else "RejectReservedSecondLevelRecipientDomains"
    return (
        advise("Put a real address into the device, script or test that sends this message."),
        look(
            "See which connectors refuse such domains.",
            "Get-ReceiveConnector | Format-List Identity,RejectReserved*,RejectSingleLabel*",
        ),
        change(
            "Only where such a domain is really used inside, let the one connector accept it.",
            f"Set-ReceiveConnector {{connector}} -{switch} $false",
            changes="This connector accepts recipients in such domains. "
            + ("" if single else "For .test and its kin the switch is RejectReservedTopLevelRecipientDomains."),
            undo="The same with $true.",
            verify="The next RCPT TO is answered with 250.",
            connector="",
        ),
    )
