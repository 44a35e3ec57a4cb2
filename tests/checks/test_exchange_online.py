"""Exchange Online seen in DNS: where mail is received, what SPF has to say then, and where Outlook is sent."""

from __future__ import annotations

import pytest

from diagnostics.checks.autodiscover import autodiscover
from diagnostics.checks.exchange_online import exchange_online
from tests.checks.lab import DOMAIN, detail, seen

EXO = "contoso-test.mail.protection.outlook.com"
DNSSEC = "contoso-test.o-v1.mx.microsoft"
OWN = "mail.contoso.test"
SPF = f'{DOMAIN} TXT "v=spf1 include:spf.protection.outlook.com -all"'
DKIM = f"selector1._domainkey.{DOMAIN} CNAME selector1-contoso-test._domainkey"
AUTO = f"autodiscover.{DOMAIN}"

pytestmark = pytest.mark.usefixtures("impatient")


@pytest.mark.parametrize(
    ("hosts", "outcomes"),
    [
        ([EXO], ("exo_mx",)),
        ([DNSSEC], ("exo_mx_microsoft_dnssec",)),
        ([EXO, DNSSEC], ("exo_mx", "exo_mx_microsoft_dnssec")),  # on its way from one to the other, and not mixed
        ([EXO, OWN], ("exo_mx", "exo_mixed_mx")),
        ([DNSSEC, OWN], ("exo_mx_microsoft_dnssec", "exo_mixed_mx")),
        (["contoso-test.mail.eo.outlook.com"], ("exo_mx",)),
        ([OWN], ()),
        (["mail.protection.outlook.com.contoso.test"], ()),
        (["fakemail.protection.outlook.com"], ()),
        ([], ()),
    ],
)
async def test_who_receives_the_mail(hosts: list[str], outcomes: tuple[str, ...]) -> None:
    attempt = await seen(SPF, exchange_online, DOMAIN, hosts)
    assert attempt.outcomes == outcomes


@pytest.mark.parametrize(
    ("host", "cloud", "include"),
    [
        ("contoso-test.mail.protection.partner.outlook.cn", "China (21Vianet)", "spf.protection.partner.outlook.cn"),
        ("contoso-test.mail.protection.office365.us", "US government", "spf.protection.office365.us"),
        (EXO, "worldwide", "spf.protection.outlook.com"),
    ],
)
async def test_each_cloud_has_its_own_include(host: str, cloud: str, include: str) -> None:
    right = await seen(f'{DOMAIN} TXT "v=spf1 include:{include} -all"', exchange_online, DOMAIN, [host])
    wrong = await seen(f'{DOMAIN} TXT "v=spf1 include:spf.example -all"', exchange_online, DOMAIN, [host])
    assert right.facts["clouds"] == [cloud]
    assert right.outcomes == ("exo_mx",)
    assert "exo_spf_include_missing" in wrong.outcomes


@pytest.mark.parametrize(
    ("zone", "missing"),
    [
        (f'{DOMAIN} TXT "v=spf1 -all"', True),
        (f'{DOMAIN} TXT "v=spf1 ip4:192.0.2.0/24 ip6:2001:db8::/32 mx a -all"', True),
        (f'{DOMAIN} TXT "v=spf1 include:a.test -all"\na.test TXT "v=spf1 ip4:192.0.2.1 -all"', True),
        (f'{DOMAIN} TXT "v=spf1 -include:spf.protection.outlook.com -all"', True),
        (f'{DOMAIN} TXT "v=spf1 include:a.test -all"\na.test TXT "v=spf1 include:{DOMAIN} -all"', True),
        (f'{DOMAIN} TXT "V=SPF1 Include:SPF.Protection.Outlook.com. -all"', False),
        (f'{DOMAIN} TXT "v=spf1 include:a.test -all"\na.test TXT "v=spf1 include:spf.protection.outlook.com"', False),
        (f'{DOMAIN} TXT "v=spf1 redirect=a.test"\na.test TXT "v=spf1 include:spf.protection.outlook.com"', False),
        (f'{DOMAIN} TXT "v=spf1 ip4:40.92.0.0/15 ip4:40.107.0.0/16 ip4:52.100.0.0/14 -all"', False),
        (f'{DOMAIN} TXT "v=spf1 +all"', False),
        (f'{DOMAIN} TXT "x"', False),  # no SPF at all is another word
        (f'{DOMAIN} TXT "v=spf1 -all"\n{DOMAIN} TXT "v=spf1 ~all"', False),  # and so are two
        (f'{DOMAIN} TXT "v=spf1 include:a.test -all"\na.test !servfail', False),
        (f'{DOMAIN} TXT "v=spf1 include:%{{i}}.a.test -all"', False),  # what it holds depends on who asks
        (f'{DOMAIN} TXT "v=spf1 exists:%{{i}}.a.test -all"', False),
        (f"{DOMAIN} !timeout", False),
    ],
)
async def test_spf_has_to_let_exchange_online_send(zone: str, missing: bool) -> None:
    attempt = await seen(zone, exchange_online, DOMAIN, [EXO])
    assert ("exo_spf_include_missing" in attempt.outcomes) is missing
    assert set(attempt.outcomes) <= {"exo_mx", "exo_spf_include_missing"}


async def test_an_endless_row_of_includes_ends() -> None:
    rows = "\n".join(f'n{number}.test TXT "v=spf1 include:n{number + 1}.test -all"' for number in range(100))
    attempt = await seen(f'{DOMAIN} TXT "v=spf1 include:n0.test -all"\n{rows}', exchange_online, DOMAIN, [EXO])
    assert attempt.facts["spf_includes"] is None


@pytest.mark.parametrize(
    ("zone", "tenant", "routing", "resolves"),
    [
        (SPF, "contoso", "contoso.mail.onmicrosoft.com", False),
        (f"{SPF}\ncontoso.mail.onmicrosoft.com MX 0 {EXO}", "contoso", "contoso.mail.onmicrosoft.com", True),
        (f"{SPF}\ncontoso.mail.onmicrosoft.com !servfail", "contoso", "contoso.mail.onmicrosoft.com", None),
        (
            f"{DKIM}.contosoltd.onmicrosoft.com\ncontosoltd.mail.onmicrosoft.com MX 0 {EXO}",
            "contosoltd",
            "contosoltd.mail.onmicrosoft.com",
            True,
        ),
        (
            f"{DKIM}.contosoltd.n-v1.dkim.mail.microsoft",
            "contosoltd",
            "contosoltd.mail.onmicrosoft.com",
            False,
        ),
    ],
)
async def test_the_tenant_and_where_hybrid_mail_goes(
    zone: str, tenant: str, routing: str, resolves: bool | None
) -> None:
    facts = (await seen(zone, exchange_online, DOMAIN, [EXO])).facts
    assert (facts["tenant"], facts["routing_domain"], facts["routing_domain_resolves"]) == (tenant, routing, resolves)


async def test_a_hybrid_domain_that_receives_on_premises_still_shows_its_tenant() -> None:
    hybrid = await seen(f"{DKIM}.contoso.onmicrosoft.com", exchange_online, DOMAIN, [OWN])
    stranger = await seen("other.test TXT x", exchange_online, DOMAIN, [OWN])
    assert (hybrid.facts["tenant"], hybrid.status, hybrid.outcomes) == ("contoso", "done", ())
    assert (stranger.status, stranger.outcomes) == ("skipped", ())


async def test_a_name_of_the_past_is_told() -> None:
    attempt = await seen(SPF, exchange_online, DOMAIN, [EXO, "contoso-test.mail.eo.outlook.com"])
    assert attempt.facts["legacy"] == ["contoso-test.mail.eo.outlook.com"]


async def test_the_other_way_in_is_named() -> None:
    attempt = await seen(SPF, exchange_online, DOMAIN, [EXO, OWN, "mx.fabrikam.test"])
    assert detail(attempt, "exo_mixed_mx") == f"{OWN}, mx.fabrikam.test"


@pytest.mark.parametrize(
    ("zone", "points", "status"),
    [
        (f"{AUTO} CNAME autodiscover.outlook.com", "Exchange Online", "done"),
        (
            f"{AUTO} CNAME autodiscover.outlook.com\nautodiscover.outlook.com CNAME far.test\nfar.test A 127.0.0.1",
            "Exchange Online",
            "done",
        ),
        (f"{AUTO} A 127.0.0.10", "a host of its own", "done"),
        (f"_autodiscover._tcp.{DOMAIN} SRV 0 0 443 mail.contoso.test", "a host of its own", "done"),
        (f"_autodiscover._tcp.{DOMAIN} SRV 0 0 443 autodiscover.outlook.com", "Exchange Online", "done"),
        (f"{DOMAIN} TXT x", "nowhere", "done"),
        (f"{AUTO} !servfail", "unknown", "unavailable"),
        (f"{AUTO} !timeout", "unknown", "unavailable"),
    ],
)
async def test_where_outlook_is_sent(zone: str, points: str, status: str) -> None:
    attempt = await seen(zone, autodiscover, DOMAIN)
    assert (attempt.facts["points_to"], attempt.status, attempt.outcomes) == (points, status, ())
