"""Settings that send nothing, and local programs that are missing: read where they are stated, and in no other sense."""

from __future__ import annotations

import pytest

from diagnostics.mail_facts import Configured
from diagnostics.recognisers import recognise
from diagnostics.recognisers.unsent import KIND
from diagnostics.text import Paste


def _read(text: str) -> list[str]:
    facts = (fact for each in recognise(Paste.of(text)) for fact in each.facts)
    return [fact.name for fact in facts if isinstance(fact, Configured) and fact.kind == KIND]


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("MAIL_MAILER=log", ["setting"]),
        ("    'default' => 'smtp',\n    MAIL_DRIVER = \"array\"", ["setting"]),
        ("The EMAIL_BACKEND is the console one, django.core.mail.backends.console.EmailBackend", ["setting"]),
        ("config.action_mailer.delivery_method = :letter_opener_web", ["setting"]),
        ("SMTP_HOST: mailpit", ["setting"]),
        ("ls: cannot access '/usr/sbin/sendmail': No such file or directory", ["program"]),
        ("bash: /usr/sbin/sendmail: Datei oder Verzeichnis nicht gefunden", ["program"]),
        ("report.sh: line 12: mail: command not found", ["program"]),
        ("There is no default SMTP Mail server so mails cannot be sent", ["server"]),
        # one of each is enough
        ("MAIL_MAILER=log\nMAIL_DRIVER=log\nsh: 1: /usr/sbin/sendmail: not found", ["setting", "program"]),
    ],
)
def test_what_is_stated(text: str, names: list[str]) -> None:
    assert _read(text) == names


@pytest.mark.parametrize(
    "text",
    [
        "# MAIL_MAILER=log",
        "MAIL_MAILER=log\nMAIL_MAILER=smtp",
        "MAIL_MAILER=smtp",
        "SMTP_HOST=mail.contoso.com",
        "In development we use MAIL_MAILER=log on purpose.",
        "Should MAIL_MAILER=log be set on the test server?",
        "apt install msmtp says: sendmail: command not found, then it goes on",
        "Mail: not found in the inbox, please look again",
        "I called him, the mail was not found",
        "The new mail server is not configured yet, we do it on Monday.",
        "config.action_mailer.delivery_method = :smtp",
    ],
)
def test_what_is_none(text: str) -> None:
    assert _read(text) == []
