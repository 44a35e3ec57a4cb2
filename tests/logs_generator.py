"""Transport logs of any size, and the truth about them.

A plan (size, interleaving, failure mix, seed) always gives the same log. The truth is written down while the sessions are
made, never read back from the text, so it can judge whatever reads the log.
"""

from __future__ import annotations

import csv
import io
import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final, Literal

from tests import logs_of_records

Kind = Literal["send", "receive", "connectivity", "tracking"]
_SMTP: Final = "date-time,connector-id,session-id,sequence-number,local-endpoint,remote-endpoint,event,data,context"
FIELDS: Final[dict[Kind, str]] = {
    "send": _SMTP,
    "receive": _SMTP,
    "connectivity": logs_of_records.CONNECTIVITY,
    "tracking": logs_of_records.TRACKING,
}
_TYPES: Final[dict[Kind, str]] = {
    "send": "SMTP Send Protocol Log",
    "receive": "SMTP Receive Protocol Log",
    "connectivity": "Transport Connectivity Log",
    "tracking": "Message Tracking Log",
}
OLD: Final = "3C0FFEE1A2B3C4D5E6F708192A3B4C5D6E7F8091"
NEW: Final = "91F0E1D2C3B4A5968778695A4B3C2D1E0F010203"
_REMOTE: Final = {False: "7A7B7C7D7E7F80818283848586878889A0A1A2A3", True: "5B5C5D5E5F60616263646566676869707172737A"}
_PROTOCOL: Final = {False: "SP_PROT_TLS1_2_CLIENT", True: "SP_PROT_TLS1_0_CLIENT"}
Change = Literal["ours", "theirs", "protocol", "name", "pipelining", "address"]
CHANGES: Final[tuple[Change, ...]] = ("ours", "theirs", "protocol", "name", "pipelining", "address")
REFUSED: Final = "554 5.7.0 Not today"
_START: Final = datetime(2026, 11, 18, 6, 0, tzinfo=UTC)
_CONNECTORS: Final[dict[Kind, tuple[str, str, str]]] = {
    "send": ("Outbound to Office 365", "Internet", '"Partner, Fabrikam"'),
    "receive": ("EX01\\Default Frontend EX01", "EX01\\Relay", '"EX01\\Scanners, floor 3"'),
    "connectivity": ("SMTP", "MapiSubmission", '"Partner, gateway"'),
    "tracking": ("Outbound to Office 365", "", '"Partner, Fabrikam"'),
}
_MISLEADING: Final = ("", "+", "QUIT", "550 5.7.1 no", "a, b", "<", ",FAIL,", "-")
_REFUSALS: Final = (
    "550 5.7.1 Service unavailable; client host blocked",
    "451 4.7.500 Server busy. Please try again later",
    "550 5.1.1 <{to}>: Recipient address rejected: User unknown",
)
_CLOSED: Final = "the connection was closed without a reply"
_TIMEOUT: Final = (
    '*,,"Failed to connect. Winsock error code: 10060, Win32 error code: 10060, Error Message: A connection attempt '
    'failed because the connected party did not properly respond after a period of time {ip}:25"'
)
_NEGOTIATED: Final = (
    '*,,"TLS protocol {protocol} negotiation succeeded using bulk encryption algorithm CALG_AES_256 with strength 256 '
    'bits, MAC hash algorithm CALG_SHA_384 with strength 0 bits and key exchange algorithm CALG_ECDH_EPHEM with strength 384 "'
)


@dataclass(frozen=True, slots=True)
class Plan:
    """`size` in bytes is reached, then open sessions end. During the outage (shares of the size) the first connector fails.

    `interleaving` sessions are open at a time, `failing` is the share of scattered failures, `bad` the share of lines that
    are damaged, `pace` the milliseconds between two rows. `changes` are what is different during the outage: our certificate,
    theirs, the TLS version, the server's name, PIPELINING, the address. The outage is a failed handshake, or `refused`.
    `columns` is their order where it is not Exchange's; those of unknown names hold what could mislead.
    """

    size: int
    kind: Kind = "send"
    interleaving: int = 8
    failing: float = 0.02
    outage: tuple[float, float] = (0.4, 0.6)
    one_row: bool = False
    bad: float = 0.0
    changes: frozenset[Change] = frozenset({"ours"})
    refused: bool = False
    pace: int = 50
    seed: int = 1
    columns: tuple[str, ...] = ()


@dataclass(slots=True)
class Told:
    """One session. `error` is "" where nothing failed. `began` is when it connected, or failed to; `at` is the time of the row
    that decides: the failure, or QUIT."""

    id: str
    connector: str
    remote: str
    error: str = ""
    shown: dict[Change, str] = field(default_factory=dict)
    began: str = ""
    at: str = ""
    messages: int = 0
    opens: int = 0  # the row in which it connects
    decided: int = -1  # the row that decides
    rows: list[str] = field(default_factory=list)
    written: int = 0


@dataclass(slots=True)
class Truth:
    """What the log holds. `sessions` is kept only where asked for: it grows with the log."""

    count: int = 0
    failed: int = 0
    messages: int = 0
    bad: int = 0
    lines: int = 0
    connectors: Counter[str] = field(default_factory=Counter)
    remotes: Counter[str] = field(default_factory=Counter)
    hours: Counter[str] = field(default_factory=Counter)
    failed_hours: Counter[str] = field(default_factory=Counter)
    errors: Counter[tuple[str, str]] = field(default_factory=Counter)
    first: dict[tuple[str, str], str] = field(default_factory=dict)
    last: dict[tuple[str, str], str] = field(default_factory=dict)
    sessions: list[Told] = field(default_factory=list)


class Log:
    """The log of a plan. `lines` is read once, to its end; `truth` is whole after that."""

    def __init__(self, plan: Plan, *, keep: bool = False) -> None:
        self.plan = plan
        self.truth = Truth()
        self._keep = keep
        self._random = random.Random(plan.seed)
        self._number = 0x08DE2A6B00000000 + plan.seed * 0x100000000

    def header(self) -> str:
        fields = ",".join(self.plan.columns) or FIELDS[self.plan.kind]
        return (
            f"#Software: Microsoft Exchange Server\r\n#Version: 15.0.0.0\r\n#Log-type: {_TYPES[self.plan.kind]}\r\n"
            f"#Date: {_stamp(0)}\r\n#Fields: {fields}\r\n"
        )

    def lines(self) -> Iterator[str]:
        """Every line with its line end, the header first."""
        plan, dice = self.plan, self._random
        header = self.header()
        self.truth.lines = header.count("\n")
        yield from header.splitlines(keepends=True)
        written, clock = len(header), 0
        active: list[Told] = []
        while written < plan.size or active:
            while written < plan.size and len(active) < plan.interleaving:
                active.append(self._session(written / plan.size))
            told = active[dice.randrange(len(active))]
            clock += plan.pace
            line = self._row(told, _stamp(clock))
            written += len(line)
            yield line
            if plan.bad and dice.random() < plan.bad:
                yield self._damage()
            if told.written == len(told.rows):
                active.remove(told)
                self._note(told)

    def _row(self, told: Told, at: str) -> str:
        number = told.written
        if number == told.decided:
            told.at = at
        if number in (told.opens, told.decided):
            told.began = told.began or at
        told.written += 1
        self.truth.lines += 1
        row = f"{at},{told.rows[number]}\r\n"
        return self._moved(row) if self.plan.columns else row

    def _moved(self, row: str) -> str:
        """The row with the plan's columns."""
        names = FIELDS[self.plan.kind].split(",")
        cells = next(csv.reader([row.rstrip("\r\n")]))
        last = len(names) - 1
        known = dict(zip(names, [*cells[:last], ",".join(cells[last:])], strict=True))
        written = io.StringIO()
        moved = [known[name] if name in known else self._filler() for name in self.plan.columns]
        csv.writer(written, lineterminator="\r\n").writerow(moved)
        return written.getvalue()

    def _filler(self) -> str:
        """What a column of no meaning holds, which may mislead."""
        return self._random.choice(_MISLEADING) if self._random.random() < 0.1 else "SEND20261118.LOG"

    def _damage(self) -> str:
        self.truth.bad += 1
        self.truth.lines += 1
        return self._random.choice(
            ("\x00\x00\x00garbage\r\n", "half a row,with,commas\r\n", "TLS negotiation failed\r\n")
        )

    def _note(self, told: Told) -> None:
        truth, connector = self.truth, told.connector.strip('"')
        truth.count += 1
        truth.messages += told.messages
        truth.connectors[connector] += 1
        truth.remotes[told.remote] += 1
        truth.hours[told.began[:13]] += 1
        if told.error:
            key = (connector, told.error)
            truth.failed += 1
            truth.failed_hours[told.began[:13]] += 1
            truth.errors[key] += 1
            truth.first[key] = min(truth.first.get(key, told.at), told.at)
            truth.last[key] = max(truth.last.get(key, told.at), told.at)
        if self._keep:
            told.rows = []
            truth.sessions.append(told)

    def _session(self, share: float) -> Told:
        dice, plan = self._random, self.plan
        self._number += dice.randrange(1, 40)
        if plan.kind in ("connectivity", "tracking"):
            return self._record(share)
        place = dice.randrange(3)
        connector = _CONNECTORS[plan.kind][place]
        out = place == 0 and plan.outage[0] <= share < plan.outage[1]
        moved = 40 if out and "address" in plan.changes else 0
        remote = f"198.51.100.{moved + 10 * place + dice.randrange(4)}"
        told = Told(f"{self._number:016X}", connector, remote)
        told.shown["address"] = remote
        failing = dice.random() < plan.failing
        tails = self._sends(told, out, failing) if plan.kind == "send" else self._receives(told, failing)
        endpoints = _endpoints(plan.kind, remote, dice.randrange(1024, 65535))
        told.rows = [
            f"{connector},{told.id},{number},"
            f"{',' + remote + ':25' if 'ttempting to connect' in t or 'Failed to connect' in t else endpoints},{t}"
            for number, t in enumerate(tails)
        ]
        return told

    def _record(self, share: float) -> Told:
        """A session of the connectivity log, or a message of the tracking log."""
        dice, plan = self._random, self.plan
        place = dice.randrange(3)
        connector = _CONNECTORS[plan.kind][place]
        out = place == 0 and plan.outage[0] <= share < plan.outage[1]
        failing = dice.random() < plan.failing
        make = logs_of_records.tried if plan.kind == "connectivity" else logs_of_records.tracked
        made = make(dice, f"{self._number:016X}", connector, out=out, failing=failing)
        told = Told(f"{self._number:016X}", made.connector, made.remote, made.error)
        told.rows, told.opens, told.decided, told.messages = made.rows, made.opens, made.decided, made.messages
        return told

    def _sends(self, told: Told, out: bool, failing: bool) -> list[str]:
        dice, told.opens = self._random, 1
        new = {change: out and change in self.plan.changes for change in CHANGES}
        name = "mail.tailspintoys.com" if new["name"] else f"mx.{told.remote[-2:].strip('.')}.fabrikam.com"
        told.shown |= {"ours": NEW if new["ours"] else OLD, "name": name}
        told.shown["pipelining"] = "missing" if new["pipelining"] else "offered"
        if failing and dice.random() < 0.2:
            told.error, told.decided = "connection failed (10060)", 1
            return ["*,,attempting to connect", _TIMEOUT.format(ip=told.remote)]
        tails = [
            "*,,attempting to connect",
            "+,,",
            f'<,"220 {name} ESMTP ready, go",',
        ]
        tails += [">,EHLO mail.contoso.com,", "<,250-mx.fabrikam.com Hello [203.0.113.10],", "<,250-SIZE 157286400,"]
        tails += [] if new["pipelining"] else ["<,250-PIPELINING,"]
        tails += ["<,250-STARTTLS,", "<,250 CHUNKING,", ">,STARTTLS,", "<,220 2.0.0 SMTP server ready,"]
        tails += self._certificate("Sending", told.shown["ours"])
        if out and not self.plan.refused:
            told.error, told.decided = "TLS negotiation failed with error UnknownCredentials", len(tails)
            return [*tails, "*,,TLS negotiation failed with error UnknownCredentials", "-,,Local"]
        told.shown |= {"theirs": _REMOTE[new["theirs"]], "protocol": _PROTOCOL[new["protocol"]]}
        tails += [
            _NEGOTIATED.format(protocol=told.shown["protocol"]),
            *self._certificate("Remote", told.shown["theirs"]),
        ]
        if out:
            told.error, told.decided = REFUSED, len(tails) + 1
            return [*tails, ">,MAIL FROM:<anna@contoso.com> SIZE=4810,", f"<,{REFUSED},", ">,QUIT,", "-,,Local"]
        if failing and dice.random() < 0.2:
            told.error, told.decided = _CLOSED, len(tails)
            return [*tails, "-,,Remote"]
        tails += [">,EHLO mail.contoso.com,", "<,250 CHUNKING,"]
        for _ in range(dice.randrange(1, 3)):
            tails += self._message(told, failing and not told.error, len(tails), ">", "<")
        if not told.error and dice.random() < 0.1:  # it ends without a QUIT, and nothing is wrong
            told.decided = len(tails) - 1
            return [*tails, "-,,Local"]
        quits, closes = told.error or dice.random() < 0.9, dice.choice(("Local", "Remote"))
        if told.decided < 0:  # what it said last, or that the other side closed it
            told.decided = len(tails) - (0 if quits or closes == "Remote" else 1)
        tails += [">,QUIT,", "<,221 2.0.0 Service closing transmission channel,"] if quits else []
        return [*tails, f"-,,{closes}"]

    def _receives(self, told: Told, failing: bool) -> list[str]:
        tails = ["+,,", '>,"220 EX01.corp.contoso.com Microsoft ESMTP MAIL Service ready, go",', "<,EHLO scanner-3f,"]
        tails += [
            "*,None,Set Session Permissions",
            ">,250  EX01.corp.contoso.com Hello [192.0.2.77] SIZE 37748736 CHUNKING,",
        ]
        for _ in range(self._random.randrange(1, 3)):
            tails += self._message(told, failing and not told.error, len(tails), "<", ">")
        tails += ["<,QUIT,", ">,221 2.0.0 Service closing transmission channel,", "-,,Local"]
        told.decided = len(tails) - 3 if told.decided < 0 else told.decided
        return tails

    def _message(self, told: Told, failing: bool, at: int, asks: str, answers: str) -> list[str]:
        to = f"user{self._random.randrange(1000)}@fabrikam.com"
        tails = [
            f"{asks},MAIL FROM:<anna@contoso.com> SIZE=4810,",
            f"{answers},250 2.1.0 Sender OK,",
            f"{asks},RCPT TO:<{to}>,",
        ]
        if failing:
            refusal = self._random.choice(_REFUSALS)
            told.error, told.decided = refusal.replace("<{to}>", "*"), at + 3
            return [*tails, f"{answers},{refusal.format(to=to)},"]
        told.messages += 1
        tails += [f"{answers},250 2.1.5 Recipient OK,", f"{asks},BDAT 4810 LAST,"]
        name = f"{self._random.randrange(1 << 32):08x}@contoso.com"
        return [*tails, f'{answers},"250 2.6.0 <{name}> [InternalId=4810, Hostname=EX01] Queued mail for delivery",']

    def _certificate(self, owner: str, thumbprint: str) -> list[str]:
        subject = "CN=mail.contoso.com, O=Contoso Ltd, L=Leeds, C=GB"
        if self.plan.one_row:
            words = "Subject Issuer name Serial number Thumbprint Not before Not after Subject alternate names"
            data = f" {subject} CN=Example Public TLS CA 2, C=US 0A1B2C3D4E5F60718293A4B5C6D7E8F9 {thumbprint} "
            return [
                f'*,"{data}2026-01-17T15:15:33.000Z 2027-01-17T15:15:33.000Z mail.contoso.com",{owner} certificate {words}'
            ]
        return [
            f"*,,{owner} certificate",
            f'*,"{subject}",Certificate subject',
            '*,"CN=Example Public TLS CA 2, O=""Example Trust, Inc."", C=US",Certificate issuer name',
            "*,0A1B2C3D4E5F60718293A4B5C6D7E8F9,Certificate serial number",
            f"*,{thumbprint},Certificate thumbprint",
            "*,mail.contoso.com;autodiscover.contoso.com,Certificate alternate names",
        ]


def _endpoints(kind: Kind, remote: str, port: int) -> str:
    return f"192.0.2.20:{port},{remote}:25" if kind == "send" else f"192.0.2.20:25,{remote}:{port}"


def _stamp(milliseconds: int) -> str:
    """The time so long after the log's begin, as Exchange writes it."""
    at = _START + timedelta(milliseconds=milliseconds)
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
