"""Schannel's protocol keys."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from diagnostics.looked_facts import TlsSettings
from tests.diagnostics.recognisers.reading import CHATTER, damaged, facts, one

KEY = "HKEY_LOCAL_MACHINE\\SYSTEM\\CurrentControlSet\\Control\\SecurityProviders\\SCHANNEL\\Protocols\\TLS 1.2"


def item(role: str, enabled: str, disabled_by_default: str, key: str = KEY) -> str:
    return f"""Enabled           : {enabled}
DisabledByDefault : {disabled_by_default}
PSPath            : Microsoft.PowerShell.Core\\Registry::{key}\\{role}
PSParentPath      : Microsoft.PowerShell.Core\\Registry::{key}
PSChildName       : {role}"""


@pytest.mark.parametrize(
    ("enabled", "disabled_by_default", "usable"),
    [
        ("1", "0", True),
        ("0", "1", False),
        ("0", "0", False),
        ("1", "1", False),
        ("4294967295", "0", True),
        ("-1", "0", True),
    ],
)
def test_get_itemproperty(enabled: str, disabled_by_default: str, usable: bool) -> None:
    found = one(item("Client", enabled, disabled_by_default), TlsSettings)
    assert (found.tls12_enabled, found.role) == (usable, "client")


def test_both_roles() -> None:
    text = item("Client", "0", "1") + "\n\n" + item("Server", "1", "0")
    assert [(s.role, s.tls12_enabled) for s in facts(text, TlsSettings)] == [("client", False), ("server", True)]


def test_the_ask_s_own_order_of_properties() -> None:
    text = (
        f"PSChildName       : Server\nPSPath            : Registry::{KEY}\\Server\nEnabled : 0\nDisabledByDefault : 1"
    )
    found = one(text, TlsSettings)
    assert (found.role, found.tls12_enabled, found.source.line) == ("server", False, 4)


@pytest.mark.parametrize(
    "text",
    [
        f"{KEY}\\Client\n    DisabledByDefault    REG_DWORD    0x1\n    Enabled    REG_DWORD    0x0",
        f'[{KEY}\\Client]\n"Enabled"=dword:00000000\n"DisabledByDefault"=dword:00000001',
        f"    Hive: {KEY}\n\nName      Property\n----      --------\nClient    DisabledByDefault : 1\n          Enabled : 0",
        "TLS 1.2\n    Client Enabled: False\n    Client Disabled By Default: True\nTLS 1.0\n    Client Enabled: True",
    ],
)
def test_other_forms(text: str) -> None:
    found = one(text, TlsSettings)
    assert (found.role, found.tls12_enabled) == ("client", False)


def test_health_checker_s_table() -> None:
    text = "TLSVersion ServerEnabled ServerDbD ClientEnabled ClientDbD\nTLS 1.2    True          False     False         True"
    assert {(s.role, s.tls12_enabled) for s in facts(text, TlsSettings)} == {("server", True), ("client", False)}


def test_other_protocols_are_not_tls_1_2() -> None:
    assert not facts(item("Client", "0", "1", KEY.replace("1.2", "1.0")), TlsSettings)
    text = f"{KEY.replace('1.2', '1.0')}\\Client\n    Enabled  REG_DWORD  0x0\n\n{KEY}\\Client\n    Enabled  REG_DWORD  0x1"
    assert one(text, TlsSettings).tls12_enabled is True


def test_a_key_without_values_tells_nothing() -> None:
    assert not facts(f"{KEY}\\Client", TlsSettings)


@pytest.mark.parametrize("text", CHATTER)
def test_chatter_is_no_setting(text: str) -> None:
    assert not facts(text, TlsSettings)


@given(st.one_of(damaged(item("Client", "0", "1")), damaged(f"{KEY}\\Client\n    Enabled    REG_DWORD    0x1")))
@settings(max_examples=100)
def test_damage_never_raises(text: str) -> None:
    for found in facts(text, TlsSettings):
        assert found.tls12_enabled is not None
