"""The headers that mark mail as internal are lost between the premises.

## What is happening
Between Exchange and Exchange Online, colleagues count as internal because the `X-MS-Exchange-Organization-*` headers cross
the border: the hybrid Send connector (`CloudServicesMailEnabled`) wraps them, the receiving side unwraps them. When the
connector is off that setting, the mail takes the Internet connector, or a gateway in between strips the headers, it
arrives as Anonymous: groups that take internal senders only refuse it, and it is marked as external or spoofed.

## What proves it
- a message between colleagues has `X-MS-Exchange-Organization-AuthAs: Anonymous`
- `X-CrossPremisesHeadersFilteredBySendConnector` names the server whose connector dropped them
- the hybrid Send connector has CloudServicesMailEnabled False; for mail from the cloud, the outbound connector of the tenant
  (ConnectorType OnPremises) has
- `X-Forefront-Antispam-Report-Untrusted` holds Exchange Online's first verdict, and the later one is of our server's address

## Not this when
- AuthAs is Internal
- mail to the cloud is meant, and the connector whose address spaces hold its domain has CloudServicesMailEnabled True, with no
  gateway behind it
- the sender is somebody outside: then Anonymous is right

## References
- https://microsoft.github.io/CSS-Exchange/Diagnostics/HealthChecker/ExoConnectorCheck/
- https://techcommunity.microsoft.com/t5/exchange-team-blog/demystifying-and-troubleshooting-hybrid-mail-flow-when-is-a/ba-p/1420838
- https://learn.microsoft.com/en-us/powershell/module/exchangepowershell/set-sendconnector
"""

from __future__ import annotations

from typing import Final

from diagnostics.cause import Belief, Finding, cause, change, look, shown
from diagnostics.causes.connector.settings import OUTBOUND
from diagnostics.causes.hybrid.crossing import STRANGER, crossing
from diagnostics.causes.hybrid.twice import SecondPass, second_pass
from diagnostics.causes.hybrid.wizard import run_again
from diagnostics.causes.network.reach import from_cloud, kind_of, told_crossing
from diagnostics.causes.policy.said import refusal
from diagnostics.facts import Reply, Said, SendConnector
from diagnostics.mail_facts import Antispam, Configured, Headers, Hops, Returned, Told
from diagnostics.patterns import linear
from diagnostics.report import Step

_DOMAIN = linear(r"@([A-Za-z0-9.-]{1,253})")
_TRUST = ("TrustedMailOutboundEnabled", "TrustedMailInboundEnabled")
_CHECKED = "Misconfigured to send authenticated internal mail to M365"  # of HealthChecker, with the flags behind it
_WIZARDS: Final = ("outbound to ", "hybrid")  # how the wizard calls its connector, and people theirs
_STRANGE: Final = ("colleagues-are-strangers", "names-lost-on-the-way", "filtered-again-on-the-way-back")
_DROPPED = "X-CrossPremisesHeadersFilteredBySendConnector"


@cause(id="hybrid.send.cloudservicesmail-disabled", act="on-prem", says=(_CHECKED, _DROPPED, *STRANGER))
def assess(
    anchor: Headers | Antispam | SendConnector | Said | Told,
    spam: Antispam | None,
    headers: Headers | None,
    hops: Hops | None,
    connector: SendConnector | None,
    objects: tuple[Configured, ...],
    replies: tuple[Reply, ...],
    returned: Returned | None,
) -> Finding | None:
    """Needs a message between addresses of one organization, or the header that says who dropped the others."""
    if isinstance(anchor, Said):
        if anchor.signature in (_CHECKED, _DROPPED):
            return _told_by(anchor, headers or spam, connector)
        return _from_cloud(anchor, replies, objects) or _refused(anchor, replies, (returned, hops), connector, objects)
    if isinstance(anchor, SendConnector | Told):
        alone = spam is None and headers is None
        return _without_message(anchor, replies) if alone else None
    again = second_pass(spam.get("CIP"), (headers,) if headers else (), spam, objects) if spam else None
    if again:
        return _filtered_again(again, objects, connector)
    status = spam.get("AuthAs").lower() if spam else ""
    if status == "internal":
        return _refuted(anchor, spam, headers)
    if headers and headers.told(_DROPPED):
        because = f"The Send connector of {headers.get(_DROPPED) or 'a server'} dropped the organization's headers"
        because += ", so the message counts as Anonymous." if status == "anonymous" else "."
        return Finding(Belief.LIKELY, because, (headers, spam), _steps(connector))
    shared = _shared_domain(headers)
    if status == "anonymous" and headers is None and spam and _told_hybrid(objects) and _from_inside(spam, hops):
        because = "In a hybrid, a message that came from one of its own servers arrived as Anonymous: on its way the "
        because += "organization's headers were dropped."
        return Finding(Belief.POSSIBLE, because, (spam,), _steps(connector), weight=1.4)
    told = told_crossing(objects)
    if status == "anonymous" and headers is None and spam and told:
        because = "Mail that passes between the premises, as you tell it, arrives as Anonymous: on its way the organization's "
        because += "headers were dropped, or the other side did not recognise the server."
        return Finding(Belief.POSSIBLE, because, (spam, told), _steps(connector), weight=1.4)
    if status != "anonymous" or not shared or spam is None or not _crossed(spam, hops):
        return None
    if connector and connector.cloud_services:
        because = f"`{connector.connector}` carries the organization's headers (CloudServicesMailEnabled)."
        return Finding(Belief.RULED_OUT, because, (connector,))
    if connector and connector.cloud_services is False:
        because = f"A message from {shared} to {shared} arrived as Anonymous, and `{connector.connector}` has "
        because += "CloudServicesMailEnabled off, so it drops the organization's headers."
        return Finding(Belief.LIKELY, because, (connector, spam, headers), _steps(connector), weight=1.2)
    because = f"A message from {shared} to {shared} passed between the premises and arrived as Anonymous."
    return Finding(Belief.POSSIBLE, because, (spam, headers), _steps(connector), weight=1.5)


def _without_message(anchor: SendConnector | Told, replies: tuple[Reply, ...]) -> Finding | None:
    return _told(anchor) if isinstance(anchor, Told) else _from_settings(anchor, replies)


def _told(told: Told) -> Finding | None:
    """What a person tells, with nothing pasted, makes it possible at most."""
    if told.story not in _STRANGE:
        return None
    because = (
        "Mail between the premises, as you tell it, counts as a stranger's: on its way the organization's headers "
    )
    because += "were dropped, by the Send connector or a gateway, or it took another way than the hybrid connector."
    return Finding(Belief.POSSIBLE, because, (told,), _steps(None), "on-prem", weight=1.8)


def _told_by(said: Said, message: Headers | Antispam | None, connector: SendConnector | None) -> Finding | None:
    """HealthChecker's line, or the header alone, without the others of its `message`."""
    if said.signature == _CHECKED:
        return _checked(said)
    if message:
        return None
    because = "The Send connector of the server that the header names dropped the organization's headers."
    return Finding(Belief.LIKELY, because, (said,), _steps(connector))


def _filtered_again(again: SecondPass, objects: tuple[Configured, ...], connector: SendConnector | None) -> Finding:
    """The first verdict came back as a stranger's: the headers that carry it were not trusted on their way through "
    "our servers."""
    because = f"Exchange Online filtered the message twice: from {again.first}, and again from {again.second}, a server of the "
    because += "organization. The first verdict came back as untrusted, so SPF and spam were judged anew for the wrong address."
    remote = next((each for each in objects if any(each.flag(name) is False for name in _TRUST)), None)
    if remote or (connector and connector.cloud_services is False):
        which = remote.name or "The remote domain of the tenant" if remote else "The connector to the tenant"
        because += f" {which} does not carry the organization's headers"
        because += (
            " (TrustedMailOutboundEnabled, TrustedMailInboundEnabled)." if remote else " (CloudServicesMailEnabled)."
        )
        return Finding(
            Belief.LIKELY, because, (again.headers, again.own, remote, connector), _steps(connector), weight=1.8
        )
    return Finding(Belief.POSSIBLE, because, (again.headers, again.own), (_trusted(), *_steps(connector)), weight=2.0)


def _trusted() -> Step:
    return look(
        "On-premises, see whether the remote domain of the tenant is trusted.",
        "Get-RemoteDomain | Format-List Name,DomainName,TrustedMailOutboundEnabled,TrustedMailInboundEnabled",
    )


def _from_settings(connector: SendConnector, replies: tuple[Reply, ...]) -> Finding | None:
    """A connector to the tenant that drops the headers; beside a refusal that is another matter, or the same."""
    if not strips(connector):
        return None
    because = (
        f"`{connector.connector or 'The connector to the tenant'}` has CloudServicesMailEnabled off, so it drops the "
    )
    because += "organization's headers, and mail over it counts as a stranger's."
    failing = [each for each in replies if each.failing]
    stranger = next((each for each in failing if any(words in each.whole for words in STRANGER)), None)
    if stranger:
        because += " The refusal says just that: the sender was not known as a part of the organization."
        return Finding(Belief.LIKELY, because, (connector, stranger), _steps(connector), weight=1.6)
    belief = Belief.POSSIBLE if failing else Belief.LIKELY
    return Finding(belief, because, (connector,), _steps(connector), weight=1.2)


@shown
def connectors(
    connectors: tuple[SendConnector, ...],
    objects: tuple[Configured, ...],
    replies: tuple[Reply, ...],
    stories: tuple[Told, ...],
    messages: tuple[Headers | Antispam | Hops | Returned, ...],
) -> Finding | None:
    """The connectors to the tenant, for mail of that direction. The headers of a message tell more, so they go first."""
    known = {each.connector: each for each in connectors if _leads(each) and each.enabled is not False}  # as shown last
    if messages or from_cloud(objects) or any(strips_outbound(each) for each in objects):
        return None
    off = next(filter(strips, known.values()), None)
    if off:
        strange = any(each.story in _STRANGE for each in stories)
        return (
            _from_settings(off, replies)
            if strange or any(words in r.whole for r in replies for words in STRANGER)
            else None
        )
    on = [each for each in known.values() if each.cloud_services and not _over_gateway(each)]
    recipients = {each.recipient.rpartition("@")[2].lower() for each in replies if each.failing} - {""}
    if not on or len(on) < len(known) or not all(any(_takes(each, to) for each in on) for to in recipients):
        return None
    because = (
        f"`{on[0].connector}` carries the organization's headers (CloudServicesMailEnabled), with no gateway behind it."
    )
    return Finding(Belief.RULED_OUT, because, tuple(on[:3]))


def _over_gateway(connector: SendConnector) -> bool:
    return any("protection.outlook.com" not in host.lower() for host in connector.smart_hosts)


def _takes(connector: SendConnector, domain: str) -> bool:
    """Whether the connector has an address space for the domain itself."""
    spaces = (each.lower().partition(";")[0].removeprefix("smtp:") for each in connector.address_spaces)
    return any(space == domain or (space.startswith("*.") and domain.endswith(space[1:])) for space in spaces)


def strips(connector: SendConnector) -> bool:
    """Whether it leads to the tenant and drops the organization's headers on the way."""
    return connector.cloud_services is False and _leads(connector)


def _leads(connector: SendConnector) -> bool:
    """Whether it leads to the tenant."""
    to_cloud = any(".mail.onmicrosoft.com" in each.lower() for each in connector.address_spaces)
    named = connector.connector.lower().startswith(("outbound to office 365", "outbound to microsoft 365"))
    encrypted = connector.tls_domain.lower() == "mail.protection.outlook.com"
    return to_cloud or named or encrypted


def strips_outbound(connector: Configured) -> bool:
    """Whether it is a connector of the tenant that leads on-premises and drops the organization's headers on the way."""
    on_premises = connector.kind == OUTBOUND and connector.get("ConnectorType").lower() in ("", "onpremises")
    return on_premises and connector.flag("CloudServicesMailEnabled") is False


def _from_cloud(said: Said, replies: tuple[Reply, ...], objects: tuple[Configured, ...]) -> Finding | None:
    """A recipient on-premises refused, and the tenant's connector toward it was sent."""
    stripping = next((each for each in objects if strips_outbound(each)), None)
    if stripping is None:
        return None
    domains = {each.lower() for each in stripping.items("RecipientDomains")}
    domain = refusal(said, replies).recipient.rpartition("@")[2].lower()
    who = f"`{stripping.name}`" if stripping.name else "The outbound connector"
    because = (
        f"{who} of the tenant leads on-premises with CloudServicesMailEnabled off, so it drops the organization's "
    )
    because += "headers, and a colleague in the cloud arrives as a stranger. The refusal says just that; the recipient must not "
    because += "be opened for it."
    leads = stripping.name.lower().startswith(_WIZARDS) or not domains.isdisjoint({"*", domain})
    belief = Belief.LIKELY if leads or told_crossing(objects) else Belief.POSSIBLE
    return Finding(belief, because, (said, stripping), _outbound(stripping.name), "exchange-online", weight=1.6)


def _outbound(name: str) -> tuple[Step, ...]:
    return (
        look(
            "In the tenant, see which connector leads on-premises, and whether it carries the headers.",
            "Get-OutboundConnector | Format-List Name,Enabled,ConnectorType,CloudServicesMailEnabled,RecipientDomains,SmartHosts",
            "exchange-online-powershell",
        ),
        change(
            "Switch it on, on the connector that leads on-premises only.",
            "Set-OutboundConnector {outbound_connector} -CloudServicesMailEnabled $true",
            shell="exchange-online-powershell",
            changes="Mail of this connector keeps the organization's headers. Never set it on one to a partner.",
            undo="The same with -CloudServicesMailEnabled $false.",
            verify="The next message from the cloud arrives with AuthAs: Internal, and the group takes it.",
            outbound_connector=name,
        ),
        run_again(),
    )


def _checked(said: Said) -> Finding | None:
    """HealthChecker's finding on the connector to Exchange Online; the other flags are about its certificate."""
    if "cloudservicesmailenabled: false" not in said.text.lower():
        return None
    name = said.text.partition("Send Connector - ")[2].partition(":")[0].strip()
    because = (
        f"HealthChecker: `{name or 'the connector to the tenant'}` has CloudServicesMailEnabled off, so it drops the "
    )
    because += "organization's headers, and mail over it counts as a stranger's."
    return Finding(
        Belief.LIKELY, because, (said,), _steps(SendConnector(source=said.source, connector=name)), weight=1.2
    )


def _refused(
    said: Said,
    replies: tuple[Reply, ...],
    ways: tuple[Returned | Hops | None, ...],
    connector: SendConnector | None,
    objects: tuple[Configured, ...],
) -> Finding | None:
    """A recipient that takes colleagues only refused what began at a server of its own organization."""
    refused = refusal(said, replies)
    own = crossing(refused.recipient.rpartition("@")[2], ways)
    told = told_crossing(objects)
    if own is None and told and connector is None:
        because = "The mail passes between the premises, as you tell it, and arrives as a stranger's: on its way the "
        because += "organization's headers were dropped, or the other side did not recognise the server."
        return Finding(Belief.POSSIBLE, because, (said, told), _steps(connector), weight=1.4)
    if own is None or (connector and connector.cloud_services and not own.handed_on):
        return None
    because = (
        f"The message began at {own.first}, a server of the recipient's own organization, and {refused.where} took its "
    )
    because += "sender for a stranger."
    if own.handed_on:
        because += f" {own.last} handed it over: what stands in between strips the organization's headers."
    belief = Belief.LIKELY if own.handed_on and own.anonymous and own.by_exchange else Belief.POSSIBLE
    return Finding(belief, because, (said, own.fact), _steps(connector), weight=1.8)


def _told_hybrid(objects: tuple[Configured, ...]) -> bool:
    return any(each.kind == "organization" and each.name == "hybrid" for each in objects)


def _from_inside(spam: Antispam, hops: Hops | None) -> bool:
    """Whether it began at a server with an inside name or address, and the cloud got it from another."""
    first = hops.hops[0] if hops and hops.hops else None
    if first is None or not _crossed(spam, hops):
        return False
    return first.sender.endswith((".local", ".lan", ".internal", ".intern", ".corp")) or kind_of(first.ip) == "internal"


def _refuted(anchor: Headers | Antispam, spam: Antispam | None, headers: Headers | None) -> Finding | None:
    if headers is None or not headers.told(_DROPPED):
        return None
    return Finding(Belief.RULED_OUT, "The message arrived with AuthAs: Internal.", (spam, anchor))


def _shared_domain(headers: Headers | None) -> str:
    """The domain of the sender where a recipient is in it too, "" otherwise."""
    if headers is None:
        return ""
    sender = _DOMAIN.search(headers.get("From"))
    recipients = {each.lower() for each in _DOMAIN.findall(headers.get("To"))}
    name = sender.group(1).lower() if sender else ""
    return name if name in recipients else ""


def _crossed(spam: Antispam, hops: Hops | None) -> bool:
    """Whether a server of ours, not a stranger's, gave it to Exchange Online or got it from there."""
    source = spam.get("AuthSource").lower()
    path = [each for hop in (hops.hops if hops else ()) for each in (hop.sender.lower(), hop.by.lower()) if each]
    online = any(each.endswith("outlook.com") for each in (*path, source) if each)
    inside = any("." in each and not each.endswith("outlook.com") for each in (*path, source))
    return online and inside


def _steps(connector: SendConnector | None) -> tuple[Step, ...]:
    name = connector.connector if connector else ""
    return (
        look(
            "See which connector leads to Exchange Online, and whether it carries the headers.",
            "Get-SendConnector | Format-List Name,Enabled,CloudServicesMailEnabled,TlsCertificateName,AddressSpaces,SmartHosts",
        ),
        look(
            "The same for the other direction.",
            "Get-OutboundConnector | Format-List Name,Enabled,ConnectorType,CloudServicesMailEnabled,RecipientDomains,SmartHosts",
            "exchange-online-powershell",
        ),
        change(
            "Switch it on, on the hybrid connector only. A gateway between Exchange and Exchange Online has to go: it strips "
            "the headers whatever the setting.",
            "Set-SendConnector {hybrid_connector} -CloudServicesMailEnabled $true",
            changes="Mail of this connector keeps the organization's headers. Never set it on one to the Internet.",
            undo="The same with -CloudServicesMailEnabled $false.",
            verify="The next message between the premises arrives with AuthAs: Internal.",
            hybrid_connector=name,
        ),
        run_again(),
    )
