"""Gateways, filters and smaller mail servers in the path: one line of each tells what became of a message."""

from __future__ import annotations

import pytest
from hypothesis import given, settings

from diagnostics.facts import CertificateRejected, ConnectFailed, Reply
from tests.diagnostics.recognisers.reading import CHATTER, artefacts, damaged, facts, one
from tests.fuzz.growth import seconds

OPENSMTPD = (
    "Nov 18 08:31:02 mx1 smtpd[45037]: 8f4864084ecc48f4 mta delivery evpid=7077717e797a776e from=<app@fabrikam.com> "
    'to=<anna@contoso.com> rcpt=<-> source="192.0.2.20" '
)
ESA = "Wed Nov 18 08:31:02 2026 Info: "
BOUNCED = f"{ESA}Bounced: DCID 84 MID 19 From: <app@fabrikam.com> To: <anna@contoso.com> RID 0 - "
ROUTER = "11/18/2026 08:31:02 AM  Router: "
MIMECAST = "datetime=2026-11-18T08:31:02+0000|aCode=BY81J52RPjmrp7M|acc=C0A0|"
HMAIL = '"SMTPC"\t102\t2\t"2026-11-18 08:31:02.003"\t"203.0.113.10"\t"'
ICEWARP = "203.0.113.10    [00000A1C] Wed, 18 Nov 2026 08:31:02 +0100 "
HARAKA = "[NOTICE] [9B1A2C3D-0000-4000-8000-000000000001.1.1] [outbound] "
AMAVIS = "Nov 18 08:31:02 mx1 amavis[3491]: (03491-01) "
RSPAMD = (
    "2026-11-18 08:31:02 #4567(normal) <a1b2c3>; task; rspamd_task_write_log: id: <x@fabrikam.com>, qid: <4Bx1y2z3>, "
    "ip: 203.0.113.5, from: <app@fabrikam.com>, (default: "
)
RCPTS = ", len: 2997, time: 120.1ms, rcpts: <anna@contoso.com>, mime_rcpts: <anna@contoso.com>"
FORTIMAIL = (
    'date=2026-11-18 time=08:31:02 device_id=FE100C39 log_id=0200025843 type=statistics pri=information session_id="r1P" '
    'client_name="mail.fabrikam.com" client_ip="203.0.113.5" dst_ip="192.0.2.13" from="app@fabrikam.com" '
    'to="anna@contoso.com" polid="0:1:0" domain="contoso.com" subject="" direction="in" virus="" '
)
SOPHOS = (
    '2026:11:18-08:31:02 utm exim-in[6854]: 2026-11-18 08:31:02 id="1003" severity="info" sys="SecureMail" sub="smtp" '
)
LMTP = "2026-11-18 08:31:02,123 INFO  [LmtpServer-12] [name=anna@contoso.com;mid=2;ip=192.0.2.5;] lmtp - "

ANNA = "anna@contoso.com"


@pytest.mark.parametrize(
    ("line", "told"),
    [
        (
            f'{OPENSMTPD}relay="203.0.113.10 (mail.contoso.com)" delay=1s result="PermFail" stat="550 User unknown"',
            ("550 User unknown", "", "mail.contoso.com", "203.0.113.10", ANNA),
        ),
        (
            f'{OPENSMTPD}relay="contoso.com" delay=15m result="TempFail" stat="Network error on destination MXs"',
            ("Network error on destination MXs", "4.4.1", "", "", ANNA),
        ),
        (
            (
                "@40000000419f13a5 delivery 5: failure: 203.0.113.10_does_not_like_recipient./Remote_host_said:_550_No_such_user/"
                "Giving_up_on_203.0.113.10./"
            ),
            ("550 No such user", "", "", "203.0.113.10", ""),
        ),
        (
            "1054194596.057500 delivery 183: failure: Sorry,_I_couldn't_find_any_host_named_fabrikan.com._(#5.1.2)/",
            ("Sorry, I couldn't find any host named fabrikan.com.", "5.1.2", "", "", ""),
        ),
        (f"{BOUNCED}5.1.0 - Unknown address error ('550', ['User unknown'])", ("550 User unknown", "", "", "", ANNA)),
        (
            f"{BOUNCED}5.1.2 - Bad destination host ('000', ['DNS Hard Error looking up fabrikan.com (MX):  NXDomain'])",
            ("DNS Hard Error looking up fabrikan.com (MX): NXDomain", "5.1.2", "", "", ANNA),
        ),
        (
            (
                f"{ROUTER}Message 003903B3 NOT transferred via SMTP to CONTOSO.COM for {ANNA} from Alice Admin/Fabrikam Size: 4K "
                "Error transferring to mail.contoso.com; SMTP Protocol Returned a Permanent Error 550 User unknown"
            ),
            ("550 User unknown", "", "mail.contoso.com", "", ANNA),
        ),
        (
            f"{ROUTER}No messages transferred to CONTOSO.COM (host mail.contoso.com) via SMTP: The server is not responding.",
            ("The server is not responding.", "4.4.1", "mail.contoso.com", "", ""),
        ),
        (
            (
                f'{MIMECAST}Delivered=false|Err=550|RejType="Recipient"|RejCode=550|RejInfo="[203.0.113.10] User unknown"'
                f"|Dir=Outbound|Sender=app@fabrikam.com|Rcpt={ANNA}|AttCnt=0"
            ),
            ("550 User unknown", "", "", "203.0.113.10", ANNA),
        ),
        (f'{HMAIL}RECEIVED: 550 User unknown"', ("550 User unknown", "", "", "", "")),
        (f"{ICEWARP}<<< 550 User unknown", ("550 User unknown", "", "", "203.0.113.10", "")),
        (
            (
                f'queue: delivery attempt failed\t{{"msg_id":"7c01","rcpt":"{ANNA}","reason":"x",'
                '"remote_server":"mx.contoso.com.","smtp_code":550,"smtp_enchcode":"5.1.1","smtp_msg":"User \\"anna\\" unknown"}'
            ),
            ('550 5.1.1 User "anna" unknown', "5.1.1", "mx.contoso.com", "", ANNA),
        ),
        (
            (
                f'{{"type":"Bounce","id":"1d98","sender":"app@fabrikam.com","recipient":"{ANNA}","queue":"contoso.com","response":'
                '{"code":550,"enhanced_code":{"class":5,"subject":1,"detail":1},"content":"User unknown","command":"RCPT"},'
                '"peer_address":{"name":"mx.contoso.com.","addr":"203.0.113.10"}}'
            ),
            ("550 5.1.1 User unknown", "5.1.1", "mx.contoso.com", "203.0.113.10", ANNA),
        ),
        (f"{HARAKA}recipient <{ANNA}> rejected: 550 User unknown", ("550 User unknown", "", "", "", ANNA)),
        (
            f"{AMAVIS}Blocked SPAM {{DiscardedInbound}}, [203.0.113.5]:47508 <app@fabrikam.com> -> <{ANNA}>, Hits: 12.0",
            ("detected as spam: Blocked SPAM", "5.7.1", "", "", ANNA),
        ),
        (
            f"{RSPAMD}T (reject): [17.20/15.00] [BAYES_SPAM(5.10){{100.00%;}}]){RCPTS}",
            ("detected as spam: [17.20/15.00]", "5.7.1", "", "203.0.113.5", ANNA),
        ),
        (
            f'{RSPAMD}T (reject): [nan/15.00] []){RCPTS}, forced: reject "ClamAV: virus found"; score=nan (set by antivirus)',
            ("5.7.1 ClamAV: virus found", "5.7.1", "", "203.0.113.5", ""),
        ),
        (
            f'{FORTIMAIL}disposition="Reject" classifier="Recipient Verification" message_length="0"',
            (
                'user unknown: disposition="Reject" classifier="Recipient Verification"',
                "5.1.1",
                "",
                "203.0.113.5",
                ANNA,
            ),
        ),
        (
            f'{FORTIMAIL}disposition="Reject" classifier="Access Control List Reject" message_length="0"',
            (
                'rejected by policy: disposition="Reject" classifier="Access Control List Reject"',
                "5.7.1",
                "",
                "203.0.113.5",
                ANNA,
            ),
        ),
        (
            (
                f'{SOPHOS}name="email rejected" srcip="203.0.113.5" from="app@fabrikam.com" to="{ANNA}" size="-1" '
                'reason="rbl" extra="zen.example.org"'
            ),
            (
                'client host blocked using a block list: reason="rbl" extra="zen.example.org"',
                "5.7.1",
                "",
                "203.0.113.5",
                ANNA,
            ),
        ),
        (
            (
                f"{ESA}MID 19 RID [0] Bounced by destination server with response: 5.1.0 - Unknown address error "
                "('550', ['5.7.1 Access denied'])"
            ),
            ("550 5.7.1 Access denied", "5.7.1", "", "", ""),
        ),
        (
            f"{ESA}Message aborted MID 1653 Dropped by amp",
            ("virus found: Dropped by amp", "5.7.1", "", "", ""),
        ),
        (
            (
                "11/18/2026 08:31:02 AM  SMTP Server [1D44:0658-0C6C] Connection from [203.0.113.5] rejected for policy reasons. "
                "IP address of connecting host not found in reverse DNS lookup."
            ),
            (
                (
                    "Connection from [203.0.113.5] rejected for policy reasons. IP address of connecting host not found in "
                    "reverse DNS lookup."
                ),
                "5.7.25",
                "",
                "",
                "",
            ),
        ),
        (f"{LMTP}rejecting message {ANNA}: overquota", ("overquota", "5.2.2", "", "", ANNA)),
    ],
)
def test_a_failure_and_who_refused_whom(line: str, told: tuple[str, str, str, str, str]) -> None:
    reply = one(line, Reply)
    assert (reply.text, reply.enhanced, reply.by, reply.ip, reply.recipient) == told
    assert reply.failing


@pytest.mark.parametrize(
    "line",
    [
        f'{OPENSMTPD}relay="203.0.113.10 (mail.contoso.com)" delay=1s result="Ok" stat="250 2.0.0 Ok: queued as 4Bx"',
        "@40000000419f13a504937c64 delivery 3: success: 203.0.113.10_accepted_message./Remote_host_said:_250_Ok/",
        f"{ESA}Message done DCID 2386069 MID 200257070 to RID [0]",
        f"{ROUTER}Message 006CCCD5 transferred to CONTOSO.COM (host mail.contoso.com) via SMTP",
        f"{MIMECAST}Delivered=true|Dir=Outbound|Sender=app@fabrikam.com|Rcpt={ANNA}|ReceiptAck=250",
        f'{HMAIL}RECEIVED: 250 Queued (0.000 seconds)"',
        f"{ICEWARP}<<< 250 2.0.0 Ok: queued as 4Bx",
        f'{HARAKA}delivered file="1511" domain="contoso.com" host="mail.contoso.com" ip=203.0.113.10 response="queued"',
        f"{AMAVIS}Passed CLEAN {{RelayedInbound}}, [192.0.2.10]:4000 <app@fabrikam.com> -> <{ANNA}>, Hits: -1.2",
        f"{RSPAMD}F (no action): [-0.20/15.00] [R_SPF_ALLOW(-0.20){{+ip4:203.0.113.5;}}]){RCPTS}",
        f'{FORTIMAIL}disposition="Accept" classifier="Not Spam" message_length="112389"',
        f'{SOPHOS}name="email passed" srcip="203.0.113.5" from="app@fabrikam.com" to="{ANNA}" size="2134"',
        f"{LMTP}Delivering message: size=1230 bytes, nrcpts=1, sender=app@fabrikam.com",
    ],
)
def test_what_was_delivered_is_healthy(line: str) -> None:
    (artefact,) = artefacts(line)
    assert (artefact.kind, artefact.facts) == ("relay-log", ())
    assert artefact.shown == {"results": {"delivered": 1}}


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        ((f"{ESA}Connection Error: DCID 84 domain: contoso.com IP: 203.0.113.10 port: 25 details: [Errno 110] Connection "
         "timed out interface: 192.0.2.20 reason: timeout"), "timeout"),
        (f"{BOUNCED}5.4.7 - Delivery expired (message too old) ('000', ['timeout'])", "timeout"),
        ('"DEBUG"\t0\t"2026-11-18 08:31:02.003"\t"SMTPDeliverer - Message 172670 - Connection failed: Connection refused"',
         "refused"),
        (f"{HARAKA}Ongoing connection failed to 203.0.113.10:25 : Error: connect ETIMEDOUT 203.0.113.10:25", "timeout"),
        ("Nov 18 08:31:02 mx1 smtpd[45037]: 8f4864084ecc48f4 mta error reason=Connection timeout", "timeout"),
    ],
)  # fmt: skip
def test_a_connection_that_did_not_open(line: str, kind: str) -> None:
    assert one(line, ConnectFailed).kind == kind


def test_a_certificate_that_the_appliance_refused() -> None:
    assert one(f"{ESA}DCID 84 TLS failed: verify error: certificate has expired", CertificateRejected).whose == "remote"


def test_a_line_that_a_mail_client_has_broken() -> None:
    text = f"{ESA}Bounced: DCID 8413617 MID 19338947 From:\n<app@fabrikam.com> To: <{ANNA}> RID 0 - 5.1.0 - Unknown address"
    reply = one(f"{text}\nerror ('550', ['User unknown'])\n{ESA}DCID 8413617 close", Reply)
    assert (reply.text, reply.recipient) == ("550 User unknown", ANNA)


@pytest.mark.parametrize(
    "text",
    [
        *CHATTER,
        "How do I read the Info: Bounced: lines in mail_logs of the ESA?",
        "Does amavis[123] write Blocked SPAM {…} for every mail, or Passed CLEAN as well?",
        "pipeline delivery 5: failure: the webhook answered with an error",
        "my Router: Error 550 again, the DSL box is broken",
        "the disposition=\"Reject\" classifier is in the FortiMail history, you said",
    ],
)  # fmt: skip
def test_chatter_is_none(text: str) -> None:
    assert not [artefact for artefact in artefacts(text) if artefact.kind == "relay-log"]


@settings(deadline=None)
@given(
    damaged(
        "\n".join([OPENSMTPD, BOUNCED, ROUTER, MIMECAST, HMAIL, ICEWARP, HARAKA, AMAVIS, RSPAMD, FORTIMAIL, SOPHOS])
    )
)
def test_damage_never_raises(text: str) -> None:
    facts(text, Reply)


def test_the_cost_grows_with_the_text() -> None:
    """A line made to be tried by every frame, over and over."""
    line = f"{FORTIMAIL * 3}{MIMECAST * 20}{AMAVIS * 10}"
    few, many = (seconds(lambda times=times: artefacts(f"{line}\n" * times)) for times in (25, 200))
    assert many < 2 * 8 * few
