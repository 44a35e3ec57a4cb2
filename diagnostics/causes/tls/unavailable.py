"""A server that offers STARTTLS and then can't do it: it has no certificate, or can't read its certificate or the key.

To the client it says no more than 454 (RFC 3207, 4). The log of the server itself names the file and the reason, in the words of
Postfix, Exim, sendmail, Dovecot and OpenSMTPD.
"""

from __future__ import annotations

from typing import Final

from diagnostics.cause import change, look
from diagnostics.facts import Said
from diagnostics.patterns import linear
from diagnostics.report import Step

TO_CLIENTS: Final = (
    "TLS not available due to local problem",  # Postfix
    "TLS not available due to temporary reason",  # RFC 3207, sendmail, Haraka, Stalwart, Maddy
    "TLS currently unavailable",  # Exim
    "TLS is currently unavailable",
    "454 4.3.3 TLS not available",  # sendmail, OpenSMTPD
    "454 TLS not available",
    "454 4.7.0 TLS not available",
)
IN_ITS_LOG: Final = (
    "certificate from file",  # Postfix: cannot get RSA certificate from file …: disabling TLS support
    "private key from file",
    "disabling TLS support",
    "bss_file.c",  # OpenSSL's next line below, with the reason
    "SSL_CTX_use_certificate",  # Exim, sendmail
    "SSL_CTX_use_PrivateKey",
    "SSL_CTX_use_RSAPrivateKey",
    "cert/key setup",  # Exim with GnuTLS
    "ssl_cert: Can't open file",  # Dovecot
    "ssl_key: Can't open file",
    "Can't load SSL certificate",
    "Can't load private key",
    "key values mismatch",
)
# A key that others can read is refused as well, by sendmail and OpenSMTPD.
_UNREADABLE = linear(
    r"(?i)\bpermission denied|\bEACCES\b|\b(?:insecure|unsafe|bad) (?:key )?(?:file )?(?:permissions|mode)|\bunsafe: "
    r"|group readable"
)
_GONE = linear(r"(?i)\bno such file|\bnot found\b|\bENOENT\b|can.t open file .{0,200}\bno such")
_OTHER_KEY = linear(
    r"(?i)key values mismatch|does not match (?:the )?certificate|no start line|expecting: (?:ANY )?PRIVATE KEY"
)
_OF_TLS = linear(r"(?i)tls|ssl|certificate")


def why(said: Said) -> str:
    """What the server's log says stopped it: "unreadable", "gone", "other-key", or "" where it tells no reason."""
    if said.signature not in IN_ITS_LOG or not _OF_TLS.search(said.text):
        return ""
    reasons = (("unreadable", _UNREADABLE), ("other-key", _OTHER_KEY), ("gone", _GONE))
    return next((name for name, words in reasons if words.search(said.text)), "")


def of_its_own(said: Said) -> str:
    """The beginning of a sentence about a refusal of STARTTLS."""
    return (
        f"{said.by or 'The server'} offers STARTTLS, and can't start TLS for a reason of its own, which its log names"
    )


def steps() -> tuple[Step, ...]:
    return (
        look(
            "On the server that said so, see what its log tells of the certificate and the key when it starts.",
            "grep -iE 'certificate|private key|TLS (support|library)' /var/log/mail.log | tail -n 20",
            "bash",
        ),
        look(
            "See which files it is set to (Postfix); then look whether they are there, and who may read them.",
            "postconf smtpd_tls_cert_file smtpd_tls_key_file smtpd_tls_chain_files",
            "bash",
        ),
        change(
            "Set it to a certificate and the key that belongs to it, let root read them (or the account that the daemon starts "
            "with), and reload it. On Exchange, enable the certificate for SMTP.",
            "",
            shell="portal",
            changes="The files, or their rights, that the mail server reads when it starts.",
            undo="Put the former names and rights back, and reload.",
            verify="A handshake with STARTTLS shows the certificate.",
        ),
    )
