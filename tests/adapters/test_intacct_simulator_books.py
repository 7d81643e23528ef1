"""What the admin API lets people do to bills and payments, and what its event log says of it."""

from collections.abc import Iterator

import pytest

from sandbox.intacct import (
    AdminClient,
    AdminError,
    IntacctSimulator,
    Options,
    Recipe,
    SandboxClock,
)
from sandbox.intacct.caller import Caller

START = 1_790_000_000  # 2026-09-21T14:13:20Z


def fresh() -> IntacctSimulator:
    return IntacctSimulator(Recipe(bills=0), clock=SandboxClock(START))


@pytest.fixture(scope="module")
def running() -> Iterator[IntacctSimulator]:
    with fresh() as sim:
        yield sim


@pytest.fixture(params=["in process", "over http"])
def sim(request: pytest.FixtureRequest, running: IntacctSimulator) -> IntacctSimulator:
    if request.param == "in process":
        return fresh()
    running.admin.reset()
    return running


@pytest.fixture
def admin(sim: IntacctSimulator) -> AdminClient:
    return sim.admin


@pytest.fixture
def caller(sim: IntacctSimulator) -> Caller:
    caller = Caller.at(sim.url) if sim.port else Caller(sim.gateway.handle)
    caller.login()
    return caller


def states(caller: Caller) -> list[str]:
    order = "<orderby><order><field>RECORDNO</field></order></orderby>"
    return caller.query("APBILL", "STATE", rest=order).column("STATE")


def test_a_bill_goes_through_its_whole_life(admin: AdminClient, caller: Caller) -> None:
    bill = admin.create_bill("V-100", "12500.00", number="4711").recordno
    seen = [admin.bill(bill).state]
    for operation in (
        admin.submit,
        admin.partially_approve,
        admin.partially_approve,
        admin.decline,
        admin.submit,
        admin.recall,
        admin.submit,
        admin.approve,
    ):
        admin.forward(60)
        seen.append(operation(bill).state)
        assert states(caller) == [seen[-1]]
    assert seen == [
        "Draft", "Submitted", "Partially Approved", "Partially Approved", "Declined", "Submitted",
        "Draft", "Submitted", "Posted",
    ]  # fmt: skip
    assert admin.bill(bill)["WHENMODIFIED"] == "2026-09-21T14:21:20Z"
    assert admin.bill(bill)["AUWHENCREATED"] == "2026-09-21T14:13:20Z"
    kinds = [entry.kind for entry in admin.events()]
    assert kinds == [
        "create", "submit", "partially-approve", "partially-approve", "decline", "submit",
        "recall", "submit", "approve",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("state", "operation"),
    [
        ("Draft", "approve"),
        ("Draft", "recall"),
        ("Submitted", "submit"),
        ("Partially Approved", "recall"),
        ("Posted", "decline"),
        ("Paid", "submit"),
    ],
)
def test_a_move_the_state_does_not_allow_is_a_conflict(
    admin: AdminClient, state: str, operation: str
) -> None:
    bill = admin.create_bill("V-100", "1", state=state).recordno
    with pytest.raises(AdminError, match=f"409: bill {bill} is {state}"):
        admin.call("POST", f"bills/{bill}/{operation}")
    assert admin.bill(bill).state == state


def test_the_log_tells_before_and_after_and_who(admin: AdminClient) -> None:
    bill = admin.create_bill("V-100", "10", number="A-1", submit=True).recordno
    admin.forward(5)
    admin.edit_bill(bill, Options(by="cho.controller"), amount="20.50", currency="GBP")
    *_, edit = admin.events()
    assert (edit.seq, edit.kind, edit.by, edit.at) == (
        3,
        "edit",
        "cho.controller",
        "2026-09-21T14:13:25Z",
    )
    assert edit.before is not None
    assert edit.after is not None
    assert (edit.before["TRX_TOTALENTERED"], edit.before["CURRENCY"]) == ("10", "USD")
    assert (edit.after["TRX_TOTALENTERED"], edit.after["CURRENCY"]) == ("20.50", "GBP")
    assert edit.after["MODIFIEDBYLOGINID"] == "cho.controller"
    assert [entry.seq for entry in admin.events(after=1)] == [2, 3]
    assert [entry.seq for entry in admin.events(after=1, limit=1)] == [2]


def test_an_edit_changes_what_it_names_and_nothing_else(admin: AdminClient) -> None:
    bill = admin.create_bill("V-100", "10", submit=True)
    after = admin.edit_bill(
        bill.recordno, vendor="V-101", description="new", hold=True, due="2026-12-24"
    )
    changed = {name for name in after.fields if after[name] != bill[name]}
    assert changed == {"VENDORID", "VENDORNAME", "VENDORKEY", "DESCRIPTION", "ONHOLD", "WHENDUE"}
    assert after["VENDORNAME"] == "Cedar Office Supply"


def test_a_deleted_bill_takes_its_lines_along(admin: AdminClient, caller: Caller) -> None:
    lines: list[dict[str, object]] = [
        {"TRX_AMOUNT": "4", "DEPARTMENTID": "200"},
        {"TRX_AMOUNT": "6", "DEPARTMENTID": "210"},
    ]
    bill = admin.create_bill("V-100", "10", lines=lines).recordno
    order = "<orderby><order><field>LINE_NO</field></order></orderby>"
    assert caller.query("APBILLITEM", "TRX_AMOUNT", rest=order).column("TRX_AMOUNT") == ["4", "6"]
    admin.delete_bill(bill)
    assert caller.query("APBILL").rows() == []
    assert caller.query("APBILLITEM", "RECORDNO").rows() == []
    last = admin.events()[-1]
    assert (last.kind, last.after) == ("delete", None)
    with pytest.raises(AdminError, match="404"):
        admin.bill(bill)


@pytest.mark.parametrize("deleted", [False, True])
def test_a_re_created_bill_has_a_new_record_number(
    admin: AdminClient, caller: Caller, deleted: bool
) -> None:
    old = admin.create_bill("V-100", "10", number="PO-7", module="9.PO", submit=True)
    if deleted:
        admin.delete_bill(old.recordno)
    admin.forward(30)
    new = admin.recreate(old.recordno)
    assert new.recordno != old.recordno
    same = ("RECORDID", "VENDORID", "STATE", "TRX_TOTALENTERED", "MODULEKEY")
    assert [new[name] for name in same] == [old[name] for name in same]
    assert new["AUWHENCREATED"] == "2026-09-21T14:13:50Z"
    assert caller.query("APBILL", "RECORDNO").column("RECORDNO") == [str(new.recordno)]
    assert caller.query("APBILLITEM", "RECORDKEY").column("RECORDKEY") == [str(new.recordno)]
    assert [entry.kind for entry in admin.events()][-2:] == ["delete", "recreate"]


def test_what_never_existed_cannot_be_re_created(admin: AdminClient) -> None:
    with pytest.raises(AdminError, match="404: APBILL 9 never existed"):
        admin.recreate(9)


def test_a_late_commit_appears_with_its_older_stamp(admin: AdminClient, caller: Caller) -> None:
    bill = admin.create_bill("V-100", "10", submit=True).recordno
    admin.forward(10)
    admin.approve(bill, Options(visible_after_seconds=90))
    late = admin.create_bill("V-101", "5", submit=True, how=Options(visible_after_seconds=30))
    assert not late.visible
    assert states(caller) == ["Submitted"]
    assert admin.call("GET", "events")["pending"] == 2

    admin.forward(60)
    assert states(caller) == ["Submitted", "Submitted"]
    assert admin.bill(late.recordno)["WHENMODIFIED"] == "2026-09-21T14:13:30Z"
    admin.forward(30)
    assert states(caller) == ["Posted", "Submitted"]
    assert admin.bill(bill)["WHENMODIFIED"] == "2026-09-21T14:13:30Z"
    *_, created, _, approved = admin.events()
    assert (created.kind, created.made_at, created.at) == (
        "create",
        "2026-09-21T14:13:30Z",
        "2026-09-21T14:14:00Z",
    )
    assert (approved.kind, approved.made_at, approved.at) == (
        "approve",
        "2026-09-21T14:13:30Z",
        "2026-09-21T14:15:00Z",
    )


def test_a_row_that_waits_for_its_commit_is_locked(admin: AdminClient) -> None:
    bill = admin.create_bill("V-100", "10", submit=True).recordno
    admin.approve(bill, Options(visible_after_seconds=5))
    with pytest.raises(AdminError, match="409: APBILL 1 is locked"):
        admin.decline(bill)
    admin.forward(5)
    assert admin.bill(bill).state == "Posted"


@pytest.mark.parametrize(
    ("stamp", "expected"),
    [
        ("now", "2026-09-21T14:14:20Z"),
        ("keep", "2026-09-21T14:13:20Z"),
        ("null", ""),
        ("2026-09-21T14:00:00Z", "2026-09-21T14:00:00Z"),
        ("2026-09-21T16:00:00+02:00", "2026-09-21T14:00:00Z"),
    ],
)
def test_an_operation_stamps_as_it_is_told(
    admin: AdminClient, caller: Caller, stamp: str, expected: str
) -> None:
    bill = admin.create_bill("V-100", "10", submit=True).recordno
    admin.forward(60)
    assert admin.approve(bill, Options(stamp=stamp))["WHENMODIFIED"] == expected
    wire = caller.query("APBILL", "WHENMODIFIED").column("WHENMODIFIED")[0]
    assert (wire == "") is (expected == "")


# ----------------------------------------------------------------------------------- payments
def money(admin: AdminClient, bill: int) -> tuple[str, str, str, str]:
    row = admin.bill(bill)
    return row.state, row["TRX_TOTALSELECTED"], row["TRX_TOTALPAID"], row["TRX_TOTALDUE"]


def test_a_payment_selects_pays_clears_and_can_be_voided(
    admin: AdminClient, caller: Caller
) -> None:
    first = admin.create_bill("V-100", "100.00", state="Posted").recordno
    second = admin.create_bill("V-100", "50.00", state="Posted").recordno
    paid = admin.create_payment([first, {"recordno": second, "amount": "20.00"}]).recordno
    assert money(admin, first) == ("Selected", "100.00", "0", "100.00")
    details = caller.query("APPYMTDETAIL", "RECORDKEY", "PAYMENTKEY", "TRX_PAYMENTAMOUNT")
    assert sorted((row["RECORDKEY"], row["TRX_PAYMENTAMOUNT"]) for row in details.rows()) == [
        (str(first), "100"),
        (str(second), "20"),
    ]

    confirmed = admin.payment(paid, "confirm")
    assert (confirmed["DISPLAYSTATE"], confirmed["TRX_TOTALENTERED"]) == ("Confirmed", "120.00")
    assert money(admin, first) == ("Paid", "0.00", "100.00", "0.00")
    assert money(admin, second) == ("Partially Paid", "0.00", "20.00", "30.00")

    cleared = admin.payment(paid, "clear", date="2026-09-20")
    assert (cleared["CLEARED"], cleared["CLRDATE"]) == ("T", "2026-09-20")
    since = "<field>CLRDATE</field><value>09/20/2026</value>"
    filters = f"<greaterthanorequalto>{since}</greaterthanorequalto>"
    assert caller.query("APPYMT", "CLRDATE", filters=filters).column("CLRDATE") == ["09/20/2026"]

    assert admin.payment(paid, "unclear")["CLEARED"] == "F"
    assert caller.query("APPYMT", "CLRDATE", filters=filters).rows() == []
    admin.payment(paid, "clear")
    voided = admin.payment(paid, "void")
    assert (voided["DISPLAYSTATE"], voided["CLEARED"], voided["CLRDATE"]) == ("Voided", "F", "")
    assert money(admin, first) == ("Posted", "0.00", "0.00", "100.00")
    assert [e.kind for e in admin.events() if e.object == "APPYMT"] == [
        "payment-create", "payment-confirm", "payment-clear", "payment-unclear", "payment-clear",
        "payment-void",
    ]  # fmt: skip


def test_a_declined_payment_gives_its_bills_back(admin: AdminClient) -> None:
    bill = admin.create_bill("V-100", "100", currency="GBP", state="Posted").recordno
    payment = admin.create_payment([bill], state="Approved", method="ACH").recordno
    assert admin.bill(bill)["TOTALSELECTED"] == "125.00"
    assert admin.payment(payment, "decline")["RAWSTATE"] == "U"
    assert money(admin, bill) == ("Posted", "0", "0", "100")
    assert admin.bill(bill)["TOTALSELECTED"] == "0.00"


def test_clearing_leaves_the_stamp_alone_when_told_so(admin: AdminClient) -> None:
    bill = admin.create_bill("V-100", "1", state="Posted").recordno
    payment = admin.create_payment([bill]).recordno
    admin.payment(payment, "confirm")
    admin.forward(3600)
    cleared = admin.payment(payment, "clear", Options(stamp="keep"), value="M")
    assert (cleared["CLEARED"], cleared["CLRDATE"]) == ("M", "")
    assert cleared["WHENMODIFIED"] == "2026-09-21T14:13:20Z"


@pytest.mark.parametrize("operation", ["clear", "unclear", "void"])
def test_only_a_confirmed_payment_is_reconciled_or_voided(
    admin: AdminClient, operation: str
) -> None:
    bill = admin.create_bill("V-100", "1", state="Posted").recordno
    payment = admin.create_payment([bill]).recordno
    with pytest.raises(AdminError, match="409"):
        admin.payment(payment, operation)


def test_only_approved_bills_are_paid(admin: AdminClient) -> None:
    bill = admin.create_bill("V-100", "1", submit=True).recordno
    with pytest.raises(AdminError, match=f"409: bill {bill} is Submitted"):
        admin.create_payment([bill])
    assert admin.records("APPYMT") == []


# --------------------------------------------------------------------------------- other things
def test_any_record_can_be_made_edited_and_deleted(admin: AdminClient, caller: Caller) -> None:
    vendor = admin.create_vendor("V-900", "New & Co", BILLAPPROVERID="ann.approver")
    assert vendor["STATUS"] == "active"
    admin.edit_record("VENDOR", vendor.recordno, {"NAME": "Newer & Co", "BILLAPPROVERID": None})
    filters = "<equalto><field>VENDORID</field><value>V-900</value></equalto>"
    answer = caller.query("VENDOR", "NAME", "BILLAPPROVERID", filters=filters)
    assert answer.rows() == [{"NAME": "Newer & Co", "BILLAPPROVERID": ""}]
    admin.call("DELETE", f"records/VENDOR/{vendor.recordno}")
    assert caller.query("VENDOR", "NAME", filters=filters).rows() == []
    assert [record["CLASSID"] for record in admin.records("CLASS")] == ["C1", "C2"]
    assert [record["NAME"] for record in admin.records("CLASS", CLASSID="C2")] == ["Investments"]


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("POST", "bills", {"vendor": "V-100"}, 400),
        ("POST", "bills", {"vendor": "V-NONE", "amount": "1"}, 400),
        ("POST", "bills", {"vendor": "V-100", "amount": "lots"}, 400),
        ("POST", "bills", {"vendor": "V-100", "amount": "1", "surprise": 1}, 400),
        ("POST", "bills", {"vendor": "V-100", "amount": "1", "state": "Done"}, 400),
        ("POST", "bills", {"vendor": "V-100", "amount": "1", "due": "soon"}, 400),
        ("POST", "bills", {"vendor": "V-100", "amount": "1", "entity": "L110"}, 400),
        ("POST", "bills", {"vendor": "V-100", "amount": "1", "lines": "none"}, 400),
        ("POST", "bills", {"vendor": "V-100", "amount": "1", "fields": {"NOPE": "1"}}, 400),
        ("POST", "bills", {"vendor": "V-100", "amount": "1", "stamp": "later"}, 400),
        ("POST", "bills", {"vendor": "V-100", "amount": "1", "visible_after_seconds": -1}, 400),
        ("POST", "bills/1/explode", {}, 404),
        ("POST", "bills/one/approve", {}, 400),
        ("GET", "bills/99", {}, 404),
        ("DELETE", "bills/99", {}, 404),
        ("POST", "payments", {"bills": []}, 400),
        ("POST", "payments/1/explode", {}, 404),
        ("GET", "records/NOPE", {}, 404),
        ("POST", "records/VENDOR", {"fields": {"NAME": "no id"}}, 400),
        ("PATCH", "settings", {"nope": 1}, 400),
        ("PATCH", "settings", {"utc_offset": "later"}, 400),
        ("PATCH", "settings", {"active": "yes"}, 400),
        ("PATCH", "settings", {"per_company": -1}, 400),
        ("PATCH", "settings", {"denied": "APBILL"}, 400),
        ("PATCH", "settings", {"maintenance": [{"from": "2026-01-01"}]}, 400),
        ("POST", "faults", {"kind": "nope"}, 400),
        ("POST", "faults", {"kind": "reset", "count": "two"}, 400),
        ("POST", "faults", {"kind": "reset", "match": {"nope": "x"}}, 400),
        ("POST", "faults", {"kind": "slow", "delay_seconds": "long"}, 400),
        ("POST", "clock", {"forward_seconds": "long"}, 400),
        ("POST", "companies", {"company": "acme-sandbox"}, 400),
        ("POST", "users/nobody", {"status": "active"}, 404),
        ("POST", "users/ann.approver", {"status": "asleep"}, 400),
        ("GET", "tally", {"company": "nobody"}, 404),
        ("GET", "nothing", {}, 404),
        ("PUT", "bills", {}, None),
    ],
)
def test_admin_requests_that_make_no_sense_are_refused(
    admin: AdminClient, method: str, path: str, body: dict[str, object], status: int | None
) -> None:
    with pytest.raises((AdminError, ValueError)) as caught:
        admin.call(method, path, body)
    if status is not None:
        assert isinstance(caught.value, AdminError)
        assert caught.value.status == status
    assert admin.events() == []


def test_companies_are_separate_worlds(sim: IntacctSimulator, caller: Caller) -> None:
    beta = sim.admin.found_company("beta-sandbox", bills=3, seed=9)
    beta.settings(denied=["APPYMT"])
    beta.create_bill("V-100", "1")
    theirs = Caller(sim.gateway.handle)
    theirs.login(company="beta-sandbox")
    rest = "<options><showprivate>true</showprivate></options>"
    assert theirs.query("APBILL", rest=rest).data().attrib["totalcount"] == "4"
    assert caller.query("APBILL", rest=rest).data().attrib["totalcount"] == "0"
    assert theirs.query("APPYMT", "RECORDNO").errors() != []
    assert caller.query("APPYMT", "RECORDNO").errors() == []
    assert sim.admin.events() == []
    assert len(beta.events()) == 1
    assert beta.tally()["logins"] == sim.admin.tally()["logins"] == 1
    assert beta.kill_sessions() == 1
    assert caller.query("APBILL").errors() == []


def test_the_clock_can_be_set_moved_and_let_go(sim: IntacctSimulator, admin: AdminClient) -> None:
    admin.set_clock("2030-01-02T03:04:05Z")
    assert admin.now() == "2030-01-02T03:04:05Z"
    admin.forward(-5)
    assert admin.now() == "2030-01-02T03:04:00Z"
    admin.set_clock("2030-06-01T00:00:00Z", frozen=False)
    assert not sim.world.clock.frozen
    assert admin.now() >= "2030-06-01T00:00:00Z"
    admin.set_clock("2031-01-01T00:00:00Z", frozen=True)
    assert admin.now() == "2031-01-01T00:00:00Z"


def test_reset_goes_back_to_the_beginning(sim: IntacctSimulator, caller: Caller) -> None:
    admin = sim.admin
    admin.create_bill("V-100", "1")
    admin.settings(active=False)
    admin.fault("reset")
    admin.found_company("beta-sandbox")
    admin.forward(1000)
    admin.reset()
    assert admin.bills() == []
    assert admin.events() == []
    assert admin.sessions() == 0
    assert admin.settings()["active"] is True
    assert admin.call("GET", "faults")["faults"] == []
    assert admin.now() == "2026-09-21T14:13:20Z"
    companies = admin.call("GET", "companies")["companies"]
    assert companies == [{"company": "acme-sandbox", "bills": 0}]
    assert caller.query("APBILL").errors()[0][1].startswith("Invalid session")


def test_the_same_seed_makes_the_same_company() -> None:
    def bills(seed: int) -> list[dict[str, str | int]]:
        sim = IntacctSimulator(Recipe(bills=40, waiting=7, seed=seed), clock=SandboxClock(START))
        return [record.fields for record in sim.admin.bills()]

    first = bills(3)
    assert first == bills(3)
    assert first != bills(4)
    waiting = [row for row in first if row["STATE"] in {"Submitted", "Partially Approved"}]
    assert len(waiting) == 7
    assert all(str(row["WHENMODIFIED"]) < "2026-09-21T13:13:21Z" for row in first)
