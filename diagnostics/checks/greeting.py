"""Who answers: the product behind a banner, and the other protocols that may listen where SMTP should."""

from __future__ import annotations

from typing import Any, Final

from diagnostics.checks.hello import Hello
from diagnostics.checks.talk import Reply, shown
from diagnostics.patterns import linear

_TLS_RECORDS: Final = (b"\x15\x03", b"\x16\x03")  # an alert or a handshake record, of any version
_PROTOCOLS: Final = (
    (b"http/", "HTTP"),
    (b"<!doctype", "HTTP"),
    (b"<html", "HTTP"),
    (b"ssh-", "SSH"),
    (b"+ok", "POP3"),
    (b"-err", "POP3"),
    (b"* ok", "IMAP"),
    (b"* preauth", "IMAP"),
    (b"* bye", "IMAP"),
    (b'"implementation"', "ManageSieve"),
    (b"rfb 0", "VNC"),
    (b"\x03\x00\x00", "Remote Desktop"),
    (b"\xff\xfb", "Telnet"),
    (b"\xff\xfd", "Telnet"),
)
# FTP and NNTP have replies of SMTP's shape; FTP even greets with 220.
_FTP = linear(r"(?i)\b(?:vsftpd|proftpd|pure-ftpd|filezilla|FTP (?:server|service|daemon))\b|\bUSER and PASS\b")
_SMTP = linear(r"(?i)\bE?SMTP\b")
_VERSION = r"[ /(]+v?(?P<version>\d[\w.]{0,20}(?:-[\w.]{1,12})?)"
_PRODUCTS: Final = tuple(
    (name, linear(pattern))
    for name, pattern in (
        ("Exchange Online", r"(?i)\b(?:protection|mx)\.(?:outlook\.com|microsoft)\b.*Microsoft ESMTP"),
        ("Microsoft SMTP (IIS)", r"(?i)Microsoft ESMTP MAIL Service, Version: (?P<version>[\d.]{1,20})"),
        ("Microsoft Exchange", r"(?i)Microsoft ESMTP MAIL Service"),
        ("Gmail", r"(?i)\bgsmtp\b"),
        ("Postfix", r"(?i)\bPostfix\b"),
        ("Exim", rf"\bExim\b(?:{_VERSION})?"),
        ("Sendmail", rf"\bSendmail\b(?:{_VERSION})?"),
        ("OpenSMTPD", r"\bOpenSMTPD\b"),
        ("Haraka", rf"\bHaraka\b(?:{_VERSION})?"),
        ("hMailServer", r"(?i)\bhMailServer\b"),
        ("MailEnable", r"(?i)\bMailEnable\b.*Version: (?P<version>[\d.]{1,20}|$)?"),
        ("MDaemon", rf"\bMDaemon\b(?:{_VERSION})?"),
        ("Kerio Connect", rf"\bKerio Connect\b(?:{_VERSION})?"),
        ("IceWarp", rf"\bIceWarp\b(?:{_VERSION})?"),
        ("Barracuda", r"(?i)\bBarracuda\b"),
        ("FortiMail", r"(?i)\bFortiMail\b"),
        ("Mimecast", r"(?i)\bmimecast\b"),
        ("Proofpoint", r"(?i)\b(?:pphosted|ppe-hosted)\.com\b"),
        ("Cisco Secure Email", r"(?i)\biphmx\.com\b"),
    )
)
# Only Exchange offers these; its banner may be set to anything (Set-ReceiveConnector -Banner).
_EXCHANGE_ONLY: Final = ("X-ANONYMOUSTLS", "X-EXPS")


def is_tls(seen: bytes) -> bool:
    return seen[:2] in _TLS_RECORDS


def foreign(seen: bytes) -> str:
    """The protocol that begins with these bytes; "" for one we don't know. Not for bytes of SMTP."""
    start = seen.lstrip()[:32].lower()
    return next((name for mark, name in _PROTOCOLS if start.startswith(mark)), "")


def foreign_reply(greeting: Reply, refusal: Reply | None = None) -> str:
    """The protocol of a server whose replies look like SMTP's but who isn't one; "" when it may be.

    `refusal` is its answer to EHLO: a banner alone does not tell FTP, a mail server may be called ftp.contoso.com."""
    text = f"{greeting.text} {refusal.text if refusal else ''}"
    if refusal and _FTP.search(text) and not _SMTP.search(text):
        return "FTP"
    if greeting.code in (200, 201) and not _SMTP.search(text):
        return "NNTP"
    return ""


def banner_facts(greeting: Reply) -> dict[str, Any]:
    """Banner, its host name, and product and version where the banner tells them."""
    facts: dict[str, Any] = {"banner": greeting.text}
    first = shown(greeting.lines[0]).split(" ", 1)[0]
    if "." in first:
        facts["greeting_name"] = first
    for name, pattern in _PRODUCTS:
        if match := pattern.search(greeting.text):
            facts["product"] = name
            version = match.groupdict().get("version")
            return facts | ({"version": version} if version else {})
    return facts


def hello_facts(hello: Hello) -> dict[str, Any]:
    """What EHLO tells, and the product where only its keywords do."""
    facts = {"hello_name": hello.name, **hello.facts()}
    if any(hello.offers(keyword) for keyword in _EXCHANGE_ONLY):
        facts["product"] = "Microsoft Exchange"
    return facts
