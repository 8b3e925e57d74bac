"""Building the static files: scripts and styles minified, fonts cut, icons drawn."""

from __future__ import annotations

import contextlib
import re
import shutil
import tempfile
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

import minify
import resvg_py
from fontTools import subset
from whitenoise.compress import Compressor

from server.web.http.static_files import (
    ICON_SIZES,
    IMPORT,
    SOURCES,
    TEMPLATES,
    bundle_name,
    bundles_of,
    imported_by,
    imported_path,
)

# What pages show: Latin letters with their accents, and the typographer's signs. A letter that is
# not here comes from the reader's own fonts.
CHARACTERS = (
    *(range(0x20, 0x7F), range(0xA0, 0x100), (0x152, 0x153, 0x2009, 0x202F)),
    *((0x2013, 0x2014, 0x2018, 0x2019, 0x201C, 0x201D, 0x2026), (0x2190, 0x2192, 0x2212)),
)
LAYOUT = ["kern", "liga", "lnum", "tnum"]


@dataclass(frozen=True)
class Cut:
    """One font file: where it comes from, and what style sheets call it."""

    package: str
    file: str
    family: str
    weight: int

    @property
    def name(self) -> str:
        """The file that browsers load."""
        return f"fonts/{Path(self.file).stem.lower()}.woff2"


FONTS = (
    Cut("font_source_serif_pro", "SourceSerifPro-Regular.ttf", "Source Serif", 400),
    Cut("font_source_serif_pro", "SourceSerifPro-Semibold.ttf", "Source Serif", 600),
    Cut("font_source_sans_pro", "SourceSansPro-Regular.otf", "Source Sans", 400),
    Cut("font_source_sans_pro", "SourceSansPro-Semibold.otf", "Source Sans", 600),
)
# A system may cut a round icon out of the square: the picture fills four fifths of its own ground.
MASKABLE = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="-4 -4 40 40">'
    '<rect x="-4" y="-4" width="40" height="40" fill="#fbf9f4"/>{drawing}</svg>'
)
# The one way in which our scripts export, and whatever else begins like an import or export.
_EXPORT = re.compile(r"^export (?:async function|function|class|const) (\w+)", re.MULTILINE)
_UNREAD = re.compile(
    r"^(?:import\b|export (?!(?:async function|function|class|const) \w))", re.MULTILINE
)
_MIMETYPES = {".js": "application/javascript", ".css": "text/css", ".svg": "image/svg+xml"}


@dataclass(frozen=True)
class BuiltSize:
    """How many files a build holds, and their size as they travel."""

    files: int
    compressed_bytes: int


def build(folder: Path) -> BuiltSize:
    """Build the static files into `folder`, which appears only when it is whole.

    Earlier builds are removed. Raises OSError where the folder cannot be written.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    made = Path(tempfile.mkdtemp(prefix="building-", dir=folder.parent))
    try:
        _copy_minified(made)
        _cut_fonts(made)
        _bundle_styles(made)
        _draw_icons(made)
        size = _compress(made)
        made.chmod(0o755)
        with contextlib.suppress(OSError):  # another process may have built it meanwhile
            made.rename(folder)
    finally:
        shutil.rmtree(made, ignore_errors=True)
    for earlier in folder.parent.glob("static-*"):
        if earlier != folder:
            shutil.rmtree(earlier, ignore_errors=True)
    return size


def _copy_minified(made: Path) -> None:
    for path in sorted(p for p in SOURCES.rglob("*") if p.is_file()):
        name = path.relative_to(SOURCES)
        target = made / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if path.suffix in _MIMETYPES:
            source = path.read_text(encoding="utf-8")
            text = joined_script(name.as_posix()) if path.suffix == ".js" else source
            target.write_text(minify.string(_MIMETYPES[path.suffix], text), encoding="utf-8")
        else:
            shutil.copyfile(path, target)


def joined_script(file: str) -> str:
    """Return a script that holds what it imports: over a slow line each file costs a round trip.

    Each imported script becomes a function of its own that is called once, so that names of the one
    stay unseen by the others. What is imported while the script runs stays a file of its own.
    """
    parts = []
    for path in imported_by(file):
        body = _with_imports_bound(path)
        exported = ", ".join(_EXPORT.findall(body))
        body = _EXPORT.sub(lambda m: m[0].removeprefix("export "), body)
        values = f"(() => {{\n{body}\nreturn {{ {exported} }};\n}})()"
        parts.append(f"const {_bound_name(path)} = {values};")
    return "\n".join([*parts, _with_imports_bound(file)])


def _with_imports_bound(file: str) -> str:
    """Return a script that takes what it imports from the values before it."""
    source = (SOURCES / file).read_text(encoding="utf-8")
    bound = IMPORT.sub(
        lambda m: f"const {m['names']} = {_bound_name(imported_path(file, m['path']))};", source
    )
    if _UNREAD.search(bound):
        raise ValueError(f"{file}: an import or export is written in a way that is not joined.")
    return bound


def _bound_name(file: str) -> str:
    return "of_" + re.sub(r"\W", "_", file)


def _cut_fonts(made: Path) -> None:
    """Write each font with the characters that pages show, and no others."""
    (made / "fonts").mkdir()
    options = subset.Options()
    options.flavor, options.hinting, options.layout_features = "woff2", False, LAYOUT
    for cut in FONTS:
        source = resources.files(cut.package) / "files" / cut.file
        with resources.as_file(source) as path, subset.load_font(path, options) as font:
            cutter = subset.Subsetter(options)
            cutter.populate(unicodes=[code for codes in CHARACTERS for code in codes])
            cutter.subset(font)
            subset.save_font(font, made / cut.name, options)


def _font_faces() -> str:
    """Return the rules that name the fonts: text never waits for one, nor moves when it comes."""
    return "".join(
        f'@font-face{{font-family:"{cut.family}";font-weight:{cut.weight};font-display:optional;'
        f'src:url(../{cut.name}) format("woff2")}}'
        for cut in FONTS
    )


def _bundle_styles(made: Path) -> None:
    for template in sorted(TEMPLATES.rglob("*.html")):
        for names in bundles_of(template.read_text(encoding="utf-8")):
            sheets = [(made / f"css/{name}.css").read_text(encoding="utf-8") for name in names]
            faces = [_font_faces()] if "site" in names else []
            (made / bundle_name(names)).write_text("".join(faces + sheets), encoding="utf-8")


def _draw_icons(made: Path) -> None:
    """Draw every icon from the one SVG."""
    (made / "icons").mkdir()
    drawing = (SOURCES / "favicon.svg").read_text(encoding="utf-8")
    whole = MASKABLE.format(drawing=drawing.replace("<svg ", '<svg width="32" height="32" ', 1))
    for size in ICON_SIZES:
        for name, svg in ((f"icon-{size}", drawing), (f"maskable-{size}", whole)):
            picture = resvg_py.svg_to_bytes(svg_string=svg, width=size, height=size)
            (made / f"icons/{name}.png").write_bytes(bytes(picture))


def _compress(made: Path) -> BuiltSize:
    """Leave gzip and Brotli copies beside each file that gains by it, as WhiteNoise wants them."""
    compressor = Compressor(quiet=True)
    files, size = 0, 0
    for path in sorted(p for p in made.rglob("*") if p.is_file()):
        files += 1
        copies = (
            list(compressor.compress(str(path))) if compressor.should_compress(path.name) else []
        )
        size += min(Path(name).stat().st_size for name in [path, *copies])
    return BuiltSize(files, size)
