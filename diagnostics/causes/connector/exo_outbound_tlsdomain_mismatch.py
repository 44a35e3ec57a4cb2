"""The outbound connector in Exchange Online expects another name than our certificate carries.

## What is happening
The on-premises server shows the intended public certificate, but `TlsDomain` of the outbound connector in Exchange
Online still holds an old or different name. Exchange Online refuses the session: `450 4.4.317 … SubjectMismatch
Expected Subject: … Presented Subject: …`, and keeps the mail for on-premises mailboxes.

## What proves it
- the presented subject is the intended public certificate
- the expected subject is the connector's TlsDomain

## Not this when
- the presented subject is a server's self-signed certificate (`certificate.local.wrong-certificate-presented`)
- the server has another certificate with the expected name, enabled for SMTP (`certificate.local.wrong-certificate-presented`)
- no outbound connector expects that name any more, and validating the connector succeeds
- it is that of a firewall (`network.middlebox.tls-interception`)

## References
- https://techcommunity.microsoft.com/blog/exchange/tls-certificates-in-exchange-hybrid---common-issues--how-to-fix-them/4420592
- https://learn.microsoft.com/en-us/powershell/module/exchangepowershell/set-outboundconnector
"""

from __future__ import annotations

from diagnostics.cause import Belief, Finding, cause, change, look, shown
from diagnostics.causes.certificate.names import (
    all_names,
    common_name,
    covers,
    is_inner_name,
    is_self_signed,
    is_server_name,
)
from diagnostics.causes.certificate.refusal import Refusal, refusal_of
from diagnostics.causes.connector.settings import OUTBOUND, label, of_kind
from diagnostics.facts import CertificateRejected, InstalledCertificate, Reply
from diagnostics.looked_facts import TlsProbe
from diagnostics.mail_facts import Configured
from diagnostics.report import Step


@cause(id="connector.exo-outbound.tlsdomain-mismatch", act="exchange-online")
def assess(
    rejected: CertificateRejected,
    listed: InstalledCertificate | None,
    installed: tuple[InstalledCertificate, ...],
    replies: tuple[Reply, ...],
    probes: tuple[TlsProbe, ...],
    objects: tuple[Configured, ...],
) -> Finding | None:
    """The presented subject decides: a public name that our server rightly carries. `listed` is what to ask for."""
    refusal = refusal_of(rejected, replies)
    if refusal is None or refusal.reason != "name" or refusal.owner != "target" or not refusal.by_cloud:
        return None
    name = common_name(refusal.presented)
    if is_server_name(name):
        because = f"`{refusal.presented}` is a server's own certificate, not a public one."
        return Finding(Belief.RULED_OUT, because, (rejected,))
    mine = next((c for c in installed if c.thumbprint and c.thumbprint == refusal.thumbprint), None)
    steps = _steps(refusal.expected, mine)
    if not name and (told := _told(refusal, objects, _names(refusal, probes, installed))):
        return told
    if not name:
        because = f"Exchange Online did not find the connector's TlsDomain on the certificate of {refusal.where}."
        return Finding(Belief.POSSIBLE, because, (rejected, listed), steps, weight=1.2)
    expected = f" and expects `{refusal.expected}`" if refusal.expected else ""
    because = f"{refusal.where} showed Exchange Online `{refusal.presented}`{expected}"
    if mine and is_self_signed(mine):
        return Finding(Belief.RULED_OUT, f"The presented certificate {mine.thumbprint} is self-signed.", (mine,))
    if mine and refusal.expected and not covers(all_names(mine), refusal.expected):
        because += "; that is the public certificate of this server, so the connector's TlsDomain is the wrong one."
        return Finding(Belief.CONFIRMED, because, (rejected, mine), steps)
    if is_inner_name(name, refusal.expected):
        because += (
            ". It is a name from inside; if the certificate with it is meant to be shown, the connector's TlsDomain is "
        )
        because += "outdated."
        return Finding(Belief.POSSIBLE, because, (rejected, mine or listed), steps, weight=1.2)
    because += ": a public name, so the connector's TlsDomain is probably outdated."
    return Finding(Belief.LIKELY, because, (rejected, mine), steps)


@shown
def expectation(
    rejected: tuple[CertificateRejected, ...],
    objects: tuple[Configured, ...],
    installed: tuple[InstalledCertificate, ...],
) -> Finding | None:
    """What the connectors expect now, what the server holds for it, and whether the connector validates."""
    refused = next((each for each in reversed(rejected) if each.expected and common_name(each.presented)), None)
    if refused is None or is_server_name(common_name(refused.presented)):
        return None
    validated = of_kind("connector-validation", objects)
    if len(validated) > 1 and all(each.flag("IsTaskSuccessful") for each in validated):
        return Finding(
            Belief.RULED_OUT, "Validating the connector succeeds, the test message included.", tuple(validated)
        )
    held = next((each for each in installed if _serves(each, refused.expected)), None)
    if held:
        because = (
            f"The server has a valid certificate for {refused.expected} with SMTP ({held.thumbprint or held.subject}): "
        )
        because += "the connector expects the right name, and another certificate was shown."
        return Finding(Belief.RULED_OUT, because, (held, refused))
    return _expected(refused, [each for each in of_kind(OUTBOUND, objects) if each.flag("Enabled") is not False])


def _expected(refused: CertificateRejected, connectors: list[Configured]) -> Finding | None:
    wanted = refused.expected.lower().rstrip(".")
    told = [each for each in connectors if "." in each.get("TlsDomain")]
    stale = next((each for each in told if each.get("TlsDomain").lower() == wanted), None)
    if stale:
        because = f"{label(stale)} expects {stale.get('TlsDomain')}, and the server shows {common_name(refused.presented)}, a "
        because += "public name: TlsDomain is outdated, unless the server should show another certificate."
        return Finding(Belief.LIKELY, because, (stale, refused), _steps(refused.expected, None, stale.name))
    fresh = next((each for each in told if covers((common_name(refused.presented),), each.get("TlsDomain"))), None)
    if fresh is None:
        return None
    because = f"{label(fresh)} expects {fresh.get('TlsDomain')}, which the presented certificate carries."
    return Finding(Belief.RULED_OUT, because, (fresh, refused))


def _serves(certificate: InstalledCertificate, name: str) -> bool:
    """Whether the server could show it for that name: it is valid, public and has SMTP."""
    usable = certificate.for_smtp and not certificate.expired and certificate.has_private_key is not False
    return bool(usable) and not is_self_signed(certificate) and covers(all_names(certificate), name)


def _names(
    refusal: Refusal, probes: tuple[TlsProbe, ...], installed: tuple[InstalledCertificate, ...]
) -> tuple[str, ...]:
    """The public names that the refused server is known to show, by a handshake with it or by the list of its certificates."""
    seen = [common_name(each.subject) for each in probes if each.host in ("", refusal.host, refusal.ip)]
    held = [name for each in installed if each.for_smtp and not is_self_signed(each) for name in all_names(each)]
    return tuple(each for each in dict.fromkeys([*seen, *held]) if each and not is_server_name(each))


def _told(refusal: Refusal, objects: tuple[Configured, ...], names: tuple[str, ...]) -> Finding | None:
    """The connector's TlsDomain beside what the server shows, or, where that is not told, beside its name."""
    connector = next((each for each in objects if each.kind == "outbound-connector" and each.get("TlsDomain")), None)
    if connector is None:
        return None
    expected = connector.get("TlsDomain").removeprefix("*.")
    if names and covers(names, expected):
        because = (
            f"{', '.join(names[:3])} is on the certificate of {refusal.where}, which is what the connector expects."
        )
        return Finding(Belief.RULED_OUT, because, (connector, refusal.fact))
    if not names and covers((refusal.host,), expected):
        because = f"The connector expects {expected}, the name of the server that it reached; which names its certificate has "
        because += "is not told."
        return Finding(Belief.POSSIBLE, because, (connector, refusal.fact), _steps(expected, None), weight=0.7)
    if not names and refusal.host.endswith(expected.partition(".")[2]):
        return None
    shown = (
        f"shows {', '.join(names[:3])}"
        if names
        else f"is called {refusal.host}"
        if refusal.host
        else "shows another name"
    )
    because = f"The connector expects {expected}, and the server that it reaches {shown}: its TlsDomain is outdated."
    return Finding(Belief.LIKELY, because, (connector, refusal.fact), _steps(expected, None), weight=1.7)


def _steps(expected: str, mine: InstalledCertificate | None, connector: str = "") -> tuple[Step, ...]:
    names = all_names(mine) if mine else ()
    new = next((each for each in names if "." in each), "")  # only a name that the own list vouches for
    return (
        look(
            "Find the connector that expects the old name.",
            "Get-OutboundConnector | Format-List Name,ConnectorType,TlsSettings,TlsDomain,SmartHosts",
            "exchange-online-powershell",
        ),
        change(
            "Expect the name that the on-premises certificate carries; validation stays on.",
            "Set-OutboundConnector {outbound_connector} -TlsSettings DomainValidation -TlsDomain {name_on_certificate}",
            shell="exchange-online-powershell",
            changes=f"TlsDomain of this connector, now {expected or 'the name that the first step printed'}.",
            undo="Set-OutboundConnector with the TlsDomain that the first step printed.",
            verify="The next step succeeds, and waiting mail arrives within the hour.",
            outbound_connector=connector,
            name_on_certificate=new,
        ),
        look(
            "Validate the connector.",
            "Validate-OutboundConnector -Identity {outbound_connector} -Recipients {recipient}",
            "exchange-online-powershell",
            outbound_connector=connector,
            recipient="",
        ),
    )
