"""The Send connector points at a smart host that is not responsible for this mail.

## What is happening
`SmartHosts` names a host that answers but won't relay for this organization: a gateway of former times, another
customer's relay, or a submission endpoint such as `smtp.office365.com`, which wants a mailbox to log on and is not
meant for servers. Every message of the connector is refused, whatever its recipient.

## What proves it
- event 5019: the smart hosts are written in a way that can't be read, and routing ignores the connector
- the host that refuses is the connector's smart host
- the smart host is `smtp.office365.com`, and the refusal says `530 5.7.57 … not authenticated`

## Not this when
- no enabled Send connector has the host that refused, or another of its provider's, as smart host
- the refusal comes from the recipient's own mail server: there its domain or MX is wrong
- the smart host knows us but the password is refused (`connector.send.smarthost-auth-failed`)
- it is a retired Microsoft name or an address of Microsoft's as a number (`dns.mx.legacy-eop-target`)

## References
- https://learn.microsoft.com/en-us/exchange/mail-flow/connectors/send-connectors
- https://technet.microsoft.com/en-us/library/ff983965(v=exchg.141)
- https://learn.microsoft.com/en-us/exchange/mail-flow-best-practices/how-to-set-up-a-multifunction-device-or-application-to-send-email-using-microsoft-365-or-office-365
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from diagnostics.cause import Belief, Finding, cause, change, look, shown
from diagnostics.causes.connector import attribution, relay, steps
from diagnostics.causes.connector.heard import Heard, heard
from diagnostics.causes.dns.exchangers import organization
from diagnostics.causes.recipient.lookup import domain, same_organization
from diagnostics.causes.stories import told_as
from diagnostics.facts import Reply, Said, SendConnector, Session
from diagnostics.mail_facts import Configured, Told
from diagnostics.patterns import linear
from diagnostics.report import Step
from diagnostics.text import short

# Event 5019 of routing, which passes over a connector whose smart hosts it can't read.
_UNREADABLE: Final = ("MSExchangeTransport 5019", "found invalid smart hosts string")
_STRING = linear(r"(?i)smart hosts? string ['\"]?(.{1,200}?)['\"]? on SMTP connector")
_IGNORED = linear(
    r"(?i)on SMTP connector ['\"]?(?:CN=)?([^,'\"\r\n]{1,120}?)['\"]?(?:,| in (?:the )?routing tables|\.)"
)
_REMOTE = linear(
    r"(?i)\b(?:remote|other|receiving|next|refusing|answering)[ -](?:server|host|mta|hop)s?\b"
    r"(?: (?:is|was|called|named|says|here))?[ :=,(\"'`]{1,3}((?:\*\.)?(?:[a-z0-9-]{1,63}\.){1,6}[a-z]{2,24})\b"
)
_FORMER: Final = (
    "Outbound mail is refused by the host of a provider whose customer you are no more, as you tell it: a Send connector still "
    "names it as its smart host. No account or right there is yours to mend."
)
_SECOND_LEVEL: Final = 3  # letters at most: co, com, org
_COUNTRY: Final = 2
_SUBMISSION: Final = ("smtp.office365.com", "smtp-legacy.office365.com", "smtp.outlook.com")


@cause(
    id="connector.send.smarthost-wrong",
    act="on-prem",
    says=(
        *_UNREADABLE,
        *relay.FOREIGN,
        "5.7.57 SMTP; Client was not authenticated",
        "5.7.57 Client not authenticated to send mail",
    ),
    against={
        "wrong Office 365 region": "is Exchange Online's word about a name or number of its own that is out of date",
        "SMTPSEND.DNS.NonExistentDomain": "means that no host was reached, neither the right one nor a wrong one",
    },
)
def assess(
    anchor: Said | Told,
    connector: SendConnector | None,
    connectors: tuple[SendConnector, ...],
    replies: tuple[Reply, ...],
    sessions: tuple[Session, ...],
    settings: tuple[Configured, ...],
) -> Finding | None:
    """Whose host refused decides: the connector's smart host, or the recipient's own server."""
    if isinstance(anchor, Told):
        return told_as("host-of-a-former-provider", anchor, _FORMER, _steps(""), weight=1.5)
    said = anchor
    if said.signature in _UNREADABLE:
        return _unreadable(said)
    if said.signature in relay.FOREIGN and not relay.foreign(said):
        return None
    what = heard(said, replies, sessions)
    if what.incoming or "5.7.64" in what.low:
        return None
    if "5.4.1" in what.low:
        return _past_the_tenant(said, attribution.outward(settings))
    submission = _submission(connectors)
    if "5.7.57" in what.low:
        return _endpoint(what, submission)
    if what.microsoft or same_organization(said.by, domain(what.recipient)):
        return None
    used = _using(said, connectors) or (_relaying(connectors) if what.reported or _reports_hop(said) else None)
    if used:
        host = said.by or said.host or used.smart_hosts[0]
        because = f"{_name(used)} hands its mail to {host}, which refuses to relay for this server."
        return Finding(Belief.LIKELY, because, (used, said), _steps(used.connector), weight=1.2)
    refused = {domain(each.recipient) for each in replies if _same_refusal(each, said)}
    if len(refused) > 1 and (said.by or said.host):
        because = f"{said.by or said.host} refuses to relay to {', '.join(sorted(refused)[:3])}: mail for several "
        because += "organizations goes there, so it is a relay that does not take it from this server."
        return Finding(Belief.LIKELY, because, (said,), _steps(what.connector), weight=1.1)
    name = what.connector or (connector.connector if connector else "")
    by = f"`{name}` got" if what.outgoing and name else "A server answered"
    because = f"{by} `{said.text[:80]}`: if that host is the connector's smart host, it does not relay for this server."
    return Finding(Belief.POSSIBLE, because, (said,), _steps(name), weight=1.6 if what.outgoing else 0.7)


@shown
def smart_hosts(connectors: tuple[SendConnector, ...], replies: tuple[Reply, ...]) -> Finding | None:
    """Whether the host that refused is one that a connector sends to. What a sentence calls it, its line has."""
    hosted = [each for each in connectors if each.enabled is not False and each.smart_hosts and each.connector]
    refused = [each for each in replies if each.failing and _refuses_relay(each)]
    met = next(((each, reply) for reply in refused for each in hosted if _meets(each, reply)), None)
    if met:
        connector, reply = met
        because = f"{_name(connector)} sends to {', '.join(connector.smart_hosts[:3])}, whose provider's host refuses: "
        because += f"`{short(reply.text, 60)}`."
        return Finding(Belief.LIKELY, because, (connector, reply), _steps(connector.connector))
    named = next((each for each in refused if _refuser(each)), None)
    if (
        named is None
        or not hosted
        or any(host[:1].isdigit() for each in hosted for host in each.smart_hosts if _all(each))
    ):
        return None  # an address may be that host's
    because = f"No connector that was sent leads to {_refuser(named)}, which refused: "
    because += "; ".join(f"{_name(each)} sends to {', '.join(each.smart_hosts[:2])}" for each in hosted[:3]) + "."
    return Finding(Belief.RULED_OUT, because, (*hosted[:3], named))


def _refuses_relay(reply: Reply) -> bool:
    return "relay" in reply.whole.lower() or "5.7.57" in reply.enhanced + reply.whole


def _all(connector: SendConnector) -> bool:
    return any("*" in each.partition(";")[0].rpartition(":")[2][:1] for each in connector.address_spaces)


def _refuser(reply: Reply) -> str:
    """The host that refused, by the frame of the reply or the sentence around it; "" where neither names one."""
    told = _REMOTE.search(reply.source.quote)
    return reply.by or reply.host or (str(told.group(1)).lower() if told else "")


def _meets(connector: SendConnector, reply: Reply) -> bool:
    """Whether a smart host is of the organization whose host refused."""
    who = _refuser(reply)
    return bool(who) and any(_provider(host) == _provider(who) for host in connector.smart_hosts)


def _provider(host: str) -> str:
    """The domain that a host's owner registered, as far as its labels tell: three of them in mail.contoso.co.uk."""
    last = organization(host)
    second = len(last.partition(".")[0]) <= _SECOND_LEVEL and len(last.partition(".")[2]) == _COUNTRY
    return ".".join(host.rstrip(".").casefold().split(".")[-3:]) if second else last


def _unreadable(said: Said) -> Finding:
    """Routing's own event: which smart hosts it can't read, and the connector that it therefore ignores."""
    written, ignored = _STRING.search(said.text), _IGNORED.search(said.text)
    name = ignored.group(1) if ignored else ""
    because = f"Routing can't read the smart hosts of {f'`{name}`' if name else 'a Send connector'}"
    because += f", `{written.group(1)}`" if written else ""
    because += ", and ignores the connector: its mail takes another one, or waits in Unreachable."
    return Finding(Belief.CONFIRMED, because, (said,), _rewrite(name))


def _rewrite(connector: str) -> tuple[Step, ...]:
    return (
        steps.show_send_connector(connector),
        change(
            "Write each smart host as one name or one address, without brackets, ports and empty places; several are written "
            "'A','B'.",
            "Set-SendConnector {connector} -SmartHosts {smart_host}",
            changes="Routing uses the connector again, and its mail goes to that host.",
            undo="Set-SendConnector with the SmartHosts that the first step printed.",
            verify="No new event 5019, and the queue to the smart host drains.",
            connector=connector,
            smart_host="",
        ),
        steps.resubmit_unreachable(),
    )


def _past_the_tenant(said: Said, outward: Configured | None) -> Finding | None:
    """Exchange Online's refusal to relay: of a tenant that does not know the server, or of one that is another's."""
    if outward is None or attribution.REFUSED.lower() not in said.text.lower():
        return None
    because = (
        "The mail is for somebody outside, as you say, and Exchange Online does not relay it: the smart host of the "
    )
    because += (
        "connector may not be the MX host of your own tenant (an old one of Forefront, say, or one of another domain)."
    )
    return Finding(Belief.POSSIBLE, because, (said, outward), _steps(""), weight=1.2)


def _reports_hop(said: Said) -> bool:
    return "primary target ip address" in said.text.lower()


def _same_refusal(reply: Reply, said: Said) -> bool:
    return bool(reply.recipient) and reply.by == said.by and "relay" in reply.whole.lower()


def _endpoint(what: Heard, submission: SendConnector | None) -> Finding | None:
    if submission:
        host = submission.smart_hosts[0]
        because = f"{_name(submission)} sends to {host}, which takes mail only after a logon with a mailbox."
        return Finding(Belief.CONFIRMED, because, (submission, what.said), _steps(submission.connector))
    if what.microsoft and (what.outgoing or what.said.kind == "queue"):
        who = f"`{what.connector}`" if what.connector else "A Send connector"
        because = f"{who} sends to a submission host of Exchange Online, which wants a logon with a mailbox."
        return Finding(Belief.LIKELY, because, (what.said,), _steps(what.connector), weight=1.5)
    return None


def _name(connector: SendConnector) -> str:
    return f"`{connector.connector}`" if connector.connector else "The Send connector"


def _submission(connectors: Iterable[SendConnector]) -> SendConnector | None:
    return next((c for c in connectors if any(host.lower() in _SUBMISSION for host in c.smart_hosts)), None)


def _relaying(connectors: Iterable[SendConnector]) -> SendConnector | None:
    """The connector that was sent, where it is one and hands all its mail to a smart host."""
    known = [each for each in connectors if each.smart_hosts and each.enabled is not False]
    return known[0] if len(known) == 1 else None


def _using(said: Said, connectors: Iterable[SendConnector]) -> SendConnector | None:
    """The connector whose smart host gave the reply."""
    spoken = {each.lower() for each in (said.by, said.host) if each}
    return next((c for c in connectors if spoken & {host.lower() for host in c.smart_hosts}), None)


def _steps(connector: str) -> tuple[Step, ...]:
    return (
        steps.show_send_connector(connector),
        look(
            "For mail to Exchange Online: find the tenant's own host, the MX of its onmicrosoft.com routing domain.",
            "Resolve-DnsName {routing_domain} -Type MX",
            "powershell",
            routing_domain="",
        ),
        change(
            "Point the connector at the host that is responsible for this mail, or ask its operator to accept this server.",
            "Set-SendConnector {connector} -SmartHosts {smart_host}",
            changes="All mail of this connector goes to that host. Towards Exchange Online it needs an inbound connector "
            "that recognises this server, and no logon: -SmartHostAuthMechanism None.",
            undo="Set-SendConnector with the SmartHosts that the first step printed.",
            verify="The next session in the protocol log ends with a 250 for the message.",
            connector=connector,
            smart_host="",
        ),
    )
