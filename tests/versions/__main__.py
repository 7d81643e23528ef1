"""Record what this version leaves behind in tables and queue, for later versions to go on with.

    python -m tests.versions tests/fixtures/version-0.2

Done once for each release, before the next one changes anything. Everything in it is made up.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from tests.support.stored_world import keep, stored_world

from .story import TIMINGS, flow, tell


def main(words: list[str]) -> int:
    """Write one file for the tables of each kind, one for the rest."""
    if len(words) != 1:
        sys.stderr.write("usage: python -m tests.versions FOLDER\n")
        return 2
    folder = Path(words[0])
    folder.mkdir(parents=True, exist_ok=True)
    with stored_world(flow=flow(), timings=TIMINGS) as world:
        tell(world)
        kept = keep(world)
    tables = kept.pop("tables")
    for name, items in {**tables, "outside": kept}.items():
        text = json.dumps(items, indent=1, sort_keys=True, ensure_ascii=False)
        (folder / f"{name}.json").write_text(f"{text}\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
