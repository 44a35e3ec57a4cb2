"""The account at the mail provider is new, on trial or not verified, so the provider sends only what it can check.

## What is happening
Providers keep new accounts apart until they know the customer: Amazon SES in its sandbox sends only to addresses that were
verified, Mailgun's sandbox domain only to authorized recipients, Postmark only inside the sender's own domain until the
account is approved, MailerSend and Resend only to the account's owner, Brevo nothing before the account is activated.
Outlook.com refuses what a new or suspicious private account sends (`WASCL UserAction verdict … ShowTierUpgrade`) until its
owner has signed in and verified it. Nothing is wrong with the recipient, with DNS or with the application.

## What proves it
- the reply says it: `Sandbox subdomains are for test purposes only`, `While your account is pending approval`, `Trial
  accounts can only send`, `You can only send testing emails to your own email address`
- Amazon SES: the identity that failed the check is the recipient's address; mail to a verified address goes

## Not this when
- the identity that failed the check is the sender's: it has to be verified in any case (`auth-smtp.sendas.mismatch`)
- an account of an organization's tenant is refused: then Defender restricted it
  (`quota-throttle.sender.outbound-policy-restricted`)

## References
- https://docs.aws.amazon.com/ses/latest/dg/request-production-access.html
- https://docs.aws.amazon.com/ses/latest/dg/verify-addresses-and-domains.html
- https://postmarkapp.com/developer/api/overview#error-codes
"""

from __future__ import annotations

from typing import Final

from diagnostics.cause import Belief, Finding, cause, change
from diagnostics.causes.recipient.steps import advise
from diagnostics.facts import Said
from diagnostics.patterns import linear
from diagnostics.report import Step

_SAID: Final = (
    "Sandbox subdomains are for test purposes only",  # Mailgun
    "Free accounts are for test purposes only",
    "While your account is pending approval",  # Postmark
    "Trial accounts can only send",  # MailerSend
    "You can only send testing emails to your own email address",  # Resend
    "Your SMTP account is not yet activated",  # Brevo
)
SES: Final = "The following identities failed the check in region"
_PRIVATE: Final = "ShowTierUpgrade"  # of private accounts at Outlook.com
_FAILED = linear(r"(?i)failed the check in region [\w-]{2,30}: ?<?([\w.+'=-]{1,64}@[\w.-]{1,253}\w)")
_TO = linear(r"(?i)(?:\bto=|\bRCPT TO:\s?|\bto: ?)<?([\w.+'=-]{1,64}@[\w.-]{1,253}\w)")


@cause(id="policy.provider.account-on-trial", act="sender", says=(*_SAID, SES, _PRIVATE))
def assess(said: Said) -> Finding | None:
    """The provider's own words; Amazon SES names the address that failed, and the line tells whose it is."""
    if said.signature in _SAID:
        because = f"The provider says that the account is still on trial there: `{said.signature}`."
        return Finding(Belief.CONFIRMED, because, (said,), _steps())
    if said.signature == _PRIVATE:
        because = "Outlook.com refuses what this private account sends, and asks its owner to raise its standing: such accounts "
        because += "have to be verified by signing in on the web."
        return Finding(Belief.POSSIBLE, because, (said,), (_verify(),), weight=1.0)
    if sender_unverified(said):
        return None
    if recipient_unverified(said):
        because = "Amazon SES did not find the recipient's address among those that were verified, which it asks of accounts in "
        because += "its sandbox alone."
        return Finding(Belief.CONFIRMED, because, (said,), _steps())
    because = "If the address that failed the check is the recipient's, the account is still in Amazon SES's "
    because += "sandbox (each region has its own)."
    return Finding(Belief.POSSIBLE, because, (said,), _steps(), weight=1.5)


def recipient_unverified(said: Said) -> bool:
    """Whether the line in which Amazon SES names the unverified address has the same one as the recipient."""
    failed, to = _addresses(said)
    return bool(failed) and failed == to


def sender_unverified(said: Said) -> bool:
    """Whether that line has another address as the recipient."""
    failed, to = _addresses(said)
    return bool(failed and to) and failed != to


def _addresses(said: Said) -> tuple[str, str]:
    """The address that failed the check, and the recipient's; "" where the line does not tell."""
    failed, to = _FAILED.search(said.text), _TO.search(said.source.quote)
    return str(failed.group(1)).lower() if failed else "", str(to.group(1)).lower() if to else ""


def _verify() -> Step:
    return advise(
        "Sender: sign in to the account at outlook.com in a browser, and answer what it asks (a code by phone)."
    )


def _steps() -> tuple[Step, ...]:
    return (
        advise(
            "See in the provider's console whether the account is in its sandbox or on trial, for this region and this domain."
        ),
        change(
            "Ask the provider for full access: Amazon SES, Request production access; Postmark, Request approval; "
            "Mailgun, add and verify a domain of your own. For a test, verify the recipient's address there.",
            "",
            shell="portal",
            changes="The account may then send to everybody, within its quota.",
            undo="None is needed; an address that was verified for a test can be deleted again.",
            verify="The same message to the same recipient is accepted.",
        ),
    )
