"""The `tls-rpt` check: where a domain wants reports of failed TLS (RFC 8460, 3)."""

from __future__ import annotations

from typing import Final
from urllib.parse import urlsplit

from diagnostics.checks.run import Run
from diagnostics.checks.txt import failed, shown

_VERSION: Final = "v=TLSRPTv1"
_MOST_SHOWN: Final = 10


async def tls_rpt(run: Run, domain: str) -> None:
    """One attempt. Facts: `record`, or `records` where there are several; `rua`."""
    async with run.attempt("tls-rpt", domain) as found:
        exchangers = await run.resolve(domain, "MX")
        if exchangers.status == "nxdomain":
            found.skip("the domain does not exist")
            return
        if [value.partition(" ")[2] for value in exchangers.values] == ["."]:
            found.skip("the domain has no mail (null MX)")
            return
        reply = await run.resolve(f"_smtp._tls.{domain}", "TXT")
        if why := failed(reply):
            found.unavailable(why)
            return
        records = [text for text in reply.values if _is_record(text)]
        near = [text for text in reply.values if "tlsrpt" in text.lower()]
        if len(records) > 1:
            found.facts["records"] = [shown(text) for text in records[:_MOST_SHOWN]]
            found.add("tlsrpt_invalid", f"there are {len(records)}, so senders use none")
        elif records:
            found.facts |= {"record": shown(records[0]), "rua": [shown(uri, 200) for uri in _uris(records[0])]}
            if error := _error(records[0]):
                found.add("tlsrpt_invalid", shown(error))
        elif near:
            found.facts["record"] = shown(near[0])
            found.add("tlsrpt_invalid", f"it does not begin with “{_VERSION};”")
        else:
            found.add("tlsrpt_missing")


def _is_record(text: str) -> bool:
    return text.partition(";")[0].rstrip(" \t") == _VERSION


def _fields(text: str) -> list[str]:
    return [field.strip(" \t") for field in text.split(";")][1:]


def _uris(text: str) -> list[str]:
    rua = next((field for field in _fields(text) if field.startswith("rua=")), "")
    return [uri.strip(" \t") for uri in rua.removeprefix("rua=").split(",")][:_MOST_SHOWN] if rua else []


def _error(text: str) -> str:
    """What is wrong with a record, half a sentence; "" for a valid one."""
    fields = _fields(text)
    if fields and not fields[-1]:
        fields.pop()
    if not fields or not fields[0].startswith("rua="):
        return (
            f"rua= must follow the version, and “{fields[0][:60]}” does" if fields and fields[0] else "it has no rua="
        )
    for uri in fields[0].removeprefix("rua=").split(","):
        if error := _uri_error(uri.strip(" \t")):
            return error
    for field in fields[1:]:
        name, equals, value = field.partition("=")
        if not equals or not name.strip() or not value.strip():
            return f"“{field[:60]}” is no field"
    return ""


def _uri_error(uri: str) -> str:
    try:
        parts = urlsplit(uri)
    except ValueError:
        return f"“{uri[:60]}” is no address"
    if parts.scheme not in ("mailto", "https"):
        return f"“{uri[:60]}” is neither a mailto: nor an https: address"
    local, _, host = parts.path.rpartition("@")
    whole = bool(local and host) if parts.scheme == "mailto" else bool(parts.netloc)
    return "" if whole and not any(char in uri for char in " !") else f"“{uri[:60]}” is no whole address"
