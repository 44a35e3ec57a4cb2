"""The Receive connector does not accept Exchange Online as part of the organization.

## What is happening
`TlsDomainCapabilities` of the `Default Frontend` connector tells whose certificate may send mail with the organization's
headers. It is empty, or it still names a certificate that Exchange Online gave up in 2016 (`MSIT Machine Auth CA 2`), or
another one: an issuer in front of the name (`<I>…<S>…`) fits only as long as Exchange Online stays with it. Mail from there
then counts as a stranger's: marked external, refused by groups for internal senders, or, where the
tenant routes mail for others through this server, `Unable to relay`.

## What proves it
- TlsDomainCapabilities is empty or names `<I>CN=MSIT Machine Auth CA 2…`, on the connector that Exchange Online meets; any
  other name than Exchange Online's makes it a suspect beside such a refusal
- only mail that comes from Exchange Online is affected

## Not this when
- the value is `mail.protection.outlook.com:AcceptCloudServicesMail`
- the refused session comes from an application (`connector.receive.relay-permission-missing`)

## References
- https://learn.microsoft.com/en-us/troubleshoot/exchange/email-delivery/mails-issues-occur-after-april-15-2016
- https://learn.microsoft.com/en-us/powershell/module/exchangepowershell/set-receiveconnector
"""

from __future__ import annotations

from collections.abc import Iterable

from diagnostics.cause import Belief, Finding, cause, change, look, shown
from diagnostics.causes.certificate.steps import restart_frontend
from diagnostics.causes.connector.heard import heard
from diagnostics.causes.connector.settings import OF_EXCHANGE_ONLINE, RECEIVE, covers_one, for_some, label, of_kind
from diagnostics.causes.hybrid.crossing import STRANGER, unpromoted
from diagnostics.causes.recipient.lookup import crosses_down
from diagnostics.facts import Reply, Said, Session
from diagnostics.mail_facts import Antispam, Configured, Headers, Told
from diagnostics.report import Step
from diagnostics.text import short

_PROPERTY = "TlsDomainCapabilities"


@cause(
    id="hybrid.receive.tlsdomaincapabilities-missing",
    act="on-prem",
    says=("Unable to relay", "Please try again later. PRX5", *STRANGER),
)
def assess(
    anchor: Configured | Said | Told,
    objects: tuple[Configured, ...],
    replies: tuple[Reply, ...],
    sessions: tuple[Session, ...],
    spam: tuple[Antispam, ...],
    headers: tuple[Headers, ...],
) -> Finding | None:
    """The setting decides; a refusal of Exchange Online's own session points here without it."""
    if isinstance(anchor, Told):
        return _as_told(anchor)
    met = _told(objects)
    if met and _right(met):
        refused = isinstance(anchor, Said) or anchor is met
        because = f"{label(met)} has {_PROPERTY} {met.get(_PROPERTY)}."
        return Finding(Belief.RULED_OUT, because, (met,)) if refused and _symptoms(replies, spam) else None
    if isinstance(anchor, Configured):
        return _from_settings(anchor, replies, spam)
    vouched = unpromoted(headers, spam)
    if vouched:
        because = "Exchange Online calls the sender internal (CrossPremises-AuthAs), and the server on-premises took the message "
        because += f"for a stranger's: the connector that takes Exchange Online's mail lacks {_PROPERTY}."
        return Finding(Belief.LIKELY, because, (anchor, vouched), _steps(""), weight=1.8)
    down = crosses_down(objects) if anchor.signature in STRANGER and not met else None
    if down:
        because = "A mailbox in the cloud writes to a recipient on-premises, as you tell it, and is taken for a stranger: the "
        because += f"Receive connector may not know Exchange Online by its certificate ({_PROPERTY})."
        return Finding(Belief.POSSIBLE, because, (anchor, down), _steps(""), weight=1.4)
    what = heard(anchor, replies, sessions)
    if what.peer != "exchange-online" or not what.incoming:
        return None
    because = f"`{what.connector}` treated Exchange Online ({what.ip}) as a stranger and refused its mail."
    if met:
        because += f" Its {_PROPERTY} {_holds(met)}."
        return Finding(Belief.LIKELY, because, (met, anchor), _steps(met.name), weight=1.0)
    return Finding(Belief.POSSIBLE, because, (anchor,), _steps(what.connector), weight=1.9)


@shown
def connectors(objects: tuple[Configured, ...]) -> Finding | None:
    """One connector that knows Exchange Online is enough; where the one for outside was sent and none does, it is a stranger."""
    told = [each for each in of_kind(RECEIVE, objects) if each.told(_PROPERTY)]
    right = next((each for each in told if _right(each)), None)
    if right:
        return Finding(Belief.RULED_OUT, f"{label(right)} has {_PROPERTY} {right.get(_PROPERTY)}.", (right,))
    met = next(filter(_in_a_hybrid, told), None)
    if met is None:
        return None
    because = f"{_PROPERTY} of {label(met)} {_holds(met)}, so mail from Exchange Online counts as a stranger's."
    return Finding(Belief.CONFIRMED, because, (met,), _steps(met.name))


def _in_a_hybrid(met: Configured) -> bool:
    """Whether the connector was made for Exchange Online's addresses, or is that for outside and has the wizard's certificate."""
    made = for_some(met) and covers_one(met, OF_EXCHANGE_ONLINE)
    return made or ("default frontend" in met.name.lower() and bool(met.get("TlsCertificateName")))


def _as_told(told: Told) -> Finding | None:
    """What a person tells, with nothing pasted, makes it possible at most."""
    if told.story not in ("colleagues-are-strangers", "names-lost-on-the-way"):
        return None
    because = "If it is mail from the cloud that servers on-premises take for a stranger's: the Receive connector that "
    because += "takes it does not know Exchange Online by its certificate."
    return Finding(Belief.POSSIBLE, because, (told,), _steps(""), "on-prem", weight=1.2)


def _from_settings(met: Configured, replies: tuple[Reply, ...], spam: tuple[Antispam, ...]) -> Finding | None:
    if met.kind != RECEIVE or not met.told(_PROPERTY):
        return None
    if "msit machine auth" in met.get(_PROPERTY).lower():
        because = f"{label(met)} still expects a certificate that Exchange Online stopped using in 2016."
        return Finding(Belief.CONFIRMED, because, (met,), _steps(met.name))
    if _right(met) or not _symptoms(replies, spam):
        return None
    if met.get(_PROPERTY).strip("{} "):  # who set it meant mail of another system; on other connectors it is empty
        because = f"{_PROPERTY} of {label(met, 'the connector')} {_holds(met)}, which is not how Exchange Online presents itself "
        because += "today: its mail counts as a stranger's."
        return Finding(Belief.POSSIBLE, because, (met,), _steps(met.name), weight=2.1)
    if "default frontend" not in met.name.lower():
        return None
    because = f"{label(met)} has no {_PROPERTY}, so mail from Exchange Online counts as a stranger's."
    named = met.get("TlsCertificateName") != ""
    if named and any(
        "not authenticated" in each.whole.lower() or "authrequired" in each.whole.lower() for each in replies
    ):
        because += " The connector has the hybrid certificate, so Exchange Online does come in over it."
        return Finding(Belief.LIKELY, because, (met,), _steps(met.name), weight=2.1)
    return Finding(Belief.POSSIBLE, because, (met,), _steps(met.name), weight=2.1)


def _told(objects: Iterable[Configured]) -> Configured | None:
    """The connector for mail from outside, where its setting was sent."""
    known = [each for each in of_kind(RECEIVE, objects) if each.told(_PROPERTY)]
    return next((each for each in known if "default frontend" in each.name.lower()), known[0] if known else None)


def _right(met: Configured) -> bool:
    """Whether Exchange Online is named by its name alone: a pair of issuer and subject fits until either changes."""
    value = met.get(_PROPERTY).lower()
    return "acceptcloudservicesmail" in value and "<i>" not in value and "msit" not in value


def _holds(met: Configured) -> str:
    value = met.get(_PROPERTY).strip("{} ")
    return f"names `{short(value)}`" if value else "is empty"


def _symptoms(replies: Iterable[Reply], spam: Iterable[Antispam]) -> bool:
    """Whether something in the case says that mail counted as anonymous, or was refused as such."""
    words = ("unable to relay", "authrequired", "prx5", "not authenticated")
    refused = any(word in each.whole.lower() for each in replies for word in words)
    return refused or any(each.get("AuthAs").lower() == "anonymous" for each in spam)


def _steps(connector: str) -> tuple[Step, ...]:
    return (
        look(
            "See on every server whom the front-end connector accepts.",
            "Get-ReceiveConnector | Where-Object {{ $_.TransportRole -eq 'FrontendTransport' }} | "
            "Format-List Identity,TlsCertificateName,TlsDomainCapabilities",
        ),
        change(
            "Let the connector accept Exchange Online's mail with its headers, on every server that takes it.",
            "Set-ReceiveConnector {receive_connector} -TlsDomainCapabilities "
            "'mail.protection.outlook.com:AcceptCloudServicesMail'",
            changes="Mail from sessions that show Exchange Online's certificate may carry the organization's headers.",
            undo="Set-ReceiveConnector with the TlsDomainCapabilities that the first step printed.",
            verify="The next message from Exchange Online has AuthAs: Internal for a colleague.",
            receive_connector=connector,
        ),
        restart_frontend(),
    )
