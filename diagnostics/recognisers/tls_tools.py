"""What testssl.sh, GnuTLS's tools, CheckTLS, danecheck and monitoring plugins print of a mail server's handshake, in the terms
of openssl s_client.

Sources: https://testssl.sh/, https://www.gnutls.org/manual/gnutls.html#gnutls_002dcli-Invocation,
https://www.checktls.com/TestReceiver, https://github.com/vdukhovni/danecheck, https://www.monitoring-plugins.org
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

from msgspec import Struct, field

from diagnostics.artefacts import Artefact
from diagnostics.facts import CertificateRejected, Fact, StarttlsNotOffered, TlsReport
from diagnostics.looked_facts import TlsProbe
from diagnostics.mail_facts import Configured
from diagnostics.patterns import linear
from diagnostics.recognisers import Reading, recogniser
from diagnostics.recognisers.building import artefact
from diagnostics.recognisers.event_quotes import explains
from diagnostics.recognisers.mail_words import of_mail
from diagnostics.recognisers.reply_wording import asks_about
from diagnostics.recognisers.sources import source_at

Lines = list[tuple[int, str]]
COMPARED: Final = "tlsa-compared"  # the records of a host, looked up, with the certificate that it shows

_SCAN: Final = (
    r"-->> .{3,60} <<--|^\s*Chain of trust\s+(?:Ok|NOT ok)|^\s*Trust \(hostname\)\s+\S|^\s*Certificate Validity \(UTC\)\s+\S"
    r"|^\s*TLS 1(?:\.[123])?\s+(?:not )?offered\b|\bFatal error: No STARTTLS found in handshake"
)
_CLIENT: Final = (
    r"^- Status: The certificate is (?:NOT )?trusted|^- Description: \((?:TLS|SSL)|^- subject [`']"
    r"|^Connecting to '\S+:\d+'\.\.\.|^Resolving '\S+:\d+'\.\.\."
)
_DANE: Final = (
    r"^\s*[\w.-]{1,253}\[[0-9A-Fa-f.:]{3,45}\]: (?:pass: TLSA match|tlsa-mismatch|name-mismatch|cert-expired)"
    # GnuTLS: danetool --check, gnutls-cli --dane
    r"|^\s*(?:- DANE|Verification): (?:Certificate matches|Verification failed)\."
)
# A checker of one's own domain (Mail-in-a-Box, internet.nl) that compares the record with the certificate.
_RECORD: Final = (
    r"\bTLSA records?\b[^\n]{0,100}"
    r"\b(?:(?:is|are) (?:not correct|incorrect|wrong|outdated|stale)|(?:do(?:es)? not|do(?:es)?n.t) match)"
)
_RECEIVER: Final = (
    r"\bCertificate \d{1,2} of \d{1,2} in chain:|\bCert (?:Hostname (?:VERIFIED|DOES NOT VERIFY)|VALIDATION ERROR)"
)
# check_smtp and its like, as Nagios, Icinga and Checkmk show it; one that expires later is no state of a handshake
_PLUGIN: Final = r"\bCRITICAL\b\W{1,4}Certificate '([\w.*-]{1,253})' expired on "
# Days that are left, below zero: how monitors count on behind the end
_COUNTED: Final = (
    r"(?:(?i:cert\w{0,8}|zertifikat\w{0,3}|ssl|tls)\b[^\n]{0,120}?"
    r"(?i:expires? in|days? (?:left|remaining|to expir\w{1,4}|until expir\w{1,4})|(?:days?_)?(?:left|remaining|until_expiry)"
    r"|l.uft ab in|restliche tage|g.ltig noch|noch g.ltig)\W{0,4}(?:= ?|is )?[-\x{2212}]\d{1,4}(?:\D|$)"
    r"|(?i:cert\w{0,8}|zertifikat\w{0,3})\b[^\n]{0,120}?[-\x{2212}]\d{1,4} (?i:days? (?:left|remaining)|tage?)\b)"
)

_TARGET = linear(r"-->> [0-9A-Fa-f.:\[\]]{3,47}:\d{1,5} \(([\w.-]{1,253})\) <<--")
_PROTOCOL = linear(r"^\s*TLS (1(?:\.[123])?)\s+(not )?offered\b")
_TRUST = linear(r"^\s*Chain of trust\s+(Ok|NOT ok)\b(?:.*?\((.*?)\))?")
_NAME = linear(r"^\s*Trust \(hostname\)\s+(Ok\b|certificate does not match)")
_VALIDITY = linear(r"^\s*Certificate Validity \(UTC\)\s+(expired\b)?")
_COMMON = linear(r"^\s*Common Name \(CN\)\s+(\S+)")
_HIDDEN = linear(r"\bFatal error: No STARTTLS found in handshake")
_WATCHED = linear(_PLUGIN)
_BELOW_ZERO = linear(_COUNTED)
_NAMED = linear(r"(?:^|[\s'\"\[(/=])((?:[a-z0-9-]{1,63}\.){1,6}[a-z]{2,24})(?:[:'\"\]),;\s]|$)")
_STATUS = linear(r"^- Status: The certificate is (NOT )?trusted\.?(.*)$")
_DESCRIBED = linear(r"^- Description: \(TLS(1\.[0-3])\)")
_RESOLVING = linear(r"^Resolving '([\w.-]{1,253}):\d+'\.\.\.")
_SUBJECT = linear(r"^ ?- subject [`'](.*?)', issuer [`'](.*?)'")
_CHECKED = linear(
    r"^\s*([\w.-]{1,253})\[[0-9A-Fa-f.:]{3,45}\]: (pass: TLSA match|tlsa-mismatch|name-mismatch|cert-expired)"
)
_COMPARED = linear(
    r"^\s*(?:- DANE|Verification): (?:(Certificate matches)|Verification failed)\."
    r"(.*(?:The certificate differs|CA constrain\w{1,3} were violated))?"
)
_RECORD_OF = linear(r"(?i)^\s*_\d{1,5}\._tcp\.([\w.-]{1,253}?)\.? (?:\d{1,10} )?IN TLSA\b")
_CHECKING = linear(r"\bdanetool\b.{0,200}? --check[ =]([\w.-]{1,253})")
_TRYING = linear(r"\bTrying TLS on ([\w.-]{1,253})\[")
_LEAF = linear(r"\bCertificate 1 of (\d{1,2}) in chain:(.*)$")
_VALIDATION = linear(r"\bCert (?:(VALIDATED)|VALIDATION ERROR\(S\): (.*)$)")
_HOSTNAME = linear(r"\bCert Hostname DOES NOT VERIFY\b(?: \(([\w.-]{1,253}) != ([\w.*-]{1,253}))?")
_STALE = linear(f"(?i){_RECORD}")
_SHOWN = linear(r"(?i)\b_25\._tcp\.|\b[0-3] [01] [0-2] [0-9a-f]{4}")  # what a tool names, and a person leaves out
_OF_HOST = linear(r"(?i)\b_25\._tcp\.([\w.-]{1,253}\w)")
_EXCHANGER = linear(r"^\s*([\w.-]{1,253}?)\.? IN MX \d{1,5} ([\w.-]{1,253}?)\.? ;")

# openssl's numbers (X509_V_ERR_*) for what the two tools call the state of a chain. The first that stands in the words counts.
_STATES: Final = (
    ("uses expired certificate", 10),
    ("expired", 10),
    ("not yet activated", 9),
    ("revoked", 23),
    ("self signed ca in chain", 19),
    ("self signed", 18),
    ("only 1 cert provided", 21),
    ("unable to verify the first", 21),
    ("unable to get", 20),
    ("chain incomplete", 20),
    ("issuer is unknown", 20),
    ("does not match the expected", 62),
    ("does not match", 62),
)
_UNKNOWN: Final = 20
_WRONG_NAME: Final = 62
_EXPIRED: Final = 10
# In Exchange's terms; that of an expired certificate is told by the probe itself.
_REASONS: Final = {
    18: "UntrustedRoot",
    19: "UntrustedRoot",
    20: "PartialChain",
    21: "PartialChain",
    23: "Revoked",
    62: "SubjectMismatch",
}
_RESULTS: Final = {
    "tlsa-mismatch": "tlsa-invalid",
    "name-mismatch": "certificate-host-mismatch",
    "cert-expired": "certificate-expired",
}


class _Scan(Struct):
    """What one run of a tool has told so far."""

    lines: list[int] = field(default_factory=list)
    host: str = ""
    subject: str = ""
    issuer: str = ""
    protocol: str = ""
    chain: int = 0
    verify: int = -1
    verdict: int = -1  # the line of what `verify` says
    watched: bool = False

    def judge(self, number: int, line: int) -> None:
        """What was found wrong first stays: the later verdicts on a certificate follow from it. -1 says nothing."""
        if number >= 0 >= self.verify:
            self.verify, self.verdict = number, line


@recogniser(f"(?:{_SCAN}|{_CLIENT}|{_DANE}|{_RECEIVER}|{_RECORD}|{_PLUGIN}|{_COUNTED})", rank=24)
def read(reading: Reading) -> Sequence[Artefact]:
    """One artefact for each tool."""
    lines = [(index, line[:2000]) for index, line in reading.free() if not asks_about(line[:2000])]
    found = []
    checked: list[tuple[int, Fact | None]] = []
    if any(of_mail(line[:2000]) for line in reading.paste.lines[:200]):
        found += [each for each in (_scanned(reading, lines), _connected(reading, lines)) if each]
        found += _monitored(reading, lines)
        checked += _compared(reading, lines)
    tested = _tested(reading, lines)
    if tested:
        found.append(tested)
    checked += _checked(reading, lines)
    if checked:
        shown = {"checked": len(checked)}
        facts = [fact for _, fact in checked if fact]
        found.append(artefact(reading, "dane-check", [line for line, _ in checked], facts, shown))
    return found


def _scanned(reading: Reading, lines: Lines) -> Artefact | None:
    """testssl.sh: the rows on protocols, chain, name and dates."""
    scan = _Scan()
    hidden = -1
    for index, line in lines:
        if told := _TARGET.search(line):
            scan.host = told.group(1).lower()
        elif told := _PROTOCOL.search(line):
            scan.protocol = scan.protocol if told.group(2) else f"TLSv{told.group(1)}"
        elif told := _COMMON.search(line):
            scan.subject = f"CN={told.group(1)}"
        elif told := _TRUST.search(line):
            scan.judge(0 if told.group(1) == "Ok" else _state(told.group(2) or ""), index)
        elif told := _NAME.search(line):
            scan.judge(-1 if told.group(1) == "Ok" else _WRONG_NAME, index)
        elif told := _VALIDITY.search(line):
            scan.judge(_EXPIRED if told.group(1) else -1, index)
        elif _HIDDEN.search(line):
            hidden = index
        else:
            continue
        scan.lines.append(index)
    facts: list[Fact] = list(_facts(reading, scan))
    if hidden >= 0:
        facts.append(StarttlsNotOffered(source=source_at(reading, hidden), side="remote", host=scan.host))
    return _artefact(reading, scan, facts)


def _monitored(reading: Reading, lines: Lines) -> Iterator[Artefact]:
    """A monitoring plugin: one line for each certificate that has expired."""
    for index, line in lines:
        told = _WATCHED.search(line)
        counted = None if told else _BELOW_ZERO.search(line)
        named = told or (_NAMED.search(line) if counted else None)
        if told or counted:
            scan = _Scan([index], subject=f"CN={named.group(1)}" if named else "", watched=True)
            scan.judge(_EXPIRED, index)
            yield from filter(None, [_artefact(reading, scan, list(_facts(reading, scan)))])


def _connected(reading: Reading, lines: Lines) -> Artefact | None:
    """gnutls-cli: its verdict stands behind `Status`."""
    scan = _Scan()
    for index, line in lines:
        if told := _RESOLVING.search(line):
            scan.host = told.group(1).lower()
        elif told := _STATUS.search(line):
            scan.judge(_state(told.group(2)) if told.group(1) else 0, index)
        elif told := _DESCRIBED.search(line):
            scan.protocol = f"TLSv{told.group(1)}"
        elif told := _SUBJECT.search(line):
            scan.subject, scan.issuer = scan.subject or told.group(1), scan.issuer or told.group(2)
        else:
            continue
        scan.lines.append(index)
    return _artefact(reading, scan, list(_facts(reading, scan)))


def _tested(reading: Reading, lines: Lines) -> Artefact | None:
    """CheckTLS: how many certificates a mail server sent, and its verdict on the first."""
    scan = _Scan()
    for index, line in lines:
        told = False
        if trying := _TRYING.search(line):
            scan.host, told = trying.group(1).lower(), True
        if leaf := _LEAF.search(line):
            scan.chain, told = int(leaf.group(1)), True
        if (verdict := _VALIDATION.search(line)) and scan.verify < 0:
            scan.judge(0 if verdict.group(1) else _state(verdict.group(2)), index)
            told = True
        if other := _HOSTNAME.search(line):
            scan.judge(_WRONG_NAME, index)
            scan.host, told = (other.group(1) or scan.host).lower(), True
            scan.subject = f"CN={other.group(2)}" if other.group(2) else scan.subject
        if told:
            scan.lines.append(index)
    return _artefact(reading, scan, list(_facts(reading, scan)))


def _state(words: str) -> int:
    low = words.lower()
    return next((number for said, number in _STATES if said in low), _UNKNOWN)


def _facts(reading: Reading, scan: _Scan) -> Iterator[Fact]:
    if scan.verify < 0 and not scan.protocol:
        return
    at = scan.verdict if scan.verify >= 0 else scan.lines[0]
    source = source_at(reading, at)
    yield TlsProbe(
        source=source,
        host=scan.host,
        verify=scan.verify,
        chain=scan.chain,
        protocol=scan.protocol,
        subject=scan.subject,
        issuer=scan.issuer,
        watched=scan.watched,
    )
    reason = _REASONS.get(scan.verify)
    if reason:
        yield CertificateRejected(
            source=source, reason=reason, whose="unknown", by="remote", host=scan.host, presented=scan.subject
        )


def _artefact(reading: Reading, scan: _Scan, facts: list[Fact]) -> Artefact | None:
    if not facts:
        return None
    shown = {"host": scan.host, "verify": scan.verify, "protocol": scan.protocol}
    return artefact(reading, "tls-probe", scan.lines, facts, shown)


def _compared(reading: Reading, lines: Lines) -> Iterator[tuple[int, Fact | None]]:
    """GnuTLS, which looks the records up by itself. Of one host's records one that matches is enough."""
    host, hosts, verdicts = "", dict[int, str](), list[tuple[int, Any]]()
    for index, line in lines:
        named = _CHECKING.search(line) or _RESOLVING.search(line) or _RECORD_OF.search(line)
        host = named.group(1).lower() if named else host
        if told := _COMPARED.search(line):
            hosts[index] = host
            verdicts.append((index, told))
    matching = {hosts[index] for index, told in verdicts if told.group(1)}
    for index, told in verdicts:
        where, source = hosts[index], source_at(reading, index)
        if where in matching:
            yield index, Configured(source=source, kind=COMPARED, name=where, values=(("Matches", "True"),), host=where)
        elif told.group(2):
            yield (
                index,
                TlsReport(source=source, result="tlsa-invalid", policy="tlsa", mx=where, host=where, failed=1),
            )
        else:
            yield index, None


def _checked(reading: Reading, lines: Lines) -> Iterator[tuple[int, Fact | None]]:
    """danecheck and its like: a verdict for each address of each host, in the terms of a TLS report."""
    domains: dict[str, str] = {}
    for index, line in lines:
        if told := _EXCHANGER.search(line):
            domains[told.group(2).lower()] = told.group(1).lower()
        elif _STALE.search(line) and _SHOWN.search(line) and not explains(line):
            host = named.group(1).lower() if (named := _OF_HOST.search(line)) else ""
            source = source_at(reading, index)
            yield index, TlsReport(source=source, result="tlsa-invalid", policy="tlsa", mx=host, host=host, failed=1)
        elif told := _CHECKED.search(line):
            host, result = told.group(1).lower(), _RESULTS.get(told.group(2))
            domain = domains.get(host, "")
            source = source_at(reading, index)
            yield (
                index,
                TlsReport(source=source, result=result, policy="tlsa", domain=domain, mx=host, host=host, failed=1)
                if result
                else None,
            )
