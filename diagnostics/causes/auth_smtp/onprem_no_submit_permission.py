"""The account's password is right, but the Receive connector does not let it submit mail.

## What is happening
A client logged on to an Exchange server, and the account lacks the right ms-Exch-SMTP-Submit on that Receive connector:
mostly its permission groups hold no ExchangeUsers, or the account is no mailbox user. Exchange answers like to a wrong
password, `535 5.7.3 Authentication unsuccessful`, and tells the reason only in event 1020.

## What proves it
- event 1020: the account "provided valid credentials, but is not authorized to use the server"

## Not this when
- event 1035 says LogonDenied: then the password or the account is wrong (`auth-smtp.credentials.invalid`)

## References
- https://learn.microsoft.com/en-us/exchange/mail-flow/connectors/receive-connectors
- https://technet.microsoft.com/en-us/library/ff983318(v=exchg.141)
"""

from __future__ import annotations

from typing import Final

from diagnostics.cause import Belief, Finding, cause, change, look
from diagnostics.causes.auth_smtp.logon import (
    UNEXPLAINED,
    client_ip,
    event_connector,
    from_outside,
    is_client_connector,
    refused_by,
    session_of,
)
from diagnostics.causes.connector.relay import CLIENT_REFUSED
from diagnostics.facts import Said, Session, WindowsEvent
from diagnostics.patterns import linear
from diagnostics.report import Step

_WORDS: Final = "provided valid credentials, but is not authorized to use the server"
_OLDER: Final = "provided valid credentials, but it does not have submit permissions"
_ACCOUNT = linear(r"(?i)account '?([^'\s]{1,200})'? provided valid credentials")


@cause(
    id="auth-smtp.onprem.no-submit-permission",
    act="on-prem",
    says=("MSExchangeTransport 1020", "MSExchangeFrontEndTransport 1020", _WORDS, _OLDER, UNEXPLAINED, CLIENT_REFUSED),
)
def assess(
    said: Said, _event: WindowsEvent | None, events: tuple[WindowsEvent, ...], sessions: tuple[Session, ...]
) -> Finding | None:
    """Event 1020 is proof, event 1035 refutes; a bare 535 in a receive log leaves it open."""
    if "1020" in said.signature or said.signature in (_WORDS, _OLDER):
        found = _ACCOUNT.search(said.text)
        who = f"`{found.group(1)}`" if found else "The account"
        because = f"{who} logged on with a valid password, but the Receive connector does not let it submit mail (event 1020)."
        return Finding(Belief.CONFIRMED, because, (said,), _steps(""))
    if said.signature == CLIENT_REFUSED:
        because = "If the client did log on: Postfix lets a logon through where its restrictions say so "
        because += "(permit_sasl_authenticated), and refuses everybody else as a whole."
        return Finding(Belief.POSSIBLE, because, (said,), _of_postfix(), weight=0.8)
    session = session_of(said, sessions)
    where = refused_by(said, session)
    if where == "exchange-online":
        because = "Exchange Online refused the logon; no Receive connector of your own is involved."
        return Finding(Belief.RULED_OUT, because, (said,))
    if where != "on-prem" or from_outside(client_ip(said, session)):
        return None
    denied = next((e for e in events if e.event == 1035 and "logondenied" in e.text.lower()), None)
    if denied:
        return Finding(
            Belief.RULED_OUT, "Event 1035 says LogonDenied: the credentials themselves were refused.", (denied,)
        )
    connector = session.connector if session else event_connector(said)
    because = f"The account may lack the right to submit on `{connector or 'this connector'}`; event 1020 would say so."
    return Finding(Belief.POSSIBLE, because, (said,), _steps(connector), weight=1.2)


def _of_postfix() -> tuple[Step, ...]:
    return (
        look(
            "On the server that refused, see what its restrictions allow, and those of the submission service.",
            "postconf smtpd_client_restrictions smtpd_relay_restrictions; postconf -P 'submission/*'",
            "bash",
        ),
        change(
            "Where permit_sasl_authenticated is missing in front of a reject, let those who logged on through.",
            "",
            shell="portal",
            changes="Clients with a valid logon may submit there; strangers are refused as before.",
            undo="Take the word out again.",
            verify="The client's next message is accepted, one without a logon is refused.",
        ),
    )


def _steps(connector: str) -> tuple[Step, ...]:
    return (
        look(
            "See which groups each connector lets in; clients need ExchangeUsers.",
            "Get-ReceiveConnector | Format-List Identity,Bindings,AuthMechanism,PermissionGroups",
        ),
        look(
            "See whether the account is a mailbox user at all.",
            "Get-User {account} | Format-List RecipientTypeDetails,UserAccountControl,AccountDisabled",
            account="",
        ),
        change(
            "Let mailbox users submit on the connector for clients (port 587; not on one that faces the Internet).",
            "Set-ReceiveConnector {connector} -PermissionGroups ExchangeUsers",
            changes="Replaces the connector's permission groups: add those that the first step printed, separated by commas. "
            "Every mailbox user with a right password may submit there.",
            undo="Set-ReceiveConnector with the groups that the first step printed.",
            verify="The client's next logon gets 235 2.7.0, and event 1020 is no longer written.",
            connector=connector if is_client_connector(connector) else "",
        ),
    )
