"""Finding fields of an object by name, dotted paths included, as one kind of function sees them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from operator import itemgetter
from xml.sax.saxutils import escape

from .catalog import CODES_IN_QUERY, OBJECTS
from .company import Company
from .errors import Fault, FunctionError
from .fields import NUMBERS, Field, Kind, ObjectType, Relation, Row, Value, wire_writer
from .filters import Column

_PLAIN = NUMBERS | {Kind.INTEGER, Kind.DATE, Kind.TIMESTAMP}


class ObjectColumns:
    """Columns of one object. `query` and the legacy readers differ in where codes stand."""

    def __init__(self, company: Company, kind: ObjectType, *, query: bool) -> None:
        self.company = company
        self.kind = kind
        self._query = query

    def column(self, name: str) -> Column:
        """A field or a dotted path. Raises FunctionError."""
        found = self._find(name)
        if found is None:
            raise unknown_fields(self.kind.name, [name])
        return found

    def columns(self, names: Iterable[str]) -> list[Column]:
        """Several at once; all unknown ones are named in one error."""
        found = [(name, self._find(name)) for name in names]
        missing = [name for name, column in found if column is None]
        if missing:
            raise unknown_fields(self.kind.name, missing)
        return [column for _, column in found if column is not None]

    def every(self) -> list[Column]:
        """All fields of the object that can be read."""
        return self.columns(
            field.name
            for field in self.kind.fields.values()
            if field.queryable and self._present(field)
        )

    def _present(self, field: Field) -> bool:
        return f"{self.kind.name}.{field.name}" not in self.company.settings.absent

    def _find(self, name: str) -> Column | None:
        field = self.kind.fields.get(name)
        if field is not None:
            if not field.queryable or not self._present(field):
                return None
            return Column(
                name, field, itemgetter(field.position), own=True, codes=self._codes(field)
            )
        for relation in self.kind.relations.values():
            if name.startswith(f"{relation.path}."):
                return self._through(relation, name)
        return None

    def _codes(self, field: Field) -> dict[str, str] | None:
        if field.codes is None:
            return None
        always = (
            self.kind.name == "APPYMT"
            and field.name == "STATE"
            and self.company.settings.payment_state_codes
        )
        turned = (self.kind.name, field.name) in CODES_IN_QUERY
        return dict(field.codes) if always or turned == self._query else None

    def _through(self, relation: Relation, name: str) -> Column | None:
        if relation.kind != "MANY2ONE":
            raise FunctionError.query_failed(f"{relation.path} is not a many-to-one relation")
        target = OBJECTS[relation.target]
        rest = name[len(relation.path) + 1 :]
        climbs = rest.partition(".")[0] in target.relations
        if relation.target == self.kind.name and climbs and rest not in target.fields:
            raise FunctionError.query_failed(f"{name}: only one step along a hierarchy is allowed")
        inner = ObjectColumns(self.company, target, query=self._query)._find(rest)
        if inner is None:
            return None
        here = itemgetter(self.kind.position(relation.by))
        table, key, there = self.company.tables[relation.target], relation.key, inner.get

        def get(row: Row) -> Value:
            found = table.one(key, here(row))
            return None if found is None else there(found)

        return Column(name, inner.field, get, own=False, codes=inner.codes)

    def writer(self, column: Column) -> Callable[[Row], str]:
        """A function that gives a row's value as text for the wire, not yet escaped."""
        write, get = wire_writer(column.field.kind, self.company.settings.utc_offset), column.get
        codes = column.codes if self._query else None
        if codes is not None:
            return lambda row: codes.get(write(get(row)), "")
        return lambda row: write(get(row))

    def element_writer(self, column: Column, tag: str) -> Callable[[Row], str]:
        """A function that gives a row's value as one XML element."""
        write = self.writer(column)
        if column.field.kind in _PLAIN:
            return lambda row: f"<{tag}>{write(row)}</{tag}>"
        return lambda row: f"<{tag}>{escape(write(row))}</{tag}>"


def unknown_fields(name: str, fields: Iterable[str]) -> FunctionError:
    """What a query says about fields the object does not have."""
    return FunctionError.query_failed(
        f"Invalid fields list [{', '.join(fields)}] for object {name}"
    )


def object_kind(name: str) -> ObjectType:
    """An object of the catalogue. Raises FunctionError."""
    kind = OBJECTS.get(name)
    if kind is None:
        raise FunctionError(Fault("Query Failed", f"Object definition {name} not found"))
    return kind


def allowed(company: Company, operation: str, name: str) -> None:
    """Whether the API user may read an object. Raises FunctionError."""
    if name not in company.settings.denied:
        return
    if name == "AUDITHISTORY":
        raise FunctionError(Fault("", "You do not have permission to view audit history"))
    raise FunctionError(
        Fault(
            "PL04000005",
            f"You do not have permission for API operation {operation} on objects of type {name}",
        )
    )


def visible(
    company: Company, kind: ObjectType, location: str, *, private: bool
) -> Callable[[Row], bool] | None:
    """Which rows a session of this level may list; None is all.

    The top level sees rows that belong to an entity only with showprivate; an entity sees its own
    and those of the top level.
    """
    if "MEGAENTITYID" not in kind.fields or not company.settings.multi_entity:
        return None
    entity = itemgetter(kind.position("MEGAENTITYID"))
    if location:
        return lambda row: entity(row) in {None, location}
    return None if private else lambda row: entity(row) is None
