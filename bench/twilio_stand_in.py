"""A bare server that accepts every text, over TLS: a program, `CERTIFICATE_AND_KEY`.

The simulator knows what Twilio knows, and would be most of what is measured. This one answers each
create with a message, keeps connections open, and closes one without a word right after a text that
says so. Prints one line with its address, and ends when its standard input does.
"""

from __future__ import annotations

import asyncio
import json
import ssl
import sys
import uuid
from contextlib import suppress
from urllib.parse import parse_qs

HOST = "127.0.0.1"
READY = "stand-in ready "
#: The text after whose answer the connection is closed.
HANG_UP = "Then nothing for a while."
CREATED = "Mon, 30 Nov 2026 12:00:00 +0000"


def message(form: bytes) -> bytes:
    """The answer to a create, all its fields as Twilio has them."""
    fields = {name: values[0] for name, values in parse_qs(form.decode()).items()}
    account, sid = "AC" + "5a" * 16, "SM" + uuid.uuid4().hex
    uri = f"/2010-04-01/Accounts/{account}/Messages/{sid}"
    body = json.dumps(
        {
            "account_sid": account,
            "api_version": "2010-04-01",
            "body": fields.get("Body", ""),
            "date_created": CREATED,
            "date_sent": None,
            "date_updated": CREATED,
            "direction": "outbound-api",
            "error_code": None,
            "error_message": None,
            "from": fields.get("From"),
            "messaging_service_sid": None,
            "num_media": "0",
            "num_segments": "1",
            "price": None,
            "price_unit": None,
            "sid": sid,
            "status": "queued",
            "subresource_uris": {"media": f"{uri}/Media.json"},
            "to": fields.get("To"),
            "uri": f"{uri}.json",
        }
    ).encode()
    head = f"HTTP/1.1 201 CREATED\r\nContent-Type: application/json\r\nContent-Length: {len(body)}"
    return head.encode() + b"\r\n\r\n" + body


async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Serve one connection for as long as it lasts."""
    with suppress(asyncio.IncompleteReadError, OSError):
        while True:
            head = await reader.readuntil(b"\r\n\r\n")
            lines = head.decode("latin-1").lower().split("\r\n")
            length = next(line for line in lines if line.startswith("content-length:"))
            form = await reader.readexactly(int(length.partition(":")[2]))
            writer.write(message(form))
            await writer.drain()
            if HANG_UP.replace(" ", "+").encode() in form:
                break
    writer.close()


async def serve(certificate: str) -> None:
    """Serve until standard input ends."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    server = await asyncio.start_server(answer, HOST, 0, ssl=context)
    port = server.sockets[0].getsockname()[1]
    print(f"{READY}https://{HOST}:{port}", flush=True)
    await asyncio.to_thread(sys.stdin.read)
    server.close()


if __name__ == "__main__":
    asyncio.run(serve(sys.argv[1]))
