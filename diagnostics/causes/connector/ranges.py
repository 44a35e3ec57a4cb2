"""Address ranges as a connector prints them: 10.1.2.3, 10.1.2.0/24, 10.1.2.3-10.1.2.9, 10.1.2.0(255.255.255.0)."""

from __future__ import annotations

from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network


@lru_cache(maxsize=2048)
def _ends(written: str) -> tuple[IPv4Address | IPv6Address, IPv4Address | IPv6Address] | None:
    """The first and last address, None where it is masked or no range."""
    text = written.strip().strip("[]")
    first, dash, last = text.partition("-")
    try:
        if dash:
            low, high = ip_address(first.strip()), ip_address(last.strip())
            return (low, high) if low.version == high.version else None
        network = ip_network(text.replace("(", "/").rstrip(")"), strict=False)
    except ValueError:
        return None
    return network[0], network[-1]


def covers(written: str, ip: str) -> bool:
    """Whether the address is in the range; False where either can't be read."""
    ends = _ends(written)
    try:
        address = ip_address(ip.strip("[]").partition("%")[0])
    except ValueError:
        return False
    return ends is not None and ends[0].version == address.version and int(ends[0]) <= int(address) <= int(ends[1])


def size(written: str) -> int:
    """How many addresses the range holds, 0 where it can't be read."""
    ends = _ends(written)
    return 0 if ends is None else int(ends[1]) - int(ends[0]) + 1
