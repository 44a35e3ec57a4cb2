"""How long before a refusal an object was made: times as shells print them, whose day and month depend on the culture."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

from diagnostics.patterns import linear

_PRINTED = linear(
    r"(\d{1,4})[./-](\d{1,2})[./-](\d{1,4})[ T,]+(\d{1,2})[:.](\d\d)(?:[:.](\d\d))?(?:\.\d+)?(?:\s?([AaPp])\.?[Mm]\.?)?"
)


def hours_before(made: str, refused: str) -> float | None:
    """The hours from `made`, as printed, to `refused` (ISO 8601 in UTC): of the readings of `made` the nearest one.

    Negative where it was made later; None when one of the two times is not told.
    """
    found = _PRINTED.search(made)
    if not found or not refused:
        return None
    try:
        then = datetime.fromisoformat(refused)
    except ValueError:
        return None
    made_at = [each for each in _readings(found.groups()) if each and then.tzinfo is not None]
    gaps = [(then - each).total_seconds() / 3600 for each in made_at]
    return min(gaps, key=abs, default=None)


def age(made: str, now: str) -> float | None:
    """The hours from `made` to `now`, both as one shell printed them: their days and months stand in the same order.

    Of the two orders the one that makes it younger; None when a time is not told, or none fits.
    """
    first, second = _PRINTED.search(made), _PRINTED.search(now)
    if not first or not second:
        return None
    spans = zip(_readings(first.groups()), _readings(second.groups()), strict=False)
    hours = [(later - then).total_seconds() / 3600 for then, later in spans if then and later]
    return min((each for each in hours if each >= 0), default=None)


def _readings(groups: tuple[str, ...]) -> Iterator[datetime | None]:
    """Year first, else month first and then day first; None where there is no such day."""
    one, two, three, hour, minute, second, half = groups
    orders = ((one, two, three),) if len(one) == 4 else ((three, one, two), (three, two, one))
    for year, month, day in orders:
        try:
            at = datetime(int(year), int(month), int(day), int(hour) % 24, int(minute), int(second or 0), tzinfo=UTC)
        except ValueError:
            yield None
            continue
        yield at.replace(hour=at.hour % 12 + 12 * (half.lower() == "p")) if half else at
