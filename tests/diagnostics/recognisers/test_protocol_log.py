"""Protocol logs: whatever chat, mail and people do to them, the sessions are rebuilt."""

from __future__ import annotations

import textwrap

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from diagnostics.artefacts import Artefact
from diagnostics.facts import (
    ConnectFailed,
    ConnectionDropped,
    Reply,
    Session,
    SessionMasked,
    Stage,
    StarttlsNotOffered,
    TlsFailed,
    TlsSucceeded,
)
from diagnostics.recognisers import recognise
from diagnostics.text import Paste
from tests.diagnostics.logs import HEADER, NEW, OLD, REMOTE, SUBJECT, session


def read(text: str) -> Artefact:
    found = [each for each in recognise(Paste.of(text)) if each.kind.startswith("smtp-")]
    assert len(found) == 1
    return found[0]


def facts(artefact: Artefact, kind: type) -> list:
    return [fact for fact in artefact.facts if isinstance(fact, kind)]


@pytest.mark.parametrize("header", ["", HEADER])
@pytest.mark.parametrize("one_row", [False, True])
def test_a_failing_session(header: str, one_row: bool) -> None:
    artefact = read(header + "\n".join(session(one_row=one_row)))
    (failed,) = facts(artefact, TlsFailed)
    assert (failed.error, failed.side, failed.direction, failed.saw_remote) == (
        "NoCredentials",
        "local",
        "send",
        False,
    )
    assert (failed.connector, failed.thumbprint) == ("Outbound to Office 365", OLD)
    assert failed.offered.subject == SUBJECT
    assert failed.offered.issuer.startswith("CN=Example Public TLS CA 2")
    assert failed.offered.names == ("mail.contoso.com", "autodiscover.contoso.com")
    assert failed.host == "am6eur05ft041.mail.protection.outlook.com"
    assert artefact.shown["errors"] == {"TLS negotiation failed with error NoCredentials": 1}


@pytest.mark.parametrize("one_row", [False, True])
def test_a_succeeding_session(one_row: bool) -> None:
    artefact = read("\n".join(session(error="", thumbprint=NEW, one_row=one_row)))
    (one,) = facts(artefact, Session)
    (tls,) = facts(artefact, TlsSucceeded)
    assert (one.failed, one.stage, one.thumbprint, one.remote.thumbprint) == (
        False,
        Stage.DELIVERED,
        NEW,
        REMOTE,
    )
    assert (tls.protocol, tls.cipher, tls.mac) == ("SP_PROT_TLS1_2_CLIENT", "CALG_AES_256", "CALG_SHA_384")


@given(st.data())
@settings(max_examples=60)
def test_interleaved_sessions_are_told_apart(data: st.DataObject) -> None:
    streams = [
        session(),
        session(id_="08DE2A6B91C0F4A3", error="", thumbprint=NEW),
        session(id_="08DE2A6B91C0F4A4", error="X"),
    ]
    mixed: list[str] = []
    waiting = [list(stream) for stream in streams]
    while any(waiting):
        which = data.draw(st.sampled_from([i for i, stream in enumerate(waiting) if stream]))
        mixed.append(waiting[which].pop(0))
    told = {one.session: (one.tls_error, one.thumbprint) for one in facts(read("\n".join(mixed)), Session)}
    assert told == {
        "08DE2A6B91C0F4A2": ("NoCredentials", OLD),
        "08DE2A6B91C0F4A3": ("", NEW),
        "08DE2A6B91C0F4A4": ("X", OLD),
    }


@pytest.mark.parametrize("width", [80, 120])
def test_a_console_that_breaks_rows_at_its_width(width: int) -> None:
    text = "\n".join(row[i : i + width] for row in session() for i in range(0, len(row), width))
    (failed,) = facts(read(text), TlsFailed)
    assert (failed.error, failed.thumbprint, failed.offered.subject) == ("NoCredentials", OLD, SUBJECT)


def test_a_mail_client_that_breaks_rows_at_spaces_and_quotes_them() -> None:
    import textwrap

    lines = [
        part for row in session() for part in textwrap.wrap(row, 76, break_long_words=False, break_on_hyphens=False)
    ]
    (failed,) = facts(read("\n".join(f"> {line}" for line in lines)), TlsFailed)
    assert (failed.error, failed.thumbprint) == ("NoCredentials", OLD)


def test_an_event_column_that_chat_has_eaten() -> None:
    text = "\n".join(session()).replace(",*,", ",,")
    (failed,) = facts(read(text), TlsFailed)
    assert (failed.error, failed.thumbprint) == ("NoCredentials", OLD)


def test_masked_session_ids_fall_back_to_connector_and_sequence() -> None:
    rows = session()
    rows[5] = rows[5].replace("08DE2A6B91C0F4A2", "XXXXXXXXXXXXXXXX")
    (one,) = facts(read("\n".join(rows)), Session)
    assert one.tls_error == "NoCredentials"


def test_a_masked_thumbprint_is_unknown() -> None:
    (failed,) = facts(read("\n".join(session(thumbprint="X" * 40))), TlsFailed)
    assert failed.thumbprint == ""


def test_rows_without_their_first_columns() -> None:
    tails = [row.split(",", 6)[6] for row in session()]
    (failed,) = facts(read("\n".join(tails)), TlsFailed)
    assert (failed.error, failed.thumbprint) == ("NoCredentials", OLD)


@pytest.mark.parametrize("cut", range(1, len(session())))
def test_a_log_cut_off_anywhere_claims_no_more_than_it_shows(cut: int) -> None:
    rows = session()
    artefact = read("\n".join(rows[:cut])) if cut > 0 else None
    assert artefact is not None
    shown = "\n".join(rows[:cut])
    assert bool(facts(artefact, TlsFailed)) == ("negotiation failed" in shown)
    assert not facts(artefact, StarttlsNotOffered)
    assert not facts(artefact, ConnectFailed)
    assert not facts(artefact, ConnectionDropped)


def test_starttls_that_is_not_offered() -> None:
    rows = session(starttls=False)
    refused = rows[: next(i for i, row in enumerate(rows) if "MAIL FROM" in row)]
    (missing,) = facts(
        read("\n".join([*refused, refused[-1].replace(",<,", ",>,").replace("250 CHUNKING", "QUIT")])),
        StarttlsNotOffered,
    )
    assert (missing.side, missing.direction) == ("remote", "send")
    assert not facts(read("\n".join(rows)), StarttlsNotOffered)  # it was delivered, so nobody asked for TLS


@pytest.mark.parametrize("number", ["482", "550", "49392888315919"])
def test_the_number_of_a_record_is_no_reply(number: str) -> None:
    note = f"*,{number},sending message with RecordId {number} and InternetMessageId <a1@contoso.com>"
    rows = [row.replace("*,,attempting to connect", note) for row in session(error="")]
    (told,) = facts(read("\n".join(rows)), Session)
    assert (told.error, told.stage) == ("", Stage.DELIVERED)


def test_a_masked_banner() -> None:
    rows = [
        row.replace("220 AM6EUR05FT041.mail.protection.outlook.com Microsoft ESMTP, ready", "220 ****0*0*****2***")
        for row in session()
    ]
    (masked,) = facts(read("\n".join(rows)), SessionMasked)
    assert masked.what == "banner"


def test_columns_follow_the_fields_line() -> None:
    rows = [row.split(",", 6) for row in session()]
    fields = (
        "#Fields: date-time,session-id,connector-id,sequence-number,local-endpoint,remote-endpoint,event,data,context"
    )
    swapped = [",".join([r[0], r[2], r[1], *r[3:]]) for r in rows]
    (failed,) = facts(read("\n".join([fields, *swapped])), TlsFailed)
    assert (failed.connector, failed.session) == ("Outbound to Office 365", "08DE2A6B91C0F4A2")


def test_a_connection_that_never_opened() -> None:
    head = "2026-11-18T08:12:44.018Z,Internet,08DE2A6B91C0F4A2"
    text = (
        f"{head},0,,198.51.100.25:25,*,,attempting to connect\n"
        f'{head},1,,198.51.100.25:25,*,,"Failed to connect. Winsock error code: 10060, Win32 error code: 10060, Error Message: '
        'A connection attempt failed because the connected party did not properly respond after a period of time"'
    )
    (refused,) = facts(read(text), ConnectFailed)
    assert (refused.kind, refused.winsock, refused.ip) == ("timeout", 10060, "198.51.100.25")


def test_an_authentication_that_failed_ends_the_session() -> None:
    rows = session(error="")
    rows[-1] = rows[-1].replace("-,,Local", "*,,Outbound Authentication failed with LogonDenied")
    (one,) = facts(read("\n".join(rows)), Session)
    assert one.error == "Outbound Authentication failed with LogonDenied"


def test_a_receive_log_is_read_from_the_other_side() -> None:
    head = "2026-11-18T09:03:11.402Z,EX01\\Default Frontend EX01,08DE2A6C11D3A0B9"
    ends = "192.0.2.20:25,192.0.2.77:51233"
    text = "\n".join(
        [
            f"{head},0,{ends},+,,",
            f'{head},1,{ends},>,"220 EX01.corp.contoso.com Microsoft ESMTP MAIL Service ready",',
            f"{head},2,{ends},<,EHLO scanner-3f,",
            f"{head},3,{ends},>,250  EX01.corp.contoso.com Hello [192.0.2.77] SIZE 37748736 PIPELINING STARTTLS AUTH NTLM,",
            f"{head},4,{ends},<,MAIL FROM:<scanner@contoso.com>,",
            f"{head},5,{ends},>,530 5.7.57 SMTP; Client was not authenticated,",
            f"{head},6,{ends},-,,Remote",
        ]
    )
    artefact = read(text)
    (one,) = facts(artefact, Session)
    assert artefact.kind == "smtp-receive-log"
    assert (one.direction, one.remote_ip, one.error) == (
        "receive",
        "192.0.2.77",
        "530 5.7.57 SMTP; Client was not authenticated",
    )
    assert "STARTTLS" in one.capabilities


def test_prose_with_dashes_is_no_log() -> None:
    assert recognise(Paste.of("- bring the certificate\n- call EHLO\n* and cake")) == []


@pytest.mark.parametrize(
    ("reply", "seen"),
    [
        ("250-mx1.fabrikam.com Hello [203.0.113.10]", "203.0.113.10"),
        (
            "250  AM6EUR05FT041.mail.protection.outlook.com Hello [203.0.113.10] SIZE 157286400 PIPELINING",
            "203.0.113.10",
        ),
        ("250-mx1.fabrikam.com Hello mail.contoso.com [IPv6:2001:db8::25]", "2001:db8::25"),
        ('"250-mx.google.com at your service, [203.0.113.10]"', "203.0.113.10"),
        ("250-mx1.fabrikam.com Hello [X.X.X.X]", ""),
        ("250-mx1.fabrikam.com", ""),
    ],
)
def test_the_name_said_and_the_address_seen(reply: str, seen: str) -> None:
    rows = [">,EHLO mail.contoso.com,", f"<,{reply},", "<,250 CHUNKING,", ">,QUIT,"]
    text = "\n".join(
        f"2026-11-18T08:12:44.10{i}Z,Internet,08DE2A6B91C0F4A2,{i},192.0.2.20:48112,198.51.100.25:25,{row}"
        for i, row in enumerate(rows)
    )
    (found,) = facts(read(text), Session)
    assert (found.greeting, found.seen_as) == ("mail.contoso.com", seen)


def test_the_lines_of_a_refusal_are_one_reply() -> None:
    rows = [
        "554-mx1.fabrikam.com",
        "554-5.7.1 Client host [203.0.113.10] refused",
        "554 5.7.1 listed at zen.spamhaus.org",
    ]
    text = "\n".join(
        f"2026-11-18T08:12:44.10{i}Z,Internet,08DE2A6B91C0F4A2,{i},192.0.2.20:48112,198.51.100.25:25,<,{row},"
        for i, row in enumerate(rows)
    )
    artefact = read(text)
    (reply,) = facts(artefact, Reply)
    assert reply.source.line == 2
    assert "refused" in reply.whole
    assert "listed at zen.spamhaus.org" in reply.whole
    assert list(artefact.shown["errors"]) == [reply.whole]


def test_rows_that_a_mail_client_has_broken() -> None:
    rows = session()
    log = "\n".join(
        line for row in rows for line in textwrap.wrap(row, 76, break_long_words=False, break_on_hyphens=False)
    )
    assert len(log.split("\n")) > len(rows)
    (failed,) = facts(read(log + "\nWhat can we do about it?"), TlsFailed)
    assert (failed.error, failed.thumbprint) == ("NoCredentials", OLD)
