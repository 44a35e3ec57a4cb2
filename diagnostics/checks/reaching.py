"""What a connection that could not be opened says about the other side, if anything."""

from __future__ import annotations

import errno
import ipaddress

from msgspec import Struct

from diagnostics.checks.outcomes import Outcome


class Unreached(Struct, frozen=True):
    """`outcome` None: the fault is on our side of the network, so nothing is said of the other. `words` half a sentence."""

    outcome: Outcome | None
    words: str


def unreached(error: OSError, ip: str) -> Unreached:
    if isinstance(error, ConnectionRefusedError):
        return Unreached("connection_refused", "the connection was refused")
    if isinstance(error, ConnectionResetError):
        return Unreached("connection_reset", "the connection was reset")
    if isinstance(error, TimeoutError):
        return Unreached("connection_timeout", "no answer to the connection")
    version = ipaddress.ip_address(ip).version
    if error.errno == errno.EHOSTUNREACH and version == 4:
        return Unreached("connection_timeout", "a router reports that the host can't be reached")
    if error.errno in (errno.ENETUNREACH, errno.EHOSTUNREACH, errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT):
        return Unreached(None, f"this machine has no IPv{version} route there")
    return Unreached(None, f"this machine could not connect ({error.strerror or type(error).__name__})")
