"""The public folder, or the mailbox that holds it, has reached its quota.

## What is happening
Mail to a mail-enabled public folder is stored in a public folder mailbox. The folder's own ProhibitPostQuota,
the organization's default or the quota of the mailbox that holds the folder is exceeded, and delivery ends
with `QuotaExceededException.MapiExceptionQuotaExceeded`. (A full user mailbox says
`MapiExceptionShutoffQuotaExceeded`.)

## What proves it
- the recipient is a mail-enabled public folder
- TotalItemSize of the folder is above ProhibitPostQuota, or its mailbox is full

## Not this when
- the recipient is a user's or shared mailbox (`quota-throttle.mailbox.full`)
- the token says STOREDRV.Submission (`quota-throttle.mailbox.sender-full`)

## References
- https://learn.microsoft.com/en-us/troubleshoot/exchange/email-delivery/ndr/cannot-send-mail-mepf
"""

from __future__ import annotations

from diagnostics.cause import EMS, Belief, Finding, cause, change, look
from diagnostics.causes.quota_throttle.sizes import (
    about_rate,
    aggregate,
    full_folder,
    operation,
    recipient_kind,
    size_of,
    told_folder,
)
from diagnostics.causes.quota_throttle.words import has
from diagnostics.causes.reader import in_tenant
from diagnostics.causes.recipient.lookup import address, by_microsoft, named
from diagnostics.causes.recipient.steps import EXO
from diagnostics.causes.store.exceptions import PUBLIC_STORE
from diagnostics.facts import Reply, Said
from diagnostics.mail_facts import Configured
from diagnostics.report import Act, Shell, Step


@cause(
    id="quota-throttle.public-folder.full",
    act="exchange-online",
    says=("MapiExceptionQuotaExceeded", "5.2.2", PUBLIC_STORE),
)
def assess(said: Said | Configured, objects: tuple[Configured, ...], replies: tuple[Reply, ...]) -> Finding | None:
    """The exception without `Shutoff`, on delivery, belongs to folders; the directory settles it."""
    full = full_folder(objects)
    if isinstance(said, Configured):
        if full is not said:
            return None
        because = f"{said.name or 'The public folder'}{size_of(said)} has reached its ProhibitPostQuota: it takes no more posts."
        return Finding(Belief.CONFIRMED, because, (said,), _steps(said.name, EMS), "on-prem")
    if said.signature == PUBLIC_STORE:
        because = "The public store returned a message for one of its folders, which may have reached its size limit."
        returned = "non-delivery report" in said.text.lower()
        return Finding(Belief.POSSIBLE, because, (said,), _steps("", EMS), "on-prem", weight=1.1) if returned else None
    wanted = address(said, replies)
    if about_rate(said) or operation(said) == "submit" or aggregate(wanted):
        return None
    kind, name = recipient_kind(wanted, objects)
    token = has(said, "mapiexceptionquotaexceeded")
    if kind == "mailbox":
        return Finding(Belief.RULED_OUT, f"{name} is a mailbox, not a public folder.", (said,)) if token else None
    told = told_folder(objects)
    if not token and kind != "folder" and not told:
        return None
    online = by_microsoft(said) or in_tenant(objects)
    act: Act = "exchange-online" if online else "on-prem"
    sized = next((each for each in objects if each.kind == "public-folder-statistics" and size_of(each)), None)
    which = f"The public folder {sized.name}{size_of(sized)}" if sized else named(wanted, "The public folder")
    because = f"{which} may take no more posts: its quota (ProhibitPostQuota), or that of the mailbox that "
    because += "holds it, is exceeded."
    steps = _steps(name or wanted, EXO if online else EMS)
    if kind == "folder":
        return Finding(Belief.CONFIRMED, because, (said,), steps, act)
    belief = Belief.LIKELY if operation(said) or told else Belief.POSSIBLE
    return Finding(belief, because, (said, told, sized), steps, act, weight=1.5 if told else 1.4)


def _steps(folder: str, shell: Shell) -> tuple[Step, ...]:
    return (
        look(
            "Find the folder behind the address, and the mailbox that holds it.",
            "Get-MailPublicFolder {folder} | Format-List Name,EntryId,ContentMailbox",
            shell,
            folder=folder,
        ),
        look(
            "See how full the folder is (its path begins with a backslash).",
            "Get-PublicFolderStatistics {path} | Format-List Name,ItemCount,TotalItemSize",
            shell,
            path="",
        ),
        look(
            "See its limit, and the organization's default that holds while it says Unlimited.",
            "Get-PublicFolder {path} | Format-List ProhibitPostQuota,IssueWarningQuota,ContentMailboxName; "
            "Get-OrganizationConfig | Format-List DefaultPublicFolder*Quota",
            shell,
            path="",
        ),
        change(
            "Delete or move old items; if the folder may be larger, raise its limit (below that of its mailbox).",
            "Set-PublicFolder {path} -ProhibitPostQuota 5GB -IssueWarningQuota 4GB",
            shell=shell,
            changes="This folder takes posts up to 5 GB.",
            undo="The same with the values that the step before printed.",
            verify="A message to the folder's address is delivered.",
            path="",
        ),
    )
