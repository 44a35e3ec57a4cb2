"""Credentials in a text: of SMTP's AUTH, of HTTP, in base64, and tokens that are known by their beginnings."""

from __future__ import annotations

import base64
import binascii
from typing import Final

import re2

from diagnostics.patterns import linear
from diagnostics.redaction.passwords import is_word, without_passwords
from diagnostics.user_names import ASKED, BARE, form_of

CREDENTIALS: Final = "[credentials]"
TOKEN: Final = "[token]"  # noqa: S105 - the mark itself

_KEY_BLOCK = linear(r"(?s)(-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY-----).*?(-----END (?:[A-Z0-9]+ )*PRIVATE KEY-----|\z)")
_TOKENS = linear(
    r"xox[a-z](?:\.xox[a-z])?-[A-Za-z0-9\-]+|xapp-[A-Za-z0-9\-]+|eyJ[A-Za-z0-9_\-]{8,}\.[A-Za-z0-9_\-]{4,}(?:\.[A-Za-z0-9_\-]*)*"
)
_HOOKS = linear(r"(hooks\.slack(?:-gov)?\.com/)(?:services|commands|actions|workflows|triggers)/[^\s<>\"'|\\]+")
_SCHEMES = linear(
    r"(?i)((?:bearer|basic)[ \t]+)([A-Za-z0-9._~+/\-]{8,}=*)|((?:negotiate|ntlm)[ \t]+)([A-Za-z0-9+/]{24,}=*)"
)
_URL_LOGIN = linear(r"(://)[^\s/@<>\"']+(@)")
_AUTH = linear(
    r"(?i)(auth[ \t]+(?:plain|login|ntlm|gssapi|xoauth2?|oauthbearer|cram-md5|digest-md5|scram-[a-z0-9\-]+)[ \t]+)([^\s,\"']+)"
)
_ASKS = linear(
    r"(?i)auth[ \t]+(?:plain|login|ntlm|gssapi|xoauth2?|oauthbearer|cram-md5|digest-md5)|(?:^|[^0-9.])334(?:[ \-,\"]|$)"
)
# A line of a transcript with an arrow or a letter for who speaks, or a row of a log with the arrow in a column.
_ALONE = linear(r"^(?:[\s<>*~=\-|]*|\s*[A-Za-z]{1,6}:\s*|.*,[<>],)[\"']?([A-Za-z0-9+/]{4,}={0,2})[\"']?[\s,]*$")
_BASE64 = linear(r"[A-Za-z0-9+/]{12,}={0,2}")
_READABLE = linear(rb"[\x20-\x7e\x00\x01]{8,}")
_READS: Final = 8

_EXTENSION = linear(  # what a server's greeting says, and prose
    r"(?i)plain|login|ntlm|gssapi|xoauth2?|oauthbearer|(?:cram|digest)-md5|x-exps|8bitmime|binarymime|chunking|xrdst|size|"
    r"pipelining|dsn|enhancedstatuscodes|starttls|smtputf8|help|tls|x-anonymoustls|xexch50|xshadow|xoorg|xproxy|and|or|with|failed"
)
_VERB = linear(r"(?i)quit|rset|data|ehlo|helo|noop|mail|rcpt|help|vrfy|expn|bdat|auth|starttls")
_ANY = linear(  # of all that is looked for, something: most lines of a log have nothing, and one look is cheap
    r"(?i)xox|xapp-|eyJ|hooks\.slack|bearer|basic|negotiate|ntlm|://|pass|pwd|secret|api_?key|token|routing_?key|auth[ \t]|"
    r"PRIVATE KEY|334|[A-Za-z0-9+/]{12}|kennwort|\bpw|credential|net(?:1|\.exe)?[ \t]+use"
)
_WINDOW: Final = 2  # lines after a server's request in which its answer is looked for
_ASKED: Final = (b"Username:", b"Password:", b"User Name", b'{"status":')  # what a server says in base64


def without_credentials(text: str) -> str:
    """The text with marks in the place of credentials. What is left may be judged as before."""
    if not _ANY.search(text):
        return text
    if "-----BEGIN" in text:
        text = str(_KEY_BLOCK.sub(rf"\1{CREDENTIALS}\2", text))
    text = str(_TOKENS.sub(TOKEN, text))
    text = str(_HOOKS.sub(rf"\1{TOKEN}", text))
    text = str(_SCHEMES.sub(_after_scheme, text))
    text = without_logins(text)
    text = without_passwords(text, CREDENTIALS)
    text = str(_AUTH.sub(_after_auth, text))
    text = _answers(text) if _ASKS.search(text) else text
    return str(_BASE64.sub(lambda found: CREDENTIALS if _tells(found[0]) else found[0], text))


def without_logins(text: str) -> str:
    """The text with a mark in the place of what stands in a URL before the host."""
    return str(_URL_LOGIN.sub(rf"\1{CREDENTIALS}\2", text)) if "://" in text else text


def _after_scheme(found: re2._Match) -> str:
    scheme, token = found[1] or found[3], found[2] or found[4]
    return f"{scheme}{token if is_word(token) else TOKEN}"


def _after_auth(found: re2._Match) -> str:
    """What follows a mechanism is its first answer, unless it is a word of prose or of the server's greeting."""
    loud = "AUTH" in found[1]
    word = str(found[2])
    kept = _EXTENSION.fullmatch(word.rstrip(".!?):")) or word == CREDENTIALS or (is_word(word) and not loud)
    return f"{found[1]}{word if kept else CREDENTIALS}"


def _answers(text: str) -> str:
    """Lines that hold one word of base64, after the server or the command asked for one."""
    lines = text.split("\n")
    open_for, for_a_name = 0, False
    for number, line in enumerate(lines):
        if _ASKS.search(line):
            open_for, for_a_name = _WINDOW, ASKED in line
            continue
        if open_for and line.strip():
            open_for -= 1
            found = _ALONE.search(line.rstrip("\r"))
            if found and not _VERB.fullmatch(found[1]) and not found[1].isdigit():
                mark = BARE if for_a_name and form_of(found[1]) == "name" else CREDENTIALS
                lines[number] = line[: found.start(1)] + mark + line[found.end(1) :]
                open_for, for_a_name = _WINDOW, False
    return "\n".join(lines)


def _tells(token: str) -> bool:
    """Whether base64 holds something that people can read, wherever in the token it begins."""
    bare = token.rstrip("=")
    return any(_reads(bare[start:]) for start in range(4))


def _reads(bare: str) -> bool:
    bare = bare[: len(bare) - (len(bare) % 4 == 1)]
    try:
        content = base64.b64decode(bare + "=" * (-len(bare) % 4))
    except (binascii.Error, ValueError):
        return False
    longest = max((len(run) for run in _READABLE.findall(content)), default=0)
    # The name of a command or class is letters only; by accident a few bytes of it may be readable, but not all.
    enough = len(content) * 3 // 4 if bare.isalpha() else _READS
    return longest >= enough > 0 and not content.startswith(_ASKED)
