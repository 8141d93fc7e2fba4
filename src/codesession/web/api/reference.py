"""What does the description of the API say to people? Every endpoint, and every document that it takes or answers."""

from dataclasses import dataclass
from typing import Any

Schema = dict[str, Any]

_REF = "#/components/schemas/"
_BOUNDS = {
    "minimum": "at least {:,}",
    "maximum": "at most {:,}",
    "maxLength": "at most {:,} characters",
    "maxItems": "at most {:,} of them",
}


@dataclass(frozen=True, slots=True)
class Kind:
    """What a value is, in words; some of them the names of documents that stand below."""

    words: tuple[tuple[str, str], ...]
    """each with the document it names; empty: none"""


@dataclass(frozen=True, slots=True)
class Part:
    """A parameter, or a key of a document."""

    name: str
    place: str
    """``path``, ``query`` or ``header`` of a parameter"""
    kind: Kind
    words: str
    is_required: bool


@dataclass(frozen=True, slots=True)
class Operation:
    """One thing that can be asked."""

    id: str
    method: str
    path: str
    summary: str
    words: str
    parameters: tuple[Part, ...]
    body: Kind | None
    answer: Kind | None
    needs_token: bool


@dataclass(frozen=True, slots=True)
class DocumentShape:
    """A document that is taken or answered."""

    name: str
    words: str
    parts: tuple[Part, ...]


@dataclass(frozen=True, slots=True)
class Reference:
    """The whole of the API."""

    words: tuple[tuple[str, ...], ...]
    """paragraphs, each of text and code in turn"""
    operations: tuple[Operation, ...]
    documents: tuple[DocumentShape, ...]


def reference_of(description: Schema) -> Reference:
    """The reference that an OpenAPI document of ours comes to."""
    operations = [
        _operation(path, method, operation)
        for path, methods in sorted(description["paths"].items())
        for method, operation in methods.items()
    ]
    schemas: dict[str, Schema] = description["components"]["schemas"]
    documents = [_document(name, schema) for name, schema in sorted(schemas.items())]
    paragraphs = description["info"]["description"].strip().split("\n\n")
    words = tuple(tuple(paragraph.split("`")) for paragraph in paragraphs)
    return Reference(words, tuple(operations), tuple(documents))


def _operation(path: str, method: str, operation: Schema) -> Operation:
    body = operation.get("requestBody")
    answers = (operation["responses"].get(status) for status in ("200", "201"))
    answered: Schema = next((answer for answer in answers if answer), {})
    return Operation(
        operation["operationId"],
        method.upper(),
        f"/api/v1{path}",
        operation["summary"],
        operation.get("description", ""),
        tuple(_parameter(parameter) for parameter in operation.get("parameters", ())),
        _content(body) if body else None,
        _content(answered),
        {} not in operation["security"],
    )


def _content(message: Schema) -> Kind | None:
    """What is in a body."""
    for media, content in message.get("content", {}).items():
        if media == "application/json":
            return kind_of(content.get("schema", {}))
        return Kind(((media, ""),))
    return None


def _parameter(parameter: Schema) -> Part:
    return Part(
        parameter["name"],
        parameter["in"],
        kind_of(parameter["schema"]),
        _words(parameter["schema"], parameter.get("description", "")),
        parameter.get("required", False),
    )


def _document(name: str, schema: Schema) -> DocumentShape:
    required = schema.get("required", ())
    parts = tuple(
        Part(key, "", kind_of(value), _words(value, value.get("description", "")), key in required)
        for key, value in schema.get("properties", {}).items()
    )
    return DocumentShape(name, schema.get("description", ""), parts)


def kind_of(schema: Schema) -> Kind:
    """What a value of a JSON schema is, in words.

    >>> kind_of({"anyOf": [{"type": "array", "items": {"$ref": "#/components/schemas/Call"}}, {"type": "null"}]}).words
    (('list of ', ''), ('Call', 'Call'), (' or ', ''), ('null', ''))
    """
    if "$ref" in schema:
        name = schema["$ref"].removeprefix(_REF)
        return Kind(((name, name),))
    for either in ("anyOf", "oneOf"):
        if either in schema:
            words: list[tuple[str, str]] = []
            for one in schema[either]:
                words += [*([(" or ", "")] if words else []), *kind_of(one).words]
            return Kind(tuple(words))
    if "enum" in schema:
        return Kind(((" or ".join(str(value) for value in schema["enum"]), ""),))
    if schema.get("type") == "array":
        return Kind((("list of ", ""), *kind_of(schema.get("items", {})).words))
    if isinstance(schema.get("additionalProperties"), dict):
        return Kind((("each name with ", ""), *kind_of(schema["additionalProperties"]).words))
    return Kind(((schema.get("format") or schema.get("type") or "any value", ""),))


def _words(schema: Schema, description: str) -> str:
    """What is said of a value, with the bounds that it has to keep."""
    bounds = {**schema}
    for one in schema.get("anyOf", ()):
        bounds = {**one, **bounds}
    said = [words.format(bounds[name]) for name, words in _BOUNDS.items() if bounds.get(name)]
    if schema.get("default") is not None:
        said.append(f"otherwise {schema['default']}")
    told = ", ".join(said)
    return " ".join(part for part in (description, told and f"{told[0].upper()}{told[1:]}.") if part)
