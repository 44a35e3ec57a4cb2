"""Large logs in Slack: read beside everything else, within bounds, once, and nothing of them stays."""

from __future__ import annotations

import asyncio
import gzip
import io
import signal
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from bot import log_reading
from tests.bot.conftest import World, everything
from tests.bot.pastes import CURED, FAILING, failing
from tests.bot.test_crashes import process
from tests.logs_generator import Log, Plan

OUT = "TLS negotiation failed with error UnknownCredentials"


@cache
def log(size: int = 300_000, *, outage: tuple[float, float] = (0.4, 2.0)) -> bytes:
    """A log in which one connector fails from the middle on, and nothing else does."""
    return "".join(Log(Plan(size=size, failing=0.0, outage=outage, pace=2_000)).lines()).encode()


@cache
def large() -> bytes:
    """More than 20 MB, with one outage among other failures."""
    return "".join(Log(Plan(size=21_000_000)).lines()).encode()


@cache
def hungry() -> bytes:
    """A log whose every session fails on a connector of its own: what is kept of it grows with it, unlike of others."""
    head = log().decode().partition("\n2026")[0]
    rows = (
        f"2026-11-18T06:{n // 1000 // 60:02}:{n // 1000 % 60:02}.{n % 1000:03}Z,C{n},08DC{n:012X},{row}"
        for n in range(30_000)
        for row in (
            "0,,203.0.113.25:25,*,,attempting to connect",
            "1,192.0.2.1:1,203.0.113.25:25,+,,",
            f"2,192.0.2.1:1,203.0.113.25:25,<,550 5.7.1 no {n},",
            "3,192.0.2.1:1,203.0.113.25:25,-,,Local",
        )
    )
    return "\r\n".join([head, *rows, ""]).encode()


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Where logs lie while they are read; nothing may be left in it."""
    place = tmp_path / "tmp"
    place.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(place))
    monkeypatch.setenv("TMPDIR", str(place))
    yield place
    assert list(place.glob("mailflow-log-*")) == []


def zipped(**members: bytes) -> bytes:
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name.replace("_", "."), content)
    return written.getvalue()


async def said(world: World, channel: str, ts: str, words: str, seconds: float = 30) -> str:
    """The answer that says these words, once there is one."""

    def found() -> str:
        texts = [everything(message) for message in world.answers(channel, ts)]
        return next((text for text in texts if words in text), "")

    return await world.place.wait_for(found, seconds)


async def asked(world: World, files: list[tuple[str, bytes]], words: str, **settings: str) -> str:
    async with world.bot(**settings):
        ts = await world.place.post("alex", "alex", "", files=files)
        text = await said(world, "alex", ts, words)
        await world.settled(2)
        assert len(world.answers("alex", ts)) == 1
        return text


async def test_twenty_megabytes_become_one_answer_with_a_chart_and_a_table(world: World, mode: dict[str, str]) -> None:
    async with world.bot(mode):
        ts = await world.place.post("alex", "#exchange", "since this morning", files=[("SEND1.LOG", large())])
        text = await said(world, "#exchange", ts, OUT)
        await world.settled(2)
        assert "in the SMTP send log" in text
        assert "our certificate's thumbprint changed" in text
        assert "SEND1.LOG:" in text
        assert len(world.answers("#exchange", ts)) == 1
        files = {file["title"]: file for file in world.attached("#exchange", ts)}
        assert set(files) >= {"mailflow-log.png", "mailflow-log.csv"}
        assert "Bar chart: sessions per" in files["mailflow-log.png"]["alt_txt"]
        table = world.place.files[files["mailflow-log.csv"]["id"]].content
        assert table
        assert OUT in table.decode("utf-8-sig")
        [kept] = await world.rows("select text, log from evidence")
        assert len(kept["text"]) < 200_000  # the sessions that stand for it, not the log
        assert b"thumbprint" not in kept["log"]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("SEND1.LOG.gz", gzip.compress(log())),
        ("logs.zip", zipped(SEND1_LOG=log(), readme_md=b"nothing")),
        ("wide.log.gz", gzip.compress(log().decode().encode("utf-16"))),
    ],
)
async def test_packed_and_wide_logs_are_read(world: World, name: str, content: bytes) -> None:
    assert "sessions (" in await asked(world, [(name, content)], OUT)


async def test_a_log_of_many_sessions_is_no_paste_though_it_is_smaller_than_a_text_may_be(world: World) -> None:
    assert "sessions (" in await asked(world, [("SEND1.LOG", log())], OUT)


async def test_a_program_s_log_is_a_paste(world: World) -> None:
    lines = b"08:12:44 INFO waiting for work\n" * 10_000 + b"550 5.7.64 TenantAttribution; Relay Access Denied\n"
    assert "sessions (" not in await asked(world, [("app.log", lines)], "5.7.64")


async def test_several_logs_that_are_large_together_are_read_as_one(world: World) -> None:
    rows = log().decode().splitlines(keepends=True)
    first, second = rows[: len(rows) // 2], [*rows[:5], *rows[len(rows) // 2 :]]
    files = [("../SEND1.LOG", "".join(first).encode()), ("SEND1.LOG", "".join(second).encode())]
    text = await asked(world, files, OUT, MAILFLOW_MAX_FILE_BYTES="200000")
    assert "lines of 2 files" in text


async def test_a_healthy_log_says_so(world: World) -> None:
    await asked(world, [("SEND1.LOG.gz", gzip.compress(log(outage=(3.0, 3.0))))], "No failure in this")


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("bomb.gz", gzip.compress(log(60_000) + b"x" * 99_000_000), "250 times its size"),
        ("zeros.gz", gzip.compress(bytes(9_000_000)), "unpacks to more than 1.0 MB"),
        ("pictures.zip", zipped(cat_png=b"\x89PNG\r\n\x1a\n"), "pictures.zip/cat.png is an image"),
        ("broken.zip", b"PK\x03\x04 and nothing more", "broken.zip is damaged"),
        ("huge.log", b"no log\n" * 200_000, "is no SMTP send or receive"),
    ],
)
async def test_what_is_no_log_is_refused_in_a_sentence(world: World, name: str, content: bytes, words: str) -> None:
    await asked(world, [(name, content)], words, MAILFLOW_MAX_FILE_BYTES="1000000")


async def test_where_nobody_asked_nothing_is_said_about_an_archive_without_logs(world: World) -> None:
    async with world.bot():
        ts = await world.place.post(
            "alex", "#exchange", "holidays", files=[("cats.zip", zipped(cat_png=b"\x89PNG\r\n\x1a\n"))]
        )
        await world.settled(2)
        assert world.answers("#exchange", ts) == []


async def test_a_log_beyond_the_limit_is_refused_before_it_is_loaded(world: World) -> None:
    text = await asked(world, [("SEND1.LOG.gz", gzip.compress(log()))], "larger than", MAILFLOW_MAX_LOG_BYTES="1000")
    assert "SEND1.LOG.gz is larger than the 0.001 MB that I read" in text


async def test_a_login_page_instead_of_the_log_names_the_missing_scope(world: World) -> None:
    world.place.reads_files = False
    await asked(world, [("SEND1.LOG.gz", gzip.compress(log()))], "files:read")


async def test_a_log_is_fetched_from_slack_only(world: World) -> None:
    async with world.bot():
        ts = await world.place.post("alex", "alex", "hello")
        await world.answer("alex", ts)  # else the edit may overtake it
        elsewhere = {"id": "F1", "name": "a.log.gz", "url_private_download": "http://198.51.100.7/a.gz", "size": 5}
        event = {"type": "message", "channel": "D0ALEXRIVE", "channel_type": "im", "user": "U0ALEXRIVE", "ts": ts}
        event = {**event, "event_ts": ts, "subtype": "message_changed", "message": {**event, "files": [elsewhere]}}
        world.place.send_event(event)
        await said(world, "alex", ts, "not stored in Slack")


async def test_a_reading_may_take_so_much_memory_and_time(world: World) -> None:
    async with world.bot() as bot:
        for name, value, content, words in (
            ("memory", 48 << 20, hungry(), "needs more memory"),
            ("seconds", 0.05, large(), "took longer than"),
        ):
            reader = bot.logs
            before = getattr(reader, name)
            setattr(reader, name, value)
            ts = await world.place.post("alex", "alex", "", files=[("SEND1.LOG", content)])
            assert "mailflow diagnose" in await said(world, "alex", ts, words)
            setattr(reader, name, before)


async def test_other_pastes_are_answered_meanwhile_also_in_its_thread(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    hold = asyncio.Event()
    _held_up(monkeypatch, hold)
    async with world.bot():
        busy = [
            await world.place.post("alex", "#exchange", "", files=[(f"SEND{n}.LOG.gz", gzip.compress(log()))])
            for n in range(4)
        ]
        ts = await world.place.post("sam", "#exchange", FAILING)
        assert "UnknownCredentials" in await world.answer("#exchange", ts)
        await world.place.post("sam", "#exchange", failing("Internet"), thread_ts=busy[0])
        assert "UnknownCredentials" in await world.answer("#exchange", busy[0])
        hold.set()
        for each in busy:
            await said(world, "#exchange", each, "in the SMTP send log")


async def test_a_queue_that_starts_again_does_not_wait_for_a_log(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    hold = asyncio.Event()
    _held_up(monkeypatch, hold)
    async with world.bot() as bot:
        busy = await world.place.post("alex", "alex", "", files=[("SEND1.LOG.gz", gzip.compress(log()))])
        await said(world, "alex", busy, "Reading SEND1.LOG.gz")
        bot.worker._queues["delivery"].shutdown.set()
        ts = await world.place.post("sam", "#exchange", FAILING)
        assert "UnknownCredentials" in await world.answer("#exchange", ts)
        hold.set()
        await said(world, "alex", busy, OUT)


async def test_progress_has_a_rate_and_the_time_left(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("handlers.logs._EDIT_SECONDS", 0.01)

    def shown(doing: str) -> bool:
        calls = [str(call.args) for call in world.place.calls if call.method in ("chat.postMessage", "chat.update")]
        return any(f"{doing} SEND1.LOG" in text and "% of 21 MB" in text and "MB/s" in text for text in calls)

    _waits_for(monkeypatch, world, "_fetch", lambda: shown("Fetching"))
    _waits_for(monkeypatch, world, "_read", lambda: shown("Reading"))
    async with world.bot():
        ts = await world.place.post("alex", "#exchange", "", files=[("SEND1.LOG", large())])
        await said(world, "#exchange", ts, OUT)
        await world.settled(2)
        assert [call.method for call in world.place.calls].count("chat.postMessage") == 1


async def test_what_follows_in_the_thread_is_judged_with_the_log(world: World) -> None:
    async with world.bot():
        ts = await world.place.post("alex", "#exchange", "", files=[("SEND1.LOG.gz", gzip.compress(log()))])
        await said(world, "#exchange", ts, OUT)
        await world.settled(2)
        await world.place.post("alex", "#exchange", "@Mailflow and now?", thread_ts=ts)
        assert "UnknownCredentials" in await world.answer("#exchange", ts, 2)
        answer = world.answers("#exchange", ts)[0]
        await world.place.click("alex", answer["ts"], "show_steps")
        await world.place.wait_for(lambda: "All steps" in everything(world.answers("#exchange", ts)[-1]))


async def test_a_log_is_judged_with_what_the_thread_holds(world: World) -> None:
    async with world.bot():
        ts = await world.place.post("alex", "#exchange", FAILING)
        await world.answer("#exchange", ts)
        log_ts = await world.place.post(
            "alex", "#exchange", "", files=[("SEND1.LOG.gz", gzip.compress(log()))], thread_ts=ts
        )
        text = await said(world, "#exchange", ts, "in the SMTP send log")
        assert "Together with what this thread holds" in text
        await world.settled(3)
        await world.place.delete("alex", "#exchange", ts)  # what is quoted of it goes, the log stays answered
        await world.place.wait_for(
            lambda: any(
                "in the SMTP send log" in everything(each) and "Together" not in everything(each)
                for each in world.answers("#exchange", ts)
            )
        )
        assert log_ts > ts
        await world.settled(4)
        titles = [file["title"] for file in world.attached("#exchange", ts)]
        assert sorted(set(titles)) == sorted(titles)  # the chart is there once


async def test_a_paste_in_the_message_of_a_log_counts(world: World) -> None:
    async with world.bot():
        files = [("SEND1.LOG.gz", gzip.compress(log())), ("note.txt", CURED.encode())]
        ts = await world.place.post(
            "alex", "#exchange", "550 5.7.64 TenantAttribution; Relay Access Denied", files=files
        )
        assert "Together with what this thread holds" in await said(world, "#exchange", ts, "in the SMTP send log")
        other = await world.place.post("alex", "#exchange", "since this morning", files=files[:1])
        assert "Together with" not in await said(world, "#exchange", other, "in the SMTP send log")


async def test_a_deleted_message_takes_everything_along(world: World) -> None:
    async with world.bot():
        ts = await world.place.post("alex", "#exchange", "", files=[("SEND1.LOG.gz", gzip.compress(log()))])
        await said(world, "#exchange", ts, OUT)
        await world.settled(2)
        assert len(world.attached("#exchange", ts)) >= 2
        await world.place.delete("alex", "#exchange", ts)
        await world.settled(3)
        await world.drawn()
        assert world.attached("#exchange", ts) == []
        assert await world.rows("select 1 from evidence where text is not null or log is not null") == []
        assert await world.rows("select 1 from delivery where payload is not null") == []
        assert OUT not in everything(world.answers("#exchange", ts)[0])


async def test_a_message_that_is_deleted_meanwhile_is_not_answered(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    hold = asyncio.Event()
    _held_up(monkeypatch, hold)
    monkeypatch.setattr("handlers.logs._EDIT_SECONDS", 0.05)
    async with world.bot():
        ts = await world.place.post("alex", "alex", "", files=[("SEND1.LOG.gz", gzip.compress(log()))])
        await said(world, "alex", ts, "Reading SEND1.LOG.gz")
        await world.place.delete("alex", "alex", ts)
        await world.settled(3)
        assert await world.rows("select 1 from evidence where text is not null or log is not null") == []
        assert all("deleted" in everything(each) for each in world.answers("alex", ts))


async def test_an_edit_meanwhile_has_the_last_word(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    hold = asyncio.Event()
    _held_up(monkeypatch, hold)
    monkeypatch.setattr("handlers.logs._EDIT_SECONDS", 0.05)
    async with world.bot():
        ts = await world.place.post("alex", "alex", "", files=[("SEND1.LOG.gz", gzip.compress(log()))])
        await said(world, "alex", ts, "Reading SEND1.LOG.gz")
        await world.place.edit("alex", "alex", ts, "550 5.7.64 TenantAttribution; Relay Access Denied")
        await world.place.wait_for(lambda: len(world.place.deliveries) > 1)
        hold.set()
        assert "Together with" in await said(world, "alex", ts, "in the SMTP send log")
        await world.settled(4)
        assert len(world.answers("alex", ts)) == 1


async def test_after_a_kill_in_the_middle_it_is_read_again_and_answered_once(
    world: World, folder: Path, mode: dict[str, str]
) -> None:
    world.environ.update(mode)
    async with process(world, "in-log") as child:
        ts = await world.place.post("alex", "#exchange", "", files=[("SEND1.LOG", large())])
        assert await asyncio.wait_for(child.wait(), 30) == -signal.SIGKILL
        assert any(
            place.name.startswith("mailflow-log-") for place in await asyncio.to_thread(lambda: list(folder.iterdir()))
        )  # it had no time to clear up
    async with process(world, "never"):
        await said(world, "#exchange", ts, OUT)
        await world.settled(2)
        assert len(world.answers("#exchange", ts)) == 1
        titles = [file["title"] for file in world.attached("#exchange", ts)]
        assert sorted(set(titles)) == sorted(titles)


async def test_a_stop_in_the_middle_leaves_nothing_behind(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    _held_up(monkeypatch, asyncio.Event())
    packed = gzip.compress(log())
    async with world.bot():
        ts = await world.place.post("alex", "alex", "", files=[("SEND1.LOG.gz", packed)])
        await said(world, "alex", ts, "Reading SEND1.LOG.gz")
    monkeypatch.undo()
    async with world.bot():
        await said(world, "alex", ts, OUT)
        assert len(world.answers("alex", ts)) == 1


def _waits_for(monkeypatch: pytest.MonkeyPatch, world: World, step: str, shown: Callable[[], bool]) -> None:
    """A step of the reading ends only after `shown`, however fast this machine is."""
    real = getattr(log_reading.LogReader, step)

    async def slow(self: Any, *given: Any) -> Any:
        result = await real(self, *given)
        await world.place.wait_for(shown)
        return result

    monkeypatch.setattr(log_reading.LogReader, step, slow)


def _held_up(monkeypatch: pytest.MonkeyPatch, until: asyncio.Event) -> None:
    """Nothing is read before `until`."""
    real = log_reading.LogReader._read

    async def waits(self: Any, *given: Any) -> Any:
        await until.wait()
        return await real(self, *given)

    monkeypatch.setattr(log_reading.LogReader, "_read", waits)
