"""The outbound connector in Exchange Online is switched off, or not meant for this domain.

## What is happening
Mail should leave Exchange Online through an outbound connector, to the on-premises server or a partner's gateway. The
connector exists but is saved disabled, names other recipient domains, or applies only where a mail flow rule says so;
Exchange Online then routes by MX as if it were not there, and validating says that the recipient's domain is not
configured as part of the connector.

## What proves it
- `Get-OutboundConnector` shows Enabled False, or RecipientDomains without the domain
- IsTransportRuleScoped is True, and no rule names the connector

## Not this when
- every outbound connector is enabled and names recipient domains, one to on-premises among them
- the connector is enabled, covers the domain, and the message trace shows that it was used

## References
- https://learn.microsoft.com/en-us/exchange/mail-flow-best-practices/use-connectors-to-configure-mail-flow/validate-connectors
- https://learn.microsoft.com/en-us/powershell/module/exchangepowershell/set-outboundconnector
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from diagnostics.cause import Belief, Finding, cause, change, look, shown
from diagnostics.causes.connector import steps
from diagnostics.causes.connector.settings import OUTBOUND, label, of_kind
from diagnostics.causes.network.reach import told_crossing
from diagnostics.causes.recipient.lookup import by_microsoft, domain
from diagnostics.causes.recipient.steps import EXO
from diagnostics.causes.routing_loop.circle import LOOPED, circles
from diagnostics.facts import Reply, Said
from diagnostics.mail_facts import Configured
from diagnostics.patterns import linear
from diagnostics.report import Step

_VALIDATION = "The domain of the recipient is not configured as part of connector"
_NAMED = linear(r"(?i)part of connector[: ]{1,2}['\"]?([^'\"\r\n.]{1,120})")


@cause(
    id="connector.exo-outbound.disabled",
    act="exchange-online",
    says=(_VALIDATION, *LOOPED),
    against={
        "SubjectMismatch Expected Subject": "means that the connector was used, and met a certificate with another name",
        "A matching connector cannot be found": (
            "is said by Exchange Server's routing; outbound connectors of the tenant take no part in it"
        ),
    },
)
def assess(
    anchor: Said | Configured,
    _connectors: Configured | None,
    objects: tuple[Configured, ...],
    replies: tuple[Reply, ...],
) -> Finding | None:
    """The validation's words, or the settings of a connector beside a failure."""
    fault = next(((each, what) for each in of_kind(OUTBOUND, objects) if (what := _fault(each))), None)
    if isinstance(anchor, Configured):
        return _beside(anchor, replies, objects)
    if anchor.signature != _VALIDATION:
        return _turned_back(anchor, objects)
    found = _NAMED.search(anchor.text)
    name = found.group(1).strip() if found else ""
    if fault:
        because = f"{label(fault[0])} {fault[1]}, so it is not used for the recipient's domain."
        return Finding(Belief.CONFIRMED, because, (anchor, fault[0]), _steps(fault[0].name))
    because = f"`{name or 'The outbound connector'}` does not apply to the recipient: disabled, or for other domains."
    return Finding(Belief.LIKELY, because, (anchor,), _steps(name))


@shown
def connectors(objects: tuple[Configured, ...], replies: tuple[Reply, ...]) -> Finding | None:
    """The tenant's outbound connectors: which of them carry the refused recipients, or lead on-premises."""
    known = of_kind(OUTBOUND, objects)
    if any(_fault(each) and each.flag("RouteAllMessagesViaOnPremises") for each in known):
        return None  # the way of everything through the own servers: another cause's
    used = [each for each in known if not _fault(each)]
    wanted = {domain(each.recipient) for each in replies if each.failing and "@" in each.recipient}
    if wanted:
        return _of_recipients(wanted, known, used)
    idle = next((each for each in known if _fault(each) and _leads_home(each) and not _replaced(each, used)), None)
    if idle:
        because = (
            f"{label(idle)}, which leads on-premises, {_fault(idle)}, and no other that was sent stands in for it."
        )
        return Finding(Belief.LIKELY, because, (idle,), _steps(idle.name))
    whole = all(each.told("Enabled") and each.told("RecipientDomains") for each in known)
    home = next((each for each in used if _leads_home(each)), None)
    if home is None or not whole or len(used) < len(known):
        return None
    because = f"{label(home)} is enabled for {', '.join(home.items('RecipientDomains')[:3]) or 'the accepted domains'}, and no "
    because += "outbound connector is disabled."
    return Finding(Belief.RULED_OUT, because, (home,))


def _of_recipients(wanted: set[str], known: Sequence[Configured], used: Sequence[Configured]) -> Finding | None:
    """Which connectors take mail for the domains of the refused recipients."""
    left = {each for each in wanted if not any(_takes(one, each) for one in used)}
    if not left:
        carrying = [one for one in used if any(_takes(one, each) for each in wanted)]
        because = (
            f"{', '.join(map(label, carrying[:2]))}, which is enabled, takes mail for {', '.join(sorted(wanted)[:3])}."
        )
        return Finding(Belief.RULED_OUT, because, tuple(carrying[:2]))
    idle = next((each for each in known if _fault(each) and any(_takes(each, one) for one in left)), None)
    if idle is None:
        return None
    because = f"{label(idle)}, which takes mail for {', '.join(sorted(left)[:3])}, {_fault(idle)}."
    return Finding(Belief.CONFIRMED, because, (idle,), _steps(idle.name))


def _leads_home(connector: Configured) -> bool:
    """Whether it leads to the organization's own servers: by its type, or by its smart hosts where the type isn't printed."""
    kind = connector.get("ConnectorType").lower()
    return kind == "onpremises" or (not kind and bool(connector.items("SmartHosts")))


def _replaced(idle: Configured, used: Iterable[Configured]) -> bool:
    """Whether another connector leads there, too, or takes mail for one of the same domains."""
    own = idle.items("RecipientDomains")
    return any(_leads_home(each) or any(_takes(each, one) for one in own) for each in used)


def _takes(connector: Configured, of: str) -> bool:
    """Whether mail for the domain takes this connector, were it enabled."""
    written = [each.lower() for each in connector.items("RecipientDomains")]
    return any(
        each in ("*", of.lower()) or (each.startswith("*.") and of.lower().endswith(each[1:])) for each in written
    )


def _turned_back(said: Said, objects: tuple[Configured, ...]) -> Finding | None:
    """In a hybrid, mail for a mailbox on-premises that no connector of the tenant carries there goes by MX, and comes back."""
    hybrid = next(
        (each for each in objects if each.kind == "organization" and each.name == "hybrid"), told_crossing(objects)
    )
    cloud = by_microsoft(said) or "attr34" in said.text.lower()
    if hybrid is None or not cloud or not circles(said) or of_kind(OUTBOUND, objects):
        return None
    because = (
        "The mail circles through Exchange Online. If the recipient is on-premises: the outbound connector that should "
    )
    because += "carry it there is disabled, or was not told of the domain, and the MX leads back to the tenant."
    return Finding(Belief.POSSIBLE, because, (said, hybrid), _steps(""), weight=1.0)


def _beside(connector: Configured, replies: tuple[Reply, ...], objects: tuple[Configured, ...]) -> Finding | None:
    """A connector alone says nothing: a disabled one may be meant so. Beside a bounce it is worth a look."""
    fault = _fault(connector) if connector.kind == OUTBOUND else ""
    others = [e for e in of_kind(OUTBOUND, objects) if e is not connector and not _fault(e)]
    if not fault or others or not any(each.failing for each in replies):
        return None
    because = f"{label(connector)} {fault}. If the mail should take it, that is why it does not."
    return Finding(Belief.POSSIBLE, because, (connector,), _steps(connector.name), weight=2.0)


def _fault(connector: Configured) -> str:
    """Why the connector is not used, to go on after its name; "" where nothing says so."""
    if connector.flag("Enabled") is False:
        return "is disabled"
    if connector.flag("IsTransportRuleScoped") is True:
        return "applies only where a mail flow rule names it"
    accepted = connector.flag("AllAcceptedDomains") is True
    if connector.told("RecipientDomains") and not connector.items("RecipientDomains") and not accepted:
        return "names no recipient domain"
    return ""


def _steps(connector: str) -> tuple[Step, ...]:
    return (
        steps.list_outbound_connectors(),
        change(
            "If it is disabled, enable it.",
            "Set-OutboundConnector {outbound_connector} -Enabled $true",
            shell=EXO,
            changes="Mail for its recipient domains takes this connector from now on.",
            undo="The same with -Enabled $false.",
            verify="The last step succeeds, and a message trace shows the connector.",
            outbound_connector=connector,
        ),
        change(
            "If the domain is missing, add it.",
            "Set-OutboundConnector {outbound_connector} -RecipientDomains @{{Add={domain}}}",
            shell=EXO,
            changes="Mail for this domain takes this connector.",
            undo="The same with @{Remove=…} in place of @{Add=…}.",
            verify="The last step succeeds, and a message trace shows the connector.",
            outbound_connector=connector,
            domain="",
        ),
        look(
            "Validate the connector with a recipient of the domain.",
            "Validate-OutboundConnector -Identity {outbound_connector} -Recipients {recipient}",
            EXO,
            outbound_connector=connector,
            recipient="",
        ),
    )
