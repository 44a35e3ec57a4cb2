"""A certificate of a private authority is offered to a peer that does not trust it.

## What is happening
Two certificates are enabled for SMTP and carry the server's name: a public one, and one of the internal authority (or
the self-signed one). Exchange takes the private one toward Exchange Online, which answers `454 4.7.0 Failed to
establish appropriate TLS channel: UntrustedRoot: Access Denied`; the sender logs event 2004.

## What proves it
- the hybrid wizard offers no certificate, and the one that is enabled for SMTP has RootCAType Registry or Enterprise
- that reply, and two SMTP certificates for one name, one of them with RootCAType Enterprise or None
- naming the public one on the connector restores the flow

## Not this when
- the certificate that was offered ends in a public root: then its issuer is not sent
  (`certificate.local.intermediate-missing`)
- the refused certificate is the other server's (`certificate.remote.untrusted-root`)

## References
- https://learn.microsoft.com/en-us/troubleshoot/exchange/email-delivery/mail-flow-stops-event-2004
- https://learn.microsoft.com/en-us/powershell/module/exchangepowershell/enable-exchangecertificate
"""

from __future__ import annotations

from collections.abc import Sequence

from msgspec.structs import replace

from diagnostics.cause import Belief, Finding, cause, change, shown
from diagnostics.causes.certificate import steps
from diagnostics.causes.certificate.chain_event import doubted_chain
from diagnostics.causes.certificate.names import is_self_signed, of_directory
from diagnostics.causes.certificate.probe import Case, raised, stranger, validated
from diagnostics.causes.certificate.probe import private as is_private
from diagnostics.causes.certificate.refusal import BY_ALERT, refusal_of
from diagnostics.causes.certificate.succession import for_outside
from diagnostics.causes.stories import told_as
from diagnostics.facts import CertificateRejected, InstalledCertificate, Reply, Said, WindowsEvent
from diagnostics.looked_facts import TlsProbe
from diagnostics.mail_facts import Configured, Told
from diagnostics.report import Step

_PRIVATE = ("enterprise", "none", "grouppolicy")


_UNSAID = "BadCertificate"
_NO_HYBRID = "No valid hybrid certificate found"


@cause(id="certificate.local.untrusted-issuer", act="on-prem", says=(_NO_HYBRID,))
def assess(
    anchor: CertificateRejected | WindowsEvent | Configured | Said | Told,
    listed: InstalledCertificate | None,
    installed: tuple[InstalledCertificate, ...],
    replies: tuple[Reply, ...],
    settings: tuple[Configured, ...],
    probes: tuple[TlsProbe, ...],
) -> Finding | None:
    """The peer's words point here, the list of SMTP certificates decides. `listed` is what to ask for."""
    if isinstance(anchor, Told):
        because = "The hybrid wizard lists certificates of public authorities alone, and offers none, as you tell it."
        steps_ = (steps.list_installed(), _get_public())
        return told_as("wizard-lists-no-certificate", anchor, because, steps_, weight=1.6)
    if isinstance(anchor, Said):
        because = (
            "The check found no certificate that hybrid mail could use; one of a private authority is none to Exchange "
        )
        because += "Online."
        return Finding(Belief.POSSIBLE, because, (anchor,), _steps(()), weight=1.0)
    if isinstance(anchor, Configured):
        return _not_offered(anchor, installed) if anchor.kind == "wizard-choice" else None
    if isinstance(anchor, WindowsEvent):
        return _from_event(anchor, installed) or _judged(anchor)
    refusal = refusal_of(anchor, replies, settings)
    if refusal is None or refusal.reason != "untrusted" or refusal.owner == "theirs" or refusal.provider:
        return None
    ours = refusal.owner == "ours"
    through = f" on `{anchor.connector}`" if anchor.connector else ""
    because = f"The peer{through} refused this server's certificate: its root is not trusted ({anchor.reason})"
    if anchor.reason == _UNSAID:
        because = f"The peer{through} refused this server's certificate and doesn't say why; a root that it does not know is one"
    if not ours:
        because = (
            f"{refusal.seer[0].upper()}{refusal.seer[1:]} does not trust the certificate that {refusal.where} presents"
        )
    made_here = next((each for each in probes if each.subject and is_private(each)), None)
    if ours and made_here:
        because += f"; it shows `{made_here.subject}`, issued by `{made_here.issuer}`, which is no public authority."
        return Finding(Belief.LIKELY, because, (anchor, made_here), _steps(()), weight=1.5)
    smtp = [each for each in installed if each.for_smtp]
    private = _private(smtp)
    if private:
        because += f"; {private[0].subject or private[0].thumbprint}, enabled for SMTP, is of a private authority."
        belief = Belief.CONFIRMED if ours else Belief.LIKELY
        return Finding(belief, because, (anchor, *private, listed), _steps(smtp), weight=1.5)
    if smtp and all(each.root_type.lower() == "thirdparty" for each in smtp):
        return Finding(Belief.RULED_OUT, "Every certificate enabled for SMTP ends in a public root.", tuple(smtp))
    if ours and anchor.reason not in BY_ALERT:
        return Finding(Belief.LIKELY, f"{because}.", (anchor,), _steps(smtp))
    weight = 0.6 if refusal.of_no_issuer else 1.0  # it signed itself: no authority of one's own is in it
    return Finding(Belief.POSSIBLE, f"{because}.", (anchor,), _steps(smtp), weight=weight)


@shown
def issuers(
    seen: tuple[TlsProbe | InstalledCertificate, ...],
    rejected: tuple[CertificateRejected, ...],
    replies: tuple[Reply, ...],
    settings: tuple[Configured, ...],
) -> Finding | None:
    """Who issued the certificate that the server shows, or those that it has for SMTP."""
    installed = tuple(each for each in seen if isinstance(each, InstalledCertificate))
    smtp = [each for each in installed if each.for_smtp]
    case = Case(installed, rejected, replies, settings)
    mine = case.of_own(each for each in seen if isinstance(each, TlsProbe))
    strange = next(filter(stranger, mine), None)
    if strange:
        because = f"{strange.host or strange.subject or 'The server'} shows a certificate issued by "
        because += f"`{strange.issuer or strange.subject}`, which is no public authority."
        found = raised(case, strange, "ours", because)
        return replace(found, steps=_steps(smtp)) if found else None
    outside = for_outside(smtp)
    private = [each for each in outside if _is_private(each)]
    if private:
        because = (
            f"{private[0].subject or private[0].thumbprint}, enabled for SMTP, was issued by `{private[0].issuer}`, "
        )
        because += "which is no public authority."
        return Finding(Belief.LIKELY, because, (private[0],), _steps(smtp))
    if outside and all(each.root_type.lower() == "thirdparty" for each in outside):
        because = f"What is enabled for SMTP with a name for outside ends in a public root ({outside[0].subject})."
        return Finding(Belief.RULED_OUT, because, tuple(outside[:3]))
    return validated(mine)


def _private(smtp: Sequence[InstalledCertificate]) -> list[InstalledCertificate]:
    """Those of a private authority: of every Exchange server's own ones only where it has no other."""
    known = for_outside(smtp)
    return [each for each in known or smtp if _is_private(each)]


def _is_private(certificate: InstalledCertificate) -> bool:
    """By the kind of its root; an authority of Active Directory bears the directory's name (DC=)."""
    return (
        certificate.root_type.lower() in _PRIVATE
        or bool(of_directory(certificate.issuer))
        or is_self_signed(certificate)
    )


def _not_offered(told: Configured, installed: Sequence[InstalledCertificate]) -> Finding | None:
    """The hybrid wizard lists certificates of public authorities only, since Exchange Online trusts no others."""
    smtp = [each for each in installed if each.for_smtp is not False]
    public = next((each for each in smtp if each.root_type.lower() == "thirdparty" and not _is_private(each)), None)
    private = [each for each in smtp if _is_private(each) or each.root_type.lower() == "registry"]
    if public or not private:
        return None
    mine = private[0]
    because = (
        f"{mine.subject or mine.thumbprint} was issued by {mine.issuer or 'a private authority'}, which no public "
    )
    because += (
        f"root stands behind{f' (RootCAType {mine.root_type})' if mine.root_type else ''}. The hybrid wizard lists "
    )
    because += "certificates of public authorities (RootCAType ThirdParty) alone: Exchange Online trusts no other."
    return Finding(Belief.LIKELY, because, (told, mine), (steps.list_installed(), _get_public()), weight=1.6)


def _get_public() -> Step:
    return change(
        "Get a certificate of a public authority for the names of the mail servers, import it on every server and "
        "enable it for SMTP; "
        "then run the wizard again.",
        "Enable-ExchangeCertificate -Thumbprint {public_thumbprint} -Services SMTP",
        changes="The certificate can be used for SMTP. Answer No when asked to replace the default certificate.",
        undo="Remove-ExchangeCertificate with its thumbprint.",
        verify="The wizard lists it.",
        public_thumbprint="",
    )


def _from_event(event: WindowsEvent, installed: Sequence[InstalledCertificate]) -> Finding | None:
    """Schannel's received alert unknown_ca: the peer does not know our authority."""
    if event.event != 36887 or event.alert != 48 or "schannel" not in event.provider.lower():
        return None
    smtp = [each for each in installed if each.for_smtp]
    private = _private(smtp)
    because = "Schannel 36887 with alert 48: a peer does not know the authority behind this server's certificate."
    return Finding(Belief.POSSIBLE, because, (event, *private), _steps(smtp), weight=1.4 if private else 1.2)


def _judged(event: WindowsEvent) -> Finding | None:
    told = doubted_chain(event)
    if not told:
        return None
    because = f"{told}; a private authority's does, on every machine that doesn't know that authority."
    return Finding(Belief.POSSIBLE, because, (event,), _steps(()), weight=1.0)


def _steps(smtp: Sequence[InstalledCertificate]) -> tuple[Step, ...]:
    """Name the public certificate: a service that a certificate was enabled for can't be taken from it again."""
    public = next((each.thumbprint for each in smtp if each.root_type.lower() == "thirdparty"), "")
    return (
        steps.list_installed(),
        steps.list_send_connectors(),
        steps.name_on_send_connector("", public),
        steps.restart_transport(),
        steps.retry_queues(),
    )
