"""Facts of looks: what somebody tried by hand, what an active check saw, and lines that stand in no artefact.

Facts of sessions and replies are in diagnostics.facts, those of messages and settings in diagnostics.mail_facts.
"""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from diagnostics.facts import Fact

_OCTETS = 4


class KeyAccess(Fact, frozen=True, kw_only=True):
    """Who may read a private key: from icacls, the key's security dialogue, or an ACL listing."""

    network_service_reads: bool
    accounts: tuple[str, ...] = ()


class PortTest(Fact, frozen=True, kw_only=True):
    """A connection somebody tried by hand: Test-NetConnection, telnet, nc. `succeeded` speaks of TCP only.

    `inbound` is one that Microsoft's analyzer made from the Internet: it tells nothing of the way out.
    """

    succeeded: bool
    port: int = 25
    ip: str = ""
    inbound: bool = False


class TlsSettings(Fact, frozen=True, kw_only=True):
    """Schannel protocol keys of a server: is TLS 1.2 enabled for `role`? None means not told."""

    tls12_enabled: bool | None = None
    role: Literal["client", "server", ""] = ""


class TlsProbe(Fact, frozen=True, kw_only=True):
    """openssl s_client. `verify` is its code (0 ok, 10, 18, 19, 20, 21 …), -1 when not told; `chain` how many sent.

    `error` is OpenSSL's reason where the client itself broke the handshake off ("dh key too small"), "" where it did not.
    `not_after` is the last day of the server's own certificate, as written. `offered` is the one version of TLS that an option
    had the client offer (`TLSv1`, `TLSv1.2`), "" where it offered all that it knows. `watched` is whether a monitor found it:
    people mostly watch servers of their own.
    """

    verify: int = -1
    chain: int = 0
    protocol: str = ""
    alert: int = 0
    subject: str = ""
    issuer: str = ""
    error: str = ""
    not_after: str = ""
    offered: str = ""
    watched: bool = False


class DnsRecord(Struct, frozen=True):
    """One record of an answer. `kind` is its type: A, AAAA, MX, TXT, CNAME, PTR, NS.

    `value` is the address, the host in lower case without its last dot ("" in a null MX), or the strings of a TXT record
    as one; a cut-off one ends in "...". `preference` is that of an MX, -1 otherwise.
    """

    kind: str
    value: str
    preference: int = -1


class DnsAnswer(Fact, frozen=True, kw_only=True):
    """nslookup, Resolve-DnsName, dig or host typed by hand. `ok` says whether `name` resolved with `server`.

    `name` is in lower case, without its last dot; that of an address is its reverse name. It is "" where a list of TXT
    strings was pasted without it, and where a silent resolver printed none. `records` are in the order printed, empty
    where the values weren't pasted.
    `asked` is the type that a failed look-up asked for, "" where that is not told. `flags` are dig's: `ad` for an answer whose
    signatures were checked, `cd` for one that was asked for unchecked.
    """

    name: str
    ok: bool
    server: str = ""
    error: str = ""
    asked: str = ""
    records: tuple[DnsRecord, ...] = ()
    flags: tuple[str, ...] = ()

    def values(self, *kinds: str) -> tuple[str, ...]:
        """The values of the records of these types, MX by preference."""
        chosen = [each for each in self.records if each.kind in kinds]
        return tuple(each.value for each in sorted(chosen, key=lambda each: each.preference))

    @property
    def addresses(self) -> tuple[str, ...]:
        return self.values("A", "AAAA")

    @property
    def list_asked(self) -> tuple[str, str]:
        """(address, zone) where a list of addresses was asked for one: 10.113.0.203.zen.spamhaus.org; else two empty strings."""
        *octets, zone = self.name.lower().split(".", _OCTETS)
        if len(octets) < _OCTETS or not all(part.isdecimal() for part in octets) or zone == "in-addr.arpa":
            return "", ""
        return ".".join(reversed(octets)), zone


class Counted(Fact, frozen=True, kw_only=True):
    """How many values the collection `what` of a connector holds (of SenderDomains: how many characters), "" where the command
    that counted them was not pasted."""

    name: str
    what: str
    count: int


class PublicAddress(Fact, frozen=True, kw_only=True):
    """The public address that a server of the reader's own is seen from, by a look from there or a sentence."""

    ip: str


class ClientAddress(Fact, frozen=True, kw_only=True):
    """The address of the client that was refused, as the server's greeting of it or a sentence tells."""

    ip: str


class Unseen(Fact, frozen=True, kw_only=True):
    """That the log of the relay which was meant has no session of the client, as a sentence tells."""


class OwnName(Fact, frozen=True, kw_only=True):
    """The host name that a certificate of the reader's own server carries since it was changed, as a sentence tells it."""

    name: str


class Stray(Fact, frozen=True, kw_only=True):
    """A line that no recogniser read and that holds words of a known failure (strays.py)."""

    text: str

    @property
    def failing(self) -> bool:
        return True


class Checked(Fact, frozen=True, kw_only=True):
    """What an active check saw of `subject` (checks/outcomes.toml has the words). `outcome` is "" for one that found no fault.

    It was seen from where the check ran, which is another network than the reader's servers.
    """

    check: str
    subject: str
    outcome: str = ""
    detail: str = ""

    @property
    def failing(self) -> bool:
        return bool(self.outcome)
