"""MTA-STS: is a policy announced, can senders fetch it, is it valid, and does it name every mail server? (RFC 8461)

Senders that honour it fetch the policy as this check does: from mta-sts.<domain>, with a valid certificate, following no
redirect. In `enforce` they refuse to deliver to a mail server that it does not list.
"""

from __future__ import annotations

import asyncio
import errno
from collections.abc import Mapping, Sequence
from typing import Final

from diagnostics.checks.addresses import look
from diagnostics.checks.certificate import judge
from diagnostics.checks.mta_sts_policy import InvalidError, Policy, policy, record_id
from diagnostics.checks.outcomes import Outcome
from diagnostics.checks.run import Found, Run
from diagnostics.checks.scope import OutOfScopeError
from diagnostics.checks.txt import failed, shown
from diagnostics.network import Stream
from diagnostics.network.http import HttpError, Response, get
from diagnostics.network.tls import Handshake, HandshakeError, handshake, roots

_PATH: Final = "/.well-known/mta-sts.txt"
_MOST_BYTES: Final = 64 * 1024  # RFC 8461, 3.3
_MOST_ADDRESSES: Final = 3
_SECONDS: Final = 8.0  # for the whole fetch
_LONGEST: Final = 200
_NO_WAY: Final = frozenset({errno.ENETUNREACH, errno.EHOSTUNREACH, errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT})
# What makes a certificate useless for a sender, in the order in which it is said.
_INVALID: Final[Mapping[Outcome, str]] = {
    "cert_name_mismatch": "its certificate is for another name",
    "cert_no_san": "its certificate has no subject alternative names",
    "cert_expired": "its certificate has expired",
    "cert_not_yet_valid": "its certificate is not valid yet",
    "cert_self_signed": "its certificate is self-signed",
    "cert_incomplete_chain": "it sends its certificate without the intermediate one",
    "cert_untrusted": "its certificate's authority is not publicly trusted",
}


class _UnreachableError(Exception):
    """The policy can't be fetched, by anybody; the text says why."""


class _UnknownError(Exception):
    """We could not look; the text says why."""


async def mta_sts(run: Run, domain: str, hosts: Sequence[str]) -> None:
    """`hosts` are the domain's MX hosts. A domain without a record has no outcome."""
    async with run.attempt("mta-sts", domain) as found:
        try:
            if await _announced(run, found, domain):
                _match(found, await _fetched(run, found, f"mta-sts.{domain}"), hosts)
        except InvalidError as error:
            found.add("mta_sts_record_invalid", str(error))
        except _UnreachableError as error:
            found.add("mta_sts_policy_unreachable", str(error))
        except _UnknownError as error:
            found.unavailable(str(error))


async def _announced(run: Run, found: Found, domain: str) -> bool:
    reply = await run.resolve(f"_mta-sts.{domain}", "TXT")
    if not reply.looked:
        raise _UnknownError(failed(reply))
    found.facts["record"] = [shown(value, _LONGEST) for value in reply.values if value.lower().startswith("v=sts")][:5]
    found.facts["id"] = announced = record_id(reply.values)
    return bool(announced)


async def _fetched(run: Run, found: Found, host: str) -> Policy:
    addresses = await _addresses(run, host)
    try:
        async with asyncio.timeout(_SECONDS):
            response = await _asked(run, host, addresses)
    except TimeoutError as error:
        raise _UnreachableError(f"{host} does not finish its answer within {_SECONDS:g} seconds") from error
    found.facts["http_status"] = response.status
    read = policy(_text(response))
    found.facts |= {"mode": read.mode, "policy_mx": read.mx, "max_age": read.max_age}
    return read


async def _addresses(run: Run, host: str) -> tuple[str, ...]:
    looked = await look(run, host)
    reply = looked.worst
    if looked.addresses:
        return looked.addresses[:_MOST_ADDRESSES]
    if reply.status in ("timeout", "refused"):
        raise _UnknownError(failed(reply))
    words = {
        "nxdomain": "does not exist in DNS",
        "nodata": "has no address",
        "servfail": "can't be resolved (SERVFAIL)",
    }
    raise _UnreachableError(f"{host} {words[reply.status]}")


async def _asked(run: Run, host: str, addresses: Sequence[str]) -> Response:
    stream = await _connected(run, host, addresses)
    try:
        agreed = await handshake(stream, server_name=host, roots=roots(run.options.ca_file))
        _certified(run, host, agreed)
        return await get(agreed.stream, host=host, path=_PATH, accept="text/plain", most=_MOST_BYTES)
    except HandshakeError as error:
        raise _UnreachableError(f"{host} fails the TLS handshake ({error.kind})") from error
    except HttpError as error:
        raise _UnreachableError(f"{host}: {error}") from error
    except TimeoutError:
        raise
    except OSError as error:
        raise _UnreachableError(f"{host} breaks the connection off") from error
    finally:
        await stream.close()


async def _connected(run: Run, host: str, addresses: Sequence[str]) -> Stream:
    """The first address that takes the connection. An address that may not be connected to is not looked at, and one that
    this machine has no way to (IPv6, mostly) says nothing."""
    failures: list[OSError] = []
    unseen = ""
    for address in addresses:
        try:
            return await run.network.connect(address, 443)
        except OutOfScopeError as refusal:
            unseen = str(refusal)
        except OSError as error:
            if error.errno in _NO_WAY:
                unseen = f"there is no way from here to {address}"
            else:
                failures.append(error)
    if unseen:
        raise _UnknownError(unseen)
    refused = all(isinstance(error, ConnectionRefusedError) for error in failures)
    raise _UnreachableError(f"{host} {'refuses connections' if refused else 'does not answer'} on port 443")


def _certified(run: Run, host: str, agreed: Handshake) -> None:
    judged = judge(agreed.chain, agreed.faults, names=[host], options=run.options, built=agreed.built)
    if judged.own is None:
        raise _UnknownError(f"the certificate of {host} can't be read")
    outcome = next((each for each in _INVALID if each in judged.outcomes), None)
    if outcome:
        raise _UnreachableError(f"{host} can't be trusted: {_INVALID[outcome]} ({judged.outcomes[outcome]})")


def _text(response: Response) -> str:
    """The policy's text. Raises _UnreachableError where there is none, InvalidError where it may not be used."""
    if 300 <= response.status < 400:
        target = shown(response.headers.get("location", ""), _LONGEST)
        raise _UnreachableError(
            f"HTTP {response.status} redirects to {target or 'nowhere'}, and redirects are not followed"
        )
    if response.status != 200:
        raise _UnreachableError(f"HTTP {response.status} in place of the policy")
    if not response.whole:
        raise InvalidError(f"the policy is larger than {_MOST_BYTES // 1024} KB")
    kind = response.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "text/plain":
        raise InvalidError(
            f"the policy is served as {shown(kind, _LONGEST) or 'nothing in particular'}, and not as text/plain"
        )
    return response.body.decode("utf-8", "replace")


def _match(found: Found, read: Policy, hosts: Sequence[str]) -> None:
    missing = [host for host in hosts if host and not read.covers(host)]
    if missing and read.mode != "none":
        found.add("mta_sts_mx_mismatch", f"{', '.join(missing)} (mode {read.mode})")
