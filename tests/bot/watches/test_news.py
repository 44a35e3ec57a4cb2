"""Watches: looked at on schedule, told of once, in the channel that wants to know."""

from __future__ import annotations

from tests.bot.conftest import everything
from tests.bot.watches.conftest import DAY, HOUR, SOON, Watched
from tests.checks.whole import DOMAIN, HEALTHY, MX
from tests.fakes.dns import Zone
from tests.oncall.policies import TEXT


async def test_a_watch_says_how_things_stand_and_then_speaks_only_of_changes(watched: Watched) -> None:
    async with watched.bot():
        await watched.command(f"watch {MX} every 6h")
        [told] = watched.world.place.ephemerals("alex")
        assert f"I watch {MX} every 6 h" in everything(told)
        [start] = watched.said()
        assert f"Watching {MX} every 6 h" in start
        assert "No fault found" in start
        assert f"the certificate of {MX} ends on" in start
        for _ in range(3):
            await watched.later(7 * HOUR)
        assert len(watched.said()) == 1
        [row] = await watched.world.rows("select count(*) as looks from check_run where asker = 'watch'")
        assert row["looks"] == 4


async def test_starttls_that_is_gone_is_told_once_and_its_return_in_the_same_message(watched: Watched) -> None:
    tls = watched.lab.smtp.tls
    async with watched.bot():
        await watched.command(f"watch {MX}")
        watched.lab.smtp.tls = None
        await watched.later(7 * HOUR)
        assert len(watched.said()) == 1  # one look proves nothing
        await watched.later(SOON)
        for _ in range(2):
            await watched.later(7 * HOUR)
        _, news = watched.said()
        assert "does not offer STARTTLS" in news
        assert "Get-ReceiveConnector" in news
        assert watched.replies(1) == []
        watched.lab.smtp.tls = tls
        await watched.later(7 * HOUR)
        await watched.later(SOON)
        _, news = watched.said()
        assert news.startswith("*Over: ")
        assert "Get-ReceiveConnector" not in news
        [line] = watched.replies(1)
        assert line.startswith("✓ Over: ")


async def test_who_was_forgotten_is_not_named_again(watched: Watched) -> None:
    tls, watched.lab.smtp.tls = watched.lab.smtp.tls, None
    async with watched.bot():
        await watched.command(f"watch {MX}")
        assert "begun by alex" in watched.said()[0].lower()
        await watched.world.rows("update watch set owner = ''")
        watched.lab.smtp.tls = tls
        await watched.later(7 * HOUR)
        await watched.later(SOON)
        assert "Begun by somebody." in watched.said()[0]


async def test_a_certificate_that_comes_to_its_end_is_told_at_each_threshold_once(watched: Watched) -> None:
    watched.show(days=40)
    async with watched.bot():
        await watched.command(f"watch {MX} every 7d")
        await watched.through(41 * DAY)
        said = watched.said()
        left = [text.split(" ends ")[1].split(",")[0] for text in said[1:-1]]
        assert left == ["in 30 days", "in 14 days", "in 7 days", "in 3 days", "within a day"]
        assert "has expired" in said[-1]
        assert "Get-ExchangeCertificate" in said[-1]


async def test_a_renewed_certificate_ends_the_warning_and_says_where_the_old_one_may_be_named(watched: Watched) -> None:
    watched.show(days=31)
    async with watched.bot():
        await watched.command(f"watch {MX} every 1d")
        await watched.later(2 * DAY)
        assert f"The certificate of {MX} ends in" in watched.said()[1]
        watched.show(days=365, issuer="stranger_between")
        await watched.later(2 * DAY)
        _, warning, *news = watched.said()
        assert warning.startswith("*Over: ")
        assert any("Over: the certificate" in line for line in watched.replies(1))
        changed = next(text for text in news if "another certificate" in text)
        assert "Before:" in changed
        assert (
            "Get-SendConnector | Where-Object { [string]$_.TlsCertificateName -eq '<I>CN=Example Public TLS CA 1"
            in changed
        )


async def test_mx_records_that_change_are_told_when_they_stay(watched: Watched) -> None:
    async with watched.bot():
        await watched.command(f"watch {DOMAIN}")
        watched.lab.dns.zone = Zone.read(HEALTHY.replace(f"MX     10 {MX}", f"MX     20 {MX}"))
        await watched.later(7 * HOUR)
        await watched.later(SOON)
        _, news = watched.said()
        assert f"The MX records of {DOMAIN} changed" in news
        assert f"Before: `10 {MX}`" in news
        assert f"Now: `20 {MX}`" in news


async def test_what_could_not_be_looked_at_is_no_change(watched: Watched) -> None:
    async with watched.bot():
        await watched.command(f"watch {MX}")
        zone = watched.lab.dns.zone
        watched.lab.dns.zone = Zone.read(f". !servfail\n{MX} !refused")
        for _ in range(3):
            await watched.later(7 * HOUR)
        watched.lab.dns.zone = zone
        await watched.later(7 * HOUR)
        assert all("Over" not in text for text in watched.said())


async def test_the_thread_of_a_change_is_a_case(watched: Watched) -> None:
    async with watched.bot():
        await watched.command(f"watch {MX}")
        watched.lab.smtp.tls = None
        await watched.later(7 * HOUR)
        await watched.later(SOON)
        ts = watched.world.place.messages("#exchange")[1]["ts"]
        paste = "451 4.7.5 STARTTLS is required for this connector, but mx1.contoso.test does not offer it"
        await watched.world.place.post("priya", "#exchange", paste, thread_ts=ts)
        await watched.world.settled(2)
        assert "does not offer STARTTLS" in watched.replies(1)[0]
        await watched.world.place.click("priya", ts, "check_host")
        await watched.world.settled(3)
        assert any("Failing" in text for text in watched.replies(1))
        await watched.world.place.click("priya", ts, "show_steps")
        await watched.world.settled(4)
        assert any("All steps" in text for text in watched.replies(1))


async def test_several_channels_share_one_look(watched: Watched) -> None:
    async with watched.bot():
        await watched.command(f"watch {MX}")
        await watched.command(f"watch {MX} every 1d", "#on-call")
        watched.show(days=5)
        for _ in range(2):
            await watched.later(7 * HOUR)
        assert [len(watched.said(channel)) for channel in ("#exchange", "#on-call")] == [2, 2]
        [row] = await watched.world.rows("select count(*) as looks from check_run where asker = 'watch'")
        assert row["looks"] == 4
        assert len(await watched.world.rows("select 1 from watched")) == 1
        await watched.command(f"unwatch {MX}")
        await watched.command(f"watch stop {MX}", "#on-call")
        assert await watched.world.rows("select 1 from watched") == []
        assert "alex ended it" in watched.said()[-1].lower()


async def test_an_expired_certificate_goes_to_whoever_is_on_call(watched: Watched) -> None:
    policy = watched.folder / "oncall.toml"
    policy.write_text(TEXT + '\n[[rules]]\nwhen = "any-failure"\nseverity = "critical"\n')
    watched.show(days=2)
    async with watched.bot(MAILFLOW_ONCALL_FILE=str(policy)):
        await watched.command(f"watch {MX}")
        assert await watched.world.rows("select 1 from page") == []
        await watched.later(3 * DAY)
        await watched.world.place.wait_for(
            lambda: [call for call in watched.world.place.calls if call.method == "conversations.open"], 10
        )
        root = next(each for each in watched.world.place.messages("#exchange") if "has expired" in everything(each))
        await watched.world.place.click("priya", root["ts"], "acknowledge_escalation")
        await watched.world.place.wait_for(
            lambda: any("has it" in everything(each) for each in watched.world.said("#exchange", root["ts"])), 10
        )
