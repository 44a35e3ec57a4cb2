"""Whatever a watch has to say, Slack takes the message, and what it says of itself is short and true."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.playground.block_kit import check_blocks
from diagnostics.checks import TargetError
from diagnostics.checks.model import Attempt, CheckReport
from diagnostics.checks.outcomes import OUTCOMES, Severity
from diagnostics.report import Step
from diagnostics.watching import Change
from diagnostics.watching.model import Kind
from handlers.blocks import limits
from handlers.blocks.message import Message
from handlers.blocks.watch import line_of, listing, news, often, paused, started
from handlers.ports.watches import Watch
from handlers.watches import WordingError, asked, wanted

NOW = datetime(2026, 3, 24, 12, tzinfo=UTC)
# As long as a look's own bounds let its words become.
WORDS = st.sampled_from(
    (
        "",
        "<!channel> <@U123> & <b>",
        "\x1b[31m\u202e`x`",
        "😀" * 600,
        "漢" * 600,
        "<&>" * 200,
        "\n" * 600,
        "`x` " * 150,
        "fails",
    )
)
COMMANDS = st.sampled_from(("", "Get-Queue", "'" + "<&>" * 400 + "'", "漢" * 700))
STEP = st.builds(Step, say=WORDS, command=COMMANDS)
CHANGE = st.builds(
    Change,
    kind=st.sampled_from(get_args(Kind)),
    key=st.sampled_from("abcd"),
    severity=st.sampled_from(get_args(Severity)),
    says=WORDS,
    before=st.lists(WORDS, max_size=3).map(tuple),
    after=st.lists(WORDS, max_size=3).map(tuple),
    steps=st.lists(STEP, max_size=4).map(tuple),
)
CHANGES = st.lists(CHANGE, min_size=1, max_size=12)
OVER = st.dictionaries(st.sampled_from("abcd"), st.just(NOW.isoformat()))
ATTEMPT = st.builds(
    Attempt,
    check=st.sampled_from(["smtp", "starttls", "mx", "dnsbl"]),
    subject=st.sampled_from(["203.0.113.9:25", "contoso.com"]),
    outcomes=st.lists(st.sampled_from(OUTCOMES), max_size=12).map(tuple),
    facts=st.fixed_dictionaries(
        {"host": WORDS, "details": st.dictionaries(st.sampled_from(OUTCOMES), WORDS, max_size=12)}
    ),
)
REPORT = st.builds(
    CheckReport,
    target=st.just("mail.contoso.com"),
    kind=st.just("host"),
    verdict=st.sampled_from(["ok", "failing"]),
    attempts=st.lists(ATTEMPT, max_size=6).map(tuple),
)
QUICKLY = settings(deadline=None, max_examples=40)


def fits(message: Message) -> None:
    assert check_blocks(list(message.blocks)) == []
    assert limits.size(message.blocks) <= 10_000
    assert len(message.text.encode()) <= limits.TEXT
    assert message.file is None
    assert "attached file" not in message.text


@QUICKLY
@given(CHANGES, REPORT, OVER, st.booleans())
def test_news_fit(changes: list[Change], report: CheckReport, over: dict[str, str], oncall: bool) -> None:
    fits(news("mail.contoso.com", changes, report, over=over, oncall=oncall))
    fits(line_of(changes))


@QUICKLY
@given(REPORT, OVER, st.text(max_size=40))
def test_a_beginning_fits(report: CheckReport, over: dict[str, str], who: str) -> None:
    fits(started(report, timedelta(hours=6), who, over=over))


@QUICKLY
@given(CHANGES, WORDS)
def test_a_pause_fits(untold: list[Change], why: str) -> None:
    fits(paused("mail.contoso.com", "C0EXCHANGE", why, untold))


def test_a_long_list_fits() -> None:
    many = [
        Watch(f"{'a' * 60}{number}.contoso.com", timedelta(hours=6), "U1", "failing", 3, NOW, NOW)
        for number in range(500)
    ]
    fits(listing(many))


def test_nothing_pings() -> None:
    change = Change(kind="fault", key="a", severity="failing", says="<!channel> <@U123> fails")
    message = news("mail.contoso.com", [change], None, over={}, oncall=False)
    assert "<!channel>" not in message.text
    assert "&lt;!channel&gt;" in message.text


@pytest.mark.parametrize(
    ("text", "do", "every"),
    [
        ("watch", "list", ""),
        ("watch list", "list", ""),
        ("watch mail.contoso.com", "start", "every 6 h"),
        ("WATCH Mail.Contoso.com EVERY 30 Minutes", "start", "every 30 min"),
        ("watch <http://mail.contoso.com|mail.contoso.com> every 6h", "start", "every 6 h"),
        ("watch contoso.com 90m", "start", "every 90 min"),
        ("watch contoso.com every day", "start", "every day"),
        ("watch contoso.com every hour", "start", "every 1 h"),
        ("watch contoso.com weekly", "start", "every 7 days"),
        ("watch 203.0.113.9:25 every 2d", "start", "every 2 days"),
        ("watch stop contoso.com", "stop", ""),
        ("unwatch contoso.com", "stop", ""),
    ],
)
def test_requests_are_read(text: str, do: str, every: str) -> None:
    assert asked(text)
    read = wanted(text)
    assert read.do == do
    assert not every or often(read.every) == every


@given(st.text(max_size=500))
def test_no_text_breaks_the_reading(text: str) -> None:
    if asked(f"watch {text}"):
        with suppress(WordingError, TargetError):
            assert wanted(f"watch {text}").do in ("list", "start", "stop")
