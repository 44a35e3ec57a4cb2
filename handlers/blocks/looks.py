"""One look of a check in a few words, from the facts it found. What a server said is cut short here and cleaned later."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from diagnostics.checks.model import Attempt

_LONGEST: Final = 120
_MOST: Final = 4
Facts = Mapping[str, Any]


def summary(attempt: Attempt) -> str:
    """Half a line on what was read; "" where there is nothing to say. Never raises for any facts."""
    say = _SAYS.get(attempt.check)
    try:
        return say(attempt.facts)[:_LONGEST] if say else ""
    except (KeyError, TypeError, ValueError, AttributeError, IndexError):
        return ""  # facts of another version, read back from a record


def _listed(values: Any) -> str:
    shown = [str(value) for value in list(values)[:_MOST]]
    more = len(values) - len(shown)
    return ", ".join(shown) + (f" and {more} more" if more > 0 else "")


def _smtp(facts: Facts) -> str:
    return str(facts.get("product") or facts.get("banner") or "")


def _starttls(facts: Facts) -> str:
    held = facts["certificate"]
    until = f"certificate until {str(held['not_after'])[:10]} ({held['days_left']} days)" if "not_after" in held else ""
    return ", ".join(each for each in (str(facts.get("protocol", "")), until) if each)


def _mx(facts: Facts) -> str:
    return _listed([f"{each['preference']} {each['host']}" for each in facts["hosts"]])


def _spf(facts: Facts) -> str:
    counted = f"{facts['lookups']} of 10 look-ups, ends in {facts['all'] or 'nothing'}"
    asked = facts.get("address")
    return f"{asked['ip']}: {asked['result']}; {counted}" if asked else counted


def _dkim(facts: Facts) -> str:
    found = [name for name, key in facts["selectors"].items() if key["state"] != "none"]
    return f"keys at {_listed(found)}" if found else ""


def _dnsbl(facts: Facts) -> str:
    states = [zone["state"] for zone in facts["zones"].values()]
    return f"{states.count('clean')} of {len(states)} lists don't have it" if states else ""


def _submission(facts: Facts) -> str:
    return "open" if facts["open"] else f"closed ({facts.get('why', '')})"


def _mta_sts(facts: Facts) -> str:
    return f"mode {facts['mode']}" if facts.get("mode") else "no policy"


def _dane(facts: Facts) -> str:
    records = facts.get("records", ())
    return f"{len(records)} TLSA records" if records else "no TLSA records"


def _exchange_online(facts: Facts) -> str:
    return f"tenant {facts['tenant']}" if facts.get("tenant") else _listed(facts["clouds"])


def _fitness(facts: Facts) -> str:
    fit = facts["fit"]
    verdict = {True: "fit", False: "not fit"}
    said = verdict.get(fit, "not known")
    reasons = facts.get("reasons") or ()
    return f"{said}: {reasons[0]}" if reasons else said


def _autodiscover(facts: Facts) -> str:
    points = f"points to {facts['points_to']}" if facts["points_to"] != "nowhere" else "no record"
    https = facts.get("https")
    if not https:
        return points
    if not https["open"]:
        return f"{points}; port 443: {https['why']}"
    wrong = ", ".join(https.get("wrong", {}))
    return f"{points}; port 443: {https.get('protocol') or https.get('why')}{f', {wrong}' if wrong else ''}"


_SAYS: Final[dict[str, Callable[[Facts], str]]] = {
    "address": lambda facts: _listed(facts["addresses"]),
    "ptr": lambda facts: _listed(facts["names"]),
    "smtp": _smtp,
    "starttls": _starttls,
    "tls-versions": lambda facts: "accepts " + _listed(facts["accepted"]),
    "injection": lambda facts: f"commands in the clear are {facts['answer']}",
    "relay": lambda facts: next(iter(facts["answers"].values()), ""),
    "submission": _submission,
    "exo-connector": _fitness,
    "dane": _dane,
    "dnsbl": _dnsbl,
    "mx": _mx,
    "spf": _spf,
    "dmarc": lambda facts: f"p={facts['policy']}",
    "dkim": _dkim,
    "mta-sts": _mta_sts,
    "tls-rpt": lambda facts: _listed(facts["rua"]),
    "dnssec": lambda facts: str(facts["state"]),
    "exchange-online": _exchange_online,
    "autodiscover": _autodiscover,
}
