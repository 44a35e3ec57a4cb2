"""Active checks: look for real at a host or a domain. The only part of the diagnosis that does I/O."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

from msgspec.structs import replace

from diagnostics.checks.model import Attempt, CheckReport
from diagnostics.checks.options import Options
from diagnostics.checks.scope import Guarded, Scope
from diagnostics.checks.target import TargetError, is_address, target_of
from diagnostics.network import Network

__all__ = ["Attempt", "CheckReport", "Options", "Scope", "TargetError", "check", "target_of"]


async def check(
    target: str,
    *,
    scope: Scope,
    network: Network | None = None,
    options: Options | None = None,
    progress: Callable[[Attempt], None] = lambda _attempt: None,
) -> CheckReport:
    """Look at `target` (`mail.contoso.com`, `contoso.com`, `203.0.113.9:25`) and say what was seen.

    `network` defaults to the real one. `progress` gets each attempt when it is over. Raises TargetError, a sentence for
    the person who typed it; everything else that goes wrong is part of the report.
    """
    from diagnostics.checks.plan import carry_out  # a caller that only needs the values doesn't load every check
    from diagnostics.checks.reporting import report_of
    from diagnostics.checks.run import Run

    wanted = target_of(target)
    options = _checked(options or Options(now=datetime.now(UTC), own_dns=network is not None))
    if network is None:
        from diagnostics.network.live import LiveNetwork

        network = LiveNetwork()
    run = Run(wanted, options, Guarded(network, scope), progress)
    kind = await carry_out(run)
    return report_of(run, kind)


def _checked(options: Options) -> Options:
    """The options with names in their ASCII form. Raises TargetError for what is no name or address, or an unknown check."""
    from diagnostics.checks.plan import CHECKS  # see above

    unknown = sorted(options.only - set(CHECKS))
    if unknown:
        raise TargetError(f"There is no check {unknown[0]!r}; there are {', '.join(CHECKS)}.")
    if options.ip and not is_address(options.ip):
        raise TargetError("What SPF shall be asked about (--ip) must be an IP address.")
    star = "*." if options.tls_domain.startswith("*.") else ""
    return replace(
        options,
        name=target_of(options.name).host if options.name else "",
        tls_domain=star + target_of(options.tls_domain.removeprefix("*.")).host if options.tls_domain else "",
    )
