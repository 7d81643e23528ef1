"""`sam deploy --parameter-overrides` as a runbook types it: notes what is to be changed.

The deployment itself is the local world's matter, which knows the code and the template; here only
the words count, taken apart as the SAM CLI takes them: `Name=value`, a backslash before a quote.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path


def main(words: list[str]) -> int:
    """Write the parameters into the file the runbook's reader waits for."""
    if words[:1] != ["deploy"] or "--parameter-overrides" not in words:
        sys.stderr.write(f"no such command here: sam {' '.join(words)}\n")
        return 2
    given = words[words.index("--parameter-overrides") + 1 :]
    named = dict(word.split("=", 1) for word in given if not word.startswith("--"))
    parameters = {name: value.replace('\\"', '"') for name, value in named.items()}
    Path(os.environ["SAM_WORDS_FILE"]).write_text(json.dumps(parameters), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
