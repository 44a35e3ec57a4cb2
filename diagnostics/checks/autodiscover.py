"""Where Outlook is sent to find mailboxes: autodiscover.<domain>, and the SRV record. Facts only.

`points_to` is "Exchange Online", "a host of its own", "nowhere" or "unknown". It tells where the mailboxes live, or, in a
hybrid, which side answers first; Outlook asks the name before the SRV record.
"""

from __future__ import annotations

import asyncio
from typing import Any, Final

from diagnostics.checks.addresses import look
from diagnostics.checks.certificate import judge
from diagnostics.checks.run import Run
from diagnostics.checks.scope import OutOfScopeError
from diagnostics.checks.txt import failed
from diagnostics.network.tls import HandshakeError, handshake, roots

_EXCHANGE_ONLINE: Final = (
    "autodiscover.outlook.com",
    "autodiscover-s.outlook.com",
    "autodiscover.office365.us",
    "autodiscover-s.office365.us",
    "autodiscover.partner.outlook.cn",
    "autodiscover-s.partner.outlook.cn",
)
_HINTS: Final = {
    "Exchange Online": "Right when all mailboxes are in Exchange Online; with mailboxes on-premises it has to lead there.",
    "a host of its own": "Right for on-premises and hybrid; when the last mailbox has moved, lead it to Exchange Online.",
    "nowhere": "A current Outlook finds Exchange Online mailboxes without it, and on-premises ones only inside the network.",
}


async def autodiscover(run: Run, domain: str) -> None:
    async with run.attempt("autodiscover", domain) as found:
        name = f"autodiscover.{domain}"
        alias, looked, srv = await asyncio.gather(
            run.resolve(name, "CNAME"), look(run, name), run.resolve(f"_autodiscover._tcp.{domain}", "SRV")
        )
        target = alias.values[0] if alias.values else ""
        found.facts |= {"alias_of": target, "addresses": looked.addresses, "srv": srv.values[:5]}
        points = _points(target, looked.addresses, srv.values)
        unlooked = next((reply for reply in (looked.worst, srv) if not reply.looked), None)
        if points == "nowhere" and unlooked:
            points = "unknown"
            found.unavailable(failed(unlooked))
        found.facts |= {"points_to": points, "hint": _HINTS.get(points, "")}
        if "autodiscover" in run.options.only and looked.addresses:
            found.facts["https"] = await _https(run, name, looked.addresses[0])


async def _https(run: Run, name: str, address: str) -> dict[str, Any]:
    """Port 443 of the name, where autodiscover was asked for by name (`--only autodiscover`): does it answer, and with
    which certificate? `wrong` are the outcome words of the certificate; nothing is requested."""
    try:
        stream = await run.network.connect(address, 443)
    except (OSError, TimeoutError) as error:
        return {"open": False, "why": str(getattr(error, "strerror", "") or type(error).__name__)}
    except OutOfScopeError as refusal:
        return {"open": None, "why": str(refusal)}
    try:
        trusted = roots(run.options.ca_file)
        agreed = await handshake(stream, server_name=name, minimum="TLSv1", roots=trusted)
    except HandshakeError as error:
        return {"open": True, "why": f"no TLS ({error.kind})"}
    except OSError as error:
        return {"open": True, "why": f"the connection broke ({error.strerror or type(error).__name__})"}
    finally:
        await stream.close()
    judged = judge(agreed.chain, agreed.faults, names=[name], options=run.options, built=agreed.built)
    facts = {"open": True, "protocol": agreed.protocol, "wrong": dict(judged.outcomes)}
    return facts | {"certificate": judged.facts.get("certificate", {})}


def _points(target: str, addresses: tuple[str, ...], srv: tuple[str, ...]) -> str:
    service = next((value.split()[-1].rstrip(".").lower() for value in srv if value.split()), "")
    if target in _EXCHANGE_ONLINE or (not addresses and service in _EXCHANGE_ONLINE):
        return "Exchange Online"
    return "a host of its own" if addresses or service else "nowhere"
