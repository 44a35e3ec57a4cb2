"""A notice that a message was delivered, relayed or read: nobody's failure, though people ask what it means.

"Complete, but no delivery notification was sent by the destination server" is what Exchange writes when the next server
took the message and will tell no more (RFC 3461, action "relayed").
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

_NOTICE: Final = "|".join(
    (
        r"delivery to these recipients or (?:distribution )?(?:groups|lists) is complete",
        r"your message (?:has been|was) (?:successfully )?(?:delivered|relayed) to (?:the following|these) recipient",
        r"this is a success(?:ful)? (?:delivery|report)|successfully relayed to the following recipient",
        r"your message was read on\b",
        r"zustellung an (?:diese|folgende) empf.{1,2}nger oder (?:verteiler)?gruppen ist abgeschlossen",
        r"remise . ces destinataires ou groupes est termin",
        r"complet. la entrega a estos destinatarios o grupos|entrega a estos destinatarios o grupos se (?:ha )?complet",
        r"recapito a questi destinatari o gruppi .{0,10}(?:completato|riuscito)",
        r"bezorging bij deze geadresseerden of groepen is voltooid",
    )
)
_IS_SILENT = linear(
    r"(?i)\bno delivery notification|\bkeine (?:zustell|übermittlungs)\w*|\baucune notification|\bninguna notificación"
    r"|\bnessuna notifica|\bgeen (?:leverings|bezorgings)\w*"
)
_IS_NOTICE = linear(f"(?i)(?:{_NOTICE})")
_RECIPIENT = linear(
    r"^\s*(?:[^<>()@]{0,80}[(<])?([\w.+'=-]{1,64}@[A-Za-z0-9.-]{1,253})[)>]?"
    r"(?:\s*[(<][^()<>]{1,320}[)>])?\s*$"
)
_NEAR: Final = 8  # lines in which its recipients are listed
_MOST: Final = 20


@recogniser(f"(?:{_NOTICE})", rank=28)
def read(reading: Reading) -> Sequence[Artefact]:
    """One artefact for each notice, with the recipients listed under it.

    Nothing failed, so the one fact that it may state is that the destination confirms nothing: people take that for a failure.
    """
    free = reading.free()
    found: list[Artefact] = []
    for position, (index, line) in enumerate(free):
        if not _IS_NOTICE.search(line[:1000]) or len(found) >= _MOST:
            continue
        near = [(i, text[:1000]) for i, text in free[position : position + _NEAR] if i <= index + _NEAR]
        listed = {i: str(one.group(1)) for i, text in near if (one := _RECIPIENT.search(text))}
        claims, recipients = [index, *listed], list(dict.fromkeys(listed.values()))
        said = " ".join(text for i, text in near if i <= index + 1)  # mail clients break the sentence once
        silent = _IS_SILENT.search(said) is not None
        facts = [Configured(source=source_at(reading, index), kind="delivery-receipt")] if silent else []
        found.append(artefact(reading, "delivery-receipt", claims, facts, {"recipients": recipients[:_MOST]}))
    return found
