"""What a code or token says by its form alone, where no table has it: enhanced codes (RFC 3463), Exchange's tokens, rules."""

from __future__ import annotations

from diagnostics.codes.model import Meaning
from diagnostics.patterns import linear

_CLASSES = {
    "2": "2 = success, nothing failed here",
    "4": "4 = temporary, the sender retries by itself",
    "5": "5 = permanent, the sender gives up",
    "X": "X = any class",
}
_SUBJECTS = {
    "0": "0 = no subject given",
    "1": "1 = an address",
    "2": "2 = the mailbox",
    "3": "3 = the mail system",
    "4": "4 = the network or the routing",
    "5": "5 = the SMTP dialogue",
    "6": "6 = the content",
    "7": "7 = security or policy",
}
# Codes of success that servers do give. The details that are registered for failures mean nothing behind a 2.
_SUCCESSES = {
    "2.0.0": "Done: the usual answer to STARTTLS, to QUIT, or to a message that was taken",
    "2.1.0": "The sender was accepted (MAIL FROM)",
    "2.1.5": "The recipient was accepted (RCPT TO). Exchange also logs it for a recipient that it left out on purpose",
    "2.6.0": "The message was taken and queued: from here on that server answers for it",
    "2.7.0": "The logon succeeded",
}
# What an Exchange token begins with, and where in transport the message was then.
_COMPONENTS = {
    "RESOLVER.ADR": "the recipient's address was looked up in the directory",
    "RESOLVER.CON": "the external address of a mail contact or mail user was followed",
    "RESOLVER.PF": "the mailbox that holds a public folder was looked up",
    "RESOLVER.MT": "it was judged whether the recipient is moderated, and the moderators were looked up",
    "RESOLVER.RST": "the recipient's restrictions were judged: who may write to it, and how much",
    "RESOLVER.FWD": "the forwarding that is set on the recipient was followed",
    "RESOLVER.GRP": "a group was expanded into its members",
    "RESOLVER.MSGTYPE": "the kind of message was judged: recipients and remote domains may refuse reports and automatic ones",
    "RESOLVER.OOF": "it was decided which automatic reply may leave",
    "RESOLVER": "the recipients were looked up in the directory",
    "ROUTING": "the way to the recipient was chosen: connectors, and the sizes they allow",
    "SMTPSEND.DNS": "the next server was looked up in DNS",
    "SMTPSEND": "the message was handed to the next server",
    "STOREDRV.DELIVER": "the message was being filed in the mailbox",
    "STOREDRV.SUBMISSION": "the message was being taken out of the sender's mailbox",
    "STOREDRV.SUBMIT": "the message was being taken out of the sender's mailbox",
    "STOREDRV": "the mailbox store was asked",
    "TRANSPORT.RULES": "the mail flow rules were applied",
    "QUEUE": "the message waited in a queue",
    "APPROVAL": "the message waited for a moderator",
    "CAT": "the categorizer had the message: it looks recipients up, converts the content and chooses the way",
    "PICKUP": "a program laid the message as a file into the Pickup directory",
    "REPLAY": "the message came as a file into the Replay directory",
    "DSNGENERATION": "a report about the message was to be made",
    "NONSMTPGW": "the message was handed as a file to another program, by a foreign connector",
    "DELIVERYAGENT": "the message was handed to an agent that delivers by other ways than SMTP",
    "UMPMSG": "a voice or fax message of a Unified Messaging partner was filed",
    "PARKINGLOT": "a meeting message waits for the one that it belongs to",
}
COMPONENTS = "|".join(sorted({each.partition(".")[0] for each in _COMPONENTS}))
"""What tokens begin with, as a part of a pattern."""
UNLISTED = "Token of Exchange without an entry of its own"
_TOKEN = linear(rf"(?i)\b(STOREDRV(?:\.[a-z0-9]+)*|(?:{COMPONENTS})(?:\.[a-z][a-z0-9]+)+)\b")
_SIGN_IN = linear(r"(?i)\bAADSTS([0-9]{4,8})\b")
_RULE = linear(r"(?i)\bAS ?\(?([0-9]{2,12})\b")
# Those numbers stand in replies that slow a sending address down, whatever their words say.
_THROTTLING = ("777", "780")


def by_structure(enhanced: str) -> Meaning:
    """Explain a well-formed enhanced code that no table has. `enhanced` is "class.subject.detail"."""
    kind, subject, detail = enhanced.split(".")
    about = _SUBJECTS.get(subject, f"{subject} is not a subject of the standard, so it is the sender's own")
    by_form = f"By its structure: {_CLASSES[kind]}; {about}; {detail} = a detail that is not registered. "
    known = _SUCCESSES.get(enhanced)
    return Meaning(
        code=enhanced,
        name="Success" if kind == "2" else "Enhanced status code without an entry of its own",
        meaning=f"{known}. No failure." if known else by_form + "The text after the number is what counts.",
        emitter="SMTP servers" if known else "unknown; RFC 3463 gives the structure",
        source="https://www.rfc-editor.org/rfc/rfc3463",
    )


def token(asked: str) -> str:
    """The first token of Exchange's transport in a text; "" when there is none."""
    found = _TOKEN.search(asked)
    return str(found[1]) if found else ""


def by_component(name: str) -> Meaning:
    """Explain a `token` that no table has: its first words tell which part of transport speaks."""
    known = max((each for each in _COMPONENTS if f"{name.upper()}.".startswith(f"{each}.")), key=len)
    return Meaning(
        code=name,
        name=UNLISTED,
        meaning=f"By its beginning: {_COMPONENTS[known]}. The number and the words around it name the fault.",
        emitter="Exchange Online and Exchange Server",
        source="https://learn.microsoft.com/en-us/exchange/mail-flow/non-delivery-reports-and-bounce-messages/non-delivery-reports-and-bounce-messages",
    )


def by_rule(asked: str) -> Meaning | None:
    """Explain `AS(201)` or `AS77714`, the number of a rule in Exchange Online's filter; None when there is none."""
    found = _RULE.search(asked)
    if not found:
        return None
    throttled = found[1].startswith(_THROTTLING)
    more = " With this one the sending address is slowed down." if throttled else ""
    return Meaning(
        code=f"AS({found[1]})",
        name="Number of a filter rule",
        meaning=f"Exchange Online's filter says which of its rules acted; only Microsoft's support can read more in it.{more} "
        "The words before the number name the fault.",
        emitter="Exchange Online Protection",
        causes=("quota-throttle.eop.ip-throttled",) if throttled else (),
        source="https://learn.microsoft.com/en-us/troubleshoot/exchange/email-delivery/ndr/non-delivery-reports-in-exchange-online",
    )


def by_sign_in(asked: str) -> Meaning | None:
    """Explain `AADSTS99999`, an error of Microsoft Entra that no table has; None when there is none."""
    found = _SIGN_IN.search(asked)
    if not found:
        return None
    return Meaning(
        code=f"AADSTS{found[1]}",
        name="Sign-in refused",
        meaning="Microsoft Entra refused a sign-in or a token. "
        f"https://login.microsoftonline.com/error?code={found[1]} has its own words for the number.",
        emitter="Microsoft Entra ID",
        source="https://learn.microsoft.com/en-us/entra/identity-platform/reference-error-codes",
    )
