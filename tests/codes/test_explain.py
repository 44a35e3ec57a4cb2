"""`explain` understands a code in every form people type it."""

import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diagnostics.codes import explain


def code(query):
    """The code of the first meaning."""
    found = explain(query)
    assert found.found, query
    return found.meanings[0].code


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("4.4.7", "4.4.7"),
        ("550 5.7.64", "550 5.7.64"),
        ("550-5.7.64", "550 5.7.64"),
        ("#5.7.1", "X.7.1"),
        ("5.7.64 TenantAttribution", "550 5.7.64"),
        ("550 5.7.1 Unable to relay", "550 5.7.1"),
        ("x.7.1", "X.7.1"),
        ("421", "421"),
        ("250 OK", "250"),
        ("5.7.955", "5.7.900-5.7.999"),
        ("0x8009030d", "0x8009030D"),
        ("-2146893043", "0x8009030D"),
        ("2148074253", "0x8009030D"),
        ("8009030D", "0x8009030D"),
        ("−2146893043", "0x8009030D"),
        ("NoCredentials", "0x8009030E"),
        ("nocredentials", "0x8009030E"),
        ("UnknownCredentials", "0x8009030D"),
        ("SEC_E_NO_CREDENTIALS", "0x8009030E"),
        ("sec_e_no_credentials", "0x8009030E"),
        ("TLS negotiation failed with error UnknownCredentials", "0x8009030D"),
        ("36870", "Event 36870"),
        ("Schannel 36870", "Event 36870"),
        ("schannel, event id: 36870", "Event 36870"),
        ("event 12014", "Event 12014"),
        ("MSExchangeTransport 12014", "Event 12014"),
        ("MSExchange Messaging Policies 4010", "Event 4010"),
        ("18/11/2026 08:12:44,Error,EX01.contoso.com,36874,Schannel,None", "Event 36874"),
        ("CAPI2 30", "CAPI2 30"),
        ("RESOLVER.ADR.RecipNotFound", "550 5.1.1"),
        ("resolver.adr.recipnotfound;", "550 5.1.1"),
        ("RecipNotFound", "550 5.1.1"),
        ("QUEUE.Expired", "550 4.4.7"),
        ("10060", "10060"),
        ("WSAETIMEDOUT", "10060"),
        ("TimedOut", "10060"),
        ("0000274C", "10060"),
        ("0x274c", "10060"),
        ("0x8007274C", "10060"),
        ("Winsock error code: 10061, Win32 error code: 10061", "10061"),
        ("Socket error code 10054", "10054"),
        ("TLS alert 48", "alert 48"),
        ("SSL alert number 40", "alert 40"),
        ("The TLS protocol defined fatal alert code is 70.", "alert 70"),
        ("unknown_ca", "alert 48"),
        ("unknown ca", "alert 48"),
        ("verify error:num=20:unable to get local issuer certificate", "openssl 20"),
        ("compauth=fail", "compauth=fail"),
        ("CAT:SPOOF", "CAT:SPOOF"),
        ("HCW8039", "HCW8039"),
        ("S3140", "550 5.7.1"),
        ("we got S775 again", "451 4.7.650"),
        ("AS(1430)", "5.7.606-5.7.649"),
        ("AS780090", "452 4.5.3"),
        ("PRX2", "451 4.7.0"),
        ("ATTR34", "5.4.14"),
        ("TSS04", "421 4.7.0"),
        ("InfoDomainNonexistent", "550 5.4.310"),
        ("RESOLVER.RST.RestrictedToRecipientsPermission", "5.7.129"),
        ("RESOLVER.RST.SendSizeLimit.Foo", "550 5.2.3"),
        ("OU-002", "OU-002"),
        ("AADSTS7000222", "AADSTS7000222"),
        ("AADSTS50126: Error validating credentials due to invalid username or password.", "AADSTS50126"),
        ("SFV:SKB", "SFV:SKB"),
        ("compauth=fail reason=001", "compauth=fail reason=001"),
        ("X-MS-Exchange-Organization-SCL: 5", "SCL"),
        ("LED=", "LED"),
        ("127.0.0.4", "127.0.0.4"),
        ("sts-webpki-invalid", "sts-webpki-invalid"),
        ("ECONNREFUSED", "10061"),
        ("sslv3 alert handshake failure", "alert 40"),
        ("TLSV1_ALERT_UNKNOWN_CA", "alert 48"),
        ("0x8004010F", "0x8004010F"),
        ("-2147221233", "0x8004010F"),
        ("0x80070005", "0x80070005"),
        ("0x80070005-0x0004dc-0x000524 You do not have the permission", "0x80070005-0x0004dc-0x000524"),
        ("5.4.16", "5.4.12-5.4.20"),
        ("5.7.720", "5.7.700-5.7.749"),
        ("Unable to relay", "550 5.7.1"),
        ("220 ****************2***0*", "220"),
    ],
)
def test_forms(query, expected):
    assert code(query) == expected


@pytest.mark.parametrize("around", ["`{}`", '"{}"', "'{}'", "[{}]", "({})", "<{}>", "“{}”", " {}\n", "{}.", "```{}```"])
@pytest.mark.parametrize("query", ["5.7.64", "0x8009030D", "NoCredentials", "10060", "event 12014"])
def test_what_clings_to_a_code_does_not_matter(around, query):
    assert code(around.format(query)) == code(query)


def test_brackets_that_belong_to_the_text_stay():
    assert code("421 4.7.0 [TSS04]") == "421 4.7.0"
    assert "AS number" in explain("452 4.5.3 Too many recipients (AS780090)").meanings[0].meaning
    assert explain("SCL: -1 beside SFV:SPM").meanings[0].causes == ("hybrid.antispam.scl-not-mapped",)


def test_a_whole_pasted_line():
    line = (
        "Remote Server returned '550 5.7.64 TenantAttribution; Relay Access Denied "
        "[AM5EUR02FT025.eop-EUR02.prod.protection.outlook.com]'"
    )
    found = explain(line)
    assert [meaning.code for meaning in found.meanings] == ["550 5.7.64"]
    assert found.meanings[0].causes[0] == "connector.exo-inbound.certificate-name-mismatch"


def test_the_reference_wrapper_says_that_it_is_one():
    found = explain('451 4.4.0 Primary target IP address responded with: "421 4.2.1 Unable to connect."')
    assert [meaning.code for meaning in found.meanings] == ["451 4.4.0", "421 4.2.1"]
    assert found.meanings[0].wrapper
    assert "another error" in found.hint


@pytest.mark.parametrize(("one", "other"), [("5.1.1", "5.1.10"), ("5.7.23", "5.7.230"), ("5.4.1", "5.4.14")])
def test_the_number_has_borders(one, other):
    def codes(query):
        return {meaning.code.rpartition(" ")[2] for meaning in explain(query).meanings}

    assert one in codes(one)
    assert other not in codes(one)
    assert not codes(one) & codes(other)


@pytest.mark.parametrize("query", ["10.4.4.7", "id 15.2.1748.10", "v5.7.1", "5.7.1x", "5.07.1", "5.7.1000", "3.4.7"])
def test_what_only_looks_like_a_code_is_none(query):
    assert not explain(query).found


def test_a_number_alone_lists_what_it_can_mean_and_asks_for_the_line():
    found = explain("5.7.1")
    assert {"Unable to relay", "Delivery not authorized"} <= {meaning.name for meaning in found.meanings}
    assert "paste the whole line" in found.hint


@pytest.mark.parametrize(
    "query",
    [
        "what is 5.7.64",
        "What does 5.7.64 mean?",
        "please explain 5.7.64",
        "was bedeutet 5.7.64",
        "NDR 5.7.64",
        "DSN: 5.7.64",
    ],
)
def test_the_words_of_a_question_do_not_count(query):
    assert explain(query).meanings == explain("5.7.64").meanings
    assert explain(query).hint == explain("5.7.64").hint


def test_words_put_beside_a_code_from_memory_pick_its_rows():
    names = [meaning.name for meaning in explain("554 5.7.1 relay").meanings]
    assert names[0] == "Delivery not authorized"
    assert len(names) > 1
    assert all("elay" in name for name in names[1:])


def test_a_mark_beside_a_code_picks_its_row_alone():
    found = explain("451 4.7.0 PRX2").meanings
    assert [meaning.name[-4:] for meaning in found[1:]] == ["PRX2"]


@pytest.mark.parametrize("query", ["queue suspended", "routing trouble", "waiting for approval"])
def test_a_plain_word_is_no_token(query):
    assert not explain(query).found


def test_a_reply_with_a_meaning_of_its_own_comes_before_the_registry():
    assert [meaning.code for meaning in explain("421 4.2.1").meanings][::3] == ["421 4.2.1", "X.2.1"]
    assert code("420 4.2.0") == "420 4.2.0"
    assert code("550 5.7.1") == "X.7.1"  # open to everything: the list of replies would hide that


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("RESOLVER.FWD.NotFound", "forwarding"),
        ("STOREDRV.Submit", "taken out of the sender's mailbox"),
        ("STOREDRV.Deliver.Foo", "filed in the mailbox"),
        ("SMTPSEND.Something", "handed to the next server"),
        ("AS(201)", "The words before the number"),
        ("AS77714", "slowed down"),
        ("AADSTS99999", "error?code=99999"),
    ],
)
def test_an_unlisted_token_is_explained_by_its_form(query, words):
    assert words in explain(query).meanings[0].meaning


def test_the_words_beside_an_unlisted_token_are_read_without_it():
    found = explain("STOREDRV.Deliver; mailbox full")
    assert found.meanings[0].causes[0] == "quota-throttle.mailbox.full"
    assert "transport-service.temp-drive.full" not in {cause for meaning in found.meanings for cause in meaning.causes}


@pytest.mark.parametrize(
    ("query", "meant"),
    [
        ("NoCredentails", "`NoCredentials`"),
        ("relay acess denied", "`Relay access denied`"),
        ("tenatattribution", "`TenantAttribution`"),
        ("RESOLVER.ADR.RecipNotFuond", "`RESOLVER.ADR.RecipNotFound`"),
    ],
)
def test_a_misspelled_name_is_asked_about(query, meant):
    assert f"Did you mean {meant}" in explain(query).hint


@pytest.mark.parametrize("query", ["9.1.1", "6.0.0", "127.0.0.77"])
def test_numbers_that_are_no_status_code_are_not_taken_for_a_host(query):
    found = explain(query)
    assert not found.found
    assert "begin with 2, 4 or 5" in found.hint


def test_an_unknown_event_asks_for_its_text():
    assert "paste its text" in explain("MSExchangeTransport 9999").hint


def test_an_unknown_text_leaves_the_plain_meaning():
    assert [meaning.code for meaning in explain("550 5.7.1 Go away").meanings] == ["X.7.1"]


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("5.7.998877", None),
        ("5.7.444", ["permanent", "security or policy"]),
        ("4.4.888", ["temporary", "network"]),
        ("2.1.55", ["success", "address"]),
        ("250 2.6.0", ["queued", "No failure"]),
        ("250 2.1.5 Recipient OK", ["recipient was accepted", "No failure"]),
        ("2.0.0", ["No failure"]),
        ("5.9.1", ["not a subject of the standard"]),
    ],
)
def test_unknown_codes_are_explained_by_their_structure(query, words):
    found = explain(query)
    assert found.found == bool(words)
    for word in words or ():
        assert word in found.meanings[0].meaning


@pytest.mark.parametrize("query", ["hello world", "the mail does not arrive", "banana", "????", "12", "🦄"])
def test_nonsense_is_answered_with_the_accepted_forms(query):
    found = explain(query)
    assert not found.found
    assert found.meanings == ()
    assert "5.7.64" in found.hint


@pytest.mark.parametrize("query", ["tls.certificate.private-key-permission", "mail.contoso.com"])
def test_a_cause_id_or_host_is_sent_where_it_belongs(query):
    found = explain(query)
    assert not found.found
    assert "mailflow causes" in found.hint


def test_an_unknown_result_says_how_to_look_it_up():
    found = explain("0x80091234")
    assert not found.found
    assert "certutil" in found.hint


@pytest.mark.parametrize("query", ["", " ", "\x00", "\n\t", "``", "\u200b"])
def test_an_empty_query_says_so(query):
    found = explain(query)
    assert not found.found
    assert "nothing to explain" in found.hint


@pytest.mark.parametrize(
    "query",
    [
        "5.7.1 " * 200_000,
        "a.b" * 400_000,
        "\x1b[31m" * 200_000,
        "(" * 1_000_000,
        "X_y " * 300_000,
        "0x8009030D " * 90_000,
    ],
    ids=["codes", "dots", "escapes", "brackets", "words", "results"],
)
def test_a_huge_query_is_cut(query):
    found = explain(query)
    assert len(found.query) <= 4_000
    assert len(found.meanings) <= 40


def test_a_control_character_does_not_come_back():
    assert explain("5.7.64\x1b[31m\x07 \x9b TenantAttribution").query.isprintable()


@given(st.text(max_size=300))
def test_any_text_gets_an_answer(query):
    found = explain(query)
    assert found.found == bool(found.meanings)
    assert found.found or found.hint


@given(st.integers(0, 7), st.integers(0, 999), st.sampled_from("245"))
def test_every_well_formed_code_is_explained(subject, detail, kind):
    found = explain(f"{kind}.{subject}.{detail}")
    assert found.found
    assert all(meaning.source for meaning in found.meanings)


@given(st.sampled_from([0x8009030D, 0x8009030E, 0x80090326, 0x800B0109]))
def test_hex_and_decimal_are_the_same_result(value):
    forms = [f"0x{value:08X}", f"{value:x}", str(value - 2**32), str(value)]
    assert len({explain(form).meanings for form in forms}) == 1


def test_one_code_does_not_load_the_other_tables():
    import subprocess

    script = (
        "from diagnostics.codes import explain, tables\n"
        "assert explain('4.4.7').found\n"
        "print(tables.rows.cache_info().currsize)"
    )
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert int(ran.stdout) <= 4  # the code's own, and those of Exchange's tokens


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("MSExchangeTransport 5019", ["RoutingInvalidSmarthosts"]),
        ("MSExchangeTransport 1050", ["SmtpReceiveProcessingBlobFailed"]),
        ("MSExchangeFrontEndTransport 1049", ["SmtpReceiveNoDestinationToProxyTo"]),
        ("Event ID 1050, source: MSExchange Extensibility", ["Agent execution time exceeded"]),
        ("event 1050", ["SmtpReceiveProcessingBlobFailed", "Agent execution time exceeded"]),
        ("MSExchange TransportService 1020", []),
        ("MSExchange EdgeSync 5019", []),
    ],
)
def test_an_event_belongs_to_the_provider_that_is_named(query, names):
    assert [meaning.name for meaning in explain(query).meanings] == names
