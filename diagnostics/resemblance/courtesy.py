"""What people write around a report, and around any other message: greetings, thanks, "any ideas?". It reads like nothing."""

from __future__ import annotations

from typing import Final

from diagnostics.patterns import linear

_GREETINGS: Final = (
    r"(?:hi|hiya|hello|hey|dear|good (?:morning|afternoon|evening)|greetings|hallo|moin|servus|guten (?:morgen|tag|abend)"
    r"|liebe[rs]?"
    r"|bonjour|bonsoir|salut|hola|buen[oa]s (?:d[ií]as|tardes|noches)|buenas|ciao|salve|buon(?:giorno|asera)|ol[aá]|oi|bom dia"
    r"|boa (?:tarde|noite)|hoi|goede(?:morgen|middag|navond)|cześć|witam|dzień dobry|hej|god (?:morgon|dag))"
    r"(?: (?:to )?(?:all|everyone|everybody|team|there|folks|guys|community|experts|colleagues|both|again|zusammen|an alle"
    r"|alle|leute"
    r"|in die runde|kolleg\w+|à tous|à toutes et à tous|tout le monde|l.équipe|a todos|equipo|a tutti|pessoal|allemaal|iedereen"
    r"|wszystkim|allihop\w*)){0,2}"
)
_PHRASES: Final = (
    r"(?:many |lots of |big )?thanks(?: a lot| so much| very much| a million| in advance| again| for (?:any|your|the) "
    r"(?:help|advice|ideas?|input|support))*|thank you(?: (?:very|so) much| in advance)*"
    r"|any (?:ideas?|thoughts|help|suggestions?|hints?|pointers?|clues?|advice|input)(?: here| on this)?"
    r"(?: (?:is|are|would be|will be) (?:(?:much|greatly|very|highly) )?(?:appreciated|welcome|great))?"
    r"|(?:has|have|did) any(?:body|one)(?: here| else)?(?: ever)? (?:seen|see|had|encountered|experienced|come across) "
    r"(?:this|that|the same|(?:some|any)thing like (?:this|that))(?: before| lately| recently)?(?: issue| problem| error)?"
    r"|what (?:does|could|might|can) (?:this|that|it) (?:mean|be)|what is (?:this|wrong(?: here)?|going on(?: here)?)"
    r"|(?:can|could) (?:some|any)(?:one|body)(?: please)? help(?: me| us)?(?: out)?|please (?:help|advise|assist)(?: me| us)?"
    r"|(?:kind|best|warm) regards|cheers|fyi"
    r"|(?:vielen|besten|herzlichen) dank(?: im voraus| schon ?mal| für (?:eure|ihre|die) hilfe)*"
    r"|danke(?: ?schön| im voraus| schon ?mal| für (?:eure|ihre|die) hilfe)*|(?:(?:viele|liebe|beste|schöne) )?grüße|gruß|mfg"
    r"|(?:hat|habt) (?:da |hier )?(?:jemand|ihr)(?: da)? (?:eine |ne )?(?:idee|ahnung)|kennt (?:das|jemand das)(?: jemand)?"
    r"|kann (?:mir |uns )?(?:da )?jemand(?: bitte)? helfen|was bedeutet das|woran (?:kann|könnte) (?:das|es) liegen"
    r"|merci(?: beaucoup| bien| d.avance| par avance| pour votre aide| à tous)*|cordialement|(?:avez-vous|quelqu.un a) une idée"
    r"|(?:muchas )?gracias(?: de antemano| por (?:su|vuestra|tu) ayuda)*|(?:un )?saludos?|alguna idea"
    r"|grazie(?: mille| in anticipo)*|(?:cordiali )?saluti|qualche idea|obrigad[oa]|alguma ideia"
    r"|(?:alvast )?bedankt|(?:met vriendelijke )?groet(?:en|jes)?|iemand een idee|(?:z góry )?dzięk(?:i|uję)|pozdrawiam"
    r"|tack(?: på förhand| så mycket)*|mvh"
)
_POLITE: Final = "お世話になっております|よろしくお願い(?:いた|致)?します|ありがとうございます"
_COURTESY = linear(rf"(?i)^\s*(?:@\w+[\s,:]+)?(?:{_GREETINGS})\b[\s.,!:]*|\b(?:{_PHRASES})\b[\s.,;:!?)]*|{_POLITE}")
_LONGEST: Final = 400  # characters of a line that anybody begins or ends with these; and programs print none of them


def without_courtesy(line: str) -> str:
    """`line` without greetings, thanks, and questions that fit anything."""
    return str(_COURTESY.sub(" ", line)) if len(line) <= _LONGEST else line
