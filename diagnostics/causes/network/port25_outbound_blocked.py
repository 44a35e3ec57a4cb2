"""Outbound mail ports are blocked for this server: 25, and with some hosters 465 and 587 as well.

## What is happening
Something near the server (the provider, a cloud platform, the firewall) drops or rejects what goes out to TCP
port 25, whatever the destination. Transport waits about twenty seconds for each address and reports `Unable
to connect` with socket error 10060. Web and mostly port 587 keep working, so the line looks fine. Azure, AWS, Google
Cloud and most home and small-business lines block port 25 unless it was asked for.

Some block the ports of submission as well, so that programs there reach no provider's SMTP server: 25, 465 and 587 with
DigitalOcean, Linode, Vultr and Scaleway until they are asked, with Render and Railway in their small plans, with Hugging Face;
25 and 465 with Hetzner; every foreign SMTP server with GoDaddy's and others' web hosting, which may refuse at once or answer in
the server's place. The same program sends from a desk at home.

## What proves it
- port 25 fails to two unrelated destinations, while another port (443, 587) opens
- the firewall's log shows connections from inside to port 25 outside that it dropped
- with the firewall off the same connection opens
- the server stands with a cloud platform that closes the port (Azure, AWS, Google Cloud, Oracle, Hetzner …), and
  port 25 does not answer
- a great provider (Exchange Online, Gmail) does not answer on port 25, where others deliver at the same time: a strong hint
- 465 or 587 fails to two unrelated providers, while 443 or 2525 opens; or it does to one, with a platform that closes them
- queues to every external destination fail, and the failure began with a new line, virtual machine or
  firewall rule

## Not this when
- any session of the Send connector, or a test by hand, reaches a banner on port 25 outside: then look at what
  follows it
- only one destination fails (`network.connection.timeout`)
- a test of 587 toward any provider opens from that machine: then submission is open, whatever becomes of 25
- a provider such as Gmail tried, and tells of it in a bounce: its way out is not yours
- the log reached STARTTLS: `Unable to connect` was the wrapper of a TLS failure

## References
- https://learn.microsoft.com/en-us/exchange/mail-flow/non-delivery-reports-and-bounce-messages/non-delivery-reports-and-bounce-messages
- https://docs.digitalocean.com/support/why-is-smtp-blocked/
- https://learn.microsoft.com/en-us/azure/virtual-network/troubleshoot-outbound-smtp-connectivity
- https://learn.microsoft.com/en-us/troubleshoot/exchange/mailflow/tls-negotiation-failed-with-error-nocredentials-error
"""

from __future__ import annotations

from collections.abc import Sequence

from diagnostics.cause import Belief, Finding, cause, change, look, shown
from diagnostics.causes.network import submission
from diagnostics.causes.network.probes import retry_queues, test_port
from diagnostics.causes.network.providers import always_reached, by_provider, of_provider
from diagnostics.causes.network.queues import inward, queue_of
from diagnostics.causes.network.reach import (
    Opening,
    Place,
    kind_of,
    no_route,
    openings,
    place_of,
    refuted,
    switched_off,
    without_cloud,
)
from diagnostics.facts import ConnectFailed, QueueState, Reply, Session, SmtpReached, TlsFailed
from diagnostics.looked_facts import PortTest
from diagnostics.mail_facts import Configured, Told
from diagnostics.report import Step

_TENANT = ".onmicrosoft.com"


@cause(id="network.port25.outbound-blocked", act="network")
def assess(
    anchor: ConnectFailed | PortTest | SmtpReached | Told | Configured,
    _test: PortTest | None,
    failures: tuple[ConnectFailed, ...],
    tests: tuple[PortTest, ...],
    reached: tuple[SmtpReached, ...],
    sessions: tuple[Session, ...],
    replies: tuple[Reply, ...],
    queues: tuple[QueueState, ...],
    handshakes: tuple[TlsFailed, ...],
    settings: tuple[Configured, ...],
) -> Finding | None:
    """One opened connection refutes it; two unrelated ones that fail point here; another port that opens proves it."""
    if isinstance(anchor, Told | Configured):
        return _told(anchor) if isinstance(anchor, Told) else _kept_in(anchor)
    if isinstance(anchor, SmtpReached):
        return refuted(anchor, sessions, replies, handshakes)
    if submission.is_of(anchor, settings):
        return submission.assess(anchor, failures, tests, settings)
    if anchor.inbound if isinstance(anchor, PortTest) else anchor.port not in (0, 25) or no_route(anchor):
        return None
    tests = tuple(each for each in tests if not each.inbound)
    mine = [each for each in without_cloud(failures, replies) if not by_provider(each) and not no_route(each)]
    if isinstance(anchor, ConnectFailed) and anchor not in mine:
        because = "It is the sender's provider that tried to connect and tells of it: no way out of this network has a part in "
        because += "that."
        return Finding(Belief.RULED_OUT, because, (anchor,))
    if kind_of(anchor.ip) == "internal" or inward(queue_of(anchor, queues)):
        return Finding(Belief.RULED_OUT, f"{place_of(anchor).subject} is a server inside the organization.", (anchor,))
    off = switched_off(anchor, settings)
    if off and off.get("Waits"):
        return Finding(
            Belief.RULED_OUT, "What waits is for a server of the organization that is switched off.", (anchor, off)
        )
    # Not silent: somebody answered, or the machine has no IPv6 to send a packet with
    told = {each.source for each in failures if each.kind == "refused" or no_route(each)}
    failed = [each for each in tests if not each.succeeded and each.port == 25 and each.source not in told]
    closed = [each for each in failed if kind_of(each.ip) != "internal"]
    if isinstance(anchor, PortTest) and anchor not in closed:
        return _opened(openings((), (), (anchor,)), mine)
    opened = openings(reached, sessions, tests)
    if opened:
        return _opened(opened, mine or closed)
    other_port = next((each for each in tests if each.succeeded and each.port != 25), None)
    elsewhere = next((each for each in settings if each.kind == "told-elsewhere" and each.name == "machine"), None)
    if elsewhere and _timed_out(anchor):
        because = f"{place_of(anchor).subject} did not answer this server, and mail goes through another one, as you say: what "
        because += "differs is this server's own way out on port 25 (its address in the firewall's rules or NAT)."
        return Finding(Belief.LIKELY, because, (anchor, elsewhere), _steps(place_of(anchor)), weight=1.6)
    if near := _told_near(anchor, settings) or _rejected(anchor, replies):
        return near
    reported = any(each.kind in ("ndr", "dsn") and each.host == anchor.host for each in replies)
    return _weighed(anchor, mine, closed, other_port, 1.1 if anchor.host and reported else 1.3)


@shown
def way_out(
    reached: tuple[SmtpReached | PortTest, ...], sessions: tuple[Session, ...], failures: tuple[ConnectFailed, ...]
) -> Finding | None:
    """One connection to a mail server outside that opened, in what was sent later: the way out on port 25 is open."""
    tests = [each for each in reached if isinstance(each, PortTest) and not each.inbound]
    opened = openings([each for each in reached if isinstance(each, SmtpReached)], sessions, tests)
    latest = max((each.source.paste for each in failures), default=0)
    outside = [each for each in opened if kind_of(each.place.ip) in ("public", "exchange-online")]
    way = next(
        (each for each in reversed(outside) if each.fact.source.paste > 0 and each.fact.source.paste >= latest), None
    )
    if way is None:
        return None
    because = f"{way.words[0].upper()}{way.words[1:]}, so connections to port 25 leave this network."
    return Finding(Belief.RULED_OUT, because, (way.fact,))


def _kept_in(row: Configured) -> Finding | None:
    """What a firewall wrote of a connection outward."""
    leaves = kind_of(row.get("From")) == "internal" and kind_of(row.get("To")) in ("public", "exchange-online")
    if row.kind != "firewall-row" or not row.failing or not leaves:
        return None
    because = f"The firewall lets no connection of {row.get('From')} to port 25 of {row.get('To')} out."
    return Finding(Belief.LIKELY, because, (row,), _steps(Place("", row.get("To"))), weight=1.8)


def _told_near(anchor: ConnectFailed | PortTest, settings: Sequence[Configured]) -> Finding | None:
    """What the person tells of the way out: a firewall whose absence cures, or a platform that closes the port by itself."""
    where = place_of(anchor)
    others = next((each for each in settings if each.kind == "told-others"), None)
    if others:
        because = f"{where.subject} could not be reached, and mail to others goes out, as you say: port 25 is open, unless they "
        because += "are reached through a relay."
        return Finding(Belief.POSSIBLE, because, (anchor, others), _steps(where), weight=0.3)
    cured = next((each for each in settings if each.kind == "told-trial" and each.name == "firewall"), None)
    if cured:
        because = (
            f"{where.subject} could not be reached, and it can with the firewall off, as you say: its rules keep this "
        )
        because += "server, or the program that sends, from connecting out. It needs a rule for TCP 25, not to be off."
        return Finding(Belief.LIKELY, because, (anchor, cured), _steps(where), weight=1.7)
    hosted = next((each for each in settings if each.kind == "told-hosting"), None)
    if hosted and _timed_out(anchor):
        because = (
            f"{where.subject} did not answer on port 25, and this server stands with {hosted.name}, as you say, which "
        )
        because += "closes that port outward until it is asked to open it, whatever the machine's own firewall allows."
        return Finding(Belief.LIKELY, because, (anchor, hosted), _steps(where), weight=1.6)
    return None


def _timed_out(anchor: ConnectFailed | PortTest) -> bool:
    return not isinstance(anchor, ConnectFailed) or anchor.kind == "timeout"


def _told(told: Told) -> Finding | None:
    """A server with a cloud provider: mail comes in, and none goes out."""
    if told.story == "hoster-closes-submission":
        return submission.told(told)
    if told.story != "hosted-where-port-25-is-closed":
        return None
    because = "Mail comes in and none goes out, as you tell it, and the server stands with a cloud provider: most of them close "
    because += "port 25 outward, whatever the firewall rules of the machine say."
    return Finding(Belief.POSSIBLE, because, (told,), _steps(Place()), weight=1.7)


def _opened(opened: Sequence[Opening], failed: Sequence[ConnectFailed | PortTest]) -> Finding | None:
    if not opened or not failed:
        return None
    because = f"Port 25 is open from here: {opened[-1].words}."
    return Finding(Belief.RULED_OUT, because, (opened[-1].fact,))


def _weighed(
    anchor: ConnectFailed | PortTest,
    failures: list[ConnectFailed],
    closed: list[PortTest],
    other_port: PortTest | None,
    weight: float,
) -> Finding:
    """`weight` is that of one destination alone; a report that gave up on it after days speaks of that one."""
    where = place_of(anchor)
    steps = _steps(where)
    tested = {place_of(each).site for each in closed} - {""}
    if len(tested) > 1:
        names = " and ".join(place_of(each).name for each in closed[-2:])
        because = f"Port 25 opened to none of the tested destinations ({names})"
        if other_port:
            because += f", while port {other_port.port} of {place_of(other_port).name} did"
            return Finding(Belief.CONFIRMED, f"{because}.", (*closed, other_port, anchor), steps)
        return Finding(Belief.LIKELY, f"{because}.", (*closed, anchor), steps, weight=1.5)
    failed = {place_of(each).site for each in failures if kind_of(each.ip) != "internal"} | tested
    failed -= {""}
    if len(failed) > 1:
        because = (
            f"Connections to {len(failed)} unrelated destinations failed, and none opened: "
            f"{', '.join(sorted(failed)[:4])}."
        )
        belief = Belief.LIKELY if len(failed) > 2 else Belief.POSSIBLE
        return Finding(belief, because, tuple(failures), steps, weight=1.6)
    if isinstance(anchor, ConnectFailed) and anchor.kind not in ("timeout", "unknown"):
        how = "refused" if anchor.kind == "refused" else "not possible"
        return Finding(Belief.POSSIBLE, _one(where, how), (anchor,), steps, weight=0.3)
    if isinstance(anchor, ConnectFailed) and anchor.kind == "timeout" and always_reached(where.host, where.ip):
        because = f"{where.subject} did not answer, where the whole world delivers every second: this network's way out on port "
        because += "25 is closed more probably than that server. A test of another destination tells."
        return Finding(Belief.POSSIBLE, because, (anchor,), steps, weight=2.0)
    how = "not opened" if isinstance(anchor, ConnectFailed) and anchor.kind == "unknown" else "not answered"
    return Finding(Belief.POSSIBLE, _one(where, how), (anchor,), steps, weight=weight)


def _rejected(anchor: ConnectFailed | PortTest, replies: Sequence[Reply]) -> Finding | None:
    """A refusal that a firewall on the way out gives in place of the server, a hoster's above all."""
    if not isinstance(anchor, ConnectFailed) or anchor.kind != "refused":
        return None
    where = place_of(anchor)
    if always_reached(where.host, where.ip) or of_provider(where.host) or where.host.lower().endswith(_TENANT):
        because = f"{where.subject} refused the connection at once: such a server takes every connection, so a firewall of this "
        because += "network, or of the hoster, may reject what goes out on port 25."
        return Finding(Belief.POSSIBLE, because, (anchor,), _steps(where), weight=1.2)
    application = any(each.source == anchor.source and each.kind == "client" for each in replies)
    if where.site or not application:
        return None
    because = "An application's connection was refused at once, and by whom is not told: hosters reject what their customers' "
    because += "programs send out by themselves."
    return Finding(Belief.POSSIBLE, because, (anchor,), _steps(where), weight=1.0)


def _one(where: Place, how: str) -> str:
    return f"The connection to {where.name} was {how}; whether port 25 fails toward every destination is not told yet."


def _steps(where: Place) -> tuple[Step, ...]:
    return (
        test_port(where.host or where.ip),
        look(
            "See whether another port opens: if 587 does and 25 does not, the port is filtered.",
            "Test-NetConnection 'smtp.office365.com' -Port 587 | Format-List RemoteAddress,TcpTestSucceeded",
            "powershell",
        ),
        change(
            "Have TCP 25 outbound from the Exchange servers allowed: on the firewall, and with the provider "
            "or cloud platform.",
            "",
            shell="portal",
            changes="Lets the Exchange servers, and only them, connect to TCP port 25 outside.",
            undo="Remove the rule again.",
            verify="The first step reports TcpTestSucceeded True.",
        ),
        change(
            "Where the provider never opens port 25, route outbound mail through a relay on port 587.",
            "Set-SendConnector {connector} -DNSRoutingEnabled $false -SmartHosts {relay} -Port 587 "
            "-SmartHostAuthMechanism BasicAuthRequireTLS -AuthenticationCredential (Get-Credential)",
            changes="All mail of this connector goes to the relay, with TLS and a password.",
            undo="Set-SendConnector with the DNSRoutingEnabled, SmartHosts, Port and SmartHostAuthMechanism "
            "it had: note them first "
            "with Get-SendConnector | Format-List.",
            verify="The next session in the protocol log reaches the relay on port 587.",
            connector="",
            relay="",
        ),
        retry_queues(),
    )
