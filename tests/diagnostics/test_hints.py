"""A person's own words order what is merely possible, and never make anything believed."""

from __future__ import annotations

import pytest

from diagnostics import Report, diagnose

UNABLE = '451 4.4.0 Primary target IP address responded with: "421 4.2.1 Unable to connect."'


def order(report: Report) -> list[str]:
    return [each.cause for each in report.findings]


def test_telnet_that_connects_speaks_against_the_network() -> None:
    plain, told = order(diagnose(UNABLE)), order(diagnose(f"{UNABLE}\n\ntelnet to port 25 works from the server"))
    key, port = "tls.certificate.private-key-permission", "network.port25.outbound-blocked"
    assert plain.index(port) < plain.index(key)
    assert told.index(key) < told.index(port)


@pytest.mark.parametrize(
    "words", ["we renewed the certificate", "telnet works", "only this domain", "spammers made up addresses"]
)
def test_words_alone_make_nothing_likely(words: str) -> None:
    assert {each.belief for each in diagnose(f"{UNABLE}\n\n{words}").findings} == {"possible"}
    assert diagnose(words).verdict == "nothing"
