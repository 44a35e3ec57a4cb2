"""The sending service doesn't send to this address any more, as it bounced, complained or unsubscribed once.

## What is happening
Services that send for programs (Amazon SES, SendGrid, Mailgun, Postmark, Brevo, Mailjet, SparkPost, Resend …) keep a
suppression list: an address that bounced hard, whose owner pressed "spam" or unsubscribed is put on it, and from then on the
service takes each message for it and drops it, to save its good name. The recipient's server never hears of the message, so
neither the mailbox, nor DNS, nor the recipient's filter has a part in it. A bounce that was wrong at the time (a full mailbox,
an outage, a mistyped record) is remembered in the same way, and Amazon SES has a list of all its customers beside the account's.

## What proves it
- the service's own words: `Not delivering to previously bounced address` (Mailgun 605), `marked as inactive` (Postmark 406),
  `Bounced Address` on a dropped event (SendGrid), `on the suppression list for your account` (Amazon SES), `preblocked`
  (Mailjet), `recipient address suppressed` (SparkPost), `due to blacklist user` (Brevo)
- the address stands among the service's bounces, blocks or complaints, and mail to others goes out

## Not this when
- the address is on no such list of the service, and its event says delivered or deferred
- the refusal is the recipient's server's, at this very attempt (`recipient.unknown.remote`, `policy.remote.rejected`)
- it is the sender who is barred: the account (`policy.provider.account-on-trial`) or its address
- the list that is meant is one of sending servers' addresses (`reputation.ip.dnsbl-listed`)

## References
- https://docs.aws.amazon.com/ses/latest/dg/sending-email-suppression-list.html
- https://www.twilio.com/docs/sendgrid/ui/sending-email/index-suppressions
- https://postmarkapp.com/developer/api/overview#error-codes
- https://documentation.mailgun.com/docs/mailgun/user-manual/sending-messages/send-suppressions
"""

from __future__ import annotations

from typing import Final

from diagnostics.cause import Belief, Finding, cause, change, look, shown
from diagnostics.causes.recipient.steps import advise
from diagnostics.facts import Said
from diagnostics.mail_facts import Configured
from diagnostics.recognisers.suppressed import FREE, KIND
from diagnostics.report import Step

_SES: Final = "Amazon SES"
_SAID: Final = (
    "Amazon SES has suppressed sending to this address",
    "Amazon SES did not send the message to this address because it is on the suppression list",
    "Address is on the suppression list",
    "is on the account-level suppression list",  # Resend
    "Resend has suppressed sending to this address",
    "Not delivering to previously bounced address",  # Mailgun 605
    "Not delivering to unsubscribed address",
    "Not delivering to a user who marked your messages as spam",
    "recipient(s) that have been marked as inactive",  # Postmark 406
    "a recipient that has been marked as inactive",
    "Inactive recipients are ones that have generated a hard bounce",
    "recipient address suppressed due to",  # SparkPost
    "recipient address was suppressed due to",
    "Sending has been blocked because contact is blacklisted",  # Brevo
    "Recipient is on suppression list",
    "Recipient is on the suppression list",
    "recipient address is on the suppression list",
    "is on suppression list (reason:",  # Postal
    "is on the suppression list (reason:",
)


@cause(id="policy.provider.recipient-suppressed", act="sender", says=_SAID)
def assess(anchor: Said | Configured) -> Finding | None:
    """The service's own sentence proves it; a word of its events, or what people tell of its list, makes it likely."""
    if isinstance(anchor, Said):
        if anchor.kind == "stray" and anchor.source.quote.rstrip().endswith("?"):
            return None
        because = f"The sending service says that it doesn't send to this address any more: `{anchor.signature}`."
        return Finding(Belief.CONFIRMED, because, (anchor,), _steps(ses="SES" in anchor.text))
    if anchor.kind != KIND:
        return None
    words = anchor.get("Words")
    if anchor.name:
        because = f"`{words}` is what {anchor.name} says of an address on its suppression list: it sends nothing there."
        return Finding(Belief.LIKELY, because, (anchor,), _steps(ses=anchor.name == _SES), weight=1.9)
    because = (
        f"The address stands on the sending service's suppression list, as you say (`{words}`): nothing is sent to it."
    )
    return Finding(Belief.LIKELY, because, (anchor,), _steps(ses="SES" in anchor.source.quote), weight=1.5)


@shown
def asked(listed: tuple[Configured, ...]) -> Finding | None:
    """The list of Amazon SES, asked for the address."""
    answers = [each for each in listed if each.kind in (KIND, FREE) and each.source.paste > 0]
    if not answers:
        return None
    if answers[-1].kind == FREE:
        because = "The service's list does not have the address."
        return Finding(Belief.RULED_OUT, because, (answers[-1],))
    because = f"The service's own list has the address (`{answers[-1].get('Words')}`)."
    return Finding(Belief.LIKELY, because, (answers[-1],), _steps(ses=True))


def _steps(*, ses: bool) -> tuple[Step, ...]:
    ask = look(
        "Ask the account's list, in the region that sends.",
        "aws sesv2 get-suppressed-destination --email-address {recipient:token}",
        "bash",
        recipient="",
    )
    console = advise(
        "In the service's console, look the address up among its suppressions (bounces, blocks, spam reports, unsubscribes), "
        "and read why and when it was put there."
    )
    allow = change(
        "If that reason is mended (the mailbox exists and takes mail), take the address off the list. Who complained or "
        "unsubscribed has to ask for it.",
        "",
        shell="portal",
        changes="The service sends to this address again. If it bounces anew, it is put back, and the bounce rate rises.",
        undo="Add the address to the list again.",
        verify="The next message's event is delivered, no longer dropped, blocked or rejected.",
    )
    return (ask, console, allow) if ses else (console, allow)
