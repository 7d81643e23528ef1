"""The reply to a login, read by defusedxml: it decides where credentials and session go next.

A second, independent reader for the one small reply that matters most. Pages are read by
`parser`, several times faster; both give the same `Document`, and tests hold them to that.
Importing this module costs some 15 ms, so the client does it when it first logs in.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from xml.etree.ElementTree import ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

from ml_connector.errors import SourceProtocolError

from .parser import MAX_DEPTH, holds_records, malformed
from .tree import Document, Element

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element as Node

#: A login's reply has some 1,500 bytes.
MAX_BYTES = 64 * 1024


def parse_small(body: bytes) -> Document:
    """Parse a small reply; nothing is cleaned in it.

    Raises SourceUnavailable where it was cut short and SourceProtocolError where it is malformed,
    hostile, or not small.
    """
    if len(body) > MAX_BYTES:
        raise SourceProtocolError("the gateway's reply to a login is far too large")
    try:
        root = fromstring(body, forbid_dtd=True)
    except DefusedXmlException as error:
        raise SourceProtocolError("the gateway's reply declares a document type") from error
    except ParseError as error:
        raise malformed(error.code) from error
    except (LookupError, ValueError) as error:
        raise SourceProtocolError(
            "the gateway's reply declares an encoding never used by it"
        ) from error
    return Document(_element(root, ()))


def _element(node: Node, above: tuple[str, ...]) -> Element:
    path = (*above, node.tag.upper())
    if len(path) > MAX_DEPTH:
        raise SourceProtocolError("the gateway's reply nests or repeats beyond all measure")
    attributes = {name.lower(): value for name, value in node.attrib.items()}
    element = Element(node.tag.upper(), attributes, "" if len(node) else node.text or "")
    for child in node:
        row = {field.tag.upper(): field.text or "" for field in child}
        flat = len(row) == len(child) and not any(len(field) for field in child)
        if flat and holds_records(path):
            element.records.append(row)
        else:
            element.children.append(_element(child, path))
    return element
