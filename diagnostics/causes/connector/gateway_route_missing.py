"""Our gateway has no route for the recipient that Exchange rewrote, and hands the message back.

## What is happening
Exchange rewrites the recipient (the routing address of a mailbox in the cloud, a forwarding) and gives the message to
the organization's own gateway. The gateway doesn't know that domain, `<tenant>.mail.onmicrosoft.com` as a rule, falls
back to its route for everything, and returns the message to Exchange, which refuses to relay its own mail. The right to
relay is not what is missing: granting it to the gateway turns the refusal into a loop.

## What proves it
- the refused recipient differs from what the sender typed
- the refused session comes from the gateway

## Not this when
- the refused session comes straight from an application (`connector.receive.relay-permission-missing`)
- the rewritten domain has a Send connector of its own that avoids the gateway

## References
- https://learn.microsoft.com/en-us/exchange/transport-routing
"""

from __future__ import annotations

from collections.abc import Iterable

from diagnostics.cause import Belief, Finding, cause, change
from diagnostics.causes.connector import relay, steps
from diagnostics.causes.connector.heard import heard
from diagnostics.causes.recipient.lookup import domain
from diagnostics.facts import Reply, Said, SendConnector, Session
from diagnostics.report import Step


@cause(
    id="connector.gateway.route-missing",
    act="on-prem",
    says=(*relay.SIGNATURES, *relay.FOREIGN),
)
def assess(
    said: Said,
    _connector: SendConnector | None,
    connectors: tuple[SendConnector, ...],
    replies: tuple[Reply, ...],
    sessions: tuple[Session, ...],
) -> Finding | None:
    """A recipient that only routing writes, refused by a server on the own side."""
    if said.signature in relay.FOREIGN and not relay.foreign(said):
        return None
    what = heard(said, replies, sessions)
    if what.microsoft or "5.7.64" in what.low or not relay.by_exchange_server(what) or what.peer == "exchange-online":
        return None
    address = relay.rewritten(what)
    if not address:
        if "unable to relay" not in what.low or what.incoming or said.kind == "client":
            return None
        because = (
            "If the refused recipient is one that Exchange rewrote, a gateway without a route for it handed it back."
        )
        return Finding(Belief.POSSIBLE, because, (said,), _steps(""), weight=0.6)
    own = _own_route(domain(address), connectors)
    if own:
        because = f"`{own.connector}` has a route of its own for {domain(address)}."
        return Finding(Belief.RULED_OUT, because, (own,))
    because = (
        f"{what.who} refused `{address}`, an address that Exchange itself wrote for a mailbox in the cloud: what should "
        "carry it there has no route for that domain and handed it back."
    )
    return Finding(Belief.LIKELY, because, (said,), _steps(domain(address)))


def _own_route(wanted: str, connectors: Iterable[SendConnector]) -> SendConnector | None:
    for each in connectors:
        if any(wanted in space.lower() for space in each.address_spaces):
            return each
    return None


def _steps(routing_domain: str) -> tuple[Step, ...]:
    return (
        steps.find_session(""),
        steps.list_send_connectors(),
        change(
            "On the gateway, deliver that domain to its MX (Exchange Online for `*.mail.onmicrosoft.com`). Do not let the "
            "gateway relay on the Receive connector.",
            "",
            shell="portal",
            changes="The gateway's routing table.",
            undo="Remove the route again.",
            verify="The gateway's log shows the message delivered to Exchange Online.",
        ),
        change(
            "Or let Exchange send that domain past the gateway.",
            "New-SendConnector -Name {connector_name} -Custom -AddressSpaces {routing_domain} -DNSRoutingEnabled $true "
            "-SourceTransportServers {server}",
            changes="Mail for this domain leaves by DNS from the named server, which needs port 25 open to Exchange Online.",
            undo="Remove-SendConnector with that name.",
            verify="A message to a mailbox in the cloud arrives, and the send log shows the new connector.",
            connector_name="",
            routing_domain=routing_domain,
            server="",
        ),
    )
