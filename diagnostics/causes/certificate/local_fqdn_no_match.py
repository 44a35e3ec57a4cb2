"""No certificate carries the connector's FQDN, so STARTTLS is not offered under it.

## What is happening
The connector names no certificate (`TlsCertificateName` is empty), so Exchange looks for one that is enabled for SMTP
and carries the connector's FQDN. There is none, mostly since the public certificate lacks the server's internal name,
or the FQDN was changed. The connector then can't do STARTTLS.

## What proves it
- event 12014 that quotes a plain host name
- the FQDN is among the CertificateDomains of no certificate that is enabled for SMTP

## Not this when
- the event quotes `<I>issuer<S>subject` (`certificate.local.receive-connector-tlsname-stale`)
- a valid SMTP certificate carries the name (`certificate.local.chain-broken`, or its key)

## References
- https://learn.microsoft.com/en-us/powershell/module/exchangepowershell/set-receiveconnector
- https://learn.microsoft.com/en-us/powershell/module/exchangepowershell/set-sendconnector
"""

from __future__ import annotations

from diagnostics.cause import Belief, Finding, cause, change, shown
from diagnostics.causes.certificate import steps
from diagnostics.causes.certificate.event12014 import Unmatched, is_bare, is_send_connector, told_of, unmatched
from diagnostics.causes.certificate.names import all_names, covers, is_list
from diagnostics.causes.certificate.withheld import withheld
from diagnostics.causes.connector.settings import RECEIVE, label, of_kind, takes_outside
from diagnostics.causes.tls.credential import usable
from diagnostics.facts import InstalledCertificate, Reply, StarttlsNotOffered, WindowsEvent
from diagnostics.mail_facts import Configured
from diagnostics.report import Step
from diagnostics.text import is_cut

_EXPIRED = (12015, 12016)
_SIGNING = "cn=microsoft exchange server auth certificate"


@cause(id="certificate.local.fqdn-no-match", act="on-prem")
def assess(
    anchor: WindowsEvent | StarttlsNotOffered,
    event: WindowsEvent | None,
    events: tuple[WindowsEvent, ...],
    installed: tuple[InstalledCertificate, ...],
    replies: tuple[Reply, ...],
    settings: tuple[Configured, ...],
) -> Finding | None:
    """Event 12014 decides; a missing STARTTLS alone makes it one of several. `event` is what to ask for."""
    wanted = unmatched(anchor)
    if wanted:
        return None if wanted.pair else _from_event(wanted, installed, events)
    if is_bare(anchor):
        because = "Event 12014: no certificate fits the name that a connector wants; its text tells which name that is."
        return Finding(Belief.POSSIBLE, because, (anchor,), _steps("", ""), weight=1.3)
    found = withheld(anchor, replies, settings)
    if found is None:
        return None
    told = told_of(found.fact.connector, events)
    if told and told.pair:
        because = "Event 12014 quotes issuer and subject: the connector names a certificate, its FQDN is not asked."
        return Finding(Belief.RULED_OUT, because, (told.event, event))
    because = f"{found.words}. A connector without a named certificate needs one that carries its FQDN."
    return Finding(Belief.POSSIBLE, because, (found.fact,), _steps(found.fact.connector, ""), weight=found.weight(1.1))


@shown
def fqdns(objects: tuple[Configured, ...], installed: tuple[InstalledCertificate, ...]) -> Finding | None:
    """The name with which each connector for outside greets, beside those on the certificates for SMTP."""
    met = [each for each in of_kind(RECEIVE, objects) if takes_outside(each) and "." in each.get("Fqdn")]
    smtp = [each for each in installed if each.for_smtp and usable(each)]
    if not met or not smtp:
        return None
    named = [each for each in met if each.get("TlsCertificateName")]
    lacking = [each for each in met if each not in named and not _carrier(each, smtp)]
    if not lacking:
        which = _carrier(met[0], smtp)
        because = f"{label(met[0])} names a certificate of its own, so its FQDN is not asked."
        if which:
            because = (
                f"{which.subject or which.thumbprint} carries `{met[0].get('Fqdn')}`, the FQDN of {label(met[0])}."
            )
        return Finding(Belief.RULED_OUT, because, (met[0], which))
    told = lacking[0].told("TlsCertificateName") and is_list(installed)
    if not told or not all(_names_whole(each) for each in smtp):
        return None
    because = f"{label(lacking[0])} greets as `{lacking[0].get('Fqdn')}` and names no certificate, and none of those for SMTP "
    because += "carries that name."
    return Finding(Belief.CONFIRMED, because, (lacking[0], *smtp[:3]), _steps(lacking[0].name, lacking[0].get("Fqdn")))


def _names_whole(certificate: InstalledCertificate) -> bool:
    """Whether its names are all told. The certificate that Exchange servers sign with has none, and is no server's."""
    if certificate.subject.lower().startswith(_SIGNING):
        return True
    return bool(certificate.names) and not is_cut(certificate.names[-1])


def _carrier(met: Configured, smtp: list[InstalledCertificate]) -> InstalledCertificate | None:
    return next((each for each in smtp if covers(all_names(each), met.get("Fqdn"))), None)


def _from_event(
    wanted: Unmatched, installed: tuple[InstalledCertificate, ...], events: tuple[WindowsEvent, ...]
) -> Finding:
    have = [c for c in installed if c.for_smtp is not False and usable(c) and covers(all_names(c), wanted.name)]
    if have:
        because = f"Certificate {have[0].thumbprint or have[0].subject} carries `{wanted.name}` and is usable."
        return Finding(Belief.RULED_OUT, because, (have[0], wanted.event))
    connector = f"`{wanted.connector}`" if wanted.connector else "a connector"
    because = (
        f"Event 12014: no certificate on this server contains `{wanted.name}`, the FQDN of {connector}, "
        "so that connector can't offer STARTTLS."
    )
    # Exchange looks among the valid ones: the certificate of that name may be the one that has expired.
    expired = next((each for each in events if each.event in _EXPIRED and "transport" in each.provider.lower()), None)
    if expired:
        because += f" Event {expired.event} says that one has expired, which may be the one of that name."
    return Finding(
        Belief.LIKELY if expired else Belief.CONFIRMED,
        because,
        (wanted.event, expired),
        _steps(wanted.connector, wanted.name, sends=is_send_connector(wanted, (), ())),
    )


def _steps(connector: str, fqdn: str, *, sends: bool = False) -> tuple[Step, ...]:
    return (
        steps.compare_receive_connectors(),
        steps.list_send_connectors(),
        _own_certificate()
        if connector.lower().rpartition("\\")[2].startswith("default")
        else _rename(connector, fqdn, sends=sends),
        steps.name_on_send_connector(connector) if sends else steps.name_on_receive_connector(connector),
        steps.restart_frontend(),
    )


def _own_certificate() -> Step:
    """The default connectors must keep the server's own name: Exchange servers authenticate to it."""
    return change(
        "For the server's own name: create a self-signed certificate that carries it, beside the public one.",
        "New-ExchangeCertificate -KeySize 2048 -PrivateKeyExportable $true -FriendlyName 'Server name' "
        "-DomainName $env:COMPUTERNAME -IncludeServerFQDN -Services SMTP",
        changes="Adds a certificate for this server's name, used inside. Answer No when asked to replace the default "
        "one.",
        undo="Remove-ExchangeCertificate with the thumbprint that the command printed.",
        verify="After a restart of transport event 12014 does not come back.",
    )


def _rename(connector: str, fqdn: str, *, sends: bool) -> Step:
    set_name = "Set-SendConnector {connector} -Fqdn {name_on_certificate}"
    if not sends:
        set_name = "Set-ReceiveConnector {connector} -Fqdn {name_on_certificate}"
    return change(
        "Give the connector a FQDN that the certificate carries (not for connectors with Exchange Server "
        "authentication).",
        set_name,
        changes=f"The connector greets with that name instead of {fqdn or 'its present FQDN'}, and finds its "
        "certificate.",
        undo="The same command with the Fqdn that the first steps printed.",
        verify="After a restart event 12014 does not come back, and EHLO lists STARTTLS.",
        connector=connector,
        name_on_certificate="",
    )
