"""What the causes about our own TLS credential share: naming the session, and finding a certificate's twins."""

from __future__ import annotations

from collections.abc import Iterable

from diagnostics.facts import InstalledCertificate, Reply, TlsFailed
from diagnostics.text import squeezed


def own_fault(failed: TlsFailed, *errors: str) -> bool:
    """Whether the handshake failed with one of `errors` on our side, before any certificate of the peer was seen."""
    return failed.error.lower() in {error.lower() for error in errors} and not failed.saw_remote


def session_of(failed: TlsFailed) -> str:
    """The failing session in this incident's own values: connector, time, certificate."""
    unnamed = "The Send connector" if failed.direction == "send" or failed.thumbprint else "A connector"
    connector = f"`{failed.connector}`" if failed.connector else unnamed
    if failed.direction == "receive" and not failed.connector:
        connector = "The Receive connector"
    certificate = f"offered certificate {failed.thumbprint}" if failed.thumbprint else "offered its certificate"
    at = f" at {failed.at}" if failed.at else ""
    return f"{connector} {certificate}{at} and the handshake failed with {failed.error}"


def said_to_clients(failed: TlsFailed, replies: Iterable[Reply]) -> bool:
    """Whether a handshake of unknown direction stands beside the words (PRX) that only clients of a front end get."""
    return not failed.direction and not failed.connector and any(" PRX" in each.whole for each in replies)


def same_name(one: str, other: str) -> bool:
    """Whether two distinguished names are equal. A masked or missing name equals nothing."""
    a, b = _folded(one), _folded(other)
    return bool(a) and a == b and ("cn=" in a or "o=" in a) and "xxx" not in a


def _folded(name: str) -> str:
    return squeezed(name.replace('"', "").replace(", ", ",")).casefold()


def twins(failed: TlsFailed, installed: Iterable[InstalledCertificate]) -> list[InstalledCertificate]:
    """Other installed certificates with the subject (and, where told, issuer) of the one that was offered."""
    known = list(installed)
    mine = next((each for each in known if each.thumbprint and each.thumbprint == failed.thumbprint), None)
    subject = (failed.offered.subject if failed.offered else "") or (mine.subject if mine else "")
    issuer = (failed.offered.issuer if failed.offered else "") or (mine.issuer if mine else "")
    return [
        each
        for each in known
        if failed.thumbprint
        and each.thumbprint
        and each.thumbprint != failed.thumbprint
        and same_name(each.subject, subject)
        and (not each.issuer or not issuer or same_name(each.issuer, issuer))
    ]


def usable(certificate: InstalledCertificate) -> bool:
    """Whether nothing in the paste speaks against using this certificate for SMTP."""
    return certificate.for_smtp is not False and not certificate.expired and certificate.has_private_key is not False
