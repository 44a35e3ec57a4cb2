"""What Slack makes of typed text."""

from __future__ import annotations

import pytest
import re2
from hypothesis import given
from hypothesis import strategies as st

from bot.playground import people
from bot.playground.composing import Composer

COMPOSER = Composer(list(people.PEOPLE), list(people.CHANNELS), people.USER_GROUPS)
LINK = re2.compile(r"<(?:(?:mailto:|http://)[^|>]*\|([^>]*)|(https?://[^|>]*))>")


@pytest.mark.parametrize(
    ("typed", "text"),
    [
        ("a < b & c > d", "a &lt; b &amp; c &gt; d"),
        ("mail.contoso.com.", "<http://mail.contoso.com|mail.contoso.com>."),
        ("mail.contoso.com:25", "<http://mail.contoso.com:25|mail.contoso.com:25>"),
        ("a@b.co.uk", "<mailto:a@b.co.uk|a@b.co.uk>"),
        ("see https://learn.microsoft.com/a?b=1&c=2.", "see <https://learn.microsoft.com/a?b=1&amp;c=2>."),
        ("RESOLVER.ADR.RecipNotFound 5.7.64 192.0.2.1", "RESOLVER.ADR.RecipNotFound 5.7.64 192.0.2.1"),
        ("```\nmail.contoso.com\n```", "```<http://mail.contoso.com|mail.contoso.com>```"),
        ("`a<b`", "`a&lt;b`"),
        ("@Mailflow: look", "<@U0MAILFLOW>: look"),
        ("hi @priya and @Sam Okafor!", "hi <@U0PRIYANAI> and <@U0SAMOKAFO>!"),
        ("@exchange-oncall in #on-call", "<!subteam^S0EXCHANGE|@exchange-oncall> in <#C0ONCALL01|on-call>"),
        ("@here", "<!here>"),
        ("x@mailflowers.com", "<mailto:x@mailflowers.com|x@mailflowers.com>"),
        ("@mailflowers", "@mailflowers"),
        ("<!channel> <@U0MAILFLOW>", "&lt;!channel&gt; &lt;@U0MAILFLOW&gt;"),
        ("  ", ""),
    ],
)
def test_text(typed, text):
    assert COMPOSER.compose(typed)[0] == text


def test_rich_text_has_the_code_apart():
    _, (block,) = COMPOSER.compose("Look:\n```\nGet-Queue | fl\n```\n@alex `x`")
    assert [group["type"] for group in block["elements"]] == [
        "rich_text_section", "rich_text_preformatted", "rich_text_section",
    ]  # fmt: skip
    assert block["elements"][1]["elements"] == [{"type": "text", "text": "Get-Queue | fl"}]
    assert block["elements"][2]["elements"][1] == {"type": "user", "user_id": "U0ALEXRIVE"}
    assert block["elements"][2]["elements"][3]["style"] == {"code": True}


@given(st.text(alphabet=st.sampled_from("abZ01 .:/<>&|\n\"'-_com@mailto"), max_size=200))
def test_nothing_is_lost_and_nothing_can_be_forged(typed):
    """Undoing links and escapes gives back what was typed; so nobody can type a link or a mention in disguise."""
    text, _ = COMPOSER.compose(typed)
    plain = LINK.sub(lambda match: match.group(1) or match.group(2), text)
    undone = plain.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
    assert undone == (typed.strip("\n") if typed.strip() else "")
