"""Near misses of the wordings: talk that quotes them, lines that report success, and rivals that share their nouns."""

from __future__ import annotations

import pytest

from diagnostics import diagnose
from tests.casefile import judged


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
        "550 users were moved to the new list",
        "550 mailing list members unsubscribed last week",
        "552 boxes need more space in storage",
        "554 No entries in the address book after migration",
        "550 accounts are no longer active, delete them?",
        "550 bad ip phones were replaced",
        "421 members joined the mailing list",
        "500 errors in the loop of the cron job",
        "The mailing list does not accept mail from non-members, how do I subscribe?",
        "Is our IP on a blacklist?",
        "our ISP says to use your provider's mail server for port 25",
        "401 Unauthorized: user not found",
        "403 Forbidden: your ip is blocked",
        "404 user not found",
        "500 Internal Server Error",
        "502 Bad Gateway",
        "How do I find out whether the mailbox is over quota?",
        "we got a message loop in our code review",
        "550 Anna is not our customer any more",
        "421 The group only accepts new members on Monday",
        "550 customers are unknown to the new CRM",
        "450 We have no room left in the data centre",
        "Ticket 550: user not found in CRM",
        "our monitoring alerts on event IDs 10001, 10003 of MSExchangeTransport",
        "transport service news: since Monday events 1012 and 1013 moved to hall 3",
        "we retired the public folder servers in 2019",
        "without the rule it runs",
        "the relay connector has the exchange servers' IPs in its range",
        "what does SubmitMessage 0x80070005 mean?",
        "ErrorAccessDenied when calling CreateItem for a calendar event",
        "before that it was 550 5.7.1 Unable to relay",
        "hehe, my dog answers '550 5.7.1 access denied' when I come near its bowl",
        "my boss is basically 550 5.1.1 User unknown on Mondays :joy:",
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
    assert not_this not in [each.cause for each in judged((text,)).findings]


@pytest.mark.parametrize(
    ("text", "not_this"),
    [
        ("554 5.7.1 Connection from 203.0.113.9 rejected for policy reasons", "reputation.ip.dnsbl-listed"),
        ("554 5.7.1 mail from 203.0.113.9 refused: no reverse DNS", "reputation.ip.dnsbl-listed"),
        ("421 connections from 203.0.113.9 refused, too many sessions", "reputation.ip.dnsbl-listed"),
        ("550 you are not allowed to connect the printer to this network", "reputation.ip.dnsbl-listed"),
        ("550 5.1.8 Sender address does not exist", "recipient.unknown.remote"),
        ("553 5.1.8 Domain of sender address anna@fabrikam.com does not exist", "recipient.unknown.remote"),
        ("550 5.7.1 invalid address syntax in From", "recipient.unknown.remote"),
        ("501 5.1.3 Bad recipient address syntax", "recipient.unknown.remote"),
        ("550 5.1.7 Invalid address", "recipient.unknown.remote"),
        ("535 5.7.8 Invalid user or password", "recipient.unknown.remote"),
        ("550 5.7.1 your IP address could not be found in DNS", "recipient.unknown.remote"),
        ("550 5.7.1 user not found in SPF record of the sender", "recipient.unknown.remote"),
        ("450 4.7.1 recipient address rejected: unknown sender, try again later", "recipient.unknown.remote"),
        ("550 5.7.0 Unknown authentication user", "recipient.unknown.remote"),
        ("554 5.7.1 The account of the sender is not known here", "recipient.unknown.remote"),
        ("550 5.7.1 address not found in the list of permitted senders, SPF fail", "recipient.unknown.remote"),
        ("550 5.1.2 unknown mail domain", "recipient.unknown.remote"),
        ("550 Return path address does not exist", "recipient.unknown.remote"),
        ("554 5.7.1 invalid account: log in first", "recipient.unknown.remote"),
        ("550 5.2.2 user unknown quota: mailbox full", "recipient.unknown.remote"),
        ("550 5.2.1 unknown reason: the mailbox is disabled", "recipient.unknown.remote"),
        ("550 bad destination: listed on dnsbl.example.net, user unknown", "recipient.unknown.remote"),
        ("554 5.7.1 No such user agent is allowed by policy", "recipient.unknown.remote"),
        ("550 5.7.1 Your account is suspended for sending spam", "recipient.mailbox.disabled"),
        ("521 5.2.1 Your IP address has been blocked", "recipient.mailbox.disabled"),
        ("535 5.7.8 account is locked", "recipient.mailbox.disabled"),
        ("550 5.7.1 the sender's account has been suspended", "recipient.mailbox.disabled"),
        ("550 5.7.1 our user closed the list to this sender, blacklisted", "recipient.mailbox.disabled"),
        ("550 5.2.1 Vdelivermail: account is locked email bounced", "auth-smtp.credentials.invalid"),
        ("550 5.7.1 you have exceeded your hourly quota", "quota-throttle.mailbox.full"),
        ("552 5.3.4 message size exceeds the storage policy", "quota-throttle.mailbox.full"),
        ("452 4.3.1 Insufficient system storage", "quota-throttle.mailbox.full"),
        ("550 5.4.5 daily sending quota exceeded", "quota-throttle.mailbox.full"),
        ("451 4.7.1 quota of connections exceeded, user", "quota-throttle.mailbox.full"),
        ("552 too many recipients", "quota-throttle.mailbox.full"),
        ("554 5.7.1 Message blocked for spam content", "reputation.ip.dnsbl-listed"),
        ("550 5.7.1 message identified as spam", "reputation.ip.dnsbl-listed"),
        ("550 5.7.1 the sender is on a blacklist of the user", "reputation.ip.dnsbl-listed"),
        ("550 5.7.1 SPF: 203.0.113.9 is not allowed to send mail for fabrikam.com", "reputation.ip.dnsbl-listed"),
        ("421 4.7.0 too many connections from 203.0.113.9, blocked for 10 minutes", "reputation.ip.dnsbl-listed"),
        ("550 5.1.1 the mailbox is not listed in the directory", "reputation.ip.dnsbl-listed"),
        ("554 5.7.1 URL listed in SURBL", "reputation.ip.dnsbl-listed"),
        ("550 5.7.1 relaying denied for your IP", "reputation.ip.dnsbl-listed"),
        ("550 5.7.25 the IP address sending this message does not have a PTR record", "reputation.ip.dnsbl-listed"),
        ("550 5.7.1 dynamic distribution groups are not allowed", "reputation.ip.dnsbl-listed"),
        (
            "550 Your IP: 203.0.113.9 : Your domain fabrikam.com is not allowed in header From",
            "reputation.ip.dnsbl-listed",
        ),
        ("550 User not a member of domain: <anna@contoso.com>", "policy.restriction.sender-not-allowed"),
        ("550 5.7.1 group mailbox full", "policy.restriction.sender-not-allowed"),
        ("550 5.1.1 member of list not found, user unknown", "policy.restriction.sender-not-allowed"),
        ("550 5.7.1 not subscribed: SPF fail", "policy.restriction.sender-not-allowed"),
        ("554 5.7.1 Sender address blocked using dbl.spamhaus.org", "policy.antispam.sender-blocked"),
        ("550 5.7.1 recipient blocked for spam attachments by user count", "policy.antispam.sender-blocked"),
        ("550 5.1.1 recipient rejected: user unknown", "policy.antispam.sender-blocked"),
        ("550 5.7.1 the sender's host name is unknown", "dns.recipient-domain.nonexistent"),
        ("550 5.7.1 helo rejected: unknown host name", "dns.recipient-domain.nonexistent"),
        ("450 4.7.1 client host rejected: unknown host", "dns.recipient-domain.nonexistent"),
        ("550 5.1.2 recipient host name is unknown", "dns.ptr.missing-or-mismatched"),
        ("552 5.2.2 User has too many messages on the server", "quota-throttle.remote.rate-limited"),
        ("450 4.2.1 user is receiving mail too quickly", "quota-throttle.remote.rate-limited"),
        ("552 message has an excessive number of attachments", "quota-throttle.remote.rate-limited"),
        ("550 5.7.1 suspected spoofing of our domain", "reputation.content.spam-detected-remote"),
        ("550 5.7.1 suspected virus", "reputation.content.spam-detected-remote"),
        ("550 5.7.1 bulk senders must authenticate with SPF or DKIM", "reputation.content.spam-detected-remote"),
        ("554 5.7.1 rejected because the client is listed as an open relay", "dns.mx.own-domain-wrong"),
        ("550 5.1.1 no mailbox for this user at this mail relay", "dns.mx.own-domain-wrong"),
        ("550 5.7.30 This mail has been blocked because DKIM does not pass", "auth-smtp.basic.retired"),
        ("550 5.7.1 feedback loop complaint", "routing-loop.connector.mx-points-back"),
        ("550 5.7.1 rejected by loop prevention list of spammers", "routing-loop.connector.mx-points-back"),
        ("554 5.7.1 TLS is not supported by the destination", "tls.protocol.client-legacy-rejected"),
    ],
)
def test_words_in_another_sense_are_not_believed(text: str, not_this: str) -> None:
    assert not_this not in [each.cause for each in diagnose(text).findings if each.belief != "possible"]
