"""A certificate that one side refused: whose it was, who refused it, and why.

The same word speaks of opposite certificates. `454 4.7.5 … Reason:UntrustedRoot` is our own server about the other
side's; `450 4.4.317 … [Message=UntrustedRoot]` is Exchange Online about the server it delivers to, in a hybrid our
own.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, Literal

from msgspec import Struct
from msgspec.structs import replace

from diagnostics.cause import Belief, Finding
from diagnostics.causes.certificate.names import common_name
from diagnostics.causes.network.devices import device
from diagnostics.causes.network.providers import of_provider, set_to_provider
from diagnostics.causes.network.reach import kind_of
from diagnostics.facts import Certificate, CertificateRejected, InstalledCertificate, Reply, Source, TlsFailed
from diagnostics.looked_facts import TlsProbe
from diagnostics.mail_facts import CommandError, Configured
from diagnostics.patterns import linear

Owner = Literal["ours", "theirs", "target"]
_CLOUD_SPEAKS = linear(r"\b[45]\.(?:4\.3[0-2]\d|7\.32[0-9])\b|\.prod\.(?:protection\.)?outlook\.com \d{4}-\d\d-\d\dT")
_SELF_SIGNED = linear(r"(?i)self[- ]signed certificate(?: cert=|$|[^ \w]| [^i])|\bDEPTH_ZERO_SELF_SIGNED_CERT\b")
# OpenSSL's error 19: the chain was shown whole, up to a root that the client does not trust.
_ROOTED = linear(r"(?i)self[- ]signed certificate in certificate chain|SELF_SIGNED_CERT_IN_CHAIN")
_ONE_OF_SEVERAL = linear(r"(?i)one or more of the following reasons")  # MailKit lists all that it can be
_CLOUD_HOSTS: Final = (".outlook.com", ".mx.microsoft", ".office365.com", ".office365.us")
BY_ALERT: Final = ("UnknownAuthority", "BadCertificate")
"""What a client's alert says of a certificate that it doesn't trust: no more than that, or less."""
_REASONS: Final = {
    "badcertificate": "untrusted",
    "untrustedroot": "untrusted",
    "unknownauthority": "untrusted",
    "partialchain": "untrusted",
    "chainvalidationfailed": "untrusted",
    "subjectmismatch": "name",
    "certificateexpired": "expired",
    "certexpired": "expired",
    "nottimevalid": "expired",
    "revoked": "revoked",
    "certificaterevoked": "revoked",
}


class Refusal(Struct, frozen=True):
    """`owner`: "ours", "theirs", or "target" for the server that Exchange Online delivers to, which may be ours."""

    fact: CertificateRejected | TlsFailed
    reason: str  # "untrusted", "name", "expired", "revoked"
    owner: Owner
    host: str = ""
    ip: str = ""
    at: str = ""
    expected: str = ""
    presented: str = ""  # its subject
    thumbprint: str = ""
    certificate: Certificate | None = None
    self_signed: bool = False  # the words say so
    rooted: bool = False  # they say that the chain is whole, and its root a stranger
    by_cloud: bool = False  # Exchange Online refused it

    @property
    def cloud_destination(self) -> bool:
        """Whether the certificate is Exchange Online's own."""
        named = is_cloud_host(self.host) or is_cloud_host(common_name(self.presented))
        return self.owner == "theirs" and (named or kind_of(self.ip) == "exchange-online")

    @property
    def provider(self) -> str:
        """The public provider whose certificate a client of another kind refused, "" where it was none's."""
        names = (self.host, common_name(self.presented)) if self.owner == "target" and not self.by_cloud else ()
        return next((name for name in names if of_provider(name)), "")

    @property
    def of_no_issuer(self) -> bool:
        """Whether a client of another kind was shown a certificate that signed itself: there is no issuer to send or to know."""
        return self.self_signed and self.owner == "target" and not self.by_cloud

    @property
    def seer(self) -> str:
        """Who refused a target's certificate."""
        return "Exchange Online" if self.by_cloud else "the client"

    @property
    def reach(self) -> str:
        """What a handshake can be tried with: the host's name, or its address."""
        return self.host or (self.ip if ":" not in self.ip else "")

    @property
    def where(self) -> str:
        named = " at ".join(filter(None, (self.host, self.ip)))
        return named or "the other server"


def missing_here(rejected: CertificateRejected, errors: Iterable[CommandError]) -> CommandError | None:
    """What shows that the Exchange server that was asked for the refused certificate by its thumbprint has none such."""
    wanted = rejected.thumbprint
    asked = (each for each in errors if each.cmdlet.lower() == "get-exchangecertificate")
    return next((each for each in asked if wanted and wanted in each.text.upper()), None)


def replaced(refusal: Refusal, certificates: Iterable[Certificate], probe: TlsProbe | None = None) -> Finding | None:
    """Rules out a fault of the other side and of our own stores, where a device on the way made the certificate.

    `certificates` are all that were logged: a queue's last error names none, the session behind it does, or a handshake that
    somebody tried (`probe`).
    """
    mine = refusal.fact.connector
    seen = [c for c in certificates if c.owner == "remote" and (not mine or not c.connector or c.connector == mine)]
    shown: list[Certificate | TlsProbe] = [refusal.certificate] if refusal.certificate else [*seen]
    made = next((each for each in ([*shown, probe] if probe else shown) if device(each.issuer)), None)
    if refusal.owner != "theirs" or made is None:
        return None
    because = f"The certificate shown was issued by `{made.issuer}`, a security device: it is not the server's own."
    return Finding(Belief.RULED_OUT, because, (made,))


def valid_as_told(certificate: InstalledCertificate, settings: Iterable[Configured]) -> Configured | None:
    """Where the person tells that the own dates of a certificate hold which Exchange calls DateInvalid."""
    if certificate.status.lower() != "dateinvalid":
        return None
    return next((each for each in settings if each.kind == "told-certificate-valid"), None)


def own_exchange(settings: Iterable[Configured]) -> Configured | None:
    """Where the person tells that the client sends through an Exchange server of the organization's own."""
    return next((each for each in settings if each.kind == "own-exchange"), None)


def is_cloud_host(host: str) -> bool:
    return host.lower().rstrip(".").endswith(_CLOUD_HOSTS)


def spoken_by_cloud(text: str) -> bool:
    """Whether Exchange Online wrote this reply, by numbers that only it uses or by its server's tag."""
    return bool(_CLOUD_SPEAKS.search(text))


def refusal_of(fact: object, replies: Iterable[Reply], settings: Iterable[Configured] = ()) -> Refusal | None:
    """The refusal that `fact` tells, None when it tells of none. A client that names no server is set to one by `settings`."""
    if isinstance(fact, CertificateRejected):
        refusal = _rejected(fact, _reply_of(fact, replies))
        nameless = refusal is not None and refusal.owner == "target" and not (refusal.host or refusal.by_cloud)
        return replace(refusal, host=set_to_provider(settings)) if refusal and nameless else refusal
    if isinstance(fact, TlsFailed):
        return _failed(fact, _reply_of(fact, replies))
    return None


def refusals_of(facts: Iterable[CertificateRejected | TlsFailed], replies: Iterable[Reply]) -> list[Refusal]:
    """The refusals that any of `facts` tell; linear in both, where one `refusal_of` after the other is their product."""
    first: dict[Source, Reply] = {}
    for reply in replies:
        first.setdefault(reply.source, reply)
    found = (refusal_of(each, filter(None, (first.get(each.source),))) for each in facts)
    return [each for each in found if each]


def _reply_of(fact: CertificateRejected | TlsFailed, replies: Iterable[Reply]) -> Reply | None:
    return next((each for each in replies if each.source == fact.source), None)


def _rejected(fact: CertificateRejected, reply: Reply | None) -> Refusal | None:
    reason = _REASONS.get(fact.reason.lower())
    if reason is None or (reply and "mta-sts" in reply.whole.lower()):
        return None  # a policy of the recipient's domain, with causes of its own
    owner: Owner = "ours" if fact.whose == "local" else "theirs"
    if fact.whose == "unknown" or (reply and spoken_by_cloud(reply.whole) and fact.whose == "remote"):
        owner = "target"
    return Refusal(
        fact=fact,
        reason=reason,
        owner=owner,
        host=fact.host,
        ip=reply.ip if reply else "",
        at=reply.at if reply else "",
        expected=fact.expected,
        presented=fact.presented,
        thumbprint=fact.thumbprint,
        self_signed=bool(reply and _SELF_SIGNED.search(reply.whole) and not _ONE_OF_SEVERAL.search(reply.whole)),
        rooted=bool(reply and _ROOTED.search(reply.whole) and not _ONE_OF_SEVERAL.search(reply.whole)),
        by_cloud=bool(reply and spoken_by_cloud(reply.whole)) or not _by_library(fact, reply),
    )


def _by_library(fact: CertificateRejected, reply: Reply | None) -> bool:
    """Whether a client of another kind refused it, in the words of its TLS library."""
    return bool(reply and reply.kind == "client" and fact.whose == "unknown")


def _failed(fact: TlsFailed, reply: Reply | None) -> Refusal | None:
    reason = _REASONS.get(fact.error.lower())
    if reason is None:
        return None
    shown = fact.presented
    return Refusal(
        fact=fact,
        reason=reason,
        owner="target" if reply and not fact.direction and spoken_by_cloud(reply.whole) else "theirs",
        host=fact.host,
        ip=fact.remote_ip,
        at=fact.at,
        presented=shown.subject if shown else "",
        thumbprint=shown.thumbprint if shown else "",
        certificate=shown,
    )
