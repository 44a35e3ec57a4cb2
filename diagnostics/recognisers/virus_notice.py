"""Notices of virus and attachment filters on a mail server: who found what in a message, and what became of it.

They come as messages of their own or in the place of the attachment, and have no number. The product's name stands beside a verb
of finding or of acting in one sentence that also says what was found; where products have no name in it, the sentence is theirs
word for word. The name alone is talk about a product.
Sources: https://docs.trendmicro.com/all/ent/smex/v14.0/en-us/smex_14.0_olh/smex-about-product-s.html,
https://www.mailscanner.info, https://learn.microsoft.com/defender-office-365/anti-malware-protection-about
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from diagnostics.artefacts import Artefact
from diagnostics.mail_facts import Configured
from diagnostics.patterns import linear
from diagnostics.recognisers import Reading, recogniser
from diagnostics.recognisers.building import artefact
from diagnostics.recognisers.reply_wording import of_a_person
from diagnostics.recognisers.sources import source_at
from diagnostics.recognisers.told_settings import MOST_LINES, supposes, without_question

KIND: Final = "virus-notice"
_PRODUCT: Final = (
    r"ScanMail(?: for (?:Microsoft )?Exchange| for Lotus \w+)?|InterScan(?: \w+){0,3}|(?:Symantec"
    r"|Norton) (?:Mail Security|AntiVirus)"
    r"|GFI Mail(?:Security|Essentials)|(?:Microsoft )?Antigen(?: for Exchange)?|Forefront (?:Security|Protection)|GroupShield"
    r"|McAfee Security for (?:Microsoft )?Exchange|PureMessage|Kaspersky Security for (?:Microsoft )?Exchange(?: Servers?)?"
    r"|ESET Mail Security|F-Secure Anti-?Virus for (?:Microsoft )?Exchange|BitDefender(?: \w+){0,4} for Exchange"
    r"|MailScanner|MailMarshal"
    r"|eTrust Antivirus|Panda (?:Exchange|Antivirus)(?: \w+){0,2}|Sybari|AVG(?: \w+){0,3} for Exchange|avast!? for Exchange"
)
_VERB: Final = (
    r"detect\w*|found|finds?|discovered|remov\w+|replac\w+|took action|block\w*|quarantin\w+|delet\w+|stopped"
    r"|purged|stripped|moved"
    r"|gefunden|entfernt|erkannt|blockiert|gelöscht|ersetzt|détecté|supprimé|bloqué|remplacé|detectado|eliminado|bloqueado|encontrado"
    r"|rilevato|rimosso|bloccato|eliminato|gedetecteerd|verwijderd|geblokkeerd"
)
_NOUN: Final = (
    r"virus\w*|infected|infiziert\w*|infecté\w*|infectado|infetto|malware|worm|trojan|threat|attachments?|anhang|anhänge"
    r"|pi[eè]ces? jointes?|adjuntos?|allegat[oi]|bijlagen?|file (?:block|filter)\w*|prohibited content|banned"
    r"|(?:forbidden|unallowed|blocked|prohibited) file|file types?|match\w* (?:a|the) (?:\w+ )?filter"
)
_PRODUCTS = linear(rf"(?i)\b({_PRODUCT})\b")
_VERBS = linear(rf"(?i)(?:^|[^\w])(?:{_VERB})(?:[^\w]|$)")
_NOUNS = linear(rf"(?i)(?:^|[^\w])(?:{_NOUN})")
_STANDARD: Final = (
    r"matched file blocking settings|malware was detected in one or more attachments|on the list of unacceptable attachments"
    r"|our content checker found|banned contents alert|virus was found in the attached file"
    r"|attachment was (?:removed|replaced|stripped)"
    r" (?:because|since|as) (?:it|the)|has been replaced (?:with|by) this (?:text|message|file)"
)
_STANDARDS = linear(rf"(?i)\b(?:{_STANDARD})")
_NEGATED = linear(
    r"(?i)\b(?:no (?:virus|malware|threat)|not? infected|clean\b|(?:our|my|this|its|the) own|uninstall\w*|disabl\w+|excluded?)"
)
_LONGEST: Final = 2_000
_NEAR: Final = 220  # characters from the name to the rest of its sentence


@recogniser(rf"(?:\b(?:{_PRODUCT})\b|{_STANDARD})", rank=62)
def read(reading: Reading) -> Sequence[Artefact]:
    """One artefact for all lines of the paste that say it."""
    lines = reading.free()[:MOST_LINES]
    following = [*(line for _, line in lines), ""][1:]
    both = ((index, line[:_LONGEST], after[:_LONGEST]) for (index, line), after in zip(lines, following, strict=True))
    told = [
        (index, _who(line)) for index, line, after in both if _says(line) or (_who(line) and _says(f"{line} {after}"))
    ]
    if not told:
        return []
    name = next((who for _, who in told if who), "")
    at = [index for index, _ in told]
    fact = Configured(source=source_at(reading, at[0]), kind=KIND, name=name, failing=True)
    return [artefact(reading, KIND, at, [fact], {"product": name})]


def _says(line: str) -> bool:
    """Whether a filter states here that it found or took something."""
    line = without_question(line)
    if _NEGATED.search(line):
        return False
    if _STANDARDS.search(line):
        return True
    product = _PRODUCTS.search(line)
    if product is None or of_a_person(line) or supposes(line[: product.start()]):
        return False
    beside = line[max(0, product.start() - _NEAR) : product.end() + _NEAR]
    rest = beside.replace(str(product.group(1)), " ", 1)  # "MailScanner", "AntiVirus" are no verdicts
    return bool(_VERBS.search(rest)) and bool(_NOUNS.search(rest))


def _who(line: str) -> str:
    found = _PRODUCTS.search(line)
    return str(found.group(1)) if found else ""
