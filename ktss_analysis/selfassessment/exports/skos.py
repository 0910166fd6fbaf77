"""The skills as SKOS concepts, linked to ESCO. Addresses are relative: the place of publication completes them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from ...framework import Framework, Skill

PREFIXES = {
    "skos": "http://www.w3.org/2004/02/skos/core#",
    "dct": "http://purl.org/dc/terms/",
    "owl": "http://www.w3.org/2002/07/owl#",
}
MATCH = {"exact": "skos:exactMatch", "close": "skos:closeMatch"}
"""How near an ESCO concept is -> the property that says so; "none" is no link."""


def _concepts(framework: Framework, languages: Sequence[str]) -> list[tuple[str, dict[str, list[Any]]]]:
    """Return subject and properties; a text is (text, language), a resource is ``{"@id": ...}``."""
    scheme = {"@id": "#set"}
    title = [(framework.title[tag], tag) for tag in languages if framework.title.get(tag)]
    entries: list[tuple[str, dict[str, list[Any]]]] = [
        (
            "#set",
            {
                "a": [{"@id": "skos:ConceptScheme"}], "dct:title": title or [(framework.id, framework.languages[0])],
                "dct:identifier": [framework.id], "owl:versionInfo": [framework.version],
                "dct:license": [framework.licence], "skos:editorialNote": [(f"status: {framework.status}", "en")],
                "skos:hasTopConcept": [{"@id": f"#{skill.id}"} for skill in framework.skills],
            },
        )
    ]  # fmt: skip
    entries += [(f"#{skill.id}", _skill(skill, languages, scheme)) for skill in framework.skills]
    for cluster, texts in framework.clusters.items():
        members = [{"@id": f"#{skill.id}"} for skill in framework.skills if skill.cluster == cluster]
        labels = [(texts[tag], tag) for tag in languages if texts.get(tag)]
        found: dict[str, list[Any]] = {
            "a": [{"@id": "skos:Collection"}],
            "skos:prefLabel": labels,
            "skos:member": members,
        }
        entries.append((f"#cluster-{cluster}", found))
    return entries


def _skill(skill: Skill, languages: Sequence[str], scheme: dict[str, str]) -> dict[str, list[Any]]:
    found: dict[str, list[Any]] = {
        "a": [{"@id": "skos:Concept"}], "skos:inScheme": [scheme], "skos:topConceptOf": [scheme],
        "skos:notation": [skill.id],
        "skos:prefLabel": [(skill.name[tag], tag) for tag in languages if skill.name.get(tag)],
        "skos:definition": [(skill.definition[tag], tag) for tag in languages if skill.definition.get(tag)],
        "skos:example": [(text, tag) for tag in languages for text in skill.behaviours.get(tag, [])],
    }  # fmt: skip
    if skill.esco and skill.esco.match in MATCH:
        found[MATCH[skill.esco.match]] = [{"@id": skill.esco.uri}]
        found["skos:changeNote"] = [(f"ESCO: {skill.esco.label} ({skill.esco.version})", "en")]
    return {name: values for name, values in found.items() if values}


def skos_turtle(framework: Framework, languages: Sequence[str]) -> bytes:
    """Return the skills as SKOS in Turtle."""
    lines = [f"@prefix {name}: <{address}> ." for name, address in PREFIXES.items()]
    for subject, properties in _concepts(framework, languages):
        parts = [f"{name} {', '.join(map(_turtle, values))}" for name, values in properties.items()]
        lines.append(f"\n<{subject}> " + " ;\n    ".join(parts) + " .")
    return ("\n".join(lines) + "\n").encode()


def _turtle(value: Any) -> str:
    if isinstance(value, dict):
        name = value["@id"]
        return name if name.split(":")[0] in PREFIXES else f"<{name}>"
    text, tag = value if isinstance(value, tuple) else (value, "")
    return json.dumps(text, ensure_ascii=False) + (f"@{tag}" if tag else "")


def skos_jsonld(framework: Framework, languages: Sequence[str]) -> bytes:
    """Return the same concepts as JSON-LD."""
    graph = []
    for subject, properties in _concepts(framework, languages):
        node: dict[str, Any] = {"@id": subject}
        for name, values in properties.items():
            key = "@type" if name == "a" else name
            node[key] = [value["@id"] for value in values] if name == "a" else [_linked(value) for value in values]
        graph.append(node)
    return (json.dumps({"@context": PREFIXES, "@graph": graph}, ensure_ascii=False, indent=1) + "\n").encode()


def _linked(value: Any) -> Any:
    return {"@value": value[0], "@language": value[1]} if isinstance(value, tuple) else value
