"""What columns with direct identifiers are called: in nine languages, and by survey platforms.

Phrases are written as `tokens_of` gives them: small letters without accents, words apart. `ALONE` holds those that
mean an identifier only when they are the whole header ("name" does, "name of the module" does not).
"""

from __future__ import annotations

import functools
import re

from .labels import fold

ANYWHERE: dict[str, tuple[str, ...]] = {
    "name": (
        "first name", "last name", "full name", "given name", "family name", "middle name", "maiden name", "surname",
        "firstname", "lastname", "fullname", "nome e cognome", "cognome", "nome completo", "imie i nazwisko", "imie",
        "nazwisko", "etunimi", "sukunimi", "koko nimi", "voornaam", "achternaam", "volledige naam", "vorname",
        "nachname", "familienname", "vollstandiger name", "prenom", "nom de famille", "nom complet", "nom et prenom",
        "apellido", "apellidos", "nombre completo", "nombre y apellidos", "apelido", "sobrenome", "nome proprio",
        "name of participant", "participant name", "respondent name", "your name", "recipient name",
    ),
    "e-mail": (
        "email", "emailaddress", "emailadres", "emailadresse", "mail address", "indirizzo mail", "posta elettronica",
        "adres mailowy",
        "sahkoposti", "sahkopostiosoite", "mailadres", "mailadresse", "courriel", "adresse mail",
        "correo electronico", "correo", "endereco eletronico", "correio eletronico",
    ),
    "phone": (
        "phone number", "telephone", "mobile number", "cell phone", "mobile phone", "telefono", "cellulare",
        "numero di telefono", "telefon", "telefonu", "numer telefonu", "komorka", "puhelin", "puhelinnumero",
        "matkapuhelin", "telefoonnummer", "telefoon", "mobiele nummer", "telefonnummer", "handynummer",
        "mobilnummer", "numero de telephone", "telephone portable", "movil", "numero de telefono", "telefone",
        "telemovel", "whatsapp",
    ),
    "birth date": (
        "date of birth", "birth date", "birthdate", "birthday", "data di nascita", "data urodzenia", "syntymaaika",
        "syntymapaiva", "geboortedatum", "geburtsdatum", "geburtstag", "date de naissance", "fecha de nacimiento",
        "data de nascimento",
    ),
    "IP address": (
        "ip address", "ipaddress", "ipaddr", "indirizzo ip", "adres ip", "ip osoite", "ip adres", "ip adresse",
        "adresse ip", "direccion ip", "endereco ip",
    ),
    "coordinates": (
        "latitude", "longitude", "gps", "geolocation", "geopoint", "latitudine", "longitudine",
        "coordinate gps", "szerokosc geograficzna", "dlugosc geograficzna", "leveysaste", "pituusaste",
        "breedtegraad", "lengtegraad", "breitengrad", "langengrad", "latitud", "longitud",
        "location latitude", "location longitude", "geographic coordinates", "home coordinates",
    ),
    "postal address": (
        "postal address", "home address", "street address", "street and number", "postcode", "post code", "postal code",
        "zip code", "indirizzo di casa", "indirizzo postale", "codice postale", "kod pocztowy", "adres zamieszkania",
        "ulica", "katuosoite", "postiosoite", "postinumero", "woonadres", "straatnaam", "postanschrift", "strasse",
        "postleitzahl", "code postal", "adresse postale", "direccion postal", "codigo postal", "morada",
    ),
    "national id": (
        "national id", "passport", "passport number", "social security", "tax number", "identity card", "id card",
        "codice fiscale", "carta d identita", "pesel", "numer dowodu", "henkilotunnus", "hetu",
        "burgerservicenummer", "bsn", "personalausweis", "steueridentifikationsnummer", "steuer id",
        "numero de securite sociale", "dni", "nif", "nie", "cartao de cidadao", "numero de contribuinte",
    ),
    "bank account": (
        "iban", "bank account", "account number", "conto corrente", "numer konta", "tilinumero", "rekeningnummer",
        "kontonummer", "compte bancaire", "cuenta bancaria", "conta bancaria",
    ),
    "profile": (
        "linkedin", "facebook", "twitter", "instagram", "orcid", "researchgate", "mastodon", "bluesky", "home page",
        "homepage", "personal website", "profile url", "social media", "twitter handle", "skype", "telegram",
    ),
    "device or response id": (
        "response id", "responseid", "respondent id", "respondent_id", "external reference", "external data reference",
        "externaldatareference", "recipient id", "participant id", "device id", "deviceid", "session id", "imei",
        "imsi", "mac address", "simserial", "subscriberid", "instanceid", "instance id", "collector id", "user id",
        "userid", "contact id", "panel id", "uuid",
    ),
}  # fmt: skip
"""Kind -> phrases that give a short header away wherever they stand in it."""

ALONE: dict[str, tuple[str, ...]] = {
    "name": ("name", "names", "nome", "nimi", "naam", "nom", "nombre", "apelidos", "nazwa uzytkownika", "username",
             "user name", "user", "speaker name", "reviewer name", "contact"),
    "e-mail": ("mail", "e mails", "username email", "nazwa e mail"),
    "phone": ("phone", "mobile", "cell", "cellphone", "tel", "tel no", "handy", "gsm", "fax", "portable"),
    "birth date": ("dob", "born", "born on", "nato il", "geboren am", "geboren op", "ne le"),
    "IP address": ("ip", "ipv4", "ipv6"),
    "coordinates": ("lat", "lon", "lng", "long", "location", "geo", "coordinates", "coordenadas"),
    "postal address": ("address", "indirizzo", "adres", "osoite", "adresse", "anschrift", "direccion", "endereco",
                       "zip", "cap", "plz", "street", "street name", "calle", "rue", "via"),
    "national id": ("ssn", "tax id", "fiscal code", "cpf"),
    "bank account": ("bank", "konto", "account"),
    "profile": ("url", "website", "web page", "profile", "handle", "x handle"),
    "device or response id": ("token", "cookie", "fingerprint", "browser id"),
}  # fmt: skip
"""Kind -> phrases that mean it only when they are the whole header."""

_ALONE = {phrase: kind for kind, phrases in ALONE.items() for phrase in phrases}
_ANYWHERE = {phrase: kind for kind, phrases in ANYWHERE.items() for phrase in phrases}
_PHRASE = re.compile(rf"(?<!\S)(?:{'|'.join(sorted(map(re.escape, _ANYWHERE), key=len, reverse=True))})(?!\S)")
_LONGEST = 5
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_ASKS = re.compile(
    r"\b(?:your|enter|please (?:give|provide|write|type|leave)|what is|tua|tuo|sua|suo|inserisc\w*|indic\w+|twoj\w*|"
    r"swoj\w*|podaj|prosze|sinun|kirjoita|anna|je|uw|jouw|vul|ihre?n?|dein\w?|bitte|geben|votre|veuillez|ton|ta|su|tu|"
    r"escrib\w+|introduzc\w+|seu|insira|indique)\b"
)
_ASKS_ABOUT = re.compile(
    r"^(?:how|do|does|did|have|has|would|could|can|may|will|should|is|are|was|were|which|why|rate|when|to what|i|we|"
    r"quanto|come|con che|quale|hai|usi|jak|czy|kuinka|miten|oletko|hoe|hebt|heeft|mogen|wie|haben|durfen|konnen|"
    r"combien|comment|a quelle|est ce|avez|cuant\w+|con que|puede|como|com que|pode)\b"
)


def tokens_of(text: str) -> str:
    """Return a header as small words: ``RecipientEmail`` and ``recipient_e-mail`` are ``recipient email``."""
    words = re.sub(r"[^0-9a-z]+", " ", fold(_CAMEL.sub(" ", text)))
    return re.sub(r"\be mail", "email", " ".join(words.split()))


@functools.lru_cache(maxsize=20_000)
def kind_of_header(header: str) -> str | None:
    """Return the kind of identifier that a header names, or None; sentences are no headers, see `kind_of_question`."""
    for text in dict.fromkeys((header, header.casefold())):
        plain = re.sub(r" \d+$", "", tokens_of(text))
        if plain in _ALONE:
            return _ALONE[plain]
        if len(plain.split()) <= _LONGEST and not _ASKS_ABOUT.match(plain) and (found := _found_in(plain)):
            return found
    return None


def kind_of_question(text: str) -> str | None:
    """Return the kind of identifier that a question asks for, or None.

    "Please enter your e-mail address" asks for one; "How often do you check your e-mail?" does not.
    """
    plain = tokens_of(text)
    if len(plain.split()) <= _LONGEST:
        return kind_of_header(text)
    if len(plain.split()) > 3 * _LONGEST or not _ASKS.search(plain):
        return None
    return None if _ASKS_ABOUT.match(plain) else _found_in(plain)


def _found_in(plain: str) -> str | None:
    hits = _PHRASE.findall(plain)
    return _ANYWHERE[max(hits, key=len)] if hits else None
