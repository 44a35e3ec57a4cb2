"""The domain is in a tenant of Exchange Online already, so mail from other tenants does not follow its MX record.

## What is happening
As soon as a domain is verified in a tenant, Exchange Online holds it as its own, for all tenants: mail that another tenant sends
there is delivered inside the service, whatever the MX says. Before a move is finished it goes to the new, empty mailboxes, or is
refused where there are none, while mail from everywhere else arrives at the old server. The same happens with a tenant that
was tried once and forgotten, or a partner's that still has the domain.

## What proves it
- only mail from senders at Microsoft 365 is missing, or refused with 5.1.10 or 5.4.1, and the MX leads elsewhere
- the sign-in page of Microsoft knows the domain (getuserrealm says Managed or Federated), and mailboxes there hold the mail

## Not this when
- the sign-in page says Unknown: no tenant has the domain
- mail from elsewhere is missing, too: then look at the MX record (`dns.mx.own-domain-wrong`)
- the sender's own tenant has the domain among its accepted domains (`recipient.accepted-domain.type-wrong`)

## References
- https://learn.microsoft.com/en-us/exchange/mail-flow-best-practices/manage-accepted-domains/manage-accepted-domains
- https://learn.microsoft.com/en-us/microsoft-365/admin/get-help-with-domains/remove-a-domain
"""

from __future__ import annotations

from typing import Final

from diagnostics.cause import Belief, Finding, cause, change, look, shown
from diagnostics.causes.recipient.steps import EXO
from diagnostics.causes.stories import told_as
from diagnostics.mail_facts import Configured, Told
from diagnostics.report import Step

_STORY: Final = "only-tenants-miss-the-old-server"


@cause(id="recipient.accepted-domain.other-tenant", act="exchange-online")
def assess(told: Told) -> Finding | None:
    """Nothing in a bounce tells it: only that it is the senders of one service whose mail goes elsewhere."""
    because = "Only mail from other organizations at Microsoft 365 goes astray, as you tell it: once a tenant has verified the "
    because += "domain, Exchange Online delivers such mail there and does not ask for the MX record."
    return told_as(_STORY, told, because, _steps(), weight=1.9)


@shown
def realm(objects: tuple[Configured, ...]) -> Finding | None:
    """Whether any tenant has the domain. That one has it is right where the reader's own does, and holds the mailboxes."""
    answer = next((each for each in objects if each.kind == "user-realm" and each.get("NameSpaceType")), None)
    if answer is None:
        return None
    state, name = answer.get("NameSpaceType"), answer.get("DomainName") or "the domain"
    if state.lower() == "unknown":
        return Finding(Belief.RULED_OUT, f"No tenant has {name}: the sign-in page says Unknown.", (answer,))
    because = (
        f"A tenant has {name} ({state}): what other tenants send there is delivered in it, whatever the MX record says."
    )
    return Finding(Belief.LIKELY, because, (answer,), _steps())


def _steps() -> tuple[Step, ...]:
    return (
        look(
            "See whether a tenant has the domain: Managed or Federated says yes, Unknown no.",
            "Invoke-RestMethod ('https://login.microsoftonline.com/getuserrealm.srf?json=1&login=postmaster@' + {domain}) | "
            "Format-List NameSpaceType,DomainName,FederationBrandName",
            "powershell",
            domain="",
        ),
        look(
            "In that tenant, see how it holds the domain, and whether mailboxes have received what is missing.",
            "Get-AcceptedDomain | Format-Table DomainName,DomainType; Get-Mailbox -ResultSize 50 | "
            "Format-Table PrimarySmtpAddress,WhenCreated",
            EXO,
        ),
        change(
            "Until the mailboxes are there: hold the domain as InternalRelay, with an outbound connector to the old server, so "
            "that who has no mailbox in the tenant gets mail at the old one. Take the domain out of a tenant that is not used.",
            "Set-AcceptedDomain {domain} -DomainType InternalRelay",
            shell=EXO,
            changes="The tenant passes on what is for addresses that it does not have; its own mailboxes keep theirs.",
            undo="The same with -DomainType Authoritative.",
            verify="A message from another tenant arrives at the old server.",
            domain="",
        ),
    )
