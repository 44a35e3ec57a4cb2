"""Who must act: half of all bounces can't be mended by the one who holds them."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import pytest

from diagnostics import diagnose
from tests.casefile import Case, judged

_CASES: Final = Path(__file__).parent.parent / "cases"


@pytest.mark.parametrize(
    ("case", "pastes", "act"),
    [
        ("policy/sender-blocked-against-gateway-anti-spoofing", 1, "recipient-side"),  # the sender holds the report
        ("policy/sender-blocked-against-gateway-anti-spoofing", 2, "on-prem"),  # and here the one who keeps the list
        ("policy/moderation-arbitration-broken-on-prem", 1, "on-prem"),
        ("policy/moderation-arbitration-broken", 1, "exchange-online"),
        ("policy/authenticated-senders-only", 3, "exchange-online"),
        ("policy/authenticated-senders-only-told-sender", 1, "recipient-side"),
        ("policy/authenticated-senders-only-own-tenant", 1, "exchange-online"),
        ("hybrid/send-cloudservicesmail-disabled-outbound", 1, "exchange-online"),
        ("reputation/not-ip-microsoft-banned", 1, "recipient-side"),
        ("reputation/not-ip-customer-block-list", 1, "sender"),
        ("tls/private-key-missing", 2, "on-prem"),
        ("tls/mta-sts-certificate-invalid", 2, "recipient-side"),
        ("quota-throttle/mailbox-full", 2, "recipient-side"),
        ("quota-throttle/not-mailbox-full", 2, "sender"),
        ("sender-auth/dkim-not-signed-or-key-missing-against-bulk-requirements", 2, "sender"),
        ("certificate/remote-untrusted-root-against-chain-incomplete", 2, "recipient-side"),
        ("certificate/trust-root-missing-local-against-local-chain-broken", 2, "on-prem"),
    ],
)
def test_who_must_act(case: str, pastes: int, act: str) -> None:
    known = Case.read(_CASES / f"{case}.md").steps()[pastes - 1][0]
    assert len(known) == pastes
    assert judged(known).findings[0].act == act


_EDGE: Final = "550 5.4.1 Recipient address rejected: Access denied. [CY4PEPF0000EE3C.namprd03.prod.outlook.com]"
_FILTERED: Final = "550 5.7.1 Message rejected as spam by Content Filtering."
_CLOSED: Final = "550 5.7.133 RESOLVER.RST.SenderNotAuthenticatedForGroup; authentication required"
_MX: Final = "fabrikam-com.mail.protection.outlook.com"
_ERROR: Final = (
    "554 5.7.1 Service unavailable; Client host [203.0.113.7] blocked using zen.spamhaus.org; Error: open resolver"
)
_MIXED: Final = (
    "Mar  3 09:00:00 gw postfix/smtp[6120]: 5D8801C0B2: to=<eve@{}>, "
    "relay=fabrikam-com.mail.protection.outlook.com[192.0.2.9]:25, delay=1.9, dsn=4.4.5, status=deferred (host "
    "fabrikam-com.mail.protection.outlook.com[192.0.2.9] said: 451 4.4.5 Address domain different from previous accepted "
    "address. All recipients must be on the same domain ATTR46 (in reply to RCPT TO command))"
)
_FULL: Final = (
    "{0}\nRemote server returned '554 5.2.2 mailbox full; STOREDRV.Deliver.Exception:QuotaExceededException; Failed to process "
    "message due to a permanent exception with message {1}'"
)
_OUTLOOK: Final = "Error is [0x80070005-0x000004dc-0x00000524].\n\nExchange response headers:\nX-CalculatedBETarget: "
_BY_GATEWAY: Final = f"""An email that you attempted to send to the following address could not be delivered:
-- k.weber@fabrikam.com

Additional information follows:
-- {_EDGE[4:]}"""
_BY_APPLIANCE: Final = f"""The following message to <k.weber@fabrikam.com> was undeliverable.
The reason for the problem:
5.1.0 - Unknown address error 550-'{_EDGE[4:]}'"""
_BY_AGENT: Final = f"""I was unable to deliver your message to the following addresses:

k.weber@fabrikam.com

Reason: {_EDGE}"""
_LOOPED: Final = "554 5.4.6 Hop count exceeded - possible mail loop"


@pytest.mark.parametrize(
    ("text", "act"),
    [
        (_ERROR, "recipient-side"),
        (
            f"Nov 18 08:31:02 gw postfix/smtpd[7]: NOQUEUE: reject: RCPT from mx[203.0.113.7]: {_ERROR}; from=<a@b.example>",
            "on-prem",
        ),
        (
            f"<anna@contoso.com>: host ex01.contoso.com[192.0.2.4] said: {_LOOPED} (in reply to end of DATA command)",
            "on-prem",
        ),
        (
            f"<anna@contoso.com>: host {_MX}[52.101.40.6] said: {_LOOPED} (in reply to end of DATA command)",
            "exchange-online",
        ),
        (_EDGE, "exchange-online"),
        (f"<k.weber@fabrikam.com>: host {_MX}[52.101.40.6] said: {_EDGE} (in reply to RCPT TO command)", "sender"),
        (f"LastError : {_EDGE}", "exchange-online"),
        (_BY_GATEWAY, "sender"),
        (_BY_APPLIANCE, "sender"),
        (_BY_AGENT, "sender"),
        (f"Our appliance could not deliver this:\n\nk.weber@fabrikam.com\n\nReason: {_EDGE}", "exchange-online"),
        (_FILTERED, "on-prem"),
        (
            f"The following message could not be delivered:\n\nk.weber@fabrikam.com (Undelivered): {_FILTERED}",
            "recipient-side",
        ),
        (
            f"<team@fabrikam.com>: host {_MX}[52.101.40.6] said: {_CLOSED} (in reply to end of DATA command)",
            "recipient-side",
        ),
        (_CLOSED, "exchange-online"),
        ("smtplib.SMTPDataError: (550, b'5.7.1 Client does not have permissions to send as this sender')", "sender"),
        ("550 5.7.1 Client does not have permissions to send as this sender", "on-prem"),
        ("550 Rejected by header based Anti-Spoofing policy", "recipient-side"),
        (
            "550 Rejected by header based Anti-Spoofing policy\n\na survey tool writes to our staff, our gateway is Mimecast",
            "on-prem",
        ),
        (
            "550 Rejected by header based Anti-Spoofing policy\n\nSince the move to Mimecast our survey tool is refused. Why?",
            "on-prem",
        ),
        (_MIXED.format("fabrikam.com"), "sender"),
        (_MIXED.format("contoso.com"), "exchange-online"),
        ("550 5.7.323 tlsa-invalid: The domain failed DANE validation", "recipient-side"),
        ("550 5.7.323 tlsa-invalid: The domain failed DANE validation\n\nopenssl x509 -in fullchain.pem", "dns"),
        (
            "550 5.7.323 tlsa-invalid: The domain failed DANE validation\n\nWe have published a new TLSA record since.",
            "dns",
        ),
        (
            "550 5.7.323 tlsa-invalid: The domain failed DANE validation\n\nThey published a TLSA record.",
            "recipient-side",
        ),
        (_FULL.format("dana@live.com", ""), "recipient-side"),
        (_FULL.format("dana@fabrikam.com", "Microsoft Unified Storage is full."), "recipient-side"),
        (_FULL.format("dana@fabrikam.com", ""), "on-prem"),
        (f"{_OUTLOOK}VI1PR04MB7001.EURPRD04.PROD.OUTLOOK.COM", "exchange-online"),
        (f"{_OUTLOOK}ex01.contoso.com", "on-prem"),
        ("554 5.6.1 Body type not supported by Remote Host", "on-prem"),
        (
            "<bob@fabrikam.com>: host mx.fabrikam.com[192.0.2.1] said: 554 5.6.1 8bit mime not supported",
            "recipient-side",
        ),
        ("550 5.7.705 Access denied, tenant has exceeded threshold", "exchange-online"),
        (
            "Our group is in Microsoft 365.\n\n550 5.7.1 RESOLVER.RST.AuthRequired; authentication required",
            "exchange-online",
        ),
        (
            "Hybrid, our group is in Microsoft 365.\n\n550 5.7.1 RESOLVER.RST.AuthRequired; authentication required",
            "on-prem",
        ),
        (
            (
                "LastError : Server at contoso.mail.onmicrosoft.com (198.51.100.36) returned '451 4.4.397 Error communicating "
                "with target host. -> 421 4.2.1 Unable to connect -> SocketConnectionRefused: Socket error code 10061'"
            ),
            "network",
        ),
        ("451 4.7.500 Server busy. Please try again later from [203.0.113.9]. (S77714)", "sender"),
        ("550 5.7.23 The message was rejected because of Sender Policy Framework violation", "dns"),
        ("550 5.7.509 Access denied, sending domain CONTOSO.COM does not pass DMARC verification", "dns"),
    ],
)
def test_who_reads_it_decides_who_must_act(text: str, act: str) -> None:
    assert diagnose(text).findings[0].act == act
