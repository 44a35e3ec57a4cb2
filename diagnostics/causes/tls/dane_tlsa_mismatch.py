"""The destination's TLSA records match none of the certificates that its server shows.

## What is happening
The recipient's domain says in signed DNS (TLSA records) which certificate its mail server has, and the server shows another
one: mostly a renewal with a new key, without a new record. Exchange Online must not deliver then: `4.7.323 tlsa-invalid:
The domain failed DANE validation`. Senders without DANE notice nothing.

## What proves it
- the reply; the hash of the shown key differs from every TLSA record
- on the server's own side nothing but senders that quit right after STARTTLS, while others deliver

## Not this when
- DNSSEC itself is broken (`4.7.324`, `tls.dane.dnssec-invalid`)
- a tool that compares them (danetool, danecheck) says that they match, for each MX host of the domain
- the certificate has expired (`4.7.322`) or carries another name (`4.7.325`)

## References
- https://learn.microsoft.com/en-us/purview/how-smtp-dane-works
- https://learn.microsoft.com/en-us/troubleshoot/exchange/email-delivery/ndr/non-delivery-reports-in-exchange-online
"""

from __future__ import annotations

from msgspec.structs import replace

from diagnostics.cause import Belief, Finding, cause, look, shown
from diagnostics.causes.tls.destination import (
    Destination,
    dane,
    destination_of,
    if_yours,
    left,
    look_at_tlsa,
    write_to,
)
from diagnostics.facts import Reply, Said, TlsReport
from diagnostics.mail_facts import Configured
from diagnostics.recognisers.tls_tools import COMPARED
from diagnostics.recognisers.tlsa_records import HASH, RECORD
from diagnostics.report import Step

_TOLD = "its TLSA records do not match the certificate of its mail server, likely since a renewal."
_WORDS = "tlsa-invalid"
_OF_KEY = "3 1 1"  # the SHA-256 of the server's own key
# Exim, of any handshake that failed under DANE: what failed stands behind it.
_ATTEMPT = "DANE attempt failed"
_UNVERIFIED = "certificate verif"
# Postfix and OpenSSL, Exim, GnuTLS, Haraka and wget2, and the notices of the DANE survey
_OTHERS = (
    "No matching DANE TLSA records",
    "no matching TLSA records",
    "TLSA record mismatch",
    "do not match their actual certificate chains",
    "DANE TLSA record) issue",
    "DANE validation failed",
    "DANE verification failed",
    "Verification failed. The certificate differs",
)


@cause(id="tls.dane.tlsa-mismatch", act="recipient-side", says=(_WORDS, "4.7.323", "5.7.323", _ATTEMPT, *_OTHERS))
def assess(
    anchor: Said | Configured,
    _compared: TlsReport | None,
    replies: tuple[Reply, ...],
    settings: tuple[Configured, ...],
) -> Finding | None:
    """Exchange Online's own words, or those of others that check; who pastes the file of the certificate runs the server."""
    if isinstance(anchor, Configured):
        because = left(anchor, "none of its TLSA records (DANE) fits it, likely since a renewal")
        steps = _steps(Destination(anchor.host, ""), yours=True)
        return Finding(Belief.POSSIBLE, because, (anchor,), steps, "dns", weight=1.5) if because else None
    if anchor.signature == _ATTEMPT and _UNVERIFIED not in anchor.text.lower():
        return None
    yours = any(each.kind in ("certificate-file", "own-tlsa") for each in settings)
    where = destination_of(anchor, replies)
    fault = f"the certificate of {where.name} matches none of its TLSA records"
    found = dane(anchor, fault, _WORDS, _steps(where, yours=yours))
    found = replace(found, act="dns") if yours else found
    # A record of an authority (usage 2) also fails by the name or the dates of a certificate.
    return replace(found, belief=Belief.POSSIBLE, weight=1.4) if anchor.signature == _ATTEMPT else found


@shown
def records(settings: tuple[Configured, ...], reports: tuple[TlsReport, ...]) -> Finding | None:
    """What somebody compared: the records of each host with the certificate that it shows."""
    matching = [each for each in settings if each.kind == COMPARED]
    if any(each.result == "tlsa-invalid" for each in reports):
        return None
    if not matching:
        return _by_hash(settings)
    hosts = ", ".join(dict.fromkeys(each.name or "the server" for each in matching))
    return Finding(Belief.RULED_OUT, f"The certificate of {hosts} matches the TLSA records.", (matching[0],))


def _by_hash(settings: tuple[Configured, ...]) -> Finding | None:
    """The hash of the key that the server shows, beside its records. Other forms of a record can't be told by that hash."""
    key = next((each for each in reversed(settings) if each.kind == HASH), None)
    published = [
        each for each in settings if each.kind == RECORD and key and (not key.name or each.name in ("", key.name))
    ]
    if key is None or not published:
        return None
    where = Destination(key.name or published[0].name, "")
    mine = next((each for each in published if _matches(each, key)), None)
    if mine:
        because = f"The key that {where.name} shows has the hash of its TLSA record {mine.get('Form')}."
        return Finding(Belief.RULED_OUT, because, (mine, key))
    if any(each.get("Form") != _OF_KEY or each.flag("Cut") for each in published):
        return None
    because = f"The key that {where.name} shows has the hash {key.get('Data')[:12]}…, and its TLSA records name others "
    because += f"({', '.join(each.get('Data')[:12] + '…' for each in published[:3])})."
    return Finding(Belief.CONFIRMED, because, (published[0], key), _steps(where, yours=False))


def _matches(record: Configured, key: Configured) -> bool:
    data, value = record.get("Data"), key.get("Data")
    return record.get("Form") == _OF_KEY and (value.startswith(data) if record.flag("Cut") else data == value)


def _steps(where: Destination, *, yours: bool) -> tuple[Step, ...]:
    return (
        look_at_tlsa(where.host),
        look(
            "Compare with the hash of the key that the server shows (for records that begin 3 1 1).",
            "openssl s_client -starttls smtp -connect {host:token}:25 </dev/null | openssl x509 -pubkey -noout | "
            "openssl pkey -pubin -outform DER | openssl dgst -sha256",
            "bash",
            host=where.host,
        ),
        *(() if yours else (write_to(where, _TOLD),)),
        if_yours(
            "publish the TLSA record of the key in use, and keep the key at renewals or publish the next record first.",
            "_25._tcp.<MX host> IN TLSA 3 1 1 <SHA-256 of the public key>.",
            "The two hashes are equal, and mail from Exchange Online arrives.",
        ),
    )
