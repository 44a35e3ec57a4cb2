"""To whom a message was written, in the words of who wrote it: "I only wrote to orders@contoso.com".

It matters where the report names somebody else: then a rule or forwarding sent the message on. So the sentence counts where it
says that this was the only addressee, or that the other one is unknown to its writer; or where it says that mail to this address
comes back, and nothing that was pasted has the address, its domain or its local part (whoever hides addresses keeps one of them).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from diagnostics.artefacts import Artefact
from diagnostics.mail_facts import Addressed
from diagnostics.patterns import linear
from diagnostics.recognisers import Reading, recogniser
from diagnostics.recognisers.building import artefact
from diagnostics.recognisers.sources import source_at
from diagnostics.recognisers.told_settings import MOST_LINES, supposes, without_question

# RE2's word border is ASCII: it stands between an accented letter and the next one.
_WROTE: Final = (
    r"wrote|writes?|sent|sends?|e?-?mail(?:ed|s)|addressed|(?:ge)?schrieb\w*|gesendet|geschickt|schreib\w*|schick\w+|sende[nt]?"
    r"|scritto|scriv\w+|inviat\w|mandat\w|escrib\w+|escrit\w|envi\w+|mand[eoa]\w*|crit|crivais|envoy\w+|adress\w+|geschreven"
    r"|gestuurd|verzonden|stuur\w*|escrevi|skrev|skickade|napisa\w+"
)
_ONLY: Final = (
    r"only|just|solely|nothing but|nur|ausschlie\w+|solo|soltanto|solamente|sólo|nicamente|seulement|uniquement|alleen|enkel"
    r"|apenas|somente|bara|endast|tylko"
)
_STRANGE: Final = (
    r"never|don't know|do not know|nobody knows|strange|different|another|somebody else|someone else|whom i|nie (?:ge|an)\w*"
    r"|kenne ich nicht|unbekannt\w*|fremde\w*|andere[nrs]?|non conosco|mai|altr[oa]|no conozco|nunca|otr[oa]|connais pas"
    r"|jamais|autre|ken ik niet|nooit|desconhe\w+"
)
_SAYS_WROTE = linear(rf"(?i)\b(?:{_WROTE})\b")
_SAYS_ONLY = linear(rf"(?i)\b(?:{_ONLY})\b")
_SAYS_STRANGE = linear(rf"(?i)\b(?:{_STRANGE})\b")
_ADDRESS = linear(r"[\w.+'-]{1,64}@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63}){1,8}")
_BOUNCE = linear(
    r"(?i)[,;:.]|\b(?:bounces?|ndrs?|back|comes|returns?|zurück|kommt|torna|arriva|vuelve|llega|revient|reçoi\w+|krijg\w*|komt)\b"
)
_MOST_PASTED: Final = 200  # lines
_LONGEST_PASTED: Final = 20_000

# "a private address that they never wrote to": without the address that they did write to.
_UNWRITTEN: Final = (
    r"(?:address|recipient|mailbox|adress?e|empf.nger|direcci.n|destinatari[oa]|indirizzo|endere.o|adres|ontvanger)\b[^.;\n]{0,40}"
    r"\b(?:never|did ?n.t|did not|have ?n.t|nobody|no one|nie|niemand|nicht|jamais|n.a pas|personne|nunca|nadie|mai|nessuno"
    r"|nooit)\b"
    rf"[^.;\n]{{0,24}}\b(?:{_WROTE})\b"
)
# "he doesn't know the Gmail address": the one that the report names is a stranger's to its reader.
_UNKNOWN: Final = (
    r"(?:address|adresse|direcci.n|indirizzo|endere.o|adres)\b[^.;\n]{0,20}"
    r"\b(?:kenn(?:t|en|e)|conna.t|conoce\w*|conosc\w*|kent|kennen|zna)\b[^.;\n]{0,16}\b(?:nicht|niemand|keiner|pas|niet|nie)\b"
    r"|(?:do|does)(?: not|n.t) (?:know|recogni[sz]e) (?:the |this |that )?(?:\w+ ){0,2}(?:address|recipient)"
    r"|(?:nobody|no one)(?: here)? (?:knows|recogni[sz]es) (?:the |this |that )?(?:\w+ ){0,2}(?:address|recipient)"
    r"|(?:kennt|kennen|kenne) (?:\w+ )?(?:die|diese) (?:\w+ ){0,2}adresse nicht|ne conna\S{1,6} pas (?:cette|l.) ?adresse"
    r"|no conoc\w+ (?:esa|esta|la) direcci.n|non conosc\w+ (?:questo|quell.|l.) ?indirizzo"
    r"|ken(?:t|nen)? (?:dit|dat|het) adres niet"
)
_SAYS_UNWRITTEN = linear(rf"(?i)\b(?:{_UNWRITTEN}|{_UNKNOWN})")
# As in: E-mail to info@contoso.com bounces with this error.
_MAIL_TO: Final = (
    r"(?:(?:e-?)?mails?|messages?|e-?mailing|writing|write|sending|sends?|sent|anything|nachricht(?:en)?|courriels?|correos?|mensajes?"
    r"|messaggi\w?|berichten?)(?: \w+){0,3}? (?:to|an|à|a|al|para|aan|naar)|to (?:e-?mail|write)|(?:e-?)mailing"
)
_COMES_BACK: Final = (
    r"bounc\w+|returned|(?:came|comes?|coming|sent) back|reject\w*|fails?|failed|errors?|undeliver\w*|ndrs?|zurück"
    r"|fehler\w*|revien\w+|erreur"
    r"|rebot\w+|devuel\w+|vuelven?|error|torna\w*|errore|terug\w*|foutmelding"
)
_SAYS_BOUNCED = linear(
    rf"(?i)\b(?:{_MAIL_TO}) <?([\w.+'-]{{1,64}})@((?:[a-z0-9-]{{1,63}}\.){{1,8}}[a-z]{{2,24}})\b"
    rf"[^@?\n]{{0,80}}\b(?:{_COMES_BACK})\b[^@?\n]{{0,60}}$"
)


@recogniser(
    rf"@[^\n]*\b(?:{_ONLY}|{_STRANGE})\b|\b(?:{_ONLY}|{_WROTE})\b[^\n]*@|{_UNWRITTEN}|{_UNKNOWN}|\b(?:{_MAIL_TO}) <?\S+@",
    rank=92,
)
def read(reading: Reading) -> Sequence[Artefact]:
    """One artefact for each sentence, beside something else that was pasted."""
    if not reading.claimed:
        return []
    found = []
    for index, line in reading.sentences()[:MOST_LINES]:
        addresses = _addressees(line[:1000])
        bounced = () if addresses else _bounced(line[:1000], reading)
        if bounced:
            fact = Addressed(source=source_at(reading, index), recipients=bounced, told=True)
            found.append(artefact(reading, "told-addressee", [index], [fact], {"recipients": list(bounced)}))
            continue
        unwritten = None if addresses else _SAYS_UNWRITTEN.search(without_question(line[:1000]))
        if addresses or (unwritten and not supposes(line[: unwritten.start()])):
            fact = Addressed(source=source_at(reading, index), recipients=addresses, redirected=True)
            found.append(artefact(reading, "told-addressee", [index], [fact], {"recipients": list(addresses)}))
    return found


def _addressees(line: str) -> tuple[str, ...]:
    """The addresses that the message was written to; empty where the sentence doesn't say that it was to nobody else."""
    wrote = _SAYS_WROTE.search(line)
    if wrote is None or supposes(line[: wrote.start()]) or line.rstrip().endswith("?"):
        return ()
    if not (_SAYS_ONLY.search(line) or _SAYS_STRANGE.search(line)):
        return ()
    # In German and Dutch the verb stands behind the address.
    return _listed(line[wrote.end() :]) or _listed(line[: wrote.start()].rpartition(". ")[2], anywhere=True)


def _bounced(line: str, reading: Reading) -> tuple[str, ...]:
    """The address to which mail comes back, where what was pasted names others alone."""
    told = _SAYS_BOUNCED.search(line)
    if told is None or supposes(line[: told.start()]):
        return ()
    local, domain = (str(each).lower() for each in told.groups())
    pasted = [reading.paste.lines[each].lower() for each in sorted(reading.claimed - reading.quoting)][:_MOST_PASTED]
    named = [str(each) for each in _ADDRESS.findall("\n".join(pasted)[:_LONGEST_PASTED])]
    if not named or any(each.startswith(f"{local}@") or domain in each for each in named):
        return ()
    return (f"{local}@{domain}",)


def _listed(text: str, *, anywhere: bool = False) -> tuple[str, ...]:
    """The addresses at the beginning of `text`, up to where the report comes into it."""
    told: list[str] = []
    at = 0
    for match in _ADDRESS.finditer(text):
        if (told or not anywhere) and _BOUNCE.search(text[at : match.start()]):
            break  # behind a comma it is the report that names somebody
        told.append(str(match.group(0)).lower().rstrip("."))
        at = match.end()
    return tuple(told)
