"""The great public mail providers: that their domains exist and their certificates are sound, the whole world sees every day.

So where one of them "does not exist" or "is not trusted", the fault lies with who says so, or with what stands between.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from diagnostics.mail_facts import Configured

_MAILBOXES: Final = frozenset({
    "gmail.com", "googlemail.com", "outlook.com", "hotmail.com", "live.com", "msn.com", "yahoo.com", "aol.com", "icloud.com",
    "me.com", "gmx.de", "gmx.net", "web.de", "t-online.de", "proton.me", "protonmail.com", "qq.com",
})  # fmt: skip
_SERVERS: Final = _MAILBOXES | {"google.com", "office365.com", "sendgrid.net", "mailgun.org", "mx.microsoft"}


def has_mailboxes(domain: str) -> bool:
    """Whether `domain` is one that a provider gives mailboxes in; a host below it need not exist."""
    return domain.lower().rstrip(".") in _MAILBOXES


def of_provider(name: str) -> bool:
    """Whether `name`, a host, a domain or an address, is one of the providers' own."""
    labels = name.rpartition("@")[2].lower().strip("<>[]. ").removeprefix("*.").split(".")
    return any(".".join(labels[at:]) in _SERVERS for at in range(len(labels) - 1))


def set_to_provider(settings: Iterable[Configured]) -> str:
    """The provider that a client sends through, by its server, else by the account's address, else by the only server that the
    text names; "" where none is told."""
    told = ""
    for each in settings:
        name = each.get("Host") or each.get("User").rpartition("@")[2] if each.kind == "client-settings" else ""
        if name:
            return name if of_provider(name) else ""
        told = told or (each.name if each.kind == "told-destination" else "")
    return told
