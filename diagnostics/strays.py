"""Words of a known failure that stand in no artefact: a log of another product, a screenshot typed off, half an event.

What software says is known by its wording, whatever frame was lost. Only wording counts that nobody uses in conversation:
a whole clause, a sentence that a program shows to people, a name that a program made up, or, where the text speaks of mail,
a code of the tables that only software writes. It points at a cause; it never proves one.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from diagnostics import codes
from diagnostics.artefacts import Artefact
from diagnostics.facts import Reply, Source
from diagnostics.looked_facts import Stray
from diagnostics.patterns import linear
from diagnostics.recognisers.event_quotes import explains
from diagnostics.recognisers.mail_words import of_mail, of_others
from diagnostics.recognisers.reply_wording import asks_about
from diagnostics.recognisers.told_past import present
from diagnostics.signatures import Signatures
from diagnostics.text import Paste, squeezed

_MOST_LINES: Final = 400  # unclaimed lines that are looked at; people paste little that no recogniser reads
_LONGEST: Final = 2_000
_SHOWN: Final = 400
# Services that send mail; most texts about them are about their web interfaces.
_SERVICE = linear(r"(?i)\b(?:SendGrid|Mailgun|Postmark|Mailjet|SparkPost|Brevo|Mandrill|(?:Amazon|AWS) SES)\b")
# Outlook.com's mark of a blocked network, where it is called a code: elsewhere it can be a model's number.
_MARK = linear(
    r"(?i)[(（\[]S31[45]0\b|(?:error|codes?|コード|代码|代碼|fehler|fehlercode|erreur|errore|código|erro|ошибк\w)\W{0,3}S31[45]0\b"
)
# Results that only Outlook and its like show, and only of mail.
_CLIENTS = linear(r"(?i)\b0x800(?:(?:CCC|421)[0-9A-F]{2}|40610)\b")
# The hybrid wizard's own numbers; beside the settings that it is about, the number alone is what it said.
_WIZARD = linear(r"\bHCW8\d{3}\b")
_RECOGNISED: Final = 12  # characters by which a reply is found in its line


def strays(paste: Paste, artefacts: Sequence[Artefact], signatures: Signatures) -> list[Artefact]:
    """One artefact for each unclaimed line, or two of a wrapped one, that holds telling words."""
    replies = [squeezed(fact.whole) for each in artefacts for fact in each.facts if isinstance(fact, Reply)]
    claimed = {line for each in artefacts for line in (each.claims or range(each.first - 1, each.last))}
    before = dict(_before_replies(paste, artefacts))
    lines = [
        (i, present(before.get(i, line)[:_LONGEST]))
        for i, line in enumerate(paste.lines)
        if line.strip() and (i not in claimed or i in before) and not asks_about(line)
    ]
    mail = bool(artefacts) or any(of_mail(line) for _, line in lines[:_MOST_LINES])
    by_service = any(_SERVICE.search(line) for _, line in lines[:_MOST_LINES])
    found: list[Artefact] = []
    taken = -1
    for place, (number, text) in enumerate(lines[:_MOST_LINES]):
        if number <= taken:
            continue
        last, said = number, squeezed(text)
        telling = _tells(said, signatures)
        if not telling and (place + 1 < len(lines)) and lines[place + 1][0] == number + 1:
            following = squeezed(lines[place + 1][1])
            if _tells(following, signatures):  # it will be read by itself
                continue
            last, said = number + 1, f"{said} {following}"
            telling = _tells(said, signatures)
        again = any(said.strip("->* ") in each for each in replies)  # told again in other words
        marked = _MARK.search(text) and not explains(text) and (mail or by_service)
        marked = marked or (artefacts and _WIZARD.search(text) and not explains(text))
        if (telling or marked or ((mail or _CLIENTS.search(text)) and _coded(text))) and not again:
            taken = last
            fact = Stray(source=Source(number + 1, paste.raw[number].strip(), paste.index), text=said)
            shown = {"text": said[:_SHOWN]}
            found.append(Artefact("error-text", number + 1, last + 1, (fact,), shown, paste.index))
    return found


def _tells(said: str, signatures: Signatures) -> bool:
    """Whether it holds a telling signature, or a sentence that a program shows to people."""
    return signatures.tells(said) or bool(codes.shown(said))


def _coded(text: str) -> bool:
    """Whether a line reports a code of the tables, rather than explains it or tells of another program."""
    return bool(codes.technical(text)) and not explains(text) and not of_others(text)


def _before_replies(paste: Paste, artefacts: Sequence[Artefact]) -> Iterator[tuple[int, str]]:
    """What stands on the line of a bare reply in front of it: the person, or another log, says there what else was seen."""
    for fact in (fact for each in artefacts if each.kind == "smtp-reply" for fact in each.facts):
        if isinstance(fact, Reply):
            head, found, _ = paste.lines[fact.source.line - 1].partition(fact.whole[:_RECOGNISED])
            if found and head.strip():
                yield fact.source.line - 1, head
