"""Two real incidents, played step by step as people played them: a thread each, through Slack's wire."""

from __future__ import annotations

from typing import Any

from bot.playground.samples import Sample, load_samples
from tests.bot.conftest import World, everything

OLD, NEW = "3C0FFEE1A2B3C4D5E6F708192A3B4C5D6E7F8091", "7B5EED0192A3B4C5D6E7F8091A2B3C4D5E6F7081"
KEYLESS = "A81CE0FF1CE5C0DE5EED0192A3B4C5D6E7F80912"


def sample(name: str) -> Sample:
    return next(each for each in load_samples() if each.id.endswith(name))


async def play(world: World, incident: Sample) -> list[str]:
    """What the bot said after each part, everything of it."""
    (_, opening), *rest = incident.parts
    ts = await world.place.post("alex", "#exchange", opening)
    said = [await answer(world, ts, 1)]
    for number, (_, text) in enumerate(rest, start=2):
        await world.place.post("sam", "#exchange", text, thread_ts=ts)
        said.append(await answer(world, ts, number))
    return said


async def answer(world: World, ts: str, count: int) -> str:
    def ready() -> list[dict[str, Any]] | None:
        found = world.answers("#exchange", ts)
        return found if len(found) >= count else None

    messages = await world.place.wait_for(ready, 15)
    return everything(messages[count - 1])


async def test_no_credentials(world: World) -> None:
    async with world.bot():
        queue, log, certificates, cured = await play(world, sample("no-credentials"))

    assert "Set-SendConnector" in queue
    assert "ProtocolLoggingLevel Verbose" in queue
    assert "ProtocolLog" in queue

    assert OLD in log
    assert "Outbound to Office 365 - 6f1d" in log
    assert "2026-11-18T08:12:44" in log
    assert "TLS negotiation failed with error NoCredentials" in log
    assert "An old certificate with the same subject and issuer" in log
    assert "Ruled out" in log
    assert "Get-ExchangeCertificate" in log

    assert "Confirmed: An old certificate with the same subject and issuer" in certificates
    assert OLD in certificates
    assert NEW in certificates
    assert "possible before, confirmed now" in certificates

    assert "No failure" in cured
    assert "works again" in cured
    assert f"changed from {OLD} to {NEW}" in cured


async def test_unknown_credentials(world: World) -> None:
    async with world.bot():
        queue, log, proof, cured = await play(world, sample("unknown-credentials"))

    assert "Outbound TCP port 25 is blocked" in queue  # what the words blame is only one of several
    assert "may not read the private key" in queue
    assert "ProtocolLoggingLevel Verbose" in queue

    assert "Likely: Exchange may not read the private key" in log
    assert KEYLESS in log
    assert "Outbound to Office 365 - a27c" in log
    assert "reached STARTTLS, so TCP to port 25 works" in log

    assert "Confirmed: Exchange may not read the private key" in proof
    assert "NETWORK SERVICE" in proof
    assert "0x8009030D" in proof
    assert "likely before, confirmed now" in proof

    assert "works again" in cured


async def test_weakening_tls_is_never_advised(world: World) -> None:
    async with world.bot():
        said = await play(world, sample("no-credentials"))
    for text in said:
        assert "RequireTLS $false" not in text
        assert "Opportunistic" not in text
