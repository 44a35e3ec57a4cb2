"""This server lacks the root certificate that the other side's certificate ends in.

## What is happening
The peer is properly certified, typically Exchange Online, but the chain ends in a root that is not in this machine's
store: automatic root updates are switched off or blocked. Since March 2026 Exchange Online's chain ends in DigiCert
Global Root G2 (DF3C24F9BFD666761B268073FE06D1CC8D4F82A4). Our server then reports `454 4.7.5 Certificate validation
failure, Reason:UntrustedRoot`, or breaks the handshake off with `UntrustedRoot`.

## What proves it
- the destination is Exchange Online, or a host that everybody else trusts
- the root of the remote chain is absent from Cert:\\LocalMachine\\Root
- another machine accepts the same server's certificate
- a Postfix whose smtp_tls_CAfile and smtp_tls_CApath are empty
- DisableRootAutoUpdate is 1, or the server has no way to Windows Update

## Not this when
- the root is there and not distrusted: a handshake from that machine ends with return code 0
- the server sends its own certificate alone
- the destination is a third party with a private certificate (`certificate.remote.untrusted-root`)
- the certificate shown is that of an inspection device (`network.middlebox.tls-interception`)

## References
- https://techcommunity.microsoft.com/blog/exchange/trust-digicert-global-root-g2-certificate-authority-to-avoid-exchange-online-ema/4488311
- https://microsoft.github.io/CSS-Exchange/Diagnostics/HealthChecker/TrustedRootCertificatesCheck/
"""

from __future__ import annotations

from typing import Final

from diagnostics.cause import Belief, Finding, cause, change, look, shown
from diagnostics.causes.certificate import steps
from diagnostics.causes.certificate.chain_event import doubted_chain
from diagnostics.causes.certificate.names import all_names, common_name, is_self_signed, of_directory
from diagnostics.causes.certificate.probe import NO_ISSUER, VALID, cut_short, leaf_only, self_signed
from diagnostics.causes.certificate.refusal import BY_ALERT, Refusal, is_cloud_host, refusal_of, replaced, valid_as_told
from diagnostics.causes.certificate.withheld import Withheld, withheld
from diagnostics.causes.network.providers import of_provider
from diagnostics.causes.recipient.steps import advise
from diagnostics.causes.stories import told_as
from diagnostics.causes.tls.unexplained import UNEXPLAINED, failed_with, unexplained
from diagnostics.facts import (
    Certificate,
    CertificateRejected,
    InstalledCertificate,
    Reply,
    Said,
    StarttlsNotOffered,
    TlsFailed,
    WindowsEvent,
)
from diagnostics.looked_facts import TlsProbe
from diagnostics.mail_facts import Configured, Told
from diagnostics.report import Step

_CLOUDS_ROOT: Final = "DF3C24F9BFD666761B268073FE06D1CC8D4F82A4"  # DigiCert Global Root G2

_OUT_OF_DATE: Final = (
    "A server that gets no new roots fails toward Microsoft with TLS, as you tell it: its store may lack the root that their "
    "certificates have come from since spring 2026. What a machine with updates can do then proves nothing for this one."
)
_DEMANDED: Final = "Must issue a STARTTLS command first"  # said to a server that went on without TLS
_WITH_ISSUER: Final = 2  # certificates
_ID: Final = "certificate.trust.root-missing-local"


# A client that has no list of authorities at all, in the words of its library.
_NO_AUTHORITIES: Final = (
    "failed to load system roots",
    "trustAnchors parameter must be non-empty",
    "error setting certificate verify locations",
    "error adding trust anchors from file",
    "failed loading cafile stream",
    "suitable TLS CA certificate bundle",
    "no CA certificates",
    "no native root CA certificates",
    "without knowing which Certificate Authorities",
    "SSL_CTX_load_verify_locations",
    "SSL_CTX_load_verify_file",
    "SSL_CTX_load_verify_dir",
    "cannot set X509 trust file",
    "cannot load Certification Authority data",
    "invalid or missing SSL_ca_file",
    "invalid or missing SSL_ca_path",
)


@cause(id=_ID, act="on-prem", says=(*UNEXPLAINED, *_NO_AUTHORITIES))
def assess(
    anchor: CertificateRejected
    | TlsFailed
    | StarttlsNotOffered
    | Configured
    | TlsProbe
    | WindowsEvent
    | InstalledCertificate
    | Said
    | Told,
    probe: TlsProbe | None,
    replies: tuple[Reply, ...],
    certificates: tuple[Certificate, ...],
    settings: tuple[Configured, ...],
) -> Finding | None:
    """Our server does not trust a peer that others trust. `probe` is the look from elsewhere."""
    if isinstance(anchor, Said | Told):
        return _unsaid(anchor, replies)
    root = next((each for each in settings if each.kind == "trusted-root" and each.name == _CLOUDS_ROOT), None)
    if not isinstance(anchor, CertificateRejected | TlsFailed):
        return _seen(anchor, root, replies, settings)
    refusal = refusal_of(anchor, replies, settings)
    if refusal is None or refusal.reason != "untrusted":
        return None
    if refusal.owner != "theirs":
        return _to_others(refusal, anchor, settings)
    if made_by_device := replaced(refusal, certificates, probe):
        return made_by_device
    held = refusal.certificate
    because = f"Our server does not trust the root behind the certificate of {refusal.where}"
    if held and (is_self_signed(held) or (refusal.cloud_destination and not _is_clouds(refusal))):
        because = f"The certificate shown, `{held.subject}`, is not one that a public root stands behind."
        return Finding(Belief.RULED_OUT, because, (held,))
    if refusal.self_signed:
        because = f"The certificate of {refusal.where} is self-signed: no root stands behind it."
        return Finding(Belief.RULED_OUT, because, (anchor,))
    nobody = next((each for each in settings if each.kind == "no-authorities"), None)
    if nobody:
        because = f"The sending Postfix has no file and no folder of authorities (`{nobody.name}` is empty): it trusts no root "
        because += "at all, and the certificate of no server can be verified."
        return Finding(Belief.LIKELY, because, (anchor, nobody), _postfix_steps(), "sender", weight=1.8)
    if refusal.cloud_destination:
        return _of_the_cloud(refusal, root)
    if probe and probe.verify == 0:
        steps_here = _store_steps(held.issuer if held else "")
        return Finding(Belief.LIKELY, f"{because}, while it validates from elsewhere.", (anchor, probe), steps_here)
    if probe and (leaf_only(probe) or self_signed(probe)):
        return Finding(Belief.RULED_OUT, "The chain is faulty on the other side already.", (probe,))
    return _doubted(refusal, because, next(filter(_keeps_roots, settings), None))


@shown
def looked_again(probes: tuple[TlsProbe, ...]) -> Finding | None:
    """The client's own machine, asked what it knows of the issuer: it verifies what it did not, or the server leaves that out."""
    last = probes[-1]
    alone = next(filter(cut_short, probes), None)
    if alone:
        because = f"{alone.host or 'The server'} does not send the issuer of its own certificate ({alone.issuer or 'unnamed'}): "
        because += "without that no root helps."
        return Finding(Belief.RULED_OUT, because, (alone,))
    before = any(each.verify > VALID and each.source.paste < last.source.paste for each in probes)
    if last.verify != VALID or not before:
        return None
    because = f"The machine that looked verifies the certificate of {last.host or 'the server'}: it knows the root."
    return Finding(Belief.RULED_OUT, because, (last,))


def _keeps_roots(setting: Configured) -> bool:
    """Whether a policy keeps Windows from fetching roots that it does not have yet."""
    value = setting.get("DisableRootAutoUpdate") if setting.kind.endswith("root-update") else ""
    return value.rpartition(" ")[2].lower() in ("1", "0x1")


def _doubted(refusal: Refusal, because: str, kept: Configured | None) -> Finding:
    """Nothing but the refusal: whether others trust the authority, its name tells at best."""
    issuer = refusal.certificate.issuer if refusal.certificate else ""
    proof, steps_here = (refusal.fact, refusal.certificate), _store_steps(issuer)
    if of_directory(issuer):
        because += (
            f", the authority of a directory (`{issuer}`): where the two sides agree to trust it, import its root."
        )
        return Finding(Belief.POSSIBLE, because, proof, steps_here, weight=1.0)
    if kept:
        because += (
            ", and it fetches no roots from Windows Update (DisableRootAutoUpdate is 1): a public one that it was not "
        )
        because += "given by hand is missing here."
        return Finding(Belief.POSSIBLE, because, (*proof, kept), steps_here, weight=1.9)
    because += "; others may, if it is a public one."
    return Finding(Belief.POSSIBLE, because, proof, steps_here, weight=1.2 if refusal.host else 1.6)


def _to_others(
    refusal: Refusal, anchor: CertificateRejected | TlsFailed, settings: tuple[Configured, ...]
) -> Finding | None:
    """A client of another kind refused: the store that counts is its own."""
    if refusal.owner == "target":
        return None if refusal.by_cloud else _for_a_client(refusal, settings)
    unknown = isinstance(anchor, CertificateRejected) and anchor.reason in BY_ALERT
    return _unknown_to_a_client(refusal) if unknown else None


def _unsaid(said: Said | Told, replies: tuple[Reply, ...]) -> Finding | None:
    if isinstance(said, Told):
        return told_as("roots-out-of-date", said, _OUT_OF_DATE, _steps(), weight=1.5)
    if said.signature in _NO_AUTHORITIES:
        return _without_store(said)
    if not unexplained(said, replies):
        return None
    because = (
        f"{failed_with(said)}; the store that its runtime reads may lack the authority behind the server's certificate."
    )
    return Finding(Belief.POSSIBLE, because, (said,), _client_steps(), "sender", weight=1.0)


def _without_store(said: Said) -> Finding | None:
    """The library found no file of authorities, or could not read it: it would trust nobody's certificate."""
    if said.kind not in ("client", "log", "stray"):
        return None
    because = "The program's TLS library has no list of authorities, or can't read the file that it is set to: it can trust no "
    because += "server's certificate. A container without the package ca-certificates, or a wrong path, does that."
    return Finding(Belief.LIKELY, because, (said,), _client_steps(), "sender", weight=2.0)


def _seen(
    anchor: StarttlsNotOffered | Configured | TlsProbe | WindowsEvent | InstalledCertificate,
    root: Configured | None,
    replies: tuple[Reply, ...],
    settings: tuple[Configured, ...],
) -> Finding | None:
    """What shows it, though no certificate was refused in the text."""
    if isinstance(anchor, WindowsEvent):
        return _judged(anchor)
    if isinstance(anchor, InstalledCertificate):
        return _dated(anchor, settings)
    if isinstance(anchor, StarttlsNotOffered):
        return _absent(anchor, root, replies, settings)
    return _answered(anchor) if isinstance(anchor, Configured) else _looked(anchor)


def _judged(event: WindowsEvent) -> Finding | None:
    told = doubted_chain(event)
    if not told:
        return None
    because = f"{told}: its root may be missing in this machine's store."
    return Finding(Belief.POSSIBLE, because, (event,), _steps(), weight=1.1)


def _dated(certificate: InstalledCertificate, settings: tuple[Configured, ...]) -> Finding | None:
    """Where an authority changed its root, a store that lacks the new one builds the chain over the old, expired one."""
    told = valid_as_told(certificate, settings)
    if told is None or certificate.for_smtp is False:
        return None
    because = "Exchange calls the certificate DateInvalid, and its own dates hold, as you say: this machine may build its chain "
    because += "over an old root that has expired, for want of the authority's newer one."
    return Finding(Belief.POSSIBLE, because, (certificate, told), _steps(), weight=1.4)


def _unknown_to_a_client(refusal: Refusal) -> Finding:
    """The alert unknown_ca in this server's log: the client's store decides, and it may be the reader's own program."""
    because = (
        "A client ended the handshake with the alert unknown_ca: the store that it reads may lack the authority behind "
    )
    because += "this server's certificate; then other clients accept it."
    return Finding(Belief.POSSIBLE, because, (refusal.fact,), _client_steps(), "sender", weight=0.9)


def _looked(probe: TlsProbe) -> Finding | None:
    """A chain that came with its intermediate certificates, and whose last issuer the machine that looked does not have."""
    if probe.verify != NO_ISSUER or probe.chain < _WITH_ISSUER:
        return None
    because = f"{probe.host or 'The server'} sends {probe.chain} certificates, its own and what stands above it, and the machine "
    because += "that looked does not know who issued the last of them: the root is missing in its store"
    if of_provider(probe.host):
        because += ", for the rest of the world trusts this provider. An update of the authorities may have dropped it."
        return Finding(Belief.LIKELY, because, (probe,), _client_steps(), "sender", weight=1.6)
    because += ", or one more intermediate certificate was not sent."
    return Finding(Belief.POSSIBLE, because, (probe,), _client_steps(), "sender", weight=1.5)


def _for_a_client(refusal: Refusal, settings: tuple[Configured, ...]) -> Finding:
    """A mail client, or another system, that does not trust the server it sends through."""
    elsewhere = next((each for each in settings if each.kind == "told-elsewhere" and each.name == "machine"), None)
    if elsewhere:
        because = (
            "Another machine accepts the same server's certificate, as is told: what this one lacks is the root of the "
        )
        because += "authority behind it (mostly an internal one), in the store that the client reads."
        # A chain that ends early can also be the server's fault, which the other machine makes up for from its store.
        early = isinstance(refusal.fact, CertificateRejected) and refusal.fact.reason == "PartialChain"
        belief = Belief.POSSIBLE if early else Belief.LIKELY
        return Finding(belief, because, (refusal.fact, elsewhere), _client_steps(), "sender", weight=1.3)
    if refusal.of_no_issuer:
        return _without_issuer(refusal)
    if refusal.provider:
        because = (
            f"`{refusal.provider}` is a provider whose certificate the world trusts: the client's own store may lack "
        )
        because += "the root behind it, or is not read."
        return Finding(Belief.POSSIBLE, because, (refusal.fact,), _client_steps(), "sender", weight=1.6)
    because = (
        "The client's own store may lack the authority that issued the other server's certificate, an internal one "
    )
    because += "above all: then other machines accept the same certificate."
    return Finding(Belief.POSSIBLE, because, (refusal.fact,), _client_steps(), "sender", weight=0.9)


def _without_issuer(refusal: Refusal) -> Finding:
    """A self-signed certificate is its own root: a client trusts it once it holds the certificate itself."""
    because = f"The certificate that {refusal.where} shows is self-signed, and the client's store does not hold it: where it is "
    because += "to stay, it has to be put there; a certificate of an authority that the client knows is better."
    return Finding(Belief.POSSIBLE, because, (refusal.fact,), _client_steps(), "sender", weight=1.4)


def _of_the_cloud(refusal: Refusal, root: Configured | None) -> Finding:
    """Everybody trusts Exchange Online's certificate; a look for its root is the proof."""
    held = refusal.certificate
    issued = f" (issuer `{held.issuer}`)" if held and held.issuer else ""
    because = f"Our server does not trust the root behind the certificate of {refusal.where}, which is Exchange Online{issued}"
    if root:
        because += ": this machine's store does not hold that root."
        return Finding(Belief.CONFIRMED, because, (refusal.fact, held, root), _steps())
    because += ": the root is missing or distrusted on this server."
    return Finding(Belief.LIKELY, because, (refusal.fact, held), _steps(), weight=1.5)


def _absent(
    anchor: StarttlsNotOffered, root: Configured | None, replies: tuple[Reply, ...], settings: tuple[Configured, ...]
) -> Finding | None:
    """Without the root of Exchange Online's chain TLS ends before a message is sent, and its report speaks of STARTTLS only."""
    found = withheld(anchor, replies, settings)
    if found is None or found.seen != "cloud":
        return None
    if root is None:
        return _both_ways(anchor, found, replies)
    because = f"{found.words}, and this machine's store lacks the root of Exchange Online's own certificates "
    because += f"(`{root.name[:8]}…`): TLS between the two fails either way."
    return Finding(Belief.LIKELY, because, (anchor, root), _steps(), weight=1.7)


def _both_ways(anchor: StarttlsNotOffered, found: Withheld, replies: tuple[Reply, ...]) -> Finding | None:
    """Nothing is wrong with one connector alone where the way to Exchange Online lacks TLS as well."""
    ours = next((r for r in replies if _DEMANDED in r.whole and r.source != anchor.source), None)
    if ours is None:
        return None
    because = f"{found.words}, and on the way there TLS comes to nothing as well (`{_DEMANDED}`): what both have in common is "
    because += "this server's trust in Exchange Online's certificates, whose root it may lack."
    return Finding(Belief.POSSIBLE, because, (anchor, ours), _steps(), weight=1.6)


def _answered(told: Configured) -> Finding | None:
    """What somebody found, where the failure itself tells no side."""
    if told.kind != "told-answer" or _ID not in told.items("Causes"):
        return None
    because = "This server does not trust the root behind the certificate that the other side shows."
    return Finding(Belief.POSSIBLE, because, (told,), _steps(), weight=1.5)


def _is_clouds(refusal: Refusal) -> bool:
    """Whether the certificate shown is Exchange Online's own, and not what a device put in its place."""
    names = all_names(refusal.certificate) if refusal.certificate else ()
    return not names or any(is_cloud_host(name.replace("*", "x")) for name in names)


def _postfix_steps() -> tuple[Step, ...]:
    return (
        look(
            "See whom Postfix trusts as a client.",
            "postconf smtp_tls_CAfile smtp_tls_CApath",
            "bash",
        ),
        change(
            "In main.cf set smtp_tls_CAfile to the file of the system's authorities, and reload. (Debian: "
            "/etc/ssl/certs/ca-certificates.crt, of the package ca-certificates, which containers often lack.)",
            "",
            shell="portal",
            changes="smtp_tls_CAfile in main.cf: Postfix trusts the roots of that file when it verifies the next hop.",
            undo="Take the line out again and reload.",
            verify="posttls-finger with the level secure verifies the next hop, and the queue drains.",
        ),
    )


def _client_steps() -> tuple[Step, ...]:
    return (
        look(
            "On the machine of the client, see which authority issued the certificate, and whether its store has it.",
            "openssl s_client -starttls smtp -connect {host:token}:25 -showcerts </dev/null",
            "bash",
            host="",
        ),
        advise(
            "Add that authority's root to the store that the client reads (the system's, or the CA file of PHP, Java, Python or "
            "Node; of a container: its ca-certificates package); don't switch the check off."
        ),
    )


def _store_steps(issuer: str) -> tuple[Step, ...]:
    """For a peer that is not Exchange Online: what is looked for is the authority above its certificate."""
    named = common_name(issuer)
    return (
        look(
            "See whether the authority above the certificate, or the root it ends in, is in the machine store.",
            "Get-ChildItem 'Cert:\\LocalMachine\\CA','Cert:\\LocalMachine\\Root','Cert:\\LocalMachine\\Disallowed' | "
            "Where-Object {{ $_.Subject -like {name} }} | Format-List Subject,Issuer,NotAfter,PSParentPath",
            "powershell",
            name=f"*{named}*" if named else "",
        ),
        *_steps()[1:],
    )


def _steps() -> tuple[Step, ...]:
    return (
        look(
            "See whether the root of Exchange Online is in the machine store.",
            "Get-ChildItem 'Cert:\\LocalMachine\\Root','Cert:\\LocalMachine\\Disallowed' | "
            "Where-Object {{ $_.Thumbprint -eq 'DF3C24F9BFD666761B268073FE06D1CC8D4F82A4' }} | Format-List "
            "Subject,NotAfter,PSParentPath",
            "powershell",
        ),
        look("See when the list of roots was last updated.", "certutil -verifyctl AuthRoot", "cmd"),
        look(
            "See whether a policy switches automatic root updates off.",
            "Get-ItemProperty 'HKLM:\\SOFTWARE\\Policies\\Microsoft\\SystemCertificates\\AuthRoot' -ErrorAction "
            "SilentlyContinue | "
            "Format-List DisableRootAutoUpdate",
            "powershell",
        ),
        change(
            "Import the missing root from the file that its authority publishes; compare the thumbprint before.",
            "Import-Certificate -FilePath '<path-to-root.cer>' -CertStoreLocation 'Cert:\\LocalMachine\\Root'",
            shell="powershell",
            changes="This machine trusts that authority from now on, for everything.",
            undo="Remove-Item (Join-Path 'Cert:\\LocalMachine\\Root' '<thumbprint-of-the-root>')",
            verify="The first step lists the root under Root and not under Disallowed.",
        ),
        steps.retry_queues(),
    )
