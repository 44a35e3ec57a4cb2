"""DMARC records: each word about them, and what comes close to it."""

from __future__ import annotations

import pytest

from diagnostics.checks.dmarc import dmarc
from diagnostics.checks.dmarc_record import report_hosts
from diagnostics.network import DnsReply
from diagnostics.network.recorded import RecordedNetwork
from tests.checks.lab import DOMAIN, detail, made, seen
from tests.fakes.dns import txt

SUB = f"news.{DOMAIN}"


def dmarc_at(name: str, text: str) -> str:
    return f"{name} A 127.0.0.10\n_dmarc.{name} TXT {txt(text)}\n"


def own(text: str) -> str:
    return dmarc_at(DOMAIN, text)


MAILTO = "v=DMARC1; p=reject; rua=mailto:d@"


@pytest.mark.parametrize(
    ("zone", "outcomes"),
    [
        (own("v=DMARC1; p=reject"), ()),
        (own("v=DMARC1;p=QUARANTINE;"), ()),
        (own("v = DMARC1 ; sp=none ; p = reject"), ()),  # sp is for subdomains
        (own("v=DMARC1; p=reject; nonsense; x=y"), ()),  # receivers pass over what they don't know
        (own("v=DMARC1; p=reject") + f"_dmarc.{DOMAIN} TXT something-else", ()),
        (f"{DOMAIN} A 127.0.0.10", ("dmarc_missing",)),
        (f'{DOMAIN} A 127.0.0.10\n*.{DOMAIN} TXT "v=spf1 -all"', ("dmarc_missing",)),
        (own("v=DMARC1 p=reject"), ("dmarc_missing",)),
        (own("v=dmarc1; p=reject"), ("dmarc_missing",)),
        (own("p=reject; v=DMARC1"), ("dmarc_missing",)),
        (own("v=DMARC1; p=rejct"), ("dmarc_missing",)),
        (own("v=DMARC1"), ("dmarc_missing",)),
        (own("v=DMARC1; p=reject; sp=maybe"), ("dmarc_missing",)),
        (own("v=DMARC1; p=rejct; rua=mailto:d@contoso.test"), ("dmarc_policy_none",)),
        (own("v=DMARC1; p=reject") + f"_dmarc.{DOMAIN} TXT {txt('v=DMARC1; p=none')}", ("dmarc_multiple",)),
        (own("v=DMARC1; p=none"), ("dmarc_policy_none",)),
        (own("v=DMARC1; p=none; sp=reject"), ("dmarc_policy_none",)),
        # reports
        (own(f"{MAILTO}contoso.test"), ()),
        (own(f"{MAILTO}reports.contoso.test!10m"), ()),
        (own(f"{MAILTO}vendor.test"), ("dmarc_external_rua_unauthorized",)),
        (own("v=DMARC1; p=reject; ruf=mailto:d@vendor.test"), ("dmarc_external_rua_unauthorized",)),
        (own(f"{MAILTO}vendor.test") + f"{DOMAIN}._report._dmarc.vendor.test TXT v=DMARC1", ()),
        (own(f"{MAILTO}vendor.test") + "*._report._dmarc.vendor.test TXT v=DMARC1", ()),
        (
            own(f"{MAILTO}vendor.test") + f"{DOMAIN}._report._dmarc.vendor.test TXT v=spf1",
            ("dmarc_external_rua_unauthorized",),
        ),
        (
            own(f"{MAILTO}contoso.test,mailto:d@vendor.test,mailto:d@other.test")
            + f"{DOMAIN}._report._dmarc.vendor.test TXT v=DMARC1",
            ("dmarc_external_rua_unauthorized",),
        ),
        (own("v=DMARC1; p=none; rua=mailto:d@vendor.test"), ("dmarc_policy_none", "dmarc_external_rua_unauthorized")),
        (own("v=DMARC1; p=reject; rua=nonsense, mailto:nobody, ftp://vendor.test/"), ()),
    ],
)
async def test_dmarc_records_are_named_in_their_own_words(zone: str, outcomes: tuple[str, ...]) -> None:
    attempt = await seen(zone, dmarc, DOMAIN)
    assert (attempt.outcomes, attempt.status) == (outcomes, "done")
    assert (attempt.check, attempt.subject) == ("dmarc", DOMAIN)


@pytest.mark.parametrize(
    ("zone", "outcomes", "policy"),
    [
        (own("v=DMARC1; p=reject"), (), "reject"),
        (own("v=DMARC1; p=reject; sp=none"), ("dmarc_policy_none",), "none"),
        (own("v=DMARC1; p=none; sp=quarantine"), (), "quarantine"),
        (own("v=DMARC1; p=none") + dmarc_at(SUB, "v=DMARC1; p=reject"), (), "reject"),
        (own("v=DMARC1; p=reject") + dmarc_at("a.news.contoso.test", "v=DMARC1; p=none"), (), "reject"),
        (f"{DOMAIN} A 127.0.0.10", ("dmarc_missing",), None),
        (own("v=DMARC1; p=reject") + f"_dmarc.{DOMAIN} TXT {txt('v=DMARC1; p=none')}", ("dmarc_multiple",), None),
        (f"_dmarc.test TXT {txt('v=DMARC1; p=reject; psd=y')}", (), "reject"),  # a public suffix with a policy
        (own("v=DMARC1; p=quarantine") + f"_dmarc.test TXT {txt('v=DMARC1; p=reject; psd=y')}", (), "quarantine"),
        (own("v=DMARC1; p=quarantine; psd=n") + f"_dmarc.test TXT {txt('v=DMARC1; p=reject')}", (), "quarantine"),
    ],
)
async def test_a_subdomain_has_what_its_organization_asks(
    zone: str, outcomes: tuple[str, ...], policy: str | None
) -> None:
    attempt = await seen(f"{zone}\n{SUB} A 127.0.0.10", dmarc, SUB)
    assert (attempt.outcomes, attempt.facts.get("policy")) == (outcomes, policy)


async def test_reports_to_a_sibling_stay_in_the_organization() -> None:
    zone = own("v=DMARC1; p=reject") + dmarc_at(SUB, f"{MAILTO}reports.contoso.test")
    assert (await seen(zone, dmarc, SUB)).outcomes == ()


async def test_a_long_name_is_walked_in_eight_steps() -> None:
    deep = f"a.b.c.d.e.f.g.h.i.j.{DOMAIN}"
    network = RecordedNetwork(
        [
            DnsReply(deep, "A", "answer", ("127.0.0.1",)),
            DnsReply(f"_dmarc.{DOMAIN}", "TXT", "answer", ("v=DMARC1; p=reject",)),
        ]
    )
    attempt = await made(network, dmarc, deep)
    assert (attempt.facts["found_at"], attempt.outcomes) == (DOMAIN, ())
    walked = [name for name, _ in network.asked if name.startswith("_dmarc.")]
    assert (walked[0], walked[1], len(walked)) == (f"_dmarc.{deep}", f"_dmarc.f.g.h.i.j.{DOMAIN}", 8)


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize(
    ("zone", "said"),
    [
        (f"_dmarc.{DOMAIN} !servfail", "the TXT records of _dmarc.contoso.test could not be looked up (SERVFAIL)"),
        (
            f"_dmarc.{DOMAIN} !timeout",
            "the TXT records of _dmarc.contoso.test could not be looked up (no answer in time)",
        ),
        (
            own(f"{MAILTO}vendor.test") + f"{DOMAIN}._report._dmarc.vendor.test !servfail",
            "whether vendor.test takes the reports could not be looked up",
        ),
        (
            own(f"{MAILTO}vendor.test") + "_dmarc.vendor.test !refused",
            "whether vendor.test takes the reports could not be looked up",
        ),
    ],
)
async def test_what_could_not_be_looked_up_is_not_bad(zone: str, said: str) -> None:
    attempt = await seen(f"{zone}\n{DOMAIN} A 127.0.0.10", dmarc, DOMAIN)
    assert (attempt.status, attempt.reason, attempt.outcomes) == ("unavailable", said, ())


async def test_a_parent_that_fails_leaves_open_what_a_subdomain_inherits() -> None:
    attempt = await seen(f"{SUB} A 127.0.0.10\n_dmarc.{DOMAIN} !servfail", dmarc, SUB)
    assert (attempt.status, attempt.outcomes) == ("unavailable", ())


async def test_a_top_level_domain_that_fails_hides_nothing() -> None:
    attempt = await seen(f"{DOMAIN} A 127.0.0.10\n_dmarc.test !refused", dmarc, DOMAIN)
    assert (attempt.status, attempt.outcomes) == ("done", ("dmarc_missing",))


async def test_a_domain_that_does_not_exist_lacks_no_record() -> None:
    attempt = await seen("other.test A 127.0.0.1", dmarc, DOMAIN)
    assert (attempt.status, attempt.outcomes) == ("skipped", ())


@pytest.mark.parametrize(
    ("text", "outcome", "said"),
    [
        ("v=DMARC1 p=reject", "dmarc_missing", "“v=DMARC1 p=reject” is not read as one"),
        (
            "v=DMARC1; p=rejct",
            "dmarc_missing",
            "a record is there, and receivers ignore it because p=rejct is no policy",
        ),
        ("v=DMARC1; pct=50", "dmarc_missing", "a record is there, and receivers ignore it because it has no p tag"),
        (
            "v=DMARC1; sp=x; p=reject; rua=mailto:d@contoso.test",
            "dmarc_policy_none",
            "that is how receivers read it: sp=x is no policy",
        ),
        (
            f"{MAILTO}vendor.test",
            "dmarc_external_rua_unauthorized",
            "no record v=DMARC1 is at contoso.test._report._dmarc.vendor.test",
        ),
    ],
)
async def test_the_detail_says_what_is_wrong(text: str, outcome: str, said: str) -> None:
    assert detail(await seen(own(text), dmarc, DOMAIN), outcome) == said


def test_only_addresses_have_hosts() -> None:
    text = "mailto:a@B.test!1m, mailto:a@b.test, https://c.test:8443/x, mailto:b.test, mailto:@d.test, tel:1, https://[bad, x@y"
    assert report_hosts(text) == ("b.test", "c.test")
