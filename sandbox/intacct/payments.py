"""What people do with payments: create, confirm, clear, unclear, void, decline.

A payment covers one or more bills. Creating it selects them, confirming it pays them, voiding or
declining it gives them back; clearing is bank reconciliation and touches the payment alone. The
options of every operation are those of bills.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from .bills import How, by_whom, given, new_change, nothing_left
from .catalog import OBJECTS
from .company import Change, Company, ConflictError, with_values
from .fields import Row, Value, decimal
from .seed import CODES, day_of

KIND = OBJECTS["APPYMT"]
BILL = OBJECTS["APBILL"]
DETAIL = OBJECTS["APPYMTDETAIL"]
STATES = {
    "Draft": "D", "Submitted": "S", "Partially Approved": "PA", "Approved": "A",
    "Declined": "U", "Delivered": "DL", "Confirmed": "C", "Voided": "V",
}  # fmt: skip
OPEN = ("Draft", "Submitted", "Partially Approved", "Approved", "Delivered")
PAYABLE = ("Posted", "Selected", "Partially Paid")


class Payments:
    """Operations on one company's payments. The caller holds the company's lock."""

    def __init__(self, company: Company) -> None:
        self.company = company

    def create(self, body: dict[str, object]) -> int:
        """A payment of `bills`, a list of record numbers or of {recordno, amount}; its number.

        Optional: `state` (Submitted), `method`, `bank`, `document`, `date`, `fields`. Raises
        ValueError or ConflictError.
        """
        how = How.read(body)
        covered = self._covered(body.pop("bills", None))
        state = str(body.pop("state", "Submitted"))
        if state not in OPEN:
            raise ValueError(f"state: one of {', '.join(OPEN)}")
        first, now = covered[0][1], int(self.company.clock.now())
        on = date.fromisoformat(str(body.pop("date", day_of(now))))
        total = sum((amount for _, _, amount in covered), Decimal(0))
        base = sum((_in_base(row, amount) for _, row, amount in covered), Decimal(0))
        values: dict[str, Value] = {
            "RECORDTYPE": "pp",
            "RECORDID": f"PAY-{len(self.company.log) + 1}",
            "DOCNUMBER": str(body.pop("document", "")) or None,
            "FINANCIALENTITY": str(body.pop("bank", "BANK-1")),
            "FINANCIALACCOUNTNAME": "Acme Main Bank",
            "STATE": state,
            "RAWSTATE": STATES[state],
            "DISPLAYSTATE": state,
            "PAYMENTMETHOD": str(body.pop("method", "Printed Check")),
            "PAYMENTREQUESTMETHOD": "vendor",
            "WHENCREATED": on,
            "WHENPAID": on,
            "TOTALENTERED": base,
            "TRX_TOTALENTERED": total,
            "CLEARED": "F",
            "SYSTEMGENERATED": "F",
            "AUWHENCREATED": now,
            "WHENMODIFIED": now if how.stamp == "keep" else how.stamped(self.company, None, 0),
            "CREATEDBYLOGINID": how.by,
            **{
                name: first[BILL.position(name)]
                for name in ("VENDORID", "VENDORNAME", "VENDORKEY", "BASECURR", "CURRENCY",
                             "MEGAENTITYID", "MEGAENTITYNAME", "MEGAENTITYKEY")
            },
            **_known(by_whom(self.company, how.by)),
        }  # fmt: skip
        values["CREATEDBY"] = values["MODIFIEDBY"]
        values |= given("APPYMT", body.pop("fields", {}))
        nothing_left(body)
        pk, row = self.company.make("APPYMT", values)
        change = new_change(self.company, how)
        change.rows.append(("APPYMT", pk, row))
        change.notes.append(("payment-create", "APPYMT", pk))
        for bill, bill_row, amount in covered:
            change.rows.append(self._detail(pk, on, bill, bill_row, amount, values))
            self._bill(change, bill, bill_row, how, "Selected", selected=amount)
        self.company.commit(change, how.visible_after_seconds)
        return pk

    def _covered(self, bills: object) -> list[tuple[int, Row, Decimal]]:
        if not isinstance(bills, list) or not bills:
            raise ValueError("bills: a list of record numbers is needed")
        covered: list[tuple[int, Row, Decimal]] = []
        for entry in bills:
            wanted = entry if isinstance(entry, dict) else {"recordno": entry}
            pk = int(str(wanted.get("recordno")))
            row = self.company.get("APBILL", pk)
            state = row[BILL.position("STATE")]
            if state not in PAYABLE:
                raise ConflictError(f"bill {pk} is {state}; it cannot be paid")
            due = row[BILL.position("TRX_TOTALDUE")]
            covered.append((pk, row, decimal(wanted.get("amount", due))))
        return covered

    def _detail(
        self, pk: int, on: date, bill: int, row: Row, amount: Decimal, payment: dict[str, Value]
    ) -> tuple[str, int, Row | None]:
        stamps = {name: payment[name] for name in ("CREATEDBY", "MODIFIEDBY", "WHENMODIFIED")}
        number, made = self.company.make(
            "APPYMTDETAIL",
            {
                "RECORDKEY": bill, "PAYMENTKEY": pk, "PAYMENTDATE": on,
                "PAYMENTAMOUNT": _in_base(row, amount), "TRX_PAYMENTAMOUNT": amount,
                "CURRENCY": row[BILL.position("CURRENCY")], "STATE": "A", "MODULEKEY": "3.AP",
                "WHENCREATED": payment["AUWHENCREATED"], **stamps,
            },
        )  # fmt: skip
        return ("APPYMTDETAIL", number, made)

    def confirm(self, pk: int, body: dict[str, object]) -> None:
        """The payment is made: its bills are paid, wholly or in part."""
        how = How.read(body)
        nothing_left(body)
        change = self._change(pk, "payment-confirm", how, OPEN, "Confirmed")
        for bill, row, amount in self._bills_of(pk):
            due = _amount(row, "TRX_TOTALDUE") - amount
            state = "Paid" if due <= 0 else "Partially Paid"
            self._bill(change, bill, row, how, state, paid=amount)
        self.company.commit(change, how.visible_after_seconds)

    def decline(self, pk: int, body: dict[str, object]) -> None:
        """The payment request is refused: its bills are payable again."""
        how = How.read(body)
        nothing_left(body)
        change = self._change(pk, "payment-decline", how, OPEN, "Declined")
        for bill, row, amount in self._bills_of(pk):
            self._bill(change, bill, row, how, "Posted", selected=-amount)
        self.company.commit(change, how.visible_after_seconds)

    def void(self, pk: int, body: dict[str, object]) -> None:
        """A confirmed or delivered payment is void, its bills are due again.

        `reverse_reconciliation` (true) also takes back that it was cleared.
        """
        how = How.read(body)
        reverse = body.pop("reverse_reconciliation", True)
        nothing_left(body)
        confirmed = self.company.value("APPYMT", pk, "STATE") == "Confirmed"
        extra: dict[str, Value] = {"CLEARED": "F", "CLRDATE": None} if reverse else {}
        change = self._change(pk, "payment-void", how, ("Confirmed", "Delivered"), "Voided", extra)
        for bill, row, amount in self._bills_of(pk):
            moved = {"paid": -amount} if confirmed else {"selected": -amount}
            self._bill(change, bill, row, how, "Posted", **moved)
        self.company.commit(change, how.visible_after_seconds)

    def clear(self, pk: int, body: dict[str, object]) -> None:
        """Bank reconciliation: `value` T (cleared) or M (matched only), on `date`."""
        how = How.read(body)
        value = str(body.pop("value", "T"))
        today = day_of(int(self.company.clock.now()))
        on = date.fromisoformat(str(body.pop("date", today)))
        nothing_left(body)
        if value not in {"T", "M"}:
            raise ValueError("value: T or M")
        cleared: dict[str, Value] = {"CLEARED": value, "CLRDATE": on if value == "T" else None}
        self._reconcile(pk, "payment-clear", how, cleared)

    def unclear(self, pk: int, body: dict[str, object]) -> None:
        """The reconciliation is taken back."""
        how = How.read(body)
        nothing_left(body)
        self._reconcile(pk, "payment-unclear", how, {"CLEARED": "F", "CLRDATE": None})

    def _reconcile(self, pk: int, kind: str, how: How, values: dict[str, Value]) -> None:
        state = str(self.company.value("APPYMT", pk, "STATE"))
        if state != "Confirmed":
            raise ConflictError(f"payment {pk} is {state}; only a confirmed one is reconciled")
        change = self._change(pk, kind, how, (state,), state, values)
        self.company.commit(change, how.visible_after_seconds)

    def _change(
        self, pk: int, kind: str, how: How, starts: tuple[str, ...], end: str,
        extra: dict[str, Value] | None = None,
    ) -> Change:  # fmt: skip
        row = self.company.get("APPYMT", pk)
        state = row[KIND.position("STATE")]
        if state not in starts:
            raise ConflictError(f"payment {pk} is {state}; {kind} needs {' or '.join(starts)}")
        values: dict[str, Value] = {
            "STATE": end,
            "RAWSTATE": STATES[end],
            "DISPLAYSTATE": end,
            "WHENMODIFIED": how.stamped(self.company, row, KIND.position("WHENMODIFIED")),
            **_known(by_whom(self.company, how.by)),
            **(extra or {}),
        }
        change = new_change(self.company, how)
        change.rows.append(("APPYMT", pk, with_values(KIND, row, values)))
        change.notes.append((kind, "APPYMT", pk))
        return change

    def _bills_of(self, pk: int) -> list[tuple[int, Row, Decimal]]:
        bills = self.company.tables["APBILL"].rows
        found: list[tuple[int, Row, Decimal]] = []
        for detail in self.company.tables["APPYMTDETAIL"].find("PAYMENTKEY", pk):
            bill = detail[DETAIL.position("RECORDKEY")]
            amount = detail[DETAIL.position("TRX_PAYMENTAMOUNT")]
            if isinstance(bill, int) and isinstance(amount, Decimal) and bill in bills:
                found.append((bill, bills[bill], amount))
        return found

    def _bill(
        self, change: Change, pk: int, row: Row, how: How, state: str,
        *, selected: Decimal = Decimal(0), paid: Decimal = Decimal(0),
    ) -> None:  # fmt: skip
        """Move money between due, selected and paid on one bill, and set its state."""
        # Paying takes back what creating the payment selected.
        selected = selected - paid if paid > 0 else selected
        values: dict[str, Value] = {
            "WHENMODIFIED": how.stamped(self.company, row, BILL.position("WHENMODIFIED")),
            "WHENPAID": day_of(change.made_at) if state == "Paid" else None,
            **by_whom(self.company, how.by),
        }
        for name, moved in (("SELECTED", selected), ("PAID", paid), ("DUE", -paid)):
            trx, base = f"TRX_TOTAL{name}", f"TOTAL{name}"
            values[trx] = _amount(row, trx) + moved
            values[base] = _amount(row, base) + _in_base(row, moved)
        if state == "Posted" and values["TRX_TOTALPAID"] != 0:
            state = "Partially Paid"
        values |= {"STATE": state, "RAWSTATE": CODES[state]}
        change.rows.append(("APBILL", pk, with_values(BILL, row, values)))
        change.notes.append((f"bill-{state.lower().replace(' ', '-')}", "APBILL", pk))


def _known(values: dict[str, Value]) -> dict[str, Value]:
    return {name: value for name, value in values.items() if name in KIND.fields}


def _amount(row: Row, name: str) -> Decimal:
    value = row[BILL.position(name)]
    return value if isinstance(value, Decimal) else Decimal(0)


def _in_base(row: Row, amount: Decimal) -> Decimal:
    """A part of a bill in its base currency, at the bill's own rate."""
    total, base = _amount(row, "TRX_TOTALENTERED"), _amount(row, "TOTALENTERED")
    return (
        amount if not total or total == base else (amount * base / total).quantize(Decimal("0.01"))
    )
