"""Circumstances that decide and that only a sentence tells: a meeting nobody was invited to, a smart host, a folder, an update.

Read only beside something else that was pasted.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from diagnostics.artefacts import Artefact
from diagnostics.facts import Fact, SendConnector, Source
from diagnostics.mail_facts import Configured
from diagnostics.patterns import linear
from diagnostics.recognisers import Reading, recogniser
from diagnostics.recognisers.building import artefact
from diagnostics.recognisers.sources import source_at
from diagnostics.recognisers.told_settings import MOST_LINES, answers, supposes, without_question

_MEETING = linear(
    r"(?i)\bmeeting|\bcalendar\b|\bappointment|\bbooking|\broom (?:mailbox|calendar|list)|\bBesprechung|\bTermin"
    r"|\br.union|\breuni.n|\briunion"
)
_BYSTANDER = linear(
    r"(?i)\bdelegates?\b|\b(?:nobody|no one|none of (?:us|them)|not|never|n.t) (?:has |have |was |were "
    r"|been )?(?:invite|add|address)"
    r"|\bnot (?:on|in) the (?:invitation|invite|meeting|attendee)|\bnicht eingeladen|\bpas invit|\bVertret(?:er"
    r"|ung)|\bStellvertret"
)
# A delegate who sends for somebody is no bystander: the report comes back to who wrote to the attendees.
_SENDS = linear(
    r"(?i)\bdelegates?\b[^.;\n]{0,60}\b(?:gets?|receives?|sends?|sent|moves?|moved|updates?|updated|chang(?:es?|ed|ing)"
    r"|reschedul\w+|cancel\w*|creates?|created|books?)\b"
    r"|\b(?:sent|moved|updated|changed|rescheduled|cancelled|created|booked) by (?:the |a |his |her |their )?delegate"
)
_SMART_HOST = linear(
    r"(?i)(?:smart ?-?hosts?|\x{30b9}\x{30de}\x{30fc}\x{30c8} ?\x{30db}\x{30b9}\x{30c8}|h.te actif"
    r"|host inteligente)[^\n.]{0,24}?[\s:=('\"`\[]"
    r"([a-z0-9-]{1,63}(?:\.[a-z0-9-]{1,63}){1,6})\b"
)
# "after updating to SP3 Rollup 1", "seit dem Einspielen von CU23": what was installed when the trouble began.
_UPDATED = linear(
    r"(?i)\b(?:after|since|following|got|nach|seit|apr.s|depuis|tras|despu.s|desde|dopo|sinds|na)\b[^.;\n]{0,90}?"
    r"(\b(?:(?:update )?rollup(?: \d{1,2})?|RU ?\d{1,2}|SP ?\d|service pack(?: \d)?"
    r"|CU ?\d{1,2}|SU ?\d{1,2}|cumulative update(?: \d{1,2})?"
    r"|kumulative\w* update"
    r"|(?:(?:jan|feb|m.r|apr|ma|jun|jul|aug|sep|o[ck]t|nov|de[cz])\w{0,8} )?(?:\d{4} )?(?:security|sicherheits-?) ?update"
    r"|(?:(?:apr|nov|de[cz])\w{0,8} )?(?:\d{4} )?hot ?fix(?: update)?(?: (?:KB ?)?\d{6,7})?|HU ?\d{1,2}"
    r"|KB ?\d{6,7})|\.NET(?: framework)? ?\d(?:\.\d){0,2})\b"
)
_CARPETAS: Final = r"dossiers? publics?|carpetas? p.blicas?|cartell[ae] pubblic"
_FOLDERS: Final = rf"public[ -]?folders?|\bPFs?\b|.ffentliche[mnrs]? ordner|openbare map|{_CARPETAS}"
_GONE: Final = (
    r"retired?|decommission\w*|removed|uninstall\w*|shut down|switched off|turned off|took down|taken down|replaced|abgeschaltet"
    r"|deinstalliert|au.er betrieb|entfernt|stillgelegt|d.sinstall.|retir.e?|mis hors service|retirado|desinstalad\w"
    r"|apagado|uitgezet"
    r"|verwijderd"
)
_SERVER: Final = r"servers?\b|databases?\b|stores?\b|datenbank|serveurs?\b|servidor\w*|bases? de (?:donn.es|datos)"
# "we retired one of the public folder servers": what a folder's object may still name.
_RETIRED = linear(
    rf"(?i)\b(?:{_GONE})\b[^.;\n]{{0,40}}(?:{_FOLDERS})[- ]?(?:mailbox |role )?(?:{_SERVER})"
    rf"|(?:{_FOLDERS})[- ]?(?:{_SERVER})[^.;\n]{{0,60}}\b(?:{_GONE})\b"
    rf"|(?:{_SERVER})[^.;\n]{{0,30}}(?:{_FOLDERS})[^.;\n]{{0,60}}\b(?:{_GONE})\b"
)
# "last week we removed the last Exchange 2010": objects may name it still. Of these versions public folders were databases.
_LEGACY: Final = r"(?:exchange|ex|sbs|servers?) ?(?:server )?(?:2003|2007|2010|2011)\b"
_GOING: Final = rf"{_GONE}|remov\w+|entfern\w+|retir\w+|delet\w+|gel[öo]scht|eliminad\w|supprim\w+|rimoss\w|verwijderd"
_LEGACY_GONE = linear(rf"(?i)\b(?:{_GOING})\b[^.;\n]{{0,40}}\b{_LEGACY}|\b{_LEGACY}[^.;\n]{{0,40}}\b(?:{_GOING})\b")
_NEVER = linear(r"(?i)\b(?:not|n.t|never|no|nicht|kein\w*|pas|nunca)\b")
# Mail from inside arrives, and all mailboxes are in the cloud: then the directory of Exchange Online has the recipient.
_INSIDE = linear(
    r"(?i)\b(?:internal(?:ly)?|inside|intern\w{0,8})\b[^.;\n]{0,50}\b(?:fine|works?|ok|arrives?|delivered|geht"
    r"|gehen|kommt an|kommen an"
    r"|funktionier\w*|klappt|passe\w{0,2}|arrive\w{0,2}|funciona\w?|llega\w?)\b"
)
_ALL_CLOUD = linear(
    r"(?i)\bmailboxes\b[^.;\n]{0,30}\b(?:in the cloud|in (?:exchange online|office 365|m365|365)|online)\b"
    r"|\bcloud[- ]only\b|\bpostf.cher\b[^.;\n]{0,30}\b(?:cloud|online)\b|\bno (?:on-?prem\w* )mailbox"
)
_PRODUCT: Final = (
    r"(?:mail ?|spam ?)?(?:gateway|filter)|mimecast|barracuda|proofpoint|ironport|hornet ?security|fortimail|sophos"
    r"|passerelle|pasarela"
)
_OWN_GATEWAY = linear(
    rf"(?i)\b(?:we(?:'re| are| use| run) (?:behind |with )?|our (?:own )?|wir (?:sind|stehen) hinter (?:\w+ )?"
    rf"|unser\w{{0,2}} (?:eigene\w? )?"
    rf"|nous sommes derri.re |notre |nuestr[oa] |onze )(?:{_PRODUCT})\b"
    rf"|\b(?:since|after|seit|nach|depuis|apr.s|desde|tras|sinds|na|dopo|desde)\b[^.;\n]{{0,16}}"
    rf"\b(?:move|switch|migration|change|wechsel|umstellung|umzug|passage|migraci.n|cambio|paso|overstap|overgang|passaggio)\b"
    rf"[^.;\n]{{0,8}}\b(?:to|zu|auf|à|a|al|naar)\b (?:the |our )?(?:{_PRODUCT})\b"
)
# "Since I changed my mail gateway": what its clients are shown since is another one's.
_NEW_GATEWAY = linear(
    rf"(?i)\b(?:chang\w+|switch\w+|replac\w+|swapp\w+|exchanged|migrat\w+|new)\b (?:(?:my|our|the|to|mail|e-?mail|spam|smtp|edge"
    rf"|security|from|a|new) ){{0,4}}?(?:{_PRODUCT})\b"
    rf"|\b(?:{_PRODUCT})\b (?:was|has been|got|wurde|ist|a été|fue|è stato|is) (?:\w+ ){{0,2}}?"
    r"(?:changed|replaced|switched|swapped|gewechselt|getauscht|ersetzt|umgestellt|remplac\w+|chang\w+|cambi\w+|sostituit\w"
    r"|vervangen)\b"
    rf"|\b(?:neue\w{{0,2}}|nouve\w+|nuev\w|nuov\w|nieuwe?) (?:(?:mail|e-?mail|spam)-?)?(?:{_PRODUCT})\b"
)
_LATER = linear(r"(?i)\b(?:will|going to|plan\w*|next (?:week|month|year)|werden|wollen|allons|vamos a)\b")

_TO_FOLDER = linear(
    rf"(?i)\bmail[ -]?(?:enabled|aktivierte\w*)[^.\n]{{0,12}}(?:{_FOLDERS})|(?:{_FOLDERS})[^.\n]{{0,60}}"
    r"(?:messagerie|habilitad|abilitat|e-?mail|\bmails?\b|courrier|post\b)"
    r"|\b(?:(?:e-?)?mails?|messages?|courriels?|correos?|mensajes|messaggi|nachrichten|berichten)\b[^.\n]{0,40}"
    rf"\b(?:to|in|into|for|an|auf|für|einen|einem|à|aux?|les|un|vers|al?|de|naar)\b[^.\n]{{0,24}}(?:{_FOLDERS})"
)
# "We have no mail flow rules": then a rule that rejects is the other organization's.
_RULES: Final = r"rules?|(?:transport|nachrichtenfluss)?-?regeln?|r.gles?|reglas?|regole|regels"
_NO_RULES = linear(
    r"(?i)\b(?:(?:we|i|wir) (?:do(?: not|n.t) (?:have|use)|have no|have not|haben keine)|there (?:are no|aren.t)"
    r"|no (?:transport|mail ?flow)|es gibt keine|nous n.avons (?:pas|aucune)|il n.y a (?:pas|aucune)|no tenemos|no hay"
    rf"|non (?:abbiamo|ci sono)|we hebben geen|er zijn geen)\b[^.;\n]{{0,24}}\b(?:{_RULES})\b"
)
# "Our Edge Transport servers": who refuses at the border then, by a copy of the directory.
_EDGE = linear(
    r"(?i)\bedge[- ]?transport\b|\bedge[- ]servers?\b|\bexchange[- ]edge\b|\bserveurs? edge\b|\bedge[ -]?sync|\bedge[ -]subscri"
    r"|\bservidor(?:es)? (?:de borde|edge)\b|\bserver edge\b"
    r"|\bbetween (?:our |the )?edge (?:and|server)|\b(?:and|und) (?:our |the |dem |unserem )?edge\s*(?:[.,;)]|$)"
)
_WITHOUT_EDGE = linear(
    r"(?i)(?:n['\x{2019}]t|\b(?:no|not|never|without|kein\w*|ohne|pas|sans|sin|senza|geen|zonder))\b[^.,;:]{0,20}$"
)


@recogniser(
    r"(?:edge|delegate|invite|eingeladen|smart ?-?host|\x{30b9}\x{30de}\x{30fc}\x{30c8}|h.te actif|host inteligente|vertret"
    rf"|(?:{_PRODUCT})|(?:{_FOLDERS})|{_LEGACY}|(?:{_RULES})|mailboxes|cloud|postf.cher"
    r"|rollup|\b[RCS]U ?\d|\bSP ?\d|service pack|cumulative|kumulativ|security update|sicherheits-?update"
    r"|hot ?fix|\bHU ?\d|\bKB ?\d{6}|\.NET\b)",
    rank=99,
)
def read(reading: Reading) -> Sequence[Artefact]:
    """One artefact for each line."""
    if not answers(reading):
        return []
    lines = [(index, line[:1000]) for index, line in reading.sentences()[:MOST_LINES]]
    found = []
    for index, line in lines:
        facts = list(_told(source_at(reading, index), without_question(line)))
        if facts:
            found.append(artefact(reading, "told-circumstance", [index], facts, {"facts": len(facts)}))
    return [*found, *_meetings(reading, lines), *_reached(reading, lines)]


def _told(source: Source, line: str) -> Iterator[Fact]:
    host = _SMART_HOST.search(line)
    if host and not supposes(line[: host.start()]):
        yield SendConnector(source=source, smart_hosts=(host.group(1).lower(),))
    folder = _TO_FOLDER.search(line)
    if folder and not supposes(line[: folder.start()]):
        yield Configured(source=source, kind="told-folder", name="public-folder")
    retired = _RETIRED.search(line)
    if retired and not _NEVER.search(retired.group(0)) and not supposes(line[: retired.start()]):
        yield Configured(source=source, kind="told-retired", name="public-folder-server")
    legacy = _LEGACY_GONE.search(line)
    if legacy and not retired and not _NEVER.search(legacy.group(0)) and not supposes(line[: legacy.start()]):
        yield Configured(source=source, kind="told-retired", name="legacy-server")
    own = _OWN_GATEWAY.search(line)
    if own and not supposes(line[: own.start()]):
        yield Configured(source=source, kind="told-gateway", name="own")
    new = _NEW_GATEWAY.search(line)
    if new and not (_NEVER.search(line[: new.end()]) or _LATER.search(line) or supposes(line[: new.start()])):
        yield Configured(source=source, kind="told-gateway", name="new")
    edge = _EDGE.search(line)
    if edge and not _WITHOUT_EDGE.search(line[: edge.start()]) and not supposes(line[: edge.start()]):
        yield Configured(source=source, kind="told-edge", name="edge")
    updated = _UPDATED.search(line)
    if updated and not supposes(line[: updated.start()]):
        yield Configured(source=source, kind="told-update", name=updated.group(1))
    if _NO_RULES.search(line):
        yield Configured(source=source, kind="told-rules", name="none")


def _reached(reading: Reading, lines: list[tuple[int, str]]) -> Iterator[Artefact]:
    """That colleagues in the cloud reach the recipient, whom outsiders don't: two statements, wherever they stand."""
    inside = next((index for index, line in lines if _INSIDE.search(line)), None)
    if inside is not None and any(_ALL_CLOUD.search(line) for _, line in lines):
        fact = Configured(source=source_at(reading, inside), kind="told-reached", name="inside-the-tenant")
        yield artefact(reading, "told-reached", [inside], [fact], {"told": "inside the tenant"})


def _meetings(reading: Reading, lines: list[tuple[int, str]]) -> Iterator[Artefact]:
    """That a meeting request comes back for somebody who was not invited: two statements, wherever they stand."""
    meeting = next((index for index, line in lines if _MEETING.search(line)), None)
    if meeting is not None and any(_BYSTANDER.search(line) and not _SENDS.search(line) for _, line in lines):
        fact = Configured(source=source_at(reading, meeting), kind="told-bystander", name="meeting")
        yield artefact(reading, "told-meeting", [meeting], [fact], {"told": "meeting"})
