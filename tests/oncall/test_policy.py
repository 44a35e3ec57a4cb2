"""The on-call file: the documented example works, and every mistake is told by its place and without its value."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot.oncall.composing import policy_of
from bot.oncall.policy import PolicyError, load
from bot.settings import SettingsError
from bot.settings import load as load_settings
from tests.oncall.policies import MIDNIGHT, NOON, QUIET, TEXT, policy

DOCS = Path(__file__).parents[2] / "docs" / "oncall.md"
SECRETS = {
    "MAILFLOW_PAGERDUTY_TOKEN": "t",
    "MAILFLOW_PAGERDUTY_ROUTING_KEY": "r",
    "MAILFLOW_ONCALL_WEBHOOK_SECRET": "s",
}


def examples() -> list[str]:
    return re.findall(r"```toml\n(.*?)```", DOCS.read_text(encoding="utf-8"), re.DOTALL)


def wrong(tmp_path: Path, text: str) -> tuple[str, ...]:
    path = tmp_path / "oncall.toml"
    path.write_text(text)
    with pytest.raises(PolicyError) as raised:
        load(path)
    return raised.value.sentences


def test_the_documented_example_is_whole(tmp_path: Path) -> None:
    """It loads, and shows every key that there is."""
    path = tmp_path / "oncall.toml"
    whole, europe = examples()
    path.write_text(whole + europe)
    found = load(path)
    assert found.compiled_rotas["exchange"].who(datetime(2026, 1, 5, 12, tzinfo=UTC)) == "sam"
    assert found.compiled_rotas["exchange"].who(datetime(2026, 1, 5, 22, tzinfo=UTC)) == "priya"
    assert found.pagerduty.api_url == "https://api.eu.pagerduty.com"
    assert {rule.when for rule in found.rules} == {
        "connector-outage",
        "many-reporters",
        "growing-queue",
        "unknown-cause",
        "any-failure",
    }
    unset = {name for target in found.targets.values() for name in type(target).model_fields if getattr(target, name)}
    assert unset == set(type(found.targets["lead"]).model_fields)
    assert all(name in found.model_fields_set for name in type(found).model_fields)


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ('time_zone = "Europe/Berlin"', "", "time_zone: Field required."),
        ('"Europe/Berlin"', '"Hunter2/Nowhere"', 'time_zone: must be an IANA time zone such as "Europe/Berlin".'),
        ('"Europe/Berlin"', '"../../etc/passwd"', 'time_zone: must be an IANA time zone such as "Europe/Berlin".'),
        ("rounds = 2", "round = 2", "round is not a key of this version."),
        ("rounds = 2", "rounds = 0", "rounds: Input should be greater than or equal to 1."),
        ('delay = "10m"', "delay = 10", 'levels.0.delay: must be a duration such as "90s", "10m", "2h" or "1d".'),
        ('delay = "10m"', 'delay = "0s"', 'levels.0.delay: must be "1s" or longer.'),
        (
            'slack = "U0PRIYANAI"',
            'slack = "hunter2"',
            "people.priya.slack: must be a Slack member id such as U0PRIYANAI.",
        ),
        ('rota = "exchange"', "", "targets.first: names nobody."),
        ('rota = "exchange"', 'rota = "hunter2"', "targets.first.rota names what rotas doesn't have."),
        ('"jonas"], start', '"hunter2"], start', "rotas.exchange.layers.0.people names what people doesn't have."),
        ('["first", "backup"]', '["hunter2"]', "levels.0.targets names what targets doesn't have."),
        ("start = 2026-01-05T09:00:00", "start = 2026-01-05T09:00:00Z", "rotas.exchange.layers.0.start: must have no"),
        ("start = 2026-01-05T09:00:00", "start = 9", "rotas.exchange.layers.0.start: must be written out"),
    ],
)
def test_a_mistake_is_told_by_its_place(tmp_path: Path, old: str, new: str, sentence: str) -> None:
    assert old in TEXT
    [said] = wrong(tmp_path, TEXT.replace(old, new, 1))
    assert said.startswith(sentence)
    assert "hunter2" not in said.lower()


@pytest.mark.parametrize(
    ("more", "sentence"),
    [
        ('[webhooks.x]\nurl = "http://hunter2.example/x"\n', "webhooks.x.url: must be an https:// address."),
        ('[webhooks.x]\nurl = "https://me:hunter2@example.com/x"\n', "webhooks.x.url: must be a web address."),
        ('[webhooks.x]\nurl = "file:///etc/passwd"\n', "webhooks.x.url: must be a web address."),
        ('[pagerduty]\napi_url = "http://hunter2.example"\n', "pagerduty.api_url: must be an https:// address."),
        (
            "[[maintenance]]\nfrom = 2026-01-02T00:00:00\nto = 2026-01-01T00:00:00\n",
            "maintenance.0: to must come after",
        ),
        (
            "[[maintenance]]\nfrom = 2026-01-02T00:00:00Z\nto = 2026-01-03T00:00:00\n",
            "maintenance.0: to must come after",
        ),
        ('[quiet_hours]\nhours = [{ from = "00:00", to = "00:00" }]\n', "quiet_hours: leaves no hour of the week."),
        ('[quiet_hours]\nhours = [{ from = 22, to = "07:00" }]\n', "quiet_hours.hours.0.from: must be written out"),
        (
            '[quiet_hours]\nhours = [{ from = "22:00Z", to = "07:00" }]\n',
            "quiet_hours.hours.0.from: must have no offset",
        ),
        ('[[rules]]\nwhen = "hunter2"\n', "rules.0.when: Input should be 'connector-outage'"),
        ('[[levels]]\ntargets = ["both"]\ndelay = "5m"\nhours = "office"\n', "levels distinguishes office hours, and"),
    ],
)
def test_more_mistakes_are_told_by_their_place(tmp_path: Path, more: str, sentence: str) -> None:
    [said] = wrong(tmp_path, TEXT + more)
    assert said.startswith(sentence)
    assert "hunter2" not in said


def test_every_hour_of_the_week_needs_a_level(tmp_path: Path) -> None:
    office = TEXT.replace('delay = "10m"', 'delay = "10m"\nhours = "office"').replace(
        'delay = "5m"', 'delay = "5m"\nhours = "office"'
    )
    assert wrong(tmp_path, office) == ("levels must have one for every hour of the week.",)


def test_each_mistake_gets_its_sentence(tmp_path: Path) -> None:
    assert len(wrong(tmp_path, TEXT.replace("rounds", "round") + "nobody = 1\n")) == 2


def test_what_is_no_file_or_no_toml_is_said(tmp_path: Path) -> None:
    with pytest.raises(PolicyError, match="cannot be read"):
        load(tmp_path / "nothing.toml")
    [said] = wrong(tmp_path, "time_zone = hunter2\n")
    assert said == "The on-call file is not TOML (at line 1, column 13)."


def test_a_loopback_address_may_be_plain() -> None:
    for url in ("http://127.0.0.1:8080/x", "http://localhost/x", "http://[::1]:1/x"):
        assert policy(f'[webhooks.x]\nurl = "{url}"\n').webhooks["x"].url == url


def test_maintenance_and_quiet_hours_hold_until_they_end() -> None:
    window = "[[maintenance]]\nfrom = 2026-03-24T22:00:00\nto = 2026-03-25T09:00:00+01:00\n"
    window = window.replace("to = 2026-03-25T09:00:00+01:00", "to = 2026-03-25T09:00:00")
    found = policy(QUIET + window)
    assert found.held("critical", MIDNIGHT) == ("maintenance", MIDNIGHT + timedelta(hours=9))
    assert found.held("critical", NOON) is None
    assert policy(QUIET).held("major", MIDNIGHT) == ("quiet hours", MIDNIGHT + timedelta(hours=7))
    assert policy(QUIET).held("critical", MIDNIGHT) is None


def test_what_the_file_needs_of_the_settings_is_said(tmp_path: Path) -> None:
    path = tmp_path / "oncall.toml"
    path.write_text(examples()[0])
    settings = {"MAILFLOW_ONCALL_FILE": str(path)}
    with pytest.raises(SettingsError) as raised:
        policy_of(load_settings(settings, Path("none.env")))
    assert raised.value.sentences == (
        "MAILFLOW_ONCALL_FILE: targets.night-shift.pagerduty_schedule needs MAILFLOW_PAGERDUTY_TOKEN.",
        "MAILFLOW_ONCALL_FILE: targets.lead.pagerduty needs MAILFLOW_PAGERDUTY_ROUTING_KEY.",
        "MAILFLOW_ONCALL_FILE: webhooks needs MAILFLOW_ONCALL_WEBHOOK_SECRET.",
    )
    assert policy_of(load_settings({**settings, **SECRETS}, Path("none.env")))
    assert policy_of(load_settings({}, Path("none.env"))) is None
