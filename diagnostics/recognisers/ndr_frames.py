"""The frames in which bounces quote an SMTP reply: one pattern for each layout, joined over wrapped lines."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Any, Final

import re2
from msgspec import Struct

from diagnostics.patterns import linear, together
from diagnostics.recognisers.reply_text import goes_on, has_words_in
from diagnostics.text import squeezed

Lines = list[tuple[int, str]]

_HOST: Final = r"[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)+"
_IP: Final = r"[0-9A-Fa-f.:]{3,45}"
ADDRESS: Final = r"[^\s<>()\[\]\"';,:|@]+@[^\s<>()\[\]\"';,:|@]+"
_SERVER = linear(
    r"(?i)server|servidor|serveur|serwer|palvelin|sunucu|сервер|サーバー|服务器|伺服器"
    r"|returned|renvoy|zur.ck|devolv|retourn|restitu|zwr.ci"
)
_CODED: Final = r"#?[45]\d\d[ -]"
# Exchange 5.5's Internet Mail Service: organization, site, server, its own number. What follows is its own, or a server's reply.
_IMS: Final = r"MSEXCH:IMS:[^:]{0,64}:[^:]{0,64}:(?P<host>[\w.-]{1,63})\s+\d{3,5} \([0-9A-Fa-f]{8}\)"
_IN_BRACKETS: Final = r"\bcode:? (?P<basic>[45]\d\d) \((?P<status>[45]\.\d{1,3}\.\d{1,3})\)[:,]? ['\"]?"

_FRAMES: Final = tuple(
    (name, linear(pattern))
    for name, pattern in (
        ("coded", rf"(?i)(?:\bhost ['\"]?(?P<host>{_HOST})['\"]? .{{0,100}})?{_IN_BRACKETS}(?P<reply>\S.*)$"),
        ("ims-heard", r"^\s*MSEXCH:IMS:.{1,200}\) (?P<reply>[45]\d\d[ -].*)$"),
        ("ims", rf"^\s*(?P<reply>{_IMS}\s+[A-Za-z].*)$"),
        (
            "hashed",
            rf"(?:^\s*(?P<host>{_HOST})\s+)?#(?P<reply>[45]\d\d(?:[ -][45]\.\d{{1,3}}\.\d{{1,3}}(?: .*|$)|[ -][A-Z].*))",
        ),
        (
            "nested",
            r"#?<(?P<host>[\w.-]*)\s*#(?P<status>[45]\.\d{1,3}\.\d{1,3})(?:>|\s+(?i:x-unix|smtp);\s*(?P<reply>.*))",
        ),
        ("quoted", rf"^(?P<said>[^'「]+)['「](?P<reply>{_CODED}.*)$"),
        ("error", rf"(?P<host>{_HOST}) gave this error:\s*(?P<reply>.*)$"),
        ("said", rf"(?P<host>{_HOST})\s*\[(?P<ip>{_IP})\](?::\d+)?\s(?:said|replied|failed with):\s*(?P<reply>.*)$"),
        (
            "exim",
            r"SMTP error from remote (?:mail )?server after .+?:\s+(?P<said>host .*: )?(?P<reply>\d{3}[ -].*)$",
        ),
        (
            "response",
            (
                r"(?i:\bthe response(?: from the remote server)? was|\bremote host said(?:\[[^\[\]]{1,30}\])?|\bfinal-log):"
                r"\s*(?P<reply>.*)$"
            ),
        ),
        ("reason", r"\(reason: (?P<reply>[45]\d\d.*)$"),
        ("reasoned", rf"(?i)\bhost: (?P<host>{_HOST}) \((?P<ip>{_IP})\) reason: (?P<reply>[45]\d\d.*)$"),
        (
            "enclosed",
            (
                rf"(?i)(?:<(?P<host>{_HOST})> )?rejected recipient <(?P<who>{ADDRESS})>"
                r".*\bresponded as follows: \[(?P<reply>[45]\d\d[^\[\]]*)"
            ),
        ),
        # Amazon's notification of a bounce, with the fields of a delivery status as JSON.
        (
            "enclosed",
            (
                rf"\"emailAddress\"\s?:\s?\"(?P<who>{ADDRESS})\"[^{{}}]*\"diagnosticCode\"\s?:\s?\"(?:smtp; ?)?"
                r"(?P<reply>[45]\d\d[ -][^\"]*)\""
            ),
        ),
        # SendGrid, between its account and the host; Zoho, which puts a label before each number.
        ("listed", rf"^\s*(?:[\w.+-]+:\d+:)?<(?P<who>{ADDRESS})> : (?P<said>.* : )?(?P<reply>[45]\d\d[ -].*)$"),
        ("listed", rf"^\s*(?P<who>{ADDRESS}) .{{1,60}}?\bERROR_CODE :(?P<reply>[45]\d\d\b.*)$"),
        ("enclosed", rf"\bAddress: <(?P<who>{ADDRESS})>, ResponseCode (?P<reply>[45]\d\d\b[^\]]*)"),
        ("dialogue", r"^\s*<<<\s*(?P<reply>[45]\d\d[ -].*)$"),
        (
            "labelled",
            (
                r"^\s*(?i:status ?code|kod stanu|statuskod|code (?:de |d.)(?:statut|.{1,2}tat)"
                r"|c.{1,2}digo de (?:estado|status)|codice di stato|状態コード|ステータス ?コード|状态代码"
                r"|(?:reported )?error|(?:gemeldeter )?fehler|erreur(?: signal.{1,2}e)?"
                r"|errore?(?: \w{8,12})?|(?:\w{8,16} )?fout|erro(?: \w{8,12})?|(?:zg.oszony )?b..{1,2}d|(?:\w{8,12} )?fel"
                r"|(?:報告された)?エラー|错误"
                r"|(?:\w+ ){0,4}(?:reason|response|problem|diagnostic code|information follows|message|server returned was))"
                r"\s?[:：]\s*(?i:smtp;\s*)?(?P<reply>#?[45]\d\d[ -].*)$"
            ),
        ),
        ("trailing", r"[.!]\s+#(?P<reply>[45]\.\d{1,3}\.\d{1,3})\s*$"),
        ("triple", r"(?P<reply>\S.*\[0x[0-9A-Fa-f]{8}-0x[0-9A-Fa-f]{1,8}-0x[0-9A-Fa-f]{1,8}\].*)$"),
    )
)
# Whoever hides the recipient keeps Postfix's words behind it.
_HIDDEN: Final = r"<(?P<hidden>[^<>@]{1,60})>(?: \([^()]+\))?: (?:host |connect to |delivery temporarily suspended)"
_ENTRY = linear(
    rf"^\s*(?:<(?P<angled>{ADDRESS})>(?: \([^()]+\))?:|{_HIDDEN}|(?P<plain>{ADDRESS})\s*$|(?P<led>{ADDRESS}): )"
)
_COLON = linear(r"^\s*<[^<>]*>(?: \([^()]+\))?: ")
# Postfix's queue manager, of a host whose answer it had before it came to this message.
_SUSPENDED = linear(r"^delivery temporarily suspended: (?P<rest>host .*)$")
_ENTRY_REPLY = linear(
    r"(?:^|:\s|said: |\.\s)(?P<reply>[45]\d\d[ -].*)$"
    r"|(?P<words>(?:^[^0-9]+\(#[45]\.\d\.\d\)|(?i:connect to |host or domain name not found|unable to look ?up"
    r"|name service error|user unknown"
    r"|unknown user|no such user|mail for .+ loops back|mailbox (?:is )?full|quota exceeded|over quota|timed out"
    r"|unrouteable address|unrouteable mail domain|unknown local-part|all hosts (?:for|have been failing)"
    r"|no such (?:mailbox|address)"
    r"|(?:mailbox|account|user)\b[^:]*(?:disabled|suspended|not found|not exist)"
    r"|retry time(?:out)? not reached|message size (?:\d+ )?exceeds"
    r"|lost connection with|conversation with|delivery temporarily suspended|TLS is required|cannot start TLS"
    r"|server certificate not|SMTPUTF8 is required|SASL authentication failed|mail forwarding loop|too many hops"
    r"|bad address syntax|recipient address rejected|sender address rejected|connection (?:refused|timed out)"
    r"|network is unreachable|no route to host|domain does not exist|network error on|envelope expired|no mx found"
    r"|domain .{1,255} does not accept mail|malformed DNS)).*)$"
)
_WHO = linear(rf"({_HOST})\s?\[({_IP})\]|\b({_HOST})\s?\(({_IP})\)|[(\[]({_IP})[)\]]|\bat ({_HOST})|^({_IP}) ")
_ANGLED = linear(rf"<({ADDRESS})>")
_NAMED = linear(rf"(?:^|[\s'\"])({_HOST})(?:[\s'\"]|$)")


NAMING: Final = frozenset({"listed", "enclosed"})
"""The frames that name the recipient beside the reply; what is enclosed ends in its line."""
_LABELS_BETWEEN = linear(r",\s*ERROR_CODE :,?|(?:,\s*){2,}")


class Quoted(Struct, frozen=True):
    """A reply and its frame. `first`, `last`, `line` are 0-based; `host` and `ip` are who gave it, as far as told."""

    frame: str
    first: int
    last: int
    text: str
    host: str = ""
    ip: str = ""
    recipient: str = ""
    line: int = -1  # where the reply's own text begins


@lru_cache(maxsize=1)
def _any() -> re2.Set:
    """All frames as one automaton: most lines are of none, and cost one look."""
    return together(str(each.pattern) for each in (_ENTRY, *(pattern for _, pattern in _FRAMES)))


def frames(lines: Lines) -> Iterator[Quoted]:
    """Every framed reply in `lines`, in their order."""
    at = 0
    while at < len(lines):
        quoted = framed(lines, at)
        if quoted is not None:
            yield quoted
        at += 1
        while quoted is not None and at < len(lines) and lines[at][0] <= quoted.last:
            at += 1


def framed(lines: Lines, at: int) -> Quoted | None:
    """The framed reply that begins in `lines[at]`."""
    line = lines[at][1]
    for which in sorted(_any().Match(line) or ()):
        if which == 0:
            quoted = _entry(lines, at)
        else:
            name, pattern = _FRAMES[which - 1]
            found = pattern.search(line)
            quoted = _quoted(name, found, lines, at) if found else None
        if quoted is not None:
            return quoted
    return None


def _entry(lines: Lines, at: int) -> Quoted | None:
    """`<recipient>: …` with its indented lines, as Postfix, qmail, Exim and Sendmail write them."""
    named = _ENTRY.search(lines[at][1])
    if not named:
        return None
    begins = _COLON.search(lines[at][1]) if named.group("hidden") else named
    text, last = lines[at][1][begins.end() :].strip(), lines[at][0]
    indent = len(lines[at][1]) - len(lines[at][1].lstrip())
    for index, line in lines[at + 1 : at + 40]:
        deeper = len(line) - len(line.lstrip()) > indent
        angled = named.group("angled") or named.group("hidden")
        if not line.strip() or index != last + 1 or not (deeper or (angled and not _ENTRY.search(line))):
            break
        text, last = f"{text} {line.strip()}".strip(), index
    suspended = _SUSPENDED.search(text)
    text = str(suspended.group("rest")) if suspended else text
    found = _ENTRY_REPLY.search(text)
    if not found or (named.group("led") and found.start(1 if found.group(1) else 2)):
        return None  # OpenSMTPD's way; anybody writes an address and a colon before other words
    reply = str(found.group("reply") or found.group("words")).partition(" Giving up on ")[0]
    told = next((i for i, line in lines[at : at + 40] if reply[:12] in line), lines[at][0])
    host, ip = who(text[: found.start(1 if found.group(1) else 2)])
    recipient = named.group("angled") or named.group("plain") or named.group("led") or ""
    return Quoted("entry", lines[at][0], last, reply, host, ip, recipient, told)


def _quoted(name: str, found: Any, lines: Lines, at: int) -> Quoted | None:
    groups = found.groupdict()
    said = groups.get("said") or ""
    if name == "quoted" and not _SERVER.search(said):
        return None
    text, last = whole(name, groups.get("reply") or "", lines, at)
    recipient = ""
    if name == "hashed":
        text, mark, tail = text.partition("##")
        if not mark:
            return None
        recipient = tail.strip().removeprefix("rfc822;").strip() if "rfc822;" in tail else ""
    elif name == "nested":
        text = text.rpartition(">")[0] or text
        text = text if text[:1].isdigit() else f"{groups['status']} {text}"
    elif name == "quoted":
        text = text.rstrip(" .").removesuffix("'").removesuffix("」")
    elif name == "coded":
        text = f"{groups['basic']} {groups['status']} {text}".rstrip("'\" )")
    elif name == "reason":
        text = text.rstrip().removesuffix(")")
        # The line above has the recipient, where breaks were lost the same one.
        recipient = next(iter(_ANGLED.findall(lines[at][1][: found.start()])[-1:]), "")
    elif name in NAMING:
        recipient, text = groups["who"], _LABELS_BETWEEN.sub(" ", text)
    host, ip = (groups.get("host") or "", groups.get("ip") or "")
    if said and not host:
        host, ip = who(said)
    text = squeezed(text)
    line = lines[at][0] if (groups.get("reply") or "status" in groups) else _first_filled(lines, at)
    return Quoted(name, lines[at][0], last, text, host, ip, recipient, line) if text else None


def _first_filled(lines: Lines, at: int) -> int:
    """The line below `lines[at]` that a reply begins on when its label stands alone."""
    return next((index for index, line in lines[at + 1 : at + 3] if line.strip()), lines[at][0])


def whole(name: str, text: str, lines: Lines, at: int) -> tuple[str, int]:
    """A frame's reply with the lines it was wrapped over. Where the frame has an end mark, up to that."""
    last = lines[at][0]
    if name == "enclosed":
        return text, last
    ends = {"hashed": "##", "nested": ">", "quoted": "'"}.get(name)
    if ends and ends not in text and not (name == "nested" and not text):
        for index, line in lines[at + 1 : at + 12]:
            unfinished = text.rstrip().endswith(":")  # the reply stands below, at times with a blank line between
            if unfinished and not line.strip():
                continue
            if not line.strip() or index > last + 1 + unfinished:
                break
            text, last = f"{text}\n{line}", index
            if ends in line:
                return text, last
        text, last = text.split("\n", 1)[0], lines[at][0]
    for index, line in lines[at + 1 : at + 40]:
        if not text.strip() and not line.strip() and index <= last + 2:
            continue
        if text.strip() and (index != last + 1 or ends or not (goes_on(text, line) or has_words_in(line, text))):
            break
        if not text.strip() and name not in ("error", "response", "said"):
            break
        text, last = f"{text}\n{line}".lstrip("\n"), index
    return text, last


def who(said: str) -> tuple[str, str]:
    """The host and address named in the words before a reply; "" for what is not told."""
    host = ip = ""
    for found in _WHO.finditer(said):
        one, one_ip, two, two_ip, lone_ip, at_host, leading = found.groups()
        host = one or two or at_host or host
        ip = one_ip or two_ip or lone_ip or leading or ip
    if not host:
        named = _NAMED.search(said)
        host = named.group(1) if named and not named.group(1).replace(".", "").isdigit() else ""
    return host, ip
