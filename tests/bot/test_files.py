"""Files: what can be read is judged like a paste; of what cannot, people are told what to do instead."""

from __future__ import annotations

import io
import zipfile

from tests.bot.conftest import World, everything
from tests.bot.pastes import FAILING

PNG = b"\x89PNG\r\n\x1a\n" + bytes(200)


async def test_a_log_file_is_read(world: World, mode: dict[str, str]) -> None:
    async with world.bot(mode):
        ts = await world.place.post("alex", "#exchange", "from this morning", files=[("SEND1.LOG", FAILING.encode())])
        assert "UnknownCredentials" in await world.answer("#exchange", ts)


async def test_powershell_output_in_utf_16_is_read(world: World) -> None:
    async with world.bot():
        ts = await world.place.post("alex", "#exchange", "", files=[("out.txt", FAILING.encode("utf-16"))])
        assert "UnknownCredentials" in await world.answer("#exchange", ts)


async def test_a_long_paste_that_became_a_snippet_is_read(world: World) -> None:
    async with world.bot():
        ts = await world.place.post("alex", "#exchange", FAILING * 20)
        assert "UnknownCredentials" in await world.answer("#exchange", ts)


async def test_five_megabytes_are_answered(world: World) -> None:
    content = (FAILING + "x" * 99 + "\n") * 10_000
    async with world.bot():
        ts = await world.place.post("alex", "#exchange", "", files=[("big.log", content.encode()[:4_900_000])])
        await world.place.wait_for(lambda: world.answers("#exchange", ts), 60)


async def test_pictures_and_archives_are_answered_only_where_somebody_asks(world: World) -> None:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as packed:
        packed.writestr("a.png", PNG)
    async with world.bot():
        quiet = await world.place.post("alex", "#exchange", "look", files=[("cat.png", PNG)])
        await world.place.wait_for(lambda: world.place.deliveries)
        await world.settled()
        assert world.answers("#exchange", quiet) == []
        asked = await world.place.post("alex", "#exchange", "@Mailflow look", files=[("screen.png", PNG)])
        assert "screen.png" in await world.answer("#exchange", asked)
        direct = await world.place.post("alex", "alex", "", files=[("logs.zip", archive.getvalue())])
        await world.place.wait_for(
            lambda: any("logs.zip/a.png is an image" in everything(each) for each in world.answers("alex", direct))
        )


async def test_a_file_beyond_the_cap_is_refused_before_it_is_loaded(world: World) -> None:
    async with world.bot(MAILFLOW_MAX_FILE_BYTES="1000"):
        ts = await world.place.post("alex", "#exchange", "", files=[("big.txt", b"no log\n" * 1000)])
        assert "larger than" in await world.answer("#exchange", ts)


async def test_a_login_page_instead_of_the_file_names_the_missing_scope(world: World) -> None:
    async with world.bot():
        world.place.reads_files = False
        ts = await world.place.post("alex", "#exchange", "", files=[("send.log", FAILING.encode())])
        assert "files:read" in await world.answer("#exchange", ts)


async def test_the_token_is_shown_to_nobody_but_slack(world: World) -> None:
    async with world.bot():
        await world.place.post("alex", "#exchange", "hi")
        world.place.send_event(
            {
                "type": "message",
                "channel": "D0ALEXRIVE",
                "channel_type": "im",
                "user": "U0ALEXRIVE",
                "ts": (ts := await world.place.post("alex", "alex", "hello")),
                "event_ts": ts,
                "text": "again",
                "subtype": "file_share",
                "files": [
                    {
                        "id": "F1",
                        "name": "a.log",
                        "url_private_download": "http://198.51.100.7/a.log",
                        "size": 5,
                    }
                ],
            }
        )
        await world.answer("alex", ts)
        await world.settled()
