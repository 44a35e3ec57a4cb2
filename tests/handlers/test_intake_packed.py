"""Archives, Outlook items and web pages: what is in them is read, what would do harm is refused in a sentence."""

from __future__ import annotations

import gzip
import io
import random
import struct
import zipfile

import pytest

from diagnostics import diagnose
from handlers.archives import holds_logs
from handlers.intake import file_text, submission
from handlers.plaintext import Unreadable
from tests.fakes.compound import Tree, compound, item

BOUNCE = "Remote Server returned '550 5.7.64 TenantAttribution; Relay Access Denied'"
LOG = "#Software: Microsoft Exchange Server\r\n#Log-type: SMTP Send Protocol Log\r\n#Fields: date-time\r\n"
EML = (
    "From: postmaster@contoso.com\nTo: anna@contoso.com\nSubject: Undeliverable: hello\nMIME-Version: 1.0\n"
    f"Content-Type: text/plain\n\nDelivery has failed to these recipients or groups:\n\nbob@fabrikam.com\n{BOUNCE}\n"
)


def named(value: object) -> str | None:
    """Archives hold the time: a test's name must not."""
    return "bytes" if isinstance(value, bytes) else None


def packed(method: int = zipfile.ZIP_DEFLATED, **members: bytes | str) -> bytes:
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", method) as archive:
        for name, content in members.items():
            archive.writestr(name.replace("_", ".").replace("0", "/"), content)
    return written.getvalue()


def refused(name: str, content: bytes, limit: int = 5_000_000) -> str:
    with pytest.raises(Unreadable) as said:
        file_text(name, content, limit=limit)
    return str(said.value)


def locked() -> bytes:
    """As if it were encrypted: the flag is what is looked at."""
    content = bytearray(packed(a_log="x"))
    at = content.index(b"PK\x01\x02")
    content[at + 8] |= 1
    return bytes(content)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("bounce.eml.gz", gzip.compress(EML.encode())),
        ("out.txt.gz", gzip.compress(BOUNCE.encode("utf-16"))),
        ("bounce.zip", packed(bounce_eml=EML)),
        ("bounce.zip", packed(mail0bounce_eml=EML, mail0empty0="")),
        ("bounce.zip", packed(zipfile.ZIP_STORED, a_txt=BOUNCE.encode("utf-16-le"), b_csv="a,b")),
        ("bounce.zip", packed(bounce_msg=compound(item(x1000=BOUNCE)))),
        ("bounce.msg", compound(item(x0037="Undeliverable: hello", x1000=BOUNCE))),
        ("bounce.html", f"<html><head><style>p {{}}</style></head><p>{BOUNCE.replace(chr(39), '&#39;')}</p>".encode()),
        ("saved", f"<!DOCTYPE html>\n<table><tr><td>Anna</td></tr><tr><td>{BOUNCE}</td></tr></table>".encode()),
    ],
    ids=named,
)
def test_what_is_inside_is_diagnosed(name: str, content: bytes) -> None:
    report = diagnose(submission("", [(name, content)]).text)
    assert "5.7.64" in report.model_dump_json()
    assert report.verdict in ("failure", "unknown")


def test_a_page_is_read_as_it_looks() -> None:
    page = b"<html><head><title>x</title></head><script>let a = 1;</script><p>Over &lt;quota&gt;<br>5.2.2</p></html>"
    assert file_text("report.htm", page).text == "Over <quota>\n5.2.2"


def test_what_else_an_archive_holds_is_named() -> None:
    read = file_text("logs.zip", packed(a_txt=BOUNCE, b_png=b"\x89PNG\r\n\x1a\n", c_zip=packed(d_txt="x")))
    assert read.text == BOUNCE
    assert [sentence.split()[0] for sentence in read.refusals] == ["logs.zip/b.png", "logs.zip/c.zip"]
    crowded = file_text("a.zip", packed(a_txt=BOUNCE, **{f"n{n}_png": b"\x89PNG\r\n\x1a\n" for n in range(1, 9)}))
    assert crowded.refusals[-1] == "The archive holds 5 more files that are no text."


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("bomb.gz", gzip.compress(bytes(50_000_000)), "unpacks to more than 1.0 MB"),
        ("bomb.zip", packed(a_txt=b"a" * 50_000_000), "unpacks to more than 1.0 MB"),
        ("many.zip", packed(**{f"a{n}_txt": b"a" * 150_000 for n in range(1, 10)}), "unpacks to more than 1.0 MB"),
        ("crowd.zip", packed(**{f"a{n}_txt": b"a" for n in range(101, 250)}), "more than 100 files"),
        ("nested.zip", packed(b_zip=packed(c_txt="x")), "nested.zip/b.zip is an archive"),
        ("nested.gz", gzip.compress(packed(c_txt="x")), "is an archive"),
        ("logs.tar.gz", gzip.compress(b"a.log".ljust(257, b"\x00") + b"ustar  " + bytes(248)), "is an archive"),
        ("locked.zip", locked(), "password"),
        ("rare.zip", packed(zipfile.ZIP_LZMA, a_txt="x"), "ordinary zip"),
        ("empty.zip", packed(), "is empty"),
        ("cut.gz", gzip.compress(random.Random(1).randbytes(500))[:200], "damaged"),
        ("cut.zip", packed(a_txt="x" * 500)[:-30], "damaged"),
        ("pictures.zip", packed(a_png=b"\x89PNG\r\n\x1a\n"), "pictures.zip/a.png is an image"),
        ("blank.msg", compound(item(x0037="")), "holds no text"),
        ("cut.msg", compound(item(x1000="x" * 9000))[:2000], "damaged"),
        ("huge.msg", compound(item(x1000="x" * 900_000)), "save the message as .eml"),
    ],
    ids=named,
)
def test_what_cannot_be_read_is_refused(name: str, content: bytes, says: str) -> None:
    said = refused(name, content, limit=1_000_000)
    assert said.startswith(name.removesuffix(".gz"))
    assert says in said


def test_archives_of_one_message_share_its_limit() -> None:
    read = submission("", [("a.gz", gzip.compress(b"a" * 700)), ("b.gz", gzip.compress(b"b" * 700))], limit=1000)
    assert read.text == "a" * 700
    assert "unpacks to more than 300 bytes" in read.refusals[0]


@pytest.mark.parametrize(
    ("name", "content", "logs"),
    [
        ("SEND.LOG.gz", gzip.compress(LOG.encode()), True),
        ("wide.gz", gzip.compress(LOG.encode("utf-16-le")), True),
        ("both.zip", packed(ndr_eml=EML, SEND_LOG=LOG), True),
        ("bomb.gz", gzip.compress(bytes(2_000_000)), True),  # only a log may be as large
        ("ndr.zip", packed(ndr_eml=EML), False),
        ("locked.zip", locked(), False),
    ],
    ids=named,
)
def test_archives_of_logs_are_told_from_pastes(name: str, content: bytes, logs: bool) -> None:
    assert holds_logs(name, content, limit=1_000_000) == logs


def report() -> Tree:
    """A non-delivery report as Outlook saves it, forwarded inside of another message."""
    headers = (
        "Received: from mail.contoso.com\r\nFrom: postmaster@contoso.com\r\nMIME-Version: 1.0\r\n"
        'Content-Type: multipart/report;\r\n\tboundary="x"\r\nSubject: Undeliverable: hello\r\n'
    )
    return {
        **item(
            x007d=headers, x0037="Undeliverable: hello", x1000="Your message wasn't delivered.", x1001="Not delivered."
        ),
        "__recip_version1.0_#00000000": item(
            x39fe="bob@fabrikam.com",
            x0c1b="<mx.fabrikam.com #5.1.1 smtp;550 5.1.1 RESOLVER.ADR.RecipNotFound; not found>",
        ),
        "__attach_version1.0_#00000000": item(x3707="details.txt", x3701=b"Diagnostic-Code: smtp;550 5.1.1"),
        "__attach_version1.0_#00000001": item(x3707="logo.png", x3701=b"\x89PNG\r\n\x1a\n"),
    }


def test_an_outlook_item_gives_headers_body_recipients_and_attachments() -> None:
    outer: Tree = {
        **item(x0037="FW: Undeliverable", x1013=b"<p>What is <b>this</b>?</p>"),
        "__attach_version1.0_#00000000": {"__substg1.0_3701000D": report()},
    }
    text = file_text("fw.msg", compound(outer)).text
    wanted = ["FW: Undeliverable", "What is this ?", "Received: from", "wasn't delivered", "bob@fabrikam.com", "#5.1.1"]
    places = [text.find(words) for words in [*wanted, "Diagnostic-Code"]]
    assert places == sorted(places)
    assert places[0] >= 0
    assert "boundary" not in text
    assert "recipient" in diagnose(text).findings[0].cause


def test_items_in_items_come_to_an_end() -> None:
    tree: Tree = item(x1000="the innermost")
    for depth in range(20):
        tree = {**item(x1000=f"level {depth}"), "__attach_version1.0_#00000000": {"__substg1.0_3701000D": tree}}
    text = file_text("deep.msg", compound(tree)).text
    assert text.count("level") == 4
    wide: Tree = {f"__attach_version1.0_#{n:08}": item(x3707="a.txt", x3701=b"one") for n in range(2000)}
    said = refused("wide.msg", compound({**item(x1000="x"), **wide}))
    assert "damaged" in said  # a directory that leads the library into a recursion without end


def test_damaged_items_are_refused_or_read_but_never_crash() -> None:
    whole, chance = compound(report()), random.Random(7)
    for _ in range(300):
        content = bytearray(whole)
        for _ in range(chance.randint(1, 12)):
            struct.pack_into("<I", content, chance.randrange(8, len(content) - 4), chance.getrandbits(32))
        try:
            assert file_text("x.msg", bytes(content)).text
        except Unreadable as said:
            assert str(said).startswith("x.msg ")  # noqa: PT017 - either is right
