"""A file's content against the language: every complaint of pydantic with its place and words.

What can be understood in spite of complaints is kept, so that whatever else is wrong is found in
the same run.
"""

from __future__ import annotations

import copy
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from pydantic import BaseModel, TypeAdapter, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from .days_off import BY_KEYS, BY_LIST
from .language import CompanyIs, FlowIs, RuleIs
from .problems import NOTHING, Findings, Path, meant, one_of, shown
from .values import EVENTS

M = TypeVar("M", bound=BaseModel)

#: Complaints of pydantic about what kind of thing stands there, as what should.
_EXPECTED = {
    "bool_type": "true or false",
    "dict_type": "keys with values below them",
    "int_type": "a whole number",
    "list_type": "a list",
    "model_type": "keys with values below them",
    "model_attributes_type": "keys with values below them",
    "string_type": "a text",
}


@dataclass(slots=True)
class Understood:
    """What a file says as far as it could be understood; places are those of the file.

    `damaged` are the indexes of rules that say something else than what they seem to.
    """

    companies: dict[str, CompanyIs] = field(default_factory=dict)
    rules: list[tuple[int, RuleIs]] = field(default_factory=list)
    damaged: set[int] = field(default_factory=set)
    default_approver: str | None = None
    ap_lead: str | None = None
    matrix: str | None = None


def understand(body: object, findings: Findings) -> Understood:
    """Check the content of a file, add what is wrong to the findings, return the rest."""
    if not isinstance(body, Mapping):
        findings.add((), shown(body), "a flow: schema, companies, rules and the like")
        return Understood()
    for path in _nothings(body, ()):
        findings.add(path, NOTHING, "a value here, or no such key")
    try:
        FlowIs.model_validate(body)
    except ValidationError as error:
        for each in error.errors(include_url=False):
            _complain(each, findings)
        if not findings.problems:
            findings.add((), "something else", "a flow in the language of flow.example.yaml")
    return _recovered(body)


def with_text_keys(value: object) -> object:
    """The same with every key as text: a company may be called 100."""
    if isinstance(value, Mapping):
        return {_key(key): with_text_keys(part) for key, part in value.items()}
    return [with_text_keys(part) for part in value] if isinstance(value, list) else value


def _key(key: object) -> str:
    return str(key).lower() if isinstance(key, bool) else str(key)


def _nothings(value: object, path: Path) -> Iterable[Path]:
    """Keys without a value. `when:` with nothing below it would match everything."""
    if value is None:
        yield path
    elif isinstance(value, Mapping):
        for key, part in value.items():
            yield from _nothings(part, (*path, str(key)))
    elif isinstance(value, list):
        for index, part in enumerate(value):
            yield from _nothings(part, (*path, index))


# ------------------------------------------------------------------------------- complaints
def _complain(error: ErrorDetails, findings: Findings) -> None:
    path = _path(error)
    kind = error["type"]
    if path[-1:] == ("[key]",):
        findings.add(path[:-1], f"the key {path[-2]!r}", _expected(error), at_key=True)
        return
    if findings.value(path) is None and kind not in {"missing", "extra_forbidden"}:
        return  # a key without a value, which was complained of
    if kind == "extra_forbidden":
        known = list(_keys_at(path[:-1]))
        key = str(path[-1])
        wanted = f"{one_of(known)}{meant(key, known)}" if known else "nothing there"
        findings.add(path, f"the unknown key {key!r}", wanted, at_key=True)
    elif kind == "missing":
        findings.add(path[:-1], NOTHING, _missing(path), at_key=True)
    else:
        value = error["input"] if _is_plain(error["input"]) else findings.value(path)
        findings.add(path, shown(value), _expected(error))


def _path(error: ErrorDetails) -> Path:
    """Where it stands in the file, without what tells one form of a value from another."""
    return tuple(part for part in error["loc"] if part not in (BY_LIST, BY_KEYS))


def _is_plain(value: object) -> bool:
    return value is None or isinstance(value, str | int | bool | list | Mapping)


def _expected(error: ErrorDetails) -> str:
    context = error.get("ctx", {})
    if error["type"] == "unfit":
        return str(context["expected"])
    if error["type"] == "literal_error":
        return str(context["expected"])
    if error["type"] in _EXPECTED:
        return _EXPECTED[error["type"]]
    bounds = {
        "greater_than_equal": f"at least {context.get('ge')}",
        "less_than_equal": f"at most {context.get('le')}",
        "too_short": f"at least {context.get('min_length')} in it",
        "too_long": f"at most {context.get('max_length')} in it",
    }
    return bounds.get(error["type"], error["msg"])


def _missing(path: Path) -> str:
    name = str(path[-1])
    found = _field(path)
    said = found.description if found else None
    return f"{name!r}: {said}" if said else repr(name)


def _field(path: Path) -> FieldInfo | None:
    model = _model_at(path[:-1])
    return _by_alias(model).get(str(path[-1])) if model else None


def _keys_at(path: Path) -> Iterable[str]:
    model = _model_at(path)
    return _by_alias(model) if model else ()


def _by_alias(model: type[BaseModel]) -> dict[str, FieldInfo]:
    return {field.alias or name: field for name, field in model.model_fields.items()}


def _model_at(path: Path) -> type[BaseModel] | None:
    """The model that what stands at a path has to fit."""
    model: type[BaseModel] | None = FlowIs
    for part in path:
        if isinstance(part, int):
            continue
        if model is FlowIs and part == "companies":
            model = None
            continue
        if model is None:  # the key of a company
            model = CompanyIs
            continue
        found = _by_alias(model).get(part)
        model = _model_of(found.annotation) if found else None
        if model is None:
            return None
    return model


def _model_of(annotation: Any) -> type[BaseModel] | None:  # noqa: ANN401 - any type at all
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    for part in getattr(annotation, "__args__", ()):
        if found := _model_of(part):
            return found
    return None


# --------------------------------------------------------------------------------- recovery
_PERSON = {
    name: TypeAdapter(FlowIs.model_fields[name].rebuild_annotation())
    for name in ("default_approver", "ap_lead", "matrix")
}


def _recovered(body: Mapping[str, Any]) -> Understood:
    understood = Understood()
    companies = body.get("companies")
    for key, value in companies.items() if isinstance(companies, Mapping) else ():
        company, _ = _as_far_as_possible(CompanyIs, value)
        # Whatever is wrong with a company, it is there, and rules may name it.
        understood.companies[key] = company or _placeholder(value)
    rules = body.get("rules")
    for index, value in enumerate(rules if isinstance(rules, list) else ()):
        rule, whole = _as_far_as_possible(RuleIs, value)
        if rule is None and isinstance(value, Mapping):
            # Whatever events it is for, its steps and people can be looked at.
            rule, _ = _as_far_as_possible(RuleIs, {**value, "on": [EVENTS[0]]})
        if rule:
            understood.rules.append((index, rule))
        if not whole:
            understood.damaged.add(index)
    for name, adapter in _PERSON.items():
        try:
            setattr(understood, name, adapter.validate_python(body.get(name)))
        except ValidationError:
            continue
    return understood


def _as_far_as_possible(model: type[M], value: object) -> tuple[M | None, bool]:
    """The value as the model, without what is wrong in it; and whether nothing was."""
    pruned = copy.deepcopy(value)
    for attempt in range(_ATTEMPTS):
        try:
            return model.model_validate(pruned), attempt == 0
        except ValidationError as error:
            for each in error.errors(include_url=False):
                path = _path(each)
                # What lacks something is of no use either, once nothing else is wrong with it.
                _prune(pruned, path[:-1] if each["type"] == "missing" and attempt else path)
            pruned = _swept(pruned)
    return None, False


def _placeholder(value: object) -> CompanyIs:
    people = ("default_approver", "ap_lead")
    given = {who: value.get(who) for who in people} if isinstance(value, Mapping) else {}
    return CompanyIs.model_construct(name="", zone="", calendar=None, **given)


_GONE = object()
#: How often what is wrong is taken away before a part is given up.
_ATTEMPTS = 4


def _prune(value: Any, path: Path) -> None:  # noqa: ANN401 - whatever a file holds
    """Take away what stands at a path.

    Entries of lists stay as marks at first, for indexes would move. Of steps all are taken away or
    none, for each has its number.
    """
    for number, part in enumerate(path):
        last = number == len(path) - 1
        if isinstance(value, dict) and part in value:
            scalar = not isinstance(value[part], dict | list)
            if last or scalar or (part == "notify" and number == len(path) - 2):
                del value[part]
                return
        elif isinstance(value, list) and isinstance(part, int) and part < len(value):
            if last:
                value[part] = _GONE
                return
        else:
            return
        value = value[part]


def _swept(value: Any) -> Any:  # noqa: ANN401 - whatever a file holds
    """The same without the marks."""
    if isinstance(value, dict):
        return {key: _swept(part) for key, part in value.items()}
    if isinstance(value, list):
        return [_swept(part) for part in value if part is not _GONE]
    return value
