"""Which mailbox is full, among many objects that name sizes and quotas: right, and in linear time."""

from __future__ import annotations

import pytest

from diagnostics.causes.quota_throttle import sizes
from diagnostics.facts import Source
from diagnostics.mail_facts import Configured

FULL = "50 GB (53,687,091,200 bytes)"
HALF = "25 GB (26,843,545,600 bytes)"


def entry(name: str, *, size: str = "", quota: str = "") -> Configured:
    values = tuple((key, text) for key, text in (("TotalItemSize", size), ("ProhibitSendReceiveQuota", quota)) if text)
    return Configured(source=Source(1, name), kind="mailbox", name=name, values=values)


@pytest.mark.parametrize(
    ("objects", "full"),
    [
        ([entry("lena", size=FULL, quota=FULL)], "lena"),
        ([entry("lena", size=HALF, quota=FULL)], None),
        ([entry("lena", size=FULL), entry("Lena", quota=FULL)], "lena"),
        ([entry("lena", size=FULL), entry("sam", quota=FULL)], None),
        ([entry("lena", size=FULL), entry("", quota=FULL)], "lena"),
        ([entry("", size=FULL), entry("sam", quota=FULL)], ""),
        ([entry("lena", size=HALF), entry("", quota=HALF), entry("lena", quota=FULL)], "lena"),
        ([entry("lena", size=HALF), entry("lena", quota=FULL), entry("", quota=HALF)], None),
        ([entry("lena", size=HALF, quota=FULL), entry("sam", size=FULL, quota=FULL)], "sam"),
        ([], None),
    ],
)
def test_the_full_one_is_found(objects: list[Configured], full: str | None) -> None:
    found = sizes.brimming(objects)
    assert (found.name if found else None) == full


def test_each_object_is_read_a_few_times_only(monkeypatch: pytest.MonkeyPatch) -> None:
    read, counted = sizes._bytes, list[str]()
    monkeypatch.setattr(sizes, "_bytes", lambda written: counted.append(written) or read(written))
    objects = [entry("", size=HALF) for _ in range(500)]
    assert sizes.brimming(objects) is None
    assert len(counted) <= 4 * len(objects)
