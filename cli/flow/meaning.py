"""What a flow as a whole must not be: contradictory, without an end, or addressed to nobody."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from .check import Understood
from .compiling import Compiled
from .coverage import Reach, covered_by
from .problems import NOTHING, Findings, Path, Problem, meant, one_of
from .silence import complaints
from .values import ROLES

#: How often the steps of one rule may begin for one bill, repetitions included. Everything about a
#: case is read whole each time something is decided about it, and nobody reads more about one bill.
MOST_BEGINNINGS = 200

_SUBMITTED, _PARTLY = "bill.submitted", "bill.partially_approved"
#: What only lines, entities, descriptions and due dates say, which no payment has.
_OF_BILLS = frozenset(
    {
        "entity",
        "department",
        "location",
        "class",
        "project",
        "account",
        "due_within_days",
        "description",
    }
)


@dataclass(slots=True)
class Meaning:
    """The whole of a file: what it says, what it makes of it, and where complaints go.

    `matrix` is the path of the approval matrix, as it is to be named; empty where there is none.
    """

    understood: Understood
    rules: Sequence[Compiled]
    findings: Findings
    matrix: str = ""
    warnings: list[str] = field(default_factory=list)

    def check(self) -> None:
        """Look at everything."""
        self._check_companies()
        self._check_names()
        self._check_reach()
        self._check_order()
        self._check_silences()
        self._check_length()
        self._check_the_rest()
        self._check_confirmations()

    def check_people(self, known: Collection[str], where: str) -> None:
        """Whether everybody who is named is known; `where` says of what the ids are."""
        for path, who in named_in(self.findings.value(())):
            if who not in known and who not in ROLES:
                expected = f"the id of one of {where}{meant(who, known)}"
                self.findings.add(path, f"{who!r}, which nobody has", expected)
        for rule in self.rules:
            for level, who in enumerate(rule.body.get("levels", ()), start=1):
                if rule.row and who not in known:
                    expected = f"the id of one of {where}{meant(who, known)}"
                    self._add(rule, f"level {level}", f"{who!r}, which nobody has", expected)

    # ------------------------------------------------------------------------------ parts
    def _check_companies(self) -> None:
        keys = list(self.understood.companies)
        if not keys:
            return
        expected = f"{one_of(keys)}, a company of the flow"
        for path, key in companies_in(self.findings.value(())):
            if key not in keys:
                self.findings.add(path, repr(key), f"{expected}{meant(key, keys)}")
        for rule in self.rules:
            for key in rule.body.get("companies", ()) if rule.row else ():
                if key not in keys:
                    self._add(rule, "company", repr(key), f"{expected}{meant(key, keys)}")

    def _check_names(self) -> None:
        seen: dict[str, Compiled] = {}
        for rule in self.rules:
            name = rule.body["name"]
            if name in seen and not rule.row:
                self.findings.add(
                    (*rule.path, "name"), f"{name!r} again", "a name of its own for each rule"
                )
            seen.setdefault(name, rule)

    def _check_reach(self) -> None:
        """A step has to lead to somebody in every company its rule is for."""
        for rule in self.rules:
            keys = rule.body.get("companies") or list(self.understood.companies)
            for index, step in enumerate(rule.body["notify"]):
                channel, body = next(iter(step.items()))
                for key in keys:
                    missing = self._missing(rule.body, body["to"], key)
                    if not missing:
                        continue
                    at = f" in company {key}" if len(self.understood.companies) > 1 else ""
                    found = f"{body['to']}, who is nobody{at}"
                    if rule.row:
                        self._add(rule, "level 1", found, missing)
                    else:
                        self.findings.add(
                            (*rule.path, "notify", index, channel, "to"), found, missing
                        )
                    break

    def _missing(self, rule: Mapping[str, Any], to: str, key: str) -> str:
        """What has to be there for a step to reach somebody; empty where it is."""
        company = self.understood.companies.get(key)
        default = self.understood.default_approver or (company and company.default_approver)
        lead = self.understood.ap_lead or (company and company.ap_lead)
        named = rule.get("approver") or rule.get("levels")
        reached = {
            "approver": named or default,
            "manager": named or lead or default,
            "next_level": rule.get("levels") or lead or default,
            "ap_lead": lead,
            "default_approver": default,
        }
        wanted = {
            "approver": "an `approver` in the rule, or a default_approver",
            "manager": "an `approver` in the rule, an ap_lead or a default_approver",
            "next_level": "`levels` in the rule, an ap_lead or a default_approver",
            "ap_lead": "an ap_lead",
            "default_approver": "a default_approver",
        }
        return "" if reached.get(to, to) else wanted[to]

    def _check_order(self) -> None:
        """No rule may stand behind others that take all it could match."""
        before: list[Reach] = []
        whole: list[Compiled] = []
        for rule in self.rules:
            damaged = rule.path[:1] == ("rules",) and rule.path[-1] in self.understood.damaged
            if damaged:
                continue
            payments = all(event.startswith("payment.") for event in rule.body["on"])
            if payments and _OF_BILLS & rule.body.get("when", {}).keys():
                self._say(rule, "when", "what only bills have", "an amount or a vendor: of payments"
                          " nothing else is known, so the rule would never match")  # fmt: skip
            reach = rule.reach(self.understood.companies)
            covering = covered_by(reach, before) if reach.companies else None
            if covering is not None:
                said = " and ".join(f'"{whole[index].body["name"]}"' for index in covering)
                self._say(
                    rule,
                    "",
                    "a rule that can never match",
                    f"something that {said} before it {'leave' if len(covering) > 1 else 'leaves'}"
                    " over; move it up, or take it out",
                )
            before.append(reach)
            whole.append(rule)

    def _check_silences(self) -> None:
        """A rule on failing polls must not ask for what only bills have."""
        for rule in self.rules:
            for path, found, expected in complaints(rule.body):
                self.findings.add((*rule.path, *path), found, expected, at_key=True)

    def _check_length(self) -> None:
        """A rule must not tell of one bill without end."""
        for rule in self.rules:
            bodies = (next(iter(step.values())) for step in rule.body["notify"])
            times = sum(body.get("at_most") or 1 for body in bodies)
            if times > MOST_BEGINNINGS:
                expected = f"no more than {MOST_BEGINNINGS}: a smaller at_most, or fewer steps"
                self._say(rule, "notify", f"steps that begin {times} times in all", expected)

    def _check_the_rest(self) -> None:
        """Every company needs a rule for whatever no other rule takes."""
        if any(self._may_take_all(index) for index in self.understood.damaged):
            return
        for key in self.understood.companies:
            for event in (_SUBMITTED, _PARTLY):
                taken = any(
                    event in rule.body["on"]
                    and "when" not in rule.body
                    and key in (rule.body.get("companies") or [key])
                    for rule in self.rules
                )
                if taken:
                    continue
                where = f" of company {key}" if len(self.understood.companies) > 1 else ""
                if event == _SUBMITTED:
                    self.findings.add(
                        ("rules",),
                        f"no rule for every other bill{where}",
                        f"a last rule on {event} without `when`, or some bills would tell nobody",
                        at_key=True,
                    )
                else:
                    self.warnings.append(
                        f"no rule without `when` is on {event}: some bills{where} that wait for "
                        "their next level tell nobody"
                    )

    def _check_confirmations(self) -> None:
        """What waits for a confirmation wants something before it that can be confirmed."""
        for rule in self.rules:
            confirmed = rule.body["reply_confirms"]
            for number, step in enumerate(rule.body["notify"], start=1):
                body = next(iter(step.values()))
                waits = "confirmed" in (body.get("unless"), body.get("until"))
                confirmed = confirmed or body.get("confirm", False)
                if waits and not confirmed:
                    self.warnings.append(
                        f'rule "{rule.body["name"]}", step {number}: nothing before it can be '
                        "confirmed; use voice with confirm: true, or reply_confirms: true"
                    )

    def _may_take_all(self, index: int) -> bool:
        rule = self.findings.value(("rules", index))
        return not isinstance(rule, Mapping) or "when" not in rule

    # ------------------------------------------------------------------------------ saying
    def _say(self, rule: Compiled, part: str, found: str, expected: str) -> None:
        if rule.row:
            self._add(rule, part, found, expected)
        else:
            path = (*rule.path, part) if part else rule.path
            self.findings.add(path, found, expected, at_key=True)

    def _add(self, rule: Compiled, column: str, found: str, expected: str) -> None:
        problem = Problem(self.matrix, rule.row, column, found, expected)
        if problem not in self.findings.problems:
            self.findings.problems.append(problem)


def named_in(body: object) -> Iterator[tuple[Path, str]]:
    """Every place of a file that names a person or a role, however wrong the rest may be."""
    if not isinstance(body, Mapping):
        return
    for key in ("default_approver", "ap_lead"):
        yield from _texts(body.get(key), (key,))
    companies = body.get("companies")
    for key, company in companies.items() if isinstance(companies, Mapping) else ():
        parts = ("default_approver", "ap_lead")
        for part in parts if isinstance(company, Mapping) else ():
            yield from _texts(company.get(part), ("companies", str(key), part))
    rules = body.get("rules")
    for index, rule in enumerate(rules if isinstance(rules, list) else ()):
        if isinstance(rule, Mapping):
            yield from _named_in_rule(rule, ("rules", index))


def companies_in(body: object) -> Iterator[tuple[Path, str]]:
    """Every place where a rule names a company."""
    rules = body.get("rules") if isinstance(body, Mapping) else None
    for index, rule in enumerate(rules if isinstance(rules, list) else ()):
        if isinstance(rule, Mapping):
            written = rule.get("companies")
            for number, key in enumerate(written if isinstance(written, list) else [written]):
                if isinstance(key, str | int) and not isinstance(key, bool):
                    yield ("rules", index, "companies", number), str(key)


def _named_in_rule(rule: Mapping[str, Any], path: Path) -> Iterator[tuple[Path, str]]:
    yield from _texts(rule.get("approver"), (*path, "approver"))
    yield from _texts(rule.get("levels"), (*path, "levels"))
    steps = rule.get("notify")
    for index, step in enumerate(steps if isinstance(steps, list) else ()):
        for channel, body in step.items() if isinstance(step, Mapping) else ():
            if isinstance(body, Mapping):
                yield from _texts(body.get("to"), (*path, "notify", index, str(channel), "to"))


def _texts(value: object, path: Path) -> Iterator[tuple[Path, str]]:
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, list):
        for index, each in enumerate(value):
            yield from _texts(each, (*path, index))


def nothing_said(body: object) -> bool:
    """Whether a file has neither rules nor a matrix."""
    return isinstance(body, Mapping) and "rules" not in body and "matrix" not in body


NO_RULES = (NOTHING, "rules, or a matrix and rules for what it leaves out")
