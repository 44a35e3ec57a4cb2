"""The address does not exist in the on-premises Exchange organization.

## What is happening
An Exchange server that is responsible for the recipient's domain looked the address up in Active Directory
and found no mail-enabled object: a typing error, a deleted user, or an alias that nobody added. It answers
`550 5.1.1 RESOLVER.ADR.RecipNotFound` (2007 to 2013) or `550 5.1.10 RESOLVER.ADR.RecipientNotFound` (2016 and
later). "Remote Server returned" in front of it is printed always and says nothing about who decided.

## What proves it
- the generating server belongs to the recipient's own organization
- `Get-Recipient` with the address finds nothing there; a mailbox that was found by its name lacks the address

## Not this when
- the generating server is Exchange Online's (`recipient.unknown.exo`) or no Exchange server
  (`recipient.unknown.remote`)
- the mailbox was moved to the cloud without an object on-premises (`hybrid.remote-mailbox.object-missing`),
  or lives in another system that shares the domain (`recipient.accepted-domain.type-wrong`)
- the recipient in the report begins with IMCEAEX (`recipient.legacyexchangedn.stale`)

## References
- https://learn.microsoft.com/en-us/exchange/mail-flow/non-delivery-reports-and-bounce-messages/non-delivery-reports-and-bounce-messages
"""

from __future__ import annotations

from diagnostics.cause import Belief, Finding, cause, change, shown
from diagnostics.causes.connector.heard import heard
from diagnostics.causes.reader import from_outside, reply_of
from diagnostics.causes.recipient import looks
from diagnostics.causes.recipient.lookup import (
    absent,
    address,
    by_microsoft,
    directory_says_no,
    domain,
    encapsulated,
    forwarder,
    is_edge,
    looked_up,
    looked_up_here,
    looked_up_online,
    named,
    passed_on,
    same_organization,
    sent_on,
    unknown_of,
)
from diagnostics.causes.recipient.own_server import own_server, tables, told_elsewhere
from diagnostics.causes.recipient.steps import accepted_domains, correct_the_address, find_recipient
from diagnostics.facts import Reply, Said, Session
from diagnostics.mail_facts import Addressed, CommandError, Configured, LookedUp, Traced, Tracked
from diagnostics.report import Act, Step

_ONE_KIND = ("Get-RemoteMailbox", "Get-MailUser", "Get-MailContact")  # a mailbox is none of these
_FILTERED = "550 5.1.1 User unknown"  # of the Recipient Filter agent: ours only in a receive log
# Of servers that are none of Exchange's, where the reader's own is one.
_OF_OTHERS = (
    "user unknown",
    "unknown user",
    "no such user",
    "user doesn't exist",
    "user not found",
    "mailbox does not exist",
    "undeliverable address",
    "unknown local-part",
    "user does not exist",
    "invalid recipient",
    "unknown recipient",
    "mailbox not found",
    "unrouteable address",
)


@cause(
    id="recipient.unknown.onprem",
    act="on-prem",
    says=(
        "RESOLVER.ADR.RecipNotFound",
        "RESOLVER.ADR.RecipientNotFound",
        "not found by SMTP address lookup",
        "email address you entered couldn't be found",
        "e-mail address you entered couldn't be found",
        "wasn't found at",
        _FILTERED,
        "The recipient name is not recognized",  # Exchange 5.5 and its connectors
        *_OF_OTHERS,
    ),
    against={
        "RESOLVER.ADR.ExRecipNotFound": "looks up a LegacyExchangeDN; the mailbox may well exist, under another one",
    },
)
def assess(
    said: Said,
    _found: Configured | None,
    objects: tuple[Configured, ...],
    replies: tuple[Reply, ...],
    traced: tuple[Traced, ...],
    tracked: tuple[Tracked, ...],
    addressed: tuple[Addressed, ...],
    sessions: tuple[Session, ...],
) -> Finding | None:
    """An Exchange server other than Microsoft's refused; within the recipient's own domain it is responsible."""
    wanted = address(said, replies)
    if said.signature in _OF_OTHERS:
        return _of_another_kind(said, wanted, objects)
    what = heard(said, replies, sessions)
    incoming = what.incoming and what.peer != "exchange-online"  # whose senders may mean a mailbox in the cloud
    if (said.signature == _FILTERED and not incoming) or encapsulated(wanted) or _internal(said, replies):
        return None
    if said.signature != _FILTERED and not directory_says_no(said):
        return None
    if (by_microsoft(said) or looked_up_online(said, traced)) and not passed_on(said):
        because = f"{said.by or 'Exchange Online'} refused it: no on-premises directory was asked."
        return Finding(Belief.RULED_OUT, because, (said,))
    owner = next(iter(looked_up(wanted, objects)), None)
    if owner:
        because = f"A directory object, {owner.name or 'unnamed'}, owns {named(wanted)}: the address is known."
        return Finding(Belief.RULED_OUT, because, (owner,))
    source = forwarder(wanted, objects) or sent_on(wanted, addressed)
    if source:
        who = source.name if isinstance(source, Configured) else "A mailbox that was addressed"
        because = f"{who} forwards to {named(wanted)}: nobody typed this address."
        return Finding(Belief.RULED_OUT, because, (source,))
    here = incoming or looked_up_here(said, tracked) or same_organization(said.by, domain(wanted))
    return _weighed(said, wanted, objects, replies, here)


@shown
def directory(
    lookups: tuple[LookedUp, ...],
    replies: tuple[Reply, ...],
    objects: tuple[Configured, ...],
    errors: tuple[CommandError, ...],
) -> Finding | None:
    """What the organization's own directory answers. Where the mailbox is told to be elsewhere, it rightly has none."""
    wanted = looks.sought(replies, lookups)
    there = looks.found_anywhere(wanted, lookups)
    if there:
        return Finding(Belief.RULED_OUT, f"{named(wanted)} was found in a directory: the address is known.", (there,))
    narrower = {each.source for each in errors if each.cmdlet in _ONE_KIND}
    gone = absent(wanted, [each for each in lookups if each.source not in narrower], "on-prem")
    routing = wanted.endswith(".onmicrosoft.com")  # nobody typed that one
    if gone is None or routing or looks.elsewhere(objects) or looks.of_two_worlds(replies):
        return None
    # Where no reply is quoted, the address that was asked for is the one that is told of, unless something forwards to it.
    quoted = any(each.failing for each in replies) or forwarder(wanted, objects) is not None
    if quoted and not looks.looked_for(replies, at_the_edge=False):
        return None
    because = (
        f"The on-premises directory has no object with {named(wanted, 'the address')}, as Get-Recipient says as well."
    )
    return Finding(Belief.LIKELY, because, (gone,), _steps(wanted))


def _of_another_kind(said: Said, wanted: str, objects: tuple[Configured, ...]) -> Finding | None:
    """The reader's own mail server, of another kind, looked among its own users, aliases and domains."""
    ours = own_server(said, objects)
    if ours is None or directory_says_no(said):
        return None
    because = "Your own server refused: among the users and aliases that it has for the domain, there is no "
    because += f"{named(wanted, 'such address')}."
    weight = 1.2 if told_elsewhere(objects) else 1.6
    return Finding(Belief.POSSIBLE, because, (said, ours), (tables(),), "on-prem", weight=weight)


def _internal(said: Said, replies: tuple[Reply, ...]) -> bool:
    """Whether the report names its recipient by a name of Exchange's own directory alone."""
    return any(encapsulated(each.recipient) for each in replies if each.source == said.source)


def _weighed(
    said: Said, wanted: str, objects: tuple[Configured, ...], replies: tuple[Reply, ...], here: bool
) -> Finding:
    who = said.by or "The Exchange server that gave this reply"
    because = f"{who} looked {named(wanted, 'the address')} up in its directory and found no mail-enabled object"
    steps = _steps(wanted)
    if passed_on(said):
        return Finding(Belief.POSSIBLE, f"{because}, and Exchange Online passed that on.", (said,), steps, weight=1.0)
    tested = next((each for each in objects if each.kind == "edge-sync"), None)
    if is_edge(said.by, objects) and not (tested and not tested.failing):
        because += "; an Edge server has only a copy of the directory, which may be older than the recipient."
        return Finding(Belief.POSSIBLE, because, (said,), steps, weight=0.9 if tested else 1.6)
    cloud = next((each for each in objects if each.kind == "told-cloud-mailbox"), None)
    if cloud:
        because += "; as you say, its mailbox is in the cloud, so the address is right."
        return Finding(Belief.POSSIBLE, because, (said, cloud), steps, weight=0.8)
    if unknown_of(domain(wanted), replies):
        because += "; so it was with several addresses of this domain, which typing errors do not explain."
        return Finding(Belief.POSSIBLE, because, (said,), steps, weight=1.5)
    if here:
        because += "; it belongs to the recipient's own organization, so the address is what is wrong."
        return Finding(Belief.LIKELY, because, (said,), steps, _corrects(said, replies, objects), weight=1.0)
    modern = "5.1.10" in said.text
    return Finding(Belief.POSSIBLE, f"{because}.", (said,), steps, weight=1.1 if modern and not said.by else 1.4)


def _corrects(said: Said, replies: tuple[Reply, ...], objects: tuple[Configured, ...]) -> Act | None:
    """Who holds the report is the sender, who corrects the address; a log or a tracking entry is the administrators'."""
    reply = reply_of(said, replies)
    reported = reply is not None and reply.kind in ("ndr", "dsn") and not objects
    return "sender" if reported or from_outside(said, replies, objects) else None


def _steps(wanted: str) -> tuple[Step, ...]:
    return (
        correct_the_address(),
        find_recipient(wanted),
        accepted_domains(),
        change(
            "If a mailbox exists and only lacks this alias, add it.",
            "Set-Mailbox {mailbox} -EmailAddresses @{{Add={address}}}",
            changes="Adds one more address to that mailbox.",
            undo="The same with @{Remove=…} in place of @{Add=…}.",
            verify="Get-Recipient with the address shows the mailbox, and the next message arrives.",
            mailbox="",
            address=wanted,
        ),
    )
