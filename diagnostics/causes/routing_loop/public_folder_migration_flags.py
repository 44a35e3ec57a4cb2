"""Mail to public folders circles after their migration to Exchange Online.

## What is happening
The public folders have moved, but the organization on-premises was never told that the migration is complete,
or its mail-enabled folder objects don't point to the cloud. So each side takes the other for the owner of the
folder.

## What proves it
- `Get-OrganizationConfig` on-premises shows PublicFolderMailboxesMigrationComplete (or PublicFolderMigrationComplete) False
- ExternalEmailAddress of the folder object is empty on-premises (OriginatingServer tells the side) or lies in the shared domain
- `Get-OrganizationConfig` of Exchange Online shows PublicFoldersEnabled Remote
- only mail-enabled public folders loop

## Not this when
- ordinary mailboxes loop too
- public folders were never migrated

## References
- https://learn.microsoft.com/en-us/exchange/collaboration/public-folders/migrate-to-exchange-online
"""

from __future__ import annotations

from collections.abc import Iterable

from diagnostics.cause import Belief, Finding, cause, change, look, shown
from diagnostics.causes.quota_throttle.words import has
from diagnostics.causes.recipient.lookup import holders, premises, proxies
from diagnostics.causes.routing_loop.circle import LOOPED, circles, named, outbound_connectors, recipient
from diagnostics.facts import Fact, Reply, Said
from diagnostics.mail_facts import Configured, Hops, Told
from diagnostics.report import Step

_LOCKS = ("PublicFoldersLockedForMigration", "PublicFolderMailboxesLockedForNewConnections")
_FLAGS = ("PublicFolderMailboxesMigrationComplete", "PublicFolderMigrationComplete")


@cause(
    id="routing-loop.public-folder.migration-flags",
    act="on-prem",
    says=(*LOOPED, "RESOLVER.PF.InvalidTarget", "RESOLVER.PF.InTransit"),
)
def assess(
    anchor: Said | Hops | Configured | Told,
    _config: Configured | None,
    objects: tuple[Configured, ...],
    replies: tuple[Reply, ...],
) -> Finding | None:
    """The flags, and whether the recipient is a folder at all."""
    if isinstance(anchor, Told):
        return _told(anchor)
    if isinstance(anchor, Configured):
        return _unfinished(anchor)
    if isinstance(anchor, Said) and not has(anchor, *LOOPED):
        return _resolved(anchor)
    if not circles(anchor):
        return None
    address = recipient(anchor, replies)
    owners = holders(address, objects)
    folder = next((each for each in owners if _is_folder(each)), None)
    if owners and not folder:
        kind = owners[0].get("RecipientTypeDetails", "a mailbox")
        because = f"{named(address, 'The recipient')} is {kind}, not a public folder."
        return Finding(Belief.RULED_OUT, because, (owners[0],))
    config = _config_of(objects)
    unset = [flag for flag in _FLAGS if config and config.flag(flag) is False]
    done = any(config.flag(flag) for flag in _FLAGS) if config else False
    if unset and not done and (folder or (config and config.get("PublicFoldersEnabled").lower() == "remote")):
        return _incomplete(unset[0], (config, folder, anchor), address)
    remote = None if config else _remote_of(objects)
    if remote:
        return _on_the_other_side((remote, folder, anchor), address)
    if config and unset and not done:
        because = f"{unset[0]} is False on-premises: if {named(address, 'the recipient')} is a public folder that "
        because += "was moved to the cloud, both sides take the other for its owner."
        return Finding(Belief.POSSIBLE, because, (config, anchor), _steps(address, unset[0]), weight=1.6)
    return _suspected(anchor, folder, address)


@shown
def settings(objects: tuple[Configured, ...], replies: tuple[Reply, ...]) -> Finding | None:
    """What the organizations believe of their folders, and where a folder's object leads. What is right on one side may be
    wrong on the other, so nothing of one side clears it."""
    address = next((each.recipient.lower() for each in replies if "@" in each.recipient), "")
    config = _config_of(objects)
    unset = [flag for flag in _FLAGS if config and config.flag(flag) is False]
    if config and unset and not any(config.flag(flag) for flag in _FLAGS):
        if any(config.flag(lock) for lock in _LOCKS):
            return _unfinished(config)
        if config.get("PublicFoldersEnabled").lower() == "remote":
            return _incomplete(unset[0], (config,), address)
    astray = _leads_nowhere(objects, address)
    if astray:
        where = "on-premises" if len(astray) == 1 else "on either side"
        because = f"{astray[0].name or 'The folder'} has no ExternalEmailAddress {where}: the object on-premises has to lead to "
        because += "the cloud."
        return Finding(
            Belief.LIKELY, because, astray, _steps(next(iter(proxies(astray[0])), address), _FLAGS[0]), weight=1.3
        )
    remote = None if config else _remote_of(objects)
    return _on_the_other_side((remote,), address) if remote else None


def _incomplete(flag: str, evidence: tuple[Fact | None, ...], address: str) -> Finding:
    because = f"Public folders are in the cloud, but {flag} is False on-premises, so both sides pass their mail on."
    return Finding(Belief.LIKELY, because, evidence, _steps(address, flag), weight=1.3)


def _on_the_other_side(evidence: tuple[Fact | None, ...], address: str) -> Finding:
    because = (
        "PublicFoldersEnabled is Remote: in Exchange Online that says that the folders are on-premises still, and "
    )
    because += (
        "on-premises that they are in the cloud. After a migration only the latter is right; where both sides say so, "
    )
    because += "each passes the mail on to the other."
    return Finding(Belief.LIKELY, because, evidence, _steps(address, _FLAGS[0]), weight=1.3)


def _leads_nowhere(objects: tuple[Configured, ...], address: str) -> tuple[Configured, ...]:
    """The folder's object on-premises, or both sides' objects, without an address that mail is sent on to: in the cloud that is
    right, so one object counts where it tells its side."""
    told = [each for each in objects if each.kind == "recipient" and _may_be_folder(each) and proxies(each)]
    own = [each for each in told if not address or address in proxies(each)]
    empty = [each for each in own if each.told("ExternalEmailAddress") and not each.get("ExternalEmailAddress")]
    ours = next((each for each in empty if _is_folder(each) and premises(each) == "on-prem"), None)
    if ours:
        return (ours,)
    for each in empty:
        twin = next((other for other in empty if other is not each and other.name == each.name), None)
        if twin and set(proxies(each)) & set(proxies(twin)) and _differ(each, twin):
            return (each, twin)
    return ()


def _differ(one: Configured, other: Configured) -> bool:
    """Whether they are of two directories: the same object may have been sent twice."""
    return one.source.paste == other.source.paste or set(proxies(one)) != set(proxies(other))


def _may_be_folder(entry: Configured) -> bool:
    return _is_folder(entry) or not (entry.told("RecipientTypeDetails") or entry.told("RecipientType"))


def _resolved(said: Said) -> Finding:
    """What the resolver says of a folder whose migration it takes for unfinished, or whose object has no usable target."""
    moving = has(said, "intransit")
    because = (
        "Exchange takes the public folders for being moved: they are locked, and the migration isn't marked complete."
        if moving
        else "The object of the migrated public folder has no usable ExternalEmailAddress."
    )
    return Finding(Belief.LIKELY, because, (said,), _steps("", _FLAGS[0]), weight=1.3)


def _unfinished(config: Configured) -> Finding | None:
    """The organization's settings alone: locked for a migration that nobody marked complete."""
    locked = next((lock for lock in _LOCKS if config.flag(lock)), "")
    unset = [flag for flag in _FLAGS if config.flag(flag) is False]
    if not locked or not unset or any(config.flag(flag) for flag in _FLAGS):
        return None
    because = (
        f"{locked} is True and {unset[0]} False: the public folders were locked for a migration that was never marked "
    )
    because += "complete, so mail to them is passed back and forth or held."
    return Finding(Belief.LIKELY, because, (config,), _steps("", unset[0]), weight=1.2)


def _suspected(anchor: Said | Hops, folder: Configured | None, address: str) -> Finding:
    if folder:
        because = (
            f"{folder.name} is a mail-enabled public folder: after a migration its object or the flags may be stale."
        )
        return Finding(Belief.POSSIBLE, because, (folder, anchor), _steps(address, _FLAGS[0]), weight=1.5)
    because = (
        f"If {named(address, 'the recipient')} is a migrated public folder, the migration may not be marked complete."
    )
    return Finding(Belief.POSSIBLE, because, (anchor,), _steps(address, _FLAGS[0]), weight=0.58)


def _is_folder(entry: Configured) -> bool:
    return "publicfolder" in (entry.get("RecipientTypeDetails") + entry.get("RecipientType")).lower()


def _remote_of(objects: Iterable[Configured]) -> Configured | None:
    """Settings of which only those of public folders were asked for, and that place the folders on the other side."""
    return next(
        (
            o
            for o in objects
            if o.kind == "organization-config"
            and o.get("PublicFoldersEnabled").lower() == "remote"
            and all("publicfolder" in name.lower() for name, _ in o.values)
        ),
        None,
    )


def _config_of(objects: Iterable[Configured]) -> Configured | None:
    return next((o for o in objects if o.kind == "organization-config" and any(o.told(flag) for flag in _FLAGS)), None)


def _told(told: Told) -> Finding | None:
    """Folders were moved, and what is addressed to them goes back and forth."""
    if told.story != "folders-go-round":
        return None
    because = "The public folders were moved, and mail to their addresses goes back and forth, as you tell it: so it does until "
    because += "both sides know where the folders are now."
    return Finding(Belief.POSSIBLE, because, (told,), _steps("", _FLAGS[0]), weight=1.6)


def _steps(address: str, flag: str) -> tuple[Step, ...]:
    set_flag = "Set-OrganizationConfig -PublicFolderMailboxesMigrationComplete $true"
    if flag == "PublicFolderMigrationComplete":
        set_flag = "Set-OrganizationConfig -PublicFolderMigrationComplete $true"
    return (
        look(
            "See what the on-premises organization believes about its public folders.",
            "Get-OrganizationConfig | Format-List PublicFolder*,RemotePublicFolderMailboxes",
        ),
        look(
            "See the same of Exchange Online: after a migration PublicFoldersEnabled has to be Local there, without "
            "RemotePublicFolderMailboxes.",
            "Get-OrganizationConfig | Format-List PublicFoldersEnabled,RemotePublicFolderMailboxes",
            "exchange-online-powershell",
        ),
        look(
            "See where the folder's object sends its mail (run it on both sides).",
            "Get-MailPublicFolder {address} | "
            "Format-List Name,RecipientTypeDetails,PrimarySmtpAddress,EmailAddresses,ExternalEmailAddress,OriginatingServer",
            address=address,
        ),
        outbound_connectors(),
        change(
            "If the migration is finished, say so on-premises.",
            set_flag,
            changes="On-premises Exchange sends mail of public folders to the cloud.",
            undo="The same with $false.",
            verify="A message to the folder arrives in the cloud after a few hops.",
        ),
        change(
            "Point the folder's object to the cloud.",
            "Set-MailPublicFolder {address} -ExternalEmailAddress {routing_address}",
            changes="Mail of this folder goes to that address (alias@<tenant>.mail.onmicrosoft.com).",
            undo="Set-MailPublicFolder with the former address.",
            verify="Get-MailPublicFolder shows it, and a message arrives.",
            address=address,
            routing_address="",
        ),
    )
