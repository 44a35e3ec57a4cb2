"""A bad day: pastes in many channels, and a burst of pages among them, on one process, with Slack's rate limits switched on."""

from __future__ import annotations

import asyncio
import math
import secrets
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from bot.playground.people import Person
from bot.playground.server import Playground
from tests.bench.serving import serving
from tests.bot.pastes import FAILING
from tests.bot.wiring import playing

A_MINUTE, CHANNELS, SECONDS = 200, 20, 60
ON_CALL, ESCALATED = 20, 5  # 100 pages: everybody on call, five times
_BURST_AT = 20  # seconds
_DRAIN = 20.0  # seconds that the last answers may take


async def main() -> dict[str, float]:
    """Times are from the moment at which Slack has a message until it has what it leads to, in ms."""
    with tempfile.TemporaryDirectory(prefix="mailflow-oncall-") as folder:
        file = Path(folder) / "oncall.toml"
        async with playing() as place:
            place.limit("chat.postMessage", every=1.0, burst=5)
            channels = [place.workspace.open_channel(f"storm-{number}").id for number in range(CHANNELS)]
            on_call = [_person(place, number) for number in range(ON_CALL)]
            file.write_text(_policy(on_call))
            # Each paste gets a card of its own.
            more = {"MAILFLOW_ONCALL_FILE": str(file), "MAILFLOW_STORM_MINUTES": "0"}
            async with serving(place, **more):
                pastes, escalated = await _play(place, channels)
                await asyncio.sleep(_DRAIN)
    return _figures(place, pastes, escalated, [place.workspace.channel(each).id for each in on_call])


async def _play(place: Playground, channels: Sequence[str]) -> tuple[list[tuple[str, str]], float]:
    """What was pasted (channel, ts), and when pages were asked for."""
    loop, began = asyncio.get_running_loop(), asyncio.get_running_loop().time()
    pastes: list[tuple[str, str]] = []
    escalated = 0.0
    for number in range(A_MINUTE * SECONDS // 60):
        due = number * 60 / A_MINUTE
        await asyncio.sleep(max(began + due - loop.time(), 0.0))
        channel = channels[number % len(channels)]
        paste = FAILING.replace("08DE2A6B91C0F4", f"08DE2A6B91{secrets.token_hex(2)}".upper())
        pastes.append((channel, await place.post("alex", channel, paste)))
        if not escalated and due >= _BURST_AT:
            for channel, ts in pastes[:ESCALATED]:
                escalated = float(await place.post("alex", channel, "@Mailflow escalate", thread_ts=ts))
    return pastes, escalated


def _figures(
    place: Playground, pastes: Sequence[tuple[str, str]], escalated: float, people: Sequence[str]
) -> dict[str, float]:
    answered = [took for channel, ts in pastes if (took := _took(place.thread(channel, ts)[1:], float(ts)))]
    paged = [
        (float(message["ts"]) - escalated) * 1000 for person in people for message in place.workspace.messages(person)
    ]
    refused = [call for call in place.calls if call.status == 429]
    return {
        f"pastes, {A_MINUTE} a minute over {CHANNELS} channels": len(pastes),
        "of which answered": len(answered),
        "paste to answer, median (ms)": _percentile(answered, 0.5),
        "paste to answer, p99 (ms)": _percentile(answered, 0.99),
        "paste to answer, longest (ms)": max(answered),
        "pages among them, at once": len(paged),
        "asked to paged, median (ms)": _percentile(paged, 0.5),
        "asked to paged, p99 (ms)": _percentile(paged, 0.99),
        "asked to paged, longest (ms)": max(paged),
        "calls of Slack": len(place.calls),
        "of which refused with 429": len(refused),
    }


def _took(answers: Sequence[dict[str, Any]], since: float) -> float:
    """Milliseconds until the bot's first answer; 0.0 for none."""
    first = next((float(message["ts"]) for message in answers if message.get("bot_id")), since)
    return (first - since) * 1000


def _percentile(values: Sequence[float], which: float) -> float:
    return sorted(values)[math.ceil(len(values) * which) - 1]


def _person(place: Playground, number: int) -> str:
    """Somebody new; their id."""
    person = Person(place.workspace.new_id("U0"), f"oncall{number}", f"On Call {number}")
    place.workspace.people[person.id] = person
    place.workspace.open_channel("", user=person.id)
    return person.id


def _policy(on_call: Sequence[str]) -> str:
    people = "".join(f'[people.p{number}]\nslack = "{each}"\n' for number, each in enumerate(on_call))
    names = ", ".join(f'"p{number}"' for number in range(len(on_call)))
    target = f"[targets.all]\npeople = [{names}]\n"
    return f'time_zone = "UTC"\n{people}{target}[[levels]]\ntargets = ["all"]\ndelay = "10m"\n'
