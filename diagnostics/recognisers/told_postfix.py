"""What people quote of a Postfix server's main.cf beside its failure: where it relays to, who may, where it listens, whom it
trusts.

Where it relays to is read of Exim (as Debian sets it up) and Sendmail, too. Read only beside something else that was pasted. Of
`mynetworks` the private addresses matter that the text names and that are in none of them: they are the clients that are refused.
Sources: https://www.postfix.org/postconf.5.html, https://wiki.debian.org/Exim
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from ipaddress import IPv4Network, ip_network
from typing import Final

from diagnostics.artefacts import Artefact
from diagnostics.mail_facts import Configured
from diagnostics.patterns import linear
from diagnostics.recognisers import Reading, recogniser
from diagnostics.recognisers.building import artefact
from diagnostics.recognisers.sources import source_at
from diagnostics.recognisers.told_settings import MOST_LINES, answers, supposes

_RELAY = linear(
    r"(?i)(?:\brelayhost\s{0,4}=|\bdc_smarthost=['\"]?|\bSMART_HOST['`]?\s{0,4},"
    # What containers and applications call it in their environment.
    r"|\b(?:(?:default_)?relay_?host|smtp_(?:server|relay|relay_host))['\"]?\s{0,4}(?:=|:|is\b|set to\b))"
    r"\s{0,4}['\"`]?"
    r"\[?([a-z0-9][\w.-]{2,252})\]?(?:::?(\w{1,12}))?"
)
_LOGON = linear(r"(?i)\bsmtp_sasl_auth_enable\s{0,4}=\s{0,4}yes\b|\bsmtp_sasl_password_maps\s{0,4}=\s{0,4}\w")
_NETWORKS = linear(r"(?i)\bmynetworks\s{0,4}=\s{0,4}([^\n`\"']{7,600})")
_ADDRESS = linear(r"(?:^|[^\d./-])((?:\d{1,3}\.){3}\d{1,3})(?:$|[^\d./])")
_PRIVATE: Final = tuple(map(IPv4Network, ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10")))
_LOOPBACK = linear(r"(?i)\binet_interfaces\s{0,4}=\s{0,4}(loopback-only|localhost|127\.0\.0\.1)\s*(?:$|[^\w.,\s])")
# Whom Postfix trusts as a client: without a file and a folder of authorities, it trusts nobody.
_STORE: Final = r"smtp_tls_CA(?:file|path)"
_STORED = linear(rf"(?i)\b{_STORE}\s{{0,4}}=\s{{0,4}}([^\s`\"',;)]?)")
_PRINTS = linear(rf"(?i)\bpostconf\b[^\n|]{{0,60}}\s-\w{{0,3}}h\w{{0,3}}\s[^\n|]{{0,80}}\b{_STORE}\b")
_EMPTY: Final = (
    r"empty|blank|unset|not (?:set|configured|defined)|nothing|no output|leer|nicht gesetzt|vides?|vac[ií][oa]s?|vuot[oi]"
    r"|leeg"
)
_SAYS_EMPTY = linear(rf"(?i)\b(?:{_EMPTY})\b")
_TOLD_EMPTY = linear(rf"(?i)\b{_STORE}\b[^.;=\n]{{0,50}}\b(?:{_EMPTY})\b|\b(?:no|neither|without(?: an?)?) {_STORE}\b")
_PATH = linear(r"^\s*(?:[/$]|[a-z]{2,8}:)\S")
_PRINTED_LINES: Final = 4
_MOST: Final = 20
_COMMENTS: Final = ("#", "dnl")


@recogniser(
    r"\b(?:(?:relayhost|mynetworks|inet_interfaces|dc_smarthost)\s{0,4}=|relay_?host\b|smtp_(?:server|relay)|SMART_HOST\b|smtp_tls_CA(?:file|path)\b)",
    rank=94,
)
def read(reading: Reading) -> Sequence[Artefact]:
    """One artefact for each of the settings."""
    if not answers(reading):
        return []
    lines = [(index, line[:1000]) for index, line in reading.sentences()[:MOST_LINES]]
    return [
        *_relayhost(reading, lines),
        *_networks(reading, lines),
        *_interfaces(reading, lines),
        *_store(reading, lines),
    ]


def _relayhost(reading: Reading, lines: list[tuple[int, str]]) -> Iterator[Artefact]:
    logs_on = any(_LOGON.search(line) for _, line in lines)
    for index, line in lines:
        found = None if line.lstrip().startswith(_COMMENTS) else _RELAY.search(line)
        if found:
            values = (("Port", found.group(2) or ""), ("Logon", "yes" if logs_on else ""))
            fact = Configured(
                source=source_at(reading, index), kind="relayhost", name=found.group(1).lower(), values=values
            )
            yield artefact(reading, "told-postfix", [index], [fact], {"relayhost": fact.name, "logon": logs_on})
            return


def _networks(reading: Reading, lines: list[tuple[int, str]]) -> Iterator[Artefact]:
    for index, line in lines:
        found = _NETWORKS.search(line)
        if found:
            listed = found.group(1).strip()
            outside = _outside([each for each in map(_network, listed.replace(",", " ").split()) if each], reading)
            values = (("Networks", listed), ("Outside", outside))
            fact = Configured(source=source_at(reading, index), kind="relay-networks", name="mynetworks", values=values)
            yield artefact(reading, "told-postfix", [index], [fact], dict(values))
            return


def _interfaces(reading: Reading, lines: list[tuple[int, str]]) -> Iterator[Artefact]:
    """Where the server listens, if it is itself alone that it serves, as some packages set it up."""
    for index, line in lines:
        found = _LOOPBACK.search(line)
        if found:
            fact = Configured(source=source_at(reading, index), kind="listens-inside", name=found.group(1).lower())
            yield artefact(reading, "told-postfix", [index], [fact], {"inet_interfaces": fact.name})
            return


def _store(reading: Reading, lines: list[tuple[int, str]]) -> Iterator[Artefact]:
    """That no authority is trusted: the settings are shown without a value, `postconf -h` prints none, or it is told."""
    values = [(index, found.group(1)) for index, line in lines if (found := _STORED.search(line))]
    if any(value for _, value in values):
        return
    told = next((i for i, line in lines if (m := _TOLD_EMPTY.search(line)) and not supposes(line[: m.start()])), None)
    printed = next(
        (index for place, (index, line) in enumerate(lines) if _PRINTS.search(line) and _none(lines, place)), None
    )
    shown = [index for index, _ in values] + [each for each in (printed, told) if each is not None]
    if shown:
        fact = Configured(source=source_at(reading, shown[0]), kind="no-authorities", name="smtp_tls_CAfile")
        yield artefact(reading, "told-postfix", shown[:1], [fact], {"smtp_tls_CAfile": ""})


def _none(lines: list[tuple[int, str]], place: int) -> bool:
    """Whether the command printed empty lines only, as the lines below it show or say."""
    below = [line.strip() for _, line in lines[place + 1 : place + 1 + _PRINTED_LINES]]
    if any(_PATH.search(line) for line in below):
        return False
    return any(_SAYS_EMPTY.search(line) for line in below) or (len(below) > 1 and not below[0] and not below[1])


def _outside(networks: list[IPv4Network], reading: Reading) -> str:
    """The first private address of the text that is in none of `networks`; "" where there is none, or none was read."""
    for line in reading.paste.lines[:MOST_LINES] if networks else ():
        for text in [] if _NETWORKS.search(line) else _ADDRESS.findall(line[:1000])[:_MOST]:
            address = _network(text)
            if address and _is_in(address, _PRIVATE) and not _is_in(address, networks):
                return str(text)
    return ""


def _is_in(address: IPv4Network, networks: Sequence[IPv4Network]) -> bool:
    return any(address.subnet_of(each) for each in networks)


def _network(text: str) -> IPv4Network | None:
    try:
        network = ip_network(text, strict=False)
    except ValueError:
        return None
    return network if isinstance(network, IPv4Network) else None
