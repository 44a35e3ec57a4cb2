"""What people paste: a session that fails in TLS, and the same session once it is mended."""

from __future__ import annotations

_HEADER = (
    "#Software: Microsoft Exchange Server\n#Version: 15.0.0.0\n#Log-type: SMTP Send Protocol Log\n"
    "#Fields: date-time,connector-id,session-id,sequence-number,local-endpoint,remote-endpoint,event,data,context\n"
)
_SUCCESS = (
    "*,,TLS protocol SP_PROT_TLS1_2_CLIENT negotiation succeeded using bulk encryption algorithm CALG_AES_256 with "
    "strength 256 bits, MAC hash algorithm CALG_SHA_384 with strength 0 bits and key exchange algorithm "
    "CALG_ECDH_EPHEM with strength 384 bits"
)
_OPENING = (
    "*,,attempting to connect",
    "+,,",
    "<,220 mx.contoso.com Microsoft ESMTP MAIL Service ready,",
    ">,EHLO mail.contoso.com,",
    "<,250-mx.contoso.com Hello [203.0.113.10],",
    "<,250-STARTTLS,",
    "<,250 CHUNKING,",
    ">,STARTTLS,",
    "<,220 2.0.0 SMTP server ready,",
    "*,,Sending certificate",
    '*,"CN=mail.contoso.com",Certificate subject',
    "*,3C0FFEE1A2B3C4D5E6F708192A3B4C5D6E7F8091,Certificate thumbprint",
)
_DELIVERED = (
    _SUCCESS,
    ">,EHLO mail.contoso.com,",
    "<,250 CHUNKING,",
    ">,MAIL FROM:<alex@contoso.com> SIZE=2048,",
    ">,RCPT TO:<sam@fabrikam.com>,",
    "<,250 2.1.0 Sender OK,",
    "<,250 2.1.5 Recipient OK,",
    ">,BDAT 2048 LAST,",
    "<,250 2.6.0 Queued mail for delivery,",
    ">,QUIT,",
    "<,221 2.0.0 Service closing transmission channel,",
    "-,,Local",
)


def _log(tails: tuple[str, ...], minute: int, connector: str) -> str:
    rows = (
        f"2026-11-18T08:{minute}:44.{number:03}Z,{connector},08DE2A6B91C0F4{minute},{number},"
        f"192.0.2.20:48112,203.0.113.9:25,{tail}"
        for number, tail in enumerate(tails)
    )
    return _HEADER + "\n".join(rows) + "\n"


def failing(connector: str = "Outbound to Office 365", minute: int = 12) -> str:
    tails = (*_OPENING, "*,,TLS negotiation failed with error UnknownCredentials", "-,,Local")
    return _log(tails, minute, connector)


def cured(connector: str = "Outbound to Office 365", minute: int = 42) -> str:
    return _log((*_OPENING, *_DELIVERED), minute, connector)


FAILING = failing()
CURED = cured()


def alternating(course: str, *, every: int = 60) -> str:
    """A log with a session each `every` seconds: `+` succeeds, `-` fails with another certificate."""
    rows: list[str] = []
    for number, mark in enumerate(course):
        failed = (*_OPENING, "*,,TLS negotiation failed with error UnknownCredentials", "-,,Local")
        tails = (*_OPENING, *_DELIVERED) if mark == "+" else failed
        minute, second = divmod(number * every, 60)
        for place, tail in enumerate(tails):
            shown = tail if mark == "+" else tail.replace("3C0FFEE1", "91F0E1D2")
            rows.append(
                f"2026-11-18T08:{10 + minute}:{second:02}.{place:03}Z,Outbound to Office 365,08DE2A6B91C0F{number:03},{place},"
                f"192.0.2.20:48112,203.0.113.9:25,{shown}"
            )
    return _HEADER + "\n".join(rows) + "\n"
