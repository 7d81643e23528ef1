"""Ways to read one page of the gateway: ours and other people's. Run by `bench.parser`.

Every candidate but bare expat gives one dict per record, and what it gives is held against
ElementTree's before anything is measured. Candidates take turns in every round, in a shuffled
order; the figure is the median of the CPU time.

Runs in an environment of its own, so that what is only measured is no dependency of the project.
"""

from __future__ import annotations

import importlib
import json
import random
import statistics
import sys
import sysconfig
import time
from collections.abc import Callable, Iterable, Mapping
from importlib.metadata import version
from typing import Any
from xml.etree import ElementTree as ET
from xml.parsers import expat

from bench.page import page
from ml_connector.intacct.parser import parse
from ml_connector.intacct.records import BILLS

Rows = list[dict[str, str]]
EXPAT, OURS = "bare expat", "ml-connector"
#: Which page: as a gateway indents it unasked, as it answers us, and with our own fields only.
INDENTED, COMPACT, ASKED = "60 fields, indented", "60 fields, compact", "as we ask for it"
#: Not a page of its own: the compact one with a single character XML forbids.
DIRTY = "60 fields, compact, one forbidden character"


def bare_expat(body: bytes) -> None:
    """The floor: the C parser without a single handler."""
    expat.ParserCreate().Parse(body, True)


def ours(body: bytes) -> Rows:
    """The page parser that ships."""
    operation = parse(body).root.child("OPERATION")
    result = operation.child("RESULT") if operation else None
    data = result.child("DATA") if result else None
    return data.records if data else []


def _from_tree(root: Any) -> Rows:  # noqa: ANN401 - of three libraries
    data = root.find("operation/result/data")
    return [{field.tag: field.text or "" for field in record} for record in data]


def element_tree(body: bytes) -> Rows:
    """The standard library's tree."""
    return _from_tree(ET.fromstring(body))  # nosec B314 # noqa: S314 - our own page, for comparison


def _others() -> Mapping[str, Callable[[bytes], Rows]]:
    """What is installed here alone. Each is imported without types: none of it is ours."""
    defused = importlib.import_module("defusedxml.ElementTree")
    etree = importlib.import_module("lxml.etree")
    xmltodict = importlib.import_module("xmltodict")

    def lxml(body: bytes) -> Rows:
        options = etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=True)
        return _from_tree(etree.fromstring(body, options))

    def with_xmltodict(body: bytes) -> Rows:
        parsed = xmltodict.parse(body, force_list={"APBILL"})
        rows: Iterable[dict[str, str | None]] = parsed["response"]["operation"]["result"]["data"][
            "APBILL"
        ]
        return [{name: text or "" for name, text in row.items()} for row in rows]

    return {
        "lxml": lxml,
        "defusedxml": lambda body: _from_tree(defused.fromstring(body, forbid_dtd=True)),
        "xmltodict": with_xmltodict,
        "sageintacctsdk": _sageintacctsdk(),
    }


def _sageintacctsdk() -> Callable[[bytes], Rows]:
    """Its own code from request to rows; only the HTTP call inside answers with our page."""
    base = importlib.import_module("sageintacctsdk.apis.api_base")
    response = importlib.import_module("requests").Response

    class Bills(base.ApiBase):  # type: ignore[misc, name-defined]
        def __init__(self) -> None:
            super().__init__(dimension="APBILL")
            self.set_show_private(False)

    bills = Bills()

    def read(body: bytes) -> Rows:
        def post(*_: object, **__: object) -> object:
            answer = response()
            answer.status_code, answer._content = 200, body
            answer.headers["Content-Type"] = "application/xml; charset=UTF-8"
            answer.encoding = "UTF-8"
            return answer

        base.requests.post = post
        query = {"query": {"object": "APBILL", "select": {"field": ["RECORDNO"]}}}
        rows: Rows = bills.format_and_send_request(query)["data"]["APBILL"]
        return rows

    return read


def _alike(rows: Rows) -> Rows:
    """Empty fields as empty texts: some give None for them."""
    return [{name: text or "" for name, text in row.items()} for row in rows]


def measure(rounds: int) -> dict[str, dict[str, float]]:
    """Page → candidate → median CPU seconds. Raises SystemExit where a candidate reads wrongly."""
    asked = (*BILLS.wanted.required, *BILLS.wanted.optional)
    pages = {
        INDENTED: page(indented=True),
        COMPACT: page(indented=False),
        ASKED: page(asked, indented=False),
    }
    readers: dict[str, Callable[[bytes], Rows]] = {
        OURS: ours,
        "ElementTree": element_tree,
        **_others(),
    }
    work: list[tuple[str, str, Callable[[bytes], object], bytes]] = []
    for name, body in pages.items():
        right = element_tree(body)
        work.append((name, EXPAT, bare_expat, body))
        for reader_name, reader in readers.items():
            if _alike(reader(body)) != right:
                raise SystemExit(f"{reader_name} reads the page {name} wrongly")
            work.append((name, reader_name, reader, body))
    dirty = pages[COMPACT].replace(b"Baker", b"Bak\x01er", 1)
    if ours(dirty) != element_tree(pages[COMPACT]):
        raise SystemExit("the page with a forbidden character is read wrongly")
    work.append((DIRTY, OURS, ours, dirty))
    taken: dict[tuple[str, str], list[float]] = {(page_, name): [] for page_, name, _, _ in work}
    for number in range(rounds + 1):
        random.shuffle(work)
        for page_name, name, reader_, body in work:
            began = time.process_time()
            reader_(body)
            spent = time.process_time() - began
            # The first round warms the caches and does not count.
            if number:
                taken[page_name, name].append(spent)
    medians: dict[str, dict[str, float]] = {}
    for (page_name, name), seconds in taken.items():
        medians.setdefault(page_name, {})[name] = statistics.median(seconds)
    return medians


def main() -> None:
    """Measure, and print JSON."""
    others = ("defusedxml", "lxml", "sageintacctsdk", "xmltodict")
    json.dump(
        {
            "medians": measure(int(sys.argv[1])),
            # Handlers in Python run much faster where it was; expat does not.
            "optimized": "--enable-optimizations" in str(sysconfig.get_config_var("CONFIG_ARGS")),
            "versions": {name: version(name) for name in others} | {"expat": expat.EXPAT_VERSION},
        },
        sys.stdout,
    )


if __name__ == "__main__":
    main()
