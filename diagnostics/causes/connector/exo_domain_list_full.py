"""A connector of Exchange Online holds as many domains as it may, so the next one is refused.

## What is happening
The domains of an outbound connector are one attribute with 1,266 values at most; one more ends with `The
administrative limit for this request was exceeded`. Those of an inbound connector (SenderDomains) are stored as one
text, with `smtp:` and the cost of each, of 2,243 characters: `The length of the property is too long. The maximum
length is 2243 and the length of the value provided is …`.

## What proves it
- the error comes from Set-OutboundConnector or New-OutboundConnector, or names the length 2243
- the connector has about 1,266 domains, or the text of its domains is longer than 2,243 characters

## Not this when
- every connector holds far fewer
- the error comes from a Receive connector on-premises (`connector.receive.remote-ip-list-too-long`)

## References
- https://learn.microsoft.com/en-us/troubleshoot/exchange/email-delivery/administrative-limit-for-this-request-was-exceeded-error
- https://learn.microsoft.com/en-us/troubleshoot/exchange/email-delivery/property-length-too-long-error
"""

from __future__ import annotations

from typing import Final

from diagnostics.cause import Belief, Finding, cause, change, look, shown
from diagnostics.causes.recipient.steps import EXO
from diagnostics.causes.stories import told_as
from diagnostics.facts import Said
from diagnostics.looked_facts import Counted
from diagnostics.mail_facts import CommandError, Told
from diagnostics.patterns import linear
from diagnostics.report import Step

_LENGTH: Final = "length of the property is too long. The maximum length is 2243"
_LIMIT: Final = "administrative limit for this request was exceeded"
_MOST: Final = {"RecipientDomains": 1266, "SenderDomains": 2243}  # values, characters
_SPARE: Final = 0.8  # of the most: who adds one or a few to it comes nowhere near the end
_GIVEN: Final = linear(r"(?i)value provided is (\d{4,6})")


@cause(id="connector.exo.domain-list-full", act="exchange-online", says=(_LENGTH,))
def assess(error: CommandError | Said | Told) -> Finding | None:
    """The length is that of SenderDomains alone; of the limit, the cmdlet or the person says which connector."""
    if isinstance(error, Told):
        because = (
            "An outbound connector of Exchange Online takes 1,266 domains, an inbound one 2,243 characters of them."
        )
        return told_as("cloud-connector-takes-no-more", error, because, (*_outbound(), *_inbound()), weight=2.2)
    if isinstance(error, Said):
        found = _GIVEN.search(error.text)
        length = found.group(1) if found else "too many"
        because = f"The text of the inbound connector's domains would have {length} characters; 2243 are the most."
        return Finding(Belief.CONFIRMED, because, (error,), _inbound())
    if _LIMIT not in error.text.lower() or not error.cmdlet.lower().endswith("-outboundconnector"):
        return None
    because = f"{error.cmdlet} was refused: an outbound connector takes 1,266 recipient domains."
    return Finding(Belief.LIKELY, because, (error,), _outbound())


@shown
def numbers(counted: tuple[Counted, ...]) -> Finding | None:
    """How many each connector holds."""
    known = [(each, _MOST.get(each.what, _MOST["RecipientDomains"])) for each in counted if _of_tenant(each)]
    full = next((each for each, most in known if each.count >= most and not each.what.startswith("Sender")), None)
    if full:
        because = f"`{full.name or 'The connector'}` holds {full.count} domains; an outbound connector takes 1,266."
        return Finding(Belief.CONFIRMED, because, (full,), _outbound())
    if not known or any(each.count > most * _SPARE for each, most in known):
        return None
    most_of = max((each for each, _ in known), key=lambda each: each.count)
    held = f"`{most_of.name or 'The connector'}` has {most_of.count}"
    return Finding(Belief.RULED_OUT, f"No connector is near its end: {held}.", (most_of,))


def _of_tenant(counted: Counted) -> bool:
    """Whether it is a connector of Exchange Online: those on servers have the server in front of their names."""
    return counted.what != "RemoteIPRanges" and "\\" not in counted.name


def _outbound() -> tuple[Step, ...]:
    return (
        look(
            "Count the domains of each outbound connector; 1,266 is the end.",
            'Get-OutboundConnector | ForEach-Object {{ "$($_.Name): $($_.RecipientDomains.Count)" }}',
            EXO,
        ),
        change(
            "Make a second connector like it for the further domains; a wildcard (*.contoso.com) "
            "takes the place of subdomains.",
            "",
            shell="portal",
            changes="Mail to the further domains goes by the new connector; it needs the smart hosts "
            "and the TLS settings of the first.",
            undo="Remove the new connector.",
            verify="A trace of a message to one of the further domains names the new connector.",
        ),
    )


def _inbound() -> tuple[Step, ...]:
    return (
        look(
            "See how long the domains of each inbound connector are together; 2,243 is the end.",
            "Get-InboundConnector | ForEach-Object {{ \"$($_.Name): $(($_.SenderDomains -join ' ').Length)\" }}",
            EXO,
        ),
        change(
            "Make a second connector like it for the further sender domains.",
            "",
            shell="portal",
            changes="Mail of the further domains is recognized by the new connector; it needs the "
            "certificate or the addresses, and the restrictions, of the first.",
            undo="Remove the new connector.",
            verify="Get-InboundConnector lists both, and mail of the further domains is accepted as before.",
        ),
    )
