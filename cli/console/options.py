"""Options that several commands have, each with one meaning everywhere."""

from __future__ import annotations

from typing import Annotated, TypeAlias

import typer

#: Headings of --help, by who uses the commands.
SET_UP, RULES, PEOPLE, ON_CALL = "Set up", "Rules", "People", "On call"

_WHERE = "Which deployment"

Stage: TypeAlias = Annotated[
    str,
    typer.Option(
        envvar="ML_CONNECTOR_STAGE",
        help="Stage of the deployment.",
        rich_help_panel=_WHERE,
    ),
]
Stack: TypeAlias = Annotated[
    str,
    typer.Option(
        envvar="ML_CONNECTOR_STACK",
        help="CloudFormation stack; by default ml-connector-<stage>.",
        rich_help_panel=_WHERE,
        show_default=False,
    ),
]
Profile: TypeAlias = Annotated[
    str,
    typer.Option(
        help="AWS profile; by default the usual AWS settings.",
        rich_help_panel=_WHERE,
        show_default=False,
    ),
]
Region: TypeAlias = Annotated[
    str,
    typer.Option(
        help="AWS region; by default the usual AWS settings.",
        rich_help_panel=_WHERE,
        show_default=False,
    ),
]
AsJson: TypeAlias = Annotated[
    bool, typer.Option("--json", help="Print one JSON document instead of tables.")
]
Yes: TypeAlias = Annotated[bool, typer.Option("--yes", "-y", help="Go on without asking.")]
