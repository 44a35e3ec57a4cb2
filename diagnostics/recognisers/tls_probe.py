"""openssl s_client -starttls smtp: what a bare handshake with the destination shows.

Code 21 is reported even where Windows completes the chain by itself, and without -verify_hostname the name is not
checked at all. Source: https://docs.openssl.org/master/man1/openssl-s_client/
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

from diagnostics.artefacts import Artefact
from diagnostics.facts import ConnectionDropped, Fact, Side, Stage, StarttlsNotOffered
from diagnostics.looked_facts import PortTest, TlsProbe
from diagnostics.patterns import linear
from diagnostics.recognisers import Reading, recogniser
from diagnostics.recognisers.building import failed_reply
from diagnostics.recognisers.sources import source_at
from diagnostics.recognisers.told_settings import answers

_COMMAND = linear(r"(?i)\bopenssl\s+s_client\b")
_TARGET = linear(r"-connect\s+\[?([A-Za-z0-9][A-Za-z0-9_.:-]{0,252}?)\]?:(\d{1,5})\b")
_ALONE = linear(r"\s-(ssl3|tls1(?:_[123])?)(?:\s|$)")
_BEGINS = linear(r"^\s*CONNECTED\([0-9A-Fa-f]+\)")
_OWN = linear(
    r"(?i)verify (?:error|return)|Verify return code|Verification(?: error)?:|^\s*depth=\d"
    r"|Certificate chain|didn['\x{2019}]t find STARTTLS|no peer certificate"
    r"|^(?:subject|issuer)=|SSL handshake has|^\s*[0-9A-F]{1,20}:error:|write: ?errno|connect:errno"
    r"|^\s*Protocol\s*:\s*TLS|^New, |^\s*\d{1,2} s:|^\s+i:"
)
_VERIFY = linear(r"(?i)Verify return code:\s*(\d{1,3})|verify error:num=(\d{1,3})")
_WORDS: Final = {
    "unable to verify the first certificate": 21,
    "certificate has expired": 10,
    "unable to get local issuer": 20,
    "matching DANE TLSA records": 65,
}
# What is printed of each element while the chain is checked; an error stands above its `verify return`.
_CHECKED = linear(r"^\s*depth=(\d{1,2}) \S")
_ELEMENT = linear(r"^\s*(\d{1,2}) s:\s*(.*)$")
_ISSUED = linear(r"^\s*i:\s*(.*)$")
_SUBJECT = linear(r"^subject=\s*(.*)$|^\s*depth=0 (\S.*)$")
_ISSUER = linear(r"^issuer=\s*(.*)$")
_UNTIL = linear(r"^\s*v:NotBefore: [^;]{10,40}; NotAfter: (.{10,40})$")  # newer versions, of each element
_PROTOCOL = linear(r"^\s*Protocol\s*(?:version)?\s*:\s*((?:TLS|SSL)v[\d.]+)")
# The first version that has the agreed cipher, which a later one uses as well; only the newest ones say what was spoken.
_CIPHERS = linear(r"^\s*(?:New|Reused), (TLSv1\.[23]),")
_ALERT = linear(r"(?i)SSL alert number (\d{1,3})")
_ALERT_NAMES: Final = {
    "alert handshake failure": 40, "alert protocol version": 70, "alert internal error": 80, "alert unknown ca": 48,
    "alert certificate required": 116, "alert insufficient security": 71,
}  # fmt: skip
# error:141A318A:SSL routines:tls_process_ske_dhe:dh key too small:../ssl/statem/statem_clnt.c:2150:
_REASON = linear(r":SSL routines:[A-Za-z0-9_ ]{0,60}:([a-z0-9][a-z0-9 ]{3,60})(?::|$)")
_RESET = linear(r"(?i)^\s*write: ?errno ?[=:] ?(\d{1,5})\b")
# Who ended it, by the numbers of Linux, macOS and Windows: ECONNRESET came over the wire, ECONNABORTED from this machine itself.
_ENDED: Final[dict[str, tuple[str, Side]]] = {
    **dict.fromkeys(("104", "54", "10054"), ("ConnectionReset", "unknown")),
    **dict.fromkeys(("103", "53", "10053"), ("ConnectionAborted", "local")),
}
_HIDDEN = linear(r"(?i)\bdidn['\x{2019}]t find STARTTLS")
# No cipher was agreed on. The session below it is printed all the same: older versions name the protocol that was offered.
_NO_SESSION = linear(r"^\s*New, \(NONE\), Cipher is \(NONE\)|^\s*Cipher\s*:\s*(?:0000|\(NONE\))\s*$")
# With -dane_tlsa_rrdata it compares with records that were typed in; their words are those of servers that check DANE.
_UNMATCHED = linear(r"(?i)\bno matching DANE TLSA records\b")
_UNREACHED = linear(
    r"(?i)^\s*(?:connect:errno=\d+|connect: (?:Connection (?:timed out|refused)|No route to host)|.*BIO_connect:)"
)
_BASE64 = linear(r"^\s*(?:-----|[A-Za-z0-9+/=]{1,80}\s*$)")
_PEM: Final = "-----BEGIN CERTIFICATE-----"


@recogniser(
    r"(?:^\s*CONNECTED\([0-9A-F]+\)|\bopenssl\s+s_client\b|Verify return code:|verify error:num=|didn't find STARTTLS"
    r"|^issuer=\s*/?\s*[A-Z]{1,2}\s?=)",
    rank=25,
)
def read(reading: Reading) -> Sequence[Artefact]:
    """One artefact for each probe. The two names of a certificate alone answer a question, and are no handshake."""
    parts = [part for part in _probes(reading.free()) if answers(reading) or not _names_only(part)]
    return [artefact for part in parts if (artefact := _artefact(reading, part)) is not None]


def _names_only(part: list[tuple[int, str]]) -> bool:
    filled = (line for _, line in part if line.strip())
    return all((_SUBJECT.search(line) or _ISSUER.search(line)) and _verify(line) is None for line in filled)


def _probes(lines: list[tuple[int, str]]) -> list[list[tuple[int, str]]]:
    """A probe begins at its command or at CONNECTED, and ends with the last line that only s_client prints."""
    parts: list[list[tuple[int, str]]] = []
    ends: list[int] = []
    pem = connected = False
    for index, line in lines:
        pem = pem and (not line.strip() or bool(_BASE64.search(line)))  # people cut certificates short
        connects = "CONNECTED(" in line and bool(_BEGINS.search(line))
        starts = ("s_client" in line and bool(_COMMAND.search(line))) or (connects and connected)
        begins_pem = _PEM in line
        own = connects or (not pem and bool(_OWN.search(line))) or "-----END" in line
        if (starts or own or begins_pem) and (starts or not parts):
            parts.append([])
            ends.append(0)
            connected = False
        connected = connected or connects
        if parts:
            parts[-1].append((index, line))
            ends[-1] = len(parts[-1]) if own else ends[-1]
        pem = (pem or begins_pem) and "-----END" not in line
    return [part[:end] for part, end in zip(parts, ends, strict=True) if end]


def _artefact(reading: Reading, part: list[tuple[int, str]]) -> Artefact:
    facts = list(_facts(reading, part))
    probe = next((fact for fact in facts if isinstance(fact, TlsProbe)), None)
    return Artefact(
        kind="tls-probe",
        first=part[0][0] + 1,
        last=part[-1][0] + 1,
        facts=tuple(facts),
        shown={"host": probe.host, "verify": probe.verify, "chain": probe.chain, "protocol": probe.protocol}
        if probe
        else {},
        paste=reading.paste.index,
    )


def _facts(reading: Reading, part: list[tuple[int, str]]) -> Iterator[Fact]:
    target = next((found for _, line in part if (found := _TARGET.search(line))), None)
    host = target.group(1).lower() if target else ""
    for index, line in part:
        if _UNREACHED.search(line):
            port = int(target.group(2)) if target else 25
            yield PortTest(source=source_at(reading, index), succeeded=False, port=port, host=host)
            return
    probe, verdict = _probe(part)
    yield TlsProbe(source=source_at(reading, verdict), host=host, offered=_offered(part), **probe)
    unmatched = next((row for row in part if _UNMATCHED.search(row[1])), None)
    if unmatched:
        yield from failed_reply(unmatched[1].strip(), source_at(reading, unmatched[0]), kind="client", by=host)
    hidden = [index for index, line in part if _HIDDEN.search(line)]
    for index in hidden:
        yield StarttlsNotOffered(source=source_at(reading, index), side="remote", host=host)
    ended = None if probe["protocol"] else _ended(part)
    if ended and ended[1] is None and (hidden or probe["verify"] > 0 or probe["alert"] or probe["error"]):
        return  # that says why there is no session
    if ended:
        reason, by = ended[1] or ("", "unknown")
        if not hidden or by == "local":  # without STARTTLS the server hangs up by itself
            at = source_at(reading, ended[0])
            yield ConnectionDropped(source=at, stage=Stage.STARTTLS, reason=reason, by=by, host=host)


def _offered(part: list[tuple[int, str]]) -> str:
    """The one version that the command lets the client offer, as OpenSSL writes it; "" where it names none."""
    for _, line in part:
        option = _ALONE.search(line) if _COMMAND.search(line) else None
        if option:
            return str(option.group(1)).replace("ssl", "SSLv").replace("tls", "TLSv").replace("_", ".")
    return ""


def _ended(part: list[tuple[int, str]]) -> tuple[int, tuple[str, Side] | None] | None:
    """The 0-based line where a probe without a session ended, and how; None for how where only the lack of one is printed."""
    reset = next(((index, found) for index, line in part if (found := _RESET.search(line))), None)
    if reset:
        return reset[0], _ENDED.get(reset[1].group(1), ("", "unknown"))
    none = next((index for index, line in part if _NO_SESSION.search(line)), None)
    return None if none is None else (none, None)


def _probe(part: list[tuple[int, str]]) -> tuple[dict[str, Any], int]:
    """The probe's fields, and the 0-based line that says most: the alert, the client's own error, the verdict, else the first."""
    told: dict[str, Any] = {
        "verify": -1,
        "chain": 0,
        "protocol": "",
        "alert": 0,
        "subject": "",
        "issuer": "",
        "error": "",
        "not_after": "",
        "ciphers": "",
    }
    where = {"verify": -1, "alert": -1, "error": -1}
    pems = 0
    for index, line in part:
        pems += line.count(_PEM)
        for name, number in (("verify", _verify(line)), ("alert", _alert(line))):
            if number is not None:
                told[name], where[name] = number, index
        reason = _REASON.search(line)
        if reason and "alert" not in reason.group(1) and not told["error"]:
            told["error"], where["error"] = reason.group(1), index
        if element := _ELEMENT.search(line):
            told["chain"] = max(told["chain"], int(element.group(1)) + 1)
            told["subject"] = told["subject"] or (element.group(2).strip() if element.group(1) == "0" else "")
        for name, pattern in (
            ("subject", _SUBJECT),
            ("issuer", _ISSUER),
            ("issuer", _ISSUED),
            ("protocol", _PROTOCOL),
            ("ciphers", _CIPHERS),
            ("not_after", _UNTIL),
        ):
            found = pattern.search(line)
            if found and not told[name]:
                told[name] = next(value for value in found.groups() if value is not None).strip()
    told["chain"] = told["chain"] or pems
    told["protocol"] = told["protocol"] or told["ciphers"]
    del told["ciphers"]
    if any(_NO_SESSION.search(line) for _, line in part):
        told["protocol"] = ""
    if told["verify"] == 0 and not (told["protocol"] or told["chain"] or told["subject"]):
        told["verify"] = -1  # without a certificate "0 (ok)" only says that nothing was checked
    if told["verify"] < 0 and told["protocol"] and _checked_whole(part):
        told["verify"] = 0
    verdict = next((line for line in (where["alert"], where["error"], where["verify"]) if line >= 0), part[0][0])
    return told, verdict


def _checked_whole(part: list[tuple[int, str]]) -> bool:
    """Whether the check went from an authority down to the server's own certificate. That it found nothing says the caller."""
    depths = {int(found.group(1)) for _, line in part if (found := _CHECKED.search(line))}
    return 0 in depths and len(depths) > 1 and any("verify return:1" in line for _, line in part)


def _verify(line: str) -> int | None:
    found = _VERIFY.search(line)
    if found:
        return int(found.group(1) or found.group(2))
    if "Verification" not in line:
        return None
    return 0 if "Verification: OK" in line else next((code for words, code in _WORDS.items() if words in line), None)


def _alert(line: str) -> int | None:
    found = _ALERT.search(line)
    if found:
        return int(found.group(1))
    return next((number for name, number in _ALERT_NAMES.items() if name in line), None)
