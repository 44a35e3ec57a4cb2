"""The recipient's MTA-STS policy does not list the mail server that its MX record names.

## What is happening
The domain publishes a policy (`https://mta-sts.<domain>/.well-known/mta-sts.txt`, mode enforce) that lists its mail servers.
Its MX now names a host that the list lacks, mostly because the MX was moved and the file wasn't. Senders that heed the
policy, as Exchange Online does, must not deliver: `4.4.8 MX hosts of '<domain>' failed MTA-STS validation`, at the
end `5.4.8`. Others go on delivering.

## What proves it
- the reply; the policy's `mx:` lines do not cover the MX of today

## Not this when
- every host of the MX record fits an `mx:` line of the policy
- the policy's mode is testing or none
- the certificate is what fails (`Remote certificate failed MTA-STS validation`, `tls.mta-sts.certificate-invalid`)

## References
- https://learn.microsoft.com/en-us/purview/enhancing-mail-flow-with-mta-sts
- https://learn.microsoft.com/en-us/troubleshoot/exchange/email-delivery/ndr/non-delivery-reports-in-exchange-online
- https://www.rfc-editor.org/rfc/rfc8461
"""

from __future__ import annotations

from diagnostics.cause import Belief, Finding, cause, change, look, shown
from diagnostics.causes.dns.exchangers import exchanger_of
from diagnostics.causes.recipient.steps import advise
from diagnostics.causes.tls.destination import destination_of, left
from diagnostics.facts import Reply, Said, TlsReport
from diagnostics.looked_facts import DnsAnswer
from diagnostics.mail_facts import Configured
from diagnostics.recognisers.sts_policy import KIND
from diagnostics.report import Step


@cause(
    id="tls.mta-sts.mx-not-in-policy",
    act="recipient-side",
    says=("4.4.8 MX hosts of", "5.4.8 MX hosts of", "failed MTA-STS validation"),
    against={
        "Remote certificate failed MTA-STS": "blames the certificate; the host's name was on the policy's list",
    },
)
def assess(
    anchor: Said | TlsReport | Configured, answers: tuple[DnsAnswer, ...], replies: tuple[Reply, ...]
) -> Finding | None:
    """The words name domain and check; the MX record, where it was looked up, the host that is missing."""
    if isinstance(anchor, Configured):
        # Some senders look at the list only when they compare it with the names on the certificate.
        because = left(anchor, "it carries no name that the domain's MTA-STS policy lists as a mail server")
        return Finding(Belief.POSSIBLE, because, (anchor,), _steps(""), "dns", weight=1.0) if because else None
    return _reported(anchor) if isinstance(anchor, TlsReport) else _from_words(anchor, answers, replies)


def _reported(report: TlsReport) -> Finding | None:
    """The report of somebody who sends to the reader's own domain: does the policy list the host that was met?"""
    if report.policy not in ("sts", "") or report.result not in ("validation-failure", "certificate-host-mismatch"):
        return None
    if not report.mx or not report.patterns or any(_fits(report.mx, each) for each in report.patterns):
        return None
    because = (
        f"Senders were sent to {report.mx} by the MX record of {report.domain or 'the domain'}, and its MTA-STS policy "
    )
    because += f"lists only {', '.join(report.patterns[:6])}."
    if any(each.startswith("*.") and report.mx.endswith(each[1:]) for each in report.patterns):
        because += " A * stands for one label."
    return Finding(Belief.CONFIRMED, because, (report,), _steps(report.domain), "dns")


@shown
def policy(settings: tuple[Configured, ...], answers: tuple[DnsAnswer, ...]) -> Finding | None:
    """The policy file beside the MX records of its domain."""
    read = next((each for each in reversed(settings) if each.kind == KIND and each.items("Mx")), None)
    records = [each for each in answers if each.ok and each.values("MX") and read and read.name in ("", each.name)]
    if read is None or not records:
        return None
    domain = records[-1].name or "the domain"
    hosts, patterns = records[-1].values("MX"), read.items("Mx")
    missing = [host for host in hosts if host and not any(_fits(host, each) for each in patterns)]
    listed = ", ".join(patterns[:6])
    if not missing:
        return Finding(
            Belief.RULED_OUT, f"The policy of {domain} lists {', '.join(hosts[:4])} ({listed}).", (read, records[-1])
        )
    if read.get("Mode") != "enforce":
        return None  # senders then deliver all the same; what they keep of an older policy isn't seen
    because = f"The MX record of {domain} names {missing[0]}, and its MTA-STS policy (enforce) lists only {listed}."
    return Finding(Belief.CONFIRMED, because, (read, records[-1]), _steps(records[-1].name), "dns")


def _fits(host: str, pattern: str) -> bool:
    """RFC 8461: a leading * stands for exactly one label."""
    return host == pattern or (pattern.startswith("*.") and host.partition(".")[2] == pattern[2:])


def _from_words(said: Said, answers: tuple[DnsAnswer, ...], replies: tuple[Reply, ...]) -> Finding | None:
    if "remote certificate failed" in said.text.lower():
        return None
    where = destination_of(said, replies)
    mx = exchanger_of(where.domain, answers)
    because = f"The MTA-STS policy of {where.domain or 'the recipient’s domain'} does not list its own MX host"
    because += f", {mx.host}." if mx else f", {where.host}." if where.host else "."
    because += " The domain's owner has to correct the policy; our side only obeys it."
    return Finding(Belief.CONFIRMED, because, (said, mx.answer if mx else None), _steps(where.domain))


def _steps(domain: str) -> tuple[Step, ...]:
    return (
        look(
            "Read the MX record and the policy: every MX host has to fit one of its mx: lines.",
            "Resolve-DnsName {domain} -Type MX -Server 1.1.1.1",
            "powershell",
            domain=domain,
        ),
        look(
            "The policy itself:",
            "curl -sS https://mta-sts.{domain:token}/.well-known/mta-sts.txt; dig +short TXT _mta-sts.{domain:token}",
            "bash",
            domain=domain,
        ),
        advise(
            f"If the domain isn't yours: tell its postmaster ({domain or 'the recipient'}'s), by another way than mail. Exchange "
            "Online retries for a day."
        ),
        change(
            "If it is yours: add the MX host to the policy file (Exchange Online: mx: *.mail.protection.outlook.com, or the "
            "very name of your MX under mx.microsoft, since a * stands for one label), then change the id in the TXT record.",
            "",
            shell="dns-record",
            changes='mta-sts.txt gets the line, and _mta-sts.<domain> TXT "v=STSv1; id=<new number>".',
            undo="Restore the former file, and give the record another new id.",
            verify="Senders fetch the new policy, and their queued mail arrives.",
        ),
    )
