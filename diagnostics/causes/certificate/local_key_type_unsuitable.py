"""The key of the SMTP certificate does not fit the cipher suites on offer.

## What is happening
The certificate has a private key, but of a kind that Schannel can't use for the suites on offer: a key marked for
signatures only (KeySpec 2), a key in a provider that the build does not support, or an elliptic-curve key where only
RSA suites are enabled. The server then fails every handshake with this certificate, with Schannel 36874 or 36888 and
no cipher suite in common.

## What proves it
- the events began with a change of certificate, while the cipher order stayed the same
- an ACME client or Exchange's import says that the private key could not be converted, or is of an unsupported kind
- `certutil -v -store my` shows KeySpec 2, or a key that is no RSA exchange key
- the previous certificate works again at once

## Not this when
- the cipher order or the protocol keys were changed at the same time (`tls.cipher.no-common-suite`)
- certutil shows an RSA key in the SChannel provider with KeySpec 1

## References
- https://learn.microsoft.com/en-us/windows/win32/secauthn/schannel-error-codes-for-tls-and-ssl-alerts
- https://learn.microsoft.com/en-us/exchange/architecture/client-access/certificates
"""

from __future__ import annotations

from diagnostics.cause import Belief, Finding, cause, change, look, shown
from diagnostics.causes.certificate import steps
from diagnostics.facts import InstalledCertificate, Said, TlsFailed, WindowsEvent
from diagnostics.report import Step

_WRONG_USAGE = "0X80090349"  # SEC_E_CERT_WRONG_USAGE
_UNSUPPORTED_CERTIFICATE, _PROTOCOL_VERSION = 43, 70  # TLS alerts
_NO_COMMON_SUITE = 36874  # Schannel event
_SIGNATURE = "AT_SIGNATURE"
# What a handshake ends in when our own credential is no good.
_OWN_ERRORS = frozenset({"nocredentials", "unknowncredentials", "algorithmmismatch", "internalerror", "illegalmessage"})
_RSA_PROVIDER = "rsa schannel"


# What clients of ACME authorities and Exchange itself say of a key that they could not bring into a provider that it can use.
_UNCONVERTED = ("Error converting private key", "it might not be usable for Exchange", "Unable to convert private key")
_REFUSED = ("(reason: PrivateKeyUnsupportedAlgorithm)", "(reason: KeyAlgorithmUnsupported)")
_STORAGE = "Microsoft Software Key Storage Provider"
_NO_SHARED = "no shared cipher"  # OpenSSL, as a server


@cause(id="certificate.local.key-type-unsuitable", act="on-prem", says=(*_UNCONVERTED, *_REFUSED, _STORAGE, _NO_SHARED))
def assess(
    anchor: WindowsEvent | TlsFailed | Said | InstalledCertificate,
    failed: TlsFailed | None,
    key: InstalledCertificate | None,
    installed: tuple[InstalledCertificate, ...],
    heard: tuple[Said, ...],
) -> Finding | None:
    """The key itself settles it; Schannel's events name it or make it one of two."""
    if isinstance(anchor, Said) and anchor.signature == _NO_SHARED:
        because = (
            "The server shares no cipher suite with a client. A certificate with an elliptic-curve key alone leaves "
        )
        because += "nothing for clients that know RSA only."
        return Finding(Belief.POSSIBLE, because, (anchor,), _steps(""), weight=1.0)
    if isinstance(anchor, Said):
        return _unconverted(anchor, heard)
    if isinstance(anchor, InstalledCertificate):
        return _for_signatures(anchor)
    failure = anchor if isinstance(anchor, TlsFailed) else failed
    thumbprint = failure.thumbprint if failure else ""
    told = _told(thumbprint, (key, *installed))
    if isinstance(anchor, TlsFailed):
        unfit = bool(told) and not anchor.saw_remote and anchor.error.lower() in _OWN_ERRORS
        return _by_key(anchor, told) if told and unfit and told.key_spec == _SIGNATURE else None
    if "schannel" not in anchor.provider.lower():
        return None
    if not thumbprint:
        thumbprint = next((each.thumbprint for each in installed if each.for_smtp), "")
    wrong = anchor.error.upper() == _WRONG_USAGE or anchor.alert == _UNSUPPORTED_CERTIFICATE
    if told and (wrong or anchor.event == _NO_COMMON_SUITE or told.key_spec == _SIGNATURE):
        return _by_key(anchor, told)
    if wrong:
        what = f"error {_WRONG_USAGE.lower()}" if anchor.error else f"alert {anchor.alert}"
        because = f"Schannel {anchor.event} with {what}: the certificate, or its key, is not meant for this use."
        return Finding(Belief.LIKELY, because, (anchor, failed), _steps(thumbprint))
    if anchor.alert == _PROTOCOL_VERSION:
        because = f"Alert {anchor.alert} (Schannel {anchor.event}) is about the TLS version; no certificate was judged."
        return Finding(Belief.RULED_OUT, because, (anchor,))
    if anchor.event != _NO_COMMON_SUITE:
        return None
    if failed and failed.direction == "send" and failed.error == "AlgorithmMismatch":
        because = (
            f"`{failed.connector}` fails as a client too (AlgorithmMismatch), where this server shows no certificate."
        )
        return Finding(Belief.RULED_OUT, because, (failed, anchor))
    because = (
        "Schannel 36874: no cipher suite fits. If this began with a new certificate, its key is of a kind that the "
    )
    because += "enabled suites can't use."
    return Finding(Belief.POSSIBLE, because, (anchor, failed), _steps(thumbprint), weight=1.2)


@shown
def keys(installed: tuple[InstalledCertificate, ...], failed: tuple[TlsFailed, ...]) -> Finding | None:
    """What certutil says of the key of the certificate that was offered, or of the one that was looked at."""
    offered = next((each.thumbprint for each in reversed(failed) if each.thumbprint), "")
    known = _told(offered, installed)
    if known is None or known.for_smtp is False:
        return None
    found = _by_key(None, known)
    return None if found and found.belief is Belief.POSSIBLE else found


def _for_signatures(key: InstalledCertificate) -> Finding | None:
    """What the key can't do is known before a handshake shows it."""
    if key.key_spec != _SIGNATURE:
        return None
    because = (
        f"The key of {key.thumbprint or key.subject or 'the certificate'} is marked for signatures only (KeySpec 2, "
    )
    because += "AT_SIGNATURE): where SMTP uses it, no suite with RSA key exchange works."
    return Finding(Belief.POSSIBLE, because, (key,), _steps(key.thumbprint), weight=1.5)


def _unconverted(said: Said, heard: tuple[Said, ...]) -> Finding | None:
    """Whoever imported the certificate says that its key stayed in a provider which Exchange, or its version, can't use."""
    if said.signature == _STORAGE:
        return None
    if said.signature in _REFUSED:
        because = "Exchange refuses the certificate: its key is of a kind that it can't use (CNG, or no RSA)."
        return Finding(Belief.LIKELY, because, (said,), _steps(""), weight=1.5)
    stored = next((each for each in heard if each.signature == _STORAGE), None)
    because = "The client that fetched the certificate could not bring its private key into the RSA SChannel provider"
    because += ", and certutil shows it in the Key Storage Provider (CNG)" if stored else ""
    because += ": Exchange (2010 and 2013 above all) can't use it there, so TLS ends with this certificate."
    return Finding(Belief.LIKELY, because, (said, stored), _steps(""), weight=1.8 if stored else 1.4)


def _told(thumbprint: str, listed: tuple[InstalledCertificate | None, ...]) -> InstalledCertificate | None:
    """The certificate whose key was listed: the one that was offered, where the text names it."""
    known = [each for each in listed if each and (each.key_spec or each.algorithm)]
    mine = [each for each in known if not thumbprint or not each.thumbprint or each.thumbprint == thumbprint]
    return mine[0] if mine else None


def _by_key(failure: WindowsEvent | TlsFailed | None, key: InstalledCertificate) -> Finding | None:
    """What certutil says of the key, beside a failure that it can explain."""
    name = key.thumbprint or key.subject or "the certificate"
    steps = _steps(key.thumbprint)
    if key.key_spec == _SIGNATURE:
        because = f"The key of {name} is marked for signatures only (KeySpec 2, AT_SIGNATURE): no RSA key exchange works with it."
        return Finding(Belief.LIKELY, because, (key, failure), steps, weight=1.8)
    if key.algorithm == "ECC":
        because = (
            f"{name} has an elliptic-curve key, and Schannel found no suite in common: those with RSA can't use it."
        )
        return Finding(Belief.LIKELY, because, (key, failure), steps, weight=1.3)
    if key.key_spec == "AT_KEYEXCHANGE" and _RSA_PROVIDER in key.provider.lower():
        because = f"The key of {name} is an RSA exchange key (KeySpec 1) in the SChannel provider."
        return Finding(Belief.RULED_OUT, because, (key,))
    because = f"The key of {name} is in {key.provider or 'a provider that is not told'}"
    because += " with KeySpec 0 (CNG): not every build and suite works with that." if key.key_spec == "NONE" else "."
    return Finding(Belief.POSSIBLE, because, (key, failure), steps, weight=1.3)


def _steps(thumbprint: str) -> tuple[Step, ...]:
    return (
        look(
            "Read provider, KeySpec and public key algorithm of the certificate.",
            "certutil -v -store my {thumbprint:token}",
            "powershell",
            thumbprint=thumbprint,
        ),
        look(
            "See when the errors began.",
            "Get-WinEvent -FilterHashtable @{{LogName='System';ProviderName='Schannel';Id=36874,36888}} "
            "-MaxEvents 20 | "
            "Format-List TimeCreated,Id,Message",
            "powershell",
        ),
        change(
            "Import the certificate again with an RSA exchange key (with an elliptic-curve key: request a new one "
            "with RSA).",
            "certutil -csp 'Microsoft RSA SChannel Cryptographic Provider' -importpfx '<path-to-pfx>' AT_KEYEXCHANGE",
            shell="powershell",
            changes="Replaces the key container of this certificate by one in the SChannel provider. Keep the .pfx "
            "file.",
            undo="Import the .pfx again without -csp and AT_KEYEXCHANGE.",
            verify="certutil -v -store my shows KeySpec 1 (AT_KEYEXCHANGE).",
        ),
        steps.enable_for_smtp(thumbprint),
        steps.restart_transport(),
    )
