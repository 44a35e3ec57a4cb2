"""`explain`: what a code, a token or a whole pasted line means, in whatever form somebody types it."""

from __future__ import annotations

from collections.abc import Iterator

from diagnostics.codes import exceptions, tables
from diagnostics.codes.model import Explanation, Meaning, Row
from diagnostics.codes.near import names_like
from diagnostics.codes.providers import of_number, of_provider
from diagnostics.codes.reply import fitting, numbered
from diagnostics.codes.structure import UNLISTED, by_component, by_rule, by_sign_in, by_structure, token
from diagnostics.codes.tables import Entry
from diagnostics.codes.wording import contains, fold
from diagnostics.patterns import linear
from diagnostics.text import Paste, glued

# More than anybody types, less than anybody needs to wait for.
_LIMIT, _CODES, _MEANINGS = 4_000, 12, 40
_FEW = 4  # causes: a number with more of them says nothing by itself

_FORMS = (
    "Accepted are a status code (5.7.64, 550 5.7.1, 421), a hex or decimal result (0x8009030d, -2146893043), "
    "a name (NoCredentials, WSAETIMEDOUT, RESOLVER.ADR.RecipNotFound), an event (Schannel 36870, event 12014), "
    "a socket error (10060), an alert (TLS alert 48), a number of the hybrid wizard (HCW8078), "
    "a verdict of a header (SFV:SKB, compauth=fail), an error of Microsoft Entra (AADSTS50126), or the whole line of the error."
)
_EMPTY = f"There is nothing to explain. {_FORMS}"
_UNKNOWN = f"No code in this is known. {_FORMS}"
_DOTTED = (
    "This is not a code; it has the form of a cause id or a host name. `mailflow causes` lists the causes, "
    "`mailflow check` looks at a host."
)
_NUMBERS = "This is no status code: those begin with 2, 4 or 5, and have three numbers, such as 5.7.1."
_EVENT_UNKNOWN = "No table has this event: paste its text, with the source and what stands beside it in the log."
_HEX = "No table has this result. On Windows, `certutil -error` followed by the number names it."
_CARRIER = "This only carries another error: send the whole text after it, the queue's LastError, or the protocol log."
_VARIANTS = "The text after the number decides between these: paste the whole line."

# What people put around a code when they ask for it. An answer is about the code alone.
_ASKING = linear(
    r"(?i)^(?:(?:please |can you )?(?:what(?:'?s| is| are| does)|explain|meaning of|was (?:ist|bedeutet|hei(?:ß|ss)t))"
    r"(?: (?:the|an?))?(?: (?:error|status)(?: code)?)?[ :]+)?(?:(?:ndr|dsn|bounce)[ :]+)?"
)
_ASKED = linear(r"(?i) (?:means?|stands? for)$")
_CONTROL = linear(r"[\x00-\x1f\x7f\x{80}-\x{9f}]+")
_ENHANCED = linear(r"(?:\b([2-5][0-9]{2})[ \-]+)?#?((?:[xX]|[0-9]+)(?:\.[0-9]+)+)")
_WELL_FORMED = linear(r"[xX245]\.(?:0|[1-9][0-9]{0,2})\.(?:0|[1-9][0-9]{0,2})")
_BASIC = linear(
    r"(?i)[^0-9a-z]*(?:(?:smtp|server|error|code|status|reply|response)[^0-9a-z]{1,3}){0,4}([2-5][0-9]{2})(?:[ :\-].*)?"
)
_RESULT = linear(r"(?i)\b0x([0-9a-f]{1,8})\b|\b([0-9a-f]{8})\b")
_SIGNED = linear(r"-?\b(2[0-9]{9})\b")
_BARE = linear(r"([0-9]{3,5})")
_EVENT = linear(
    r"(?i)\b(event(?:[ _]?id)?|id|schannel|capi2|fip-?fs|msexchange[a-z -]{0,40}|microsoft-windows-[a-z-]{2,40}"
    r"|service control manager)"
    r"[^0-9a-z]{1,12}([0-9]{1,5})\b"
)
_EVENT_FIRST = linear(r"(?i)\b([0-9]{4,5})[^0-9a-z]{1,3}(schannel|fip-?fs|msexchange)")
_ALERT = linear(r"(?i)\balert(?:[ _](?:number|code|is|description))*[^0-9a-z]{0,4}([0-9]{1,3})\b")
_ALERT_NAME = linear(r"(?i)(?:\b|_)alert[ _]([a-z]+(?:[ _][a-z]+){0,3})")
_OPENSSL = linear(r"(?i)(?:\bopenssl |verify error: ?num ?= ?|verify return code: )([0-9]{1,2})\b")
_SOCKET = linear(r"(?i)\b(?:winsock|socket|win32|wsa|error)[a-z ]{0,20}[:=]? ?([0-9]{3,5})\b")
_WORD = linear(r"[A-Za-z][A-Za-z0-9_.:=]{2,}")
_MARK = linear(r"[A-Za-z]{1,4}-?[0-9]{1,12}|(?i:AS)\([0-9]{2,12}\)?|(?:[A-Z][a-z]+){2,6}")
_AROUND = "[]{}<>,;:.'\""
_PLAIN_WORD = linear(r"[a-z][a-z0-9]{2,}")
_NUMBERS_ONLY = linear(r"[0-9]+(?:\.[0-9]+)+")
_DOTTED_NAME = linear(r"[a-z0-9-]+(?:\.[a-z0-9-]+)+")
_QUOTES = " '\";,.!?"
_PAIRS = {")": "(", "]": "[", "}": "{", ">": "<"}


def explain(query: str) -> Explanation:
    """Explain a code or a token in any form people type it; see `_FORMS`. Never raises.

    Only the first 4,000 characters count, and at most 40 meanings are given.
    """
    lines = Paste.of(query[:_LIMIT].replace("`", " ")).lines
    asked = _unwrapped(" ".join(_CONTROL.sub(" ", " ".join(lines)).split()))
    if not asked:
        return Explanation(query=asked, found=False, hint=_EMPTY)
    wanted = _wanted(asked)
    found: dict[Meaning, None] = {}
    for finder in (_exceptions, _statuses, _results, _events, _alerts, _sockets, _markers, _names):
        found.update(dict.fromkeys(finder(wanted)))
    for last in (_wordings, _unlisted):
        if not found:
            found.update(dict.fromkeys(last(wanted)))
    meanings = tuple(found)[:_MEANINGS]
    return Explanation(query=asked, found=bool(meanings), meanings=meanings, hint=_hint(wanted, meanings))


def _wanted(asked: str) -> str:
    """`asked` without the words of a question around it; the whole where nothing else is there."""
    return _ASKED.sub("", _ASKING.sub("", asked, 1)).strip() or asked


def _unwrapped(text: str) -> str:
    """The text without quotes and stray brackets around it; a bracket that has its partner inside stays."""
    text = text.strip(_QUOTES).lstrip(" ([{<'\"")
    while text and text[-1] in _PAIRS and _PAIRS[text[-1]] not in text:
        text = text[:-1].rstrip(_QUOTES)
    return text


def _hint(asked: str, meanings: tuple[Meaning, ...]) -> str:
    if not meanings:
        if _RESULT.fullmatch(asked) or _SIGNED.fullmatch(asked):
            return _HEX
        if _NUMBERS_ONLY.fullmatch(asked):
            return _NUMBERS
        if _EVENT.search(asked) or _EVENT_FIRST.search(asked):
            return _EVENT_UNKNOWN
        if near := names_like(asked):
            return f"No code in this is known. {_meant(near)}"
        return _DOTTED if _DOTTED_NAME.fullmatch(asked) else _UNKNOWN
    if meanings[0].wrapper:
        return _CARRIER
    if meanings[0].name == UNLISTED and (near := names_like(meanings[0].code)):
        return _meant(near)
    return _VARIANTS if len(meanings) > 1 and not _WORD.search(asked) else ""


def _meant(near: tuple[str, ...]) -> str:
    return f"Did you mean {' or '.join(f'`{each}`' for each in near)}?"


def _meaning(row: Row) -> Meaning:
    return Meaning(
        code=row.code,
        name=row.name,
        meaning=row.meaning,
        emitter=row.emitter,
        wrapper=row.wrapper,
        causes=tuple(cause for cause, _ in row.causes),
        source=row.source,
    )


def _exceptions(asked: str) -> Iterator[Meaning]:
    """An exception of the mailbox store that no table has, before the number that it bears in common with hundreds."""
    yield from filter(None, (exceptions.unlisted(asked),))


def _statuses(asked: str) -> Iterator[Meaning]:
    """Enhanced codes anywhere; a three-digit reply number at the beginning."""
    codes = dict.fromkeys(_codes(asked))
    for basic, enhanced in [*codes][:_CODES]:
        rows = _rows(basic, enhanced, asked)
        yield from map(_meaning, rows) if rows else (by_structure(enhanced),)
    first = _BASIC.fullmatch(asked)
    if first and not codes:
        yield from map(_meaning, _rows(first[1], "", asked))


def _codes(asked: str) -> Iterator[tuple[str, str]]:
    """The (basic, enhanced) codes of a text. What is part of an address, a version or a word is none."""
    for match in _ENHANCED.finditer(asked):
        start, end = match.span(2)
        within = (start and glued(asked[start - 1])) or (end < len(asked) and glued(asked[end]))
        if not within and _WELL_FORMED.fullmatch(match[2]):
            yield match[1] or "", match[2].upper()


def _rows(basic: str, enhanced: str, asked: str) -> list[Row]:
    """Rows that fit the text; with the number alone, everything that the number can mean."""
    ranked = fitting(basic, enhanced, fold(asked))
    told = [one for rank, one in ranked if rank[0]]
    if told:
        return [one.row for one in told if not any(_is_part(one, other) for other in told)]
    # The three-digit number is a weaker reading of an enhanced code that has rows of its own.
    general = [one for rank, one in ranked if not rank[0] and (rank[1] or not enhanced)]
    plain = [one.row for one in sorted(general, key=lambda one: bool(basic and one.basic) and one.basic != basic)]
    others = [*numbered("" if enhanced else basic, enhanced)]
    others += _tokens_of(enhanced)
    rest = sorted((one for one in others if one.parts), key=lambda one: one.basic != basic)
    if plain and _WORD.search(asked):
        rest = [one for one in rest if _shares(asked, one.row)]
    own = [one.row for one in rest if basic and (one.basic, one.enhanced) == (basic, enhanced)]
    # 421 4.2.1 never means what the registry has for X.2.1; X.7.1 is open to everything, and so stays in front.
    if _causes(own) and len(_causes(plain)) <= _FEW and _causes(plain).isdisjoint(_causes(own)):
        plain = own + plain
    return [*dict.fromkeys([*plain, *(one.row for one in rest)])]


def _tokens_of(enhanced: str) -> list[Entry]:
    """The rows of Exchange's tokens for a number, without exceptions that only have their name: dozens share one number.

    Nobody who asks for a success means one of the recipients that were left out on purpose.
    """
    if enhanced.startswith("2"):
        return []
    found = (one for table in tables.EXCHANGE for one in tables.replies(table).by_enhanced.get(enhanced, ()))
    return [one for one in found if not one.row.text.isalnum()]


def _is_part(one: Entry, other: Entry) -> bool:
    """Whether a row's text is a part of another's, which says more: RESOLVER.RST.RecipSizeLimit, and the same with .DL."""
    return len(one.parts) == 1 and any(one.parts[0] in part and one.parts[0] != part for part in other.parts)


def _causes(rows: list[Row]) -> set[str]:
    return {cause for row in rows for cause, _ in row.causes}


def _shares(asked: str, row: Row) -> bool:
    """Whether all words beside the code, which somebody put there from memory, are words of the row."""
    words, name = _PLAIN_WORD.findall(fold(asked)), fold(row.name)
    return bool(words) and all(word in name if word.isalpha() else contains(name, (word,)) for word in words)


def _results(asked: str) -> Iterator[Meaning]:
    """Results of Windows calls: hex with or without 0x, or decimal, signed or not."""
    # Outlook joins three of them to one code: 0x80070005-0x0004dc-0x000524.
    found = (match for match in _RESULT.finditer(asked) if not asked.startswith("-0x", match.end()))
    values = [int(match[1] or match[2], 16) for match in found]
    for match in _SIGNED.finditer(asked):
        number = int(match[1])
        values.append(2**32 - number if match[0].startswith("-") else number)
    for value in dict.fromkeys(values):
        # A Winsock error is shown as 0x274C or, as an HRESULT, as 0x8007274C.
        winsock = tables.numbers("winsock").get(value & 0xFFFF, ()) if value >> 16 in (0, 0x8007) else ()
        others = (tables.numbers(table).get(value, ()) for table in ("sspi", "mail-clients"))
        yield from map(_meaning, winsock or next(filter(None, others), ()))


def _events(asked: str) -> Iterator[Meaning]:
    """Windows events: a lone number, or one beside the word event or the name of a provider, whose it then is."""
    found = [(match[1], match[2]) for match in _EVENT.finditer(asked)]
    found += [(match[2], match[1]) for match in _EVENT_FIRST.finditer(asked)]
    bare = _BARE.fullmatch(asked)
    found += [("event", bare[1])] if bare else []
    if "capi2" in asked.casefold():
        rows = (tables.numbered("events").get(("capi2", int(number)), ()) for _, number in found)
    else:
        rows = (of_provider(of_number(int(number)), asked) for _, number in found)
    yield from map(_meaning, dict.fromkeys(row for each in rows for row in each))


def _alerts(asked: str) -> Iterator[Meaning]:
    """TLS alerts, and what `openssl s_client` says about a chain."""
    kinds = (("alert", "schannel", _ALERT), ("openssl", "markers", _OPENSSL))
    for kind, table, pattern in kinds:
        for match in pattern.finditer(asked):
            yield from map(_meaning, tables.numbered(table).get((kind, int(match[1])), ()))
    for match in _ALERT_NAME.finditer(asked):  # OpenSSL: `sslv3 alert handshake failure`, SSLV3_ALERT_HANDSHAKE_FAILURE
        words = match[1].replace("_", " ").split()
        names = ("_".join(words[:count]) for count in range(len(words), 0, -1))
        yield from map(_meaning, next(filter(None, (tables.labelled(name) for name in names)), ()))


def _sockets(asked: str) -> Iterator[Meaning]:
    bare = _BARE.fullmatch(asked)
    found = [bare[1]] if bare else [match[1] for match in _SOCKET.finditer(asked)]
    for number in dict.fromkeys(found):
        yield from map(_meaning, tables.numbers("winsock").get(int(number), ()))


def _markers(asked: str) -> Iterator[Meaning]:
    """What is no code and says as much ("CAT:SPOOF", "compauth=fail"), the longest wording first."""
    if _WORD.search(asked):
        folded = fold(asked)
        marked = map(tables.entry, (*tables.rows("markers"), *tables.rows("wizard")))
        found = [one for one in marked if one.parts and contains(folded, one.parts)]
        yield from (_meaning(one.row) for one in sorted(found, key=lambda one: -len(one.row.text)))


def _names(asked: str) -> Iterator[Meaning]:
    """Names and tokens. A word of plain English counts only when it stands alone."""
    words = dict.fromkeys(_WORD.findall(asked))
    if not words:
        return
    yield from map(_meaning, (*tables.labelled(asked), *tables.labelled(asked.replace(" ", "_"))))
    for word in words:
        stem = word.rstrip(".:=")
        if any(map(str.isupper, stem[1:])) or "_" in stem or "." in stem or "=" in stem:
            yield from map(_meaning, tables.labelled(stem))


def _wordings(asked: str) -> Iterator[Meaning]:
    """The last resort for a line without any code: rows whose wording is in it, or that it is a part of."""
    folded = fold(asked)
    marks = [fold(word.strip(_AROUND)) for word in asked.split() if _is_mark(word)][:_CODES]
    for table in tables.names():
        for row in tables.rows(table):
            parts = tables.entry(row).parts
            name = fold(f"{row.name} {row.text}")
            whole = (parts and contains(folded, parts) and not _goes_on(folded, parts[-1])) or folded == fold(row.name)
            if whole or (" " in folded and folded in name) or any(contains(name, (mark,)) for mark in marks):
                yield _meaning(row)


def _is_mark(word: str) -> bool:
    """Whether only software writes a word: S3140, PRX2, AS(1430), InfoDomainNonexistent. Plain words and numbers are none."""
    return bool(_MARK.fullmatch(word.strip(_AROUND)))


def _goes_on(folded: str, part: str) -> bool:
    """Whether a name goes on behind a dot or colon where it stands: STOREDRV is another name than STOREDRV.Deliver."""
    end = folded.find(part) + len(part)
    return folded[end : end + 1] in (".", ":") and folded[end + 1 : end + 2].isalnum()


def _unlisted(asked: str) -> Iterator[Meaning]:
    """What no table has, by its form; the words beside a token are looked up without it."""
    name = token(asked)
    known = _known_token(fold(name))
    if name and not known:
        yield from _wordings(asked.replace(name, " ").strip(" ;:,."))
        yield by_component(name)
    yield from map(_meaning, known)
    yield from filter(None, (by_rule(asked), by_sign_in(asked)))


def _known_token(name: str) -> tuple[Row, ...]:
    """The rows whose wording holds a token, or the token without its last words: `RESOLVER.RST.SendSizeLimit.Sender`."""
    rows = [(fold(row.name), row) for table in tables.names() for row in tables.rows(table)]
    while name.count(".") > 1:
        found = tuple(row for wording, row in rows if contains(wording, (name,)) and not _goes_on(wording, name))
        if found:
            return found
        name = name.rpartition(".")[0]
    return ()
