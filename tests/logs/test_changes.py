"""What changed when a failure began and ended, against the truth about generated logs."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from diagnostics.logs.answer import answer, find
from tests.logs.reading import generated, write
from tests.logs_generator import CHANGES, REFUSED, Change, Plan, Told

_WORDS: dict[Change, str] = {
    "ours": "our certificate's thumbprint",
    "protocol": "the TLS version",
    "theirs": "the remote certificate's thumbprint",
    "name": "the remote server's name",
    "pipelining": "PIPELINING in the EHLO reply",
    "address": "the remote address",
}
_PLANS = st.builds(
    Plan,
    size=st.integers(20_000, 80_000),
    interleaving=st.integers(1, 12),
    failing=st.sampled_from([0.0, 0.2]),
    outage=st.sampled_from([(0.3, 0.6), (0.2, 0.9), (0.6, 2.0), (0.0, 0.5)]),
    one_row=st.booleans(),
    changes=st.frozensets(st.sampled_from(CHANGES)),
    refused=st.booleans(),
    seed=st.integers(0, 1000),
)


def _expected(one: Told, other: Told, moment: str) -> Iterator[tuple[str, str, str, str]]:
    """What a reader would see change. What belongs to the other side is compared where both went to the same address."""
    same = one.remote == other.remote
    for change in ("ours", "protocol", *(("theirs", "name", "pipelining") if same else ("address",))):
        old, new = one.shown.get(change, ""), other.shown.get(change, "")
        if old and new and old != new:
            yield moment, _WORDS[change], old, new


def _next(to: Told, candidates: Sequence[Told]) -> Told | None:
    """The nearest success, candidates being nearest first: of the same address where there is one."""
    return next((each for each in candidates if each.remote == to.remote), candidates[0] if candidates else None)


@given(_PLANS, st.lists(st.floats(0.1, 0.9), max_size=2))
@settings(max_examples=60, deadline=None)
def test_what_changed_is_what_the_sessions_showed(plan: Plan, cuts: list[float]) -> None:
    text, truth = generated(plan)
    with tempfile.TemporaryDirectory() as folder:
        report = answer(find(write(Path(folder), text, cuts)))
    assert report.log is not None
    error = REFUSED if plan.refused else "TLS negotiation failed with error UnknownCredentials"
    sessions = sorted((told for told in truth.sessions if "Office" in told.connector), key=lambda told: told.at)
    out = [told for told in sessions if told.error == error]
    found = next((each for each in report.log.failures if each.error == error), None)
    assert (found is None) == (not out)
    if found is None:
        return
    fine = [told for told in sessions if not told.error]
    before = _next(out[0], [told for told in reversed(fine) if told.at < out[0].at])
    after = _next(out[-1], [told for told in fine if told.at > out[-1].at])
    expected = [
        *(_expected(before, out[0], "began") if before else ()),
        *(_expected(out[-1], after, "ended") if after else ()),
    ]
    (episode,) = found.episodes
    assert episode.last_success == max((each.at for each in fine if each.at < out[0].at), default="")
    assert episode.next_success == min((each.at for each in fine if each.at > out[-1].at), default="")
    told = [(each.moment, each.what, each.before, each.after) for each in episode.changes]
    assert sorted(told) == sorted(expected)
    assert found.ongoing == (after is None)
