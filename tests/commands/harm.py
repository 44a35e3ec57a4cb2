"""What an offered command must never do, and whether its label tells what it does."""

from __future__ import annotations

import re
from collections.abc import Iterator

from diagnostics.powershell import command
from tests.commands import powershell
from tests.commands.powershell import Call
from tests.commands.templates import Template

# Each makes an error go away by weakening what it protects, or destroys mail.
_NEVER = {
    "TLS off": r"-RequireTLS:?\s*\$false|-IgnoreSTARTTLS:?\s*\$true|-DomainSecureEnabled:?\s*\$false"
    r"|-SuppressXAnonymousTls:?\s*\$true|-TlsAuthLevel\s+(EncryptionOnly|\$null)"
    r"|-TlsSettings\s+(EncryptionOnly|\$null|Opportunistic)|-TlsDomain\s+\$null|-AuthMechanism\s+None",
    "an old TLS version on": r"-AllowLegacyTLSClients:?\s*\$true|Protocols\\\\?(SSL|TLS 1\.[01])",
    "a password in the clear": r"-SmartHostAuthMechanism\s+BasicAuth\b(?!RequireTLS)"
    r"|-AuthMechanism\s(?!\S*BasicAuthRequireTLS)\S*BasicAuth\b",
    "relaying for anybody": r"ms-Exch-SMTP-Accept-Any-Recipient|ExternalAuthoritative"
    r"|-RemoteIPRanges\s+\S*(0\.0\.0\.0|::)[-/]",
    "filters skipped": r"SkipAgent|-BypassFiltering|-BypassedSender|-SetSCL\s+-1|-SCL\s+-1|BypassSpamFiltering",
    "a sender or address let through unseen": r"Add-IPAllowList|-IPAllowList\s+(?!@\{+Remove=)|-EnableSafeList:?\s*\$true"
    r"|-AllowedSender|-SafeSender|TenantAllowBlockList\w+\s.*-Allow\b|-TrustedSendersAndDomains",
    "inspection off as a whole": r"Disable-Antimalware|DisableRealtimeMonitoring|Set-MpPreference|no inspect esmtp"
    r"|advfirewall|Set-NetFirewallProfile|(Disable-TransportAgent|Uninstall-TransportAgent)\s+'(Malware|Transport Rule)"
    r"|Set-(ContentFilter|SenderId|SenderFilter|RecipientFilter|SenderReputation|MalwareFilter)\w*\s.*-Enabled:?\s*\$false",
    "SMTP AUTH on for everybody": r"Set-TransportConfig\s.*-SmtpClientAuthenticationDisabled:?\s*\$false",
    "queued mail lost": r"mail\.que|Remove-Message|Remove-Queue|-Redirect\b|Remove-Item\s.*Queue",
    "mailboxes lost": r"Remove-(RemoteMailbox|Mailbox|MailUser|PublicFolder|User)\b|-DeleteContent|Clear-|-PurgeFolder",
    "rights for everybody": r"icacls\s.*(Everyone|Users|S-1-1-0)|Set-ExecutionPolicy|-AccessRights\s+\S*FullAccess.*Everyone",
    "no question asked": r"-Confirm:\s*\$false|Remove-\S+\s.*-Force\b",
    "code run from text": r"Invoke-Expression|\biex\b|-EncodedCommand|ScriptBlock\]::Create|Start-Process",
    "checks of a certificate off": r"curl\s.*(-k\b|--insecure)|ServerCertificateValidationCallback|-SkipCertificateCheck",
}
# The same in words, for what is done in a portal or a device.
_ADVICE = re.compile(
    r"(?<!not )(?<!never )(white-?list|allow-?list (the|this) (sender|address)|open the relay|relay for (any|every)body"
    r"|(disable|deactivate|switch off|turn off|skip|bypass) (all |the )?"
    r"(starttls|tls\b|encryption|firewall|filter|inspection|anti-?(virus|spam|malware)|(virus|malware|spam) (scan|filter|check))"
    r"|(delete|remove) [^.]{0,30}mail\.que|certificate (check|validation) off)",
    re.IGNORECASE,
)
_READING = {
    "export", "foreach", "format", "get", "group", "join", "measure", "out", "resolve", "search", "select", "sort", "start",
    "test", "validate", "where", "invoke", "new",
}  # fmt: skip
# Verbs of both kinds: only these of their cmdlets read.
_ONLY = {
    "export": {"export-certificate"},  # into a file of the temporary folder, see _TEMPORARY
    "invoke": {"invoke-restmethod", "invoke-webrequest"},  # without a method: GET
    "new": {"new-guid"},
    "start": {"start-sleep"},
}
_WRITING = {"repair", "method", "body", "outfile", "clear"}
_TEMPORARY = re.compile(r"\(Join-Path \$env:TEMP '[\w.-]+'\)")
_PROGRAMS = {
    "certutil": r"-(v|verify|urlfetch|store|verifyctl|verifystore)\b",
    "gpresult": r"/scope computer /r$",
    "icacls": r"\S+$",
    "klist": r"get ",
    "netsh": r"(?:winhttp|int ipv4) show ",
    "nltest": r"/(dsgetsite|dsgetdc|sc_verify)",
    "ping": r"",
    "repadmin": r"/(replsummary|showrepl)\b",
    "setspn": r"-[LX]\b",
    "w32tm": r"/(monitor|query|stripchart)\b",
}
_STATIC = re.compile(r"\]::(\w+)\(")
_READING_METHODS = {"GetHostEntry", "GetRSAPrivateKey", "GetEnvironmentVariable"}
_RESTARTING = re.compile(r"(Restart|Stop|Start)-(Service|Computer|WebAppPool)\b")
_FINAL = re.compile(r"Remove-(?!Item|Blocked)\w+|Disable-\w+|-Clear\b|Rename-Item")
_NO_UNDO = re.compile(r"(none|no undo|not needed|nothing|there is no undo)\b", re.IGNORECASE)
_POWERSHELL = ("exchange-management-shell", "exchange-online-powershell", "powershell")


def harm(template: Template) -> Iterator[str]:
    """One sentence for each harm that `template` does, or hides."""
    yield from (what for what, words in _NEVER.items() if re.search(words, template.text, re.IGNORECASE))
    advised = (_ADVICE.search(words) for told in ("say", "changes") for words in template.words.get(told, ()))
    yield from (f"advises to {found[0]}" for found in advised if found)
    writes = list(_writes(template))
    if template.maker == "change":
        yield from _change(template, writes)
    elif writes and not (template.maker == "Ask" and all("undo:" in say for say in template.words["say"])):
        yield f"labelled read-only, but {writes[0]} isn't"


def _change(template: Template, writes: list[str]) -> Iterator[str]:
    publishes = template.shell == "dns-record"  # the record is the change
    if template.read_only or (template.text and not writes and not publishes):
        yield "labelled a change, but it only reads"
    for told in ("changes", "undo", "verify"):
        if not template.words.get(told) or not all(words.strip() for words in template.words[told]):
            yield f"says nothing of its {told}"
    for undo in template.words.get("undo", ()):
        if _NO_UNDO.match(undo) and len(undo.split()) < 5:
            yield "has no undo, and doesn't say why"
        if _NO_UNDO.match(undo) and _FINAL.search(template.text):
            yield "takes something away, and has no undo"
    if _RESTARTING.search(template.text) and template.effect not in ("service-restart", "data-loss-risk"):
        yield f"restarts a service, but is labelled {template.effect}"


def _writes(template: Template) -> Iterator[str]:
    """The parts of a command that may change something."""
    if not template.text or template.shell not in _POWERSHELL:
        return  # what bash may start is a list of programs that read (checks.py)
    filled = command(template.text, **dict.fromkeys(template.values, ""))
    for call in powershell.calls(filled):
        if call.is_cmdlet:
            yield from () if _reads(call) else (call.name,)
        elif call.is_script:
            yield call.name
    for native in powershell.natives(filled):
        program, _, arguments = native.partition(" ")
        if not re.match(_PROGRAMS.get(program.lower(), r"(?!)"), arguments):
            yield native
    yield from (method for method in _STATIC.findall(filled) if method not in _READING_METHODS)


def _reads(call: Call) -> bool:
    verb, _, _ = call.name.lower().partition("-")
    if verb not in _READING or (verb in _ONLY and call.name.lower() not in _ONLY[verb]):
        return False
    given = dict(call.parameters)
    if call.name.lower() == "export-certificate" and not _TEMPORARY.fullmatch(given.get("filepath", "")):
        return False
    return not _WRITING & set(given)
