"""What is wrong with the certificate that a server shows, each fault by itself, and what people need to know of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from msgspec import Struct
from msgspec.structs import replace

from diagnostics.checks.certificate_fields import Fields, UnreadableError, read
from diagnostics.checks.chain import Trust, trust
from diagnostics.checks.host_names import same_host
from diagnostics.checks.options import Options
from diagnostics.checks.outcomes import Outcome
from diagnostics.network.tls import Fault, roots

_WRONG_PURPOSE: Final = 26  # X509_V_ERR_INVALID_PURPOSE
_MOST_NAMES: Final = 50  # shown; all are compared
_MOST_SAID: Final = 3
_MOST_LINKS: Final = 20


class Judged(Struct, frozen=True):
    """`outcomes` with half a sentence each; `facts` for the attempt. For those who judge further: `own` and `trust`, None where
    the certificate can't be read; `public` whether one of this machine's public roots vouches for it, None if unknown."""

    outcomes: Mapping[Outcome, str]
    facts: Mapping[str, Any]
    own: Fields | None = None
    trust: Trust | None = None
    public: bool | None = None


def judge(
    chain: Sequence[bytes],
    faults: Sequence[Fault],
    *,
    names: Sequence[str],
    options: Options,
    built: Sequence[bytes] = (),
) -> Judged:
    """`chain`, `faults` and `built` are a Handshake's; without `built` the chain is taken to be in order. The certificate
    must be for one of `names` (hosts in ASCII form, or addresses); without names that is not judged.

    Dates are compared with `options.now`. Never raises for what a server sends; raises what `roots` raises.
    """
    anchors = roots(options.ca_file)
    try:
        own = read(chain[0]) if chain else None
    except UnreadableError as error:
        return Judged({}, {"certificate": {"unreadable": str(error)}})
    if own is None:
        return Judged({}, {"certificate": {"unreadable": "the server sent none"}})
    if any(
        fault.code == _WRONG_PURPOSE for fault in faults
    ):  # an intermediate may bar what the certificate itself allows
        own = replace(own, server_auth=False)
    path = [own, *_readable((built or chain)[1:_MOST_LINKS])]
    trusted = trust(path, faults, anchors, sent=len(chain))
    found: dict[Outcome, str] = {}
    found.update(_dates(path, options))
    if trusted.outcome:
        found[trusted.outcome] = trusted.detail
    found.update(_names(own, [name for name in names if name]))
    found.update(_strength(path))
    public = anchors.is_public(built[-1]) if built and trusted.trusted else None
    sent = [own, *_readable(chain[1:_MOST_LINKS])]
    facts = {"certificate": _certificate(own, options), "chain": _chain(sent, path, trusted, public)}
    return Judged(found, facts, own, trusted, public)


def _readable(certificates: Sequence[bytes]) -> Iterator[Fields]:
    """As far as they can be read: what stands behind an unreadable one is not known to belong."""
    for der in certificates:
        try:
            yield read(der)
        except UnreadableError:
            return


def _links(path: Sequence[Fields]) -> Iterator[tuple[str, Fields]]:
    """Each certificate of the chain with what it is called behind "its"."""
    for depth, each in enumerate(path):
        kind = "root" if each.self_issued else "intermediate"
        yield ("it" if not depth else f'its {kind} "{each.subject}"'), each


def _dates(path: Sequence[Fields], options: Options) -> dict[Outcome, str]:
    found: dict[Outcome, str] = {}
    for what, each in _links(path):
        if options.now > each.not_after:
            found.setdefault("cert_expired", f"{what} expired on {_day(each.not_after)}")
        if options.now < each.not_before:
            found.setdefault("cert_not_yet_valid", f"{what} begins on {_day(each.not_before)}")
    if found:
        return found
    for what, each in _links(path):
        if (each is path[0] or not each.self_issued) and _days_left(each, options) <= options.expiring_days:
            return {"cert_expiring_soon": f"{what} ends on {_day(each.not_after)}, {_days(each, options)}"}
    return {}


def _names(own: Fields, names: Sequence[str]) -> dict[Outcome, str]:
    if own.hosts is None:  # could not be read, so nothing can be said
        return {}
    found: dict[Outcome, str] = {}
    held = own.hosts
    if not held:
        found["cert_no_san"] = f'its name stands in the common name alone, "{own.common_name}"'
        held = (own.common_name,)
    if names and not any(same_host(each, name) for each in held for name in names):
        more = f" and {len(held) - _MOST_SAID} more" if len(held) > _MOST_SAID else ""
        shown = ", ".join(filter(None, held[:_MOST_SAID])) or "nobody"
        found["cert_name_mismatch"] = f"it is for {shown}{more}, not for {names[0]}"
    return found


def _strength(path: Sequence[Fields]) -> dict[Outcome, str]:
    """A root's key and signature are not what it is trusted for, so only the others count."""
    found: dict[Outcome, str] = {}
    for what, each in _links(path):
        if each.weak_key and (each is path[0] or not each.self_issued):
            found.setdefault("cert_weak_key", f"{what} has {each.key}")
        if each.weak_signature and not each.self_issued:
            found.setdefault("cert_weak_signature", f"{what} is signed with {each.signature}")
    return found


def _certificate(own: Fields, options: Options) -> dict[str, Any]:
    facts: dict[str, Any] = {
        "subject": own.subject,
        "issuer": own.issuer,
        "serial": own.serial,
        "thumbprint": own.thumbprint,
        "sha256": own.sha256,
        "names": list((own.hosts or ())[:_MOST_NAMES]),
        "not_before": own.not_before.isoformat(),
        "not_after": own.not_after.isoformat(),
        "days_left": _days_left(own, options),
        "key": own.key,
        "signature": own.signature,
        "server_auth": own.server_auth,
        "must_staple": own.must_staple,
        "ocsp": list(own.ocsp),
        "crl": list(own.crl),
        "ca_issuers": list(own.ca_issuers),
    }
    if own.whole_names:  # Exchange compares it letter by letter, so a shortened one would be wrong
        facts["tls_certificate_name"] = f"<I>{own.issuer}<S>{own.subject}"
    return facts


def _chain(sent: Sequence[Fields], path: Sequence[Fields], trusted: Trust, public: bool | None) -> dict[str, Any]:
    """The chain as it was sent against the one that was built from it; `in_order`: each is vouched for by the next."""
    used = [each.sha256 for each in sent[: len(path)]]
    return {
        "sent": [_link(each) for each in sent],
        "built": [_link(each) for each in path],
        "in_order": used == [each.sha256 for each in path[: len(used)]],
        "trusted": trusted.trusted,
        "public": public,
        "anchor": path[-1].subject if trusted.trusted else "",
    }


def _link(each: Fields) -> dict[str, str]:
    return {"subject": each.subject, "issuer": each.issuer, "not_after": each.not_after.isoformat()}


def _days_left(each: Fields, options: Options) -> int:
    return (each.not_after - options.now).days


def _days(each: Fields, options: Options) -> str:
    left = _days_left(each, options)
    return "today" if left <= 0 else f"in {left} day{'s' if left > 1 else ''}"


def _day(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
