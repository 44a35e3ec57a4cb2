"""The vocabulary of outcomes, and what each of them means (outcomes.toml). The words are stable for ever."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Final, Literal, get_args

from msgspec import convert

from diagnostics.kept import table
from diagnostics.powershell import command
from diagnostics.report import BeliefName, Step
from diagnostics.values import Value

Outcome = Literal[
    # reaching it
    "connection_refused",
    "connection_timeout",
    "connection_reset",
    "not_smtp",
    "implicit_tls",
    "banner_timeout",
    "slow_banner",
    "banner_too_long",
    "greeting_421",
    "greeting_554",
    "protocol_error",
    "smtp_inspection",
    "ehlo_rejected",
    "ehlo_unsupported",
    "dropped_after_ehlo",
    "open_relay",
    # STARTTLS
    "starttls_not_offered",
    "starttls_refused",
    "starttls_reset",
    "starttls_closed",
    "starttls_timeout",
    "starttls_injection",
    "tls_handshake_failed",
    "tls_legacy_only",
    "tls_legacy_enabled",
    # certificate
    "cert_expired",
    "cert_expiring_soon",
    "cert_not_yet_valid",
    "cert_self_signed",
    "cert_untrusted",
    "cert_incomplete_chain",
    "cert_name_mismatch",
    "cert_no_san",
    "cert_weak_key",
    "cert_weak_signature",
    # DNS and MX
    "dns_nxdomain",
    "dns_servfail",
    "dns_timeout",
    "mx_null",
    "mx_missing_a_fallback",
    "mx_cname",
    "mx_is_ip",
    "mx_no_address",
    "mx_ipv6_only",
    "mx_host_down",
    "ptr_missing",
    "ptr_mismatch",
    # policy
    "spf_missing",
    "spf_multiple",
    "spf_permerror",
    "spf_plus_all",
    "spf_too_many_lookups",
    "spf_void_lookups",
    "dmarc_missing",
    "dmarc_multiple",
    "dmarc_policy_none",
    "dmarc_external_rua_unauthorized",
    "dkim_not_found",
    "mta_sts_record_invalid",
    "mta_sts_policy_unreachable",
    "mta_sts_mx_mismatch",
    "tlsrpt_missing",
    "tlsrpt_invalid",
    "dane_mismatch",
    "dane_not_dnssec",
    "dane_lookup_failed",
    "dnsbl_listed",
    "dnsbl_query_refused",
    # Exchange Online
    "exo_mx",
    "exo_mx_microsoft_dnssec",
    "exo_mixed_mx",
    "exo_spf_include_missing",
]
OUTCOMES: Final[tuple[Outcome, ...]] = get_args(Outcome)

Severity = Literal["unreachable", "failing", "degraded", "note"]


class Meaning(Value, frozen=True, kw_only=True):
    """`severity` is what the outcome makes of the verdict: "note" leaves it. `says` is one sentence that begins after
    the subject ("mail.contoso.com:25 …"); `mend` what to do, for whoever runs the subject; `cause` the catalogue's id, ""
    for none, with the belief that a look from outside earns. Commands take `{host}`, `{domain}` and `{name}`.
    """

    severity: Severity
    says: str
    mend: str
    cause: str = ""
    belief: BeliefName = "possible"
    steps: tuple[Step, ...] = ()


@lru_cache(maxsize=1)
def meanings() -> dict[Outcome, Meaning]:
    """Every outcome's meaning. Raises msgspec.ValidationError where the table has an unknown word."""
    return convert(table(Path(__file__).with_name("outcomes.toml")), dict[Outcome, Meaning])


def sentence(outcome: Outcome, subject: str, detail: str = "") -> str:
    """What was seen, as a sentence without a full stop."""
    return f"{subject} {meanings()[outcome].says}" + (f" ({detail})" if detail else "")


def placed(subject: str, host: str) -> str:
    """`mail.contoso.com (203.0.113.9:25)`, where the name that was asked about is not in the subject itself."""
    return f"{host} ({subject})" if host and host not in subject else subject


def steps_for(outcome: Outcome, subject: str) -> tuple[Step, ...]:
    """What mends an outcome of `subject` (`203.0.113.9:25`, a host, a domain, an address); values only as literals.

    A command whose value can't be written safely is left out, its sentence stays.
    """
    name = subject if subject.count(":") != 1 else subject.partition(":")[0]
    values = {"host": name, "domain": name, "name": name, "thumbprint_of_the_new_one": ""}
    return tuple(
        step.model_copy(update={"command": _filled(step.command, values)}) for step in meanings()[outcome].steps
    )


def _filled(template: str, values: dict[str, str]) -> str:
    return command(template, **{key: value for key, value in values.items() if "{" + key in template})
