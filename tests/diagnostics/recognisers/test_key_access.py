"""Who may read a private key."""

from __future__ import annotations

import pytest
from hypothesis import given, settings

from diagnostics.looked_facts import KeyAccess
from tests.diagnostics.recognisers.reading import CHATTER, artefacts, damaged, facts, one

NAME = "7a436fe806e483969f48a894af2fe9a1_b8a2ff2a-1cc9-4a3b-9d38-7bb0a2c3d4e5"
PATH = f"C:\\ProgramData\\Microsoft\\Crypto\\RSA\\MachineKeys\\{NAME}"
DONE = "\n\nSuccessfully processed 1 files; Failed processing 0 files"


def icacls(*entries: str, path: str = PATH) -> str:
    pad = "\n" + " " * (len(path) + 1)
    return f"C:\\>icacls {path}\n{path} {pad.join(entries)}{DONE}"


SYSTEM, ADMINS = "NT AUTHORITY\\SYSTEM:(F)", "BUILTIN\\Administrators:(F)"


def test_without_network_service() -> None:
    found = one(icacls(SYSTEM, ADMINS), KeyAccess)
    assert (found.network_service_reads, found.accounts) == (False, ("NT AUTHORITY\\SYSTEM", "BUILTIN\\Administrators"))
    assert found.source.line == 2


@pytest.mark.parametrize("rights", ["(R)", "(RX)", "(M)", "(F)", "(I)(R)", "(GR)", "(R,W)", "(I)(OI)(CI)(F)"])
def test_with_it(rights: str) -> None:
    found = one(icacls(SYSTEM, ADMINS, f"NT AUTHORITY\\NETWORK SERVICE:{rights}"), KeyAccess)
    assert found.network_service_reads
    assert "NETWORK SERVICE" in found.source.quote


@pytest.mark.parametrize("rights", ["(N)", "(DENY)(R)", "(I)(DENY)(R)", "(W)", "(S,Rc)"])
def test_rights_that_do_not_read(rights: str) -> None:
    assert not one(icacls(SYSTEM, f"NT AUTHORITY\\NETWORK SERVICE:{rights}"), KeyAccess).network_service_reads


@pytest.mark.parametrize(
    "account",
    [
        "NT-AUTORITÄT\\NETZWERKDIENST", "AUTORITE NT\\SERVICE RÉSEAU", "NT AUTHORITY\\Servicio de red",
        "NT AUTHORITY\\SERVIZIO DI RETE", "S-1-5-20", "NT AUTHORITY\\Authenticated Users", "Everyone", "Jeder",
        "BUILTIN\\Users",
    ],
)  # fmt: skip
def test_its_other_names_and_the_groups_it_is_in(account: str) -> None:
    assert one(icacls(SYSTEM, f"{account}:(R)"), KeyAccess).network_service_reads


def test_a_denial_beats_a_grant() -> None:
    text = icacls("NT AUTHORITY\\NETWORK SERVICE:(DENY)(R)", "Everyone:(R)")
    assert not one(text, KeyAccess).network_service_reads


def test_other_key_stores_and_a_bare_file_name() -> None:
    for path in (f"C:\\ProgramData\\Microsoft\\Crypto\\Keys\\{NAME}", NAME):
        assert not one(icacls(SYSTEM, ADMINS, path=path), KeyAccess).network_service_reads


def test_a_path_that_the_console_wrapped() -> None:
    text = f"C:\\>icacls {PATH}\n{PATH}\n     {SYSTEM}\n     NT AUTHORITY\\NETWORK SERVICE:(R)"
    assert one(text, KeyAccess).network_service_reads


def test_get_acl() -> None:
    text = f"""Path   : Microsoft.PowerShell.Core\\FileSystem::{PATH}
Owner  : NT AUTHORITY\\SYSTEM
Access : NT AUTHORITY\\SYSTEM Allow  FullControl
         NT AUTHORITY\\NETWORK SERVICE Allow  Read, Synchronize
Sddl   : O:SYG:SYD:"""
    assert one(text, KeyAccess).network_service_reads
    assert not one(text.replace("NETWORK SERVICE", "LOCAL SERVICE"), KeyAccess).network_service_reads
    assert not one(text.replace("SERVICE Allow", "SERVICE Deny"), KeyAccess).network_service_reads


def test_the_entries_of_an_access_list() -> None:
    text = f"""PS C:\\> (Get-Acl '{PATH}').Access | fl

FileSystemRights  : FullControl
AccessControlType : Allow
IdentityReference : NT AUTHORITY\\SYSTEM

FileSystemRights  : Read, Synchronize
AccessControlType : Allow
IdentityReference : NT AUTHORITY\\NETWORK SERVICE"""
    found = one(text, KeyAccess)
    assert (found.network_service_reads, found.source.line) == (True, 9)


def test_two_files_that_contradict_each_other_prove_nothing() -> None:
    other = PATH.replace("7a43", "8b54")
    text = f"{icacls(SYSTEM)}\n{icacls('Everyone:(R)', path=other)}"
    assert not facts(text, KeyAccess)
    assert len(artefacts(text)) == 2


@pytest.mark.parametrize(
    "text",
    [
        *CHATTER,
        "C:\\>icacls C:\\temp\\x.txt\nC:\\temp\\x.txt NT AUTHORITY\\SYSTEM:(F)" + DONE,
        "C:\\ProgramData\\Microsoft\\Crypto\\RSA\\MachineKeys Everyone:(R,W)",
        f"the key is {PATH} and NETWORK SERVICE may read it",
    ],
)
def test_other_files_and_plain_words_are_no_evidence(text: str) -> None:
    assert not facts(text, KeyAccess)


@given(damaged(icacls(SYSTEM, ADMINS, "NT AUTHORITY\\NETWORK SERVICE:(R)")))
@settings(max_examples=100)
def test_damage_never_raises(text: str) -> None:
    for found in facts(text, KeyAccess):
        assert found.accounts
