"""What a handshake by hand shows, asked for while a case is open: whether the server encrypts, and with what certificate."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeVar

from diagnostics.causes.certificate.names import common_name, covers, is_server_name
from diagnostics.causes.certificate.probe import VALID, of_installation, private
from diagnostics.facts import Fact, SmtpReached
from diagnostics.looked_facts import TlsProbe

AnyFact = TypeVar("AnyFact", bound=Fact)


def encrypted(probe: TlsProbe) -> bool:
    """Whether the handshake came to its end."""
    return bool(probe.protocol) and not probe.alert and not probe.error


def trusted(probe: TlsProbe) -> bool:
    """Whether the certificate was checked and found good, and is one of a public authority for that very host.

    OpenSSL checks the name only where it is told to, and trusts what the machine's administrator trusts.
    """
    name = common_name(probe.subject)
    named = not probe.host or covers((name,), probe.host)
    inside = private(probe) or of_installation(probe) or is_server_name(name)
    return encrypted(probe) and probe.verify == VALID and bool(name) and named and not inside


def answers(facts: Iterable[AnyFact]) -> list[AnyFact]:
    """Those that were pasted in answer to a question: the later texts of a case."""
    return [each for each in facts if each.source.paste > 0]


def offering(seen: Iterable[TlsProbe | SmtpReached]) -> TlsProbe | SmtpReached | None:
    """The last answer by which a server offers STARTTLS: an encrypted session, or its whole reply to EHLO."""
    found = None
    for each in answers(seen):
        if encrypted(each) if isinstance(each, TlsProbe) else "STARTTLS" in each.capabilities:
            found = each
    return found


def offered(seen: TlsProbe | SmtpReached) -> str:
    """The beginning of a sentence."""
    where = seen.host or "The server"
    if isinstance(seen, TlsProbe):
        return f"{where} offers STARTTLS and encrypts ({seen.protocol})"
    return f"{where} lists STARTTLS in its whole reply to EHLO"


def other_host(facts: Iterable[Fact], seen: Fact) -> bool:
    """Whether the case is about hosts whose names are told, and the one that was looked at is none of them."""
    named = {each.host.casefold() for each in facts if each.host and each.source.paste == 0}
    return bool(named and seen.host) and seen.host.casefold() not in named
