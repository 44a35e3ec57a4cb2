"""What active checks look through: names, and connections to addresses. `live` is the real one, `recorded` replays.

A connection goes to an address, never to a name: who resolves decides (checks/scope.py), and nothing can be rebound
between the decision and the connection.
"""

from __future__ import annotations

from typing import Literal, Protocol

from msgspec import Struct

DnsStatus = Literal["answer", "nodata", "nxdomain", "servfail", "refused", "timeout"]


class DnsReply(Struct, frozen=True):
    """The answer to one question. `values` hold the records of the asked type in the order received:

    A, AAAA an address; MX `10 mail.contoso.com`; TXT its strings joined, as latin-1; PTR, CNAME, NS, SOA's first name as
    lower-case host names without the last dot; TLSA `3 1 1 hex`. `canonical` is the name at the end of the CNAMEs, ""
    when there were none. `authenticated` is the AD bit of a resolver that validates DNSSEC, as that resolver says.
    `server` is the resolver that answered.
    """

    name: str
    type: str
    status: DnsStatus
    values: tuple[str, ...] = ()
    canonical: str = ""
    authenticated: bool = False
    server: str = ""

    @property
    def looked(self) -> bool:
        """Whether the answer says something about the name; SERVFAIL, REFUSED and silence don't."""
        return self.status in ("answer", "nodata", "nxdomain")


class Stream(Protocol):
    """An open connection. Every method raises OSError (ConnectionResetError …) when the connection breaks."""

    async def read(self, most: int) -> bytes:
        """At least one byte and at most `most`; b"" when the other side has closed."""

    async def write(self, data: bytes) -> None: ...

    async def close(self) -> None:
        """Closes without waiting for the other side. Never raises."""


class Network(Protocol):
    async def resolve(self, name: str, type: str, *, unchecked: bool = False) -> DnsReply:  # noqa: A002  the DNS's own word
        """Never raises: what went wrong is in the reply's status. `unchecked` asks a validating resolver to answer
        although DNSSEC fails (the CD bit): an answer then tells a broken signature from a dead name server."""

    async def connect(self, address: str, port: int) -> Stream:
        """A TCP connection to an IP address. Raises OSError (ConnectionRefusedError, TimeoutError …)."""
