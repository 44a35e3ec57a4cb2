"""What a check is told besides its target."""

from __future__ import annotations

from datetime import datetime
from typing import Final, Literal

from msgspec import Struct, field

DNSBL_ZONES: Final = ("zen.spamhaus.org", "bl.spamcop.net", "psbl.surriel.com")
DKIM_SELECTORS: Final = ("selector1", "selector2", "default", "google", "k1", "s1", "mail", "dkim")


class Options(Struct, frozen=True, kw_only=True):
    """`now` judges certificates. `timeout` is for the whole check, in seconds. `only` names the checks to make, empty for
    all. `name` is what the certificate must match; `ip` asks whether SPF lets this address send; `ca_file` holds more trust
    anchors (PEM); `ehlo_name` is what we call ourselves; `tls_domain` is the TlsDomain of an Exchange Online outbound
    connector that the host should satisfy. `own_dns`: the DNS servers are the operator's choice, not this machine's usual ones.
    """

    now: datetime
    timeout: float = 20.0
    only: frozenset[str] = frozenset()
    kind: Literal["host", "domain", ""] = ""
    name: str = ""
    ip: str = ""
    tls_domain: str = ""
    ehlo_name: str = "mailflow.invalid"
    ca_file: str = ""
    dkim_selectors: tuple[str, ...] = DKIM_SELECTORS
    dnsbl_zones: tuple[str, ...] = DNSBL_ZONES
    own_dns: bool = False
    expiring_days: int = field(default=21)
