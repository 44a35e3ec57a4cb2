"""The application hands its mail to an SMTP host that does not relay for it.

## What is happening
An application or device is set to a host that answers but isn't responsible for it: the old server, another
environment's, a load-balanced name, or the MX of the domain. That server is right to refuse. The relay that was
meant never sees a session.

## What proves it
- the host in the application resolves to another server than the documented relay
- the relay's receive log has no session of the client; with only the host changed, the same message passes

## Not this when
- the host in the application resolves to the address of the relay that was meant
- the receive log of the intended relay shows the refusal (`connector.receive.relay-permission-missing`)

## References
- https://learn.microsoft.com/en-us/exchange/mail-flow-best-practices/how-to-set-up-a-multifunction-device-or-application-to-send-email-using-microsoft-365-or-office-365
"""

from __future__ import annotations

from typing import Final

from diagnostics.cause import Belief, Finding, cause, change, look, shown
from diagnostics.causes.auth_smtp.client_not_authenticated import AS_A_SERVER
from diagnostics.causes.auth_smtp.logon import LOGON_FAILED, NOTHING_TOLD, client_settings, nothing_told, without_reply
from diagnostics.causes.auth_smtp.mechanism_not_offered import MX_HOST, NO_LOGON
from diagnostics.causes.connector import relay, steps
from diagnostics.causes.connector.heard import heard
from diagnostics.causes.connector.turned_away import Client, own_client, turned_away
from diagnostics.causes.dns.lookups import UNRESOLVED
from diagnostics.causes.network.providers import submission_host
from diagnostics.causes.network.reach import kind_of
from diagnostics.facts import Reply, Said, Session
from diagnostics.looked_facts import DnsAnswer, PortTest, Unseen
from diagnostics.mail_facts import Configured
from diagnostics.report import Step

_SILENT: Final = "Greeting never received"  # Node
_PAIR: Final = 2
_OTHER_SERVICE: Final = "greeted by another service than SMTP"
_PROGRAM: Final = "fatal: host/service "  # Postfix, of a policy service or map beside it
_OTHER_SERVICES: Final = ("80", "110", "143", "443", "993", "995")


@cause(
    id="connector.client.wrong-smtp-host",
    act="sender",
    says=(
        *relay.SIGNATURES,
        *relay.FOREIGN,
        _SILENT,
        *NO_LOGON,
        *UNRESOLVED,
        *AS_A_SERVER,
        *LOGON_FAILED,
        *NOTHING_TOLD,
        _OTHER_SERVICE,
    ),
    against={
        "Client not authenticated to send mail": "is the word of a submission server, the right host for a client that logs on",
    },
)
def assess(
    said: Said, replies: tuple[Reply, ...], sessions: tuple[Session, ...], settings: tuple[Configured, ...]
) -> Finding | None:
    """What an application itself reports; a server's bounce or log speaks of a host that was meant."""
    if said.signature in AS_A_SERVER:
        return _like_a_server(said, turned_away(said, replies, sessions), settings)
    if said.signature == _SILENT:
        return _unheard(said, client_settings(settings))
    if said.signature in NOTHING_TOLD:
        return _unset(said, replies)
    if said.signature in LOGON_FAILED:
        return _mx_host(said, client_settings(settings))
    if said.signature == _OTHER_SERVICE:
        return _of_other_service(said)
    if said.signature in (*NO_LOGON, *UNRESOLVED):
        return _no_such_service(said, settings)
    if said.signature in relay.FOREIGN and not relay.foreign(said):
        return None
    if relay.by_google_relay(said):
        because = "smtp-relay.gmail.com relays for Google Workspace organizations that registered the sending address there. A "
        because += "private Gmail account sends through smtp.gmail.com, port 587, with an app password."
        return Finding(Belief.POSSIBLE, because, (said,), (_of_google(),), weight=1.6)
    what = heard(said, replies, sessions)
    if what.microsoft or "5.7.64" in what.low or what.reported or not relay.by_exchange_server(what):
        return None
    if what.incoming:
        because = (
            f"The receive log of `{what.connector}` has the refused session of {what.client}: it reached this server."
        )
        return Finding(Belief.RULED_OUT, because, (what.session, said))
    host = said.by or said.host
    because = (
        f"The application reached {host or 'a server'} that does not relay for it; is that the host it should use?"
    )
    moved = next((each for each in settings if each.kind == "told-moved"), None)
    if moved and said.kind == "client" and said.signature in relay.FOREIGN:
        because = f"The mail moved, as you say, and the application still hands its mail to {host or 'the former server'}, which "
        because += "no longer stands for the domain: it may take mail for its own old mailboxes, and refuses all other."
        return Finding(Belief.POSSIBLE, because, (said, moved), _after_a_move(), weight=2.0)
    weight = 1.4 if said.kind == "client" else 0.8
    return Finding(Belief.POSSIBLE, because, (said,), _steps(host, what.ip), weight=weight)


@shown
def looks(
    known: tuple[DnsAnswer | PortTest | Session, ...], objects: tuple[Configured, ...], unseen: tuple[Unseen, ...]
) -> Finding | None:
    """Where the host of the application leads, beside the relay's address; else on which connector its session was refused."""
    relay_ = next((each for each in objects if each.kind == "gateway" and "relay" in each.source.quote.lower()), None)
    tested = any(
        isinstance(each, PortTest) for each in known
    )  # who looks up a recipient's host tests no port of the relay's
    looked = [each for each in known if not isinstance(each, Session) and _led_to(each)]
    found = [each for each in looked if tested or any(kind_of(ip) == "internal" for ip in _led_to(each))]
    if relay_ and found and relay_.name in {ip for each in found for ip in _led_to(each)}:
        because = f"{_looked_up(found[0])} leads to {relay_.name}, the address of the relay that was meant."
        return Finding(Belief.RULED_OUT, because, (found[0], relay_))
    if relay_ and found:
        because = (
            f"{_looked_up(found[0])} leads to {', '.join(_led_to(found[0])[:3])}, and the relay that was meant is "
        )
        because += f"{relay_.name}, as you say."
        return Finding(Belief.LIKELY, because, (found[0], relay_), _steps(_looked_up(found[0]), ""))
    both = [each for each in known if isinstance(each, PortTest) and each.host and kind_of(each.ip) == "internal"]
    if len(both) == _PAIR and both[0].host != both[1].host:
        return _apart(both[0], both[1])
    return _met([each for each in known if isinstance(each, Session) and _relay_refused(each)], unseen)


def _apart(asked: PortTest, meant: PortTest) -> Finding:
    """The two hosts of one look: the one that the application is set to, and the relay."""
    if asked.ip == meant.ip:
        because = f"{asked.host} leads to {asked.ip}, as {meant.host} does."
        return Finding(Belief.RULED_OUT, because, (asked, meant))
    because = f"{asked.host} leads to {asked.ip}, and {meant.host} to {meant.ip}: another server."
    return Finding(Belief.LIKELY, because, (asked, meant), _steps(asked.host, ""))


def _met(refused: list[Session], unseen: tuple[Unseen, ...]) -> Finding | None:
    """A default connector answers whoever comes, to the right server or to a wrong one."""
    default = next((each for each in refused if "default" in each.connector.lower()), None)
    if default and unseen:
        because = f"The relay that was meant has no session of it, as you say, and `{default.connector}` refused "
        because += f"{default.remote_ip or 'the application'}: it comes to another server."
        return Finding(Belief.LIKELY, because, (default, unseen[0]), _steps("", default.remote_ip))
    if default or not refused:
        return None
    because = (
        f"`{refused[0].connector}`, which is no default connector, has the refused session of {refused[0].remote_ip}: "
    )
    because += "the application reached a relay."
    return Finding(Belief.RULED_OUT, because, (refused[0],))


def _led_to(look_: DnsAnswer | PortTest | Session) -> tuple[str, ...]:
    if isinstance(look_, DnsAnswer):
        return look_.addresses
    return (look_.ip,) if isinstance(look_, PortTest) and look_.ip else ()


def _looked_up(look_: DnsAnswer | PortTest | Session) -> str:
    return (look_.name if isinstance(look_, DnsAnswer) else "") or look_.host or "The host of the application"


def _relay_refused(session: Session) -> bool:
    return session.direction == "receive" and "relay" in session.error.lower()


def _like_a_server(said: Said, client: Client | None, settings: tuple[Configured, ...]) -> Finding | None:
    """A device that hands its mail to a port where servers deliver."""
    own = own_client(client, settings) if client else ""
    if not own:
        return None
    because = f"The client that was refused is {own}, and came to a port where foreign servers deliver: is another host or port "
    because += "meant for it (a relay inside, or 587)?"
    return Finding(Belief.POSSIBLE, because, (said,), _steps("", ""), weight=0.9)


def _unset(said: Said, replies: tuple[Reply, ...]) -> Finding | None:
    if not nothing_told(said, replies):
        return None
    because = "The application says no more than that it could not send with its settings: their host, port or encryption may be "
    because += "wrong, or none is set, and it hands its mail to the machine it runs on."
    return Finding(Belief.POSSIBLE, because, (said,), _steps(said.host, ""), weight=1.2)


def _mx_host(said: Said, client: Configured | None) -> Finding | None:
    """A logon that failed, as no host that mail is delivered to takes one."""
    if (
        client is None
        or not client.get("User", "untold")
        or not MX_HOST.search(client.get("Host"))
        or not without_reply(said)
    ):
        return None
    because = (
        f"The client logs on to {client.get('Host')}, where mail is delivered and nobody logs on. Who has a user and a "
    )
    because += "password submits to smtp.office365.com, port 587."
    return Finding(Belief.LIKELY, because, (said, client), _steps(client.get("Host"), ""), weight=1.1)


def _no_such_service(said: Said, settings: tuple[Configured, ...]) -> Finding | None:
    """The name that the client is set to is nobody's, or that of a server which does not take logons there."""
    host = said.host if said.kind == "client" else ""
    named = host or "the host in the client's settings"
    if said.signature in NO_LOGON:
        because = (
            f"A server that takes mail from clients offers them a logon: {named} or its port may be another one's (25, "
        )
        because += "where servers deliver, in place of 587)."
        return Finding(Belief.POSSIBLE, because, (said,), _steps(host, ""), weight=0.9)
    found = submission_host(said, settings) or _PROGRAM in said.text or "temporary failure" in said.text.lower()
    if found or said.kind not in ("client", "stray"):
        return None
    because = f"No such host as {named} is known: it may be mistyped, or a name that the provider gave up."
    return Finding(Belief.POSSIBLE, because, (said,), _steps(host, ""), weight=1.2)


def _of_other_service(said: Said) -> Finding:
    """IMAP greets with `* OK`, POP3 with `+OK`, and a web server answers in HTTP."""
    because = "What answered is no SMTP server: its greeting is that of IMAP (`* OK`), POP3 (`+OK`) or a web server. The client "
    because += (
        "is set to the port or host for reading mail; sending has its own (587 with STARTTLS, or 465 with TLS at once)."
    )
    return Finding(Belief.LIKELY, because, (said,), _steps(said.host, ""), "sender", weight=1.6)


def _unheard(said: Said, client: Configured | None) -> Finding:
    """Connected, and no banner came: something else listens there, or speaks TLS first where the client does not."""
    port = client.get("Port") if client else ""
    because = "The client connected and heard no SMTP greeting"
    if port in _OTHER_SERVICES:
        because += f": it is set to port {port}, where no mail server speaks SMTP (25, 587, or 465 with TLS at once)."
        return Finding(Belief.LIKELY, because, (said, client), _steps(said.host, ""), weight=1.5)
    because += ": a host or port that is not SMTP, or TLS at once (465) set where STARTTLS is spoken (25, 587), or the other way."
    return Finding(Belief.POSSIBLE, because, (said,), _steps(said.host, ""), weight=1.5)


def _of_google() -> Step:
    return change(
        "With a private Gmail account: set smtp.gmail.com, port 587, STARTTLS, and an app password. With Google Workspace: have "
        "its administrator register the address that the application sends from, under Gmail, Routing, SMTP relay service.",
        "",
        shell="portal",
        changes="Host, port and logon in the application's own settings, or who may relay through the organization.",
        undo="Restore the former settings.",
        verify="The application's next message is accepted.",
    )


def _steps(host: str, client: str) -> tuple[Step, ...]:
    return (
        look(
            "On the machine of the application, see where the host that it is set to leads, and where the relay's name does.",
            "{smtp_host}, {relay} | ForEach-Object {{ Test-NetConnection $_ -Port 25 }} | "
            "Format-List ComputerName,RemoteAddress,RemotePort,TcpTestSucceeded",
            "powershell",
            smtp_host=host,
            relay="",
        ),
        steps.find_session(client),
        change(
            "Set the documented relay as SMTP host in the application. The server that refused is right: leave it as it is.",
            "",
            shell="portal",
            changes="Server name and port in the application's own settings.",
            undo="Restore the former host name.",
            verify="The relay's receive log shows the client, and the message arrives.",
        ),
    )


def _after_a_move() -> tuple[Step, ...]:
    return (
        look(
            "Read which SMTP host the application is set to, and find your tenant's own: the MX of the domain.",
            "Resolve-DnsName {domain} -Type MX",
            "powershell",
            domain="",
        ),
        change(
            "Give the application a host of the new system: smtp.office365.com, port 587, with a logon; or, for what can't log "
            "on, the tenant's MX host on port 25, with an inbound connector for your own address if it writes to the outside.",
            "",
            shell="portal",
            changes="Server name, port and logon in the application's own settings. Put the sending address into SPF.",
            undo="Restore the former settings.",
            verify="A test message to an inside and to an outside address arrives.",
        ),
    )
