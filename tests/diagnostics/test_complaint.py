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
        "the sender also receives non-delivery reports for some of them",
        "some members do not get the message",
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
        # what stands between the noun and the verb is a name, an address, a number
        "none of the tills gets its receipts out",
        "single mails arrive, our payroll reports don't.",
        "everything for fabrikam.com bounces since Monday",
        "mails from the plant to the cloud are slow",
        "her server rejects every attachment",
        "OWA gives a white page after the logon",
        "inbound stopped at four",
        "what he writes to the list gets an immediate bounce",
        "mail sits in the queue, and there are no errors in any log",
        "our hoster has no problem, the messages are stuck here",
        "two of our new fixed addresses: messages are delayed",
        "Der Drucker meldet Fehler beim Senden",
        "alle Nachrichten werden von diesem Postfach abgewiesen",
        "seit dem Umzug kommen Alarme viel zu spät",
        "la validation échoue à la première étape",
        "le destinataire du ministère refuse tout",
        "los pedidos a ventas@fabrikam.com rebotan",
        "ya no entra nada",
        "il ministero rifiuta subito",
        "la richiesta viene respinta",
        "as mensagens de entrada são devolvidas",
        "ze krijgen van de helft geen post",
        "de facturen worden geweigerd",
        "serwer przestał przyjmować",
        "posten till kunden ligger i kö",
        "de nya användarna kan sedan flytten inte skicka",
        "共有メールボックスを予定表から見られなくなりました",
        "特定の取引先からのメールだけがサーバーで拒否されます",
        # told in passing, beside a time or whose it is
        "our fax gateway worked until the move, no errors in its log",
        "The plotter's alerts stopped on Thursday",
        "what Karla writes to customers bounces at once",
        "Each evening all of our replies get rejected, and in the morning it works again",
        "no report goes through the relay since the update",
        "Eine Anfrage an unseren Einkauf kam mit Fehler zurück",
        "depuis hier plus aucune relance ne part",
        "desde el lunes los avisos vuelven todos",
        "da ieri gli avvisi vengono rifiutati",
        "desde ontem o relatório voltou para todos",
        "sinds vannacht krijgen we van die bank niets meer",
        "od wczoraj faktury się odbijają",
        "sedan i natt kan partnern inte leverera till oss",
        "昨日から通知が相手に拒否されています",
        "invoices to this one customer bounce: it bounces within a second",
        "Senders outside get an immediate rejection.",
        "the far end refuses our messages since they moved",
        "our wholesaler turned down every order: they are turned away",
        "the scanners won't log in, no error is shown on the panel",
        "staff on floor two can't open Outlook; letters pile up: everything is piling up",
        "mail for the northern site has, as of Monday's change, sits in one queue",
        "Der Partner lehnt alles ab, was von uns kommt.",
        "Der Kollege bekommt jedes Mal eine Unzustellbarkeit.",
        "Der neue Connector bietet keine Verbindung an, und es kommt nichts durch.",
        "Mails bleiben den ganzen Tag in der Warteschlange",
        "la mairie refuse nos envois, échec à chaque essai",
        "tout reste en attente, plus rien ne sort",
        "el banco rechaza todo lo nuestro",
        "os clientes recebem devolução desde ontem",
        "la banca rifiuta ogni fattura",
        "le buste paga restano in coda",
        "de gemeente weigert alles van ons",
        "urząd odrzuca nasze faktury",
        "kunderna får aldrig sina kvitton",
        "複合機からの送信がエラーになります",
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
        "I fixed it: the messages are delayed no longer",
        "the yearly numbers: 2 % bounced, as in the year before, and everything works now",
        "les refusés de la semaine : 12",
        "no messages are lost, and nothing goes wrong",
        "keine Nachricht wird abgelehnt",
        "our runbook for bounces after the drill",
        "the bounce dashboard of yesterday: 12 deferred, as every day",
        "gestern geplant: die alten Server bleiben noch stehen",
        "no errors so far, the names are resolved to the new addresses",
        "the slides about rejections are done, I stopped updating the old ones",
        "die Dokumentation zu unzustellbaren Nachrichten ist fertig",
        "le schéma des files est dans le wiki, rien à signaler",
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


def test_a_sentence_that_a_mail_client_broke_is_one() -> None:
    told = "As I wrote in the other thread on Thursday, what our wholesaler writes never\nshows up, and only his."
    assert not complains(told)
    assert diagnose(f"{told}\n\n{_FINE}").verdict == "unknown"


def test_who_complains_in_the_line_that_quotes_an_output() -> None:
    quoted = "The trace has {LED=250 2.1.5 RESOLVER.GRP.Expanded; distribution list expanded}."
    assert diagnose(quoted).verdict == "healthy"
    assert diagnose(f"{quoted} Some members do not get the message.").verdict != "healthy"
