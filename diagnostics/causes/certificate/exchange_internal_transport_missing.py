"""The internal transport certificate is missing, expired or unreadable.

## What is happening
Every Exchange server has a certificate for SMTP between servers and between its own front end and back end. It was
removed from the store, has expired, or its key can't be read. Internal queues then retry, and inbound mail is put off
with `451 4.7.0 Temporary server error … PRX`, although TLS toward the outside is fine.

## What proves it
- events 12012, 12013, 12022, 12023 or 12024 (can't be loaded or read), 12015 (expired), 12019 (another server's has expired)
- the thumbprint of `Get-TransportService` is not in the store, or has no key
- servers that can't sign in to each other (ExchangeAuth, direct trust), and a front end that can't hand over (PRX): hints

## Not this when
- that thumbprint is installed, valid and has its key
- Kerberos between the servers fails (`transport-service.kerberos.exchangeauth-failed`)

## References
- https://microsoft.github.io/CSS-Exchange/Diagnostics/HealthChecker/InternalTransportCertificateCheck/
- https://learn.microsoft.com/en-us/previous-versions/office/exchange-server-2010/ff985435(v=exchg.141)
- https://learn.microsoft.com/en-us/powershell/module/exchangepowershell/new-exchangecertificate
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from diagnostics.cause import Belief, Finding, cause, change, look, shown
from diagnostics.causes.certificate import steps
from diagnostics.causes.network.queues import STALLED, stalled_inside
from diagnostics.causes.network.reach import by_exchange_online
from diagnostics.facts import InstalledCertificate, QueueState, Said, WindowsEvent
from diagnostics.mail_facts import Configured
from diagnostics.patterns import linear
from diagnostics.report import Step

_THUMBPRINT = linear(r"(?i)thumbprint(?: of)?:?\s*([0-9A-F]{40})")
_HASH = linear(r"^[0-9A-F]{40}$")
_A_LIST: Final = 2  # certificates
_UNREADABLE = {
    12012: "can't be read from Active Directory",
    12013: "can't be loaded",
    12022: "is damaged in Active Directory",
    12023: "can't be loaded",
    12024: "can't be loaded",
    12015: "has expired",
}
_SOON, _REMOTE = 12017, 12019
_PROXY: Final = ("Please try again later. PRX",)
_DOWN: Final = ("windows-service", "service-health", "server-component")  # a back end that is off explains it by itself
# What servers of one organization say when they can't sign in to each other, which needs that certificate on either side.
_SIGN_IN: Final = {
    "Cannot achieve Exchange Server authentication": (0.8, "The other server offered no logon for Exchange servers"),
    "direct trust authentication failed for certificate": (
        1.1,
        "Direct trust, by which servers know each other's certificate, failed",
    ),
    "The authentication mechanism is ExchangeAuth": (1.0, "Signing in between the servers of the organization failed"),
}
_INSIDE: Final = ("1", "3", "4", "5", "6", "7")  # after PRX; 2 is a look-up that failed, 9 the next hop


@cause(id="certificate.exchange.internal-transport-missing", act="on-prem", says=(*STALLED, *_PROXY, *_SIGN_IN))
def assess(
    event: WindowsEvent | Configured | Said,
    installed: tuple[InstalledCertificate, ...],
    queues: tuple[QueueState, ...],
    objects: tuple[Configured, ...],
) -> Finding | None:
    """The events say it, or HealthChecker; the list of certificates shows whether it is still so."""
    if isinstance(event, Said) and event.signature in _SIGN_IN:
        return _of_sign_in(event, installed, objects)
    if isinstance(event, Said) and event.signature in _PROXY:
        return _of_proxy(event, objects, installed)
    if isinstance(event, Said):
        queue = stalled_inside(event, queues)
        return _of_target(event, queue, installed) if queue else None
    if isinstance(event, Configured):
        return _checked(event) or _named(event, installed)
    if "msexchange" not in event.provider.lower():
        return None
    if event.event == _SOON:
        because = "Event 12017: the internal transport certificate expires soon; it works until then."
        return Finding(Belief.POSSIBLE, because, (event,), _steps(), weight=1.2)
    if event.event == _REMOTE:
        because = "Event 12019: another Exchange or Edge server presents an internal certificate that has expired."
        return Finding(Belief.LIKELY, because, (event,), _steps())
    what = _UNREADABLE.get(event.event)
    if what is None:
        return None
    named = _THUMBPRINT.search(event.text)
    thumbprint = named.group(1).upper() if named else ""
    have = next((each for each in installed if thumbprint and each.thumbprint == thumbprint), None)
    if have and have.has_private_key and have.expired is False:
        because = f"Certificate {thumbprint} is installed with its key and valid: the event is history."
        return Finding(Belief.RULED_OUT, because, (have, event))
    because = f"Event {event.event}: the internal transport certificate {thumbprint} {what}.".replace("  ", " ")
    return Finding(Belief.CONFIRMED, because, (event, have), _steps())


@shown
def named(objects: tuple[Configured, ...], installed: tuple[InstalledCertificate, ...]) -> Finding | None:
    """The thumbprint that the transport service of a server names, in the list of its certificates."""
    services = [each for each in objects if _wanted(each)]
    found = next(filter(None, (_named(each, installed) for each in services)), None)
    if found:
        return found
    held = [each for service in services for each in installed if each.thumbprint == _wanted(service)]
    good = all(each.has_private_key and each.expired is False for each in held)
    if not held or not good or len(held) < len(services):
        return None
    because = (
        f"The internal transport certificate of {services[0].name or 'the server'}, {held[0].thumbprint}, is installed "
    )
    because += "with its key, and in date."
    return Finding(Belief.RULED_OUT, because, (services[0], held[0]))


def _wanted(service: Configured) -> str:
    found = _HASH.search(service.get("InternalTransportCertificateThumbprint").upper())
    return found.group(0) if found else ""


def _checked(server: Configured) -> Finding | None:
    if server.flag("ValidInternalTransportCertificate") is not False:
        return None
    because = f"HealthChecker finds no valid internal transport certificate on {server.name or 'the server'}."
    return Finding(Belief.LIKELY, because, (server,), _steps())


def _named(service: Configured, installed: Sequence[InstalledCertificate]) -> Finding | None:
    """The thumbprint that the server's own settings name, against the list of its certificates."""
    wanted = _wanted(service)
    listed = [each for each in installed if _HASH.search(each.thumbprint)]
    # A lone certificate was asked for by itself; one whose thumbprint is masked may be the one.
    if not wanted or len(listed) < _A_LIST or len(listed) < len(installed):
        return None
    where = service.name or "the server"
    have = next((each for each in listed if each.thumbprint == wanted), None)
    if have is None:
        because = f"{where} names {wanted} as its internal transport certificate, and none of the {len(listed)} "
        because += "certificates that were listed is that one. If the list is of the same server, it was deleted."
        return Finding(Belief.LIKELY, because, (service, *listed), _steps(), weight=1.3)
    if have.has_private_key is False:
        because = f"The internal transport certificate of {where}, {have.thumbprint}, has no private key."
        return Finding(Belief.LIKELY, because, (service, have), _steps(), weight=1.3)
    if have.expired:
        because = f"The internal transport certificate of {where}, {have.thumbprint}, has expired ({have.not_after})."
        return Finding(Belief.LIKELY, because, (service, have), _steps(), weight=1.3)
    return None


def _of_proxy(
    said: Said, objects: tuple[Configured, ...], installed: tuple[InstalledCertificate, ...]
) -> Finding | None:
    """The front end can't sign in to its back end since somebody deleted certificates, the self-signed ones above all."""
    if said.text.partition("PRX")[2][:1] not in _INSIDE or by_exchange_online(said.text):
        return None
    told = next((each for each in objects if each.kind == "told-certificates-deleted"), None)
    down = any(each.kind in _DOWN and each.failing for each in objects)
    if told is None:
        because = "The front end could not hand over to its back end; without a usable internal transport certificate the two "
        because += "can't encrypt to each other."
        return None if down or _good(installed) else Finding(Belief.POSSIBLE, because, (said,), _steps(), weight=1.0)
    because = "Front end and back end need the internal transport certificate to sign in to each other, which is the self-signed "
    because += (
        "one of the installation. As you say, certificates were deleted; then the front end puts mail off like this."
    )
    return Finding(Belief.POSSIBLE, because, (said, told, *installed), _steps(), weight=1.9)


def _of_sign_in(
    said: Said, installed: tuple[InstalledCertificate, ...], objects: tuple[Configured, ...]
) -> Finding | None:
    synchronized = any(each.kind == "edge-sync" and not each.failing for each in objects)
    if _good(installed) or synchronized or "clockskew" in said.text.lower():
        return None
    weight, what = _SIGN_IN[said.signature]
    because = f"{what}; without a usable internal transport certificate on either side that happens."
    return Finding(Belief.POSSIBLE, because, (said,), _steps(), weight=weight)


def _good(installed: Iterable[InstalledCertificate]) -> bool:
    """Whether the list shows a certificate for SMTP that can be used: then nothing speaks for one that is missing."""
    return any(each.for_smtp and not each.expired and each.has_private_key is not False for each in installed)


def _of_target(said: Said, queue: QueueState, installed: tuple[InstalledCertificate, ...]) -> Finding | None:
    """Between servers of one organization; where the list shows certificates for SMTP that are good, nothing speaks for it."""
    told = [each for each in installed if each.for_smtp is not None]
    if _good(told):
        return None
    because = f"The session with {queue.next_hop or 'another server of the organization'} opens and comes to nothing; without a "
    because += "usable internal transport certificate on the server there that happens."
    found = (steps.of_target(), *_steps())
    return Finding(Belief.POSSIBLE, because, (said, queue, *told), found, weight=1.6 if told else 1.5)


def _steps() -> tuple[Step, ...]:
    return (
        look(
            "See which certificate each server uses inside, and whether it is in the store.",
            "Get-TransportService | Format-List Name,InternalTransportCertificateThumbprint; "
            "Get-ExchangeCertificate | Format-List Thumbprint,Subject,Services,NotAfter,Status,HasPrivateKey",
        ),
        change(
            "Create a new internal certificate on the affected server (here: the one that you are on).",
            "New-ExchangeCertificate -KeySize 2048 -PrivateKeyExportable $true -FriendlyName 'Internal transport' "
            "-DomainName $env:COMPUTERNAME -IncludeServerFQDN -Services SMTP",
            changes="Creates a self-signed certificate and, when you answer Yes, makes it the internal transport "
            "certificate. "
            "An Edge subscription must be renewed afterwards.",
            undo="Enable-ExchangeCertificate -Services SMTP with the previous thumbprint, if that certificate is "
            "still usable.",
            verify="Get-TransportService shows the new thumbprint.",
        ),
        steps.restart_transport(),
        steps.retry_queues(),
    )
