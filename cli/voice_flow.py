"""The Studio flow of the repository, and putting it in force at Twilio."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cli.console.failures import Failure
from ml_connector.twilio.client import TwilioConnection
from ml_connector.twilio.errors import DefinitionRefused
from ml_connector.twilio.reading import PAGE_SIZE, Reader

FILE = Path(__file__).resolve().parents[1] / "flows" / "voice.json"
#: Seconds for one request that saves something.
_TIMEOUT = 30.0
_PUBLISHED = "published"


@dataclass(frozen=True, slots=True)
class Definition:
    """A flow definition. `digest` tells one from another, whatever its layout and order."""

    body: Mapping[str, Any]

    @property
    def digest(self) -> str:
        """Of the canonical JSON: sixteen hex digits."""
        return hashlib.sha256(canonical(self.body).encode()).hexdigest()[:16]


@dataclass(frozen=True, slots=True)
class Published:
    """A flow as Twilio shows it. `definition` is None where a list shows it without."""

    sid: str
    name: str
    status: str
    revision: int
    definition: object
    commit_message: str

    def runs(self, wanted: Definition) -> bool:
        """Whether what runs is that definition.

        Should Studio complete what it is given, the note left when it was published still tells.
        """
        if self.status != _PUBLISHED:
            return False
        return canonical(self.definition) == canonical(wanted.body) or (
            wanted.digest in self.commit_message
        )


def canonical(definition: object) -> str:
    """JSON of one spelling."""
    return json.dumps(definition, sort_keys=True, separators=(",", ":"))


def definition(path: Path = FILE) -> Definition:
    """The definition in the repository. Raises Failure."""
    try:
        body = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise Failure(f"{path}: not JSON") from error
    if not isinstance(body, dict):
        raise Failure(f"{path}: not a flow definition")
    return Definition(body)


class Studio:
    """The flows of one account. Raises the DeliveryError family, and Failure where named."""

    def __init__(self, connection: TwilioConnection) -> None:
        self._api = connection.product("studio").v2
        self._reader = Reader(connection)

    def validate(self, wanted: Definition, name: str) -> None:
        """Have Studio check a definition; nothing is kept. Raises Failure with every finding."""
        try:
            answer = self._reader.create(
                _TIMEOUT,
                lambda: self._api.flow_validate.update(
                    friendly_name=name, status=_PUBLISHED, definition=wanted.body
                ),
            )
        except DefinitionRefused as refused:
            raise Failure(
                "Twilio does not take the flow's definition; nothing was changed", refused.findings
            ) from refused
        if answer.valid is not True:
            raise Failure("Twilio does not call the flow's definition valid; nothing was changed")

    def named(self, name: str, known: str = "") -> Published | None:
        """The flow of that name, `known` if there are several. Raises Failure where none is it."""
        pages = self._reader.pages(
            lambda: self._api.flows.page(page_size=PAGE_SIZE), self._api.flows.get_page
        )
        found = [
            flow
            for page in pages
            for flow in self._reader.read(lambda page: [_shown(each) for each in page], page)
            if flow.name == name
        ]
        chosen = [flow for flow in found if flow.sid == known] or found
        if len(chosen) > 1:
            sids = ", ".join(flow.sid for flow in chosen)
            raise Failure(f"several flows are called {name!r}: {sids}; delete all but one")
        return self.fetch(chosen[0].sid) if chosen else None

    def fetch(self, sid: str) -> Published | None:
        """One flow with its definition, or None."""
        return self._reader.found(lambda: _shown(self._api.flows(sid).fetch()))

    def publish(self, wanted: Definition, name: str, into: Published | None) -> Published:
        """Make the flow, or a new revision of it."""
        fields: dict[str, Any] = {
            "status": _PUBLISHED,
            "definition": wanted.body,
            "commit_message": f"ml-connector voice deploy {wanted.digest}",
        }

        def save() -> Published:
            if into is None:
                return _shown(self._api.flows.create(friendly_name=name, **fields))
            return _shown(self._api.flows(into.sid).update(**fields))

        return self._reader.create(_TIMEOUT, save)


def _shown(official: Any) -> Published:  # noqa: ANN401 - the official classes are untyped
    return Published(
        sid=str(official.sid),
        name=str(official.friendly_name),
        status=str(official.status),
        revision=int(official.revision),
        definition=official.definition,
        commit_message=str(official.commit_message or ""),
    )
