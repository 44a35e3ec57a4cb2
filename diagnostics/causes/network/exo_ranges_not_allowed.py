"""The firewall in front of Exchange doesn't admit all addresses of Exchange Online.

## What is happening
Inbound port 25 is limited to a list of Microsoft's ranges, and the list is old or incomplete. Exchange Online sends
from many addresses, so some sessions arrive and others never do; the cloud reports `450 4.4.315`, then a delay, and
after a day expiry. That the server answers an admin's test says nothing about Microsoft's
addresses.

## What proves it
- sessions from some Exchange Online addresses arrive in the receive log, while Exchange Online reports
  time-outs to the same host
- the firewall's log shows drops from 40.92.0.0/15, 40.107.0.0/16, 52.100.0.0/14, 104.47.0.0/17 or
  2a01:111:f400::/48

## Not this when
- Exchange Online was shown a certificate or a reply by the server: then its packets got in
- the firewall admits port 25 from everywhere, or from all published ranges

## References
- https://learn.microsoft.com/en-us/microsoft-365/enterprise/urls-and-ip-address-ranges
- https://learn.microsoft.com/en-us/troubleshoot/exchange/email-delivery/ndr/fix-error-code-550-4-4-7-in-exchange-online
"""

from __future__ import annotations

from diagnostics.cause import Belief, Finding, cause, change, look
from diagnostics.causes.network.probes import exchange_online_ranges
from diagnostics.causes.network.reach import by_exchange_online, from_cloud, kind_of, place_of, told_by_exchange_online
from diagnostics.facts import CertificateRejected, ConnectFailed, Reply, Session, Stage
from diagnostics.looked_facts import PortTest, TlsProbe
from diagnostics.mail_facts import Configured, Told
from diagnostics.report import Step

# A refusal comes from a filter more rarely than silence does, and only the operator of the firewall can tell.
_WEIGHTS = {"timeout": 1.3, "unknown": 0.9, "refused": 0.6}


@cause(id="network.firewall.exo-ranges-not-allowed", act="network")
def assess(
    anchor: ConnectFailed | CertificateRejected | Told | Configured,
    probe: TlsProbe | None,
    sessions: tuple[Session, ...],
    tests: tuple[PortTest, ...],
    replies: tuple[Reply, ...],
    settings: tuple[Configured, ...],
) -> Finding | None:
    """Only Exchange Online's own view of our host speaks of this."""
    if isinstance(anchor, Told):
        return _told(anchor)
    if isinstance(anchor, Configured):
        return _kept_out(anchor, settings) if anchor.kind == "firewall-row" else _relayed(anchor)
    crossing = from_cloud(settings) if isinstance(anchor, ConnectFailed) else None
    if not (crossing or told_by_exchange_online(anchor, replies)):
        return _our_own(anchor, replies)
    if isinstance(anchor, CertificateRejected):
        return _let_in(anchor, replies)
    if anchor.kind not in _WEIGHTS:
        return None
    where = place_of(anchor)
    because = f"Exchange Online could not open port 25 of {where.name}"
    came = next((s for s in sessions if _from_exchange_online(s)), None)
    if came:
        because += f", although its address {came.remote_ip} did reach `{came.connector or 'a Receive connector'}`."
        return Finding(Belief.LIKELY, because, (anchor, came), _steps(), weight=1.8)
    opened = [each for each in tests if each.succeeded and each.port == 25 and place_of(each).is_same(where)]
    by_hand = opened[-1] if opened else probe if probe and probe.protocol else None
    if by_hand:
        because += ", although the port opened when it was tested from another address: a filter by source fits."
        return Finding(Belief.LIKELY, because, (anchor, by_hand), _steps(), weight=1.6)
    because += "; whether the firewall admits all of its ranges is not told yet."
    weight = max(_WEIGHTS[anchor.kind], 1.0 if crossing else 0.0)
    return Finding(Belief.POSSIBLE, because, (anchor, crossing), _steps(), weight=weight)


def _kept_out(row: Configured, rows: tuple[Configured, ...]) -> Finding | None:
    """What the firewall itself wrote; why another of its rules let a neighbour in, its operator sees."""
    ip = row.get("From")
    if not row.failing or kind_of(ip) != "exchange-online":
        return None
    because = f"The firewall kept {ip} away from port 25, an address of Exchange Online"
    cloud = (each for each in rows if each.kind == row.kind and kind_of(each.get("From")) == "exchange-online")
    passed = next((each for each in cloud if not each.failing and each.get("From") != ip), None)
    because += f", while it let {passed.get('From')} in: part of the ranges is missing." if passed else "."
    return Finding(Belief.LIKELY, because, (row, passed), _steps(), weight=2.0)


def _told(told: Told) -> Finding | None:
    """Mail from Exchange Online that waits for servers behind a firewall."""
    if told.story == "ranges-grown-old":
        because = (
            "The list of addresses that lets Exchange Online in has not been renewed, as you tell it, and they change: "
        )
        because += "mail from those that are missing is refused, or waits, and they become more."
        return Finding(Belief.POSSIBLE, because, (told,), _steps(), weight=1.8)
    if told.story != "waits-for-the-premises":
        return None
    because = "Mail from Exchange Online waits for your servers, as you tell it, and a firewall stands before them: it has to "
    because += (
        "admit port 25 from all ranges of Exchange Online to the servers that the outbound connector names, beside the "
    )
    because += "gateways for other mail. The message trace shows whether the connection failed (450 4.4.31x)."
    return Finding(Belief.POSSIBLE, because, (told,), _steps(), weight=1.6)


def _relayed(pool: Configured) -> Finding | None:
    """The one range of Exchange Online that its published list leaves out."""
    if pool.kind != "told-relay-pool" or pool.name:
        return None
    because = (
        "A server of Exchange Online's relay pool is named, whose range (40.95.0.0/16) Microsoft does not publish: a "
    )
    because += "firewall that is set up by that list keeps it out."
    return Finding(Belief.POSSIBLE, because, (pool,), _steps(), weight=1.6)


def _our_own(anchor: ConnectFailed | CertificateRejected, replies: tuple[Reply, ...]) -> Finding | None:
    mine = [each for each in replies if each.source == anchor.source]
    if (
        not isinstance(anchor, ConnectFailed)
        or not mine
        or any(each.enhanced == "4.4.101" or "4.4.101" in each.whole for each in mine)
    ):
        return None
    because = "It is our own server that could not connect; the way in from Exchange Online is not involved."
    return Finding(Belief.RULED_OUT, because, (anchor,))


def _let_in(rejected: CertificateRejected, replies: tuple[Reply, ...]) -> Finding | None:
    reply = next((each for each in replies if each.source == rejected.source), None)
    if reply is None or not by_exchange_online(reply.whole) or "connect" not in reply.whole.lower():
        return None
    because = f"Exchange Online was shown a certificate ({rejected.reason}), so its packets get in."
    return Finding(Belief.RULED_OUT, because, (rejected,))


def _from_exchange_online(session: Session) -> bool:
    came = session.direction == "receive" and session.stage >= Stage.CONNECTED
    return came and kind_of(session.remote_ip) == "exchange-online"


def _steps() -> tuple[Step, ...]:
    return (
        exchange_online_ranges(),
        look(
            "See from which Exchange Online addresses sessions did arrive lately.",
            "Get-ChildItem (Join-Path $env:ExchangeInstallPath "
            "'TransportRoles\\Logs\\FrontEnd\\ProtocolLog\\SmtpReceive') | "
            "Sort-Object LastWriteTime | Select-Object -Last 1 | Select-String ',\\+,' | Select-Object "
            "-Last 50",
        ),
        change(
            "On the firewall, admit TCP 25 from all the ranges that the first step printed.",
            "",
            shell="portal",
            changes="Adds Microsoft's missing ranges to the rule that publishes port 25.",
            undo="Remove the added ranges from the rule.",
            verify="The firewall logs no more drops from these ranges, and the messages that waited in "
            "Exchange Online arrive.",
        ),
    )
