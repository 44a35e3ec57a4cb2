"""What a bare handshake (openssl s_client) shows, and whose server it spoke to."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from msgspec import Struct

from diagnostics.cause import Belief, Finding
from diagnostics.causes.certificate.names import common_name, is_server_name, of_directory
from diagnostics.causes.certificate.refusal import Owner, Refusal, refusals_of, spoken_by_cloud
from diagnostics.causes.network.devices import device
from diagnostics.causes.network.providers import of_provider
from diagnostics.causes.tls.credential import same_name
from diagnostics.facts import Certificate, CertificateRejected, InstalledCertificate, Reply
from diagnostics.looked_facts import TlsProbe
from diagnostics.mail_facts import Configured
from diagnostics.patterns import linear

_ORGANIZATION = linear(r"(?:^|[/,+]\s*|\s)O\s?=\s?\"?([^,/+\"]{1,200})")
_AUTHORITIES = ("microsoft", "google", "amazon", "apple", "digicert", "globalsign", "sectigo", "entrust", "identrust")
VALID = 0  # X509_V_OK
WRONG_NAME = 62  # X509_V_ERR_HOSTNAME_MISMATCH
EXPIRED, SELF_SIGNED, SELF_SIGNED_ROOT, NO_ISSUER, UNVERIFIED_LEAF = 10, 18, 19, 20, 21  # X509_V_ERR_*

_ABOUT_CERTIFICATES = linear(
    r"(?i)^[45]\.(?:7\.5|4\.317|7\.32\d) |certif|zertif|\bTLS\b|\bSSL\b|trust|verif|\bchain|5\.7\.64"
)
_UNATTRIBUTED: Final = "5.7.64"  # Exchange Online can't tell whose server sent: it looks at that server's certificate
_RECORDS: Final = ("queue", "ndr", "dsn", "trace")
_OF_ONES_OWN: Final = ("own-exchange", "told-edge", "told-certificates-deleted", "told-certificate-valid")


class Case(Struct, frozen=True):
    """What a case tells beside its handshakes: it says whose server was asked."""

    installed: tuple[InstalledCertificate, ...] = ()
    rejected: tuple[CertificateRejected, ...] = ()
    replies: tuple[Reply, ...] = ()
    settings: tuple[Configured, ...] = ()

    @property
    def elsewhere(self) -> bool:
        """Whether what failed is told, and none of it is about a certificate: then what a handshake shows is by the way."""
        failing = [each for each in self.replies if each.failing]
        told = any(_ABOUT_CERTIFICATES.search(f"{each.enhanced} {each.whole[:2000]}") for each in failing)
        return bool(failing) and not told and not self.rejected

    def owner(self, probe: TlsProbe) -> Owner:
        """`owner_of`, a provider's own host, or what only people with a server of their own tell of."""
        refusals = refusals_of(self.rejected, self.replies)
        found = owner_of(probe, self.installed, (), refusals)
        if found != "target":
            return found
        if of_provider(probe.host) or of_provider(common_name(probe.subject)):
            return "theirs"
        told = any(each.kind in _OF_ONES_OWN for each in self.settings)
        told = told or any(each.enhanced == _UNATTRIBUTED for each in self.replies)
        return "ours" if told else "target"

    def of_own(self, probes: Iterable[TlsProbe]) -> list[TlsProbe]:
        """What the own server shows now, or may: whose server it is may not be told."""
        return [each for each in latest(probes) if self.owner(each) != "theirs"]

    def of_others(self, probes: Iterable[TlsProbe]) -> list[TlsProbe]:
        """The same of the other side's server."""
        return [each for each in latest(probes) if self.owner(each) != "ours"]

    def open(self, probe: TlsProbe) -> bool:
        """Whether nobody tells whose server it is: a monitor found it, or nothing but Exchange Online's own record was sent,
        which is the same of an own server and of a partner's."""
        spoken = [each for each in self.replies if spoken_by_cloud(each.whole)]
        return probe.watched or bool(spoken and all(each.kind in _RECORDS for each in spoken))


def stranger(probe: TlsProbe) -> bool:
    """Whether a private authority issued it, and neither a device on the way nor a provider's host is in it."""
    known = of_provider(probe.host) or of_provider(common_name(probe.subject))
    # A root that the client does not know may be anybody's, unless the certificate signed itself or names were shown.
    shown = bool(probe.issuer or probe.subject) or probe.verify == SELF_SIGNED
    return shown and private(probe) and not known and not device(f"{probe.issuer} {probe.subject}")


def cut_short(probe: TlsProbe) -> bool:
    """Whether a server of a public authority's certificate is known to send it alone."""
    return leaf_only(probe) and probe.verify > VALID and not private(probe)


def latest(probes: Iterable[TlsProbe]) -> list[TlsProbe]:
    """Without those of a server that was asked again later: what it shows now counts."""
    told = list(probes)
    return [each for each in told if not any(_again(each, other) for other in told)]


def _again(probe: TlsProbe, other: TlsProbe) -> bool:
    same = not probe.host or not other.host or probe.host == other.host
    return same and other.verify >= VALID and other.source.paste > probe.source.paste


def raised(case: Case, probe: TlsProbe, mine: Owner, because: str) -> Finding | None:
    """What a handshake with the fault says of a cause about the server of `mine`: nothing where it is the other side's."""
    owner = case.owner(probe)
    if owner not in (mine, "target") or case.elsewhere or (owner == "target" and case.open(probe)):
        return None
    sure = owner_of(probe, case.installed, (), refusals_of(case.rejected, case.replies)) == mine
    return Finding(Belief.CONFIRMED if sure else Belief.LIKELY, because, (probe,))


def validated(probes: Iterable[TlsProbe]) -> Finding | None:
    """Rules out what a chain can lack, where every handshake that tells ended with a certificate that was trusted."""
    told = [each for each in probes if each.verify >= 0]
    if not told or any(each.verify != VALID for each in told):
        return None
    shown = told[-1]
    because = f"The certificate that {shown.host or 'the server'} shows"
    because += f" ({shown.subject}, issued by {shown.issuer})" if shown.subject and shown.issuer else ""
    return Finding(
        Belief.RULED_OUT, f"{because} was verified: the chain is whole, in date, and ends in a known root.", (shown,)
    )


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
    """Whether no public authority issued it: it is self-signed, its issuer is of a directory, or of the same organization as the
    server, and that is none of those that are authorities themselves."""
    mine, issuers = (_ORGANIZATION.search(each) for each in (probe.subject, probe.issuer))
    owner = issuers.group(1).strip().lower() if issuers else ""
    made_here = bool(mine and owner) and mine.group(1).strip().lower() == owner
    return (made_here and not owner.startswith(_AUTHORITIES)) or self_signed(probe) or bool(of_directory(probe.issuer))


def of_installation(probe: TlsProbe) -> bool:
    """Whether a server that is reached by a public name shows one that only its own network knows."""
    name = common_name(probe.subject)
    return is_server_name(name) and bool(probe.host) and not is_server_name(probe.host)


def self_signed(probe: TlsProbe) -> bool:
    return probe.verify in (SELF_SIGNED, SELF_SIGNED_ROOT) or same_name(probe.subject, probe.issuer)
