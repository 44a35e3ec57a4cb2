"""Which host a certificate speaks for (RFC 9525, 6.3)."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable


def same_host(held: str, wanted: str) -> bool:
    """Whether `held`, a name on a certificate, is or covers the host `wanted`, both in ASCII form.

    An asterisk stands for exactly one label, the left-most, as a whole, and never right below a top-level domain. An
    address is only itself.
    """
    held, wanted = _plain(held), _plain(wanted)
    if not held.startswith("*."):
        return bool(held) and held == wanted
    first, _, parent = wanted.partition(".")
    return bool(first) and parent == held[2:] and "." in parent and not _is_address(wanted)


def satisfies(names: Iterable[str], domain: str) -> bool:
    """Whether a certificate with `names` satisfies a connector's TlsDomain: a host name, or `*.contoso.com` for any host of
    the domain (New-OutboundConnector, TlsDomain)."""
    if not domain.startswith("*."):
        return any(same_host(name, domain) for name in names)
    ending = _plain(domain[1:])
    return any(_plain(name).endswith(ending) and len(_plain(name)) > len(ending) for name in names)


def _plain(name: str) -> str:
    """For comparing: lower case, no last dot; an address in its shortest form."""
    try:
        return str(ipaddress.ip_address(name.strip()))
    except ValueError:
        return name.strip().rstrip(".").lower()


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True
