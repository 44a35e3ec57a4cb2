"""The client speaks TLS from the first byte where the server greets in clear text first, or the other way round.

## What is happening
There are two ways to encrypt SMTP. On 25, 587 and 2525 the server greets in clear text, and the client asks for TLS by STARTTLS.
On 465 the session is TLS from the first byte (SMTPS, implicit TLS). A client that begins with TLS on 587 reads the greeting
`220 …` as a broken record: `wrong version number`, `Unsupported or unrecognized SSL message`, `first record does not look like a
TLS handshake`, `unexpected packet format`. A client that waits for the greeting on 465 waits until its time is up, since the
server waits for TLS: `Greeting never received`, `response: -1`. Programs word the choice badly: "SSL", "secure = true",
`SMTPSecure = ssl`, `SMTP_SSL` and `SslOnConnect` mean TLS at once; "STARTTLS", `secure: false` and `SMTPSecure = tls` the other.
Exchange Online (`smtp.office365.com`, 587; the tenant's MX host, 25) speaks STARTTLS only. So does Exchange Server on every port:
its 465 is the port of the Client Proxy connector, for other Exchange servers, and no SMTPS.

## What proves it
- the error above, and settings that name TLS at once together with 25, 587 or 2525
- MailKit says it itself (`port 587 is typically reserved for plain-text connections`), and Postfix of 465 (`wrappermode`)
- `openssl s_client -starttls smtp` gets a certificate on that port, and without `-starttls` it says `wrong version number`
- the client's error, and a session by hand on that port in which STARTTLS works
- the server's log shows a TLS record in place of a command: Exim `synchronization error … input="\\026\\003`

## Not this when
- the same words came after STARTTLS was answered: then it is a TLS version, or a device on the way that answers in clear text
- the server says `Must issue a STARTTLS command first`: the client did not encrypt at all (`tls.starttls.client-did-not-encrypt`)
- a certificate was shown: then TLS was spoken

## References
- https://www.rfc-editor.org/rfc/rfc8314
- https://learn.microsoft.com/en-us/exchange/mail-flow-best-practices/how-to-set-up-a-multifunction-device-or-application-to-send-email-using-microsoft-365-or-office-365
- https://learn.microsoft.com/en-us/exchange/mail-flow/connectors/receive-connectors
- https://www.postfix.org/postconf.5.html#smtp_tls_wrappermode
- https://nodemailer.com/smtp/
"""

from __future__ import annotations

from typing import Final

from diagnostics.cause import Belief, Finding, cause, change, look, shown
from diagnostics.causes.auth_smtp.logon import client_settings
from diagnostics.causes.tls.handshakes import offered, offering
from diagnostics.facts import Said, SmtpReached
from diagnostics.looked_facts import TlsProbe
from diagnostics.mail_facts import ClientError, Configured
from diagnostics.patterns import linear
from diagnostics.report import Step

# A TLS library that was answered in clear text.
_AT_ONCE: Final = (
    "unrecognized SSL message",  # Java
    "wrong version number",  # OpenSSL
    "WRONG_VERSION_NUMBER",
    "packet length too long",
    "PACKET_LENGTH_TOO_LONG",
    "SSL23_GET_SERVER_HELLO:unknown protocol",  # OpenSSL before 1.1
    "first record does not look like a TLS",  # Go
    "unexpected packet format",  # .NET
    "corrupted frame was received",
    "SSL_ERROR_RX_RECORD_TOO_LONG",  # NSS
    "unexpected TLS packet",  # GnuTLS
    "corrupt message of type InvalidContentType",  # rustls
)
# MailKit names what it may be, in older versions beside what a certificate may have.
_MAILKIT: Final = "is typically reserved for plain-text connections"
_MAILKIT_FAILED: Final = "SslHandshakeException"  # whatever stopped the handshake
_MAILKIT_OLD: Final = "trying to connect to a port which does not support SSL/TLS"
# Postfix, of a relayhost on 465.
_WRAPPERMODE: Final = ("SMTPS wrappermode (TCP port 465) requires", "CLIENT wrappermode (port smtps/465)")
# No greeting came in clear text.
_NO_GREETING: Final = (
    "Greeting never received",  # nodemailer
    "response: -1",  # Jakarta Mail
    "while receiving the initial server greeting",  # Postfix
    "Connection unexpectedly closed",  # Python
    "operation has timed out",  # .NET
)
_SILENT_PORT = linear(r"(?i)(?:[a-z\d\]]:|\bport['\"]?\s?[:=]?\s?['\"]?|['\"],\s?)465\b")
_GREETING_PORT = linear(r"(?i)(?:[a-z\d\]]:|\b(?:port|puerto|porta|poort)['\"]?\s?[:=]?\s?['\"]?)(?:25|587|2525)\b")
_SUBMISSION: Final = ("587", "2525")
_AFTER_STARTTLS = linear(r"(?i)starttls|enable_crypto|SSL_accept|accept_sr_|postfix|TLS library problem")
# A program's own word for where it stood, and no sentence about STARTTLS.
_BEHIND_STARTTLS = linear(r"enable_crypto|SSL_accept|accept_sr_|postfix|TLS library problem")
_SMTPS_SERVER = linear(r"postfix/(?:smtps|submissions)/smtpd\[")
_AT_ONCE_SET = linear(r"(?i)^(?:true|1|yes|on|ssl|smtps|smtp_ssl|implicit|ssl/tls|sslonconnect|-UseSsl)")


@cause(
    id="tls.implicit.port-mismatch",
    act="sender",
    says=(*_AT_ONCE, _MAILKIT, _MAILKIT_OLD, _MAILKIT_FAILED, *_WRAPPERMODE, *_NO_GREETING),
)
def assess(said: Said, settings: tuple[Configured, ...]) -> Finding | None:
    """The words of the client, and the port that it was set to."""
    client = next((each for each in settings if each.kind == "client-settings" and each.get("Port")), None)
    client = client or client_settings(settings)
    if said.signature in _WRAPPERMODE:
        because = (
            "Postfix sends to port 465 and waits there for a greeting in clear text: the server expects TLS at once."
        )
        return Finding(Belief.CONFIRMED, because, (said,), _relay())
    if said.signature in _NO_GREETING:
        return _no_greeting(said, client)
    if _SMTPS_SERVER.search(said.source.quote):
        because = "On its port for TLS at once (465), the server got something else: mostly a client that is set to STARTTLS, "
        because += "or to no encryption."
        return Finding(Belief.POSSIBLE, because, (said,), _steps(""), weight=1.5)
    if said.signature == _MAILKIT:
        because = "MailKit was told to speak TLS at once on a port that greets in clear text, and says so itself."
        return Finding(Belief.LIKELY, because, (said,), _steps(_host(said, client)), weight=1.8)
    return _answered_in_clear(said, client)


@shown
def speaks_starttls(errors: tuple[ClientError, ...], seen: tuple[TlsProbe | SmtpReached, ...]) -> Finding | None:
    """A client that was answered in clear text, by a server that does encrypt behind STARTTLS."""
    error = next((each for each in errors if any(words in each.text for words in _AT_ONCE)), None)
    works = offering(seen)
    if error is None or works is None or _BEHIND_STARTTLS.search(error.text):
        return None
    because = (
        f"{offered(works)}, and the client, which spoke TLS at once, was answered in clear text: set it to STARTTLS."
    )
    return Finding(Belief.LIKELY, because, (works, error), _steps(works.host))


def _answered_in_clear(said: Said, client: Configured | None) -> Finding | None:
    """TLS at once; behind STARTTLS the same words are of versions, or of a device on the way."""
    if said.kind != "client" or _AFTER_STARTTLS.search(said.text):
        return None
    port = client.get("Port") if client else ""
    how = client.get("Encryption").lower() if client else ""
    if "starttls" in how:
        return None
    old = said.signature == _MAILKIT_OLD  # which lists an untrusted certificate as well
    because = (
        "The client spoke TLS at once and was answered in clear text: this port greets first and waits for STARTTLS. "
    )
    because += "Set the client to STARTTLS (25, 587) instead of SSL/TLS, or to a port that speaks TLS at once (465)."
    at_once = bool(_AT_ONCE_SET.search(how))
    # 25 is the port of mail between servers as well, which people name for other reasons
    greets = port in _SUBMISSION or (port == "25" and at_once)
    if said.signature == _MAILKIT_FAILED and not (at_once and greets):
        return None
    if greets or _GREETING_PORT.search(f"{said.text} {said.source.quote}"):
        belief = Belief.POSSIBLE if old and not at_once else Belief.LIKELY
        return Finding(belief, because, (said, client), _steps(_host(said, client)), weight=1.6)
    if port == "465" or _SILENT_PORT.search(said.text):
        because = "The client spoke TLS at once, and what listens on 465 answered in clear text: there 465 is a port like 587, "
        because += "as on an Exchange server, or its TLS is not set to begin at once."
        return Finding(Belief.POSSIBLE, because, (said, client), _steps(_host(said, client)), weight=1.5)
    return Finding(
        Belief.POSSIBLE, because, (said,), _steps(_host(said, client)), weight=0.8 if old and not at_once else 1.5
    )


def _no_greeting(said: Said, client: Configured | None) -> Finding | None:
    """A client in clear text on the port where the server waits for TLS. A lost connection has the same words."""
    port = client.get("Port") if client else ""
    if port != "465" and not _SILENT_PORT.search(f"{said.text} {said.source.quote}"):
        return None
    if client and _AT_ONCE_SET.search(client.get("Encryption")) and "Net.Mail" not in said.text:
        return None
    because = "The client waited for a greeting on 465, and that port says nothing before TLS: set it to TLS at once (SSL/TLS), "
    because += "or to 587 with STARTTLS."
    if "Net.Mail" in said.text or "Send-MailMessage" in said.text:
        because += " .NET's own SmtpClient and Send-MailMessage know STARTTLS alone."
    likely = said.signature == "response: -1"
    return Finding(
        Belief.LIKELY if likely else Belief.POSSIBLE, because, (said, client), _steps(_host(said, client)), weight=2.0
    )


def _host(said: Said, client: Configured | None) -> str:
    return said.host or (client.get("Host") if client else "")


def _look(host: str) -> Step:
    return look(
        "See what each port speaks: 587 has to show a certificate behind STARTTLS, 465 one at once. `wrong version number` means "
        "that the port greets in clear text.",
        "openssl s_client -starttls smtp -connect {host:token}:587 </dev/null; "
        "openssl s_client -connect {host:token}:465 </dev/null",
        "bash",
        host=host,
    )


def _steps(host: str) -> tuple[Step, ...]:
    return (
        _look(host),
        change(
            "Set the client to STARTTLS on 587 (or 25); or, if the server has it, to SSL/TLS on 465.",
            "",
            shell="portal",
            changes="nodemailer: secure false and requireTLS true. MailKit: SecureSocketOptions.StartTls. Python: SMTP() and "
            "starttls() in place of SMTP_SSL(). PHPMailer: SMTPSecure 'tls'. Jakarta Mail: mail.smtp.starttls.required true, "
            "mail.smtp.ssl.enable false. The session stays encrypted either way.",
            undo="Set the client back as it was.",
            verify="The client's debug output shows the server's greeting, STARTTLS, and then the logon.",
        ),
    )


def _relay() -> tuple[Step, ...]:
    return (
        look(
            "See where Postfix relays to, and how it encrypts.",
            "postconf relayhost smtp_tls_wrappermode smtp_tls_security_level",
            "bash",
        ),
        change(
            "Name port 587 in relayhost, with smtp_tls_security_level = encrypt; or keep 465 and set smtp_tls_wrappermode = yes "
            "beside it.",
            "",
            shell="portal",
            changes="All mail of this Postfix leaves over that port; wrappermode counts for each server that it sends to.",
            undo="Write the former lines back into main.cf, and reload Postfix.",
            verify="A test message is sent (`status=sent`).",
        ),
    )
