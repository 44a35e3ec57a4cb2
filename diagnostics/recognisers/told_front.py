"""That a filter service stands in front of the mailboxes, as a person tells: "since we put the Barracuda in front of Office 365".

Where the headers beside it show an address that greeted with that service's name, the address is the reader's own gateway. A
sender may use the same service on his way out, so the sentence has to say that it is in front, and of whose mailboxes.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from diagnostics.artefacts import Artefact
from diagnostics.mail_facts import Configured
from diagnostics.patterns import linear
from diagnostics.recognisers import Reading, recogniser
from diagnostics.recognisers.building import artefact
from diagnostics.recognisers.sources import source_at
from diagnostics.recognisers.told_settings import MOST_LINES, answers, supposes, without_question

# What people call a service, and what its hosts are called.
_HOSTS: Final = {
    "barracuda": ("barracuda",), "mimecast": ("mimecast",), "proofpoint": ("pphosted.com", "ppe-hosted.com"),
    "messagelabs": ("messagelabs.com",), "symantec": ("messagelabs.com",), "ironport": ("iphmx.com",), "cisco": ("iphmx.com",),
    "hornet": ("hornetsecurity.com", "antispameurope.com"), "sophos": ("sophos.com",), "trend": ("trendmicro.",),
    "spamtitan": ("spamtitan.com",), "retarus": ("retarus.com",), "vade": ("vadesecure.com",),
    "mailinblack": ("mailinblack.com",),
    "spamexperts": ("antispamcloud.com", "spamexperts.com"), "nospamproxy": ("nospamproxy.com",), "appriver": ("arsmtp.com",),
}  # fmt: skip
_SERVICE: Final = r"(?:" + "|".join(sorted(_HOSTS)) + r")"
_BOXES: Final = (
    r"(?:(?:office |microsoft |[om])?365|exchange(?: online)?|exo"
    r"|(?:our|the|unserem?|notre|nuestr[oa]|ons) (?:tenant|exchange|mail)"
    r"|microsoft)"
)
_BEFORE: Final = (
    r"(?:in front of|ahead of|before|devant|en amont d\S{1,2}|vor|delante de|davanti a\w{0,2}|voor|à frente d\w|przed)"
)
# A service without a name, and the way of a message over it.
_ANY_SERVICE: Final = (
    r"(?:e-?mail|mail|spam|anti-?spam|cloud|third[- ]party|smtp)[ -](?:security[ -]|filter(?:ing)?[ -])?"
    r"(?:gateway|filter|service|appliance|firewall)"
)
_THROUGH: Final = (
    r"\b(?:(?:e-?)?mails?|messages?|inbound|incoming|everything) (?:\w+ ){0,3}"
    r"(?:through|via|over|to|into|at|über|par|por)\b"
)
_THEN: Final = r"(?:then|afterwards|before|danach|dann|puis|ensuite|luego|poi)"
_FRONT = linear(
    rf"(?i)\b({_SERVICE})\w*\b[^.;\n]{{0,40}}?\b{_BEFORE}\s[^.;\n]{{0,12}}?\b{_BOXES}\b"
    rf"|\bMX ?(?:-+>|=+>|→|>) ?({_SERVICE})[^.;\n]{{0,20}}?(?:-+>|=+>|→|>) ?{_BOXES}\b"
    rf"|\bMX\b[^.;\n]{{0,24}}?\b(?:points?|zeigt|pointe|apunta|punta|wijst|aponta)\b[^.;\n]{{0,16}}?\b({_SERVICE})"
    rf"|{_THROUGH}[^.;\n]*?\b((?:{_SERVICE})|{_ANY_SERVICE})\b[^.;\n]*?\b{_THEN}\b[^.;\n]*?\b{_BOXES}\b"
    rf"|\b({_ANY_SERVICE}) (?:\w+ )?{_BEFORE}\s[^.;\n]{{0,12}}?\b{_BOXES}\b"
)
# The judged address and the name that it greeted with, in one field of a receiver.
_JUDGED = linear(r"(?i)\bclient-ip=([0-9a-f.:]{7,45});\s{0,4}helo=([a-z0-9.-]{3,253})")
_REPORT = linear(r"(?i)\bCIP:([0-9a-f.:]{7,45});[^\n]{0,200}?\bH:([a-z0-9.-]{3,253});")


@recogniser(rf"\b(?:{_SERVICE}|{_ANY_SERVICE})", rank=98)
def read(reading: Reading) -> Sequence[Artefact]:
    """One artefact: an address that is the reader's own gateway, or the service alone where it greets with another name."""
    if not answers(reading):
        return []
    for index, line in reading.sentences()[:MOST_LINES]:
        told = _FRONT.search(without_question(line[:1000]))
        if told is None or supposes(line[: told.start()]):
            continue
        service = next(str(each) for each in told.groups() if each)
        address = _greeted(_HOSTS.get(service.lower(), ()), reading.paste.lines)
        fact = Configured(
            source=source_at(reading, index),
            kind="gateway" if address else "gateway-in-front",
            name=address or service,
        )
        return [artefact(reading, "told-front", [index], [fact], {"gateway": fact.name})]
    return []


def _greeted(hosts: Iterable[str], lines: Iterable[str]) -> str:
    """The address that greeted as a host of the service; "" where none did."""
    found = (match for line in lines for pattern in (_JUDGED, _REPORT) for match in pattern.finditer(line[:4000]))
    return next((str(each.group(1)) for each in found if any(host in each.group(2).lower() for host in hosts)), "")
