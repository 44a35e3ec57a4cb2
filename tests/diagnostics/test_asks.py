"""What can be asked tells rivals apart: there is something to fetch that one of the two weighs, or their words differ."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

import pytest

import diagnostics
from diagnostics import diagnose
from diagnostics.asks import ASKS, WORD_FOR_WORD, Ask
from diagnostics.cause import Cause, catalogue
from diagnostics.facts import Fact, Reply, Said
from diagnostics.kept import table
from diagnostics.mail_facts import Configured
from diagnostics.recognisers import recognise
from diagnostics.rivals import rivals_of
from diagnostics.text import Paste

_PAIRS: Final = tuple(
    (one, other)
    for one, others in table(Path(diagnostics.__file__).with_name("rivals.toml")).items()
    for other in others
)
# Nothing that the reader could fetch differs: another party's server, or a service without settings, decides, and says which
# of the two it was in the words of its refusal. The whole bounce is what there is to ask for.
_BY_WORDS: Final = frozenset(
    {
        ("auth-smtp.client.not-authenticated", "connector.client.wrong-smtp-host"),
        ("auth-smtp.sendas.mismatch", "store.submission.send-as-denied"),
        ("hybrid.attribution.mixed-domain-recipients", "quota-throttle.recipients.too-many"),
        ("policy.enforcement.exchange-out-of-date", "quota-throttle.eop.ip-throttled"),
        ("policy.transport-rule.processing-failed", "protocol.mime.corrupt"),
        ("protocol.mime.corrupt", "store.delivery.permanent-exception"),
        ("protocol.smtputf8.unsupported", "recipient.address.invalid-syntax"),
        ("quota-throttle.eop.ip-throttled", "reputation.ip.consumer-outlook"),
        ("quota-throttle.recipient.receive-rate", "quota-throttle.store.delivery-concurrency"),
        ("quota-throttle.remote.rate-limited", "reputation.ip.consumer-outlook"),
        ("quota-throttle.sender.recipient-rate-limit", "quota-throttle.tenant.external-recipient-rate"),
        ("quota-throttle.smtp-auth.concurrency", "quota-throttle.store.delivery-concurrency"),
        ("quota-throttle.tenant.external-recipient-rate", "quota-throttle.tenant.threshold-exceeded"),
        ("quota-throttle.tenant.threshold-exceeded", "reputation.ip.low-reputation-trial"),
        ("recipient.address.invalid-syntax", "recipient.address.reserved-or-single-label"),
        ("recipient.address.invalid-syntax", "recipient.badprimary"),
        ("reputation.ip.consumer-outlook", "reputation.ip.microsoft-banned"),
        ("reputation.ip.consumer-outlook", "sender-auth.bulk.requirements-unmet"),
        # The list itself tells: their own first step asks it, and no question does.
        ("reputation.dnsbl.resolver-error", "reputation.ip.dnsbl-listed"),
        ("reputation.ip.dnsbl-listed", "reputation.ip.microsoft-banned"),
        ("reputation.ip.customer-block-list", "reputation.ip.microsoft-banned"),
        ("store.delegate.stale-entry", "store.delivery.permanent-exception"),
    }
)


def _weighed(cause: Cause) -> frozenset[type[Fact]]:
    """What it weighs beyond the words of a refusal, which are there in any case."""
    return frozenset(kind for parameter in cause.parameters for kind in parameter.kinds) - {Said, Reply}


def _asks_of(cause: Cause) -> list[Ask]:
    return [ask for ask in ASKS if ask.helps(cause, _weighed(cause))]


@pytest.mark.parametrize("pair", _PAIRS)
def test_something_can_be_asked_that_tells_rivals_apart(pair: tuple[str, str]) -> None:
    one, other = (catalogue()[each] for each in pair)
    if pair not in _BY_WORDS:
        assert _asks_of(one) + _asks_of(other), "no answer that could be asked for is weighed by either"
        return
    assert _asks_of(one) + _asks_of(other) == [], "it can be told by more than words now"
    for each in (one, other):
        assert {Said, Reply} & {kind for parameter in each.parameters for kind in parameter.kinds}, "words decide"
    assert (one.says, one.against) != (other.says, other.against)


def test_an_exception_is_a_pair() -> None:
    assert set(_PAIRS) >= _BY_WORDS


@pytest.mark.parametrize("ask", ASKS, ids=lambda ask: ask.say)
def test_an_ask_moves_a_cause_and_is_known_when_answered(ask: Ask) -> None:
    assert any(ask.helps(each, _weighed(each)) for each in catalogue().values())
    for beginning in ask.about:
        about = [each for each in catalogue().values() if each.id.startswith(beginning)]
        assert any(ask.helps(each, _weighed(each)) for each in about), f"nothing about {beginning} weighs the answer"
    if Configured in ask.yields:
        assert ask.objects, "settings are known by their kind"


def test_a_report_is_not_asked_for_again() -> None:
    report = diagnose(
        "550 5.4.8",
        followups=[
            (
                '{"organization-name": "Example", "policies": [{"policy": {"policy-type": "sts", "policy-domain": "contoso.com", '
                '"mx-host": ["*.contoso.com"]}, "failure-details": [{"result-type": "sts-webpki-invalid", '
                '"failed-session-count": 4}]}]}'
            )
        ],
    )
    assert not any(each.ask.startswith("Send the TLS report") for each in report.next)


@pytest.mark.parametrize("ask", [ask for ask in ASKS if ask.objects], ids=lambda ask: ask.say)
def test_what_its_command_prints_is_read_as_its_answer(ask: Ask) -> None:
    """Pasted as it is printed, without the command above it: a list of the chosen properties."""
    plausible = {"Component": "HubTransport", "State": "Active"}
    chosen = re.findall(r"Format-(?:List|Table) ([\w,*]+)", ask.template)
    printed = "\n\n".join(
        "\n".join(f"{name.replace('*', 'sEnabled'):<40} : {plausible.get(name, 'True')}" for name in names.split(","))
        for names in chosen
    )
    assert ask.answered(fact for each in recognise(Paste.of(printed)) for fact in each.facts), printed


def test_a_lone_suspect_is_told_from_its_rivals_that_are_not_ruled_out() -> None:
    report = diagnose("452 4.5.3 Too many recipients (AS780090) [VE1EUR01FT009.eop-EUR01.prod.protection.outlook.com]")
    only = report.findings[0]
    (question,) = report.next
    assert question.separates[0] == only.cause
    others = set(question.separates[1:])
    assert others
    assert others <= {*rivals_of(only.cause), *(each.cause for each in report.findings)}
    assert not others & {each.cause for each in report.ruled_out}


def test_the_size_of_the_mailbox_is_asked_for_and_settles_whose_quota_it_was() -> None:
    refused = "552 5.2.2 MapiExceptionQuotaExceeded"
    before = diagnose(refused)
    assert {each.belief for each in before.findings} == {"possible"}
    assert before.next[0].ask == "Send the size of the mailbox, and its limits."
    assert {"quota-throttle.mailbox.full", "quota-throttle.mailbox.sender-full"} <= set(before.next[0].separates)
    answer = "DisplayName        : Kim\nTotalItemSize      : 50 GB (53,687,091,200 bytes)\nStorageLimitStatus : MailboxDisabled"
    after = diagnose(refused, followups=[answer])
    assert (after.findings[0].belief, after.findings[0].cause) == ("confirmed", "quota-throttle.mailbox.full")
    assert before.next[0].ask not in {each.ask for each in after.next}


def test_the_name_of_another_connector_is_put_into_no_question_about_the_send_connector() -> None:
    told = "LastError : 454 4.7.5 Certificate validation failure"
    settings = "Name : Default Frontend EX01\nBindings : {0.0.0.0:25}\nAuthMechanism : Tls, ExchangeServer"
    asked = [each.command for each in diagnose(told, followups=[settings]).next if "Get-SendConnector" in each.command]
    assert asked
    assert not any("Default Frontend" in each for each in asked)


@pytest.mark.parametrize(
    ("settings", "command"),
    [
        (
            'smtp.Connect("mail.contoso.com", 587, true)',
            "openssl s_client -starttls smtp -showcerts -connect mail.contoso.com:587",
        ),
        ('smtp.Connect("mail.contoso.com", 465, true)', "openssl s_client -showcerts -connect mail.contoso.com:465"),
        (
            'smtp.Connect("mail.contoso.com", 25, true)',
            "openssl s_client -starttls smtp -showcerts -connect mail.contoso.com:25",
        ),
    ],
)
def test_a_handshake_is_asked_for_where_the_client_sends(settings: str, command: str) -> None:
    error = "MailKit.Security.SslHandshakeException: An error occurred while attempting to establish an SSL or TLS connection."
    report = diagnose(f"The ERP can't send any more. In the code it says\n\n{settings}\n\n{error}")
    assert command in [question.command for question in report.next]


def test_of_a_report_that_fits_many_causes_the_words_of_the_failure_are_asked_for() -> None:
    vague = diagnose("One user in our office doesn't get mails from one of our partners, everybody else does.")
    assert vague.next[0].ask == WORD_FOR_WORD.say
    clear = diagnose("Newsletters end up in the spam folder at Gmail since we send them through the new provider.")
    assert clear.findings[0].belief == "possible"
    assert WORD_FOR_WORD.say not in {each.ask for each in clear.next}


@pytest.mark.parametrize(
    "told",
    [
        "Since last week mails to one of our partners never arrive, the rest of the world is fine, nothing in the queue.",
        "Seit letzter Woche kommen Mails an einen Partner nicht an, die Warteschlange ist leer.",
    ],
)
def test_a_queue_that_is_told_to_be_empty_is_not_asked_for(told: str) -> None:
    assert not any(each.command.startswith("Get-Queue") for each in diagnose(told).next)
