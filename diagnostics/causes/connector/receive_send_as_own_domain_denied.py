"""The client may not use this sender address on the Receive connector.

## What is happening
An on-premises Exchange server refuses the sender, not the recipient: `Client does not have permissions to send as this
sender`. Either nobody logged on and the connector does not let anonymous clients use an address of our own domains, or
an account logged on that has no Send As right for the mailbox in From.

## What proves it
- the refusing server is on-premises, and the sender is in an accepted domain
- `Set Session Permissions` of the refused session, or Get-ADPermission for ANONYMOUS LOGON on that connector, lacks the right for
  senders of own domains (SMTPAcceptAuthoritativeDomainSender, ms-Exch-SMTP-Accept-Authoritative-Domain-Sender)
- the receive log shows no 235 before it (anonymous), or a 235 for another account
- an Edge Transport server refuses an account that logged on: it resolves none to an address

## Not this when
- anonymous clients have that right on the connector
- Exchange Online refused it (`auth-smtp.sendas.mismatch`)
- the report says `SendAsDenied` from the store (`store.submission.send-as-denied`)

## References
- https://learn.microsoft.com/en-us/exchange/mail-flow/connectors/allow-anonymous-relay
- https://learn.microsoft.com/en-us/exchange/mail-flow/connectors/receive-connectors
- https://techcommunity.microsoft.com/blog/exchange/replacing-iis-smtp-virtual-server-with-exchange-edge-transport/4521241
"""

from __future__ import annotations

from typing import Final

from diagnostics.cause import Belief, Finding, cause, change, look, shown
from diagnostics.causes.auth_smtp.client_not_authenticated import NO_SUCH_SENDER, OWNED
from diagnostics.causes.auth_smtp.logon import by_account, logs_on, own_server, told_edge, told_logon
from diagnostics.causes.connector import steps
from diagnostics.causes.connector.heard import heard
from diagnostics.facts import Reply, Said, Session
from diagnostics.mail_facts import Configured, Told
from diagnostics.report import Act, Step

_OWN_SENDER: Final = "smtpacceptauthoritativedomainsender"
_PRINTED_SENDER: Final = "smtp-accept-authoritative-domain-sen"  # a table cuts the end off


@cause(
    id="connector.receive.send-as-own-domain-denied",
    act="on-prem",
    # The second as people type it who have it from a screen.
    says=(
        "Client does not have permissions to send as this sender",
        "Client does not have permission to send as this sender",
        NO_SUCH_SENDER,
        OWNED,
    ),
)
def assess(
    said: Said | Told,
    replies: tuple[Reply, ...],
    sessions: tuple[Session, ...],
    settings: tuple[Configured, ...],
) -> Finding | None:
    """Exchange Online says the same words about a mailbox's rights."""
    if isinstance(said, Told):
        return _told(said)
    if said.signature in (NO_SUCH_SENDER, OWNED):
        return _of_another(said)
    what = heard(said, replies, sessions)
    if what.microsoft:
        return None
    session = what.session if what.incoming else None
    if session and session.logged_on:
        because = "The client had logged on, so it is that account which may not use the sender, whatever the connector allows."
        return Finding(Belief.RULED_OUT, because, (session, said))
    told = None if session and session.logged_on is False else logs_on(settings)
    edge = told_edge(settings) if told and not what.incoming else None
    told = told or (by_account(settings) if session is None else None)
    if edge:
        because = "An Edge Transport server, as you tell of one, knows no mailboxes: it can't tell which address the account of "
        because += (
            "the logon owns, so its connector needs the right to use senders of the own domains, for that account."
        )
        return Finding(Belief.LIKELY, because, (said, edge), _on_edge(what.connector, what.ip), weight=1.4)
    if told:
        because = "If the client did not log on after all, the connector lacks a permission for its sender address."
        return Finding(Belief.POSSIBLE, because, (said, told), _steps(what.connector, what.ip), weight=1.0)
    because = f"{what.who} refused the sender address that {what.client} used"
    steps = _steps(what.connector, what.ip)
    stranger = told_logon(settings, "Anonymous")
    if (session and session.logged_on is False) or stranger:
        because += ", which had not logged on, on this connector." if session else ", which does not log on."
        return Finding(Belief.LIKELY, because, (said, stranger), steps)
    if (
        session
        or "5.7.1 client" in what.low
        or (said.by and "." in said.by)
        or _internal(said.host)
        or own_server(settings)
    ):
        act: Act | None = None
        because += ". If it did not log on, the connector lacks a permission; whether it did is not told."
        if said.kind == "client" and not session:
            act = "sender"
            because += " Let the application send as the address of the account it logs on with, or give that account the right."
        return Finding(Belief.POSSIBLE, because, (said,), steps, act, weight=1.75)
    because = (
        "If an on-premises server said it: the client, or the account that it logs on with, may not use that sender."
    )
    return Finding(Belief.POSSIBLE, because, (said,), _steps("", ""), weight=1.2)


@shown
def rights(known: tuple[Session | Configured, ...]) -> Finding | None:
    """Whether clients that don't log on may use a sender of the own domains there, as the log or the printed rights tell."""
    sessions = [each for each in known if isinstance(each, Session) and each.direction == "receive" and each.rights]
    refused = next((each for each in sessions if "send as" in each.error.lower() and not each.logged_on), None)
    if refused and _OWN_SENDER not in {each.lower() for each in refused.rights}:
        because = (
            f"`{refused.connector}` gave {refused.remote_ip or 'the client'}, which had not logged on, no right to use "
        )
        because += "senders of the own domains (SMTPAcceptAuthoritativeDomainSender)."
        return Finding(Belief.CONFIRMED, because, (refused,), _steps(refused.connector, refused.remote_ip))
    printed = [each for each in known if isinstance(each, Configured) and each.kind == "connector-rights"]
    may = [each for each in printed if _PRINTED_SENDER in each.get("Anonymous")]
    if not printed or (may and len(may) < len(printed)):
        return None
    where = printed[0].name or "the connector whose rights were sent"
    if may:
        because = f"On {where}, anonymous clients may use senders of the own domains."
        return Finding(Belief.RULED_OUT, because, tuple(may[:1]))
    because = f"On {where}, anonymous clients may not use senders of the own domains: "
    because += "ms-Exch-SMTP-Accept-Authoritative-Domain-Sender is missing."
    return Finding(Belief.LIKELY, because, (printed[0],), _steps(printed[0].name, ""))


def _told(told: Told) -> Finding | None:
    """What a person tells makes it possible at most."""
    if told.story != "only-our-own-sender-is-refused":
        return None
    because = "With a sender of your own domain it fails, and with another one it arrives, as you tell it: a Receive "
    because += "connector lets nobody use an own address who has not logged on."
    return Finding(Belief.POSSIBLE, because, (told,), _steps("", ""), weight=1.6)


def _of_another(said: Said) -> Finding | None:
    """Postfix does the same by a table of senders, or by one that ties them to accounts."""
    if said.signature == NO_SUCH_SENDER and said.kind not in ("client", "bare"):
        return None
    because = "If that sender is of the server's own domain: it takes it from who logs on. A program that can't log on has to "
    because += "be let in by its address, in front of that rule."
    return Finding(Belief.POSSIBLE, because, (said,), _postfix_steps(), weight=1.1)


def _postfix_steps() -> tuple[Step, ...]:
    return (
        look(
            "On the server that refused (here as Postfix has it), see which rule holds the domain's senders, and what stands "
            "before it.",
            "postconf smtpd_sender_restrictions smtpd_sender_login_maps mynetworks",
            "bash",
        ),
        change(
            "If the program can't log on: put its address alone among those that are let through before that rule.",
            "",
            shell="portal",
            changes="What comes from that address may use any sender of the domain: it must be one that only the program uses.",
            undo="Take the address out again.",
            verify="The log of that server shows the program's next message as accepted.",
        ),
    )


def _internal(host: str) -> bool:
    return host.lower().endswith((".local", ".lan", ".internal", ".intra", ".corp"))


def _on_edge(connector: str, client: str) -> tuple[Step, ...]:
    return (
        steps.find_session(client),
        steps.show_receive_connector(connector),
        change(
            "On the Edge server's connector for that application, grant the account it logs on with (not ANONYMOUS LOGON) the "
            "right ms-Exch-SMTP-Accept-Authoritative-Domain-Sender; the references show how rights on a connector are given.",
            "",
            shell="portal",
            changes="Who knows that account's password may use any sender of our domains there.",
            undo="Take the right away again.",
            verify="The application's next message is accepted.",
        ),
    )


def _steps(connector: str, client: str) -> tuple[Step, ...]:
    return (
        steps.find_session(client),
        steps.show_receive_connector(connector),
        steps.anonymous_rights(connector),
        change(
            "If the application logs on: give its account Send As for that mailbox (Exchange admin center, Recipients, the "
            "mailbox, Mailbox delegation).",
            "",
            shell="portal",
            changes="This account may send as this mailbox.",
            undo="Remove the account from the same list.",
            verify="The next message is accepted (the right takes up to two hours to be seen).",
        ),
        change(
            "If it can't log on: on a connector that holds the application's address alone, grant ANONYMOUS LOGON the right "
            "ms-Exch-SMTP-Accept-Authoritative-Domain-Sender; the references show how rights on a connector are given.",
            "",
            shell="portal",
            changes="Whoever sends from that connector's addresses may use any sender of our domains. Never do it on a "
            "connector that is open to the Internet.",
            undo="Take the right away again.",
            verify="The application's next message is accepted.",
        ),
    )
