"""A .NET exception that a transport agent of another maker threw, as an event or a log of the agent shows it with its stack.

The exception's own words ("The specified string is not in the form required for an e-mail address") are about whatever the agent
worked on: no server said them of a message.
Source: https://learn.microsoft.com/exchange/client-developer/transport-agents/transport-agent-concepts-in-exchange-2013
"""

from __future__ import annotations

from collections.abc import Sequence

from diagnostics.artefacts import Artefact
from diagnostics.mail_facts import Configured
from diagnostics.patterns import linear
from diagnostics.recognisers import Reading, recogniser
from diagnostics.recognisers.building import artefact
from diagnostics.recognisers.sources import source_at

KIND = "agent-thrown"
_FRAME = linear(r"^\s*(?:at|bei|à|en|in|w|в|em|vid|ved|om) ([\w.`+<>\[\]]{3,300})\(")
# A method of an agent: what Transport hands to it, or its base class, tells it.
_AGENT = linear(
    r"^\s*\w{1,3} ((?:\w{1,80}\.){1,8}\w{0,80}Agent)\.[\w.<>]{1,120}\([^)\n]{0,300}?"
    r"\b(?:MailItem|QueuedMessageEventSource|QueuedMessageEventArgs|ReceiveMessageEventSource|EndOfDataEventArgs|EndOfHeadersEventArgs"
    r"|RcptCommandEventArgs|MailCommandEventArgs|SubmittedMessageEventSource|StoreDriver\w+EventArgs)\b"
)
_EXCEPTION = linear(r"((?:\w{1,60}\.){1,8}\w{1,60}Exception)\b")
_MICROSOFTS = ("Microsoft.", "System.")
_MOST = 80  # frames of one stack
_ABOVE = 3  # lines between an exception and its first frame


@recogniser(r"Agent\.[\w.<>]+\([^)]*(?:MailItem|Event(?:Source|Args))\b", rank=60)
def read(reading: Reading) -> Sequence[Artefact]:
    """One artefact for each stack."""
    lines = dict(reading.free())
    found: list[Artefact] = []
    taken = -1
    for index, line in lines.items():
        agent = _AGENT.search(line[:1000]) if index > taken else None
        if agent is None or agent.group(1).startswith(_MICROSOFTS):
            continue
        first, last = _stack(lines, index)
        head = next(
            (i for i in range(first - 1, first - 1 - _ABOVE, -1) if _EXCEPTION.search(lines.get(i, "")[:1000])), None
        )
        thrown = _EXCEPTION.search(lines[head][:1000]).group(1) if head is not None else ""
        fact = Configured(
            source=source_at(reading, index),
            kind=KIND,
            name=str(agent.group(1)),
            values=(("Exception", str(thrown)),),
            failing=True,
        )
        claims = range(first if head is None else head, last + 1)
        found.append(artefact(reading, KIND, claims, [fact], {"agent": fact.name, "exception": str(thrown)}))
        taken = last
    return found


def _stack(lines: dict[int, str], index: int) -> tuple[int, int]:
    """The first and the last line of the run of frames that `index` stands in."""
    first = last = index
    while first - 1 in lines and index - first < _MOST and _FRAME.search(lines[first - 1][:1000]):
        first -= 1
    while last + 1 in lines and last - index < _MOST and _FRAME.search(lines[last + 1][:1000]):
        last += 1
    return first, last
