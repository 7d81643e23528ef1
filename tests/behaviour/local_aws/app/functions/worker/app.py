"""Takes messages: `bad` ones fail, `hang` ones leave their process id in a file and hang once."""

import json
import os
import pathlib
import sys
import time
from typing import Any


def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    failed = []
    for record in event["Records"]:
        body = json.loads(record["body"])
        if body.get("hang") and not pathlib.Path(body["hang"]).exists():
            pathlib.Path(body["hang"]).write_text(str(os.getpid()))
            time.sleep(60)
        sys.stdout.write(f"took {body['name']}\n")
        if body.get("bad"):
            failed.append({"itemIdentifier": record["messageId"]})
    return {"batchItemFailures": failed}
