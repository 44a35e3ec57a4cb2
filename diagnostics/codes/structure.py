"""What an enhanced status code says by its structure alone (RFC 3463): class, subject, detail."""

from __future__ import annotations

from diagnostics.codes.model import Meaning

_CLASSES = {
    "2": "2 = success",
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


def by_structure(enhanced: str) -> Meaning:
    """Explain a well-formed enhanced code that no table has. `enhanced` is "class.subject.detail"."""
    kind, subject, detail = enhanced.split(".")
    about = _SUBJECTS.get(subject, f"{subject} is not a subject of the standard, so it is the sender's own")
    return Meaning(
        code=enhanced,
        name="Enhanced status code without an entry of its own",
        meaning=f"By its structure: {_CLASSES[kind]}; {about}; {detail} = a detail that is not registered. "
        "The text after the number is what counts.",
        emitter="unknown; RFC 3463 gives the structure",
        source="https://www.rfc-editor.org/rfc/rfc3463",
    )
