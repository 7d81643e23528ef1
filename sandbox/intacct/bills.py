"""What people do with bills: create, edit, submit, approve, decline, recall, delete, re-create.

Every operation takes the same options: `by` (a login), `stamp` (what WHENMODIFIED becomes: `now`,
`keep`, `null`, or an ISO instant) and `visible_after_seconds` (a late commit).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from .catalog import OBJECTS, OWNED
from .clock import from_iso
from .company import Change, Company, ConflictError, MissingError, with_values
from .fields import Row, Value, decimal, from_json
from .seed import CODES, RATES, day_of

CENT = Decimal("0.01")
KIND = OBJECTS["APBILL"]


@dataclass(frozen=True, slots=True)
class How:
    """Who does it, how it is stamped, and when it becomes visible."""

    by: str = "dee.clerk"
    stamp: str = "now"
    visible_after_seconds: float = 0

    @classmethod
    def read(cls, body: dict[str, object]) -> How:
        """Take the options out of an admin request. Raises ValueError."""
        late = body.pop("visible_after_seconds", 0)
        if isinstance(late, bool) or not isinstance(late, int | float) or late < 0:
            raise ValueError("visible_after_seconds: a number of 0 or more is needed")
        stamp = str(body.pop("stamp", "now"))
        if stamp not in {"now", "keep", "null"}:
            from_iso(stamp)
        return cls(str(body.pop("by", "dee.clerk")), stamp, float(late))

    def stamped(self, company: Company, row: Row | None, position: int) -> Value:
        """WHENMODIFIED after the operation."""
        if self.stamp == "keep":
            return None if row is None else row[position]
        if self.stamp == "null":
            return None
        return int(company.clock.now()) if self.stamp == "now" else from_iso(self.stamp)


MOVES: dict[str, tuple[tuple[str, ...], str]] = {
    "submit": (("Draft", "Declined"), "Submitted"),
    "partially-approve": (("Submitted", "Partially Approved"), "Partially Approved"),
    "approve": (("Submitted", "Partially Approved"), "Posted"),
    "decline": (("Submitted", "Partially Approved"), "Declined"),
    "recall": (("Submitted",), "Draft"),
}
"""Operation: states it starts from, state it ends in."""


def new_change(company: Company, how: How) -> Change:
    """An empty change made now."""
    return Change(by=how.by, made_at=int(company.clock.now()))


def by_whom(company: Company, login: str) -> dict[str, Value]:
    """The MODIFIED fields for a login; a login nobody has leaves no record number."""
    row = company.tables["USERINFO"].one("LOGINID", login)
    number = None if row is None else row[OBJECTS["USERINFO"].position("RECORDNO")]
    return {"MODIFIEDBY": number, "MODIFIEDBYLOGINID": login, "USERID": login}


class Bills:
    """Operations on one company's bills. The caller holds the company's lock."""

    def __init__(self, company: Company) -> None:
        self.company = company

    def create(self, body: dict[str, object]) -> int:
        """A new bill; its record number.

        `vendor` and `amount` are needed; `currency`, `number`, `reference`, `description`, `date`,
        `due`, `entity`, `module`, `lines`, `fields` are not. It is a Draft, or Submitted with
        `submit`, or whatever `state` says. Raises ValueError or ConflictError.
        """
        how = How.read(body)
        submit, lines = body.pop("submit", False), body.pop("lines", None)
        state = str(body.pop("state", "Submitted" if submit else "Draft"))
        pk, row = self.company.make("APBILL", self._values(body, how, state))
        change = new_change(self.company, how)
        change.rows.append(("APBILL", pk, row))
        change.rows.extend(self._lines(pk, row, lines))
        change.notes.append(("create", "APBILL", pk))
        if state == "Submitted":
            change.notes.append(("submit", "APBILL", pk))
        self.company.commit(change, how.visible_after_seconds)
        return pk

    def _values(self, body: dict[str, object], how: How, state: str) -> dict[str, Value]:
        if state not in CODES:
            raise ValueError(f"state: one of {', '.join(CODES)}")
        now = int(self.company.clock.now())
        today = day_of(now)
        on = date.fromisoformat(str(body.pop("date", today)))
        due = date.fromisoformat(str(body.pop("due", on + timedelta(days=30))))
        money = self._money(body.pop("amount", None), str(body.pop("currency", "USD")))
        values: dict[str, Value] = {
            "RECORDTYPE": "pi",
            "RECORDID": str(body.pop("number", f"BILL-{len(self.company.log) + 1}")),
            "DOCNUMBER": _optional(body.pop("reference", None)),
            "DESCRIPTION": _optional(body.pop("description", None)),
            "MODULEKEY": str(body.pop("module", "3.AP")),
            "SYSTEMGENERATED": "F",
            "STATE": state,
            "RAWSTATE": CODES[state],
            "ONHOLD": "false",
            "PAYMENTPRIORITY": "normal",
            "WHENCREATED": on,
            "WHENPOSTED": on,
            "WHENDUE": due,
            "AUWHENCREATED": now,
            "WHENMODIFIED": how.stamped(self.company, None, 0) if how.stamp != "keep" else now,
            "CREATEDBYLOGINID": how.by,
            "CREATEDUSERID": how.by,
            **self._vendor(body.pop("vendor", None)),
            **self._entity(body.pop("entity", None)),
            **money,
            **by_whom(self.company, how.by),
        }
        values["CREATEDBY"] = values["MODIFIEDBY"]
        values |= given(KIND.name, body.pop("fields", {}))
        nothing_left(body)
        return values

    def _vendor(self, vendor: object) -> dict[str, Value]:
        row = self.company.tables["VENDOR"].one("VENDORID", str(vendor))
        if row is None:
            raise ValueError(f"vendor: {vendor!r} does not exist")
        name, number = (row[OBJECTS["VENDOR"].position(field)] for field in ("NAME", "RECORDNO"))
        return {"VENDORID": str(vendor), "VENDORNAME": name, "VENDORKEY": number}

    def _entity(self, entity: object) -> dict[str, Value]:
        if entity is None:
            return {}
        row = self.company.tables["LOCATIONENTITY"].one("LOCATIONID", str(entity))
        if row is None:
            raise ValueError(f"entity: {entity!r} does not exist")
        name, number = (
            row[OBJECTS["LOCATIONENTITY"].position(field)] for field in ("NAME", "RECORDNO")
        )
        return {"MEGAENTITYID": str(entity), "MEGAENTITYNAME": name, "MEGAENTITYKEY": number}

    @staticmethod
    def _money(amount: object, currency: str) -> dict[str, Value]:
        if amount is None:
            raise ValueError("amount: it is needed")
        total = decimal(amount)
        base = (total * RATES.get(currency, Decimal(1))).quantize(CENT)
        base = total if currency == "USD" else base
        nothing = Decimal(0)
        return {
            "BASECURR": "USD", "CURRENCY": currency,
            "TOTALENTERED": base, "TOTALSELECTED": nothing, "TOTALPAID": nothing,
            "TOTALDUE": base, "TRX_TOTALENTERED": total, "TRX_TOTALSELECTED": nothing,
            "TRX_TOTALPAID": nothing, "TRX_TOTALDUE": total,
        }  # fmt: skip

    def _lines(self, pk: int, bill: Row, lines: object) -> list[tuple[str, int, Row | None]]:
        total = bill[KIND.position("TRX_TOTALENTERED")]
        wanted = [{"TRX_AMOUNT": total}] if lines is None else lines
        if not isinstance(wanted, list) or not all(isinstance(line, dict) for line in wanted):
            raise ValueError("lines: a list of {FIELD: value} is needed")
        made: list[tuple[str, int, Row | None]] = []
        for number, line in enumerate(wanted, 1):
            values = given("APBILLITEM", line)
            row = self.company.make(
                "APBILLITEM",
                {
                    "ACCOUNTNO": "6000", "ACCOUNTTITLE": "Office costs", "DEPARTMENTID": "100",
                    "DEPARTMENTNAME": "Finance", "LOCATIONID": "L110",
                    "LOCATIONNAME": "North plant", "BILLABLE": "false",
                    "AMOUNT": values.get("TRX_AMOUNT"), **values,
                    "RECORDKEY": pk, "LINE_NO": number, "LINEITEM": "T",
                    **{
                        name: bill[KIND.position(name)]
                        for name in ("BASECURR", "CURRENCY", "STATE", "MEGAENTITYID",
                                     "CREATEDBY", "MODIFIEDBY", "WHENMODIFIED")
                    },
                    "ENTRY_DATE": bill[KIND.position("WHENCREATED")],
                    "WHENCREATED": bill[KIND.position("AUWHENCREATED")],
                },
            )  # fmt: skip
            made.append(("APBILLITEM", *row))
        return made

    def move(self, pk: int, operation: str, body: dict[str, object]) -> None:
        """submit, partially-approve, approve, decline, recall. Raises ConflictError."""
        how = How.read(body)
        nothing_left(body)
        starts, end = MOVES[operation]
        state = self.company.value("APBILL", pk, "STATE")
        if state not in starts:
            raise ConflictError(f"bill {pk} is {state}; {operation} needs {' or '.join(starts)}")
        self._change(pk, operation, how, {"STATE": end, "RAWSTATE": CODES[end]})

    def set_state(self, pk: int, body: dict[str, object]) -> None:
        """Any state at once, for what the operations do not reach. Raises ValueError."""
        how, state = How.read(body), str(body.pop("state", ""))
        nothing_left(body)
        if state not in CODES:
            raise ValueError(f"state: one of {', '.join(CODES)}")
        self._change(pk, "state", how, {"STATE": state, "RAWSTATE": CODES[state]})

    def edit(self, pk: int, body: dict[str, object]) -> None:
        """Change `vendor`, `amount`, `currency`, `due`, `description`, `hold` or raw `fields`."""
        how = How.read(body)
        row = self.company.get("APBILL", pk)
        values: dict[str, Value] = {}
        if "vendor" in body:
            values |= self._vendor(body.pop("vendor"))
        if "amount" in body or "currency" in body:
            amount = body.pop("amount", row[KIND.position("TRX_TOTALENTERED")])
            currency = str(body.pop("currency", row[KIND.position("CURRENCY")]))
            values |= self._money(amount, currency)
        if "due" in body:
            values["WHENDUE"] = date.fromisoformat(str(body.pop("due")))
        if "description" in body:
            values["DESCRIPTION"] = _optional(body.pop("description"))
        if "hold" in body:
            values["ONHOLD"] = "true" if body.pop("hold") else "false"
        extra = given(KIND.name, body.pop("fields", {}))
        nothing_left(body)
        self._change(pk, "edit", how, values, extra)

    def _change(
        self, pk: int, kind: str, how: How, values: dict[str, Value],
        last: dict[str, Value] | None = None,
    ) -> None:  # fmt: skip
        row = self.company.get("APBILL", pk)
        stamp = how.stamped(self.company, row, KIND.position("WHENMODIFIED"))
        changed = {**values, **by_whom(self.company, how.by), "WHENMODIFIED": stamp, **(last or {})}
        change = new_change(self.company, how)
        change.rows.append(("APBILL", pk, with_values(KIND, row, changed)))
        change.notes.append((kind, "APBILL", pk))
        self.company.commit(change, how.visible_after_seconds)

    def delete(self, pk: int, body: dict[str, object]) -> None:
        """Delete a bill and its lines. Raises MissingError."""
        how = How.read(body)
        nothing_left(body)
        self.company.get("APBILL", pk)
        change = new_change(self.company, how)
        change.rows.append(("APBILL", pk, None))
        change.notes.append(("delete", "APBILL", pk))
        self.company.commit(change, how.visible_after_seconds)

    def recreate(self, pk: int, body: dict[str, object]) -> int:
        """Delete a bill if it is there and make it again under a new number, as an edited PO does.

        Vendor, number, amounts and lines stay, and the state unless `state` names another.
        """
        how = How.read(body)
        state = str(body.pop("state", ""))
        nothing_left(body)
        change = new_change(self.company, how)
        old = self.company.tables["APBILL"].rows.get(pk)
        lines = self._lines_of(pk)
        if old is not None:
            change.rows.append(("APBILL", pk, None))
            change.notes.append(("delete", "APBILL", pk))
        else:
            old = self.company.deleted.get(("APBILL", pk))
        if old is None:
            raise MissingError(f"APBILL {pk} never existed")
        values = dict(zip(KIND.fields, old, strict=True))
        values["WHENMODIFIED"] = how.stamped(self.company, old, KIND.position("WHENMODIFIED"))
        values["AUWHENCREATED"] = change.made_at
        if state:
            values |= {"STATE": state, "RAWSTATE": CODES[state]}
        new, row = self.company.make("APBILL", values)
        change.rows.append(("APBILL", new, row))
        change.notes.append(("recreate", "APBILL", new))
        line_kind = OBJECTS["APBILLITEM"]
        for line in lines:
            copied = dict(zip(line_kind.fields, line, strict=True)) | {"RECORDKEY": new}
            change.rows.append(("APBILLITEM", *self.company.make("APBILLITEM", copied)))
        self.company.commit(change, how.visible_after_seconds)
        return new

    def _lines_of(self, pk: int) -> list[Row]:
        owned, by = OWNED["APBILL"]
        position = OBJECTS[owned].position(by)
        gone = [
            row for (name, _), row in self.company.deleted.items()
            if name == owned and row[position] == pk
        ]  # fmt: skip
        return self.company.tables[owned].find(by, pk) or gone


def given(name: str, fields: object) -> dict[str, Value]:
    """Raw fields of an admin request as canonical values. Raises ValueError."""
    if not isinstance(fields, dict):
        raise ValueError("fields: an object of {FIELD: value} is needed")  # noqa: TRY004
    kind = OBJECTS[name]
    for field in fields:
        if field not in kind.fields:
            raise ValueError(f"{field}: not a field of {name}")
    return {
        field: value if isinstance(value, Decimal) else from_json(kind.fields[field], value)
        for field, value in fields.items()
    }


def nothing_left(body: dict[str, object]) -> None:
    """Refuse what nobody took out of a request. Raises ValueError."""
    if body:
        raise ValueError(f"{', '.join(sorted(body))}: not known here")


def _optional(value: object) -> Value:
    return None if value is None or value == "" else str(value)
