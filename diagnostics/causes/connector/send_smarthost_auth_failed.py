"""The smart host refuses the credentials of the Send connector.

## What is happening
The connector logs on to its relay (`SmartHostAuthMechanism` BasicAuth or BasicAuthRequireTLS) and the relay says no: the
password was changed or has expired there, the account is blocked, or the relay no longer offers that mechanism. Nothing
leaves through this connector until both sides agree again; the queue holds the mail. A relay like Postfix stumbles over its
own side as well: `SASL authentication failed; cannot authenticate to server …: generic failure` comes from its SASL library,
without a word of the smart host, where the name or password is empty, or a plug-in is missing. Where the smart host lets the
relay in by its address, nobody has to log on at all.

## What proves it
- the send log shows AUTH LOGIN followed by 535
- `451 5.7.3 Require basic authentication`: Exchange found no AUTH LOGIN in what the relay offers
- event 2017 or 2003 of MSExchangeTransport for a connector to a relay

## Not this when
- no Send connector logs on (SmartHostAuthMechanism None on all that have smart hosts)
- the log has no AUTH: then nobody logged on (`connector.send.smarthost-wrong`)
- the target is one of our own Exchange servers: then Kerberos (`transport-service.kerberos.exchangeauth-failed`)
- an application or printer gets the 535 (`auth-smtp.credentials.invalid`)

## References
- https://learn.microsoft.com/en-us/powershell/module/exchangepowershell/set-sendconnector
- https://www.rfc-editor.org/rfc/rfc4954
- https://technet.microsoft.com/en-us/library/ff982082(v=exchg.141)
"""

from __future__ import annotations

from diagnostics.cause import Belief, Finding, cause, change, look, shown
from diagnostics.causes.auth_smtp.logon import relays_on
from diagnostics.causes.certificate.steps import retry_queues
from diagnostics.causes.connector import steps
from diagnostics.causes.connector.heard import Heard, heard
from diagnostics.facts import Reply, Said, SendConnector, Session
from diagnostics.mail_facts import Configured, Told
from diagnostics.patterns import linear
from diagnostics.report import Step

_EVENT = linear(
    r"(?i)failed with error (\S{1,60}) for Send connector (.{1,200}?)\. The authentication mechanism is (\S{1,40}?)\. "
    r"The target is (\S{1,253}?)\.?(?:\s|$)"
)
_REMOTE = linear(r'(?i)Send connector "?(.{1,200}?)"? has failed to authenticate with "?(\S{1,253}?)"?[.\s]')
_REFUSALS = ("535", "534", "530", "538", "550", "554", "501")
_NO_LOGIN = "5.7.3 Require basic authentication"  # Exchange's own words: it found no AUTH LOGIN in the EHLO reply
_NEGOTIATION = "The remote SMTP service rejected AUTH negotiation"  # the state of a queue in Exchange 2000 and 2003
_BY_ITSELF = "cannot authenticate to server"  # Postfix; a refusal of the server ends in `server … said: 535 …`
_OWN = ("exchangeauth", "gssapi", "kerberos", "x-exps", "direct trust")


@cause(
    id="connector.send.smarthost-auth-failed",
    act="on-prem",
    says=(
        "MSExchangeTransport 2017",
        "MSExchangeTransport 2003",
        "MSExchangeTransport 2016",
        "has failed to authenticate with",
        "Outbound authentication failed with error",
        "535 5.7.8",
        "535 5.7.3",
        "535 Authentication failed",
        "535 Incorrect authentication data",
        "535 Authentication credentials invalid",
        "535 Authentication unsuccessful",
        "535 Login",
        "535 Invalid",
        "535 5.7.1",
        "535 5.7.0",
        "535 Error: authentication",
        "535 authorization failed",
        "535 Authentication",
        "535 Incorrect",
        "534 5.7",
        "530 Authentication required",
        "530 5.7.0 Authentication",
        "530 5.5.1 Authentication",
        "530 SMTP authentication",
        _NO_LOGIN,
        _NEGOTIATION,
        _BY_ITSELF,
    ),
)
def assess(
    anchor: Said | Session | Told,
    connector: SendConnector | None,
    replies: tuple[Reply, ...],
    sessions: tuple[Session, ...],
) -> Finding | None:
    """It must be our server that logs on to somebody else's: events and send logs tell, a lone 535 doesn't."""
    if isinstance(anchor, Told):
        return _told(anchor)
    if isinstance(anchor, Session):
        return _from_session(anchor)
    said = anchor
    what = heard(said, replies, sessions)
    if said.signature == _NEGOTIATION:
        because = "The queue tells that the next server refused the logon: the connector (or the virtual server, under Delivery, "
        because += (
            "Outbound Security) is set to log on, with a name that it does not take or where no logon is wanted at all."
        )
        return Finding(Belief.LIKELY, because, (said,), _steps(""), weight=1.4)
    if said.signature == _BY_ITSELF:
        return _by_itself(said, replies)
    if said.kind in ("event", "command"):
        return _from_event(said)
    if what.incoming or said.kind == "client" or _internal(what):
        return None
    name = what.connector or (connector.connector if connector else "")
    if said.signature == _NO_LOGIN:
        return _without_login(
            said, what.session or next((s for s in reversed(sessions) if s.direction == "send"), None), name
        )
    if what.outgoing or said.kind == "queue" or "target IP address" in said.text:
        because = (
            f"{said.by or said.host or what.ip or 'The smart host'} refused the logon of `{name or 'the connector'}`"
        )
        at = what.reply.at if what.reply else ""
        because += f" at {at}: `{_short(said.text)}`." if at else f": `{_short(said.text)}`."
        return Finding(Belief.LIKELY, because, (said, connector), _steps(name), weight=1.2)
    if relays_on(said):
        because = f"{said.by or said.host or 'The relay'} asks for a logon on its port for submission, and the server whose log "
        because += "this is sent none that it takes: user and password have to be set there (Postfix: smtp_sasl_password_maps, "
        because += "under the very name that relayhost has)."
        return Finding(Belief.LIKELY, because, (said,), _steps(name), weight=1.2)
    if connector and connector.logon.lower().startswith("basicauth"):
        at = ", ".join(connector.smart_hosts) or "its smart host"
        because = f"`{connector.connector or 'The Send connector'}` is set to log on at {at} ({connector.logon}): if the refusal "
        because += "is from there, its stored user name or password no longer fits."
        return Finding(Belief.LIKELY, because, (said, connector), _steps(name), weight=1.4)
    because = "If a Send connector logs on to a relay here, the relay no longer takes its user name or password."
    return Finding(Belief.POSSIBLE, because, (said,), _steps(name), weight=0.8)


@shown
def logons(connectors: tuple[SendConnector | Configured, ...]) -> Finding | None:
    """Whether any connector logs on at all; that a password is wrong, no setting tells. A logon by hand shows the smart host."""
    taken = _taken(connectors)
    if taken:
        return taken
    sending = [each for each in connectors if isinstance(each, SendConnector)]
    hosted = [each for each in sending if each.smart_hosts and each.enabled is not False]
    if not hosted or any(each.logon.lower() != "none" for each in hosted):
        return None
    because = (
        f"`{hosted[0].connector}` logs on nowhere (SmartHostAuthMechanism None), nor does any other that was sent."
    )
    return Finding(Belief.RULED_OUT, because, tuple(hosted[:3]))


def _taken(settings: tuple[SendConnector | Configured, ...]) -> Finding | None:
    """A logon by hand that the smart host took: what the connector has stored, and its port, may still be others."""
    taken = [
        each for each in settings if isinstance(each, Configured) and each.kind == "told-logon" and each.get("Taken")
    ]
    last = next((each for each in reversed(taken) if each.source.paste > 0), None)
    if last is None:
        return None
    because = f"{last.host or 'The server that was asked'} takes a logon by hand ({last.get('Taken')}): it refuses the "
    because += "connector's only if that has another account or password stored, or asks on another port."
    return Finding(Belief.POSSIBLE, because, (last,), _steps(""))


def _by_itself(said: Said, replies: tuple[Reply, ...]) -> Finding | None:
    """Postfix's SASL library gave up before the smart host could answer, and kept the reason to itself."""
    if "generic failure" not in said.text or any("SASL authentication failure" in each.whole for each in replies):
        return None
    because = "The relay tried to log on and failed by itself: its SASL library ended without an answer of the smart host. Name "
    because += (
        "or password are empty, or a plug-in is missing; a smart host that trusts the relay's address wants no logon."
    )
    return Finding(Belief.LIKELY, because, (said,), (_postfix_logon(), _no_logon()), weight=1.5)


def _postfix_logon() -> Step:
    return look(
        "See whether the relay logs on, with which table of names and passwords, and for which relayhost.",
        "postconf relayhost smtp_sasl_auth_enable smtp_sasl_password_maps smtp_sasl_security_options",
        "bash",
    )


def _no_logon() -> Step:
    return change(
        "If the smart host lets the relay in by its address, set smtp_sasl_auth_enable = no; else put name and password into the "
        "table of smtp_sasl_password_maps, under the very name that relayhost has (and postmap it).",
        "",
        shell="portal",
        changes="Whether, and as whom, this relay logs on to every server that it sends to.",
        undo="Write the former line back into main.cf, and reload Postfix.",
        verify="The next attempt has status=sent.",
    )


def _told(told: Told) -> Finding | None:
    """What a person tells makes it possible at most."""
    if told.story != "relay-credentials-changed":
        return None
    because = (
        "Outgoing mail waits since the password or key of the relay was changed, as you tell it: the Send connector "
    )
    because += "may still log on with the old one."
    return Finding(Belief.POSSIBLE, because, (told,), _steps(""), weight=1.8)


def _from_session(session: Session) -> Finding | None:
    """A send log in which the answer to AUTH was a refusal, in whatever words the relay has for it."""
    refused = session.error[:3] == "535" or (session.answers == "AUTH" and session.error[:3] in _REFUSALS)
    if session.direction != "send" or not refused or _own(session):
        return None
    where = session.host or session.remote_ip or "The smart host"
    because = f"{where} refused the logon of `{session.connector or 'the connector'}`: `{_short(session.error)}`."
    return Finding(Belief.LIKELY, because, (session,), _steps(session.connector), weight=1.2)


def _without_login(said: Said, session: Session | None, name: str) -> Finding:
    """Exchange logs on to a smart host with AUTH LOGIN alone, and asks for no other mechanism."""
    offers = " ".join(session.mechanisms) if session else ""
    because = (
        "The Send connector is to log on with Basic authentication (AUTH LOGIN), which the smart host does not offer"
    )
    because += (
        f": it offers {offers}." if offers else "; its EHLO reply has no AUTH LOGIN, maybe on this port or without TLS."
    )
    logon = look(
        "See which mechanisms the smart host offers after STARTTLS: type EHLO test, and look for LOGIN in 250-AUTH.",
        "openssl s_client -starttls smtp -crlf -quiet -connect {host:token}:25",
        "bash",
        host=session.host if session else "",
    )
    relay = change(
        "Have the smart host offer AUTH LOGIN inside TLS (many do on port 587), or take this server's address as enough.",
        "",
        shell="portal",
        changes="The smart host's mechanisms, or the addresses that may relay there.",
        undo="Restore the smart host's former settings.",
        verify="The next session in the send log shows AUTH LOGIN answered with 235.",
    )
    steps_ = (logon, steps.show_send_connector(name), relay, retry_queues())
    return Finding(Belief.LIKELY, because, (said, session), steps_, weight=1.4)


def _internal(what: Heard) -> bool:
    """Whether the session is between our own servers: only those offer X-EXPS."""
    return what.session is not None and _own(what.session)


def _own(session: Session) -> bool:
    return "X-EXPS" in session.capabilities or "intra" in session.connector.lower()


def _from_event(said: Said) -> Finding | None:
    found = _EVENT.search(said.text)
    remote = _REMOTE.search(said.text)
    mechanism = found.group(3).lower() if found else ""
    if any(own in mechanism for own in _OWN) or "intra-organization" in said.text.lower():
        return None
    if found:
        name, target = found.group(2), found.group(4)
        because = f"`{name}` could not log on to {target} with {found.group(3)}: {found.group(1)}."
    elif remote:
        name, target = remote.group(1), remote.group(2)
        because = f"`{name}` could not log on to {target}."
    else:
        name, because = "", "A Send connector could not log on to its smart host."
    belief = Belief.LIKELY if found or remote else Belief.POSSIBLE
    return Finding(belief, because, (said,), _steps(name), weight=1.2)


def _short(text: str) -> str:
    return text if len(text) <= 100 else text[:99] + "…"


def _steps(connector: str) -> tuple[Step, ...]:
    return (
        steps.show_send_connector(connector),
        change(
            "Give the connector the user name and password that the relay accepts now (the first command asks for them).",
            "$credential = Get-Credential; "
            "Set-SendConnector {connector} -SmartHostAuthMechanism BasicAuthRequireTLS -AuthenticationCredential $credential",
            changes="The account with which this connector logs on; the logon happens inside TLS only.",
            undo="Run it again with the former account.",
            verify="The next session in the protocol log shows 235 after AUTH, and the queue drains.",
            connector=connector,
        ),
        retry_queues(),
    )
