"""Words around a Windows event that change with the language of the system: labels, levels, Schannel's sentences.

Labels are compared in lower case. Provider names and numeric ids are never localised.
"""

from __future__ import annotations

from typing import Final

from diagnostics.patterns import linear

# en de fr es it pt nl pl sv da nb fi cs hu tr ru ja zh ko; the PowerShell property names are English everywhere.
_NAMES: Final = {
    "log": (
        "log name|logname|protokollname|nom du journal|nombre de registro|nome registro|nome do log|nome do registo"
        "|logboeknaam|nazwa dziennika|loggnamn|logfilnavn|loggnavn|lokin nimi|název protokolu|naplónév|günlük adı"
        "|имя журнала|ログの名前|日志名称|記錄檔名稱|로그 이름"
    ),
    "provider": (
        "source|event source|providername|provider name|provider|quelle|origen|origine|origem|fonte|bron|źródło|källa"
        "|kilde|lähde|zdroj|forrás|kaynak|источник|ソース|来源|來源|원본"
    ),
    "id": (
        "event id|eventid|event-id|ereignis-id|ereigniskennung|id de l'événement|id d'événement|id. del evento"
        "|id. de evento|id. evento|id del evento|id evento|id do evento|id de evento|identificação do evento"
        "|gebeurtenis-id|gebeurtenis id|identyfikator zdarzenia|händelse-id|hændelses-id|hendelses-id|tapahtumatunnus"
        "|id události|eseményazonosító|olay kimliği|код события|イベント id|事件 id|事件id|事件識別碼|이벤트 id"
    ),
    "short id": "id",
    "level": (
        "level|event type|entrytype|leveldisplayname|ebene|niveau|nivel|livello|nível|poziom|nivå|taso|úroveň|szint"
        "|düzey|уровень|レベル|级别|層級|수준"
    ),
    "text": (
        "description|message|message text|event text|event description|beschreibung|descripción|descrizione|descrição"
        "|beschrijving|opis|beskrivning|beskrivelse|kuvaus|popis|leírás|açıklama|описание|説明|描述|설명|nachricht"
    ),
    "time": (
        "date|timecreated|time created|timegenerated|datum|fecha|data|dato|päivämäärä|dátum|tarih|дата|日付|日期|날짜"
    ),
    "other": (
        "task category|event category|category|keywords|user|computer|machinename|time|opcode|index|instanceid|recordid"
        "|processid|threadid|version|userid|task|qualifiers|logged|aufgabenkategorie|schlüsselwörter|benutzer"
        "|catégorie de la tâche|catégorie|mots clés|mots-clés|utilisateur|ordinateur|categoría de la tarea"
        "|palabras clave|usuario|equipo|categoria attività|parole chiave|utente|categoria da tarefa|palavras-chave"
        "|usuário|utilizador|computador|taakcategorie|trefwoorden|gebruiker|kategoria zadania|słowa kluczowe"
        "|użytkownik|komputer|aktivitetskategori|nyckelord|användare|dator"
        "|opgavekategori|nøgleord|bruger|oppgavekategori|nøkkelord|bruker|datamaskin|tehtäväluokka|käyttäjä|tietokone"
        "|kategorie úlohy|klíčová slova|uživatel|počítač|feladatkategória|felhasználó|számítógép"
        "|görev kategorisi|kullanıcı|bilgisayar|категория задачи|ключевые слова|пользователь|компьютер"
        "|タスクのカテゴリ|キーワード|ユーザー|コンピューター|任务类别|关键字|用户|计算机|工作類別|關鍵字|使用者|電腦"
        "|작업 범주|키워드|사용자|컴퓨터"
    ),
}
LABELS: Final[dict[str, str]] = {name: kind for kind, names in _NAMES.items() for name in names.split("|")}

# The sources whose events concern mail, as they name themselves.
PROVIDERS: Final = (
    r"Schannel|MSExchange(?:[A-Za-z]+| [A-Z][A-Za-z]+(?: [A-Z][A-Za-z]+){0,3})?|FIPFS|Service Control Manager"
)
# A description has paragraphs; these are the words that go on with one.
GOES_ON = linear(
    r"(?i)^\s*(?:The (?:following|SSPI|TLS|error|message|certificate|source)\b|Der SSPI|Le processus"
    r"|El proceso|Il processo|Resource|Exception|Stack|Details?\b"
    r"|Diagnostic|Additional|Cause:|Explanation|User Action|Watson|Inbound|Mail (?:sub|resub)"
    r"|at [A-Z]\w+\.|Error(?: code)?:|UsedDisk|PrivateBytes"
    r"|\(Server name \||In-site:|Out-of-site:|\S{1,255}\s+[CDG-]{3}\s+[01]\s+[0-7]\s)"
)
# A reply of a mail server is no part of an event that it follows.
REPLY = linear(r"^\s*[#<>*]?\s*[2-5]\d\d[ -]")

_LEVELS: Final = (
    (("inform", "情報", "信息", "資訊", "정보", "свед"), "Information"),
    (
        (
            "warn",
            "avert",
            "advert",
            "avviso",
            "aviso",
            "waarsch",
            "ostrze",
            "varning",
            "advarsel",
            "varoitus",
            "upozorn",
            "figyelm",
            "uyarı",
            "предуп",
            "警告",
            "경고",
        ),
        "Warning",
    ),
    (
        (
            "err",
            "fehler",
            "fout",
            "błąd",
            "fel",
            "feil",
            "virhe",
            "chyb",
            "hiba",
            "hata",
            "ошиб",
            "エラー",
            "错误",
            "錯誤",
            "오류",
        ),
        "Error",
    ),
    (("crit", "krit", "kryt", "крит", "重大", "严重", "위험"), "Critical"),
)


def level(text: str) -> str:
    """The level in English where its language is known, else as written."""
    low = text.strip().lower()
    return next((name for starts, name in _LEVELS if low.startswith(starts)), text.strip())


# The words of an event that alone tell its number. Translated ones are told by the error and state they give.
_SENTENCES: Final = (
    (r"attempting to access the (?:TLS|SSL)\W(?:client|server) credential(?:'s)? private key", 36870),
    (r"fatal error occurred while (?:creating|opening) an? (?:TLS|SSL)\W(?:client|server) credential", 36871),
    (
        r"none of the cipher suites supported by the client (?:application )?are supported by the server",
        36874,
    ),
    (r"No suitable default server credential exists on this system", 36886),
    (r"fatal alert was received|fatal alert code is \d", 36887),
    (r"fatal alert was generated", 36888),
    (r"certificate received from the remote server has not validated correctly", 36876),
    (r"certificate received from the remote server has (?:either )?expired", 36881),
    (r"certificate received from the remote server was issued by an untrusted certificate authority", 36882),
    (r"certificate received from the remote server has been revoked", 36883),
    (r"certificate received from the remote server does not contain the expected name", 36884),
    (r"does not have a private key information property attached", 36869),
    (r"(?:SSL|TLS) (?:client |server )?handshake completed successfully", 36880),
    (r"could not find a certificate that contains the domain name", 12014),
    (r"could not load the certificate with thumbprint", 12023),
    (r"an internal transport certificate (?:has )?expired", 12015),
    (r"an internal transport certificate will expire", 12017),
    (r"no valid SMTP Transport Layer Security \(TLS\) certificate for the FQDN", 12016),
    (r"No DNS servers could be retrieved from", 16025),
    (r"(?:TLS|SSL).{0,400}0x8009030D.{0,200}\b10001\b", 36870),
)
_EACH: Final = tuple((linear(f"(?i){words}"), event) for words, event in _SENTENCES)
# Words that one of the sentences can't do without, for a quick look before the patterns.
_MARKS: Final = (
    "ould not ", "transport cert", "valid SMTP", "DNS servers could",
    "atal ", "remote server", "redential", "cipher suite", "private key", "handshake", "0x8009030",
)  # fmt: skip
SCHANNEL: Final = range(36864, 36900)
_ANY = linear("(?i)" + "|".join(words for words, _ in _SENTENCES))


def provider_of(event: int) -> str:
    """Who writes the event that `event_of` told."""
    return "Schannel" if event in SCHANNEL else "MSExchangeTransport" if event else ""


def event_of(text: str) -> int:
    """The event whose words stand in `text`, 0 when there are none."""
    if not any(mark in text for mark in _MARKS) or not _ANY.search(text):
        return 0
    return next((event for pattern, event in _EACH if pattern.search(text)), 0)
