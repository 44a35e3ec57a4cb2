"""What is compared and never read is a mark that takes our key, also where an earlier version left a plain digest."""

from __future__ import annotations

import json
from hashlib import sha256

from bot.database import open_database
from bot.database.keys import tidy
from bot.database.marks import of_failure, of_shown
from diagnostics import diagnose
from diagnostics.subject import signature
from tests.bot.conftest import World
from tests.bot.pastes import FAILING
from tests.bot.stored import dump, lived


def plain(content: str) -> str:
    return sha256(content.encode()).hexdigest()


async def test_nobody_without_our_key_can_try_out_what_a_case_is_about(world: World) -> None:

    async with world.bot():
        ts = await world.place.post("alex", "#exchange", FAILING)
        await world.answer("#exchange", ts)
        await world.settled()
        said = world.answers("#exchange", ts)[0]
    async with open_database(world.settings()) as database:
        stored = await dump(database)
        shows = signature(diagnose(FAILING))
        assert shows
        assert of_failure(database.seal, "T0CONTOSO1", shows) in stored
        assert plain(f"T0CONTOSO1 {shows}")[:32] not in stored
        [row] = await world.rows("select shown from answer where ts = $1", said["ts"])
        assert len(row["shown"]) == 64


async def test_plain_digests_of_earlier_versions_become_the_same_marks(world: World) -> None:
    shows, other, said = "relay.denied domain contoso.com", "relay.denied domain fabrikam.com", json.dumps(["said"])
    digests = [plain(f"T1 {each}")[:32] for each in (other, shows)]
    async with open_database(world.settings()) as database:
        await lived(database, "T1", "C1", "UANNA")
        for starts in (True, False):  # replicas of the earlier version may write some more while they are replaced
            await database.pool.execute("update escalation set signature = $1, signatures = $2", digests[1], digests)
            await database.pool.execute("update answer set shown = $1", plain(said)[:32])
            if starts:
                async with open_database(world.settings()):
                    pass
            else:
                await tidy(database.pool, database.seal)
            marks = [of_failure(database.seal, "T1", each) for each in (other, shows)]
            [row] = await world.rows("select signature, signatures from escalation")
            assert (row["signature"], row["signatures"]) == (marks[1], marks)
            [row] = await world.rows("select shown from answer")
            assert row["shown"] == of_shown(database.seal, said.encode())
