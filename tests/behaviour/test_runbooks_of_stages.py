"""Runbooks of a stage's life: upgraded and taken back, beside another one, removed.

As in their sisters the commands are those of the pages. The newer version is this one with another
word in the log of each function.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from botocore.exceptions import ClientError

from ml_connector.store.models import CaseItem
from tests.support.runbook_site import Site, runbook_site
from tests.support.second_stage import SecondStage

pytestmark = pytest.mark.deployed

_SPOKEN = {"poll": "polled", "send": "message_done", "status-check": "status_checked"}
_NEWER = tuple(
    (f"functions/{name.replace('-', '_')}/app.py", f'event("{word}"', f'event("newly_{word}"')
    for name, word in _SPOKEN.items()
)
_FLOW = """\
schema: 1
companies: {acme: {name: Acme AP, zone: America/Chicago}}
default_approver: eli
rules:
  - name: everything
    on: bill.submitted
    approver: eli
    notify: [{sms: {to: approver}}]
"""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with runbook_site(tmp_path_factory.mktemp("shell")) as started:
        yield started


def _newest_speak(site: Site, *, newly: bool) -> bool:
    """Whether what each function said last is in the words of that version."""
    for name, word in _SPOKEN.items():
        function = f"{name.title().replace('-', '')}Function"
        said = [line for line in site.world.stack.log(function) if f'{word}"' in line]
        if not said or (f'"newly_{word}"' in said[-1]) is not newly:
            return False
    return True


def _version(said: str) -> str:
    """Which version an alias names. One that is being moved would name two."""
    alias = json.loads(said)
    assert not alias.get("RoutingConfig")
    return str(alias["FunctionVersion"])


def test_upgrade_and_take_it_back(site: Site) -> None:
    page = site.page("upgrade")
    page.at_hand = _NEWER
    (site.folder / "flow.yaml").write_text(_FLOW, encoding="utf-8")
    said = page.run("flow validate")
    assert page.status == 0, said
    older = _version(page.run("get-alias"))
    under_way = site.submit("12500.00")
    page.run("sam build")
    newer = _version(page.run("get-alias"))
    assert newer != older
    page.run("Rollout=immediate")
    assert site.world.stack.parameters["LogRetentionDays"] == "365"
    said = page.run("voice deploy", answers="y\n", **{"YOUR-ID": "dee"})
    assert page.status == 0, said
    assert "0 failed" in said, said
    assert "dee: delivered" in said, said
    site.await_told_once(under_way, site.submit("3000.00"))
    site.until(lambda: _newest_speak(site, newly=True), "the newer version")

    versions = page.shell(
        "aws lambda list-versions-by-function --function-name ml-connector-prod-poll"
        " --query 'Versions[].Version' --output text"
    )
    assert {older, newer} <= set(versions.split())
    for function in _SPOKEN:
        words = {"local-poll": f"local-{function}", "version N": f"version {older}"}
        assert _version(page.run("update-alias", **words)) == older
    site.await_told_once(site.submit("1100.00"))
    site.until(lambda: _newest_speak(site, newly=False), "the older version")

    page.at_hand = ()
    page.run("sam build")
    assert _version(page.run("get-alias")) != newer
    site.await_told_once(site.submit("6000.00"))
    site.until(lambda: _newest_speak(site, newly=False), "the older version")
    assert not page.left()


def test_two_stages_in_one_account_and_one_of_them_removed(site: Site, tmp_path: Path) -> None:
    with (
        SecondStage("second", site.world, {"DeletionProtection": "true"}) as second,
        closing(Site(second, tmp_path)) as there,
    ):
        second.await_first_poll(within=180.0)
        _nothing_is_shared(site, there)
        _each_tells_its_own(site, there)
        second.rebind()
        _removed(there)
    site.world.rebind()
    site.await_told_once(site.submit("350.00"))
    site.verified()


def _nothing_is_shared(site: Site, there: Site) -> None:
    here = site.world.stack
    assert set(here.physical).issuperset({"AlertsQueue", "AlertsTable", "TwilioSecret"})
    assert not set(here.physical.values()) & set(there.world.stack.physical.values())
    outputs = there.world.stack.outputs
    assert set(outputs) == set(here.outputs)
    assert not set(outputs.values()) & set(here.outputs.values())


def _each_tells_its_own(site: Site, there: Site) -> None:
    for one, other in ((site, there), (there, site)):
        other.world.rebind()
        before = _known(other)
        one.world.rebind()
        one.await_told_once(one.submit("12000.00"))
        other.world.rebind()
        assert _known(other) == before


def _known(site: Site) -> tuple[int, int]:
    """Cases of bills, and texts, of a stage, whose tables are bound. Mondays it has a summary."""
    cases = list(CaseItem.scan(CaseItem.document.startswith("bill#")))
    return len(cases), len(site.world.twilio.accepted())


def _removed(there: Site) -> None:
    page, stack = there.page("remove"), there.world.stack
    tables = {
        stack.physical[f"{name}Table"]
        for name in ("Documents", "Alerts", "Flows", "Approvers", "Audit")
    }
    key, bucket = stack.physical["DataKey"], stack.physical["RootsBucket"]
    said = page.run("alerts show")
    assert page.status == 0, said
    said = page.run("audit export")
    assert page.status == 0, said
    assert "broken=0" in said
    assert len((there.folder / "audit.csv").read_text(encoding="utf-8").splitlines()) > 1
    assert _deployed(there) > {"lambda", "scheduler", "secretsmanager", "sqs"}

    # The schedules are deleted with the stack; what runs them here is a thread of this process.
    there.world.schedules.stop()
    said = page.run("sam delete", answers="y\n")
    assert "DELETE_COMPLETE" in said, said
    rows = [line.split("\t") for line in said.splitlines() if line.startswith("AWS::")]
    kept = {name: {one for kind, one in rows if kind == name} for name, _ in rows}
    assert kept.pop("AWS::Lambda::Version")
    assert kept == {
        "AWS::DynamoDB::Table": tables,
        "AWS::KMS::Key": {key},
        "AWS::S3::Bucket": {bucket},
    }
    assert _deployed(there) == {"dynamodb", "s3"}

    dynamodb = there.world.aws.client("dynamodb")
    protected = {stack.physical["AlertsTable"], stack.physical["AuditTable"]}
    for table in protected:
        with pytest.raises(ClientError, match="protection"):
            dynamodb.delete_table(TableName=table)
        said = page.run("delete-table", TABLE=table)
        assert page.status == 0, said
    assert {one for one in dynamodb.list_tables()["TableNames"] if one in tables} == (
        tables - protected
    )
    page.run("schedule-key-deletion", KEY=key)
    described = there.world.aws.client("kms").describe_key(KeyId=key)
    assert described["KeyMetadata"]["KeyState"] == "PendingDeletion"
    assert not page.left()


def _deployed(site: Site) -> set[str]:
    """The services that have anything of this stage. Logs may come once more after the end."""
    name, found = site.world.stack.name, set()
    lists = {
        "dynamodb": "list_tables",
        "cloudwatch": "describe_alarms",
        "kms": "list_aliases",
        "lambda": "list_functions",
        "s3": "list_buckets",
        "scheduler": "list_schedules",
        "secretsmanager": "list_secrets",  # pragma: allowlist secret
        "sns": "list_topics",
        "sqs": "list_queues",
    }
    for service, operation in lists.items():
        said = json.dumps(getattr(site.world.aws.client(service), operation)(), default=str)
        if name in said or name.replace("connector-", "connector/") in said:
            found.add(service)
    return found
