"""A header line of the message is too long for the receiver, mostly because it was written in Rich Text.

## What is happening
Messages in Outlook's Rich Text format with attachments inside attachments carry their structure in header
fields (x-dg-ref, TNEF correlator) that grow with every nesting. The receiver's limit for a header is smaller:
`550 5.0.350 … x-dg-ref header is too long`, or `552 5.3.4 Header size exceeds fixed maximum size`. Very many
recipients or hops also fill a header.

## What proves it
- the reply names the x-dg-ref header
- TNEFEnabled is True for the remote domain, beside a reply about the header's size: a hint
- the same message as HTML or plain text passes

## Not this when
- TNEFEnabled is False for all remote domains: then no Rich Text leaves the organization
- the message was HTML; then count its recipients and Received lines

## References
- https://learn.microsoft.com/en-us/troubleshoot/exchange/email-delivery/ndr/fix-error-code-550-5-0-350-in-exchange-online
"""

from __future__ import annotations

from diagnostics.cause import Belief, Finding, cause, change, look, shown
from diagnostics.causes.protocol.content_tnef_outside import never_rich, of_everybody
from diagnostics.causes.recipient.steps import EXO, advise
from diagnostics.facts import Said
from diagnostics.mail_facts import Configured, Headers
from diagnostics.report import Step


@cause(
    id="content-size.header.x-dg-ref",
    act="sender",
    says=(
        "x-dg-ref header is too long",
        "x-dg-ref",
        "header too large",
        "Header size exceeds fixed maximum size",
        "Header size exceeds",
        "PICKUP.HeaderSize",
        "headers too large",
        "header line too long",
        "header too long",
    ),
)
def assess(said: Said, headers: Headers | None) -> Finding | None:
    """The header's name proves it; a header that is merely too large may have other reasons."""
    rich = headers if headers and (headers.told("x-ms-tnef-correlator") or headers.told("x-dg-ref")) else None
    who = said.by or "The receiving server"
    if "x-dg-ref" in said.text.lower():
        because = (
            f"{who} refused the message because its x-dg-ref header is too long: Rich Text with "
            "nested attachments writes that."
        )
        return Finding(Belief.CONFIRMED, because, (said, rich), _steps())
    because = f"{who} refused the message because its header is too large"
    if rich:
        because += ", and the message was sent as Rich Text, which fills the header."
        return Finding(Belief.LIKELY, because, (said, rich), _steps(), weight=1.0)
    because += "; Rich Text with nested attachments is the usual reason, very many recipients another."
    return Finding(Belief.POSSIBLE, because, (said,), _steps(), weight=1.8)


@shown
def formats(objects: tuple[Configured, ...]) -> Finding | None:
    """Whether Rich Text, which fills the header, is sent outside at all. Without a word for or against it Outlook decides."""
    demands = next((each for each in objects if of_everybody(each) and each.flag("TNEFEnabled")), None)
    if demands:
        because = (
            f"`{demands.get('DomainName') or demands.name}` has TNEFEnabled True: what leaves as Rich Text keeps that "
        )
        because += "form, which writes the nesting of attachments into the header."
        return Finding(Belief.LIKELY, because, (demands,), _steps())
    plain = never_rich(objects)
    if plain is None:
        return None
    because = f"No Rich Text leaves the organization: TNEFEnabled is False for `{plain.get('DomainName')}`."
    return Finding(Belief.RULED_OUT, because, (plain,))


def _steps() -> tuple[Step, ...]:
    return (
        advise(
            "Sender: in Outlook choose Format Text, HTML (or plain text), attach files directly instead "
            "of attached messages, send anew."
        ),
        look(
            "See whether Rich Text is sent to other organizations at all.",
            "Get-RemoteDomain | Format-Table DomainName,TNEFEnabled",
            EXO,
        ),
        change(
            "If it happens often, never send Rich Text outside.",
            "Set-RemoteDomain Default -TNEFEnabled $false",
            shell=EXO,
            changes="Messages to all outside domains without their own entry are converted to HTML or plain text.",
            undo="Set TNEFEnabled to what the first command showed (empty is $null).",
            verify="The header of a test message has no X-MS-TNEF-Correlator.",
        ),
    )
