"""Facts: what an artefact states, typed and frozen, each with the line it was read from.

Facts about the same thing are joined on four keys: `session`, `connector`, `thumbprint` and `host`. Two facts that
name different values for a key speak of different things; an empty value matches anything, because people mask
and cut what they paste. Times are ISO 8601 in UTC, or "" where the text gives no zone.
"""

from __future__ import annotations

from enum import IntEnum
from typing import Final, Literal

from msgspec import Struct

_CROWD: Final = 200  # messages

Side = Literal["local", "remote", "unknown"]


class Source(Struct, frozen=True):
    """Where a fact was read: 1-based `line` in paste number `paste`, and that line as it was typed."""

    line: int
    quote: str
    paste: int = 0


class Fact(Struct, frozen=True, kw_only=True):
    source: Source
    session: str = ""
    connector: str = ""
    thumbprint: str = ""
    host: str = ""


class Stage(IntEnum):
    """How far an SMTP session got."""

    ATTEMPTED = 0
    CONNECTED = 1
    BANNER = 2
    EHLO = 3
    STARTTLS = 4  # the server said 220 to STARTTLS
    SECURED = 5  # TLS negotiation succeeded
    MAIL = 6
    RECIPIENT = 7
    DATA = 8
    DELIVERED = 9


class Certificate(Fact, frozen=True, kw_only=True):
    """A certificate that an SMTP session showed. `owner` is seen from the server that wrote the log."""

    owner: Side
    subject: str = ""
    issuer: str = ""
    serial: str = ""
    names: tuple[str, ...] = ()
    not_after: str = ""


class Session(Fact, frozen=True, kw_only=True):
    """One SMTP session of a protocol log, from the view of the Exchange server that wrote it.

    `greeting` is the name that the client said in EHLO or HELO, and `seen_as` the client's address as the server's
    reply to it names it ("Hello [203.0.113.10]"): in a send log our own name, and our address as the other side sees it.
    `local_ip` is the address of the server that wrote the log.
    """

    direction: Literal["send", "receive"]
    began: str = ""
    ended: str = ""
    stage: Stage = Stage.ATTEMPTED
    local_ip: str = ""
    remote_ip: str = ""
    banner: str = ""
    greeting: str = ""
    seen_as: str = ""
    capabilities: tuple[str, ...] = ()
    size: int = 0  # bytes of a message that the server's EHLO reply allows; 0 where it names none
    mechanisms: tuple[str, ...] = ()  # of AUTH, as the last EHLO reply offers them
    protocol: str = ""  # as written: SP_PROT_TLS1_2_CLIENT
    cipher: str = ""
    tls_error: str = ""  # as written: NoCredentials
    error: str = ""  # the reply or reason that ended it, "" when nothing failed
    answers: str = ""  # the client's verb that the refusing reply answers: AUTH, MAIL, RCPT …
    closed_by: Literal["local", "remote", ""] = ""
    logged_on: bool | None = (
        None  # None where the log leaves it open: it begins too late, or another server handed it on
    )
    mail_from: str = ""
    rights: tuple[
        str, ...
    ] = ()  # of the client before it logged on, as `Set Session Permissions` tells: SMTPAcceptAnyRecipient …
    sent: int = 0  # bytes of the message, as MAIL FROM announced them; 0 where it did not
    local: Certificate | None = None
    remote: Certificate | None = None

    @property
    def failed(self) -> bool:
        return bool(self.tls_error or self.error)


class TlsFailed(Fact, frozen=True, kw_only=True):
    """`TLS negotiation failed with error <error>`. `thumbprint` is that of the certificate our server offered.

    `side` is the side whose fault stopped the handshake: "local" when no certificate of the peer was ever seen and
    the error speaks of our own credential; `saw_remote` says whether the peer's certificate was logged.
    """

    error: str
    side: Side = "unknown"
    direction: Literal["send", "receive", ""] = ""
    at: str = ""
    saw_remote: bool = False
    offered: Certificate | None = None
    presented: Certificate | None = None
    remote_ip: str = ""


class TlsSucceeded(Fact, frozen=True, kw_only=True):
    """`TLS protocol <protocol> negotiation succeeded …`. `offered` is our certificate, `presented` the peer's."""

    protocol: str
    cipher: str = ""
    mac: str = ""
    direction: Literal["send", "receive", ""] = ""
    at: str = ""
    offered: Certificate | None = None
    presented: Certificate | None = None


class SmtpReached(Fact, frozen=True, kw_only=True):
    """A session that got at least as far as the banner: TCP to the port works. `stage` says how far it went.

    `capabilities` are those of a session by hand, where its EHLO reply was pasted whole.
    """

    stage: Stage
    direction: Literal["send", "receive", ""] = ""
    at: str = ""
    capabilities: tuple[str, ...] = ()
    size: int = 0  # bytes of a message that this reply allows; 0 where it names none


class StarttlsNotOffered(Fact, frozen=True, kw_only=True):
    """An EHLO reply that was complete and had no STARTTLS. `side` is the server that did not offer it."""

    side: Side
    direction: Literal["send", "receive", ""] = ""
    capabilities: tuple[str, ...] = ()
    at: str = ""


class SessionMasked(Fact, frozen=True, kw_only=True):
    """A middlebox rewrote the conversation: `what` is "banner", "verb" or "capability"."""

    what: Literal["banner", "verb", "capability"]


class ConnectFailed(Fact, frozen=True, kw_only=True):
    """TCP did not open. `winsock` is the socket error number (10060, 10061, 10051, 10065 …), 0 when not told, as is `port`.

    `reporter` is the mail system that tried and says so in a bounce, "" where none is named.
    """

    kind: Literal["timeout", "refused", "unreachable", "reset", "unknown"]
    winsock: int = 0
    port: int = 0
    ip: str = ""
    at: str = ""
    reporter: str = ""


class ConnectionDropped(Fact, frozen=True, kw_only=True):
    """An open session that ended without a reply, at `stage`. `by` is who closed, `reason` as written."""

    stage: Stage | None = None
    by: Side = "unknown"
    reason: str = ""  # SocketError, ConnectionReset, TimedOut …
    direction: Literal["send", "receive", ""] = ""
    at: str = ""


class Reply(Fact, frozen=True, kw_only=True):
    """An SMTP reply that a person pasted, in whatever it was wrapped.

    `code` is 0 and `enhanced` "" where the text has none. `text` is the innermost reply; `wrappers` are the layers
    around it, outermost first. `by` is the host that gave it. `kind` is the artefact it stood in. `to_sender`: it stood in a
    report that a provider or gateway wrote to whoever had sent the message.
    """

    code: int = 0
    enhanced: str = ""
    text: str = ""
    whole: str = ""
    wrappers: tuple[str, ...] = ()
    by: str = ""
    ip: str = ""
    recipient: str = ""
    at: str = ""
    kind: Literal["queue", "ndr", "dsn", "log", "trace", "event", "client", "bare"] = "bare"
    to_sender: bool = False

    @property
    def failing(self) -> bool:
        """A 4xx or 5xx, by whichever number is there."""
        return self.code >= 400 or (self.code == 0 and self.enhanced[:1] in ("4", "5"))


class WindowsEvent(Fact, frozen=True, kw_only=True):
    """An event log entry. `provider` as written ("Schannel", "MSExchangeTransport"), `text` its description."""

    provider: str
    event: int
    text: str = ""
    error: str = ""  # 0x8009030D, upper-case digits
    state: int = 0  # Schannel's "internal error state"
    alert: int = 0
    process: str = ""
    role: Literal["client", "server", ""] = ""
    level: str = ""
    at: str = ""


class CertificateRejected(Fact, frozen=True, kw_only=True):
    """A peer, or we, refused a certificate. `whose` is the owner of the refused one, seen from the reader's servers.

    `reason` as Exchange writes it: UntrustedRoot, SubjectMismatch, CertificateExpired, PartialChain, Revoked …
    """

    reason: str
    whose: Side
    by: Side
    expected: str = ""
    presented: str = ""


class InstalledCertificate(Fact, frozen=True, kw_only=True):
    """One block of Get-ExchangeCertificate or of the machine store. None means the paste did not say.

    `provider`, `key_spec` and `algorithm` are of the key, "" where not told: "Microsoft RSA SChannel Cryptographic
    Provider"; AT_KEYEXCHANGE, AT_SIGNATURE or NONE (a key of CNG); RSA or ECC.
    """

    subject: str = ""
    issuer: str = ""
    services: tuple[str, ...] | None = None
    has_private_key: bool | None = None
    not_after: str = ""  # as written: the day and month order depends on the shell's culture
    expired: bool | None = None  # told by Status, never computed from a clock
    status: str = ""
    names: tuple[str, ...] = ()
    self_signed: bool | None = None
    root_type: str = ""
    provider: str = ""
    key_spec: str = ""
    algorithm: str = ""

    @property
    def for_smtp(self) -> bool | None:
        return None if self.services is None else any(s.upper() == "SMTP" for s in self.services)


class SendConnector(Fact, frozen=True, kw_only=True):
    """Get-SendConnector | fl. The connector's name is `connector`. None means the paste did not say."""

    tls_certificate_name: str | None = None
    tls_domain: str = ""
    tls_auth_level: str = ""
    require_tls: bool | None = None
    ignore_starttls: bool | None = None
    cloud_services: bool | None = None  # CloudServicesMailEnabled
    enabled: bool | None = None
    scoped: bool | None = None  # IsScopedConnector: only servers of the source servers' own site use it
    smart_hosts: tuple[str, ...] = ()
    logon: str = ""  # SmartHostAuthMechanism
    address_spaces: tuple[str, ...] = ()
    source_servers: tuple[str, ...] | None = None  # SourceTransportServers; empty where it names none
    fqdn: str = ""
    logging: str = ""
    domain_secure: bool | None = None  # DomainSecureEnabled
    certificate_found: bool | None = None  # HealthChecker's look into the server's store


class QueueState(Fact, frozen=True, kw_only=True):
    """Get-Queue. `status` as written (Retry, Ready …), `messages` the count, `next_hop` the destination."""

    identity: str = ""
    status: str = ""
    messages: int = 0
    next_hop: str = ""
    delivery_type: str = ""

    @property
    def unreachable(self) -> bool:
        """Whether it is the queue of messages that routing has no way for."""
        return "unreachable" in f"{self.delivery_type} {self.next_hop} {self.identity}".lower()

    @property
    def crowded(self) -> bool:
        """Whether it is the submission queue with more messages than a moment's: what is in it is worked on at once."""
        return self.messages >= _CROWD and self.identity.lower().endswith("\\submission")


class TlsReport(Fact, frozen=True, kw_only=True):
    """One failure of a TLS report, about mail to `domain`, which is the reader's own.

    `result` and `policy` ("sts", "tlsa", "no-policy-found") as RFC 8460 names them; `mx` the host that was met, "" where
    none was; `patterns` the policy's mx lines; `failed` the number of sessions.
    """

    result: str
    policy: str = ""
    domain: str = ""
    mx: str = ""
    patterns: tuple[str, ...] = ()
    failed: int = 0

    @property
    def failing(self) -> bool:
        return True


class DnsServers(Fact, frozen=True, kw_only=True):
    """The DNS servers of one adapter, in their order."""

    addresses: tuple[str, ...]


class SessionChange(Fact, frozen=True, kw_only=True):
    """The control experiment: a failing and a succeeding session of the same connector, and what differs.

    Derived from the sessions; `differences` are (what, before, after), oldest state first.
    """

    failed: Session
    succeeded: Session
    cured: bool  # the success came after the failure, on the same server
    differences: tuple[tuple[str, str, str], ...] = ()


class Said(Fact, frozen=True, kw_only=True):
    """A reply or event whose words match a signature of the cause that asked for it."""

    signature: str
    text: str
    kind: str = ""
    by: str = ""
