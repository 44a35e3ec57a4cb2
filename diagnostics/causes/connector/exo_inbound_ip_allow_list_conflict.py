"""The relaying address is also in the tenant's IP Allow list, which hides the block list that it is on.

## What is happening
Our server's address stands in an inbound connector and, at the same time, in the IP Allow list of the connection filter.
A block list holds that address; because of the allow list Exchange Online can't show its usual refusal, which names the
list, and says `Unable To Relay: Blocked by Customer Allow list` instead. The allow list has to go first: only then is it
told which list the address is on.

## What proves it
- the same address in SenderIPAddresses of an inbound connector and in IPAllowList
- after removing it, the refusal names a block list

## Not this when
- the text says Customer Block list: then the recipient's organization blocks the address
  (`reputation.ip.customer-block-list`)
- the address isn't in IPAllowList
- a later refusal names a block list: then the allow list is cleared (`reputation.ip.dnsbl-listed`)

## References
- https://learn.microsoft.com/en-us/defender-office-365/connection-filter-policies-configure
"""

from __future__ import annotations

from collections.abc import Iterable

from diagnostics.cause import Belief, Finding, cause, change, look, shown
from diagnostics.causes.connector import steps
from diagnostics.causes.connector.ranges import covers
from diagnostics.causes.connector.settings import INBOUND, label, of_kind
from diagnostics.causes.recipient.steps import EXO
from diagnostics.facts import Reply, Said
from diagnostics.mail_facts import Configured
from diagnostics.report import Step
from diagnostics.text import is_cut


@cause(
    id="connector.exo-inbound.ip-allow-list-conflict",
    act="exchange-online",
    says=("Blocked by Customer Allow list",),
    against={
        "using Customer Block list": "is a block list of the recipient's organization; the conflict says `Customer Allow list`",
    },
)
def assess(
    said: Said, _settings: Configured | None, objects: tuple[Configured, ...], replies: tuple[Reply, ...]
) -> Finding | None:
    """The words name the conflict; the two lists show the address."""
    later = next((each for each in replies if _names_a_list(each, said)), None)
    if later:
        because = "The refusal that was sent later names the block list, so the allow list no longer hides it."
        return Finding(Belief.RULED_OUT, because, (later,))
    found = _both(objects)
    if found:
        return _conflict(*found, said)
    policies = of_kind("hosted-connection-filter-policy", objects)
    if any(each.told("IPAllowList") and not each.items("IPAllowList") for each in policies):
        because = "The IP Allow list of the tenant that was sent is empty."
        return Finding(Belief.POSSIBLE, because, (said, policies[0]), _steps(""), weight=0.9)
    because = "Exchange Online names the tenant's own allow list: the relaying address is in it, and on a block list."
    return Finding(Belief.LIKELY, because, (said,), _steps(""))


@shown
def lists(objects: tuple[Configured, ...]) -> Finding | None:
    """The allow list, beside the addresses of the inbound connectors."""
    found = _both(objects)
    if found:
        return _conflict(*found)
    policies = [each for each in of_kind("hosted-connection-filter-policy", objects) if each.told("IPAllowList")]
    connectors = [each for each in of_kind(INBOUND, objects) if each.items("SenderIPAddresses")]
    if not policies or any(is_cut(each.get("IPAllowList")) for each in policies):
        return None
    if not any(each.items("IPAllowList") for each in policies):
        return Finding(Belief.RULED_OUT, "The IP Allow list of the tenant is empty.", tuple(policies))
    if not connectors or any(is_cut(each.get("SenderIPAddresses")) for each in connectors):
        return None
    because = f"No address of {label(connectors[0])} is in the IP Allow list."
    return Finding(Belief.RULED_OUT, because, (*policies, *connectors[:3]))


def _conflict(address: str, policy: Configured, connector: Configured, said: Said | None = None) -> Finding:
    because = f"{address} is in the IP Allow list and in {label(connector)}, so the block list it is on stays hidden."
    return Finding(Belief.CONFIRMED, because, (said, policy, connector), _steps(address))


def _names_a_list(reply: Reply, conflict: Said) -> bool:
    """Whether a refusal that came in a later text names a block list."""
    return reply.source.paste > conflict.source.paste and "blocked using" in reply.whole.lower()


def _both(objects: Iterable[Configured]) -> tuple[str, Configured, Configured] | None:
    """An address in both lists, with the policy and the connector."""
    known = tuple(objects)
    for policy in of_kind("hosted-connection-filter-policy", known):
        for connector in of_kind(INBOUND, known):
            for address in connector.items("SenderIPAddresses"):
                if any(covers(each, address) for each in policy.items("IPAllowList")):
                    return address, policy, connector
    return None


def _steps(address: str) -> tuple[Step, ...]:
    return (
        look(
            "See which addresses the connection filter allows.",
            "Get-HostedConnectionFilterPolicy | Format-List Name,IPAllowList,IPBlockList",
            EXO,
        ),
        steps.list_inbound_connectors(),
        change(
            "Take the relaying address out of the allow list; the inbound connector alone recognises our server.",
            "Set-HostedConnectionFilterPolicy 'Default' -IPAllowList @{{Remove={address}}}",
            shell=EXO,
            changes="Mail from this address is filtered like any other, and a refusal names the block list.",
            undo="The same with @{Add=…} in place of @{Remove=…}.",
            verify="The next message passes, or its refusal names the list: clear up the reason and ask there to be removed.",
            address=address,
        ),
    )
