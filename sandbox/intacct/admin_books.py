"""Admin operations on the books: bills, payments, vendors, records of any object."""

from __future__ import annotations

from .admin_routes import Ask, Json, Routes
from .bills import MOVES, Bills, How, given, new_change, nothing_left
from .catalog import OBJECTS
from .company import Company, MissingError, shown, with_values
from .payments import Payments


def _shown(company: Company, name: str, pk: int) -> Json:
    """A record for an answer; one not yet committed shows its number only."""
    row = company.tables[name].rows.get(pk)
    if row is None:
        return {"recordno": pk, "visible": False}
    return {"recordno": pk, "visible": True, "fields": shown(name, row)}


routes = Routes()


@routes.add("GET", "bills")
def _list_bills(ask: Ask) -> object:
    return _listed(ask, "APBILL")


@routes.add("POST", "bills")
def _create_bill(ask: Ask) -> object:
    return _shown(ask.company, "APBILL", Bills(ask.company).create(ask.body))


@routes.add("POST", "bills/bulk")
def _create_bills(ask: Ask) -> object:
    """Many alike: `count`, and what one bill takes; numbers end in -1, -2 ..."""
    count, number = int(str(ask.body.pop("count", 1))), ask.body.pop("number", "BULK")
    bills = Bills(ask.company)
    made = [bills.create({**ask.body, "number": f"{number}-{n}"}) for n in range(1, count + 1)]
    return {"recordnos": made}


@routes.add("GET", "bills/{recordno}")
def _get_bill(ask: Ask) -> object:
    ask.company.get("APBILL", ask.number())
    return _shown(ask.company, "APBILL", ask.number())


@routes.add("PATCH", "bills/{recordno}")
def _edit_bill(ask: Ask) -> object:
    Bills(ask.company).edit(ask.number(), ask.body)
    return _shown(ask.company, "APBILL", ask.number())


@routes.add("DELETE", "bills/{recordno}")
def _delete_bill(ask: Ask) -> object:
    Bills(ask.company).delete(ask.number(), ask.body)
    return {"recordno": ask.number(), "visible": False}


@routes.add("POST", "bills/{recordno}/recreate")
def _recreate_bill(ask: Ask) -> object:
    return _shown(ask.company, "APBILL", Bills(ask.company).recreate(ask.number(), ask.body))


@routes.add("POST", "bills/{recordno}/state")
def _set_bill_state(ask: Ask) -> object:
    Bills(ask.company).set_state(ask.number(), ask.body)
    return _shown(ask.company, "APBILL", ask.number())


@routes.add("POST", "bills/{recordno}/{operation}")
def _move_bill(ask: Ask) -> object:
    if ask.parts[1] not in MOVES:
        raise MissingError(f"{ask.parts[1]}: one of {', '.join(MOVES)}, recreate, state")
    Bills(ask.company).move(ask.number(), ask.parts[1], ask.body)
    return _shown(ask.company, "APBILL", ask.number())


@routes.add("GET", "payments")
def _list_payments(ask: Ask) -> object:
    return _listed(ask, "APPYMT")


@routes.add("POST", "payments")
def _create_payment(ask: Ask) -> object:
    return _shown(ask.company, "APPYMT", Payments(ask.company).create(ask.body))


@routes.add("POST", "payments/{recordno}/{operation}")
def _move_payment(ask: Ask) -> object:
    payments = Payments(ask.company)
    operations = {
        "confirm": payments.confirm,
        "clear": payments.clear,
        "unclear": payments.unclear,
        "void": payments.void,
        "decline": payments.decline,
    }
    if ask.parts[1] not in operations:
        raise MissingError(f"{ask.parts[1]}: one of {', '.join(operations)}")
    operations[ask.parts[1]](ask.number(), ask.body)
    return _shown(ask.company, "APPYMT", ask.number())


# ------------------------------------------------------------------------ any object, vendors
def _listed(ask: Ask, name: str) -> object:
    """Rows whose fields equal the query's, ISO times and all."""
    filters = {key: value for key, value in ask.query.items() if key not in {"company", "limit"}}
    wanted = given(name, filters)
    limit = int(ask.query.get("limit", "1000"))
    positions = {OBJECTS[name].position(field): value for field, value in wanted.items()}
    rows = [
        (pk, row)
        for pk, row in ask.company.tables[name].rows.items()
        if all(row[position] == value for position, value in positions.items())
    ]
    return {
        "total": len(rows),
        "records": [{"recordno": pk, "fields": shown(name, row)} for pk, row in rows[:limit]],
    }


def _object(ask: Ask) -> str:
    name = ask.parts[0].upper()
    if name not in OBJECTS:
        raise MissingError(f"{name}: no such object")
    return name


@routes.add("GET", "records/{object}")
def _list_records(ask: Ask) -> object:
    return _listed(ask, _object(ask))


@routes.add("POST", "records/{object}")
def _create_record(ask: Ask) -> object:
    return _put(ask, _object(ask), None)


@routes.add("PATCH", "records/{object}/{recordno}")
def _edit_record(ask: Ask) -> object:
    return _put(ask, _object(ask), ask.number(1))


@routes.add("DELETE", "records/{object}/{recordno}")
def _delete_record(ask: Ask) -> object:
    name, pk, how = _object(ask), ask.number(1), How.read(ask.body)
    nothing_left(ask.body)
    ask.company.get(name, pk)
    change = new_change(ask.company, how)
    change.rows.append((name, pk, None))
    change.notes.append(("delete", name, pk))
    ask.company.commit(change, how.visible_after_seconds)
    return {"recordno": pk, "visible": False}


@routes.add("GET", "vendors")
def _list_vendors(ask: Ask) -> object:
    return _listed(ask, "VENDOR")


@routes.add("POST", "vendors")
def _create_vendor(ask: Ask) -> object:
    extra = ask.body.pop("fields", {})
    fields: Json = dict(extra) if isinstance(extra, dict) else {}
    fields |= {"VENDORID": ask.body.pop("id", None), "NAME": ask.body.pop("name", None)}
    ask.body["fields"] = {"STATUS": "active", "STATE": "A", "ONHOLD": "false", **fields}
    return _put(ask, "VENDOR", None)


def _put(ask: Ask, name: str, pk: int | None) -> object:
    """Create or edit any record by raw fields; WHENMODIFIED follows `stamp` unless it is given."""
    company, how, kind = ask.company, How.read(ask.body), OBJECTS[name]
    values = given(name, ask.body.pop("fields", {}))
    nothing_left(ask.body)
    old = None if pk is None else company.get(name, pk)
    if "WHENMODIFIED" in kind.fields and "WHENMODIFIED" not in values:
        values["WHENMODIFIED"] = how.stamped(company, old, kind.position("WHENMODIFIED"))
    if pk is None or old is None:
        for field in kind.fields.values():
            if field.required and field.name == kind.key and values.get(field.name) is None:
                raise ValueError(f"fields: {field.name} is needed")
        pk, row = company.make(name, values)
    else:
        row = with_values(kind, old, values)
    change = new_change(company, how)
    change.rows.append((name, pk, row))
    change.notes.append(("create" if old is None else "edit", name, pk))
    company.commit(change, how.visible_after_seconds)
    return _shown(company, name, pk)
