"""The Content Filter agent of the receiving Exchange server took the message for spam.

## What is happening
The anti-spam agents of Exchange Server score every anonymous message (SCL). From the reject threshold on the agent
answers `550 5.7.1 Message rejected as spam by Content Filtering`; from the quarantine threshold on it puts the message
into the quarantine mailbox and says 5.2.1. The score is this server's own judgement of the content.

## What proves it
- the words themselves, or the agent log with Content Filter Agent and the score

## Not this when
- the Content Filter agent is switched off on that server
- the sender was refused by an entry (`policy.antispam.sender-blocked`)

## References
- https://learn.microsoft.com/en-us/exchange/antispam-and-antimalware/antispam-protection/content-filtering
- https://learn.microsoft.com/en-us/exchange/mail-flow/non-delivery-reports-and-bounce-messages/non-delivery-reports-and-bounce-messages
"""

from __future__ import annotations

from diagnostics.cause import Belief, Finding, cause, change, look
from diagnostics.causes.policy.deleting_agent import SAYS, Deletion, deletion, steps
from diagnostics.causes.policy.said import refusal, reply_of
from diagnostics.causes.reader import from_outside
from diagnostics.facts import Reply, Said
from diagnostics.mail_facts import AgentAction, Configured, Tracked
from diagnostics.report import Act, Step


@cause(
    id="policy.antispam.content-filter-local",
    act="on-prem",
    says=("Message rejected as spam by Content Filtering", "Content Filter agent quarantined this message", *SAYS),
    against={
        "5.1.0 Sender denied": "looks the sender up in a list, and reads no content",
    },
)
def assess(
    anchor: Said | AgentAction,
    replies: tuple[Reply, ...],
    entries: tuple[Tracked, ...],
    objects: tuple[Configured, ...],
) -> Finding | None:
    """The agent's own words, or its name at a message that was deleted."""
    if isinstance(anchor, Said) and anchor.signature in SAYS:
        return _deleted(deletion(anchor, entries))
    if isinstance(anchor, AgentAction):
        if not anchor.agent.lower().startswith("content filter"):
            return None
        if anchor.action.lower() == "acceptmessage":
            because = (
                f"The Content Filter agent let the message of `{anchor.sender or anchor.ip or 'this sender'}` pass "
            )
            return Finding(Belief.RULED_OUT, f"{because}({anchor.reason or anchor.action}).", (anchor,))
        if not anchor.failing:
            return None
        score = f" with an SCL of {anchor.reason_data}" if anchor.reason_data.strip().isdigit() else ""
        because = f"The Content Filter agent of this server acted ({anchor.action}) on the message of "
        because += f"`{anchor.sender or anchor.ip or 'this sender'}`{score}."
        return Finding(Belief.CONFIRMED, because, (anchor,), _steps(), weight=1.0)
    refused = refusal(anchor, replies)
    reply = reply_of(anchor, replies)
    # Who holds the report of a refusal is the sender; the server that refused is another organization's.
    reported = (reply is not None and reply.kind in ("ndr", "dsn")) or from_outside(anchor, replies, objects)
    act: Act = "recipient-side" if reported else "on-prem"
    because = (
        f"{refused.where} is an Exchange server whose Content Filter agent took the message to {refused.whom} for spam."
    )
    if act == "recipient-side":
        because += " Only its administrators can change that; the sender can change the content."
    return Finding(Belief.CONFIRMED, because, (anchor,), _steps(), act)


def _deleted(found: Deletion | None) -> Finding | None:
    """From the delete threshold on the agent deletes, and tells nobody."""
    if found is None or found.kind not in ("spam", ""):
        return None
    if not found.agent:
        because = f"A transport agent of this server deleted the message to {found.whom} without a report; the Content Filter "
        because += "agent does that from its delete threshold on."
        return Finding(Belief.POSSIBLE, because, found.evidence, (*steps(found), *_steps()), weight=1.1)
    because = f"`{found.agent}` deleted the message to {found.whom} as spam, without a report."
    own = found.agent.lower().startswith("content filter")
    belief = Belief.CONFIRMED if own else Belief.LIKELY
    return Finding(belief, because, found.evidence, _steps() if own else steps(found), weight=1.2)


def _steps() -> tuple[Step, ...]:
    return (
        look(
            "On the receiving server, see what the agent did with messages of the last day, and their scores.",
            "Get-AgentLog -StartDate (Get-Date).AddDays(-1) | Where-Object {{$_.Agent -match 'Content Filter'}} | "
            "Select-Object -Last 20 | Format-List Timestamp,P1FromAddress,Action,Reason,ReasonData",
        ),
        look(
            "Read its thresholds.",
            "Get-ContentFilterConfig | Format-List Enabled,SCLRejectEnabled,SCLRejectThreshold,SCLQuarantineEnabled,"
            "SCLQuarantineThreshold,SCLDeleteEnabled,SCLDeleteThreshold,QuarantineMailbox",
        ),
        change(
            "If wanted mail is refused again and again: raise the threshold by one.",
            "Set-ContentFilterConfig -SCLRejectThreshold {threshold:token}",
            changes="Messages with the score that was refused so far get in, as junk.",
            undo="Set-ContentFilterConfig -SCLRejectThreshold with the old number.",
            verify="The same message sent again is delivered.",
            threshold="",
        ),
    )
