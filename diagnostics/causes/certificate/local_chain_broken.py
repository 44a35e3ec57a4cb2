"""Exchange cannot validate its own certificate, and withholds STARTTLS.

## What is happening
The connector finds its certificate, but the chain does not build on the server itself: the certificate is revoked, an
issuer is missing from the machine stores, or it ends in a root that this machine does not trust. Exchange then treats
it as unusable and leaves STARTTLS out.

## What proves it
- `Test-Certificate` reports a chain status (CERT_TRUST_IS_REVOKED, CERT_TRUST_IS_PARTIAL_CHAIN,
  CERT_TRUST_IS_UNTRUSTED_ROOT)
- `Get-ExchangeCertificate` shows Status Revoked, Invalid or Untrusted for the certificate of that connector; or DateInvalid,
  while today lies between its NotBefore and NotAfter: then one above it in the chain has expired
- event 30 of CAPI2 about the server's own certificate (0x800B0109, 0x800B010A): a hint

## Not this when
- `Get-ExchangeCertificate` shows Status Valid for the public certificate that is enabled for SMTP
- STARTTLS is offered and only the peer complains: an issuer that is not sent
  (`certificate.local.intermediate-missing`) or a private authority (`certificate.local.untrusted-issuer`)
- only the revocation list can't be fetched (`certificate.trust.revocation-unreachable`)
- event 12014 names a certificate that is not installed (`certificate.local.receive-connector-tlsname-stale`)

## References
- https://techcommunity.microsoft.com/blog/exchange/tls-certificates-in-exchange-hybrid---common-issues--how-to-fix-them/4420592
- https://learn.microsoft.com/en-us/powershell/module/pki/test-certificate
"""

from __future__ import annotations

from msgspec.structs import replace

from diagnostics.cause import Belief, Finding, cause, look, shown
from diagnostics.causes.certificate import steps
from diagnostics.causes.certificate.chain_event import doubted_chain
from diagnostics.causes.certificate.event12014 import told_of
from diagnostics.causes.certificate.names import common_name, holders, is_self_signed
from diagnostics.causes.certificate.refusal import valid_as_told
from diagnostics.causes.certificate.succession import for_outside
from diagnostics.causes.certificate.withheld import withheld
from diagnostics.facts import InstalledCertificate, Reply, StarttlsNotOffered, TlsFailed, WindowsEvent
from diagnostics.mail_facts import Configured
from diagnostics.report import Step

_REVOKED = ("is_revoked", "revoked", "0x80092010")
_BROKEN = ("untrusted_root", "partial_chain", "untrusted", "invalid", "signature_valid", "explicit_distrust")


@cause(id="certificate.local.chain-broken", act="on-prem")
def assess(
    anchor: StarttlsNotOffered | InstalledCertificate | WindowsEvent,
    listed: InstalledCertificate | None,
    event: WindowsEvent | None,
    events: tuple[WindowsEvent, ...],
    missing: tuple[StarttlsNotOffered, ...],
    replies: tuple[Reply, ...],
    failed: tuple[TlsFailed, ...],
    objects: tuple[Configured, ...],
) -> Finding | None:
    """`listed` with its chain status is what to ask for; the state of a certificate decides."""
    if isinstance(anchor, WindowsEvent):
        return _judged(anchor)
    if isinstance(anchor, InstalledCertificate):
        return _dated(anchor, objects) or _from_state(anchor, missing, replies, events, failed)
    found = withheld(anchor, replies, objects)
    if found is None:
        return None
    told = told_of(found.fact.connector, events)
    if told and not (told.pair and listed and holders(told.pair, (listed,))):
        because = f"Event 12014: there is no certificate with {told.wanted} at all."
        return Finding(Belief.RULED_OUT, because, (told.event, event))
    because = f"{found.words}. Exchange also withholds it when its certificate is revoked or its chain doesn't build."
    return Finding(Belief.POSSIBLE, because, (anchor,), _steps(listed), weight=found.weight(1.3))


@shown
def states(installed: tuple[InstalledCertificate, ...]) -> Finding | None:
    """What Exchange itself makes of its certificates for SMTP with a name for outside."""
    outside = [each for each in for_outside(installed) if each.for_smtp]
    for each in installed:
        found = _from_state(each, (), (), (), ())
        # Without its key a certificate is as invalid to Exchange.
        if found and each.for_smtp is not False and each.has_private_key is not False and not is_self_signed(each):
            return replace(found, belief=Belief.LIKELY)
    if not outside or not all(each.status.lower() == "valid" for each in outside):
        return None
    because = f"Exchange validates what is enabled for SMTP with a name for outside ({outside[0].subject}: {outside[0].status})."
    return Finding(Belief.RULED_OUT, because, tuple(outside[:3]))


def _judged(event: WindowsEvent) -> Finding | None:
    told = doubted_chain(event)
    if not told:
        return None
    because = f"{told}; if it is this server's own certificate, nobody can validate it."
    return Finding(Belief.POSSIBLE, because, (event,), _steps(None, revoked=False), weight=1.2)


def _dated(certificate: InstalledCertificate, objects: tuple[Configured, ...]) -> Finding | None:
    """Exchange calls a certificate DateInvalid, too, where one above it in its chain has expired."""
    told = valid_as_told(certificate, objects)
    if told is None or certificate.for_smtp is False:
        return None
    because = "Exchange calls the certificate DateInvalid, and its own dates hold, as you say: then one above it in the chain "
    because += "that this server builds has expired, such as an old root, or the clock of this server is wrong."
    return Finding(Belief.POSSIBLE, because, (certificate, told), _steps(certificate, revoked=False), weight=1.9)


def _from_state(
    certificate: InstalledCertificate,
    missing: tuple[StarttlsNotOffered, ...],
    replies: tuple[Reply, ...],
    events: tuple[WindowsEvent, ...],
    failed: tuple[TlsFailed, ...],
) -> Finding | None:
    status = certificate.status.lower()
    theirs = next((each for each in failed if each.error == "UntrustedRoot"), None)
    if theirs and status == "valid" and certificate.for_smtp:
        because = f"{certificate.subject or certificate.thumbprint} validates here; the other side's chain is what is distrusted."
        return Finding(Belief.RULED_OUT, because, (certificate, theirs))
    revoked = any(word in status for word in _REVOKED)
    broken = any(word in status for word in _BROKEN) and status != "dateinvalid"
    if not (revoked or broken) or certificate.for_smtp is False:
        return None
    told = told_of("", events)
    symptom = told or next((each for each in missing if withheld(each, replies)), None)
    if not revoked and (is_self_signed(certificate) or (not symptom and certificate.for_smtp is None)):
        return None
    name = certificate.subject or certificate.thumbprint or "The tested certificate"
    because = f"{name} {'has been revoked' if revoked else 'does not validate on this server'} (`{certificate.status}`)"
    proof = (certificate, *missing, told.event if told else None)
    cure = _steps(certificate, revoked)
    if symptom:
        belief = Belief.CONFIRMED if revoked else Belief.LIKELY
        return Finding(belief, f"{because}, so Exchange withholds STARTTLS.", proof, cure, weight=1.5)
    return Finding(Belief.LIKELY if revoked else Belief.POSSIBLE, f"{because}.", proof, cure, weight=1.2)


def _steps(certificate: InstalledCertificate | None, revoked: bool | None = None) -> tuple[Step, ...]:
    """A revoked certificate needs a successor, a broken chain its issuers; both while it is not known which."""
    cures = (
        (steps.renew(common_name(certificate.subject) if certificate else ""), True),
        (steps.import_issuers(), False),
    )
    return (
        steps.list_installed(),
        steps.test_chain(certificate.thumbprint if certificate else ""),
        look(
            "See which element of the chain fails, and whether the revocation lists can be fetched from this server.",
            "$certificate = Get-Item (Join-Path 'Cert:\\LocalMachine\\My' {thumbprint}); "
            "Export-Certificate -Cert $certificate -FilePath (Join-Path $env:TEMP 'mail.cer') | Out-Null; "
            "certutil -verify -urlfetch (Join-Path $env:TEMP 'mail.cer')",
            "powershell",
            thumbprint=certificate.thumbprint if certificate else "",
        ),
        *(step for step, cures_revoked in cures if revoked in (None, cures_revoked)),
        steps.restart_frontend(),
    )
