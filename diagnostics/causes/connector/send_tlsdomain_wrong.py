"""The Send connector expects a TlsDomain that its next hop can't satisfy.

## What is happening
The connector validates the domain, and `TlsDomain` holds a name that the rightful next hop does not carry: typically
`mail.protection.outlook.com` on a connector that goes to a gateway, or a smart host that moved to another provider.
The certificate is valid, for the right server: `454 4.7.5 Certificate validation failure, Reason:SubjectMismatch`
comes from our expectation.

## What proves it
- the log's `Remote certificate` carries the name of the server that was asked for, and not TlsDomain

## Not this when
- TlsDomain is on the remote certificate
- every connector that validates the domain expects the name of its own smart host
- the certificate doesn't fit the server that answers (`certificate.remote.subject-mismatch`), or is that of an
  inspection device

## References
- https://learn.microsoft.com/en-us/powershell/module/exchangepowershell/set-sendconnector
- https://microsoft.github.io/CSS-Exchange/Diagnostics/HealthChecker/ExoConnectorCheck/
"""

from __future__ import annotations

from diagnostics.cause import Belief, Finding, cause, change, look, shown
from diagnostics.causes.certificate import steps
from diagnostics.causes.certificate.names import common_name, covers
from diagnostics.causes.certificate.refusal import is_cloud_host, refusal_of, replaced
from diagnostics.causes.certificate.remote_subject_mismatch import connector_words, names_shown, rightful_host
from diagnostics.causes.network.providers import of_provider
from diagnostics.facts import Certificate, CertificateRejected, Reply, SendConnector, TlsFailed
from diagnostics.looked_facts import TlsProbe
from diagnostics.report import Step


@cause(
    id="connector.send.tlsdomain-wrong",
    act="on-prem",
    against={
        "disallowed this secure domain": "comes from the Domain Secure list; a connector's TlsDomain says `SubjectMismatch`",
    },
)
def assess(
    anchor: CertificateRejected | TlsFailed,
    connector: SendConnector | None,
    probe: TlsProbe | None,
    replies: tuple[Reply, ...],
    certificates: tuple[Certificate, ...],
) -> Finding | None:
    """Compares TlsDomain with the certificate and with the server that was meant to answer."""
    refusal = refusal_of(anchor, replies)
    if refusal is None or refusal.reason != "name" or refusal.owner != "theirs":
        return None
    if made_by_device := replaced(refusal, certificates):
        return made_by_device
    names = names_shown(refusal, probe)
    wanted = connector.tls_domain if connector else ""
    name = anchor.connector or (connector.connector if connector else "")
    proof = (connector, refusal.certificate, anchor, probe)
    if not wanted:
        because = f"The certificate of {refusal.where} lacks the TlsDomain of {connector_words(name)}; "
        if of_provider(refusal.host):  # all the world mails to it, so its certificate fits its servers
            because += "such a provider shows a right one, so the connector expects a wrong name, or should not carry its mail."
            return Finding(Belief.POSSIBLE, because, (anchor,), _steps(name), weight=2.0)
        because += "which of the two is wrong is not told."
        return Finding(Belief.POSSIBLE, because, (anchor,), _steps(name), weight=1.5)
    if covers(names, wanted):
        return Finding(Belief.RULED_OUT, f"The certificate carries the connector's TlsDomain, {wanted}.", proof)
    because = (
        f"{connector_words(name)} expects {wanted}, and {refusal.where} shows {', '.join(names[:3]) or 'another name'}"
    )
    if rightful := rightful_host(refusal, connector, names):
        because += f", which is right for {rightful}."
        strange = is_cloud_host(wanted) and not is_cloud_host(refusal.host)
        belief = Belief.CONFIRMED if refusal.certificate and strange else Belief.LIKELY
        return Finding(belief, because, proof, _steps(name, rightful), weight=1.5)
    hosts = [*(connector.smart_hosts if connector else ()), refusal.host]
    if is_cloud_host(wanted) and not names and any(hosts) and not any(is_cloud_host(host) for host in hosts):
        because = f"{connector_words(name)} expects {wanted}, the name of Exchange Online, and goes to "
        because += f"{refusal.where}, which is not it."
        return Finding(Belief.LIKELY, because, proof, _steps(name), weight=1.5)
    return Finding(Belief.POSSIBLE, f"{because}.", proof, _steps(name), weight=1.2)


@shown
def expectations(connectors: tuple[SendConnector, ...], probes: tuple[TlsProbe, ...]) -> Finding | None:
    """What each connector that validates expects, beside the name of its smart host or the certificate that was seen there."""
    known = [each for each in connectors if each.tls_domain and each.enabled is not False]
    known = [each for each in known if each.tls_auth_level.lower() in ("", "domainvalidation")]
    names = {each: _at(each, probes) for each in known}
    wrong = next((each for each in known if names[each] and not _fits(each, names[each])), None)
    if wrong:
        because = (
            f"{connector_words(wrong.connector)} expects {wrong.tls_domain} and sends to {', '.join(names[wrong][:2])}."
        )
        return Finding(Belief.LIKELY, because, (wrong,), _steps(wrong.connector, names[wrong][0]))
    if not known or not all(names.values()):
        return None
    because = (
        f"{connector_words(known[0].connector)} expects {known[0].tls_domain}, the name of the host that it sends to."
    )
    return Finding(Belief.RULED_OUT, because, tuple(known[:3]))


def _at(connector: SendConnector, probes: tuple[TlsProbe, ...]) -> tuple[str, ...]:
    """The names of a connector's next hop: of its smart hosts, where those are names."""
    hosts = tuple(each for each in connector.smart_hosts if any(char.isalpha() for char in each) and "." in each)
    seen = [common_name(each.subject) for each in probes if each.host and each.host in hosts]
    return tuple(dict.fromkeys((*hosts, *filter(None, seen))))


def _fits(connector: SendConnector, names: tuple[str, ...]) -> bool:
    wanted = connector.tls_domain
    return covers(names, wanted) or (is_cloud_host(wanted) and any(map(is_cloud_host, names)))


def _steps(connector: str, rightful: str = "") -> tuple[Step, ...]:
    return (
        look(
            "Look at what the connector expects and where it goes.",
            "Get-SendConnector {connector} | Format-List TlsAuthLevel,TlsDomain,RequireTLS,SmartHosts,AddressSpaces",
            connector=connector,
        ),
        change(
            "If that next hop is the intended one, expect the name that its certificate carries; validation stays on.",
            "Set-SendConnector {connector} -TlsDomain {name_on_remote_certificate}",
            changes="TlsDomain of this connector. For Exchange Online it is mail.protection.outlook.com.",
            undo="Set-SendConnector with the TlsDomain that the first step printed.",
            verify="The next session in the protocol log shows `negotiation succeeded`, and mail is accepted.",
            connector=connector,
            name_on_remote_certificate=rightful,
        ),
        change(
            "If it is not the intended one, correct the route instead.",
            "Set-SendConnector {connector} -SmartHosts {smart_host}",
            changes="The server to which all mail of this connector goes.",
            undo="Set-SendConnector with the SmartHosts that the first step printed.",
            verify="The next session in the protocol log is with the intended server.",
            connector=connector,
            smart_host="",
        ),
        steps.retry_queues(),
    )
