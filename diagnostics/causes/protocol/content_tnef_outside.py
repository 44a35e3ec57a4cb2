"""Recipients outside get a winmail.dat in place of attachments, because the message left in Rich Text (TNEF).

## What is happening
Outlook's Rich Text is wrapped in TNEF, which other mail programs show as one attachment, winmail.dat. Exchange turns
it into HTML for outsiders unless the remote domain (TNEFEnabled True), the contact (UseMapiRichTextFormat Always) or
the sender's Outlook demands Rich Text.

## What proves it
- the received message has a part `application/ms-tnef`, named winmail.dat
- Get-RemoteDomain shows TNEFEnabled True for the domain, or the contact has UseMapiRichTextFormat Always

## Not this when
- TNEFEnabled is False for all remote domains: Exchange turns everything into HTML then
- a report names a damaged winmail.dat, or the message comes back (`protocol.mime.corrupt`)
- a header line is too long (`content-size.header.x-dg-ref`): the message is refused then

## References
- https://learn.microsoft.com/en-us/troubleshoot/exchange/send-emails/how-to-specify-email-message-format
- https://learn.microsoft.com/en-us/exchange/mail-flow/content-conversion/tnef-conversion
- https://learn.microsoft.com/en-us/powershell/module/exchangepowershell/set-remotedomain
"""

from __future__ import annotations

from collections.abc import Iterable

from diagnostics.cause import Belief, Finding, cause, change, look, shown
from diagnostics.causes.stories import told_as
from diagnostics.mail_facts import Configured, Told
from diagnostics.report import Step

_STORY = "winmail-in-place-of-attachments"


@cause(id="protocol.content.tnef-outside", act="on-prem")
def assess(told: Told, _domain: Configured | None, objects: tuple[Configured, ...]) -> Finding | None:
    """The name of the attachment tells what it is; a setting that demands Rich Text tells why."""
    if told.story != _STORY:
        return None
    demands = next((each for each in objects if _rich(each)), None)
    if demands:
        because = f"`{demands.get('DomainName') or demands.name or 'The object'}` demands Rich Text, which "
        because += "arrives as winmail.dat."
        return Finding(Belief.LIKELY, because, (demands, told), _steps(demands.name), complete=True)
    because = (
        "winmail.dat is Outlook's Rich Text (TNEF), which the recipient's program can't read: the remote domain, the "
    )
    because += "contact or the sender's Outlook demands it."
    return told_as(_STORY, told, because, _steps(""), weight=1.9)


@shown
def formats(objects: tuple[Configured, ...]) -> Finding | None:
    """Whether anything demands Rich Text, or a remote domain forbids it; where that is left open, the sender's Outlook may."""
    rich = next((each for each in objects if _rich(each)), None)
    if rich:
        because = (
            f"`{rich.get('DomainName') or rich.name or 'The object'}` demands Rich Text, which arrives as winmail.dat."
        )
        return Finding(Belief.LIKELY, because, (rich,), _steps(rich.name))
    plain = never_rich(objects)
    if plain is None:
        return None
    because = f"Rich Text is sent to nobody outside: TNEFEnabled is False for `{plain.get('DomainName')}`."
    return Finding(Belief.RULED_OUT, because, (plain,))


def never_rich(objects: Iterable[Configured]) -> Configured | None:
    """The remote domain of everybody, where neither it nor any other that was listed lets Rich Text out."""
    domains = [each for each in objects if each.kind == "remote-domain" and each.told("TNEFEnabled")]
    domains = [each for each in domains if not each.get("DomainName").lower().endswith(".onmicrosoft.com")]
    if not domains or not all(each.flag("TNEFEnabled") is False for each in domains):
        return None
    return next(filter(of_everybody, domains), None)


def of_everybody(domain: Configured) -> bool:
    """Whether it is the remote domain of all who have none of their own."""
    return domain.kind == "remote-domain" and (domain.get("DomainName") == "*" or domain.name in ("*", "Default"))


def _rich(each: Configured) -> bool:
    """Whether it demands Rich Text. The domain of the other premises of a hybrid has to."""
    if each.get("DomainName").lower().endswith(".onmicrosoft.com"):
        return False
    return each.flag("TNEFEnabled") is True or each.get("UseMapiRichTextFormat").lower() == "always"


def _steps(remote_domain: str) -> tuple[Step, ...]:
    return (
        look(
            "See which remote domains and contacts demand Rich Text (True, Always).",
            "Get-RemoteDomain | Format-Table Name,DomainName,TNEFEnabled; "
            "Get-MailContact -ResultSize Unlimited | Where-Object {{ $_.UseMapiRichTextFormat -eq 'Always' }} | "
            "Format-Table Name,ExternalEmailAddress,UseMapiRichTextFormat",
        ),
        change(
            "Send that domain no Rich Text.",
            "Set-RemoteDomain {remote_domain} -TNEFEnabled $false",
            changes="Messages to that domain are turned into HTML; never set it on the domain of the "
            "other premises of a hybrid.",
            undo="Set-RemoteDomain with the TNEFEnabled that the first step printed (empty is $null).",
            verify="The next message with an attachment arrives as it was sent.",
            remote_domain=remote_domain,
        ),
        change(
            "Or, where one contact demands it, send that contact none; the sender's own entry for it "
            "in Outlook may demand it too.",
            "Set-MailContact {contact} -UseMapiRichTextFormat Never",
            changes="Messages to that contact are turned into HTML.",
            undo="Set-MailContact with the UseMapiRichTextFormat that the first step printed.",
            verify="The next message with an attachment arrives as it was sent.",
            contact="",
        ),
    )
