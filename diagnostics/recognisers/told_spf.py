"""An SPF record told in a sentence that lets nobody send: it names the MX hosts alone, and there is no MX, or nobody at all. And
one with a mistake in its syntax, which is then read like a look-up's.

Read where the text also says that SPF failed: a domain that never sends rightly has such a record. A record on a line of its own
is a look-up's (dns_bare); that SPF failed is then told beside it.
Source: https://www.rfc-editor.org/rfc/rfc7208 (5.4, 11.1)
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from diagnostics.artefacts import Artefact
from diagnostics.looked_facts import DnsRecord
from diagnostics.mail_facts import Configured
from diagnostics.patterns import linear
from diagnostics.recognisers import Reading, recogniser
from diagnostics.recognisers.building import artefact
from diagnostics.recognisers.dns_talk import answer_of
from diagnostics.recognisers.sources import source_at
from diagnostics.recognisers.told_settings import MOST_LINES, answers, supposes
from diagnostics.spf_written import misfit
from diagnostics.text import squeezed

KIND: Final = "told-spf"
_RECORD = linear(r"(?i)\bv=spf1((?: [+~?-]?[a-z0-9][^\s\"'`),;]{0,60}){0,12}? [~?-]all)\b")
_NO_MX = linear(
    r"(?i)\b(?:no|without(?: an?)?|lacks?(?: an?)?|kein(?:en|e)?|ohne|pas de|aucun|sans|sin|ning[uú]n|nessun|senza|geen|zonder) "
    r"(?:\w+ )?mx\b|\bmx(?: records?| entry)? (?:is|are) (?:missing|empty|not (?:set|there|published))"
)
_FAILED = linear(
    r"(?i)\bspf\b.{0,40}(?:fail|fehl|[ée]chec|fall|non passa|mislukt)|fail\w*.{0,20}\bspf\b|\bspf=(?:soft)?fail\b"
    r"|\bspf\b.{0,40}perm_?error|\bR_SPF_(?:(?:SOFT|PERM)?FAIL)\b|\bSPF_(?:SOFT)?FAIL\b"  # symbols of rspamd, SpamAssassin
)
# A tester's or receiver's verdict on the record itself, in whichever language the rest of the sentence is.
_INVALID = linear(
    r"(?i)\bspf\b.{0,60}perm(?:anent)?[_ -]?error|\bperm_?error\b.{0,60}\bspf\b|\bR_SPF_PERMFAIL\b"
    r"|too many (?:(?:included )?(?:dns )?look-?ups|dns (?:queries|requests))|exceed\w* .{0,30}\blook-?up limit"
)
_WHOLE = linear(r"(?i)\bv=spf1\s[^\"'`\n]{0,800}?\s[~?+-]all\b")


@recogniser(r"\S.*\bv=spf1\b", rank=94)
def read(reading: Reading) -> Sequence[Artefact]:
    """One artefact for the first such sentence."""
    lines = reading.sentences()[:MOST_LINES]
    if not any(_FAILED.search(line[:1000]) for line in reading.paste.lines[:MOST_LINES]):
        return []
    without_mx = any(_NO_MX.search(line[:1000]) for _, line in lines)
    for index, line in lines:
        told = _RECORD.search(line[:1000])
        if told is None or supposes(line[: told.start()]) or line.rstrip().endswith("?"):
            continue
        passing = _passing(str(told.group(1)))
        if not passing or (without_mx and passing == {"mx"}):
            fact = Configured(source=source_at(reading, index), kind=KIND, name=" ".join(sorted(passing)), failing=True)
            return [artefact(reading, KIND, [index], [fact], {"record": str(told.group(0))})]
    return []


def _passing(terms: str) -> set[str]:
    """The mechanisms that let somebody send, in lower case."""
    return {
        term.lstrip("+") for term in terms.lower().split() if term[0] not in "-~?" and "=" not in term.partition(":")[0]
    }


@recogniser(r"\bv=spf1\b", rank=98)
def read_failure(reading: Reading) -> Sequence[Artefact]:
    """The last record of a sentence where it has a mistake; and the first line that says that SPF failed, where it stands beside
    a record or anything else that was pasted."""
    lines = reading.paste.lines[:MOST_LINES]
    failed = next((index for index, line in enumerate(lines) if _FAILED.search(line[:1000])), -1)
    if failed < 0:
        return []
    found = []
    told = [
        (index, match) for index, line in reading.sentences()[:MOST_LINES] for match in _WHOLE.finditer(line[:1000])
    ]
    stated = [(index, match) for index, match in told if not supposes(match.string[: match.start()])]
    index, record = (stated[-1][0], squeezed(stated[-1][1].group(0))) if stated else (-1, "")
    if misfit(record):
        fact = answer_of(reading, index, "", records=[DnsRecord("TXT", record)])
        found.append(artefact(reading, "dns-answer", [index], [fact], {"name": "", "ok": True, "error": ""}))
    if found or answers(reading):
        invalid = "invalid" if _INVALID.search(lines[failed][:1000]) else ""
        said = Configured(source=source_at(reading, failed), kind="told-spf-failed", name=invalid)
        found.append(artefact(reading, "told-spf-failed", [failed], [said], {"failed": True}))
    return found
