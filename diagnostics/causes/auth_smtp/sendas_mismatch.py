"""The account that logs on by SMTP may not send as the address in From.

## What is happening
An application or device logs on as one mailbox and sends with another one's address in From. Exchange lets a mailbox send
as itself only, unless it has Send As on the other: `554 5.2.252 SendAsDenied` or `SendAsDeniedException` after the message,
`550 5.7.60 Client does not have permissions to send as this sender` at MAIL FROM. What counts is the mailbox of the logon
(for OAuth the user named in XOAUTH2), not the application's service principal. Full Access is not enough.
Providers hold their customers to their own addresses in the same way, and often say no more than `Sender rejected`.

## What proves it
- event 1026 (Send As) or 1029 (on behalf) of MSExchangeTransport, which names both
- the refusal names both addresses, or the mailbox of the logon has no Send As entry on the one in From

## Not this when
- the message was written in Outlook or Outlook on the web (`store.submission.send-as-denied`)
- a session without logon on a Receive connector was refused: that connector lacks a permission
  (`connector.receive.send-as-own-domain-denied`)
- Send As was granted less than an hour ago

## References
- https://learn.microsoft.com/en-us/troubleshoot/exchange/email-delivery/fix-issues-with-printers-scanners-and-lob-applications-that-send-email-using-off
- https://learn.microsoft.com/en-us/powershell/module/exchangepowershell/add-recipientpermission
"""

from __future__ import annotations

from msgspec import Struct

from diagnostics.cause import Belief, Finding, cause, change, look
from diagnostics.causes.auth_smtp.logon import (
    EXO,
    REFUSED_SENDER,
    by_account,
    client_settings,
    is_client_connector,
    logs_on,
    own_server,
    refused_by,
    session_of,
    told_edge,
    told_logon,
)
from diagnostics.causes.policy.provider_account_on_trial import SES, recipient_unverified, sender_unverified
from diagnostics.causes.recipient.lookup import by_microsoft, external_relay
from diagnostics.causes.recipient.steps import advise
from diagnostics.facts import Reply, Said, Session
from diagnostics.mail_facts import Configured
from diagnostics.patterns import linear
from diagnostics.refusals import topics, topics_of
from diagnostics.report import Act, Step

_PAIR = linear(
    r"(?i)([\w.+'-]{1,64}@[A-Za-z0-9.-]{1,253}) not allowed to send as ([\w.+'-]{1,64}@[A-Za-z0-9.-]{1,253})"
)
# Nouns under which other mail systems refuse it; refusals.toml reads what is said of them.
_NOUNS = (
    "not owned by", "sender address", "mail from", "from address", "sender identity", "identities failed", "sender mismatch",
    "to send", "send on behalf of", "to use", "from header", "email address is not verified", "same as",
    "envelope sender", "Absenderadresse", "adresse d'expédi", "adresse expédi", "remitente",
)  # fmt: skip
# No more than this, in answer to MAIL FROM: whom it is about depends on who sent.
_BARE = "Sender rejected"
_BARE_ADDRESS = "Sender address rejected"
_UNEXPLAINED = linear(r"(?i)\bsender (?:address )?rejected\W*(?:$|\(in reply to MAIL FROM)")
# A client's summary of a session in which MAIL FROM was refused, or the message with that sender (PHPMailer, CDO, Apple Mail).
_UNTOLD = (*REFUSED_SENDER, "data not accepted")
# The answer to DATA where each RCPT was refused: Postfix looks at the owner of the sender's address at RCPT.
_NONE_LEFT = "5.5.1 Error: no valid recipients"
_OTHERS = frozenset({"listed", "entry", "spf", "dmarc"})  # reasons of their own for the same words
# Events of a Receive connector: without Send As, and without the right to send on behalf.
_EVENTS = (
    *(
        f"{provider} {number}"
        for provider in ("MSExchangeTransport", "MSExchangeFrontEndTransport")
        for number in (1026, 1029)
    ),
    "does not have permissions to send on behalf of the FROM address",
)
_REJECTED = linear(r"(?i)mail from '([^'\s]{3,320})'.{0,400}authenticated as '([^'\r\n]{1,200})'")
_NO_PERMISSION = "Client does not have permissions to send as this sender"


class _Pair(Struct, frozen=True):
    """The mailbox of the logon and the one in From, each "" where the text does not tell."""

    logon: str = ""
    sender: str = ""

    @property
    def foreign(self) -> bool:
        """Whether the sender's domain is another one: an organization grants Send As on its own mailboxes only."""
        return self.logon.rpartition("@")[2].lower() != self.sender.rpartition("@")[2].lower()

    @property
    def words(self) -> str:
        if self.logon and self.sender:
            return f"`{self.logon}` logged on and may not send as `{self.sender}`"
        return "The mailbox that logged on may not send as the address in From"


@cause(
    id="auth-smtp.sendas.mismatch",
    act="exchange-online",
    says=(
        "5.2.252",
        "SendAsDeniedException",
        _NO_PERMISSION,
        "Client does not have permission to send as this sender",  # typed from a screen
        "5.7.60",
        SES,
        _BARE,
        _BARE_ADDRESS,
        _NONE_LEFT,
        *_EVENTS,
        *_UNTOLD,
        *_NOUNS,
    ),
)
def assess(
    said: Said, sessions: tuple[Session, ...], settings: tuple[Configured, ...], replies: tuple[Reply, ...]
) -> Finding | None:
    """5.2.252 is proof; the exception is as good as that in an SMTP reply; 5.7.60 depends on who said it."""
    low = said.text.lower()
    if said.signature in _EVENTS:
        return _of_event(said)
    if said.signature == SES or said.signature in _NOUNS:
        return None if recipient_unverified(said) else _of_another(said)
    if said.signature in (_BARE, _BARE_ADDRESS):
        return _by_the_relay(said, settings)
    if said.signature in _UNTOLD:
        return _untold(said, replies)
    if said.signature == _NONE_LEFT:
        return _none_left(said, settings)
    found = _PAIR.search(said.text)
    pair = _Pair(found.group(1), found.group(2).rstrip(".")) if found else _Pair()
    if "5.2.252" in low:
        because = f"{pair.words} (5.2.252 SendAsDenied)."
        return Finding(Belief.CONFIRMED, because, (said,), _steps(pair), _corrects(pair, settings))
    if "sendasdenied" in low:
        because = f"{pair.words}: the store refused it with SendAsDenied, at the end of an SMTP submission."
        if said.kind in ("client", "bare", "log") and "submission" in low:
            return Finding(Belief.LIKELY, because, (said,), _steps(pair), _corrects(pair, settings), weight=1.2)
        return Finding(Belief.POSSIBLE, because, (said,), _steps(pair), weight=1.2)
    return _no_permission(said, session_of(said, sessions), settings)


def _of_event(said: Said) -> Finding:
    """The Receive connector's own event: who had logged on, and the address in From."""
    found = _REJECTED.search(said.text)
    who, sender = (f"`{found.group(2)}`", f"`{found.group(1)}`") if found else ("The account", "the address in From")
    because = f"{who} had logged on at a Receive connector and may not send as {sender}, nor on its behalf."
    return Finding(Belief.CONFIRMED, because, (said,), _on_premises(), "on-prem")


def _corrects(pair: _Pair, settings: tuple[Configured, ...]) -> Act | None:
    """Whoever sets the client up puts its own address into From; the tenant can let it send as a mailbox of its own."""
    client = client_settings(settings)
    own = client is not None and bool(client.get("Host") or client.get("User"))
    return "sender" if pair.foreign or own else None


def _of_another(said: Said) -> Finding | None:
    """A provider that ties the senders' addresses to the account."""
    about = topics_of(said.text) if said.signature == SES else topics(said)
    if "owner" not in about or about & _OTHERS or by_microsoft(said) or "not logged" in said.text.lower():
        return None
    because = f"{said.by or 'The server'} lets the account of the logon send from its own addresses only: the one in MAIL FROM "
    because += "or From has to be added to the account there, or the application has to use the account's."
    if SES in said.text and not sender_unverified(
        said
    ):  # which names the recipient's address in the same words, while the account is in its sandbox
        return Finding(Belief.POSSIBLE, because, (said,), (_own_address(),), "sender", weight=2.0)
    return Finding(Belief.LIKELY, because, (said,), (_own_address(),), "sender", weight=1.6)


def _by_the_relay(said: Said, settings: tuple[Configured, ...]) -> Finding | None:
    """The provider that the server or client logs on to takes no other sender than its customer."""
    relay = next((each for each in settings if each.kind == "relayhost" and each.get("Logon")), None)
    client = client_settings(settings)
    proof = relay or (client if client and client.get("User") else None) or told_logon(settings, "Account")
    if proof is None or not _UNEXPLAINED.search(said.text) or by_microsoft(said):
        return None
    where = f" to {relay.name}" if relay else ""
    because = f"The mail goes out by a logon{where}, and the sender in MAIL FROM was refused: providers let an account send from "
    because += "its own addresses only."
    return Finding(Belief.POSSIBLE, because, (said, proof), (_own_address(),), "sender", weight=2.0)


def _untold(said: Said, replies: tuple[Reply, ...]) -> Finding | None:
    if said.kind != "client" or any(each.code or each.enhanced for each in replies):
        return None
    because = "The client only says that the server refused the sender or the message, not why; a server that ties addresses to "
    because += "accounts does that with an address in From that is not the account's. Its debug output has the reply."
    return Finding(Belief.POSSIBLE, because, (said,), (_own_address(),), "sender", weight=1.4)


def _none_left(said: Said, settings: tuple[Configured, ...]) -> Finding | None:
    """Every RCPT was refused, and the reason with it got lost; who sends as another address has one at hand."""
    alias = next((each for each in settings if each.kind == "other-sender"), None)
    if alias is None:
        return None
    because = (
        "The server refused every recipient before it said this, and what fails is mail from another address than the "
    )
    because += "account's own: a submission server that ties addresses to accounts refuses it so."
    return Finding(Belief.POSSIBLE, because, (said, alias), (_own_address(),), "sender", weight=1.8)


def _own_address() -> Step:
    return advise(
        "Sender: write the address of the account into From, or add the other address to the account (as an alias or a verified "
        "sender) at the provider."
    )


def _no_permission(said: Said, session: Session | None, settings: tuple[Configured, ...]) -> Finding | None:
    """On-premises the same words are said to whoever did not log on; the session or the person tells."""
    host, told = own_server(settings), logs_on(settings)
    where = refused_by(said, session)
    because = "The mailbox that logged on has no Send As right on the address in MAIL FROM or From."
    if where == "smart-host":
        return None
    if where == "exchange-online":
        return Finding(Belief.LIKELY, f"Exchange Online: {because}", (said,), _steps(_Pair()), weight=1.0)
    anonymous = (session and session.logged_on is False) or (not session and told_logon(settings, "Anonymous"))
    if anonymous:
        return Finding(
            Belief.RULED_OUT, "The client had not logged on, so no account's rights were asked for.", (said, session)
        )
    relayed = external_relay(session.mail_from if session else "", settings)
    if (session and session.logged_on) or (told and where != ""):
        because = f"{session.remote_ip if session else 'The client'} had logged on: its account may not send as "
        because += f"`{session.mail_from}`." if session and session.mail_from else "the address in MAIL FROM or From."
        if relayed:
            because += f" But {relayed.name} is {relayed.get('DomainType')}, so the account may well own that address."
            return Finding(Belief.POSSIBLE, because, (said, session, relayed), _on_premises(), "on-prem", 1.0)
        return Finding(Belief.LIKELY, because, (said, session, told), _on_premises(), "on-prem", 1.2)
    if session:
        because = f"If {session.remote_ip or 'the client'} logged on: it may not send as that address."
        weight = 1.2 if is_client_connector(session.connector) else 0.8
        return Finding(Belief.POSSIBLE, because, (said,), _on_premises(), "on-prem", weight)
    if told and (edge := told_edge(settings)):
        because += " But an Edge Transport server, as you tell of one, can't tell which address the account owns."
        return Finding(Belief.POSSIBLE, because, (said, edge), _on_premises(), "on-prem", 1.0)
    if told:
        act: Act = "sender" if told.kind == "client-settings" else "on-prem"
        return Finding(
            Belief.LIKELY, f"{because} It logs on, as the text tells.", (said, told), _on_premises(), act, 1.0
        )
    if account := by_account(settings):
        because = "The server offers AUTH, and you tell of an account that mail is sent by: if the client logged on as that, the "
        because += "account has no Send As right on the address in MAIL FROM or From."
        return Finding(Belief.POSSIBLE, because, (said, account), _on_premises(), "sender", weight=2.2)
    if host:
        because = f"If the client logged on to {host}: its account may not send as that address."
        return Finding(Belief.POSSIBLE, because, (said,), _on_premises(), "on-prem", 1.0)
    return Finding(Belief.POSSIBLE, f"If the client logged on: {because}", (said,), _steps(_Pair()), weight=1.4)


def _steps(pair: _Pair) -> tuple[Step, ...]:
    return (
        look(
            "See whether the mailbox that logs on has Send As on the mailbox in From.",
            "Get-RecipientPermission {sender} | Format-Table Trustee,AccessRights",
            EXO,
            sender=pair.sender,
        ),
        advise("Or let the application send as the mailbox it logs on with: the same address in From and MAIL FROM."),
        change(
            "If it has to send as the other mailbox, grant the right to the mailbox of the logon (not to the application's "
            "service principal).",
            "Add-RecipientPermission {sender} -Trustee {logon} -AccessRights SendAs",
            shell=EXO,
            changes="The mailbox of the logon may send messages that look as if the other had sent them.",
            undo="Remove-RecipientPermission with the same mailbox, trustee and right.",
            verify="After up to an hour the application's message is accepted.",
            sender=pair.sender,
            logon=pair.logon,
        ),
    )


def _on_premises() -> tuple[Step, ...]:
    return (
        look(
            "See how clients log on at the Receive connector, and who is let in.",
            "Get-ReceiveConnector | Format-List Identity,AuthMechanism,PermissionGroups,RemoteIPRanges",
        ),
        advise(
            "Let the client send as the account it logs on with; or grant that account Send As on the mailbox in the Exchange "
            "admin center (the mailbox, mailbox delegation)."
        ),
    )
