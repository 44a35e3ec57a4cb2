"""`5.7.64 TenantAttribution`: by what Exchange Online recognises a server, and what of that the text shows."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from msgspec import Struct

from diagnostics.causes.certificate.names import common_name, issuer_and_subject
from diagnostics.causes.connector.heard import Heard
from diagnostics.causes.connector.settings import INBOUND, of_kind
from diagnostics.facts import Certificate, SendConnector, Session
from diagnostics.mail_facts import Configured

SIGNATURES: Final = ("TenantAttribution; Relay Access Denied", "5.7.64 TenantAttribution", "5.7.64")
# Of mail to somebody outside, the same in other words: the server was not recognised, and its tenant is no destination.
REFUSED: Final = "5.4.1 Relay Access Denied"


def outward(objects: Iterable[Configured]) -> Configured | None:
    """Where the person says that the mail is for somebody outside."""
    return next((each for each in objects if each.kind == "told-outward"), None)


def domain_refused(what: Heard) -> bool:
    """Whether the domain is what was not accepted: the session was recognised, or could not be."""
    return "attr36" in what.low


def from_exchange(what: Heard) -> bool | None:
    """Whether an Exchange server of ours sent, whose certificate counts; None where nothing tells.

    Devices and other relays have no certificate that a tenant knows: they are recognised by their address.
    """
    if what.outgoing or what.said.kind == "queue":
        return True
    return False if what.said.kind in ("client", "log") else None


class Inbound(Struct, frozen=True):
    """The tenant's enabled inbound connectors, by what they recognise a server."""

    by_name: tuple[Configured, ...]
    by_address: tuple[Configured, ...]

    @property
    def told(self) -> bool:
        return bool(self.by_name or self.by_address)


def inbound(objects: Iterable[Configured]) -> Inbound:
    """Partner connectors restrict what others send; they let nobody relay, so they don't count."""
    enabled = [each for each in of_kind(INBOUND, objects) if each.flag("Enabled") is not False]
    enabled = [each for each in enabled if each.get("ConnectorType").lower() != "partner"]
    named = tuple(each for each in enabled if wanted_name(each))
    addressed = tuple(each for each in enabled if not wanted_name(each) and each.items("SenderIPAddresses"))
    return Inbound(named, addressed)


def switched_off(objects: Iterable[Configured], *, by_name: bool) -> Configured | None:
    """The disabled inbound connector that would recognise a server, by its certificate or else by its address, where none that
    was sent is enabled."""
    known = [each for each in of_kind(INBOUND, objects) if each.get("ConnectorType").lower() != "partner"]
    if any(each.flag("Enabled") is not False for each in known):
        return None
    return next((each for each in known if bool(wanted_name(each)) is by_name), None)


def wanted_name(connector: Configured) -> str:
    """The host name or pattern that TlsSenderCertificateName asks for; it may be a whole <I>issuer<S>subject."""
    written = connector.get("TlsSenderCertificateName").strip()
    pair = issuer_and_subject(written)
    return common_name(pair[1]) if pair else written


def latest(sessions: Iterable[Session]) -> Certificate | None:
    """The certificate that our server showed in the latest session in which it sent one."""
    sent = [each.local for each in sessions if each.direction == "send" and each.local]
    return sent[-1] if sent else None


def of_cloud(connector: SendConnector) -> bool:
    """Whether a Send connector is the one to Exchange Online, by what only that one is set to."""
    outside = connector.tls_domain.lower() == "mail.protection.outlook.com" or connector.cloud_services is True
    return outside or any("onmicrosoft.com" in each.lower() for each in connector.address_spaces)


def shown(what: Heard, sessions: Iterable[Session]) -> Certificate | None:
    """The certificate that our server showed: in the refused session, else in the latest one that sent."""
    if what.certificate:
        return what.certificate
    if what.session:
        return None
    return latest(sessions)
