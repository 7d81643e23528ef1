"""The page for people: every phone of the sandbox and what is on its screen."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from starlette.responses import HTMLResponse

from sandbox.twilio.phones import BEHAVIOURS, Received

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

    from sandbox.twilio.phones import Heard, Phone
    from sandbox.twilio.world import World

REFRESH_SECONDS = 2
_STYLE = """
:root { color-scheme: light dark; --line: #8884; --card: #8881; --ink2: #888; --bubble: #2f80ed22; }
body { font: 15px/1.45 system-ui, sans-serif; margin: 2rem auto; max-width: 70rem;
       padding: 0 1rem; }
h1 { font-size: 1.3rem; margin: 0; } .lead, small { color: var(--ink2); }
main { display: grid; gap: 1rem; margin-top: 1.2rem;
       grid-template-columns: repeat(auto-fill, minmax(20rem, 1fr)); }
article { background: var(--card); border: 1px solid var(--line); border-radius: 1.1rem;
          padding: 1rem; }
h2 { font-size: 1rem; margin: 0; } ol { list-style: none; margin: .8rem 0 0; padding: 0; }
li { background: var(--bubble); border-radius: .8rem; margin-top: .5rem; padding: .5rem .7rem;
     overflow-wrap: anywhere; white-space: pre-wrap; }
li.call { background: none; border: 1px dashed var(--line); } small { display: block; }
"""


class PhonePage:
    """Plain HTML, made on the server, reloading itself; everything shown is escaped."""

    def __init__(self, world: World) -> None:
        self._world = world

    async def show(self, _: Request) -> Response:
        """Answer `GET /`."""
        now = self._world.advance()
        phones = [_card(phone) for phone in self._world.phones.all()]
        body = "\n".join(phones) or "<p class=lead>No phone has been used yet.</p>"
        return HTMLResponse(
            "<!doctype html><html lang=en><head><meta charset=utf-8>"
            f"<meta http-equiv=refresh content={REFRESH_SECONDS}>"
            "<meta name=viewport content='width=device-width'>"
            f"<title>Sandbox phones</title><style>{_STYLE}</style></head><body>"
            "<h1>Sandbox phones</h1>"
            f"<p class=lead>{now:%H:%M:%S} UTC · {len(self._world.accepted)} accepted by the "
            f"simulated Twilio</p><main>{body}</main></body></html>",
        )


def _card(phone: Phone) -> str:
    entries: list[Received | Heard] = [*phone.inbox, *phone.calls]
    entries.sort(key=lambda entry: entry.at, reverse=True)
    items = "".join(_entry(entry) for entry in entries)
    return (
        f"<article><h2>{escape(phone.name or phone.number)}</h2>"
        f"<small>{escape(phone.number)} · {escape(BEHAVIOURS[phone.behaviour].meaning)}</small>"
        f"<ol>{items}</ol></article>"
    )


def _entry(entry: Received | Heard) -> str:
    when = f"{entry.at:%H:%M:%S}"
    if isinstance(entry, Received):
        return f"<li>{escape(entry.body)}<small>{when} · from {escape(entry.sender)}</small></li>"
    heard = escape(" ".join(entry.heard))
    pressed = f" · pressed {escape(' '.join(entry.pressed))}" if entry.pressed else ""
    return (
        f"<li class=call>{heard}<small>{when} · call {escape(entry.status)}{pressed}</small></li>"
    )
