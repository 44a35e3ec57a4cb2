"""The TLS certificate that Exchange offers has no private key.

## What is happening
The certificate lies in the machine store without a private key (imported from a .cer or .p7b file, or its link to the key
was lost), so Schannel can't build a credential from it. The log shows `Sending certificate` and then
`TLS negotiation failed with error NoCredentials`, before any certificate of the other side.

## What proves it
- the thumbprint in the log belongs to a certificate with `HasPrivateKey : False`
- the one certificate with a name for outside is listed with `HasPrivateKey : False`

## Not this when
- a second certificate with the same subject and issuer has its key: then the wrong copy is selected
  (`tls.certificate.stale-duplicate-selected`)
- `HasPrivateKey : True` for the logged thumbprint, or for every certificate with a name for outside
- a `Remote certificate` appears in the same handshake: our own credential was fine

## References
- https://learn.microsoft.com/en-us/troubleshoot/exchange/mailflow/tls-negotiation-failed-with-error-nocredentials-error
- https://learn.microsoft.com/en-us/windows/win32/com/com-error-codes-4
"""

from __future__ import annotations

from diagnostics.cause import Belief, Finding, cause, change, look, shown
from diagnostics.causes.certificate.succession import for_outside
from diagnostics.causes.tls import unavailable
from diagnostics.causes.tls.credential import own_fault, same_name, session_of, twins, usable
from diagnostics.facts import InstalledCertificate, Said, TlsFailed
from diagnostics.looked_facts import KeyAccess
from diagnostics.mail_facts import Told
from diagnostics.report import Step

_NO_KEYSET = ("Keyset does not exist", "CryptographicException: Keyset does not exist")
_UNCONVERTED = "Error converting private key"
_REFUSED = ("(reason: PrivateKeyMissing)", "Cannot find the certificate and private key")
_LIST = 2  # certificates: every Exchange server has more than one, so a single one is an excerpt
_TOLD = (
    "HasPrivateKey: False",
    "HasPrivateKey : False",
    "HasPrivateKey is False",
    "HasPrivateKey False",
    "HasPrivateKey = False",
)


@cause(
    id="tls.certificate.private-key-missing",
    act="on-prem",
    says=(*_REFUSED, *_TOLD, *_NO_KEYSET, _UNCONVERTED, *unavailable.TO_CLIENTS, *unavailable.IN_ITS_LOG),
)
def assess(
    failed: TlsFailed | InstalledCertificate | Said | Told,
    offered: InstalledCertificate | None,
    installed: tuple[InstalledCertificate, ...],
    failures: tuple[TlsFailed, ...],
    told: tuple[Said, ...],
    keys: tuple[KeyAccess, ...],
) -> Finding | None:
    """`offered` is the certificate of the log, as installed; a usable twin makes it the wrong copy instead."""
    if isinstance(failed, Told):
        return _told(failed, installed)
    if isinstance(failed, InstalledCertificate):
        return _listed(failed, installed, failures)
    if isinstance(failed, Said):
        return _by_words(failed, told, failures)
    if own_fault(failed, "UnknownCredentials") and offered and _same(failed, offered) and offered.has_private_key:
        return Finding(Belief.RULED_OUT, f"Certificate {offered.thumbprint} has its private key.", (offered,))
    if own_fault(failed, "UnknownCredentials"):
        lost = any(each.has_private_key is False for each in for_outside(installed))
        return _unusable(failed) if lost or not (keys or installed) else None
    if not own_fault(failed, "NoCredentials"):
        return None
    good = [each for each in twins(failed, installed) if usable(each)]
    if good:
        because = (
            f"A usable certificate of the same name is installed ({good[0].thumbprint}); the wrong copy is selected."
        )
        return Finding(Belief.RULED_OUT, because, (good[0],))
    same = offered if offered and _same(failed, offered) else None
    if same and same.has_private_key:
        return Finding(Belief.RULED_OUT, f"Certificate {same.thumbprint} has its private key.", (same,))
    steps = _steps(failed.thumbprint)
    if same and same.has_private_key is False:
        because = f"{session_of(failed)}; that certificate is installed without a private key."
        return Finding(Belief.CONFIRMED, because, (failed, same), steps)
    because = f"{session_of(failed)}: Schannel found no private key that goes with it."
    keyed = next(
        (each for each in installed if each.has_private_key and not (each.thumbprint and failed.thumbprint)), None
    )
    if keyed:
        because += " The one that is listed has its key; whether it is the one that was offered is not told."
        return Finding(Belief.POSSIBLE, because, (failed, keyed), steps, weight=1.0)
    return Finding(Belief.POSSIBLE, because, (failed,), steps, weight=1.6)


@shown
def keys_of_certificates(
    installed: tuple[InstalledCertificate, ...], failures: tuple[TlsFailed, ...]
) -> Finding | None:
    """Which certificates with a name for outside have their key. A list of another server than the failing one tells nothing."""
    offered = {each.thumbprint for each in failures if each.thumbprint}
    outside = for_outside(installed)
    mine = [each for each in outside if each.thumbprint in offered] if offered else outside
    keyless = next((each for each in mine if each.has_private_key is False), None)
    if keyless and not any(_replaces(each, keyless) for each in installed):
        because = f"{keyless.thumbprint or keyless.subject} is installed without its private key (HasPrivateKey False)."
        return Finding(Belief.LIKELY, because, (keyless,), _steps(keyless.thumbprint), weight=2.5)
    if keyless or not mine or not all(each.has_private_key for each in mine) or len(installed) < _LIST:
        return None
    if not any(each.for_smtp is not False for each in mine):
        return None
    named = ", ".join(each.thumbprint or each.subject for each in mine[:3])
    return Finding(Belief.RULED_OUT, f"HasPrivateKey is True for {named}.", tuple(mine[:3]))


def _replaces(other: InstalledCertificate, keyless: InstalledCertificate) -> bool:
    """Whether a certificate of the same name can be used: then it is the wrong copy that is offered."""
    return other is not keyless and same_name(other.subject, keyless.subject) and usable(other)


def _told(told: Told, installed: tuple[InstalledCertificate, ...]) -> Finding | None:
    """The console's icon, as somebody describes it. A listing tells more."""
    if told.story != "certificate-came-without-its-key" or installed:
        return None
    because = "The certificate shows no key in the console, as you tell it: then only its public half is on this server, and no "
    because += "service can offer TLS with it."
    return Finding(Belief.POSSIBLE, because, (told,), _steps(""), weight=1.6)


def _unusable(failed: TlsFailed) -> Finding:
    """Schannel's other word for a credential that it can't use; mostly a key that may not be read."""
    because = f"{session_of(failed)}; a certificate whose key was lost or never imported can end so as well."
    return Finding(Belief.POSSIBLE, because, (failed,), _steps(failed.thumbprint), weight=1.0)


def _said(said: Said, failures: tuple[TlsFailed, ...]) -> Finding:
    """The store's own complaint, or the property as somebody typed it off."""
    failed = next((f for f in failures if own_fault(f, "NoCredentials")), None)
    because = f"Windows says of the certificate itself that its private key is not there: `{said.signature}`."
    belief = Belief.LIKELY if said.signature in _REFUSED or failed else Belief.POSSIBLE
    return Finding(belief, because, (said, failed), _steps(""), weight=1.6)


def _by_words(said: Said, told: tuple[Said, ...], failures: tuple[TlsFailed, ...]) -> Finding | None:
    if said.signature in (*unavailable.TO_CLIENTS, *unavailable.IN_ITS_LOG):
        return _of_a_file(said)
    return _no_keyset(told) if said.signature in (*_NO_KEYSET, _UNCONVERTED) else _said(said, failures)


def _of_a_file(said: Said) -> Finding | None:
    """Another mail server than Exchange, whose key is a file of its own."""
    if unavailable.why(said) == "other-key":
        because = "The mail server's key is not the one of its certificate, by its own log, so it starts without TLS."
        return Finding(Belief.POSSIBLE, because, (said,), unavailable.steps(), weight=1.8)
    if said.signature not in unavailable.TO_CLIENTS:
        return None
    because = f"{unavailable.of_its_own(said)}: the key's file can be missing, or be that of another certificate."
    return Finding(Belief.POSSIBLE, because, (said,), unavailable.steps(), weight=1.6)


def _no_keyset(told: tuple[Said, ...]) -> Finding | None:
    """.NET found no container of the key. Any program can say so: what counts is who asked for it."""
    about = next((each for each in told if each.signature == _UNCONVERTED or each.kind == "command"), None)
    keyset = next((each for each in told if each.signature in _NO_KEYSET), None)
    if about is None or keyset is None:
        return None
    because = (
        "Windows found no container of the certificate's private key (`Keyset does not exist`): the key is not on "
    )
    because += "this machine, or in a provider that was not asked."
    return Finding(Belief.POSSIBLE, because, (keyset, about), _steps(""), weight=1.5)


def _same(failed: TlsFailed, offered: InstalledCertificate) -> bool:
    return bool(offered.thumbprint) and offered.thumbprint == failed.thumbprint


def _listed(
    mine: InstalledCertificate, installed: tuple[InstalledCertificate, ...], failures: tuple[TlsFailed, ...]
) -> Finding | None:
    """A listing alone: a certificate for SMTP without a key can't work, unless a copy of the same name can."""
    if mine.has_private_key is not False or mine.for_smtp is False:
        return None
    failed = next((f for f in failures if own_fault(f, "NoCredentials") and not f.thumbprint), None)
    if failed:
        because = (
            f"{session_of(failed)}, and {mine.thumbprint or mine.subject or 'the certificate'} has no private key."
        )
        return Finding(Belief.LIKELY, because, (failed, mine), _steps(mine.thumbprint), weight=1.6)
    if any(_replaces(each, mine) for each in installed):
        return None
    if mine.for_smtp is None:
        because = f"{mine.thumbprint or mine.subject or 'The certificate'} is in the store without its private key; "
        because += "no service can use it, so Exchange can't offer STARTTLS with it."
        return Finding(Belief.LIKELY, because, (mine,), _steps(mine.thumbprint), weight=0.9)
    because = f"Certificate {mine.thumbprint or mine.subject} is enabled for SMTP but has no private key."
    return Finding(Belief.LIKELY, because, (mine,), _steps(mine.thumbprint), weight=1.0)


def _steps(thumbprint: str) -> tuple[Step, ...]:
    return (
        look(
            "On the server whose sessions fail, see which certificates are in the machine store, and which have a key (the "
            "Exchange shell hides those without).",
            "Get-ChildItem 'Cert:\\LocalMachine\\My' | Format-List Thumbprint,HasPrivateKey,NotAfter,Subject,Issuer",
            "powershell",
        ),
        change(
            "If the key was created on this server, link the certificate to it again.",
            "certutil -repairstore my {thumbprint:token}",
            shell="powershell",
            changes="Writes the link between this certificate and its key, if the key is still on the machine.",
            undo="None needed: without a matching key nothing is written.",
            verify="Get-Item (Join-Path 'Cert:\\LocalMachine\\My' <thumbprint>) shows HasPrivateKey True.",
            thumbprint=thumbprint,
        ),
        change(
            "Otherwise import the certificate again with its key, from a .pfx file.",
            "Import-ExchangeCertificate -FileData ([System.IO.File]::ReadAllBytes('<path-to-pfx>')) "
            "-Password (Read-Host -AsSecureString) -PrivateKeyExportable $true | "
            "Enable-ExchangeCertificate -Services SMTP",
            changes="Adds the certificate and enables it for SMTP. Answer No when asked to replace the default certificate.",
            undo="Remove-ExchangeCertificate with the thumbprint that the import printed.",
            verify="Get-ExchangeCertificate lists it with Services SMTP and HasPrivateKey True.",
        ),
        change(
            "Restart transport.",
            "Restart-Service MSExchangeTransport",
            shell="powershell",
            effect="service-restart",
            changes="Mail pauses for a minute; queued messages are kept.",
            undo="None needed: a restart changes no setting.",
            verify="The next session in the protocol log shows `negotiation succeeded`.",
        ),
    )
