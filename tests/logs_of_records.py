"""Sessions of the connectivity log and messages of the tracking log, for `logs_generator`: rows, and what they come to."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from typing import Final

CONNECTIVITY: Final = "date-time,session,source,Destination,direction,description"
TRACKING: Final = (
    "date-time,client-ip,client-hostname,server-ip,server-hostname,source-context,connector-id,source,event-id,"
    "internal-message-id,message-id,network-message-id,recipient-address,recipient-status,total-bytes,recipient-count,"
    "related-recipient-address,reference,message-subject,sender-address,return-path,message-info,directionality"
)
_DESTINATIONS: Final = ("fabrikam.com", "contoso-com.mail.protection.outlook.com", "tailspintoys.com")
_DATABASE: Final = '"Database 1, EX01"'
# What a session logs when something goes wrong, and the failure that is counted: without what differs.
_TROUBLES: Final = (
    (">,DNS server returned ErrorRetry reported by 192.0.2.53", "DNS server returned ErrorRetry reported by *"),
    (
        ">,DNS server returned InfoDomainNonexistent reported by 192.0.2.53",
        "DNS server returned InfoDomainNonexistent reported by *",
    ),
    (">,Failed connection to 52.101.73.{n}:25 (TimedOut:0000274C)", "Failed connection to *:25 (TimedOut:*)"),
    ('>,"Proxy session was not opened (454 no, not now)"', "Proxy session was not opened (454 no, not now)"),
    (">,The connection to 52.101.73.{n} was abruptly closed", "The connection to * was abruptly closed"),
)
_REFUSED: Final = "Failed connection to 52.101.73.{n}:25 (ConnectionRefused:0000274D)"
_LAST: Final = '-,"Messages: 0 Bytes: 0 (Retry : 421 4.4.2 Connection dropped, later)"'
_CONTEXTS: Final = ("08DE;", "", "", '"08DE, MDB"')
_SUBJECTS: Final = ("Quote", "Minutes", '"Re: order, confirmed"')
_MISLEADING: Final = ('"no ,FAIL, here"', "FAIL")


@dataclass(slots=True)
class Made:
    """`rows` have no time. `opens` and `decided` are the places of the row that begins it and of the one that decides it."""

    connector: str
    remote: str
    error: str = ""
    messages: int = 0
    opens: int = 0
    decided: int = 0
    rows: list[str] = field(default_factory=list)


def tried(dice: random.Random, id_: str, source: str, *, out: bool, failing: bool) -> Made:
    """A session of the connectivity log. Whatever failed before, a further address may take the messages."""
    destination = dice.choice(_DESTINATIONS) if dice.random() < 0.9 else _DATABASE
    made = Made(source.strip('"'), destination.strip('"'))
    number = str(dice.randrange(10, 99))
    tails = ["+,DnsConnectorDelivery 8f3a2b10-6d0f;QueueLength=4"]
    if dice.random() < 0.7:
        tails.append(">,DNS server returned Success reported by 192.0.2.53. [Domain:Result] = fabrikam.com:Success;")
    if out or failing:
        said, made.error = (
            (f">,{_REFUSED}", "Failed connection to *:25 (ConnectionRefused:*)") if out else dice.choice(_TROUBLES)
        )
        made.decided = len(tails)
        tails.append(said.format(n=number))
        if not out and dice.random() < 0.2:
            tails[-1], made.error = _LAST, "Retry : 421 4.4.2 Connection dropped, later"
        elif dice.random() < 0.8:
            tails.append(
                f"-,Messages: 0 Bytes: 0 ({dice.choice(('Attempting next target', 'Failed: DNS query failed'))})"
            )
    else:
        if dice.random() < 0.1:
            tails.append(f">,{_REFUSED.format(n=number)}")
        tails.append(f">,Established connection to 52.101.73.{number}:25")
        made.messages = dice.choice((0, 1, 1, 1, 4, 12)) if not tails[-2].startswith(">,F") else 2
        made.decided = len(tails)
        if made.messages or dice.random() < 0.9:
            tails.append(f"-,Messages: {made.messages} Bytes: {4810 * made.messages}{dice.choice(('', ' ()'))}")
    made.rows = [f"{id_},{source},{destination},{tail}" for tail in tails]
    return made


def tracked(dice: random.Random, id_: str, connector: str, *, out: bool, failing: bool) -> Made:
    """A message of the tracking log: what came in decides nothing, one event does."""
    number = dice.randrange(4)
    server = f"mx{number}.fabrikam.com"
    made = Made(connector.strip('"') or "SMTP", server, messages=1)
    source, event = "SMTP", dice.choice(("SEND", "SENDEXTERNAL"))
    status = dice.choice(("250 2.6.0 Queued", '"250 2.6.0 Queued, thanks"'))
    if out or failing:
        event, status = (
            ("FAIL", '"550 5.7.1 no, not today"') if out else ("DEFER", "451 4.7.500 Server busy; try later")
        )
        made.error, made.messages = f"{event}: {status}".replace('"', ""), 0
    elif dice.random() < 0.3:
        source, event, made.remote = "STOREDRIVER", "DELIVER", ""
        made.connector = connector.strip('"') or source
    before = ["SMTP,HARECEIVE", "SMTP,RECEIVE", *(["AGENT,AGENTINFO"] if dice.random() < 0.5 else [])]
    made.opens = made.decided = len(before)
    context, subject = dice.choice(_CONTEXTS), dice.choice(_SUBJECTS if dice.random() < 0.9 else _MISLEADING)
    head = f"192.0.2.20,EX01,198.51.100.{number},{server},{context},{connector}"
    tail = f"18233,1,,,{subject},anna@contoso.com,anna@contoso.com,,Originating"
    made.rows = [
        f"{head},{name},4828{number},<{id_}@contoso.com>,{id_},bob@fabrikam.com,{said},{tail}"
        for name, said in (*((each, "") for each in before), (f"{source},{event}", status))
    ]
    return made
