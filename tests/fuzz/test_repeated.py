"""Four times as much of a real paste is four times the work, counted in calls, so that no clock has a say.

The families of texts made to be expensive repeat one artefact. In a case several meet, and causes set them against each
other: each reply against each refusal, each last error against each queue. Every subject here once did so.
"""

from __future__ import annotations

from typing import Final

import pytest

from tests.fuzz.growth import CASES, MOST, repeated

SUBJECTS: Final = {
    "refused certificates": "tls/not-dane-certificate-expired",
    "refusals by a policy": "tls/not-mta-sts-certificate-invalid",
    "connections that failed": "network/not-antivirus-port-blocking",
    "queues and their last errors": "quota-throttle/delivery-concurrency-against-folder-item-limit",
    "a session log": "certificate/local-wrong-certificate-presented",
}


@pytest.mark.parametrize("name", SUBJECTS.values(), ids=SUBJECTS)
def test_work_grows_with_the_text_and_not_with_its_square(name: str) -> None:
    few, many = repeated(CASES / f"{name}.md")
    assert few > 5_000
    assert many < MOST * few
