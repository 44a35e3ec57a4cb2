"""The destination's certificate fails the check that its MTA-STS policy demands.

## What is happening
The domain enforces MTA-STS: its mail server must show a certificate of a public authority that carries the MX host's name.
It shows another one (self-signed, expired, wrong name, or a firewall's), so Exchange Online does not deliver: `4.7.5 Remote
certificate failed MTA-STS validation. Reason: …`. The reason is the check that failed.

## What proves it
- the reply; a bare handshake with the MX host shows the same fault
- a policy in enforce mode, and a handshake by hand that does not validate

## Not this when
- the MX host shows a valid certificate of a public authority that carries its name
- `Certificate validation failure` without MTA-STS: then a connector of ours validates (`certificate.remote.untrusted-root`)
- `MX hosts of … failed MTA-STS validation`: the host isn't in the policy (`tls.mta-sts.mx-not-in-policy`)

## References
- https://learn.microsoft.com/en-us/purview/enhancing-mail-flow-with-mta-sts
- https://learn.microsoft.com/en-us/troubleshoot/exchange/email-delivery/ndr/non-delivery-reports-in-exchange-online
- https://www.rfc-editor.org/rfc/rfc8461
"""

from __future__ import annotations

from diagnostics.cause import Belief, Finding, cause, look, shown
from diagnostics.causes.certificate.names import common_name
from diagnostics.causes.certificate.probe import EXPIRED, SELF_SIGNED, VALID, WRONG_NAME
from diagnostics.causes.tls.destination import Destination, destination_of, if_yours, left, write_to
from diagnostics.causes.tls.handshakes import answers, trusted
from diagnostics.facts import Reply, Said, TlsReport
from diagnostics.looked_facts import TlsProbe
from diagnostics.mail_facts import Configured
from diagnostics.patterns import linear
from diagnostics.policies import in_force
from diagnostics.report import Step

_PLAIN = (EXPIRED, SELF_SIGNED, WRONG_NAME)
_REPORTED = ("certificate-host-mismatch", "certificate-expired", "certificate-not-trusted")
_REASON = linear(r"(?i)MTA-STS validation\.? Reason:?\s*([A-Za-z]{3,60})")


@cause(
    id="tls.mta-sts.certificate-invalid",
    act="recipient-side",
    says=("Remote certificate failed MTA-STS validation",),
    against={
        "certificate-host-mismatch": "is DANE's check; an MTA-STS policy says `failed MTA-STS validation`",
        "dnssec-invalid": "is DANE's check of the DNS zone; an MTA-STS policy says `failed MTA-STS validation`",
        "starttls-not-supported": "is DANE's check, and no certificate was ever seen",
        "tlsa-invalid": "is DANE's check against the TLSA record; an MTA-STS policy says `failed MTA-STS validation`",
        "certificate-expired: Destination": "is DANE's check; an MTA-STS policy says `failed MTA-STS validation`",
    },
)
def assess(anchor: Said | TlsReport | Configured, replies: tuple[Reply, ...]) -> Finding | None:
    """Exchange Online's own words, a report on the reader's own domain, or a sender that leaves."""
    if isinstance(anchor, Configured):
        because = left(anchor, "it is none of a public authority for the host's name, as the MTA-STS policy demands")
        where = Destination(anchor.host, "")
        steps = (_see(where), _renew(where))
        return Finding(Belief.POSSIBLE, because, (anchor,), steps, "on-prem", weight=1.2) if because else None
    return _reported(anchor) if isinstance(anchor, TlsReport) else _from_words(anchor, replies)


@shown
def certificate(
    probes: tuple[TlsProbe, ...], settings: tuple[Configured, ...], replies: tuple[Reply, ...]
) -> Finding | None:
    """What the MX host shows, where a policy asks for the check."""
    probe, policy = probes[-1], in_force(settings, "mta-sts")
    name = probe.host or common_name(probe.subject) or "The MX host"
    if policy and probe.verify > VALID:
        of = f", of {probe.issuer}" if probe.issuer else ""
        because = (
            f"{name} shows a certificate that does not validate (OpenSSL's code {probe.verify}{of}), and the MTA-STS "
        )
        because += "policy of the domain demands one that does."
        where = Destination(probe.host, "")
        # A chain that is not complete, or a root that is not known, may be known to other machines.
        belief = Belief.CONFIRMED if probe.verify in _PLAIN else Belief.LIKELY
        return Finding(belief, because, (probe, policy), (_see(where), _renew(where)), weight=2.2)
    if any("MTA-STS" in each.whole for each in replies) or not (answers(probes) and trusted(probe)):
        return None
    because = f"{name} shows a valid certificate of a public authority ({probe.issuer or 'its issuer is not told'})."
    return Finding(Belief.RULED_OUT, because, (probe,))


def _reported(report: TlsReport) -> Finding | None:
    if report.policy not in ("sts", "") or report.result not in _REPORTED:
        return None
    where = Destination(report.mx, report.domain)
    because = f"Senders refuse the certificate that {report.mx or 'the MX host'} shows ({report.result}), as the MTA-STS policy "
    because += f"of {report.domain or 'the domain'} demands."
    belief = Belief.CONFIRMED if report.policy else Belief.LIKELY
    return Finding(belief, because, (report,), (_see(where), _renew(where)), "on-prem")


def _from_words(said: Said, replies: tuple[Reply, ...]) -> Finding:
    """The token after Reason names the check."""
    where = destination_of(said, replies)
    found = _REASON.search(said.text)
    reason = f" ({found.group(1)})" if found else ""
    because = f"The certificate of {where.name} failed the check that the domain's own MTA-STS policy demands{reason}. "
    because += "Only the owner of that server can mend it."
    steps = (
        _see(where),
        write_to(where, f"its MX host shows a certificate that its MTA-STS policy forbids{reason}."),
        _renew(where),
    )
    return Finding(Belief.CONFIRMED, because, (said,), steps)


def _see(where: Destination) -> Step:
    return look(
        "Look at the certificate that the MX host shows, and at what a verifying client says of it.",
        "openssl s_client -starttls smtp -verify_hostname {host:token} -connect {host:token}:25 </dev/null",
        "bash",
        host=where.host,
    )


def _renew(where: Destination) -> Step:
    return if_yours(
        "install a certificate of a public authority, with its whole chain, that carries the MX host's name"
        f"{f' ({where.host})' if where.host else ''}.",
        "The certificate that the server shows; DNS stays as it is.",
        "openssl says `Verify return code: 0 (ok)`, and mail from Exchange Online arrives.",
    )
