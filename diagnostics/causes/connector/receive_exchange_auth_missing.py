"""The Receive connector does not let Exchange servers log on to each other.

## What is happening
Servers of one organization log on to each other (X-EXPS, over X-ANONYMOUSTLS) before they hand mail over. The `Default`
connector of the target no longer offers that: ExchangeServer was removed from its AuthMechanism or ExchangeServers from
its PermissionGroups, or its Fqdn was changed to a public name. Internal queues wait with `451 4.4.0 … Cannot achieve
Exchange Server authentication`; mail from outside goes on. Exchange 2000 and 2003 hand properties of a message over with
XEXCH50 and log `504 Need to authenticate first` where the other's SMTP virtual server has lost Integrated Windows
Authentication. A foreign organization's Exchange server answers the same, and there it harms nothing.

## What proves it
- AuthMechanism or PermissionGroups of the connector that answered, or a Fqdn that isn't the server's own name
- EHLO on the target shows no X-EXPS

## Not this when
- the receive log names another connector (`connector.receive.wrong-connector-matched`)
- the connector is right and X-EXPS is offered: then Kerberos (`transport-service.kerberos.exchangeauth-failed`)
- the connector is right and X-EXPS is missing in what the other server sees: then a device in between

## References
- https://learn.microsoft.com/en-us/exchange/mail-flow/connectors/receive-connectors
- https://learn.microsoft.com/en-us/exchange/mail-flow/non-delivery-reports-and-bounce-messages/non-delivery-reports-and-bounce-messages
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from diagnostics.cause import Belief, Finding, cause, change, shown
from diagnostics.causes.certificate.steps import retry_queues
from diagnostics.causes.connector import steps
from diagnostics.causes.connector.settings import RECEIVE, label, of_kind, words
from diagnostics.facts import Said
from diagnostics.mail_facts import Configured, Told
from diagnostics.report import Step
from diagnostics.text import is_cut

# It says X-ANONYMOUSTLS to the server, as Exchange servers do; a connector without their logon does not know that.
UNIFIED_MESSAGING: Final = "Submission to the Hub Transport server failed"
# Kerberos that fails says so, too; and so does a server that should take the logon and is set not to.
_AT_LOGON: Final = "454 4.7.0 Temporary authentication failure"
_XEXCH50: Final = "504 Need to authenticate first"  # Exchange 2000 and 2003


@cause(
    id="connector.receive.exchange-auth-missing",
    act="on-prem",
    says=(
        "Cannot achieve Exchange Server authentication",
        "535 5.7.3 anonymous authentication not allowed",
        UNIFIED_MESSAGING,
        _XEXCH50,
        _AT_LOGON,
    ),
    against={
        "Require basic authentication": "is about a password for a smart host, not about the logon between servers",
    },
)
def assess(said: Said | Told, _settings: Configured | None, objects: tuple[Configured, ...]) -> Finding | None:
    """The `Default` connector's own settings settle it."""
    if isinstance(said, Told):
        return _told(said)
    if said.signature == _XEXCH50:
        because = (
            f"{said.by or said.host or 'The other server'} takes XEXCH50 only from Exchange servers that logged on. "
        )
        because += (
            "If it is one of this organization, its SMTP virtual server lacks Integrated Windows Authentication, or "
        )
        because += (
            "a rule there wants another logon; if it is somebody else's, the event is harmless and the message goes "
        )
        because += "through without."
        return Finding(Belief.POSSIBLE, because, (said,), _of_2003(), weight=1.6)
    if said.signature == UNIFIED_MESSAGING and not submission_refused(said):
        return None
    met = _default(objects)
    unticked = next((each for each in objects if each.kind == "told-logon" and each.name == "exchange-servers"), None)
    if met is None and unticked:
        because = "The connector that other Exchange servers meet lacks the ExchangeServer logon, as you say."
        return Finding(Belief.LIKELY, because, (unticked, said), _steps(""), weight=1.5)
    if met is None and said.signature == _AT_LOGON:
        return _among_others(said)
    if met is None:
        because = f"{said.by or said.host or 'The target server'} did not offer the logon that Exchange servers use."
        return Finding(Belief.POSSIBLE, because, (said,), _steps(""), weight=1.5)
    lacks = _lacks(met)
    if lacks:
        because = f"{label(met)}, which other Exchange servers meet, {lacks}."
        if not met.name:
            return Finding(Belief.LIKELY, because, (met, said), _steps(""), weight=1.5)
        return Finding(Belief.CONFIRMED, because, (met, said), _steps(met.name))
    if met.told("AuthMechanism") and met.told("PermissionGroups"):
        because = f"{label(met)} allows the ExchangeServer logon to ExchangeServers."
        return Finding(Belief.RULED_OUT, because, (met,))
    because = f"{label(met)} was sent without its AuthMechanism and PermissionGroups."
    return Finding(Belief.POSSIBLE, because, (said, met), _steps(met.name), weight=1.5)


@shown
def connectors(objects: tuple[Configured, ...]) -> Finding | None:
    """The `Default` connectors of all servers that were listed: mail between servers waits at the one that lacks something."""
    met = [each for each in map(_whole, _defaults(objects)) if each]
    wrong = next((each for each in met if _lacks(each)), None)
    if wrong:
        because = f"{label(wrong)}, which other Exchange servers meet, {_lacks(wrong)}."
        return Finding(Belief.CONFIRMED, because, (wrong,), _steps(wrong.name))
    if not met:
        return None
    because = f"{', '.join(map(label, met[:3]))}: the ExchangeServer logon is allowed to ExchangeServers."
    return Finding(Belief.RULED_OUT, because, tuple(met[:3]))


def _told(told: Told) -> Finding | None:
    """What a person tells makes it possible at most."""
    if told.story != "connector-between-servers-was-changed":
        return None
    because = "Mail between your servers waits since a connector was changed, as you tell it: the one that they meet "
    because += "(Default) needs the ExchangeServer logon, the ExchangeServers group, and its server's own name."
    return Finding(Belief.POSSIBLE, because, (told,), _steps(""), weight=1.7)


def submission_refused(said: Said) -> bool:
    """Whether Unified Messaging was answered that its command is unknown, or its report was cut off before the answer."""
    low = said.text.lower()
    return "unrecognized command" in low or ("unexpectedsmtpserverresponse" in low and "whole response" not in low)


def _defaults(objects: Iterable[Configured]) -> Iterator[Configured]:
    """The connectors `Default SERVER`, which are those for other servers."""
    for each in of_kind(RECEIVE, objects):
        name = each.name.rpartition("\\")[2].lower()
        if name.startswith("default ") and not name.startswith("default frontend"):
            yield each


def _whole(met: Configured) -> Configured | None:
    """The connector, where both settings of its logon were sent, and no table has cut them off."""
    cut = any(is_cut(met.get(name)) for name in ("AuthMechanism", "PermissionGroups"))
    return met if met.told("AuthMechanism") and met.told("PermissionGroups") and not cut else None


def _default(objects: Iterable[Configured]) -> Configured | None:
    """The connector for other servers: by its name, else the only one that was pasted, without one."""
    first = next(_defaults(objects), None)
    if first:
        return first
    lone = [each for each in of_kind(RECEIVE, objects) if not each.name and each.told("AuthMechanism")]
    return lone[0] if len(lone) == 1 else None


def _lacks(met: Configured) -> str:
    """What is wrong with it, to go on after its name; "" where nothing is."""
    if met.told("AuthMechanism") and "exchangeserver" not in words(met, "AuthMechanism"):
        return f"has AuthMechanism {met.get('AuthMechanism') or 'None'}, without ExchangeServer"
    if met.told("PermissionGroups") and "exchangeservers" not in words(met, "PermissionGroups"):
        return f"has PermissionGroups {met.get('PermissionGroups') or 'None'}, without ExchangeServers"
    server = met.name.partition("\\")[0] if "\\" in met.name else met.get("Server")
    fqdn = met.get("Fqdn")
    if server and fqdn and fqdn.partition(".")[0].lower() != server.partition(".")[0].lower():
        return f"calls itself {fqdn}, which is not the server's own name"
    return ""


def _of_2003() -> tuple[Step, ...]:
    return (
        change(
            "On the server that answered, if it is yours: Exchange System Manager, the SMTP virtual server, Access, "
            "Authentication: "
            "tick Integrated Windows Authentication. On Exchange 2007 and later: ExchangeLegacyServers among the groups of its "
            "`Default` connector.",
            "",
            shell="portal",
            changes="Servers of the organization log on to each other again; anonymous mail is taken as before.",
            undo="Untick it.",
            verify="Event 7004 for XEXCH50 no longer comes when a message goes between the two.",
        ),
    )


def _among_others(said: Said) -> Finding | None:
    """A client that logs on with a password is told the same by a server that reaches no domain controller."""
    if said.kind == "client":
        return None
    because = f"{said.by or said.host or 'The target server'} refuses the logon of Exchange servers for now; one whose connector "
    because += "(before Exchange 2007: SMTP virtual server) takes no integrated Windows logon does so, too."
    return Finding(Belief.POSSIBLE, because, (said,), _steps(""), weight=0.95)


def _steps(connector: str) -> tuple[Step, ...]:
    return (
        steps.show_receive_connector(connector, "See what the `Default` connector of the target server allows."),
        change(
            "Give it back the logon of Exchange servers; its other mechanisms and groups stay the default ones.",
            "Set-ReceiveConnector {receive_connector} "
            "-AuthMechanism Tls,Integrated,BasicAuth,BasicAuthRequireTLS,ExchangeServer "
            "-PermissionGroups ExchangeUsers,ExchangeServers,ExchangeLegacyServers",
            changes="The mechanisms and groups of this connector become those of a new installation.",
            undo="Set-ReceiveConnector with the values that the first step printed.",
            verify="EHLO on the server lists X-ANONYMOUSTLS and X-EXPS, and the internal queue drains.",
            receive_connector=connector,
        ),
        change(
            "If its Fqdn was changed, put the server's own name back; a public name belongs on the front-end connector.",
            "Set-ReceiveConnector {receive_connector} -Fqdn {server_fqdn}",
            changes="The name that this connector gives, and that other servers ask a Kerberos ticket for.",
            undo="Set-ReceiveConnector with the Fqdn that the first step printed.",
            verify="The internal queue drains.",
            receive_connector=connector,
            server_fqdn="",
        ),
        retry_queues(),
    )
