"""The federation mailbox has no address in a federated domain.

## What is happening
Shared calendars, cross-premises tracking and protected mail ask the federation gateway for a token on behalf of the hidden
arbitration mailbox `FederatedEmail.4c1f4d8b-8179-4148-93bf-00a95fa1e042`. An address policy or the removal of a domain
left it without an address in a federated domain, so the request, and the delivery step that needs it, fails with
`UserWithoutFederatedProxyAddressException`.

## What proves it
- the exception's name
- no address of the mailbox is in a domain of `Get-FederatedOrganizationIdentifier`

## Not this when
- the mailbox has an address in the account namespace or in a federated domain

## References
- https://learn.microsoft.com/en-us/exchange/federation-exchange-2013-help
- https://learn.microsoft.com/en-us/exchange/client-developer/web-service-reference/responsecode
"""

from __future__ import annotations

from collections.abc import Iterable

from msgspec.structs import replace

from diagnostics.cause import Belief, Finding, cause, change, look, shown
from diagnostics.causes.recipient.lookup import domain, proxies
from diagnostics.facts import Said
from diagnostics.mail_facts import Configured
from diagnostics.report import Step

_MAILBOX = "FederatedEmail.4c1f4d8b-8179-4148-93bf-00a95fa1e042"


@cause(
    id="hybrid.federation.arbitration-address-wrong",
    act="on-prem",
    says=("UserWithoutFederatedProxyAddressException", "ErrorUserWithoutFederatedProxyAddress"),
)
def assess(said: Said, _mailbox: Configured | None, objects: tuple[Configured, ...]) -> Finding | None:
    """The exception names it; the mailbox's addresses beside the federated domains prove it."""
    seen = addresses(objects)
    if seen:
        return replace(seen, evidence=(said, *seen.evidence)) if seen.belief else seen
    mailbox = next(filter(_is_federation, objects), None)
    because = (
        "Exchange asked for a federation token, and its FederatedEmail mailbox has no address in a federated domain."
    )
    return Finding(Belief.LIKELY, because, (said, mailbox), _steps(""), weight=1.5)


@shown
def addresses(objects: tuple[Configured, ...]) -> Finding | None:
    """The addresses of the federation mailbox beside the federated domains; both have to be there."""
    mailbox = next((each for each in objects if _is_federation(each) and proxies(each)), None)
    domains = _federated(objects)
    if mailbox is None or not domains:
        return None
    held = proxies(mailbox)
    right = next((each for each in held if domain(each) in domains), "")
    if right:
        return Finding(Belief.RULED_OUT, f"The federation mailbox has {right}, in a federated domain.", (mailbox,))
    if "..." in mailbox.get("EmailAddresses") + "".join(domains):
        return None
    because = f"The federation mailbox has {', '.join(held[:3])} only; federated are {', '.join(sorted(domains)[:4])}."
    return Finding(Belief.CONFIRMED, because, (mailbox,), _steps(_first(domains)))


def _is_federation(entry: Configured) -> bool:
    return entry.name.lower().startswith("federatedemail.") or any(
        each.startswith("federatedemail.") for each in proxies(entry)
    )


def _first(domains: Iterable[str]) -> str:
    """The domain to give it an address in: the account namespace was made up for the trust."""
    return min(domains, key=lambda each: (each.startswith("fydibohf"), each))


def _federated(objects: Iterable[Configured]) -> frozenset[str]:
    found = [each for each in objects if each.kind == "federated-organization-identifier"]
    names = [name for each in found for name in (*each.items("Domains"), each.get("AccountNamespace"))]
    return frozenset(each.lower() for each in names if each)


def _steps(name: str) -> tuple[Step, ...]:
    return (
        look(
            "See which domains are federated.",
            "Get-FederatedOrganizationIdentifier | Format-List AccountNamespace,Domains,Enabled",
        ),
        look(
            "See which addresses the federation mailbox has.",
            f"Get-Mailbox '{_MAILBOX}' -Arbitration | Format-List Name,EmailAddresses,EmailAddressPolicyEnabled",
        ),
        change(
            "Add an address in a federated domain.",
            f"Set-Mailbox '{_MAILBOX}' -Arbitration -EmailAddresses @{{{{Add={{federated_address}}}}}}",
            changes="Adds one more address to the arbitration mailbox.",
            undo="The same with @{Remove=…} in place of @{Add=…}.",
            verify="Test-FederationTrust succeeds, and the queue drains.",
            federated_address=f"FederatedEmail@{name}" if name else "",
        ),
        change(
            "If an address policy took it away, leave the mailbox out of the policies.",
            f"Set-Mailbox '{_MAILBOX}' -Arbitration -EmailAddressPolicyEnabled $false",
            changes="Address policies no longer change this mailbox.",
            undo="The same with -EmailAddressPolicyEnabled $true.",
            verify="The address is still there after the next Update-EmailAddressPolicy.",
        ),
    )
