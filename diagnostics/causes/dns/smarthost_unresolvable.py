"""The smart host's name does not resolve where it is used.

## What is happening
A connector sends everything to one named host, and the name has no address record in the DNS that the sender
asks: it is mistyped, was removed, or exists only inside (Exchange Online asks public DNS, an Edge server
often another one). Every recipient behind that connector waits, whatever the domain.

## What proves it
- the queue's next hop is the smart host, and the last error says that DNS failed
- the name fails when asked by hand from the same server

## Not this when
- the queue is of type DnsConnectorDelivery: then it is the recipient's domain
- the smart host's name resolves from the sending server

## References
- https://learn.microsoft.com/en-us/exchange/mail-flow/non-delivery-reports-and-bounce-messages/non-delivery-reports-and-bounce-messages
- https://learn.microsoft.com/en-us/exchange/mail-flow/connectors/send-connectors
"""

from __future__ import annotations

from typing import Final

from diagnostics.cause import EMS, Belief, Finding, cause, change, look
from diagnostics.causes.dns.lookups import of_name, resolve_host, same
from diagnostics.causes.network.queues import by_smart_host, inward, outward, queue_of
from diagnostics.causes.network.reach import by_exchange_online
from diagnostics.causes.recipient.steps import EXO
from diagnostics.facts import QueueState, Said, SendConnector
from diagnostics.looked_facts import DnsAnswer
from diagnostics.report import Act, Shell, Step

# The properties of either kind of connector; Format-List leaves out what an object doesn't have.
_SHOWN: Final = "Name,SmartHosts,DNSRoutingEnabled,UseMXRecord,AddressSpaces,RecipientDomains"


# A client or device that is told one server to send through, and finds no address for its name.
_CLIENTS: Final = (
    "Name or service not known",
    "nodename nor servname provided",
    "getaddrinfo failed",
    "getaddrinfo ENOTFOUND",
    "11001",
    "No such host is known",
    "no such host",
    "Unknown SMTP host",
    "UnknownHostException",
    "remote name could not be resolved",
    "Remotename konnte nicht aufgelöst werden",
    "nom distant n'a pas pu être résolu",
    "No se puede resolver el nombre remoto",
    "Impossibile risolvere il nome remoto",
    "externe naam kan niet worden omgezet",
    "Could not resolve host",
    "cannot locate host",
    "unable to locate",
    "Bad hostname",
    "SMTP server name could not be resolved",
    "Unable to resolve the relay host",
    # Thunderbird, of a host that is unknown
    "The server may be incorrectly configured",
    "Der Server könnte falsch konfiguriert sein",
    "Le serveur est peut-être mal configuré",
)


@cause(
    id="dns.smarthost.unresolvable",
    act="on-prem",
    says=(
        "SMTPSEND.DNS.NonExistentDomain",
        "DNS query failed",
        "5.4.312 Message expired, DNS query failed",
        "DNS server returned",
        "Host or domain name not found. Name service error",
        *_CLIENTS,
    ),
)
def assess(
    said: Said,
    connector: SendConnector | None,
    _answer: DnsAnswer | None,
    queues: tuple[QueueState, ...],
    answers: tuple[DnsAnswer, ...],
) -> Finding | None:
    """Is the next hop a smart host at all, and does its name resolve?"""
    if said.signature in _CLIENTS:
        return _asked_by_client(said)
    queue = queue_of(said, queues)
    routed = by_smart_host(queue)
    if queue and outward(queue) and not routed:
        because = (
            f"The queue to {queue.next_hop or 'this domain'} goes by MX ({queue.delivery_type}): no "
            f"smart host is involved."
        )
        return Finding(Belief.RULED_OUT, because, (queue,))
    if queue and inward(queue):
        because = (
            f"The queue leads to {queue.next_hop or 'a server'} inside the organization, which no connector sends to."
        )
        return Finding(Belief.RULED_OUT, because, (queue,))
    by_queue = queue if routed else None
    hosts = [by_queue.next_hop] if by_queue else list(connector.smart_hosts if connector else ())
    asked = [each for host in hosts for each in of_name(answers, host)]
    missing = next((each for each in asked if not each.ok), None)
    act: Act = "exchange-online" if by_exchange_online(said.text) else "on-prem"
    if asked and not missing:
        return Finding(Belief.RULED_OUT, f"The smart host {asked[0].name} resolves.", (asked[0],))
    steps = _steps(hosts[0] if hosts else "", connector.connector if connector else "", act)
    if missing:
        because = f"The smart host {missing.name} does not resolve at {missing.server or 'the resolver'}"
        because += f" ({missing.error or 'no answer'})."
        return Finding(Belief.CONFIRMED, because, (said, missing, by_queue), steps, act)
    belief, because, weight = _weighed(said, by_queue, connector)
    return Finding(belief, because, (said, by_queue, connector if hosts else None), steps, act, weight)


def _asked_by_client(said: Said) -> Finding | None:
    """A client's own words. Exchange says the same of the next hop in a queue, where other causes judge it."""
    if said.kind not in ("client", "stray", "log") or "temporary failure" in said.text.lower():
        return None
    named = f" ({said.host})" if said.host else ""
    because = f"The client found no address for the mail server that it is to send through{named}: the name is misspelled, or "
    because += "the DNS servers of that machine don't know it."
    return Finding(Belief.LIKELY, because, (said,), _steps(said.host, "", "on-prem"), "sender", 1.4)


def _weighed(said: Said, queue: QueueState | None, connector: SendConnector | None) -> tuple[Belief, str, float]:
    """Without an answer for the name itself: does the next hop look like a smart host?"""
    if queue:
        gone = "NonExistentDomain" in said.text
        because = f"The queue leads to the smart host {queue.next_hop}, and DNS "
        because += "does not know it." if gone else "gave no answer."
        return (Belief.LIKELY if gone else Belief.POSSIBLE), because, 1.4
    hosts = connector.smart_hosts if connector else ()
    named = next((host for host in hosts if _named(host, said)), None)
    if named and connector:
        because = f"`{connector.connector}` sends to the smart host {named}, and the look-up of it failed."
        return Belief.LIKELY, because, 1.3
    if (
        connector
        and hosts
        and "NonExistentDomain" in said.text
        and any("*" in each for each in connector.address_spaces)
    ):
        because = f"`{connector.connector or 'The Send connector'}` sends everything to the smart host {hosts[0]}, and the next "
        because += "hop has no name in DNS."
        return Belief.LIKELY, because, 1.6
    because = "The look-up of the next hop failed; if a connector names a smart host, that name may be the one."
    return Belief.POSSIBLE, because, 1.0 if hosts else 0.6


def _named(host: str, said: Said) -> bool:
    return same(host, said.host) or host.casefold() in said.text.casefold()


def _steps(host: str, connector: str, act: Act) -> tuple[Step, ...]:
    if act == "exchange-online":
        return _correct(host, connector, "Get-OutboundConnector", "Set-OutboundConnector", EXO)
    return _correct(host, connector, "Get-SendConnector", "Set-SendConnector", EMS)


def _correct(host: str, connector: str, show: str, mend: str, shell: Shell) -> tuple[Step, ...]:
    return (
        look("See which smart host the connectors name.", f"{show} | Format-List {_SHOWN}", shell),
        resolve_host(host),
        change(
            "Correct the record in DNS if the name is right. If the name is wrong, correct the connector.",
            f"{mend} {{connector}} -SmartHosts {{smart_host}}",
            shell=shell,
            changes="Mail of this connector goes to the named host.",
            undo=f"{mend} with the SmartHosts that the first step printed.",
            verify="The smart host's name resolves, and the queue drains.",
            connector=connector,
            smart_host="",
        ),
    )
