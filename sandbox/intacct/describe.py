"""lookup, inspect, readUserFormatting and getAuditTrail: functions that describe."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from xml.sax.saxutils import escape, quoteattr

from .catalog import OBJECTS
from .clock import iso
from .columns import allowed, object_kind
from .commands import AuditTrail, Describe, Formatting
from .company import Company
from .errors import Fault, FunctionError
from .fields import Field, ObjectType
from .query import Page
from .replies import data
from .settings import offset_text


def run_describe(company: Company, describe: Describe) -> Page:
    """Fields of an object, or all objects; needs no permission on the object."""
    if not describe.lookup and describe.object == "*":
        listed = "".join(
            f"<type typename={quoteattr(kind.name.lower())}>{escape(kind.label)}</type>"
            for kind in OBJECTS.values()
        )
        return Page(data(listed, listtype="All", count=len(OBJECTS)), len(OBJECTS))
    kind = object_kind(describe.object)
    fields = [
        field
        for field in kind.fields.values()
        if f"{kind.name}.{field.name}" not in company.settings.absent
    ]
    if describe.lookup:
        body = (
            f'<Type Name={quoteattr(kind.name)} DocumentType="">'
            f"<Fields>{''.join(map(_lookup_field, fields))}</Fields>{_relations(kind)}</Type>"
        )
    else:
        listed = "".join(map(_inspect_field if describe.detail else _bare_field, fields))
        body = f"<Type Name={quoteattr(kind.name)}><Fields>{listed}</Fields></Type>"
    return Page(data(body, listtype="All", count=1), 1)


def _yes(value: bool) -> str:
    return "true" if value else "false"


def _leaf(name: str, value: str) -> str:
    return f"<{name}>{escape(value)}</{name}>"


def _lookup_field(field: Field) -> str:
    values = "".join(_leaf("VALIDVALUE", value) for value in field.valid)
    return "".join(
        (
            "<Field>",
            _leaf("ID", field.name),
            _leaf("LABEL", field.label),
            _leaf("DESCRIPTION", field.label),
            _leaf("REQUIRED", _yes(field.required)),
            _leaf("READONLY", _yes(field.readonly)),
            _leaf("DATATYPE", field.kind),
            f"<VALIDVALUES>{values}</VALIDVALUES>" if values else "",
            _leaf("ISCUSTOM", "false"),
            "</Field>",
        )
    )


def _relations(kind: ObjectType) -> str:
    listed = "".join(
        "".join(
            (
                "<Relationship>",
                _leaf("OBJECTPATH", relation.path),
                _leaf("OBJECTNAME", relation.target),
                _leaf("LABEL", OBJECTS[relation.target].label),
                _leaf("RELATIONSHIPTYPE", relation.kind),
                _leaf("RELATEDBY", relation.by),
                "</Relationship>",
            )
        )
        for relation in kind.relations.values()
    )
    return f"<Relationships>{listed}</Relationships>"


def _bare_field(field: Field) -> str:
    return _leaf("Field", field.name)


def _inspect_field(field: Field) -> str:
    return "".join(
        (
            "<Field>",
            _leaf("Name", field.name),
            _leaf("DisplayLabel", field.label),
            _leaf("externalDataName", field.kind.lower()),
            _leaf("isRequired", _yes(field.required)),
            _leaf("isReadOnly", _yes(field.readonly)),
            "</Field>",
        )
    )


def run_formatting(company: Company, asked: Formatting) -> Page:
    """The date, time and zone preferences of one user. Raises FunctionError."""
    table = company.tables["USERINFO"]
    if asked.key:
        row = table.rows.get(int(asked.key)) if asked.key.isdigit() else None
    else:
        row = table.one("LOGINID", asked.user)
    if row is None:
        raise FunctionError(Fault("BL01001973", f"User {asked.key or asked.user} does not exist"))
    settings = company.settings
    body = "".join(
        (
            "<userformatting>",
            _leaf("recordno", str(row[OBJECTS["USERINFO"].position("RECORDNO")])),
            _leaf("locale", settings.locale),
            _leaf("dateformat", settings.date_format),
            _leaf("gmtoffset", settings.formatting_offset or offset_text(settings.utc_offset)),
            _leaf("clock", settings.clock),
            "</userformatting>",
        )
    )
    return Page(data(body, listtype="userformatting", count=1), 1)


def run_audit_trail(company: Company, asked: AuditTrail) -> Page:
    """Who did what to one record, in ISO times at +00:00. Raises FunctionError."""
    object_kind(asked.object)
    allowed(company, "READ", "AUDITHISTORY")
    kind = OBJECTS["AUDITHISTORY"]
    found = [
        dict(zip(kind.fields, row, strict=True))
        for key in dict.fromkeys((asked.key, f"{asked.key}{company.settings.audit_key_suffix}"))
        for row in company.tables["AUDITHISTORY"].find("OBJECTKEY", key)
        if row[kind.position("OBJECTTYPE")] == asked.object.lower()
    ]
    body = "".join(_trail(entry) for entry in found)
    return Page(data(body, listtype="auditTrailDetail", count=len(found)), len(found))


def _trail(entry: Mapping[str, object]) -> str:
    seconds = entry["ACCESSTIME"]
    moment = iso(seconds) if isinstance(seconds, int) else ""
    leaves: Iterable[tuple[str, str]] = (
        ("userId", str(entry["USERID"] or "")),
        ("object", str(entry["OBJECTTYPE"])),
        ("objectKey", str(entry["OBJECTKEY"])),
        ("accessTime", moment.replace("Z", "+00:00")),
        ("accessMode", str(entry["ACCESSMODE"]).lower()),
        ("workflowAction", str(entry["WORKFLOWACTION"] or "")),
        ("webServer", "sandbox"),
        ("trackingId", str(entry["ID"])),
        ("ipAddress", str(entry["IPADDRESS"])),
        ("source", str(entry["SOURCE"])),
    )
    return f"<auditTrailDetail>{''.join(_leaf(*leaf) for leaf in leaves)}</auditTrailDetail>"
