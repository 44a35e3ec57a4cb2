"""Faults told in whole sentences: what several of them tell together, and what looks alike and is none."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

import diagnostics
from diagnostics.book import Book
from diagnostics.cause import Belief, catalogue
from diagnostics.engine import judge
from diagnostics.mail_facts import Told
from diagnostics.recognisers import recognise
from diagnostics.text import Paste

_TOLD = {
    "some-senders-circle-at-the-filter": (
        "Mail of two senders loops. The spam filter hands it to Office 365 and gets it back each time.",
        "Einzelne Absender erreichen uns nicht. Der Filter liefert an Office 365, die Nachricht läuft hin und her.",
        "Certains expéditeurs reçoivent une erreur de boucle. Notre filtre remet à Office 365.",
    ),
    "only-tenants-miss-the-old-server": (
        "We added the domain on Friday. The MX still points to the old provider. Mail from other tenants is missing there.",
        "Die Domäne wurde im Tenant bestätigt. Der alte Server hat noch alle Postfächer. Nur von Office 365 fehlt Post.",
        "Le domaine est vérifié. Seulement les messages d'autres clients d'Office 365 manquent sur l'ancien serveur.",
    ),
    "incident-of-the-service": (
        "Service health has EX680695 since 8 am. Mail from outside is delayed for all of us.",
        "Microsoft meldet EX571516 als Störung. Unsere Nachrichten kommen Stunden verzögert an.",
        "Google reports an outage. Addresses at Gmail that worked at noon are rejected as unknown.",
        "L'incident EX680695 est ouvert. Les courriels arrivent avec un retard de deux heures.",
    ),
    "goes-to-the-domain-controllers": (
        "Mail to our own domain fails: the relay connects to our domain controllers. The AD domain is called the same.",
        "Der Relay schickt Nachrichten an uns zu den Domänencontrollern. Internes Netz und Mail heißen gleich. Es klappt nicht.",
        "Les messages pour nous reviennent, le relais envoie tout aux contrôleurs de domaine. La zone interne porte le même nom.",
        "El relay entrega los correos a los controladores de dominio. La zona interna tiene el mismo nombre. No funciona.",
    ),
    "wizard-gets-no-secure-channel": (
        "The hybrid wizard ends with an error about a secure channel. We are on Server 2012 R2, behind a proxy.",
        "Der Hybrid-Assistent bricht ab: sicherer Kanal konnte nicht erstellt werden.",
        "HCW stops when it makes the federation trust. Something about the Partner STS.",
    ),
    "primary-became-the-target": (
        "After HCW ran, the primary SMTP address of twelve users was replaced by their external address.",
        "Seit dem Lauf des Hybrid-Assistenten ist die primäre Adresse einiger Benutzer durch die externe Adresse ersetzt.",
        "Après l'assistant hybride, l'adresse principale de quelques personnes a été remplacée par l'adresse externe.",
        "Update-EmailAddressPolicy changed the primary address of some contacts' mailboxes: it is the target address now.",
    ),
    "two-mailboxes-of-one-user": (
        "Kim has two mailboxes. Mail from on-premises senders lands in one, mail from Exchange Online in the other.",
        "Eine Kollegin hat zwei Postfächer. Was von Exchange 2019 vor Ort kommt, landet im einen, aus der Cloud im anderen.",
        "One user has a mailbox on both sides. What cloud users send ends up in Exchange Online, the rest on-prem.",
        "Deux boîtes pour le même utilisateur. Les messages de la cloud arrivent dans l'une, ceux d'on-premises dans l'autre.",
    ),
    "old-mailbox-still-gets-mail": (
        "We moved him to Exchange Online last week. His on-premises mailbox still receives mail, and he can open it.",
        "Nach der Migration in die Cloud empfängt das alte Postfach. Es bekommt weiterhin Mails der Kollegen.",
        "Après la migration vers Exchange Online, l'ancienne boîte reçoit encore des messages: elle reçoit toujours le courrier.",
    ),
    "arrives-and-is-not-journaled": (
        "Our MX points to Microsoft 365. Mail from the internet is not journaled. What we send on-premises is.",
        "Der MX zeigt auf Exchange Online. Eingehende Mails von außen fehlen im Journal, das Archiv hat nur ausgehende.",
        "Le MX pointe vers Office 365. Les messages entrants de l'extérieur manquent au journal, rien n'est journalisé.",
    ),
    "edge-shows-its-old-version": (
        "We upgraded the Edge server to CU14. The admin center shows the old version.",
        "Edge-Server aktualisiert. Get-ExchangeServer zeigt weiter die alte Version an.",
        "Le serveur Edge est mis à jour. Le centre d'administration affiche l'ancienne version.",
    ),
    "wizard-lists-no-certificate": (
        "On the last page of HCW the certificate is missing. It is there in IIS.",
        "Im Hybrid-Assistenten bleibt die Liste der Zertifikate leer. Das Zertifikat ist von einer eigenen CA.",
        "L'assistant de configuration hybride ne propose aucun certificat. Il est pourtant installé.",
        "El asistente híbrido muestra ningún certificado. Está instalado en los dos servidores.",
        "The Hybrid Configuration Wizard does not show our certificate. Get-ExchangeCertificate has it.",
    ),
    "certificate-came-without-its-key": (
        "The renewed cert is in the store. In the snap-in it has no key on its icon. Mail to the partner fails.",
        "Zertifikat eingespielt. Das Symbol in der Konsole zeigt keinen Schlüssel. Mails an den Partner kommen zurück.",
        "Le certificat est là. Dans la console, il manque la clé sur son symbole. Les messages sont rejetés.",
        "El certificado está instalado. En la consola falta la llave. Los correos rebotan.",
        "Il certificato c'è. Nella console manca la chiave. I messaggi sono respinti.",
        "Het certificaat staat er. In de mmc ontbreekt de sleutel. Berichten worden geweigerd.",
        "Certyfikat jest w magazynie. W konsoli (mmc) brak klucza. Poczta jest odrzucana.",
    ),
    "relay-denied-since-the-new-certificate": (
        "We replaced the certificate on Monday. Outbound mail comes back from protection.outlook.com: relay access denied.",
        "Neues Zertifikat seit gestern. Nach extern meldet Exchange Online Relay verweigert.",
        "Le certificat a été remplacé. Vers l'extérieur, Exchange Online répond relais refusé.",
        "El certificado se ha renovado. Hacia el exterior, Microsoft responde relay denegado.",
        "Het certificaat is vernieuwd. Naar buiten zegt Office 365: relay geweigerd.",
    ),
    "one-account-until-the-next-day": (
        "The shop's reminders go out through one account. From 4 pm all of them are rejected. The next morning it sends again.",
        "Das Mahnwesen verschickt Rechnungen. Ab 15 Uhr werden sie abgelehnt, am Morgen geht es wieder. Nur dieses Konto.",
        "Les relances sont rejetées l'après-midi. Le lendemain tout repart. Un seul compte est touché.",
        "La circular rebota por la tarde. Al día siguiente sale. Los demás envían bien.",
        "I promemoria sono respinti nel pomeriggio. Il giorno dopo ripartono. Gli altri inviano.",
        "De nieuwsbrief wordt 's avonds geweigerd. De volgende ochtend gaat hij. Alleen dat account.",
    ),
    "everybody-until-the-next-day": (
        "After each campaign nobody in the firm reaches customers. It lasts until the next day.",
        "Nach dem Kundenversand kommt bei allen Benutzern alles von außen zurück. Am nächsten Morgen geht es wieder.",
        "Le bulletin est parti ce matin. Depuis 14 h, plus aucun collaborateur ne peut écrire aux clients.",
        "Tras el boletín, nadie puede escribir a clientes. Al día siguiente vuelve a funcionar.",
        "Dopo la circolare nessuno riesce a scrivere ai clienti. Il giorno dopo funziona di nuovo.",
        "Na de nieuwsbrief kan niemand meer naar klanten mailen. De volgende ochtend gaat het weer.",
    ),
    "arrives-and-a-copy-bounces": (
        "Whoever writes to Karl gets a bounce for some old address of his. But Karl gets all mail.",
        "Jeder, der an die Chefin schreibt, bekommt eine Fehlermeldung über eine unbekannte Adresse. Die Mail kommt trotzdem an.",
        "Qui écrit à Paul reçoit un avis de non-remise pour une autre adresse. Paul reçoit bien le message.",
        "Quien escribe a ventas recibe un mensaje devuelto de otra dirección. Ventas sí recibe el correo.",
        "Chi scrive a Carla riceve un mancato recapito di un altro indirizzo. Carla riceve comunque tutto.",
        "Wie naar Kees schrijft krijgt onbestelbaar voor een onbekend adres. Kees ontvangt gewoon alles.",
    ),
    "sessions-are-opened-on-the-way": (
        "Since the upgrade, the firewall does SSL inspection on everything. Certificate errors, mail to two partners is stuck.",
        "Seit gestern entschlüsselt die Firewall auch SMTP. Das Zertifikat wird nicht anerkannt, die Warteschlange wächst.",
        "Depuis hier, notre pare-feu déchiffre tout. Le certificat n'est pas reconnu et les messages sont rejetés.",
        "Desde ayer el cortafuegos descifra el tráfico. El certificado no vale y los correos rebotan.",
        "Sinds gisteren ontsleutelt de firewall alles. Het certificaat klopt niet en berichten worden geweigerd.",
    ),
    "receives-and-no-longer-sends": (
        "Greta still receives mail. Nothing she sends goes out. Her Sent Items has grown for ten years.",
        "Der Scanner-Account kann empfangen. Er kann nichts mehr senden. Gesendete Elemente: 49 GB.",
        "Elle reçoit ses messages. Elle ne peut plus rien envoyer. Ses éléments envoyés sont énormes.",
        "El buzón recibe. No puede enviar. Elementos enviados: 48 GB.",
        "La casella riceve. Non riesce a inviare nulla. La posta inviata è enorme.",
        "Zij ontvangt gewoon. Ze kan niets verzenden. Verzonden items is vol.",
    ),
    "stamped-again-and-again": (
        "Some replies come an hour late, with four disclaimers below each other. The disclaimer service has a connector.",
        "Manche Mails tragen drei Signaturen und kommen Stunden später. Jemand hat die Regel für den Dienst geändert.",
        "Certains messages portent deux signatures et arrivent en retard. Le connecteur du service a changé.",
        "Algunos correos llegan tarde con varias firmas. Cambiaron la regla del servicio.",
        "Certe mail hanno tre firme e arrivano in ritardo. La regola del servizio è nuova.",
    ),
    "their-certificate-at-midnight": (
        "Für eine Bank gilt TLS-Pflicht. Seit Mitternacht bleibt alles an sie hängen, nichts geht durch.",
        "Pour un client, TLS obligatoire. Depuis minuit plus rien ne part vers ce client, tout est bloqué.",
        "Para un cliente usamos TLS obligatorio. Desde medianoche no sale nada hacia él.",
        "Per un partner TLS obbligatorio. Da mezzanotte non parte niente.",
        "Voor één klant is TLS verplicht. Sinds middernacht staat alles stil, niets gaat door.",
        "We demand RequireTLS toward one customer. It went dead at midnight, the queue for them grows.",
    ),
    "chain-of-one": (
        "Neues Zertifikat, ohne Zwischenzertifikat. Chrome zeigt das Schloss, ein Kunde meldet: Kette unvollständig.",
        "Un nouveau certificat, sans intermédiaire peut-être. Chrome l'accepte, un client refuse : chaîne incomplète.",
        "Hemos renovado el certificado, quizá sin el intermedio. El browser lo acepta, un cliente dice que falla la cadena.",
        "Nuovo certificato, forse senza intermedio. Il browser lo accetta, un cliente lo respinge: catena incompleta.",
        "We renewed the certificate, and openssl shows only level 0 of the chain. In the browser it is fine.",
    ),
    "forward-alone-fails": (
        "Die Weiterleitung an den Lieferanten bringt nichts mehr. Von Hand geschickt kommt es an.",
        "Le transfert vers le fournisseur n'apporte plus rien. À la main, le même message arrive.",
        "El reenvío al proveedor ya no llega, rebota. A mano sí llega.",
        "L'inoltro al fornitore non arriva mai, niente. A mano arriva.",
        "De doorstuurregel naar de leverancier levert niets meer op. Handmatig komt het aan.",
    ),
    "folder-closed-to-outsiders": (
        "Öffentlicher Ordner: von außen kommt nichts an. Kollegen können ihn anschreiben. Alle gehen, außer diesem.",
        "Dossier public avec adresse : les clients sont rejetés. En interne ça passe. Il n'y a aucune restriction.",
        "Carpeta pública: a los clientes les rebota. Los internos pueden escribir. No hay ninguna restricción.",
        "Cartella pubblica: da fuori arriva un rimbalzo. I colleghi possono scrivere. Nessuna restrizione impostata.",
        "Openbare map met adres: klanten krijgen een fout. Collega's kunnen mailen, geen probleem. Er is geen beperking.",
    ),
    "zone-left-on-the-old-dns": (
        "Wir haben neue DNS-Server. Alle ausgehenden Mails hängen am Relay, nslookup von gmail.com geht.",
        "Les anciens DNS sont éteints. Le courrier sortant est bloqué vers la passerelle, nslookup répond.",
        "Cambiamos a un nuevo DNS. El correo saliente está en cola hacia la pasarela, nslookup de internet va bien.",
        "Nuovo DNS interno. Tutta la posta in uscita resta in coda per il relay, nslookup di internet risponde.",
        "Nieuwe DNS-servers. Alle uitgaande mail staat in de wachtrij voor de relay, nslookup van internet werkt.",
    ),
    "posts-of-strict-domains": (
        "Auf unserer Mailingliste werden Beiträge von Yahoo-Adressen bei Gmail abgelehnt. Kleine Domains kommen an.",
        "Sur notre liste de diffusion, les messages des membres Yahoo sont rejetés par Gmail. Les petits domaines passent.",
        "En la lista de correo, los mensajes de Yahoo rebotan en Gmail. Otros llegan.",
        "Nella mailing list i messaggi di Yahoo tornano indietro da Gmail. Altri arrivano.",
        "The alumni forwarder loses what banks send to people at Gmail, it bounces. Mail of small firms gets there.",
    ),
    "burst-cut-short": (
        "Die Überwachung schickt hunderte Alarme auf einmal an Exchange. Die ersten kommen, die übrigen werden abgelehnt.",
        "Le logiciel de paie envoie des milliers de bulletins d'un coup à Exchange. Les premiers passent, les autres non, 421.",
        "La aplicación manda miles de avisos de golpe al Exchange. Los primeros llegan, los demás dan error.",
        "Il gestionale invia centinaia di documenti tutti insieme a Exchange. I primi passano, gli altri vengono respinti.",
        "Our billing tool fires hundreds of invoices at the internal relay. The first twenty arrive, the rest is refused.",
    ),
    "listed-since-an-infection": (
        "Ein Rechner in der Werkstatt war infiziert. Seither kommen unsere Mails bei manchen Firmen zurück, bei Gmail nicht.",
        "Un ordinateur de l'accueil était infecté. Depuis, nos messages sont rejetés par plusieurs clients, Gmail les prend.",
        "Un ordenador tenía un troyano. Desde entonces algunos clientes rechazan nuestros correos.",
        "Un computer della rete era infettato da un virus. Da allora alcuni clienti respingono la posta.",
        "Een computer op ons netwerk was besmet. Sindsdien wordt onze post door sommige klanten geweigerd.",
        "社内の PC がウイルスに感染していました。それ以来、一部の取引先へのメールがエラーで戻ります。",
    ),
    "spf-record-of-two-hands": (
        "Im DNS stehen jetzt zwei SPF-Einträge. Seither lehnen manche Empfänger alles ab, was wir schreiben.",
        "L'agence a ajouté un include dans notre SPF. Depuis, certains clients rejettent nos messages.",
        "Añadimos otro include al SPF la semana pasada. Algunos clientes rechazan desde entonces todo.",
        "Abbiamo aggiunto un fornitore al record SPF. Alcuni clienti respingono ora le nostre mail.",
        "Er staan twee SPF regels in de zone. Sommige klanten krijgen onze mail in spam.",
        "Our SPF record has grown with every vendor. Several strict gateways refuse us since the last one.",
    ),
    "everybody-from-one-address": (
        "Seit wir die Firewall getauscht haben, kommt alles von derselben Adresse. SPF ist für alle Absender rot.",
        "Depuis le nouveau pare-feu, tous les messages arrivent avec la même adresse comme source. SPF échoue partout.",
        "Con el nuevo balanceador, todos los correos vienen de la misma dirección. Falla SPF en cada uno.",
        "Dopo il cambio del firewall tutti i messaggi hanno lo stesso indirizzo di origine. SPF fallisce sempre.",
        "Behind the new load balancer the client is always an internal address. Block lists catch nothing, spam doubled.",
    ),
    "attachments-that-a-rule-reads": (
        "Seit der neuen Transportregel für Kreditkarten kommen Mails mit großen Anhängen erst Stunden später an.",
        "Nous avons une règle de transport qui lit les pièces jointes. Les messages avec un fichier volumineux reviennent.",
        "La regla de transporte revisa los adjuntos. Los correos con ficheros grandes llegan horas tarde o rebotan.",
        "La regola di trasporto legge gli allegati. I messaggi con file grandi arrivano con ore di ritardo.",
        "A DLP rule scans attachments. Large spreadsheets are late by hours.",
    ),
    "attachment-as-binhex": (
        "Die Anhänge kommen als BinHex von einem alten Mac. Diese Mails sind unzustellbar, andere nicht.",
        "Les pièces jointes sont en BinHex. Ces messages sont rejetés.",
        "Los adjuntos van en BinHex. Esos correos rebotan siempre.",
        "The parts say application/mac-binhex40. Those mails bounce, plain ones do not.",
    ),
    "domain-ran-out": (
        "Die Domain des Lieferanten ist abgelaufen. Alles, was wir dorthin schicken, kommt zurück.",
        "Le domaine du fournisseur est expiré. Tout ce que nous lui envoyons revient.",
        "El dominio del proveedor está caducado. Los correos rebotan.",
        "Il dominio del fornitore è scaduto. I messaggi tornano indietro.",
        "Het domein van de klant is verlopen. Alles komt terug.",
        "Whois says the registration of their name lapsed. Whatever we send to that domain bounces.",
    ),
    "host-of-a-former-provider": (
        "Der Smarthost ist noch der des alten Anbieters. Alle ausgehenden Mails kommen zurück, relay denied.",
        "L'hôte actif est celui de l'ancien fournisseur. Tout le courrier sortant est refusé : relaying denied.",
        "El host inteligente es del antiguo proveedor. El correo saliente vuelve con relay denied.",
        "Lo smart host è del vecchio fornitore. La posta in uscita torna con relay denied.",
        'We left the spam filter in June. All outbound mail is refused there now, "relaying not allowed".',
    ),
    "roots-out-of-date": (
        "Der Server steht ohne Internetzugang da. Mails nach Exchange Online bleiben mit einem TLS-Fehler hängen.",
        "Le serveur est isolé, sans Windows Update. Les messages vers Office 365 sont bloqués, erreur de certificat.",
        "El servidor está aislado y sin Windows Update. Los correos hacia Office 365 no salen, error de certificado.",
        "Il server è isolato, senza Windows Update. La posta verso Office 365 non parte, errore di certificato.",
        "De server is gehard en heeft geen Windows Updates. Mail naar Office 365 staat in de wachtrij met een TLS-fout.",
    ),
    "ehlo-shorter-on-the-way": (
        "Lokal zeigt EHLO alles. Durch den Tunnel fehlt STARTTLS, eine neue Firewall steht dazwischen.",
        "En local, EHLO liste tout. À travers le pare-feu il manque STARTTLS.",
        "En local EHLO lista todo. A través del cortafuegos falta STARTTLS.",
        "Lokaal toont EHLO alles. Door de firewall ontbreekt STARTTLS.",
        "From the inside EHLO shows a dozen lines. Across the ASA only SIZE is left, the rest are stars.",
    ),
    "one-provider-slows-the-many": (
        "Unser Rundbrief an T-Online wird stundenlang zurückgestellt, temporarily rejected. Alle anderen gehen sofort durch.",
        "La lettre d'information : Orange traîne jusqu'au lendemain. Les autres sont parties en dix minutes.",
        "El boletín a Hotmail se demora hasta el día siguiente. Los demás llegan enseguida.",
        "La campagna verso Libero arriva in ritardo, il giorno dopo. Gli altri arrivano subito.",
        "De nieuwsbrief wordt bij KPN vertraagd. De overige komen meteen aan.",
    ),
    "unauthenticated-at-great-providers": (
        "Wir haben kein SPF. Gmail lehnt unsere Mails ab, andere nehmen sie.",
        "Le domaine n'a aucun DKIM, pas de SPF. Gmail rejette nos messages, les autres les prennent.",
        "El dominio está sin SPF. Gmail rechaza los correos, otros los aceptan.",
        "Il dominio è senza SPF. Gmail respinge i messaggi, gli altri li accettano.",
        "Het domein heeft geen SPF. Gmail weigert onze post, geweigerd staat er, andere nemen die aan.",
        "SPF was removed when we moved the zone. Yahoo refuses us, single mails to others are fine.",
    ),
    "wizard-names-a-retired-server": (
        "We decommissioned the last 2013 box in spring. The hybrid wizard aborts and complains about that old server.",
        "Der Exchange 2010 ist seit Jahren abgeschaltet. Der Hybrid-Assistent bricht ab und nennt den alten Server.",
        "Nous avons supprimé l'ancien Exchange. L'assistant hybride s'arrête et cherche l'ancien serveur.",
        "Retiramos el servidor 2013 hace un año. El asistente híbrido se para y busca el viejo servidor.",
        "Il vecchio Exchange è stato rimosso. La procedura guidata si ferma e cerca il vecchio server.",
        "De oude Exchange is verwijderd. De HCW stopt en zoekt de oude server.",
    ),
    "made-in-the-cloud": (
        "We run hybrid. HR makes accounts straight in Office 365. The ERP, over the local server, gets a bounce: user unknown.",
        "Neue Postfächer legen wir nur in Exchange Online an. Vom lokalen Exchange kommen Mails dorthin als unzustellbar zurück.",
        "Nous créons les boîtes dans Office 365. Un message du serveur local vers ces boîtes est rejeté.",
        "Creamos los buzones en la nube. Desde el Exchange 2016 los correos a ellos rebotan.",
        "Creiamo le caselle in Office 365. I messaggi del server locale vengono respinti.",
        "Wij maken nieuwe postvakken aan in de cloud. Wat de lokale server daarheen stuurt is onbestelbaar.",
        "Criamos as caixas no Office 365. O que o Exchange 2013 manda para elas é devolvido.",
        "Tworzymy skrzynki w Office 365. Co wysyła do nich lokalny serwer, odbija się.",
    ),
    "leaves-over-the-old-server": (
        "Since we uninstalled it, external mails sit in a queue whose next hop is the removed server.",
        "A second Exchange took over. Half of the messages for external recipients still goes through the old server.",
        "Der neue Exchange läuft. Ausgehende Nachrichten gehen trotzdem zum Teil über den alten Server raus.",
        "Nous avons un nouveau serveur. Les messages sortants passent encore par l'ancien serveur.",
        "Tenemos un Exchange nuevo. Los mensajes salientes todavía salen por el servidor antiguo.",
        "Il nuovo server funziona. I messaggi in uscita passano ancora dal vecchio server.",
        "De nieuwe server draait. Uitgaande berichten gaan nog via de oude server.",
    ),
    "nothing-for-the-new-domain": (
        "A second domain was added in the admin center. People have addresses of it. Nobody receives mail there.",
        "Wir haben im Portal eine neue Domäne hinzugefügt. Für sie kommen keine Mails an.",
        "Nous avons un nouveau domaine dans Office 365. Aucun message n'arrive.",
        "Hay un nuevo dominio en el portal. No llegan correos.",
    ),
    "front-takes-anybody": (
        "A Postfix stands in front of our Exchange. It accepts mail for a misspelt address, and only later a bounce goes out.",
        "The gateway takes everything. A typo in the address is found out afterwards, when Exchange says no, and we send NDRs.",
        "Vor dem Exchange steht ein Gateway. Es nimmt alles an. Dass jemand sich vertippt hat, merkt erst der Exchange, später.",
    ),
    "colleagues-are-strangers": (
        (
            "Seit dem Umzug der ersten Postfächer zu Microsoft 365: Mails von Kollegen, die noch auf dem lokalen "
            "Exchange liegen, landen in der Cloud im Junk-Ordner."
        ),
        (
            "Half of us still have mailboxes on the Exchange 2019 server. When one of them writes to somebody who "
            "is in Office 365 already, the message carries our red external banner, as if it came from a "
            "customer. How do we get rid of that?"
        ),
    ),
    "stays-in-drafts": (
        (
            "New Exchange 2019 box. Whatever people send: messages just remain in their Drafts folder in OWA, "
            "nothing shows in the sent items and no error pops up."
        ),
    ),
    "automatic-replies-stay-inside": (
        (
            "Our customers tell us that they never got an out-of-office message from anybody here. Colleagues get "
            "it at once, and it is switched on for everyone outside too."
        ),
    ),
    "automatic-reply-though-it-is-on": (
        "Her out-of-office reply is on and Outlook shows the mail tip. Nobody who writes to her gets the reply.",
        "Die Abwesenheitsnotiz ist eingeschaltet. Wer an Frau Lang schreibt, bekommt keine Antwort.",
        "La réponse automatique est activée. Les collègues ne reçoivent rien.",
        "La respuesta automática está activada. Quien le escribe no recibe nada.",
        "La risposta automatica è attivata. Chi le scrive non riceve niente.",
        "De automatische antwoorden staan ingeschakeld. Collega's ontvangen niets.",
    ),
    "redirect-rule-beside-forwarding": (
        "The redirect rule for invoices does nothing. Her mailbox forwards, too (DeliverToMailboxAndForward).",
        "The inbox rule that redirects orders is ignored. Forwarding is set: the mailbox has forwarding enabled to the archive.",
        "Die Umleitungsregel macht nichts. Das Postfach leitet auch alles an die Vertretung weiter.",
        "La règle de redirection ne fonctionne pas. La boîte transfère aussi ses messages.",
        "La regla de redirección no funciona. El buzón reenvía también a otra cuenta.",
        "La regola di reindirizzamento non funziona. La casella inoltra anche a un altro indirizzo.",
    ),
    "mailbox-of-journal-reports": (
        "One mailbox sends no automatic replies. It is the one under JournalingReportNdrTo.",
        "In diesem Postfach laufen die Regeln nicht. Dorthin gehen die nicht zustellbaren Journalberichte.",
        "Les règles de cette boîte ne fonctionnent pas. Elle reçoit les rapports de journal non remis.",
        "Las reglas no funcionan en ese buzón. Es el de JournalingReportNdrTo.",
    ),
    "reply-or-votes-lost-between-the-premises": (
        "We are hybrid. Voting buttons disappear when someone on-premises writes to a colleague in the cloud.",
        "Hybrid: Abstimmungsschaltflächen fehlen, wenn aus der Cloud nach lokal geschrieben wird.",
        "Environnement hybride. Les boutons de vote disparaissent entre les deux côtés.",
        "Entorno híbrido. Faltan los botones de voto en los mensajes de la nube.",
        "Ambiente ibrido. I pulsanti di voto mancano nei messaggi dal cloud.",
    ),
    "winmail-in-place-of-attachments": (
        "Customers tell us that our quotes arrive as winmail.dat and they see no PDF.",
        "Lieferanten bekommen von uns nur eine Winmail.dat statt der Zeichnung.",
        "Nos clients reçoivent un fichier winmail.dat à la place de la pièce jointe.",
        "Los clientes reciben un adjunto winmail.dat en vez del contrato.",
        "I clienti ricevono winmail.dat invece dell'allegato.",
        "Klanten krijgen winmail.dat in plaats van de bijlage.",
    ),
    "group-members-miss-it-in-their-inbox": (
        "Two members of our Microsoft 365 group never get its messages in their inbox. In the group they are there.",
        "Office 365-Gruppe: einige Mitglieder bekommen nichts in den Posteingang.",
        "Groupe Microsoft 365 : des membres ne reçoivent rien dans leur boîte de réception.",
        "Grupo de Microsoft 365: varios miembros no reciben los correos en la bandeja de entrada.",
        "Gruppo Microsoft 365: alcuni membri non ricevono nulla nella posta in arrivo.",
    ),
    "writer-gets-no-copy-of-the-group": (
        "When I write to our Microsoft 365 group, the others get it and the sender never receives a copy.",
        "Wer an die Microsoft 365-Gruppe schreibt, erhält die eigene Nachricht nicht.",
        "Groupe Microsoft 365 : l'expéditeur ne reçoit pas de copie de son message.",
        "Grupo de Microsoft 365: el remitente no recibe copia de su mensaje.",
        "Gruppo Microsoft 365: il mittente non riceve copia del messaggio.",
    ),
    "dynamic-group-misses-some": (
        "Mail to the dynamic distribution group does not reach some of the people whose mailbox was moved.",
        "Dynamische Verteilergruppe: einige Mitglieder erhalten keine Mails, eine Fehlermeldung kommt auch nicht.",
        "Groupe de distribution dynamique : certains membres ne reçoivent rien.",
        "Lista de distribución dinámica: algunos no reciben el correo.",
        "Gruppo di distribuzione dinamico: alcuni membri non ricevono la posta.",
        "Dynamische distributiegroep: niet alle leden ontvangen de berichten.",
    ),
    "report-of-what-nobody-sent": (
        "Greta gets dozens of NDRs since yesterday. She never sent any of these messages.",
        "Eine Kollegin erhält Unzustellbarkeitsberichte. Sie hat diese Nachrichten nie gesendet.",
        "Je reçois des avis de non-remise. Je n'ai jamais envoyé ces messages.",
        "Recibo avisos de no entrega. Nunca he enviado esos correos.",
        "Ricevo avvisi di mancato recapito. Non ho mai scritto, non ho inviato nulla.",
        "Ik krijg meldingen onbestelbaar. Ik heb niet verzonden wat daar staat.",
    ),
    "rule-misses-what-is-forwarded": (
        "Our transport rule blocks what users auto-forward outside. Since spring it does not match such messages any more.",
        "Die Transportregel für weitergeleitete Mails greift nicht mehr. Die Ausnahme nennt eigene Benutzer.",
        "La règle de transport sur les messages transférés ne s'applique plus.",
        "La regla de transporte para los reenvíos automáticos no se aplica.",
        "La regola di trasporto sui messaggi inoltrati non scatta.",
    ),
    "cloud-connector-takes-no-more": (
        "We add partner domains to the outbound connector. The administrative limit for this request was exceeded.",
        "Ausgehender Connector in Exchange Online: The administrative limit for this request was exceeded.",
        "Connecteur sortant, ajout de domaines : The administrative limit for this request was exceeded.",
    ),
    "spam-by-an-allow-entry": (
        "Phishing was delivered to the inbox of our CFO. The sending address is on our IP allow list.",
        "Spam landet im Posteingang. Die IP steht in der Zulassungsliste.",
        "Du spam arrive dans la boîte de réception. L'expéditeur est dans les expéditeurs autorisés.",
        "El spam llega a la bandeja de entrada. El dominio está en la lista de permitidos.",
        "Lo spam arriva nella posta in arrivo. Il dominio è nell'elenco consentiti.",
    ),
    "direct-send-to-the-outside": (
        "The copier uses direct send. Scans to customers never arrive, to us they do.",
        "Der Scanner nutzt Direct Send. Nach extern kommt nichts an.",
        "Le copieur utilise Direct Send. Rien ne part vers l'extérieur.",
        "La impresora usa Direct Send. A clientes no llega nada.",
        "La stampante usa direct send. All'esterno non arriva niente.",
    ),
    "forward-leaves-past-the-premises": (
        "Centralized mail transport is on. What a cloud mailbox forwards to a partner leaves directly from Exchange Online.",
        "Zentralisierter E-Mail-Transport ist an. Weitergeleitete Mails gehen direkt aus der Cloud ins Internet.",
        "Transport centralisé. Les messages transférés partent directement du cloud.",
        "Transporte centralizado. Los mensajes reenviados salen directamente de la nube.",
    ),
    "forward-vanishes": (
        (
            "One of our teachers set up a redirect from her mailbox to her private Yahoo account. Nothing ever "
            "gets there. There is no error and no NDR for anybody."
        ),
    ),
    "database-without-room": (
        (
            "The backup did not run for ten days and so the transaction logs volume of MDB04 filled up at 4 am. "
            "Now it is dismounted, and mails for these 200 people wait."
        ),
    ),
    "list-refuses-everybody": (
        "One receiver refuses us by a blocklist. We are not listed anywhere. Other senders hear it too. They moved lately.",
        "Er weist uns ab wegen einer Blacklist. Laut Prüfseite ist alles grün. Andere Absender trifft es auch. Der DNS ist neu.",
        "Le serveur cite une liste noire. Nous ne sommes pas listés. Tout le monde est refusé. Il a changé de DNS.",
        "El destinatario cita listas negras. No estamos listados. Rechaza a todos los remitentes. Ha cambiado su DNS.",
        "Una blacklist, dice il destinatario. Non siamo elencati. Rifiuta tutti i mittenti. Ha un nuovo DNS.",
    ),
    "lost-after-a-pause": (
        "Our daemon keeps the SMTP connection open. After ten minutes without mail the next one is lost.",
        "Die Anlage hält die Verbindung dauerhaft offen. Wenn länger niemand anruft, geht die nächste Nachricht verloren.",
        "Le logiciel laisse la connexion ouverte. Après quelques minutes de pause, le message suivant est perdu.",
        "El programa deja la conexión SMTP abierta. Después de unos minutos los correos se pierden.",
    ),
    "refused-for-its-words": (
        "Our own server sends an NDR at once when a quote goes out. Without the word in it the same mail passes.",
        "Die Absage kommt von unserem eigenen Server. Ohne das Wort im Betreff geht die Mail raus.",
        "Notre propre serveur rejette le message. Sans le mot, il part.",
        "Nuestro propio servidor rechaza el mensaje. Sin esa palabra sale.",
        "Dalla nostra stessa azienda arriva subito un errore. Senza quella parola parte. Il server non dice altro.",
        "Ons bericht wordt geweigerd door onze eigen server. Zonder dat woord gaat het wel.",
    ),
    "folders-go-round": (
        "The public folders are in the cloud since Sunday, migrated by script. What is sent to a folder goes round in a loop.",
        "Wir haben die öffentlichen Ordner migriert. Seither pendeln Nachrichten an sie zwischen beiden Seiten.",
        "Les dossiers publics ont été migrés. Leur courrier fait des allers-retours.",
        "Las carpetas públicas están migradas. Los correos a ellas van en un bucle.",
        "Le cartelle pubbliche sono state spostate. La posta va avanti e indietro.",
        "De openbare mappen zijn verplaatst. Berichten gaan heen en weer.",
        "Foldery publiczne przeniesiono do chmury. Wiadomości krążą.",
    ),
    "one-database-of-several": (
        "A third of the staff can't open their mail. What is sent to them piles up on the server. All services are running.",
        "Die Hälfte der Benutzer ist getrennt. Ihre Mails liegen in der Warteschlange. Alle Dienste laufen.",
        "Une partie des salariés n'ouvre plus sa boîte. Une file d'attente grossit. Les autres travaillent.",
        "Una parte de los usuarios no pueden entrar. Sus correos están en cola. El resto trabaja.",
        "Metà degli utenti non riesce ad aprire la posta. I messaggi sono in coda. Gli altri lavorano.",
        "De helft van de mensen kan niet meer bij de mail. De wachtrij groeit. De rest werkt.",
    ),
    "update-left-it-inactive": (
        (
            "Since I put the November SU on EX02 no mail comes in or out. I checked twice: all Exchange services "
            "are running, and I rebooted as well."
        ),
    ),
    "edge-sync-ended": (
        (
            "We swapped the default certificate on the mailbox server on Monday. From that day on "
            "Test-EdgeSynchronization is Inconclusive, and new recipients do not get to the Edge server."
        ),
    ),
    "clocks-apart": (
        (
            "The hypervisor was restarted, and since then the clock of EX03 is a quarter of an hour ahead. Mail "
            "between EX01 and EX03 piles up in the queues of both servers."
        ),
    ),
    "moved-without-a-way-there": (
        (
            "Mails that on-premises staff write to people whose mailbox was moved last week come back. I noticed "
            "that their remote mailboxes have no routing address."
        ),
    ),
    "licence-taken": (
        (
            "The E3 licence of a part-timer was removed on Friday to save money, and mails from customers to her "
            "address now bounce as unknown."
        ),
    ),
    "clients-miss-tls-since-the-new-certificate": (
        "The plotters mail by our relay. Since the certificate was renewed they say that the server does not support TLS.",
        "Seit dem Zertifikatstausch meldet die Waage: Server unterstützt kein TLS. Ziel ist unser Exchange 2019.",
        "Nouveau certificat sur notre serveur. Le copieur affiche depuis : STARTTLS non proposé.",
        "Nuevo certificado en nuestro Exchange. La aplicación dice que el servidor no ofrece STARTTLS.",
        "Nuovo certificato sul nostro server. La stampante dice che il server non supporta TLS.",
    ),
    "pauses-that-grow": (
        (
            "Exchange 2013 still holds the archives. What it sends to Office 365 is delayed for some minutes every hour. "
            "In March it was five, now it is longer."
        ),
        "Vom lokalen Exchange in die Cloud stockt die Post jede Stunde. Die Pause wächst von Monat zu Monat.",
        "Depuis notre Exchange 2016, les messages vers Office 365 sont retardés toutes les heures. Le délai augmente.",
        "Desde el Exchange 2013 el correo hacia Office 365 se para cada hora. El tiempo crece.",
        "Dal server locale verso Office 365 la posta si ferma ogni ora. La pausa aumenta.",
    ),
    "held-and-forgotten": (
        "A trainee suspended delivery to the bank for the audit. There is no error, and the queue still grows.",
        "Jemand hat im Viewer die Warteschlange angehalten. Sie wächst, und ein Fehler steht ohne Fehlertext da.",
        "Un collègue a suspendu la file d'attente du partenaire. Aucune erreur, elle augmente.",
        "Un compañero ha detenido la cola del socio. Ningún error, y crece.",
        "Il collega ha sospeso la coda. Nessun errore, ma cresce.",
        "Kolega wstrzymał kolejkę do banku. Żadnego błędu, a rośnie.",
    ),
    "only-the-first-waits": (
        "The first mail to a new contact at the court waits for 20 minutes. The next ones arrive at once.",
        "Die erste Meldung an den Wachdienst kommt Minuten zu spät. Weitere sind sofort da.",
        "Le premier message attend vingt minutes. Les suivants arrivent sans délai.",
        "El primer aviso llega con minutos de retraso. Los siguientes llegan enseguida.",
        "Il primo avviso arriva in ritardo di dieci minuti. I successivi arrivano subito.",
        "Pierwsza wiadomość spóźnia się o 20 minut. Kolejne są natychmiast.",
    ),
    "many-at-once-with-one-account": (
        (
            "Forty cameras use the same account at Office 365 and mail at the same minute. Some arrive, others don't. Staggered, "
            "all arrive."
        ),
        "Zwölf Jobs senden gleichzeitig mit einem Postfach über Office 365. Einige schlagen fehl. Einzeln geht jeder.",
        "Tous les postes envoient en même temps avec le même compte Office 365. Certains échouent. Un par un, tout passe.",
        "Los equipos envían a la vez con la misma cuenta de Office 365. Algunos fallan. De uno en uno llegan.",
        "Le macchine inviano alla stessa ora con la stessa casella Office 365. Alcuni falliscono. Uno alla volta arrivano.",
    ),
    "servers-lost-their-tickets": (
        "The computer account of EX02 was reset on Friday. Since then messages between the two servers wait in Retry.",
        "Jemand hat SPNs verschoben. Zwischen den Exchange-Servern staut sich die Post.",
        "Le compte d'ordinateur a été recréé. La file d'attente entre les serveurs grossit.",
        "Se rehizo la relación de confianza. Los correos entre los servidores quedan en cola.",
        "Ktoś zmienił SPN. Kolejka między serwerami rośnie.",
    ),
    "connector-between-servers-was-changed": (
        "After the audit I unticked some boxes of the default connector. What EX01 sends to EX02 is stuck, not the reverse.",
        "Am Empfangsconnector wurden Haken entfernt. Nachrichten zwischen den Servern warten seitdem.",
        "Le connecteur Default a été modifié. Les messages entre les serveurs restent en attente.",
        "Cambiaron el conector de recepción. El correo entre los servidores está en cola.",
        "Trocaram o FQDN do conector. A fila MBX1 -> MBX2 cresce.",
    ),
    "only-our-own-sender-is-refused": (
        (
            "The door controller mails anonymously to Exchange. With door@contoso.com as the sender it fails. With another "
            "sender it arrives."
        ),
        "Der Sensor sendet an Exchange, Absender ist unsere eigene Domain: Fehler. Mit fremdem Absender kommt es an.",
        "Expéditeur de notre domaine : refusé par Exchange. Avec un autre expéditeur ça passe.",
        "Remitente de nuestro dominio: error de Exchange. Con otro remitente llega.",
        "Il mittente è del nostro dominio: errore di Exchange. Con altro mittente funziona.",
    ),
    "relay-credentials-changed": (
        "SendGrid gave us new API keys after a leak. Since then everything outbound sits in the queue of our Exchange.",
        "Der Provider hat für sein Relay neue Zugangsdaten vergeben. Ausgehend wartet seitdem alles.",
        "Le mot de passe du relais a été changé. Les messages sortants restent en attente.",
        "Nueva contraseña en el smarthost. El correo saliente está en cola.",
        "Il provider del relay ha imposto una nuova password. In uscita la coda cresce.",
    ),
    "each-forwards-to-the-other": (
        "The two secretaries forward to each other during lent. Whoever mails one of them gets a bounce.",
        "Beide Postfächer leiten gegenseitig weiter. Keines bekommt etwas.",
        "Ils transfèrent l'un à l'autre. Les messages sont rejetés.",
        "Se reenvían mutuamente. Ninguno recibe nada.",
        "Inoltrano a vicenda. Nessuno riceve.",
        "De vidarebefordrar till varandra. Ingen får något.",
    ),
    "full-drive-and-nothing-comes-in": (
        "The queue drive of EX01 is at 98 %. Incoming mail stopped at noon, what we send goes out.",
        "Laufwerk E: ist fast voll. Von außen kommt nichts mehr an.",
        "Le disque est presque plein. Les messages entrants sont refusés.",
        "El disco está lleno. Los correos entrantes no llegan.",
        "Il disco è pieno. La posta in arrivo non arriva.",
    ),
    "refused-in-the-cloud-existing-here": (
        (
            "Two new colleagues have mailboxes on our Exchange. Internally all works. From outside *.mail.protection.outlook.com "
            "rejects them. AD Connect was reinstalled."
        ),
        (
            "Neue Postfächer auf dem lokalen Exchange. Intern geht es. Absender von extern werden von Microsofts Servern "
            "abgelehnt: Fehler. Der Abgleich lässt die OU aus."
        ),
    ),
    "unreachable-since-the-new-certificate": (
        (
            "We renewed our public certificate at noon. Since then no mails from outside get in; a partner says "
            "that our server breaks off the TLS handshake."
        ),
    ),
    "ranges-grown-old": (
        (
            "Centralized mail transport: everything from Exchange Online goes out by our servers. The allow-list "
            "of Microsoft IPs on the gateway has not been touched since 2021, and each month more cloud users get "
            "bounces."
        ),
    ),
    "recoverable-items-full": (
        (
            "A lawyer is on litigation hold for years. The quota of his Recoverable Items is reached, he cannot "
            "delete a single mail, and meeting requests bounce."
        ),
    ),
    "nowhere-to-keep-for-approval": (
        (
            "Posts to the moderated company list come back at once without any moderator having seen them. The "
            "arbitration mailbox was deleted by mistake together with an old database."
        ),
    ),
    "policies-keep-apart": (
        "Since we gave each school its own address book policy, mails from teachers of one to the other school bounce.",
    ),
    "front-end-starts-no-more": (
        (
            "I made a new receive connector for our scanners yesterday. After tonight’s reboot the Front End "
            "Transport on that box does not start, whatever I do."
        ),
    ),
    "on-behalf-across-the-premises": (
        (
            "The head of sales was moved to Microsoft 365 at the weekend. His deputy still has her mailbox on our "
            "Exchange 2016, and since Monday she can no longer send in his behalf."
        ),
    ),
    "temporary-folder-eats-the-drive": (
        (
            "D: on EX01 is nearly full once more. It is the UnifiedContent directory of transport that grows by a "
            "gigabyte a day, and mail has become slow."
        ),
    ),
    "no-way-out": (
        "Outbound mail is not leaving, somebody deleted our send connector.",
        "We have no send connector since the clean-up. Mail to external addresses bounces after two days.",
        "Es gibt keinen Sendeconnector. Mails nach extern hängen zwei Tage und kommen dann zurück.",
        "Il n'y a pas de connecteur d'envoi. Les messages sortants restent bloqués.",
        "No hay conector de envío. Los mensajes al exterior no llegan.",
        "Non abbiamo un connettore di invio. I messaggi verso l'esterno non arrivano.",
        "Er is geen verzendconnector. Uitgaande berichten komen als onbestelbaar terug.",
    ),
    "waits-for-the-premises": (
        "Hybrid is done. Mail from the cloud to on-premises mailboxes stays pending. The firewall team says that all is open.",
        "Mails von Office 365 zum lokalen Exchange bleiben ausstehend. Unsere Firewall lässt nur das Gateway durch.",
        "Les messages d'Office 365 vers notre serveur local restent en attente. Le pare-feu est neuf.",
        "Los mensajes de Exchange Online al servidor local quedan pendientes. El cortafuegos es nuevo.",
    ),
    "nobody-says-unknown": (
        "Two forests share one domain, both as internal relay. Mail to people who don't exist goes back and forth until it dies.",
        "Beide Organisationen haben die gleiche SMTP-Domäne als internes Relay. Unbekannte Empfänger laufen in einer Schleife.",
        "Le domaine est en relais interne des deux côtés. Un destinataire inconnu tourne en boucle.",
        "Ambos comparten el mismo dominio. Un destinatario desconocido entra en bucle.",
    ),
    "group-closed-to-outsiders": (
        "I made a distribution group last week. Colleagues: works internally. From gmail it comes back with an error.",
        "Der neue Verteiler funktioniert intern. Von extern kommt eine Fehlermeldung.",
        "La liste de distribution marche en interne. De l'extérieur, les messages sont rejetés.",
        "La lista de distribución funciona internamente. Los correos del exterior rebotan.",
    ),
    "hosted-where-port-25-is-closed": (
        "Exchange on an Azure VM cannot send to the internet. It receives fine.",
        "The lab server runs on AWS now. Incoming mail is fine. Outgoing mail is stuck for every domain.",
        "Wir sind mit dem Exchange zu Hetzner umgezogen. Eingehende Mails kommen an, intern geht alles. Ausgehende Mails hängen.",
        "Le serveur est chez OVH. Les messages entrants arrivent, en interne tout marche. Les messages sortants restent bloqués.",
    ),
    "nobody-approves": (
        "Mail to allstaff@contoso.com needs the approval of Jim, who left the company, so nobody gets it.",
        "Mail to the all-staff list never arrived. There is no bounce. Ms Fischer approves these, and she is on maternity leave.",
        "Die Mail an den Verteiler hat niemand. Freigabe macht sonst Frau Kern per Knopf, die hat Urlaub.",
        "El correo a la lista de distribución no le llega a nadie. La jefa lo aprueba siempre y está de vacaciones.",
    ),
    "group-reports-to-nobody": (
        "We disabled delivery reports on the distribution list. Members inside get mail, external ones don't get it any more.",
        "Mail to our sales group doesn't reach the external contacts in it, and nobody gets an NDR.",
        "Am Verteiler haben wir eingestellt: keine Unzustellbarkeitsberichte. Seitdem kommt bei externen Mitgliedern nichts an.",
    ),
    "silent-since-the-new-certificate": (
        "I renewed the certificate on Friday. Since then outbound mail is queued.",
        "Das Zertifikat wurde getauscht. Ausgehende Mails hängen seither.",
        "Le certificat a été renouvelé. Le courrier sortant est bloqué.",
        "El certificado se ha renovado. El correo saliente no sale.",
    ),
    "transport-crashes-on-a-build": (
        "We run Exchange 2013 with CU 4. EdgeTransport.exe crashes whenever a calendar item with an odd charset comes in.",
        "Seit dem Sicherheitsupdate vom Mai stürzt EdgeTransport bei manchen Nachrichten ab.",
        "Exchange 2010 SP2, rollup 5: the transport service terminates on signed messages.",
    ),
    "password-alone-since-a-policy": (
        "After we turned on security defaults, the CRM stopped sending.",
        "Seit wir MFA haben, geht beim Drucker das Senden nicht mehr.",
        "Depuis l'activation de l'accès conditionnel, l'imprimante ne peut plus envoyer.",
    ),
    "meeting-comes-back-for-a-bystander": (
        "Who invites the head of sales to a meeting gets an NDR for Kim. Kim is not in the invitation.",
        "Auf jede Besprechungsanfrage kommt eine Unzustellbarkeitsmeldung für Kim zurück. Niemand hat Kim eingeladen.",
        "Une invitation à une réunion revient avec une erreur pour Kim. Kim n'est pas invitée.",
        "La convocatoria de reunión rebota por Kim. Nadie la ha invitado, no está invitada.",
        "L'invito alla riunione torna indietro per Kim. Kim non era invitata.",
        "Elk vergaderverzoek komt terug voor Kim. Kim is niet uitgenodigd.",
        "O convite para a reunião é devolvido por causa da Kim. Kim não foi convidada.",
        "Zaproszenie na spotkanie wraca z błędem dla Kim. Kim nie była zaproszona.",
    ),
    "hangs-up-without-tls": (
        "We switched TLS off on the receive connector. The scanner says EHLO, gets our 250 and hangs up.",
        "Am Empfangsconnector ist TLS deaktiviert. Im Protokoll kommt noch unsere Antwort auf EHLO, dann trennt das Programm.",
        "Sur le connecteur de réception, j'ai désactivé TLS. Après notre réponse 250, le logiciel coupe la connexion.",
        "En el conector de recepción TLS está desactivado. Tras el EHLO el programa cierra la sesión.",
    ),
    "only-onmicrosoft-addresses": (
        "They have kim@contoso.onmicrosoft.com as the primary address. Their real aliases are gone.",
        "Sie haben nur noch die Adresse kim@contoso.onmicrosoft.com als primäre. Die anderen Adressen fehlen.",
        "L'adresse principale est kim@contoso.onmicrosoft.com. Les autres adresses manquent.",
    ),
    "waits-though-nobody-defers": (
        "Mail goes over a smart host. Messages sit in the queue for minutes before they go out. It shows hardly any 4xx.",
        "E-Mails gehen an Exchange Online. Sie hängen in der Queue viele Minuten, dann gehen sie raus. Es gibt kaum 4xx Fehler.",
    ),
    "federation-checks-the-password": (
        "Our domain is federated with ADFS. Since the weekend all scanners that submit by smtp get 535.",
        "Die Domäne ist föderiert. Seit heute schlägt an Port 587 jede Anmeldung fehl: 535.",
        "Le domaine est fédéré avec ADFS. Les imprimantes reçoivent 535 depuis hier.",
        "El dominio está federado con AD FS. Las impresoras reciben 535 desde ayer.",
        "Il dominio è federato con ADFS. Le stampanti ricevono 535 da ieri.",
        "Het domein is gefedereerd met ADFS. Via smtp wordt elke aanmelding geweigerd.",
        "O domínio é federado com AD FS. Nas impressoras a autenticação falha.",
        "Domena jest sfederowana z ADFS. Drukarka dostaje 535.",
    ),
    "too-old-for-the-handshake": (
        "An app on Windows Server 2008 can't send through Office 365 any more. Right after STARTTLS the connection is closed.",
        "Ein alter Kopierer sendet über Office 365 nicht mehr. Nach STARTTLS wird die Verbindung getrennt.",
        "Une ancienne application envoyait par Office 365. Depuis hier, la connexion est coupée après STARTTLS, erreur.",
        "Una vieja impresora ya no puede enviar por Office 365. Después de STARTTLS hay un error.",
        "Una vecchia applicazione non riesce a inviare con Office 365. La connessione viene chiusa dopo STARTTLS.",
        "Een oude applicatie verstuurt niet meer via Office 365. De verbinding wordt verbroken bij TLS.",
        "Uma velha impressora não consegue enviar pelo Office 365. O handshake termina.",
        "Program na Windows 7 nie wysyła przez Office 365. Po STARTTLS połączenie zostaje zerwane.",
    ),
    "report-names-another-address": (
        "Writing to sales@contoso.com ends in an error. The address in the NDR is not the one that was written to.",
        "Wer an vertrieb@contoso.com schreibt, bekommt einen Fehler. Die Adresse im Unzustellbarkeitsbericht weicht ab.",
        "Les messages à ventes@contoso.com échouent. L'adresse dans le rapport est une autre.",
        "Los mensajes a ventas@contoso.com fallan. La dirección del informe es distinta.",
    ),
    "rule-catches-the-system": (
        "HierarchySync messages of our public folders end in quarantine. There are some transport rules.",
        "Messages to the health mailboxes are rejected, healthmailbox by healthmailbox. A mail flow rule was made last week.",
    ),
    "names-lost-on-the-way": (
        "Since we migrated to Exchange Online, mail of those on-premises shows only the address, the display name is missing.",
        "Wir sind hybrid, halb on-premises, halb Exchange Online: in der Cloud fehlt der Anzeigename der Kollegen.",
    ),
    "filtered-again-on-the-way-back": (
        "We use centralized mail transport. A message is released from quarantine, and then quarantined again.",
        "With centralized transport, mail comes back to Exchange Online and there SPF fails.",
    ),
    "tenant-relays-inward-only": (
        "Our app uses SMTP relay to our Microsoft 365 tenant. Internal recipients work, external recipients fail.",
        "Das Gerät nutzt SMTP-Relay über Microsoft 365. Intern funktioniert es, an externe Empfänger nicht mehr.",
    ),
    "one-sender-never-arrives": (
        "One user doesn't receive any mail from one customer. Mail of all others arrives in his mailbox, his mailbox is fine.",
        "Ein Postfach bekommt keine Mails von GMX. Alle anderen kommen an.",
    ),
    "outsiders-fail-at-the-group": (
        "External senders get an error when they write to our distribution group.",
        "Externe Absender erhalten einen Fehler, wenn sie an den Verteiler schreiben.",
        "Les expéditeurs externes reçoivent une erreur quand ils écrivent à la liste de distribution.",
        "Los remitentes externos reciben errores al escribir a la lista de distribución.",
    ),
    "gateway-fills-its-share": (
        "We moved to a new Exchange server. At first mail from our Barracuda comes in, then it stops. It queues there.",
        "Neuer Exchange-Server. Vom Gateway kommt zunächst alles an, dann steht still, was dort in der Warteschlange liegt.",
    ),
    "outlook-keeps-messages": (
        "Mail stays in the Outbox of his Outlook until he clicks Send/Receive.",
        "Bei einer Kollegin bleiben Nachrichten im Postausgang, bis sie auf Senden/Empfangen klickt.",
        "Les messages restent dans la boîte d'envoi jusqu'à ce qu'elle clique sur Envoyer/Recevoir.",
        "I messaggi rimangono nella posta in uscita finché non clicca su Invia/Ricevi.",
    ),
    "banned-by-the-own-guard": (
        "Since Monday one client can't reach the mail server. It turns out fail2ban blocks its IP after each start of Outlook.",
        "Der Mailserver der Filiale: CrowdSec sperrt deren IP. Niemand dort hat noch E-Mail.",
    ),
    "microsoft-breaks-off-after-starttls": (
        "Our server gets nothing from Microsoft since October. Incoming sessions are closed by the remote after STARTTLS.",
        "Von Outlook.com kommt nichts mehr. Nach STARTTLS bricht die Verbindung ab, eingehend.",
    ),
    "test-mail-arrives-alone": (
        "The test mail of the ticket system arrives. When a customer writes, no notification is sent.",
        "Die Testmail aus der Überwachung kommt an. Eine Benachrichtigung bei Störungen bekommt niemand.",
        "Le mail de test de la boutique arrive. Pour une commande, aucun message n'est envoyé.",
    ),
    "worker-does-not-run": (
        "The queue worker of our help desk has stopped. All its mails wait as jobs.",
        "Die geplante Aufgabe der Anwendung läuft nicht, und keine E-Mail wird verschickt.",
    ),
    "no-trace-of-the-message": (
        "The contact form says that it sent it, and no mail arrives. There is nothing in mail.log.",
        "Das Formular meldet Erfolg, und keine Mail kommt an. Im Log steht nichts davon.",
    ),
    "hoster-closes-submission": (
        "Our app can't send mail, as the hosting provider blocks outgoing SMTP on ports 465 and 587.",
        "Render blocks port 587 in its free plan. Our mails time out.",
    ),
}  # fmt: skip


def stories(text: str) -> set[str]:
    return {fact.story for each in recognise(Paste.of(text)) for fact in each.facts if isinstance(fact, Told)}


@pytest.mark.parametrize(("story", "text"), [(name, text) for name, texts in _TOLD.items() for text in texts])
def test_what_is_told(story: str, text: str) -> None:
    assert stories(text) == {story}


def test_each_story_makes_something_possible() -> None:
    rows = tomllib.loads(Path(diagnostics.__file__).with_name("stories.toml").read_text("utf-8"))["story"]
    assert {row["name"] for row in rows} == set(_TOLD)
    rules = Book.of(catalogue().values())
    for texts in _TOLD.values():
        first = judge([texts[0]], rules).verdicts[0]
        assert first.finding.belief is Belief.POSSIBLE
        assert isinstance(first.anchor, Told)
        assert first.finding.steps


@pytest.mark.parametrize(
    "text",
    [
        # a long queue, an attachment, a guard that does its work, a client of one's own
        "Mail waits in the queue until somebody restarts the service. The Outbox of Outlook is empty.",
        "Mail with a large attachment stays in the Outbox until he clicks Send/Receive.",
        "Our fail2ban bans attackers that try to log on by SMTP. Their addresses are blocked, mail works.",
        "Our scanner sends to Office 365, and the session closes after STARTTLS.",
        # the gateway's own disk, all senders, a group that takes everybody's, a rule of somebody's own, a tenant that relays
        "We moved to a new Exchange server. The Barracuda's disk is full: at first mail comes, then it stops and queues there.",
        "One user doesn't receive any mail from one customer: they get a bounce 550 5.1.1. Mail of all others arrives.",
        "External senders write to our distribution group, and everybody gets it.",
        "A mail flow rule puts a banner on everything. The public folders are fine.",
        "Our app uses SMTP relay to our Microsoft 365 tenant. Internal and external recipients get everything.",
        "We use centralized mail transport. Released messages arrive.",
        "The address in the signature is not the one on the website.",
        # a reply that comes, a rule that works, a group that gets it, a bounce of one's own, what is only asked about
        "Her automatic reply is on, and everybody gets it.",
        "The mail tip shows that he is away. We get no mail from him.",
        "The redirect rule works, and the mailbox forwards as well.",
        "Hybrid: voting buttons are shown on both sides.",
        "What is winmail.dat?",
        "Members of the Microsoft 365 group get it in their inbox.",
        "The dynamic group is for internal senders only.",
        "My message was not sent: Undeliverable.",
        "I could not send the message, it bounced.",
        "We have never sent spam, and still our mails bounce with 550 5.7.1.",
        "We never sent mail to this partner before. It bounces.",
        "I have not sent anything today. The bounce says that the limit of recipients is exceeded.",
        "Our transport rule for forwarded mail matches.",
        "We use direct send. Colleagues get the scans.",
        "Our mails arrive in the recipients' spam. They put us on their allow list.",
        "Spam was delivered to the inbox. We have no allow entry for it.",
        "Centralized mail transport is on, and forwarded mail passes our gateway.",
        # invited by a list, or the one who was invited
        # who logs on as he should, and what is old and works
        "Our domain is federated with ADFS. The scanners submit by smtp, and everything arrives.",
        "We moved from ADFS to Entra. One printer gets a paper jam.",
        "An old scanner sends through Office 365 with TLS. Everything arrives.",
        "The app on Windows Server 2008 can't reach the local server. Nothing is sent.",
        "Inviting the mailing list to a meeting gets an NDR for Kim. Kim is not in the invitation.",
        "The meeting request to Kim comes back. Kim was invited, and the account was deleted.",
        # no wizard, one mailbox, a journal that has it all, an Edge server that shows what it runs
        "The primary address was changed to the new domain for everybody. It is what HR wanted.",
        "He has two mailboxes, his own and a shared mailbox in Office 365. On-premises mail arrives in his own.",
        "We moved him to Exchange Online. His old mailbox on-premises is disconnected.",
        "Our MX points to Office 365. Incoming mail from the internet is journaled on both sides.",
        "We upgraded the Edge server. Get-ExchangeServer shows the new version.",
        "We ran the hybrid wizard and chose the certificate from the list. Mail flows.",
        # asked, wished, or all is well
        "Can we make mailboxes only in the cloud? We have Exchange 2019. What would bounce?",
        "We should make accounts in Office 365 next year. Today all are on-premises, and nothing bounces.",
        "Mailboxes were made in the cloud. Enable-RemoteMailbox was run on the local exchange for each. One bounces.",
        "We added a new domain in the portal. Mail for it arrives.",
        "The gateway in front accepts mail for known users only. A typo is refused at once.",
        "We added a new domain in the portal. Its MX points to the old provider. No mail arrives in Office 365.",
        "The old server is off. External mail goes through the new server.",
        "The scanner sends to the old server. Everything arrives.",
        "We have a send connector for partners. Mail to external addresses bounces.",
        "There is no send connector in the diagram.",
        "Mail from Office 365 to on-premises arrives after the firewall was replaced.",
        "Mail from Office 365 to on-premises is pending: certificate expired, says the firewall.",
        "Both forests share one domain. Mail arrives on both sides.",
        "The distribution list works internally and from gmail.",
        "Our servers are in our own rack. Nothing goes out, incoming works.",
        "The list is moderated, and Ms Fischer approved the mail before her vacation. It arrived.",
        "The certificate was renewed. Incoming and outgoing mail arrives.",
        "We have security defaults. The printer can print.",
        # an hour, a first one, a stop or a crowd of another kind
        "Exchange 2016 sends to Office 365. The report comes every hour, and the list grows longer.",
        "SMTP AUTH is enabled, security defaults are off. The scanner fails.",
        "The first mail of the migration took minutes. Everything after it, too.",
        "We stopped the queue and resumed it. No error, it drains.",
        "Our relay has a new password, and outbound mail flows.",
        "He forwards to her. She gets everything.",
        "The database disk is full. Users cannot print.",
        "The drive with the temp folder is full, and incoming mail stopped.",
        "Internally it works. Microsoft's servers reject who has left our Exchange.",
        "Between our servers messages wait in Retry. SPNs are unique, the clocks differ.",
        "The connector to the partner was changed. Mail between the servers and to him flows.",
        "The hybrid connector was changed, and mail from EX01 to EX02 waits as the cloud does.",
        "With our own domain as the sender it arrives in Exchange. With another sender it is refused.",
        "He stopped the service for the update. There are errors in the log, and the queue grows.",
        "Many users send at the same time through Office 365. Some complain of the weather.",
        "The certificate was renewed. smtp.office365.com does not support TLS 1.0, says our server's manual.",
        "The new cert is in the store. In the snap-in it has a key on its icon. Mail to the partner fails.",
        "The reminders are rejected from 4 pm on, on some days. All accounts have that.",
        "Mail of all our users to customers gets rejected. Internal mail goes.",
        "Whoever writes to Karl gets a bounce. It names Karl's address.",
        "Since the upgrade, the firewall does SSL inspection, SMTP is exempt. The certificate is bad and mail fails.",
        "Greta still receives mail. Nothing she sends goes out. Outlook says offline.",
        "The primary address is kim@contoso.onmicrosoft.com, and all other addresses are listed.",
        "The public folders were migrated, and mail to them arrives.",
        "Public folders loop for two users only.",
        "We are not listed on any blocklist, and everybody takes our mail. The server moved.",
        "The daemon keeps the connection open. Nothing is lost.",
        "Our own server takes the message without the word and with it.",
        "Half of the users can't print. The queue of the printer is empty. All services are running.",
        # a test that fails as well, what was refused, a worker that works, a log of an Exchange server, a port that is open
        "The test mail of the ticket system fails. No notification is sent either.",
        "The test mail arrives. A notification to customers is rejected with 550 5.7.1.",
        "The queue worker runs, and all mails are sent.",
        "The cron job that cleans the log has stopped. The disk is full.",
        "There is nothing in the tracking log of our Exchange, and no mail arrives at the application.",
        "The hosting provider blocks nothing on port 587. Mail of the app fails.",
        "A third of the users can't open Outlook since their password expired. The rest works, and nothing waits.",
    ],
)
def test_what_is_none(text: str) -> None:
    assert not stories(text)


def test_an_artefact_says_more() -> None:
    text = _TOLD["made-in-the-cloud"][0]
    queue = "Identity     : EX01\\3\nDeliveryType : SmtpDelivery\nStatus       : Retry\nMessageCount : 3\nNextHopDomain: x.com"
    assert stories(text)
    assert not stories(f"{queue}\n\n{text}")
