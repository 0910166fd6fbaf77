"""One self-contained page per language: template, scripts and texts become one file with a strict policy."""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from babel import Locale

from ..core import KtssError
from ..display.numbers import decimal_mark, format_coefficient, format_interval, format_number
from .evidence import Evidence
from .instrument import Instrument
from .language_names import language_name
from .scoring import needed
from .strings import Strings, load_strings

ASSETS = Path(__file__).parent / "assets"
SECONDS_PER_ITEM = 8
"""Reading and answering one statement; used only for "about n minutes"."""

MOST_BYTES, MOST_GZIP = 150_000, 40_000
"""Budget of a page of up to `BUDGET_ITEMS` items."""

BUDGET_ITEMS = 60

CHANNELS = (
    "RTCPeerConnection", "RTCDataChannel", "window.open", "fetch(", "XMLHttpRequest", "sendBeacon", "WebSocket",
    "WebTransport", "EventSource", "import(", "importScripts", "Worker(", "document.cookie", "indexedDB", "postMessage",
    "eval(", "new Function", "innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", ".submit(",
)  # fmt: skip
"""What a script of the page must not contain: ways out of the page, some of which no policy stops."""

_LOCATION = re.compile(
    r"\blocation\s*(?:\.\s*(?:href|assign|replace|search|pathname)\b|=[^=])|\.\s*(?:action|src)\s*=[^=]"
)


@dataclass(frozen=True, slots=True)
class Page:
    """A finished page with its size."""

    language: str
    html: str
    missing: tuple[str, ...]

    @property
    def n_bytes(self) -> int:
        """Size in bytes."""
        return len(self.html.encode())

    @property
    def n_gzip(self) -> int:
        """Size after gzip, as a web server sends it."""
        return len(gzip.compress(self.html.encode(), 9, mtime=0))


def channel_faults(script: str) -> list[str]:
    """Return the ways out of the page that a script contains; the answers must have none."""
    found = [word for word in CHANNELS if word in script]
    return found + [match.group(0).strip() for match in _LOCATION.finditer(script)]


@cache
def page_script() -> str:
    """Return the three modules as one, without imports and exports.

    Raises
    ------
    KtssError
        When the script has a way out of the page, or text that would end its element.
    """
    parts = [(ASSETS / name).read_text(encoding="utf-8") for name in ("score.mjs", "feedback.mjs", "tool.mjs")]
    joined = "\n".join(re.sub(r"^import [^;]+;\n", "", part, flags=re.MULTILINE) for part in parts)
    script = "\n" + re.sub(r"^export ", "", joined, flags=re.MULTILINE)
    faults = channel_faults(script)
    if faults:
        raise KtssError(f"the page's script could send answers away: {', '.join(faults)}")
    if "</" in script or "<!--" in script:
        raise KtssError("the page's script holds text that ends a script element")
    return script


@cache
def page_css() -> str:
    """Return the style of the pages, which loads nothing."""
    css = (ASSETS / "tool.css").read_text(encoding="utf-8")
    if "</" in css or "url(" in css or "@import" in css:
        raise KtssError("the page's style holds an address or ends its element")
    return css


def content_hash(text: str) -> str:
    """Return the source expression of a policy for an inline element with exactly this text."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def policy() -> str:
    """Return the content security policy: nothing is loaded, nothing is sent, only the page's own script runs."""
    return (
        f"default-src 'none'; script-src {content_hash(page_script())}; style-src {content_hash(page_css())}; "
        "img-src data:; connect-src 'none'; form-action 'none'; base-uri 'none'"
    )


def page_data(instrument: Instrument, evidence: Evidence, strings: Strings) -> dict[str, Any]:
    """Return what the page's script works on; the same mapping feeds `feedback.feedback`."""
    scale = instrument.scale
    skills = []
    for skill, items in instrument.skills:
        known = evidence.skills.get(skill.id)
        skills.append(
            {
                "id": skill.id,
                "name": instrument.text(skill.name),
                "modules": instrument.modules(skill.id),
                "needed": needed(len(items), evidence.share),
                "items": [{"id": item.id, "key": item.key} for item in items],
                "evidence": None
                if known is None
                else {
                    "n": known.n,
                    "half": {str(m): width for m, width in known.half_widths.items()},
                    "deciles": [list(decile) for decile in known.quantiles],
                    "n_norm": known.n_norm,
                },
            }
        )
    return {
        "id": instrument.framework.id, "version": instrument.framework.version, "language": strings.language,
        "hash": instrument.hash, "limits": [scale.min, scale.max], "labels": instrument.labels,
        "mark": decimal_mark(instrument.language), "share": evidence.share,
        "lower_bound_below": evidence.lower_bound_below, "pair_factor": evidence.pair_factor,
        "skills": skills, "strings": _script_strings(strings),
    }  # fmt: skip


def _script_strings(strings: Strings) -> dict[str, Any]:
    """Return the texts that the script asks for, found by their keys in its source."""
    keys = set(re.findall(r'"([a-z_]+(?:\.[a-z_]+)+|progress)"', page_script()))
    return {key: entry for key, entry in strings.entries.items() if key in keys}


def render_page(
    instrument: Instrument,
    evidence: Evidence,
    *,
    languages: Sequence[str] = (),
    funding: Sequence[str] = (),
    strings: Strings | None = None,
) -> Page:
    """Return the self-assessment of one language as one HTML file.

    Parameters
    ----------
    instrument : Instrument
        What is asked.
    evidence : Evidence
        What may be shown about the exactness of scores.
    languages : sequence of str
        Other languages the page links to, as files beside it.
    funding : sequence of str
        Lines such as the funding statement and the disclaimer, printed at the end.
    strings : Strings, optional
        Other texts than those of the instrument's language (the pseudo-locale in tests).

    Raises
    ------
    KtssError
        When the page exceeds its budget although it has at most `BUDGET_ITEMS` items.
    """
    texts = strings or load_strings(instrument.language)
    data = page_data(instrument, evidence, texts)
    html = fill_template(
        "page.html.j2",
        trusted={"css": page_css(), "script": page_script(), "data": json_for_html(data)},
        **_page_values(instrument, evidence, texts), t=texts.text, policy=policy(),
        funding=[line for line in funding if line],
        others=[{"tag": tag, "name": language_name(tag)} for tag in languages if tag != instrument.language],
    )  # fmt: skip
    page = Page(instrument.language, html, instrument.missing)
    if len(instrument.items) <= BUDGET_ITEMS and (page.n_bytes > MOST_BYTES or page.n_gzip > MOST_GZIP):
        raise KtssError(
            f"index.{page.language}.html has {page.n_bytes} bytes ({page.n_gzip} compressed); allowed: "
            f"{MOST_BYTES} ({MOST_GZIP}). Shorten definitions or texts"
        )
    return page


def _page_values(instrument: Instrument, evidence: Evidence, texts: Strings) -> dict[str, Any]:
    framework, language = instrument.framework, instrument.language
    locale = language.split("-")[0]
    notice = {"illustrative": texts.text("status.illustrative"), "pilot": texts.text("status.pilot")}
    return {
        "language": texts.language, "direction": Locale.parse(locale).text_direction,
        "title": instrument.title, "notice": notice.get(framework.status, ""),
        "stamp": "SYNTHETIC" if framework.status == "illustrative" else "",
        "n_items": len(instrument.items), "minutes": max(1, math.ceil(len(instrument.items) * SECONDS_PER_ITEM / 60)),
        "limits": instrument.scale.limits, "labels": instrument.labels, "skills": _sections(instrument),
        "share_percent": round(100 * evidence.share), "level_percent": round(100 * evidence.level),
        "z_text": format_number(evidence.z, digits=2, locale=language),
        "lower_bound_below": evidence.lower_bound_below, "norms_from": evidence.norms_from,
        "evidence": [
            {
                "name": instrument.text(framework.skill(key).name), "n": known.n,
                "reliability": f"{format_coefficient(known.reliability, locale=language)} "
                f"{format_interval(known.low, known.high, locale=language)}",
            }
            for key, known in evidence.skills.items()
        ],
        "id": framework.id, "version": framework.version, "licence": framework.licence,
        "hash": instrument.hash.removeprefix("sha256:")[:16],
        "unreviewed": not texts.reviewed,
    }  # fmt: skip


def _sections(instrument: Instrument) -> list[dict[str, Any]]:
    reference = instrument.framework.languages[0]
    return [
        {
            "id": skill.id,
            "name": instrument.text(skill.name),
            "definition": skill.definition.get(instrument.language, ""),
            "items": [
                {
                    "id": item.id, "key": item.key, "text": instrument.text(item.text),
                    "lang": "" if item.text.get(instrument.language) else reference,
                }
                for item in items
            ],
        }
        for skill, items in instrument.skills
    ]  # fmt: skip


def json_for_html(content: object) -> str:
    """Return JSON that cannot end its element, whatever the texts hold."""
    text = json.dumps(content, ensure_ascii=False, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


@cache
def _template(name: str) -> Any:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(ASSETS), autoescape=True, undefined=StrictUndefined, trim_blocks=True,
        lstrip_blocks=True,
    )  # fmt: skip
    return environment.get_template(name)


def fill_template(name: str, *, trusted: Mapping[str, str], **values: Any) -> str:
    """Return a filled template; `trusted` texts are our own and enter as they are, all others are escaped."""
    from markupsafe import Markup

    safe = {key: Markup(text) for key, text in trusted.items()}
    return str(_template(name).render(**values, **safe)) + "\n"
