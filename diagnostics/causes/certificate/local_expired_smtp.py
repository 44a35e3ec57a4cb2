"""The SMTP certificate of our own server has expired.

## What is happening
The certificate that the connector names, or that transport chose for its name, is past its last day. Peers that
validate it refuse it, and Exchange may stop offering STARTTLS under that name. In a hybrid, mail usually stops in
both directions on the very day.

## What proves it
- event 12016 from MSExchangeTransport: no valid certificate for the FQDN, the existing one has expired
- a handshake with the server ends with error 10
- `Get-ExchangeCertificate` shows `Status : DateInvalid` for the thumbprint that the log, or the peer's error, names

## Not this when
- only an old copy has expired, and a valid certificate of the same name is enabled for SMTP
  (`tls.certificate.stale-duplicate-selected`)
- a handshake with the server verifies its certificate (return code 0), or all for SMTP are in date
- the refused certificate is the other server's (`certificate.remote.expired`)
- the expired one is the Exchange Auth certificate, which plays no part in SMTP

## References
- https://techcommunity.microsoft.com/blog/exchange/tls-certificates-in-exchange-hybrid---common-issues--how-to-fix-them/4420592
- https://learn.microsoft.com/en-us/exchange/architecture/client-access/certificates
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from msgspec.structs import replace

from diagnostics.cause import Belief, Finding, cause, change, look, shown
from diagnostics.causes.certificate import steps
from diagnostics.causes.certificate.names import (
    all_names,
    common_name,
    covers,
    is_self_signed,
    is_server_name,
)
from diagnostics.causes.certificate.probe import EXPIRED, Case, owner_of, raised, validated
from diagnostics.causes.certificate.refusal import (
    Owner,
    missing_here,
    own_exchange,
    refusal_of,
    refusals_of,
    valid_as_told,
)
from diagnostics.causes.certificate.succession import for_outside
from diagnostics.causes.certificate.withheld import withheld
from diagnostics.causes.tls.credential import session_of, twins, usable
from diagnostics.facts import (
    Certificate,
    CertificateRejected,
    InstalledCertificate,
    Reply,
    Said,
    StarttlsNotOffered,
    TlsFailed,
)
from diagnostics.looked_facts import TlsProbe
from diagnostics.mail_facts import CommandError, Configured
from diagnostics.report import Step

_SOON = "The STARTTLS certificate will expire soon"
_NO_HYBRID = "No valid hybrid certificate found"


@cause(
    id="certificate.local.expired-smtp",
    act="on-prem",
    says=(
        "MSExchangeTransport 12016",
        "MSExchangeFrontEndTransport 12016",
        "There is no valid SMTP Transport Layer Security (TLS) certificate for the FQDN",
        _SOON,
        _NO_HYBRID,
    ),
)
def assess(
    anchor: Said | CertificateRejected | TlsFailed | StarttlsNotOffered | InstalledCertificate | TlsProbe,
    same: InstalledCertificate | None,
    installed: tuple[InstalledCertificate, ...],
    replies: tuple[Reply, ...],
    shown: tuple[Certificate, ...],
    rejected: tuple[CertificateRejected, ...],
    objects: tuple[Configured, ...],
    errors: tuple[CommandError, ...],
) -> Finding | None:
    """`same` is the certificate that the anchor names, as installed."""
    if isinstance(anchor, Said):
        return _said(anchor)
    if isinstance(anchor, TlsProbe):
        owner = owner_of(anchor, installed, shown, refusals_of(rejected, replies))
        return _probed(anchor, owner, own_exchange(objects), alone=not any(each.failing for each in replies))
    if isinstance(anchor, CertificateRejected):
        return _refused(anchor, installed, replies, missing_here(anchor, errors), objects)
    if isinstance(anchor, TlsFailed):
        return _offered(anchor, same, installed)
    if isinstance(anchor, StarttlsNotOffered):
        return _missing(anchor, installed, replies, objects)
    return _listed(anchor, installed, valid_as_told(anchor, objects))


@shown
def dates(
    seen: tuple[TlsProbe | InstalledCertificate, ...],
    rejected: tuple[CertificateRejected, ...],
    replies: tuple[Reply, ...],
    settings: tuple[Configured, ...],
) -> Finding | None:
    """The dates of what the server shows, or of all that it has for SMTP with a name for outside."""
    installed = tuple(each for each in seen if isinstance(each, InstalledCertificate))
    case = Case(installed, rejected, replies, settings)
    mine = case.of_own(each for each in seen if isinstance(each, TlsProbe))
    expired = next((each for each in mine if each.verify == EXPIRED), None)
    if expired:
        found = raised(case, expired, "ours", f"{_seen(expired)}.")
        return replace(found, steps=_reload() if _new(settings) else _steps(None)) if found else None
    outside = [each for each in for_outside(installed) if each.for_smtp]
    if not mine and outside and all(each.expired is False for each in outside):
        because = (
            f"What is enabled for SMTP with a name for outside is in date ({outside[0].subject}, {outside[0].status})."
        )
        return Finding(Belief.RULED_OUT, because, tuple(outside[:3]))
    return validated(mine)


def _said(said: Said) -> Finding:
    if said.signature == _SOON:
        because = "Exchange warns that the certificate of a connector expires soon; it still works until then."
        return Finding(Belief.POSSIBLE, because, (said,), _steps(None), weight=1.5)
    if said.signature == _NO_HYBRID:
        because = "The check found no certificate that hybrid mail could use; one that has expired is none."
        return Finding(Belief.POSSIBLE, because, (said,), _steps(None), weight=1.1)
    because = f"Exchange itself says so: {_short(said.text)}"
    return Finding(Belief.CONFIRMED, because, (said,), _steps(None))


def _probed(probe: TlsProbe, owner: Owner, told: Configured | None, *, alone: bool) -> Finding | None:
    """Who shows an expired certificate is told by the rest of the case, or by the person.

    `alone` is whether no refusal was sent with it: one tells whose server is meant.
    """
    if probe.verify != EXPIRED or owner == "theirs":
        return None
    because = _seen(probe)
    if owner == "ours" or told:
        because += ", and that is your own server."
        return Finding(Belief.LIKELY, because, (probe, told), _steps(None), weight=1.5)
    if not alone:
        return None
    return Finding(
        Belief.POSSIBLE, f"{because}; if that server is yours, renew it here.", (probe,), _steps(None), weight=1.3
    )


def _seen(probe: TlsProbe) -> str:
    return (
        f"The handshake with {probe.host or 'the server'} shows an expired certificate ({probe.subject or 'unnamed'})"
    )


def _refused(
    rejected: CertificateRejected,
    installed: Sequence[InstalledCertificate],
    replies: Sequence[Reply],
    missing: CommandError | None,
    objects: Sequence[Configured],
) -> Finding | None:
    refusal = refusal_of(rejected, replies)
    if refusal is None or refusal.reason != "expired" or refusal.owner == "theirs":
        return None
    new = _new(objects)
    if new and refusal.owner == "target" and not refusal.by_cloud:
        because = (
            f"Certificates were renewed, as you say, and {refusal.where} still shows one that has expired: the mail "
        )
        because += "services read a certificate when they start, and show the old one until they are reloaded."
        return Finding(Belief.LIKELY, because, (rejected, new), _reload(), weight=1.8)
    mine = next((c for c in installed if c.thumbprint and c.thumbprint == refusal.thumbprint), None)
    shown = f"{refusal.presented or 'its certificate'} {refusal.thumbprint}".strip()
    because = f"{refusal.seer[0].upper()}{refusal.seer[1:]} refused {shown} of {refusal.where} because it has expired"
    if mine:
        return Finding(Belief.CONFIRMED, f"{because}; it is installed here.", (rejected, mine), _steps(mine))
    if refusal.owner == "ours":
        because = (
            "A client refused the certificate that this server showed, because it has expired (by the client's clock). "
        )
        because += "Where it was renewed, the mail service still shows the old one: it has to be loaded anew."
        return Finding(Belief.LIKELY, because, (rejected,), _steps(None), weight=1.5)
    if missing:
        because += "; the server that was asked has no such certificate, so another one of yours, or a device in front, shows it."
        return Finding(Belief.POSSIBLE, because, (rejected, missing), _steps(None), weight=1.4)
    if refusal.expected or refusal.presented:
        return Finding(Belief.LIKELY, f"{because}.", (rejected,), _steps(None), weight=1.5)
    return Finding(
        Belief.POSSIBLE, f"{because}; in a hybrid that is your server.", (rejected,), _steps(None), weight=1.6
    )


def _new(objects: Iterable[Configured]) -> Configured | None:
    """What a person tells of certificates that were renewed; nobody renews those of others."""
    return next((each for each in objects if each.kind == "told-certificate-renewed"), None)


def _reload() -> tuple[Step, ...]:
    return (
        look(
            "See which certificate the mail server shows, and until when it is valid; the same for 465, 587 and 993.",
            "openssl s_client -starttls smtp -connect {host:token}:25 </dev/null | openssl x509 -noout -subject -dates",
            "bash",
            host="",
        ),
        change(
            "If the file on disk is the new one, let the mail services read it again (`systemctl reload postfix dovecot`); have "
            "whatever renews it do so each time.",
            "",
            shell="portal",
            effect="service-restart",
            changes="Postfix and Dovecot read their certificates again; on Exchange the new one is enabled for SMTP instead.",
            undo="None needed: a reload changes no setting.",
            verify="The first step shows the new last day.",
        ),
    )


def _offered(
    failed: TlsFailed, same: InstalledCertificate | None, installed: Sequence[InstalledCertificate]
) -> Finding | None:
    """Only the certificate of the log counts; a usable one of the same name makes it the wrong copy instead."""
    if not same or not failed.thumbprint or same.thumbprint != failed.thumbprint or same.expired is None:
        return None
    if not same.expired:
        return Finding(Belief.RULED_OUT, f"Certificate {same.thumbprint} is still valid.", (same,))
    if any(usable(each) for each in twins(failed, installed)) or failed.saw_remote:
        return None
    because = f"{session_of(failed)}; that certificate has expired ({same.not_after or same.status})."
    belief = Belief.LIKELY if same.has_private_key is not False else Belief.POSSIBLE
    return Finding(belief, because, (failed, same), _steps(same), weight=1.5)


def _missing(
    fact: StarttlsNotOffered,
    installed: Sequence[InstalledCertificate],
    replies: Sequence[Reply],
    objects: Sequence[Configured],
) -> Finding | None:
    found = withheld(fact, replies, objects)
    if found is None:
        return None
    good = [c for c in installed if c.for_smtp and c.expired is False and not is_self_signed(c)]
    if good:
        because = f"A valid certificate is enabled for SMTP ({good[0].thumbprint or good[0].subject})."
        return Finding(Belief.RULED_OUT, because, (good[0],))
    because = f"{found.words}: an expired certificate is one of the reasons for that."
    return Finding(Belief.POSSIBLE, because, (fact,), _steps(None), weight=found.weight(1.0))


def _listed(
    certificate: InstalledCertificate, installed: Sequence[InstalledCertificate], told: Configured | None
) -> Finding | None:
    """A listing alone: an expired SMTP certificate matters unless a valid one covers its name."""
    if not certificate.expired or certificate.for_smtp is not True:
        return None
    if common_name(certificate.subject) == "microsoft exchange server auth certificate":
        because = f"The expired {certificate.thumbprint or 'certificate'} is the Auth certificate, which signs OAuth tokens; no "
        because += "SMTP session shows it."
        return Finding(Belief.RULED_OUT, because, (certificate,))
    if is_self_signed(certificate) and is_server_name(common_name(certificate.subject)):
        return None  # the internal transport certificate has its own cause
    names = all_names(certificate)
    valid = [c for c in installed if c.for_smtp and c.expired is False and usable(c)]
    if any(covers(all_names(c), name) for c in valid for name in names[:1]):
        return None
    because = (
        f"{certificate.subject or certificate.thumbprint}, enabled for SMTP, has expired "
        f"({certificate.not_after or certificate.status or 'by its own dates'})."
    )
    if told:
        because += " That is Exchange's word for it; its own dates hold, as you say."
        return Finding(Belief.POSSIBLE, because, (certificate, told), _steps(certificate), weight=1.0)
    return Finding(Belief.LIKELY, because, (certificate,), _steps(certificate))


def _short(text: str) -> str:
    return text if len(text) <= 220 else text[:219] + "…"


def _steps(certificate: InstalledCertificate | None) -> tuple[Step, ...]:
    name = common_name(certificate.subject) if certificate else ""
    return (
        steps.list_installed(),
        steps.renew(name),
        steps.name_on_send_connector(""),
        steps.name_on_receive_connector(""),
        steps.restart_transport(),
        steps.retry_queues(),
    )
