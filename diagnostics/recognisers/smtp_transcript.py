"""SMTP spoken by hand: telnet, openssl's session, a client's trace.

Lines of both sides are mixed; three digits are the server. A
telnet success proves TCP and the banner, nothing about TLS or certificates.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

from msgspec import Struct, field

from diagnostics.artefacts import Artefact
from diagnostics.facts import Fact, SessionMasked, SmtpReached, Stage, StarttlsNotOffered
from diagnostics.looked_facts import ClientAddress
from diagnostics.mail_facts import Configured, LogonTried, UserForm
from diagnostics.patterns import linear
from diagnostics.recognisers import Reading, recogniser
from diagnostics.recognisers.left_after_tls import LEFT
from diagnostics.recognisers.masking import MASKED_BANNER, MASKED_CAPABILITY
from diagnostics.recognisers.reply_text import read_reply
from diagnostics.recognisers.sources import source_at
from diagnostics.user_names import ASKED, form_of

# PHPMailer's debug output
_ARROW = linear(r"^(?:\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\s+)?(?:SERVER -> CLIENT|CLIENT -> SERVER):\s*")
_INBOUND = linear(r"^(?:\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\s+)?SMTP INBOUND:\s*")  # the same at its highest level
_ASKED = linear(
    r"(?i)\b(?:opening to|telnet|nc|connect(?:ing)?(?: to)?) ([a-z0-9-]{1,63}(?:\.[a-z0-9-]{1,63})+)[: ]\d{2,4}\b"
)
_TIME: Final = r"\[?\d\d:\d\d:\d\d\]?\s+"
_STAMP = linear(rf"^{_TIME}")
# An application's log: the day and the time, and behind them the mark of who spoke.
_DAY: Final = (
    r"\[?(?:\d{4}[-/.]\d\d[-/.]\d\d|\d\d?[-/.]\d\d?[-/.]\d{4}),?[T ]{1,2}\d\d:\d\d:\d\d(?:[.,]\d{1,6})?Z?\]?:?\s+"
)
_DATED = linear(rf"^{_DAY}((?:<{{1,3}}|>{{1,3}}|<-|->|[SC]:)\s?\S.*)$")
# A client's log puts its time, its level or its name before the mark: Nodemailer, Outlook (`<rx>`, `[tx]`), Dart, Xeams,
# fetchmail and Exim (`SMTP<`, `SMTP>>`), msmtp (`<--`), Perl's Net::SMTP (`GLOB(0x1c3bd60)<<<`), Postfix, which names the peer.
_PEER: Final = r"[\w.-]{1,253}\[[0-9A-Fa-f.:]{3,45}\](?::\d{1,5})?:"
_OF_PEER = linear(rf"^{_PEER} ")
_LED: Final = (
    r"(?:\b[SC]:|<rx>|\[tx\]|\bSMTP(?:<{1,2}|>{1,2})|^\s*(?:<--|-->)|\bGLOB\(0x[0-9a-f]{4,16}\)(?:<<<|>>>)"
    rf"|\]: [<>] {_PEER})\s+"
)
_LOGGED = linear(
    rf"(?i)^.{{0,160}}?{_LED}([2-5]\d\d(?:[ -].*)?|(?:EHLO|HELO|MAIL|RCPT|STARTTLS|AUTH|DATA|QUIT|RSET)\b.*)$"
)
_QUOTED = linear(r"^\"(.*?)(?:\\r)?(?:\\n)?\"$")  # Ruby's Net::SMTP
# Python's smtplib shows both sides as it would write strings.
_SHOWN = linear(r"^(?:\S+ )?(?:send|reply): b?['\"](.*?)(?:\\r)?(?:\\n)?['\"]$")
_SPEAKERS: Final = frozenset(
    (
        "S:",
        "C:",
        "S",
        "C",
        "SERVER:",
        "CLIENT:",
        "GOT:",
        "SENT:",
        "<",
        "<<",
        "<<<",
        "<-",
        ">",
        ">>",
        ">>>",
        "->",
        "<:",
        ">:",
        "<=",
        "=>",
        "<**",
        "<~",
        "~>",
        "<~*",
    )
)
_SERVER = linear(r"^([2-5]\d\d)(?:([ -])(.*)|\*{5}.*)?$")
_VERB = linear(
    r"(?i)^(?:(EHLO|HELO|LHLO)\s+\S+|(MAIL) FROM:|(RCPT) TO:|(STARTTLS|QUIT|DATA|RSET|NOOP)\s*$"
    r"|(AUTH) (?:LOGIN|PLAIN|NTLM|XOAUTH2)\b|(BDAT|VRFY) \S+)"
)
_VERBS: Final = frozenset(
    {"EHLO", "HELO", "LHLO", "MAIL", "RCPT", "STAR", "QUIT", "DATA", "RSET", "NOOP", "AUTH", "BDAT", "VRFY"}
)
_KEYWORDS: Final = frozenset({
    "SIZE", "PIPELINING", "DSN", "ENHANCEDSTATUSCODES", "8BITMIME", "BINARYMIME", "CHUNKING", "SMTPUTF8", "STARTTLS",
    "AUTH", "HELP", "VRFY", "X-ANONYMOUSTLS", "X-EXPS", "XRDST", "ETRN",
})  # fmt: skip
_STAGES: Final = {
    "EHLO": Stage.BANNER,
    "MAIL": Stage.MAIL,
    "RCPT": Stage.RECIPIENT,
    "DATA": Stage.DATA,
    "BDAT": Stage.DATA,
}
_BANNER_HOST = linear(r"^([A-Za-z0-9][A-Za-z0-9_.-]{2,252}\.[A-Za-z0-9-]{2,63})(?: |$)")
# The person who typed was slow: the server hung up on the test, not on mail.
_RECIPIENT = linear(r"(?i)^RCPT TO:\s*<?([^\s<>]{1,320})>?")
_GREETED_BY = linear(r"(?i)\bHello (?:\S{1,255} )?\[(?:IPv6:)?([0-9a-f.:]{3,45})\]")
_IDLE = linear(r"(?i)timeout waiting for client input|idle timeout|timeout exceeded|timed out waiting for")
_COMPLETE_MARK: Final = " "
_ENCRYPTED: Final = ("~>", "<~")  # swaks, of what was said inside TLS
_LONGEST: Final = 4000  # characters of one reply
_ABOVE: Final = 4  # lines in which a conversation is opened
_DRAWN: Final = "\u2500\u2502\u2514\u251c\u250c "  # lines of a tree that some clients draw around what was said
_TELLING: Final = 3  # every server that people ask about lists more; a shorter list is a small one, or cut off
_CLEARING: Final = ("RSET", "NOOP")  # taken from everybody, whatever was refused before
_SLIPS: Final = frozenset({"500", "501", "502", "503", "555"})
# The arrow in front of a line: what the log's own side sent, or heard.
_ARROWED = linear(r"^\s*(?:.{0,160}?(?:\bSMTP|\]: ))?([<>]{1,3}) ")
_TRIED = linear(r"(?i)^AUTH ([A-Z0-9-]{3,20})\b")


class _Refusal(Struct, frozen=True):
    """A reply with its 0-based line, the verb that it answers, and the recipient named last. `open`: more lines of it follow."""

    line: int
    text: str
    verb: str
    recipient: str
    open: bool


class _Talk(Struct):
    """One conversation. Every list holds 0-based lines with their text."""

    lines: list[int] = field(default_factory=list)
    stage: Stage | None = None
    reached: int = -1
    host: str = ""
    capabilities: list[str] = field(default_factory=list)
    ehlo: int = -1
    complete: bool = False
    secured: bool = False
    verb: str = ""
    verbs: list[str] = field(default_factory=list)
    said: int = -1  # where the client spoke last
    masked: list[tuple[int, str]] = field(default_factory=list)
    recipient: str = ""
    refusals: list[_Refusal] = field(default_factory=list)
    taken: dict[str, int] = field(default_factory=dict)  # by verb: the line where it was accepted last
    offered: tuple[str, ...] = ()
    inside: tuple[str, ...] = ()  # the mechanisms that are offered inside TLS
    inside_complete: bool = False
    tried: str = ""
    auth: int = -1  # where the server offered AUTH last, before TLS or inside it
    greeted: tuple[int, str] | None = None  # where the server greeted the client, and its address
    logged_on: int = -1  # where the server took the logon
    tried_at: int = -1
    asks_user: bool = False
    user: UserForm = ""
    spoke: int = 0
    size: int = 0
    behind_tls: bool = False  # s_client printed the reply before STARTTLS to its last line alone
    serves: bool | None = None  # whether the arrows show that the server wrote this

    def take(self, index: int, line: str) -> None:
        self.lines.append(index)
        self.secured = self.secured or line.lstrip().startswith(_ENCRYPTED)

    def reach(self, stage: Stage, index: int) -> None:
        if self.stage is None or stage > self.stage:
            self.stage, self.reached = stage, index

    def hear_arrow(self, mark: str, *, server: bool) -> None:
        """A mail that quotes a session has the same arrow before both sides; then nobody's view is told."""
        self.serves = self.serves is not False and (mark[0] == ">") is server

    def real(self) -> bool:
        """A reply alone is no conversation: both sides spoke, or a server introduced itself at length."""
        return bool(
            (self.verbs and (self.spoke > 1 or self.host))
            or len(self.capabilities) >= 2
            or (self.masked and self.stage is not None)
        )


_SPOKEN: Final = (
    r"^\s*(?:\W{1,4}|(?:[SC]|Got|Sent):\s*|(?:\d{4}-\d\d-\d\d \S{8}\s+)?(?:SERVER -> CLIENT|CLIENT -> SERVER):\s*"
    r"|(?:\d{4}-\d\d-\d\d \S{8}\s+)?SMTP INBOUND:\s*\""
    rf"|(?:Server|Client):\s*|{_TIME}|{_DAY}\W{{1,4}}|.*{_LED}|(?:\S+ )?(?:send|reply): b?['\"])?"
)
_GREETED: Final = rf"{_SPOKEN}(?:220(?:[ -]\S|\*{{5}})|(?:EHLO|HELO)\s+\S|250[- ](?:SIZE|STARTTLS|PIPELINING))"
_GREETING = linear(f"(?i){_GREETED}")


@recogniser(rf"(?:{_GREETED}|{_SPOKEN}AUTH\s+(?:LOGIN|PLAIN)\b)", rank=50)
def read(reading: Reading) -> Sequence[Artefact]:
    """One artefact for each conversation: a new banner or a second greeting begins another."""
    talks = [_Talk()]
    previous = -1
    for index, line in reading.free():
        spoken = _spoken(line)
        server = _SERVER.search(spoken) if spoken[:3].isdecimal() else None
        verb = _VERB.search(spoken) if spoken[:4].upper() in _VERBS else None
        if not (server or verb):
            _hear_answer(talks[-1], spoken)
            continue
        if _anew(talks[-1], server, index, previous):
            talks.append(_Talk(behind_tls=_is_echo(talks[-1])))
        talk = talks[-1]
        talk.take(index, line)
        previous = index
        if arrow := _ARROWED.search(line[:300]):
            talk.hear_arrow(arrow.group(1), server=bool(server))
        if server:
            _hear_server(
                talk,
                index,
                spoken,
                server.group(1),
                server.group(2) or _COMPLETE_MARK,
                (server.group(3) or "").strip(),
            )
        elif verb:
            _hear_client(talk, index, next(name for name in verb.groups() if name).upper(), spoken)
    greeted = any(_GREETING.search(line[:1000]) for _, line in reading.free())
    # Of one that begins with the logon, what came of it is told: a refusal is read as it stands.
    return [_artefact(reading, talk) for talk in talks if talk.real() and (greeted or talk.logged_on >= 0)]


def _spoken(line: str) -> str:
    """The line without the mark of who spoke (`S:`, `C:`, `<`, `>`) or of when."""
    text = line.strip().lstrip(_DRAWN)
    if " -> " in text[:40]:
        text = str(_ARROW.sub("", text, 1))
    elif "SMTP INBOUND:" in text[:40]:
        text = str(_QUOTED.sub(r"\1", str(_INBOUND.sub("", text, 1)), 1))
    dated = _DATED.search(text) if text[:3].strip("[")[:1].isdecimal() else None
    text = str(dated.group(1)) if dated else text
    mark, space, rest = text.partition(" ")
    if space and mark.upper() in _SPEAKERS:
        return str(_QUOTED.sub(r"\1", _OF_PEER.sub("", rest.strip(), 1), 1))
    framed = _LOGGED.search(text[:2_000]) or _SHOWN.search(text[:2_000])
    if framed:
        return str(framed.group(1)).strip()
    return str(_STAMP.sub("", text, 1)) if ":" in mark and mark[-1:] != ":" else text


def _anew(talk: _Talk, server: Any, index: int, previous: int) -> bool:
    if not server or not talk.lines:
        return False
    banner = server.group(1) == "220" and talk.verb != "STARTTLS" and (talk.stage is not None or bool(talk.verbs))
    listing = (
        server.group(1) == "250"
        and server.group(2) == "-"
        and talk.complete
        and (index > previous + 1 or _is_echo(talk))
        and talk.verb != "EHLO"
    )
    return banner or listing


def _is_echo(talk: _Talk) -> bool:
    """Whether it is nothing but the last line of an EHLO reply, as s_client prints it once it has spoken STARTTLS itself."""
    return len(talk.lines) == 1 == talk.spoke and talk.complete and talk.ehlo >= 0


def _hear_client(talk: _Talk, index: int, verb: str, spoken: str) -> None:
    named = _RECIPIENT.search(spoken) if verb == "RCPT" else None
    talk.recipient = named.group(1) if named else "" if verb == "MAIL" else talk.recipient
    mechanism = _TRIED.search(spoken)
    if mechanism:
        talk.tried, talk.tried_at = mechanism.group(1).upper(), index
    verb = "EHLO" if verb in ("EHLO", "LHLO") else verb
    talk.verb, talk.said = verb, index
    talk.verbs.append(verb)
    if verb in _STAGES and verb != "EHLO" and talk.stage is not None:
        talk.reach(_STAGES[verb], index)


def _hear_answer(talk: _Talk, spoken: str) -> None:
    """What is no command and stands below the server's question for a user name is that name."""
    if talk.asks_user and spoken:
        talk.user, talk.asks_user = form_of(spoken), False


def _hear_server(talk: _Talk, index: int, spoken: str, code: str, mark: str, rest: str) -> None:
    talk.spoke += 1
    talk.asks_user = code == "334" and rest == ASKED
    if MASKED_BANNER.search(spoken):
        talk.masked.append((index, "banner"))
    if code == "220" and talk.verb == "STARTTLS":
        talk.secured = True
        talk.reach(Stage.STARTTLS, index)
    elif code == "220":
        talk.reach(Stage.BANNER, index)
        host = _BANNER_HOST.search(rest)
        talk.host = host.group(1).lower() if host else ""
    elif code == "235":
        talk.logged_on = index
    elif code == "250":
        if talk.verb not in _CLEARING:
            talk.taken[talk.verb] = index
        _hear_250(talk, index, mark, rest)
    elif code == "354":
        talk.taken[talk.verb] = index
        talk.reach(Stage.DATA, index)
    elif code[0] in "45" and rest and not _IDLE.search(rest):
        _hear_refusal(talk, index, spoken, more=mark == "-")


def _hear_refusal(talk: _Talk, index: int, spoken: str, *, more: bool) -> None:
    last = talk.refusals[-1] if talk.refusals else None
    if last is not None and last.open and last.text[:3] == spoken[:3]:
        text = f"{last.text}\n{spoken}"
        talk.refusals[-1] = _Refusal(last.line, text, last.verb, last.recipient, more and len(text) < _LONGEST)
    else:
        talk.refusals.append(_Refusal(index, spoken, talk.verb, talk.recipient, more))


def _hear_250(talk: _Talk, index: int, mark: str, rest: str) -> None:
    keyword = rest.split(" ", 1)[0].upper()
    if keyword == "AUTH" and talk.verb in ("", "EHLO"):
        talk.auth = index
    if "Queued mail for delivery" in rest or rest.startswith("2.6.0"):
        talk.reach(Stage.DELIVERED, index)
    elif talk.verb in ("", "EHLO", "HELO") and not talk.complete and not talk.secured:
        talk.reach(Stage.EHLO, index)
        greeted = _GREETED_BY.search(rest) if "[" in rest else None
        talk.greeted = (index, str(greeted.group(1))) if greeted else talk.greeted
        if talk.ehlo < 0:
            talk.ehlo = index
        if keyword in _KEYWORDS or keyword.startswith("XSHADOW"):
            talk.capabilities.append(keyword)
        if keyword == "SIZE" and rest[5:20].isdecimal():
            talk.size = int(rest[5:20])
        if keyword == "AUTH":
            talk.offered = tuple(rest.upper().split()[1:])
        if MASKED_CAPABILITY.search(rest.strip()):
            talk.masked.append((index, "capability"))
        talk.complete = mark == _COMPLETE_MARK
    elif talk.secured and talk.verb in ("", "EHLO") and not talk.inside_complete:
        if keyword == "AUTH":
            talk.inside = tuple(rest.upper().split()[1:])
        talk.inside_complete = mark == _COMPLETE_MARK


def _artefact(reading: Reading, talk: _Talk) -> Artefact:
    return Artefact(
        kind="smtp-transcript",
        first=min(talk.lines) + 1,
        last=max(talk.lines) + 1,
        facts=tuple(_facts(reading, talk)),
        shown={"host": talk.host, "reached": talk.stage.name.lower() if talk.stage is not None else ""},
        paste=reading.paste.index,
        claims=frozenset(talk.lines),
    )


def _facts(reading: Reading, talk: _Talk) -> Iterator[Fact]:
    if talk.stage is not None:
        listed = tuple(talk.capabilities) if talk.complete else ()
        yield SmtpReached(
            source=source_at(reading, talk.reached),
            stage=talk.stage,
            host=talk.host,
            capabilities=listed,
            size=talk.size,
        )
    if talk.greeted:
        yield ClientAddress(source=source_at(reading, talk.greeted[0]), ip=talk.greeted[1])
    hidden = any(what == "capability" for _, what in talk.masked)
    offered = "STARTTLS" in talk.capabilities or "STARTTLS" in talk.verbs or hidden or talk.behind_tls
    if talk.complete and len(talk.capabilities) >= _TELLING and not offered:
        yield StarttlsNotOffered(
            source=source_at(reading, talk.ehlo),
            side="unknown",
            capabilities=tuple(talk.capabilities),
            host=talk.host,
        )
    for index, what in talk.masked[:1]:
        yield SessionMasked(
            source=source_at(reading, index),
            what="banner" if what == "banner" else "capability",
            host=talk.host,
        )
    if talk.tried and talk.complete:
        source = source_at(reading, talk.tried_at)
        clear = "STARTTLS" in talk.capabilities and not talk.secured and "STARTTLS" not in talk.verbs
        yield LogonTried(
            source=source, offered=talk.offered, mechanism=talk.tried, user=talk.user, host=talk.host, clear=clear
        )
    if talk.logged_on >= 0:
        source, taken = source_at(reading, talk.logged_on), (("Taken", talk.tried or "True"),)
        yield Configured(source=source, kind="told-logon", name="Account", host=talk.host, values=taken)
    elif talk.auth >= 0 and not talk.tried:
        later = (
            talk.secured or "STARTTLS" in talk.capabilities
        )  # mechanisms may be listed once the session is encrypted
        name = "Offered" if talk.offered or later else "Empty"
        yield Configured(source=source_at(reading, talk.auth), kind="told-logon", name=name, host=talk.host)
    yield from _listed_inside(reading, talk)
    yield from _redirected(reading, talk)
    yield from _left(reading, talk)
    refused = _first_refusal(talk)
    if refused:
        source = source_at(reading, refused.line)
        yield from read_reply(refused.text, source, kind="client", by=talk.host, recipient=refused.recipient)


def _listed_inside(reading: Reading, talk: _Talk) -> Iterator[Fact]:
    """Which logons the server lists inside TLS, and before it where that reply was pasted whole."""
    if not talk.inside_complete:
        return
    values = [("Inside", " ".join(talk.inside))]
    if talk.complete:
        values += [("Before", " ".join(talk.offered)), ("Starttls", str("STARTTLS" in talk.capabilities))]
    source = source_at(reading, max(talk.said, talk.lines[0]))
    yield Configured(source=source, kind="logons-listed", name=talk.host, values=tuple(values), host=talk.host)


def _left(reading: Reading, talk: _Talk) -> Iterator[Fact]:
    """The server's own view of a client that was promised TLS, and that says nothing afterwards but goodbye."""
    if talk.serves and talk.secured and talk.verbs[-2:] == ["STARTTLS", "QUIT"]:
        yield Configured(source=source_at(reading, talk.said), kind=LEFT, host=talk.host, failing=True)


def _redirected(reading: Reading, talk: _Talk) -> Iterator[Fact]:
    """Where the line above names the host that was asked for, and the banner that of another organization."""
    first = min(talk.lines)
    asked = next(
        (found for line in reading.paste.lines[max(0, first - _ABOVE) : first] if (found := _ASKED.search(line))), None
    )
    host = str(asked.group(1)).lower() if asked else ""
    if host and talk.host and host.split(".")[-2:] != talk.host.split(".")[-2:]:
        yield Configured(
            source=source_at(reading, first), kind="other-banner", name=talk.host, values=(("Asked", host),)
        )


def _first_refusal(talk: _Talk) -> _Refusal | None:
    """The first refusal that stood is the finding. EHLO refused and HELO taken is how an old server talks, no failure."""
    old = "HELO" in talk.verbs and talk.stage is not None and talk.stage >= Stage.EHLO
    stood = (each for each in talk.refusals if not (each.verb == "EHLO" and old) and not _overcome(each, talk))
    return next(stood, None)


def _overcome(refusal: _Refusal, talk: _Talk) -> bool:
    """Whether who typed put it right: a slip of the syntax after which the server took more, or the same command again.

    `taken` of a recipient says nothing: another one may have been meant.
    """
    if refusal.text[:3] in _SLIPS:
        return any(line > refusal.line for line in talk.taken.values())
    return refusal.verb not in ("RCPT", "DATA") and talk.taken.get(refusal.verb, -1) > refusal.line
