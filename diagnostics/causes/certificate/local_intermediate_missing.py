"""Our server sends its certificate without the issuing one.

## What is happening
The intermediate authority is not in the machine's store, so the handshake carries the server's own certificate alone.
Exchange Online doesn't fetch missing issuers: it reports `UntrustedRoot`, or, when our server is the sender, can't
attribute the session to the tenant (`5.7.64 TenantAttribution`). It typically begins with a renewal under a new
intermediate.

## What proves it
- `openssl s_client -showcerts` toward our server lists one certificate, and ends with error 20 or 21
- Schannel 36887 with alert 48: the peer does not know the authority behind our certificate

## Not this when
- the whole chain is sent
- the issuer is a private authority (`certificate.local.untrusted-issuer`)
- the server that was probed belongs to somebody else (`certificate.remote.chain-incomplete`)

## References
- https://learn.microsoft.com/en-us/troubleshoot/exchange/email-delivery/ndr/fix-error-code-450-4-4-317-untrusted-root
- https://learn.microsoft.com/en-us/troubleshoot/exchange/email-delivery/ndr/tenantattribution-ndr
"""

from __future__ import annotations

from collections.abc import Sequence

from msgspec.structs import replace

from diagnostics.cause import Belief, Finding, cause, shown
from diagnostics.causes.certificate import steps
from diagnostics.causes.certificate.chain_event import doubted_chain
from diagnostics.causes.certificate.names import is_self_signed, of_directory
from diagnostics.causes.certificate.probe import (
    VALID,
    Case,
    cut_short,
    latest,
    leaf_only,
    owner_of,
    private,
    raised,
    validated,
)
from diagnostics.causes.certificate.refusal import Refusal, refusal_of, refusals_of
from diagnostics.causes.stories import told_as
from diagnostics.facts import Certificate, CertificateRejected, InstalledCertificate, Reply, WindowsEvent
from diagnostics.looked_facts import TlsProbe
from diagnostics.mail_facts import Configured, Told
from diagnostics.report import Step

_UNKNOWN_AUTHORITY = 48  # TLS alert unknown_ca
_ALONE = (
    "Since the new certificate some trust the server and others don't, as you tell it: it sends its own certificate alone, "
    "and only who has its issuer from elsewhere, as browsers do, can build the chain."
)
_UNATTRIBUTED = "5.7.64"  # Exchange Online can't tell whose server sent


@cause(id="certificate.local.intermediate-missing", act="on-prem")
def assess(
    anchor: CertificateRejected | TlsProbe | WindowsEvent | Told,
    probe: TlsProbe | None,
    installed: tuple[InstalledCertificate, ...],
    shown: tuple[Certificate, ...],
    rejected: tuple[CertificateRejected, ...],
    replies: tuple[Reply, ...],
    settings: tuple[Configured, ...],
) -> Finding | None:
    """The handshake decides: `probe` shows how many certificates were sent, the rest of the case whose server it is."""
    if isinstance(anchor, Told):
        return told_as("chain-of-one", anchor, _ALONE, _steps(""), weight=1.5)
    refusals = [r for r in refusals_of(rejected, replies) if r.reason == "untrusted" and r.owner != "theirs"]
    if isinstance(anchor, TlsProbe):
        if not leaf_only(anchor):
            return None
        owner = owner_of(anchor, installed, shown, refusals_of(rejected, replies))
        tenant = next((r for r in replies if r.enhanced == _UNATTRIBUTED), None)
        file = next((each for each in settings if each.kind == "certificate-file"), None)
        return _from_probe(anchor, owner, refusals, tenant, file)
    if isinstance(anchor, WindowsEvent):
        return _from_event(anchor) or _judged(anchor, next((r for r in replies if r.enhanced == _UNATTRIBUTED), None))
    refusal = refusal_of(anchor, replies, settings)
    if refusal is None or refusal.reason != "untrusted" or refusal.owner == "theirs" or refusal.provider:
        return None
    if refusal.of_no_issuer:
        because = f"The certificate that {refusal.where} shows is self-signed: no issuing certificate belongs to it."
        return Finding(Belief.RULED_OUT, because, (anchor,))
    if refusal.rooted:
        because = f"The chain of {_whose(refusal)} was shown whole: it ends in a root that the peer does not trust."
        return Finding(Belief.RULED_OUT, because, (anchor,))
    if probe and probe.chain > 1 and probe.verify == 0:
        return Finding(Belief.RULED_OUT, f"The server sends {probe.chain} certificates, and they validate.", (probe,))
    if probe and (leaf_only(probe) or private(probe)):
        return None  # asked about the handshake itself; above a private authority there is nothing public to send
    because = (
        f"The peer did not trust the chain that {_whose(refusal)} sent; one without the issuing certificate is "
        "refused so."
    )
    weight = 1.3 if refusal.owner == "target" else 1.2
    return Finding(Belief.POSSIBLE, because, (anchor,), _steps(refusal.host), weight=weight)


@shown
def chains(
    seen: tuple[TlsProbe | InstalledCertificate, ...],
    rejected: tuple[CertificateRejected, ...],
    replies: tuple[Reply, ...],
    settings: tuple[Configured, ...],
) -> Finding | None:
    """How many certificates the server sends, and whether it can build the chain of its public one itself."""
    installed = tuple(each for each in seen if isinstance(each, InstalledCertificate))
    probes = latest(each for each in seen if isinstance(each, TlsProbe))
    case = Case(installed, rejected, replies, settings)
    alone = next(filter(cut_short, probes), None)
    if alone:
        found = raised(case, alone, "ours", f"{_sends_one(alone)}, so a peer that fetches none can't trust it.")
        return replace(found, steps=_steps(alone.host)) if found else None
    unbuilt = next((each for each in installed if _unbuilt(each)), None)
    if unbuilt and not any(each.verify == VALID for each in probes):
        because = (
            f"This server can't build the chain of {unbuilt.subject} (`{unbuilt.status}`): its store lacks the issuer "
        )
        because += f"`{unbuilt.issuer}`, and what it lacks it can't send."
        return Finding(Belief.LIKELY, because, (unbuilt,), _steps(""))
    return validated(each for each in probes if case.owner(each) != "theirs")


def _unbuilt(certificate: InstalledCertificate) -> bool:
    """Whether Exchange finds no chain for a certificate that an authority made: another state tells of a root, a date, a list."""
    made_here = is_self_signed(certificate) or bool(of_directory(certificate.issuer))
    keyed = certificate.has_private_key is not False  # without its key it is as invalid
    return certificate.status.lower() == "invalid" and certificate.for_smtp is not False and keyed and not made_here


def _whose(refusal: Refusal) -> str:
    return refusal.where if refusal.owner == "target" else "this server"


def _from_probe(
    probe: TlsProbe, owner: str, refusals: Sequence[Refusal], tenant: Reply | None, file: Configured | None
) -> Finding | None:
    if owner == "theirs":
        return None
    because = _sends_one(probe)
    proof = (probe, *(each.fact for each in refusals), tenant)
    if owner == "ours":
        belief = Belief.CONFIRMED if refusals else Belief.LIKELY
        return Finding(belief, f"{because}, so a peer that fetches none can't trust it.", proof, _steps(probe.host))
    if tenant:
        because += ", and Exchange Online can't attribute the session"
        return Finding(Belief.LIKELY, f"{because}.", proof, _steps(probe.host))
    if file and owner == "target":
        because += (
            f"; where it reads its certificate from (`{file.name}`), the intermediate certificates have to stand "
        )
        because += "behind it, as in a fullchain file."
        return Finding(Belief.LIKELY, because, (*proof, file), _steps(probe.host), weight=1.5)
    return Finding(
        Belief.POSSIBLE,
        f"{because}. If that server is yours, mend it here.",
        proof,
        _steps(probe.host),
        weight=1.5,
    )


def _sends_one(probe: TlsProbe) -> str:
    return f"{probe.host or probe.subject or 'The server'} sends one certificate and not its issuer ({probe.issuer or 'unnamed'})"


def _from_event(event: WindowsEvent) -> Finding | None:
    if event.event != 36887 or event.alert != _UNKNOWN_AUTHORITY or "schannel" not in event.provider.lower():
        return None
    because = "Schannel 36887 with alert 48: a peer does not know the authority behind this server's certificate."
    return Finding(Belief.POSSIBLE, because, (event,), _steps(""), weight=1.3)


def _judged(event: WindowsEvent, tenant: Reply | None) -> Finding | None:
    told = doubted_chain(event)
    if not told:
        return None
    because = f"{told}; where the issuing certificate is not in the machine's store, it isn't sent along either"
    because += ", and Exchange Online can't attribute the session." if tenant else "."
    return Finding(Belief.POSSIBLE, because, (event, tenant), _steps(""), weight=1.9 if tenant else 1.4)


def _steps(host: str) -> tuple[Step, ...]:
    return (
        steps.show_chain(host, "Count the certificates that the server sends, from outside the network."),
        steps.list_installed(),
        steps.import_issuers(),
        steps.restart_transport(),
        steps.retry_queues(),
    )
