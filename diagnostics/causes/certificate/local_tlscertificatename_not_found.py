"""The Send connector names a certificate that the sending server does not have.

## What is happening
`TlsCertificateName` holds an issuer and a subject, `<I>issuer<S>subject`, compared letter by letter with the
certificates of the machine store. After a renewal under another issuing authority, or with another subject, nothing
matches any more, and mail of this connector waits with `454 4.7.5 The certificate specified in TlsCertificateName of
the SendConnector could not be found`. With several source servers it is enough that one of them lacks the
certificate.

## What proves it
- the reply above
- the issuer and subject on the connector equal those of no installed certificate

## Not this when
- TlsCertificateName of the Send connector is empty
- exactly this issuer and subject are installed on every source server, valid and with a key
- two copies match and the wrong one is taken (`tls.certificate.stale-duplicate-selected`)

## References
- https://techcommunity.microsoft.com/blog/exchange/tls-certificates-in-exchange-hybrid---common-issues--how-to-fix-them/4420592
- https://learn.microsoft.com/en-us/powershell/module/exchangepowershell/set-sendconnector
"""

from __future__ import annotations

from collections.abc import Sequence

from diagnostics.cause import Belief, Finding, cause, shown
from diagnostics.causes.certificate import steps
from diagnostics.causes.certificate.event12014 import is_send_connector, unmatched
from diagnostics.causes.certificate.names import holders, is_list, is_self_signed, issuer_and_subject
from diagnostics.causes.tls import unavailable
from diagnostics.causes.tls.credential import same_name, usable
from diagnostics.facts import InstalledCertificate, Reply, Said, SendConnector, Session, WindowsEvent
from diagnostics.mail_facts import Told
from diagnostics.report import Step


@cause(
    id="certificate.local.tlscertificatename-not-found",
    act="on-prem",
    says=(
        "The certificate specified in TlsCertificateName",
        "TlsCertificateName of the SendConnector could not be found",
        *unavailable.IN_ITS_LOG,
    ),
)
def assess(
    anchor: Said | SendConnector | WindowsEvent | Told,
    connector: SendConnector | None,
    listed: InstalledCertificate | None,
    installed: tuple[InstalledCertificate, ...],
    connectors: tuple[SendConnector, ...],
    sessions: tuple[Session, ...],
) -> Finding | None:
    """Exchange says it in words; else the connector's pair is compared with the list. `listed` is what to ask for."""
    if isinstance(anchor, Told):
        return _told(anchor)
    if isinstance(anchor, Said) and anchor.signature in unavailable.IN_ITS_LOG:
        return _no_file(anchor)
    if isinstance(anchor, WindowsEvent):
        return _from_event(anchor, connectors, sessions)
    held = connector if isinstance(anchor, Said) else anchor
    pair = issuer_and_subject(held.tls_certificate_name or "") if held else None
    found = holders(pair, installed) if pair else []
    name = f"`{held.connector}`" if held and held.connector else "The Send connector"
    where = _steps(held.connector if held else "", _successor(pair, installed))
    if isinstance(anchor, Said):
        because = f"{name} names a certificate that the sending server can't find"
        if found:
            because += f"; this list has it ({found[0].thumbprint}), so another source server lacks it."
            return Finding(Belief.LIKELY, because, (anchor, held, found[0]), where)
        return Finding(Belief.CONFIRMED, f"{because}{_named(pair)}.", (anchor, held, listed), where)
    if held and held.certificate_found is False and pair:
        because = f"{name} names issuer `{pair[0]}` with subject `{pair[1]}`, and HealthChecker finds no such certificate on the "
        because += "server."
        return Finding(Belief.LIKELY, because, (held, *_alike(pair, installed)), where, weight=1.5)
    if not pair or not _complete(installed):
        return None
    if found:
        because = f"{name} names issuer and subject of {found[0].thumbprint or found[0].subject}, which is installed."
        return Finding(Belief.RULED_OUT, because, (held, found[0]))
    because = f"{name} names issuer `{pair[0]}` with subject `{pair[1]}`, and no listed certificate has both."
    return Finding(Belief.LIKELY, because, (anchor, *_alike(pair, installed)), where, weight=1.5)


@shown
def listed_connectors(
    connectors: tuple[SendConnector, ...], installed: tuple[InstalledCertificate, ...], replies: tuple[Reply, ...]
) -> Finding | None:
    """The names on the Send connectors that were listed, beside the certificates of the server."""
    told = [each for each in connectors if each.tls_certificate_name is not None and each.enabled is not False]
    pairs = [(each, issuer_and_subject(each.tls_certificate_name or "")) for each in told]
    lost = next((each for each, pair in pairs if pair and is_list(installed) and not holders(pair, installed)), None)
    if lost:
        pair = issuer_and_subject(lost.tls_certificate_name or "")
        because = f"`{lost.connector or 'The Send connector'}` names a certificate{_named(pair)}, and none of the "
        because += f"{len(installed)} certificates that were listed has both."
        where = _steps(lost.connector, _successor(pair, installed))
        return Finding(Belief.CONFIRMED, because, (lost, *_alike(pair, installed)), where)
    # Where Exchange says that it is not found, another source server than the one that was listed may lack it.
    missed = any("TlsCertificateName" in each.whole for each in replies)
    if not told or missed or not all(holders(pair, installed) for _, pair in pairs if pair):
        return None
    held = next((each for each, pair in pairs if pair), None)
    because = "The Send connector names no certificate: its TlsCertificateName is empty."
    if held:
        because = f"`{held.connector}` names issuer and subject of a certificate that is installed."
    return Finding(Belief.RULED_OUT, because, tuple(told[:3]))


def _no_file(said: Said) -> Finding | None:
    """Another mail server than Exchange, which is set to a file that is not there."""
    if unavailable.why(said) != "gone":
        return None
    because = "The mail server is set to a file of a certificate or key that is not there, by its own log: it starts without TLS."
    return Finding(Belief.POSSIBLE, because, (said,), unavailable.steps(), weight=1.8)


def _from_event(
    event: WindowsEvent, connectors: Sequence[SendConnector], sessions: Sequence[Session]
) -> Finding | None:
    wanted = unmatched(event)
    if wanted is None or wanted.pair is None:
        return None
    if not wanted.connector:
        because = f"Event 12014: a connector names a certificate that this server lacks{_named(wanted.pair)}; the text is cut "
        because += "off before it tells whether that is a Send connector."
        return Finding(Belief.POSSIBLE, because, (event,), _steps("", ""), weight=1.4)
    if not is_send_connector(wanted, connectors, sessions):
        return None
    because = (
        f"Event 12014: Send connector `{wanted.connector}` names a certificate that this server "
        f"lacks{_named(wanted.pair)}."
    )
    return Finding(Belief.CONFIRMED, because, (event,), _steps(wanted.connector, ""))


def _named(pair: tuple[str, str] | None) -> str:
    return f" (issuer `{pair[0]}`, subject `{pair[1]}`)" if pair else ""


def _complete(installed: Sequence[InstalledCertificate]) -> bool:
    """Whether the list tells issuers and subjects, without which nothing can be compared."""
    return bool(installed) and all(each.subject and each.issuer for each in installed)


def _alike(pair: tuple[str, str] | None, installed: Sequence[InstalledCertificate]) -> list[InstalledCertificate]:
    return [each for each in installed if pair and same_name(each.subject, pair[1])]


def _successor(pair: tuple[str, str] | None, installed: Sequence[InstalledCertificate]) -> str:
    """The thumbprint of the certificate that should be named instead, "" unless there is exactly one."""
    good = [c for c in installed if c.for_smtp and usable(c) and not is_self_signed(c)]
    alike = [c for c in good if pair and same_name(c.subject, pair[1])] or good
    return alike[0].thumbprint if len(alike) == 1 else ""


def _told(told: Told) -> Finding | None:
    """Outbound mail that stops with a new certificate."""
    if told.story != "silent-since-the-new-certificate":
        return None
    because = "Outbound mail stops with a new certificate, as you tell it: a Send connector names its certificate by issuer and "
    because += "subject, and keeps the old names when the certificate is bound to services anew."
    return Finding(Belief.POSSIBLE, because, (told,), _steps("", ""), weight=1.5)


def _steps(connector: str, thumbprint: str) -> tuple[Step, ...]:
    return (
        steps.compare_send_connectors(),
        steps.name_on_send_connector(connector, thumbprint),
        steps.restart_transport(),
        steps.retry_queues(),
    )
