"""Cmdlets that had nothing to list: the prompt comes back at once, or the header of a table stands alone.

No queue, no queued message and nobody barred from sending is good news, and the answer to the question for them. A root
certificate that the machine's store doesn't list is bad news.
Source: https://learn.microsoft.com/powershell/module/exchangepowershell/get-queue
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from diagnostics.artefacts import Artefact
from diagnostics.mail_facts import Configured
from diagnostics.patterns import linear
from diagnostics.recognisers import Reading, recogniser
from diagnostics.recognisers.building import artefact
from diagnostics.recognisers.sources import source_at

PROMPT: Final = r"^\s*(?:\[PS\] ?|PS )(?:[A-Z]:\\[^>\n]{0,200})?> ?"
_SERVERS: Final = r"(?:Get-(?:\w{0,20}Server|TransportService)\b[^|>\n]{0,100}\|\s*)?"  # of which servers
_COMMAND = linear(rf"(?i){PROMPT}{_SERVERS}(Get-(?:Queue|Message|BlockedSenderAddress))\b[^>]*$")
# All that one sender sent: `-Status Failed` and the like would be less.
_TRACED = linear(
    rf"(?i){PROMPT}Get-MessageTrace(?:V2)?\b([^|>\n]*?)-SenderAddress[ :]['\"]?([^\s'\"|<>]{{3,120}})['\"]?"
    r"([^|\n]{0,200})(?:\||$)"
)
_NARROWS = linear(r"(?i)-(?:Status|RecipientAddress|MessageId|MessageTraceId|Subject|ToIP|FromIP)\b")
_ROOTS: Final = (
    r"(?:Get-ChildItem|gci|dir|ls)\b[^|\n]{0,40}Cert:\\LocalMachine\\Root\b[^|\n]{0,20}\|[^\n]{0,60}Thumbprint"
)
_ROOT = linear(rf"(?i)\b{_ROOTS}\s*-(?:eq|like|match)\s*['\"]([0-9A-F]{{40}})['\"]\s*\}}?\s*\)?([^\n]*)$")
NOTHING = linear(
    r"(?i)\b(?:(?:returns?|returned|shows?|showed|gives?|gave|prints?|printed|lists?|finds?|found) (?:nothing|no\b)"
    r"|nothing (?:is |was |comes )?(?:returned|back|shown|found|listed)|no (?:results?|output)|empty)\b"
    r"|\bkeine? (?:Ausgabe|Ergebnis)|\bnichts\b|\brien\b|\baucune? (?:r.sultat|sortie)|\bnada\b|\bsin resultados?|\bniente\b"
    r"|\bnessun (?:risultato|output)|\bniets\b|\bgeen (?:resultaat|uitvoer)"
    r"|\x{7d50}\x{679c}\x{304c}\x{8fd4}\x{3055}\x{308c}\x{306a}|\x{4f55}\x{3082}"
)
_IS_PROMPT = linear(rf"(?i){PROMPT}")
_HEADER = linear(
    r"(?i)^\s*Identity\s+(?:DeliveryType\s+)?Status\s+MessageCount\b[A-Za-z\s]*$|^\s*Identity\s+FromAddress\s+Status\b[A-Za-z\s]*$"
)
_RULE = linear(r"^\s*-{4,}[-\s]*$")
_KINDS: Final = {
    "get-queue": "queue-list",
    "get-message": "message-list",
    "get-blockedsenderaddress": "blocked-sender-address",
}


@recogniser(
    rf"(?:{_ROOTS}|{PROMPT}{_SERVERS}Get-(?:Queue|Message|MessageTrace(?:V2)?|BlockedSenderAddress)\b|^\s*Identity\s+(?:DeliveryType|Status|FromAddress)\s)",
    rank=41,
)
def read(reading: Reading) -> Sequence[Artefact]:
    """One artefact for each list without an entry."""
    found = []
    for command, lines in _empty(reading.paste.lines):
        if not reading.claimed & set(lines):
            fact = Configured(source=source_at(reading, lines[0]), kind=_KINDS[command], values=(("Count", "0"),))
            found.append(artefact(reading, command, lines, [fact], {"listed": 0}))
    return [*found, *_missing_roots(reading), *_untraced(reading)]


def _untraced(reading: Reading) -> Iterator[Artefact]:
    """A trace by the sender that prints nothing: the prompt comes back, or the person says so."""
    lines = reading.paste.lines
    for index, line in enumerate(lines):
        asked = _TRACED.search(line[:1000]) if index not in reading.claimed else None
        if asked is None or _NARROWS.search(f"{asked.group(1)} {asked.group(3)}"):
            continue
        below = _following(lines, index)
        if below < 0 or not (_IS_PROMPT.search(lines[below]) or NOTHING.search(lines[below][:200])):
            continue
        sender = str(asked.group(2)).lower()
        fact = Configured(source=source_at(reading, index), kind="sent-trace", name=sender, values=(("Count", "0"),))
        yield artefact(reading, "sent-trace", [index], [fact], {"sender": sender, "listed": 0})


def _missing_roots(reading: Reading) -> Iterator[Artefact]:
    """A root that was looked for by its thumbprint and isn't there: the prompt comes back, or the person says so."""
    lines = reading.paste.lines
    for index, line in enumerate(lines):
        asked = _ROOT.search(line) if index not in reading.claimed else None
        following = _following(lines, index) if asked else -1
        below = lines[following] if following >= 0 else ""
        if asked and (_IS_PROMPT.search(below) or NOTHING.search(f"{asked.group(2)} {below[:200]}")):
            values = (("Count", "0"),)
            thumbprint = str(asked.group(1)).upper()
            fact = Configured(
                source=source_at(reading, index), kind="trusted-root", name=thumbprint, values=values, failing=True
            )
            yield artefact(reading, "trusted-roots", [index], [fact], {"missing": thumbprint})


def _empty(lines: Sequence[str]) -> Iterator[tuple[str, list[int]]]:
    """(the cmdlet in lower case, the lines) of each list that ends where it begins."""
    for index, line in enumerate(lines):
        command = _COMMAND.search(line)
        if command:
            following = _following(lines, index)
            if following >= 0 and _IS_PROMPT.search(lines[following]):
                yield command.group(1).lower(), [index]
        elif _HEADER.search(line):
            ruled = index + 1 < len(lines) and bool(_RULE.search(lines[index + 1]))
            last = index + 1 if ruled else index
            following = _following(lines, last)
            # Without a rule the header may be somebody's list of columns.
            if ruled and (following < 0 or _IS_PROMPT.search(lines[following])):
                yield "get-message" if "fromaddress" in line.lower() else "get-queue", [index, last]


def _following(lines: Sequence[str], index: int) -> int:
    """The next line that isn't blank, within a few; -1 where none is: then nothing follows."""
    return next((at for at in range(index + 1, min(index + 6, len(lines))) if lines[at].strip()), -1)
