"""What a person says of Receive connectors: "the relay connector has the other server's IP in its range", "its Exchange Server
authentication isn't ticked". Answers to what was asked, in words instead of the cmdlet's output.

Read only beside something else that was pasted, or as an answer in a thread.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from diagnostics.artefacts import Artefact
from diagnostics.facts import Fact, Source
from diagnostics.mail_facts import Configured
from diagnostics.patterns import linear
from diagnostics.recognisers import Reading, recogniser
from diagnostics.recognisers.building import artefact
from diagnostics.recognisers.sources import source_at
from diagnostics.recognisers.told_settings import MOST_LINES, answers, supposes

_MADE: Final = (
    r"relay|anonym\w*|scan\w*|printer\w*|drucker\w*|copier\w*|app(?:lication)?|custom|other|another|wrong|legacy"
)
_CONNECTOR: Final = (
    rf"(?:{_MADE})[ -](?:receive[ -]|empfangs-?)?(?:connectors?|konnektors?|connecteurs?)|connecteur (?:de )?relais"
    rf"|conector de (?:relay|retransmisi.n)"
)
_SERVERS: Final = (
    r"(?:exchange|mailbox|transport|cas|hub|dag)[ -]?servers?\b.{0,4}|servers'? own|(?:other|second|target|sending"
    r"|source|both|own|all) (?:exchange )?"
    r"(?:servers?|nodes?|members?)\b.{0,4}|serveurs? exchange|servidor(?:es)? exchange|exchange-?servers?"
)
_ADDRESSES: Final = r"ips?\b|ip[ -]?addresses|addresses|subnet|network|ip-?adressen?|adressen?|adresses?|direcci\w+"
_RANGE: Final = r"ranges?\b|remote ?(?:ip|network)|RemoteIPRanges|bereich\w*|plages?|rangos?|scope|list\b|liste\b"
_HOLDS: Final = (
    r"has|have|had|holds?|contains?|includes?|covers?|lists?|enth.lt|hat|stehen|steht|sind|contient|contiene|tiene"
    r"|are|is|were|was"
)
_CAUGHT = linear(
    rf"(?i)(?:\b(?:{_CONNECTOR})\b[^.;\n]{{0,60}}?\b(?:{_HOLDS})"
    rf"|\b(?:{_HOLDS}) [^.;\n]{{0,12}}\b(?:{_CONNECTOR}))\b[^.;\n]{{0,60}}?(?:\b(?:{_SERVERS})[^.;\n]{{0,40}}\b(?:{_ADDRESSES})"
    rf"|\b(?:{_ADDRESSES})[^.;\n]{{0,40}}\b(?:{_SERVERS}))[^.;\n]{{0,60}}?\b(?:{_RANGE})"
    rf"|\b(?:{_ADDRESSES})\b[^.;\n]{{0,40}}\b(?:{_SERVERS})[^.;\n]{{0,60}}\b(?:{_HOLDS})\b[^.;\n]{{0,60}}\b(?:{_RANGE})[^.;\n]{{0,40}}"
    rf"\b(?:{_CONNECTOR})\b"
    rf"|\b(?:range|subnet|network|bereich|plage|rango)\b[^.;\n]{{0,30}}?\b(?:includes?|covers?|contains?|holds?|takes in|umfasst"
    rf"|enth.lt|comprend|incluye)\b[^.;\n]{{0,30}}?\b(?:{_SERVERS})"
)
# Which connector took the sessions, as somebody saw in its log: one for applications, or the default one in place of one's own.
_IN_USE: Final = (
    r"(?:(?:is|was|gets?|got|are|were) (?:being |actually |always |the one )?"
    r"(?:used|hit|matched|chosen|picked|selected|answering|met)"
    r"|answers?|answered|takes? (?:the|these|those|its|their) (?:sessions?|connections?)|handles?|handled"
    r"|wird (?:verwendet|benutzt)|antwortet)"
)
_ANSWERED = linear(rf"(?i)\b(?:{_CONNECTOR})\b[^.;\n]{{0,24}}?\b{_IN_USE}\b")
_UNUSED = linear(
    r"(?i)\b(?:my|our|the|new|this|that)\b[^.;\n]{0,24}\bconnector\b[^.;\n]{0,40}?\b(?:is|was|are|gets?|got)"
    r"(?: not|n.t| never) (?:being )?(?:used|hit|matched|chosen|met)\b"
    r"|\bmein\w{0,2} (?:\w+-?)?(?:connector|konnektor) wird nicht (?:verwendet|benutzt)\b"
)
# One that was made for clients, which then are refused by another, or by this one for want of a right.
_RECEIVES: Final = (
    r"(?:receive[ -]?connectors?|relay[ -]?connectors?|(?:empfangs|receive)-?(?:connector|konnektor)s?"
    r"|connecteurs? de réception|conector(?:es)? de recepción)"
)
_MADE_ONE = linear(
    rf"(?i)\b(?:added|created|made|set ?up|configured|built|ajouté|créé|creado|añadido)\b[^.;\n]{{0,40}}?\b{_RECEIVES}\b"
    rf"|\b{_RECEIVES}\b[^.;\n]{{0,60}}?\b(?:(?:was|were|been) (?:added|created|made|set ?up)|angelegt|erstellt|eingerichtet)\b"
)
_LOGON: Final = (
    r"exchange ?server (?:authentication|auth|logon)|exchangeserver|exchange-?server-?authentifizierung"
    r"|authentification (?:du )?serveur exchange"
)
_MISSING: Final = (
    r"(?:is|was|were|are|got|had been|has been)(?: ?n[o']?t| not) (?:ticked|checked|set|enabled|selected|there|on\b|offered)"
    r"|(?:is|was|got|has been) (?:missing|unticked|unchecked|disabled|removed|off\b|deselected|gone)|fehlt"
    r"|ist nicht (?:angehakt|aktiv\w*|gesetzt)"
    r"|war nicht (?:angehakt|aktiv\w*|gesetzt)|manque|n.est pas coch.e?|falta\b"
)
_UNTICKED = linear(rf"(?i)\b(?:{_LOGON})\b[^.;\n]{{0,50}}?\b(?:{_MISSING})")
_NOT = linear(r"(?i)\b(?:no|none|not|n.t|never|no longer|without|kein\w*|nicht|aucun\w*|ning\w+)\b")


@recogniser(rf"(?:connector|konnektor|connecteur|conector)|(?:{_LOGON})", rank=98)
def read(reading: Reading) -> Sequence[Artefact]:
    """One artefact for each line."""
    if not answers(reading):
        return []
    found = []
    for index, line in reading.sentences()[:MOST_LINES]:
        asked = line.rstrip().endswith("?")
        facts = [] if asked else list(_told(source_at(reading, index), line[:1000]))
        if facts:
            found.append(artefact(reading, "told-connectors", [index], facts, {"facts": len(facts)}))
    return found


def _told(source: Source, line: str) -> Iterator[Fact]:
    caught = _CAUGHT.search(line)
    if caught and not _NOT.search(caught.group(0)) and not supposes(line[: caught.start()]):
        yield Configured(source=source, kind="told-ranges", name="exchange-servers")
    answered = _ANSWERED.search(line)
    if answered and not _NOT.search(answered.group(0)) and not supposes(line[: answered.start()]):
        yield Configured(source=source, kind="told-answered", name="for-applications")
    unused = _UNUSED.search(line)
    if unused and not supposes(line[: unused.start()]):
        yield Configured(source=source, kind="told-answered", name="another")
    made = _MADE_ONE.search(line)
    if made and not _NOT.search(made.group(0)) and not supposes(line[: made.start()]):
        yield Configured(source=source, kind="told-connector-made", name="receive")
    unticked = _UNTICKED.search(line)
    if unticked and not supposes(line[: unticked.start()]):
        yield Configured(source=source, kind="told-logon", name="exchange-servers")
