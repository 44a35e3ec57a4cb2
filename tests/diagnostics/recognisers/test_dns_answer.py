"""Look-ups typed by hand."""

from __future__ import annotations

import pytest
from hypothesis import given, settings

from diagnostics.looked_facts import DnsAnswer
from tests.diagnostics.recognisers.reading import CHATTER, damaged, facts, one

SESSION = """PS C:\\> nslookup -type=mx fabrikam.com
DNS request timed out.
    timeout was 2 seconds.
Server:  UnKnown
Address:  10.20.0.5

*** Request to UnKnown timed-out

PS C:\\> nslookup -type=mx fabrikam.com 1.1.1.1
Server:  one.one.one.one
Address:  1.1.1.1

Non-authoritative answer:
fabrikam.com       MX preference = 5, mail exchanger = mx1.fabrikam.com"""
TABLE = """Name                                     Type   TTL   Section    NameExchange                              Preference
----                                     ----   ---   -------    ------------                              ----------
fabrikam.com                             MX     3600  Answer     mx1.fabrikam.com                          10"""


def test_the_server_s_own_resolver_and_a_public_one() -> None:
    mine, theirs = facts(SESSION, DnsAnswer)
    assert (mine.name, mine.ok, mine.error, mine.server) == ("fabrikam.com", False, "timed out", "10.20.0.5")
    assert (theirs.name, theirs.ok, theirs.error, theirs.server) == ("fabrikam.com", True, "", "1.1.1.1")
    assert (mine.source.line, theirs.source.line) == (7, 14)


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("*** dc01.contoso.local can't find mail.fabrikam.com: Non-existent domain", "NXDOMAIN"),
        ("*** dc01 can't find mail.fabrikam.com: Server failed", "SERVFAIL"),
        ("*** dc01 can't find mail.fabrikam.com: Query refused", "REFUSED"),
        ("** server can't find mail.fabrikam.com: NXDOMAIN", "NXDOMAIN"),
        ("*** dc01 kann mail.fabrikam.com nicht finden: Non-existent domain", "NXDOMAIN"),
        ("Resolve-DnsName : mail.fabrikam.com : DNS name does not exist", "NXDOMAIN"),
        ("Resolve-DnsName: mail.fabrikam.com : Der DNS-Name ist nicht vorhanden.", "NXDOMAIN"),
        ("Resolve-DnsName : mail.fabrikam.com : DNS server failure", "SERVFAIL"),
        (
            "Resolve-DnsName : mail.fabrikam.com : This operation returned because the timeout period expired",
            "timed out",
        ),
        ("Resolve-DnsName : mail.fabrikam.com : No records found for given DNS query.", "no records"),
        ("WARNING: Name resolution of mail.fabrikam.com failed", "NXDOMAIN"),
    ],
)
def test_errors(text: str, error: str) -> None:
    found = one(text, DnsAnswer)
    assert (found.name, found.ok, found.error) == ("mail.fabrikam.com", False, error)


def test_resolve_dnsname_answers_in_the_order_of_its_commands() -> None:
    text = "PS C:\\> Resolve-DnsName fabrikam.com -Type MX; Resolve-DnsName fabrikam.com -Type MX -Server 1.1.1.1\n"
    text += "Resolve-DnsName : fabrikam.com : DNS server failure\nAt line:1 char:1\n"
    text += "+ Resolve-DnsName fabrikam.com -Type MX; Resolve-DnsName fabrikam.com -T ...\n\n" + TABLE
    assert [(a.ok, a.server) for a in facts(text, DnsAnswer)] == [(False, ""), (True, "1.1.1.1")]


def test_only_an_answer_resolves_a_name() -> None:
    assert one(TABLE, DnsAnswer).ok
    found = one(TABLE.replace("Answer   ", "Authority"), DnsAnswer)
    assert (found.ok, found.error) == (False, "no records")


def test_an_address_look_up() -> None:
    text = "C:\\>nslookup mx1.fabrikam.com\nServer:  dc01.contoso.local\nAddress:  10.0.0.10\n\nName:    mx1.fabrikam.com\n"
    found = one(text + "Address:  198.51.100.7", DnsAnswer)
    assert (found.name, found.ok, found.server) == ("mx1.fabrikam.com", True, "10.0.0.10")


@pytest.mark.parametrize(
    ("status", "answers", "error"), [("NXDOMAIN", 0, "NXDOMAIN"), ("NOERROR", 0, "no records"), ("NOERROR", 2, "")]
)
def test_dig(status: str, answers: int, error: str) -> None:
    text = f""";; ->>HEADER<<- opcode: QUERY, status: {status}, id: 4711
;; flags: qr rd ra; QUERY: 1, ANSWER: {answers}, AUTHORITY: 1, ADDITIONAL: 1

;; QUESTION SECTION:
;fabrikam.com.\t\t\tIN\tMX

;; SERVER: 1.1.1.1#53(1.1.1.1) (UDP)"""
    found = one(text, DnsAnswer)
    assert (found.name, found.ok, found.error, found.server) == ("fabrikam.com", not error, error, "1.1.1.1")


NSLOOKUP = "Server:  dc01.contoso.local\nAddress:  10.0.0.10\n\n"
DIG = """;; ->>HEADER<<- opcode: QUERY, status: NOERROR, id: 4711
;; flags: qr rd ra; QUERY: 1, ANSWER: 1, AUTHORITY: 1, ADDITIONAL: 1

;; QUESTION SECTION:
;contoso.com.\t\t\tIN\tMX

;; ANSWER SECTION:
contoso.com.\t\t3600\tIN\tMX\t0 contoso-com.mail.protection.outlook.com.

;; AUTHORITY SECTION:
contoso.com.\t\t3600\tIN\tNS\tns1.example.
"""
STRINGS = """PS> Resolve-DnsName contoso.com -Type TXT | Format-List Strings

Strings : {v=spf1 include:spf.protection.outlook.com -all}"""
COLUMNS = """Name        Preference NameExchange
----        ---------- ------------
contoso.com          0 ."""
LIST = """Name         : contoso.com
Type         : MX
TTL          : 3600
Section      : Answer
NameExchange : mx1.contoso.com
Preference   : 10"""


@pytest.mark.parametrize(
    ("text", "name", "records"),
    [
        (
            NSLOOKUP + "contoso.com     MX preference = 20, mail exchanger = mx2.contoso.com\n"
            "contoso.com     MX preference = 10, mail exchanger = MX1.contoso.com",
            "contoso.com",
            ["MX mx2.contoso.com 20", "MX mx1.contoso.com 10"],
        ),
        (NSLOOKUP + "contoso.com  MX preference = 0, mail exchanger = (root)", "contoso.com", ["MX  0"]),
        (
            NSLOOKUP
            + "Name:    web.contoso.net\nAddresses:  2001:db8::8\n          203.0.113.44\nAliases:  www.contoso.com",
            "www.contoso.com",
            ["CNAME web.contoso.net -1", "AAAA 2001:db8::8 -1", "A 203.0.113.44 -1"],
        ),
        (
            NSLOOKUP
            + 'contoso.com     text =\n\n        "v=spf1 ip4:203.0.113.10"\n        " -all"\ncontoso.com     text =\n\n'
            '        "MS=ms1"',
            "contoso.com",
            ["TXT v=spf1 ip4:203.0.113.10 -all -1", "TXT MS=ms1 -1"],
        ),
        (
            "> nslookup 203.0.113.10\n" + NSLOOKUP + "Name:    mail.contoso.com\nAddress:  203.0.113.10",
            "10.113.0.203.in-addr.arpa",
            ["PTR mail.contoso.com -1"],
        ),
        (DIG, "contoso.com", ["MX contoso-com.mail.protection.outlook.com 0"]),
        ("$ dig +short mx contoso.com @1.1.1.1\n10 mx1.contoso.com.", "contoso.com", ["MX mx1.contoso.com 10"]),
        ("$ dig -x 203.0.113.10 +short\nmail.contoso.com.", "10.113.0.203.in-addr.arpa", ["PTR mail.contoso.com -1"]),
        (
            '$ dig +short txt contoso.com\n"v=spf1 inc" "lude:a.example -all"',
            "contoso.com",
            ["TXT v=spf1 include:a.example -all -1"],
        ),
        (
            "contoso.com has address 203.0.113.5\ncontoso.com mail is handled by 10 mx1.contoso.com.",
            "contoso.com",
            ["A 203.0.113.5 -1", "MX mx1.contoso.com 10"],
        ),
        (
            "5.113.0.203.in-addr.arpa domain name pointer mx1.contoso.com.",
            "5.113.0.203.in-addr.arpa",
            ["PTR mx1.contoso.com -1"],
        ),
        (TABLE, "fabrikam.com", ["MX mx1.fabrikam.com 10"]),
        (STRINGS, "contoso.com", ["TXT v=spf1 include:spf.protection.outlook.com -all -1"]),
        (COLUMNS, "contoso.com", ["MX  0"]),
        (LIST, "contoso.com", ["MX mx1.contoso.com 10"]),
    ],
)
def test_records(text: str, name: str, records: list[str]) -> None:
    found = one(text, DnsAnswer)
    assert (found.name, [f"{each.kind} {each.value} {each.preference}" for each in found.records]) == (name, records)


def test_mail_hosts_come_by_preference() -> None:
    text = NSLOOKUP + "contoso.com  MX preference = 20, mail exchanger = mx2.contoso.com\n"
    found = one(text + "contoso.com  MX preference = 10, mail exchanger = mx1.contoso.com", DnsAnswer)
    assert found.values("MX") == ("mx1.contoso.com", "mx2.contoso.com")


def test_settings_above_a_look_up_are_not_its_object() -> None:
    text = "[PS] C:\\>Get-AcceptedDomain | fl Name,DomainName\n\nName       : contoso.com\nDomainName : contoso.com\n\n"
    assert one(text + "PS C:\\> Resolve-DnsName fabrikam.com -Type MX\n\n" + TABLE, DnsAnswer).values("MX") == (
        "mx1.fabrikam.com",
    )


@pytest.mark.parametrize("text", [*CHATTER, "Server: mail.contoso.com\nName: anna", "Name: mail.contoso.com"])
def test_chatter_is_no_answer(text: str) -> None:
    assert not facts(text, DnsAnswer)


@given(damaged(SESSION + "\n\n" + TABLE))
@settings(max_examples=100)
def test_damage_never_raises(text: str) -> None:
    for found in facts(text, DnsAnswer):
        assert found.ok == (not found.error)
        assert found.name or found.error == "timed out"


def test_a_zone_without_the_record() -> None:
    text = """Name         Type TTL  Section   PrimaryServer   NameAdministrator      SerialNumber
----         ---- ---  -------   -------------   -----------------      ------------
contoso.com  SOA  3600 Authority ns1.contoso.com hostmaster.contoso.com 2026111801"""
    assert (one(text, DnsAnswer).ok, one(text, DnsAnswer).error) == (False, "no records")


@pytest.mark.parametrize(
    "text",
    [
        "DNS request timed out.\n    timeout was 2 seconds.\n*** Request to UnKnown timed-out",
        ";; connection timed out; no servers could be reached",
    ],
)
def test_a_silent_resolver_whatever_was_asked(text: str) -> None:
    assert (one(text, DnsAnswer).name, one(text, DnsAnswer).error) == ("", "timed out")
