"""Which static files are served: as built, or as they are.

`flask front-end` builds them into a folder named after what it was built from, so a stale build is
never served: after a change the sources are served until the next build.
"""

from __future__ import annotations

import posixpath
import re
from base64 import b64encode
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from pathlib import Path

from server.config import ROOT

SOURCES = ROOT / "static"
TEMPLATES = ROOT / "templates"
BUILDS = ROOT / "build"
# Raised when the same sources would be built into something else.
BUILD_VERSION = "2"
ICON_SIZES = (180, 192, 512)

IMPORT = re.compile(
    r"""^import (?P<names>{[^}]*}) from ["'](?P<path>\.[^"']+)["'];$""", re.MULTILINE
)


@dataclass(frozen=True)
class StaticFiles:
    """A folder of static files, and the fingerprint that stands in their addresses."""

    folder: Path
    fingerprint: str

    @property
    def is_built(self) -> bool:
        """Tell whether fonts, icons, bundles and compressed copies are there."""
        return self.folder != SOURCES

    @property
    def path(self) -> str:
        """Where the files are, below the site's address."""
        return f"/static/{self.fingerprint}"

    def shell(self, script: str) -> list[str]:
        """Return all files of a page that has this script and only the common style sheets."""
        scripts = [f"js/{name}.js" for name in ("page", script)]
        return [*self.sheets("site", "controls"), *scripts, *self.modules(script)]

    def sheets(self, *names: str) -> list[str]:
        """Return the files of these style sheets: one where they are bundled, else one for each."""
        if not names:
            return []
        bundle = bundle_name(names)
        if (self.folder / bundle).exists():
            return [bundle]
        return [f"css/{name}.css" for name in names]

    def within(self, *names: str) -> str:
        """Return these style sheets as a page holds them itself, or "" where they are not built."""
        bundle = self.folder / bundle_name(names)
        if not bundle.exists():
            return ""
        return _read(bundle).replace("url(../", f"url({self.path}/")

    def style_hashes(self) -> list[str]:
        """Return what the content security policy calls the styles that pages hold themselves."""
        groups = {g for path in TEMPLATES.rglob("*.html") for g in _groups_within(_read(path))}
        texts = filter(None, (self.within(*names) for names in sorted(groups)))
        return [f"'sha256-{b64encode(sha256(text.encode()).digest()).decode()}'" for text in texts]

    def modules(self, name: str) -> list[str]:
        """Return the files that a script imports, also through others; a page asks for all at once.

        Otherwise a browser would learn of each only when it has read the one that imports it. A
        built script holds what it imports.
        """
        return [] if self.is_built else imported_by(f"js/{name}.js")


def static_files() -> StaticFiles:
    """Return what is served now: the build of the present sources, or the sources themselves."""
    mark = fingerprint()
    built = build_folder(mark)
    return StaticFiles(built if built.exists() else SOURCES, mark)


def build_folder(mark: str) -> Path:
    """Return where the build of the sources with this fingerprint stands."""
    return BUILDS / f"static-{mark}"


def bundle_name(names: tuple[str, ...]) -> str:
    """Return the file that holds these style sheets one after another."""
    return f"css/{'+'.join(name.replace('/', '-') for name in names)}.bundle.css"


def fingerprint() -> str:
    """Return a short hash of every file: a changed file changes all static addresses."""
    digest = sha256(BUILD_VERSION.encode())
    for path in sorted(p for p in SOURCES.rglob("*") if p.is_file()):
        digest.update(str(path.relative_to(SOURCES)).encode())
        digest.update(path.read_bytes())
    for path in sorted(TEMPLATES.rglob("*.html")):  # they say which style sheets go together
        digest.update(repr(bundles_of(path.read_text(encoding="utf-8"))).encode())
    return digest.hexdigest()[:12]


def bundles_of(template: str) -> list[tuple[str, ...]]:
    """Return the groups of style sheets that a template needs, each as it names them."""
    return [*_groups("styles", template), *_groups_within(template)]


def _groups_within(template: str) -> list[tuple[str, ...]]:
    return _groups("styles_within", template)


def _groups(macro: str, template: str) -> list[tuple[str, ...]]:
    calls = re.findall(macro + r"\(((?:\s*\"[\w/-]+\"\s*,?)+)\)", template)
    return [tuple(re.findall(r"\"([\w/-]+)\"", call)) for call in calls]


@cache
def _read(path: Path) -> str:
    return path.read_text(encoding="utf-8")


@cache
def imported_by(file: str) -> list[str]:
    """Return the files that a script in the sources imports, each after those that it imports."""
    found: list[str] = []

    def visit(here: str) -> None:
        source = (SOURCES / here).read_text(encoding="utf-8")
        for match in IMPORT.finditer(source):
            path = imported_path(here, match["path"])
            if path not in found:
                visit(path)
                found.append(path)

    visit(file)
    return found


def imported_path(file: str, path: str) -> str:
    """Return the file that a script means by a path of its own."""
    return posixpath.normpath(posixpath.join(posixpath.dirname(file), path))
