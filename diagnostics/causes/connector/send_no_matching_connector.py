"""No Send connector covers the recipient's domain.

## What is happening
Routing looks for an enabled Send connector whose address spaces hold the recipient's domain and finds none: it was
deleted or disabled, or only connectors for other domains exist. The messages wait in the `Unreachable` queue and come
back after two days; for an address type other than SMTP they come back at once (`5.4.4
ROUTING.NoConnectorForAddressType`).

## What proves it
- `A matching connector cannot be found to route the external recipient`
- `Get-SendConnector` shows no enabled connector with `*` or the domain
- the only one is scoped (IsScopedConnector True): servers of another site than its source servers' don't use it

## Not this when
- an enabled connector for all domains names source servers and is not scoped
- an enabled connector covers the domain: then its source servers (`connector.send.source-server-invalid`)
- the domain's mailboxes are ours: then the accepted domain or the recipient's object is what is missing

## References
- https://learn.microsoft.com/en-us/exchange/mail-flow/queues/queues
- https://learn.microsoft.com/en-us/exchange/mail-flow/connectors/send-connectors
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from diagnostics.cause import Belief, Finding, cause, change, shown
from diagnostics.causes.connector import steps
from diagnostics.causes.connector.heard import Heard, heard
from diagnostics.causes.connector.send_source_server_invalid import without_servers
from diagnostics.causes.reader import complained
from diagnostics.facts import QueueState, Reply, Said, SendConnector
from diagnostics.mail_facts import Configured, Told
from diagnostics.report import Step

_ANY: Final = "*"
_NO_NEXT_HOP: Final = "ROUTING.NoNextHop"
_OUTLOOK: Final = "None of your e-mail accounts could send to this recipient"


@cause(
    id="connector.send.no-matching-connector",
    act="on-prem",
    says=(
        "A matching connector cannot be found",
        "NextHopDomain: Unreachable",
        "NextHopDomain : Unreachable",
        "ROUTING.NoConnectorForAddressType",
        _NO_NEXT_HOP,
        _OUTLOOK,
    ),
)
def assess(
    anchor: Said | QueueState | SendConnector | Told,
    connector: SendConnector | None,
    connectors: tuple[SendConnector, ...],
    replies: tuple[Reply, ...],
    objects: tuple[Configured, ...],
) -> Finding | None:
    """Exchange's own words name it; the Unreachable queue alone can also lack a path to the source servers."""
    if isinstance(anchor, Told):
        return _told(anchor)
    if isinstance(anchor, QueueState):
        return _queued(anchor, replies)
    if isinstance(anchor, SendConnector):
        return _switched_off(anchor, connectors) if complained(replies, objects) else None
    if anchor.signature.startswith("NextHopDomain"):
        because = "Messages wait in the Unreachable queue: routing has no way for them."
        return Finding(Belief.POSSIBLE, because, (anchor,), _steps(""), weight=1.9)
    if anchor.signature == _NO_NEXT_HOP:
        because = (
            "Routing found no next server for the recipient: no Send connector covers its domain, or the servers of "
        )
        because += "the one that does can't be reached."
        return Finding(Belief.POSSIBLE, because, (anchor,), _steps(heard(anchor, replies).recipient), weight=1.9)
    if anchor.signature == _OUTLOOK:
        because = "Outlook knows of no way for that type of address: no connector of the organization has it as an address space "
        because += "(FAX, SMS and their like need one of their own), or the address is damaged."
        return Finding(Belief.POSSIBLE, because, (anchor,), _steps(""), weight=1.7)
    empty = without_servers(connectors)
    if empty:
        because = f"`{empty.connector}` covers all domains; it has no source server, so routing does not use it."
        return Finding(Belief.RULED_OUT, because, (empty,))
    what = heard(anchor, replies)
    told = what.recipient
    covering = next((each for each in connectors if told and _covers(each, told.rpartition("@")[2])), None)
    if covering:
        because = (
            f"`{covering.connector}` covers {told}, so if it is enabled, its source servers can't be reached, or it is "
            "scoped to another site."
        )
        return Finding(Belief.POSSIBLE, because, (anchor, covering), _steps(told), weight=1.0)
    because = f"Exchange found no Send connector that covers {_whom(what)}"
    if connector and told:
        spaces = ", ".join(space for each in connectors for space in each.address_spaces) or "none"
        because += f"; the address spaces that were sent are {spaces}."
        return Finding(Belief.CONFIRMED, because, (anchor, connector), _steps(told))
    return Finding(Belief.LIKELY, f"{because}, or the one that does is disabled.", (anchor,), _steps(told))


@shown
def coverage(connectors: tuple[SendConnector, ...], replies: tuple[Reply, ...]) -> Finding | None:
    """Which of the connectors are in use for the domains that mail failed to, or for all."""
    known = [each for each in connectors if each.address_spaces]
    wanted = {each.recipient.rpartition("@")[2] for each in replies if each.failing and "@" in each.recipient} or {_ANY}
    used = [each for each in known if each.enabled is not False]
    serving = [each for each in used if all(_covers(each, one) for one in wanted)]
    free = next((each for each in serving if each.scoped is False and each.source_servers != ()), None)
    if free:
        because = f"`{free.connector}` is enabled, not scoped, and has the address space {', '.join(free.address_spaces[:3])}."
        return Finding(Belief.RULED_OUT, because, (free,))
    if serving and all(each.scoped for each in serving):
        because = f"`{serving[0].connector}` is scoped: only servers in the site of {_of(serving[0])} use it, and for those of "
        because += "other sites there is no connector for all domains."
        return Finding(Belief.LIKELY, because, (serving[0],), _unscope(serving[0].connector))
    return None if serving or not known else _uncovered(known, wanted)


def _uncovered(known: Sequence[SendConnector], wanted: set[str]) -> Finding | None:
    """None of those that were sent is in use for the mail. One alone, for other domains, may be a part of the list."""
    off = next((each for each in known if each.enabled is False and any(_covers(each, one) for one in wanted)), None)
    several = len({each.connector for each in known}) > 1
    if not several and off is None:
        return None
    whom = "all domains" if _ANY in wanted else ", ".join(sorted(wanted)[:3])
    spaces = ", ".join(space for each in known if each.enabled is not False for space in each.address_spaces) or "none"
    because = f"No enabled connector of those that were sent covers {whom} (their address spaces: {spaces[:200]})"
    because += f"; `{off.connector}`, which does, is disabled." if off else "."
    belief = Belief.CONFIRMED if several and _ANY not in wanted else Belief.LIKELY
    return Finding(belief, because, (off or known[0],), _steps("", off.connector if off else ""))


def _of(connector: SendConnector) -> str:
    return ", ".join((connector.source_servers or ())[:3]) or "its source servers"


def _unscope(connector: str) -> tuple[Step, ...]:
    free = change(
        "If servers of all sites shall use it: take the scope off.",
        "Set-SendConnector {send_connector} -IsScopedConnector $false",
        changes="Servers of other sites hand their mail to the connector's source servers.",
        undo="The same with -IsScopedConnector $true.",
        verify="The Unreachable queues of the other sites empty after the last step.",
        send_connector=connector,
    )
    return (steps.list_send_connectors(), free, steps.resubmit_unreachable())


def _told(told: Told) -> Finding | None:
    """An organization without a Send connector, and mail to outside that waits or comes back late."""
    if told.story != "no-way-out":
        return None
    because = "There is no Send connector, as you tell it: mail to outside then waits in the Unreachable queue and comes back "
    because += (
        "after MessageExpirationTimeout (2 days unless changed). Where nothing shall leave, a mail flow rule that "
    )
    because += "rejects mail to recipients outside the organization answers at once."
    return Finding(Belief.POSSIBLE, because, (told,), _steps(""), weight=1.7)


def _switched_off(connector: SendConnector, connectors: Sequence[SendConnector]) -> Finding | None:
    """The connector for all domains is disabled, and mail fails, as somebody says."""
    if connector.enabled is not False or not _covers(connector, _ANY):
        return None
    if any(each.enabled is not False and _covers(each, _ANY) for each in connectors):
        return None
    name = connector.connector or "The connector"
    because = (
        f"`{name}` has the address space {', '.join(connector.address_spaces)} and is disabled, and no other connector "
    )
    because += "that was sent covers all domains: mail to outside has no way then."
    return Finding(Belief.POSSIBLE, because, (connector,), _steps("", connector.connector), weight=1.9)


def _queued(queue: QueueState, replies: tuple[Reply, ...]) -> Finding | None:
    if (
        not queue.unreachable
        or not queue.messages
        or any("matching connector" in each.whole.lower() for each in replies)
    ):
        return None
    waiting = "1 message waits" if queue.messages == 1 else f"{queue.messages} messages wait"
    because = f"{waiting} in {queue.identity or 'the Unreachable queue'}: routing has no way out for what is there."
    return Finding(Belief.POSSIBLE, because, (queue,), _steps(""), weight=1.9)


def _whom(what: Heard) -> str:
    if what.recipient:
        return what.recipient
    return "the address type of the recipient" if "noconnectorforaddresstype" in what.low else "the recipient's domain"


def _covers(connector: SendConnector, domain: str) -> bool:
    """Whether an address space (`SMTP:*.fabrikam.com;10`) holds the domain."""
    wanted = domain.lower()
    for space in connector.address_spaces:
        name = space.partition(";")[0].rpartition(":")[2].strip().lower()
        if name in ("*", wanted, "--") or (name.startswith("*.") and wanted.endswith(name[1:])):
            return True
    return False


def _steps(recipient: str, connector: str = "") -> tuple[Step, ...]:
    return (
        steps.list_send_connectors(),
        change(
            "If the connector exists and is disabled, enable it.",
            "Set-SendConnector {send_connector} -Enabled $true",
            changes="Mail for its address spaces leaves through this connector again.",
            undo="The same with -Enabled $false.",
            verify="The Unreachable queue empties after the last step.",
            send_connector=connector,
        ),
        change(
            "If there is none, make one for the domain; `*` stands for all that no other connector covers.",
            "New-SendConnector -Name {connector_name} -Custom -AddressSpaces {domain} -SourceTransportServers {server} "
            "-DNSRoutingEnabled $true",
            changes="Mail for this domain leaves through the named server to the domain's MX.",
            undo="Remove-SendConnector with that name.",
            verify="A new message to the domain leaves, and the Unreachable queue empties after the last step.",
            connector_name="",
            domain=recipient.rpartition("@")[2],
            server="",
        ),
        steps.resubmit_unreachable(),
    )
