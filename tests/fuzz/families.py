"""Texts that are made to be expensive: each family gives one of about as many characters as are asked for."""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Final

from tests.bot.pastes import FAILING

Family = Callable[[int], str]


def again(piece: str, *, head: str = "", tail: str = "") -> Family:
    """`piece` over and over."""
    return lambda size: head + piece * max(1, size // len(piece)) + tail


def numbered(piece: str, *, head: str = "") -> Family:
    """`piece` over and over, with a number in it each time, so that nothing is the same."""

    def made(size: int) -> str:
        count = max(1, size // len(piece))
        return head + "".join(piece.replace("@", str(number)) for number in range(count))

    return made


_NDR = (
    "Delivery has failed to these recipients or groups:\n\nuser@ at fabrikam dot com\n"
    "Remote Server returned '550 5.1.@ RESOLVER.ADR.RecipNotFound; not found'\n\n"
)
_QUEUE = "Identity : MX1\\@\nDeliveryType : SmtpDelivery\nStatus : Retry\nMessageCount : @\nLastError : 451 4.4.0 @\n\n"
_DSN = "Final-Recipient: rfc822;u@\nAction: failed\nStatus: 5.1.1\nDiagnostic-Code: smtp;550 5.1.1 no user @\n\n"
_HEADERS = (
    "Received: from a@.contoso.com (192.0.2.1) by b.contoso.com with SMTP id @;\n Wed, 18 Nov 2026 08:12:44 +0000\n"
)
_MIME = 'Content-Type: multipart/mixed; boundary="b@"\n\n--b@\n'
_MAIL = "From: a@contoso.com\nTo: b@contoso.com\nDate: Wed, 18 Nov 2026 08:12:44 +0000\nMIME-Version: 1.0\n"
_BASE64 = base64.b64encode(b"550 5.7.1 no\n" * 50).decode() + "\n"
_LED = "[{LED=451 4.4.@ Primary target IP address responded};{MSG=};{FQDN=x@};{IP=192.0.2.1};{LRT=}]"
_BOUNCED = (
    "Wed Nov 18 10:12:44 2026 Info: Bounced: DCID @ MID @ From: <a@contoso.com> To: <u@.x@fabrikam.com> RID 0 - 5.1.0 - "
    "Unknown address error ('550', ['5.7.@ no'])\n"
)
_WIZARD = (
    "2026.11.18 07:01:46.158 *ERROR* @ [Client=UX, Session=Tenant, Cmdlet=Set-InboundConnector] FINISH Results=PowerShell "
    "failed to invoke 'Set-InboundConnector': HCW80@ no\n"
)
_FIELDS, _, _ROWS = FAILING.partition("context\n")

FAMILIES: Final[dict[str, Family]] = {
    "one line of letters": again("a"),
    "one line of digits": again("5"),
    "one line of reply codes": again("550 5.7.1 "),
    "one line of commas": again(","),
    "one line of quotes": again('"'),
    "one line of spaces": again(" ", tail="550 5.7.1 no"),
    "one line of colons": again("a: "),
    "one line of addresses": numbered("u@ <u@.x@contoso.com>, "),
    "one line of braces": numbered(_LED),
    "empty lines": again("\n"),
    "carriage returns": again("\r"),
    "short lines": again("a\n"),
    "reply lines": numbered("550 5.7.@ Relay access denied @\n"),
    "multi-line replies": numbered("250-contoso.com offers @\n"),
    "non-delivery reports": numbered(_NDR),
    "beginnings of reports": again("Delivery has failed to these recipients or groups:\n"),
    "delivery status fields": numbered(_DSN, head="Reporting-MTA: dns;mx.contoso.com\n\n"),
    "queues": numbered(_QUEUE),
    "beginnings of queues": again("Identity : \n"),
    "heads of logs": again(_FIELDS + "context\n"),
    "rows of a log": again(_ROWS, head=_FIELDS + "context\n"),
    "rows without a head": again("2026-11-18T08:12:44.018Z,Outbound,08DE2A6B91C0F4A2,0,,52.101.73.12:25,*,,\n"),
    "headers of mail": numbered(_HEADERS),
    "one folded header": again(" folded\n", head="Received: from a\n"),
    "parts in parts": numbered(_MIME, head=_MAIL),
    "parts beside parts": numbered(
        "--b\nContent-Type: text/plain\n\n550 5.7.@ no\n", head=_MAIL + "Content-Type: multipart/mixed; boundary=b\n\n"
    ),
    "base64": again(_BASE64, head=_MAIL + "Content-Transfer-Encoding: base64\n\n"),
    "quoted-printable": again("=41=3D=\n", head=_MAIL + "Content-Transfer-Encoding: quoted-printable\n\n"),
    "encoded words": again("=?utf-8?B?NTUw?= ", head="Subject: "),
    "quotation in quotation": lambda size: "\n".join(
        ">" * depth + " 550 5.7.1 no" for depth in range(1, max(2, int((2 * size) ** 0.5)))
    ),
    "one deep quotation": again("> "),
    "lines of a gateway": numbered(_BOUNCED),
    "rows of the wizard": numbered(_WIZARD),
    "verdicts on handshakes": numbered(
        "  mx@.contoso.com[192.0.2.1]: tlsa-mismatch\n Chain of trust   NOT ok (self signed)\n"
    ),
    "commands without an answer": again("[PS] C:\\>Get-Queue\n"),
    "open brackets": again("(["),
    "open tags": again("<a "),
    "tags": again("<td>550 5.7.1</td>", head="<html>"),
    "entities": again("&lt;&amp;"),
    "a wide table": lambda size: (
        "Identity" + " Status" * (size // 16) + "\n" + "--------" + " ------" * (size // 16) + "\n"
    ),
    "a long table": numbered(
        "MX1\\@   SmtpDelivery   Retry  @  451 4.4.0\n",
        head="Identity DeliveryType Status Count LastError\n-------- ------------ ------ ----- ---------\n",
    ),
    "names and values": numbered("Name@ : value @\n"),
    "settings of objects": numbered("Name : box@\nIdentity : contoso/box@\nPrimarySmtpAddress : box@@contoso.com\n\n"),
    "sizes of mailboxes": numbered(
        "DisplayName : box@\nTotalItemSize : 1 GB (1,073,741,824 bytes)\nItemCount : @\n\n",
        head="452 4.2.2 mailbox full\n\n",
    ),
    "errors of clients": numbered("smtplib.SMTPServerDisconnected: Connection unexpectedly closed @\n"),
    "cmdlets": numbered("[PS] C:\\>Get-Queue -Identity MX1\\@ | Format-List\n"),
    "errors of PowerShell": again("+ CategoryInfo : NotSpecified: (:) [Get-Queue], LocalizedException\n"),
    "events": numbered("Event ID: 36870\nSource: Schannel\nLevel: Error\nDescription: 0x8009030d @\n\n"),
    "answers of DNS": numbered("contoso@.com. 300 IN MX 10 mail@.contoso.com.\n"),
    "nslookup": numbered("Server: dns@\nAddress: 192.0.2.1\n\nName: a@.contoso.com\nAddress: 192.0.2.2\n"),
    "thumbprints": again("3C0FFEE1A2B3C4D5E6F708192A3B4C5D6E7F8091  IP.WS..  CN=mail.contoso.com\n"),
    "a transcript": numbered("MAIL FROM:<a@contoso.com>\n250 2.1.0 ok @\nRCPT TO:<b@contoso.com>\n550 5.1.1 no @\n"),
    "right to left": again("\u202e550\u202c\u200b5.7.1\u2066 "),
    "zero width": again("\u200b\ufeff\u00ad"),
    "surrogates": again("\ud800\udfff550 5.7.1 "),
    "combining marks": again("a\u0301\u0302\u0303"),
    "wide letters": again("漢字😀"),
    "NULs": again("\x00"),
    "JSON": again('{"a":[', tail="1"),
    "escaped backslashes": again("\\"),
    "backticks": again("`"),
    "dashes": again("-----\n"),
    "told in words": numbered("Mail from server@ to fabrikam.com is stuck in the queue since @ hours. "),
}
