"""A person who tells of a failure isn't told that all is well, because the output beside the words shows nothing."""

from __future__ import annotations

import pytest

from diagnostics import diagnose
from diagnostics.complaint import complains

_FINE = """Identity                 DeliveryType   Status MessageCount NextHopDomain
--------                 ------------   ------ ------------ -------------
EX01\\Submission          Undefined      Ready  0            Submission
EX01\\3                   SmtpDelivery   Ready  0            ex02.contoso.com
"""


@pytest.mark.parametrize(
    "words",
    [
        "since this morning nobody can receive mail from outside",
        "We can't send to one partner any more.",
        "mails from outside never arrive, no NDR",
        "the messages to Exchange Online are stuck",
        "Mails nach außen kommen seit gestern nicht an.",
        "les messages n'arrivent plus",
        "plusieurs partenaires disent ne pas recevoir nos messages",
        "zwei Kunden melden, unsere Mails nicht zu bekommen",
        "los correos no salen desde ayer",
        "le fatture del fornitore spariscono",
        "die Rechnungen verschwinden spurlos",
        "their invoices vanish, with no bounce",
        "le mail non arrivano",
        "mails van buiten komen niet binnen",
        "mejl utifrån kommer inte fram",
        "TLS to the partner fails since the renewal",
        "the queue doesn't move",
        "Mails an externe Empfänger hängen",
        "Karin säger att hon inte kan skicka till listan",
        "Kunden können an info@contoso.com nicht schreiben",
        "what we send to the list never shows up",
        "nothing leaves to the internet since seven",
        "mail of our colleagues is shown as external",
        "Письма от клиентов не приходят со вчерашнего дня",
        "昨日から外部にメールが送信できません。",
        "从昨天开始邮件发不出去,无法发送到外部",
        "STARTTLS failed! no idea why, at report.pl line 88.",
        "fatal: the transport gave up",
        "Senden fehlgeschlagen!",
        "could not start TLS",
        "the outbound queue is growing",
        "Warteschlange zum Gateway steht",
        "la cola de salida está atascada",
        "kolejka wychodząca stoi od rana",
        "kön mot kunden fastnar",
        "mails to one supplier come back",
        "nos messages reviennent tous",
        "i messaggi del cliente tornano indietro",
        "berichten naar de bank komen steeds terug",
        "mejlen till banken studsar",
        "キューにメールが溜まっています",
        "Unsere Filiale kann nicht mehr an den Verteiler schreiben",
        "wiadomości trafiają do folderu śmieci",
        "o servidor deixou de entregar",
        "la coda verso il gateway non si muove",
        "Stau in der Warteschlange zum Relay",
        "vi får tillbaka mejl från banken",
        "klienci dostają zwrotki od rana",
        "o e-mail para o banco volta sempre",
        "Die Mail vom Scanner hängt seit dem Umbau",
        "Since the move of the office, no order of the shop gets out",
        "Seit dem Wechsel der Leitung meldet sich der Kunde wegen unserer Post nicht",
        "depuis la bascule, le fax par courriel n'envoie plus",
        "desde el cambio de operador, la gestoría no recibe facturas",
        "dal cambio di fornitore la banca non vede le nostre richieste",
        "sinds de overstap krijgt de bank onze opdrachten niet",
        "od aktualizacji bramki nic nie wraca do klienta",
        "sedan flytten får banken inga svar",
        "His replies always bounce, mine get through",
        "their gateway refuses our invoices",
        "the transport service crashes over and over",
        "reminders arrive hours later",
        "the copier shows an error 535",
        "Der Versand scheitert seit gestern",
        "Kunden bekommen Fehlermeldungen zurück",
        "nos factures sont refusées par la banque",
        "el transporte se cae al minuto",
        "la procedura si ferma a metà",
        "de mail kwam na een uur terug",
        "faktury wracają od klientów",
        "fakturorna studsar hos banken",
        "請求書がエラーで戻ってきます",
        "Внутри фирмы нормально, а от клиентов письма возвращаются",
        "No problems inside, but the bank rejects our mail",
        "Inside the building all good, mails to the branch are stuck",
    ],
)
def test_who_tells_of_a_failure_is_asked_for_what_shows_it(words: str) -> None:
    assert complains(words)
    report = diagnose(f"{words}\n\n{_FINE}")
    assert report.verdict == "unknown"
    assert "nothing in what was sent shows it" in report.summary
    assert report.next


@pytest.mark.parametrize(
    "words",
    [
        "here is the queue after the patch, as expected",
        "mail could not be sent yesterday, it works again now",
        "fixed: the messages were stuck behind the old certificate",
        "Gestern kamen die Mails nicht an, geht jetzt wieder.",
        "is this output normal?",
        "Errors: 0",
        "no error, as it should be",
        "the failed disk was replaced last week",
        "queues look ok, nothing stuck",
        "die Nachrichten hängen nicht",
        "it drained by itself, mails are arriving again; the queue was stuck",
        "here are the retry settings of the queue",
        "since the patch we see fewer messages, and it looks right",
        "no bounces, and none of the invoices came back",
        "ya no rebotan las facturas",
        "kein Kunde bekommt Fehlermeldungen",
        "nothing is held back, the messages were late yesterday. All good now.",
        "mails were stuck in the morning. No errors any more",
        "",
    ],
)
def test_good_news_stays_good_news(words: str) -> None:
    assert not complains(words)
    assert diagnose(f"{words}\n\n{_FINE}").verdict == "healthy"
