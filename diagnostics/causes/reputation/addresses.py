"""The address that a refusal complains about: whose it is, and how a block list is asked for it."""

from __future__ import annotations

from ipaddress import ip_address
from typing import Final, Literal

from diagnostics.causes.network.reach import kind_of
from diagnostics.patterns import linear

Pool = Literal["relay", "high-risk", ""]

_IP: Final = r"((?:\d{1,3}\.){3}\d{1,3}|[0-9a-f]{1,4}:[0-9a-f:]{2,40})"
_TRIED = linear(
    r"(?i)(?:LastAttemptedIP=\[?|last endpoint attempted was |[{<]IP[=-]|server at \S+ \(|host \S+\s?\[)"
    r"[0-9a-f.:]{3,45}"
)
_BLAMED = linear(
    rf"(?i)(?:client host|sending ip|banned sender|\bip(?: address)?|messages from|later from|mail server|"
    rf"connection from|query/ip/|\?ip=|\bip=|/sbl/|lookup\?)[ :=]{{0,3}}[\[(<]?{_IP}"
)
# Forwarded mail that wasn't authenticated leaves from 40.95.0.0/16 and servers with "rly" in their name, mail that was taken
# for spam from servers with "hn" there: https://learn.microsoft.com/defender-office-365/outbound-spam-high-risk-delivery-pool-about
_RELAY = linear(
    r"(?i)(?:^|[^\d.])40\.95(?:\.\d{1,3}){2}(?:$|[^\d])|\bmail-[a-z0-9]{2,20}rlyn?\d{2,6}\.outbound\.|RelayOutboundPool"
)
_HIGH_RISK = linear(r"(?i)\bmail-[a-z0-9]{2,20}hn\d{2,6}\.outbound\.|high ?-?risk")
_BRACKETED = linear(rf"(?i)[\[(]{_IP}[\])]")


def without_tried(text: str) -> str:
    """The text without the addresses that were connected to: those are the other side's."""
    return str(_TRIED.sub(" ", text[:4000]))


def blamed(text: str) -> str:
    """The sending address that the reply names, "" where it names none or it is masked."""
    rest = without_tried(text)
    candidates = [*_BLAMED.findall(rest), *_BRACKETED.findall(rest)]
    return next((str(each).rstrip(".:") for each in candidates if kind_of(str(each).rstrip(".:"))), "")


def microsofts(ip: str) -> bool:
    """Whether Exchange Online sent from this address: then its customers can't have it delisted."""
    return kind_of(ip) == "exchange-online"


def pool_of(text: str) -> Pool:
    """The special pool of Exchange Online that a text names, by a server's name or by an address; "" for none."""
    if _RELAY.search(text):
        return "relay"
    return "high-risk" if _HIGH_RISK.search(text) else ""


def reversed_for_lookup(ip: str) -> str:
    """203.0.113.10 -> 10.113.0.203, as block lists are asked; "" for what is no address."""
    try:
        pointer = ip_address(ip).reverse_pointer
    except ValueError:
        return ""
    return pointer.removesuffix(".in-addr.arpa").removesuffix(".ip6.arpa")


def named(ip: str, otherwise: str = "the sending address") -> str:
    return f"`{ip}`" if ip else otherwise
