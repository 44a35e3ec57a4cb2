"""Files: every encoding that Windows writes is read, everything that holds no text is refused with a way out."""

from __future__ import annotations

import codecs
import io
import random
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.plaintext import Unreadable, decode_file

LOG = "2026-11-18T08:00:00Z,Übertragung,08D,9,,,*,,TLS negotiation failed\r\n" * 3


@pytest.mark.parametrize(
    "content",
    [
        LOG.encode(),
        codecs.BOM_UTF8 + LOG.encode(),
        codecs.BOM_UTF16_LE + LOG.encode("utf-16-le"),
        codecs.BOM_UTF16_BE + LOG.encode("utf-16-be"),
        LOG.encode("utf-16-le"),
        LOG.encode("utf-16-be"),
        LOG.encode("cp1252"),
        LOG.encode() + b"\x00" * 500,
    ],
    ids=["utf-8", "utf-8-bom", "utf-16-le-bom", "utf-16-be-bom", "utf-16-le", "utf-16-be", "cp1252", "nul-padded"],
)
def test_encodings(content: bytes) -> None:
    assert decode_file("send.log", content) == LOG


def test_one_damaged_byte_leaves_utf8_readable() -> None:
    text = decode_file("x.log", "für Übertragung öffnen ".encode() * 20 + b"\xff end")
    assert text.startswith("für Übertragung")
    assert text.endswith("end")


def test_typographic_windows_1252() -> None:
    assert decode_file("x.txt", b"\x93quoted\x94 \x96 caf\xe9") == "“quoted” – café"


def _read(content: bytes) -> tuple[str, str]:
    """The text and the refusal, one of which is empty."""
    try:
        return decode_file("x.bin", content), ""
    except Unreadable as refused:
        return "", str(refused)


@given(st.text(min_size=1))
def test_any_utf8_text_comes_back_unless_it_is_full_of_controls(text: str) -> None:
    read, refused = _read(b"log: " + text.encode())
    if refused:
        assert "binary data" in refused
        assert any(ord(char) < 0x20 for char in text)
    else:
        assert read == "log: " + text.rstrip("\x00")


@given(st.binary())
def test_any_bytes_are_text_or_refused(content: bytes) -> None:
    read, refused = _read(content)
    assert bool(read.strip()) != refused.startswith("x.bin ")


def _zip(*names: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name in names:
            archive.writestr(name, "x")
    return buffer.getvalue()


COMPOUND = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\x00" * 100


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("shot.png", b"\x89PNG\r\n\x1a\n" + b"x" * 20, "image"),
        ("shot.jpg", b"\xff\xd8\xff\xe0" + b"x" * 20, "image"),
        ("shot.bmp", b"BM\x36\x00\x00\x00", "image"),
        ("shot.webp", b"RIFF\x10\x00\x00\x00WEBP", "image"),
        ("shot.heic", b"\x00\x00\x00\x18ftypheic", "image"),
        ("clip.mp4", b"\x00\x00\x00\x18ftypisom", "video"),
        ("logs.zip", _zip("a.log"), "unpack"),
        ("logs.gz", b"\x1f\x8b\x08\x00", "unpack"),
        ("logs.7z", b"7z\xbc\xaf\x27\x1c\x00", "unpack"),
        ("case.docx", _zip("[Content_Types].xml", "word/document.xml"), "Office"),
        ("renamed.txt", _zip("[Content_Types].xml"), "Office"),
        ("old.doc", COMPOUND, "Office"),
        ("bounce.msg", COMPOUND, "save the message as .eml"),
        ("bounce", COMPOUND + "__substg1.0_001A".encode("utf-16-le"), "save the message as .eml"),
        ("report.pdf", b"%PDF-1.7\n", "PDF"),
        ("tool.exe", b"MZ\x90\x00\x03", "program"),
        ("tool", b"\x7fELF\x02", "program"),
        ("System.evtx", b"ElfFile\x00\x00", "Event Viewer"),
        ("smtp.pcapng", b"\n\r\r\n\x1c\x00\x00\x00", "Follow > TCP Stream"),
        ("cert.pfx", b"\x30\x82\x01", "private key"),
        ("cert.pem", b"-----BEGIN PRIVATE KEY-----\nMII", "delete it"),
        ("empty.log", b"", "empty"),
        ("blank.log", b" \r\n\t", "white space"),
        ("noise.log", bytes(random.Random(1).randbytes(4000)), "binary"),
        ("nuls.log", b"\x00" * 100, "binary"),
    ],
)
def test_what_holds_no_text_is_refused(name: str, content: bytes, says: str) -> None:
    with pytest.raises(Unreadable, match=says) as refused:
        decode_file(name, content)
    assert str(refused.value).startswith(name)


@pytest.mark.parametrize("start", ["BM is a prefix", "MZ is too", "ID3", "RIFF: a word", "II* x", "OggS"])
def test_text_that_begins_like_a_binary_is_read(start: str) -> None:
    assert decode_file("x.txt", start.encode() + b" 550 5.7.1") == start + " 550 5.7.1"


def test_size_is_limited() -> None:
    assert decode_file("x.log", b"a" * 5_000_000)
    with pytest.raises(Unreadable, match=r"5\.1 MB.*up to 5\.0 MB"):
        decode_file("x.log", b"a" * 5_100_000)
    with pytest.raises(Unreadable, match="only the part around"):
        decode_file("x.log", b"a" * 11, limit=10)


def test_a_hostile_file_name_is_shown_tamely() -> None:
    with pytest.raises(Unreadable) as refused:
        decode_file("a\n\x1b[31m\u202e" + "x" * 500 + ".png", b"\x89PNG\r\n\x1a\n")
    assert str(refused.value).isprintable()
    assert len(str(refused.value)) < 250
