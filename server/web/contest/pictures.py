"""The pictures of links: the race and a sentence on the page's ground, 1200 by 630 pixels.

Everything is large, because most are seen 300 pixels wide.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import font_source_serif_pro
from PIL import Image, ImageDraw, ImageFont

from server.domain.contest.emblems import CELLS, emblem

WIDTH, HEIGHT = 1200, 630
# The page's own colours (static/css/site.css); a test compares the two.
PAPER, INK, RULE = "#fbf9f4", "#1d1b18", "#e0d9ca"
YOU, MODEL = "#b03c08", "#1f4fbf"
_MARGIN = 72
_FINER = 2  # shapes are drawn this much larger and then reduced, for smooth edges
_FONTS = Path(font_source_serif_pro.font_directory)
_LABEL_WIDTH, _COUNT_WIDTH = 236, 128
_YOU_TOP, _MODEL_TOP, _PIP = 420, 514, 48
_LARGEST_LABEL, _SMALLEST_LABEL = 46, 36
_MOST_LINES = 3
_MISSING = "\U0010ffff"


@dataclass(frozen=True)
class Row:
    """One side of the race: True is right, False is wrong, None is not played yet."""

    label: str
    marks: Sequence[bool | None]
    count: str


@dataclass(frozen=True)
class Picture:
    """What a link's picture shows."""

    sentence: str
    you: Row
    model: Row
    emblem_seed: str | None = None


def can_be_drawn(text: str) -> bool:
    """Tell whether the font has all characters of a text."""
    font = _font("Semibold", 40)
    missing = bytes(font.getmask(_MISSING))
    return all(c.isspace() or bytes(font.getmask(c)) != missing for c in text)


def draw(picture: Picture) -> bytes:
    """Return the picture as a PNG."""
    rows = ((picture.you, _YOU_TOP, YOU), (picture.model, _MODEL_TOP, MODEL))
    large = Image.new("RGB", (WIDTH * _FINER, HEIGHT * _FINER), PAPER)
    shapes = ImageDraw.Draw(large)
    _draw_word_mark_s_line(shapes)
    if picture.emblem_seed is not None:
        _draw_emblem(shapes, picture.emblem_seed)
    for row, top, colour in rows:
        _draw_pips(shapes, row.marks, top, colour)
    image = large.resize((WIDTH, HEIGHT), Image.Resampling.LANCZOS)
    text = ImageDraw.Draw(image)
    text.text((_MARGIN, 96), "Perplexed", INK, _font("Semibold", 46), anchor="ls")
    _draw_sentence(text, picture.sentence)
    for row, top, colour in rows:
        middle = top + _PIP // 2
        label, font = _fitting(row.label)
        text.text((_MARGIN, middle), label, colour, font, anchor="lm")
        count = _font("Semibold", 50)
        text.text((WIDTH - _MARGIN, middle), row.count, colour, count, anchor="rm")
    file = BytesIO()
    image.save(file, "PNG", optimize=True)
    return file.getvalue()


def _font(weight: str, size: int) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(str(_FONTS / f"SourceSerifPro-{weight}.ttf"), size)


def _fitting(label: str) -> tuple[str, ImageFont.FreeTypeFont]:
    """Return a label and a font in which it stands beside the pips; a long one is cut."""
    room, size = _LABEL_WIDTH - 24, _LARGEST_LABEL
    font = _font("Semibold", size)
    while font.getlength(label) > room and size > _SMALLEST_LABEL:
        size -= 1
        font = _font("Semibold", size)
    while font.getlength(label) > room:
        label = label.rstrip("…")[:-1].rstrip() + "…"
    return label, font


def _draw_sentence(text: ImageDraw.ImageDraw, sentence: str) -> None:
    """Write the sentence in as large letters as leave it three lines."""
    size, top = 84, 138
    lines = _lines(sentence, font := _font("Semibold", size))
    while len(lines) > _MOST_LINES or len(lines) * size * 1.12 > _YOU_TOP - top - 24:
        size -= 2
        lines = _lines(sentence, font := _font("Semibold", size))
    for number, line in enumerate(lines):
        text.text((_MARGIN, top + number * size * 1.12), line, INK, font, anchor="la")


def _lines(sentence: str, font: ImageFont.FreeTypeFont) -> list[str]:
    """Break a sentence into lines of the picture's width, also where it breaks itself."""
    lines: list[str] = []
    for part in sentence.splitlines():
        line = ""
        for word in part.split():
            longer = f"{line} {word}".strip()
            if line and font.getlength(longer) > WIDTH - 2 * _MARGIN:
                lines.append(line)
                longer = word
            line = longer
        lines.append(line)
    return lines


def _draw_word_mark_s_line(shapes: ImageDraw.ImageDraw) -> None:
    """Draw the gap that follows the game's name on every page."""
    left = _MARGIN + int(_font("Semibold", 46).getlength("Perplexed")) + 8
    shapes.rectangle([value * _FINER for value in (left, 93, left + 44, 98)], fill=INK)


def _draw_emblem(shapes: ImageDraw.ImageDraw, seed: str) -> None:
    side = 64 * _FINER // CELLS
    left, top = (WIDTH - _MARGIN) * _FINER - CELLS * side, 44 * _FINER
    for polygon in emblem(seed).polygons:
        shapes.polygon([(left + x * side, top + y * side) for x, y in polygon], fill=INK)


def _draw_pips(
    shapes: ImageDraw.ImageDraw, marks: Sequence[bool | None], top: int, colour: str
) -> None:
    """Draw one side's marks: round or square by side, filled or hollow by right or wrong."""
    room = WIDTH - 2 * _MARGIN - _LABEL_WIDTH - _COUNT_WIDTH
    step = room / max(len(marks), 1)
    side = min(_PIP, int(step) - 8)
    for index, mark in enumerate(marks):
        left = _MARGIN + _LABEL_WIDTH + index * step
        above = top + (_PIP - side) / 2
        box = [value * _FINER for value in (left, above, left + side, above + side)]
        shape = shapes.ellipse if colour == YOU else shapes.rectangle
        outline = RULE if mark is None else colour
        shape(box, fill=colour if mark else None, outline=outline, width=6 * _FINER)
