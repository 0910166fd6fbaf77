"""The questionnaire as DDI-Codebook 2.5, for data archives."""

from __future__ import annotations

from collections.abc import Sequence
from xml.etree import ElementTree

from ...framework import Framework, Item
from .common import answers, scales, title_of

NAMESPACE = "ddi:codebook:2_5"
_LANGUAGE = "{http://www.w3.org/XML/1998/namespace}lang"


def ddi_codebook(framework: Framework, languages: Sequence[str]) -> bytes:
    """Return a codebook with one variable per item: question in each language, range, categories."""
    ElementTree.register_namespace("", NAMESPACE)
    first = languages[0]
    root = ElementTree.Element(f"{{{NAMESPACE}}}codeBook", {"version": "2.5", _LANGUAGE: first})
    study = _add(root, "stdyDscr")
    citation = _add(study, "citation")
    titles = _add(citation, "titlStmt")
    _add(titles, "titl", title_of(framework, first), first)
    for language in languages[1:]:
        _add(titles, "parTitl", title_of(framework, language), language)
    _add(titles, "IDNo", framework.id)
    version = _add(citation, "verStmt")
    _add(version, "version", framework.version)
    information = _add(study, "stdyInfo")
    _add(information, "abstract", f"Self-assessment, status {framework.status}; licence {framework.licence}.", "en")
    data = _add(root, "dataDscr")
    for skill, items in scales(framework):
        group = _add(data, "varGrp", ID=f"G_{skill.id}", type="subject", var=" ".join(f"V_{item.id}" for item in items))
        for language in languages:
            if skill.name.get(language):
                _add(group, "labl", skill.name[language], language)
    for _, items in scales(framework):
        for item in items:
            _variable(data, framework, item, languages)
    ElementTree.indent(root, " ")
    return b'<?xml version="1.0" encoding="UTF-8"?>\n' + ElementTree.tostring(root, encoding="utf-8") + b"\n"


def _variable(data: ElementTree.Element, framework: Framework, item: Item, languages: Sequence[str]) -> None:
    variable = _add(data, "var", ID=f"V_{item.id}", name=item.id, intrvl="discrete")
    for language in languages:
        if item.text.get(language):
            _add(variable, "labl", item.text[language], language)
    for language in languages:
        if item.text.get(language):
            question = _add(variable, "qstn", "", language)
            _add(question, "qstnLit", item.text[language], language)
    if framework.scale is not None:
        values = _add(variable, "valrng")
        _add(values, "range", min=str(framework.scale.min), max=str(framework.scale.max))
    note = "reverse-keyed: agreeing more is having less of the skill" if item.key == -1 else "keyed as worded"
    _add(variable, "txt", f"{note}; item version {item.version}", "en")
    columns = [answers(framework, language) for language in languages]
    for entry in zip(*columns, strict=True):
        missing = "Y" if entry[0][0] in ("not_applicable", "prefer_not_to_say") else "N"
        category = _add(variable, "catgry", missing=missing)
        _add(category, "catValu", entry[0][0])
        for language, (_, label) in zip(languages, entry, strict=True):
            _add(category, "labl", label, language)


def _add(
    parent: ElementTree.Element, tag: str, text: str = "", language: str = "", /, **attributes: str
) -> ElementTree.Element:
    element = ElementTree.SubElement(parent, f"{{{NAMESPACE}}}{tag}", attributes)
    if text:
        element.text = text
    if language:
        element.set(_LANGUAGE, language)
    return element
