"""Names on certificates: the common name, what a name covers, and the `<I>issuer<S>subject` that connectors hold."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from diagnostics.causes.tls.credential import same_name
from diagnostics.facts import Certificate, InstalledCertificate
from diagnostics.patterns import linear
from diagnostics.text import is_cut

_COMMON_NAME = linear(r'(?i)\bCN\s*=\s*"?([^,"+;<>]{1,253})')
_SHORTEST = 3  # letters: ad, int and net are names of many
_MARKED = linear(r"(?i)<I>\s*(.{1,600}?)\s*<S>\s*(.{1,600})$")
# Chat and blogs swallow the two markers: the second name then runs straight on from the first.
_RUN_ON = linear(r"(?i)^\s*(CN=.{1,600}?[^,\s])\s*(CN=.{1,600})$")
_DIRECTORY = linear(r"(?i)\bDC\s*=\s*([A-Za-z0-9-]{1,63})")
_PRIVATE_ENDINGS = (".local", ".lan", ".internal", ".intra", ".corp", ".lab", ".home", ".localdomain")


def common_name(subject: str) -> str:
    """The common name of a distinguished name, or `subject` itself when it is a bare host name; "" if neither."""
    found = _COMMON_NAME.search(subject)
    if found:
        return str(found.group(1)).strip().rstrip(".").lower()
    bare = subject.strip().rstrip(".").lower()
    return "" if "=" in bare or " " in bare else bare


def is_server_name(name: str) -> bool:
    """Whether only the own network knows this name: one label, or an ending that no public authority certifies."""
    return bool(name) and ("." not in name.strip(".") or name.lower().endswith(_PRIVATE_ENDINGS))


def is_inner_name(name: str, expected: str) -> bool:
    """Whether `name` lies deeper in the domain of `expected`, as mbx2.corp.contoso.com beside mail.contoso.com: mostly a server's
    own name, on a certificate of the organization's own."""
    parent = expected.lower().partition(".")[2]
    return "." in parent and name.lower().endswith(f".{parent}") and name.count(".") > expected.count(".")


def covers(names: Iterable[str], wanted: str) -> bool:
    """Whether a certificate with `names` satisfies `wanted`, a domain or a `*.` pattern. One label per asterisk."""
    target = wanted.strip().rstrip(".").lower()
    if not target:
        return False
    held = {name.strip().rstrip(".").lower() for name in names}
    parent = target.partition(".")[2]
    if target.startswith("*."):
        return target in held or any(name.partition(".")[2] == parent for name in held)
    return target in held or (bool(parent) and f"*.{parent}" in held)


def all_names(certificate: Certificate | InstalledCertificate) -> tuple[str, ...]:
    """Every host name that the certificate carries: its common name, then its alternative names."""
    found = (common_name(certificate.subject), *(name.lower() for name in certificate.names))
    return tuple(dict.fromkeys(filter(None, found)))


def is_self_signed(certificate: Certificate | InstalledCertificate) -> bool:
    if isinstance(certificate, InstalledCertificate) and certificate.self_signed is not None:
        return certificate.self_signed
    return same_name(certificate.subject, certificate.issuer)


def of_directory(issuer: str) -> tuple[str, ...]:
    """The labels of the Active Directory whose own authority issued, () for others: no public authority has a name in it."""
    return tuple(label.lower() for label in _DIRECTORY.findall(issuer))


def of_own_authority(certificate: Certificate) -> bool:
    """Whether the authority is of the directory of the very organization that the certificate names."""
    labels = {label for name in all_names(certificate) for label in name.split(".")[:-1]}
    return bool(labels & {label for label in of_directory(certificate.issuer)[:-1] if len(label) > _SHORTEST})


def is_list(installed: Sequence[InstalledCertificate]) -> bool:
    """Whether all certificates of a server were listed, with both names whole: a lone one was asked for by itself."""
    return len(installed) > 1 and all(_whole(each.subject) and _whole(each.issuer) for each in installed)


def _whole(name: str) -> bool:
    return bool(name) and not is_cut(name)


def issuer_and_subject(text: str) -> tuple[str, str] | None:
    """The two names of a TlsCertificateName, None when `text` is no such pair."""
    found = _MARKED.search(text) or _RUN_ON.search(text)
    return (found.group(1).strip(), found.group(2).strip().rstrip(".")) if found else None


def holders(pair: tuple[str, str], installed: Iterable[InstalledCertificate]) -> list[InstalledCertificate]:
    """The installed certificates with exactly this issuer and subject."""
    issuer, subject = map(_tight, pair)
    return [c for c in installed if same_name(_tight(c.issuer), issuer) and same_name(_tight(c.subject), subject)]


def _tight(name: str) -> str:
    """Without blanks: where a console broke a long name, one may be lost or have come in."""
    return "".join(name.split())
