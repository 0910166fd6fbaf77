"""The framework as JSON with its JSON Schema."""

from __future__ import annotations

import json
from collections.abc import Sequence

from ...framework import Framework, instrument_hash


def framework_json(framework: Framework, languages: Sequence[str]) -> bytes:
    """Return the framework with the check sum of each language version."""
    content = {
        "$schema": "framework.schema.json",
        **framework.model_dump(mode="json"),
        "hashes": {language: instrument_hash(framework, language) for language in languages},
    }
    return _bytes(content)


def framework_schema(framework: Framework, languages: Sequence[str]) -> bytes:  # noqa: ARG001
    """Return the JSON Schema (2020-12) that `framework_json` fulfils."""
    schema = Framework.model_json_schema()
    schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    schema["properties"] |= {
        "$schema": {"type": "string"},
        "hashes": {
            "type": "object",
            "additionalProperties": {"type": "string", "pattern": "^sha256:[0-9a-f]{64}$"},
            "description": "Language -> check sum of all that a respondent answers to",
        },
    }
    return _bytes(schema)


def _bytes(content: object) -> bytes:
    return (json.dumps(content, ensure_ascii=False, indent=1) + "\n").encode()
