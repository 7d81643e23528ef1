"""`python -m sandbox.demo`: the whole pipeline on this machine, told as a story.

Afterwards everything stays up until Ctrl-C, so that one can look around. With `--exit` it ends with
the story: status 0 only if every outcome was seen, else 1 naming what was missing.
"""

from __future__ import annotations

import sys

if sys.version_info < (3, 11):  # noqa: UP036 - said before a newer syntax stops it
    sys.exit("ml-connector needs Python 3.11 or newer; this is " + sys.version.split()[0])

import argparse
import os
import shlex
import signal
import time
from contextlib import suppress
from pathlib import Path

from rich.console import Console

from sandbox.aws.dashboard import parts, show
from sandbox.aws.errors import LocalAwsError
from sandbox.demo.breakages import BREAKAGES, Breakage
from sandbox.demo.narrator import Narrator, OutcomeMissingError
from sandbox.demo.story import Story
from sandbox.demo.tables import show_alerts, show_audit
from sandbox.world import PEOPLE, LocalWorld

NO_BREAKAGE = Breakage("nothing")

#: What the operator's command has to know to find this world.
_FOR_THE_COMMAND = (
    "AWS_ENDPOINT_URL",
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_DEFAULT_REGION",
    "ML_CONNECTOR_STAGE",
)


def main() -> int:
    """Tell the story; the exit status."""
    arguments = _arguments()
    signal.signal(signal.SIGTERM, _interrupt)
    console = Console(highlight=False)
    breakage = BREAKAGES.get(arguments.breakage, NO_BREAKAGE)
    try:
        return _run(console, breakage, arguments)
    except KeyboardInterrupt:
        console.print("Stopped.")
        return 0 if not arguments.exit else 1
    except LocalAwsError as error:
        console.print(f"[red]The local world did not start:[/red] {error}", markup=True)
        return 1


def _run(console: Console, breakage: Breakage, arguments: argparse.Namespace) -> int:
    began = time.monotonic()
    console.print("Starting the local AWS, Intacct and Twilio, and deploying template.yaml ...")
    people = () if breakage.without_people else PEOPLE
    with LocalWorld(mutations=breakage.mutations, people=people) as world:
        narrator = Narrator(console, arguments.patience)
        world.await_first_poll()
        breakage.after_start(world)
        console.print(f"Deployed and polling after {time.monotonic() - began:.1f} s.")
        story = Story(world, narrator)
        with suppress(OutcomeMissingError):
            story.run()
        show_alerts(world, console)
        if story.first_bill:
            show_audit(world, story.first_bill, console)
        if narrator.missing:
            console.print(f"[red]missing:[/red] {narrator.missing}")
        else:
            took = time.monotonic() - began
            console.print(f"[green]Every outcome was seen[/green], {took:.1f} s.")
        if arguments.dashboard:
            _picture(world, arguments.dashboard)
            console.print(f"What the dashboard shows is in {arguments.dashboard}.")
        if not arguments.exit:
            _stay(world, console)
    return 1 if narrator.missing else 0


def _picture(world: LocalWorld, path: Path) -> None:
    """What the deployed dashboard shows of the story, as an SVG or a web page."""
    with Path(os.devnull).open("w", encoding="utf-8") as nobody:
        console = Console(record=True, width=110, file=nobody)
        show(parts(world.stack), console)
    if path.suffix == ".html":
        console.save_html(str(path))
    else:
        console.save_svg(str(path), title=world.stack.name)


def _stay(world: LocalWorld, console: Console) -> None:
    console.print()
    for name, address in world.addresses.items():
        console.print(f"{name:8} {address}")
    console.print("\nFor the operator's command, in another terminal:\n")
    settings = {**world.aws.environment(), "ML_CONNECTOR_STAGE": "local"}
    words = " ".join(f"{name}={shlex.quote(settings[name])}" for name in _FOR_THE_COMMAND)
    console.print(f"export {words}", soft_wrap=True, markup=False)
    console.print(".venv/bin/ml-connector status\n")
    console.print("Everything stays up until Ctrl-C.")
    signal.pause()


def _interrupt(*_: object) -> None:
    raise KeyboardInterrupt


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make demo ARGS=", description=__doc__)
    parser.add_argument("--exit", action="store_true", help="end with the story")
    parser.add_argument(
        "--break",
        dest="breakage",
        choices=sorted(BREAKAGES),
        help="take one piece out, to see that the story notices",
    )
    parser.add_argument(
        "--dashboard",
        type=Path,
        metavar="FILE",
        help="keep what the dashboard shows in the end: FILE.svg or FILE.html",
    )
    parser.add_argument(
        "--patience", type=float, default=1.0, help="stretches every wait; 2 on a slow machine"
    )
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
