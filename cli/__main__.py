"""`python -m cli`, and the `ml-connector` script: ends in one line while it still imports, too.

That takes a second or more. Ctrl-C in it ends the process at once, with the status and the words of
every interrupted command: there is nothing yet to clean up. What is imported up here is there since
Python started, and so takes no time in which nobody would catch it.
"""

from __future__ import annotations

import os
import sys

_STATUS = 130
_LINE = b"error: interrupted\n"
_DOCUMENT = b"""{
  "ok": false,
  "error": {
    "code": "interrupted",
    "message": "interrupted",
    "details": []
  }
}
"""


def main() -> None:
    """Run the command that was typed; ends the process."""
    try:
        from cli.main import app  # noqa: PLC0415 - this is what takes long

        app()
    except KeyboardInterrupt:
        os.write(2, _LINE)
        if "--json" in sys.argv:
            os.write(1, _DOCUMENT)
        os._exit(_STATUS)


if __name__ == "__main__":
    main()
