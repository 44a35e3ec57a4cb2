"""What people tell of moves, of what they deleted or put in front, and of what works: each sentence beside a refusal."""

from __future__ import annotations

import pytest

from diagnostics.mail_facts import Configured
from diagnostics.recognisers import recognise
from diagnostics.text import Paste

_REFUSED = "550 5.7.1 access denied\n"
_GREETED = "Received-SPF: Fail (x: no) receiver=x; client-ip=203.0.113.7; helo=mail.{}.com;\n"


def kinds(text: str) -> set[str]:
    found = recognise(Paste.of(text))
    return {fact.kind for each in found if each.in_words for fact in each.facts if isinstance(fact, Configured)}


@pytest.mark.parametrize(
    ("sentence", "kind"),
    [
        ("the mailbox was created in Exchange Online when the licence was set", "told-cloud-mailbox"),
        ("das Postfach ist in der Cloud angelegt worden", "told-cloud-mailbox"),
        ("la boîte est apparue toute seule dans Office 365", "told-cloud-mailbox"),
        ("el buzón se creó directamente en Exchange Online", "told-cloud-mailbox"),
        ("the new user was created directly in the 365 admin center", "told-cloud-mailbox"),
        ("die Kollegin wurde nur in der Cloud angelegt", "told-cloud-mailbox"),
        ("nieuwe medewerker aangemaakt in het 365 beheercentrum", "told-cloud-mailbox"),
        ("yesterday I removed all self-signed certificates", "told-certificates-deleted"),
        ("wir haben die alten Zertifikate gelöscht", "told-certificates-deleted"),
        ("on a supprimé les certificats auto-signés", "told-certificates-deleted"),
        ("usunąłem stare certyfikaty", "told-certificates-deleted"),
        ("since we moved to Office 365 the scanner does not send", "told-moved"),
        ("seit der Umstellung auf Microsoft 365 sendet das ERP nicht", "told-moved"),
        ("depuis la migration vers 365 le logiciel ne marche plus", "told-moved"),
        ("dopo il passaggio a Office 365 il gestionale non invia", "told-moved"),
        ("I can sign in to webmail with the same password", "told-password"),
        ("the printer can't send, but with the same password I log in to webmail", "told-password"),
        ("mit demselben Kennwort kann ich mich in Outlook Web anmelden", "told-password"),
    ],
)
def test_what_is_told(sentence: str, kind: str) -> None:
    assert kind in kinds(_REFUSED + sentence)


@pytest.mark.parametrize(
    "sentence",
    [
        "no mailbox was created in Exchange Online",
        "was the mailbox created in Exchange Online?",
        "the mailbox was moved to Exchange Online",
        "the user was created in AD and synchronized to Office 365",
        "no user was created in the cloud",
        "should we delete the old certificates?",
        "we did not delete any certificate",
        "please clean up certificates next week",
        "the old root ca was removed from the browser",
        "the scanner is in the office and we are in Office 365",
        "I can't log in to webmail with the same password",
    ],
)
def test_what_is_not(sentence: str) -> None:
    assert not kinds(_REFUSED + sentence) & {
        "told-cloud-mailbox",
        "told-certificates-deleted",
        "told-moved",
        "told-password",
    }


def test_a_service_in_front_is_the_gateway_that_greeted_so() -> None:
    told = "Since we put Mimecast in front of Office 365, mail is junk.\n"
    assert "gateway" in kinds(told + _GREETED.format("mimecast"))
    assert "gateway" not in kinds(told + _GREETED.format("fabrikam"))
    assert "gateway" not in kinds("Their mail comes over Mimecast to our Office 365.\n" + _GREETED.format("mimecast"))


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        (
            "Since Monday mails with attachments stay in Drafts (OWA), no error. Small mails go at once.",
            "told-attachments-stay",
        ),
        (
            "Desde ayer los correos con adjuntos se quedan en borradores. Los mensajes pequeños salen bien.",
            "told-attachments-stay",
        ),
        ("Since the website is on a new host, contact form mails go to spam.", "told-web-host"),
        ("Depuis le nouvel hébergement, les mails du formulaire arrivent en spam.", "told-web-host"),
        ("The ERP has a new IP, its mails take 2-3 hours to reach our Office 365 mailboxes.", "told-late"),
        ("Neue Leitung seit gestern, Nachrichten an unsere 365-Postfächer dauern 2 Stunden.", "told-late"),
    ],
)
def test_what_is_read_without_anything_beside_it(text: str, kind: str) -> None:
    assert kind in kinds(text)


@pytest.mark.parametrize(
    "text",
    [
        "Mails with attachments stay in your Drafts until you send them. Small ones go to the Outbox.",
        "Since Monday mails with attachments stay in Drafts. Small ones don't go either.",
        "The website is on a new host, the contact form works and no spam comes.",
        "We have a new line, and the drive to the office takes 2 hours.",
        "A new provider for the ERP; the import into Office 365 takes 3 hours.",
    ],
)
def test_what_is_no_fault(text: str) -> None:
    assert not kinds(text) & {"told-attachments-stay", "told-web-host", "told-late"}
