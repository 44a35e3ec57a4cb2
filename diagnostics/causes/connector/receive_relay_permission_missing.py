"""The client may not relay to other organizations through this Receive connector.

## What is happening
An application or device hands mail to an Exchange server without logging on. For recipients of the accepted domains
that works; for others the connector would need the right to accept any recipient, and refuses: `550 5.7.54 SMTP; Unable
to relay recipient in non-accepted domain` (`550 5.7.1 Unable to relay` up to 2013). That refusal is what keeps a server
from being an open relay, so it should be lifted only for the known addresses of that application.

## What proves it
- the receive log shows the refusal for an internal client, on the connector meant for it
- the same client reaches internal recipients
- `Set Session Permissions` in the receive log of the refused session has no SMTPAcceptAnyRecipient
- Get-ADPermission shows no ms-Exch-SMTP-Accept-Any-Recipient for ANONYMOUS LOGON on that connector

## Not this when
- the receive log shows that the client may relay (SMTPAcceptAnyRecipient), and that its recipients are accepted
- the recipient's domain is one of ours (`recipient.accepted-domain.missing`)
- the client is our own gateway that hands a message back (`connector.gateway.route-missing`)
- another connector than the intended one answered (`connector.receive.wrong-connector-matched`)
- the session comes from Exchange Online (`hybrid.receive.tlsdomaincapabilities-missing`)

## References
- https://learn.microsoft.com/en-us/exchange/mail-flow/connectors/allow-anonymous-relay
- https://learn.microsoft.com/en-us/exchange/mail-flow/non-delivery-reports-and-bounce-messages/non-delivery-reports-and-bounce-messages
"""

from __future__ import annotations

from ipaddress import ip_address, ip_network
from typing import Final

from diagnostics.cause import Belief, Finding, cause, change, look, shown
from diagnostics.causes.auth_smtp.logon import told_logon
from diagnostics.causes.connector import relay, steps
from diagnostics.causes.connector.heard import Heard, heard
from diagnostics.causes.connector.settings import RECEIVE, label, made_for_others, of_kind, the_one
from diagnostics.causes.network.reach import kind_of
from diagnostics.causes.recipient.lookup import by_microsoft, domain, holders, same_organization, told_own
from diagnostics.facts import Reply, Said, Session, Stage
from diagnostics.mail_facts import Configured
from diagnostics.patterns import linear
from diagnostics.refusals import topics
from diagnostics.report import Step
from diagnostics.seen import by_own_log

_VERSION: Final = 4
_QUOTED: Final = 120  # characters of a list
_CLIENT = linear(r"(?i)\bRCPT from ([\w.-]{1,253})\[([0-9a-f.:]{3,45})\].*?\bfrom=<[^@<>]{0,64}@([\w.-]{1,253})>")
_NO_RIGHT = "Anonymous clients lack ms-Exch-SMTP-Accept-Any-Recipient on the connector whose rights were sent."


@cause(
    id="connector.receive.relay-permission-missing",
    act="on-prem",
    says=(*relay.SIGNATURES, *relay.FOREIGN, *relay.UNTOLD),
    against={
        "TenantAttribution; Relay Access Denied": "is Exchange Online's refusal: no Receive connector of these servers was asked",
    },
)
def assess(
    anchor: Said | Configured,
    _settings: Configured | None,
    objects: tuple[Configured, ...],
    replies: tuple[Reply, ...],
    sessions: tuple[Session, ...],
) -> Finding | None:
    """Who was refused decides: an application inside, our own gateway, or Exchange Online."""
    if isinstance(anchor, Configured):
        return _without_right(anchor, objects)
    said = anchor
    if said.signature in relay.UNTOLD:
        return _untold(said) if relay.untold(said, replies) else None
    if said.signature in relay.FOREIGN:
        return _of_another(said, objects)
    what = heard(said, replies, sessions)
    if not relay.by_exchange_server(what) or what.peer == "exchange-online":
        return None
    if relay.own_recipient(what):
        return None
    owner = next((one for each in what.recipients for one in holders(each, objects)), None)
    if owner:
        because = f"{owner.name or 'A recipient here'} owns {_whom(what)}: mail to it is no relaying."
        return Finding(Belief.RULED_OUT, because, (owner, said))
    own = next((mine for each in what.recipients if (mine := told_own(domain(each), objects))), None)
    if own:
        because = f"`{own.name}` is a domain of your own: to take mail for it is no relaying, and needs no right."
        return Finding(Belief.RULED_OUT, because, (own, said))
    because = f"{what.who} accepts mail for its own domains only, and refused {_whom(what)} from {what.client}."
    if relay.rewritten(what):
        because = f"{what.who} refused to relay {relay.rewritten(what)}, an address that only hybrid routing uses."
        return Finding(Belief.POSSIBLE, because, (said,), _steps(_client(what)), weight=0.6)
    return _of_client(said, what, objects, because)


def _of_client(said: Said, what: Heard, objects: tuple[Configured, ...], because: str) -> Finding:
    """What the settings and the person tell of the connector that the client met, and of the client."""
    met = the_one(what.connector, objects)
    if met and "anonymoususers" not in met.get("PermissionGroups", "anonymoususers").lower():
        because = f"{label(met)} is not a connector for anonymous clients; {what.client} should not have met it."
        return Finding(Belief.POSSIBLE, because, (said, met), _steps(_client(what)), weight=1.0)
    may, may_not = relay.rights(objects, what.connector)
    if may_not and not may:
        because += f" {_NO_RIGHT}"
        return Finding(Belief.LIKELY, because, (said, may_not[0]), _steps(_client(what)), weight=1.3)
    other = made_for_others(what.connector, objects)
    if other:
        because += f" {label(other)} looks like the connector that was made for relaying."
        return Finding(Belief.POSSIBLE, because, (said, other), _steps(_client(what)), weight=1.0)
    if what.incoming and what.peer == "internal" and _intended(what, objects):
        return Finding(Belief.LIKELY, because, (said, met), _steps(_client(what)))
    anonymous = told_logon(objects, "Anonymous")
    if anonymous:
        because += " It does not log on, as is told: then the connector it meets needs the right to relay for it."
        return Finding(Belief.LIKELY, because, (said, anonymous), _steps(_client(what)), weight=1.4)
    # A report or a bare line leaves open whether an application was refused, or mail from outside for a domain of one's own.
    told = what.peer or said.kind in ("client", "log")
    return Finding(Belief.POSSIBLE, because, (said,), _steps(_client(what)), weight=1.9 if told else 1.5)


@shown
def rights(
    known: tuple[Session | Configured, ...],
) -> Finding | None:
    """What the server let the client do, as its log tells; else what the connectors' printed rights are."""
    sessions = [each for each in known if isinstance(each, Session) and each.direction == "receive" and each.rights]
    if sessions:
        return _of_sessions(sessions)
    may, may_not = relay.rights([each for each in known if isinstance(each, Configured)])
    if may and not may_not:
        because = f"Anonymous clients may relay on {may[0].name or 'the connector whose rights were sent'}."
        return Finding(Belief.RULED_OUT, because, may[:1])
    if may_not and not may:
        return Finding(Belief.LIKELY, _NO_RIGHT, may_not[:1], _steps(""), weight=1.3)
    return None


def _of_sessions(sessions: list[Session]) -> Finding | None:
    """Of a session on a default connector, nothing tells whether the client was meant to come there."""
    refused = [each for each in sessions if "relay" in each.error.lower()]
    lacking = next((each for each in refused if not relay.may_relay(each)), None)
    where = next((each for each in refused or sessions), sessions[0])
    if lacking and "default" not in lacking.connector.lower() and kind_of(lacking.remote_ip) == "internal":
        because = f"`{lacking.connector}` gave {lacking.remote_ip} the rights {' '.join(lacking.rights[:6])}, without "
        because += "SMTPAcceptAnyRecipient, and refused to relay."
        return Finding(Belief.CONFIRMED, because, (lacking,), _steps(lacking.remote_ip))
    if refused or not relay.may_relay(where) or where.stage < Stage.RECIPIENT or where.failed:
        return None
    because = f"`{where.connector}` lets {where.remote_ip or 'the client'} relay (SMTPAcceptAnyRecipient), and refused nothing."
    return Finding(Belief.RULED_OUT, because, (where,))


def _untold(said: Said) -> Finding:
    because = (
        "The client only says that the server refused the recipients. A server that relays for nobody unknown to it "
    )
    because += (
        "does that with every address outside; whether inside ones get through tells (5.7.54, 550 5.7.1 in its log)."
    )
    return Finding(Belief.POSSIBLE, because, (said,), _steps(""), weight=1.5)


def _without_right(printed: Configured, objects: tuple[Configured, ...]) -> Finding | None:
    """A list of rights beside a person's words; alone it is what every default connector has."""
    if printed.kind != "connector-rights" or relay.relays(printed):
        return None
    told = relay.told(objects)
    may, _ = relay.rights(objects)
    if told is None:
        return None
    because = f"The application reaches inside recipients only, and of the rights that were sent {_whose(printed)}"
    because += " leaves out ms-Exch-SMTP-Accept-Any-Recipient for anonymous clients"
    because += ", which another one has." if may else "."
    return Finding(Belief.POSSIBLE, because, (printed, told), _steps(""), weight=1.7)


def _whose(printed: Configured) -> str:
    return f"the list of {printed.name}" if printed.name else "one list"


def _of_another(said: Said, objects: tuple[Configured, ...]) -> Finding | None:
    """Another mail system in front of or behind Exchange, where its own log or its settings show whom it refused."""
    networks = next((each for each in objects if each.kind == "relay-networks"), None)
    if relay.by_google_relay(said):
        because = "Google's relay service relays for the addresses that a Workspace organization registered there; this one is "
        because += "not among them."
        return Finding(Belief.POSSIBLE, because, (said,), (_let_in(),), weight=1.1)
    asked = "logon" in topics(said) and "relay" in said.text.lower()
    if not relay.foreign(said) and not asked:
        return None
    refused = networks and (networks.get("Outside") or _own_client(said, networks))
    if networks and refused:
        because = f"`{refused}` is in none of the networks that may relay there (mynetworks = "
        because += f"{networks.get('Networks')[:_QUOTED]}), so the server refused it."
        return Finding(Belief.LIKELY, because, (said, networks), _other_steps(), weight=1.6)
    if not by_own_log(said) and networks is None:
        return _of_stranger(said, objects, asked=asked)
    because = (
        "This server takes mail for its own domains only, and the client is not among those that may relay through it."
    )
    return Finding(Belief.POSSIBLE, because, (said,), _other_steps(), weight=1.6)


def _of_stranger(said: Said, objects: tuple[Configured, ...], *, asked: bool) -> Finding | None:
    """Nothing shows whose client it was. What can't log on is let in by its address, where the server is one's own."""
    own = any(each.kind == "own-domain" for each in objects)
    if (
        said.kind not in ("client", "bare")
        or own
        or by_microsoft(said)
        or "5.4.1" in said.text
        or "5.7.64" in said.text
    ):
        return None
    because = (
        "If the server is yours or your provider's: it relays for who logs on, and for the addresses listed there."
    )
    return Finding(Belief.POSSIBLE, because, (said,), _other_steps(), weight=1.0 if asked else 0.9)


def _own_client(said: Said, networks: Configured) -> str:
    """The address of a client whose name is in the sender's own domain, where it is in none of the networks; else ""."""
    named = _CLIENT.search(said.source.quote)
    listed = networks.get("Networks").replace(",", " ").split()
    if named is None or not same_organization(str(named.group(1)), str(named.group(3))):
        return ""
    try:  # a table, an exception (!) or an address of version 6 is not looked into: then nothing is said
        address = ip_address(str(named.group(2)))
        inside = any(address in ip_network(each, strict=False) for each in listed if not each.startswith("["))
    except ValueError:
        return ""
    return "" if inside or address.version != _VERSION else str(address)


def _other_steps() -> tuple[Step, ...]:
    return (
        look(
            "On the server that refused (here as Postfix has it), see whom it relays for, and which domains it takes.",
            "postconf mynetworks mydestination relay_domains virtual_mailbox_domains smtpd_relay_restrictions",
            "bash",
        ),
        _let_in(),
    )


def _let_in() -> Step:
    return change(
        "Let the client log on, or add its address to those that may relay there (Postfix: mynetworks).",
        "",
        shell="portal",
        changes="What comes from that address is relayed anywhere: it must be one that only the application uses.",
        undo="Take the address out again.",
        verify="The log of that server shows the client's next message as accepted.",
    )


def _intended(what: Heard, objects: tuple[Configured, ...]) -> bool:
    """Whether no better connector can have been meant: it is not a default one, or the list shows no other."""
    return "default" not in what.connector.lower() or len(of_kind(RECEIVE, objects)) > 1


def _whom(what: Heard) -> str:
    return f"`{what.recipient}`" if what.recipient else "a recipient elsewhere"


def _client(what: Heard) -> str:
    return what.ip if what.incoming and what.peer == "internal" else ""


def _steps(client: str) -> tuple[Step, ...]:
    return (
        steps.find_session(client),
        steps.list_receive_connectors(),
        steps.anonymous_rights(""),
        change(
            "If the application can log on: let it use port 587 with an account. That needs no right to relay.",
            "",
            shell="portal",
            changes="Server, port, user name and TLS in the application's own settings.",
            undo="Restore the former settings of the application.",
            verify="Its session in the receive log shows 235 after AUTH.",
        ),
        change(
            "If it can't: give it a connector of its own, for its address alone.",
            "New-ReceiveConnector -Name {connector_name} -Server {server} -TransportRole FrontendTransport -Custom "
            "-Bindings '0.0.0.0:25' -RemoteIPRanges {client_address} -PermissionGroups AnonymousUsers",
            changes="Sessions from that one address meet this connector from now on.",
            undo="Remove-ReceiveConnector with that name.",
            verify="The receive log names this connector for the client.",
            connector_name="",
            server="",
            client_address=client,
        ),
        change(
            "On that connector alone, never on a default one, grant ANONYMOUS LOGON the right "
            "ms-Exch-SMTP-Accept-Any-Recipient; the first page in the references has the command.",
            "",
            shell="portal",
            changes="Who sends from that address may relay anywhere: it must be one that only the application uses.",
            undo="Take the right away again.",
            verify="The application's next message to another organization is accepted; one from elsewhere still is not.",
        ),
    )
