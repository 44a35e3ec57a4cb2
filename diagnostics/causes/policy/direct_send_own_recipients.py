"""Direct send reaches only recipients of the own tenant; mail to others needs another way.

## What is happening
A device that hands mail without a logon to the tenant's own MX name (contoso-com.mail.protection.outlook.com) is a
stranger to Exchange Online, which takes from strangers only mail for its own recipients. For others it answers that
it does not relay, or the device drops the message. That is by design: an open way out would be everybody's.

## What proves it
- the device sends to port 25 of the MX name, and recipients inside get the message
- Get-InboundConnector lists no enabled connector of the type OnPremises: then Exchange Online relays for no server of yours

## Not this when
- a connector of the type OnPremises has the device's public address, or its certificate's name
- recipients inside don't get it either, with 5.7.68 (`policy.direct-send.rejected`)
- the device logs on at smtp.office365.com (`auth-smtp.client.not-authenticated`)
- an inbound connector is meant to let the device's address relay (`connector.exo-inbound.ip-mismatch`)

## References
- https://learn.microsoft.com/en-us/exchange/mail-flow-best-practices/how-to-set-up-a-multifunction-device-or-application-to-send-email-using-microsoft-365-or-office-365
- https://learn.microsoft.com/en-us/troubleshoot/exchange/email-delivery/fix-issues-with-printers-scanners-and-lob-applications-that-send-email-using-off
"""

from __future__ import annotations

from diagnostics.cause import Belief, Finding, cause, change, shown
from diagnostics.causes.connector.steps import list_inbound_connectors
from diagnostics.causes.recipient.steps import EXO, advise
from diagnostics.causes.stories import told_as
from diagnostics.mail_facts import Configured, Told
from diagnostics.recognisers.nothing_listed import nothing_listed
from diagnostics.report import Step


@cause(id="policy.direct-send.own-recipients", act="sender")
def assess(told: Told) -> Finding | None:
    """The person names the way; that it ends at the tenant is how it works."""
    because = "Direct send reaches the tenant's own recipients alone, by design: Exchange Online relays for "
    because += "nobody whom it does not know."
    return told_as("direct-send-to-the-outside", told, because, _steps(), weight=2.0)


@shown
def connectors(objects: tuple[Configured, ...]) -> Finding | None:
    """Only a connector of the type OnPremises lets a sender relay. Whether one is the device's, the list can't tell."""
    known = [each for each in objects if each.kind == "inbound-connector" and each.told("ConnectorType")]
    none = nothing_listed(objects, "inbound-connector")
    if any(each.get("ConnectorType").lower() == "onpremises" and each.flag("Enabled") is not False for each in known):
        return None
    if not (known or none):
        return None
    because = "No enabled inbound connector of the type OnPremises is there, so Exchange Online relays for no server or device "
    because += "of yours: what comes without a logon reaches the tenant's own recipients alone."
    return Finding(Belief.LIKELY, because, (none or known[0],), _steps())


def _steps() -> tuple[Step, ...]:
    return (
        list_inbound_connectors(),
        advise(
            "Where the device can log on: let it send to smtp.office365.com, port 587, with TLS and OAuth (or High Volume "
            "Email or Azure Communication Services for many messages)."
        ),
        change(
            "Where it can't, and has a public address that nobody else uses: make an inbound connector for that address.",
            "New-InboundConnector -Name 'Relay for our device' -ConnectorType OnPremises -SenderDomains '*' "
            "-SenderIPAddresses {source_address:token} -RequireTls $true",
            shell=EXO,
            changes="Whatever sends from that address in an own domain is relayed to everybody; "
            "never name a shared address.",
            undo="Remove-InboundConnector 'Relay for our device'",
            verify="A test message of the device reaches a recipient outside.",
            source_address="",
        ),
    )
