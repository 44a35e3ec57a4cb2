"""The user, or the program that sends for them, may not send as the address in From.

## What is happening
Somebody sends from a shared or another person's mailbox in Outlook or OWA, and the store refuses the
submission. Full Access to the mailbox lets them open it and isn't enough to send: that takes Send As, or Send
on Behalf. The report carries `0x80070005` and "You do not have the permission to send the message on behalf
of the specified user". Programs that send for users (BlackBerry Enterprise Server, CRM and fax connectors) fail alike:
their service account lost Send As on the users. Members of protected groups lose it again every hour, when Windows
resets their permissions (AdminSDHolder).

## What proves it
- the reply itself, and no Send As entry for the sender on the mailbox
- `SubmitMessage (0x80070005)`, MapiExceptionNoAccess or E_ACCESSDENIED of the function that sends

## Not this when
- an application signed in with SMTP AUTH (`5.2.252`, `5.7.60` in the SMTP session):
  `auth-smtp.sendas.mismatch`
- the user is among the trustees with Send As, where the mailbox of the user is
- the right was granted less than an hour ago: it must first take effect

## References
- https://learn.microsoft.com/en-us/troubleshoot/exchange/mailflow/cannot-send-email-with-full-access
"""

from __future__ import annotations

from msgspec.structs import replace

from diagnostics.cause import Belief, Finding, cause, change, look, shown
from diagnostics.causes.recipient.steps import EXO, advise
from diagnostics.facts import Said
from diagnostics.mail_facts import ClientError, Configured, Told
from diagnostics.patterns import linear
from diagnostics.recognisers.mapi_submit import by_service, submission_denied
from diagnostics.report import Act, Step

# What Outlook's report prints: six digits, and eight since 2016.
_CODES = ("0x80070005-0x0004dc-0x000524", "0x80070005-0x000004dc-0x00000524")

# What Exchange Web Services and Graph say.
_SERVICE = "does not have the right to send mail on behalf of the specified sending account"

# Its errors are JSON, and there is none on-premises.
_GRAPH = linear(r"(?i)\"code\"\s?:\s?\"ErrorSendAsDenied\"|graph\.microsoft\.")


@cause(
    id="store.submission.send-as-denied",
    act="on-prem",
    says=(
        *_CODES,
        "You do not have the permission to send the message on behalf of the specified user",
        "Error is [0x80070005-00000000-00000000]",
        "0x80070005-00000000-00000000",
        "You can't send a message on behalf of this user unless you have permission to do so",
        "Berechtigung, um die Nachricht im Auftrag des angegebenen Benutzers zu senden",
        "autorisé à envoyer le message au nom de l'utilisateur spécifié",
        "permiso para enviar el mensaje en nombre del usuario especificado",
        _SERVICE,
        "ErrorSendAsDenied",
        "MapiExceptionSendAsDenied",
        "SendAsDeniedException",
        "5.7.1 STOREDRV.Submit",
    ),
    against={
        "Client does not have permissions to send as this sender": (
            "is said to an SMTP client; the store refuses mail of Outlook with `SendAsDenied`"
        ),
    },
)
def assess(said: Said | ClientError | Told, settings: tuple[Configured, ...]) -> Finding | None:
    """Outlook's own words are proof; the exception in an SMTP reply mostly belongs to a client that signed in by SMTP."""
    if isinstance(said, Told):
        return _told(said)
    if isinstance(said, ClientError):
        return _of_program(said) if submission_denied(said.text) else None
    found = _denied(said)
    if found is None or found.act or not any(map(_in_cloud, settings)):
        return found
    return replace(found, act="exchange-online")


@shown
def rights(objects: tuple[Configured, ...]) -> Finding | None:
    """Who has Send As. That somebody else has it tells nothing of the sender, unless the list was asked for this user as well."""
    rows = [
        each for each in objects if each.kind == "recipient-permission" and "sendas" in each.get("AccessRights").lower()
    ]
    others = [each for each in rows if not each.get("Trustee").upper().endswith("\\SELF")]
    if rows and not others:
        because = f"Nobody but the mailbox{f' {rows[0].name}' if rows[0].name else ''} itself has Send As on it."
        behalf = [each.items("GrantSendOnBehalfTo") for each in objects if each.told("GrantSendOnBehalfTo")]
        sure = bool(behalf) and not any(behalf)
        return Finding(Belief.CONFIRMED if sure else Belief.LIKELY, because, (rows[0],), _steps())
    trustees = [each.get("Trustee").lower() for each in others]
    user = next((each for each in others if trustees.count(each.get("Trustee").lower()) > 1), None)
    user = user or (others[0] if len(rows) == 1 else None)
    if user is None:
        return None
    return Finding(Belief.RULED_OUT, f"{user.get('Trustee')} has Send As on {user.name or 'the mailbox'}.", (user,))


def _told(told: Told) -> Finding | None:
    """What a person tells, with nothing pasted, makes it possible at most."""
    if told.story != "on-behalf-across-the-premises":
        return None
    because = "Rights to send for somebody are kept where they were given, and one of the two mailboxes moved, as you "
    because += "tell it: synchronization does not carry them to the other side, where they have to be given again."
    return Finding(Belief.POSSIBLE, because, (told,), _steps(), "on-prem", weight=1.8)


def _in_cloud(each: Configured) -> bool:
    """Whether it tells that the sender's mailbox is in Exchange Online: rights granted on-premises don't count there."""
    if each.kind == "outlook-report":
        return each.name.endswith(".prod.outlook.com")
    return each.kind == "told-tenant"


def _denied(said: Said) -> Finding | None:
    low = said.text.lower()
    if any(each in low for each in _CODES) or "permission to send the message on behalf" in low:
        because = (
            "The sender has no Send As or Send on Behalf right for the mailbox in From; Full "
            "Access alone does not give it."
        )
        return Finding(Belief.CONFIRMED, because, (said,), _steps())
    if "5.2.252" in low or "5.7.60" in low or "submission.exception" in low:
        because = (
            "The account that submitted the message may not send as the mailbox in From; in an "
            "SMTP session that is the login account."
        )
        return Finding(Belief.POSSIBLE, because, (said,), _steps(), weight=1.0)
    if said.signature == _SERVICE or said.signature == "ErrorSendAsDenied":
        because = "The account that called the service has no Send As or Send on Behalf right for the mailbox in From."
        act: Act | None = "exchange-online" if _GRAPH.search(said.text) else None
        return Finding(Belief.LIKELY, because, (said,), _steps(), act, weight=1.0)
    because = "The store refused the submission: access denied for the mailbox in From."
    return Finding(Belief.LIKELY, because, (said,), _steps(), weight=1.0)


def _of_program(error: ClientError) -> Finding:
    """A program that submits by MAPI or EWS in the name of users."""
    account = "The account that the program signs in with"
    if by_service(error.text):
        because = f"{account} was denied access when it sent: it lacks Send As, or the right to impersonate the user."
        return Finding(Belief.POSSIBLE, because, (error,), (_rights(), *_steps()), weight=1.0)
    because = f"{account} was denied access (0x80070005) when it submitted: it has no Send As right for the user."
    return Finding(Belief.LIKELY, because, (error,), (_rights(), *_steps()), weight=1.0)


def _rights() -> Step:
    return look(
        "On-premises, see who has Send As on the user, and whether the user is in a protected group (adminCount 1): Windows "
        "takes the right from its members every hour.",
        "Get-ADPermission {mailbox} | Where-Object {{ $_.ExtendedRights -like '*Send-As*' }} | Format-Table User,Deny; "
        "Get-ADUser {user} -Properties adminCount | Format-List Name,adminCount",
        mailbox="",
        user="",
    )


def _steps() -> tuple[Step, ...]:
    return (
        look(
            "In Exchange Online, see who has Send As on the mailbox.",
            "Get-RecipientPermission {mailbox} | Format-Table Identity,Trustee,AccessRights; "
            "Get-RecipientPermission {mailbox} -Trustee {user} | Format-Table Identity,Trustee,AccessRights",
            EXO,
            mailbox="",
            user="",
        ),
        look(
            "See who may send on behalf of it.",
            "Get-Mailbox {mailbox} | Format-List GrantSendOnBehalfTo,MessageCopyForSentAsEnabled",
            mailbox="",
        ),
        advise(
            "On-premises, grant Send As in the Exchange admin center (the mailbox, mailbox delegation, Send "
            "As); with the shell it is the extended right 'Send As' on the mailbox's directory object. It "
            "takes up to an hour."
        ),
        change(
            "In Exchange Online, grant Send As.",
            "Add-RecipientPermission {mailbox} -Trustee {user} -AccessRights SendAs",
            shell=EXO,
            changes="The user may send messages that look as if the mailbox itself had sent them.",
            undo="Remove-RecipientPermission with the same mailbox, trustee and right.",
            verify="After up to an hour the user's message from that mailbox is delivered.",
            mailbox="",
            user="",
        ),
    )
