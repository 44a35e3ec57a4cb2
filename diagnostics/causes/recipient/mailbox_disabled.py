"""The recipient's mailbox is disabled or closed for mail.

## What is happening
The address is known to the recipient's server, but its mailbox doesn't take mail: the account is disabled,
suspended for not being used, or locked by the provider. `550 5.2.1` with words such as "mailbox disabled, not
accepting messages" says so.

## What proves it
- the words of the recipient's server; its administrators can confirm the state of the account

## Not this when
- the text after 5.2.1 speaks of the Content Filter agent: then the message was quarantined
  (`policy.antispam.content-filter-local`)
- it speaks of a rate: the mailbox gets too much mail at once
- the mailbox is full (5.2.2)

## References
- https://www.rfc-editor.org/rfc/rfc3463
"""

from __future__ import annotations

from typing import Final

from diagnostics.cause import Belief, Finding, cause, look
from diagnostics.causes.recipient.lookup import address, by_microsoft, named
from diagnostics.causes.recipient.steps import EXO, advise
from diagnostics.facts import Reply, Said, Session
from diagnostics.patterns import linear
from diagnostics.refusals import topics
from diagnostics.report import Shell, Step

_UNAVAILABLE: Final = "Requested action not taken: mailbox unavailable"  # RFC 5321's own words for 450 and 550
_WORDS: Final = (
    "disabled",
    "not accepting",
    "cannot be accessed",
    "suspend",
    "inactive",
    "deactivated",
    "frozen",
    "quarantined",
    "no longer accept",
    "closed",
    "blocked",
    "expired",
    "not active",
    "discontinued",
    "locked",
    "archiv",
    "terminated",
    "not activated",
    "deaktiviert",
    "gesperrt",
    "désactivé",
    "desactivad",
    "disattivat",
    "sospes",
)
_OF_CONSUMERS: Final = linear(r"\(S20\d{8,}\)")  # Outlook.com's number of the session
# Nouns of other mail systems; refusals.toml reads what is said of them.
_NOUNS: Final = (
    "mailbox", "account", "user", "recipient", "address", "inactivity", "DisabledUser", "suspend", "deactivated", "locked",
    "skrzynka", "usuario", "casilla", "utente", "conta", "usuário", "Benutzer", "Empfänger", "ящик", "аккаунт",
    "Konto", "Postfach", "boîte", "boite", "compte", "cuenta", "casella", "caixa",
)  # fmt: skip
_OTHERS: Final = (
    "content filter",
    "message was quarantin",
    "unable to quarantine",
    "over quota",
    "at a rate",
    "too quickly",
    "quota",
    "mailbox full",
    "is full",
    "authenticat",
    "your account",
    "sender",
)


@cause(
    id="recipient.mailbox.disabled",
    act="recipient-side",
    says=(
        "mailbox disabled",
        "Mailbox is disabled",
        "Mailbox cannot be accessed",
        "not accepting messages",
        "account that you tried to reach is disabled",
        "account that you tried to reach is inactive",
        "account has been disabled",
        "account has been suspended",
        "account is disabled",
        "account is suspended",
        "account disabled",
        "user suspended",
        "mailbox is inactive",
        "mailbox is frozen",
        "deactivated mailbox",
        "temporarily inactive",
        "no longer accepts mail",
        "Archived recipient",
        "Recipient mailbox quarantined",
        "5.2.1",
        _UNAVAILABLE,
        *_NOUNS,
    ),
)
def assess(said: Said, replies: tuple[Reply, ...], sessions: tuple[Session, ...]) -> Finding | None:
    """The words after the number decide."""
    low = said.text.lower()
    if any(words in low for words in _OTHERS) or any(s.source == said.source and s.answers == "AUTH" for s in sessions):
        return None  # the account of a logon is another matter
    if said.signature in _NOUNS and (
        "closed" not in topics(said) or by_microsoft(said) or low.lstrip("( ").startswith("535")
    ):
        return None
    if topics(said) & {"listed", "entry"} and "closed" not in topics(said):
        return None  # the sending side is what is blocked
    wanted = address(said, replies)
    if said.signature == _UNAVAILABLE:
        return _unavailable(said, wanted)
    who = said.by or "The recipient's server"
    own = by_microsoft(said)
    because = f"{who} knows {named(wanted, 'the address')}, but its mailbox is disabled or closed for mail."
    if any(words in low for words in _WORDS) or "closed" in topics(said):
        return Finding(Belief.LIKELY, because, (said,), _steps(wanted, own), weight=1.4)
    return Finding(Belief.POSSIBLE, because, (said,), _steps(wanted, own), weight=1.5)


def _unavailable(said: Said, wanted: str) -> Finding | None:
    """Consumer services say it of an address that nobody has, and of one that was closed or left unused for long."""
    if not said.text.startswith("5") or not _OF_CONSUMERS.search(said.text):
        return None
    because = f"Outlook.com says this of addresses that don't exist, and of {named(wanted, 'one')} that was closed after a long "
    because += "time without a logon."
    return Finding(Belief.POSSIBLE, because, (said,), _steps(wanted, False), weight=1.0)


def _steps(wanted: str, online: bool) -> tuple[Step, ...]:
    shell: Shell = EXO if online else "exchange-management-shell"
    return (
        advise("Sender: reach the recipient another way; only the recipient's side can open the mailbox again."),
        look(
            "If the mailbox is in your own organization, see its state.",
            "Get-Mailbox {address} | Format-List "
            "AccountDisabled,RecipientTypeDetails,AcceptMessagesOnlyFrom*,MaxReceiveSize",
            shell,
            address=wanted,
        ),
    )
