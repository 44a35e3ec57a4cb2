"""Protocol logs to test with, in the forms that Exchange writes."""

from __future__ import annotations

HEADER = """#Software: Microsoft Exchange Server
#Version: 15.0.0.0
#Log-type: SMTP Send Protocol Log
#Date: 2026-11-18T08:00:00.231Z
#Fields: date-time,connector-id,session-id,sequence-number,local-endpoint,remote-endpoint,event,data,context
"""
OLD = "3C0FFEE1A2B3C4D5E6F708192A3B4C5D6E7F8091"
NEW = "91F0E1D2C3B4A5968778695A4B3C2D1E0F010203"
REMOTE = "7A7B7C7D7E7F80818283848586878889A0A1A2A3"
SUBJECT = "CN=mail.contoso.com, O=Contoso Ltd, L=Leeds, C=GB"
ISSUER = 'CN=Example Public TLS CA 2, O=""Example Trust, Inc."", C=US'
SUCCESS = (
    "TLS protocol {protocol} negotiation succeeded using bulk encryption algorithm CALG_AES_256 with strength 256 bits, "
    "MAC hash algorithm CALG_SHA_384 with strength 0 bits and key exchange algorithm CALG_ECDH_EPHEM with strength 384 bits"
)


def _certificate(owner: str, thumbprint: str, *, one_row: bool) -> list[str]:
    if one_row:
        words = "Subject Issuer name Serial number Thumbprint Not before Not after Subject alternate names"
        issuer = ISSUER.replace('""', "")
        data = (
            f" {SUBJECT} {issuer} 0A1B2C3D4E5F60718293A4B5C6D7E8F9 {thumbprint} 2026-01-17T15:15:33.000Z "
            "2027-01-17T15:15:33.000Z mail.contoso.com;autodiscover.contoso.com"
        )
        return [f'*,"{data}",{owner} certificate {words}']
    return [
        f"*,,{owner} certificate",
        f'*,"{SUBJECT}",Certificate subject',
        f'*,"{ISSUER}",Certificate issuer name',
        "*,0A1B2C3D4E5F60718293A4B5C6D7E8F9,Certificate serial number",
        f"*,{thumbprint},Certificate thumbprint",
        "*,mail.contoso.com;autodiscover.contoso.com,Certificate alternate names",
    ]


def session(
    *,
    id_: str = "08DE2A6B91C0F4A2",
    connector: str = "Outbound to Office 365",
    thumbprint: str = OLD,
    error: str = "NoCredentials",
    protocol: str = "SP_PROT_TLS1_2_CLIENT",
    one_row: bool = False,
    starttls: bool = True,
    minute: int = 12,
) -> list[str]:
    """The rows of one sending session. An empty `error` is a session that delivers."""
    ehlo = ["250-AM6EUR05FT041.mail.protection.outlook.com Hello [203.0.113.10]", "250-SIZE 157286400"]
    ehlo += ["250-STARTTLS"] if starttls else []
    tails = [
        "*,,attempting to connect",
        "+,,",
        '<,"220 AM6EUR05FT041.mail.protection.outlook.com Microsoft ESMTP, ready",',
    ]
    tails += [">,EHLO mail.contoso.com,", *(f"<,{line}," for line in ehlo), "<,250 CHUNKING,"]
    if starttls:
        tails += [
            ">,STARTTLS,",
            "<,220 2.0.0 SMTP server ready,",
            *_certificate("Sending", thumbprint, one_row=one_row),
        ]
        if error:
            return _rows([*tails, f"*,,TLS negotiation failed with error {error}", "-,,Local"], id_, connector, minute)
        tails += [
            f'*,,"{SUCCESS.format(protocol=protocol)}"',
            *_certificate("Remote", REMOTE, one_row=one_row),
        ]
        tails += [">,EHLO mail.contoso.com,", "<,250 CHUNKING,"]
    tails += [
        ">,MAIL FROM:<anna@contoso.com> SIZE=0,",
        "<,250 2.1.0 Sender OK,",
        ">,RCPT TO:<bob@fabrikam.com>,",
    ]
    tails += [
        "<,250 2.1.5 Recipient OK,",
        ">,BDAT 4810 LAST,",
        "<,250 2.6.0 <9c1e@contoso.com> Queued mail for delivery,",
    ]
    return _rows(
        [*tails, ">,QUIT,", "<,221 2.0.0 Service closing transmission channel,", "-,,Local"],
        id_,
        connector,
        minute,
    )


def _rows(tails: list[str], id_: str, connector: str, minute: int) -> list[str]:
    return [
        f"2026-11-18T08:{minute:02}:44.{number:03}Z,{connector},{id_},{number},192.0.2.20:48112,52.101.73.12:25,{tail}"
        for number, tail in enumerate(tails)
    ]
