"""That the size of a packet decides whether it arrives: "ping with 1372 bytes is answered, with 1472 it times out", or the same
as the output of ping. What is also read: the MTU of a link that somebody names, and that SMTP passes where no TLS is asked for.

A packet that is larger than the sender's own link allows is refused aloud, and 1472 bytes are all that Ethernet takes beside the
headers: neither says anything of the path. Read only beside something else that was pasted. Source: RFC 1191, RFC 2923
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from msgspec import Struct

from diagnostics.artefacts import Artefact
from diagnostics.mail_facts import Configured
from diagnostics.patterns import linear
from diagnostics.recognisers import Reading, recogniser
from diagnostics.recognisers.building import artefact
from diagnostics.recognisers.sources import source_at
from diagnostics.recognisers.told_settings import MOST_LINES, answers, supposes, without_question

PACKETS: Final = "told-packets"
_ETHERNET: Final = 1_472  # bytes that ping can send in one packet of 1500
_ANSWER: Final = 6  # lines below a command in which its answer stands
_PACKET: Final = (
    r"\bping\w*|\bpackets?\b|\bicmp\b|\bdatagram|\bpaket\w*|\bpaquets?\b|\bpaquetes?\b|\bpacchett\w|\bpakket\w*"
    r"|\bpacotes?\b|\bpakiet\w*"
)
_ABOUT = linear(rf"(?i){_PACKET}")
_SIZE = linear(
    r"(?i)-[ls] ?(\d{3,4})\b|\bsize[ =:]{1,3}(\d{3,4})\b|\b(\d{3,4})[- ]?(?:bytes?|octets?|bajt\w*)\b|\b(?:with|of|mit"
    r"|avec|con|met|com|at|bei|ab|from)"
    r" (\d{3,4})\b"
)
_COMMAND = linear(r"(?i)^\W{0,4}(?:\S{1,40}[>#$%] ?)?ping\b.{0,80}?-[ls] ?\d{3,4}\b")
_LARGER = linear(
    r"(?i)\b(?:larger|bigger|longer|above|over|more than|beyond|greater|größere?\w*|über|mehr als|ab|plus (?:grand"
    r"|gros)\w*|au[- ]del."
    r"|mayores|más (?:grandes|de)|superior\w*|più grandi|oltre|maiores|acima|grotere?|boven|większ\w*|powyżej)\b"
)
_PASSED = linear(
    r"(?i)\b(?:success\w*|succeeds?|works?|pass(?:es|ed)?|ok|fine|answered|repl(?:y|ies|ied)|go(?:es)? through"
    r"|get through|arrives?"
    r"|geht|gehen|klappt|kommt an|kommen an|durch|beantwortet|passe(?:nt)?|r.pond\w*|marche\w*|funciona\w*|pasan?"
    r"|llegan?|responden?"
    r"|funziona\w*|passano?|arrivano?|werk(?:t|en)|komen aan|passam?|chegam?|działa\w*|przechodz\w*|0% (?:packet )?loss)\b"
    r"|^Reply from .{3,60}bytes=|^\d{3,4} bytes from "
)
_SILENT = linear(
    r"(?i)\b(?:time(?:s|d)?[- ]?outs?|no (?:reply|answer|response)|unanswered|lost|vanish\w*|disappear\w*|dropped"
    r"|100% (?:packet )?loss"
    r"|never (?:arriv|answer|com)\w*|zeitüberschreitung|keine antwort|verloren|unbeantwortet|verschwinden|expir\w*"
    r"|perdus?|sans réponse"
    r"|perdid[oa]s?|sin respuesta|tiempo de espera|pers[oie]\b|senza risposta|scadut\w+|verlor\w+|geen antwoord|perdem"
    r"|sem resposta"
    r"|giną|bez odpowiedzi)\b"
)
_FAILED = linear(
    r"(?i)\b(?:fail\w*|n.t|not|no longer|nicht(?: mehr)?|nichts|nothing|nada|niente|niets|ne .{1,20} (?:pas|plus)|no|non|niet|não"
    r"|nie)\b|schlägt fehl|échoue\w*"
)
_REFUSED = linear(
    r"(?i)needs? to be fragmented|fragmentation needed|frag needed|message too long|too long, mtu|muss fragmentiert"
    r"|doit être fragment"
    r"|fragmentar|fragmentat"
)
_CLAUSE = linear(
    r"(?i)[,;.!?]\s|\b(?:but|while|whereas|and|aber|und|während|mais|et|pero|mientras|ma|mentre|maar|en|mas|ale)\b"
)
_MTU = linear(
    r"(?i)\bMTU\b[ \w]{0,12}?[\s:=]{1,3}(?:of |von |de |di |is |ist |est |es )?(\d{3,5})\b|\b(\d{3,5})[- ](?:bytes? )?MTU\b"
)
_LOOPBACK: Final = 65_536
_PLAIN = linear(
    r"(?i)\b(?:without|no|disabl\w+|ohne|sans|sin|senza|zonder|sem|bez) (?:the "
    r"|any )?(?:start)?tls\b[^.;\n]{0,40}?\b(?:works?|fine|ok|passes"
    r"|goes|delivers?|geht|klappt|funktioniert|läuft|marche|fonctionne|passe|funciona|funziona|werkt|lukt|działa)\b"
    r"|\b(?:works?|fine|ok|passes|goes|delivers?|geht|klappt|funktioniert|läuft|marche|fonctionne|funciona|funziona"
    r"|werkt|lukt|działa)\b"
    r"[^.;\n]{0,40}?\b(?:without|once i disable|ohne|sans|sin|senza|zonder|sem|bez) (?:the |any )?(?:start)?tls\b"
    r"|\b(?:plain(?:text)?|unencrypted|unverschlüsselt\w*|en clair|sin cifrar|in chiaro|onversleuteld)\b[^.;\n]{0,20}?"
    r"\b(?:smtp|mails?|port 25|sessions?|connections?|verbindung\w*)\b[^.;\n]{0,20}?\b(?:works?|fine|ok|passes|goes"
    r"|geht|klappt)\b"
)


class _Tried(Struct):
    """What became of packets of one size; `size` 0 where it is only told that they were larger."""

    line: int
    size: int
    outcome: str  # passed, silent, failed, refused


@recogniser(
    rf"(?:{_PACKET}|\bMTU\b|\btls\b|plain|unencrypted|unverschl|en clair|sin cifrar|in chiaro|onversl)", rank=98
)
def read(reading: Reading) -> Sequence[Artefact]:
    """At most one artefact of each kind: sizes, an MTU, and SMTP without TLS."""
    if not answers(reading):
        return []
    lines = [(index, without_question(line[:1000])) for index, line in reading.sentences()[:MOST_LINES]]
    told = (("size", _by_size(lines)), ("mtu", _by_mtu(lines)), ("plain", _by_plain(lines)))
    return [_artefact(reading, name, found) for name, found in told if found]


def _artefact(reading: Reading, name: str, found: tuple[int, str]) -> Artefact:
    line, value = found
    fact = Configured(source=source_at(reading, line), kind=PACKETS, name=name, values=(("Told", value),))
    return artefact(reading, PACKETS, [line], [fact], {"told": name})


def _by_size(lines: Sequence[tuple[int, str]]) -> tuple[int, str] | None:
    """The size that passes and the one that doesn't, where the path must be what the larger one is too large for."""
    tried = list(_tries(lines))
    passes = max((each.size for each in tried if each.outcome == "passed"), default=0)
    if passes >= _ETHERNET:
        return None
    for each in tried:
        above = each.size == 0 and passes > 0
        lost = each.outcome == "silent" or (each.outcome != "passed" and 0 < each.size <= _ETHERNET)
        if lost and (above or each.size > passes):
            return each.line, f"{passes or 'smaller ones'}, {each.size or 'larger ones'}"
    return None


def _tries(lines: Sequence[tuple[int, str]]) -> Iterator[_Tried]:
    for place, (index, line) in enumerate(lines):
        if not _ABOUT.search(line) or supposes(line):
            continue
        if _COMMAND.search(line) and not _outcome(line):
            below = (_outcome(answer) for _, answer in lines[place + 1 : place + 1 + _ANSWER])
            outcome = next((each for each in below if each), "")
            yield from ([_Tried(index, _size(line), outcome)] if outcome else [])
            continue
        for clause in _CLAUSE.split(line):
            outcome, size = _outcome(clause), _size(clause)
            if outcome and (size or _LARGER.search(clause)):
                yield _Tried(index, size, outcome)


def _size(text: str) -> int:
    found = _SIZE.search(text)
    return int(next(each for each in found.groups() if each)) if found else 0


def _outcome(text: str) -> str:
    if _REFUSED.search(text):
        return "refused"
    if _SILENT.search(text):
        return "silent"
    if _FAILED.search(text):
        return "failed"
    return "passed" if _PASSED.search(text) else ""


def _by_mtu(lines: Sequence[tuple[int, str]]) -> tuple[int, str] | None:
    """An MTU that is another one than that of Ethernet, as links of tunnels have, or several."""
    named = [(index, int(a or b)) for index, line in lines if not supposes(line) for a, b in _MTU.findall(line)]
    others = [(index, each) for index, each in named if each not in (1_500, _LOOPBACK)]
    return (others[0][0], ", ".join(str(each) for _, each in others[:4])) if others else None


def _by_plain(lines: Sequence[tuple[int, str]]) -> tuple[int, str] | None:
    found = next(
        ((i, m.group(0)) for i, line in lines if (m := _PLAIN.search(line)) and not supposes(line[: m.start()])), None
    )
    return (found[0], found[1][:80]) if found else None
