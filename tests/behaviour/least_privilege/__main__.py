"""The table of least privilege, asked of the local AWS with IAM enforced.

    python -m tests.behaviour.least_privilege

Starts a secured local world, makes every request of the table as whoever it is about, and prints
who was allowed what. Ends with 1 where an answer is not the one expected.
"""

from __future__ import annotations

import sys

from sandbox.world import LocalWorld
from tests.behaviour.least_privilege.asking import REFUSED, Place, Principals
from tests.behaviour.least_privilege.rows import ROWS, table


def main() -> int:
    """Ask and print."""
    with LocalWorld(secured=True) as world:
        principals, place = Principals(world), Place(world)
        try:
            answers = [(row, row.asked(principals, place)) for row in ROWS]
        finally:
            principals.close()
    _say(*table(answers), "")
    refused = sum(said == REFUSED for _, said in answers)
    wrong = sum(said != row.expected for row, said in answers)
    _say(f"{len(answers)} requests: {refused} refused, {wrong} not as expected")
    return 1 if wrong else 0


def _say(*lines: str) -> None:
    sys.stdout.write("\n".join(lines) + "\n")


if __name__ == "__main__":
    sys.exit(main())
