"""Who spoke a refusal, on which connector and in which session: what the frame of a pasted reply tells beside its words."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct

from diagnostics.causes.network.reach import Kind, kind_of
from diagnostics.causes.recipient.lookup import addresses, by_microsoft
from diagnostics.facts import Certificate, Reply, Said, Session


class Heard(Struct, frozen=True):
    """`reply` and `session` are None where the text has no such frame (an event, a lone line)."""

    said: Said
    reply: Reply | None
    session: Session | None
    recipients: tuple[str, ...] = ()

    @property
    def low(self) -> str:
        return self.said.text.lower()

    @property
    def microsoft(self) -> bool:
        """Whether Exchange Online spoke; to a receive log of ours it is a client and never speaks."""
        return not self.incoming and by_microsoft(self.said)

    @property
    def incoming(self) -> bool:
        """Whether our own receive log has it: we refused, `ip` is the client."""
        return self.session is not None and self.session.direction == "receive"

    @property
    def outgoing(self) -> bool:
        return self.session is not None and self.session.direction == "send"

    @property
    def reported(self) -> bool:
        """Whether it came back from another server: a bounce, a queue's last error, a send log."""
        return self.outgoing or self.said.kind in ("ndr", "dsn", "queue", "trace")

    @property
    def connector(self) -> str:
        return self.session.connector if self.session else (self.reply.connector if self.reply else "")

    @property
    def ip(self) -> str:
        """The other end of the session, "" where there is none."""
        return self.session.remote_ip if self.session else ""

    @property
    def greeting(self) -> str:
        """The name that the client of the session said in EHLO or HELO, "" where there is none."""
        return self.session.greeting if self.session else ""

    @property
    def egress(self) -> str:
        """Our public address as the server that refused greeted it, "" where that is not told."""
        seen = self.session.seen_as if self.session and self.outgoing else ""
        return seen if kind_of(seen) == "public" else ""

    @property
    def peer(self) -> Kind:
        return kind_of(self.ip)

    @property
    def certificate(self) -> Certificate | None:
        """The one our server showed in that session."""
        return self.session.local if self.session else None

    @property
    def who(self) -> str:
        """The server that refused, for a sentence."""
        if self.incoming:
            return f"`{self.connector}`" if self.connector else "This server"
        return self.said.by or self.said.host or "The server"

    @property
    def client(self) -> str:
        """The client that was refused, for a sentence."""
        return f"{self.ip}" if self.incoming and self.ip else "the client"

    @property
    def recipient(self) -> str:
        return next(iter(self.recipients), "")


def heard(said: Said, replies: Iterable[Reply], sessions: Iterable[Session] = ()) -> Heard:
    known = tuple(replies)
    reply = next((each for each in known if each.source == said.source), None)
    session = None
    if reply is not None and reply.session:
        session = next((each for each in sessions if each.session == reply.session), None)
    return Heard(said, reply, session, addresses(said, known))
