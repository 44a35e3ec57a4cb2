"""Redaction: no planted secret survives, whatever surrounds it, and a redacted case is judged as it was before."""

from __future__ import annotations

import base64
from pathlib import Path
from time import process_time

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from diagnostics.redaction import Redactor, redacted
from tests.casefile import Case, believed, judged

_CASES = sorted((Path(__file__).parent.parent / "cases").rglob("*.md"))

letters = st.characters(codec="ascii", categories=["Ll", "Lu"])
word = st.text(st.characters(codec="ascii", categories=["Ll", "Lu", "Nd"]), min_size=6, max_size=16)
secret = st.builds("{}{}{}".format, letters, word, st.integers(0, 9))
around = st.text(max_size=30) | st.sampled_from(
    [
        "",
        "to=<",
        "RCPT TO:<",
        '"',
        "'",
        ";",
        ",",
        "mailto:",
        "sender=",
        "https://",
        "[",
        "(",
        "\\",
        "\t",
        "a",
        "7",
        "=",
        "+",
    ]
)
domain = st.sampled_from(["fabrikam.com", "mx1.contoso.co.uk", "corp.local", "bücher.example", "[192.0.2.5]", "server"])


def encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def gone(planted: str, text: str) -> None:
    """Neither way of redacting leaves it; the marks stay what they are the second time."""
    assert planted in text
    marked = redacted(text)
    assert planted not in marked
    assert redacted(marked) == marked
    assert planted not in Redactor()(text)
    assert planted not in Redactor(keep_domains=True, hide_ips=True)(text)


@given(before=around, local=secret, at=st.sampled_from(["@", "%40", "&#64;", "＠"]), domain=domain, after=around)
@example(before='"', local="samuel1", at="@", domain="fabrikam.com", after='"@')
@example(before="a@", local="samuel1", at="@", domain="fabrikam.com", after="@b")
@example(before="/@", local="A0000000", at="@", domain="fabrikam.com", after="")
def test_no_address_survives(before: str, local: str, at: str, domain: str, after: str) -> None:
    gone(local, f"{before}{local}{at}{domain}{after}")


@given(before=around, first=secret, last=secret, join=st.sampled_from(".+-_='/"), after=around)
@example(before="", first="A0000000", last="A000AC00I000", join=".", after="")
@example(before="", first="samuel1x", last="xoxb-1234567890", join=".", after="")
@example(before="https://", first="A0000000", last="A000AC00I000", join=".", after="")
@example(before="0@", first="A0000000", last="Aae1fWxa2", join="+", after="")
@example(before="0@", first="A0000000", last="Aae1fWxa2", join="/", after="")
def test_no_part_of_an_address_survives(before: str, first: str, last: str, join: str, after: str) -> None:
    assume(first not in last and last not in first)
    text = f"{before}{first}{join}{last}@fabrikam.com{after}"
    gone(first, text)
    gone(last, text)


@given(before=around, name=secret, after=around)
@example(before="://", name="A0000000", after=",0@")
def test_no_quoted_or_encapsulated_address_survives(before: str, name: str, after: str) -> None:
    gone(name, f'{before}"{name} x"@fabrikam.com{after}')
    gone(name, f"{before}IMCEAEX-_o=ExchangeLabs_ou=Group_cn=Recipients_cn={name}@fabrikam.com{after}")
    gone(name, f"{before}SRS0=Ab1=XY=contoso.com={name}@fabrikam.com{after}")
    gone(name, f"{before}/o=ExchangeLabs/ou=Group/cn=Recipients/cn={name}{after}")


@given(before=around, name=secret, header=st.sampled_from(["Message-ID", "In-Reply-To", "References"]), after=around)
def test_no_message_id_survives(before: str, name: str, header: str, after: str) -> None:
    gone(name, f"{before}<{name}@mail.fabrikam.com>{after}")
    gone(name, f"{before}\n{header}: <other@contoso.com> <{name}>\n{after}")


@given(
    before=around,
    said=secret,
    auth=st.sampled_from(["AUTH PLAIN", "AUTH LOGIN", "auth xoauth2", "AUTH NTLM"]),
    after=around,
)
def test_nothing_that_follows_auth_survives(before: str, said: str, auth: str, after: str) -> None:
    gone(encoded(said).rstrip("="), f"{before}{auth} {encoded(said)}{after}")


@pytest.mark.parametrize(
    "arrow", ["", "<- ", "C: ", " -> ", "~> ", "2026-11-18T08:12:44.114Z,EX01,08DE,3,192.0.2.1:25,192.0.2.2:5,<,"]
)
@given(before=st.text(max_size=20), name=secret, password=secret, after=st.text(max_size=20))
def test_no_answer_to_auth_login_survives(arrow: str, before: str, name: str, password: str, after: str) -> None:
    asked = f"{before}\n{arrow}AUTH LOGIN\n334 VXNlcm5hbWU6\n{arrow}{encoded(name)}\n"
    text = f"{asked}334 UGFzc3dvcmQ6\n{arrow}{encoded(password)}\n235 2.7.0 Authentication successful\n{after}"
    gone(encoded(password).rstrip("="), text)
    assert encoded(name) not in redacted(text)
    assert "235 2.7.0 Authentication successful" in redacted(text)


@given(before=around, name=secret, password=secret, after=around)
def test_no_credentials_in_base64_survive(before: str, name: str, password: str, after: str) -> None:
    for said in (f"\0{name}\0{password}", f"{name}:{password}", f"user={name}\x01auth=Bearer {password}\x01\x01"):
        planted = encoded(said).rstrip("=")
        assume(not planted.isalpha())
        gone(planted, f"{before}{planted}{after}")


@given(before=around, said=secret, after=around)
def test_no_token_survives(before: str, said: str, after: str) -> None:
    gone(said, f"{before}xoxb-123456-{said}{after}")
    gone(said, f"{before}xoxe.xoxp-1-{said}{after}")
    gone(said, f"{before}xapp-1-A0-{said}{after}")
    gone(said, f"{before}Authorization: Bearer {said}{after}")
    gone(said, f"{before}eyJhbGciOiJI.eyJzdWIiOiI.{said}{after}")
    gone(said, f"{before}https://hooks.slack.com/services/T0/B0/{said}{after}")
    gone(said, f"{before}postgresql://mailflow:{said}@db.contoso.com{after}")
    gone(said, f"{before}client_secret={said}{after}")
    gone(said, f"{before}\n-----BEGIN RSA PRIVATE KEY-----\n{said}\n{after}")


@pytest.mark.parametrize(
    "written",
    [
        "Password='{}'",
        'pwd = "{}";',
        "Passwort: „{}“",
        "Kennwort=‘{}’",
        "token='{}'",
        '{{"client_secret": "{}", "x": 1}}',
        '{{\\"password\\": \\"{}\\", \\"x\\": 1}}',
        "(ConvertTo-SecureString '{}' -AsPlainText -Force)",
        'ConvertTo-SecureString -AsPlainText -Force -String "{}"',
        "'{}' | ConvertTo-SecureString -AsPlainText -Force",
        "New-Object System.Net.NetworkCredential('svc-relay', '{}')",
        'PSCredential -ArgumentList "svc-relay", "{}"',
        "New-Mailbox -Name Sam -Password '{}'",
        'net use \\\\srv\\share "{}" /user:CONTOSO\\sam',
        'net use Z: \\\\srv\\share /user:sam "{}" /persistent:no',
    ],
)
@given(before=around, first=secret, last=secret, after=around)
def test_no_quoted_password_survives(written: str, before: str, first: str, last: str, after: str) -> None:
    """However it is written, to its closing quote."""
    assume(first not in last and last not in first)
    text = f"{before}\n{written.format(f'{first} {last}')}\n{after}"
    gone(first, text)
    gone(last, text)


@pytest.mark.parametrize(
    "written",
    [
        "Passwort: {}",
        "kennwort={}",
        "token={}",
        "# pw: {}",
        "/pass:{}",
        "ConvertTo-SecureString {} -AsPlainText -Force",
        "Get-Thing -Force -SmtpPassword {} -Verbose",
        "net use \\\\srv /user:sam {}",
        "net use \\\\srv {} /user:sam",
    ],
)
@given(before=around, said=secret, after=around)
def test_no_bare_password_survives(written: str, before: str, said: str, after: str) -> None:
    gone(said, f"{before}\n{written.format(said)}\n{after}")


@given(text=st.text())
def test_any_text_is_taken(text: str) -> None:
    assert redacted(redacted(text)) == redacted(text)
    Redactor(hide_ips=True)(text)


@pytest.mark.parametrize(
    "said",
    [
        "250-AUTH LOGIN PLAIN XOAUTH2",
        "535 5.7.3 Authentication unsuccessful",
        "auth login failed",
        "SMTP AUTH is disabled; see https://aka.ms/smtp_auth_disabled",
        "4.4.7 QUEUE.Expired; message expired",
        "3C0FFEE1A2B3C4D5E6F708192A3B4C5D6E7F8091",
        "smtplib.SMTPRecipientsRefused: 550 5.7.1 Unable to relay",
        "Get-TransportRule | fl AnyOfRecipientAddressMatchesPatterns",
        "Basic authentication is switched off",
        "Invalid token: expired",
        "ConvertTo-SecureString : The term is not recognized",
        "ConvertTo-SecureString $plain -AsPlainText -Force",
        "the -Password parameter is missing; 'password=' is not a known keyword of 'x'",
        "PublicKeyToken=31bf3856ad364e35",
        "net use \\\\srv\\share fails",
        "dkim=pass header.d=contoso.com; spf=pass; compauth=pass reason=100",
        "12:03:11 EX01.contoso.com [10.0.0.5]:25 TLS 1.2",
    ],
)
def test_what_tells_the_failure_stays(said: str) -> None:
    assert redacted(said) == said
    assert Redactor()(said) == said


def test_the_same_is_the_same_through_all_texts_of_a_case() -> None:
    redact = Redactor()
    first = redact("From: Sam.Jones@fabrikam.com\nTo: kim@contoso.com\nMX of fabrikam.com: mx1.fabrikam.com")
    assert first == "From: user1@d1.example\nTo: user2@d2.example\nMX of d1.example: mx1.d1.example"
    assert redact("sam.jones@FABRIKAM.com at mail.contoso.com") == "user1@d1.example at mail.d2.example"
    assert redact("Alias : kim\nGet-Mailbox sam.jones") == "Alias : user2\nGet-Mailbox user1"
    assert redact("kim@contoso.mail.onmicrosoft.com, contoso-com.mail.protection.outlook.com") == (
        "user3@d2.mail.onmicrosoft.com, d2-example.mail.protection.outlook.com"
    )
    assert Redactor(keep_domains=True)("sam@fabrikam.com, postmaster@contoso.com") == (
        "user1@fabrikam.com, postmaster@contoso.com"
    )


def test_addresses_of_hosts_keep_their_kind() -> None:
    redact = Redactor(hide_ips=True)
    text = redact(
        "203.0.113.7 via 10.1.2.3 and 2603:10a6:208::10 to 203.0.113.7 at 12:03:11 on 127.0.0.1, 15.20.9400.12"
    )
    assert text == "198.18.0.1 via 10.255.0.2 and 2001:db8::3 to 198.18.0.1 at 12:03:11 on 127.0.0.1, 15.20.9400.12"


# What decides is that an address bears the name of its mailbox, or of another address: that is what redaction takes away.
_BY_THE_NAME = [
    "remote-routing-address-missing-not-in-the-list",
    "smtputf8-token",
    "unlicensed-or-soft-deleted-by-name",
]


@pytest.mark.parametrize("domains", ["kept", "hidden"])
def test_a_redacted_case_is_judged_as_before(domains: str) -> None:
    """All cases, at their end; those without anything to redact are equal anyway."""
    changed, different = 0, []
    for path in _CASES:
        pastes, expected = Case.read(path).steps()[-1]
        new = tuple(map(Redactor(keep_domains=domains == "kept"), pastes))
        if new != pastes:
            changed += 1
            if believed(judged(new)) != expected.text:
                different.append(path.stem)
    assert changed > len(_CASES) / 4
    assert different == _BY_THE_NAME


@pytest.mark.parametrize(
    "part",
    [
        "a@",
        "AUTH LOGIN ",
        "334 \n",
        "a.",
        "<",
        "Message-ID: <",
        "1.2.3.4 ",
        "::",
        "sam@a.b ",
        "password='",
        'pwd="``',
        "net use /u: ",
        "'' | ConvertTo-",
    ],
)
def test_time_grows_with_the_text_and_no_faster(part: str) -> None:
    def seconds(size: int) -> float:
        text = "sam@fabrikam.com " + part * (size // len(part))
        started = process_time()
        redacted(text)
        Redactor(hide_ips=True)(text)
        return process_time() - started

    seconds(1_000)
    # Of this process alone, in turns: what else the machine does slows neither down without the other.
    small, large = map(min, zip(*((seconds(8_000), seconds(80_000)) for _ in range(3)), strict=True))
    assert large < 30 * small + 0.002  # ten times where it is linear, a hundred times where it is quadratic
