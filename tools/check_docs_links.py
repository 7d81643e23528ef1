"""Check that what the documentation points at is there.

    python -m tools.check_docs_links

In every Markdown file of the project: relative links lead to files or folders of the project,
anchors to headings that exist, and each `make X` in code is a target of the Makefile. Addresses
elsewhere are not looked up.
"""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass, field
from os.path import normpath
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from markdown_it import MarkdownIt

from tools.tree import ROOT, project_files

if TYPE_CHECKING:
    from collections.abc import Iterator

    from markdown_it.token import Token

_TARGET = re.compile(r"^[A-Za-z][\w.-]*(?:[ \t]+[A-Za-z][\w.-]*)*[ \t]*:(?!=)", re.MULTILINE)
_HTML_ID = re.compile(r"""\b(?:id|name)\s*=\s*["']([^"']+)["']""")
_HTML_LINK = re.compile(r"""\b(?:href|src)\s*=\s*["']([^"']+)["']""")
_MAKE = re.compile(
    r"""^\s*(?:\$\s+)?          # a prompt
        (?:\w+=\S*\s+)*         # settings before the command
        (?:time\s+)?make\b
        (?P<rest>[^#;&|]*)""",
    re.VERBOSE,
)
_NOT_SLUG = re.compile(r"[^\w\- ]")


@dataclass(slots=True)
class Page:
    """One Markdown file: its links and code with the line each is near, and its anchors."""

    links: list[tuple[int, str]] = field(default_factory=list)
    code: list[tuple[int, str]] = field(default_factory=list)
    anchors: set[str] = field(default_factory=set)


def problems(root: Path, files: list[Path]) -> list[str]:
    """What is wrong in the Markdown among `files` (absolute, below `root`): one line each."""
    pages = {path: read_page(path.read_text()) for path in files if path.suffix == ".md"}
    folders = {parent for path in files for parent in path.parents}
    known = {*files, root, *(folder for folder in folders if root in folder.parents)}
    makefile = root / "Makefile"
    targets = make_targets(makefile.read_text()) if makefile.is_file() else set()
    found: list[str] = []
    for path, page in pages.items():
        place = path.relative_to(root)
        for line, link in page.links:
            trouble = _broken(link, path, pages, known)
            if trouble:
                found.append(f"{place}:{line}: {link}: {trouble}")
        for line, code in page.code:
            found += [
                f"{place}:{line}: make {target}: the Makefile has no such target"
                for target in _made(code)
                if target not in targets
            ]
    return found


def make_targets(makefile: str) -> set[str]:
    """The names a Makefile can be asked for."""
    return {
        name
        for match in _TARGET.finditer(makefile)
        for name in match[0].split(":")[0].split()
        if not name.startswith(".")
    }


def read_page(text: str) -> Page:
    """Take a page of Markdown apart."""
    page = Page()
    slugs: dict[str, int] = {}
    previous: Token | None = None
    for token in MarkdownIt("commonmark").enable("table").parse(text):
        line = token.map[0] + 1 if token.map else 1
        if token.type in {"fence", "code_block"}:
            first = line + 1 if token.type == "fence" else line
            page.code += list(enumerate(token.content.splitlines(), first))
        for part in [token, *(token.children or [])]:
            _take(part, line, page)
        if previous and previous.type == "heading_open":
            slug = _slug(token)
            seen = slugs.get(slug, 0)
            slugs[slug] = seen + 1
            page.anchors.add(f"{slug}-{seen}" if seen else slug)
        previous = token
    return page


def _take(part: Token, line: int, page: Page) -> None:
    if part.type == "link_open":
        page.links.append((line, str(part.attrGet("href") or "")))
    elif part.type == "image":
        page.links.append((line, str(part.attrGet("src") or "")))
    elif part.type == "code_inline":
        page.code.append((line, part.content))
    elif part.type in {"html_inline", "html_block"}:
        page.anchors |= set(_HTML_ID.findall(part.content))
        page.links += [(line, link) for link in _HTML_LINK.findall(part.content)]


def _slug(heading: Token) -> str:
    """The anchor a heading gets on the usual code hosts: lower case, no punctuation, dashes."""
    words = "".join(
        part.content for part in heading.children or [] if part.type in {"text", "code_inline"}
    )
    return _NOT_SLUG.sub("", words.lower()).replace(" ", "-")


def _broken(link: str, page: Path, pages: dict[Path, Page], known: set[Path]) -> str | None:
    parts = urlsplit(link)
    if parts.scheme or parts.netloc:
        return None
    if parts.path.startswith("/"):
        return "starts with a slash; link from this file's own folder"
    target = Path(normpath(page.parent / unquote(parts.path))) if parts.path else page
    if target not in known:
        return "no such file in the project"
    if parts.fragment and target in pages and unquote(parts.fragment) not in pages[target].anchors:
        return "no such heading"
    return None


def _made(code: str) -> Iterator[str]:
    """The targets a line of code asks make for."""
    for command in re.split(r"&&|;", code):
        match = _MAKE.match(command)
        if match and not re.search(r"\s-[fC]", match["rest"]):
            words = [word for word in match["rest"].split() if re.fullmatch(r"[a-z][\w-]*", word)]
            yield from words


def main() -> int:
    """Print what is wrong; 1 if anything is."""
    files = project_files()
    found = problems(ROOT, files)
    for line in found:
        print(line)
    if not found:
        print(f"{sum(path.suffix == '.md' for path in files)} pages, every link leads somewhere")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
