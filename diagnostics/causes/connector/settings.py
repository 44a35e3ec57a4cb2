"""Connectors and domains as cmdlets print them: finding the one that a session met, and reading its collections."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from diagnostics.causes.connector.ranges import covers, size
from diagnostics.mail_facts import Configured

RECEIVE: Final = "receive-connector"
INBOUND: Final = "inbound-connector"
OUTBOUND: Final = "outbound-connector"
OF_EXCHANGE_ONLINE: Final = "40.107.0.1"  # an address that Exchange Online sends from
_ANYBODY: Final = "198.51.100.1"  # a documentation address: only a range for the whole Internet holds it


def of_kind(kind: str, objects: Iterable[Configured]) -> list[Configured]:
    return [each for each in objects if each.kind == kind]


def words(entry: Configured, name: str) -> frozenset[str]:
    """The members of a collection in lower case: `Tls, Integrated` -> {tls, integrated}."""
    return frozenset(each.lower() for each in entry.items(name))


def listeners(objects: Iterable[Configured]) -> list[Configured]:
    """The Receive connectors that may answer on port 25: disabled ones don't, and those bound to other ports only."""
    enabled = [each for each in of_kind(RECEIVE, objects) if each.flag("Enabled") is not False]
    return [each for each in enabled if is_bound(each, 25) or not each.told("Bindings")]


def same_name(one: str, other: str) -> bool:
    """Whether two names mean one Receive connector: `EX01\\Default EX01` is `Default EX01`, but not EX02's."""
    server, _, name = one.rpartition("\\")
    its_server, _, its_name = other.rpartition("\\")
    if name.casefold() != its_name.casefold() or not name:
        return False
    return not server or not its_server or server.casefold() == its_server.casefold()


def named(connector: str, objects: Iterable[Configured]) -> Configured | None:
    """The Receive connector of that name, None where it was not pasted."""
    return next((each for each in of_kind(RECEIVE, objects) if same_name(each.name, connector)), None)


def the_one(connector: str, objects: Iterable[Configured]) -> Configured | None:
    """The Receive connector that a session met: by name, else the only one that was pasted."""
    known = of_kind(RECEIVE, objects)
    if connector:
        return named(connector, known)
    return known[0] if len(known) == 1 else None


def is_bound(entry: Configured, port: int) -> bool:
    return any(each.strip("[]").endswith(f":{port}") for each in entry.items("Bindings"))


def covers_one(entry: Configured, ip: str) -> bool:
    """Whether a Receive connector takes this address."""
    return any(covers(written, ip) for written in entry.items("RemoteIPRanges"))


def answering(ip: str, objects: Iterable[Configured]) -> Configured | None:
    """The Receive connector that takes a client: among those listening on port 25, the one with the narrowest range."""
    best: Configured | None = None
    smallest = -1
    for each in of_kind(RECEIVE, objects):
        if each.flag("Enabled") is False or (each.told("Bindings") and not is_bound(each, 25)):
            continue
        for written in each.items("RemoteIPRanges"):
            if covers(written, ip) and (smallest < 0 or size(written) < smallest):
                best, smallest = each, size(written)
    return best


def takes_outside(entry: Configured) -> bool:
    """Whether a Receive connector is the one for mail from outside: the installation's, or another on port 25 for everybody."""
    if "default frontend" in entry.name.lower():
        return True
    return is_bound(entry, 25) and not for_some(entry)


def label(entry: Configured | None, otherwise: str = "The connector") -> str:
    return f"`{entry.name}`" if entry and entry.name else otherwise


def made_for_others(met: str, objects: Iterable[Configured]) -> Configured | None:
    """A Receive connector for some addresses that takes clients without a logon, other than the one named `met`."""
    for each in of_kind(RECEIVE, objects):
        open_to_all = "anonymoususers" in words(each, "PermissionGroups") or not each.told("PermissionGroups")
        if open_to_all and for_some(each) and not same_name(each.name, met):
            return each
    return None


def for_some(entry: Configured) -> bool:
    """Whether a Receive connector was made for some addresses and not for everybody."""
    written = entry.items("RemoteIPRanges")
    return bool(written) and not any(covers(one, _ANYBODY) for one in written)


def narrowest(entry: Configured, ip: str) -> int:
    """How many addresses the narrowest range of a Receive connector holds that `ip` is in: of several connectors, the one with
    the narrowest answers. More than any range holds where none covers it."""
    return min((size(each) for each in entry.items("RemoteIPRanges") if covers(each, ip)), default=1 << 129)
