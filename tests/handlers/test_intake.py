"""What arrives from Slack becomes what was typed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.intake import submission, unslack


@pytest.mark.parametrize(
    ("received", "typed"),
    [
        ("RCPT TO:&lt;<mailto:a@b.example|a@b.example>&gt;", "RCPT TO:<a@b.example>"),
        ("<mailto:a@b.example>", "a@b.example"),
        ("<http://mail.contoso.com|mail.contoso.com>", "mail.contoso.com"),
        ("<http://mail.contoso.com:25|mail.contoso.com:25>", "mail.contoso.com:25"),
        ("<http://mail.contoso.com>", "http://mail.contoso.com"),
        ("<HTTPS://aka.ms/x?a=1&amp;b=2>", "HTTPS://aka.ms/x?a=1&b=2"),
        ("<tel:+4915|+4915>", "+4915"),
        ("<@U02AB> look", "@U02AB look"),
        ("<@U02AB|sam> look", "@sam look"),
        ("in <#C01|exchange>", "in #exchange"),
        ("in <#C01|>", "in #C01"),
        ("<!here> <!channel> <!everyone|everyone>", "@here @channel @everyone"),
        ("<!subteam^S01|@on-call>", "@on-call"),
        ("<!date^1700000000^{date}|14 November 2023>", "14 November 2023"),
        ("&amp;lt; stays an entity", "&lt; stays an entity"),
        ("&amp;amp;lt;", "&amp;lt;"),
        ("a &lt;I&gt;CN=x&lt;S&gt;CN=y", "a <I>CN=x<S>CN=y"),
        ("“curly” – dashes… and\u00a0spaces", "“curly” – dashes… and\u00a0spaces"),
        ("&gt; quoted\n&gt; twice", "> quoted\n> twice"),
        ("&nbsp; &quot; are not Slack's", "&nbsp; &quot; are not Slack's"),
    ],
)
def test_slack_markup_is_undone_once(received: str, typed: str) -> None:
    assert unslack(received) == typed


@pytest.mark.parametrize(
    "text",
    [
        "<I>CN=Example CA<S>CN=mail.contoso.com",
        "Message-Id: <CA+x@mail.contoso.com>",
        "MAIL FROM:<>",
        "<redacted> and <",
        "<@lowercase> <#nochannel> <!unknown>",
        "<http://two words|label>",
        "2026-11-18T08:00:00Z,conn,08D,9,,,<,220 ready,",
    ],
)
def test_what_is_not_slacks_stays(text: str) -> None:
    assert unslack(text) == text


def test_the_documented_damage_is_repaired() -> None:
    mangled = (
        "&lt;, 550 5.7.64 TenantAttribution; Relay Access Denied "
        "[<http://AM6.eop-eur05.prod.protection.outlook.com|AM6.eop-eur05.prod.protection.outlook.com> "
        "2026-11-18T08:31:02.118Z] from <mailto:anna@contoso.com|anna@contoso.com> &lt;I&gt;CN=Example "
        "CA&lt;S&gt;CN=<http://mail.contoso.com|mail.contoso.com>"
    )
    assert unslack(mangled) == (
        "<, 550 5.7.64 TenantAttribution; Relay Access Denied "
        "[AM6.eop-eur05.prod.protection.outlook.com 2026-11-18T08:31:02.118Z] from anna@contoso.com "
        "<I>CN=Example CA<S>CN=mail.contoso.com"
    )


@pytest.mark.parametrize(
    ("received", "typed"),
    [
        ("```\nline\n```", "\nline\n"),
        ("```line one\nline two```", "line one\nline two"),
        ("```powershell\nGet-Queue\n```", "\nGet-Queue\n"),
        ("look:\n```text\nopened and never closed", "look:\n\nopened and never closed"),
        ("```QUEUE.Expired```", "QUEUE.Expired"),
        ("```Timeout\nmore```", "Timeout\nmore"),
        ("inline `code` stays", "inline `code` stays"),
    ],
)
def test_fences_go_and_their_lines_stay(received: str, typed: str) -> None:
    assert unslack(received) == typed


@given(st.text())
def test_escaping_round_trips(typed: str) -> None:
    escaped = typed.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    if "```" not in typed:
        assert unslack(escaped) == typed


@given(st.text(alphabet=st.sampled_from(list("<>|&;`!@#^\n UC1hereltgamp:/.")) | st.characters(), max_size=80))
def test_lines_are_never_added_or_lost(text: str) -> None:
    assert unslack(text).count("\n") == text.count("\n")


@pytest.mark.parametrize(
    "unit",
    ["<", ">", "&", "&amp;", "```", "`", "<@U1>", "<http://a|b>", "<http:", "<!date^", "<a|b|", "\n", "```text\n"],
)
def test_five_megabytes_of_markup_are_read(unit: str) -> None:
    text = unit * (5_000_000 // len(unit))
    assert len(unslack(text)) <= len(text)


def test_message_and_files_are_joined_with_an_empty_line() -> None:
    read = submission("see &lt;log&gt;", [("a.log", b"one &lt;\ntwo"), ("b.log", "\ufeffthree".encode())])
    assert read.text == "see <log>\n\none &lt;\ntwo\n\nthree"
    assert read.refusals == ()


def test_a_file_alone_keeps_its_line_numbers() -> None:
    assert submission("", [("a.log", b"one\ntwo")]).text == "one\ntwo"


def test_every_unreadable_file_gets_its_sentence() -> None:
    read = submission("text", [("shot.png", b"\x89PNG\r\n\x1a\n..."), ("ok.txt", b"fine"), ("none.txt", b"")])
    assert read.text == "text\n\nfine"
    assert [sentence.split()[0] for sentence in read.refusals] == ["shot.png", "none.txt"]


def test_files_are_limited_together_as_well() -> None:
    read = submission("", [("a.log", b"a" * 60), ("b.log", b"b" * 60), ("c.log", b"c" * 30)], limit=100)
    assert read.text == "a" * 60 + "\n\n" + "c" * 30
    assert len(read.refusals) == 1
    assert "b.log" in read.refusals[0]
    assert "message of its own" in read.refusals[0]
