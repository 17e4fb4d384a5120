"""The stored form of inputs: what a monitor looks at."""

from __future__ import annotations

import re

from deployer.local.service.cluster_metrics import cluster_metrics_input
from deployer.local.service.errors import Json, illegal_argument, not_set, null_pointer
from deployer.local.service.ids import long_id
from deployer.local.service.tokens import (
    END_ARRAY,
    END_OBJECT,
    FIELD_NAME,
    START_ARRAY,
    START_OBJECT,
    VALUE_NULL,
    Parser,
)

_ODD_TAG_CHARACTERS = (" ", "[", "]", "{", "}", "(", ")")


def parse_input(parser: Parser) -> Json:
    """Gives the stored form of the input at the current token: one key, its kind.

    A search's form has `#text` and `#aggregations` besides, of the query: see `without_notes`.
    """
    parser.expect(START_OBJECT)
    parser.next()
    parser.expect(FIELD_NAME)
    parser.next()
    parser.expect(START_OBJECT)
    match parser.name:
        case "search":
            found: Json = {"search": _search(parser)}
        case "uri":
            found = {"uri": _uri(parser)}
        case "doc_level_input":
            found = {"doc_level_input": _doc_level(parser)}
        case _:
            # Inputs of other plugins: their content is binary, and there are none of those plugins here.
            while parser.next() != END_OBJECT:
                parser.next()
            raise null_pointer('Cannot read the array length because "buf" is null')
    parser.next()
    parser.expect(END_OBJECT)
    return found


def _search(parser: Parser) -> Json:
    indices: list[str] = []
    query: Json | None = None
    while parser.next() != END_OBJECT:
        field = parser.name
        parser.next()
        if field == "indices":
            indices += parser.texts()
        elif field == "query":
            query = parser.part()
    if query is None:
        raise not_set("searchSourceBuilder")
    notes = {"#text": query["text"], "#aggregations": query["aggregations"]}
    return {"indices": indices, "query": query["value"], **notes}


def without_notes(found: Json) -> Json:
    """Gives an input without what is said about its query."""
    if "search" not in found:
        return found
    return {"search": {name: value for name, value in found["search"].items() if not name.startswith("#")}}


def _uri(parser: Parser) -> Json:
    texts = {"path": "", "path_params": "", "url": ""}
    clusters: list[str] = []
    while parser.next() != END_OBJECT:
        field = parser.name
        parser.next()
        if field in texts:
            texts[field] = parser.text()
        elif field == "clusters":
            clusters += parser.texts()
    return cluster_metrics_input(texts["path"], texts["path_params"], texts["url"], clusters)


def _doc_level(parser: Parser) -> Json:
    description = ""
    indices: list[str] = []
    queries: list[Json] = []
    fan_out = True
    while parser.next() != END_OBJECT:
        field = parser.name
        parser.next()
        match field:
            case "description":
                description = parser.text()
            case "indices":
                indices += parser.texts()
            case "queries":
                parser.expect(START_ARRAY)
                while parser.next() != END_ARRAY:
                    queries.append(parse_doc_query(parser))
            case "fan_out_enabled":
                fan_out = fan_out if parser.type == VALUE_NULL else parser.boolean()
    return {"description": description, "indices": indices, "queries": queries, "fan_out_enabled": fan_out}


def parse_doc_query(parser: Parser) -> Json:
    """Gives the stored form of a document-level query."""
    query: Json = {"id": long_id(), "name": None, "fields": [], "query": None, "tags": [], "query_field_names": []}
    parser.expect(START_OBJECT)
    while parser.next() != END_OBJECT:
        field = parser.name
        parser.next()
        match field:
            case "id" | "query":
                query[field] = parser.text()
            case "name":
                query["name"] = parser.text()
                _check_name(query["name"])
            case "tags":
                parser.expect(START_ARRAY)
                while parser.next() != END_ARRAY:
                    _check_tag(parser.text())
                    query["tags"].append(parser.text())
            case "fields" | "query_field_names":
                query[field] = query[field] + parser.texts()
    # In the order in which the plugin hands them on.
    for field in ("name", "query"):
        if query[field] is None:
            raise not_set(field)
    return query


def _check_name(name: str) -> None:
    if not re.fullmatch(r".{1,256}", name):
        raise illegal_argument(f"The query name, {name}, should be between 1 - 256 characters.")


def _check_tag(tag: str) -> None:
    if any(odd in tag for odd in _ODD_TAG_CHARACTERS):
        raise illegal_argument(f"The query tag, {tag}, contains an invalid character: [' ','[',']','{{','}}','(',')']")
