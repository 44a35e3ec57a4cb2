"""What SMTP clients and devices say."""

from __future__ import annotations

import pytest
from hypothesis import given

from diagnostics.facts import ConnectFailed, Reply
from diagnostics.mail_facts import ClientError
from tests.diagnostics.recognisers.reading import CHATTER, artefacts, damaged, facts, one

TAG = "[LO2P265CA0012.GBRP265.PROD.OUTLOOK.COM 2026-11-18T08:44:02.117Z 08DE1F50AB0C1D22]"
SEND = f"""Send-MailMessage : The SMTP server requires a secure connection or the client was not authenticated. \
The server response was: 5.7.57 Client not authenticated to send mail. {TAG}
At line:1 char:1
+ Send-MailMessage -SmtpServer smtp.office365.com -Port 587 -UseSsl -To ...
    + CategoryInfo          : InvalidOperation: (System.Net.Mail.SmtpClient:SmtpClient) [Send-MailMessage], SmtpException
    + FullyQualifiedErrorId : SmtpException,Microsoft.PowerShell.Commands.SendMailMessage"""
SOCKET = (
    "System.Net.Mail.SmtpException: Failure sending mail. ---> System.Net.WebException: Unable to connect to the remote server"
    " ---> System.Net.Sockets.SocketException: A connection attempt failed because the connected party did not properly respond"
    " after a period of time, or established connection failed because connected host has failed to respond 203.0.113.10:25\n"
    "   at System.Net.Mail.SmtpClient.Send(MailMessage message)"
)
DATABASE = (
    "The mail could not be sent to the recipients because of the mail server failure. (Sending Mail using Account 1. Exception "
    "Message: Cannot send mails to mail server. (Mailbox unavailable. The server response was: 5.7.54 SMTP; Unable to relay "
    "recipient in non-accepted domain).)"
)
JAVA = """javax.mail.MessagingException: Could not connect to SMTP host: smtp.office365.com, port: 587;
  nested exception is:
\tjava.net.ConnectException: Connection refused: connect
\tat com.sun.mail.smtp.SMTPTransport.openServer(SMTPTransport.java:2212)"""


@pytest.mark.parametrize(
    ("text", "code", "enhanced", "words"),
    [
        (SEND, 0, "5.7.57", "Client not authenticated to send mail."),
        (DATABASE, 0, "5.7.54", "Unable to relay recipient in non-accepted domain"),
        (
            f"MailKit.Security.AuthenticationException: 535: 5.7.139 Authentication unsuccessful {TAG}",
            535,
            "5.7.139",
            "unsuccessful",
        ),
        (
            f"smtplib.SMTPSenderRefused: (530, b'5.7.57 Client not authenticated. {TAG}', 'a@contoso.com')",
            530,
            "5.7.57",
            "Client not",
        ),
        (
            "smtplib.SMTPRecipientsRefused: {'b@c.com': (550, b'5.7.54 SMTP; Unable to relay')}",
            550,
            "5.7.54",
            "Unable to relay",
        ),
        ("aiosmtplib.errors.SMTPHeloError: (501, '5.5.4 Invalid domain name')", 501, "5.5.4", "Invalid domain name"),
        ("com.sun.mail.smtp.SMTPSendFailedException: 554 5.2.252 SendAsDenied; a@b.c", 554, "5.2.252", "SendAsDenied"),
        ("Error: Invalid login: 535 5.7.3 Authentication unsuccessful", 535, "5.7.3", "Authentication unsuccessful"),
        (
            "SMTP ERROR: Password command failed: 535 5.7.139 disabled for the Tenant.",
            535,
            "5.7.139",
            "disabled for the Tenant.",
        ),
        (
            "APP01 - 25 - - 550+5.7.60+SMTP;+Client+does+not+have+permissions 0 0 70",
            550,
            "5.7.60",
            "does not have permissions",
        ),
        (
            "203.0.113.9 OutboundConnectionResponse SMTPSVC1 APP01 - 25 - - 421+Service+not+available,+closing 0 0 70",
            421,
            "",
            "Service not available",
        ),
        ("the copier says SMTP Error 535", 535, "", "535"),
        ("Our PMDF is gone since May, an invalid choice. The UPS says SMTP Error 501.", 501, "", "501 The UPS says"),
    ],
)
def test_the_servers_words(text: str, code: int, enhanced: str, words: str) -> None:
    reply = one(text, Reply)
    assert (reply.code, reply.enhanced, reply.kind) == (code, enhanced, "client")
    assert words in reply.text
    assert not reply.text.endswith((").", "'", '"'))


def test_the_stack_belongs_to_the_error() -> None:
    (artefact,) = artefacts(SEND)
    assert (artefact.kind, artefact.first, artefact.last) == ("client-error", 1, 5)


def test_a_server_that_was_never_reached() -> None:
    failed, error = one(SOCKET, ConnectFailed), one(SOCKET, ClientError)
    assert (failed.kind, failed.ip, error.failing) == ("timeout", "203.0.113.10", True)
    assert one(SOCKET, Reply).enhanced == ""


def test_the_inner_exception_of_java() -> None:
    failed, error = one(JAVA, ConnectFailed), one(JAVA, ClientError)
    assert (failed.kind, failed.host) == ("refused", "smtp.office365.com")
    assert error.text.endswith("Connection refused: connect")


def test_errors_on_lines_below_each_other_are_several() -> None:
    text = "smtplib.SMTPDataError: (554, b'5.2.0 denied')\nsmtplib.SMTPDataError: (550, b'5.7.60 no')"
    assert [reply.enhanced for reply in facts(text, Reply)] == ["5.2.0", "5.7.60"]


def test_an_inner_exception_holds_the_reply() -> None:
    text = """javax.mail.SendFailedException: Invalid Addresses;
  nested exception is:
class com.sun.mail.smtp.SMTPAddressFailedException: 550 5.7.54 SMTP; Unable to relay"""
    assert (one(text, Reply).code, one(text, Reply).enhanced, one(text, Reply).source.line) == (550, "5.7.54", 3)


@given(damaged(f"{SEND}\n{SOCKET}\n{JAVA}\n{DATABASE}"))
def test_damage_never_raises(text: str) -> None:
    artefacts(text)


@pytest.mark.parametrize(
    "text",
    [
        *CHATTER,
        "Send-MailMessage is deprecated, use MailKit. The SMTP error handling is nicer",
        "swaks shows *** Host did not advertise STARTTLS when the banner is masked, remember",
        "we saw a System.Net.Mail.SmtpException yesterday, gone today",
    ],
)
def test_chatter_is_none(text: str) -> None:
    assert not [each for each in artefacts(text) if each.kind == "client-error"]
