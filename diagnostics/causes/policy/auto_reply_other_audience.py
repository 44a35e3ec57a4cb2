"""Of an automatic reply's two versions one is dropped, because it is for the other audience; nothing is wrong.

## What is happening
Exchange makes an automatic reply for colleagues and one for people outside, sends both, and drops the one that
doesn't fit whoever wrote. A message trace shows that as a Drop with `250 2.1.5 RESOLVER.OOF.IntToExt; handled
internal OOF addressed to external recipient`, beside a delivered reply. A success (250) closes it, and nobody is
meant to be told.

## What proves it
- a token RESOLVER.OOF with the status 2.1.5 (IntToExt, ExtToInt, ExtToOpenDomainInt, LegacyToExt …)

## Not this when
- no second reply was delivered: then the mailbox answers only inside, or the remote domain lets none out
  (RESOLVER.MSGTYPE.AR, `policy.forwarding.remote-domain-off`)
- the mailbox forwards by a setting (`policy.auto-reply.mailbox-forwards`)

## References
- https://learn.microsoft.com/en-us/troubleshoot/exchange/email-delivery/understand-troubleshoot-oof-replies
"""

from __future__ import annotations

from typing import Final

from diagnostics.cause import Belief, Finding, cause, look
from diagnostics.causes.recipient.steps import EXO
from diagnostics.facts import Said
from diagnostics.mail_facts import Traced
from diagnostics.report import Step

_WORDS: Final = (
    "handled internal OOF addressed to external recipient",
    "handled external OOF addressed to internal recipient",
    "handled legacy OOF addressed to external recipient",
)


@cause(id="policy.auto-reply.other-audience", act="exchange-online", says=_WORDS, benign=True)
def assess(said: Said | Traced) -> Finding | None:
    """The words say which version met whom."""
    words = said.detail.lower() if isinstance(said, Traced) else said.text.lower()
    if not any(each.lower() in words for each in _WORDS):
        return None
    whom = "outside" if "to external" in words else "inside"
    because = f"That is the version of an automatic reply that is not for somebody {whom}, and Exchange drops "
    because += "it on purpose: the "
    because += "other version is sent. If that person got none, see whether the mailbox answers both audiences."
    return Finding(Belief.LIKELY, because, (said,), _steps())


def _steps() -> tuple[Step, ...]:
    return (
        look(
            "If a reply is missed, see whom the mailbox answers: ExternalAudience None answers nobody outside.",
            "Get-MailboxAutoReplyConfiguration {mailbox} | Format-List AutoReplyState,ExternalAudience,InternalMessage,"
            "ExternalMessage",
            EXO,
            mailbox="",
        ),
    )
