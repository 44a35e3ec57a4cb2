"""The SPF evaluation held by the test suite of RFC 7208 (openspf.org, 2014.04).

The suite is read from pyspf's source distribution, which `make setup-dev` puts into .venv/suites (requirements-suites.txt);
elsewhere: pip download --no-deps --no-binary :all: pyspf, and SPF_SUITE=<the archive>.
"""

from __future__ import annotations

import ipaddress
import os
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from diagnostics.checks.spf_evaluation import Sender, check_host
from diagnostics.network import DnsReply

_ROOT = Path(__file__).parent.parent.parent
_MEMBER = "test/rfc7208-tests.yml"
_NOW = 1_700_000_000


def _archive() -> Path | None:
    named = os.environ.get("SPF_SUITE")
    places = [Path(named)] if named else sorted((_ROOT / ".venv" / "suites").glob("pyspf-*.tar.gz"))
    return places[0] if places else None


def _scenarios() -> list[dict[str, Any]]:
    archive = _archive()
    if archive is None:
        return []
    yaml = pytest.importorskip("yaml", reason="PyYAML reads the suite")
    with tarfile.open(archive) as opened:
        member = next(name for name in opened.getnames() if name.endswith(_MEMBER))
        text = opened.extractfile(member)
        assert text is not None
        return list(yaml.safe_load_all(text.read()))


def _cases() -> list[Any]:
    found = [
        pytest.param(_SuiteDns(scenario["zonedata"]), test, id=name)
        for scenario in _scenarios()
        for name, test in scenario["tests"].items()
    ]
    why = "the suite is not here; the module's first lines say how to get it"
    return found or [pytest.param(None, {}, marks=pytest.mark.skip(reason=why))]


class _SuiteDns:
    """Answers from a scenario's zone: SPF records stand for TXT ones where no TXT is given, TIMEOUT for every type that
    is not."""

    def __init__(self, data: dict[str, list[Any]]) -> None:
        self._names = {str(name).lower(): list(_records(entries)) for name, entries in data.items()}
        self._silent = {str(name).lower() for name, entries in data.items() if "TIMEOUT" in entries}

    async def resolve(self, name: str, type: str) -> DnsReply:  # noqa: A002  the DNS's own word
        asked, canonical = name, name.lower()
        for _ in range(10):
            records = self._names.get(canonical)
            if records is None:
                return DnsReply(asked, type, "nxdomain")
            values = tuple(value for kind, value in records if kind == type)
            aliases = [value for kind, value in records if kind == "CNAME"]
            if values or not aliases:
                status = "answer" if values else "timeout" if canonical in self._silent else "nodata"
                return DnsReply(asked, type, status, values)  # type: ignore[arg-type]
            canonical = aliases[0]
        return DnsReply(asked, type, "servfail")


def _records(entries: list[Any]) -> Iterator[tuple[str, str]]:
    pairs = [(kind, value) for entry in entries if isinstance(entry, dict) for kind, value in entry.items()]
    has_txt = any(kind == "TXT" for kind, _ in pairs)
    for kind, value in pairs:
        if (kind == "SPF" and not has_txt) or (kind == "TXT" and value != "NONE"):
            yield "TXT", _text(value)
        elif kind == "MX":
            yield kind, f"{value[0]} {_host(value[1]) or '.'}"
        elif kind in ("PTR", "CNAME"):
            yield kind, _host(value)
        elif kind in ("A", "AAAA"):
            yield kind, str(ipaddress.ip_address(value))


def _text(value: str | list[str]) -> str:
    """As DnsReply carries it: the strings joined, each byte a character."""
    return "".join([value] if isinstance(value, str) else value).encode().decode("latin-1")


def _host(name: str) -> str:
    return str(name).removesuffix(".").lower()


@pytest.mark.parametrize(("zone", "test"), _cases())
async def test_the_suite_of_rfc_7208(zone: _SuiteDns, test: dict[str, Any]) -> None:
    mail_from = test["mailfrom"]
    sender = Sender(ipaddress.ip_address(test["host"]), mail_from, test["helo"], test.get("receiver", "unknown"), _NOW)
    domain = mail_from.rpartition("@")[2] or test["helo"]
    verdict = await check_host(zone.resolve, sender, domain)
    allowed = test["result"]
    assert verdict.result in ([allowed] if isinstance(allowed, str) else allowed), verdict
    expected = test.get("explanation")
    if expected is not None:
        assert verdict.explanation.lower() == ("" if expected == "DEFAULT" else expected.lower())
