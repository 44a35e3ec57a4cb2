"""The two servers share no cipher suite, curve or signature algorithm.

## What is happening
Both sides agree on a version of TLS but have no suite in common, typically after hardening on one side (a group
policy, IIS Crypto, a security baseline). The log shows AlgorithmMismatch, the System log Schannel 36874, or an alert
40 (handshake_failure).

## What proves it
- Schannel 36874 at the time of the failure, or `TLS negotiation failed with error AlgorithmMismatch`
- the cipher order was changed recently
- a second client, which offers all modern suites (`openssl s_client -tls1_2`), gets alert 40 from that server as well

## Not this when
- the Windows server of the two lists suites with GCM and the old ones with CBC (Get-TlsCipherSuite)
- the alert is 70 (protocol_version)
- it began with a new certificate and an unchanged cipher order (`certificate.local.key-type-unsuitable`)

## References
- https://learn.microsoft.com/en-us/windows/win32/secauthn/schannel-error-codes-for-tls-and-ssl-alerts
- https://learn.microsoft.com/en-us/exchange/plan-and-deploy/post-installation-tasks/security-best-practices/exchange-tls-configuration
"""

from __future__ import annotations

from msgspec.structs import replace

from diagnostics.cause import Belief, Finding, cause, change, look, shown
from diagnostics.causes.certificate import steps
from diagnostics.causes.tls.handshakes import answers
from diagnostics.causes.tls.unexplained import UNEXPLAINED, failed_with, unexplained
from diagnostics.causes.tls.versions import BRIEF, NOTHING_COMMON, REFUSED_BY_ALERT
from diagnostics.facts import InstalledCertificate, Reply, Said, TlsFailed, WindowsEvent
from diagnostics.looked_facts import TlsProbe
from diagnostics.mail_facts import ClientError, Configured
from diagnostics.patterns import linear
from diagnostics.recognisers.cipher_suites import CIPHER_SUITES
from diagnostics.report import Step
from diagnostics.text import is_cut

_HANDSHAKE_FAILURE = 40  # TLS alert
_MISMATCH = "0X80090331"  # SEC_E_ALGORITHM_MISMATCH
_SIGNATURE = "AT_SIGNATURE"
_HANDSHAKE = linear(r"(?i)\b(?:tls|ssl|starttls)\b|handshake|schannel")
_FORTY = ("handshake failure", "handshake_failure", "HandshakeFailure", "alert number 40")
_OLDEST = {"TLS_RSA_WITH_AES_128_CBC_SHA", "TLS_RSA_WITH_AES_256_CBC_SHA"}
_MODERN = {"TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384", "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"}
_MAIL_PROCESSES = ("edgetransport", "msexchange")


# OpenSSL's words in another mail system's log, as a server
_NO_SHARED = "no shared cipher"
_SILENT = "SSL_connect error to"  # Postfix
# What OpenSSL refuses in a server that it reached
_TOO_WEAK = (
    "dh key too small",
    "ee key too small",
    "ca key too small",
    "ca md too weak",
    "no ciphers available",
    "wrong signature type",
    "unsafe legacy renegotiation disabled",
)


@cause(
    id="tls.cipher.no-common-suite",
    act="on-prem",
    says=(_NO_SHARED, _SILENT, BRIEF, *REFUSED_BY_ALERT, *NOTHING_COMMON, *_TOO_WEAK, *UNEXPLAINED),
)
def assess(
    anchor: TlsFailed | WindowsEvent | TlsProbe | Said,
    event: WindowsEvent | None,
    failed: TlsFailed | None,
    keys: tuple[InstalledCertificate, ...],
    replies: tuple[Reply, ...],
) -> Finding | None:
    """The handshake's error and Schannel's event say the same of two sides; both together prove it."""
    if isinstance(anchor, Said) and anchor.signature in UNEXPLAINED:
        because = f"{failed_with(anchor)}; two sides without a cipher suite in common end so."
        hint = Finding(Belief.POSSIBLE, because, (anchor,), _steps(anchor.host), weight=1.0)
        return hint if unexplained(anchor, replies) else None
    if isinstance(anchor, Said):
        return _from_library(anchor)
    if isinstance(anchor, WindowsEvent):
        found = _from_event(anchor, failed, next((each for each in keys if each.key_spec == _SIGNATURE), None))
        handshake = failed or anchor.source.paste == 0 or any(_HANDSHAKE.search(each.whole[:4000]) for each in replies)
        # In a log that was asked for, one such event is mostly a scanner's: every server on the Internet has them.
        return found if handshake or not found or found.belief is not Belief.LIKELY else _beside(found)
    if isinstance(anchor, TlsProbe) and anchor.error in _TOO_WEAK:
        because = f"OpenSSL broke the handshake with {anchor.host or 'the server'} off: `{anchor.error}`. What the server offers "
        because += "is too weak for this client, so the two have nothing in common."
        return Finding(Belief.LIKELY, because, (anchor,), _steps(anchor.host), weight=1.5)
    if isinstance(anchor, TlsProbe):
        if anchor.alert != _HANDSHAKE_FAILURE:
            return None
        because = f"{anchor.host or 'The server'} ended a modern client's handshake with alert 40 (handshake_failure)."
        return Finding(Belief.POSSIBLE, because, (anchor,), _steps(anchor.host), weight=1.5)
    error = anchor.error.lower()
    where = anchor.host or anchor.remote_ip or "the other server"
    if error == "algorithmmismatch":
        because = f"The handshake with {where} failed with {anchor.error}: no algorithm in common"
        suite = event if event and event.event == 36874 and _mail(event) else None
        belief = Belief.CONFIRMED if suite else Belief.LIKELY
        said = ", and Schannel 36874 says so too" if suite else ""
        return Finding(belief, f"{because}{said}.", (anchor, suite), _steps(anchor.host))
    if error in ("illegalmessage", "socketerror") and not anchor.saw_remote:
        because = (
            f"The handshake with {where} ended with {anchor.error}; hardening that left no common suite does that too."
        )
        weight = 1.1 if error == "illegalmessage" else 1.0
        return Finding(Belief.POSSIBLE, because, (anchor,), _steps(anchor.host), weight=weight)
    return None


@shown
def second_client(
    seen: tuple[TlsProbe | Configured, ...], errors: tuple[ClientError, ...], failures: tuple[TlsFailed, ...]
) -> Finding | None:
    """Alert 40 for OpenSSL, where a mail server's handshake has failed before: two clients, and the server wants neither. Or the
    suites that the Windows server of the two offers."""
    probes = [each for each in answers(seen) if isinstance(each, TlsProbe)]
    refused = next((each for each in reversed(probes) if each.alert == _HANDSHAKE_FAILURE), None)
    before = next((each for each in errors if any(words in each.text for words in _FORTY)), None)
    failed = before or next((each for each in failures if each.source.paste == 0 and not each.saw_remote), None)
    if refused is None or failed is None:
        return _offered([each for each in answers(seen) if isinstance(each, Configured) and each.kind == CIPHER_SUITES])
    because = (
        f"{refused.host or 'The server'} ends the handshake of OpenSSL, which offers all modern suites, with alert 40 "
    )
    because += "(handshake_failure), as it did with the mail server: it takes none of what the two offer."
    return Finding(Belief.LIKELY, because, (refused, failed), _steps(refused.host))


def _offered(lists: list[Configured]) -> Finding | None:
    """Suites with CBC are what servers without updates of the last ten years have; with and without them both is all there is."""
    names = lists[-1].items("Names") if lists else ()
    old = {name for name in names if "_CBC_SHA" in name}
    if not names or any(map(is_cut, names)):
        return None
    if old & _OLDEST and _MODERN.issubset(names):
        because = f"This server offers {len(names)} cipher suites, from {names[0]} to {names[-1]}: whatever speaks TLS 1.2 has "
        because += "one of them."
        return Finding(Belief.RULED_OUT, because, (lists[-1],))
    if old:
        return None
    because = (
        f"This server offers only {', '.join(names[:6])}: none with CBC, which is all that older systems have for a "
    )
    because += "certificate with an RSA key."
    return Finding(Belief.LIKELY, because, (lists[-1],), _steps(""))


def _beside(found: Finding) -> Finding:
    return replace(found, belief=Belief.POSSIBLE, weight=0.8)


def _from_library(said: Said) -> Finding | None:
    if said.signature == _NO_SHARED:
        because = "The other mail system says that client and server have no cipher suite in common."
        return Finding(Belief.LIKELY, because, (said,), _steps(said.host))
    if said.signature == _SILENT:
        if "lost connection" not in said.text:
            return None
        because = (
            "The other side hung up in the handshake without an alert; an old Schannel that finds no suite does so too."
        )
        return Finding(Belief.POSSIBLE, because, (said,), _steps(said.host), weight=1.1)
    if said.signature in _TOO_WEAK:
        because = f"The client's library refuses what the server offers as too weak (`{said.signature}`)."
        return Finding(Belief.LIKELY, because, (said,), _steps(said.host), weight=1.4)
    if said.signature == BRIEF:
        because = "The handshake failed before a certificate was judged: mostly versions or cipher suites that don't meet. The "
        because += "line before, `TLS library problem`, has the reason."
        return Finding(Belief.POSSIBLE, because, (said,), _steps(said.host), weight=1.3)
    because = "The other side broke the handshake off with an alert (handshake_failure): often no common cipher suite."
    return Finding(Belief.POSSIBLE, because, (said,), _steps(said.host), weight=1.5)


def _from_event(event: WindowsEvent, failed: TlsFailed | None, signing: InstalledCertificate | None) -> Finding | None:
    """`signing` is a certificate of this server whose key can only sign: with that no suite would do."""
    if "schannel" not in event.provider.lower() or not _mail(event):
        return None
    if event.event == 36874 and signing:
        because = f"The key of {signing.thumbprint or signing.subject} can only sign (AT_SIGNATURE); the suites "
        because += "are not the matter."
        return Finding(Belief.RULED_OUT, because, (signing, event))
    if event.event == 36874:
        because = (
            "Schannel 36874: a client asked for TLS, and this server has none of the cipher suites that it offered."
        )
        return Finding(Belief.LIKELY, because, (event, failed), _steps(""))
    if event.error.upper() == _MISMATCH:
        because = f"Schannel {event.event} with 0x80090331: the two sides have no algorithm in common."
        return Finding(Belief.LIKELY, because, (event, failed), _steps(""))
    if event.event in (36887, 36888) and event.alert == _HANDSHAKE_FAILURE:
        because = f"Schannel {event.event} with alert 40 (handshake_failure): often no common cipher suite."
        return Finding(Belief.POSSIBLE, because, (event,), _steps(""), weight=1.2)
    return None


def _mail(event: WindowsEvent) -> bool:
    return not event.process or any(name in event.process.lower() for name in _MAIL_PROCESSES)


def _steps(host: str) -> tuple[Step, ...]:
    return (
        look(
            "On the Windows server of the two, list the cipher suites that it offers.",
            "Get-TlsCipherSuite | Format-List Name",
            "powershell",
        ),
        look(
            "See there whether a policy sets the order (nothing is printed where none does).",
            "Get-ItemProperty 'HKLM:\\SOFTWARE\\Policies\\Microsoft\\Cryptography\\Configuration\\SSL\\00010002' "
            "-ErrorAction SilentlyContinue | Format-List Functions,EccCurves",
            "powershell",
        ),
        look(
            "See which suite the other server takes from a client that offers all modern ones.",
            "openssl s_client -starttls smtp -tls1_2 -connect {host:token}:25 </dev/null 2>&1 | grep -E "
            "'alert|Cipher|Peer|Server Temp'",
            "bash",
            host=host,
        ),
        change(
            "Enable the modern suite that both can use (repeat for the ECDSA variant if a certificate needs it).",
            "Enable-TlsCipherSuite -Name TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384 -Position 0",
            shell="powershell",
            changes="Offers this suite first on this machine. A group policy that sets the order wins over it: change "
            "it there.",
            undo="Disable-TlsCipherSuite -Name TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384, unless the first step listed it before.",
            verify="Get-TlsCipherSuite lists it, after a restart of the server.",
        ),
        steps.retry_queues(),
    )
