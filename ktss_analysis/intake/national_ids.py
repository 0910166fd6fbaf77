"""Personal numbers of states and bank accounts, told from other digits by their check signs.

Only the form and the check sign are looked at: nothing says whether a number was ever issued.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date

_ITALIAN_ODD = dict(
    zip(
        "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ",
        (1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12,
         14, 16, 10, 22, 25, 24, 23),
        strict=True,
    )
)  # fmt: skip
_ITALIAN_DIGITS = str.maketrans("LMNPQRSTUV", "0123456789")
_FINNISH_SIGNS = "0123456789ABCDEFHJKLMNPRSTUVWXY"
_FINNISH_CENTURY = {"+": 1800} | dict.fromkeys("-YXWVU", 1900) | dict.fromkeys("ABCDEF", 2000)
_SPANISH_SIGNS = "TRWAGMYFPDXBNJZSQVHLCKE"
_POLISH_WEIGHTS = (1, 3, 7, 9, 1, 3, 7, 9, 1, 3)
_POLISH_CENTURY = {0: 1900, 20: 2000, 40: 2100, 60: 2200, 80: 1800}
_IBAN_LENGTHS = {
    "AD": 24, "AT": 20, "BE": 16, "BG": 22, "CH": 21, "CY": 28, "CZ": 24, "DE": 22, "DK": 18, "EE": 20, "ES": 24,
    "FI": 18, "FR": 27, "GB": 22, "GR": 27, "HR": 21, "HU": 28, "IE": 22, "IS": 26, "IT": 27, "LI": 21, "LT": 20,
    "LU": 20, "LV": 21, "MC": 27, "MT": 31, "NL": 18, "NO": 15, "PL": 28, "PT": 25, "RO": 24, "SE": 24, "SI": 19,
    "SK": 24, "SM": 27, "TR": 26, "UA": 29,
}  # fmt: skip


def _is_day(year: int, month: int, day: int) -> bool:
    try:
        date(year, month, day)
    except ValueError:
        return False
    return True


def is_italian(text: str) -> bool:
    """Tell whether a text is an Italian *codice fiscale* of a person, with its check letter."""
    if not re.fullmatch(r"[A-Z]{6}[\dL-NP-V]{2}[ABCDEHLMPRST][\dL-NP-V]{2}[A-Z][\dL-NP-V]{3}[A-Z]", text):
        return False
    if not 1 <= int(text[9:11].translate(_ITALIAN_DIGITS)) % 40 <= 31:
        return False
    values = [_ITALIAN_ODD[sign] if place % 2 == 0 else _even(sign) for place, sign in enumerate(text[:15])]
    return chr(ord("A") + sum(values) % 26) == text[15]


def _even(sign: str) -> int:
    return int(sign) if sign.isdigit() else ord(sign) - ord("A")


def is_polish(text: str) -> bool:
    """Tell whether a text is a Polish *PESEL*: a possible date of birth and the check digit."""
    if not re.fullmatch(r"\d{11}", text):
        return False
    century = int(text[2:4]) // 20 * 20
    if not _is_day(_POLISH_CENTURY[century] + int(text[:2]), int(text[2:4]) - century, int(text[4:6])):
        return False
    total = sum(weight * int(sign) for weight, sign in zip(_POLISH_WEIGHTS, text, strict=False))
    return (10 - total % 10) % 10 == int(text[10])


def is_finnish(text: str) -> bool:
    """Tell whether a text is a Finnish *henkilötunnus*: date of birth, century sign, check sign."""
    match = re.fullmatch(r"(\d\d)(\d\d)(\d\d)([-+A-FU-Y])(\d{3})([0-9A-Y])", text)
    if match is None:
        return False
    day, month, year = (int(match[place]) for place in (1, 2, 3))
    if not _is_day(_FINNISH_CENTURY[match[4]] + year, month, day) or int(match[5]) < 2:
        return False
    return _FINNISH_SIGNS[int(match[1] + match[2] + match[3] + match[5]) % 31] == match[6]


def is_dutch(text: str) -> bool:
    """Tell whether nine digits pass the eleven test of a Dutch *burgerservicenummer*; one in eleven does by chance."""
    if not re.fullmatch(r"\d{9}", text) or len(set(text)) == 1:
        return False
    return (sum((9 - place) * int(sign) for place, sign in enumerate(text[:8])) - int(text[8])) % 11 == 0


def is_spanish(text: str) -> bool:
    """Tell whether a text is a Spanish *DNI* or *NIE* with its check letter."""
    match = re.fullmatch(r"([XYZ]?)(\d{7,8})([A-Z])", text)
    if match is None or len(match[1] + match[2]) != 8:
        return False
    return _SPANISH_SIGNS[int({"X": "0", "Y": "1", "Z": "2", "": ""}[match[1]] + match[2]) % 23] == match[3]


def is_french(text: str) -> bool:
    """Tell whether a text is a French *numéro de sécurité sociale* with its two check digits."""
    match = re.fullmatch(r"([1-478]\d\d(?:0[1-9]|1[0-2]|[2-9]\d)(?:\d\d|2A|2B)\d{6})(\d\d)", text)
    if match is None:
        return False
    number = int(match[1].replace("2A", "19").replace("2B", "18"))
    return 97 - number % 97 == int(match[2])


def is_german(text: str) -> bool:
    """Tell whether eleven digits are a German *Steueridentifikationsnummer* (ISO 7064 MOD 11,10)."""
    if not re.fullmatch(r"[1-9]\d{10}", text):
        return False
    counts = sorted(text[:10].count(sign) for sign in set(text[:10]))
    if counts[-1] not in (2, 3) or counts[:-1] != [1] * (len(counts) - 1):
        return False
    product = 10
    for sign in text[:10]:
        rest = (int(sign) + product) % 10 or 10
        product = rest * 2 % 11
    return (11 - product) % 10 == int(text[10])


def is_iban(text: str) -> bool:
    """Tell whether a text is an IBAN: length of its country and remainder 1 modulo 97 (ISO 13616)."""
    plain = re.sub(r"[\s.-]", "", text).upper()
    if not re.fullmatch(r"[A-Z]{2}\d{2}[A-Z0-9]{11,30}", plain) or _IBAN_LENGTHS.get(plain[:2]) != len(plain):
        return False
    return int("".join(str(int(sign, 36)) for sign in plain[4:] + plain[:4])) % 97 == 1


NATIONAL: dict[str, Callable[[str], bool]] = {
    "IT": is_italian, "PL": is_polish, "FI": is_finnish, "NL": is_dutch, "ES": is_spanish, "FR": is_french,
    "DE": is_german,
}  # fmt: skip


def national_id(text: str) -> str | None:
    """Return the country whose personal number a text is, without regard to blanks, dots and case; else None.

    Nine bare digits that pass the Dutch test are called Dutch, though one number in eleven passes: who asks
    about a whole column should ask for many matches.
    """
    plain = re.sub(r"[\s./]", "", text).upper()
    if not 9 <= len(plain) <= 16:
        return None
    spanish = re.sub("-", "", plain)
    return next((code for code, check in NATIONAL.items() if check(plain) or (code == "ES" and check(spanish))), None)
