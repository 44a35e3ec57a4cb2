"""Which settings may still name a certificate that is no longer shown, with the read-only commands that show them.

Exchange's connectors name a certificate by issuer and subject (`TlsCertificateName`, letter by letter), those of Exchange
Online and of partners by a name that it carries (`TlsSenderCertificateName`, `TlsDomain`), DANE by a hash of its key.
https://learn.microsoft.com/powershell/module/exchange/set-sendconnector
"""

from __future__ import annotations

from typing import Final

from diagnostics.cause import look
from diagnostics.report import Step
from diagnostics.watching.model import Certificate

_MOST_NAMES: Final = 50  # that a check keeps: of a longer list nothing is known to be missing
_SHOWN: Final = 3
_ONLINE: Final = "exchange-online-powershell"


def naming(old: Certificate, new: Certificate, host: str, *, dane: bool) -> tuple[Step, ...]:
    """Where `old` may be named now that `host` shows `new`. `dane`: the host has TLSA records."""
    same = (old.issuer, old.subject) == (new.issuer, new.subject)
    steps = [_twins(old.subject)] if same else _by_issuer_and_subject(old.name)
    lost = lost_names(old, new)
    if lost:
        steps += _by_carried_name(lost)
    if dane:
        steps.append(_tlsa(host))
    return tuple(steps)


def lost_names(old: Certificate, new: Certificate) -> tuple[str, ...]:
    """Names that the old certificate carried and the new one doesn't; none where a list was cut off."""
    if max(len(old.names), len(new.names)) >= _MOST_NAMES:
        return ()
    return tuple(name for name in old.names if name not in new.names)


def _by_issuer_and_subject(old_name: str) -> list[Step]:
    return [
        look(
            "If it is an Exchange server of yours: these Send connectors name the old certificate. They fail with 454 4.7.5 "
            "once it is removed.",
            "Get-SendConnector | Where-Object {{ [string]$_.TlsCertificateName -eq {name_of_the_old_one} }} | "
            "Format-List Name,TlsCertificateName,SourceTransportServers",
            name_of_the_old_one=old_name,
        ),
        look(
            "These Receive connectors name it: without it they offer no STARTTLS, or another certificate.",
            "Get-ReceiveConnector | Where-Object {{ [string]$_.TlsCertificateName -eq {name_of_the_old_one} }} | "
            "Format-List Identity,TlsCertificateName,Fqdn",
            name_of_the_old_one=old_name,
        ),
    ]


def _twins(subject: str) -> Step:
    return look(
        "Issuer and subject are as before, so connectors that name the certificate mean the new one, too. If it is an Exchange "
        "server of yours: an old copy that is still installed may be picked in its place.",
        "Get-ExchangeCertificate | Where-Object {{ $_.Subject -eq {subject} }} | "
        "Format-List Thumbprint,Subject,Issuer,NotAfter,Services,HasPrivateKey",
        subject=subject,
    )


def _by_carried_name(lost: tuple[str, ...]) -> list[Step]:
    more = f" and {len(lost) - _SHOWN} more" if len(lost) > _SHOWN else ""
    gone = ", ".join(lost[:_SHOWN]) + more
    return [
        look(
            f"The new certificate no longer carries {gone}. Connectors of Exchange Online that take mail from this host may "
            "expect that name (TlsSenderCertificateName).",
            "Get-InboundConnector | Format-List Name,Enabled,TlsSenderCertificateName,RestrictDomainsToCertificate",
            _ONLINE,
        ),
        look(
            "Connectors of Exchange Online that send to this host may expect it, too (TlsDomain).",
            "Get-OutboundConnector | Format-List Name,Enabled,SmartHosts,TlsSettings,TlsDomain",
            _ONLINE,
        ),
    ]


def _tlsa(host: str) -> Step:
    return look(
        "The host has TLSA records: they must match the new certificate or its key.",
        "dig +dnssec TLSA _25._tcp.{host:token}",
        "bash",
        host=host,
    )
