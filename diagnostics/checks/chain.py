"""Whether a chain leads to somebody trusted, and if not, why: self-signed, an unknown authority, or a missing link."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Final

from msgspec import Struct

from diagnostics.checks.certificate_fields import Fields, UnreadableError, read
from diagnostics.checks.outcomes import Outcome
from diagnostics.network.tls import Fault, Roots

# X509_V_ERR_… of OpenSSL's x509_vfy.h that say that no trusted authority vouches for the chain. The rest (dates, purpose,
# names) are judged one by one.
_SELF_SIGNED: Final = 18
_ROOT_SENT: Final = 19
_NO_ISSUER: Final = frozenset({2, 20, 21})
_REASONS: Final = {
    7: "a signature in its chain is not authentic",
    _ROOT_SENT: "its chain ends in a root that is not a public one",
    22: "its chain is longer than any real one",
    24: "a key in its chain can't be read",
    25: "its chain is longer than an authority in it permits",
    27: "an authority in its chain is marked as not trusted",
    28: "an authority in its chain is marked as rejected",
    32: "it was issued by a certificate that may not issue any",
    47: "an authority in its chain may not vouch for this name",
    48: "an authority in its chain is barred from vouching for this name",
    79: "it was issued by a certificate that is not an authority's",
}


class Trust(Struct, frozen=True):
    """`trusted` None: no trust anchors to compare with. `detail` is half a sentence behind the outcome's meaning."""

    trusted: bool | None
    outcome: Outcome | None = None
    detail: str = ""


def trust(path: Sequence[Fields], faults: Sequence[Fault], anchors: Roots, *, sent: int) -> Trust:
    """`path` from the server's own certificate as far as it could be built; `sent` how many certificates were sent."""
    codes = {fault.code for fault in faults}
    if _SELF_SIGNED in codes:
        return Trust(False, "cert_self_signed", f"its issuer is itself, {path[0].subject}" if path else "")
    if not anchors.known:
        return Trust(None)
    if codes & _NO_ISSUER and _ROOT_SENT not in codes and path:
        return _open_ended(path, anchors, sent)
    reason = next((text for code, text in _REASONS.items() if code in codes), "")
    if reason or codes & _NO_ISSUER:
        return Trust(False, "cert_untrusted", reason)
    return Trust(True)


def _open_ended(path: Sequence[Fields], anchors: Roots, sent: int) -> Trust:
    """The chain stops at a certificate whose issuer was neither sent nor is an anchor: either a link is missing, or the
    issuer is an authority that nobody here knows, whose root one need not send.

    A link is missing where the issuer belongs to somebody whose root is trusted, or where the server's own certificate
    carries what public authorities put in: their policies, proofs of transparency, a web address of the issuer. An
    intermediate's own web address is no such sign, for it leads to the root.
    """
    last = path[-1]
    if _is_of_known(last, anchors) or (len(path) == 1 and _looks_public(last)):
        found = "and none of the others it sends is the issuer" if sent > len(path) else "and nothing leads to a root"
        where = f" ({last.ca_issuers[0]})" if last.ca_issuers else ""
        return Trust(False, "cert_incomplete_chain", f'"{last.issuer}"{where} is missing, {found}')
    return Trust(False, "cert_untrusted", f'nobody known vouches for its issuer, "{last.issuer}"')


def _looks_public(own: Fields) -> bool:
    return own.public_marks or any(url.startswith(("http://", "https://")) for url in own.ca_issuers)


def _is_of_known(last: Fields, anchors: Roots) -> bool:
    subjects, organisations = _authorities(anchors)
    return last.issuer not in subjects and last.issuer_owner in organisations


@lru_cache(maxsize=4)
def _authorities(anchors: Roots) -> tuple[frozenset[str], frozenset[str]]:
    """The anchors' names, and whose they are."""
    found = []
    for each in anchors.certificates:
        try:
            found.append(read(each))
        except UnreadableError:
            continue
    return frozenset(each.subject for each in found), frozenset(each.owner for each in found) - {""}
