"""The text report of Exchange's HealthChecker: build, certificates, connectors, stopped services, its findings.

It prints `Name: value` under headings, with tabs that a paste turns into anything, and often a blank line after every line.
Its TLS settings are read by tls_settings.
Source: https://microsoft.github.io/CSS-Exchange/Diagnostics/HealthChecker/
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from msgspec import Struct, field

from diagnostics.artefacts import Artefact
from diagnostics.facts import Fact, InstalledCertificate, SendConnector
from diagnostics.mail_facts import Configured
from diagnostics.patterns import linear
from diagnostics.recognisers import Reading, recogniser
from diagnostics.recognisers.building import artefact
from diagnostics.recognisers.certificate_rows import thumbprint
from diagnostics.recognisers.format_list import items, plain
from diagnostics.recognisers.health_checker_findings import IS_FINDING, SIGN, findings
from diagnostics.recognisers.sources import source_at

_PAIR = linear(r"^\s*([A-Z][A-Za-z0-9 .()/-]{1,60}?)\s*:\s*(.*?)\s*$")
_NAME = linear(r"^\s*((?:\*\.)?[A-Za-z0-9][A-Za-z0-9._-]{0,250})\s*$")
_SERVICE = linear(r"(?i)^\s*(MSExchange\w{2,40}|W3SVC|IISAdmin|FMS)(?:\s+-\s+Status:\s*(\w+).*)?\s*$")
_PAUSED = linear(r"(?i)'?\b(ServerWideOffline|HubTransport|FrontendTransport|EdgeTransport)'? is in maintenance mode")
_AUTH: Final = "Microsoft Exchange Server Auth Certificate"
# Names that this report alone has: two of them are enough to know it by.
_MARKS: Final = frozenset(
    {"lifetime in days", "bound to services", "current auth certificate", "server pending reboot", "exchange server maintenance",
     "valid auth certificate found on server", "valid internal transport certificate found on server", "cloud mail enabled",
     "certificate found on server", "internal transport certificate", "mapi/http enabled"}
)  # fmt: skip
# Whole sentences, which nothing else prints.
_ALONE: Final = frozenset(
    {"valid auth certificate found on server", "valid internal transport certificate found on server"}
)
_SERVER: Final = {
    "build number": "AdminDisplayVersion",
    "version": "Version",
    "server role": "ServerRole",
    "server pending reboot": "ServerPendingReboot",
    "valid internal transport certificate found on server": "ValidInternalTransportCertificate",
    "valid auth certificate found on server": "ValidAuthCertificate",
}
_FIRST: Final = ("friendlyname", "thumbprint")  # what the first lines of a certificate tell
_FLAGS: Final = {"true": True, "false": False}


class _Part(Struct):
    """A certificate, a connector or the server itself: its values by lower-case name, and the lines they stand on."""

    kind: str
    values: dict[str, str] = field(default_factory=dict)
    places: dict[str, int] = field(default_factory=dict)
    names: list[str] = field(default_factory=list)
    lines: list[int] = field(default_factory=list)

    def take(self, index: int, name: str, value: str) -> None:
        self.lines.append(index)
        if name not in self.values:
            self.values[name], self.places[name] = value, index

    def line(self, *names: str) -> int:
        return next((self.places[name] for name in names if name in self.places), self.lines[0])

    def flag(self, name: str) -> bool | None:
        return _FLAGS.get(self.values.get(name, "").split(" ")[0].lower())


@recogniser(
    rf"(?:{SIGN})|^\s*(?:Exchange Health Checker version|Lifetime in days\s*:|Bound to services\s*:|Server Pending Reboot\s*:"
    r"|Cloud Mail Enabled\s*:|(?:Valid (?:Auth|Internal Transport) )?Certificate Found On Server\s*:)",
    rank=30,
)
def read(reading: Reading) -> Sequence[Artefact]:
    """One artefact for the report; a lone certificate of it counts, too."""
    lines = reading.free()
    named = {found.group(1).lower() for _, line in lines if (found := _PAIR.search(line))}
    if len(named & _MARKS) < 2 and not named & _ALONE and not any(IS_FINDING.search(line) for _, line in lines):
        return ()
    server = _Part("server")
    parts = [server, *_parts(lines, server)]
    facts = [fact for part in parts if part.lines for fact in _facts(reading, part)]
    facts += [fact for fact, _ in _stopped(reading, lines)]
    found = list(findings(reading, lines))
    facts += [fact for fact, _ in found]
    claims = [line for _, taken in found for line in taken]
    claims += [line for part in parts for line in part.lines] + [line for _, line in _stopped(reading, lines)]
    shown: dict[str, object] = {name: server.values.get(key, "") for key, name in _SERVER.items()}
    shown |= {
        "certificates": sum(part.kind == "certificate" for part in parts),
        "findings": [fact.text for fact, _ in found],
    }
    return [artefact(reading, "health-checker", claims, facts, shown)] if claims else ()


def _parts(lines: list[tuple[int, str]], server: _Part) -> Iterator[_Part]:
    """The certificates and connectors in their order; what belongs to neither goes to `server`."""
    current = server
    for index, line in lines:
        found = _PAIR.search(line)
        name = found.group(1).lower() if found else line.strip().lower()
        value = str(found.group(2)) if found else ""
        if name == "certificate" and not value:
            yield from _done(current, server)
            current = _Part("certificate", lines=[index])
        elif value and name in _FIRST and (current.kind != "certificate" or name in current.values):
            yield from _done(current, server)  # the heading of each was not copied
            current = _Part("certificate")
            current.take(index, name, value)
        elif name == "connector name" and value:
            yield from _done(current, server)
            current = _Part("connector")
            current.take(index, name, value)
        elif name == "namespaces" and current.kind == "certificate":
            current.take(index, name, value)
        elif found and (name in _SERVER or name == "name"):
            server.take(index, name, value)
        elif found and current is not server:
            current.take(index, name, value)
        elif current.kind == "certificate" and "namespaces" in current.values and (host := _NAME.search(line)):
            current.names.append(host.group(1))
            current.lines.append(index)
    yield from _done(current, server)


def _done(part: _Part, server: _Part) -> Iterator[_Part]:
    needed = (
        ("thumbprint", "bound to services") if part.kind == "certificate" else ("connector type", "tlscertificatename")
    )
    if part is not server and not part.values.keys().isdisjoint(needed):
        yield part


def _facts(reading: Reading, part: _Part) -> Iterator[Fact]:
    if part.kind == "certificate":
        yield _certificate(reading, part)
    elif part.kind == "connector" and part.values.get("connector type", "").lower() == "send":
        yield _connector(reading, part)
    bad = [name for name in _SERVER if name.startswith("valid ") and part.flag(name) is False]
    if part.kind == "server" and (bad or len(part.values) > 1):  # one line may be all that was copied
        values = tuple((_SERVER[name], value) for name, value in part.values.items() if name in _SERVER)
        source = source_at(reading, part.line(*bad, "build number"))
        yield Configured(source=source, kind="exchange-server", name=part.values.get("name", ""), values=values)


def _certificate(reading: Reading, part: _Part) -> InstalledCertificate:
    days = part.values.get("lifetime in days", "")
    expired = part.flag("certificate has expired")
    if expired is None and days.removeprefix("-").isdecimal():
        expired = days.startswith("-")
    services = part.values.get("bound to services")
    signs = part.flag("current auth certificate") or part.values.get("friendlyname") == _AUTH
    curve = part.flag("ecc certificate")
    return InstalledCertificate(
        source=source_at(
            reading, part.line(*(["certificate has expired", "lifetime in days"] if expired else []), "thumbprint")
        ),
        thumbprint=thumbprint(part.values.get("thumbprint", "")),
        subject=f"CN={_AUTH}" if signs else plain(part.values.get("subject", "")),
        issuer=plain(part.values.get("issuer", "")),
        services=None if services is None else tuple(each for each in items(services) if each.lower() != "none"),
        expired=expired,
        status=plain(part.values.get("certificate status", "")),
        names=tuple(part.names),
        algorithm="" if curve is None else "ECC" if curve else "RSA",
    )


def _connector(reading: Reading, part: _Part) -> SendConnector:
    named = plain(part.values.get("tlscertificatename", ""))
    missing = part.flag("certificate found on server") is False
    return SendConnector(
        source=source_at(reading, part.line(*(["certificate found on server"] if missing else []), "connector name")),
        connector=part.values["connector name"],
        tls_certificate_name="" if named.lower() == "not set" else named or None,
        tls_auth_level=part.values.get("tlsauthlevel", ""),
        require_tls=part.flag("requiretls enabled"),
        cloud_services=part.flag("cloud mail enabled"),
        enabled=part.flag("connector enabled"),
        certificate_found=part.flag("certificate found on server"),
    )


def _stopped(reading: Reading, lines: list[tuple[int, str]]) -> Iterator[tuple[Configured, int]]:
    """Services under the heading of those that do not run, and components in maintenance."""
    under = False
    for index, line in lines:
        low = line.strip().lower().rstrip(":")
        paused = _PAUSED.search(line)
        if paused:
            values = (("Component", paused.group(1)), ("State", "Inactive"))
            yield _state(reading, index, "server-component", paused.group(1), values), index
        elif low.endswith("services not running"):
            under = True
        elif under and (service := _SERVICE.search(line)):
            values = (("Status", service.group(2) or "Stopped"), ("Name", service.group(1)))
            yield _state(reading, index, "windows-service", service.group(1), values), index
        elif low:
            under = False


def _state(reading: Reading, index: int, kind: str, name: str, values: tuple[tuple[str, str], ...]) -> Configured:
    return Configured(source=source_at(reading, index), kind=kind, name=name, values=values, failing=True)
