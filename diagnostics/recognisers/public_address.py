"""The public address that a server's sessions leave from: what `https://ifconfig.me/ip` and its like answer, or a sentence that
names it ("curl says 203.0.113.7", "we now send from 203.0.113.7").

The service answers with the address alone, and no line end: a prompt may stand right behind it. So an answer in a thread that is
nothing but an address is read as one.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from ipaddress import ip_address, ip_network
from typing import Final

from diagnostics.artefacts import Artefact
from diagnostics.looked_facts import PublicAddress
from diagnostics.patterns import linear
from diagnostics.recognisers import Reading, recogniser
from diagnostics.recognisers.building import artefact
from diagnostics.recognisers.sources import source_at
from diagnostics.recognisers.told_settings import MOST_LINES, supposes

_INSIDE: Final = tuple(map(ip_network, ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "0.0.0.0/8")))
_ADDRESS: Final = r"((?:\d{1,3}\.){3}\d{1,3})"
_SERVICE: Final = r"ifconfig\.(?:me|co|io)|icanhazip|ipify|ipinfo\.io|checkip|whatismyip\w*|api\.ip|myip"
_ASKS = linear(rf"(?i)\b(?:{_SERVICE})")
_PROMPT: Final = r"(?:\[PS\] ?|PS |[\w.-]{1,40}@[\w.-]{1,60}[:$~ ]|[A-Z]:\\|[$#] ?$)"
_ALONE = linear(rf"^\s*(?:[A-Za-z][\w.-]{{0,40}}\s*[:=]\s*)?{_ADDRESS}\s*(?:{_PROMPT}.{{0,200}})?$")
_OWN: Final = (
    r"our|unsere?\w{0,2}|notre|nuestra|nostro|onze?|my|meine?|(?:the )?new|neue?\w{0,2}|nouvelle|nueva|nuov[oa]|nieuwe"
)
_PUBLIC: Final = (
    r"(?:(?:public|external|outgoing|outbound|egress|wan|nat|internet|sending|öffentliche?\w{0,2}|externe?\w{0,2}|ausgehende?\w{0,2}"
    r"|publi(?:c|que|ca|ek)\w{0,2}|sortante|salida)[ -])"
)
_TOLD = linear(
    rf"(?i)(?:\b(?:curl|wget|{_SERVICE}|invoke-webrequest|browser)\b[^;\n]{{0,60}}?"
    r"\b(?:says?|shows?|gives?|returns?|reports?|prints?|answers?|zeigt|sagt|liefert|dit|donne|affiche|dice|muestra|toont)\b"
    rf"|\b(?:{_OWN}) (?:{_PUBLIC}){{0,2}}(?:ip|ip[ -]?(?:address|adresse|adres)|address|adresse|dirección|indirizzo)\b"
    rf"(?: publi\w{{1,4}})?[^.;\n]{{0,24}}?(?:\b(?:is|now|ist|lautet|est|es|è|jetzt)\b|[:=])"
    r"|\b(?:(?:we|mail|it|traffic|sessions?|the server|server) (?:now |all )?(?:sends?|leaves?|goes out|go out|comes?|exits?)"
    r"|senden|gehen|verlässt|sortons|sort|salimos|sale)\b[^.;\n]{0,24}?\b(?:from|via|as|with|over|on|von|über|par|por|desde))"
    rf"[^\d;\n]{{0,20}}?{_ADDRESS}\b"
)
_OLD = linear(
    r"(?i)\b(?:old|former|previous|until|alte?n?|frühere?n?|bisher|ancienne|antigua|vecchi[oa]|oude|was|used to)\b"
)


@recogniser(rf"(?:{_SERVICE}|(?:\d{{1,3}}\.){{3}}\d{{1,3}})", rank=97)
def read(reading: Reading) -> Sequence[Artefact]:
    """One artefact for each line."""
    printed = dict(_answered(reading))
    found = {**dict(_told(reading)), **printed}
    return [
        artefact(
            reading,
            "public-address" if index in printed else "told-public-address",
            [index],
            [PublicAddress(source=source_at(reading, index), ip=ip)],
            {"ip": ip},
        )
        for index, ip in sorted(found.items())
    ]


def _answered(reading: Reading) -> Iterator[tuple[int, str]]:
    """The lines that are an address alone: below a command that asks for it, or all that an answer consists of."""
    filled = [(index, line[:1000]) for index, line in reading.free() if line.strip()][:MOST_LINES]
    alone = [(index, str(found.group(1))) for index, line in filled if (found := _ALONE.search(line))]
    asked = next((index for index, line in enumerate(reading.paste.lines) if _ASKS.search(line[:1000])), -1)
    whole = reading.paste.index > 0 and not reading.claimed and len(alone) == len(filled)
    for index, ip in alone:
        if (whole or -1 < asked < index) and _is_public(ip):
            yield index, ip


def _told(reading: Reading) -> Iterator[tuple[int, str]]:
    for index, line in reading.sentences()[:MOST_LINES]:
        told = None if line.rstrip().endswith("?") else _TOLD.search(line[:1000])
        if told and _is_public(told.group(1)) and not (supposes(line[: told.start()]) or _OLD.search(told.group(0))):
            yield index, str(told.group(1))


def _is_public(text: str) -> bool:
    """Whether it is an address of the Internet; those of documentation stand for such."""
    try:
        address = ip_address(text)
    except ValueError:
        return False
    return not (
        address.is_loopback or address.is_link_local or address.is_multicast or any(address in each for each in _INSIDE)
    )
