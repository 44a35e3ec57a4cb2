"""Only some of the servers carry the hybrid certificate and connector settings.

## What is happening
Several servers stand behind one name, or are listed as sources of one Send connector, and one of them lacks the hybrid
certificate or the `TlsCertificateName` on its connector. Exchange Online meets now one, now the other: a part of the
messages passes and the rest waits with a certificate error, and a retry often mends it.

## What proves it
- the front-end connectors of the servers differ in TlsCertificateName or TlsDomainCapabilities
- the share of failures matches the share of servers

## Not this when
- all servers have the same settings, or every attempt fails: then it is the certificate of all of them
  (`certificate.local.wrong-certificate-presented`, `certificate.local.tlscertificatename-not-found`)

## References
- https://xostmoen.wordpress.com/2017/11/08/450-4-7-320-certificate-validation-failed/
- https://techcommunity.microsoft.com/blog/exchange/tls-certificates-in-exchange-hybrid---common-issues--how-to-fix-them/4420592
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from diagnostics.cause import Belief, Finding, cause, look, shown
from diagnostics.causes.certificate import steps
from diagnostics.causes.certificate.refusal import Refusal, refusal_of
from diagnostics.causes.connector.settings import RECEIVE, label, of_kind
from diagnostics.facts import CertificateRejected, QueueState, Reply, Said
from diagnostics.mail_facts import Configured
from diagnostics.report import Step

_UNEXPLAINED = "4.7.320 Certificate validation failed"  # Exchange Online's, where it leaves the reason out
_PROPERTIES = ("TlsCertificateName", "TlsDomainCapabilities")
_CLOUD: Final = (".mail.onmicrosoft.com", ".mail.protection.outlook.com")


@cause(id="hybrid.hcw.partial-servers-configured", act="on-prem", says=(_UNEXPLAINED,))
def assess(
    rejected: CertificateRejected | Said | QueueState,
    objects: tuple[Configured, ...],
    replies: tuple[Reply, ...],
    queues: tuple[QueueState, ...],
) -> Finding | None:
    """The connectors of two servers side by side settle it; one server's alone can't."""
    if isinstance(rejected, QueueState):
        return None if any(each.failing for each in replies) else _one_waits(rejected, queues)
    front = _front_ends(objects)
    if isinstance(rejected, Said):
        return _differing(rejected, front, Belief.LIKELY)
    refusal = refusal_of(rejected, replies)
    if (
        refusal is None
        or refusal.reason not in ("name", "untrusted")
        or refusal.owner != "target"
        or not refusal.by_cloud
    ):
        return None
    if len({_server(each) for each in front}) < 2:
        return _unknown(refusal)
    found = _differing(rejected, front, Belief.CONFIRMED)
    if found is None:
        because = f"{len(front)} servers have the same {_PROPERTIES[0]} on their front-end connectors."
        return Finding(Belief.RULED_OUT, because, tuple(front))
    return found


def _one_waits(queue: QueueState, queues: Sequence[QueueState]) -> Finding | None:
    """One server's queue to the cloud waits, and another's to the very same next hop does not: the servers differ."""
    if queue.status.lower() != "retry" or not queue.messages or not queue.next_hop.lower().endswith(_CLOUD):
        return None
    ours = _of_server(queue)
    other = next(
        (
            each
            for each in queues
            if each.next_hop.lower() == queue.next_hop.lower()
            and each.status.lower() in ("ready", "active")
            and ours != _of_server(each) != ""
        ),
        None,
    )
    if other is None or not ours:
        return None
    because = (
        f"{queue.identity} waits in Retry, and {other.identity}, to the same {queue.next_hop}, does not: one of the "
        "servers may lack the hybrid certificate, or another way out."
    )
    return Finding(Belief.POSSIBLE, because, (queue, other), _steps(""), weight=1.6)


def _of_server(queue: QueueState) -> str:
    server, parted, _ = queue.identity.lower().partition("\\")
    return server if parted else ""


@shown
def connectors(objects: tuple[Configured, ...]) -> Finding | None:
    """What differs among the servers. That all are alike doesn't clear them: one may lack the certificate itself."""
    found = _differing(None, _front_ends(objects), Belief.LIKELY)
    return found if found and found.belief is Belief.LIKELY else None


def _differing(
    refused: CertificateRejected | Said | None, front: Sequence[Configured], belief: Belief
) -> Finding | None:
    """What one server has on its front-end connector, and another has not; `belief` is what another certificate is worth."""
    name = next((each for each in _PROPERTIES if len({_value(one, each) for one in front if one.told(each)}) > 1), "")
    if not name or len({_server(each) for each in front}) < 2:
        return None
    bare = next((each for each in front if not _value(each, name)), front[-1])
    full = next((each for each in front if _value(each, name) and each is not bare), front[0])
    because = f"{name} is set on {label(full)} and "
    because += f"not on {label(bare)}" if not _value(bare, name) else f"differs on {label(bare)}"
    because += ": what reaches that server is refused, what reaches the other passes."
    proof = (full, bare, refused)
    if name != _PROPERTIES[0]:  # says what Exchange Online may do, not which certificate it is shown
        return Finding(Belief.POSSIBLE, because, proof, _steps(bare.name), weight=1.7)
    return Finding(belief, because, proof, _steps(bare.name))


def _unknown(refusal: Refusal) -> Finding | None:
    if refusal.reason != "name" or refusal.presented:
        return None
    because = (
        f"If only a part of the mail to {refusal.where} fails, one of several servers lacks the hybrid certificate."
    )
    return Finding(Belief.POSSIBLE, because, (refusal.fact,), _steps(""), weight=0.9)


def _front_ends(objects: Iterable[Configured]) -> Sequence[Configured]:
    """The connectors for mail from outside whose TLS settings were sent."""
    known = [each for each in of_kind(RECEIVE, objects) if any(each.told(name) for name in _PROPERTIES)]
    return [each for each in known if "default frontend" in each.name.lower()]


def _server(entry: Configured) -> str:
    return (entry.get("Server") or entry.name.partition("\\")[0]).lower()


def _value(entry: Configured, name: str) -> str:
    return "".join(entry.get(name).lower().split()).strip("{}")


def _steps(connector: str) -> tuple[Step, ...]:
    return (
        look(
            "Compare the front-end connectors of all servers; each has to show the same certificate and capabilities.",
            "Get-ReceiveConnector | Where-Object {{ $_.TransportRole -eq 'FrontendTransport' }} | "
            "Format-List Identity,Bindings,TlsCertificateName,TlsDomainCapabilities",
        ),
        look(
            "Check that every server has the certificate, with its key and enabled for SMTP.",
            "Get-ExchangeServer | ForEach-Object {{ Get-ExchangeCertificate -Server $_.Name }} | "
            "Format-List Identity,Thumbprint,Subject,Services,HasPrivateKey,NotAfter",
        ),
        steps.name_on_receive_connector(connector),
        steps.restart_frontend(),
    )
