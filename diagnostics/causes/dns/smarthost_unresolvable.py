"""The smart host's name does not resolve where it is used.

## What is happening
A connector sends everything to one named host, and the name has no address record in the DNS that the sender
asks: it is mistyped, was removed, or exists only inside (Exchange Online asks public DNS, an Edge server
often another one). Every recipient behind that connector waits, whatever the domain.

## What proves it
- the queue's next hop is the smart host, and the last error says that DNS failed
- the name fails when asked by hand from the same server, or in public DNS, where Exchange Online is to use it
- it leads to an address inside alone, where Exchange Online is to use it

## Not this when
- the queue is of type DnsConnectorDelivery: then it is the recipient's domain
- the smart host's name resolves from the sending server

## References
- https://learn.microsoft.com/en-us/exchange/mail-flow/non-delivery-reports-and-bounce-messages/non-delivery-reports-and-bounce-messages
- https://learn.microsoft.com/en-us/exchange/mail-flow/connectors/send-connectors
"""

from __future__ import annotations

from typing import Final

from diagnostics.cause import EMS, Belief, Finding, cause, change, look, shown
from diagnostics.causes.dns.lookups import (
    UNRESOLVED,
    looked_up,
    nonexistent,
    of_a_record,
    of_name,
    public_resolver,
    recipients_domains,
    resolve_host,
    same,
)
from diagnostics.causes.network.providers import submission_host
from diagnostics.causes.network.queues import by_smart_host, inward, outward, queue_of
from diagnostics.causes.network.reach import by_exchange_online, kind_of
from diagnostics.causes.recipient.steps import EXO
from diagnostics.causes.stories import told_as
from diagnostics.facts import QueueState, Reply, Said, SendConnector
from diagnostics.looked_facts import DnsAnswer
from diagnostics.mail_facts import Configured, Told
from diagnostics.report import Act, Shell, Step

_ON_PREMISES: Final = "Name,Enabled,SmartHosts,DNSRoutingEnabled,AddressSpaces"
_ONLINE: Final = "Name,Enabled,SmartHosts,UseMXRecord,RecipientDomains"


# Sendmail and Exim, of whatever they look up: it counts where that is the relay.
_ROUTER = "failed in smarthost router"
_LEFT_BEHIND: Final = (
    "Since a change of DNS everything outbound waits for one host, as you tell it: the name of the smart host is known nowhere "
    "any more, while the names of the Internet are."
)
_RELAYS: Final = ("host name lookup failure", _ROUTER)


_PROGRAM: Final = "fatal: host/service "  # Postfix, of a policy service or map beside it


@cause(
    id="dns.smarthost.unresolvable",
    act="on-prem",
    says=(
        "SMTPSEND.DNS.NonExistentDomain",
        "DNS query failed",
        "5.4.312 Message expired, DNS query failed",
        "DNS server returned",
        "Host or domain name not found. Name service error",
        *_RELAYS,
        *UNRESOLVED,
    ),
)
def assess(
    anchor: Said | Told,
    connector: SendConnector | None,
    _answer: DnsAnswer | None,
    queues: tuple[QueueState, ...],
    answers: tuple[DnsAnswer, ...],
    settings: tuple[Configured, ...],
) -> Finding | None:
    """Is the next hop a smart host at all, and does its name resolve?"""
    if isinstance(anchor, Told):
        return told_as("zone-left-on-the-old-dns", anchor, _LEFT_BEHIND, _steps("", "", "on-prem"), weight=1.5)
    said = anchor
    if said.signature in UNRESOLVED:
        return _asked_by_client(said, settings)
    relay = next(
        (each for each in settings if each.kind == "relayhost" and same(each.name, looked_up(said.text))), None
    )
    if relay or said.signature in _RELAYS:
        return _asked_by_relay(said, relay, answers)
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


@shown
def lookups(
    answers: tuple[DnsAnswer, ...],
    connectors: tuple[SendConnector, ...],
    settings: tuple[Configured, ...],
    replies: tuple[Reply, ...],
) -> Finding | None:
    """Whether the smart host has an address where it is used: Exchange Online asks public DNS, whatever servers inside know."""
    cloud = any(each.failing and by_exchange_online(each.whole) for each in replies)
    hosts = {host.lower() for each in connectors if each.enabled is not False for host in each.smart_hosts}
    hosts |= {
        host.lower() for each in settings if each.kind == "outbound-connector" for host in each.items("SmartHosts")
    }
    asked = [each for each in answers if (each.name in hosts if hosts else _of_a_host(each, answers, replies))]
    if cloud and any(public_resolver(each.server) for each in asked):
        asked = [each for each in asked if public_resolver(each.server)]
    act: Act = "exchange-online" if cloud else "on-prem"
    missing = next((each for each in asked if nonexistent(each) or (hosts and each.error == "no records")), None)
    if missing:
        because = (
            f"The smart host {missing.name} does not resolve at {missing.server or 'the resolver'} ({missing.error})."
        )
        sure = Belief.CONFIRMED if hosts else Belief.LIKELY
        return Finding(
            sure, because, (missing,), _steps(missing.name, _named_by(missing.name, connectors), act), act, 1.5
        )
    known = [(each, ip) for each in asked for ip in each.addresses]
    usable = [(each, ip) for each, ip in known if not cloud or kind_of(ip) in ("public", "exchange-online")]
    if known and not usable:
        because = f"{known[0][0].name} leads to {known[0][1]} alone, an address inside: Exchange Online can't use it."
        steps = _steps(known[0][0].name, "", act)
        return Finding(Belief.CONFIRMED if hosts else Belief.LIKELY, because, (known[0][0],), steps, act, 1.5)
    if not usable or {each.name for each, _ in usable} != {each.name for each in asked}:
        return None
    return Finding(Belief.RULED_OUT, f"The smart host {usable[0][0].name} resolves ({usable[0][1]}).", (usable[0][0],))


def _of_a_host(answer: DnsAnswer, answers: tuple[DnsAnswer, ...], replies: tuple[Reply, ...]) -> bool:
    """Whether it was for the address of a host that no MX names: where nobody sent the connectors, that is the smart host."""
    domains = recipients_domains(replies)
    exchangers = {host for each in answers for host in each.values("MX")}
    of_another = of_a_record(answer) or answer.values("MX", "TXT", "NS", "PTR") or answer.asked not in ("", "A", "AAAA")
    return not of_another and answer.name not in domains | exchangers and bool(answer.name)


def _named_by(host: str, connectors: tuple[SendConnector, ...]) -> str:
    """The name of the connector that has this smart host."""
    return next((each.connector for each in connectors if any(same(host, name) for name in each.smart_hosts)), "")


def _asked_by_client(said: Said, settings: tuple[Configured, ...]) -> Finding | None:
    """A client's own words. Exchange says the same of the next hop in a queue, where other causes judge it."""
    if submission_host(said, settings) or _PROGRAM in said.text:
        return None  # that one exists: the resolver is at fault; or a program was asked for, and no server
    if said.kind not in ("client", "stray", "log") or "temporary failure" in said.text.lower():
        return None
    named = f" ({said.host})" if said.host else ""
    because = f"The client found no address for the mail server that it is to send through{named}: the name is misspelled, or "
    because += "the DNS servers of that machine don't know it."
    return Finding(Belief.LIKELY, because, (said,), _steps(said.host, "", "on-prem"), "sender", 1.4)


def _asked_by_relay(said: Said, relay: Configured | None, answers: tuple[DnsAnswer, ...]) -> Finding | None:
    """Another mail system, whose own settings name the host that it did not find, or whose router is called so."""
    if relay is None and said.signature != _ROUTER:
        return None
    name = looked_up(said.text)
    asked = of_name(answers, name)
    if asked and all(each.ok for each in asked):
        return Finding(Belief.RULED_OUT, f"The relay host {name} resolves.", (asked[0],))
    because = (
        f"This mail system hands all its mail to the relay host `{name}`, and finds no address for that name: it is "
    )
    because += "mistyped, is gone, or exists in another network (as a container's name does)."
    # A look-up without an answer can be the resolver's fault; a name of one label is none of DNS.
    unanswered = any(words in said.text.lower() for words in ("try again", "lookup failure"))
    silent = unanswered and "." in name and not asked
    belief = Belief.POSSIBLE if silent else Belief.LIKELY
    return Finding(belief, because, (said, relay, *asked[:1]), _relay_steps(name), "on-prem", 1.9)


def _relay_steps(name: str) -> tuple[Step, ...]:
    return (
        look(
            "See which relay host is set (Debian's Exim: dc_smarthost; Sendmail: SMART_HOST).",
            "postconf relayhost",
            "bash",
        ),
        look("Resolve its name on that machine, or in that container.", "dig +short {host:token}", "bash", host=name),
        change(
            "Set a relay that exists, or none: then mail goes straight to the recipients' servers.",
            "",
            shell="portal",
            changes="relayhost in main.cf (dc_smarthost, SMART_HOST). Without one, mail needs a way out on port 25 of its own.",
            undo="Put the value back that the first step printed.",
            verify="Queued mail is delivered after `postqueue -f`.",
        ),
    )


def _weighed(said: Said, queue: QueueState | None, connector: SendConnector | None) -> tuple[Belief, str, float]:
    """Without an answer for the name itself: does the next hop look like a smart host?"""
    if queue:
        gone = "nonexistent" in said.text.lower()
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
        return _correct(host, connector, f"Get-OutboundConnector | Format-List {_ONLINE}", "Set-OutboundConnector", EXO)
    return _correct(host, connector, f"Get-SendConnector | Format-List {_ON_PREMISES}", "Set-SendConnector", EMS)


def _correct(host: str, connector: str, show: str, mend: str, shell: Shell) -> tuple[Step, ...]:
    return (
        look("See which smart host the connectors name.", show, shell),
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
