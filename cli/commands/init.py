"""`ml-connector init`: the flow and the approvers to begin with, from a few questions."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Annotated

import typer
from pydantic import TypeAdapter, ValidationError

from cli.console.asking import ask
from cli.console.failures import Misused
from cli.console.options import AsJson
from cli.console.terminal import Printer
from cli.console.writing import write_private
from cli.files.flow_file import read_flow
from cli.files.people_cells import BadCell, a_name, a_phone
from cli.files.people_file import parse_people, read_people
from cli.flow.starter import Answers, Newcomer, approvers_text, flow_text, id_for
from cli.flow.values import Currency, Text, Zone, amount_text

FLOW, APPROVERS = "flow.yaml", "approvers.csv"

Check = Callable[[str], str]


def init(
    output: Annotated[
        Path, typer.Option(help="Folder for flow.yaml and approvers.csv.", file_okay=False)
    ] = Path(),
    company: Annotated[
        str,
        typer.Option(help="Company key, as in the Intacct secret.", show_default=False),
    ] = "",
    name: Annotated[
        str, typer.Option(help="Company name at the head of texts.", show_default=False)
    ] = "",
    zone: Annotated[
        str, typer.Option(help="The company's IANA time zone.", show_default=False)
    ] = "",
    approver: Annotated[
        list[str] | None,
        typer.Option(
            help="NAME=PHONE, as 'Ann Approver=+15550100001'; no phone if none is known. Several "
            "times for several: the first is told by default, the last leads AP.",
            show_default=False,
        ),
    ] = None,
    call_above: Annotated[
        str,
        typer.Option(
            help="Amount from which on people are called; none for nobody.", show_default=False
        ),
    ] = "",
    currency: Annotated[
        str, typer.Option(help="Currency of that amount, such as USD.", show_default=False)
    ] = "",
    force: Annotated[bool, typer.Option("--force", help="Write over files that exist.")] = False,
    as_json: AsJson = False,
) -> None:
    """Ask a few questions and write flow.yaml and approvers.csv to begin with. Needs no AWS.

    Options answer in place of questions. What is there already stays, unless --force is given.
    """
    printer = Printer(as_json=as_json)
    flow, people = output / FLOW, output / APPROVERS
    there = [str(path) for path in (flow, people) if path.exists()]
    if there and not force:
        raise Misused(f"{' and '.join(there)}: there already; take another --output, or --force")
    key = _answer("Company key, as in the Intacct secret", company, "--company", _text, "acme")
    called = _answer("Company name at the head of texts", name, "--name", _text, key)
    where = _answer("Time zone", zone, "--zone", _zone, "America/Chicago")
    newcomers = list(_given(approver) if approver else _asked())
    above = _answer(
        "Call from which amount on (none: nobody)", call_above, "--call-above", _above, "10000"
    )
    money = ""
    if above:
        money = _answer("Currency of that amount", currency, "--currency", _currency, "USD")
    answers = Answers(key, called, where, newcomers, above, money)
    rows = approvers_text(answers)
    _, findings = parse_people(rows)
    if findings:
        said = [f"{each.column}: expected {each.expected}" for each in findings]
        raise Misused("the approvers cannot be written like this; nothing was", said)
    output.mkdir(parents=True, exist_ok=True)
    write_private(people, rows)
    flow.write_text(flow_text(answers), encoding="utf-8")
    # What was written is read as the commands that take it do.
    read = read_flow(flow, [row.id for row in read_people(people)], str(people))
    without = [one.id for one in newcomers if not one.phone]
    document = {
        "ok": True,
        "files": [str(flow), str(people)],
        "approvers": [one.id for one in newcomers],
        "without_phone": without,
        "sentences": read.sentences,
    }
    printer.result(document, *read.sentences, f"Written: {flow}, {people}", *_next(flow, people))
    if without:
        printer.note(f"warning: without a phone nobody is told: {', '.join(without)}")


def _next(flow: Path, people: Path) -> list[str]:
    return [
        "Next: ml-connector secrets set intacct, ml-connector secrets set twilio,",
        f"ml-connector approvers import {people}, ml-connector flow push {flow}",
    ]


# ---------------------------------------------------------------------------------- answers
def _answer(question: str, given: str, option: str, check: Check, default: str) -> str:
    """An option's value, or an answer; the question is asked again until one can be taken."""
    if given:
        try:
            return check(given)
        except ValueError as error:
            raise Misused(f"{option} {given!r}: expected {_expected(error)}") from error
    return _until_fine(question, check, default)


def _until_fine(question: str, check: Check, default: str | None) -> str:
    again = question
    while True:
        try:
            return check(ask(again, default))
        except ValueError as error:
            again = f"{question}: expected {_expected(error)}"


def _expected(error: ValueError) -> str:
    if isinstance(error, ValidationError):
        return str(error.errors(include_url=False)[0]["ctx"]["expected"])
    return str(error)


def _adapted(kind: object) -> Check:
    adapter: TypeAdapter[str] = TypeAdapter(kind)
    return adapter.validate_python


_text, _zone, _currency = _adapted(Text), _adapted(Zone), _adapted(Currency)


def _above(answer: str) -> str:
    """The amount; empty for `none`."""
    return "" if answer.lower() == "none" else amount_text(answer)


def _given(options: list[str]) -> Iterator[Newcomer]:
    taken: list[str] = []
    for option in options:
        name, _, phone = (part.strip() for part in option.partition("="))
        try:
            made = Newcomer(id_for(name, taken), a_name(name), a_phone(phone))
        except BadCell as bad:
            raise Misused(f"--approver {option!r}: expected {bad}") from bad
        taken.append(made.id)
        yield made


def _asked() -> Iterator[Newcomer]:
    """People one after another, until a name is left empty."""
    taken: list[str] = []
    while True:
        if taken:
            name = _until_fine("Next approver's name (empty: no more)", _name_or_none, "")
        else:
            name = _until_fine("First approver's name", a_name, None)
        if not name:
            return
        phone = _until_fine(f"Phone of {name}, as +15550100001 (empty: not known)", a_phone, "")
        made = Newcomer(id_for(name, taken), name, phone)
        taken.append(made.id)
        yield made


def _name_or_none(answer: str) -> str:
    return a_name(answer) if answer else ""
