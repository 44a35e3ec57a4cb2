"""The Receive connector does not take mail from senders that don't log on.

## What is happening
`PermissionGroups` of the connector that answers on port 25 lacks AnonymousUsers, so MAIL FROM is refused before any
recipient is named: `530 5.7.1 Client was not authenticated`, in later versions `530 5.7.57 SMTP; Client was not
authenticated to send anonymous mail during MAIL FROM`. On the server that the MX names it stops all mail from outside.

## What proves it
- an on-premises Exchange server said it, and PermissionGroups of that connector has no AnonymousUsers
- a hint: the connector that answers everybody on port 25 has none, and mail fails, as somebody says

## Not this when
- `smtp.office365.com` or another host of Exchange Online said it: there a client has to log on
  (`auth-smtp.client.not-authenticated`)
- the connector is a `Client Frontend` one (port 587): it is meant for logons
- AnonymousUsers is there: then another connector answered (`connector.receive.wrong-connector-matched`)

## References
- https://learn.microsoft.com/en-us/exchange/mail-flow/connectors/receive-connectors
- https://learn.microsoft.com/en-us/troubleshoot/exchange/email-delivery/ndr/non-delivery-reports-in-exchange-online
"""

from __future__ import annotations

from diagnostics.cause import Belief, Finding, cause, change, shown
from diagnostics.causes.auth_smtp.logon import asked, submits
from diagnostics.causes.certificate.steps import restart_frontend
from diagnostics.causes.connector import steps
from diagnostics.causes.connector.attribution import outward
from diagnostics.causes.connector.heard import Heard, heard
from diagnostics.causes.connector.settings import (
    RECEIVE,
    answering,
    for_some,
    is_bound,
    label,
    listeners,
    made_for_others,
    narrowest,
    the_one,
    words,
)
from diagnostics.causes.reader import complained
from diagnostics.causes.recipient.steps import advise
from diagnostics.facts import Reply, Said, Session
from diagnostics.looked_facts import ClientAddress
from diagnostics.mail_facts import Configured
from diagnostics.report import Step
from diagnostics.text import is_cut


@cause(
    id="connector.receive.anonymous-permission-missing",
    act="on-prem",
    says=("5.7.1 Client was not authenticated", "5.7.57", "Client was not authenticated to send anonymous mail"),
)
def assess(
    said: Said | Configured,
    _settings: Configured | None,
    objects: tuple[Configured, ...],
    replies: tuple[Reply, ...],
    sessions: tuple[Session, ...],
) -> Finding | None:
    """Who said it decides, and then the permission groups of the connector that answered."""
    if isinstance(said, Configured):
        inward = complained(replies, objects) and not outward(objects)
        return _kept_out(said, objects) if inward else None
    what = heard(said, replies, sessions)
    if what.microsoft:
        return None
    cure = _steps(what.connector)
    met = the_one(what.connector, objects)
    if met and met.told("PermissionGroups"):
        return _from_settings(what, met, cure, made_for_others(what.connector, objects))
    if "client " in what.connector.rpartition("\\")[2].lower():
        because = f"`{what.connector}` is for clients that log on; {what.ip or 'this one'} did not."
        return Finding(Belief.POSSIBLE, because, (said,), cure, weight=0.6)
    if what.incoming:
        because = f"`{what.connector}` refused {what.ip or 'a client'} at MAIL FROM: it takes no anonymous mail."
        return Finding(Belief.LIKELY, because, (said,), cure)
    if submits(said, objects):
        because = (
            "The client asked port 587, which is for clients that log on; there anonymous mail is refused by design."
        )
        return Finding(Belief.POSSIBLE, because, (said,), cure, weight=0.6)
    server = asked(said, objects)
    theirs = f"{said.by or said.host or server or 'The other server'} takes no mail from senders that don't log on."
    if said.kind in ("ndr", "dsn", "queue", "trace") or what.outgoing:
        because = f"{theirs} Its operators have to allow anonymous senders on the connector that answers port 25."
        return Finding(Belief.LIKELY, because, (said,), (_tell(said), *cure), "recipient-side")
    if "5.7.1 client" in what.low or (said.kind == "client" and server and not _tried(replies)):
        return Finding(Belief.LIKELY, theirs, (said,), cure)
    return Finding(Belief.POSSIBLE, f"If an on-premises server said it: {theirs}", (said,), cure, weight=1.0)


@shown
def connectors(
    objects: tuple[Configured, ...], clients: tuple[ClientAddress, ...], sessions: tuple[Session, ...]
) -> Finding | None:
    """The permission groups of the connector that takes the client; where its address isn't told, of all that may."""
    known = [
        each
        for each in listeners(objects)
        if each.told("PermissionGroups") and not is_cut(each.get("PermissionGroups"))
    ]
    refused = [each.remote_ip for each in sessions if each.direction == "receive" and each.failed]
    ip = next((each for each in (*refused, *(one.ip for one in clients)) if each), "")
    if ip and len(known) > 1 and (met := answering(ip, known)):
        return _met(met, ip, known)
    if known and all(map(_lets_strangers_in, known)):
        because = (
            f"Every connector on port 25 that was sent lets AnonymousUsers in ({', '.join(map(label, known[:3]))})."
        )
        return Finding(Belief.RULED_OUT, because, tuple(known[:3]))
    shut = next((each for each in known if _for_the_world(each) and not _lets_strangers_in(each)), None)
    if shut is None or any(_lets_strangers_in(each) for each in known):
        return None
    return Finding(Belief.LIKELY, _shut(shut), (shut,), _steps(shut.name))


def _met(met: Configured, ip: str, known: list[Configured]) -> Finding | None:
    """The connector whose ranges take the client most narrowly. Where a broader one would let it in, that one was meant."""
    if _lets_strangers_in(met):
        because = f"{label(met)}, whose ranges hold {ip} most narrowly, lets AnonymousUsers in."
        return Finding(Belief.RULED_OUT, because, (met,))
    made = [each for each in known if for_some(each) and _lets_strangers_in(each)]
    other = next((each for each in made if narrowest(each, ip) < 1 << 129), None)
    if made and not other:
        return None  # one was made for clients like it, and leaves this one out
    if other:
        because = f"{label(other)} lets AnonymousUsers in and has a range with {ip}; {label(met)} answers in its place."
        return Finding(Belief.RULED_OUT, because, (other, met))
    because = f"{label(met)}, which takes {ip}, allows {met.get('PermissionGroups') or 'no permission group'} and not "
    because += "AnonymousUsers."
    return Finding(Belief.CONFIRMED, because, (met,), _steps(met.name))


def _shut(met: Configured) -> str:
    return (
        f"{label(met)} answers everybody on port 25 and allows {met.get('PermissionGroups') or 'no permission group'}, not "
        "AnonymousUsers: servers outside are refused at MAIL FROM (530)."
    )


def _tried(replies: tuple[Reply, ...]) -> bool:
    """Whether a logon was refused before: then the client is one that is meant to log on."""
    return any(each.code in (504, 535) for each in replies)


def _kept_out(met: Configured, objects: tuple[Configured, ...]) -> Finding | None:
    """The connector that the world's servers meet lets none of them in, and mail fails, as somebody says."""
    if not _for_the_world(met) or _lets_strangers_in(met) or met.flag("Enabled") is False:
        return None
    if any(_for_the_world(each) and _lets_strangers_in(each) for each in objects):
        return None
    because = f"{_shut(met)} Where only a gateway that logs on sends to it, that is meant."
    return Finding(Belief.POSSIBLE, because, (met,), _steps(met.name), weight=1.8)


def _for_the_world(entry: Configured) -> bool:
    known = entry.kind == RECEIVE and entry.told("PermissionGroups")
    return known and is_bound(entry, 25) and not for_some(entry)


def _lets_strangers_in(entry: Configured) -> bool:
    return "anonymoususers" in words(entry, "PermissionGroups")


def _from_settings(what: Heard, met: Configured, cure: tuple[Step, ...], other: Configured | None) -> Finding:
    groups = met.get("PermissionGroups")
    if _lets_strangers_in(met):
        because = f"{label(met)} lets AnonymousUsers send ({groups})."
        return Finding(Belief.RULED_OUT, because, (met,))
    because = (
        f"{label(met)} allows {groups or 'no permission group'} and not AnonymousUsers, so {what.client} was refused."
    )
    if other:
        because += f" {label(other)} looks like the connector that was made for clients without a logon."
        return Finding(Belief.POSSIBLE, because, (met, what.said), cure, weight=1.0)
    belief = Belief.CONFIRMED if what.connector else Belief.LIKELY
    return Finding(belief, because, (met, what.said), cure)


def _tell(said: Said) -> Step:
    host = said.by or said.host or "the server"
    return advise(
        f"If {host} isn't yours: send its postmaster this refusal by another way. Nothing on the sending side mends it; the "
        "steps below are for the operators of that server."
    )


def _steps(connector: str) -> tuple[Step, ...]:
    return (
        steps.show_receive_connector(connector),
        steps.list_receive_connectors(),
        change(
            "On the connector that takes mail from the Internet (never on 587), let anonymous senders deliver.",
            "Set-ReceiveConnector {receive_connector} -PermissionGroups "
            "((Get-ReceiveConnector {receive_connector}).PermissionGroups.ToString() + ', AnonymousUsers')",
            changes="Anybody may hand in mail for the accepted domains there; relaying stays refused.",
            undo="Set-ReceiveConnector with the PermissionGroups that the first step printed.",
            verify="MAIL FROM on port 25 from outside is answered with 250.",
            receive_connector=connector,
        ),
        restart_frontend(),
    )
