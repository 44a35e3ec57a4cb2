"""Who can't answer: "no idea", "I have no access to that". The question that stood before is put behind the others."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from diagnostics.artefacts import Artefact
from diagnostics.patterns import linear
from diagnostics.text import Paste

_LONGEST: Final = 240  # characters: more is a story, which may begin so
_UNABLE = linear(
    r"(?i)\b(?:do ?n.?t|do not) (?:really )?know(?:\W*$|[.,;!-]| (?:that|it|sorry))|\bno idea(?:\W*$|[.,;!-])"
    r"|\bno (?:access|rights?|permissions?)\b|\bnot (?:allowed|permitted)\b"
    r"|\b(?:do ?n.?t|do not|did ?n.?t) (?:have|get|got) (?:the |any |admin )*(?:access|rights?|permissions?)\b"
    r"|\b(?:i|we) (?:can ?not|can.?t|could ?n.?t|am unable to|are unable to) (?:run|execute|see|check|access|look)\b"
    r"|\b(?:weiß|weiss) (?:ich |es |ich es )?(?:gerade |leider )?nicht\b|\bkeine ahnung\b"
    r"|\bkein\w* (?:zugriff|zugang|rechte|berechtigung)\b"
    r"|\b(?:darf|kann) ich (?:leider |hier |das )?nicht\b|\bkomm\w* ich nicht (?:ran|dran|drauf|rein)\b"
    r"|\bsais pas\b|\baucune idée\b|\bpas (?:d.|l.)acc[eè]s\b|\bpas les droits\b"
    r"|\bno (?:lo )?sé(?:\W|$)|\bni idea\b|\bno tengo (?:acceso|permisos?|ni idea)\b"
    r"|\bnon (?:lo )?so\b|\bnessuna idea\b|\bnon ho (?:accesso|i permessi|idea)\b"
    r"|\bnão sei\b|\bnem ideia\b|\b(?:não tenho|sem) (?:acesso|permiss)"
    r"|\bweet ik niet\b|\bgeen (?:idee|toegang|rechten)\b"
    r"|\bnie wiem\b|\b(?:nie mam|brak) (?:dostępu|uprawnień|pojęcia)"
    r"|\bvet (?:jag )?(?:tyvärr )?inte\b|\bingen aning\b|\b(?:har inte|ingen) (?:åtkomst|behörighet|tillgång)"
    r"|(?:分|わ)かりません|分からない|権限(?:が|は)(?:ありません|ない)|アクセスできません|不明です|不知道|没有权限"
)


def declined(pastes: Sequence[Paste], artefacts: Iterable[Artefact]) -> tuple[int, ...]:
    """The later texts in which somebody only says so: what holds an artefact is an answer, whatever it says."""
    read = {each.paste for each in artefacts}
    return tuple(
        each.index for each in pastes if each.index and each.index not in read and unable("\n".join(each.lines))
    )


def unable(text: str) -> bool:
    """Whether somebody says in a few words that he can't answer."""
    return len(text) <= _LONGEST and bool(_UNABLE.search(text))
