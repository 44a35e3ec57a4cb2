"""The key of the SMTP certificate does not fit the cipher suites on offer.

## What is happening
The certificate has a private key, but of a kind that Schannel can't use for the suites on offer: a key marked for
signatures only (KeySpec 2), a key in a provider that the build does not support, or an elliptic-curve key where only
RSA suites are enabled. The server then fails every handshake with this certificate, with Schannel 36874 or 36888 and
no cipher suite in common.

## What proves it
- the events began with a change of certificate, while the cipher order stayed the same
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

from diagnostics.cause import Belief, Finding, cause, change, look
from diagnostics.causes.certificate import steps
from diagnostics.facts import InstalledCertificate, TlsFailed, WindowsEvent
from diagnostics.report import Step

_WRONG_USAGE = "0X80090349"  # SEC_E_CERT_WRONG_USAGE
_UNSUPPORTED_CERTIFICATE, _PROTOCOL_VERSION = 43, 70  # TLS alerts


@cause(id="certificate.local.key-type-unsuitable", act="on-prem")
def assess(
    event: WindowsEvent, failed: TlsFailed | None, installed: tuple[InstalledCertificate, ...]
) -> Finding | None:
    """Schannel's events; a wrong key usage names it, a missing common suite only makes it one of two."""
    if "schannel" not in event.provider.lower():
        return None
    thumbprint = failed.thumbprint if failed else ""
    if not thumbprint:
        thumbprint = next((each.thumbprint for each in installed if each.for_smtp), "")
    if event.error.upper() == _WRONG_USAGE or event.alert == _UNSUPPORTED_CERTIFICATE:
        what = f"error {_WRONG_USAGE.lower()}" if event.error else f"alert {event.alert}"
        because = f"Schannel {event.event} with {what}: the certificate, or its key, is not meant for this use."
        return Finding(Belief.LIKELY, because, (event, failed), _steps(thumbprint))
    if event.alert == _PROTOCOL_VERSION:
        because = f"Alert {event.alert} (Schannel {event.event}) is about the TLS version; no certificate was judged."
        return Finding(Belief.RULED_OUT, because, (event,))
    if event.event != 36874:
        return None
    if failed and failed.direction == "send" and failed.error == "AlgorithmMismatch":
        because = (
            f"`{failed.connector}` fails as a client too (AlgorithmMismatch), where this server shows no certificate."
        )
        return Finding(Belief.RULED_OUT, because, (failed, event))
    because = (
        "Schannel 36874: no cipher suite fits. If this began with a new certificate, its key is of a kind that "
        "the enabled "
        "suites can't use."
    )
    return Finding(Belief.POSSIBLE, because, (event, failed), _steps(thumbprint), weight=1.2)


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
