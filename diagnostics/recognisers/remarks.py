"""Where a reply ends that somebody quotes in a line of their own, and their remark on it begins.

"554 5.7.1 Access denied. I thought of a block list first": the list is the person's guess, and no word of the server. What no
server writes ends its words: the quotation mark that closes them, Postfix's note on the command, the last field of its log,
and a sentence in the first person or a question.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from diagnostics.patterns import linear

_LEAST: Final = linear(r"[^\W\d_]{3}")  # letters that make words
_NUMBERED = linear(r"\b[45]\d\d\b|\b[45]\.\d{1,3}\.\d{1,3}\b")
_MARK = linear(r"\"")
_OPENS = linear(r"(?:^|[\s(:=<\[{,;>-])$")
_CLOSES = linear(r"^(?:$|[\s.,;:)\]?!])")
# Postfix: behind the answer that it quotes, and as the last field of a refusal of its own.
_NOTED = linear(r"\(in reply to [^()]{1,60}\)\)?|\bhelo=<[^<>\s]{0,255}>")
# A person's sentence: whom it is about, or that it asks. "We", "our" and "you" are servers' words as well.
_FIRST: Final = (
    r"So|But|And|Now|Yet|However|Since|Then|Sometimes|Funny|The (?:only|same|funny)"
    r"|Und|Aber|Jetzt|Seit|Mais|Et|Depuis|Pero|Y|Ma|Maar"
    r"|I|I['’](?:m|ve|d|ll)|My|Mine|Me|Everybody|Everyone|Nobody|Anybody|Anyone|Someone|Somebody"
    r"|We (?:use|run|tried|checked|changed|send|get|got|host|have (?:a|an|the|no|tried|been|had|checked|changed|set|moved|two))"
    r"|We(?: are|['’]re|['’]ve)|Our (?:own|Exchange|users?|company|set-?up|logs?|domain|IP|provider|firewall|customers?)"
    r"|In the (?:list|logs?|event|article|docs?|message trace)|Exchange (?:Server )?(?:20\d\d|5\.5|SE)"
    r"|(?:Checked|Tried|Tested|Restarted|Rebooted|Reinstalled|Recreated|Disabled|Enabled|Followed|Removed|Changed|Added|Looked)"
    r" (?:the|our|my|an?|it|that|this|all|every\w*|to|with|again|in|at|up)"
    r"|Ich|Mein\w{0,2}|Mir|Bei (?:mir|uns)|Wir (?:haben|nutzen|verwenden|senden|bekommen)|Alle anderen"
    r"|Je|J['’]\w+|Mon|Mes|Chez moi|Nous (?:avons|utilisons)|Yo|Tengo|Mi|Mis|He (?:probado|intentado|revisado)|Io|Ho|Ik|Mijn"
)
_ASKS: Final = (
    r"Why|How|What(?:['’]s)?|Where|Who|Which|Is (?:it|this|that|the|there)|Are (?:there|they)|Does|Do (?:I|we|you)"
    r"|Can (?:I|we|any\w+|some\w+)|Could (?:it|I|we|you|some\w+|any\w+)|Has (?:any\w+|some\w+)"
    r"|Any (?:ideas?|help|hints?|suggestions?|thoughts?)|Thanks|Thank you|Thx|Please help|Hope|Weird|Strange"
    r"|Warum|Wieso|Woran|Wie|Kann (?:ich|man|jemand|mir)|Hat (?:jemand|wer)|Danke|Gibt es"
    r"|Pourquoi|Comment|Quelqu['’]un|Est-ce|Merci|Por qu[eé]|C[oó]mo|Alguien|Gracias|Perch[eé]|Come|Qualcuno|Grazie"
    r"|Waarom|Hoe|Iemand"
)
# Behind the numbers alone: they are one of several things that the person lists.
_JOINED = linear(
    r"(?i)^(\W{0,3}(?:[45]\d\d)?[ -]?(?:[45]\.\d{1,3}\.\d{1,3})?)[\s,;]{1,3}(?:or|and|oder|und|ou|et|[oyeu]|of|en) "
)
_REMARK = linear(rf"[.!?)\]\"'`>;](?:\s{{1,4}}(?:{_FIRST}|{_ASKS}))(?:[\s,.!?]|$)")


def spoken(text: str) -> str:
    """What the server said of `text`, which begins with its numbers or words: without the remark of whoever quotes it."""
    numbers = _NUMBERED.search(text)
    begun = numbers.end() if numbers else 0
    joined = _JOINED.search(text)
    if joined and joined.group(1).strip():
        return str(joined.group(1))
    cut = next((end for end in sorted(_ends(text)) if _LEAST.search(text[begun:end])), len(text))
    return text[:cut].rstrip()


def _ends(text: str) -> Iterator[int]:
    closed = _closed(text)
    if closed >= 0:
        yield closed
    noted = _NOTED.search(text)
    if noted:
        yield int(noted.end())
    remark = _REMARK.search(text)
    if remark:
        yield int(remark.start()) + 1


def _closed(text: str) -> int:
    """Where a quotation mark closes what was opened before `text`; -1 where none does. Others may be opened and closed in it."""
    depth = 1
    for mark in _MARK.finditer(text):
        at = int(mark.start())
        if _OPENS.search(text[:at][-1:]) and text[at + 1 : at + 2].strip():
            depth += 1
        elif _CLOSES.search(text[at + 1 : at + 2]):
            depth -= 1
        if depth == 0:
            return at
    return -1
