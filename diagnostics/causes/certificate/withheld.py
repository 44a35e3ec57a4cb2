"""A server of ours that does not offer STARTTLS: what the causes of that have in common.

Exchange offers STARTTLS only while the connector has the TLS mechanism and a usable certificate under the wanted
name.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from msgspec import Struct

from diagnostics.causes.certificate.refusal import spoken_by_cloud
from diagnostics.facts import Reply, StarttlsNotOffered
from diagnostics.mail_facts import Configured

_AUTHENTICATING = ("X-ANONYMOUSTLS", "X-EXPS", "AUTH")
_OF_EXCHANGE = frozenset({"CHUNKING", "BINARYMIME", "X-ANONYMOUSTLS", "X-EXPS", "XEXCH50", "XRDST", "XSHADOWREQUEST"})
_OF_ANYBODY = frozenset({"PIPELINING", "8BITMIME"})  # in every complete list; who typed a few words left them out


class Withheld(Struct, frozen=True):
    """`seen` says who noticed: our own receive log, Exchange Online, or somebody whose direction is not known."""

    fact: StarttlsNotOffered
    seen: Literal["log", "cloud", "unclear"]
    words: str

    def weight(self, base: float) -> float:
        """Half of `base` where it is not even known that the server is ours."""
        return base if self.seen != "unclear" else base / 2

    @property
    def bare(self) -> bool:
        """Whether the EHLO reply is known and offers no authentication of any kind: a connector without mechanisms."""
        return bool(self.fact.capabilities) and not authenticates(self.fact)


def authenticates(fact: StarttlsNotOffered) -> bool:
    """Whether the answer to EHLO offers any way to log on."""
    return bool(set(_AUTHENTICATING) & set(fact.capabilities))


def is_foreign(fact: StarttlsNotOffered) -> bool:
    """Whether the EHLO reply is a complete one that lacks what every Exchange server lists: then another product gave it, or a
    device took out more than STARTTLS."""
    listed = set(fact.capabilities)
    return listed >= _OF_ANYBODY and not listed & _OF_EXCHANGE


def withheld(fact: object, replies: Iterable[Reply], settings: Iterable[Configured] = ()) -> Withheld | None:
    """None where another server is the one that doesn't offer it, or one that isn't Exchange's."""
    if not isinstance(fact, StarttlsNotOffered):
        return None
    if fact.side == "local":
        connector = f"`{fact.connector}`" if fact.connector else "The Receive connector"
        at = f" at {fact.at}" if fact.at else ""
        return Withheld(fact, "log", f"{connector} answered EHLO{at} without STARTTLS")
    if fact.direction == "send":
        return None
    if any(each.kind == "own-mta" for each in settings):
        return None
    if fact.side == "unknown" and is_foreign(fact):
        return None
    reply = next((each for each in replies if each.source == fact.source), None)
    if reply and spoken_by_cloud(reply.whole):
        host = fact.host or reply.ip or "the server it delivers to"
        return Withheld(fact, "cloud", f"Exchange Online needs TLS, and {host} did not offer STARTTLS")
    return Withheld(fact, "unclear", "A server did not offer STARTTLS")
