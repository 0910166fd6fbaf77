"""YAML files checked with pydantic: every complaint names the file, the path in it and the line."""

from __future__ import annotations

import hashlib
import re
from difflib import get_close_matches
from pathlib import Path
from typing import Any, TypeVar, get_args

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

from .core import StudyError


class Strict(BaseModel):
    """Base of all file models: unknown keys are refused, values cannot be changed after loading."""

    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)


Model = TypeVar("Model", bound=BaseModel)
Path_ = tuple[Any, ...]


class _Loader(yaml.CSafeLoader if hasattr(yaml, "CSafeLoader") else yaml.SafeLoader):  # type: ignore[misc]
    """Safe loader in which a key written twice is an error and 'yes', 'no', 'on' stay text."""


def _mapping(loader: _Loader, node: yaml.MappingNode) -> dict[Any, Any]:
    keys: dict[Any, int] = {}
    for key_node, _ in node.value:
        key = loader.construct_object(key_node, deep=True)
        line = key_node.start_mark.line + 1
        if key in keys:
            raise StudyError(f"line {line}: key {key!r} stands there twice, first in line {keys[key]}")
        keys[key] = line
    return loader.construct_mapping(node, deep=True)


_Loader.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, _mapping)
_Loader.yaml_implicit_resolvers = {
    letter: [
        (tag, pattern)
        for tag, pattern in resolvers
        if tag not in ("tag:yaml.org,2002:bool", "tag:yaml.org,2002:timestamp")
    ]
    for letter, resolvers in _Loader.yaml_implicit_resolvers.items()
}
_TRUE_FALSE = re.compile(r"^(?:true|True|TRUE|false|False|FALSE)$")
for _letter in "tTfF":
    _Loader.yaml_implicit_resolvers.setdefault(_letter, []).append(("tag:yaml.org,2002:bool", _TRUE_FALSE))


def _lines(node: yaml.Node, path: Path_, found: dict[Path_, int]) -> None:
    found[path] = node.start_mark.line + 1
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            _lines(value, (*path, key.value), found)
            found[(*path, key.value)] = key.start_mark.line + 1
    elif isinstance(node, yaml.SequenceNode):
        for index, value in enumerate(node.value):
            _lines(value, (*path, index), found)


def _dotted(path: Path_) -> str:
    text = ""
    for part in path:
        text += f"[{part + 1}]" if isinstance(part, int) else f".{part}"
    return text.lstrip(".") or "the file"


def _line_of(path: Path_, lines: dict[Path_, int]) -> int:
    keys = tuple(part if isinstance(part, int) else str(part) for part in path)
    while keys and keys not in lines:
        keys = keys[:-1]
    return lines.get(keys, 1)


def read_yaml(path: Path) -> tuple[Any, dict[Path_, int]]:
    """Return the content of a YAML file and the line of every path in it."""
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise StudyError(f"{path}: there is no such file") from None
    except UnicodeDecodeError as error:
        raise StudyError(f"{path}: not UTF-8 text (byte {error.start}); save it as UTF-8") from None
    try:
        node = yaml.compose(text, Loader=_Loader)
        content = yaml.load(text, Loader=_Loader)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f", line {mark.line + 1}" if mark else ""
        problem = str(getattr(error, "problem", error))
        advice = "; indent with blanks, never with tabs" if "tab character" in problem or "'\\t'" in problem else ""
        raise StudyError(f"{path}{line}: not YAML: {problem}{advice}") from None
    except StudyError as error:
        raise StudyError(f"{path}, {error}") from None
    lines: dict[Path_, int] = {}
    if node is not None:
        _lines(node, (), lines)
    return content, lines


def load_model(model: type[Model], path: Path) -> Model:
    """Read a YAML file into `model`; all faults are reported at once.

    Raises
    ------
    StudyError
        With one line per fault: file, line, path in the file, what is wrong and the value found.
    """
    content, lines = read_yaml(path)
    if not isinstance(content, dict):
        raise StudyError(f"{path}: holds {type(content).__name__}; allowed: a mapping of keys to values")
    try:
        return model.model_validate(content)
    except ValidationError as error:
        faults = []
        for fault in error.errors(include_url=False):
            place = tuple(
                part for part in fault["loc"] if isinstance(part, int) or not str(part).startswith("function-")
            )
            message = fault["msg"].removeprefix("Value error, ")
            if fault["type"] == "extra_forbidden":
                message = _unknown_key(model, place)
            found = fault.get("input")
            shown = "" if isinstance(found, dict | list) or fault["type"] == "missing" else f"; found {found!r}"
            faults.append(f"{path}, line {_line_of(place, lines)}, {_dotted(place)}: {message}{shown}")
        raise StudyError("\n".join(faults)) from None


def _unknown_key(model: type[BaseModel], place: Path_) -> str:
    """Return what to say of a key that its part of the file does not have, with the keys most like it."""
    part: type[BaseModel] = model
    for name in place[:-1]:
        field = part.model_fields.get(str(name))
        part = (_model_in(field.annotation) if field is not None else None) or part
    near = get_close_matches(str(place[-1]), list(part.model_fields), n=3, cutoff=0.5)
    advice = f"nearest: {', '.join(near)}" if near else f"allowed: {', '.join(part.model_fields)}"
    return f"there is no such key; {advice}"


def _model_in(annotation: Any) -> type[BaseModel] | None:
    """Return the model that a field holds, also within a list, a mapping or a choice."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((found for part in get_args(annotation) if (found := _model_in(part)) is not None), None)


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file's bytes as hexadecimal text."""
    return hashlib.sha256(path.read_bytes()).hexdigest()
