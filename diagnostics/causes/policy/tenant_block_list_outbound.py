"""The own organization's Tenant Allow/Block List blocks the recipient.

## What is happening
An address or domain that an organization lists as a blocked sender can't be written to by its own users either. The
whole message fails for every recipient on it: `550 5.7.703 … blocked by your organization using Tenant Allow Block
List`. It is the sender's own tenant that says so, no block list on the Internet.

## What proves it
- the words themselves; the list has an entry for the address or its domain

## Not this when
- the list has no such entry (any more)

## References
- https://learn.microsoft.com/en-us/troubleshoot/exchange/email-delivery/ndr/fix-error-code-5-7-700-through-5-7-750
- https://learn.microsoft.com/en-us/defender-office-365/tenant-allow-block-list-about
"""

from __future__ import annotations

from diagnostics.cause import Belief, Finding, cause, change, look
from diagnostics.causes.policy.said import addresses, refusal
from diagnostics.facts import Reply, Said
from diagnostics.report import Shell, Step


@cause(
    id="policy.tenant-block-list.outbound",
    act="exchange-online",
    says=(
        "5.7.703",
        "blocked by your organization using Tenant Allow Block List",
        "blocked by your organization's tenant allow/block list",
    ),
    against={
        "TRANSPORT.RULES.RejectMessage": "is a transport rule; the block list says `5.7.703`",
    },
)
def assess(said: Said, replies: tuple[Reply, ...]) -> Finding | None:
    """One number, one meaning; the text names the addresses."""
    named = ", ".join(f"`{each}`" for each in addresses(said.text)) or refusal(said, replies).whom
    because = f"The sender's own organization blocks mail to {named} in its Tenant Allow/Block List; one such recipient makes "
    because += "the message fail for all."
    return Finding(Belief.CONFIRMED, because, (said,), _steps())


def _steps() -> tuple[Step, ...]:
    shell: Shell = "exchange-online-powershell"
    return (
        look(
            "Find the entry for the address or its domain, and who made it and why.",
            "Get-TenantAllowBlockListItems -ListType Sender -Block | Format-Table Value,Action,ExpirationDate,Notes",
            shell,
        ),
        change(
            "If it isn't meant any more: remove that entry (or let it expire).",
            "Remove-TenantAllowBlockListItems -ListType Sender -Entries {entry}",
            shell=shell,
            changes="The address or domain can be written to again, and its mail to the organization is no longer blocked.",
            undo="New-TenantAllowBlockListItems -ListType Sender -Block -NoExpiration with the same entry.",
            verify="The message sent again is delivered.",
            entry="",
        ),
    )
