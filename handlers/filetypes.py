"""What a file is by its first bytes, and what to do with one that holds no text."""

from __future__ import annotations

from typing import Final

_IMAGE: Final = (
    "is an image, and I read text only: copy the error as text (Ctrl+C works in most Windows dialogs) and paste it."
)
_VIDEO: Final = "is audio or video, and I read text only: paste the error as text."
ARCHIVE: Final = "is an archive: unpack it and send the text file that is inside, or paste the lines that matter."
_OFFICE: Final = "is an Office document: copy its text and paste it here."
_PDF: Final = "is a PDF: select the text of the error, copy it and paste it here."
OUTLOOK: Final = "is an Outlook item that I cannot open here: save the message as .eml and send that."
_MAILBOX: Final = "is an Outlook data file, which holds a whole mailbox: paste only the message that failed."
_PROGRAM: Final = "is a program, and I never open those: paste the error as text."
_EVENTS: Final = (
    "is a binary event log: open it in Event Viewer and save it as .txt or .csv, or copy the event's details as text."
)
_CAPTURE: Final = (
    "is a network capture: in Wireshark choose Follow > TCP Stream on the SMTP connection, and paste that text."
)
_DATABASE: Final = "is a database file, and I read text only: paste the error or the event that names it."
_KEY: Final = (
    "may hold a private key: delete it from this conversation, and paste the output of "
    "`Get-ExchangeCertificate | Format-List` instead."
)
_RTF: Final = "is a formatted document: copy its text and paste it here."

GZIP: Final = b"\x1f\x8b"
ZIP: Final = (b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08")
_MAGIC: Final[tuple[tuple[bytes, str], ...]] = (
    (b"\x89PNG\r\n\x1a\n", _IMAGE),
    (b"\xff\xd8\xff", _IMAGE),
    (b"GIF87a", _IMAGE),
    (b"GIF89a", _IMAGE),
    (b"II*\x00", _IMAGE),
    (b"MM\x00*", _IMAGE),
    (b"%PDF-", _PDF),
    (b"{\\rtf", _RTF),
    (GZIP, ARCHIVE),
    (b"7z\xbc\xaf\x27\x1c", ARCHIVE),
    (b"Rar!\x1a\x07", ARCHIVE),
    (b"\xfd7zXZ\x00", ARCHIVE),
    (b"\x28\xb5\x2f\xfd", ARCHIVE),
    (b"MSCF\x00\x00", ARCHIVE),
    (b"!BDN", _MAILBOX),
    (b"\x7fELF", _PROGRAM),
    (b"\xcf\xfa\xed\xfe", _PROGRAM),
    (b"ElfFile\x00", _EVENTS),
    (b"\xd4\xc3\xb2\xa1", _CAPTURE),
    (b"\xa1\xb2\xc3\xd4", _CAPTURE),
    (b"SQLite format 3\x00", _DATABASE),
    (b"\x1aE\xdf\xa3", _VIDEO),
)
# A text may begin with these as well: they count only beside a NUL.
_SHORT_MAGIC: Final = (
    (b"BM", _IMAGE),
    (b"MZ", _PROGRAM),
    (b"OggS", _VIDEO),
    (b"ID3", _VIDEO),
    (b"\n\r\r\n", _CAPTURE),
)
_TAR: Final = b"ustar"  # at byte 257
_COMPOUND: Final = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_COMPOUND_TEXT: Final = "__substg1.0_".encode("utf-16-le")
_OFFICE_NAMES: Final = (".docx", ".xlsx", ".pptx", ".docm", ".xlsm", ".odt", ".ods")
_KEY_NAMES: Final = (".pfx", ".p12", ".key", ".jks")


def refusal(name: str, content: bytes) -> str:
    """The rest of a sentence that begins with the file's name, or "" when the file may be text."""
    lowered = name.lower()
    if lowered.endswith(_KEY_NAMES) or b"PRIVATE KEY-----" in content[:4096]:
        return _KEY
    for magic, reason in _MAGIC:
        if content.startswith(magic):
            return reason
    if content.startswith(ZIP):
        office = lowered.endswith(_OFFICE_NAMES) or b"[Content_Types].xml" in content[:4096]
        return _OFFICE if office else ARCHIVE
    if content.startswith(_COMPOUND):
        return OUTLOOK if lowered.endswith((".msg", ".oft")) or _COMPOUND_TEXT in content else _OFFICE
    if content[257:262] == _TAR:
        return ARCHIVE
    return _container(content)


def _container(content: bytes) -> str:
    """Formats whose first bytes could also begin a text."""
    if content[:4] == b"RIFF":
        return _IMAGE if content[8:12] == b"WEBP" else _VIDEO if content[8:12] in (b"AVI ", b"WAVE") else ""
    if content[4:8] == b"ftyp":
        return _IMAGE if content[8:11] in (b"hei", b"mif", b"avi") else _VIDEO
    if b"\x00" in content[:64]:
        return next((reason for magic, reason in _SHORT_MAGIC if content.startswith(magic)), "")
    return ""
