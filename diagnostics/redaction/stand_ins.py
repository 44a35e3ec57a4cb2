"""Stand-ins: the same one wherever the same stood, so that a case still tells one story and is judged the same."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

import re2

from diagnostics.patterns import linear
from diagnostics.redaction.addresses import domains, with_addresses, with_ids, with_x500
from diagnostics.redaction.credentials import without_credentials

_HOST = linear(r"([\p{L}\p{N}_\-]+(?:\.[\p{L}\p{N}_\-]+)+)(  +)?")
_IPV4 = linear(r"[0-9]{1,3}(?:\.[0-9]{1,3}){3}")
_IPV6 = linear(r"(?:[0-9A-Fa-f]{0,4}:){2,7}[0-9A-Fa-f]{0,4}")
# An address's local part as the name of its object: in a property, behind a command, or in an error about it.
_NAME = linear(r"(?im)^(\s*(?:name|alias|displayname|identity|samaccountname|mailnickname)\s*:\s*)([^\s:]+)(\s*)$")
_OBJECT = linear(
    r"(?i)\b((?:(?:get|set|test|new|remove|enable|disable)-[a-z]+\s+(?:-identity\s+)?[\"']?"
    r"|(?:object|objekt|objet|objeto|oggetto|recipient|mailbox|user|identity)\s+[\"'«„])\s?)([\p{L}\p{N}._\-]+)"
)
_SHAPE = linear(
    r"(?i)IMCEA[A-Z]*-|(?:bounces?\+)?SRS[01]?[=+\-]|prvs="
)  # how an address was rewritten is part of the story
_ROLE = linear(
    r"(?i)(?:postmaster|abuse|mailer-daemon|delist|no-?reply|do-?not-?reply|hostmaster|"
    r"(?:microsoftexchange|healthmailbox|systemmailbox|federatedemail|inboundproxy|maildeliveryprobe|aggregategroupmailbox|msexchapproval).*)"
)
_GENERATED: Final = 20  # characters: a longer local part with several digits was made by a machine
_DIGITS: Final = 4
_LABELS: Final = 10  # of a name, from its end, among which a known domain is looked for
_PROVIDERS: Final = """
    outlook.com hotmail.com live.com msn.com office365.com microsoft.com office.com gmail.com googlemail.com google.com
    yahoo.com aol.com icloud.com me.com gmx.de gmx.net web.de t-online.de proton.me protonmail.com mail.ru yandex.ru qq.com
    163.com comcast.net mimecast.com pphosted.com amazonses.com sendgrid.net example.com example.net example.org
"""
_PUBLIC: Final = frozenset(_PROVIDERS.split())
_TENANTS: Final = (".mail.onmicrosoft.com", ".onmicrosoft.com")
_REGISTRIES: Final = frozenset(
    ("co", "com", "org", "net", "ac", "gov", "edu", "or", "ne", "go")
)  # `contoso.co.uk` is one name
_INTERNAL: Final = frozenset(("local", "lan", "internal", "corp", "home", "localdomain", "invalid", "test"))


class Redactor:
    """Redacts the texts of one case: what was the same before is the same afterwards.

    `sam@fabrikam.com` becomes `user1@fabrikam.com` with `keep_domains`. Without, the domain gets a stand-in, in names of
    hosts, too; domains at which half the world has an address stay. IP addresses get stand-ins with `hide_ips`; private ones
    stay private.
    """

    def __init__(self, *, keep_domains: bool = False, hide_ips: bool = False) -> None:
        self._keep_domains = keep_domains
        self._hide_ips = hide_ips
        self._stand_ins: dict[tuple[str, str], int] = {}
        self._last: dict[str, int] = {}
        self._domains: dict[str, str] = {}
        self._locals: dict[str, str] = {}
        self._tenants: dict[str, int] = {}

    def __call__(self, text: str) -> str:
        text = without_credentials(text)
        if not self._keep_domains:
            self._learn(text)
        text = with_ids(text, self._id)
        text = with_addresses(text, self._address)
        text = str(_NAME.sub(lambda found: found[1] + self._named(found[2]) + found[3], text))
        text = str(_OBJECT.sub(lambda found: found[1] + self._named(found[2]), text))
        text = with_x500(text, lambda name: f"user{self._number('user', name)}")
        if self._domains:
            text = str(_HOST.sub(self._host, text))
        if self._hide_ips:
            text = str(_IPV4.sub(lambda found: self._ipv4(found[0]), text))
            text = str(_IPV6.sub(lambda found: self._ipv6(found[0]), text))
        return text

    def _learn(self, text: str) -> None:
        """Gives the domains of addresses stand-ins: the name that somebody registered, and what lies in it with it."""
        for domain in domains(text):
            if _suffix(domain, _PUBLIC) or _suffix(domain, self._domains):
                continue
            tenants = next((tail for tail in _TENANTS if domain.endswith(tail)), "")
            name = domain.removesuffix(tenants).rpartition(".")[2] + tenants if tenants else _registered(domain)
            first, last = name.partition(".")[0], name.rpartition(".")[2]
            number = self._tenants.get(first) if tenants else None
            number = number or self._number("domain", name)
            self._tenants.setdefault(first, number)
            stand_in = f"d{number}{tenants or (f'.{last}' if last in _INTERNAL else '.example')}"
            self._domains[name] = stand_in
            self._domains[f"{_dashed(name)}.mail.protection.outlook.com"] = (
                f"{_dashed(stand_in)}.mail.protection.outlook.com"
            )

    def _host(self, found: re2._Match) -> str:
        """A name that lies in a known domain. Where it stands in a column, the next one stays where it is."""
        name, gap = str(found[1]), str(found[2] or "")
        known = _suffix(name.lower(), self._domains)
        if not known:
            return name + gap
        stand_in = name[: -len(known)] + self._domains[known]
        return stand_in + (" " * max(1, len(name) + len(gap) - len(stand_in)) if gap else "")

    def _address(self, local: str, domain: str) -> str:
        if _ROLE.fullmatch(local):
            return f"{local}@{domain}"
        shape = _SHAPE.match(local)
        made = len(local) > _GENERATED and sum(map(str.isdigit, local)) >= _DIGITS and not shape
        kind = "id" if made else "user" if local.isascii() else "üser"  # that it isn't ASCII is part of the story, too
        stand_in = f"{kind}{self._number(kind, f'{local}@{domain}')}"
        self._locals.setdefault(local.lower(), stand_in)
        return f"{shape[0] if shape else ''}{stand_in}@{domain}"

    def _named(self, name: str) -> str:
        return self._locals.get(name.lower(), name)

    def _id(self, text: str) -> str:
        """What stands between the angle brackets of a message id."""
        _, at, domain = text.rpartition("@")
        return f"id{self._number('id', text)}{at}{domain if at else ''}"

    def _number(self, kind: str, text: str) -> int:
        key = kind, text.lower()
        if key not in self._stand_ins:
            self._last[kind] = self._stand_ins[key] = self._last.get(kind, 0) + 1
        return self._stand_ins[key]

    def _ipv4(self, text: str) -> str:
        parts = [int(part) for part in text.split(".")]
        if max(parts) > 255 or parts[0] in (0, 127, 255):
            return text
        number = self._number("ip", text)
        if parts[0] == 10 or parts[:2] == [192, 168] or (parts[0] == 172 and 16 <= parts[1] < 32):
            return f"10.255.{number // 256 % 256}.{number % 256}"
        return f"198.{18 + number // 65536 % 2}.{number // 256 % 256}.{number % 256}"

    def _ipv6(self, text: str) -> str:
        if text in ("::", "::1") or ("::" not in text and text.count(":") != 7):
            return text  # a time of the day is no address
        return f"2001:db8::{self._number('ip', text):x}"


def _suffix(name: str, known: Collection[str]) -> str:
    """The longest domain of `known` that a name is or lies in; "" for none."""
    labels = name.rsplit(".", _LABELS)
    return next((tail for place in range(len(labels)) if (tail := ".".join(labels[place:])) in known), "")


def _registered(domain: str) -> str:
    """The part of a domain that somebody registered, by the look of it."""
    labels = domain.split(".")
    two = len(labels) > 2 and len(labels[-1]) == 2 and labels[-2] in _REGISTRIES
    return ".".join(labels[-3:] if two else labels[-2:])


def _dashed(name: str) -> str:
    """As Exchange Online writes a domain into the name of its MX host."""
    return name.replace(".", "-")
