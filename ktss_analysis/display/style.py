"""The frame every chart stands in: type, margins, title, source line, the mark on synthetic data.

All lengths are inches and positions count from the top left corner of the body, the area between the title
block and the source line. Text is measured before it is placed, so the sheet grows with its content and
nothing collides. Figures are made without pyplot: no global list of figures, nothing to close. matplotlib's
settings are global, so `house_style` holds a lock while they are changed; threads may draw at once and wait
for each other.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from threading import RLock
from typing import IO, TYPE_CHECKING, Any, TypedDict

from .numbers import DisplayError
from .palette import LIGHT, THEMES, Mark, Theme

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure as Canvas
    from matplotlib.text import Text

SIZE = 9.0
SMALL = 8.0
TITLE = 11.5
LINE = 1.3 / 72
MARGIN = 0.15
FONT = "DejaVu Sans"
SAFETY = 1.02  # renderers place letters on whole pixels; measured text is allowed that much more

RC: dict[str, Any] = {
    "font.family": [FONT],
    "font.size": SIZE,
    "axes.labelsize": SIZE,
    "axes.titlesize": SIZE,
    "xtick.labelsize": SMALL,
    "ytick.labelsize": SMALL,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.linewidth": 0.8,
    "axes.axisbelow": True,
    "axes.unicode_minus": True,
    "lines.linewidth": 1.6,
    "lines.solid_capstyle": "butt",
    "hatch.linewidth": 0.6,
    "text.parse_math": False,
    "text.usetex": False,
    "text.hinting": "none",
    "figure.dpi": 100,
    "savefig.dpi": 200,
    "savefig.bbox": None,
    "svg.fonttype": "path",
    "svg.hashsalt": "ktss",
    "pdf.fonttype": 42,
    "path.simplify": True,
}

_LOCK = RLock()


class FrameOptions(TypedDict, total=False):
    """Options that every chart takes.

    title : the finding, as a statement. subtitle : unit and n. source_line : source and licence.
    synthetic : stamp the sheet. locale : notation of numbers. theme : ``"light"`` or ``"dark"``.
    width : inches, 8 for the screen and 6.5 for paper. words : replacements for `figures.words.WORDS`.
    """

    title: str
    subtitle: str
    source_line: str
    synthetic: bool
    locale: str
    theme: str
    width: float
    words: Mapping[str, str]


@contextmanager
def house_style() -> Iterator[None]:
    """Set matplotlib's settings to ours, for drawing and for saving, and put the old ones back."""
    import matplotlib

    settings: dict[Any, Any] = {name: value for name, value in matplotlib.rcParamsDefault.items() if name != "backend"}
    settings.update(RC)
    with _LOCK, matplotlib.rc_context(settings):
        yield


@lru_cache(maxsize=8192)
def text_width(text: str, size: float = SIZE, bold: bool = False) -> float:
    """Return the width of one line of text in inches."""
    from matplotlib.font_manager import FontProperties
    from matplotlib.textpath import text_to_path

    font = FontProperties(family=[FONT], size=size, weight="bold" if bold else "normal")
    width, _, _ = text_to_path.get_text_width_height_descent(text, font, ismath=False)
    return float(width) / 72 * SAFETY


def _split_word(word: str, width: float, size: float, bold: bool) -> list[str]:
    pieces, piece = [], ""
    for letter in word:
        if piece and text_width(piece + letter + "-", size, bold) > width:
            pieces.append(piece + "-")
            piece = ""
        piece += letter
    return [*pieces, piece]


def wrap(text: str, width: float, *, size: float = SIZE, bold: bool = False, lines: int | None = None) -> str:
    """Return `text` with line breaks so that no line is wider than `width` inches.

    Parameters
    ----------
    text : str
        Any text; runs of blanks become one.
    width : float
        Inches. A word that is wider is split with a hyphen.
    size, bold : float, bool
        The type it is set in.
    lines : int, optional
        Most lines allowed; the rest is cut and marked with an ellipsis.
    """
    rows: list[str] = []
    line = ""
    for word in str(text).split(" "):
        if not word:
            continue
        candidate = f"{line} {word}" if line else word
        if text_width(candidate, size, bold) <= width:
            line = candidate
            continue
        if line:
            rows.append(line)
        *full, line = _split_word(word, width, size, bold) if text_width(word, size, bold) > width else [word]
        rows.extend(full)
    rows.append(line)
    if lines is None or len(rows) <= lines:
        return "\n".join(rows)
    last = " ".join(rows[lines - 1 :]).replace("- ", "")
    while last and text_width(last + "…", size, bold) > width:
        last = last[:-1]
    return "\n".join([*rows[: lines - 1], last.rstrip() + "…"])


def block_width(text: str, size: float = SIZE, bold: bool = False) -> float:
    """Return the width of the widest line in inches."""
    return max(text_width(line, size, bold) for line in text.split("\n"))


def block_height(text: str, size: float = SIZE) -> float:
    """Return the height of wrapped text in inches."""
    return (text.count("\n") + 1) * size * LINE


def spread(positions: Sequence[float], sizes: Sequence[float], low: float, high: float) -> list[float]:
    """Return positions moved as little as needed so that labels of the given heights do not overlap.

    The order of the labels is kept. Neighbours that collide are merged into one block around their mean (the
    pool-adjacent-violators idea), blocks are then pushed inside `low` to `high`.
    """
    order = sorted(range(len(positions)), key=lambda index: (positions[index], index))
    blocks: list[list[Any]] = []
    for index in order:
        half = sizes[index] / 2
        centre = min(max(positions[index], low + half), max(high - half, low + half))
        blocks.append([centre, sizes[index], [index]])
        while len(blocks) > 1 and blocks[-2][0] + blocks[-2][1] / 2 > blocks[-1][0] - blocks[-1][1] / 2 + 1e-9:
            above, below = blocks[-2], blocks.pop()
            total = above[1] + below[1]
            middle = (above[0] * len(above[2]) + below[0] * len(below[2])) / (len(above[2]) + len(below[2]))
            above[0] = min(max(middle, low + total / 2), max(high - total / 2, low + total / 2))
            above[1], above[2] = total, above[2] + below[2]
    placed = [0.0] * len(positions)
    for centre, total, members in blocks:
        top = centre - total / 2
        for index in members:
            placed[index] = top + sizes[index] / 2
            top += sizes[index]
    return placed


@dataclass
class Body:
    """The area between title block and source line, in inches of the figure."""

    left: float
    top: float
    width: float
    height: float


def frame(
    figure: Canvas,
    *,
    title: str,
    subtitle: str = "",
    source_line: str = "",
    synthetic: bool = False,
    theme: Theme = LIGHT,
    synthetic_word: str = "SYNTHETIC DATA",
) -> Body:
    """Write title, subtitle, source line and mark, and make the figure higher by what they need.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
        A figure as wide as wanted and as high as the body; it must not hold axes yet.
    title, subtitle, source_line : str
        Wrapped to the figure's width; the title is a statement, the subtitle names unit and n.
    synthetic : bool
        Whether to write the mark at the top right.
    theme : Theme
        Colours.
    synthetic_word : str
        The mark in the language of the page.

    Returns
    -------
    Body
        Where the chart itself may stand.
    """
    width, body_height = figure.get_size_inches()
    room = width - 2 * MARGIN
    tag = text_width(synthetic_word, SMALL, True) + 0.35 if synthetic else 0.0
    title_text = wrap(title, room - tag, size=TITLE, bold=True)
    subtitle_text = wrap(subtitle, room) if subtitle else ""
    source_text = wrap(source_line, room, size=SMALL) if source_line else ""
    title_height = block_height(title_text, TITLE)
    header = 0.12 + title_height + (block_height(subtitle_text) + 0.04 if subtitle else 0) + 0.14
    footer = 0.1 + (block_height(source_text, SMALL) + 0.1 if source_line else 0)
    height = header + body_height + footer
    figure.set_size_inches(width, height)

    def write(x: float, y: float, text: str, **style: Any) -> None:
        figure.text(x / width, 1 - y / height, text, linespacing=1.2, **style)

    write(MARGIN, 0.12, title_text, size=TITLE, weight="bold", color=theme.text, va="top")
    if subtitle:
        write(MARGIN, 0.16 + title_height, subtitle_text, size=SIZE, color=theme.secondary, va="top")
    if source_line:
        write(MARGIN, height - 0.1, source_text, size=SMALL, color=theme.note, va="bottom")
    if synthetic:
        box = {"boxstyle": "square,pad=0.35", "facecolor": "none", "edgecolor": theme.text, "linewidth": 1.0}
        write(width - MARGIN - 0.06, 0.17, synthetic_word, size=SMALL, weight="bold", color=theme.text,
              va="top", ha="right", bbox=box)  # fmt: skip
    return Body(MARGIN, header, room, body_height)


class Sheet:
    """One chart in the making: theme and words first, then a body of known height, then axes and texts."""

    def __init__(
        self,
        *,
        title: str = "",
        subtitle: str = "",
        source_line: str = "",
        synthetic: bool = False,
        locale: str = "en",
        theme: str = "light",
        width: float = 8.0,
        words: Mapping[str, str] | None = None,
    ) -> None:
        from .figures.words import WORDS

        if not title.strip():
            raise DisplayError("a chart needs a title: one sentence that states what it shows")
        if theme not in THEMES:
            raise DisplayError(f"theme={theme!r}; allowed: {', '.join(map(repr, THEMES))}")
        if not 4 <= width <= 20:
            raise DisplayError(f"width={width!r}; allowed: 4 to 20 inches")
        self.theme, self.locale, self.synthetic = THEMES[theme], locale, synthetic
        self.width = float(width)
        self.words = {**WORDS, **(words or {})}
        self._texts = {"title": title, "subtitle": subtitle, "source_line": source_line}

    @property
    def room(self) -> float:
        """Width of the body in inches."""
        return self.width - 2 * MARGIN

    def word(self, key: str, **slots: object) -> str:
        """Return a word or sentence of the chart with its slots filled."""
        return self.words[key].format(**slots)

    def widen(self, room: float) -> None:
        """Make the sheet wide enough for a body of `room` inches; only before `lay_out`."""
        if room + 2 * MARGIN > 20:
            raise DisplayError(f"the chart would be {room + 2 * MARGIN:.0f} inches wide; split it")
        self.width = max(self.width, room + 2 * MARGIN)

    def lay_out(self, height: float) -> None:
        """Make the figure with a body of `height` inches."""
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure

        self.figure = Figure(figsize=(self.width, height), facecolor=self.theme.background)
        FigureCanvasAgg(self.figure)
        self.body = frame(
            self.figure,
            **self._texts,
            synthetic=self.synthetic,
            theme=self.theme,
            synthetic_word=self.word("synthetic"),
        )

    def axes(self, left: float, top: float, width: float, height: float, *, bare: bool = False) -> Axes:
        """Return axes at a place of the body; `bare` ones have no ticks and spines."""
        total_width, total_height = self.figure.get_size_inches()
        bottom = total_height - self.body.top - top - height
        place = (
            (self.body.left + left) / total_width, bottom / total_height,
            width / total_width, height / total_height,
        )  # fmt: skip
        axes = self.figure.add_axes(place, facecolor="none")
        if bare:
            axes.set_axis_off()
            return axes
        axes.tick_params(colors=self.theme.secondary, length=2.5, width=0.8, pad=2.5)
        for spine in axes.spines.values():
            spine.set_color(self.theme.secondary)
        return axes

    def canvas(self, height: float | None = None) -> Axes:
        """Return bare axes over the whole body whose data coordinates are inches from the top left corner."""
        height = self.body.height if height is None else height
        axes = self.axes(0, 0, self.room, height, bare=True)
        axes.set_xlim(0, self.room)
        axes.set_ylim(height, 0)
        return axes

    def text(self, x: float, y: float, text: str, **style: Any) -> Text:
        """Write text at inches from the body's top left corner, vertically centred unless told otherwise."""
        total_width, total_height = self.figure.get_size_inches()
        style = {"va": "center", "size": SIZE, "color": self.theme.text, "linespacing": 1.2, **style}
        place = ((self.body.left + x) / total_width, 1 - (self.body.top + y) / total_height)
        return self.figure.text(*place, text, **style)

    def value_grid(self, axes: Axes, direction: str = "x") -> None:
        """Draw a light grid on the value axis only."""
        axes.grid(visible=True, axis=direction, color=self.theme.grid, linewidth=0.8)  # type: ignore[arg-type]

    def marker(self, mark: Mark, *, size: float = 7.5) -> dict[str, Any]:
        """Return matplotlib's marker options of `mark`: white edge when filled, coloured edge when hollow."""
        return {
            "marker": mark.marker,
            "markersize": size,
            "markerfacecolor": mark.colour if mark.filled else self.theme.background,
            "markeredgecolor": self.theme.background if mark.filled else mark.colour,
            "markeredgewidth": 0.8 if mark.filled else 1.4,
            "linestyle": "none",
        }


@contextmanager
def open_sheet(options: Mapping[str, Any]) -> Iterator[Sheet]:
    """Give a sheet under the house style; `options` are those of `FrameOptions`."""
    unknown = set(options) - set(FrameOptions.__annotations__)
    if unknown:
        allowed = ", ".join(FrameOptions.__annotations__)
        raise DisplayError(f"option {sorted(unknown)[0]!r} is not known; allowed: {allowed}")
    with house_style():
        yield Sheet(**options)


def save_figure(figure: Canvas, target: str | IO[bytes], kind: str = "png", *, dpi: int = 200) -> None:
    """Write a figure so that the same figure always gives the same bytes.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
        The figure of a chart.
    target : path or binary file
        Where to.
    kind : {"png", "svg", "pdf"}
        SVG texts are paths, so no font is needed; PDF texts are TrueType and can be selected.
    dpi : int
        Dots per inch of a PNG.
    """
    metadata: dict[str, dict[str, Any]] = {
        "png": {"Software": None},
        "svg": {"Date": None, "Creator": None},
        "pdf": {"CreationDate": None, "ModDate": None, "Creator": None, "Producer": None},
    }
    if kind not in metadata:
        raise DisplayError(f"kind={kind!r}; allowed: {', '.join(map(repr, metadata))}")
    with house_style():
        figure.savefig(target, format=kind, dpi=dpi, metadata=metadata[kind], facecolor=figure.get_facecolor())
