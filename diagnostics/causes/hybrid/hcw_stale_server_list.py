"""The Hybrid Configuration Wizard stops: the stored hybrid configuration names servers that are gone or too old.

## What is happening
The hybrid configuration object keeps the servers that were chosen when it was first made. After an upgrade it still names
Exchange 2010 servers, or ones that were removed; the wizard checks them and stops: `Sending Mailbox Server 'EX10' isn't
running Exchange 2013 or a later version`.

## What proves it
- the message names a server that no longer exists or runs an older version
- `Get-HybridConfiguration` lists it, or one that is called after an old version (EX2010) beside others

## Not this when
- all servers that are listed exist and are supported

## References
- https://learn.microsoft.com/en-us/exchange/troubleshoot/hybrid-configuration-wizard-errors/hcw-invalidsmtpdomainname-error
- https://learn.microsoft.com/en-us/exchange/troubleshoot/hybrid-configuration-wizard-errors/sending-mailbox-server-error-running-hcw
"""

from __future__ import annotations

from diagnostics.cause import Belief, Finding, cause, change, look, shown
from diagnostics.causes.hybrid.wizard import hybrid_servers, run_again
from diagnostics.facts import Said
from diagnostics.mail_facts import CommandError, Configured, Told
from diagnostics.patterns import linear
from diagnostics.report import Step
from diagnostics.text import is_cut

_SERVER = linear(r"(?i)server\s+['\"]?([A-Za-z0-9][\w.-]{0,62})['\"]?\s+isn['’]t running Exchange")
_ROLE = linear(r"(?i)server\s+['\"<]?([A-Za-z0-9][\w.-]{0,62})['\">]?\s+is listed as a Client Access server")
_OBJECT = linear(r"(?i)because object ['\"]([A-Za-z0-9][\w.-]{0,62})['\"] couldn['’]t be found")
_STORY = "wizard-names-a-retired-server"
_WORD = linear(r"[a-z0-9][a-z0-9-]{1,62}")
_VERSION = linear(r"(?i)^(?:version )?(\d{1,2})\.")
_OLD_NAME = linear(r"(?:^|\D)(?:2003|2007|2010)(?:\D|$)|(?:^|[^a-z])e?x(?:ch)?(?:07|10)$")
_FIRST = 15  # Exchange 2013
_GONE = "couldn't be performed because object"
# HCW8008 and HCW8014: what the wizard stored about servers that lost their role or are gone.
_LISTED = (
    "is listed as a Client Access server in the HybridConfiguration",
    "Client Access servers specified by the Hybrid Configuration Active Directory object were not properly cleared",
)
# The wizard read an Exchange server from the directory that has no domain any more: an object of one that was never uninstalled.
_NAMELESS = "InvalidSmtpDomainName"
_LISTS = ("SendingTransportServers", "ReceivingTransportServers", "ClientAccessServers")


@cause(
    id="hybrid.hcw.stale-server-list",
    act="on-prem",
    says=(
        "isn't running Exchange 2013 or a later version",
        "isn’t running Exchange 2013 or a later version",
        _GONE,
        *_LISTED,
        _NAMELESS,
    ),
    against={
        "could not discover any route to connector": (
            "is an event of routing, about a connector's source servers; the wizard would name the server and stop"
        ),
        "RequiredTls flag should be set to true if TlsCertificateName is specified": (
            "is the wizard's complaint about a certificate, not about a server"
        ),
    },
)
def assess(said: Said | Told, _stored: Configured | None, objects: tuple[Configured, ...]) -> Finding | None:
    """The message names the server; the stored configuration shows where it stands."""
    if isinstance(said, Told):
        return _told(said)
    if said.signature == _NAMELESS:
        because = "The wizard found an Exchange server in the directory that has no domain name: mostly the object of one that "
        because += "was taken away without being uninstalled. The wizard's log lists the servers, that one with an empty Domain."
        return Finding(Belief.LIKELY, because, (said,), _leftover(), weight=1.3)
    found = _SERVER.search(said.text) or _ROLE.search(said.text) or _OBJECT.search(said.text)
    server = found.group(1) if found else ""
    stored = next((each for each in objects if each.kind == "hybrid-configuration"), None)
    listed = [name for name in _LISTS if stored and _names(stored, name, server)]
    if said.signature == _GONE and not listed:
        return None  # any object may be missing
    if stored and server and not listed and all(stored.told(name) for name in _LISTS):
        because = f"The stored hybrid configuration does not name {server}; it was chosen in the wizard itself."
        return Finding(Belief.POSSIBLE, because, (said, stored), _steps(), weight=1.0)
    if stored and listed:
        because = f"The stored hybrid configuration names {server} in {', '.join(listed)}."
        return Finding(Belief.CONFIRMED, because, (said, stored), _steps())
    because = f"The stored hybrid configuration still names {server or 'a server'}, which is too old, gone, or without its role."
    return Finding(Belief.LIKELY, because, (said,), _steps())


@shown
def stored(
    objects: tuple[Configured, ...], errors: tuple[CommandError, ...], stories: tuple[Told, ...]
) -> Finding | None:
    """The servers that are stored, beside those that the organization has, or the one that is said to be gone."""
    kept = [each for each in objects if each.kind == "hybrid-configuration" and any(map(each.told, _LISTS))]
    if not kept:
        return None
    named = {_short(server): server for name in _LISTS for server in kept[-1].items(name)}
    gone = next((e for e in errors if (found := _OBJECT.search(e.text)) and _short(found.group(1)) in named), None)
    if gone:
        because = "The stored hybrid configuration names a server that the directory does not know: " + gone.text[:160]
        return Finding(Belief.CONFIRMED, because, (kept[-1], gone), _steps())
    words = {
        word for each in stories if each.story == _STORY for word in _WORD.findall(each.source.quote.lower()[:2000])
    }
    told = next((server for low, server in named.items() if low in words), "")
    if told:
        because = f"The stored hybrid configuration names {told}, which is gone, as you tell it."
        return Finding(Belief.LIKELY, because, (kept[-1],), _steps())
    servers = {_short(each.name): each for each in objects if each.kind == "exchange-server" and each.name}
    return _compared(kept[-1], named, servers) if servers else _by_name(kept[-1], named)


def _by_name(kept: Configured, named: dict[str, str]) -> Finding | None:
    """One server among others that is called after a version that the wizard does not take."""
    old = [server for low, server in named.items() if _OLD_NAME.search(low)]
    if not old or len(old) == len(named):
        return None
    because = f"The stored hybrid configuration names {old[0]} beside other servers: by its name one of Exchange 2010 or older, "
    because += "which the wizard does not take."
    return Finding(Belief.LIKELY, because, (kept,), _steps())


def _compared(kept: Configured, named: dict[str, str], servers: dict[str, Configured]) -> Finding | None:
    """The servers that are named, beside those that were listed, by their short names."""
    stale = next((low for low in named if low not in servers or _too_old(servers[low])), "")
    if stale:
        what = "runs a version that the wizard does not take" if stale in servers else "is not among the servers listed"
        because = f"The stored hybrid configuration names {named[stale]}, which {what}."
        return Finding(Belief.LIKELY, because, (kept,), _steps())
    cut = any(is_cut(kept.get(name)) for name in _LISTS)
    if not named or cut or not all(map(kept.told, _LISTS[:2])):
        return None
    because = (
        f"All servers that the stored hybrid configuration names are there ({', '.join(sorted(named.values())[:4])})."
    )
    return Finding(Belief.RULED_OUT, because, (kept,))


def _short(server: str) -> str:
    return server.partition(".")[0].lower()


def _too_old(server: Configured) -> bool:
    found = _VERSION.search(server.get("AdminDisplayVersion"))
    return bool(found) and int(found.group(1)) < _FIRST


def _told(told: Told) -> Finding | None:
    if told.story != _STORY:
        return None
    because = (
        "The wizard stops at a server that is gone, as you tell it: the stored hybrid configuration may still name it."
    )
    return Finding(Belief.POSSIBLE, because, (told,), _steps(), weight=1.8)


def _leftover() -> tuple[Step, ...]:
    return (
        look(
            "List the servers of the organization, and look for one that is gone, or whose Domain is empty.",
            "Get-ExchangeServer | Format-Table Name,Domain,Fqdn,AdminDisplayVersion",
        ),
        change(
            "Take that server out of the organization: by Setup's uninstall where the machine still starts; where it is lost, by "
            "deleting its object below CN=Servers of its administrative group (ADSI Edit, configuration), after a backup.",
            "",
            shell="portal",
            changes="The directory no longer lists that server; connectors and databases that name it lose it.",
            undo="Restore the object and what was below it from the Active Directory recycle bin, or from the backup.",
            verify="The first step no longer lists it, and the wizard passes the point at which it stopped.",
        ),
        run_again(),
    )


def _names(stored: Configured, name: str, server: str) -> bool:
    return bool(server) and any(server.lower() == each.partition(".")[0].lower() for each in stored.items(name))


def _steps() -> tuple[Step, ...]:
    return (
        hybrid_servers(),
        look(
            "See which servers still exist, and which version each runs.",
            "Get-ExchangeServer | Format-List Name,AdminDisplayVersion,ServerRole",
        ),
        change(
            "Clear the old lists; the wizard fills them with the servers that are chosen in it.",
            "Set-HybridConfiguration -ClientAccessServers $null -SendingTransportServers $null -ReceivingTransportServers $null",
            changes="Only what the wizard remembers; connectors and mail flow stay as they are until it runs.",
            undo="Set-HybridConfiguration with the lists that the first step printed.",
            verify="Get-HybridConfiguration shows empty lists.",
        ),
        run_again(),
    )
