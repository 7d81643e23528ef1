"""Make the table of how each English or Spanish speaking country writes amounts and days.

python -m tools.make_formats

The patterns are those of the Unicode CLDR as Babel holds them; Babel has to be importable. The
functions only read the table, so that none of them has to load Babel.
"""

from __future__ import annotations

import importlib
import re
import sys
from typing import TYPE_CHECKING, Any

from tools.tree import ROOT

if TYPE_CHECKING:
    from types import ModuleType

TABLE = "layers/connector/ml_connector/domain/number_formats.py"

COUNTRIES = {
    "en": ("AU", "CA", "GB", "IE", "IN", "NZ", "SG", "US", "ZA"),
    "es": (
        *("AR", "CL", "CO", "CR", "DO", "EC", "ES", "GT"),
        *("MX", "PA", "PE", "PR", "US", "UY"),
    ),
}

_HEADER = '''"""How amounts and days are written: made by `python -m tools.make_formats`.

From the Unicode CLDR as Babel {version} holds it. Each row has, in this order, the fields of
`formats.Format`.
"""

from __future__ import annotations

ROWS: dict[str, tuple[str, str, tuple[int, int], str, str, str, tuple[str, ...]]] = {{
'''

#: Of a date pattern: what is quoted, and the fields there are.
_PIECES = re.compile(r"'([^']*)'|(d+|M+|y+)|([^'dMy]+)")
_FIELDS = {"d": "{day}", "dd": "{day:02}", "MMM": "{month}", "y": "{year}"}


def main(arguments: list[str]) -> int:
    """Write the table; 2 where Babel is missing or something else is asked for."""
    if arguments:
        print("there are no arguments", file=sys.stderr)
        return 2
    try:
        babel = importlib.import_module("babel")
    except ImportError:
        print("Babel is not installed here", file=sys.stderr)
        return 2
    (ROOT / TABLE).write_text(table(babel))
    return 0


def table(babel: ModuleType) -> str:
    """The table as Python."""
    rows = [
        f"    {_quoted(f'{language}-{country}')}: {_row(babel, language, country)},\n"
        for language, countries in COUNTRIES.items()
        for country in countries
    ]
    return _HEADER.format(version=babel.__version__) + "".join(rows) + "}\n"


def _row(babel: ModuleType, language: str, country: str) -> str:
    locale = babel.Locale(language, country)
    symbols = locale.number_symbols
    symbols = symbols.get("latn", symbols)
    pattern = locale.decimal_formats[None]
    months = [locale.months["format"]["abbreviated"][number] for number in range(1, 13)]
    fields = [
        _quoted(symbols["decimal"]),
        _quoted(_blank(symbols["group"])),
        repr(tuple(pattern.grouping)),
        _quoted(_money(locale)),
        _quoted(_day(locale, "MMMd")),
        _quoted(_day(locale, "yMMMd")),
    ]
    # A full stop after a month would end the sentence.
    names = ", ".join(_quoted(month.rstrip(".")) for month in months)
    listed = "".join(f"        {field},\n" for field in fields)
    return f"(\n{listed}        ({names}),\n    )"


def _money(locale: Any) -> str:  # noqa: ANN401 - a Locale of Babel's
    """Where the code stands, which is written in place of the currency's sign."""
    before = locale.currency_formats["standard"].pattern.lstrip().startswith("\u00a4")
    return "{code} {digits}" if before else "{digits} {code}"


def _day(locale: Any, skeleton: str) -> str:  # noqa: ANN401 - a Locale of Babel's
    """A pattern of CLDR such as `d 'de' MMM` as one for `str.format`."""
    pattern = _blank(str(locale.datetime_skeletons[skeleton].pattern))
    return "".join(
        quoted or rest or _FIELDS[field] for quoted, field, rest in _PIECES.findall(pattern)
    )


def _blank(text: str) -> str:
    """Blanks of every kind as the one that a text message has."""
    return "".join(" " if char.isspace() else char for char in text)


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
