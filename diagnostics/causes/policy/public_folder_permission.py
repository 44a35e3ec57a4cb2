"""The public folder's client permissions don't let this sender create items.

## What is happening
Mail to a mail-enabled public folder is a post into that folder. An outside sender counts as Anonymous, an inside
sender without an entry of his own as Default. Where that entry lacks CreateItems (Contributor and above have it), the
message is refused, although the folder's mail address accepts everybody.

## What proves it
- the recipient is a mail-enabled public folder, and Get-PublicFolderClientPermission shows None for Anonymous (outside
  senders) or Default (inside senders)

- `RESOLVER.RST.NotAuthorized` with `[Stage: CreateMessage]`, or from STOREDRIVER in the tracking log: the store refused

## Not this when
- the recipient is a mailbox or a group (`policy.restriction.authenticated-senders-only`)
- the folder's mail object itself has RequireSenderAuthenticationEnabled True

## References
- https://learn.microsoft.com/en-us/exchange/collaboration/public-folders/mail-enable-or-disable
- https://learn.microsoft.com/en-us/troubleshoot/exchange/email-delivery/ndr/fix-error-code-5-7-13-or-5-7-135-in-exchange-online
"""

from __future__ import annotations

from typing import Final

from diagnostics.cause import Belief, Finding, cause, change, look
from diagnostics.causes.policy.said import Refusal, by_store, of_kind, recipient_settings, refusal
from diagnostics.causes.store.exceptions import PUBLIC_STORE
from diagnostics.causes.stories import told_as
from diagnostics.complaint import COMPLAINT
from diagnostics.facts import Fact, Reply, Said
from diagnostics.mail_facts import Configured, Told, Tracked
from diagnostics.recognisers.format_list import items
from diagnostics.report import Step

_BY_LIST: Final = "RESOLVER.RST.NotAuthorized"
_AFTER_LISTS: Final = " The store said no while it created the item, after every list of senders had let it pass."
_LISTS: Final = ("AcceptMessagesOnlyFrom", "RejectMessagesFrom")
_EVERYBODY: Final = frozenset({"anonymous", "default"})  # outside senders, and inside ones without an entry
_OF_CALENDARS: Final = frozenset({"availabilityonly", "limiteddetails"})  # in mailboxes
_CREATES: Final = frozenset(
    {
        "createitems",
        "contributor",
        "author",
        "noneditingauthor",
        "publishingauthor",
        "editor",
        "publishingeditor",
        "owner",
    }
)


_CLOSED: Final = (
    "A public folder takes mail from inside and not from outside, as you tell it: whoever writes from there is Anonymous to the "
    "folder, and needs the right to create items in it. The settings of the mail object don't show that."
)


@cause(
    id="policy.restriction.public-folder-permission",
    act="on-prem",
    says=(
        "MapiExceptionNotAuthorized",
        "Sender was not authenticated for public folder",
        "5.7.135",
        "to a public folder because delivery to this address is restricted",
        "do not have create permissions on this folder",
        "RESOLVER.RST.AuthRequired",
        _BY_LIST,
        PUBLIC_STORE,
    ),
    against={
        "MapiExceptionQuotaExceeded": "is about the size of the folder, not about who may write to it",
    },
)
def assess(
    said: Said | Configured | Told,
    replies: tuple[Reply, ...],
    settings: tuple[Configured, ...],
    tracked: tuple[Tracked, ...],
) -> Finding | None:
    """The words are shared with every other recipient: the kind of recipient, or the store's stage, tells them apart."""
    if isinstance(said, Told):
        return told_as("folder-closed-to-outsiders", said, _CLOSED, _steps(Refusal("", "", online=False)), weight=1.5)
    if isinstance(said, Configured):
        return _complained(said, replies, settings)
    if "AccountDisabled" in said.text:
        return None
    if said.signature == PUBLIC_STORE:
        return _returned(said)
    refused = refusal(said, replies, settings)
    setting = recipient_settings(settings, refused.recipient)
    kind = setting.get("RecipientTypeDetails") or setting.get("RecipientType") if setting else ""
    told = next(iter(of_kind(settings, "told-folder")), None)
    folder = "publicfolder" in kind.casefold() or "public folder" in said.text.lower() or told is not None
    stored = by_store(said, tracked)
    if said.signature == _BY_LIST and not stored and (not folder or _listed(setting)):
        because = (
            f"`{_BY_LIST}` checks the recipient's list of senders, before the store looks at a folder's permissions."
        )
        return Finding(Belief.RULED_OUT, because, (said,))
    if kind and not folder:
        return Finding(Belief.RULED_OUT, f"{refused.whom.capitalize()} is a {kind}, no public folder.", (setting,))
    if setting and setting.flag("RequireSenderAuthenticationEnabled"):
        because = "The mail object itself has RequireSenderAuthenticationEnabled True and refuses first."
        return Finding(Belief.RULED_OUT, because, (setting, said))
    because = (
        f"{refused.where} refused mail to {refused.whom}: in a public folder, Anonymous (outside senders) or Default "
    )
    because += "(inside senders) needs the right to create items."
    steps = _steps(refused)
    denied = _denied(settings)
    if denied is not None:
        itself = setting is not None and setting.flag("RequireSenderAuthenticationEnabled") is False
        return _by_rights(denied, refused, (said, setting), "MapiExceptionNotAuthorized" in said.text or itself)
    if "MapiExceptionNotAuthorized" in said.text or ("AuthRequired" in said.text and folder):
        return Finding(Belief.LIKELY, because, (said, setting), steps, refused.act, weight=1.1)
    if said.signature == _BY_LIST:
        because += _AFTER_LISTS if stored else ""
        return Finding(Belief.LIKELY, because, (said, setting, told), steps, refused.act, weight=2.0)
    weight = 1.8 if folder or "5.7.135" in said.text else 0.4
    return Finding(Belief.POSSIBLE, because, (said,), steps, refused.act, weight=weight)


def _complained(entry: Configured, replies: tuple[Reply, ...], settings: tuple[Configured, ...]) -> Finding | None:
    """The folder's entries, beside words of a person that mail fails: which folder and which sender they mean, none says."""
    denied = _denied(settings)
    told = next((each for each in settings if each.kind in (COMPLAINT, "told-outside")), None)
    if not denied or entry is not denied[0] or told is None or any(each.failing for each in replies):
        return None
    because = f"{_who(denied)} may not create items in the folder: mail of such senders to it is refused."
    return Finding(Belief.POSSIBLE, because, denied, _steps(Refusal("", "", online=False)), "on-prem", weight=1.6)


def _who(denied: tuple[Configured, ...]) -> str:
    return " and ".join(f"{each.get('User')} ({', '.join(each.items('AccessRights')) or 'None'})" for each in denied)


def _returned(said: Said) -> Finding | None:
    """Event 290 of the transfer agent: the public store gave a message back, and does not say why."""
    if "non-delivery report" not in said.text.lower():
        return None
    because = (
        "The public store returned a message for one of its folders. Mostly the sender may not create items there: "
    )
    because += "Default, or Anonymous for mail from outside, needs that right."
    return Finding(Belief.POSSIBLE, because, (said,), _steps(Refusal("", "", online=False)), "on-prem", weight=1.3)


def _listed(setting: Configured | None) -> bool:
    """Whether the folder's mail object has a list of senders with somebody on it."""
    return any(name.startswith(_LISTS) and items(value) for name, value in (setting.values if setting else ()))


def _denied(settings: tuple[Configured, ...]) -> tuple[Configured, ...] | None:
    """The entries of Anonymous and Default that may not create items; None where no permissions of a public folder were sent."""
    entries = [s for s in settings if s.kind == "folder-permission" and s.get("User").lower() in _EVERYBODY]
    rights = {right.lower() for each in entries for right in each.items("AccessRights")}
    if not entries or rights & _OF_CALENDARS:
        return None
    return tuple(each for each in entries if not _CREATES & {right.lower() for right in each.items("AccessRights")})


def _by_rights(
    denied: tuple[Configured, ...], refused: Refusal, seen: tuple[Fact | None, ...], proven: bool
) -> Finding:
    if not denied:
        because = f"Anonymous and Default, as far as they were sent, may create items in {refused.whom}'s folder."
        return Finding(Belief.RULED_OUT, because, seen)
    because = f"{refused.where} refused mail to {refused.whom}, and {_who(denied)} may not create items in the folder."
    belief = Belief.CONFIRMED if proven else Belief.LIKELY
    return Finding(belief, because, (*denied, *seen), _steps(refused), refused.act, weight=1.1)


def _steps(refused: Refusal) -> tuple[Step, ...]:
    return (
        look(
            "Read the folder's permissions, and the switch of its mail object.",
            "Get-PublicFolderClientPermission {folder} | Format-Table User,AccessRights; "
            "Get-MailPublicFolder {recipient} | Format-List RequireSenderAuthenticationEnabled,AcceptMessagesOnlyFrom*",
            refused.shell,
            folder="",
            recipient=refused.recipient,
        ),
        change(
            "Let outside senders create items (for inside senders: -User Default).",
            "Add-PublicFolderClientPermission {folder} -User Anonymous -AccessRights CreateItems",
            shell=refused.shell,
            changes="The folder's permissions: everybody outside can then post by mail, and read nothing. An entry that is "
            "there already, None included, must be removed first.",
            undo="Remove-PublicFolderClientPermission with the same folder and -User Anonymous, and set the old entry again.",
            verify="A message from outside appears in the folder.",
            folder="",
        ),
    )
