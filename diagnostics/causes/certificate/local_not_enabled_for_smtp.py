"""The certificate is installed but not enabled for SMTP.

## What is happening
A good certificate lies in the machine store, the connector names it, but `Services` lacks SMTP. Enabling a
certificate for SMTP is what lets the transport service read its key; without that Schannel answers
`UnknownCredentials` right after `Sending certificate`, exactly as when only the key's access list is wrong. The queue
shows `Unable to connect`.

It is the usual state of a renewed certificate that was imported, and assigned to IIS only.

## What proves it
- `Services` of the thumbprint in the log lacks SMTP
- a queue to another server of the organization comes to nothing after the session opened, and no certificate of that
  server has SMTP among its services
- a list after the renewal shows the new certificate without the S that the old one of the same subject had
- the Hybrid Configuration Wizard says that the secure mail certificate is not bound to the SMTP service

## Not this when
- `Services` contains SMTP: then look at who may read the key (`tls.certificate.private-key-permission`)
- `HasPrivateKey : False` (`tls.certificate.private-key-missing`)

## References
- https://learn.microsoft.com/en-us/troubleshoot/exchange/mailflow/outbound-email-messages-are-not-sent
- https://learn.microsoft.com/en-us/powershell/module/exchangepowershell/enable-exchangecertificate
"""

from __future__ import annotations

from diagnostics.cause import Belief, Finding, cause, look, shown
from diagnostics.causes.certificate import steps
from diagnostics.causes.certificate.names import common_name, is_server_name
from diagnostics.causes.certificate.probe import of_installation
from diagnostics.causes.certificate.succession import for_outside, successor, without_smtp
from diagnostics.causes.network.queues import STALLED, stalled_inside
from diagnostics.causes.reader import complained
from diagnostics.causes.tls import unavailable
from diagnostics.causes.tls.credential import own_fault, session_of, twins, usable
from diagnostics.facts import InstalledCertificate, QueueState, Reply, Said, TlsFailed
from diagnostics.looked_facts import TlsProbe
from diagnostics.mail_facts import Configured, Told
from diagnostics.report import Step

# A check of the wizard's set-up, which asks for the service, the dates and the chain
_NO_HYBRID = "No valid hybrid certificate found"


@cause(
    id="certificate.local.not-enabled-for-smtp",
    act="on-prem",
    says=("is not bound to the SMTP Service", _NO_HYBRID, *STALLED, *unavailable.TO_CLIENTS),
)
def assess(
    anchor: TlsFailed | Said | InstalledCertificate | Told | TlsProbe,
    same: InstalledCertificate | None,
    installed: tuple[InstalledCertificate, ...],
    failed: tuple[TlsFailed, ...],
    queues: tuple[QueueState, ...],
    replies: tuple[Reply, ...],
    settings: tuple[Configured, ...],
) -> Finding | None:
    """`same` is the certificate of the log, as installed: its services decide. Lists alone show a renewal without SMTP."""
    if isinstance(anchor, Told | TlsProbe):
        missed = complained(replies, settings)
        return _told(anchor) if isinstance(anchor, Told) else _of_installation(anchor, installed, missed=missed)
    if isinstance(anchor, InstalledCertificate):
        return None if failed else _renewed(anchor, installed)
    if isinstance(anchor, Said) and anchor.signature in STALLED:
        queue = stalled_inside(anchor, queues)
        return _of_target(anchor, queue, installed) if queue else None
    if isinstance(anchor, Said):
        return _said(anchor)
    if not own_fault(anchor, "UnknownCredentials"):
        return None
    known = same if same and anchor.thumbprint and same.thumbprint == anchor.thumbprint else None
    if known is None and not anchor.thumbprint and (unserved := without_smtp(installed)):
        return _unserved(anchor, unserved)
    if known is None or known.for_smtp is None:
        because = f"{session_of(anchor)}; a certificate that is not enabled for SMTP fails in the same way."
        return Finding(Belief.POSSIBLE, because, (anchor,), _steps(anchor.thumbprint), weight=1.2)
    if known.for_smtp:
        return Finding(Belief.RULED_OUT, f"Certificate {known.thumbprint} is enabled for SMTP.", (known,))
    if known.has_private_key is False:
        return Finding(Belief.RULED_OUT, f"Certificate {known.thumbprint} has no private key at all.", (known,))
    services = ", ".join(known.services or ()) or "none"
    because = f"{session_of(anchor)}; its services are {services}, without SMTP"
    if any(usable(each) and each.for_smtp for each in twins(anchor, installed)):
        because += ", and another copy of the same name is the one for SMTP."
        return Finding(Belief.POSSIBLE, because, (anchor, known), _steps(anchor.thumbprint), weight=1.0)
    return Finding(Belief.CONFIRMED, f"{because}.", (known, anchor), _steps(anchor.thumbprint))


@shown
def certificates(installed: tuple[InstalledCertificate, ...]) -> Finding | None:
    """Whether those with a name for outside have SMTP among their services."""
    unserved = without_smtp(installed)
    if unserved:
        because = f"{unserved.thumbprint or unserved.subject}, the only certificate with a name for outside, has the services "
        because += f"{', '.join(unserved.services or ()) or 'none'}, without SMTP."
        return Finding(Belief.LIKELY, because, (unserved,), _steps(unserved.thumbprint))
    outside = for_outside(installed)
    if not outside or not all(each.for_smtp for each in outside):
        return None
    first = outside[0].thumbprint or outside[0].subject
    because = f"Every certificate with a name for outside has SMTP among its services ({first})."
    return Finding(Belief.RULED_OUT, because, tuple(outside[:3]))


def _said(said: Said) -> Finding:
    if said.signature in unavailable.TO_CLIENTS:
        because = f"{unavailable.of_its_own(said)}: no certificate may be given to its SMTP service."
        return Finding(Belief.POSSIBLE, because, (said,), unavailable.steps(), weight=1.8)
    if said.signature == _NO_HYBRID:
        because = (
            "The check found no certificate that hybrid mail could use: mostly the intended one lacks SMTP among its "
        )
        because += "services."
        return Finding(Belief.POSSIBLE, because, (said,), _steps(""), weight=1.4)
    because = "The certificate chosen for secure mail is installed, but SMTP is not among its services."
    return Finding(Belief.CONFIRMED, because, (said,), _steps(""))


def _of_installation(probe: TlsProbe, installed: tuple[InstalledCertificate, ...], *, missed: bool) -> Finding | None:
    """Port 25 shows the self-made certificate, and mail is missed: a public one is not enabled there, if there is one."""
    served = any(each.for_smtp and not is_server_name(common_name(each.subject)) for each in installed)
    if served or not missed or not of_installation(probe):
        return None
    because = f"{probe.host} shows the certificate of `{common_name(probe.subject)}`, as Exchange makes one at its installation: "
    because += "a public one that was installed, and not enabled for SMTP, leaves that in place."
    return Finding(Belief.POSSIBLE, because, (probe,), _steps(""), weight=1.4)


def _unserved(failed: TlsFailed, unserved: InstalledCertificate) -> Finding:
    """Which certificate was offered isn't told; of those that are listed, the one with a name for outside lacks SMTP."""
    services = ", ".join(unserved.services or ()) or "none"
    because = f"{session_of(failed)}. {unserved.thumbprint or unserved.subject}, the only one listed with a name for outside, "
    because += f"has the services {services}, without SMTP: if it is the one that was offered, that is why."
    return Finding(Belief.LIKELY, because, (failed, unserved), _steps(unserved.thumbprint), weight=1.3)


def _told(told: Told) -> Finding | None:
    """What a person tells, with nothing pasted, makes it possible at most."""
    if told.story != "unreachable-since-the-new-certificate":
        return None
    because = "A new certificate that SMTP is not enabled for is not offered: outside, STARTTLS is missing or shows "
    because += "another one since then."
    return Finding(Belief.POSSIBLE, because, (told,), _steps(""), "on-prem", weight=1.6)


def _of_target(said: Said, queue: QueueState, installed: tuple[InstalledCertificate, ...]) -> Finding | None:
    """Servers of one organization encrypt between each other: the one that is reached needs a certificate for SMTP."""
    to = queue.next_hop or "the other server"
    told = [each for each in installed if each.for_smtp is not None]
    look_there = (steps.of_target(), *_steps(told[0].thumbprint if told else ""))
    if told and not any(each.for_smtp for each in told):
        because = f"The session with {to} opens and comes to nothing, and of the certificates that are listed none is "
        because += "enabled for SMTP: a server that has none can't offer the encryption that Exchange wants between its servers."
        return Finding(Belief.LIKELY, because, (said, *told), look_there, weight=1.8)
    if told:
        return None
    because = (
        f"The session with {to} opens and comes to nothing; so it does when no certificate there is enabled for SMTP."
    )
    return Finding(Belief.POSSIBLE, because, (said, queue), look_there, weight=1.1)


def _renewed(new: InstalledCertificate, installed: tuple[InstalledCertificate, ...]) -> Finding | None:
    succession = successor(new, installed)
    if succession is None:
        return None
    old = succession.old
    services = ", ".join(new.services or ()) or "none"
    because = f"{new.thumbprint or 'The new certificate'} has the services {services}, without SMTP, which "
    because += f"{old.thumbprint or 'the old one'} of the same subject {'had' if succession.replaced else 'has'}."
    steps = _steps(new.thumbprint)
    if succession.sure:
        return Finding(Belief.LIKELY, because, (new, old), steps, weight=1.2)
    return Finding(
        Belief.POSSIBLE, f"{because} If it is the renewed one, it lacks SMTP.", (new, old), steps, weight=1.2
    )


def _steps(thumbprint: str) -> tuple[Step, ...]:
    return (
        look(
            "Look at the services of the certificate that the log names.",
            "Get-ExchangeCertificate -Thumbprint {thumbprint} | Format-List "
            "Services,Status,NotAfter,HasPrivateKey,Subject",
            thumbprint=thumbprint,
        ),
        steps.enable_for_smtp(thumbprint),
        steps.restart_transport(),
        steps.retry_queues(),
    )
