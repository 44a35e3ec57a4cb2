"""SPF records: each word about them, what comes close to it, and what the facts say."""

from __future__ import annotations

import pytest

from diagnostics.checks.spf import merged, spf
from tests.checks.lab import DOMAIN, detail, seen
from tests.fakes.dns import txt


def record(text: str, name: str = DOMAIN) -> str:
    return f"{name} TXT {txt(text)}\n"


def includes(count: int, *, of: str = "v=spf1 ip4:203.0.113.1 ?all") -> str:
    """A domain that includes `count` others."""
    names = [f"i{number}.test" for number in range(count)]
    return record("v=spf1 " + " ".join(f"include:{name}" for name in names) + " -all") + "".join(
        record(of, name) for name in names
    )


MISSING = f"{DOMAIN} A 127.0.0.10\n"


@pytest.mark.parametrize(
    ("zone", "outcomes"),
    [
        (record("v=spf1 mx ip4:203.0.113.0/24 -all") + f"{DOMAIN} MX 10 mail.{DOMAIN}", ()),
        (record("V=SPF1"), ()),  # empty: neutral for everybody
        (record("v=spf1 ~all") + record("google-site-verification=x") + record("spf2.0/pra -all"), ()),
        (MISSING, ("spf_missing",)),
        (record("v=spf10 -all"), ("spf_missing",)),
        (record("v=spf1;-all"), ("spf_missing",)),
        (record("v=spf1 -all") + record("v=spf1 mx -all"), ("spf_multiple",)),
        (record("v=spf1 -all") + record("v=spf1"), ("spf_multiple",)),
        # what can't be evaluated
        (record("v=spf1 ipv4:203.0.113.1 -all"), ("spf_permerror",)),
        (record("v=spf1 ip4:203.0.113.999 -all"), ("spf_permerror",)),
        (record("v=spf1 ip4:203.0.113.0/33 -all"), ("spf_permerror",)),
        (record("v=spf1 include:gone.test -all"), ("spf_permerror",)),
        (record("v=spf1 include:empty.test -all") + "empty.test A 127.0.0.1", ("spf_permerror",)),
        (record("v=spf1 redirect=gone.test"), ("spf_permerror",)),
        (record("v=spf1 redirect=a.test redirect=b.test"), ("spf_permerror",)),
        (record("v=spf1 include:a.test -all") + record("v=spf1 bogus -all", "a.test"), ("spf_permerror",)),
        (
            record("v=spf1 include:a.test -all") + 2 * record("v=spf1 -all", "a.test") + record("v=spf1", "a.test"),
            ("spf_permerror",),
        ),
        (record(f"v=spf1 include:{DOMAIN} -all"), ("spf_permerror",)),
        (record("v=spf1 include:a.test -all") + record(f"v=spf1 redirect={DOMAIN}", "a.test"), ("spf_permerror",)),
        (record("v=spf1 " + "ip4:203.0.113.1 " * 2_000 + "-all"), ("spf_permerror",)),  # longer than is read
        (record("v=spf1 mx -all") + "".join(f"{DOMAIN} MX 10 m{n}.test\n" for n in range(11)), ("spf_permerror",)),
        (record("v=spf1 mx -all") + "".join(f"{DOMAIN} MX 10 m{n}.test\n" for n in range(10)), ()),
        (record("v=spf1 -all include:gone.test"), ()),  # nobody comes to it
        (record("v=spf1 -all redirect=gone.test"), ()),
        (record("v=spf1 include:%{i}.gone.test -all"), ()),  # depends on who sends
        (record("v=spf1 include:a.test include:a.test -all") + record("v=spf1 ?all", "a.test"), ()),  # twice is no loop
        # everybody may send
        (record("v=spf1 +all"), ("spf_plus_all",)),
        (record("v=spf1 mx all") + f"{DOMAIN} MX 10 mail.{DOMAIN}", ("spf_plus_all",)),
        (record("v=spf1 ip4:0.0.0.0/0 -all"), ("spf_plus_all",)),
        (record("v=spf1 redirect=a.test") + record("v=spf1 +all", "a.test"), ("spf_plus_all",)),
        (record("v=spf1 include:a.test -all") + record("v=spf1 +all", "a.test"), ("spf_plus_all",)),
        (record("v=spf1 -all +all"), ()),
        (record("v=spf1 ?all"), ()),
        (record("v=spf1 ?include:a.test -all") + record("v=spf1 +all", "a.test"), ()),
        (record("v=spf1 include:a.test -all") + record("v=spf1 -all", "a.test"), ()),
        # look-ups
        (includes(10), ()),
        (includes(11), ("spf_too_many_lookups",)),
        (includes(5, of=f"v=spf1 a:{DOMAIN} ?all") + MISSING, ()),
        (includes(6, of=f"v=spf1 a:{DOMAIN} ?all") + MISSING, ("spf_too_many_lookups",)),
        (record("v=spf1 " + "ip4:203.0.113.1 " * 60 + "-all"), ()),
        (record("v=spf1 ptr -all " + "a " * 11), ()),
        # look-ups that find nothing
        (record("v=spf1 a:g1.test a:g2.test -all"), ()),
        (record("v=spf1 a:g1.test mx:g2.test exists:g3.test -all"), ("spf_void_lookups",)),
        (record("v=spf1 a:six.test a:g2.test a:g3.test -all") + "six.test AAAA ::1", ()),
        (
            record("v=spf1 a:g1.test include:a.test -all") + record("v=spf1 a:g2.test a:g3.test ?all", "a.test"),
            ("spf_void_lookups",),
        ),
        (record("v=spf1 exists:%{i}.a.test exists:%{i}.b.test exists:%{l}.c.test -all"), ()),
        # several faults, each with its word
        (
            record("v=spf1 " + "".join(f"include:g{n}.test " for n in range(11)) + "+all"),
            ("spf_permerror", "spf_too_many_lookups", "spf_plus_all"),
        ),
    ],
)
async def test_spf_records_are_named_in_their_own_words(zone: str, outcomes: tuple[str, ...]) -> None:
    attempt = await seen(zone, spf, DOMAIN)
    assert (attempt.outcomes, attempt.status) == (outcomes, "done")
    assert (attempt.check, attempt.subject) == ("spf", DOMAIN)


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize(
    ("zone", "said"),
    [
        (f"{DOMAIN} !servfail", "the TXT records of contoso.test could not be looked up (SERVFAIL)"),
        (f"{DOMAIN} !timeout", "the TXT records of contoso.test could not be looked up (no answer in time)"),
        (f"{DOMAIN} !garbage", "the TXT records of contoso.test could not be looked up (SERVFAIL)"),
        (
            record("v=spf1 include:a.test -all") + "a.test !refused",
            "the TXT records of a.test could not be looked up (the resolver refused)",
        ),
        (
            record("v=spf1 a:a.test a:g2.test a:g3.test -all") + "a.test !servfail",
            "the A records of a.test could not be looked up (SERVFAIL)",
        ),
    ],
)
async def test_what_could_not_be_looked_up_is_not_missing(zone: str, said: str) -> None:
    attempt = await seen(zone, spf, DOMAIN)
    assert (attempt.status, attempt.reason, attempt.outcomes) == ("unavailable", said, ())


async def test_what_was_seen_stands_beside_what_was_not() -> None:
    attempt = await seen(record("v=spf1 include:a.test +all") + "a.test !servfail", spf, DOMAIN)
    assert (attempt.status, attempt.outcomes) == ("unavailable", ("spf_plus_all",))


async def test_records_too_long_to_walk_are_not_called_sound() -> None:
    attempt = await seen(includes(8, of="v=spf1 " + "ip4:203.0.113.1 " * 1_000), spf, DOMAIN)
    assert (attempt.status, attempt.reason) == ("unavailable", "its records are too long to be read to the end")


async def test_a_domain_that_does_not_exist_lacks_no_record() -> None:
    attempt = await seen("other.test A 127.0.0.1", spf, DOMAIN)
    assert (attempt.status, attempt.outcomes) == ("skipped", ())


@pytest.mark.parametrize(
    ("zone", "outcome", "said"),
    [
        (record("v=spf1;-all"), "spf_missing", "“v=spf1;-all” is not read as one: a record begins with “v=spf1 ”"),
        (record('"v=spf1 -all"'), "spf_missing", '“"v=spf1 -all"” is not read as one: a record begins with “v=spf1 ”'),
        (
            record("v=spf1 a:203.0.113.7 -all"),
            "spf_permerror",
            "in “a:203.0.113.7”: “203.0.113.7” is not a name: it ends in “7”",
        ),
        (record("v=spf1 include:gone.test -all"), "spf_permerror", "include:gone.test leads to no SPF record"),
        (record(f"v=spf1 include:{DOMAIN} -all"), "spf_permerror", "include:contoso.test leads back to itself"),
        (includes(11), "spf_too_many_lookups", "11 are needed"),
        (
            record("v=spf1 a:x.test a:y.test a:z.test -all"),
            "spf_void_lookups",
            "nothing is found at a:x.test, a:y.test, a:z.test",
        ),
        (record("v=spf1 include:a.test -all") + record("v=spf1 +all", "a.test"), "spf_plus_all", "because of “+all”"),
    ],
)
async def test_the_detail_names_the_term(zone: str, outcome: str, said: str) -> None:
    assert detail(await seen(zone, spf, DOMAIN), outcome) == said


async def test_facts_show_what_costs_how_much() -> None:
    zone = (
        record("v=spf1 a include:a.test ip4:203.0.113.0/24 ~all")
        + record("v=spf1 include:b.test ip6:2001:db8::/32 ?all", "a.test")
        + record("v=spf1 mx ptr exists:%{i}.c.test ?all", "b.test")
        + "b.test MX 10 mail.b.test\ncontoso.test A 127.0.0.1"
    )
    facts = (await seen(zone, spf, DOMAIN)).facts
    assert (facts["lookups"], facts["ranges"], facts["all"]) == (6, 2, "~all")
    assert facts["includes"] == ["a.test", "b.test"]
    assert facts["unfollowed"] == ["exists:%{i}.c.test"]
    assert [(row["depth"], row["term"], row["lookups"]) for row in facts["tree"]] == [
        (0, "a", 1),
        (0, "include:a.test", 5),
        (1, "include:b.test", 4),
        (2, "mx", 1),
        (2, "ptr", 1),
        (2, "exists:%{i}.c.test", 1),
    ]


@pytest.mark.parametrize(
    ("ip", "result", "path"),
    [
        ("203.0.113.9", "pass", ["include:a.test", "ip4:203.0.113.0/24"]),
        ("::ffff:203.0.113.9", "pass", ["include:a.test", "ip4:203.0.113.0/24"]),
        ("127.0.0.10", "pass", ["a"]),
        ("198.51.100.1", "softfail", ["redirect=b.test", "~all"]),
        ("2001:db8::1", "softfail", ["redirect=b.test", "~all"]),
    ],
)
async def test_an_address_is_told_which_term_matches(ip: str, result: str, path: list[str]) -> None:
    zone = record("v=spf1 a include:a.test redirect=b.test") + record("v=spf1 ip4:203.0.113.0/24 -all", "a.test")
    attempt = await seen(MISSING + zone + record("v=spf1 ~all", "b.test"), spf, DOMAIN, ip=ip)
    assert (attempt.facts["address"]["result"], attempt.facts["address"]["path"]) == (result, path)
    assert attempt.outcomes == ()


@pytest.mark.parametrize(
    ("zone", "result", "why"),
    [
        (MISSING, "none", "contoso.test has no SPF record"),
        (includes(11), "permerror", "more than 10 look-ups are needed, at “include:i10.test”"),
        (
            record("v=spf1 include:a.test -all") + "a.test !servfail",
            "temperror",
            "the TXT records of a.test could not be looked up (SERVFAIL)",
        ),
    ],
)
async def test_why_an_address_gets_no_answer(zone: str, result: str, why: str) -> None:
    address = (await seen(zone, spf, DOMAIN, ip="198.51.100.1")).facts["address"]
    assert (address["result"], address["why"]) == (result, why)


async def test_mail_servers_without_the_senders_family_are_no_void_lookups() -> None:
    hosts = "".join(f"{DOMAIN} MX 10 m{n}.test\nm{n}.test A 127.0.0.{n}\n" for n in range(1, 5))
    address = (await seen(record("v=spf1 mx -all") + hosts, spf, DOMAIN, ip="2001:db8::1")).facts["address"]
    assert address["result"] == "fail"


async def test_the_owners_explanation_is_shown() -> None:
    zone = record("v=spf1 -all exp=why.test") + record("%{c} may not send as %{d}", "why.test")
    address = (await seen(zone, spf, DOMAIN, ip="198.51.100.1")).facts["address"]
    assert address["explanation"] == "198.51.100.1 may not send as contoso.test"


@pytest.mark.parametrize(
    ("records", "whole"),
    [
        (["v=spf1 mx -all", "v=spf1 include:a.test ~all"], "v=spf1 mx include:a.test ~all"),
        (["v=spf1 mx a -all", "v=spf1 a mx ip4:203.0.113.1"], "v=spf1 mx a ip4:203.0.113.1 -all"),
        (["v=spf1 mx -all", "v=spf1 redirect=a.test"], ""),
        (["v=spf1 mx -all", "v=spf1 +all"], ""),
        (["v=spf1 mx -all", "v=spf1 rubbish"], ""),
    ],
)
def test_several_records_are_merged_where_that_is_safe(records: list[str], whole: str) -> None:
    assert merged(records) == whole
