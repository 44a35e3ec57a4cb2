"""Members of a Microsoft 365 group get nothing in their inbox, because they are not subscribed to it.

## What is happening
Whoever is a member sees a Microsoft 365 group's conversations in the group's own mailbox. Only subscribers also get a
copy in their inbox. Members who were there before AutoSubscribeNewMembers was set, or who stopped following, get
none, and nothing is refused. That is by design.

## What proves it
- `Get-UnifiedGroupLinks -LinkType Subscribers` lacks members whom `-LinkType Members` has

## Not this when
- the message isn't in the group's mailbox either: then it was refused or held (look for a report)
- the writer alone misses the own message (`recipient.group.no-copy-to-writer`)
- the group is a dynamic distribution group (`recipient.group.dynamic-leaves-out`)

## References
- https://learn.microsoft.com/en-us/troubleshoot/exchange/groups-and-distribution-lists/o365-group-tasks
- https://learn.microsoft.com/en-us/powershell/module/exchangepowershell/add-unifiedgrouplinks
- https://learn.microsoft.com/en-us/powershell/module/exchangepowershell/set-unifiedgroup
"""

from __future__ import annotations

from diagnostics.cause import Belief, Finding, cause, change, look
from diagnostics.causes.recipient.steps import EXO
from diagnostics.causes.stories import told_as
from diagnostics.mail_facts import Configured, Told
from diagnostics.report import Step

_STORY = "group-members-miss-it-in-their-inbox"


@cause(id="recipient.group.not-subscribed", act="exchange-online")
def assess(told: Told, objects: tuple[Configured, ...]) -> Finding | None:
    """What is told; the group's own setting makes it likely."""
    if told.story != _STORY:
        return None
    group = next((each for each in objects if each.flag("AutoSubscribeNewMembers") is False), None)
    if group:
        because = (
            f"{group.name or 'The group'} does not subscribe new members, so its mail stays in the group's own mailbox."
        )
        return Finding(Belief.LIKELY, because, (group, told), _steps(group.name), complete=True)
    because = (
        "A Microsoft 365 group puts copies only into the inboxes of members who are subscribed; the others find the "
    )
    because += "message in the group. That is by design."
    return told_as(_STORY, told, because, _steps(""), weight=1.9)


def _steps(group: str) -> tuple[Step, ...]:
    return (
        look(
            "Compare the members with the subscribers, and see whether new members are subscribed.",
            "Get-UnifiedGroupLinks -Identity {group} -LinkType Members | Format-Table Name,PrimarySmtpAddress; "
            "Get-UnifiedGroupLinks -Identity {group} -LinkType Subscribers | Format-Table Name,PrimarySmtpAddress; "
            "Get-UnifiedGroup {group} | Format-List Name,AutoSubscribeNewMembers",
            EXO,
            group=group,
        ),
        change(
            "Subscribe the members who miss it (each can also do so by Follow in inbox, in Outlook).",
            "Add-UnifiedGroupLinks -Identity {group} -LinkType Subscribers -Links {member}",
            shell=EXO,
            changes="Those members get a copy of each conversation in their inbox.",
            undo="Remove-UnifiedGroupLinks with the same values.",
            verify="The next message to the group is in their inbox.",
            group=group,
            member="",
        ),
        change(
            "Let the group subscribe whoever joins from now on.",
            "Set-UnifiedGroup {group} -AutoSubscribeNewMembers",
            shell=EXO,
            changes="New members get copies in their inbox; those who are members already stay as they are.",
            undo="Set-UnifiedGroup with -AutoSubscribeNewMembers:$false",
            verify="Get-UnifiedGroup shows AutoSubscribeNewMembers True.",
            group=group,
        ),
    )
