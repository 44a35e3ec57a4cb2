"""Distinguished names as Windows and Exchange write them: `CN=mail.contoso.com, O="Contoso, Ltd.", S=WA, C=US`.

.NET's X509Certificate2.Subject comes from CertNameToStr with CERT_X500_NAME_STR and the reverse flag: last part first,
`S` for the state, double quotes where a value needs them. Connectors compare this text letter by letter.
https://learn.microsoft.com/windows/win32/api/wincrypt/nf-wincrypt-certnametostra
"""

from __future__ import annotations

from typing import Final

from cryptography import x509

_KEYS: Final = {
    "2.5.4.3": "CN",
    "2.5.4.4": "SN",
    "2.5.4.5": "SERIALNUMBER",
    "2.5.4.6": "C",
    "2.5.4.7": "L",
    "2.5.4.8": "S",
    "2.5.4.9": "STREET",
    "2.5.4.10": "O",
    "2.5.4.11": "OU",
    "2.5.4.12": "T",
    "2.5.4.13": "Description",
    "2.5.4.17": "PostalCode",
    "2.5.4.18": "POBox",
    "2.5.4.20": "Phone",
    "2.5.4.42": "G",
    "2.5.4.43": "I",
    "2.5.4.46": "dnQualifier",
    "0.9.2342.19200300.100.1.25": "DC",
    "1.2.840.113549.1.9.1": "E",
}
_QUOTED: Final = frozenset(',+="\n<>#;')


def windows_name(name: x509.Name) -> str:
    """The name as one text; "" for a name without parts."""
    return ", ".join(" + ".join(_part(each) for each in rdn) for rdn in reversed(name.rdns))


def _part(attribute: x509.NameAttribute[str | bytes]) -> str:
    oid = attribute.oid.dotted_string
    value = attribute.value if isinstance(attribute.value, str) else attribute.value.hex().upper()
    if not value or value != value.strip() or not _QUOTED.isdisjoint(value):
        value = '"' + value.replace('"', '""') + '"'
    return f"{_KEYS.get(oid, f'OID.{oid}')}={value}"
