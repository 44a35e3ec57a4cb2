"""What the tests of recognisers share: reading a text, and damaging one the way people and consoles do."""

from __future__ import annotations

from typing import TypeVar

from hypothesis import strategies as st

from diagnostics.artefacts import Artefact
from diagnostics.facts import Fact
from diagnostics.recognisers import recognise
from diagnostics.text import Paste

F = TypeVar("F", bound=Fact)

CHATTER = (
    "Did you run Get-Queue | fl and look at LastError? We had Status : Ready there last week",
    "please check HasPrivateKey and Services of the certificate, thumbprint ends in 8091",
    "what does event 36870 mean?",
    "I read that error 36870 means the private key is broken. Schannel 36870 usually indicates missing permissions.",
    "0x8009030D means SEC_E_UNKNOWN_CREDENTIALS",
    "Our MSExchange 2019 servers are fine, event 1018 in Paris was great",
    "NETWORK SERVICE has read on the key, I checked it in the MMC",
    "telnet on port 25 works from here, ping too",
    "nslookup is fine for smtp.contoso.com, it resolves to 203.0.113.25",
    "TLS 1.2 is enabled for client and server, Enabled is 1",
    "openssl says nothing useful",
    "220 people came to the EHLO party, 250 were invited",
    "Source: intranet\nDate: today\nDescription: lunch menu",
    "Name: Kim\nIdentity: unknown\nStatus: tired",
    "Subject: lunch\nStatus: Valid\nServices: none of your business",
    "ID: 4711\nMessage: hello world",
    "we should raise MaxSendSize to 50 MB some day, Backlog item 1535 created",
    "new firewall rule is in: 203.0.113.25 -> 10.0.4.21 tcp/25 and tcp/587, ticket CHG-5711 closed",
)


def artefacts(text: str) -> list[Artefact]:
    return recognise(Paste.of(text))


def facts(text: str, kind: type[F]) -> list[F]:
    """The facts of one kind in `text`; every fact read must quote the line it points at."""
    paste = Paste.of(text)
    found = [fact for artefact in recognise(paste) for fact in artefact.facts]
    for fact in found:
        assert fact.source.quote.startswith(
            paste.raw[fact.source.line - 1][:8000].strip()
        )  # a broken line is quoted whole
    return [fact for fact in found if isinstance(fact, kind)]


def one(text: str, kind: type[F]) -> F:
    (found,) = facts(text, kind)
    return found


def damaged(text: str) -> st.SearchStrategy[str]:
    """`text` with lines lost, doubled, cut and mixed with anything."""
    lines = text.split("\n")
    piece = st.one_of(
        st.sampled_from(lines),
        st.sampled_from(lines).flatmap(lambda line: st.integers(0, len(line)).map(lambda at: line[:at])),
        st.text(max_size=40),
        st.just(""),
    )
    return st.lists(piece, max_size=40).map("\n".join)
