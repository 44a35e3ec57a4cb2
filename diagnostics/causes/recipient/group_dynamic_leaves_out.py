"""A dynamic distribution group leaves recipients out, because its filter or its container doesn't hold them.

## What is happening
A dynamic distribution group has no list of members: each message goes to whoever meets its filter at that moment,
below its container. The container is, unless somebody said otherwise, the organizational unit in which the group was
made, so recipients elsewhere are left out. A filter on mailboxes leaves out people whose mailbox was moved to
Exchange Online: on-premises they are mail users (remote mailboxes). Nobody gets a report.

## What proves it
- the group's RecipientContainer is no parent of the recipient's organizational unit, or the preview of its filter
  lacks the recipient

## Not this when
- the preview of the filter has the recipient
- a report comes back, or only people outside fail (`policy.restriction.authenticated-senders-only`)
- members outside alone get nothing (`recipient.group.null-return-path`)
- in Exchange Online, the filter was changed within a day: its list of members is made anew once in 24 hours

## References
- https://learn.microsoft.com/en-us/troubleshoot/exchange/mailflow/emails-not-delivered-dynamic-distribution-group
- https://learn.microsoft.com/en-us/troubleshoot/exchange/groups-and-distribution-lists/dynamic-distribution-group-members-not-receive-emails
- https://learn.microsoft.com/en-us/powershell/module/exchangepowershell/set-dynamicdistributiongroup
"""

from __future__ import annotations

from diagnostics.cause import Belief, Finding, cause, change, look, shown
from diagnostics.causes.stories import told_as
from diagnostics.mail_facts import Configured, Told
from diagnostics.report import Step


@cause(id="recipient.group.dynamic-leaves-out", act="on-prem")
def assess(told: Told) -> Finding | None:
    """Only what is told shows it: nothing fails."""
    because = "A dynamic group reaches only those who meet its filter below its container, and tells nobody whom it left out: "
    because += "people in another organizational unit, or whose mailbox was moved to Exchange Online."
    return told_as("dynamic-group-misses-some", told, because, _steps(), weight=1.9)


@shown
def reach(objects: tuple[Configured, ...]) -> Finding | None:
    """The group's container and kinds against one recipient who is missed."""
    group = next((each for each in objects if each.get("RecipientContainer")), None)
    missed = next((each for each in objects if each.get("OrganizationalUnit") and each is not group), None)
    if group is None or missed is None:
        return None
    container, unit = (_path(each) for each in (group.get("RecipientContainer"), missed.get("OrganizationalUnit")))
    who, what = missed.name or "The recipient", group.name or "the group"
    if not f"{unit}/".startswith(f"{container}/"):
        because = f"{who} stands in {missed.get('OrganizationalUnit')}; {what} reaches {group.get('RecipientContainer')} alone."
        return Finding(Belief.CONFIRMED, because, (group, missed), _steps())
    kind = missed.get("RecipientTypeDetails")
    if kind.startswith("Remote") and group.get("IncludedRecipients").strip("{} ").lower() == "mailboxusers":
        because = f"{what} takes mailboxes alone (IncludedRecipients), and {who} is a {kind}: a mail user for it."
        return Finding(Belief.CONFIRMED, because, (group, missed), _steps())
    listed = [each for each in objects if each.name and each.name == missed.name and each is not missed]
    if not listed:
        return None
    return Finding(Belief.RULED_OUT, f"{who} is among those that {what} finds.", (listed[0], group))


def _path(unit: str) -> str:
    return unit.strip().rstrip("/").lower()


def _steps() -> tuple[Step, ...]:
    return (
        look(
            "See the group's container and filter, and whom they find now.",
            "$group = Get-DynamicDistributionGroup {group}; "
            "$group | Format-List Name,RecipientContainer,RecipientFilter,IncludedRecipients; "
            "Get-Recipient -ResultSize Unlimited -RecipientPreviewFilter $group.RecipientFilter "
            "-OrganizationalUnit $group.RecipientContainer | Format-Table Name,RecipientTypeDetails,PrimarySmtpAddress",
            group="",
        ),
        look(
            "See where one who is missed stands, and what kind of recipient that is.",
            "Get-Recipient {recipient} | Format-List Name,RecipientTypeDetails,OrganizationalUnit",
            recipient="",
        ),
        change(
            "Name a container that holds all who are meant.",
            "Set-DynamicDistributionGroup {group} -RecipientContainer {organizational_unit}",
            changes="The group reaches everybody below that unit who meets its filter.",
            undo="Set-DynamicDistributionGroup with the RecipientContainer that the first step printed.",
            verify="The first step lists the recipient who was missed.",
            group="",
            organizational_unit="",
        ),
        change(
            "Where mailboxes in Exchange Online are left out, let the filter take remote mailboxes, too.",
            "Set-DynamicDistributionGroup {group} -IncludedRecipients MailboxUsers,MailUsers",
            changes="The group reaches mail users as well: remote mailboxes, and everybody else with "
            "an address outside. A filter that was written by hand is replaced.",
            undo="Set-DynamicDistributionGroup with the RecipientFilter or IncludedRecipients that "
            "the first step printed.",
            verify="The first step lists the recipient who was missed.",
            group="",
        ),
    )
