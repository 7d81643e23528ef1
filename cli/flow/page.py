"""A flow as one HTML page to print and to sign: no scripts, nothing loaded from elsewhere."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from cli.console.page import as_text, page

_STYLE = """
body { font: 16px/1.5 Georgia, serif; color: #1c2733; margin: 2rem auto; max-width: 46rem;
  padding: 0 1rem; }
h1 { font-size: 1.5rem; margin-bottom: 0; }
h2 { font-size: 1.1rem; margin: 1.8rem 0 .4rem; border-bottom: 1px solid #c9d2db; }
.facts { color: #5a6876; margin: .3rem 0; overflow-wrap: anywhere; }
ol, ul { padding-left: 2rem; }
li { margin-bottom: .45rem; }
.sign { display: grid; grid-template-columns: 2fr 2fr 1fr; gap: 1.5rem; margin-top: 2.6rem;
  break-inside: avoid; }
.sign div { border-top: 1px solid #1c2733; font-size: .8rem; color: #5a6876; }
@media print { body { margin: 0; max-width: none; font-size: 12px; } li { break-inside: avoid; } }
"""
_INTACCT = (
    "Approvals happen in Sage Intacct alone. Texts and calls say that something waits there; "
    "answering them approves nothing."
)
#: Lines for names, signatures and dates.
_SIGNATURES = 3


@dataclass(frozen=True, slots=True)
class Signable:
    """What the page says. `standing` tells what the rules are: a file, or a version in force."""

    standing: str
    digest: str
    companies: Sequence[str]
    rules: Sequence[str]
    otherwise: Sequence[str]
    day: str


def write_page(flow: Signable) -> str:
    """The whole page."""
    signature = "".join(f"<div>{word}</div>" for word in ("Name", "Signature", "Date"))
    return page(
        "Who is told what",
        _STYLE,
        [
            "<h1>Who is told what</h1>",
            f'<p class="facts">{as_text(flow.standing)}</p>',
            f'<p class="facts">Printed on {as_text(flow.day)}</p>',
            f'<p class="facts">Digest {as_text(flow.digest)}</p>',
            "<h2>Companies</h2>",
            _list("ul", flow.companies),
            "<h2>Rules, read from the top</h2>",
            _list("ol", flow.rules),
            "<h2>Otherwise</h2>",
            _list("ul", flow.otherwise),
            f"<p>{_INTACCT}</p>",
            "<h2>Agreed</h2>",
            *[f'<div class="sign">{signature}</div>'] * _SIGNATURES,
        ],
    )


def _list(tag: str, lines: Sequence[str]) -> str:
    return f"<{tag}>{''.join(f'<li>{as_text(line)}</li>' for line in lines)}</{tag}>"
