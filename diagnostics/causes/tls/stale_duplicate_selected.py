"""An old certificate with the same subject and issuer is offered instead of the current one.

## What is happening
A Send connector names its certificate by issuer and subject (`TlsCertificateName`), not by thumbprint. When a renewed
certificate carries the same two names and the old copy stayed in the machine store, Exchange may pick the old one: expired,
without its key, or not enabled for SMTP. The log then shows a thumbprint after `Sending certificate` that is not the one
assigned to SMTP, and `TLS negotiation failed with error NoCredentials`. Telnet, firewall and smart host are all fine.

Typical history: a renewal, often with a second run of the Hybrid Configuration Wizard.

## What proves it
- the thumbprint in the log differs from the one enabled for SMTP, and both certificates share subject and issuer
- a later session that offers the other thumbprint succeeds
- two installed certificates with the same subject and issuer, of which one has expired, has no key or is not for SMTP

## Not this when
- only one installed certificate has this subject
- the logged thumbprint is the intended one, or the one that is valid for longer: then look at its private key
- the session that succeeded is another server's: each has its own store

## References
- https://learn.microsoft.com/en-us/troubleshoot/exchange/mailflow/cannot-remove-installed-certificate
- https://techcommunity.microsoft.com/blog/exchange/tls-certificates-in-exchange-hybrid---common-issues--how-to-fix-them/4420592
- https://supertekboy.com/2017/02/28/tls-negotiation-failed-with-error-nocredentials/
"""

from __future__ import annotations

from diagnostics.cause import Belief, Finding, cause, change, look, shown
from diagnostics.causes.certificate.succession import for_outside
from diagnostics.causes.tls.credential import own_fault, same_name, session_of, twins, usable
from diagnostics.comparison import elsewhere
from diagnostics.facts import InstalledCertificate, Said, SessionChange, TlsFailed
from diagnostics.report import Step
from diagnostics.text import is_cut

_LIST = 2  # certificates: every Exchange server has more than one
_ERRORS = ("NoCredentials", "UnknownCredentials")


_TAGGED = "These certificates are tagged with following Send Connectors"


@cause(id="tls.certificate.stale-duplicate-selected", act="on-prem", says=(_TAGGED,))
def assess(
    failed: TlsFailed | Said,
    offered: InstalledCertificate | None,
    change: SessionChange | None,
    installed: tuple[InstalledCertificate, ...],
) -> Finding | None:
    """Proof is either the two certificates side by side, or a session that worked with the other one."""
    if isinstance(failed, Said):
        return _refused_removal(failed)
    if not own_fault(failed, *_ERRORS) or failed.direction == "receive":
        return None
    worked = _worked_with_twin(failed, change)
    if worked and change:
        because = (
            f"{session_of(failed)}; the session of {change.succeeded.began or 'the later paste'} offered {worked} with the "
            "same subject and succeeded."
        )
        return Finding(Belief.CONFIRMED, because, (failed, change), _steps(failed, worked), weight=2)
    mine = offered if offered and offered.thumbprint and offered.thumbprint == failed.thumbprint else None
    good = [each for each in twins(failed, installed) if usable(each)]
    if good:
        return _beside(failed, mine, good[0])
    if mine and installed:
        return Finding(Belief.RULED_OUT, "No other installed certificate has the subject of the one offered.", (mine,))
    if failed.error.lower() != "nocredentials":
        return None
    because = (
        f"{session_of(failed)}. If another certificate has the same subject, an old copy was picked instead of it."
    )
    if change and elsewhere(change.failed, change.succeeded) and change.succeeded.thumbprint:
        there = change.succeeded
        because += f" The server at {there.local_ip} offers {there.thumbprint} on the same connector and succeeds: "
        because += "compare what the two have installed."
    # Nothing is removed before a second certificate of the name is known.
    return Finding(Belief.POSSIBLE, because, (failed,), _steps(failed, "")[:2], weight=1.5)


@shown
def copies(installed: tuple[InstalledCertificate, ...], failures: tuple[TlsFailed, ...]) -> Finding | None:
    """Whether a certificate with a name for outside has a namesake."""
    known = {each.thumbprint: each for each in installed if each.thumbprint}
    outside = [each for each in for_outside(tuple(known.values())) if each.subject]
    offered = {each.thumbprint for each in failures if each.thumbprint}
    if not outside or len(known) < _LIST or (offered and not offered & {each.thumbprint for each in outside}):
        return None  # an excerpt, or a list of another server
    old, good = next(((old, good) for old in outside for good in outside if _is_copy(old, good)), (None, None))
    if old and good:
        because = (
            f"{old.thumbprint} has the subject and the issuer of {good.thumbprint}, and {_why_not(old)}: a connector "
        )
        because += "that names its certificate by these two may pick it."
        return Finding(Belief.LIKELY, because, (old, good), _steps_of(old.thumbprint, "", good.thumbprint))
    if any(_same(one, other) for one in outside for other in outside if one is not other) or any(
        is_cut(each.subject) for each in outside
    ):
        return None
    because = (
        f"No two installed certificates have the same subject ({', '.join(each.subject for each in outside[:3])})."
    )
    return Finding(Belief.RULED_OUT, because, tuple(outside[:3]))


def _same(one: InstalledCertificate, other: InstalledCertificate) -> bool:
    issued = not (one.issuer and other.issuer) or same_name(one.issuer, other.issuer)
    return same_name(one.subject, other.subject) and issued


def _is_copy(old: InstalledCertificate, good: InstalledCertificate) -> bool:
    """Whether `old` is the worse one of two with the same names."""
    worse = not usable(old) or (good.for_smtp is True and old.for_smtp is False)
    return old is not good and _same(old, good) and usable(good) and worse


def _refused_removal(said: Said) -> Finding:
    """Exchange refuses to remove or replace a certificate that a Send connector still names."""
    because = (
        "Exchange refuses to remove the certificate because a Send connector names it by issuer and subject "
        "(TlsCertificateName), and a renewed copy with the same two names does not change that."
    )
    return Finding(Belief.LIKELY, because, (said,), _steps(None, ""))


def _beside(failed: TlsFailed, mine: InstalledCertificate | None, good: InstalledCertificate) -> Finding:
    """Both copies are known: is the offered one the worse?"""
    because = f"{session_of(failed)}; {good.thumbprint} has the same subject and is usable, so the old copy was picked"
    unusable = mine is None or not usable(mine) or (good.for_smtp and not mine.for_smtp)
    if unusable and good.for_smtp:
        why = _why_not(mine)
        proof = (failed, good, mine)
        return Finding(Belief.CONFIRMED, f"{because} ({why}).", proof, _steps(failed, good.thumbprint), weight=2)
    return Finding(Belief.LIKELY, f"{because}.", (failed, good, mine), _steps(failed, good.thumbprint), weight=1.5)


def _why_not(mine: InstalledCertificate | None) -> str:
    if mine is None:
        return "it is not in the list of usable certificates"
    if mine.has_private_key is False:
        return "it has no private key"
    if mine.expired:
        return "it has expired"
    return "it is not enabled for SMTP"


def _worked_with_twin(failed: TlsFailed, change: SessionChange | None) -> str:
    """The other thumbprint with which the same connector succeeded later, "" when none did.

    Where the success came first, the failing certificate is the newer one: a renewal whose key is missing or closed, not a
    copy that was left over. So it is where it is valid for longer.
    """
    if change is None or not change.cured or change.succeeded.local is None:
        return ""
    other = change.succeeded.local
    known = bool(failed.thumbprint and other.thumbprint) and failed.thumbprint != other.thumbprint
    subject = failed.offered.subject if failed.offered else ""
    until = failed.offered.not_after if failed.offered else ""
    if until and other.not_after and until > other.not_after:
        return ""
    return other.thumbprint if known and (same_name(subject, other.subject) or not subject or not other.subject) else ""


def _steps(failed: TlsFailed | None, good: str) -> tuple[Step, ...]:
    thumbprint, connector = (failed.thumbprint, failed.connector) if failed else ("", "")
    return _steps_of(thumbprint, connector, good)


def _steps_of(thumbprint: str, connector: str, good: str) -> tuple[Step, ...]:
    name_it = (
        "$certificate = Get-ExchangeCertificate -Thumbprint {current_thumbprint}; "
        'Set-SendConnector {connector} -TlsCertificateName "<I>$($certificate.Issuer)<S>$($certificate.Subject)"'
    )
    return (
        look(
            "Compare the certificates of the store: same subject and issuer, which one is expired or has no key?",
            "Get-ChildItem 'Cert:\\LocalMachine\\My' | Sort-Object Subject | "
            "Format-List Thumbprint,NotAfter,HasPrivateKey,Subject,Issuer",
            "powershell",
        ),
        look(
            "See which connectors name the certificate.",
            "Get-SendConnector | Format-List Name,TlsCertificateName",
        ),
        change(
            "Keep a copy of the old certificate, then remove it from the store (with its key, if it has one).",
            "Export-Certificate -Cert (Join-Path 'Cert:\\LocalMachine\\My' {thumbprint}) "
            "-FilePath (Join-Path $env:USERPROFILE 'old-certificate.cer'); "
            "Remove-ExchangeCertificate -Thumbprint {thumbprint}",
            effect="data-loss-risk",
            changes=f"Removes certificate {thumbprint or 'with the old thumbprint'} from this server. Make sure that "
            "no other service uses it; if it still has a key that you need, export it as .pfx first.",
            undo="Import the exported file again (Import-ExchangeCertificate); without a .pfx the key is gone.",
            verify="Get-ChildItem 'Cert:\\LocalMachine\\My' lists one certificate with this subject.",
            thumbprint=thumbprint,
        ),
        change(
            "If Exchange refuses because the connector names it, write the name again from the current certificate.",
            name_it,
            changes="Sets TlsCertificateName of this connector to issuer and subject of the current certificate.",
            undo="Set-SendConnector with the TlsCertificateName that the second step printed.",
            verify="Get-SendConnector shows the issuer and subject of the current certificate.",
            current_thumbprint=good,
            connector=connector,
        ),
        change(
            "Restart transport and retry the queue.",
            "Restart-Service MSExchangeTransport; Get-Queue -Filter \"Status -eq 'Retry'\" | Retry-Queue",
            effect="service-restart",
            changes="Mail pauses for a minute; queued messages are kept and tried again.",
            undo="None needed: a restart changes no setting.",
            verify="The next session logs the current thumbprint after `Sending certificate`, and `negotiation succeeded`.",
        ),
    )
