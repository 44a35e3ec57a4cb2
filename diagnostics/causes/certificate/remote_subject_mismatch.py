"""The other server's certificate does not carry the name that the connector expects.

## What is happening
The Send connector validates the domain (`TlsAuthLevel DomainValidation`), and the certificate of the far end does not
contain `TlsDomain`: `454 4.7.5 Certificate validation failure, Reason:SubjectMismatch`. The partner changed its
certificate or its mail gateway, or a wrong server answers.

## What proves it
- the log's `Remote certificate` carries neither TlsDomain nor the name of the server that was asked for

## Not this when
- TlsAuthLevel of the connector is not DomainValidation: then no name is compared
- the certificate is right for the server that answers, and TlsDomain is what is wrong
  (`connector.send.tlsdomain-wrong`)
- the certificate is that of a firewall or proxy (`network.middlebox.tls-interception`)

## References
- https://learn.microsoft.com/en-us/powershell/module/exchangepowershell/set-sendconnector
- https://learn.microsoft.com/en-us/exchange/mail-flow/connectors/send-connectors
"""

from __future__ import annotations

from typing import Final

from diagnostics.cause import Belief, Finding, cause, look, shown
from diagnostics.causes.auth_smtp.logon import client_settings
from diagnostics.causes.certificate import steps
from diagnostics.causes.certificate.names import all_names, common_name, covers, is_server_name
from diagnostics.causes.certificate.refusal import Refusal, is_cloud_host, own_exchange, refusal_of, replaced
from diagnostics.causes.network.reach import kind_of
from diagnostics.facts import Certificate, CertificateRejected, Reply, SendConnector, TlsFailed
from diagnostics.looked_facts import TlsProbe
from diagnostics.mail_facts import Configured
from diagnostics.report import Step

_EXCHANGE_ONLINE: Final = "mail.protection.outlook.com"  # on the certificate of every host that takes mail there

_BY_NAME: Final = "domainvalidation"
_THIS_MACHINE: Final = ("localhost", "localhost.localdomain")


@cause(id="certificate.remote.subject-mismatch", act="recipient-side")
def assess(
    anchor: CertificateRejected | TlsFailed,
    connector: SendConnector | None,
    probe: TlsProbe | None,
    replies: tuple[Reply, ...],
    certificates: tuple[Certificate, ...],
    settings: tuple[Configured, ...],
) -> Finding | None:
    """Compares what was expected with what was shown: which of the two is the strange one?"""
    refusal = refusal_of(anchor, replies)
    if refusal is None or refusal.reason != "name":
        return None
    if refusal.owner == "target" and not refusal.by_cloud and not refusal.presented and own_exchange(settings):
        return None
    if refusal.owner == "target" and not refusal.by_cloud:
        return _seen_by_client(refusal, client_settings(settings))
    if refusal.owner != "theirs":
        return None
    if made_by_device := replaced(refusal, certificates):
        return made_by_device
    names = names_shown(refusal, probe)
    wanted = connector.tls_domain if connector else ""
    because = f"{refusal.where} showed {', '.join(names[:3]) or 'a certificate without the expected name'}"
    proof = (anchor, refusal.certificate, connector, probe)
    if wanted and covers(names, wanted):
        because = f"The certificate shown now carries {wanted}: it was another server, or has been replaced since."
        return Finding(Belief.POSSIBLE, because, proof, _steps(refusal, connector), weight=0.8)
    if not wanted or not names:
        because += f", while {connector_words(anchor.connector)} expects another"
        return Finding(Belief.POSSIBLE, f"{because}.", proof, _steps(refusal, connector), weight=1.6)
    because += f"; the connector expects {wanted}"
    if rightful_host(refusal, connector, names):
        because += ", so the expectation is the strange one."
        return Finding(Belief.POSSIBLE, because, proof, _steps(refusal, connector), weight=0.8)
    return Finding(
        Belief.LIKELY, f"{because}, and it doesn't fit the server either.", proof, _steps(refusal, connector)
    )


@shown
def checks(connectors: tuple[SendConnector, ...]) -> Finding | None:
    """Whether any Send connector that was listed compares names at all."""
    told = [each for each in connectors if each.tls_auth_level and each.enabled is not False]
    if not told or len(told) < len(connectors) or any(each.tls_auth_level.lower() == _BY_NAME for each in told):
        return None
    because = (
        f"{connector_words(told[0].connector)} has TlsAuthLevel {told[0].tls_auth_level}: it compares no name with the "
    )
    because += "certificate that the other server shows."
    return Finding(Belief.RULED_OUT, because, tuple(told[:3]))


def _seen_by_client(refusal: Refusal, client: Configured | None) -> Finding | None:
    """A mail client or another system refused it: a public name is a server's that is made for strangers."""
    name = common_name(refusal.presented)
    told = client.get("Host") if client and not (refusal.expected or refusal.host) else ""
    meant = refusal.expected or told or refusal.where
    if (kind_of(meant) or meant.lower() in _THIS_MACHINE) and not is_server_name(name):
        return _by_address(refusal, name, meant, client if told else None)
    if not name and not refusal.by_cloud:
        because = "The client does not find the name that it asked for on the certificate, and doesn't show which are there: it "
        because += "is set to another name than the server's own (a customer's name at a hoster), or that server lacks the name."
        return Finding(Belief.POSSIBLE, because, (refusal.fact,), _steps(refusal, None), "sender", weight=1.0)
    if is_server_name(name):
        return None
    if is_cloud_host(name.replace("*", "x")) and not is_cloud_host(meant):
        because = (
            f"The certificate shown is Exchange Online's (`{name}`), so `{meant}` is an alias of one of its hosts, "
        )
        because += "whose certificate can't name it: set the client to that host itself (<domain>.mail.protection.outlook.com)."
        return Finding(Belief.LIKELY, because, (refusal.fact,), _steps(refusal, None), "sender", weight=1.0)
    because = (
        f"The certificate shown names `{name}` and not `{meant}`: whoever runs {meant} has to put that name on it."
    )
    return Finding(Belief.POSSIBLE, because, (refusal.fact,), _steps(refusal, None), weight=1.0)


def _by_address(refusal: Refusal, name: str, address: str, client: Configured | None) -> Finding:
    """A certificate names hosts: a client that asks for an address finds it on none."""
    shown = f"names `{name}`" if name else "names hosts"
    where = f"`{address}`" if address.lower() in _THIS_MACHINE else f"the address {address}"
    because = f"The client connects to {where}, and the certificate there {shown}: set the client to the "
    because += f"server's name{f', `{name}`,' if name and '*' not in name else ''} instead of its address."
    belief = Belief.LIKELY if name or client else Belief.POSSIBLE
    return Finding(belief, because, (refusal.fact, client), _steps(refusal, None), "sender", weight=1.7)


def connector_words(name: str) -> str:
    return f"`{name}`" if name else "the Send connector"


def names_shown(refusal: Refusal, probe: TlsProbe | None) -> tuple[str, ...]:
    """The names on the certificate that the peer showed, from the log, the error text or a bare handshake."""
    if refusal.certificate:
        return all_names(refusal.certificate)
    shown = common_name(refusal.presented) or (common_name(probe.subject) if probe else "")
    return (shown,) if shown else ()


def rightful_host(refusal: Refusal, connector: SendConnector | None, names: tuple[str, ...]) -> str:
    """The server that was asked for, by smart host or greeting, if the certificate rightly names it; "" if not.

    Only such a name may be suggested as the one to expect: any other is whatever the peer chose to show.
    """
    asked = [*(connector.smart_hosts if connector else ()), refusal.host]
    if (
        kind_of(refusal.ip) == "exchange-online"
    ):  # the domain's mail is there now, whatever its former server was called
        asked.append(_EXCHANGE_ONLINE)
    return next((host for host in asked if "." in host and covers(names, host)), "")


def _steps(refusal: Refusal, connector: SendConnector | None) -> tuple[Step, ...]:
    return (
        look(
            "Compare TlsDomain with the names on the remote certificate.",
            "Get-SendConnector {connector} | Format-List TlsAuthLevel,TlsDomain,SmartHosts,AddressSpaces",
            connector=refusal.fact.connector or (connector.connector if connector else ""),
        ),
        steps.show_chain(refusal.reach, "See the certificate that the destination shows to others."),
        look(
            "See which servers the recipient's domain names, before writing to its postmaster.",
            "Resolve-DnsName {recipient_domain} -Type MX",
            "powershell",
            recipient_domain="",
        ),
        steps.retry_queues(),
    )
