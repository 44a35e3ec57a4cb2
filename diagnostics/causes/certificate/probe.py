"""What a bare handshake (openssl s_client) shows, and whose server it spoke to."""

from __future__ import annotations

from collections.abc import Iterable

from diagnostics.causes.certificate.names import common_name, is_server_name
from diagnostics.causes.certificate.refusal import Owner, Refusal
from diagnostics.causes.tls.credential import same_name
from diagnostics.facts import Certificate, InstalledCertificate
from diagnostics.looked_facts import TlsProbe
from diagnostics.patterns import linear

_ORGANIZATION = linear(r"(?:^|[/,+]\s*|\s)O\s?=\s?\"?([^,/+\"]{1,200})")
_AUTHORITIES = ("microsoft", "google", "amazon", "apple", "digicert", "globalsign", "sectigo", "entrust", "identrust")
VALID = 0  # X509_V_OK
WRONG_NAME = 62  # X509_V_ERR_HOSTNAME_MISMATCH
EXPIRED, SELF_SIGNED, SELF_SIGNED_ROOT, NO_ISSUER, UNVERIFIED_LEAF = 10, 18, 19, 20, 21  # X509_V_ERR_*


def owner_of(
    probe: TlsProbe,
    installed: Iterable[InstalledCertificate],
    shown: Iterable[Certificate],
    refusals: Iterable[Refusal],
) -> Owner:
    """ "target" where nothing in the case tells whose server was probed."""
    mine = common_name(probe.subject)
    logged = tuple(shown)
    ours = {common_name(each.subject) for each in installed}
    ours |= {common_name(each.subject) for each in logged if each.owner == "local"}
    if mine and mine in ours:
        return "ours"
    if mine and any(common_name(each.subject) == mine for each in logged if each.owner == "remote"):
        return "theirs"
    spoken = [each for each in refusals if not each.host or not probe.host or each.host == probe.host]
    owners = {each.owner for each in spoken}
    if "target" in owners and any(each.expected for each in spoken):
        return "ours"  # Exchange Online names an expected subject only where a connector to a known server asks for it
    return "theirs" if owners == {"theirs"} else "target"


def leaf_only(probe: TlsProbe) -> bool:
    """Whether the server sent its own certificate without the one that issued it."""
    if same_name(probe.subject, probe.issuer):
        return False
    return probe.chain == 1 and probe.verify in (-1, NO_ISSUER, UNVERIFIED_LEAF)


def private(probe: TlsProbe) -> bool:
    """Whether no public authority issued it: it is self-signed, or its issuer is of the same organization as the server, and
    that is none of those that are authorities themselves."""
    mine, issuers = (_ORGANIZATION.search(each) for each in (probe.subject, probe.issuer))
    owner = issuers.group(1).strip().lower() if issuers else ""
    made_here = bool(mine and owner) and mine.group(1).strip().lower() == owner
    return (made_here and not owner.startswith(_AUTHORITIES)) or self_signed(probe)


def of_installation(probe: TlsProbe) -> bool:
    """Whether a server that is reached by a public name shows one that only its own network knows."""
    name = common_name(probe.subject)
    return is_server_name(name) and bool(probe.host) and not is_server_name(probe.host)


def self_signed(probe: TlsProbe) -> bool:
    return probe.verify in (SELF_SIGNED, SELF_SIGNED_ROOT) or same_name(probe.subject, probe.issuer)
