"""The settings of active checks, how they look as text, and what they make of a check: its scope, options and network."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field, field_validator
from pydantic_settings import BaseSettings, NoDecode

from diagnostics.checks.options import DKIM_SELECTORS, DNSBL_ZONES, Options
from diagnostics.checks.scope import IpNetwork, Scope
from diagnostics.checks.target import Target, TargetError, is_address, target_of

if TYPE_CHECKING:
    from diagnostics.network.live import LiveNetwork

_LARGEST_PORT = 65535


def words(text: str) -> tuple[str, ...]:
    """The parts between commas."""
    return tuple(part.strip() for part in text.split(",") if part.strip())


def networks(text: str) -> tuple[IpNetwork, ...]:
    """`10.0.0.0/8, 2001:db8::/32, 192.0.2.7`. Raises ValueError without the value in it."""
    try:
        return tuple(ipaddress.ip_network(part, strict=False) for part in words(text))
    except ValueError:
        raise ValueError("must be networks such as 10.0.0.0/8, separated by commas") from None


def ports(text: str) -> dict[int, int]:
    """`25=2525, 443=8443`; a bare `8025` may be named in a target and stands for itself."""
    found: dict[int, int] = {}
    for part in words(text):
        port, _, real = part.partition("=")
        if not _is_port(port) or (real and not _is_port(real)):
            raise ValueError("must be ports such as 25=2525, separated by commas")
        found[int(port)] = int(real or port)
    return found


def servers(text: str) -> tuple[tuple[str, int], ...]:
    """`127.0.0.1:5353, [::1]:53, 192.0.2.53`: addresses of DNS servers, port 53 where none is given."""
    found: list[tuple[str, int]] = []
    for part in words(text):
        try:
            server: Target = target_of(part)
        except TargetError:
            server = Target("")
        if not is_address(server.host):
            raise ValueError("must be addresses of DNS servers such as 127.0.0.1:5353, separated by commas")
        found.append((server.host, server.port or 53))
    return tuple(found)


def _is_port(text: str) -> bool:
    return text.isascii() and text.isdigit() and 0 < int(text[:6]) <= _LARGEST_PORT


class CheckSettings(BaseSettings):
    """The part of the settings that checks go by."""

    dns_servers: Annotated[tuple[tuple[str, int], ...], NoDecode] = Field(
        (),
        validation_alias="MAILFLOW_DNS_SERVERS",
        description="DNS servers that checks ask, `address:port`, separated by commas. Default: those of this machine.",
    )
    ca_file: Path | None = Field(
        None,
        validation_alias="MAILFLOW_CA_FILE",
        description="PEM file with more certificate authorities that checks trust, such as your own.",
    )
    check_ports: Annotated[dict[int, int], NoDecode] = Field(
        {},
        validation_alias="MAILFLOW_CHECK_PORTS",
        description="What a port means to checks, as in a lab: `25=2525,443=8443`. A bare `8025` may be named in a target.",
    )
    check_allow: Annotated[tuple[IpNetwork, ...], NoDecode] = Field(
        (),
        validation_alias="MAILFLOW_CHECK_ALLOW",
        description="Networks that checks may connect to although they are not public, separated by commas.",
    )
    check_deny: Annotated[tuple[IpNetwork, ...], NoDecode] = Field(
        (),
        validation_alias="MAILFLOW_CHECK_DENY",
        description="Networks that checks never connect to. Wins over `MAILFLOW_CHECK_ALLOW`.",
    )
    dnsbl_zones: Annotated[tuple[str, ...], NoDecode] = Field(
        DNSBL_ZONES,
        validation_alias="MAILFLOW_DNSBL_ZONES",
        description="Block lists that checks ask, separated by commas; `none` for none.",
    )
    dkim_selectors: Annotated[tuple[str, ...], NoDecode] = Field(
        DKIM_SELECTORS,
        validation_alias="MAILFLOW_DKIM_SELECTORS",
        description="DKIM selectors that checks look for, separated by commas.",
    )
    check_timeout: float = Field(
        20.0,
        ge=1,
        le=120,
        validation_alias="MAILFLOW_CHECK_TIMEOUT",
        description="Seconds that a whole check may take.",
    )
    ehlo_name: str = Field(
        "",
        pattern=r"^[A-Za-z0-9.-]{0,253}$",
        validation_alias="MAILFLOW_EHLO_NAME",
        description="What checks call themselves in EHLO: best the name that the bot's public address has in reverse DNS. "
        "Default: this machine's full name.",
    )
    doctor_host: str = Field(
        "outlook.com",
        pattern=r"^[A-Za-z0-9.:\[\]-]{1,255}$",
        validation_alias="MAILFLOW_DOCTOR_HOST",
        description="Mail host or domain that `mailflow doctor` connects to, to see whether port 25 is open outbound; "
        "`none` for none.",
    )

    @field_validator("dns_servers", mode="before")
    @classmethod
    def _servers(cls, value: object) -> object:
        return servers(value) if isinstance(value, str) else value

    @field_validator("check_ports", mode="before")
    @classmethod
    def _ports(cls, value: object) -> object:
        return ports(value) if isinstance(value, str) else value

    @field_validator("check_allow", "check_deny", mode="before")
    @classmethod
    def _networks(cls, value: object) -> object:
        return networks(value) if isinstance(value, str) else value

    @field_validator("dnsbl_zones", "dkim_selectors", mode="before")
    @classmethod
    def _words(cls, value: object) -> object:
        if not isinstance(value, str):
            return value
        return () if value.strip().lower() == "none" else words(value)

    @field_validator("ca_file")
    @classmethod
    def _is_there(cls, value: Path | None) -> Path | None:
        return readable(value)


def scope_of(settings: CheckSettings, closed: tuple[IpNetwork, ...] = ()) -> Scope:
    """Where checks may connect. `closed` are networks that no setting opens, such as the database's own address."""
    own = {port: real for port, real in settings.check_ports.items() if port != real}
    more = frozenset(port for port, real in settings.check_ports.items() if port == real)
    return Scope(settings.check_allow, (*settings.check_deny, *closed), own, more)


def options_of(settings: CheckSettings, *, now: datetime | None = None, **more: Any) -> Options:
    """A check's options: the settings, and what is asked for this once. `now` is the time where none is given."""
    return Options(
        now=now or datetime.now(UTC),
        timeout=settings.check_timeout,
        ehlo_name=settings.ehlo_name or own_name(),
        ca_file=str(settings.ca_file or ""),
        dkim_selectors=settings.dkim_selectors,
        dnsbl_zones=settings.dnsbl_zones,
        own_dns=bool(settings.dns_servers),
        **more,
    )


def own_name() -> str:
    """This machine's full name; a server may refuse a name that is none, so a machine without one says an address literal."""
    name = socket.getfqdn()
    return name if "." in name and name.isascii() and "localhost" not in name else "[127.0.0.1]"


def network_of(settings: CheckSettings) -> LiveNetwork:
    from diagnostics.network.live import LiveNetwork  # dnspython is needed only where something is looked up

    return LiveNetwork(settings.dns_servers)


def flags(values: Mapping[str, object]) -> dict[str, str]:
    """Command line flags as the settings they stand in for: `ca_file` -> `MAILFLOW_CA_FILE`."""
    names = {
        "dns_servers": "MAILFLOW_DNS_SERVERS",
        "ca_file": "MAILFLOW_CA_FILE",
        "ports": "MAILFLOW_CHECK_PORTS",
        "allow": "MAILFLOW_CHECK_ALLOW",
        "deny": "MAILFLOW_CHECK_DENY",
        "dnsbl_zones": "MAILFLOW_DNSBL_ZONES",
        "dkim_selectors": "MAILFLOW_DKIM_SELECTORS",
        "timeout": "MAILFLOW_CHECK_TIMEOUT",
        "ehlo_name": "MAILFLOW_EHLO_NAME",
    }
    return {names[key]: str(value) for key, value in values.items() if key in names and value not in (None, "")}


def readable(path: Path | None) -> Path | None:
    """A file of trust anchors that is there. Raises ValueError."""
    if path is not None and not path.is_file():
        raise ValueError("must name a file with certificates in PEM form")
    return path
