"""What a refusal speaks of, in the words of servers that no table lists."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import diagnostics
from diagnostics import diagnose
from diagnostics.facts import Said, Source
from diagnostics.refusals import topics, topics_of
from tests.casefile import judged


@pytest.mark.parametrize(
    ("text", "topic"),
    [
        ("550 SPF check for contoso.com came out as fail", "spf"),
        ("550 rejected, sender policy framework of contoso.com", "spf"),
        ("554 SPF permerror in contoso.com", "spf-record"),
        ("554 contoso.com has two SPF records", "spf-record"),
        ("550 DKIM: no public key for selector1", "dkim"),
        ("550 refused by the DMARC policy of contoso.com", "dmarc"),
        ("554 your server is in our DNSBL", "listed"),
        ("421 mail from your IP is deferred", "listed"),
        ("550 poor reputation of the sending host", "listed"),
        ("550 the sender is on a blacklist of the user", "entry"),
        ("550 a link in the mail is listed by SURBL", "link"),
        ("550 looks like unsolicited mail", "spam"),
        ("554 infected: Win.Test.Sample", "malware"),
        ("550 attachments of type .js are not accepted", "attachment"),
        ("550 executable file in archive", "attachment"),
        ("553 that domain isn't in my list of allowed rcpthosts", "relay"),
        ("550 this host does not relay for fabrikam.com", "relay"),
        ("535 wrong password", "password"),
        ("504 authentication type not supported", "mechanism"),
        ("530 authentication is required", "logon"),
        ("553 from address must match the authenticated user", "owner"),
        ("550 the account has been closed", "closed"),
        ("550 5.7.1 sender address rejected: domain not found", "no-domain"),
        ("504 5.5.2 helo command rejected: need fully-qualified hostname", "helo"),
        ("550 Der Anhang setup.exe ist nicht erlaubt", "attachment"),
        ("550 refusé, adresse sur liste noire", "listed"),
        ("550 Absender vom Administrator gesperrt", "entry"),
        ("421 too many concurrent sessions", "fast"),
        ("450 trop de connexions", "fast"),
        ("450 first contact of this sender, come back in 60 seconds", "first-seen"),
        ("552 Das Postfach von Lena ist voll", "full"),
        ("452 4.2.2 mailbox full", "full"),
        ("550 no space: mailbox over its quota", "full"),
        ("554 forged sender: our own domain", "own-name"),
        ("550 5.1.1 user unknown", "no-user"),
        ("550 5.1.1 no mailbox of this name, the first try was logged", "no-user"),
        ("550 closed to people who don't subscribe to this mailing list", "members"),
        ("552 disc quota exceeded", "no-room"),
        ("554 mail from 203.0.113.9 refused", "turned-away"),
    ],
)
def test_the_noun_and_what_became_of_the_message_tell_the_topic(text: str, topic: str) -> None:
    assert topic in topics_of(text)


@pytest.mark.parametrize(
    "text",
    [
        "550 5.7.1 unable to relay",
        "421 4.4.2 connection dropped",
        "552 5.3.4 message size exceeds the limit",
        "550 5.4.1 recipient address rejected: access denied",
        "530 5.7.57 client was not authenticated",
        "550 sender verify failed",
        "451 4.7.1 greylisted, try again in 300 seconds",
        "421 4.7.0 too many errors on this connection",
        "550 5.7.0 too many lookups of this mail",
        "451 4.3.0 the disk of the server is full",
        "550 5.1.1 the first try was logged",
        "550 5.7.1 the sender's IP 203.0.113.9 is unknown here",
        "504 5.5.2 extension of the command unknown",
    ],
)
def test_other_refusals_have_none_of_the_topics(text: str) -> None:
    assert topics_of(text) == frozenset()


@pytest.mark.parametrize(
    "text",
    [
        "My inbox is full, sorry for the late answer",
        "Das Postfach von Lena ist voll, sie räumt auf",
        "rate limit on our API was exceeded, please slow down",
        "we have too many connections to the database",
        "550 mail users are blocked by the new policy, says HR",
        "550 spam messages were blocked this week",
        "550 virus scanner licences were bought",
        "554 forbidden files were deleted from the share",
        "the macros in Excel are blocked",
        "It failed again. 550 5.7.1?",
        "rejected RCPT means what?",
    ],
)
def test_talk_with_the_same_words_is_no_refusal(text: str) -> None:
    assert judged((text,)).findings == ()
    assert diagnose(text).verdict == "nothing"


def test_events_and_cmdlets_refuse_no_message() -> None:
    said = Said(source=Source(1, ""), signature="virus", text="a virus was blocked", kind="event")
    assert topics(said) == frozenset()
    assert topics_of(said.text) == {"malware"}


_TABLE = tomllib.loads((Path(diagnostics.__file__).parent / "refusals.toml").read_text("utf-8"))
_PATTERNS = [
    (topic, pattern.replace("{refused}", f"(?:{'|'.join(_TABLE['refused'])})"))
    for topic in _TABLE["words"]
    for pattern in _TABLE["topics"][topic]
]


@given(st.sampled_from(_PATTERNS).flatmap(lambda each: st.tuples(st.just(each[0]), st.from_regex(re.compile(each[1])))))
@settings(max_examples=150, deadline=None)
def test_what_speaks_of_a_topic_holds_one_of_its_words(spoken: tuple[str, str]) -> None:
    topic, text = spoken
    assert any(word in text.lower() for word in _TABLE["words"][topic])
