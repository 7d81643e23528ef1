"""The table of formats is what Babel says today."""

from __future__ import annotations

import babel

from tools.make_formats import TABLE, table
from tools.tree import ROOT


def test_the_table_is_what_babel_says_today() -> None:
    said = "out of date: python -m tools.make_formats"
    assert (ROOT / TABLE).read_text() == table(babel), said
