"""The page that leads to the language versions, with metadata for search engines and catalogues."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..framework import Framework, pick
from .instrument import instrument_of
from .language_names import language_name
from .page import content_hash, fill_template, json_for_html, page_css
from .strings import load_strings

LICENCES = {"CC BY 4.0": "https://creativecommons.org/licenses/by/4.0/"}


def render_landing(
    framework: Framework,
    languages: Sequence[str],
    *,
    files: Sequence[tuple[str, str]] = (),
    funding: Sequence[str] = (),
) -> str:
    """Return the landing page as HTML, in the framework's reference language when it is among `languages`."""
    language = framework.languages[0] if framework.languages[0] in languages else languages[0]
    texts = load_strings(language)
    notice = {"illustrative": texts.text("status.illustrative"), "pilot": texts.text("status.pilot")}
    css = page_css()
    return fill_template(
        "landing.html.j2",
        trusted={"css": css, "metadata": json_for_html(metadata(framework, languages))},
        language=language, title=instrument_of(framework, language).title, t=texts.text,
        policy=f"default-src 'none'; style-src {content_hash(css)}; base-uri 'none'; form-action 'none'",
        notice=notice.get(framework.status, ""), stamp="SYNTHETIC" if framework.status == "illustrative" else "",
        pages=[
            {"tag": tag, "name": language_name(tag), "title": instrument_of(framework, tag).title} for tag in languages
        ],
        files=[{"path": path, "what": what} for path, what in files], funding=[line for line in funding if line],
    )  # fmt: skip


def metadata(framework: Framework, languages: Sequence[str]) -> dict[str, Any]:
    """Return schema.org metadata: a learning resource that assesses a set of defined terms, the skills."""
    first = framework.languages[0]
    terms = [
        {
            "@type": "DefinedTerm", "termCode": skill.id, "name": pick(skill.name, framework, first),
            "description": pick(skill.definition, framework, first),
            **({"sameAs": skill.esco.uri} if skill.esco and skill.esco.match == "exact" else {}),
        }
        for skill in framework.skills
    ]  # fmt: skip
    return {
        "@context": "https://schema.org", "@type": "LearningResource",
        "name": pick(framework.title, framework, first) or framework.id, "version": framework.version,
        "identifier": framework.id, "inLanguage": list(languages), "isAccessibleForFree": True,
        "learningResourceType": "self-assessment", "license": LICENCES.get(framework.licence, framework.licence),
        "creativeWorkStatus": framework.status,
        "teaches": {"@type": "DefinedTermSet", "name": framework.id, "hasDefinedTerm": terms},
    }  # fmt: skip
