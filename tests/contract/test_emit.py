"""What the emit functions put into a notebook, and what safe_text lets through."""

from __future__ import annotations

import sys
import unicodedata
from pathlib import Path

import matplotlib as mpl
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "e2e"))

from report_sample import dot_figure, recorded

from ktss_analysis.core import KtssError
from ktss_analysis.display.emit import BLOCK_KINDS, PNG_DPI, emit_block, emit_figure, emit_markdown, emit_table
from ktss_analysis.display.text_safety import clean_text, glyph_names, printable_text, safe_text

mpl.use("Agg")


def shown(make, *args, **options):
    with recorded() as outputs:
        make(*args, **options)
    assert len(outputs) == 1
    return outputs[0]


def figure_output(**changes):
    return shown(emit_figure, dot_figure(), **{"label": "fig-a", "caption": "A", "alt": "B", **changes})


def test_figure_holds_both_pictures_with_the_same_facts_and_is_closed():
    from matplotlib import pyplot as plt

    output = figure_output(caption=" A  caption ", alt="What it\nshows", data_label="tbl-a")
    expected = {"label": "fig-a", "caption": "A caption", "alt": "What it shows", "data_label": "tbl-a"}
    assert output.metadata == {"image/svg+xml": expected, "image/png": expected}
    assert output.data["image/svg+xml"].startswith("<?xml")
    assert "<text" not in output.data["image/svg+xml"], "letters must be paths: no font is needed"
    assert plt.get_fignums() == []


def test_a_figure_in_colours_of_the_palette_follows_the_page_and_another_stays_light():
    from matplotlib.figure import Figure
    from matplotlib.patches import Rectangle

    from ktss_analysis.display.palette import LIGHT

    def drawn(colour):
        figure = Figure(figsize=(2, 1), facecolor=LIGHT.background)
        figure.add_artist(Rectangle((0, 0), 1, 1, facecolor=colour, edgecolor="none", transform=figure.transFigure))
        output = shown(emit_figure, figure, label="fig-a", caption="A", alt="B")
        return output.metadata["image/svg+xml"].get("dark")

    assert drawn(LIGHT.text) == {"#ffffff": "#14181f", "#1b1f27": "#f2f4f7"}
    assert drawn("#123456") is None


def test_figure_bytes_depend_on_the_drawing_alone():
    first, second, other = (
        figure_output(),
        figure_output(),
        shown(emit_figure, dot_figure("Another title"), label="fig-a", caption="A", alt="B"),
    )
    assert first.data == second.data
    assert first.data["image/png"] != other.data["image/png"]


def test_png_has_the_dots_an_inch_that_word_needs():
    from base64 import b64decode
    from io import BytesIO

    from PIL import Image

    image = Image.open(BytesIO(b64decode(figure_output().data["image/png"])))
    assert image.info["dpi"][0] == pytest.approx(PNG_DPI, abs=0.5)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"alt": " "}, "alternative text"),
        ({"caption": ""}, "caption"),
        ({"label": "fig a"}, "label"),
        ({"label": "1"}, "label"),
        ({"data_label": "no good"}, "label"),
    ],
)
def test_figure_refuses_what_no_reader_could_use(changes, words):
    from matplotlib import pyplot as plt

    with pytest.raises(KtssError, match=words):
        figure_output(**changes)
    plt.close("all")


def test_table_has_scopes_caption_and_notes_in_html_and_markdown():
    frame = pd.DataFrame({"Skill": ["Listening", "Trust"], "n": ["30", "9"]})
    output = shown(emit_table, frame, label="tbl-a", caption="Who", notes=["One.", "Two."])
    html, markdown = output.data["text/html"], output.data["text/markdown"]
    assert html.count('scope="col"') == 2
    assert html.count('scope="row"') == 2
    assert "<caption>Who</caption>" in html
    assert "*Note.* One. Two." in markdown
    assert ": Who {#tbl-a" in markdown
    assert "|:---|---:|" in markdown, "a column of numbers is set to the right"
    assert "Listening" in output.data["text/plain"]


def test_table_without_row_header_has_no_row_scope():
    output = shown(emit_table, pd.DataFrame({"a": ["x"]}), label="tbl-a", caption="C", row_header=False)
    assert 'scope="row"' not in output.data["text/html"]
    assert 'row-header="0"' in output.data["text/markdown"]


def test_table_cells_are_escaped_but_badges_are_drawn():
    frame = pd.DataFrame({"a": ["<b>|**x**", "[keep]{.badge .keep}", "[x](u){.badge .keep}"]})
    output = shown(emit_table, frame, label="tbl-a", caption="C")
    html, markdown = output.data["text/html"], output.data["text/markdown"]
    assert "&lt;b&gt;|**x**" in html
    assert '<span class="badge keep">keep</span>' in html
    assert html.count("badge keep") == 1, "only the exact form is a badge"
    assert r"\<b\>\|\*\*x\*\*" in markdown


def test_table_keeps_missing_cells_empty_and_line_ends_inside_the_row():
    frame = pd.DataFrame({"a": ["one\ntwo", None], "b": pd.array(["x", pd.NA], dtype="string")})
    markdown = shown(emit_table, frame, label="tbl-a", caption="C").data["text/markdown"]
    assert "| one[]{.line-break}two | x |" in markdown
    assert "|  |  |" in markdown


def test_empty_table_still_has_a_row():
    markdown = shown(emit_table, pd.DataFrame({"a": [], "b": []}), label="tbl-a", caption="C").data["text/markdown"]
    assert "| – | – |" in markdown


@pytest.mark.parametrize(
    ("frame", "options"),
    [
        (pd.DataFrame({"a": ["x"]}), {"caption": " "}),
        (pd.DataFrame({"a": ["x"]}), {"label": "tbl!"}),
        (pd.DataFrame(), {}),
        (pd.DataFrame({"a": ["x"]}), {"align": ["left", "left"]}),
        (pd.DataFrame({"a": ["x"]}), {"align": ["middle"]}),
    ],
)
def test_table_refuses_wrong_input(frame, options):
    with pytest.raises(KtssError):
        shown(emit_table, frame, **{"label": "tbl-a", "caption": "C", **options})


def test_table_does_not_change_its_frame():
    frame = pd.DataFrame({"a": ["x", None]})
    before = frame.copy(deep=True)
    shown(emit_table, frame, label="tbl-a", caption="C")
    pd.testing.assert_frame_equal(frame, before)


def test_block_fence_is_longer_than_any_inside():
    inner = "::::: {.x}\ntext\n:::::"
    text = shown(emit_block, "note", inner).data["text/markdown"]
    assert text.startswith(":::::: {.callout .note}\n")
    assert text.endswith("\n::::::")


@pytest.mark.parametrize("kind", BLOCK_KINDS)
def test_every_block_kind_is_accepted(kind):
    assert kind in shown(emit_block, kind, "text").data["text/markdown"]


def test_block_refuses_unknown_kinds_and_empty_content():
    with pytest.raises(KtssError, match="allowed: note"):
        emit_block("box", "text")
    with pytest.raises(KtssError, match="content"):
        emit_block("note", " ")


def test_markdown_is_shown_as_it_is():
    assert shown(emit_markdown, "*a*").data["text/markdown"] == "*a*"


def test_safe_text_escapes_every_ascii_punctuation():
    marks = [chr(c) for c in range(33, 127) if not chr(c).isalnum()]
    assert safe_text("".join(marks)) == "".join(f"\\{mark}" for mark in marks)


def test_clean_text_removes_controls_overrides_and_surrogates():
    assert clean_text("a\x00b\u202ec\ud83dd\ufeffe\r\nf\u2028g") == "abcde\nf\ng"


def test_characters_without_a_glyph_become_names():
    text = printable_text("Fine \N{THINKING FACE}\N{THINKING FACE} 中文 żółć \ue000 ● ≥")
    assert text == (
        "Fine [emoji: thinking face][emoji: thinking face] [Chinese or Japanese, 2 characters] żółć "
        "[character U+E000] ● ≥"
    )


def test_joiners_and_skin_tones_vanish_with_their_emoji():
    assert printable_text("\N{THUMBS UP SIGN}\N{EMOJI MODIFIER FITZPATRICK TYPE-4}\ufe0f") == "[emoji: thumbs up sign]"


def test_glyph_names_find_characters_behind_entities():
    assert glyph_names("&#129300;") == {"\N{THINKING FACE}": "emoji: thinking face"}


@settings(max_examples=60, deadline=None)
@given(st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=60))
def test_safe_text_is_one_paragraph_that_says_the_same(text):
    safe = safe_text(text)
    assert "\n\n" not in safe
    back = safe.replace("\\\n", "\n")
    unescaped = []
    position = 0
    while position < len(back):
        if back[position] == "\\":
            position += 1
        unescaped.append(back[position])
        position += 1
    expected = " ".join(clean_text(text).replace("\t", " ").split())
    assert unicodedata.normalize("NFC", " ".join("".join(unescaped).split())) == unicodedata.normalize("NFC", expected)


@settings(max_examples=40, deadline=None)
@given(st.text(max_size=40))
def test_printable_text_leaves_nothing_without_a_glyph(text):
    assert glyph_names(printable_text(clean_text(text))) == {}
