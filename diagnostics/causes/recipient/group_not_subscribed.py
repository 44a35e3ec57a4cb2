"""Members of a Microsoft 365 group get nothing in their inbox, because they are not subscribed to it.

## What is happening
Whoever is a member sees a Microsoft 365 group's conversations in the group's own mailbox. Only subscribers also get a
copy in their inbox. Members who were there before AutoSubscribeNewMembers was set, or who stopped following, get
none, and nothing is refused. That is by design.

## What proves it
- `Get-UnifiedGroupLinks -LinkType Subscribers` lacks members whom `-LinkType Members` has

## Not this when
- all members are among the subscribers
- the message isn't in the group's mailbox either: then it was refused or held (look for a report)
- the writer alone misses the own message (`recipient.group.no-copy-to-writer`)
- the group is a dynamic distribution group (`recipient.group.dynamic-leaves-out`)

## References
- https://learn.microsoft.com/en-us/troubleshoot/exchange/groups-and-distribution-lists/o365-group-tasks
- https://learn.microsoft.com/en-us/powershell/module/exchangepowershell/add-unifiedgrouplinks
- https://learn.microsoft.com/en-us/powershell/module/exchangepowershell/set-unifiedgroup
"""

from __future__ import annotations

from diagnostics.cause import Belief, Finding, cause, change, look, shown
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


@shown
def lists(objects: tuple[Configured, ...]) -> Finding | None:
    """The members against the subscribers, else what the group does with those who join."""
    group = next((each for each in objects if each.flag("AutoSubscribeNewMembers") is not None), None)
    if group is None and not any(each.told("LinkType") for each in objects):
        return None
    name = group.name if group else ""
    members, subscribers = _linked(objects, "members"), _linked(objects, "subscribers")
    missed = sorted(set(members) - set(subscribers))
    if members and subscribers and not missed:
        first = next(iter(members.values()))
        because = f"All {len(members)} members of {name or 'the group'} are among its subscribers."
        return Finding(Belief.RULED_OUT, because, (first, group))
    if members and subscribers:
        because = f"{len(missed)} of {len(members)} members are no subscribers of {name or 'the group'}: {', '.join(missed[:3])}."
        return Finding(Belief.CONFIRMED, because, (members[missed[0]], group), _steps(name))
    if group is None or group.flag("AutoSubscribeNewMembers"):
        return None
    because = f"{name or 'The group'} does not subscribe new members"
    because += ", and none of those that it has was listed as a subscriber." if members else "."
    return Finding(Belief.LIKELY, because, (group,), _steps(name))


def _linked(objects: tuple[Configured, ...], kind: str) -> dict[str, Configured]:
    """The people of one list: by the column that names it, else by its place, members first."""
    rows = [
        each for each in objects if each.kind == "recipient" and each.get("PrimarySmtpAddress") and each.told("Name")
    ]
    rows = [each for each in rows if not each.told("RecipientTypeDetails")]
    named = [each for each in rows if each.told("LinkType")]
    chosen = [each for each in named if each.get("LinkType").lower() == kind] if named else _block(rows, kind)
    return {each.get("PrimarySmtpAddress").lower(): each for each in chosen}


def _block(rows: list[Configured], kind: str) -> list[Configured]:
    """The rows of the first or of the second of two tables, between which lines without a row stand."""
    starts = [at for at, each in enumerate(rows) if not at or each.source.line - rows[at - 1].source.line > 1]
    ends = [*starts[1:], len(rows)]
    place = 0 if kind == "members" else 1
    return rows[starts[place] : ends[place]] if len(starts) > place else []


def _steps(group: str) -> tuple[Step, ...]:
    return (
        look(
            "Compare the members with the subscribers, and see whether new members are subscribed.",
            "'Members', 'Subscribers' | ForEach-Object {{ $type = $_; Get-UnifiedGroupLinks -Identity {group} -LinkType $type | "
            "ForEach-Object {{ [pscustomobject]@{{LinkType=$type; Name=$_.Name; PrimarySmtpAddress=$_.PrimarySmtpAddress}} }} "
            "}} | Format-Table -AutoSize; "
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
