"""Whether Exchange Online's outbound connector would deliver to this host, as far as TLS decides it.

TlsSettings CertificateValidation wants a chain that Microsoft trusts; DomainValidation wants TlsDomain on the certificate as
well, and EncryptionOnly takes any. Exchange Online speaks TLS 1.2 and newer only.
https://learn.microsoft.com/powershell/module/exchange/new-outboundconnector
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, Literal

from diagnostics.checks.certificate import Judged
from diagnostics.checks.certificate_fields import Fields
from diagnostics.checks.host_names import satisfies
from diagnostics.checks.outcomes import Outcome, meanings
from diagnostics.checks.run import Run
from diagnostics.checks.tls_versions import MODERN, Versions

Fit = bool | Literal["unknown"]

_FATAL: Final[tuple[Outcome, ...]] = (
    "cert_expired",
    "cert_not_yet_valid",
    "cert_self_signed",
    "cert_untrusted",
    "cert_incomplete_chain",
    "cert_weak_key",
    "cert_weak_signature",
)


async def fitness(run: Run, subject: str, judged: Judged, spoken: Versions) -> None:
    """Records the attempt "exo-connector": `fit`, and `reasons` for what keeps it from being true. With options.tls_domain
    the certificate must carry that name, too; `settings` says the same for each of TlsSettings. No outcomes: what is wrong is
    named where it was seen."""
    async with run.attempt("exo-connector", subject) as found:
        if judged.own is None:
            found.unavailable("the certificate can't be read")
            return
        tls, certificate = [*_versions(spoken)], [*_certificate(judged, judged.own)]
        name = [*_name(judged.own, run.options.tls_domain)]
        settings = {"EncryptionOnly": _fit(tls), "CertificateValidation": _fit([*tls, *certificate])}
        if run.options.tls_domain:
            settings["DomainValidation"] = _fit([*tls, *certificate, *name])
        found.facts.update(
            fit=_fit([*tls, *certificate, *name]),
            reasons=[reason for _, reason in (*tls, *certificate, *name)],
            settings=settings,
            tls_domain=run.options.tls_domain,
        )


def _fit(doubts: list[tuple[Fit, str]]) -> Fit:
    kinds = {kind for kind, _ in doubts}
    return False if False in kinds else "unknown" if kinds else True


def _versions(spoken: Versions) -> Iterator[tuple[Fit, str]]:
    if set(MODERN).isdisjoint(spoken.accepted):
        sure = set(MODERN) <= set(spoken.refused)
        yield (False, "TLS 1.2 is refused") if sure else ("unknown", "whether TLS 1.2 is accepted is not known")


def _certificate(judged: Judged, own: Fields) -> Iterator[tuple[Fit, str]]:
    """Also whether Windows would build the chain: every link there, RSA of 2048 bits, SHA-2, a certificate for servers."""
    for outcome in _FATAL:
        if outcome in judged.outcomes:
            yield False, f"it {meanings()[outcome].says}: {judged.outcomes[outcome]}".removesuffix(": ")
    if not own.server_auth:
        yield False, "the certificate is not for servers (no serverAuth among its extended key usages)"
    trust = judged.trust
    if trust and trust.trusted is None:
        yield "unknown", "this machine knows no public roots to compare with"
    elif trust and trust.trusted and not judged.public:
        yield (
            "unknown",
            "an authority of the operator's vouches for it (MAILFLOW_CA_FILE): Microsoft may not trust that one",
        )


def _name(own: Fields, domain: str) -> Iterator[tuple[Fit, str]]:
    if not domain:
        return
    if own.hosts is None:
        yield "unknown", "the names on the certificate can't be read"
    elif not satisfies(own.hosts or (own.common_name,), domain):
        yield False, f"no name on the certificate satisfies TlsDomain {domain}"
