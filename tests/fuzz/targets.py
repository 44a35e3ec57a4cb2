"""What strangers' bytes reach, as functions of bytes. Whatever is raised by one is a fault of ours.

Each has seeds: bytes of the kind that it is for, which a fuzzer changes.
"""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import io
import json
import tempfile
import tomllib
import zipfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import dns.exception
import dns.message
from msgspec import ValidationError
from pydantic import TypeAdapter

from bot.oncall import inbound, pagerduty, policy, webhook
from bot.settings import SettingsError, load
from diagnostics import Report, diagnose, explain
from diagnostics.checks import Options, Scope, TargetError, check
from diagnostics.checks.certificate import judge
from diagnostics.codes import tables
from diagnostics.logs.answer import answer as answer_logs
from diagnostics.logs.answer import find
from diagnostics.logs.sources import UnreadableLogError
from diagnostics.network import DnsReply, live
from diagnostics.network.http import HttpError, get
from diagnostics.network.recorded import RecordedNetwork, RecordedStream
from diagnostics.recognisers import Reading, _bench
from diagnostics.text import Paste
from handlers import watches
from handlers.blocks import RESOLVE_CASE, answer, details, explained
from handlers.blocks.check_form import CHECK_FORM
from handlers.blocks.form import FORM, opening
from handlers.blocks.home import STOP_WATCH
from handlers.blocks.verdict_form import VERDICT_FORM, Place
from handlers.commands import WORDS
from handlers.deliveries import accepted
from handlers.intake import file_text, submission, unslack
from handlers.plaintext import Unreadable
from handlers.ports.inbox import Delivery
from handlers.ports.slack import Identity
from handlers.words import find as find_word
from handlers.words import hint
from tests.bot.pastes import CURED, FAILING
from tests.casefile import Case
from tests.oncall.policies import TEXT

ROOT: Final = Path(__file__).parent.parent
NOW: Final = datetime(2026, 11, 18, 8, 0, tzinfo=UTC)
_US: Final = Identity("T1", "U1", "B1")
_LIMIT: Final = 200_000  # bytes of a file
_NAMES: Final = ("a.txt", "a.eml", "a.html", "a.msg", "a.zip", "a.gz", "a.log", "\u202e", "")
_STORED: Final = TypeAdapter(Delivery)
_APART: Final = "\x1e"  # between the pastes of a thread, or the answers of a server


@dataclass(frozen=True)
class Target:
    run: Callable[[bytes], None]
    seeds: Callable[[], Sequence[bytes]]


def _text(data: bytes) -> str:
    return data.decode("utf-8", "surrogateescape")


@lru_cache(maxsize=1)
def _pastes() -> tuple[bytes, ...]:
    """What the project's own cases paste."""
    cases = sorted((ROOT / "cases").rglob("*.md"))
    texts = [paste for path in cases for pastes, _ in Case.read(path).steps()[:1] for paste in pastes[:1]]
    return tuple(text.encode() for text in [FAILING, CURED, *texts])


def _diagnose(data: bytes) -> None:
    text, *more = _text(data).split(_APART)
    report = diagnose(text, followups=more[:3])
    assert Report.model_validate_json(report.model_dump_json()) == report
    for said in (answer(report), details(report)):
        assert len(said.blocks) <= 50
        json.dumps(said.blocks).encode()


def _recognise(data: bytes) -> None:
    """Each recogniser for itself, also those whose screen keeps such a text away."""
    for each in _bench().readers:
        each.read(Reading(Paste.of(_text(data)), set()))


def _explain(data: bytes) -> None:
    json.dumps(explained(explain(_text(data))).blocks).encode()


def _message(data: bytes) -> None:
    """A message as it arrives: as JSON, which can hold halves of characters."""
    delivery = _taken(json.loads(_event(text=_text(data))))
    assert delivery
    submission(delivery.text)
    find_word(WORDS, delivery.text) or hint(WORDS, delivery.text)
    with contextlib.suppress(watches.WordingError, TargetError):
        if watches.asked(delivery.text):
            watches.wanted(delivery.text)


def _file(data: bytes) -> None:
    name, content = _NAMES[data[0] % len(_NAMES)] if data else "", data[1:]
    with contextlib.suppress(Unreadable):
        file_text(name, content, limit=_LIMIT)


def _packed(data: bytes) -> None:
    """Archives that are whole, with anything in them."""
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as archive:
        for number, part in enumerate(data.split(_APART.encode())[:5]):
            archive.writestr(_NAMES[number] or "x", part)
    for name, content in (("a.zip", written.getvalue()), ("a.gz", gzip.compress(data, 1))):
        with contextlib.suppress(Unreadable):
            file_text(name, content, limit=_LIMIT)


def _logs(data: bytes) -> None:
    with _written(data, ".log") as path, contextlib.suppress(UnreadableLogError):
        answer_logs(find([str(path)], most=_LIMIT)).model_dump_json()


def _payload(data: bytes) -> None:
    body = _json(data)
    if isinstance(body, dict):
        _taken(body)


def _form(data: bytes) -> None:
    """Each of the forms, in any shape."""
    view = _json(data)
    if isinstance(view, dict):
        for form in (FORM, CHECK_FORM, VERDICT_FORM):
            _taken({"type": "view_submission", "view": {"callback_id": form, **view}})


def _typed(data: bytes) -> None:
    """What people type into the forms, which are as Slack sends them."""
    text = json.loads(json.dumps(_text(data)))
    fields = {name: {name: {"value": text}} for name in ("paste", "target", "words", "note")}
    place = json.dumps(asdict(Place("C1", "5.0", "6.0", RESOLVE_CASE, "")))
    for form in (FORM, CHECK_FORM, VERDICT_FORM):
        view = {"id": "V1", "callback_id": form, "private_metadata": place, "state": {"values": fields}}
        taken = _taken({"type": "view_submission", "user": {"id": "U2", "team_id": "T1"}, "view": view})
        if form == VERDICT_FORM:
            assert taken
            json.loads(taken.text)
        if form == FORM and taken:
            json.dumps(opening(unslack(taken.text), [], asker="U2").blocks).encode()


def _taken(body: dict[str, Any]) -> Delivery | None:
    """What is taken of a payload can be stored, and is the same when it is read."""
    delivery = accepted(body, _US, frozenset({"B2"}))
    if delivery:
        assert _STORED.validate_json(_STORED.dump_json(delivery)) == delivery
    return delivery


def _webhooks(data: bytes) -> None:
    for heard in (pagerduty.heard, webhook.heard):
        with contextlib.suppress(*inbound.ODD):
            heard(data)


def _policy(data: bytes) -> None:
    with _written(data, ".toml") as path, contextlib.suppress(policy.PolicyError):
        policy.load(path)


def _table(data: bytes) -> None:
    with contextlib.suppress(tomllib.TOMLDecodeError, UnicodeDecodeError, ValidationError):
        tables.checked(tomllib.loads(data.decode()).get("row"))


def _settings(data: bytes) -> None:
    with _written(data, ".env") as path, contextlib.suppress(SettingsError):
        load({}, dotenv=path)


def _dns(data: bytes) -> None:
    """An answer off the wire, read strictly and leniently."""
    for lenient in (False, True):
        with contextlib.suppress(dns.exception.DNSException, EOFError):
            read = dns.message.from_wire(data, ignore_trailing=True, continue_on_error=lenient)
            for kind in ("TXT", "MX", "A", "TLSA"):
                live._reply(read, "mail.contoso.test", kind, "192.0.2.53")


def _servers(data: bytes) -> None:
    """A whole check of a host whose DNS and whose every port answer with these bytes."""
    parts = data.split(_APART.encode())
    text = parts[0].decode("latin-1")  # as the live network reads TXT
    kinds = ("TXT", "TLSA", "PTR")
    names = (
        "contoso.test",
        "_dmarc.contoso.test",
        "mx.contoso.test",
        "_mta-sts.contoso.test",
        "_25._tcp.mx.contoso.test",
    )
    replies = [DnsReply(name, kind, "answer", (text,)) for name in names for kind in kinds]  # type: ignore[arg-type]
    hosts = ("mx.contoso.test", "contoso.test", "mta-sts.contoso.test")
    replies += [DnsReply(name, "A", "answer", ("9.9.9.9",)) for name in hosts]
    replies.append(
        DnsReply("contoso.test", "MX", "answer", ("10 mx.contoso.test", f"10 {''.join(text.split())[:250]}"))
    )
    told = {("9.9.9.9", port): parts[1:] for port in (25, 443, 465, 587)}
    report = asyncio.run(
        check(
            "contoso.test", scope=Scope(), network=RecordedNetwork(replies, told), options=Options(now=NOW, timeout=5)
        )
    )
    assert not [each for each in report.attempts if each.reason.startswith("the check itself failed")]
    report.model_dump_json()


def _http(data: bytes) -> None:
    stream = RecordedStream([b"", data, b""])
    with contextlib.suppress(HttpError):
        asyncio.run(get(stream, host="mta-sts.contoso.test", path="/", accept="text/plain", most=1000))


def _certificate(data: bytes) -> None:
    chain = data.split(_APART.encode() * 2)
    json.dumps(judge(chain, [], names=("mail.contoso.com",), options=Options(now=NOW), built=[]).facts)


def _json(data: bytes) -> Any:
    with contextlib.suppress(ValueError, RecursionError):
        return json.loads(data)
    return None


@contextlib.contextmanager
def _written(data: bytes, suffix: str) -> Iterator[Path]:
    with tempfile.NamedTemporaryFile(suffix=suffix) as file:
        file.write(data)
        file.flush()
        yield Path(file.name)


def _event(**fields: Any) -> bytes:
    said = {"type": "message", "channel": "C1", "user": "U2", "ts": "5.0", "text": "550 5.7.1", **fields}
    return json.dumps({"type": "event_callback", "event_id": "Ev1", "event": said}).encode()


def _payloads() -> list[bytes]:
    file = {"id": "F1", "name": "a", "url_private": "https://files.slack.com/a", "size": 5}
    block = {
        "type": "rich_text",
        "elements": [{"type": "rich_text_section", "elements": [{"type": "text", "text": "a"}]}],
    }
    press = {"action_id": "show_steps", "value": "x", "action_ts": "1.0"}
    return [
        _event(thread_ts="4.0", files=[file]),
        _event(bot_id="B2", subtype="bot_message", blocks=[block], attachments=[{"text": "b", "fields": [{"title": "c"}]}]),
        _event(subtype="message_changed", message={"ts": "5.0", "text": "b", "user": "U2"}, previous_message={"ts": "5.0"}),
        _event(subtype="message_deleted", deleted_ts="5.0", previous_message={"ts": "5.0", "user": "U2"}),
        _event(type="tokens_revoked", tokens={"bot": ["U1"]}),
        json.dumps({"command": "/mailflow", "text": "check a", "trigger_id": "1", "channel_id": "C1"}).encode(),
        json.dumps({"type": "block_actions", "actions": [press],
                    "container": {"message_ts": "1.0", "channel_id": "C1"}}).encode(),
        json.dumps({"type": "block_actions", "actions": [{"action_id": STOP_WATCH, "value": "C1 a.test"}], "trigger_id": "1",
                    "user": {"id": "U2", "team_id": "T1"}, "team": {"id": "T1"}, "container": {"type": "view"}}).encode(),
        json.dumps({"type": "event_callback", "event_id": "Ev1", "team_id": "T2", "enterprise_id": "E2",
                    "is_ext_shared_channel": True, "authorizations": [{"team_id": "T1", "enterprise_id": "E1"}],
                    "event": {"type": "app_mention", "channel": "C1", "user": "U2", "ts": "5.0", "text": "<@U1> ack",
                              "team": "T1", "user_team": "T2", "source_team": "T2"}}).encode(),
        json.dumps({"type": "message_action", "callback_id": "diagnose_message", "channel": {"id": "C1"},
                    "message": {"ts": "1.0", "text": "a", "blocks": [block], "attachments": [{"blocks": [block]}]}}).encode(),
    ]  # fmt: skip


def _forms() -> list[bytes]:
    fields = {
        "paste": {"value": "550"},
        "files": {"files": [{"id": "F1", "size": 1}]},
        "where": {"selected_option": {"value": "me"}},
        "channel": {"selected_conversation": "C1"},
    }
    target, words = (
        {"target": {"value": "mx.contoso.test:25"}},
        {"words": {"value": "a switch"}, "note": {"value": "b"}},
    )
    place = {"private_metadata": json.dumps(asdict(Place("C1", "5.0", "6.0", RESOLVE_CASE, "")))}
    cause = {"cause": {"selected_option": {"value": "tls.certificate.private-key-permission"}}}
    return [
        json.dumps(
            {"id": "V1", **more, "state": {"values": {name: {name: field} for name, field in each.items()}}}
        ).encode()
        for each, more in ((fields, {}), (target, {}), (cause | words, place))
    ]


def _heard() -> list[bytes]:
    event = {
        "id": "1",
        "event_type": "incident.acknowledged",
        "data": {"id": "P1"},
        "occurred_at": "2026-11-18T08:00:00Z",
    }
    told = {"action": "resolve", "escalation": "00000000-0000-0000-0000-000000000000", "by": "x"}
    return [json.dumps({"event": event}).encode(), json.dumps(told).encode()]


def _answers() -> list[bytes]:
    query = dns.message.make_query("mail.contoso.test", "TXT", id=0x7B0A)  # its first byte is that of JSON
    found = dns.message.make_response(query)
    for row in ('TXT "v=spf1 -all"', "MX 10 mx.contoso.test.", "A 192.0.2.1", "TLSA 3 1 1 " + "ab" * 32):
        kind, value = row.split(" ", 1)
        found.answer.append(dns.rrset.from_text("mail.contoso.test.", 300, "IN", kind, value))
    return [query.to_wire(), found.to_wire()]


def _conversations() -> list[bytes]:
    smtp = "220 mx.contoso.test ESMTP\r\n\x1e250-mx\r\n250 STARTTLS\r\n\x1e220 go\r\n\x1e\x16\x03\x03\x00\x02\x02\x28"
    records = ("v=spf1 ip4:192.0.2.0/24 include:%{d} -all", "v=DMARC1; p=none; rua=mailto:a@b.test", "v=STSv1; id=1;",
               "3 1 1 " + "ab" * 32, "10 mx.contoso.test")  # fmt: skip
    return [f"{record}\x1e{smtp}".encode("latin-1") for record in records]


def _ders() -> list[bytes]:
    from tests.fakes.certificates import SERVED, authorities  # minting keys takes a second

    return [make(authorities(), "mail.contoso.com").chain[0] for make in list(SERVED.values())[:6]]


def _files() -> list[bytes]:
    from tests.fakes.compound import compound, item

    msg = compound(item(x0037="Undeliverable", x1000="550 5.7.1 no"))
    return [bytes([3]) + msg, *(bytes([kind]) + paste for paste in _pastes()[:40] for kind in (0, 1, 2))]


TARGETS: Final[dict[str, Target]] = {
    "diagnose": Target(_diagnose, _pastes),
    "recognise": Target(_recognise, _pastes),
    "explain": Target(_explain, lambda: [b"5.7.64", b"0x8009030d", b"RESOLVER.ADR.RecipNotFound", b"36870"]),
    "message": Target(
        _message,
        lambda: [b"<http://a|b> <@U1> &lt; ```text\n", b"watch a.test every 6h", b"check a.test", *_pastes()[:40]],
    ),
    "file": Target(_file, _files),
    "packed": Target(_packed, lambda: _pastes()[:40]),
    "logs": Target(_logs, lambda: [FAILING.encode(), CURED.encode()]),
    "payload": Target(_payload, _payloads),
    "form": Target(_form, _forms),
    "typed": Target(
        _typed,
        lambda: [b"550 5.7.1 no", b"mx.contoso.test:25", b"[2001:db8::1]:587", b"<@U1> &lt; ```", *_pastes()[:40]],
    ),
    "webhooks": Target(_webhooks, _heard),
    "policy": Target(_policy, lambda: [TEXT.encode()]),
    "table": Target(
        _table, lambda: [path.read_bytes()[:4000] for path in sorted(Path(tables.__file__).parent.glob("*.toml"))]
    ),
    "settings": Target(
        _settings, lambda: [b"MAILFLOW_PORT=1\nSLACK_BOT_TOKEN=xoxb-1\nMAILFLOW_CHECK_ALLOW=10.0.0.0/8\n"]
    ),
    "dns": Target(_dns, _answers),
    "servers": Target(_servers, _conversations),
    "http": Target(_http, lambda: [b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"]),
    "certificate": Target(_certificate, _ders),
}
