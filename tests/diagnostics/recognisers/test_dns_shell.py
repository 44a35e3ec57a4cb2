"""Which Resolve-DnsName command an outcome comes from, where several stand on one line."""

from __future__ import annotations

from diagnostics.facts import DnsServers
from diagnostics.looked_facts import DnsAnswer
from diagnostics.mail_facts import Configured
from diagnostics.recognisers import recognise
from diagnostics.text import Paste
from tests.diagnostics.recognisers.reading import facts, one

HEADER = """Name                                     Type   TTL   Section    NameExchange                              Preference
----                                     ----   ---   -------    ------------                              ----------
"""
BOTH = "PS C:\\> Resolve-DnsName fabrikam.com -Type MX; Resolve-DnsName fabrikam.com -Type MX -Server 1.1.1.1\n\n"
SOA = """Name                        Type TTL   Section    PrimaryServer               NameAdministrator           SerialNumber
----                        ---- ---   -------    -------------               -----------------           ------------
fabrikam.com                SOA  3600  Authority  dc1.fabrikam.com            hostmaster.fabrikam.com     71
"""


def _row(host: str, preference: int, ttl: int = 3600) -> str:
    return f"{'fabrikam.com':41}MX     {ttl:<6}Answer     {host:42}{preference}\n"


def _seen(text: str) -> list[tuple[str, str, tuple[str, ...]]]:
    return [(each.name, each.server, each.values("MX")) for each in facts(text, DnsAnswer)]


def test_a_repeated_record_begins_the_next_command_s_answer() -> None:
    rows = (_row("mx1.fabrikam.com", 10) + _row("mx2.fabrikam.com", 20)) * 2
    hosts = ("mx1.fabrikam.com", "mx2.fabrikam.com")
    assert _seen(BOTH + HEADER + rows) == [("fabrikam.com", "", hosts), ("fabrikam.com", "1.1.1.1", hosts)]


def test_records_of_one_answer_live_equally_long() -> None:
    rows = _row("mail.inside.example", 10, 1200) + _row("mx1.fabrikam.com", 10)
    assert _seen(BOTH + HEADER + rows) == [
        ("fabrikam.com", "", ("mail.inside.example",)),
        ("fabrikam.com", "1.1.1.1", ("mx1.fabrikam.com",)),
    ]


def test_an_error_underlines_its_command() -> None:
    text = "Resolve-DnsName : fabrikam.com : DNS server failure\nAt line:1 char:40\n"
    text += "+ ... -Type MX; Resolve-DnsName 'fabrikam.com' -Type MX -Server 9.9.9.9; Get- ...\n"
    text += "+               " + "~" * len("Resolve-DnsName 'fabrikam.com' -Type MX -Server 9.9.9.9") + "\n"
    found = one(text, DnsAnswer)
    assert (found.server, found.asked, found.error) == ("9.9.9.9", "MX", "SERVFAIL")


def test_a_command_that_an_error_cut_off_is_not_guessed() -> None:
    text = "Resolve-DnsName : fabrikam.com : DNS server failure\nAt line:1 char:1\n"
    text += "+ Resolve-DnsName fabrikam.com -Server 9.9. ...\n+ " + "~" * 41
    assert one(text, DnsAnswer).server == ""


def test_a_list_below_a_table_that_holds_no_answer_is_the_next_command_s() -> None:
    text = BOTH + SOA + "\nName         : fabrikam.com\nQueryType    : MX\nTTL          : 60\nSection      : Answer\n"
    text += "NameExchange : mx1.fabrikam.com\nPreference   : 10\n"
    mine, theirs = facts(text, DnsAnswer)
    assert (mine.ok, mine.error, mine.asked, mine.server) == (False, "no records", "MX", "")
    assert (theirs.ok, theirs.server, theirs.values("MX")) == (True, "1.1.1.1", ("mx1.fabrikam.com",))


def test_the_zone_s_own_record_stands_for_no_answer() -> None:
    text = "PS C:\\> Resolve-DnsName mx1.fabrikam.com -Type AAAA -Server ns1.fabrikam.com\n\n"
    mine = one(text + SOA, DnsAnswer)
    listed = "Name          : fabrikam.com\nQueryType     : SOA\nTTL           : 3600\nSection       : Authority\n"
    theirs = one(text + listed + "PrimaryServer : dc1.fabrikam.com\nSerialNumber  : 71\n", DnsAnswer)
    for each in (mine, theirs):
        assert (each.name, each.error, each.asked) == ("mx1.fabrikam.com", "no records", "AAAA")
        assert each.server == "ns1.fabrikam.com"


def test_a_host_that_its_column_cuts_off() -> None:
    known = _seen(HEADER + _row("fabrikam-engineering-com.mail.prote...", 0))
    assert known == [("fabrikam.com", "", ("fabrikam-engineering-com.mail.protection.outlook.com",))]
    assert _seen(HEADER + _row("a-very-long-name-of-a-host.mailgate...", 0))[0][2] == (
        "a-very-long-name-of-a-host.mailgate...",
    )


def test_commands_of_one_line_in_bash() -> None:
    text = "root@mx:~# dig +noall +answer mx fabrikam.com @1.1.1.1; dig +short mx1.fabrikam.com @9.9.9.9\n"
    text += "fabrikam.com.\t\t60\tIN\tMX\t10 mx1.fabrikam.com.\n198.51.100.7\n"
    mx, address = facts(text, DnsAnswer)
    assert (mx.server, mx.values("MX")) == ("1.1.1.1", ("mx1.fabrikam.com",))
    assert (address.name, address.server, address.addresses) == ("mx1.fabrikam.com", "9.9.9.9", ("198.51.100.7",))


def test_short_values_of_two_commands() -> None:
    asked = "root@mx:~# dig +short MX 'fabrikam.com'; dig +short MX 'fabrikam.com' @1.1.1.1\n"
    mine, theirs = facts(asked + "10 mx1.fabrikam.com.\n10 mx1.fabrikam.com.\n", DnsAnswer)
    assert (mine.server, mine.values("MX")) == ("", ("mx1.fabrikam.com",))
    assert (theirs.server, theirs.values("MX")) == ("1.1.1.1", ("mx1.fabrikam.com",))
    asked = "$ dig +short -x '198.51.100.7' @1.1.1.1; dig +short A 'mx1.fabrikam.com'\n"
    name, address = facts(asked + "mx1.fabrikam.com.\n198.51.100.7\n", DnsAnswer)
    assert (name.name, name.values("PTR")) == ("7.100.51.198.in-addr.arpa", ("mx1.fabrikam.com",))
    assert (address.name, address.addresses) == ("mx1.fabrikam.com", ("198.51.100.7",))


def test_a_trace_names_the_server_that_is_silent() -> None:
    text = "; <<>> DiG 9.18.24 <<>> +trace fabrikam.com MX\n;; global options: +cmd\n"
    text += "fabrikam.com.\t\t172800\tIN\tNS\tns1.fabrikam.com.\n;; Received 90 bytes from 192.5.6.30#53(a.gtld) in 9 ms\n\n"
    text += ";; communications error to 198.51.100.53#53: timed out\n"
    *_, last = facts(text, DnsAnswer)
    assert (last.name, last.error, last.server) == ("fabrikam.com", "timed out", "198.51.100.53")


def test_the_adapter_s_list_with_the_family_as_a_number() -> None:
    text = "InterfaceAlias   AddressFamily ServerAddresses\n--------------   ------------- ---------------\n"
    text += "LAN                          2 {10.20.1.10, 9.9.9.9}\nLAN                         23 {}\n"
    assert one(text, DnsServers).addresses == ("10.20.1.10", "9.9.9.9")


def test_what_was_typed_behind_a_prompt_is_no_answer_in_words() -> None:
    kinds = [each.kind for each in recognise(Paste.of("C:\\>nslookup -type=ns fabrikam.com 1.1.1.1", 1))]
    assert "told-answer" not in kinds


def test_a_trace_by_the_sender_that_finds_nothing() -> None:
    typed = "PS C:\\> Get-MessageTraceV2 -SenderAddress 'info@fabrikam.com' -StartDate (Get-Date).AddDays(-2)"
    found = one(typed + " | Format-Table Received,Status\nPS C:\\>", Configured)
    assert (found.kind, found.name, found.get("Count")) == ("sent-trace", "info@fabrikam.com", "0")
    assert not facts(typed + " -Status Failed | Format-Table Received\nPS C:\\>", Configured)
    assert not facts(typed + " | Format-Table Received\n", Configured)
