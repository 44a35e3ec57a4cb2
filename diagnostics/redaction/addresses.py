"""Where addresses and message ids stand in a text of any kind."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import re2

from diagnostics.patterns import linear
from diagnostics.redaction.credentials import CREDENTIALS, TOKEN

_AT: Final = r"(?:@|＠|%40|&#64;)"
_CHARS: Final = r"[\p{L}\p{N}\p{M}!#$%&'*+/=?^_`{}~.\-]"
# Credentials are marked first, and a piece of a local part may look like some: the rest of it still belongs to the address.
_MARKED: Final = rf"(?:{_CHARS}*[\p{{L}}\p{{N}}]{_CHARS}*(?:{re2.escape(CREDENTIALS)}|{re2.escape(TOKEN)}))+{_CHARS}*"
_LOCAL: Final = rf"(?:\"[^\"\r\n@＠]+\"|{_MARKED}|{_CHARS}+)"
_DOMAIN: Final = r"(?:\[[0-9A-Fa-f:.IPv]+\]|[\p{L}\p{N}](?:[\p{L}\p{N}\p{M}._\-]*[\p{L}\p{N}\p{M}])?)"
# Behind a stray sign, what looks like the domain may be the beginning of the local part.
_ADDRESS = linear(f"({_LOCAL}){_AT}((?:{_DOMAIN}(?:[+='/]{_CHARS}*)?{_AT})*)({_DOMAIN})")
_X500 = linear(r"(?i)(cn=recipients/cn=)([^\s;,\"'<>\[\]/]+)")
_ID_HEADER = linear(
    r"(?i)(\b(?:message-?id|in-reply-to|references)\b[\"']?\s*[:=,]?\s*)(<[^<>\r\n]*>(?:[\s,]*<[^<>\r\n]*>)*)"
)
_ID = linear(r"<([^<>\r\n]+)>")

# `recipient=sam@contoso.com`: the word belongs to the log and not to the address.
_NAMED = linear(
    r"(?i)(?:(?:(?:e?mail|smtp|auth)[_-]|smtp\.|header\.|envelope-|original-?|orig-?|final-?|primary|return-|x-)?"
    r"(?:mail|from|to|cc|bcc|rcpt|rcptto|mailfrom|sender|recipients?|user|username|login|upn|userprincipalname|address|email|"
    r"emailaddress|emailaddresses|id|i|orcpt|smtp|smtpaddress|primarysmtpaddress|windowsemailaddress|helo|identity|"
    r"reply-to|path|auth|mailbox|account|name|members?|proxyaddresses|s|d)=)+"
)
_LEAD: Final = "'*`{}~!?#^/$&%_-|.="


def with_addresses(text: str, name: Callable[[str, str], str]) -> str:
    """The text with `name(local part, domain)` in the place of each address."""
    if "@" not in text and "＠" not in text and "%40" not in text and "&#64;" not in text:
        return text

    def replaced(found: re2._Match) -> str:
        lead, local = _apart(found[1])
        # Of `/@sam@contoso.com` the sign is what stands before the address, and what follows it the local part.
        local = local or str(found[2])
        return f"{lead}{name(local, found[3])}" if local else str(found[0])

    return str(_ADDRESS.sub(replaced, text))


def with_ids(text: str, name: Callable[[str], str]) -> str:
    """The text with `name(id)` between the angle brackets of each message id that stands behind the name of its header."""
    if "<" not in text or not _ID_HEADER.search(text):
        return text
    return str(_ID_HEADER.sub(lambda found: found[1] + _ID.sub(lambda each: f"<{name(each[1])}>", found[2]), text))


def with_x500(text: str, name: Callable[[str], str]) -> str:
    """The text with `name(last part)` in each address of Exchange's directory (`/o=…/cn=Recipients/cn=…`)."""
    if "=" not in text or not _X500.search(text):
        return text
    return str(_X500.sub(lambda found: found[1] + name(found[2]), text))


def domains(text: str) -> list[str]:
    """The domains of all addresses, in lower case, in the order of their first appearance."""
    found = (str(each[3]).lower() for each in _ADDRESS.finditer(text))
    return list(dict.fromkeys(domain for domain in found if "." in domain and not domain.startswith("[")))


def _apart(local: str) -> tuple[str, str]:
    """What stands before an address without a space, and its local part."""
    if local.startswith('"'):
        return "", local
    start = len(local) - len(local.lstrip(_LEAD))
    if named := _NAMED.match(local, start):
        start = named.end()
    rest = local[start:]
    kept = len(rest) - len(rest.lstrip(_LEAD))
    return local[: start + kept], rest[kept:]
