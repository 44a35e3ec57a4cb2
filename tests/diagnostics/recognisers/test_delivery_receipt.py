"""Notices of success: they are read, and nothing is wrong with them."""

from __future__ import annotations

import pytest

from diagnostics import diagnose


@pytest.mark.parametrize(
    "notice",
    [
        "Delivery to these recipients or groups is complete, but no delivery notification was sent by the destination server:",
        "Die Zustellung an diese Empfänger oder Gruppen ist abgeschlossen, aber es wurde keine Zustellbenachrichtigung gesendet:",
        "La remise à ces destinataires ou groupes est terminée, mais aucune notification n'a été envoyée :",
        "Se completó la entrega a estos destinatarios o grupos, pero el servidor no envió ninguna notificación:",
        "Your message has been successfully relayed to the following recipients:",
        "Your message was read on Wednesday, 18 November 2026 08:31:02.",
    ],
)
def test_a_notice_is_healthy_and_names_its_recipients(notice: str) -> None:
    report = diagnose(f"is this bad?\n\n{notice}\n\nbob@fabrikam.com (bob@fabrikam.com)\n\nSubject: Offer")
    assert report.verdict == "healthy"
    assert [each.facts for each in report.artefacts] == [{"recipients": ["bob@fabrikam.com"]}]


def test_a_notice_beside_a_bounce_does_not_hide_it() -> None:
    report = diagnose(
        "Delivery to these recipients or groups is complete, but no delivery notification was sent:\nann@fabrikam.com\n\n"
        "550 5.7.703 Your message can't be delivered because messages to bob@fabrikam.com are blocked by your organization "
        "using Tenant Allow Block List."
    )
    assert report.verdict == "failure"


def test_what_people_say_of_deliveries_is_no_notice() -> None:
    assert diagnose("the delivery to these customers is complete, thanks all").verdict == "nothing"
