"""A security device shows its own certificate in place of the server's.

## What is happening
TLS inspection on the way ends the encrypted session and opens another. Each side then sees a certificate that
the device made, issued by the device's own authority: validation fails with UntrustedRoot or SubjectMismatch,
and Exchange Online can't match the certificate to its connector.

## What proves it
- the certificate that was shown is issued by a firewall's or proxy's authority
- the thumbprint that the peer saw is on none of the Exchange servers
- a handshake that the sending machine itself aborts (Windows' 10053), where the chain shown ends in a root that signed
  itself, or STARTTLS is gone that the application was offered: a mail scanner on that machine

## Not this when
- the thumbprint is that of an Exchange certificate: then the wrong one is bound
  (`certificate.local.wrong-certificate-presented`)
- the issuer is a public authority or the company's own for servers: shown on the machine that complains, as another one sits
  behind another device

## References
- https://learn.microsoft.com/en-us/exchange/certificate-requirements
- https://learn.microsoft.com/en-us/exchange/transport-routing
"""

from __future__ import annotations

from typing import Final

from diagnostics.cause import Belief, Finding, cause, change, look, shown
from diagnostics.causes.certificate.names import common_name
from diagnostics.causes.certificate.probe import SELF_SIGNED_ROOT
from diagnostics.causes.certificate.refusal import Refusal, missing_here, refusal_of
from diagnostics.causes.network.devices import device
from diagnostics.causes.network.probes import bare_handshake
from diagnostics.causes.network.providers import has_mailboxes, of_provider, set_to_provider
from diagnostics.causes.network.reach import kind_of, told_by_exchange_online
from diagnostics.causes.tls.handshakes import answers, other_host, trusted
from diagnostics.causes.tls.unexplained import UNEXPLAINED, failed_with, unexplained
from diagnostics.facts import (
    Certificate,
    CertificateRejected,
    ConnectionDropped,
    InstalledCertificate,
    Reply,
    Said,
    Session,
    StarttlsNotOffered,
)
from diagnostics.looked_facts import TlsProbe
from diagnostics.mail_facts import CommandError, Configured, Told
from diagnostics.patterns import linear
from diagnostics.report import Step

# What applications say only once the server has answered STARTTLS.
_STARTED = linear(r"(?i)enable_crypto|error upgrading connection with STARTTLS|could not convert socket to TLS")
_MICROSOFTS: Final = (".outlook.com", ".office365.com", ".office.com", ".mx.microsoft", ".live.com")

_HANDSHAKE = linear(r"(?i)\b(?:tls|ssl)\b|\bssl\w*Exception\b|handshake|certificate")


@cause(id="network.middlebox.tls-interception", act="network", says=UNEXPLAINED)
def assess(
    anchor: CertificateRejected | Certificate | TlsProbe | Configured | ConnectionDropped | Said | Told,
    probe: TlsProbe | None,
    installed: tuple[InstalledCertificate, ...],
    sessions: tuple[Session, ...],
    replies: tuple[Reply, ...],
    settings: tuple[Configured, ...],
    probes: tuple[TlsProbe, ...],
    withheld: tuple[StarttlsNotOffered, ...],
    errors: tuple[CommandError, ...],
) -> Finding | None:
    """A device's name in the certificate, a thumbprint that no Exchange server has, or a provider that is not trusted."""
    if isinstance(anchor, Told):
        return _told(anchor)
    if isinstance(anchor, CertificateRejected):
        by_cloud = told_by_exchange_online(anchor, replies)
        found = _from_rejection(anchor, probe, installed, by_cloud, missing_here(anchor, errors))
        return found or _in_place_of_provider(anchor, replies, settings) or _in_front(anchor, replies)
    if isinstance(anchor, Said):
        return _unsaid(anchor, replies)
    if isinstance(anchor, Configured):
        return _answered(anchor) or _switched_on(anchor, replies)
    if isinstance(anchor, ConnectionDropped):
        return _aborted(anchor, probes, withheld, replies)
    if isinstance(anchor, TlsProbe):
        named = device(anchor.issuer) or device(anchor.subject)
        because = (
            f"The handshake of {anchor.host or 'the server'} showed a certificate of `{named}`, a security device."
        )
        found = Finding(Belief.LIKELY, because, (anchor,), _steps(anchor.host), weight=1.5)
        return found if named else _of_provider(anchor, settings)
    named = device(anchor.issuer) if anchor.owner == "remote" else ""
    if not named:
        return None
    session = next((s for s in sessions if s.session == anchor.session and s.connector == anchor.connector), None)
    because = (
        f"The certificate shown to `{anchor.connector or 'the connector'}` was issued by `{named}`, a security device"
    )
    if session and kind_of(session.remote_ip) == "exchange-online":
        because += f", although {session.remote_ip} is Exchange Online's."
        return Finding(Belief.CONFIRMED, because, (anchor, session), _steps(session.remote_ip))
    return Finding(Belief.LIKELY, f"{because}.", (anchor,), _steps(anchor.host), weight=1.5)


@shown
def chain(
    probes: tuple[TlsProbe, ...], certificates: tuple[Certificate, ...], rejected: tuple[CertificateRejected, ...]
) -> Finding | None:
    """The certificate that arrives where the handshake was made: a public authority's, and none of a device."""
    probe = probes[-1]
    clean = answers(probes) and trusted(probe) and not device(probe.issuer) and not device(probe.subject)
    named = any(device(each.issuer) for each in certificates) or any(device(each.presented) for each in rejected)
    if not clean or named or other_host(rejected, probe):
        return None
    because = f"{probe.host or 'The server'} was seen with its own certificate ({probe.issuer or 'of a public authority'}), and "
    because += "it validates: where that handshake was made, nobody opens TLS."
    return Finding(Belief.RULED_OUT, because, (probe,))


def _told(told: Told) -> Finding | None:
    """A device was set to open sessions, and certificates are what fails since."""
    if told.story != "sessions-are-opened-on-the-way":
        return None
    because = "A device opens encrypted sessions on the way, as you tell it, and certificates are no longer accepted: each side "
    because += "of the session sees the device's own one. Leave SMTP out of the inspection."
    return Finding(Belief.POSSIBLE, because, (told,), _steps(""), weight=1.5)


def _unsaid(said: Said, replies: tuple[Reply, ...]) -> Finding | None:
    if not unexplained(said, replies):
        return None
    because = f"{failed_with(said)}; a scanner of mail on that machine, or a firewall, that shows a certificate of its own makes "
    because += "it fail."
    return Finding(Belief.POSSIBLE, because, (said,), _on_client(said.host), "on-prem", weight=1.1)


def _answered(banner: Configured) -> Finding | None:
    """Another server's banner in the place of one of Microsoft's hosts."""
    asked = banner.get("Asked")
    if banner.kind != "other-banner" or not asked.endswith(_MICROSOFTS) or banner.name.endswith(_MICROSOFTS):
        return None
    because = (
        f"The client opened a connection to `{asked}`, and `{banner.name}` answered: somebody on the way, mostly the "
    )
    because += "hoster, leads SMTP to its own server, which knows nothing of the account."
    return Finding(Belief.LIKELY, because, (banner,), _steps(asked), weight=2.0)


def _switched_on(trial: Configured, replies: tuple[Reply, ...]) -> Finding | None:
    """Who tried it out names the device; what fails since is the handshake."""
    if trial.kind != "told-trial" or trial.name != "inspection":
        return None
    met = (each for each in replies if each.failing or each.kind == "client")
    failed = next((each for each in met if _HANDSHAKE.search(each.whole[:4000])), None)
    because = "It fails while that inspection is switched on, as you say: it opens the sessions, and shows its own certificate "
    because += "or takes part of TLS away."
    return Finding(Belief.LIKELY, because, (failed, trial), _steps(""), weight=1.6) if failed else None


def _of_provider(probe: TlsProbe, settings: tuple[Configured, ...]) -> Finding | None:
    """A provider's chain ends in a public root: one that signed itself, and that nobody here knows, is not the provider's."""
    host = probe.host if of_provider(probe.host) else set_to_provider(settings)
    if probe.verify != SELF_SIGNED_ROOT or not host or (probe.host and not of_provider(probe.host)):
        return None
    because = f"The chain that is shown here for {host} ends in a root that this machine does not know, which a provider's does "
    because += "not: something on the way or on the machine itself (a firewall, an antivirus program) opens the session, or the "
    because += "list of authorities is very old."
    return Finding(Belief.POSSIBLE, because, (probe,), _steps(host), weight=1.7)


def _aborted(
    dropped: ConnectionDropped,
    probes: tuple[TlsProbe, ...],
    withheld: tuple[StarttlsNotOffered, ...],
    replies: tuple[Reply, ...],
) -> Finding | None:
    """This machine's own software ended a handshake; what else is seen of it tells whether that was a mail scanner."""
    if dropped.reason != "ConnectionAborted" or dropped.by != "local":
        return None
    rooted = next((each for each in probes if each.verify == SELF_SIGNED_ROOT), None)
    hidden = withheld[-1] if withheld else None
    started = next((each for each in replies if each.kind == "client" and _STARTED.search(each.whole)), None)
    because = "The handshake was ended by software on the sending machine itself (ECONNABORTED), not by the server"
    steps = _on_client(dropped.host)
    if rooted:
        because += ", and the chain shown there ends in a root that signed itself: a scanner of mail (an antivirus mail shield) "
        because += "opens the session, and shows a certificate of its own."
        return Finding(Belief.LIKELY, because, (dropped, rooted), steps, "on-prem", weight=1.6)
    if hidden and started:
        because += ", and STARTTLS, which the application was offered, is not in the answer to EHLO: a scanner of mail on that "
        because += "machine (an antivirus mail shield) stands between."
        return Finding(Belief.LIKELY, because, (dropped, hidden, started), steps, "on-prem", weight=1.5)
    because += "; a scanner of mail there that opens TLS does that."
    return Finding(Belief.POSSIBLE, because, (dropped,), steps, "on-prem", weight=1.5)


def _from_rejection(
    rejected: CertificateRejected,
    probe: TlsProbe | None,
    installed: tuple[InstalledCertificate, ...],
    by_cloud: bool,
    missing: CommandError | None,
) -> Finding | None:
    named = device(rejected.presented)
    if _redirected(rejected):
        because = f"The client wanted `{rejected.expected}`, a provider's host, and was shown the certificate of "
        because += f"`{common_name(rejected.presented)}`: somebody on the way, mostly the hoster, leads SMTP to its own server."
        return Finding(Belief.LIKELY, because, (rejected,), _steps(rejected.host), weight=1.5)
    if named:
        shown = probe if probe and device(probe.issuer) else None
        because = (
            f"The certificate that was shown ({rejected.presented}) is that of a security device, not of a mail server."
        )
        belief = Belief.CONFIRMED if shown else Belief.LIKELY
        return Finding(belief, because, (rejected, shown), _steps(rejected.host), weight=1.5)
    if not rejected.thumbprint or not (by_cloud or rejected.whose == "local"):
        return None
    same = next((each for each in installed if each.thumbprint == rejected.thumbprint), None)
    if same:
        because = f"Certificate {rejected.thumbprint}, which the peer saw, is installed on the Exchange server itself."
        return Finding(Belief.RULED_OUT, because, (rejected, same))
    if missing:
        because = (
            f"The peer saw certificate {rejected.thumbprint}, and the Exchange server says that it has none such: a "
        )
        because += (
            "firewall or load balancer in front that opens TLS shows it, or another server that the name leads to."
        )
        return Finding(Belief.POSSIBLE, because, (rejected, missing), _steps(rejected.host), weight=2.0)
    if not installed:
        return None
    because = f"The peer saw certificate {rejected.thumbprint}, which is not in the list of this Exchange server's."
    return Finding(Belief.POSSIBLE, because, (rejected,), _steps(rejected.host), weight=1.4)


def _in_place_of_provider(
    rejected: CertificateRejected, replies: tuple[Reply, ...], settings: tuple[Configured, ...]
) -> Finding | None:
    """A client that does not trust a provider whom the rest of the world trusts was mostly shown another certificate."""
    refusal = refusal_of(rejected, replies, settings)
    if refusal is None or refusal.reason != "untrusted":
        return None
    if not refusal.provider:
        return _of_unnamed(refusal, rejected) if refusal.rooted and not refusal.host else None
    because = (
        f"`{refusal.provider}` is a provider whose certificate the world trusts, and this client does not: security "
    )
    because += "software on the machine, or a firewall, may open the session and show a certificate of its own."
    weight = 1.8 if refusal.rooted else 1.5  # a root of its own comes along with it
    return Finding(Belief.POSSIBLE, because, (rejected,), _on_client(rejected.host), "on-prem", weight)


def _in_front(rejected: CertificateRejected, replies: tuple[Reply, ...]) -> Finding | None:
    """Exchange Online met another name than its connector expects, and doesn't tell which."""
    refusal = refusal_of(rejected, replies)
    unnamed = refusal is not None and refusal.reason == "name" and refusal.owner == "target" and not refusal.presented
    if refusal is None or not unnamed or not refusal.by_cloud:
        return None
    because = (
        f"{refusal.where} showed Exchange Online a certificate without the expected name, and which one is not told: a "
    )
    because += "firewall or load balancer in front that opens TLS shows its own."
    return Finding(Belief.POSSIBLE, because, (rejected,), _steps(rejected.host), weight=1.0)


def _of_unnamed(refusal: Refusal, rejected: CertificateRejected) -> Finding | None:
    """A whole chain under a strange root: an authority of somebody's own, or what a scanner on the client's way put there."""
    if refusal.owner != "target" or refusal.by_cloud:
        return None
    because = "The client was shown a whole chain under a root that it does not know: if the server is a public one, security "
    because += "software on the machine, or a firewall, opens the session and shows a certificate of its own."
    return Finding(Belief.POSSIBLE, because, (rejected,), _on_client(""), "on-prem", weight=1.1)


def _redirected(rejected: CertificateRejected) -> bool:
    """Whether a provider's host was asked for, and a stranger's public name answered."""
    wanted, shown = rejected.expected.lower().rstrip("."), common_name(rejected.presented).lower()
    asked = wanted.endswith(_MICROSOFTS) or (of_provider(wanted) and not has_mailboxes(wanted))
    return asked and "." in shown and not shown.endswith(_MICROSOFTS) and not of_provider(shown)


def _on_client(host: str) -> tuple[Step, ...]:
    return (
        bare_handshake(host),
        change(
            "If the issuer is the security software's or the firewall's own: exempt this mail server from its scan of "
            "encrypted mail.",
            "",
            shell="portal",
            changes="TLS to that server passes unopened; the scan of everything else stays on.",
            undo="Remove the exemption.",
            verify="The handshake shows the provider's certificate with its public issuer, and the client sends.",
        ),
    )


def _steps(host: str) -> tuple[Step, ...]:
    return (
        bare_handshake(host),
        look(
            "List the certificates of every Exchange server, to compare thumbprints with the one that was shown.",
            "Get-ExchangeServer | ForEach-Object {{ Get-ExchangeCertificate -Server $_.Name }} | "
            "Format-List Thumbprint,Subject,Issuer,Services",
        ),
        change(
            "On the device, exempt port 25 between the Exchange servers and Exchange Online from TLS inspection.",
            "",
            shell="portal",
            changes="TLS of these mail sessions passes unopened; inspection of everything else stays on.",
            undo="Remove the exemption.",
            verify="The handshake shows the server's own certificate, with its public issuer.",
        ),
    )
