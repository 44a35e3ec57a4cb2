"""Who set the size limit that a message met: what the causes about size share."""

from __future__ import annotations

from typing import Final

from diagnostics.causes.network.reach import kind_of
from diagnostics.causes.recipient.lookup import by_microsoft, domain, same_organization
from diagnostics.facts import Reply, Said, Session
from diagnostics.patterns import linear
from diagnostics.seen import by_own_log

# Tokens of our side's own Exchange: written before the message left.
_OWN: Final = (
    "resolver.rst.sendsizelimit",
    "routing.sizelimit",
    "mapiexceptionmaxsubmissionexceeded",
    "pickup.messagesize",
    "replay.messagesize",
    "queue.priority",
)
_OTHERS: Final = (
    "overadvertisedsize",
    "file too big",
    "exceeds maximum value",
    "maximum inbound message size",
    "maximum fixed size",
    "max message size exceeded",
    "google's message size limits",
    "google’s message size limits",
    "exceeds fixed limit",
    "exceeds maximum permitted",
    "exceeds size limit",
    "databytes limit",
    "#5.3.4 message size exceeds limit",
    "exceeds administrative limit",
    "exceeds limit of ",
    "maximum size allowed is",
    "maximum accepted size",
    "maximum message size. size:",
)
# What Exchange and Outlook say of two reasons at once, whichever it was: of the recipient's side (5.2.3), and of the sender's.
LIMIT_OR_FULL: Final = "larger than the current system limit or the recipient's mailbox is full"
OWN_LIMIT_OR_FULL: Final = "maximum allowed message size or you have exceeded the storage limit"
_OF_SERVER = linear(r"(?i)size limit \d+ of server ([\w.-]{1,253})")
BY_IMS: Final = "MSEXCH:IMS:"
# In a whole report: what another server answered would stand there with its number.
_OF_IMS = linear(r"(?i)MSEXCH:IMS:.{0,120}\([0-9A-F]{8}\) Message exceeds size limit")
# Event 3014 of Exchange 2000 and 2003, which has one description for every 5.2.3.
OF_EVENT: Final = "The message size was large or the local quota exceeded"
# Words of any mail server, the own one among others.
ANYBODYS: Final = ("message too big", "message too large", "message is too large")
# A console prints the digits in groups, parted as its culture does.
_BYTES = linear(r"\(([\d.,' \x{a0}\x{202f}\x{2019}]{1,24}) ?[Bb]ytes\)")
_SHORT = linear(r"(?i)^\s*(\d{1,12}(?:[.,]\d{1,3})?) ?(B|KB|MB|GB)?\s*$")
_UNITS: Final = {"b": 1, "k": 1 << 10, "m": 1 << 20, "g": 1 << 30}
# The libraries and programs that print what the server said that they hand in at: a relay or a provider, never the recipient's.
_LIBRARY = linear(
    r"(?i)\bsmtp\w{0,24}(?:exception|error|refused|failed)|horde_smtp|php_?mailer|nodemailer|\bEMESSAGE\b|\bsmtplib\b|\bnet::smtp"
    r"|expected response code|system\.net\.mail|\b(?:javax?|jakarta|com\.sun)\.mail|swift_|\bdjango\b|\(\d{3}, ?b?['\"]"
    r"|thunderbird|message you are trying to send|\bswaks\b|\b(?:msmtp|ssmtp|sendemail|mutt|blat)\b|smtp code:|indy|chilkat"
    r"|mailkit"
)
# A relay's own log, of a client that it refused.
_OWN_LOG = linear(r"(?i)\breject: (?:MAIL|RCPT|DATA|END-OF-MESSAGE|BDAT) from |\brejected (?:MAIL|RCPT|DATA)\b")
_LOCAL: Final = (".local", ".lan", ".internal", ".corp", ".intern")
_HEADER: Final = (
    "header size",
    "headersize",
    "header too large",
    "x-dg-ref",
    "headers too large",
    "header line",
    "header too long",
)
# Outlook's words, for Windows and for the Mac, of the server that it hands in at.
_OUTLOOK: Final = (
    "limit set by your administrator",
    "exceeds the allowable limit",
    "message size exceeds the maximum limit set on the server",
)


def own_limit(said: Said) -> bool:
    low = said.text.lower()
    return any(words in low for words in _OWN)


def others_limit(said: Said) -> bool:
    """Words that only another system's server writes."""
    low = said.text.lower()
    return any(words in low for words in _OTHERS)


def about_the_header(said: Said) -> bool:
    low = said.text.lower()
    return any(words in low for words in _HEADER)


def about_its_parts(said: Said) -> bool:
    """Whether the store counts parts, not bytes: how deep they are nested, and how many there are."""
    low = said.text.lower()
    return any(words in low for words in ("content conversion limit", "toocomplex", "maxattachmentexceeded"))


def for_one_recipient(said: Said) -> bool:
    return "recipsizelimit" in said.text.lower()


def refused_outside(said: Said, replies: tuple[Reply, ...]) -> bool:
    """Whether the server that refused belongs to the recipient's domain and not to Microsoft, or a "
    "reply was passed on."""
    recipients = [r.recipient for r in replies if r.source == said.source and r.recipient]
    theirs = any(same_organization(said.by, domain(each)) for each in recipients)
    return "remote server returned" in said.text.lower() or (theirs and not by_microsoft(said))


def inside(said: Said) -> bool:
    """Whether the server that announced or refused the size bears a name that only a local network knows, or is the sender's own
    Internet Mail Service (Exchange 5.5), which puts its name before what it says itself."""
    if said.text.upper().startswith(BY_IMS) or _OF_IMS.search(said.text):
        return True
    found = _OF_SERVER.search(said.text)
    host = str(found.group(1)) if found else said.by
    return host.lower().rstrip(".").endswith(_LOCAL)


def by_neighbour(said: Said, replies: tuple[Reply, ...]) -> bool:
    """Whether the host that refused has an internal address: a relay or gateway of the sender's own side, mostly."""
    return any(each.source == said.source and kind_of(each.ip) == "internal" for each in replies)


def told_the_client(said: Said) -> bool:
    """Whether a client was refused in Exchange's own words, or Postfix's: it hands in at its own organization's server."""
    low = said.text.lower()
    if any(words in low for words in _OUTLOOK):
        return True
    if "exceeds fixed limit" in low:  # Postfix, to whoever hands a message in, and in the log of who was asked
        return said.kind == "client" or by_own_log(said)
    return said.kind == "client" and "5.3.4" in low and "exceeds fixed maximum message size" in low


def handed_in(said: Said) -> bool:
    """Whether a program or a library prints it, which asked the server that it hands in at and no other."""
    reported = said.kind in ("ndr", "dsn", "queue", "trace", "log")
    return not (reported or said.by or "google" in said.text.lower()) and bool(_LIBRARY.search(said.source.quote))


def refused_a_client(said: Said) -> bool:
    """Whether a relay's own log has it: the limit is that relay's."""
    return said.kind == "log" and bool(_OWN_LOG.search(said.source.quote))


def written_bytes(value: str) -> int:
    """`35 MB (36,700,160 bytes)`, `35MB` or `36700160` in bytes; 0 where it is no size."""
    found = _BYTES.search(value)
    if found:
        return int("".join(each for each in found.group(1) if each.isdecimal()))
    found = _SHORT.search(value)
    return int(float(found.group(1).replace(",", ".")) * _UNITS[(found.group(2) or "b").lower()[0]]) if found else 0


def session_of(said: Said, replies: tuple[Reply, ...], sessions: tuple[Session, ...]) -> Session | None:
    """The session of a protocol log that the refusal stands in."""
    mine = {each.session for each in replies if each.source == said.source and each.session}
    return next((each for each in sessions if each.session in mine), None)
