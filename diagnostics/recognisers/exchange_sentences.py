"""What Exchange says to people above the technical part of a report, in its other languages.

The sentence is chosen from the code. Where nothing below it was pasted, it is all that tells the reason, and causes know its
English form. Each pattern is the core of a sentence, as versions word the rest differently.
"""

from __future__ import annotations

from typing import Final

from diagnostics.patterns import linear

_SENTENCES: Final = tuple(
    (english, linear("(?i)" + "|".join(elsewhere)))
    for english, elsewhere in (
        (
            "the recipient wasn't found at the domain",
            (
                r"\bwurde (?:bei|in|unter) \S+ nicht gefunden",
                r"\b(?:est introuvable|n.a pas .t. trouv.e?) (?:sur|dans|à|chez) ",
                r"\bno se (?:encontró|ha encontrado|encuentra) (?:a )?\S+ en \S+",
                r"\bnon (?:è stato )?trovato (?:in|presso|su)\b|\bimpossibile trovare \S+ (?:in|presso|su)\b",
                r"\bnão foi (?:encontrad|localizad)[oa] em\b",
                r"\bniet (?:worden )?gevonden (?:bij|op|in)\b",
                r"\bnie znaleziono (?:adresata|odbiorcy|użytkownika)\b",
                r"\bhittades inte (?:på|hos|i) |\bgick inte att hitta \S+ (?:på|hos|i) ",
                r"が \S+ で見つかりません",
            ),
        ),
        (
            "You do not have permission to send to this recipient",
            (
                r"\b(?:keine (?:berechtigung|erlaubnis)|nicht berechtigt)\b.{0,60}senden\b",
                r"\b(?:pas autoris.e?s?|pas l.autorisation|aucune autorisation).{0,60}\benv(?:oyer|oi)",
                r"\bno tienes? permiso\b.{0,60}\benvia",
                r"\bnon\b.{0,30}\b(?:autorizza|permesso).{0,60}\binvia",
                r"\bnão (?:tem|possui) (?:permissão|autorização)\b.{0,60}\benvia",
                r"\b(?:niet gemachtigd|geen (?:machtiging|toestemming))\b.{0,80}\b(?:verzenden|sturen)",
                r"\b(?:nie masz|nie ma|brak) uprawnień.{0,60}\bwysyłani",
                r"\binte (?:behörighet|tillåtelse|behörig) att skicka",
                r"送信する(?:アクセス許可|権限)がありません",
            ),
        ),
        (
            "it only accepts messages from people in its organization",
            (
                r"\b(?:akzeptiert|nimmt) nur nachrichten\b.{0,80}organisation",
                r"\baccepte (?:uniquement les|que (?:les|des)) messages\b.{0,80}\borganisation",
                r"\bs[oó]lo acepta mensajes\b.{0,80}\borganizaci",
                r"\baccetta (?:solo|soltanto) (?:i )?messaggi\b.{0,80}\borganizzazione",
                r"\b(?:só|somente|apenas) aceita mensagens\b.{0,80}\borganiza",
                r"\baccepteert alleen berichten\b.{0,80}\borganisatie",
                r"\b(?:akceptuje|przyjmuje) (?:tylko|wyłącznie) wiadomości\b.{0,80}\borganizacj",
                r"\b(?:tar (?:bara|endast) emot|accepterar (?:bara|endast)) meddelanden\b.{0,80}\borganisation",
                r"組織.{0,60}からのメッセージのみ",
            ),
        ),
        (
            "message is too large",
            (
                r"\bnachricht\b.{0,20}\bzu gro(?:ß|ss)",
                r"\bmessage\b.{0,30}\btrop (?:volumineux|grand|gros)\b",
                r"\bmensaje\b.{0,20}\bdemasiado grande\b",
                r"\bmessaggio\b.{0,30}\btroppo grande\b",
                r"\bmensagem\b.{0,20}\b(?:grande demais|muito grande)\b",
                r"\bbericht\b.{0,20}\bte groot\b",
                r"\bwiadomość\b.{0,30}\bz(?:byt|a) duża\b",
                r"\bmeddelandet\b.{0,30}\bför stort\b",
                r"メッセージ.{0,20}(?:が大きすぎ|サイズが大き)",
            ),
        ),
        (  # In the other languages mail systems of all makers say it, so refusals.toml has it.
            "the recipient's mailbox is full",
            (
                r"\bcas(?:ella|setta)\b.{0,40}\bpiena\b",
                r"\bpostvak\b.{0,40}\bvol\b",
                r"\bpostlåda\b.{0,30}\bfull\b",
                r"メールボックス.{0,20}(?:いっぱい|一杯|満杯)",
            ),
        ),
    )
)


def in_english(words: str) -> str:
    """`words`, and behind them the English form of each sentence that is known in another language."""
    known = [english for english, pattern in _SENTENCES if pattern.search(words)]
    return f"{words} ({'; '.join(known)})" if known else words
