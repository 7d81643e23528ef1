"""How large the layers are, unzipped and zipped, with their bytecode and without.

Lambda unpacks layers at every cold start and allows 250 MB for all of them with the function.
"""

from __future__ import annotations

import io
import tempfile
import zipfile
from pathlib import Path

from bench.layers import Interpreter, build
from bench.report import keep, table

MEGABYTE = 1_000_000


def sizes(folder: Path) -> dict[str, float]:
    """Sizes of one built layer in MB (10⁶ bytes)."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    sources = [path for path in files if path.suffix != ".pyc"]
    return {
        "unzipped": _unzipped(files),
        "zipped": _zipped(folder, files),
        "unzipped_without_bytecode": _unzipped(sources),
        "zipped_without_bytecode": _zipped(folder, sources),
    }


def _unzipped(files: list[Path]) -> float:
    return sum(path.stat().st_size for path in files) / MEGABYTE


def _zipped(folder: Path, files: list[Path]) -> float:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in files:
            archive.write(path, path.relative_to(folder))
    return len(buffer.getvalue()) / MEGABYTE


def run(python: Interpreter, _rounds: int) -> None:
    """Build the layers, print the table and keep the figures."""
    with tempfile.TemporaryDirectory(prefix="ml-connector-bench-") as folder:
        layers = {name: sizes(path) for name, path in build(Path(folder), python).items()}
    kinds = list(next(iter(layers.values())))
    layers["total"] = {kind: sum(layer[kind] for layer in layers.values()) for kind in kinds}
    rows = [[name, *(layer[kind] for kind in kinds)] for name, layer in layers.items()]
    print(f"Layer sizes, MB, Python {python.number}")
    print(table(["layer", *(kind.replace("_", " ") for kind in kinds)], rows))
    rounded = {
        name: {kind: round(size, 3) for kind, size in layer.items()}
        for name, layer in layers.items()
    }
    keep("layer_sizes", python.number, {"megabytes": rounded})
