"""What a resolver's own log says of a look-up: BIND, unbound and systemd-resolved.

They tell what a mail system's log does not: that a signed answer does not validate, or that the domain's own name servers
answer one type of question wrongly. Read where something in the text is mail's. Sources: BIND's lib/dns/resolver.c, unbound's
validator/validator.c, systemd's src/resolve/resolved-dns-transaction.c.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from diagnostics.artefacts import Artefact
from diagnostics.mail_facts import Configured
from diagnostics.patterns import linear
from diagnostics.recognisers import Reading, recogniser
from diagnostics.recognisers.building import artefact
from diagnostics.recognisers.mail_words import of_mail
from diagnostics.recognisers.sources import source_at

_NAME: Final = r"(?P<name>[A-Za-z0-9_-]{1,63}(?:\.[A-Za-z0-9_-]{1,63}){1,10})\.?"
_TYPE: Final = r"(?P<type>A|AAAA|MX|DS|NS|TXT|TLSA|CNAME|SOA|DNSKEY)"
_TOP: Final = r"(?P<name>\.|[a-z]{2,12}\.?)"
_OF_ZONES: Final = r"(?P<type>NS|DS|SOA|DNSKEY|NSEC3?)"
_UNPROVEN: Final = "unproven"
_ROOT: Final = "root"
_MISHANDLED: Final = "mishandled"
_FORMS: Final = tuple(
    (fault, linear(f"(?i){pattern}"))
    for fault, pattern in (
        # BIND, of the root and of top-level domains, on which every look-up rests
        (_ROOT, rf"\bvalidating {_TOP}/{_OF_ZONES}: (?:no valid|bad|.{{0,40}}(?:fail|invalid))"),
        (_ROOT, rf"\b(?:no valid (?:RRSIG|DS|KEY|signature)|broken trust chain) resolving '{_TOP}/{_OF_ZONES}\b"),
        (
            _ROOT,
            r"\bfailed to prime trust anchor\b|\bmanaged-keys-zone: (?:Unable to fetch DNSKEY|No DNSKEY RRSIGs found)",
        ),
        # BIND
        (_MISHANDLED, rf"\bDNS format error from (?P<server>[0-9a-f.:]{{3,45}})#\d+ resolving {_NAME}/{_TYPE}\b"),
        (_MISHANDLED, rf"\b(?:lame server|unexpected RCODE \(?(?:NOTIMP|FORMERR)\)?) resolving '?{_NAME}/{_TYPE}\b"),
        (_UNPROVEN, rf"\bbroken trust chain resolving '?{_NAME}/{_TYPE}\b"),
        (_UNPROVEN, rf"\bvalidating {_NAME}/{_TYPE}: (?:no valid|bad|got insecure|.{{0,40}}(?:fail|invalid))"),
        # systemd-resolved: the answer that it got, and what it made of it
        (_MISHANDLED, rf"\brcode=(?:NOTIMP|FORMERR) for {_NAME}/{_TYPE}\b"),
        (_UNPROVEN, rf"\bDNSSEC validation failed for question {_NAME} IN {_TYPE}\b"),
        # unbound
        (_UNPROVEN, rf"\bvalidation failure <{_NAME} {_TYPE} IN>"),
        (_UNPROVEN, r"\bresponse failed to prove \w+ status with NSEC"),
        (_UNPROVEN, r"\bvalidation failed\b.{0,80}\bbogus\b|\bresponse has failed AUTHORITY rrset\b"),
    )
)
_MOST_LINES: Final = 400


@recogniser(
    r"(?:\bDNS format error from\b|\blame server resolving\b|\bunexpected RCODE\b|\bbroken trust chain\b|\bvalidating \S+/\w+:"
    r"|\brcode=\w+ for\b|\bDNSSEC validation failed for\b|\bvalidation failure <|\bfailed to prove\b|\bvalidation failed\b"
    r"|\bno valid (?:RRSIG|DS|KEY|signature) resolving\b|\bvalidating \./|\bprime trust anchor\b|\bmanaged-keys-zone\b"
    r"|\bfailed AUTHORITY rrset\b)",
    rank=40,
)
def read(reading: Reading) -> Sequence[Artefact]:
    """One artefact for each kind of fault: its first line."""
    if not any(of_mail(line[:1000]) for line in reading.paste.lines[:_MOST_LINES]):
        return []
    found: dict[str, Artefact] = {}
    for index, line in reading.free()[:_MOST_LINES]:
        for fault, form in _FORMS:
            told = form.search(line[:1000]) if fault not in found else None
            if told:
                named = told.groupdict()
                values = (
                    ("Fault", fault),
                    ("Type", (named.get("type") or "").upper()),
                    ("Server", named.get("server") or ""),
                )
                fact = Configured(
                    source=source_at(reading, index),
                    kind="resolver-log",
                    name=(named.get("name") or "").lower(),
                    values=values,
                    failing=True,
                )
                found[fault] = artefact(reading, "resolver-log", [index], [fact], {"name": fact.name, **dict(values)})
                break
    return list(found.values())
