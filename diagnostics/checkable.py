"""Which host or domain of a case is worth an active check: one that an outsider can look at, and that the suspicion is about."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from diagnostics.checks.target import TargetError, is_address, target_of
from diagnostics.facts import Fact
from diagnostics.verdict import Verdict

_ABOUT_HOSTS: Final = ("network.", "tls.", "certificate.remote.", "certificate.trust.", "protocol.", "dns.smarthost.")
_ABOUT_DOMAINS: Final = ("dns.", "sender-auth.", "tls.mta-sts.", "tls.dane.")
_HOSTS: Final = ("host", "by", "ip", "remote_ip")
_DOMAINS: Final = ("recipient", "header_from", "mail_from")
_INSIDE: Final = (
    ".local",
    ".lan",
    ".internal",
    ".corp",
    ".home",
    ".localdomain",
    ".invalid",
    ".arpa",
    ".onmicrosoft.com",
)
# Microsoft's own front doors: a check of them tells nothing about one tenant.
_MICROSOFT: Final = (".outlook.com", ".office365.com", ".office.com", ".microsoft.com", ".exchangelabs.com")


def worth_checking(shown: Sequence[Verdict], facts: Iterable[Fact]) -> str:
    """The target of the first suspect that names one, else what a queue leads to; "" where there is none."""
    for verdict in shown:
        for text in _named(verdict):
            if target := _outside(text):
                return target
    if any(verdict.cause.id.startswith(_ABOUT_HOSTS + _ABOUT_DOMAINS) for verdict in shown):
        for fact in facts:
            if target := _outside(str(getattr(fact, "next_hop", ""))):
                return target
    return ""


def _named(verdict: Verdict) -> Iterator[str]:
    facts = [verdict.anchor, *(each for each in verdict.finding.evidence if isinstance(each, Fact))]
    keys: tuple[str, ...] = ()
    if verdict.cause.id.startswith(_ABOUT_DOMAINS):
        keys = _DOMAINS
    if verdict.cause.id.startswith(_ABOUT_HOSTS):
        keys += _HOSTS
    for key in keys:
        for fact in facts:
            value = str(getattr(fact, key, ""))
            yield value.rpartition("@")[2] if key in _DOMAINS else value


def _outside(text: str) -> str:
    if not text or len(text) > 255:
        return ""
    try:
        host = target_of(text).host
    except TargetError:
        return ""
    if is_address(host):
        return host if ipaddress.ip_address(host).is_global else ""
    inside = "." not in host or f".{host}".endswith((*_INSIDE, *_MICROSOFT))
    return "" if inside else host
