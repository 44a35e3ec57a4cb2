"""The `dkim` check: whether any selector that is known of has a key (RFC 6376, 3.6; key lengths RFC 8301, Ed25519 RFC 8463)."""

from __future__ import annotations

import asyncio
import base64
import binascii
from typing import Any, Final

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_der_public_key
from msgspec import Struct

from diagnostics.checks.run import Found, Run
from diagnostics.checks.txt import failed, is_name, shown, tags

_SHORTEST_RSA: Final = 1024  # bits; verifiers don't take less
_ED25519_BYTES: Final = 32
_MOST_SELECTORS: Final = 30
_LONGEST_KEY: Final = 8192  # characters of base64: an RSA key of 16384 bits has fewer


class Key(Struct, frozen=True):
    """What a selector has. `state`: "usable"; "revoked" (an empty p tag); "unusable" with `why`; "none" (no key record);
    "unknown" (could not be looked up). `bits` of an RSA key, `alias` where the name is a CNAME."""

    selector: str
    state: str
    why: str = ""
    type: str = ""
    bits: int = 0
    alias: str = ""
    exists: bool = False  # something is at the name, key or not

    def fact(self) -> dict[str, Any]:
        return {"state": self.state, "why": self.why, "type": self.type, "bits": self.bits, "alias": self.alias}


async def dkim(run: Run, domain: str) -> None:
    """One attempt. Facts: `selectors`, what each one tried has: state, why, type, bits, alias."""
    async with run.attempt("dkim", domain) as found:
        if await _needless(run, domain, found):
            return
        selectors = list(dict.fromkeys(run.options.dkim_selectors))[:_MOST_SELECTORS]
        keys = await asyncio.gather(*(_key(run, domain, selector) for selector in selectors))
        found.facts["selectors"] = {key.selector: key.fact() for key in keys if key.state != "none" or key.alias}
        found.facts["tried"] = selectors
        if any(key.state == "usable" for key in keys):
            return
        unknown = [key for key in keys if key.state == "unknown"]
        if unknown:
            found.unavailable(unknown[0].why)
        elif not any(key.exists for key in keys) and await _others(run, domain):
            found.unavailable("keys stand under selectors that were not tried; name yours (MAILFLOW_DKIM_SELECTORS)")
        else:
            found.add("dkim_not_found", _detail(keys, selectors))


async def _needless(run: Run, domain: str, found: Found) -> bool:
    exchangers = await run.resolve(domain, "MX")
    if exchangers.status == "nxdomain":
        found.skip("the domain does not exist")
    elif [value.partition(" ")[2] for value in exchangers.values] == ["."]:
        found.skip("the domain has no mail (null MX)")
    return found.status == "skipped"


async def _others(run: Run, domain: str) -> bool:
    """Whether other names exist below `_domainkey`: then the name itself exists, without records (RFC 8020)."""
    return (await run.resolve(f"_domainkey.{domain}", "TXT")).status == "nodata"


async def _key(run: Run, domain: str, selector: str) -> Key:
    name = f"{selector}._domainkey.{domain}"
    if not is_name(name):
        return Key(selector, "none")
    reply = await run.resolve(name, "TXT")
    if why := failed(reply):
        return Key(selector, "unknown", why)
    records = [text for text in reply.values if "p" in tags(text)[0]]
    if records:
        return _read(selector, records[0], reply.canonical)
    alias = (await run.resolve(name, "CNAME")).values
    if alias:
        why = f"it points at {shown(alias[0], 260)}, where there is no key"
        return Key(selector, "none", why, alias=shown(alias[0], 260), exists=True)
    return Key(selector, "none", exists=reply.status != "nxdomain")


def _read(selector: str, text: str, alias: str) -> Key:
    """What a key record holds; of several the first, as any may be taken."""
    found, others = tags(text)
    kind = found.get("k", "rsa")

    def key(state: str, why: str = "", bits: int = 0) -> Key:
        return Key(selector, state, why, shown(kind, 20), bits, shown(alias, 260) if alias else "", exists=True)

    if "v" in found and (found["v"] != "DKIM1" or next(iter(found)) != "v"):
        return key("unusable", "a v tag must come first and say DKIM1")
    if others:
        return key("unusable", f"“{shown(others[0], 60)}” is no tag")
    material = "".join(found["p"].split())
    if not material:
        return key("revoked")
    if kind not in ("rsa", "ed25519"):
        return key("unusable", f"k={shown(kind, 20)} is no key type")
    bits = _bits(material, kind)
    if not bits:
        return key("unusable", "the p tag holds no key")
    if kind == "rsa" and bits < _SHORTEST_RSA:
        return key("unusable", f"{bits} bits are too few", bits)
    return key("usable", bits=bits)


def _bits(material: str, kind: str) -> int:
    """The key's length; 0 where it can't be read."""
    if len(material) > _LONGEST_KEY:
        return 0
    try:
        data = base64.b64decode(material, validate=True)
        if kind == "ed25519":
            return 8 * len(data) if len(data) == _ED25519_BYTES else 0
        public = load_der_public_key(data)
    except (binascii.Error, ValueError, UnsupportedAlgorithm):
        return 0
    return public.key_size if isinstance(public, RSAPublicKey) else 0


def _detail(keys: list[Key], selectors: list[str]) -> str:
    for key in keys:
        if key.state in ("revoked", "unusable") or key.alias:
            why = key.why or "its key is revoked (empty p tag)"
            return shown(f"{key.selector}: {why}")
    return shown(f"tried: {', '.join(selectors)}")
