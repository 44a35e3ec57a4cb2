"""How long a session lasted that the server ended with a timeout: by a client's own clock, or as a person tells it.

A client's log has the time before each line: `12:31:07 220 mail.contoso.com …`, `12:41:07 421 4.4.1 Connection timed out`. Only
whole minutes count, since a limit is one. `Measured` says that the greeting stands in the log: then the server was reached.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from diagnostics.artefacts import Artefact
from diagnostics.mail_facts import Configured
from diagnostics.patterns import linear
from diagnostics.recognisers import Reading, recogniser
from diagnostics.recognisers.building import artefact
from diagnostics.recognisers.sources import source_at
from diagnostics.recognisers.told_settings import MOST_LINES

_ENDED: Final = r"421[ -]4\.4\.1 Connection timed out"
_CLOCK: Final = r"\b([01]?\d|2[0-3]):([0-5]\d):([0-5]\d)\b"
_IS_ENDED = linear(f"(?i){_ENDED}")
_GREETED = linear(rf"(?i){_CLOCK}.{{0,80}}\b220[ -]\S{{1,253}}.{{0,80}}(?:E?SMTP|MAIL|ready)")
_STOPPED = linear(rf"(?i){_CLOCK}.{{0,80}}{_ENDED}")
_TOLD = linear(
    r"(?i)\b(?:always|every time|exactly|constantly|immer|genau|jedes mal|toujours|exactement|siempre|sempre|altijd"
    r"|steeds)\b[^.\n]{0,40}?"
    r"\b(\d{1,2}|two|five|ten|twenty|zwei|fünf|zehn|zwanzig|cinq|dix|cinco|diez|cinque|dieci|vijf|tien) ?min(?:ut\w*|\.)?"
)
_SESSION = linear(
    r"(?i)\b(?:sessions?|connections?|runs?|batch\w*|newsletters?|bulk|many|pop\w*|fetch\w*|transfers?|sitzung\w*|verbindung\w*|lauf\w*"
    r"|massen\w*|sesión\w*|conexión|connexion\w*|envois?|session[ei]|connession[ei]|sessies?|verbinding\w*)\b"
)
# "while it is still transmitting", "in the middle of a transfer", of a program that hands mail in
_BUSY = linear(
    r"(?i)\b(?:while|still|during|in the midst of|half ?way through|in the middle of|noch|mitten|pendant|mientras|durante|mentre)"
    r"\b[^.;\n]{0,30}?\b(?:transmi\w+|send(?:s|ing)|deliver(?:s|ing|y)|transfer\w*|upload\w*|hand(?:s|ing)|submit\w*|messages?"
    r"|übertr\w+|send\w+|envoi\w*|envía\w*|invia\w*|the run|a run|a batch)\b"
)
_HANDS_IN = linear(
    r"(?i)\b(?:pop\d?\w{0,12}|fetch\w*|getmail|collector|downloader|scanners?|applications?|scripts?|programs?|newsletters?|clients?"
    r"|programm\w*|anwendung\w*|logiciel\w*|crm|erp|importers?)\b"
)
_NUMBERS: Final = {
    "two": 2, "five": 5, "ten": 10, "twenty": 20, "zwei": 2, "fünf": 5, "zehn": 10, "zwanzig": 20, "cinq": 5, "dix": 10,
    "cinco": 5, "diez": 10, "cinque": 5, "dieci": 10, "vijf": 5, "tien": 10,
}  # fmt: skip
_SHORTEST, _SLACK, _MINUTE, _DAY = 60, 10, 60, 86_400  # seconds


@recogniser(_ENDED, rank=99)
def read(reading: Reading) -> Sequence[Artefact]:
    """One artefact, of the line that ends the session."""
    lines = list(enumerate(reading.paste.lines[:MOST_LINES]))
    measured = _measured([line[:1000] for _, line in lines])
    told = _told([line[:1000] for _, line in reading.sentences()[:MOST_LINES]])
    seconds = measured or told
    ended = next((index for index, line in lines if _IS_ENDED.search(line)), None)
    if ended is None:
        return []
    if not seconds:
        return _busy(reading)
    values = (("Seconds", str(seconds)), ("Measured", str(bool(measured))))
    fact = Configured(source=source_at(reading, ended), kind="session-length", name="session", values=values)
    return [artefact(reading, "told-session-length", [ended], [fact], {"seconds": seconds})]


def _busy(reading: Reading) -> Sequence[Artefact]:
    """A program that hands mail in and was not done when the server ended its session, as somebody tells."""
    told = [(index, line[:1000]) for index, line in reading.sentences()[:MOST_LINES]]
    busy = next((index for index, line in told if _BUSY.search(line) and not line.rstrip().endswith("?")), None)
    if busy is None or not any(_HANDS_IN.search(line) for _, line in told):
        return []
    fact = Configured(source=source_at(reading, busy), kind="busy-client")
    return [artefact(reading, "told-session-length", [busy], [fact], {"busy": True})]


def _measured(lines: Sequence[str]) -> int:
    """Seconds from the last greeting before the end to the end, to the minute; 0 where the log does not tell, or it is none."""
    began = 0
    greeted = False
    for line in lines:
        greeting, end = _GREETED.search(line), _STOPPED.search(line)
        if greeting:
            began, greeted = _second(greeting.groups()), True
        elif end and greeted:
            lasted = (_second(end.groups()) - began) % _DAY
            over = lasted % _MINUTE
            return lasted - over if lasted >= _SHORTEST and over <= _SLACK else 0
    return 0


def _second(clock: Sequence[str]) -> int:
    hours, minutes, seconds = (int(each) for each in clock)
    return hours * 3600 + minutes * 60 + seconds


def _told(lines: Sequence[str]) -> int:
    """Seconds, as somebody tells a constant number of minutes of a session or run; 0 where nobody does."""
    for line in lines:
        found = _TOLD.search(line)
        if found and _SESSION.search(line) and not line.rstrip().endswith("?"):
            word = found.group(1).lower()
            return _MINUTE * (_NUMBERS.get(word) or int(word))
    return 0
