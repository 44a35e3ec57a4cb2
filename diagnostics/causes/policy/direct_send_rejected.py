"""Exchange Online refuses Direct Send: unauthenticated mail in the organization's own name.

## What is happening
With RejectDirectSend on, a message that arrives anonymously with an envelope sender of one of the tenant's own accepted
domains is refused, unless an inbound connector recognizes its source: `550 5.7.68 TenantInboundAttribution; Direct Send
not allowed`. Printers, applications and web services that send "as us" to our own people without signing in are hit.

## What proves it
- the words themselves; Get-OrganizationConfig shows RejectDirectSend True

## Not this when
- Get-OrganizationConfig shows RejectDirectSend False
- the text speaks of a partner connector, 5.7.51 (`connector.exo-inbound.partner-restriction`)

## References
- https://techcommunity.microsoft.com/blog/exchange/introducing-more-control-over-direct-send-in-exchange-online/4408790
- https://learn.microsoft.com/en-us/powershell/module/exchangepowershell/set-organizationconfig
"""

from __future__ import annotations

from diagnostics.cause import Belief, Finding, cause, change, look, shown
from diagnostics.causes.policy.said import of_kind
from diagnostics.facts import Reply, Said
from diagnostics.mail_facts import Configured
from diagnostics.report import Shell, Step


@cause(
    id="policy.direct-send.rejected",
    act="exchange-online",
    says=("5.7.68 TenantInboundAttribution", "Direct Send not allowed for this organization"),
    against={
        "There is a partner connector configured that matched": (
            "is a partner connector's restriction; the switch for Direct Send says `5.7.68`"
        ),
    },
)
def assess(
    anchor: Said | Configured, _switch: Configured | None, settings: tuple[Configured, ...], replies: tuple[Reply, ...]
) -> Finding | None:
    """One text, one meaning; of the number alone, the switch tells."""
    found = _switch_of(settings)
    said: Said | Reply | None = anchor if isinstance(anchor, Said) else _numbered(replies)
    if said is None or (isinstance(anchor, Configured) and anchor is not found):
        return None
    because = (
        "RejectDirectSend is on in this tenant, and the message came anonymously with one of its own domains as the "
    )
    because += "envelope sender, from a source that no inbound connector recognizes."
    if found and found.flag("RejectDirectSend") is False:
        because = "RejectDirectSend was on when this was refused; it is False now."
    return Finding(Belief.CONFIRMED, because, (said, found), _steps())


@shown
def switch(settings: tuple[Configured, ...]) -> Finding | None:
    """A tenant may refuse Direct Send, and nothing of its own sends that way."""
    found = _switch_of(settings)
    if found is None:
        return None
    if found.flag("RejectDirectSend"):
        because = "RejectDirectSend is True: what comes without a logon with a sender of an own domain, from a source that no "
        because += "inbound connector recognizes, is refused."
        return Finding(Belief.LIKELY, because, (found,), _steps())
    return Finding(Belief.RULED_OUT, "RejectDirectSend is False: this tenant takes Direct Send.", (found,))


def _switch_of(settings: tuple[Configured, ...]) -> Configured | None:
    """The switch as it was sent last."""
    known = [each for each in of_kind(settings, "organization-config") if each.flag("RejectDirectSend") is not None]
    return max(known, key=lambda each: (each.source.paste, each.source.line), default=None)


def _numbered(replies: tuple[Reply, ...]) -> Reply | None:
    """The refusal of which only the number was sent."""
    return next((each for each in replies if each.enhanced == "5.7.68"), None)


def _steps() -> tuple[Step, ...]:
    shell: Shell = "exchange-online-powershell"
    return (
        look(
            "See the switch, and which sources the inbound connectors recognize.",
            "Get-OrganizationConfig | Format-List RejectDirectSend; "
            "Get-InboundConnector | Format-List Name,Enabled,ConnectorType,SenderDomains,SenderIPAddresses,"
            "TlsSenderCertificateName",
            shell,
        ),
        change(
            "For a device or application with an address of its own: recognize it by a connector. Leave RejectDirectSend on.",
            "New-InboundConnector -Name 'Application that sends as us' -ConnectorType Partner -SenderDomains '*' "
            "-SenderIPAddresses {source_address:token} -RequireTls $true",
            shell=shell,
            changes="Mail from that address is accepted in the organization's name. By certificate "
            "(-TlsSenderCertificateName) is better where the source has one. A service with shared addresses, such as a "
            "web application, should not get a connector: let it send with a subdomain of its own (SPF and DKIM for it), "
            "or sign in by SMTP AUTH or HVE.",
            undo="Remove-InboundConnector 'Application that sends as us'",
            verify="The application's next message is accepted.",
            source_address="",
        ),
    )
