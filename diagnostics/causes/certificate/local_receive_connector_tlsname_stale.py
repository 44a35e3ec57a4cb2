"""The Receive connector names a certificate that is gone, so STARTTLS is not offered.

## What is happening
`TlsCertificateName` on a Receive connector (mostly Default Frontend) holds issuer and subject of a certificate that
was renewed or removed. Exchange then has nothing to offer TLS with and leaves STARTTLS out of its EHLO reply. Senders
that insist on TLS, Exchange Online first, wait with `451 5.7.3 STARTTLS is required to send mail`; others deliver in
clear text.

## What proves it
- event 12014 that quotes `<I>issuer<S>subject` as the missing name
- the connector's pair of issuer and subject is on no certificate of the server's list
- EHLO on the server itself shows no STARTTLS, and the connector's pair matches no installed certificate

## Not this when
- TlsCertificateName is empty on all Receive connectors, or names a certificate that is installed
- the event quotes a plain host name (`certificate.local.fqdn-no-match`)
- EHLO on the server itself lists STARTTLS: then a device in front removes it
- the named certificate is installed, but revoked or without its issuer (`certificate.local.chain-broken`)

## References
- https://learn.microsoft.com/en-us/troubleshoot/exchange/email-delivery/cannot-receive-mail-with-new-certificate
- https://techcommunity.microsoft.com/blog/exchange/tls-certificates-in-exchange-hybrid---common-issues--how-to-fix-them/4420592
"""

from __future__ import annotations

from typing import Final

from diagnostics.cause import Belief, Finding, cause, change, shown
from diagnostics.causes.certificate import steps
from diagnostics.causes.certificate.event12014 import Unmatched, is_bare, is_send_connector, told_of, unmatched
from diagnostics.causes.certificate.names import holders, is_list, issuer_and_subject
from diagnostics.causes.certificate.withheld import withheld
from diagnostics.causes.connector.settings import takes_outside
from diagnostics.causes.network.reach import kind_of
from diagnostics.causes.tls.credential import own_fault, said_to_clients
from diagnostics.facts import (
    InstalledCertificate,
    Reply,
    SendConnector,
    Session,
    SessionMasked,
    StarttlsNotOffered,
    TlsFailed,
    WindowsEvent,
)
from diagnostics.mail_facts import Configured, Told
from diagnostics.report import Step

_MISSED: Final = "clients-miss-tls-since-the-new-certificate"


@cause(id="certificate.local.receive-connector-tlsname-stale", act="on-prem")
def assess(
    anchor: WindowsEvent | StarttlsNotOffered | TlsFailed | Told,
    event: WindowsEvent | None,
    events: tuple[WindowsEvent, ...],
    installed: tuple[InstalledCertificate, ...],
    replies: tuple[Reply, ...],
    connectors: tuple[SendConnector, ...],
    sessions: tuple[Session, ...],
    objects: tuple[Configured, ...],
    masked: tuple[SessionMasked, ...],
    missing: tuple[StarttlsNotOffered, ...],
    handshakes: tuple[TlsFailed, ...],
) -> Finding | None:
    """Event 12014 decides, or the connector's own setting beside the certificates. `event` is what to ask for."""
    if isinstance(anchor, Told):
        return _told(anchor)
    if isinstance(anchor, TlsFailed):
        return _refused(anchor, replies, objects, installed)
    wanted = unmatched(anchor)
    if wanted:
        sends = is_send_connector(wanted, connectors, sessions)
        return None if wanted.pair is None or sends else _from_event(wanted, wanted.pair, installed)
    if is_bare(anchor):
        because = "Event 12014: no certificate fits what a connector wants; after a renewal that is the replaced one."
        return Finding(Belief.POSSIBLE, because, (anchor,), _steps(""), weight=1.3)
    outside = _outside(missing, sessions, replies)
    if outside and isinstance(anchor, StarttlsNotOffered) and anchor.side != "local":
        because = (
            f"It is {outside.host or 'a server outside'} that answers EHLO without STARTTLS, on `{outside.connector}`."
        )
        return Finding(Belief.RULED_OUT, because, (outside,))
    found = withheld(anchor, replies, objects)
    if found is None:
        return None
    if found.seen != "log" and (offered := _offered(masked, handshakes)):
        return offered
    told = told_of(found.fact.connector, events)
    if told and told.pair is None:
        because = f"Event 12014 quotes the plain name `{told.name}`: the connector names no certificate."
        return Finding(Belief.RULED_OUT, because, (told.event, event))
    stale = _stale(objects, installed)
    if stale:
        because = (
            f"{found.words}, and `{stale.name or 'the connector'}` names a certificate that is not the one listed: "
        )
        because += f"`{stale.get('TlsCertificateName')}`."
        return Finding(Belief.LIKELY, because, (found.fact, stale, *installed[:1]), _steps(stale.connector), weight=1.6)
    because = f"{found.words}. Mostly the connector still names a certificate that was replaced."
    weight = found.weight(1.4 if found.bare else 1.6)
    return Finding(Belief.POSSIBLE, because, (found.fact,), _steps(found.fact.connector), weight=weight)


@shown
def connectors(objects: tuple[Configured, ...], installed: tuple[InstalledCertificate, ...]) -> Finding | None:
    """The names on the connectors that were listed, beside the certificates of the server."""
    listed = [each for each in objects if each.kind == "receive-connector" and each.told("TlsCertificateName")]
    stale = _stale(tuple(listed), installed) if is_list(installed) else None
    if stale:
        because = f"`{stale.name or 'The connector'}` names `{stale.get('TlsCertificateName')}`, and none of the "
        because += f"{len(installed)} certificates that were listed has this issuer and subject."
        return Finding(Belief.CONFIRMED, because, (stale, *installed[:3]), _steps(stale.connector))
    named = [(each, issuer_and_subject(each.get("TlsCertificateName"))) for each in listed]
    held = next((each for each, pair in named if pair), None)
    if held and not installed:
        return _removed(held, objects)
    if not any(takes_outside(each) for each in listed) or not all(
        holders(pair, installed) for _, pair in named if pair
    ):
        return None
    because = "The Receive connectors name no certificate."
    if held:
        because = f"`{held.name}` names `{held.get('TlsCertificateName')}`, and such a certificate is installed."
    return Finding(Belief.RULED_OUT, because, (held or listed[0],))


def _removed(held: Configured, objects: tuple[Configured, ...]) -> Finding | None:
    """Certificates were taken away, as the person tells, and a connector names one: whether it is among them, a list shows."""
    deleted = next((each for each in objects if each.kind == "told-certificates-deleted"), None)
    if deleted is None:
        return None
    because = f"`{held.name or 'The connector'}` names `{held.get('TlsCertificateName')}`, and certificates were removed, as you "
    because += "say: if this is one of them, the connector has none to offer STARTTLS with."
    return Finding(Belief.LIKELY, because, (held, deleted), _steps(held.connector))


def _told(told: Told) -> Finding | None:
    """What a person tells, with nothing pasted, makes it possible at most."""
    if told.story == _MISSED:
        because = (
            "Clients that insist on TLS find none at your server since its certificate was changed, as you tell it: "
        )
        because += "mostly the Receive connector still names the old one, and then offers no STARTTLS."
        return Finding(Belief.POSSIBLE, because, (told,), _steps(""), "on-prem", weight=2.0)
    if told.story != "unreachable-since-the-new-certificate":
        return None
    because = "Mail from outside stops at TLS since the certificate was changed, as you tell it: mostly the Receive "
    because += "connector still names the old one."
    return Finding(Belief.POSSIBLE, because, (told,), _steps(""), "on-prem", weight=1.8)


def _refused(
    failed: TlsFailed,
    replies: tuple[Reply, ...],
    objects: tuple[Configured, ...],
    installed: tuple[InstalledCertificate, ...],
) -> Finding | None:
    """A handshake with a client of ours that ended at our own credential: the one that the connector names may be gone."""
    receives = failed.direction == "receive" or said_to_clients(failed, replies)
    if not receives or not own_fault(failed, "UnknownCredentials", "NoCredentials") or failed.thumbprint:
        return None
    because = f"Clients reach a Receive connector, and its handshake ends with {failed.error}"
    stale = _stale(objects, installed)
    if stale:
        because += f": `{stale.name or 'the connector'}` names a certificate that is not installed: "
        because += f"`{stale.get('TlsCertificateName')}`."
        return Finding(Belief.LIKELY, because, (failed, stale, *installed[:1]), _steps(stale.connector), weight=1.8)
    because += ". If a certificate was replaced and the old one deleted, TlsCertificateName may still name that one."
    return Finding(Belief.POSSIBLE, because, (failed,), _steps(failed.connector), weight=1.2)


def _stale(objects: tuple[Configured, ...], installed: tuple[InstalledCertificate, ...]) -> Configured | None:
    """A Receive connector whose named certificate is not among those that are told with issuer and subject."""
    told = [each for each in installed if each.issuer and each.subject]
    for each in objects if told else ():
        pair = issuer_and_subject(each.get("TlsCertificateName")) if each.kind == "receive-connector" else None
        if pair and not holders(pair, told):
            return each
    return None


def _offered(masked: tuple[SessionMasked, ...], handshakes: tuple[TlsFailed, ...]) -> Finding | None:
    """STARTTLS was there after all: rewritten on the way, or answered by a handshake that failed for another reason."""
    hidden = next((each for each in masked if each.what == "capability"), None)
    if hidden:
        because = f"{hidden.host or 'The server'} offers STARTTLS: a device on the way overwrites it in the EHLO reply."
        return Finding(Belief.RULED_OUT, because, (hidden,))
    begun = next((each for each in handshakes if each.direction == "receive" and each.saw_remote), None)
    if begun:
        because = (
            f"`{begun.connector}` offered STARTTLS and showed its certificate; the handshake ended with {begun.error}."
        )
        return Finding(Belief.RULED_OUT, because, (begun,))
    return None


def _outside(
    missing: tuple[StarttlsNotOffered, ...], sessions: tuple[Session, ...], replies: tuple[Reply, ...]
) -> StarttlsNotOffered | None:
    """Where STARTTLS is demanded: the server of somebody else that our send log shows without it."""
    if not any("STARTTLS is required" in each.whole for each in replies):
        return None
    abroad = {s.session for s in sessions if s.direction == "send" and kind_of(s.remote_ip) == "public"} - {""}
    return next((each for each in missing if each.side == "remote" and each.session in abroad), None)


def _from_event(wanted: Unmatched, pair: tuple[str, str], installed: tuple[InstalledCertificate, ...]) -> Finding:
    have = holders(pair, installed)
    if have:
        because = f"The certificate that {_named(wanted)} names is installed ({have[0].thumbprint}): look at its state."
        return Finding(Belief.RULED_OUT, because, (have[0], wanted.event))
    because = (
        f"Event 12014: {_named(wanted)} names a certificate with issuer `{pair[0]}` and subject `{pair[1]}`, "
        "which is not in "
        "the store, so it offers no STARTTLS."
    )
    belief = Belief.CONFIRMED if wanted.connector else Belief.LIKELY  # it may be a Send connector's
    return Finding(belief, because, (wanted.event,), _steps(wanted.connector), weight=1.8)


def _named(wanted: Unmatched) -> str:
    return f"`{wanted.connector}`" if wanted.connector else "a connector"


def _steps(connector: str) -> tuple[Step, ...]:
    return (
        steps.compare_receive_connectors(),
        steps.name_on_receive_connector(connector),
        change(
            "Where no particular certificate is wanted, clear the name: Exchange then chooses by the connector's FQDN.",
            "Set-ReceiveConnector {receive_connector} -TlsCertificateName $null",
            changes="Removes the stale TlsCertificateName from this connector. In a hybrid set the current name "
            "instead.",
            undo="Set-ReceiveConnector with the TlsCertificateName that the first step printed.",
            verify="EHLO on port 25 of the server lists STARTTLS.",
            receive_connector=connector,
        ),
        steps.restart_frontend(),
    )
