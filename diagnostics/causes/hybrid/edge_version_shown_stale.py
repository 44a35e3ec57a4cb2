"""The Edge server's version is shown as it was before the upgrade, because only its subscription tells it.

## What is happening
The organization knows an Edge Transport server from the subscription file alone. An upgrade of the Edge server does not write
to Active Directory, so the admin center and Get-ExchangeServer of the other servers go on showing the version that it had when
it was subscribed. Nothing is wrong with it: mail and EdgeSync don't use that value. Subscribing again shows the new one.

## What proves it
- on the Edge server itself, Get-ExchangeServer shows the new version; on the other servers it shows the old one

## Not this when
- the Edge server itself shows the old version: then the update was not installed (`policy.enforcement.exchange-out-of-date`)
- Test-EdgeSynchronization is not Normal (`hybrid.edge.subscription-broken`)

## References
- https://learn.microsoft.com/en-us/exchange/troubleshoot/administration/incorrect-edge-transport-server-version-eac-ecp
- https://learn.microsoft.com/en-us/exchange/architecture/edge-transport-servers/edge-subscriptions
"""

from __future__ import annotations

from diagnostics.cause import Finding, cause, change, look
from diagnostics.causes.stories import told_as
from diagnostics.mail_facts import Told
from diagnostics.report import Step


@cause(id="hybrid.edge.version-shown-stale", act="on-prem")
def assess(told: Told) -> Finding | None:
    """People report the old number as a failed update; mail flow has no part in it."""
    because = "The other servers show the version that the Edge server had when it was subscribed, as you tell it. That is by "
    because += "design, and mail flow does not use it."
    return told_as("edge-shows-its-old-version", told, because, _steps(), weight=1.8)


def _steps() -> tuple[Step, ...]:
    return (
        look(
            "On the Edge server itself, see which build it runs.",
            "Get-Command ExSetup.exe | ForEach-Object {{ $_.FileVersionInfo }} | Format-List ProductVersion",
        ),
        look(
            "On a Mailbox server, see whether the subscription works.",
            "Test-EdgeSynchronization | Format-List Name,SyncStatus",
        ),
        change(
            "If the shown version matters, subscribe again: on the Edge server, write a new subscription file.",
            "New-EdgeSubscription -FileName 'C:\\Edge.xml'",
            changes="The Edge server forgets the former subscription; its own connectors are replaced by the organization's.",
            undo="None: the former file is no longer valid. Finish with the next step within 24 hours.",
            verify="C:\\Edge.xml exists; copy it to a Mailbox server.",
        ),
        change(
            "On a Mailbox server of the same site as before, import the file; the old subscription is overwritten.",
            "New-EdgeSubscription -FileData ([System.IO.File]::ReadAllBytes('C:\\Edge.xml')) -Site {site}",
            changes="All Mailbox servers of the site take part in the subscription, those added later included.",
            undo="Remove-EdgeSubscription with the name of the Edge server.",
            verify="Get-ExchangeServer shows the new version, and Test-EdgeSynchronization says Normal.",
            site="",
        ),
    )
