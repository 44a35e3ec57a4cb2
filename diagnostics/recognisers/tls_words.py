"""How TLS libraries say that they refused a certificate, in Exchange's terms.

OpenSSL (also in PHP, Python, Perl, Node, curl), Go, Java, .NET with MailKit, rustls and GnuTLS each have their own words for
the same few reasons. Sources: https://docs.openssl.org/master/man3/X509_STORE_CTX_get_error/, https://pkg.go.dev/crypto/x509,
https://nodejs.org/api/tls.html, https://learn.microsoft.com/dotnet/api/system.net.security.sslpolicyerrors
"""

from __future__ import annotations

from typing import Final

from msgspec import Struct

from diagnostics.patterns import linear

_HOST: Final = r"[A-Za-z0-9*_.-]+"
# (reason, words). The name that was wanted and those that were shown are groups of these names.
_WORDS: Final = (
    (
        "SubjectMismatch",
        (rf"x509: certificate is valid for (?P<shown>[^,\s]{{1,253}})[^\n]{{0,600}}?,? not (?P<wanted>{_HOST})"),
    ),
    (
        "SubjectMismatch",
        (rf"x509: cannot validate certificate for (?P<wanted>{_HOST}) because it doesn.t contain any IP SANs"),
    ),
    (
        "SubjectMismatch",
        (rf"No (?:subject alternative (?:DNS )?names? matching|name matching) (?:IP address )?(?P<wanted>{_HOST})? ?"),
    ),
    (
        "SubjectMismatch",
        (
            r"No subject alternative (?:DNS )?names present"
            rf"|(?:for any names, but wanted to match |certificate for <)(?P<wanted>{_HOST})"
        ),
    ),
    (
        "SubjectMismatch",
        (rf"certificate is not valid for ['\"](?P<wanted>{_HOST})"),
    ),
    (
        "SubjectMismatch",
        (rf"\bhostname ['\"](?P<wanted>{_HOST})['\"] doesn.t match (?:either of )?['\"](?P<shown>{_HOST})"),
    ),
    (
        "SubjectMismatch",  # Ruby
        (rf"\bhostname ['\"](?P<wanted>{_HOST})['\"] does not match the server certificate"),
    ),
    (
        "SubjectMismatch",
        (
            rf"does not match certificate's altnames: Host: (?P<wanted>{_HOST})\. is not "
            r"(?:in the cert's altnames: DNS:|cert's CN: )"
            rf"(?P<shown>{_HOST})"
        ),
    ),
    (
        "SubjectMismatch",
        (rf"does not match certificate's altnames: IP: (?P<wanted>{_HOST}) is not in the cert's list"),
    ),
    (
        "SubjectMismatch",
        (rf"Peer certificate CN=[`']?(?P<shown>{_HOST})['`]? did not match expected CN=[`']?(?P<wanted>{_HOST})"),
    ),
    (
        "SubjectMismatch",
        (
            rf"host ?name (?:\((?P<wanted>{_HOST})\) |\S+ )?did not match (?:the name|any of the names) (?:given )?in the "
            rf"server's(?: SSL certificate:?\s*(?:• )?(?P<shown>{_HOST}))?"
        ),
    ),
    (
        "SubjectMismatch",
        (
            rf"(?:certificate subject name ['\"]?(?P<shown>{_HOST})['\"]? does not|no alternative certificate subject name)"
            rf" match(?:es)? target host ?name ['\"]?(?P<wanted>{_HOST})?"
        ),
    ),
    (
        "SubjectMismatch",
        (
            r"The name in the certificate does not match"
            r"|certificate (?:owner|peer ?name|host ?name|name) (?:does not match|verification failed|mismatch)"
            # Perl's IO::Socket::SSL, Erlang, mutt, Windows' Schannel
            r"|\bhost ?name verification failed|\bhostname_check_failed|\bhost ?name does not match certificate"
            r"|target principal name is incorrect"
        ),
    ),
    (
        "SubjectMismatch",
        (r"RemoteCertificateNameMismatch|ERR_TLS_CERT_ALTNAME_INVALID|Host(?:name|-? name) mismatch"),
    ),
    (
        "SubjectMismatch",  # rustls, older and newer
        (rf"invalid peer certificate: (?:NotValidForName|certificate not valid for name ['\"](?P<wanted>{_HOST}))"),
    ),
    (
        "CertificateExpired",
        (
            r"invalid peer certificate: (?:Expired|certificate expired)"
            r"|x509: certificate has expired|certificate verify failed: certificate has expired|\bCERT_HAS_EXPIRED\b"
            r"|CertificateExpiredException|certificate chain: NotTimeValid|\bNotTimeValid\b"
            r"|certificate is NOT trusted\. The certificate "
            r"chain uses expired certificate|timestamp check failed|certificate (?:of \S{1,253} )?has expired"
        ),
    ),
    (
        "UntrustedRoot",
        (
            r"self.signed certificate|\bDEPTH_ZERO_SELF_SIGNED_CERT\b|\bSELF_SIGNED_CERT_IN_CHAIN\b"
            r"|certificate chain: UntrustedRoot"
            r"|terminated in a root certificate which is not trusted"
        ),
    ),
    (
        "PartialChain",
        (
            r"unable to verify the first certificate|\bUNABLE_TO_(?:VERIFY_LEAF_SIGNATURE|GET_ISSUER_CERT(?:_LOCALLY)?)\b"
            r"|unable to get (?:local )?issuer certificate|certificate chain: PartialChain|could not be built to a trusted root"
        ),
    ),
    (
        "UntrustedRoot",
        (
            r"invalid peer certificate: UnknownIssuer"
            r"|x509: certificate signed by unknown authority|PKIX path (?:building|validation) failed"
            r"|valid certification path to requested"
            r"|SunCertPathBuilderException|RemoteCertificateChainErrors|remote certificate (?:is invalid|was rejected)"
            r"|certificate hasn.t got a known issuer"
            r"|SSL certificate could not be validated|certificate presented by the server is not trusted"
            r"|certificate is NOT trusted|CERTIFICATE_VERIFY_FAILED"
            r"|certificate verify failed|certificate is not trusted"
            # Windows in other languages
            r"|Remotezertifikat ist (?:laut|gemäß) Validierungs|certificat distant n.est pas valide|certificado remoto no es v"
            r"|certificato remoto non . stato|externe certificaat is ongeldig"
        ),
    ),
)
_EACH: Final = tuple((reason, linear(f"(?i){words}")) for reason, words in _WORDS)
# Words of a handshake that failed for its version or its ciphers, or for an answer that was no TLS; the causes have them as
# signatures.
NO_COMMON: Final = (
    r"peer is incompatible: (?:NoCipherSuitesInCommon|ServerDoesNotSupportTls12Or13|ServerTlsVersionIsDisabled)"
    r"|no shared cipher|no cipher match|no cipher suites? (?:in common|supported by both)|supported cipher suite"
    r"|remote error: tls: handshake|unsupported protocol version|offered only unsupported versions"
    r"|illegal or unsupported version"
    r"|is not accepted by client pref"
    r"|unsupported protocol|no protocols available|wrong version number|alert protocol version"
    r"|alert: protocol_version|alert handshake failure|alert: (?:handshake_?failure|protocolversion)|version too low"
    r"|No appropriate protocol|unexpected TLS packet|RX_RECORD_TOO_LONG|record does not look like a TLS"
    r"|unrecognized SSL message|unexpected packet format|packet length too long|SERVER_HELLO:unknown protocol"
    r"|(?:ca|ee) key too small|ca md too weak|wrong signature type|unable to check revocation|legacy renegotiation disabled"
    r"|do not possess a common algorithm|alert insufficient security|inappropriate fallback|dh key too small"
)
# A client that can't read the list of authorities: no certificate of anybody is judged. Go, Java, curl, PHP, Python, rustls,
# Perl, Ruby, msmtp and Postfix.
NO_AUTHORITIES: Final = (
    r"failed to load system roots|trustAnchors parameter must be non-empty|error setting certificate verify locations"
    r"|error adding trust anchors from file|failed loading cafile stream|suitable TLS CA certificate bundle"
    r"|no (?:native root )?CA certificates (?:were )?(?:found|loaded)"
    r"|verify SSL peers without knowing which Certificate Authorities"
    r"|SSL_CTX_load_verify_(?:locations|file|dir)\b.{0,40}(?:error|fail|system lib|no such file)"
    r"|cannot (?:set X509 trust file|load Certification Authority data)|invalid or missing SSL_ca_(?:file|path)"
)
# Literals that no such error can do without, to look before the patterns.
MARKS: Final = (
    r"x509:|certificate|UNABLE_TO_|\bSSL\b|_CERT|CERT_|PKIX|SunCertPath|altnames?\b|subject alternative"
    r"|no shared cipher|no cipher match|cipher suites?\b|\btls: |unsupported version"
    r"|protocols? available|unsupported protocol|wrong version number|alert|version too low|appropriate protocol"
    r"|common algorithm|TLS packet|RECORD_TOO_LONG|like a TLS|packet format"
    r"|host ?name (?:verification|does)|hostname_check|principal name"
    r"|inappropriate fallback|key too small|md too weak|signature type|renegotiation|peer is incompatible"
    r"|trustAnchors|system roots|trust anchors|cafile|verify_(?:locations|file|dir)|X509 trust|Certificat(?:e|ion) Authorit"
    r"|SSL_ca_|SSL error"
)
# What only a library prints, as opposed to a sentence about certificates.
PRINTED: Final = (
    r"\bx509: |\bPKIX path |SunCertPathBuilder|certificate is NOT trusted|CERTIFICATE_VERIFY_FAILED|ERR_TLS_CERT"
    r"|\b[A-Z_]{1,20}_SELF_SIGNED_CERT"
    r"|\bSELF_SIGNED_CERT_IN_CHAIN|\bCERT_HAS_EXPIRED\b|\bUNABLE_TO_(?:VERIFY|GET)_|RemoteCertificate(?:NameMismatch"
    r"|ChainErrors)"
    r"|routines:|\bSSL ?routines|error:[0-9A-F]{8}:|TLS library problem|SSL_(?:connect|accept|do_handshake)|SSL: "
    r"|ssl3_|tlsv1 alert|sslv3 alert|ssl/tls alert|\bSSL operation failed with code \d"
    r"|Peer certificate CN=|certificate's altnames|Received fatal alert: |SSL(?:Handshake|Peer\w+)?(?:Exception|Error)\b"
    r"|AuthenticationException|certificate verify failed|remote certificate (?:is invalid|was rejected) (?:according"
    r"|because|by)"
    r"|CertificateException: |No subject alternative (?:DNS )?names|alternative certificate subject name|gnutls"
    r"|GnuTLS|do not possess a common algorithm|\btls: (?:no cipher|server selected|client offered|handshake|failed to verify)"
    r"|remote error: tls: |sent a TLS alert|\bALERT: Fatal - "
    r"|SSL peer (?:cannot|rejected|does not)|\bmsmtp: |subject alternative names: "
    r"|did not match (?:the name|any of the names) given in"
    r"|\bSSL certificate problem: |server's SSL certificate could not be validated"
    r"|SSL certificate presented by the server is not trusted"
    r"|TLS certificate verification failed|TLS negotiation failed: |SSL_CTX_set_cipher_list"
    r"|Remotezertifikat ist|certificat distant n|certificado remoto no"
    r"|certificato remoto non"
    r"|self.signed certificate in certificate chain|unable to (?:get local issuer certificate|verify the first certificate)"
    r"|\binvalid peer certificate: |\bpeer is incompatible: "
    r"|\bSSL_ERROR_[A-Z]|\bunrecognized SSL message|record does not look like a TLS|due to an unexpected packet format"
    r"|\bhost ?name verification failed|\bhostname_check_failed|does not match (?:the server )?certificate\b"
    r"|target principal name is incorrect"
    rf"|{NO_AUTHORITIES}|\bSSL error connecting "
    r"|externe certificaat is|STARTTLS=(?:client|server), error: |fatal alert: "
)


# The alerts by which a client refuses the certificate of the server that it spoke to (RFC 8446, 6.2), as OpenSSL, Java and
# rustls, Go, .NET, Erlang, NSS and GnuTLS name them.
_BY_ALERT: Final = (
    r"(?:\balert |\bfatal alert: |\btls: |\bTLS alert: ?\W{0,2}|\bALERT: Fatal - |\balert has been received\b.{0,20})"
)
_ALERTS: Final = (
    (
        "CertificateExpired",
        rf"{_BY_ALERT}(?:certificate[ _]?(?:has )?expired|expired certificate)|peer rejected your certificate as expired",
    ),
    (
        "Revoked",
        rf"{_BY_ALERT}(?:certificate[ _]?revoked|revoked certificate)|peer rejected your certificate as revoked",
    ),
    (
        "UnknownAuthority",  # or a chain without its middle
        rf"{_BY_ALERT}(?:unknown[ _]?ca\b|unknown certificate authority|CA is unknown)|trust the CA that issued your certificate",
    ),
    (
        "BadCertificate",  # for a reason that the client keeps
        rf"{_BY_ALERT}(?:bad[ _]?certificate|certificate[ _]?unknown|unknown certificate\b|is bad\b)|verify your certificate",
    ),
)
_EACH_ALERT: Final = tuple((reason, linear(f"(?i){words}")) for reason, words in _ALERTS)


class Unverified(Struct, frozen=True):
    """`wanted` is the name that the client asked for, `shown` the first one on the certificate; "" where not told."""

    reason: str
    wanted: str = ""
    shown: str = ""


def alerted(text: str) -> str:
    """Why the other side refused the certificate that it was shown, by the alert that it sent; "" where it sent none."""
    return next((reason for reason, words in _EACH_ALERT if words.search(text)), "")


def unverified(text: str) -> Unverified | None:
    """What a library says of the certificate that it was shown; None where it says nothing of one."""
    for reason, words in _EACH:
        found = words.search(text)
        if found:
            named = found.groupdict()
            return Unverified(reason, (named.get("wanted") or "").lower(), (named.get("shown") or "").lower())
    return None
