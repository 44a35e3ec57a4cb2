"""Every command in every cause and question, reached by a case or not; and that the checks see what they must."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.commands.checks import faults
from tests.commands.harm import harm
from tests.commands.literals import Sources, diagnostics
from tests.commands.templates import Template, collected, every


def _wrong(check: Callable[[Template], Iterator[str]]) -> list[str]:
    return [f"{t.where}: {fault}: {t.text}" for t in every() for fault in dict.fromkeys(check(t))]


def test_every_command_is_made_of_our_own_words() -> None:
    """What comes from a fact gets in as `{name}` or `{name:token}`, through the quoting function, or not at all."""
    assert collected(diagnostics())[1] == []


def test_every_command_works_in_its_shell() -> None:
    assert _wrong(faults) == []


def test_no_command_does_harm_and_every_label_is_true() -> None:
    assert _wrong(harm) == []


def test_commands_are_made_nowhere_else() -> None:
    makers = {p.module for _, p in diagnostics().calls("command")}
    assert makers == {"diagnostics.cause", "diagnostics.questions", "diagnostics.checks.outcomes"}
    elsewhere = [call for call, p in diagnostics().calls("Step") if p.module != "diagnostics.cause"]
    assert [ast.unparse(call) for call in elsewhere if {k.arg for k in call.keywords} - {"say", "shell"}] == []
    copies = [ast.unparse(call) for call, _ in (*diagnostics().calls("model_copy"), *diagnostics().calls("Question"))]
    assert (
        [copy for copy in copies if "'command'" in copy or '"command"' in copy]
        == [
            "step.model_copy(update={'command': _filled(step.command, values)})"  # outcomes.toml, through the quoting function
        ]
    )


_HEAD = """
from diagnostics.cause import change, look
_WORDS = "Format-List "
"""


@pytest.mark.parametrize(
    "body",
    [
        'def f(reply):\n    return look("s", f"Get-Mailbox {reply.recipient}")',
        'def f(reply):\n    return look("s", "Get-Mailbox " + reply.recipient)',
        'def f(reply):\n    return look("s", "Get-Mailbox %s" % reply.recipient)',
        'def f(reply):\n    return look("s", "Get-Mailbox {}".format(reply.recipient))',
        'def f(reply):\n    who = reply.recipient\n    return look("s", f"Get-Mailbox {who}")',
        'def f(reply):\n    text = "Get-Mailbox "\n    text += reply.recipient\n    return look("s", text)',
        'def f(who):\n    return look("s", f"Get-Mailbox {who}")\ndef g(reply):\n    return f(reply.recipient)',
        'def f(who="x"):\n    return look("s", f"Get-Mailbox {who}")\ndef g(reply):\n    return f(who=reply.recipient)',
        'def f(**values):\n    return look("s", "Get-Mailbox {who}", **values)',
        'def f(reply):\n    return look("s", "Get-Mailbox", reply.shell)',
        'def f(reply):\n    for who in reply.all:\n        return look("s", f"Get-Mailbox {who}")',
        'def w(reply):\n    return reply.recipient\ndef f(reply):\n    return look("s", w(reply))',
    ],
)
def test_a_value_of_a_fact_in_a_template_is_seen(tmp_path: Path, body: str) -> None:
    (tmp_path / "causes").mkdir()
    (tmp_path / "causes" / "planted.py").write_text(f"{_HEAD}\n{body}\n")
    found, unknown = collected(Sources(tmp_path, "causes"))
    assert (found, len(unknown)) == ([], 1)


def test_a_template_of_literals_is_known_in_all_its_forms(tmp_path: Path) -> None:
    (tmp_path / "causes").mkdir()
    (tmp_path / "causes" / "planted.py").write_text(f"""{_HEAD}
def f(kind, shell, who):
    return look("s", f"Get-{{kind}} {{{{who}}}} | " + _WORDS + ("A" if who else "B"), shell, who=who)
def g(reply):
    return f("Mailbox", "exchange-management-shell", reply.who), f("Group", "powershell", "")
""")
    found, unknown = collected(Sources(tmp_path, "causes"))
    assert unknown == []
    assert {(t.shell, t.text) for t in found} == {
        ("exchange-management-shell", "Get-Mailbox {who} | Format-List A"),
        ("exchange-management-shell", "Get-Mailbox {who} | Format-List B"),
        ("powershell", "Get-Group {who} | Format-List A"),
        ("powershell", "Get-Group {who} | Format-List B"),
    }


def _template(
    text: str, shell: str = "exchange-management-shell", maker: str = "look", values: str = "", **more: str
) -> Template:
    words = {"say": "s", "changes": "c", "undo": "the same with the old value", "verify": "v", **more}
    effect = words.pop("effect", "config-change" if maker == "change" else "read-only")
    told = {name: frozenset({word}) for name, word in words.items()}
    return Template("planted:1", maker, shell, text, frozenset(values.split()), effect, told)


@pytest.mark.parametrize(
    ("template", "fault"),
    [
        (_template("Get-Queue | Format-List ("), "can't be parsed"),
        (_template("Get-SendConector"), "no cmdlet"),
        (_template("Get-InboundConnector"), "isn't there in exchange-management-shell"),
        (_template("Get-Queue", "exchange-online-powershell"), "isn't there in exchange-online-powershell"),
        (_template("Get-Queue -Identify 'x'"), "no parameter"),
        (_template("Get-Mailbox -Arbitration $true"), "needs a colon"),
        (_template("Get-Queue -ResultSize -SortOrder '+Size'"), "has no value"),
        (_template("gwmi Win32_Service"), "no cmdlet, script or program"),
        (_template("Get-Queue {queue}"), "placeholders"),
        (_template("Get-Queue", values="queue"), "placeholders"),
        (_template("Get-Queue { x }"), "placeholders"),
        (_template('Get-Queue "{queue}"', values="queue"), "literal of its own"),
        (_template("Get-Queue 'a {queue}'", values="queue"), "literal of its own"),
        (_template("Get-Queue -Filter {{ Identity -eq $x }} # {queue}", values="queue"), "literal of its own"),
        (_template("setspn -L {server}", "powershell", values="server"), "must be a token"),
        (_template("dig {host}", "bash", values="host"), "must be tokens in bash"),
        (_template("ping {host:token}", "cmd", values="host"), "cmd can't quote"),
        (_template("ping a & del b", "cmd"), "mean something to cmd"),
        (_template("dig a | (", "bash"), "bash:"),
        (_template("dig a; rm -rf b", "bash"), "`rm` is no program"),
        (_template("publish the record", "dns-record"), "is no record"),
        (_template("click it", "portal"), "takes no commands"),
        (_template("Enable-ExchangeCertificate -Thumbprint 'x' -Services IIS,POP"), "only adds services"),
        (_template("Set-SendConnector 'x' -SourceIPAddress '192.0.2.1'"), "Edge servers"),
        (_template("icacls $file.FullName /grant 'NETWORK SERVICE:(R)'", "powershell"), "is translated"),
        (_template(r"printf 'EHLO a\r\n' | openssl s_client -crlf -connect a:25", "bash"), "adds a CR"),
        (_template("Get-ChildItem 'C:\\x' -Recurse -Filter $key.Name", "powershell"), "finds every file"),
        (
            _template("Get-WinEvent -FilterHashtable @{{LogName='Application';ProviderName='FIPFS'}}", "powershell"),
            "no provider",
        ),
    ],
    ids=lambda value: value.text if isinstance(value, Template) else "",
)
def test_a_faulty_command_is_seen(template: Template, fault: str) -> None:
    assert fault in "; ".join(faults(template))


@pytest.mark.parametrize(
    "text",
    [
        "Set-SendConnector 'a' -RequireTLS $false",
        "Set-SendConnector 'a' -IgnoreSTARTTLS $true",
        "Set-SendConnector 'a' -TlsAuthLevel EncryptionOnly",
        "Set-InboundConnector 'a' -RequireTls:$false",
        "Set-OutboundConnector 'a' -TlsSettings EncryptionOnly",
        "Set-TransportConfig -AllowLegacyTLSClients $true",
        "Set-ReceiveConnector 'a' -AuthMechanism Tls,BasicAuth",
        "Set-SendConnector 'a' -SmartHostAuthMechanism BasicAuth -Port 25",
        "Add-ADPermission 'a' -User 'NT AUTHORITY\\ANONYMOUS LOGON' -ExtendedRights ms-Exch-SMTP-Accept-Any-Recipient",
        "Set-ReceiveConnector 'a' -AuthMechanism ExternalAuthoritative -PermissionGroups ExchangeServers",
        "New-ReceiveConnector 'a' -PermissionGroups AnonymousUsers -RemoteIPRanges 0.0.0.0-255.255.255.255",
        "Set-TransportRule 'a' -SetSCL -1",
        "Set-ContentFilterConfig -BypassedSenderDomains 'contoso.com'",
        "Set-HostedConnectionFilterPolicy Default -IPAllowList @{{Add='192.0.2.1'}}",
        "Set-HostedContentFilterPolicy Default -AllowedSenders 'a@contoso.com'",
        "New-TenantAllowBlockListItems -ListType Sender -Allow -Entries 'a@contoso.com'",
        "Add-IPAllowListEntry -IPAddress 192.0.2.1",
        "& (Join-Path $env:ExchangeInstallPath 'Scripts\\Disable-AntimalwareScanning.ps1')",
        "Set-MalwareFilteringServer 'a' -BypassFiltering $true",
        "Set-ContentFilterConfig -Enabled $false",
        "Disable-TransportAgent 'Malware Agent'",
        "Set-TransportConfig -SmtpClientAuthenticationDisabled $false",
        "Remove-Item (Join-Path $env:ExchangeInstallPath 'TransportRoles\\data\\Queue\\mail.que')",
        "Remove-Message -Identity 'a' -WithNDR $false",
        "Remove-Mailbox 'a'",
        "Set-SendConnector 'a' -Enabled $false -Confirm:$false",
        "icacls 'a' /grant 'Everyone:(F)'",
        "Invoke-Expression 'a'",
    ],
)
def test_harm_is_seen(text: str) -> None:
    assert [*harm(_template(text, maker="change"))]


@pytest.mark.parametrize(
    "say",
    [
        "Whitelist the sender in the gateway.",
        "On the firewall, disable the inspection of port 25.",
        "Turn off TLS for this partner.",
        "Stop the service and delete the file mail.que.",
        "Switch off antivirus on the server.",
    ],
)
def test_harmful_advice_is_seen(say: str) -> None:
    assert [*harm(_template("", shell="portal", maker="change", say=say))]


@pytest.mark.parametrize(
    "say", ["Do not whitelist the sender.", "Never turn off TLS.", "Exempt port 25 from inspection."]
)
def test_a_warning_is_no_advice(say: str) -> None:
    assert [*harm(_template("", shell="portal", maker="change", say=say))] == []


@pytest.mark.parametrize(
    "template",
    [
        _template("Set-SendConnector 'a' -Enabled $false"),
        _template("Restart-Service MSExchangeTransport"),
        _template("Get-SendConnector | Set-SendConnector -Enabled $false"),
        _template("Export-Certificate -Cert $x -FilePath 'C:\\x.cer'"),
        _template("Invoke-WebRequest 'https://x' -Method Post"),
        _template("setspn -D HOST/a b", "powershell"),
        _template("[Environment]::SetEnvironmentVariable('TMP','x','Machine')"),
        _template(".\\Mend.ps1"),
        _template("Set-SendConnector 'a' -ProtocolLoggingLevel Verbose", maker="Ask"),
        _template("Get-Queue", maker="change"),
        _template("Set-SendConnector 'a' -Enabled $false", maker="change", undo=""),
        _template("Set-SendConnector 'a' -Enabled $false", maker="change", undo="None needed."),
        _template("Set-SendConnector 'a' -Enabled $false", maker="change", changes=" "),
        _template("Set-SendConnector 'a' -Enabled $false", maker="change", verify=""),
        _template("Remove-SendConnector 'a'", maker="change", undo="None needed: it was not used by anybody."),
        _template("Restart-Service MSExchangeTransport", maker="change"),
    ],
    ids=lambda template: f"{template.maker} {template.text}",
)
def test_a_false_label_is_seen(template: Template) -> None:
    assert [*harm(template)]


def test_a_harmless_change_passes() -> None:
    text = "Set-SendConnector {connector} -Fqdn {name}"
    template = _template(text, maker="change", values="connector name")
    assert [*faults(template), *harm(template)] == []
