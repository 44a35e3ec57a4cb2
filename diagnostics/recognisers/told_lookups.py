"""Look-ups that a person tells of: `EXO: Get-Recipient kim@contoso.com -> not found`, on-premises it is a RemoteMailbox.

Which directory was asked is told by the cmdlet, by a word in front of it, or by a label on a line of its own above. One line may
tell of several; what is said between two commands is the answer to the first.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

from diagnostics.artefacts import Artefact
from diagnostics.facts import Fact, Source
from diagnostics.mail_facts import Configured, LookedUp
from diagnostics.patterns import linear
from diagnostics.recognisers import Reading, recogniser
from diagnostics.recognisers.building import artefact
from diagnostics.recognisers.sources import source_at
from diagnostics.recognisers.told_settings import MOST_LINES, supposes

_NOUNS: Final = (
    "Recipient|Mailbox|RemoteMailbox|MailUser|MailContact|User|ADUser|MsolUser|MgUser|MailPublicFolder|DistributionGroup"
    "|UnifiedGroup"
)
_SCREEN: Final = rf"\bGet-(?:EXO)?(?:{_NOUNS}|AcceptedDomain)\b"
_COMMAND = linear(rf"(?i)\bGet-(EXO)?({_NOUNS})\b(?: -\w+)?[ \"']{{1,3}}([\w.+'-]{{1,64}}(?:@[\w.-]{{3,200}}\w)?)")
_NAME: Final = r"[a-z0-9-]{1,63}(?:\.[a-z0-9-]{1,63}){1,8}"
_DOMAIN = linear(
    rf"(?i)\bGet-AcceptedDomain\b[^\n]{{0,160}}?(?:->|=>|=|:)\s{{0,20}}(?:({_NAME})[\s:=]{{1,40}}(?:is )?)?"
    r"(Authoritative|Internal ?Relay|External ?Relay)\b"
)
_NAMED = linear(rf"(?i)\bGet-AcceptedDomain\s+(?:-Identity )?[\"']?({_NAME})")
_BETWEEN: Final = (
    r"^[\"']?[^\n]{0,80}?(?:->|=>|[:=]\s|\breturns?\b|\bfinds?\b|\bgives?\b|\bshows?\b|\bsays?\b|\bis\b|\()"
)
_NONE = linear(
    "(?i)"
    + _BETWEEN
    + r"[^\n]{0,40}?(?:n[o']t be found|not (?:be )?found|not there|nothing|empty|no (?:such |result|object|match)"
    r"|none\b|0 results|does(?: not|n't) exist|nicht (?:gefunden|da\b|vorhanden)|nichts"
    r"|leer\b|introuvable|rien\b|non trovato|nada\b|niet gevonden)"
)
_THERE = linear(
    "(?i)"
    + _BETWEEN
    + r"[^\n]{0,40}?\b((?:Remote)?(?:User|Shared|Room|Equipment)Mailbox|Mail(?:User|Contact)|MailEnabled\w+|PublicFolder"
    r"|GuestMailUser|exists\b|found\b|is there\b|one object\b"
    r"|ist da\b|gefunden\b|existiert\b|vorhanden\b|existe\b|est là\b|esiste\b|bestaat\b)"
)
_FINDS = linear(
    r"(?i)^[\"']?[^\n]{0,40}?\b(?:finds|shows|returns|findet|zeigt)(?: (?:her|him|it|them|sie|ihn|es|das|(?:the|a|one|den|die) "
    r"(?:mailbox|user|object|recipient|contact|postfach|benutzer|objekt)))\b"
)
_ONLINE = linear(r"(?i)\b(?:exo|exchange online|cloud|(?:office |microsoft |m|o)?365|tenant)\b")
_PREMISES = linear(r"(?i)\b(?:on-?prem\w*|on premises|ems|local(?:ly)?|lokal|dc\d{0,2}|ad)\b")
_ANSWERS: Final = frozenset({"returns", "finds", "shows", "says", "gives", "findet", "zeigt", "liefert"})
_WORDS: Final = frozenset(
    {"in", "on", "for", "from", "of", "at", "to", "with", "and", "the", "a", "is", "are", "was"}
)  # fmt: skip
_LABEL: Final = 40  # characters of a line that is nothing but a label


@recogniser(_SCREEN, rank=94)
def read(reading: Reading) -> Sequence[Artefact]:
    """One artefact for each line. The command may not be a wish: `please check Get-Recipient …` has no answer behind it."""
    found = []
    for index, line in reading.sentences()[:MOST_LINES]:
        facts = list(_told(reading, index, line[:1000]))
        if facts:
            found.append(artefact(reading, "told-lookup", [index], facts, {"lookups": len(facts)}))
    return found


def _told(reading: Reading, index: int, line: str) -> Iterator[Fact]:
    source = source_at(reading, index)
    asked = list(_COMMAND.finditer(line))
    before = 0
    for each, end in zip(asked, [*(other.start() for other in asked[1:]), len(line)], strict=False):
        if not supposes(line[: each.start()]):
            where = _where(reading, index, line[before : each.start()])
            yield from _looked_up(source, each, line[each.end() : end], where)
        before = each.end()
    domain = _DOMAIN.search(line)
    if domain:
        named = _NAMED.search(line)
        name = domain.group(1) or (named.group(1) if named else "")
        values = (("DomainName", str(name).lower()), ("DomainType", str(domain.group(2)).replace(" ", "")))
        yield Configured(source=source, kind="accepted-domain", name=str(name).lower(), values=values)


def _looked_up(source: Source, asked: Any, rest: str, where: str) -> Iterator[LookedUp]:
    """`rest` is what follows the command, up to the next one."""
    online, noun, name = (each or "" for each in asked.groups())
    if name.lower() in _ANSWERS:  # it does not say for whom
        name, rest = "", f" {name}{rest}"
    none, there = _NONE.search(rest), _THERE.search(rest)
    if not (none or there or _FINDS.search(rest)) or name.lower() in _WORDS:
        return
    if noun.lower() == "remotemailbox" and none:
        return  # a mailbox on-premises is no remote one either
    seen = str(there.group(1)).lower() if there and not none else ""
    if online or noun.lower() in ("msoluser", "mguser", "unifiedgroup"):
        where = "exchange-online"
    elif noun.lower() in ("remotemailbox", "aduser") or seen.startswith("remote"):
        where = "on-prem"
    side = {"exchange-online": "exchange-online", "on-prem": "on-prem"}.get(where, "")
    yield LookedUp(source=source, address=name.lower(), found=none is None, where=side)  # type: ignore[arg-type]


def _where(reading: Reading, index: int, before: str) -> str:
    """Whose directory was asked, by the words in front of the command or the label above it."""
    above = reading.paste.lines[index - 1].strip() if index else ""
    for words in (before, above if len(above) <= _LABEL else ""):
        online, local = _ONLINE.search(words), _PREMISES.search(words)
        if bool(online) != bool(local):
            return "exchange-online" if online else "on-prem"
    return ""
