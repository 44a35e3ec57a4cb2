"""Exchange Online cannot reach the organization's federation server (AD FS) to check the password.

## What is happening
The user's domain is federated, so Exchange Online passes the user name and password of SMTP AUTH on to the organization's
own token service, and that one cannot be reached from the Internet or not over HTTPS: the service or its proxy is down,
its certificate is bad, or it speaks no TLS 1.2. The client's password is never judged.

## What proves it
- `535 5.7.139 … the federated STS service was unreachable`, or that its URL does not support HTTPS

## Not this when
- the domain is managed (password hash synchronization or pass-through)

## References
- https://learn.microsoft.com/en-us/troubleshoot/exchange/email-delivery/fix-issues-with-printers-scanners-and-lob-applications-that-send-email-using-off
- https://learn.microsoft.com/en-us/windows-server/identity/ad-fs/troubleshooting/ad-fs-tshoot-overview
"""

from __future__ import annotations

from diagnostics.cause import Belief, Finding, cause, change, look
from diagnostics.facts import Said
from diagnostics.mail_facts import Told
from diagnostics.report import Step

_NO_HTTPS = "the federated STS URL does not support HTTPS"


@cause(
    id="auth-smtp.federation.sts-unreachable",
    act="on-prem",
    says=("federated STS service was unreachable", _NO_HTTPS),
)
def assess(said: Said | Told) -> Finding | None:
    """Exchange Online says it in full."""
    if isinstance(said, Told):
        return _told(said)
    if _NO_HTTPS.lower() in said.text.lower():
        because = (
            "Exchange Online could not ask your federation service (AD FS) about the password: its URL offers no HTTPS."
        )
    else:
        because = "Exchange Online could not reach your federation service (AD FS) from the Internet, so the password was never "
        because += "checked."
    return Finding(Belief.CONFIRMED, because, (said,), _steps())


def _told(told: Told) -> Finding | None:
    """The reply that is mostly quoted, `535 5.7.3`, is that of a wrong password, too."""
    if told.story != "federation-checks-the-password":
        return None
    because = "A federation service (AD FS) checks the passwords of that domain, as you tell it: while Exchange Online does not "
    because += "reach it from outside, every logon by SMTP is refused (535), whatever the password."
    return Finding(Belief.POSSIBLE, because, (told,), _steps(), weight=1.6)


def _steps() -> tuple[Step, ...]:
    return (
        look(
            "From outside your network, see whether the federation service answers, and with which certificate.",
            "curl -sv -o /dev/null --max-time 15 https://{host:token}/adfs/services/trust/mex",
            "bash",
            host="",
        ),
        look(
            "On the AD FS server and its proxy, see whether the services run.",
            "Get-Service adfssrv,appproxysvc -ErrorAction SilentlyContinue | Format-Table Name,Status",
            "powershell",
        ),
        change(
            "If the service hangs, restart it; if outside only is concerned, mend its proxy, certificate, DNS name or firewall.",
            "Restart-Service adfssrv",
            shell="powershell",
            effect="service-restart",
            changes="Federated sign-ins pause for some seconds.",
            undo="None needed: a restart changes no setting.",
            verify="The first step gets an answer from outside, and the client logs on.",
        ),
    )
