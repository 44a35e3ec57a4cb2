"""That a server's own resolver does not answer, as a person tells it: `nslookup says "DNS request timed out"`.

What nslookup printed is read elsewhere; this is its result in a sentence. A time-out says nothing of the name that was asked for,
so the fact names none.
"""

from __future__ import annotations

from collections.abc import Sequence

from diagnostics.artefacts import Artefact
from diagnostics.looked_facts import DnsAnswer
from diagnostics.patterns import linear
from diagnostics.recognisers import Reading, recogniser
from diagnostics.recognisers.building import artefact
from diagnostics.recognisers.sources import source_at
from diagnostics.recognisers.told_settings import MOST_LINES, supposes

_SILENT = linear(
    r"(?i)\w.{0,200}\W{1,3}DNS request timed out\b|\bnslookup\b[^.\n]{0,60}\b(?:tim(?:es|ed|ing) out|time-?outs?"
    r"|no response|does ?n.t answer"
    r"|keine antwort|zeitüberschreitung|antwortet nicht|ne répond pas|no responde|non risponde|antwoordt niet)"
    r"|\b(?:dns server|resolver|dns-server)\b[^.\n]{0,40}\b(?:does ?n.t|does not|do not|don.t|no longer"
    r"|never) (?:answer|respond|reply)\w*"
    r"|\b(?:dns server|resolver|dns-server)\b[^.\n]{0,40}\b(?:antwortet nicht|ne répond pas|no responde|non risponde)"
)
_SERVER = linear(r"(?i)\b(?:server|servers|resolver)\b[^\n]{0,40}?\b((?:\d{1,3}\.){3}\d{1,3})\b")


@recogniser(
    r"(?:DNS request timed out|nslookup|\bdns[ -]server|\bresolver\b)",
    rank=98,
)
def read(reading: Reading) -> Sequence[Artefact]:
    """One artefact for the first such sentence."""
    for index, line in reading.sentences()[:MOST_LINES]:
        text = line[:1000]
        silent = _SILENT.search(text)
        if silent is None or line.rstrip().endswith("?") or supposes(text[: silent.start()]):
            continue
        server = _SERVER.search(text)
        ip = str(server.group(1)) if server else ""
        fact = DnsAnswer(source=source_at(reading, index), name="", ok=False, server=ip, error="timed out")
        return [artefact(reading, "told-resolver", [index], [fact], {"server": ip, "error": fact.error})]
    return []
