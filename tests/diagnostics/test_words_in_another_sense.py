"""Near misses of the wordings: talk that quotes them, lines that report success, and rivals that share their nouns."""

from __future__ import annotations

import pytest

from diagnostics import diagnose


@pytest.mark.parametrize(
    "text",
    [
        "does connect ECONNREFUSED mean the smtp port is closed?",
        "docker pull fails: x509: certificate signed by unknown authority",
        "npm ERR! network request to https://registry failed, reason: getaddrinfo ENOTFOUND registry",
        "connect ETIMEDOUT 10.0.0.5:5432 from the api pod",
        "msmtp: is anybody using it?",
        "smtplib question: how do I set the HELO name?",
        "Is TLS required for the new MX?",
        "our printer must use TLS from next month, announcement to follow",
        "The domain contoso.com does not exist in our tenant list, should I add it?",
        "ETA for ticket 554: missing header images",
        "550 missing licenses for the new hires",
        "Can anyone tell me what `250 2.0.0 Ok: queued as` means?",
        "sending emails to customers about this:\ndocker pull fails: x509: certificate signed by unknown authority",
        "220 *** new tickets, please take some",
        "we protect our users from spam since 2019",
        "our monitoring alerts on event IDs 10001, 10003 of MSExchangeTransport",
        "transport service news: since Monday events 1012 and 1013 moved to hall 3",
        "we retired the public folder servers in 2019",
        "without the rule it runs",
        "the relay connector has the exchange servers' IPs in its range",
        "what does SubmitMessage 0x80070005 mean?",
        "ErrorAccessDenied when calling CreateItem for a calendar event",
        "before that it was 550 5.7.1 Unable to relay",
    ],
)
def test_talk_stays_silent(text: str) -> None:
    assert diagnose(text).verdict == "nothing"


@pytest.mark.parametrize(
    "text",
    [
        (
            "mta: smtp_lookup_rcpt: Connecting to [2001:db8:417::202]:25 (DNSSEC)\n"
            "mta: smtp_lookup_rcpt: Connection is now using TLSv1.2 with cipher ECDHE-RSA-AES256-GCM-SHA384 (256 bits)"
        ),
        "Nov 20 sm-mta[22]: STARTTLS=client, relay=mail.fabrikam.com., version=TLSv1.3, verify=OK, cipher=TLS_AES_256",
        (
            "Nov 27 08:00:02 host=smtp.contoso.com tls=on auth=on from=a@contoso.com recipients=b@fabrikam.com mailsize=512 "
            "smtpstatus=250 smtpmsg='250 2.0.0 Ok: queued as 4F' exitcode=EX_OK"
        ),
        "postfix/smtpd[22]: disconnect from mx.fabrikam.com[198.51.100.7] ehlo=2 mail=1 rcpt=1 data=1 quit=1 commands=6",
        "220 mx1.fabrikam.com ESMTP\nEHLO test\n250-mx1.fabrikam.com\n250-8BITMIME\n250 SIZE 10485760",
        (
            "telnet mx.fabrikam.com 25\nTrying 198.51.100.7...\nConnected to mx.fabrikam.com.\nEscape character is '^]'.\n"
            "220 mx ESMTP\nQUIT\n221 Bye\nConnection closed by foreign host."
        ),
    ],
)
def test_success_is_healthy(text: str) -> None:
    assert diagnose(text).verdict == "healthy"


def test_a_session_with_a_failed_command_is_no_success() -> None:
    text = "postfix/smtpd[22]: disconnect from mx.fabrikam.com[198.51.100.7] ehlo=1 mail=1 rcpt=1 data=0/1 commands=3/4"
    assert diagnose(text).verdict == "nothing"


@pytest.mark.parametrize(
    ("text", "not_this"),
    [
        ("550 5.1.8 Sender domain does not exist in DNS", "dns.recipient-domain.nonexistent"),
        ("450 4.4.3 domain lookup failed temporarily: Host not found, try again", "dns.recipient-domain.nonexistent"),
        ("550 5.7.26 the From: header domain has an invalid DKIM signature", "protocol.header.from-invalid"),
        ("552 5.7.0 attachments of this MIME type are not allowed, invalid MIME type", "protocol.mime.corrupt"),
        ("503 5.5.1 Error: send HELO first", "protocol.helo.invalid-domain"),
        ("554 5.7.1 rejected in reply to EHLO command: listed at zen.spamhaus.org", "protocol.helo.invalid-domain"),
        ("454 TLS not available due to local problem", "tls.starttls.client-did-not-encrypt"),
        ("450 4.7.5 the remote host must support TLS", "tls.starttls.client-did-not-encrypt"),
        ("550 5.7.1 TLS version not supported, please use TLS 1.2 or higher", "tls.starttls.client-did-not-encrypt"),
        ("550 5.7.1 Client host rejected: cannot resolve the recipient", "dns.ptr.missing-or-mismatched"),
        (
            "smtplib ConnectionResetError: [Errno 104] Connection reset by peer in ssl handshake",
            "network.connection.refused",
        ),
        ("450 4.1.1 the message body has a lone surviving character", "protocol.content.bare-linefeed"),
    ],
)
def test_rivals_share_a_noun(text: str, not_this: str) -> None:
    assert not_this not in [each.cause for each in diagnose(text).findings]
