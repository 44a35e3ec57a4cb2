"""How the lines of gateways, filters and smaller mail servers look, and where in them stands what became of a message.

One row of the table is one thing that one product says. The named groups of its pattern: `words` are the reason, `basic`
and `code` the numbers that stand beside it (`class`, `subject` and `detail` where it is in parts), `to`, `by` and `ip` the
recipient and who refused, `verdict` a filter's own name for its reason, which VERDICTS puts into the words of an SMTP reply.
Rows without any of them tell of a success.

Sources: https://man.openbsd.org/smtpd.8, https://cr.yp.to/qmail.html, https://haraka.github.io/,
https://www.cisco.com/c/en/us/td/docs/security/esa/esa11-1/user_guide/b_ESA_Admin_Guide_11_1.html (Logging),
https://integrations.mimecast.com/documentation/tutorials/understanding-siem-logs, https://www.hmailserver.com/documentation,
https://docs.fortinet.com/document/fortimail/7.0.0/log-reference/449609, https://amavis.org/, https://docs.rspamd.com/,
https://support.icewarp.com/hc/en-us/articles/12115124344721, https://help.hcl-software.com/domino/ (Router/SMTP),
https://github.com/zone-eu/mx-connect,
https://docs.kumomta.com/reference/log_record/, https://maddy.email/reference/targets/queue/
"""

from __future__ import annotations

from typing import Final, Literal

from msgspec import Struct

Result = Literal["delivered", "deferred", "failed", "rejected", "trouble"]


class Frame(Struct, frozen=True):
    """One thing that `product` says in its log. `code` is what it tells the other side beside the words."""

    product: str
    result: Result
    pattern: str
    code: str = ""


_IP: Final = r"[0-9A-Fa-f.:]{3,45}"
_OPENSMTPD: Final = r"\b[0-9a-f]{16} mta "
_QMAIL: Final = r"\bdelivery \d+: "
_ESA: Final = r"\b(?:Info|Warning|Critical): "
_DOMINO: Final = r"\bRouter: "
_ICEWARP: Final = (
    rf"^\s*(?P<ip>{_IP})\s+\[[0-9A-F]{{4,8}}\] (?:\w{{3}}, \d\d? \w{{3}} \d{{4}} )?\d\d:\d\d:\d\d (?:[+-]\d{{4}} )?"
)
_HMAIL: Final = r'^\s*"(?:SMTPC|SMTPD|APPLICATION|TCPIP|DEBUG)"\s.*"\s*"'
_HARAKA: Final = r"^.{0,40}\[(?:INFO|NOTICE|WARN|ERROR)\] +\[[0-9A-Fa-f.-]{1,60}\] \[\w{1,30}\] "
_RSPAMD: Final = rf"\brspamd_task_write_log: .*?\bip: (?P<ip>{_IP}), "
_FORTIMAIL: Final = r"\bdevice_id=\S+ .*\btype=statistics .*"
# Of ZoneMTA, WildDuck, Forward Email and others on Node; `to` is the recipient's domain, for they name no more.
_MX_CONNECT: Final = r"(?:Failed to resolve any|DNS error occurred while resolving)"
_SOPHOS: Final = r'\bsys="SecureMail" sub="smtp" name="'
_JSON: Final = r'"(?P<words>(?:[^"\\]|\\.)+)"'

FRAMES: Final = (
    Frame("opensmtpd", "delivered", _OPENSMTPD + r'(?:event=)?delivery .*\bresult="Ok"'),
    Frame(
        "opensmtpd",
        "failed",
        _OPENSMTPD + r"(?:event=)?delivery .*\bto=<(?P<to>[^<>\s]{1,320})> .*\brelay=\"(?P<ip>" + _IP + r")?"
        r"(?: ?\((?P<by>[\w.-]{1,253})\))?[^\"]{0,253}\" .*\bresult=\"(?:Perm|Temp)Fail\" stat=\"(?P<words>[^\"]+)",
    ),
    Frame("opensmtpd", "trouble", _OPENSMTPD + r"(?:event=)?error reason=\"?(?P<words>[^\"]+)"),
    Frame("qmail", "delivered", _QMAIL + r"success: "),
    Frame(
        "qmail",
        "failed",
        _QMAIL + rf"(?:failure|deferral): (?:(?:Connected_to_)?(?P<ip>{_IP})_[^/]*/)?Remote_host_said:_(?P<words>\S+?)"
        r"(?:/Giving_up_on_\S*)?/?$",
    ),
    Frame(
        "qmail",
        "failed",
        _QMAIL + r"(?:failure|deferral): (?P<words>\S*?)(?:\(#(?P<code>[45]\.\d\.\d{1,3})\))?/?$",
    ),
    Frame("cisco-esa", "delivered", _ESA + r"Message done DCID \d+ MID \d+|\bMID \d+ RID \[\d+\] Response "),
    Frame(
        "cisco-esa",
        "failed",
        r"(?:\b(?:Bounced|Delayed): DCID:? \d+ .*?(?:\bTo: <(?P<to>[^<>\s]{1,320})> )?RID \d+ -"
        r"|\bMID \d+ .*Bounced by destination server with response:)"
        r" (?P<code>[45]\.\d\.\d{1,3}) - [^(]*(?:\([^()']*\) ?)?\('(?P<basic>\d{3})', \[['\"](?P<words>.*?)['\"]\]\)",
    ),
    Frame(
        "cisco-esa",
        "deferred",
        rf"\bConnection Error: DCID:? \d+ domain: (?P<by>[\w.-]{{1,253}}) IP: (?P<ip>{_IP}) port: \d+ details: (?P<words>.*?)"
        r" interface: ",
    ),
    Frame(
        "cisco-esa",
        "trouble",
        _ESA
        + r"DCID (?:\d+|[xX*]+) (?P<words>(?:TLS (?:failed|was required but could not)|STARTTLS command not supported).*)$",
    ),
    Frame(
        "cisco-esa",
        "rejected",
        _ESA + r"MID \d+ ICID \d+ (?:RID \d+ )?To: <(?P<to>[^<>\s]{1,320})> (?P<words>Rejected by .*)$",
    ),
    Frame(
        "cisco-esa",
        "rejected",
        _ESA + r"Message aborted MID \d+ (?P<words>Dropped by (?P<verdict>antivirus|amp|antispam|case|\w+ filter).*)$",
    ),
    Frame("cisco-esa", "rejected", _ESA + r"ICID \d+ REJECT SG (?P<words>.*)$"),
    Frame("domino", "delivered", _DOMINO + r"Message [0-9A-F]{8} (?:delivered|transferred) to "),
    Frame(
        "domino",
        "failed",
        _DOMINO + r"Message [0-9A-F]{8} NOT transferred via SMTP to \S+ for (?P<to>\S{1,320}) from .{1,200}? Size: \S+ "
        r"(?:Error transferring to (?P<by>[\w.-]{1,253}); )?(?:SMTP Protocol Returned a \w+ Error )?(?P<words>.*)$",
    ),
    Frame(
        "domino",
        "failed",
        _DOMINO + r"No messages transferred to \S+(?: \(host (?P<by>[\w.-]{1,253})\))?(?: via SMTP)?: "
        r"(?:SMTP Protocol Returned a \w+ Error )?(?P<words>.*)$",
    ),
    Frame(
        "domino",
        "failed",
        _DOMINO + r"(?:Error (?:connecting|transferring) to (?:server )?(?P<by>[\w.-]{1,253})(?: via SMTP)?[;:] "
        r"(?:SMTP Protocol Returned a \w+ Error )?(?P<words>.*)$)",
    ),
    Frame(
        "domino",
        "failed",
        _DOMINO + r"Unable to (?:deliver|route) message (?:[0-9A-F]{8} )?(?:from .{1,200} )?to (?P<to>\S{1,320})"
        r"(?: from .{1,200}?)?: (?P<words>.*)$",
    ),
    Frame("domino", "rejected", r"\bSMTP Server:? ?(?:\[[^\]]*\] )?(?P<words>Authentication failed for user.*)$"),
    Frame("domino", "rejected", r"\bSMTP Server:? ?(?:\[[^\]]*\] )?(?P<words>.*rejected for policy reasons.*)$"),
    Frame("mimecast", "delivered", r"\|acc=.*\|Delivered=true\b"),
    Frame(
        "mimecast",
        "failed",
        r"\|acc=.*\|Act=Rej\b.*\|RejCode=(?P<basic>[45]\d\d)\|RejInfo=\"?(?P<words>[^|\"]+).*?"
        rf"(?:\|IP=(?P<ip>{_IP})\b.*?)?(?:\|Rcpt=(?P<to>[^|\s]{{1,320}}).*)?$",
    ),
    Frame(
        "mimecast",
        "failed",
        r"\|acc=.*\|Delivered=false\b.*\|RejCode=(?P<basic>[45]\d\d)\|RejInfo=\"?"
        r"(?:\[(?P<ip>[0-9A-Fa-f.:]{3,45})\] )?(?P<words>[^|\"]+).*?(?:\|Rcpt=(?P<to>[^|\s]{1,320}).*)?$",
    ),
    Frame("mimecast", "deferred", r"\|acc=.*\|Delivered=false\b.*\|Err(?:or)?=\"?(?P<words>[^|\"]+)"),
    Frame("hmailserver", "delivered", _HMAIL + r"(?:RECEIVED|SENT): 250 .{0,80}\bqueued\b"),
    Frame("hmailserver", "failed", _HMAIL + r"(?:RECEIVED|SENT): (?P<words>[45]\d\d[ -].*?)\"?\s*$"),
    Frame("hmailserver", "failed", _HMAIL + r"SMTPDeliverer - Message \d+ - Connection failed: (?P<words>.*?)\"?\s*$"),
    Frame(
        "hmailserver",
        "trouble",
        _HMAIL + rf"TCPConnection - (?P<words>TLS/SSL handshake failed\..*?Remote IP: (?P<ip>{_IP}),.*?)\"?\s*$",
    ),
    Frame(
        "hmailserver",
        "deferred",
        _HMAIL
        + r"SMTPDeliverer - Message \d+: (?P<words>(?:Message could not be delivered|Could not connect|Failed to).*?)\"?\s*$",
    ),
    Frame(
        "icewarp",
        "delivered",
        _ICEWARP + r"(?:(?:<<<|>>>) 250 .{0,120}(?:queued|accepted for delivery)|\*\*\* <.* OK\b)",
    ),
    Frame("icewarp", "failed", _ICEWARP + r"(?:<<<|>>>) (?P<words>[45]\d\d[ -].*)$"),
    Frame("haraka", "delivered", _HARAKA + r"delivered file="),
    Frame("haraka", "delivered", _HARAKA + r"disconnect ip=.*\bmsgs=[1-9]\d*/0/0 "),
    Frame("haraka", "deferred", _HARAKA + rf"Ongoing connection failed to (?P<ip>{_IP}):\d+ : (?P<words>.*)$"),
    Frame("haraka", "failed", _HARAKA + r"recipient <(?P<to>[^<>\s]{1,320})> (?:rejected|deferred): (?P<words>.*)$"),
    Frame("haraka", "failed", _HARAKA + r"(?:bouncing mail|Double bounce): (?P<words>.*)$"),
    Frame("haraka", "deferred", _HARAKA + r"Temp failing \S+ for \d+ seconds: (?P<words>.*)$"),
    Frame("haraka", "deferred", _HARAKA + r"(?P<words>MX Lookup for \S+ failed: .*)$"),
    Frame(
        "haraka",
        "rejected",
        _HARAKA + r"hook=\w+ plugin=.*\bretval=(?P<verdict>DENY(?:SOFT)?(?:DISCONNECT)?)\b.*\bmsg=\"(?P<words>[^\"]*)",
    ),
    Frame(
        "mx-connect",
        "deferred",
        rf"\bwhen connecting to MX server (?P<by>[\w.-]{{1,253}})\[(?P<ip>{_IP})\] for (?P<to>[\w.-]{{1,253}}): "
        r"(?P<words>[^|()\"']*)",
    ),
    Frame(
        "mx-connect", "failed", rf"(?P<words>{_MX_CONNECT} IP addresses .{{0,60}} with \"?(?P<to>[\w.-]{{1,253}})\"?)"
    ),
    Frame(
        "mx-connect",
        "failed",
        rf"(?P<words>{_MX_CONNECT} the Mail Exchange .{{0,60}}specified domain \((?P<to>[\w.-]{{1,253}})\)\. [^|()\"']*)",
    ),
    Frame(
        "postgrey",
        "deferred",
        rf"\baction=(?P<verdict>greylist), (?P<words>reason=[^,]{{2,60}}), .*\bclient_address=(?P<ip>{_IP})"
        r"(?:/\d{1,3})?,.*\brecipient=(?P<to>[^\s,]{1,320})",
    ),
    Frame("amavis", "delivered", r"\bamavis\[\d+\]: .{0,40}Passed (?:CLEAN|BAD-HEADER)"),
    Frame(
        "amavis",
        "rejected",
        r"\bamavis\[\d+\]: .{0,40}(?P<words>Blocked (?P<verdict>SPAM|SPAMMY|INFECTED|BANNED|OVERSIZED|BAD-HEADER)(?:-\d)?"
        r"(?: \([^()]{0,300}\))?) \{.*"
        r"-> <(?P<to>[^<>\s]{1,320})>",
    ),
    Frame(
        "rspamd",
        "deferred",
        _RSPAMD + r".*, forced: soft reject \"(?P<words>[^\"]+)\".*\(set by (?P<verdict>greylist)\)",
    ),
    Frame("rspamd", "rejected", _RSPAMD + r".*, forced: reject \"(?P<words>[^\"]+)", code="5.7.1"),
    Frame("rspamd", "deferred", _RSPAMD + r".*, forced: soft reject \"(?P<words>[^\"]+)", code="4.7.1"),
    Frame("rspamd", "delivered", r"\brspamd_task_write_log: .*: F \((?:no action|add header|rewrite subject)\): \["),
    Frame(
        "rspamd",
        "rejected",
        _RSPAMD + r".*?: [TFS] \((?P<verdict>reject|soft reject|greylist)\): (?P<words>\[[^\]]{1,40}\])"
        r"(?:.*\brcpts: <(?P<to>[^<>\s]{1,320})>)?",
    ),
    Frame("fortimail", "delivered", _FORTIMAIL + r'\bdisposition="(?:Accept|Deliver)[^"]*"'),
    Frame(
        "fortimail",
        "rejected",
        _FORTIMAIL + rf"\bclient_ip=\"(?P<ip>{_IP})\".*\bto=\"(?P<to>[^\"\s]{{1,320}})\".*"
        r"(?P<words>disposition=\"(?:Reject|System Quarantine|User Quarantine|Discard|Defer)[^\"]*\" "
        r"classifier=\"(?P<verdict>[^\"]{2,60})\")",
    ),
    Frame("sophos", "delivered", _SOPHOS + r'email passed"'),
    Frame(
        "sophos",
        "rejected",
        _SOPHOS
        + rf"(?:email (?:rejected|quarantined|blackholed))\" srcip=\"(?P<ip>{_IP})\".*\bto=\"(?P<to>[^\"\s]{{1,320}})\".*"
        r"\b(?P<words>reason=\"(?P<verdict>\w{2,40})\"(?: extra=\"[^\"]*\")?)",
    ),
    Frame("zimbra", "delivered", r"\[LmtpServer-\d+\] \[.{0,200}\] lmtp - Delivering message: "),
    Frame(
        "zimbra",
        "rejected",
        r"\[LmtpServer-\d+\] \[.{0,200}\] lmtp - (?:rejecting|try again for) message (?P<to>[^\s:]{1,320}): (?P<words>.*)$",
    ),
    Frame(
        "maddy",
        "failed",
        r'\{(?:.*?"rcpt":"(?P<to>[^"\s]{1,320})")?(?:.*?"remote_server":"(?P<by>[\w.-]{1,253}?)\.?")?.*"smtp_code":'
        rf'(?P<basic>[45]\d\d),"smtp_enchcode":"(?P<code>[45]\.\d\.\d{{1,3}})","smtp_msg":{_JSON}',
    ),
    Frame("maddy", "deferred", rf'\bremote: cannot use MX\s.*"reason":{_JSON}'),
    Frame("kumomta", "delivered", r'"type":"Delivery",.*"enhanced_code":'),
    Frame(
        "kumomta",
        "failed",
        r'"type":"(?:Bounce|TransientFailure)",(?:.*?"recipient":"(?P<to>[^"\s]{1,320})")?.*"response":\{"code":(?P<basic>[45]\d\d),'
        rf'"enhanced_code":(?:\{{"class":(?P<class>[45]),"subject":(?P<subject>\d),"detail":(?P<detail>\d{{1,3}})\}}|null),"content":{_JSON}'
        rf'(?:.*"peer_address":\{{"name":"(?P<by>[\w.-]{{1,253}}?)\.?","addr":"(?P<ip>{_IP}))?',
    ),
)

# A filter's own name for its reason, and the code and words in which a server would give it. Where none fits, the message
# was refused by the filter's policy.
VERDICTS: Final = {
    "spam": ("5.7.1", "detected as spam"),
    "spammy": ("5.7.1", "detected as spam"),
    "reject": ("5.7.1", "detected as spam"),
    "fortiguard antispam": ("5.7.1", "detected as spam"),
    "heuristic": ("5.7.1", "detected as spam"),
    "bayesian": ("5.7.1", "detected as spam"),
    "as": ("5.7.1", "detected as spam"),
    "soft reject": ("4.7.1", "greylisted, try again later"),
    "greylist": ("4.7.1", "greylisted, try again later"),
    "grey list": ("4.7.1", "greylisted, try again later"),
    "greylisting": ("4.7.1", "greylisted, try again later"),
    "antispam": ("5.7.1", "detected as spam"),
    "case": ("5.7.1", "detected as spam"),
    "amp": ("5.7.1", "virus found"),
    "infected": ("5.7.1", "virus found"),
    "antivirus": ("5.7.1", "virus found"),
    "av": ("5.7.1", "virus found"),
    "banned": ("5.7.1", "attachment type not allowed"),
    "oversized": ("5.3.4", "message too large"),
    "attachment filter": ("5.7.1", "attachment type not allowed"),
    "extension": ("5.7.1", "attachment type not allowed"),
    "dnsbl": ("5.7.1", "client host blocked using a block list"),
    "fortiguard antispam-ip": ("5.7.1", "client host blocked using a block list"),
    "rbl": ("5.7.1", "client host blocked using a block list"),
    "spf": ("5.7.23", "SPF check failed"),
    "spf failure as spam": ("5.7.23", "SPF check failed"),
    "rdns_helo": ("5.7.25", "reverse DNS lookup failed"),
    "bad_rdns": ("5.7.25", "reverse DNS lookup failed"),
    "recipient verification": ("5.1.1", "user unknown"),
    "address_verification": ("5.1.1", "user unknown"),
    "tls enforcement": ("5.7.10", "TLS required"),
    "sender address rate control": ("4.7.0", "too many messages from this sender, rate limited"),
    "smtp auth failure": ("5.7.8", "authentication failed"),
}
POLICY: Final = ("5.7.1", "rejected by policy")

# What these products say of what they met themselves, when no server answered: the code that RFC 3463 has for it.
MEANT: Final = (
    ("domain does not exist", "5.1.2"),
    ("domain name not found", "5.1.2"),
    ("no mx server found", "5.1.2"),
    ("failed to resolve any ip addresses", "5.4.4"),
    ("no such domain", "5.1.2"),
    ("invalid domain name", "5.1.2"),
    ("nxdomain", "5.1.2"),
    ("temporary failure in mx lookup", "4.4.3"),
    ("dns lookup failure", "4.4.3"),
    ("network error on destination mxs", "4.4.1"),
    ("no valid route to", "4.4.1"),
    ("all routes to destination blocked", "4.4.1"),
    ("tried all mxs", "4.4.1"),
    ("the server is not responding", "4.4.1"),
    ("server not responding", "4.4.1"),
    ("remote system no longer responding", "4.4.2"),
    ("not listed in domino directory", "5.1.1"),
    ("not listed in public name & address book", "5.1.1"),
    ("not unique", "5.1.4"),
    ("authentication failed for user", "5.7.8"),
    ("not found in reverse dns lookup", "5.7.25"),
    ("dns blacklist", "5.7.1"),
    ("rejected for policy reasons", "5.7.1"),
    ("rejected by rat", "5.1.0"),
    ("rejected by ldapaccept", "5.1.1"),
    ("overquota", "5.2.2"),
    ("over quota", "5.2.2"),
    ("envelope expired", "4.4.7"),
    ("loop detected", "5.4.6"),
)
