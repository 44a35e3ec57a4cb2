"""An internal server's name resolves to its public address.

## What is happening
Inside the network, the name of another Exchange server resolves to the published address: the internal zone
lacks the record, a wildcard or hosts file overrides it, or the servers ask public DNS. Mail between the
servers is sent to the firewall, which doesn't turn packets back inside (hairpin), so it times out although
both servers are well.

## What proves it
- the last error of a queue inside the organization (SmtpDeliveryToMailbox, SmtpRelayToDag …) shows a public
  address
- the server's name resolves to that address on the source server, and to a private one at a domain controller

## Not this when
- the address in the last error is the private one, or the name resolves to that
- the queue leads to the Internet or to Exchange Online

## References
- https://learn.microsoft.com/en-us/exchange/mail-flow/mail-routing/mail-routing
- https://learn.microsoft.com/en-us/exchange/mail-flow/queues/queues
"""

from __future__ import annotations

from collections.abc import Iterable

from diagnostics.cause import Belief, Finding, cause, change, look, shown
from diagnostics.causes.dns.lookups import addresses_of
from diagnostics.causes.network.probes import retry_queues
from diagnostics.causes.network.providers import of_provider
from diagnostics.causes.network.queues import inward, told_of
from diagnostics.causes.network.reach import kind_of
from diagnostics.facts import ConnectFailed, QueueState, Reply
from diagnostics.looked_facts import DnsAnswer, PortTest
from diagnostics.mail_facts import Configured
from diagnostics.report import Step


@cause(id="dns.internal.resolves-to-public-ip", act="on-prem")
def assess(
    queue: QueueState | Configured,
    failures: tuple[ConnectFailed, ...],
    replies: tuple[Reply, ...],
    queues: tuple[QueueState, ...],
    answers: tuple[DnsAnswer, ...],
) -> Finding | None:
    """A queue inside the organization whose last error names an address outside."""
    if isinstance(queue, Configured):
        return _our_own(queue, failures) or _silent(queue, replies) or _own_name(queue, failures, replies)
    if queue.status.lower() not in ("retry", "suspended") or not inward(queue):
        return None
    errors = [r for r in told_of(queue, replies, queues) if r.failing and r.ip]
    if not errors:
        return None
    error = errors[-1]
    name = error.host or queue.next_hop
    if kind_of(error.ip) == "internal":
        because = f"{name} was tried at {error.ip}, its private address."
        return Finding(Belief.RULED_OUT, because, (error, queue))
    if kind_of(error.ip) != "public":
        return None
    because = (
        f"The queue {queue.identity or queue.next_hop} leads to a server inside "
        f"({queue.delivery_type}), yet {name} was tried at "
    )
    because += f"the public address {error.ip}."
    found = addresses_of(name, answers)
    told = next((answer for ip, answer in found if ip == error.ip), None)
    if told:
        because += f" {told.server or 'Its resolver'} gives that address for the name."
        return Finding(Belief.CONFIRMED, because, (told, error, queue), _steps(name), weight=1.8)
    private = next(((ip, answer) for ip, answer in found if kind_of(ip) == "internal"), None)
    if private:
        because += f" A look-up now gives {private[0]}: either it was mended since, or another resolver was asked."
        return Finding(Belief.POSSIBLE, because, (error, private[1], queue), _steps(name), weight=1.5)
    opened = any(each.source == error.source for each in failures)
    belief = Belief.LIKELY if opened or "connect" in error.whole.lower() else Belief.POSSIBLE
    return Finding(belief, because, (error, queue), _steps(name), weight=1.8)


@shown
def lookups(
    answers: tuple[DnsAnswer, ...], failures: tuple[ConnectFailed, ...], tests: tuple[PortTest, ...]
) -> Finding | None:
    """The addresses of the server that was tried in vain, by the source server's resolver and by a domain controller."""
    tried = (*failures, *(each for each in tests if not each.succeeded))
    for name in dict.fromkeys(each.host.lower() for each in tried if each.host):
        found = addresses_of(name, answers)
        public = next(((ip, each) for ip, each in found if kind_of(ip) == "public"), None)
        private = next(((ip, each) for ip, each in found if kind_of(ip) == "internal"), None)
        if public and private:
            because = f"{name} resolves to the public address {public[0]}, and a resolver inside knows {private[0]}."
            return Finding(Belief.CONFIRMED, because, (public[1], private[1]), _steps(name), weight=1.8)
        if private:
            because = f"{name} resolves to {private[0]}, its private address."
            return Finding(Belief.RULED_OUT, because, (private[1],))
    return None


def _our_own(told: Configured, failures: tuple[ConnectFailed, ...]) -> Finding | None:
    """The reader says that the address which was tried is one of their own: from inside nobody gets there."""
    if told.kind == "told-between-servers":
        return _told_public(told, failures)
    tried = next((each for each in failures if told.kind == "own-address" and each.ip == told.name), None)
    if tried is None or kind_of(tried.ip) != "public" or tried.kind == "refused":
        return None
    because = f"{tried.host or 'The next server'} was tried at {tried.ip}, the organization's own public address: "
    because += "from inside its name "
    because += "should lead to a private one."
    return Finding(Belief.LIKELY, because, (told, tried), _steps(tried.host), weight=1.8)


def _told_public(told: Configured, failures: tuple[ConnectFailed, ...]) -> Finding | None:
    """Mail between one's own servers that is tried at a public address, as told; what the address is, was masked."""
    tried = next((each for each in failures if each.kind != "refused" and kind_of(each.ip) in ("", "public")), None)
    if tried is None or not told.get("Address"):
        return None
    because = (
        f"Mail between your own servers tried {tried.host or 'the next one'} at a public address, as you tell it: from "
    )
    because += (
        "inside nobody gets there, and the name should lead to a private one. Transport may ask other DNS servers than "
    )
    because += "nslookup does."
    return Finding(Belief.POSSIBLE, because, (told, tried), _steps(tried.host), weight=2.0)


def own_name(
    settings: Iterable[Configured], failures: Iterable[ConnectFailed], replies: tuple[Reply, ...]
) -> tuple[Configured, ConnectFailed] | None:
    """What is told of mail that does not come in, and the connection that the own server's log has as failed meanwhile: then it
    is the own domain's host that it looked for, by its public name."""
    told = next((each for each in settings if each.kind == "told-everybody" and each.name == "incoming"), None)
    logged = {each.source for each in replies if each.kind == "log"}
    tried = (each for each in failures if each.source in logged and each.host and not of_provider(each.host))
    failed = next((each for each in tried if kind_of(each.ip) in ("", "public")), None) if told else None
    return (told, failed) if told and failed else None


def _own_name(told: Configured, failures: tuple[ConnectFailed, ...], replies: tuple[Reply, ...]) -> Finding | None:
    found = own_name((told,), failures, replies)
    if found is None:
        return None
    failed = found[1]
    because = f"Mail does not come in, as you say, and your own server tried {failed.host} at {failed.ip or 'its address'}: it "
    because += "hands mail for its own mailboxes to its own public name, which leads out to the firewall and not back."
    return Finding(Belief.POSSIBLE, because, (told, failed), _steps(failed.host), weight=1.9)


def _silent(told: Configured, replies: tuple[Reply, ...]) -> Finding | None:
    """Mail between one's own servers that gets no answer, where nothing tells which address was tried."""
    silence = next((each for each in replies if each.failing and "timed out" in each.whole.lower()), None)
    if told.kind != "told-between-servers" or silence is None or silence.ip or silence.host:
        return None
    because = (
        "Mail between your own servers gets no answer, as you tell it, and the address that was tried is not shown: a "
    )
    because += "public one is out of reach from inside. Compare what the source server's resolver gives for the name."
    return Finding(Belief.POSSIBLE, because, (told, silence), _steps(""), weight=1.3)


def _steps(name: str) -> tuple[Step, ...]:
    return (
        look(
            "On the source server, resolve the name with its own resolver and with a domain controller: "
            "both must be private.",
            "Resolve-DnsName {server}; Resolve-DnsName {server} -Server {domain_controller}",
            "powershell",
            server=name,
            domain_controller="",
        ),
        look(
            "Look for an override in the hosts file, and for a DNS server that is no domain controller's.",
            "Get-Content (Join-Path $env:windir 'System32\\drivers\\etc\\hosts'); "
            "Get-DnsClientServerAddress -AddressFamily IPv4",
            "powershell",
        ),
        change(
            "Add the server's private address to the internal zone (on a DNS server of Active Directory).",
            "Add-DnsServerResourceRecordA -ZoneName {zone} -Name {host_name} -IPv4Address {private_address}",
            shell="powershell",
            changes="Inside, the name leads to the private address. Outside nothing changes.",
            undo="Remove-DnsServerResourceRecord for the same record.",
            verify="On the source server, Clear-DnsClientCache, then Resolve-DnsName shows the private address.",
            zone="",
            host_name="",
            private_address="",
        ),
        retry_queues(),
    )
