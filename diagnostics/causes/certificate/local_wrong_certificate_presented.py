"""Our server presents the wrong certificate to Exchange Online, mostly its self-signed one.

## What is happening
Exchange Online delivers to the on-premises server and expects a certificate with the connector's TlsDomain. The
Receive connector that answers shows another one, mostly the self-signed `CN=SERVERNAME` of the installation, since
its `TlsCertificateName` is empty or the wrong connector matched. Exchange Online breaks off and keeps the mail; the
server's own logs show no error.

With several servers behind one name only the wrongly configured ones fail: a part of the mail comes through.

## What proves it
- `SubjectMismatch … Presented Subject: CN=SERVERNAME`, or the presented thumbprint on a local server
- a Receive connector without TlsCertificateName takes Exchange Online's addresses on port 25, before the one that has it
- an application refuses a self-signed certificate (OpenSSL's error 18) of the Exchange server that it sends through
- a client's alert `unknown ca` in the server's log, and a certificate that no public authority issued
- the receive log shows, for a session of Exchange Online, a certificate whose subject equals its issuer

## Not this when
- the presented subject is the intended public certificate: then the connector in Exchange Online expects the wrong
  name (`connector.exo-outbound.tlsdomain-mismatch`)
- the presented certificate is on none of the servers: something in between answers
  (`network.middlebox.tls-interception`)

## References
- https://techcommunity.microsoft.com/blog/exchange/tls-certificates-in-exchange-hybrid---common-issues--how-to-fix-them/4420592
- https://learn.microsoft.com/en-us/archive/blogs/exchangechallengeaccepted/mail-not-routing-to-on-premise-exchange-2013-environment-from-o365-with-450-4-7-320-certificate-validation-failed-error
- https://xostmoen.wordpress.com/2017/11/08/450-4-7-320-certificate-validation-failed/
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from diagnostics.cause import Belief, Finding, cause, look, shown
from diagnostics.causes.certificate import steps
from diagnostics.causes.certificate.names import (
    common_name,
    is_inner_name,
    is_self_signed,
    is_server_name,
)
from diagnostics.causes.certificate.probe import of_installation, private
from diagnostics.causes.certificate.refusal import (
    BY_ALERT,
    Refusal,
    missing_here,
    own_exchange,
    refusal_of,
    refusals_of,
)
from diagnostics.causes.connector.settings import (
    OF_EXCHANGE_ONLINE,
    RECEIVE,
    answering,
    covers_one,
    is_bound,
    label,
    of_kind,
    takes_outside,
)
from diagnostics.causes.network.devices import device
from diagnostics.causes.network.reach import kind_of
from diagnostics.causes.reader import complained
from diagnostics.facts import Certificate, CertificateRejected, InstalledCertificate, Reply, Session, Stage
from diagnostics.looked_facts import TlsProbe
from diagnostics.mail_facts import CommandError, Configured
from diagnostics.report import Step

_ANY_ADDRESS: Final = "0.0.0.0:25"


@cause(id="certificate.local.wrong-certificate-presented", act="on-prem")
def assess(
    anchor: CertificateRejected | Session | TlsProbe,
    listed: InstalledCertificate | None,
    sessions: tuple[Session, ...],
    rejected: tuple[CertificateRejected, ...],
    replies: tuple[Reply, ...],
    probe: TlsProbe | None,
    settings: tuple[Configured, ...],
    errors: tuple[CommandError, ...],
) -> Finding | None:
    """What Exchange Online says it was shown, and what our receive log says we sent. `listed` is what to ask for."""
    complaints = [r for r in refusals_of(rejected, replies) if r.reason == "name" and r.owner == "target"]
    if isinstance(anchor, Session):
        return _from_log(anchor, complaints)
    if isinstance(anchor, TlsProbe):
        return _of_installation(anchor, complained(replies, settings))
    refusal = refusal_of(anchor, replies, settings)
    if refusal and refusal.of_no_issuer and refusal.reason == "untrusted" and not refusal.provider:
        return _self_made(refusal, own_exchange(settings), sessions)
    if refusal and refusal.owner == "ours" and anchor.reason in BY_ALERT:
        return _unknown_to_client(anchor, probe, sessions)
    if refusal and refusal.reason == "expired" and refusal.owner == "target" and refusal.by_cloud:
        return _outlived(refusal, listed, missing_here(anchor, errors), sessions)
    if refusal is None or refusal.reason != "name" or refusal.owner != "target":
        return None
    return _from_words(refusal, _proof(refusal, listed, sessions), _steps(refusal, sessions))


@shown
def connectors(
    seen: tuple[Configured | InstalledCertificate, ...],
    rejected: tuple[CertificateRejected, ...],
    probes: tuple[TlsProbe, ...],
) -> Finding | None:
    """Which Receive connector answers Exchange Online, and whether what it showed is a certificate of this server."""
    refused = [each for each in rejected if each.whose != "remote"]
    met = _answers([each for each in seen if isinstance(each, Configured)], refused)
    if met:
        because = f"{label(met[0])} takes port 25 for Exchange Online's addresses and names no certificate"
        because += f", while {label(met[1])} names `{met[1].get('TlsCertificateName')}`" if met[1] else ""
        because += ": whom it answers sees the server's own certificate."
        return Finding(Belief.LIKELY, because, met, _steps(None, (), met[0].name))
    known = [each for each in seen if isinstance(each, InstalledCertificate) and each.for_smtp]
    names = [common_name(each.presented) for each in refused if each.presented]
    names += [common_name(each.subject) for each in probes]
    own = next((each for each in known if _is_own(each) and common_name(each.subject) in names), None)
    public = next((each for each in known if not _is_own(each)), None)
    if own is None or public is None:
        return None
    because = f"What was shown, {own.subject}, is this server's own certificate ({own.thumbprint or own.not_after}); the one for "
    because += f"outside, {public.subject}, is there, and another connector or server than is meant to showed its own."
    return Finding(Belief.LIKELY, because, (own, public), _steps(None, ()))


def _answers(
    objects: Sequence[Configured], refused: Sequence[CertificateRejected]
) -> tuple[Configured, Configured | None] | None:
    """The connector that Exchange Online meets, where it names no certificate, and one that does."""
    told = [
        each
        for each in of_kind(RECEIVE, objects)
        if each.told("TlsCertificateName") and each.flag("Enabled") is not False
    ]
    port25 = [each for each in told if is_bound(each, 25) and covers_one(each, OF_EXCHANGE_ONLINE)]
    right = next((each for each in port25 if each.get("TlsCertificateName")), None)
    bare = [each for each in port25 if not each.get("TlsCertificateName")]
    if right:
        # An address of its own in Bindings comes before the narrowness of the range.
        ahead = (
            each
            for each in bare
            if answering(OF_EXCHANGE_ONLINE, (right, each)) is each or _on_one_address(each, right)
        )
        found = next(ahead, None)
        return (found, right) if found else None
    wanted = {each.expected.lower() for each in refused if each.reason == "SubjectMismatch"}
    lone = [each for each in bare if takes_outside(each) and each.get("Fqdn").lower() not in wanted]
    return (lone[0], None) if wanted and lone and len(lone) == len(bare) else None


def _on_one_address(each: Configured, other: Configured) -> bool:
    return _ANY_ADDRESS not in each.get("Bindings") and _ANY_ADDRESS in other.get("Bindings")


def _of_installation(probe: TlsProbe, missed: bool) -> Finding | None:
    """A handshake that shows a machine's own name, where somebody misses mail: others deliver all the same."""
    if not missed or not of_installation(probe):
        return None
    because = f"{probe.host} shows the certificate of `{common_name(probe.subject)}`, as Exchange makes one at its installation: "
    because += (
        "who checks names or issuers does not take that. The connector that answers names no public one, or another "
    )
    because += "connector answers than is meant to."
    return Finding(Belief.POSSIBLE, because, (probe,), _steps(None, ()), weight=1.3)


def _outlived(
    refusal: Refusal, listed: InstalledCertificate | None, missing: CommandError | None, sessions: Sequence[Session]
) -> Finding | None:
    """An expired certificate may be the one before the renewal, which a connector, or another server, still shows."""
    if not (refusal.expected or refusal.presented) or (listed and listed.thumbprint == refusal.thumbprint):
        return None
    because = f"{refusal.where} showed {refusal.seer} an expired certificate"
    if missing:
        because += ", which the server that was asked does not have: another server of yours behind that name may still show it."
    else:
        because += "; if it was renewed, the Receive connector that answers still shows the old one."
    steps = _steps(refusal, sessions)
    return Finding(Belief.POSSIBLE, because, (refusal.fact, missing), steps, weight=1.3 if missing else 1.0)


def _unknown_to_client(anchor: CertificateRejected, probe: TlsProbe | None, sessions: Sequence[Session]) -> Finding:
    """A client's alert: it may have been shown the self-made certificate of the installation in place of the public one."""
    shown = probe if probe and private(probe) else None
    because = (
        "A client ended the handshake with the alert unknown_ca: it does not know who issued this server's certificate"
    )
    if shown:
        because += f". That is `{shown.issuer}`, no public authority; if there is a public certificate, it shows the wrong one."
    else:
        because += ", as where the self-signed one of the installation is shown instead of the public one."
    return Finding(Belief.POSSIBLE, because, (anchor, shown), _steps(None, sessions), weight=1.5 if shown else 1.1)


def _self_made(refusal: Refusal, own: Configured | None, sessions: Sequence[Session]) -> Finding:
    """An application was shown a certificate that signed itself, as Exchange makes one for itself at its installation."""
    because = f"{refusal.where[0].upper()}{refusal.where[1:]} showed an application a self-signed certificate"
    steps = _steps(None, sessions)
    if own:
        because += ", and that is your own Exchange server, as you say: the one of its installation answers there, and not one "
        because += "of an authority that the application trusts."
        return Finding(Belief.LIKELY, because, (refusal.fact, own), steps, weight=1.4)
    because += (
        "; if that is your Exchange server, the one of its installation answers there in place of the public one."
    )
    return Finding(Belief.POSSIBLE, because, (refusal.fact,), steps, weight=1.2)


def _from_words(refusal: Refusal, proof: Certificate | InstalledCertificate | None, cure: tuple[Step, ...]) -> Finding:
    """`proof` is the presented certificate as found on our side: it settles whose it is and of what kind."""
    expected = f", not {refusal.expected}" if refusal.expected else ""
    because = f"{refusal.where} showed {refusal.seer} {_shown(refusal)}{expected}"
    if proof is not None and _is_own(proof):
        because += f"; that certificate is on this server ({proof.subject or proof.thumbprint})."
        return Finding(Belief.CONFIRMED, because, (refusal.fact, proof), cure)
    if proof is not None:
        because = f"The certificate shown, {proof.thumbprint}, is the public one of this server."
        return Finding(Belief.RULED_OUT, because, (proof, refusal.fact))
    if device(refusal.presented):
        because = f"The certificate shown (`{refusal.presented}`) is a security device's, not a server's."
        return Finding(Belief.RULED_OUT, because, (refusal.fact,))
    name = common_name(refusal.presented)
    if is_server_name(name):
        because += ": the self-signed or internal certificate of a server."
        return Finding(Belief.LIKELY, because, (refusal.fact,), cure, weight=1.5)
    if is_inner_name(name, refusal.expected):
        because += ": a name from inside, as a server's own certificate has it."
        return Finding(Belief.POSSIBLE, because, (refusal.fact,), cure, weight=1.7)
    if name:
        because = f"{refusal.where} showed a public name, `{name}`, and {refusal.seer} expects another one."
        return Finding(Belief.POSSIBLE, because, (refusal.fact,), cure, weight=0.8)
    because += "; which one it showed is not told."
    return Finding(Belief.POSSIBLE, because, (refusal.fact,), cure, weight=1.6)


def _shown(refusal: Refusal) -> str:
    return f"`{refusal.presented}`" if refusal.presented else "a certificate without the expected name"


def _proof(
    refusal: Refusal, listed: InstalledCertificate | None, sessions: Sequence[Session]
) -> Certificate | InstalledCertificate | None:
    """The very certificate, found on our side by its thumbprint: in the list, or in a receive log."""
    held: list[Certificate | InstalledCertificate] = [listed] if listed else []
    held += [s.local for s in sessions if s.direction == "receive" and s.local]
    return next((each for each in held if refusal.thumbprint and each.thumbprint == refusal.thumbprint), None)


def _is_own(certificate: Certificate | InstalledCertificate) -> bool:
    """Whether it is one that only the own organisation trusts."""
    return is_self_signed(certificate) or is_server_name(common_name(certificate.subject))


def _from_log(session: Session, complaints: Sequence[Refusal]) -> Finding | None:
    """A self-signed certificate toward the outside. Inside the organisation it is what servers use."""
    mine, peer = session.local, kind_of(session.remote_ip)
    if session.direction != "receive" or mine is None or peer == "internal" or session.stage >= Stage.MAIL:
        return None
    if not is_self_signed(mine) or not is_server_name(common_name(mine.subject)):
        return None
    connector, peer_ip = session.connector or "The Receive connector", session.remote_ip or "the peer"
    where = f"`{connector}` sent {peer_ip} the self-signed `{mine.subject}`"
    step = _steps(None, (session,))
    if complaints:
        because = f"{where}, and Exchange Online answers SubjectMismatch."
        return Finding(Belief.CONFIRMED, because, (session, mine, complaints[0].fact), step)
    if peer == "exchange-online":
        because = f"{where}: Exchange Online expects the public name."
        return Finding(Belief.LIKELY, because, (mine, session), step, weight=1.5)
    because = f"{where}. A peer that validates certificates, as Exchange Online does in a hybrid, refuses it."
    return Finding(Belief.POSSIBLE, because, (mine,), step, weight=1.5) if session.stage < Stage.SECURED else None


def _steps(refusal: Refusal | None, sessions: Sequence[Session], met: str = "") -> tuple[Step, ...]:
    connector = met or next((s.connector for s in reversed(sessions) if s.direction == "receive" and s.connector), "")
    return (
        steps.compare_receive_connectors(),
        look(
            "Find out which connector showed the certificate, on every server that receives from Exchange Online.",
            "Get-ChildItem (Join-Path $env:ExchangeInstallPath "
            "'TransportRoles\\Logs\\FrontEnd\\ProtocolLog\\SmtpReceive') | "
            "Select-String -Pattern {thumbprint} | Select-Object -First 5 -ExpandProperty Line",
            thumbprint=refusal.thumbprint if refusal else "",
        ),
        steps.name_on_receive_connector(connector),
        steps.restart_frontend(),
        look(
            "Then validate the connector from Exchange Online.",
            "Get-OutboundConnector | Where-Object {{ $_.ConnectorType -eq 'OnPremises' }} | "
            "ForEach-Object {{ Validate-OutboundConnector -Identity $_.Identity -Recipients {recipient} }}",
            "exchange-online-powershell",
            recipient="",
        ),
    )
