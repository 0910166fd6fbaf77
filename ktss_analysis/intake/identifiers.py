"""Direct identifiers in cells and free text: found by their form, and replaced by the name of their kind.

Nothing here looks anything up outside: an address that was never issued is treated like one that was.
"""

from __future__ import annotations

import functools
import ipaddress
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from .labels import fold
from .national_ids import is_iban, national_id

PLACEHOLDERS = {
    "e-mail": "[e-mail]", "phone": "[phone]", "address on the web": "[url]", "profile": "[handle]",
    "bank account": "[bank account]", "national id": "[national id]", "IP address": "[IP address]",
    "coordinates": "[coordinates]", "postal address": "[address]", "name": "[name]",
    "birth date": "[birth date]",
}  # fmt: skip
"""Kind of identifier -> what stands in its place."""

REGIONS = {
    "en": ("GB", "IE", "US"), "it": ("IT",), "pl": ("PL",), "fi": ("FI",), "nl": ("NL", "BE"),
    "de": ("DE", "AT", "CH"), "fr": ("FR", "BE"), "es": ("ES",), "pt": ("PT",),
}  # fmt: skip
"""Language -> countries whose way of writing telephone numbers is tried."""

Spans = Iterator[tuple[int, int]]
_W = r"[^\W\d_]"
_MAIL = re.compile(r"(?:mailto:)?[^\s@＠<>(),;:\"'|\[\]]+\s?[@＠]\s?[^\s@＠<>(),;:\"'|\[\]]+\.[\w-]*\w")
_MAIL_IN_WORDS = re.compile(
    r"[\w.+-]+\s*[\[({]\s*(?:at|@|chiocciola|małpa|arroba)\s*[\])}]\s*[\w-]+"
    r"(?:(?:\s*[\[({]\s*(?:dot|punto|kropka|point)\s*[\])}]\s*|\.)\w+)+",
    re.IGNORECASE,
)
_WEB = re.compile(
    r"(?:https?|ftp)://[^\s<>\"'|]+|\bwww\.[^\s<>\"'|]+\.\w{2,}[^\s<>\"'|]*"
    r"|\b(?:[\w-]+\.)?(?:linkedin|facebook|instagram|twitter|x|github|researchgate|orcid|t|wa|bsky|youtube|tiktok)"
    r"\.(?:com|org|net|me|app)/[^\s<>\"'|]+",
    re.IGNORECASE,
)
_HANDLE = re.compile(r"(?<![\w@＠./])[@＠][A-Za-z_]\w*(?:\.\w+)*")
_HANDLE_ELSEWHERE = re.compile(r"(?<![\w@＠./])[@＠]\w+@[\w-]+(?:\.[\w-]+)+")
_ORCID = re.compile(r"(?<![\w-])\d{4}-\d{4}-\d{4}-\d{3}[\dX](?![\w-])")
_BORN = re.compile(
    r"(?<=\s)\d{1,2}(?:[-./ ]\d{1,2}[-./ ]|\.? \w{3,12} )\d{2,4}\b|(?<=\s)\d{4}-\d{1,2}-\d{1,2}\b",
)
_BIRTH_WORD = re.compile(
    r"\b(?:born|birth\w*|nat[oa]|nascita|ur\.|urodz\w*|syntyny\w*|s\.|geboren|geboorte\w*|geburts\w*|née?|naissance|"
    r"nacid[oa]|nacimiento|nascid[oa]|nascimento)\W+(?:\w+\W+){0,2}$",
    re.IGNORECASE,
)
_IBAN_START = re.compile(r"(?<![A-Za-z0-9])[A-Za-z]{2}\d{2}(?=[ .-]?[A-Za-z0-9])")
_NATIONAL = re.compile(
    r"(?<![\w.,/+-])(?:[A-Za-z]{6}[\dA-Za-z]{2}[A-Za-z][\dA-Za-z]{2}[A-Za-z][\dA-Za-z]{3}[A-Za-z]"
    r"|\d{6}[-+A-FU-Ya-fu-y]\d{3}[0-9A-Ya-y]|[1-478] ?\d\d ?\d\d ?(?:\d\d|2[ABab]) ?\d{3} ?\d{3} ?\d\d"
    r"|\d{2} \d{3} \d{3} \d{3}|\d{11}|[XYZxyz]-?\d{7}-?[A-Za-z]|\d{8}-?[A-Za-z]|\d{9}|\d{4}\.\d{2}\.\d{3})(?![\w-])"
)
_IP4 = re.compile(r"(?<![\w.])(?:\d{1,3}\.){3}\d{1,3}(?![\w.]*\d)")
_IP6 = re.compile(r"(?<![\w:.])[0-9A-Fa-f]{0,4}(?::[0-9A-Fa-f]{0,4}){2,7}(?:\.\d{1,3}){0,3}(?![\w:])")
_VERSION = re.compile(r"(?:\bv|version|versione|wersja|versio|versie|versión|versão|release)\.?\s*$", re.IGNORECASE)
_DECIMAL = r"[-+−]?\d{1,3}[.,]\d{%s,}\s?°?\s?%s"
_PLACES = re.compile(
    r"(?<![\w.])" + _DECIMAL % ("4", "[NS]?") + r"\s*[,;/ ]\s*" + _DECIMAL % ("4", "[EWO]?") + r"(?![\w.])"
    r"|\b\d{1,2}\s?°\s?\d{1,2}\s?['′’]\s?(?:\d{1,2}(?:[.,]\d+)?\s?(?:[\"″”]|''))?\s?[NS]\b[\s,;]*"
    r"\d{1,3}\s?°\s?\d{1,2}\s?['′’]\s?(?:\d{1,2}(?:[.,]\d+)?\s?(?:[\"″”]|''))?\s?[EWO]\b"
)
_PROPER = r"[A-ZÀ-ÖØ-ÞĀ-Ž][\w'’-]*"
_STREET = re.compile(
    rf"\b(?:[Vv]ia|[Vv]iale|[Pp]iazza|[Pp]iazzale|[Cc]orso|[Vv]icolo|[Uu]l\.|[Uu]lica|[Aa]l\.|[Aa]leja|[Pp]l\.|[Rr]ue|"
    rf"[Cc]alle|[Aa]venida|[Pp]laza|[Pp]aseo|[Rr]ua|[Tt]ravessa|[Pp]raça)\s+"
    rf"(?:(?:d[aeiou]s?|del|dell[ao]?|dei|della|degli|des|du|la|las|los|al)\s+|dell['’])*{_PROPER}"
    rf"(?:\s+(?:(?:d[aeiou]s?|del|la)\s+)?{_PROPER}){{0,3}},?\s+(?:n\.?º?\s*)?\d{{1,4}}\s?[a-zA-Z]?\b(?:/\d+)?"
    rf"|\b{_PROPER}(?:straße|strasse|str\.|weg|platz|allee|gasse|straat|laan|plein|gracht|kade|katu|tie|kuja|polku)"
    rf"\s+\d{{1,4}}\s?[a-zA-Z]?\b"
    rf"|\b\d{{1,4}}[a-zA-Z]?,?\s+(?:{_PROPER}\s+){{1,3}}(?:Street|St\.|Road|Rd\.|Avenue|Ave\.|Lane|Square|Drive|Court)"
    rf"|\b\d{{1,4}},?\s+(?:bis\s+)?(?:rue|avenue|boulevard|place|chemin|impasse)\s+(?:(?:de|du|des|la|le|les)\s+|l['’]|d['’])*"
    rf"{_PROPER}"
)
_DATE = re.compile(
    r"\s*(?:\d{4}[-./]\d{1,2}[-./]\d{1,2}|\d{1,2}[-./ ]\d{1,2}[-./ ]\d{2,4})"
    r"(?:[T, ]+\d{1,2}[:.]\d{2}(?:[:.]\d{2})?(?:[.,]\d+)?\s*(?:Z|[AaPp][Mm]|[+-]\d\d:?\d\d)?)?\s*"
)
_NUMBER = re.compile(r"\s*[-+]?\d+(?:[.,]\d+)?(?:[eE][-+]?\d+)?\s*")
_WORD = re.compile(rf"{_W}+")
_MANY_DIGITS = re.compile(r"\d(?:\D{0,3}\d){6}")
_WORTH_A_LOOK = re.compile(
    r"[@＠]|://|www\.|\.(?:com|org|net|me|app)/|::|\d(?:\D{0,3}\d){6}|[\[({]\s*(?:at|chiocciola|małpa|arroba)\s*[\])}]"
    r"|[A-Za-z]{6}[\dA-Za-z]{2}[A-Za-z]|[0-9A-Fa-f]:[0-9A-Fa-f]+:|\d\.\d+\.\d|°|[^\W\d_]\w*\.?,?\s+\d|\d[a-zA-Z]?,?\s+[^\W\d_]",
    re.IGNORECASE,
)


def _all(
    expression: re.Pattern[str], check: Callable[[str], bool] = bool, *, signs: str = ""
) -> Callable[[str], Spans]:
    """Return a finder; a text without any of `signs`, which each match holds, is passed over at once."""

    def find(text: str) -> Spans:
        if signs and not any(sign in text for sign in signs):
            return iter(())
        return (match.span() for match in expression.finditer(text) if check(match.group()))

    return find


def _web(text: str) -> Spans:
    """Find addresses on the web; a full stop or bracket at the end belongs to the sentence."""
    for match in _WEB.finditer(text):
        yield match.start(), match.start() + len(match.group().rstrip(".,;:!?)]}"))


def _births(text: str) -> Spans:
    """Find dates that a word such as "born" stands before."""
    return (match.span() for match in _BORN.finditer(text) if _BIRTH_WORD.search(text[: match.start()]))


def _ibans(text: str) -> Spans:
    """Find IBANs, however they are grouped: signs are taken from the start until the country's length is full."""
    for match in _IBAN_START.finditer(text):
        for found in re.finditer(r"(?:[A-Za-z0-9][ .-]?){15,34}", text[match.start() : match.start() + 45]):
            signs = [place for place, sign in enumerate(found.group()) if sign.isalnum()]
            for count in range(len(signs), 14, -1):
                end = signs[count - 1] + 1
                after = text[match.start() + end : match.start() + end + 1]
                if not after.isalnum() and is_iban(found.group()[:end]):
                    yield match.start(), match.start() + end
                    break
            break


def _ip4(text: str) -> Spans:
    for match in _IP4.finditer(text):
        parts = [int(part) for part in match.group().split(".")]
        # 1.2.3.4 is as well a version; a real address nearly always has a part of two digits.
        if max(parts) <= 255 and max(parts) >= 10 and not _VERSION.search(text[: match.start()]):
            yield match.span()


def _ip6(text: str) -> Spans:
    for match in _IP6.finditer(text):
        try:
            address = ipaddress.IPv6Address(match.group())
        except ValueError:
            continue
        if sum(sign.isalnum() for sign in match.group()) >= 3 or address.is_loopback:
            yield match.span()


def _on_earth(text: str) -> bool:
    if "°" in text and "." not in text.replace(",", "."):
        return True
    numbers = [float(part.replace(",", ".").replace("−", "-")) for part in re.findall(r"[-+−]?\d{1,3}[.,]\d+", text)]
    # Two numbers below one are shares or coefficients; as a place they would lie in the open sea.
    return len(numbers) < 2 or (abs(numbers[0]) <= 90 and abs(numbers[1]) <= 180 and max(map(abs, numbers)) >= 1)


FINDERS: tuple[tuple[str, Callable[[str], Spans]], ...] = (
    ("profile", _all(_HANDLE_ELSEWHERE, signs="@＠")),
    ("address on the web", _web),
    ("e-mail", _all(_MAIL, signs="@＠")),
    ("e-mail", _all(_MAIL_IN_WORDS, signs="[({")),
    ("bank account", _ibans),
    ("national id", _all(_NATIONAL, lambda text: national_id(text) is not None)),
    ("birth date", _births),
    ("profile", _all(_ORCID)),
    ("coordinates", _all(_PLACES, _on_earth)),
    ("IP address", _ip4),
    ("IP address", _ip6),
    ("profile", _all(_HANDLE, signs="@＠")),
    ("postal address", _all(_STREET)),
)
"""In this order: what one finder took, the next does not see. Telephone numbers and names come after them."""


def _phones(text: str, regions: tuple[str, ...]) -> Spans:
    """Find telephone numbers: international ones, and those written in the way of one of the regions."""
    if not _MANY_DIGITS.search(text):
        return
    from phonenumbers import Leniency, PhoneNumberMatcher

    # The second zero of 0039 becomes the plus sign that the matcher knows, so places in the text stay the same.
    plain = re.sub(r"(?<![\w+])00(?=[1-9])", " +", text)
    taken: list[tuple[int, int]] = []
    for region in (None, *regions):
        for match in PhoneNumberMatcher(plain, region, leniency=Leniency.VALID):
            start, end = match.start - (text[match.start] == "0" and plain[match.start] == "+"), match.end
            dialled = match.raw_string.startswith(("+", "0", "("))
            if not dialled and (len(re.findall(r"[ ./-]", match.raw_string)) < 2 or match.raw_string.endswith(" 000")):
                continue  # a bare number, or a sum of money
            if not _DATE.fullmatch(text[start:end]) and all(end <= a or start >= b for a, b in taken):
                taken.append((start, end))
                yield start, end


@dataclass(frozen=True)
class Scrubber:
    """Replaces identifiers in texts by the name of their kind in brackets.

    Parameters
    ----------
    names : frozenset of str
        Names of persons in the study, as written: whole names, and single parts of at least three letters.
    regions : tuple of str
        Countries whose telephone numbers are recognised without the international prefix.
    """

    names: frozenset[str] = frozenset()
    regions: tuple[str, ...] = ()
    _known: dict[str, tuple[str, tuple[str, ...]]] = field(default_factory=dict, repr=False, compare=False)

    @functools.cached_property
    def _name(self) -> re.Pattern[str] | None:
        if not self.names:
            return None
        ordered = sorted(self.names, key=lambda name: (-len(name), name))
        parts = (r"\s+".join(map(re.escape, name.split())) for name in ordered)
        return re.compile(rf"(?<!\w)(?:{'|'.join(parts)})(?:['’]s)?(?!\w)")

    @functools.cached_property
    def _first_words(self) -> frozenset[str]:
        return frozenset(words[0] for name in self.names if (words := _WORD.findall(name)))

    def replace(self, text: str) -> tuple[str, tuple[str, ...]]:
        """Return the text without identifiers, and the kinds that were replaced, in order and with repeats."""
        known = self._known.get(text)
        if known is None:
            known = self._replaced(text)
            if len(text) < 2000 and len(self._known) < 100_000:
                self._known[text] = known
        return known

    def text(self, text: str) -> str:
        """Return the text without identifiers."""
        return self.replace(text)[0]

    def kind_of(self, cell: str) -> str | None:
        """Return the kind of identifier that a cell is as a whole, or None."""
        replaced, kinds = self.replace(cell.strip())
        return kinds[0] if len(kinds) == 1 and replaced == PLACEHOLDERS[kinds[0]] else None

    def _replaced(self, text: str) -> tuple[str, tuple[str, ...]]:
        if _NUMBER.fullmatch(text) and len(text.strip()) < 9:
            return text, ()
        found: list[tuple[int, int, str]] = []
        rest = text
        if _WORTH_A_LOOK.search(text) and not _DATE.fullmatch(text):
            for kind, finder in FINDERS:
                rest = self._take(rest, kind, finder(rest), found)
                if found and not rest.strip("\x00"):  # all is taken: most cells of a column of identifiers
                    break
            else:
                rest = self._take(rest, "phone", _phones(rest, self.regions), found)
        if self._name is not None and not self._first_words.isdisjoint(_WORD.findall(rest)):
            self._take(rest, "name", (match.span() for match in self._name.finditer(rest)), found)
        if not found:
            return text, ()
        found.sort()
        pieces, place = [], 0
        for start, end, kind in found:
            pieces += [text[place:start], PLACEHOLDERS[kind]]
            place = end
        return "".join([*pieces, text[place:]]), tuple(kind for _, _, kind in found)

    @staticmethod
    def _take(text: str, kind: str, spans: Iterable[tuple[int, int]], found: list[tuple[int, int, str]]) -> str:
        """Note the spans and blank them with a sign that no finder reads, so that later finders pass over them."""
        for start, end in list(spans):
            found.append((start, end, kind))
            text = text[:start] + "\x00" * (end - start) + text[end:]
        return text


def regions_of(languages: Iterable[str]) -> tuple[str, ...]:
    """Return the countries whose telephone numbers go with the languages of a study."""
    regions = [region for tag in languages for region in REGIONS.get(tag.split("-")[0].lower(), ())]
    return tuple(dict.fromkeys(regions))


def name_parts(cells: Iterable[str]) -> frozenset[str]:
    """Return what to look for so that persons are found by name: whole names, both orders, parts of three letters up.

    Parameters
    ----------
    cells : iterable of str
        Cells of columns with names or with e-mail addresses. Of an address only a local part of the form
        ``anna.rossi`` tells a name, and only both words together are looked for.
    """
    names: set[str] = set()
    for cell in cells:
        plain = " ".join(cell.split())
        address = re.fullmatch(rf"({_W}{{2,}})[._-]({_W}{{2,}})@.*", plain)
        if address:
            first, last = (part.capitalize() for part in address.groups())
            names |= {f"{first} {last}", f"{last} {first}"}
            continue
        words = [word.strip(",;()") for word in plain.split()]
        if not 1 <= len(words) <= 5 or not all(re.fullmatch(rf"{_W}[\w'’.-]*", word) for word in words):
            continue
        proper = [word for word in words if word[:1].isupper()]
        names |= {word for word in proper if len(word) >= 3 and not word.endswith(".")}
        if len(words) > 1 and proper:
            names |= {" ".join(words), " ".join([*words[1:], words[0]]), " ".join([words[-1], *words[:-1]])}
    return frozenset(names | {name.upper() for name in names if len(fold(name)) >= 3})
