"""The `ml-connector` command: its groups, and how it ends.

Every command ends with 0, with 1 where it failed, with 2 where it was called wrongly, and with 130
after Ctrl-C; never with a traceback. What is not there, whether a bill, a case, a person, a
version, a company or a file, is a failure; a word that could name nothing is a wrong call.
"""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

import typer
from typer.core import TyperGroup

from cli.commands import (
    alerts,
    approvers,
    approvers_forget,
    audit,
    audit_reconcile,
    audit_report,
    away,
    fit,
    flow,
    flow_changes,
    golive,
    gone,
    init,
    ping,
    redrive,
    restore,
    secrets,
    sending,
    status,
    trying,
    verifying,
    voice,
)
from cli.console.failures import (
    FAILED,
    INTERRUPTED,
    OUTPUT,
    TRACEBACK_VARIABLE,
    Explanation,
    Interrupted,
    Misused,
    explained,
)
from cli.console.options import ON_CALL, PEOPLE, RULES, SET_UP
from cli.console.terminal import complain, print_json

NAME = "ml-connector"
ORDER = (
    *("init", "fit", "secrets", "voice", "ping", "go-live"),
    *("flow", "approvers", "test-send"),
    *("status", "alerts", "redrive", "restore"),
    "audit",
)


class _Root(TyperGroup):
    """The group of all commands: runs one, and turns whatever it raises into one line."""

    def main(
        self,
        args: Sequence[str] | None = None,
        prog_name: str | None = None,
        complete_var: str | None = None,
        standalone_mode: bool = True,
        windows_expand_args: bool = True,
        **extra: Any,  # noqa: ANN401 - as the group's own
    ) -> Any:  # noqa: ANN401 - as the group's own
        """Run a command. `standalone_mode` is as ever: whether to end the process."""
        words = list(sys.argv[1:] if args is None else args)
        del prog_name  # help and errors name what people type, however it was started
        status = self._status(words, complete_var, windows_expand_args, extra)
        if standalone_mode:
            sys.exit(status)
        return status

    def list_commands(self, ctx: typer.Context) -> list[str]:  # type: ignore[override]
        """In the order --help shows them, so that its headings come in a sensible one."""
        return sorted(super().list_commands(ctx), key=ORDER.index)

    def _status(
        self,
        words: list[str],
        complete_var: str | None,
        windows_expand_args: bool,
        extra: dict[str, Any],
    ) -> int:
        run, as_json = super().main, "--json" in words
        try:
            ended = run(words, NAME, complete_var, False, windows_expand_args, **extra)
            sys.stdout.flush()  # what cannot be written is said now, and not by Python at its end
        except (KeyboardInterrupt, typer.Abort):
            ended = INTERRUPTED
        except SystemExit as error:  # a reader of our output went away
            ended = error.code if isinstance(error.code, int) else FAILED
        except BrokenPipeError:  # the same, with what was left in the buffer
            _close_output()
            ended = FAILED
        except Exception as error:  # noqa: BLE001 - the last place there is; nothing is swallowed
            return _fail(error, as_json=as_json)
        if ended == INTERRUPTED:
            return _fail(Interrupted("interrupted"), as_json=as_json)
        return ended if isinstance(ended, int) else 0


def _fail(error: Exception, *, as_json: bool) -> int:
    why = explained(error)
    if why.code == OUTPUT:
        _close_output()
        as_json = False
    if why.code == "unexpected" and os.environ.get(TRACEBACK_VARIABLE):
        traceback.print_exception(error)
    complain(why.line, why.details)
    if as_json:
        print_json(_document(why))
    return why.status


def _close_output() -> None:
    """Let Python find nothing to complain of when it writes what is left in the buffer."""
    with suppress(OSError, ValueError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)


def _document(why: Explanation) -> dict[str, Any]:
    said = {"code": why.code, "message": why.line, "details": list(why.details)}
    return {"ok": False, "error": said}


def _group(heading: str, text: str) -> typer.Typer:
    made = typer.Typer(help=text, rich_help_panel=heading)

    @made.callback(invoke_without_command=True)
    def _(context: typer.Context) -> None:
        if context.invoked_subcommand is None:
            raise Misused(f"{context.command_path} what? See {context.command_path} --help")

    return made


app = typer.Typer(
    cls=_Root,
    help="Sage Intacct bills as texts to the people who approve them: set up, change, look after.",
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@app.callback(invoke_without_command=True)
def _root(context: typer.Context) -> None:
    if context.invoked_subcommand is None:
        sys.stdout.write(f"{context.get_help()}\n")


app.command("init", rich_help_panel=SET_UP)(init.init)
app.command("ping", rich_help_panel=SET_UP)(ping.ping)
app.command("fit", rich_help_panel=SET_UP)(fit.fit)
app.command("go-live", rich_help_panel=SET_UP)(golive.go_live)

_secrets = _group(SET_UP, "Store credentials in Secrets Manager; they are never shown.")
_secrets.command("set")(secrets.set_secret)
app.add_typer(_secrets, name="secrets", rich_help_panel=SET_UP)

_voice = _group(SET_UP, "Calls that ask for a key: publish their flow at Twilio.")
_voice.command("deploy")(voice.deploy)
app.add_typer(_voice, name="voice", rich_help_panel=SET_UP)

_flow = _group(RULES, "Who is told what: check and publish the rules.")
_flow.command("validate")(flow.validate)
_flow.command("explain")(flow.explain)
_flow.command("push")(flow_changes.push)
_flow.command("history")(flow.history)
_flow.command("rollback")(flow_changes.rollback)
_flow.command("test")(trying.try_flow)
app.add_typer(_flow, name="flow", rich_help_panel=RULES)

_approvers = _group(PEOPLE, "The people who are told, and their phone numbers.")
_approvers.command("import")(approvers.import_people)
_approvers.command("export")(approvers.export_people)
_approvers.command("verify")(verifying.verify)
_approvers.command("away")(away.away)
_approvers.command("forget")(approvers_forget.forget)
app.add_typer(_approvers, name="approvers", rich_help_panel=PEOPLE)
app.command("test-send", rich_help_panel=PEOPLE)(sending.send_trial)

app.command("status", rich_help_panel=ON_CALL)(status.status)

_alerts = _group(ON_CALL, "Who is being told what: look, stop it, tell somebody once more.")
_alerts.command("show")(alerts.show)
_alerts.command("cancel")(alerts.cancel)
_alerts.command("resend")(alerts.resend)
_alerts.command("gone")(gone.gone)
app.add_typer(_alerts, name="alerts", rich_help_panel=ON_CALL)
app.command("redrive", rich_help_panel=ON_CALL)(redrive.redrive)
app.command("restore", rich_help_panel=ON_CALL)(restore.restore)

_audit = _group("Audit", "Who was told what, and the proof that nothing is missing.")
_audit.command("show")(audit.show)
_audit.command("export")(audit.export)
_audit.command("verify")(audit.verify)
_audit.command("reconcile")(audit_reconcile.reconciled)
_audit.command("report")(audit_report.report)
app.add_typer(_audit, name="audit", rich_help_panel="Audit")
