"""Two real incidents, played step by step as people played them: a thread each, through Slack's wire."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from bot.playground.samples import Sample, load_samples
from tests.bot.conftest import World, everything

OLD, NEW = "3C0FFEE1A2B3C4D5E6F708192A3B4C5D6E7F8091", "7B5EED0192A3B4C5D6E7F8091A2B3C4D5E6F7081"
KEYLESS = "A81CE0FF1CE5C0DE5EED0192A3B4C5D6E7F80912"


def sample(name: str) -> Sample:
    return next(each for each in load_samples() if each.id.endswith(name))


@dataclass(frozen=True)
class Played:
    """What the bot said after each part: the card as it stood then, and the part's own short answer ("" for the first)."""

    cards: list[str]
    below: list[str]


async def play(world: World, incident: Sample) -> Played:
    (_, opening), *rest = incident.parts
    ts = await world.place.post("alex", "#exchange", opening)
    played = Played([await answer(world, ts, 1)], [""])
    for number, (_, text) in enumerate(rest, start=2):
        await world.place.post("sam", "#exchange", text, thread_ts=ts)
        played.below.append(await answer(world, ts, number))
        await world.settled(number)
        await world.drawn()
        played.cards.append(everything(world.answers("#exchange", ts)[0]))
    assert len(world.said("#exchange", ts)) == len(incident.parts)  # no file, no second card, no note
    return played


async def answer(world: World, ts: str, count: int) -> str:
    def ready() -> list[dict[str, Any]] | None:
        found = world.answers("#exchange", ts)
        return found if len(found) >= count else None

    messages = await world.place.wait_for(ready, 15)
    return everything(messages[count - 1])


async def test_no_credentials(world: World) -> None:
    async with world.bot():
        played = await play(world, sample("no-credentials"))
    queue, after_log, after_certificates, after_cure = played.cards
    _, log, certificates, cured = played.below

    assert "Set-SendConnector" in queue
    assert "ProtocolLoggingLevel Verbose" in queue
    assert "ProtocolLog" in queue

    assert OLD in after_log
    assert "Outbound to Office 365 - 6f1d" in after_log
    assert "2026-11-18T08:12:44" in after_log
    assert "TLS negotiation failed with error NoCredentials" in after_log
    assert "An old certificate with the same subject and issuer" in after_log
    assert "Ruled out: " in log
    assert "Outbound mail ports are blocked" in log
    assert "An old certificate with the same subject and issuer" in log
    assert "Get-ExchangeCertificate" in log

    for said in (
        after_certificates,
        certificates,
    ):  # the short answer has what it takes to act: cause, proof, first command
        assert "Confirmed: An old certificate with the same subject and issuer" in said
        assert OLD in said
        assert NEW in said
        assert "HasPrivateKey      : False" in said
        assert "possible before, confirmed now" in said
        assert "Get-ChildItem 'Cert:\\LocalMachine\\My'" in said
    assert "Remove-ExchangeCertificate" in after_certificates
    assert "Undo:" in after_certificates
    assert "Remove-ExchangeCertificate" not in certificates
    assert len(certificates) < len(after_certificates) / 2

    for said in (after_cure, cured):
        assert "No failure" in said
        assert "works again" in said
        assert f"changed from {OLD} to {NEW}" in said


async def test_unknown_credentials(world: World) -> None:
    async with world.bot():
        played = await play(world, sample("unknown-credentials"))
    queue, after_log, after_proof, after_cure = played.cards
    _, log, proof, cured = played.below

    assert "Outbound mail ports are blocked" in queue  # what the words blame is only one of several
    assert "may not read the private key" in queue
    assert "ProtocolLoggingLevel Verbose" in queue

    for said in (after_log, log):
        assert "Likely: Exchange may not read the private key" in said
        assert KEYLESS in said
        assert "Outbound to Office 365 - a27c" in said
        assert "reached STARTTLS, so TCP to port 25 works" in said
        assert "TLS negotiation failed with error UnknownCredentials" in said
        assert "Get-ExchangeCertificate" in said

    for said in (after_proof, proof):
        assert "Confirmed: Exchange may not read the private key" in said
        assert "NETWORK SERVICE" in said
        assert "0x8009030D" in said
        assert "likely before, confirmed now" in said
    assert "/grant '*S-1-5-20:(R)'" in after_proof
    assert "/remove '*S-1-5-20'" in after_proof
    assert "/grant" not in proof

    for said in (after_cure, cured):
        assert "works again" in said


async def test_short_answers_lead_to_the_card(world: World) -> None:
    async with world.bot():
        await play(world, sample("unknown-credentials"))
        card, *below = [said for said in world.place.messages("#exchange") if said.get("bot_id")]
        for said in below:
            assert f"p{card['ts'].replace('.', '')}" in everything(said)


async def test_weakening_tls_is_never_advised(world: World) -> None:
    async with world.bot():
        played = await play(world, sample("no-credentials"))
    for text in (*played.cards, *played.below):
        assert "RequireTLS $false" not in text
        assert "Opportunistic" not in text
