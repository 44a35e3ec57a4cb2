"""The details of a message in quarantine as the Defender portal shows them: label and value on one line, or one below the other.

They become what Get-QuarantineMessage prints of it. The portal's language is its reader's; Identity and addresses are not.
Source: https://learn.microsoft.com/defender-office-365/quarantine-admin-manage-messages-files
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

_REASON: Final = (
    r"quarantine reason|reason for quarantine|quarantänegrund|grund (?:für die|der) quarantäne"
    r"|(?:motif|raison) (?:de la |de )?(?:mise en )?quarantaine|(?:motivo|razón) de (?:la )?cuarentena"
    r"|motivo (?:della |di |per la )?quarantena|motivo da quarentena|quarantainereden|reden (?:voor|van) quarantaine"
    r"|(?:powód|przyczyna) (?:objęcia )?kwarantann[ąy]|orsak till karantän|karantänorsak|検疫の理由"
)
_POLICY: Final = (
    r"policy name|richtlinienname|nom de (?:la )?stratégie|nombre de (?:la )?directiva|nome (?:del )?criteri[oa]?"
    r"|nome da política|beleidsnaam|naam van beleid|nazwa zasad|principnamn|ポリシー名"
)
_SENDER: Final = (
    r"sender(?: address)?|absender(?:adresse)?|adresse de l.expéditeur|expéditeur|remitente|mittente|remetente|afzender|nadawca"
    r"|avsändare"
)
_RECIPIENT: Final = (
    r"recipients?(?: address)?|empfänger|destinataires?|destinatarios?|destinatari[oi]?|destinatários?|geadresseerden?"
    r"|ontvangers?|odbiorc[ay]|mottagare"
)
_LABEL = linear(rf"(?i)^\W{{0,4}}(?:({_REASON})|({_POLICY})|({_SENDER})|({_RECIPIENT}))\s*(?:[:：|\t]\s*(.*))?$")
_NAMES: Final = ("QuarantineTypes", "PolicyName", "SenderAddress", "RecipientAddress")
_HIGH: Final = r"(?:high|hoher?|élevée?|alta|elevata|hoge|wysok\w{1,4}|hög\w{0,2})"
# The reasons, most telling words first: a phish of high confidence is one, too.
_RULE: Final = (
    r"transport|mail ?flow|nachrichtenfluss|flux de messagerie|flujo de correo|flusso di posta|fluxo de e-?mail|e-mailstroom"
    r"|e-postflöde|przepływu|\b(?:rule|regel|règle|regla|regola|regra|reguła)\b"
)
_LOSS: Final = (
    r"data loss|\bdlp\b|datenverlust|perte de données|pérdida de datos|perdita (?:di |dei )?dati|perda de dados"
    r"|gegevensverlies"
)
_FILE: Final = (
    r"file ?type|dateityp|type de fichier|tipo de (?:archivo|ficheiro|arquivo)|tipo di file|bestandstype|filtyp"
)
_WORDS: Final = (
    ("TransportRule", _RULE),
    ("DataLossPrevention", _LOSS),
    ("FileTypeBlock", _FILE),
    ("Malware", r"malware|schadsoftware|logiciel malveillant|safe attachment|マルウェア"),
    (
        "HighConfPhish",
        rf"\b{_HIGH}\b.{{0,30}}phish|phish.{{0,40}}\b{_HIGH}\b|hameçonnage.{{0,30}}élevée?|高いフィッシング",
    ),
    ("Phish", r"phish|hameçonnage|suplantación|フィッシング"),
    ("Bulk", r"bulk|massen|en (?:nombre|masse)|masiv[oa]|in blocco|em massa|massutskick"),
    ("Spam", r"spam|junk|indésirable|no deseado|indesiderata|lixo|ongewenst|niechcian|skräp|スパム|迷惑"),
)
_TYPES: Final = tuple((kind, linear(f"(?i){words}")) for kind, words in _WORDS)
_MOST_LINES: Final = 60


@recogniser(rf"(?:{_REASON})", rank=94)
def read(reading: Reading) -> Sequence[Artefact]:
    """One artefact for the card that gives the reason."""
    rows = list(_rows(reading.free()[:_MOST_LINES]))
    reason = next((row for row in rows if row[1] == _NAMES[0]), None)
    kind = next((kind for kind, pattern in _TYPES if reason and pattern.search(reason[2])), "")
    if reason is None or not kind:
        return []
    values = {name: value for _, name, value in reversed(rows)} | {_NAMES[0]: kind}
    fact = Configured(source=source_at(reading, reason[0]), kind="quarantine-message", values=tuple(values.items()))
    return [artefact(reading, "quarantine-message", [line for line, _, _ in rows], [fact], values)]


def _rows(lines: Sequence[tuple[int, str]]) -> Iterator[tuple[int, str, str]]:
    """Line, property and value of each label."""
    for position, (index, line) in enumerate(lines):
        found = _LABEL.search(line[:400])
        if not found:
            continue
        name = next(name for name, label in zip(_NAMES, found.groups(), strict=False) if label)
        below = lines[position + 1][1] if position + 1 < len(lines) else ""
        value = (found.group(5) or "").strip() or ("" if _LABEL.search(below[:400]) else below.strip())
        if value:
            yield index, name, value[:200]
