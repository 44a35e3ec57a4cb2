"""The other server's certificate has expired.

## What is happening
The destination presented an expired certificate, and the Send connector validates certificates (TlsAuthLevel
CertificateValidation or DomainValidation), so our server keeps the mail: `454 4.7.5 Certificate validation failure,
Reason:CertificateExpired`. Only the owner of that server can mend it.

## What proves it
- the reply above, and a last day in the past on the certificate that the destination shows

## Not this when
- the certificate is our own (`certificate.local.expired-smtp`)
- our clock is wrong: then every certificate looks expired (`transport-service.clock.skew`)
- a handshake with that server verifies its certificate (return code 0)

## References
- https://learn.microsoft.com/en-us/powershell/module/exchangepowershell/set-sendconnector
- https://learn.microsoft.com/en-us/troubleshoot/exchange/email-delivery/ndr/non-delivery-reports-in-exchange-online
"""

from __future__ import annotations

from collections.abc import Sequence

from msgspec.structs import replace

from diagnostics.cause import Belief, Finding, cause, look, shown
from diagnostics.causes.certificate import steps
from diagnostics.causes.certificate.probe import EXPIRED, VALID, Case, owner_of, raised, validated
from diagnostics.causes.certificate.refusal import Refusal, own_exchange, refusal_of, refusals_of
from diagnostics.causes.stories import told_as
from diagnostics.causes.transport_service.clock_skew import days_off
from diagnostics.facts import Certificate, CertificateRejected, InstalledCertificate, Reply, TlsFailed, WindowsEvent
from diagnostics.looked_facts import TlsProbe
from diagnostics.mail_facts import Configured, Told
from diagnostics.report import Step

_OF_STARTTLS = 12020  # event of transport: the certificate that a server shows for STARTTLS
_OF_ANOTHER = 12019  # event of transport: an internal certificate of another server
_AT_AN_HOUR = (
    "Mail to one destination for which TLS is demanded stops at a certain hour, with nothing changed, as you tell it: "
    "certificates end like that, and only who checks them notices. Theirs may have."
)


@cause(
    id="certificate.remote.expired",
    act="recipient-side",
    against={
        "certificate-host-mismatch": "is about the names on the certificate, not its dates",
        "dnssec-invalid": "is about the signatures of the DNS zone, not the certificate's dates",
        "tlsa-invalid": "compares the certificate with the TLSA record; an expired one is called `certificate-expired`",
    },
)
def assess(
    anchor: CertificateRejected | TlsFailed | TlsProbe | WindowsEvent | Told,
    probe: TlsProbe | None,
    installed: tuple[InstalledCertificate, ...],
    shown: tuple[Certificate, ...],
    rejected: tuple[CertificateRejected, ...],
    replies: tuple[Reply, ...],
    settings: tuple[Configured, ...],
) -> Finding | None:
    """Our server's words name it; the certificate's last day, in a handshake or the log, proves it."""
    if isinstance(anchor, Told):
        return told_as("their-certificate-at-midnight", anchor, _AT_AN_HOUR, _steps(""), weight=1.5)
    if isinstance(anchor, TlsProbe):
        owner = owner_of(anchor, installed, shown, refusals_of(rejected, replies))
        mine = owner == "ours" or (owner == "target" and own_exchange(settings))
        return None if anchor.verify != EXPIRED or mine else _from_probe(anchor)
    if isinstance(anchor, WindowsEvent):
        return _of_another(anchor)
    refusal = refusal_of(anchor, replies)
    if refusal is None or refusal.reason != "expired":
        return None
    if refusal.owner == "ours":
        return _of_service(refusal, settings)
    clock = next((each for each in settings if each.kind == "clock" and each.failing and days_off(each)), None)
    if clock and refusal.owner != "target":
        because = (
            f"Our server calls the certificate of {refusal.where} expired, and a clock is {days_off(clock)} days off: "
        )
        because += "by the right time it may well be valid."
        return Finding(Belief.POSSIBLE, because, (refusal.fact, clock), _steps(refusal.reach), weight=0.6)
    return _target(refusal, installed, probe) if refusal.owner == "target" else _theirs(refusal, probe)


@shown
def handshakes(
    probes: tuple[TlsProbe, ...],
    installed: tuple[InstalledCertificate, ...],
    rejected: tuple[CertificateRejected, ...],
    replies: tuple[Reply, ...],
    settings: tuple[Configured, ...],
) -> Finding | None:
    """The dates of what the other server shows, as the client's clock has it."""
    case = Case(installed, rejected, replies, settings)
    theirs = case.of_others(probes)
    expired = next((each for each in theirs if each.verify == EXPIRED), None)
    if expired is None:
        return validated(theirs)
    found = raised(case, expired, "theirs", f"{_seen(expired)}.")
    return replace(found, steps=_steps(expired.host)) if found else None


def _of_another(event: WindowsEvent) -> Finding | None:
    if "msexchange" not in event.provider.lower():
        return None
    if event.event == _OF_STARTTLS:
        because = "Event 12020: the certificate that the other server shows for STARTTLS has expired; it is to be renewed there."
        return Finding(Belief.LIKELY, because, (event,), _steps(""), weight=1.2)
    if event.event != _OF_ANOTHER:
        return None
    because = "Event 12019: it is the other server whose certificate has expired; that one is to be renewed there."
    return Finding(Belief.POSSIBLE, because, (event,), _steps(""), "on-prem", weight=1.0)


def _of_service(refusal: Refusal, settings: Sequence[Configured]) -> Finding | None:
    """What is refused as the sender's certificate is that of a service, where mail comes back from one."""
    service = next((each for each in settings if each.kind == "addon-service"), None)
    if service is None:
        return None
    because = (
        f"The mail comes back through `{service.name}`, as you say: the expired certificate may be the one that this "
    )
    because += "service shows for you."
    return Finding(Belief.POSSIBLE, because, (refusal.fact, service), _steps(refusal.reach), weight=1.3)


def _target(refusal: Refusal, installed: Sequence[InstalledCertificate], probe: TlsProbe | None) -> Finding | None:
    """Exchange Online speaks. With an expected or presented name it is a connector's target, mostly our own server."""
    ours = any(c.thumbprint and c.thumbprint == refusal.thumbprint for c in installed)
    if refusal.expected or refusal.presented or ours:
        return None
    because = f"{refusal.seer[0].upper()}{refusal.seer[1:]} found the certificate of {refusal.where} expired; it "
    because += "may be another organisation's server."
    if probe and probe.not_after and not refusal.by_cloud:
        # No clock here says whether that day is over: the client may also miss a root, or have a wrong clock.
        because += f" A handshake with {probe.host or 'it'} shows a certificate that is valid until {probe.not_after}."
        return Finding(Belief.POSSIBLE, because, (refusal.fact, probe), _steps(probe.host), weight=1.7)
    return Finding(Belief.POSSIBLE, because, (refusal.fact,), _steps(refusal.reach), weight=1.0)


def _theirs(refusal: Refusal, probe: TlsProbe | None) -> Finding:
    because = f"Our server refused the certificate of {refusal.where}: it has expired"
    if probe and probe.verify == VALID:
        because = (
            f"From elsewhere the certificate of {probe.host or refusal.where} is valid: it was renewed since, or the "
        )
        because += "clock of this server is wrong."
        return Finding(Belief.RULED_OUT, because, (probe,))
    if probe and probe.verify == EXPIRED:
        return Finding(
            Belief.CONFIRMED,
            f"{because}, and a bare handshake says the same.",
            (refusal.fact, probe),
            _steps(probe.host),
        )
    if _past(refusal):
        held = refusal.certificate
        because += f" (valid until {held.not_after if held else ''}, seen {refusal.at})."
        return Finding(Belief.CONFIRMED, because, (refusal.fact, held), _steps(refusal.reach))
    return Finding(Belief.LIKELY, f"{because}.", (refusal.fact,), _steps(refusal.reach))


def _past(refusal: Refusal) -> bool:
    """Both times stand in the log, in one format: the certificate's last day, and the session's."""
    last = refusal.certificate.not_after if refusal.certificate else ""
    return last[:2] == "20" and refusal.at[:2] == "20" and last < refusal.at


def _seen(probe: TlsProbe) -> str:
    return (
        f"The handshake with {probe.host or 'the server'} shows an expired certificate ({probe.subject or 'unnamed'})"
    )


def _from_probe(probe: TlsProbe) -> Finding:
    because = f"{_seen(probe)}."
    if probe.watched:
        because += " A monitor found it: it may be a server of your own."
        return Finding(Belief.POSSIBLE, because, (probe,), _steps(probe.host), weight=1.2)
    return Finding(Belief.LIKELY, because, (probe,), _steps(probe.host))


def _steps(host: str) -> tuple[Step, ...]:
    return (
        look(
            "Look at the dates of the certificate that the destination shows.",
            "openssl s_client -starttls smtp -connect {host:token}:25 </dev/null | openssl x509 -noout -subject -dates",
            "bash",
            host=host,
        ),
        look("Rule out our own clock.", "w32tm /query /status", "cmd"),
        look(
            "See which connector validates certificates, before writing to the other side's postmaster.",
            "Get-SendConnector | Format-List Name,AddressSpaces,TlsAuthLevel,TlsDomain,DomainSecureEnabled",
        ),
        steps.retry_queues(),
    )
