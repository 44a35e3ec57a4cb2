"""The network that checks look through: DNS, and port 25 outbound."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Final

from bot.check_settings import network_of, scope_of
from bot.checks import closed_networks
from bot.doctor.model import Finding, Subject
from bot.settings import Settings
from diagnostics.checks.scope import Guarded, OutOfScopeError
from diagnostics.checks.target import is_address

_SECONDS: Final = 5.0
_SMTP: Final = 25
_HOSTS: Final = 2
_BLOCKED: Final = (
    "Most clouds and many firewalls block it outbound: have it opened. Until then `check` of other hosts can't look; "
    "diagnosing what people paste needs no network"
)


async def look(subject: Subject) -> AsyncIterator[Finding]:
    settings = subject.settings
    url = settings.database_url.get_secret_value() if settings.database_url else ""
    guarded = Guarded(network_of(settings), scope_of(settings, closed_networks(url)))
    root = await guarded.resolve(".", "SOA")
    if not root.looked:
        mend = "Set MAILFLOW_DNS_SERVERS to a resolver that this machine may ask."
        yield Finding("DNS", "fault", "No DNS server answers.", mend)
        if not is_address(settings.doctor_host):
            yield Finding("port 25", "note", "Without DNS it can't be told whether port 25 is open outbound.")
            return
    elif root.authenticated:
        yield Finding("DNS", "ok", f"{root.server} answers, and validates DNSSEC.")
    else:
        says = f"{root.server} answers, and doesn't say that it validates DNSSEC: checks can't judge DANE."
        yield Finding("DNS", "note", says, "Set MAILFLOW_DNS_SERVERS to a validating resolver to have it judged.")
    yield await _port_25(guarded, settings)


async def _port_25(guarded: Guarded, settings: Settings) -> Finding:
    wanted = settings.doctor_host
    if wanted.lower() == "none":
        return Finding("port 25", "note", "Not looked at: MAILFLOW_DOCTOR_HOST is none.")
    places = await _places(guarded, wanted)
    if not places:
        return Finding(
            "port 25", "note", f"{wanted} has no address, so it can't be told whether port 25 is open outbound."
        )
    said = "", ""
    for host, address in places:
        verdict, says = await _connect(guarded, address)
        if verdict == "open":
            return Finding("port 25", "ok", f"Open outbound: {host} ({address}) {says}.")
        said = f"{host} ({address}) {says}", verdict
    if said[1] == "scope":
        return Finding("port 25", "note", f"Not looked at: {said[0]}", "Name another host in MAILFLOW_DOCTOR_HOST.")
    return Finding("port 25", "fault", f"Closed outbound: {said[0]}.", f"{_BLOCKED}.")


async def _places(guarded: Guarded, wanted: str) -> list[tuple[str, str]]:
    """The first hosts that take mail there, and an address of each."""
    if is_address(wanted):
        return [(wanted, wanted)]
    mx = await guarded.resolve(wanted, "MX")
    ranked = sorted((value.split() for value in mx.values), key=lambda value: int(value[0]))
    hosts = [value[1] for value in ranked if len(value) > 1][:_HOSTS] or [wanted]
    places = []
    for host in hosts:
        for kind in ("A", "AAAA"):
            if found := (await guarded.resolve(host, kind)).values:
                places.append((host, found[0]))
                break
    return places


async def _connect(guarded: Guarded, address: str) -> tuple[str, str]:
    """ "open", "closed" or "scope", and what was seen, as the end of a sentence. Says nothing but QUIT."""
    try:
        async with asyncio.timeout(_SECONDS):
            stream = await guarded.connect(address, _SMTP)
    except OutOfScopeError as refusal:
        return "scope", f"is out of scope. {refusal}"
    except TimeoutError:
        return "closed", f"doesn't answer within {_SECONDS:.0f} s"
    except OSError as error:
        return "closed", f"can't be connected to ({type(error).__name__})"
    try:
        async with asyncio.timeout(_SECONDS):
            greeting = await stream.read(512)
            with suppress(OSError):
                await stream.write(b"QUIT\r\n")
    except (OSError, TimeoutError):
        return "closed", "takes the connection and says nothing, as some firewalls do"
    finally:
        await stream.close()
    greets = greeting[:3].isdigit()
    return ("open", "greets") if greets else ("closed", "speaks, but no SMTP, as some firewalls do")
