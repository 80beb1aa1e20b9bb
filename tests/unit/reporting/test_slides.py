"""Slides: complete, within the page, nothing on top of anything else, in both formats."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import combinations
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from pptx import Presentation
from pptx.util import Inches
from tables_factory import HOSTILE, Experiment, class_names, write_data

from scenery.evaluation.final_scores import ScoredModels, score_table
from scenery.evaluation.reference_results import compare_with_reference
from scenery.reporting.conclusions import ExperimentResult
from scenery.reporting.deck import study_slides
from scenery.reporting.reading import (
    read_catalogue,
    read_comparisons,
    read_metrics,
    read_predictions,
    read_scores,
    read_split,
    read_trials,
)
from scenery.reporting.slide_curves import chosen_curves
from scenery.reporting.slides import (
    HEIGHT,
    READABLE,
    WIDTH,
    Curves,
    Drawing,
    Grid,
    Picture,
    Slide,
    Table,
    Text,
    fit,
    lay_out,
    place_table,
    readable_pages,
    text_width,
    wrap,
)
from scenery.reporting.slides_pdf import draw_slide, write_pdf
from scenery.reporting.slides_pptx import write_pptx

LONG = HOSTILE[3] * 4 + " " + HOSTILE[2] * 8


def outcomes(study: Path, experiments: dict[str, Experiment]) -> list[ExperimentResult]:
    summary = read_trials(study / "summary.csv")
    return [
        ExperimentResult(
            one.choice(),
            summary[summary["experiment"] == name],
            read_metrics(one.folder / "test/metrics.json"),
            read_predictions(one.folder / "test/predictions.csv"),
            one.history(),
            published(one) if name == "cuts" else None,
            read_scores(one.folder / "test/scores.csv"),
            read_comparisons(one.folder / "test/comparisons.csv"),
        )
        for name, one in experiments.items()
    ]


def published(one: Experiment) -> pd.DataFrame:
    rows = [
        {"name": HOSTILE[3] + str(number), "setting": "" if number else "nowhere",
         "accuracy": 0.9, "parameters": 7_000_000, "source": LONG}
        for number in range(9)
    ]  # fmt: skip
    return compare_with_reference(one.trials(), rows, 376)


def deck(
    results: Sequence[ExperimentResult],
    data: Path,
    title: str = "A study",
    picture: Path | None = None,
    short: bool = False,
) -> list[Slide]:
    figures = {one.choice.experiment: picture for one in results} if picture else {}
    pictures = {
        "settings": figures,
        "confusion": figures,
        "reference_results": figures,
        "grad_cam": dict(list(figures.items())[:1]),
        "sample_size": dict(list(figures.items())[1:2]),
        "examples": {"": picture} if picture else {},
    }
    return study_slides(
        title,
        "scenes/train",
        results,
        read_catalogue(data / "catalogue.csv"),
        read_split(data / "split.csv"),
        pictures,
        "snakemake --configfile config/config.yaml",
        {"Keras": "3.15.1", "NumPy": "2.4"},
        short,
    )


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    path = tmp_path / "settings.png"
    Image.new("RGB", (1600, 2100), "white").save(path)
    return path


def boxes(slide: Slide) -> list[tuple[str, float, float, float, float]]:
    return [
        (f"{type(item).__name__} {getattr(item, 'kind', '')}", item.left, item.top,
         item.left + item.width, item.top + item.height)
        for item in lay_out(slide, "A study", 12)
    ]  # fmt: skip


def check_layout(slide: Slide) -> None:
    """Nothing outside the page, nothing on anything else, no text larger than its box."""
    placed = boxes(slide)
    for name, left, top, right, bottom in placed:
        within = left >= 0 and top >= 0 and right <= WIDTH and bottom <= HEIGHT
        assert within, f"{name} leaves {slide.title[:30]}"
    for (name, left, top, right, bottom), (other, x, y, z, w) in combinations(placed, 2):
        apart = right <= x + 1e-6 or z <= left + 1e-6 or bottom <= y + 1e-6 or w <= top + 1e-6
        assert apart, f"{name} lies on {other} in {slide.title[:30]}"
    for item in lay_out(slide, "A study", 12):
        if isinstance(item, Text):
            bold = item.kind == "title"
            lines = [line for lines in item.paragraphs for line in lines]
            assert all(text_width(line, item.size, bold) <= item.width for line in lines)
            assert len(lines) * item.size / 72 * 1.2 <= item.height + 0.02
        if isinstance(item, Grid):
            cells = [item.head, *item.rows]
            for row in cells:
                for text, width in zip(row, item.widths, strict=True):
                    assert text_width(text, item.size) <= width


@pytest.mark.parametrize("number", [2, 8, 40])
def test_lay_out_any_names_and_sizes_fits_the_page(
    study: Path, experiments: dict[str, Experiment], tmp_path: Path, picture: Path, number: int
) -> None:
    write_data(tmp_path, class_names(number, hostile=True), 12)
    results = outcomes(study, experiments)
    if number == 40:
        results = [
            replace(one, choice=type(one.choice)(**{**vars(one.choice), "title": LONG}))
            for one in results
        ]
    slides = deck(results, tmp_path, LONG, picture)
    for slide in slides:
        check_layout(slide)
        draw_slide(lay_out(slide, LONG, 3))


def test_study_slides_have_expected_titles(
    study: Path, experiments: dict[str, Experiment], picture: Path
) -> None:
    slides = deck(outcomes(study, experiments), study / "data", picture=picture)
    titles = [slide.title for slide in slides]
    # Opening and data; two for a single setting, three for every other; two of comparison, the
    # conclusions and the appendix.
    # Opening, data and examples; one slide fewer without a choice; of each experiment its tested
    # settings and its confusion matrix; one further figure and one with published numbers; the
    # steps.
    assert len(slides) == 2 + 1 + 2 + 4 * 3 + 2 * 5 + 1 + 2 + 1 + 2 + 1 + 1
    assert "Each step beside the step before" in titles
    assert titles[0] == "A study"
    assert "Cuts: best result and its configuration" in titles
    assert "Random search: all trials" in titles
    assert titles[-2:] == ["What the numbers say", "Appendix: how this was made"]
    best = slides[titles.index("Cuts: best result and its configuration")]
    assert best.table is not None
    assert any(row[0] == "backbone" and row[1] == "MobileNet" for row in best.table.rows)
    assert "6 settings in 12 trials, 2 failed" in best.bullets[2]
    beside = slides[titles.index("Cuts: published numbers and ours")]
    assert (beside.figure, beside.table) == (picture, None)
    assert beside.bullets[0].startswith("8 of 9 numbers have a counterpart here")


def test_study_slides_short_deck_has_one_slide_for_each_experiment(
    study: Path, experiments: dict[str, Experiment], picture: Path
) -> None:
    results = outcomes(study, experiments)
    slides = deck(results, study / "data", picture=picture, short=True)
    titles = [slide.title for slide in slides]
    assert titles[0] == "A study"
    ends = "best result and its configuration"
    assert all(title.lower().endswith(ends) for title in titles[1 : 1 + len(results)])
    assert titles[1 + len(results) :] == ["Experiments compared", "What the numbers say"]
    assert all(slide.figure is None for slide in slides)
    for slide in slides:
        check_layout(slide)


def test_study_slides_scores_of_other_training_sets_stand_beside_the_chosen_one(
    study: Path, experiments: dict[str, Experiment]
) -> None:
    result = outcomes(study, experiments)[1]
    correct = (np.arange(200) < 150).astype(float)[None]
    scored = [
        ScoredModels("flips", "all", ("chosen", "training set"), "full", ("a",), correct, 400),
        ScoredModels("flips", "few", ("training set",), "small_1", ("b",), correct, 80),
        ScoredModels("flips", "other", ("control",), "full", ("c",), correct, 400),
    ]
    slides = deck([replace(result, scores=score_table(scored, None))], study / "data", short=True)
    lines = [line for slide in slides for line in slide.bullets if "other training sets" in line]
    assert lines == [
        "Test accuracy with other training sets: small_1 (80 images) 0.750 (0.686-0.805)"
    ]
    for slide in slides:
        check_layout(slide)


def test_study_slides_losses_stand_beside_accuracies(
    study: Path, experiments: dict[str, Experiment]
) -> None:
    result = outcomes(study, experiments)[1]
    slides = deck([result], study / "data", short=True)
    (best,) = (slide for slide in slides if slide.chart)
    charts = [item.chart for item in lay_out(best, "A study", 1) if isinstance(item, Drawing)]
    assert [chart.up for chart in charts if isinstance(chart, Curves)] == ["accuracy", "loss"]
    assert result.history is not None
    rows = result.history[result.history["trial"] == result.choice.trial]
    assert isinstance(charts[1], Curves)
    series = dict(charts[1].series)
    assert series["train"] == rows["loss"].tolist()
    assert series["validation"] == rows["validation_loss"].astype(float).tolist()


def test_chosen_curves_one_exploding_loss_keeps_the_axis(
    study: Path, experiments: dict[str, Experiment]
) -> None:
    result = outcomes(study, experiments)[1]
    assert result.history is not None
    history = pd.concat([result.history] * 40, ignore_index=True)
    rows = history.index[history["trial"] == result.choice.trial]
    history.loc[rows[-1], "loss"] = 1e9
    history.loc[rows[-2], "loss"] = float("inf")
    loss = chosen_curves(replace(result, history=history))[1]
    assert 0 < loss.highest < 10
    assert loss.lowest == 0
    assert dict(loss.series)["train"].count(None) == 1


def test_study_slides_question_as_title_has_no_colon(
    study: Path, experiments: dict[str, Experiment]
) -> None:
    asked = [
        replace(one, choice=replace(one.choice, title="Why?"))
        for one in outcomes(study, experiments)
    ]
    titles = [slide.title for slide in deck(asked, study / "data")]
    assert "Why? All trials" in titles
    assert not any("?:" in title for title in titles)


def test_study_slides_reference_results_without_figure_are_a_table(
    study: Path, experiments: dict[str, Experiment]
) -> None:
    slides = deck(outcomes(study, experiments), study / "data")
    table = next(s.table for s in slides if s.title == "Cuts: published numbers and ours")
    assert table is not None
    assert [row[2] for row in table.rows].count("not run") == 1


def test_study_slides_long_table_is_cut_with_note(
    study: Path, experiments: dict[str, Experiment]
) -> None:
    slides = deck(outcomes(study, experiments), study / "data")
    table = next(slide.table for slide in slides if slide.title == "Random search: all trials")
    assert table is not None
    assert len(table.rows) == 12
    assert "188 further settings" in table.note
    assert "2 failed" in table.note
    assert 0 in table.marked


def test_study_slides_data_counts_leaks(study: Path, experiments: dict[str, Experiment]) -> None:
    slide = deck(outcomes(study, experiments), study / "data")[1]
    assert slide.table is not None
    found = {row[0]: row[1] for row in slide.table.rows}
    assert found["images found"] == "140"
    assert found["files with a problem"] == "1"
    assert found["leaks (across partitions)"] == "1"
    assert found["label conflicts"] == "1"
    assert found["files left out"] == "4"


def test_write_pptx_has_text_tables_and_charts(
    study: Path, experiments: dict[str, Experiment], tmp_path: Path, picture: Path
) -> None:
    slides = deck(outcomes(study, experiments), study / "data", HOSTILE[0], picture)
    write_pptx(slides, tmp_path / "slides.pptx", HOSTILE[0])
    presentation = Presentation(str(tmp_path / "slides.pptx"))
    assert (presentation.slide_width, presentation.slide_height) == (Inches(WIDTH), Inches(HEIGHT))
    assert len(presentation.slides) == len(slides)
    tables = charts = pictures = 0
    for content, page in zip(slides, presentation.slides, strict=True):
        shown = page.shapes.title.text_frame.text
        assert shown == " ".join(content.title.split()) or shown.endswith("\u2026")
        for shape in page.shapes:
            tables += shape.has_table
            charts += shape.has_chart
            pictures += shape.shape_type == 13
            assert shape.left >= 0 and shape.left + shape.width <= presentation.slide_width
            assert shape.top >= 0 and shape.top + shape.height <= presentation.slide_height
            if shape.has_table:
                assert sum(row.height for row in shape.table.rows) <= shape.height + 100
        placed = [(s.left, s.top, s.left + s.width, s.top + s.height) for s in page.shapes]
        for (a, b, c, d), (x, y, z, w) in combinations(placed, 2):
            assert c <= x + 10 or z <= a + 10 or d <= y + 10 or w <= b + 10
        if content.notes:
            assert page.notes_slide.notes_text_frame.text == content.notes
    assert (tables, charts, pictures) == (19, 12, 14)


def test_write_slides_twice_gives_same_bytes(
    study: Path, experiments: dict[str, Experiment], tmp_path: Path
) -> None:
    slides = deck(outcomes(study, experiments)[:2], study / "data")
    for number in (1, 2):
        write_pdf(slides, tmp_path / f"{number}.pdf", "A study")
        write_pptx(slides, tmp_path / f"{number}.pptx", "A study")
    assert (tmp_path / "1.pdf").read_bytes() == (tmp_path / "2.pdf").read_bytes()
    assert (tmp_path / "1.pptx").read_bytes() == (tmp_path / "2.pptx").read_bytes()
    pages = (tmp_path / "1.pdf").read_bytes().count(b"/Type /Page\n")
    assert pages in (0, len(slides))


def test_wrap_long_word_keeps_all_letters() -> None:
    text = "one two " + "x" * 300 + " three"
    lines = wrap(text, 2.0, 18)
    assert "".join(lines).replace(" ", "") == text.replace(" ", "")
    assert all(text_width(line, 18) <= 2.0 for line in lines)


def test_fit_long_text_ends_in_ellipsis() -> None:
    paragraphs, size = fit(["word " * 500, "never seen"], 3.0, 1.0, (20, 12))
    assert size == 12
    assert len(paragraphs) == 1
    assert paragraphs[0][-1].endswith("\u2026")
    paragraphs, size = fit(["short"], 3.0, 1.0, (20, 12))
    assert (paragraphs, size) == ([["short"]], 20)


def test_readable_pages_keep_all_bullets_in_large_letters() -> None:
    bullets = [f"{number}: " + "several words " * (3 * number) for number in range(1, 13)]
    pages = readable_pages(bullets)
    assert len(pages) > 1
    assert [bullet for page in pages for bullet in page] == bullets
    for page in pages:
        items = lay_out(Slide(title="T", bullets=page), "", 1)
        [text] = [one for one in items if isinstance(one, Text) and one.kind == "bullets"]
        assert text.size >= READABLE
        assert " ".join(word for one in text.paragraphs for word in one) == " ".join(
            " ".join(bullet.split()) for bullet in page
        )


def test_place_table_too_long_counts_missing_rows() -> None:
    rows = [(f"row {number}", "x") for number in range(100)]
    slide = Slide(title="Many", table=Table(("a", "b"), rows))
    grid = next(item for item in lay_out(slide, "", 1) if isinstance(item, Grid))
    assert f"{100 - len(grid.rows)} more rows" in grid.table.note
    check_layout(slide)


def test_place_table_marked_rows_are_left_out_last() -> None:
    rows = [(f"setting {number}", "value") for number in range(20)]
    grid = place_table(Table(("setting", "value"), rows, frozenset({3, 18})), 0, 0, 5, 2.5)
    kept = [row[0] for row in grid.rows]
    assert len(kept) < len(rows)
    assert kept == [*(f"setting {number}" for number in range(len(kept) - 1)), "setting 18"]
    assert [kept[place] for place in sorted(grid.table.marked)] == ["setting 3", "setting 18"]
    assert grid.table.note == f"{len(rows) - len(kept)} more rows"
    assert grid.size >= 12


def test_lay_out_picture_keeps_aspect_ratio(picture: Path) -> None:
    items = lay_out(Slide(title="T", figure=picture, table=Table(("a",), [("b",)])), "", 1)
    placed = next(item for item in items if isinstance(item, Picture))
    assert placed.width / placed.height == pytest.approx(1600 / 2100)


def test_study_slides_without_history_have_no_chart(
    study: Path, experiments: dict[str, Experiment]
) -> None:
    results = [replace(one, history=None) for one in outcomes(study, experiments)]
    slide = deck(results, study / "data")[2]
    assert slide.chart is None
    empty = replace(results[0], history=pd.DataFrame(columns=experiments["one"].history().columns))
    assert deck([empty], study / "data")[2].chart is None


def test_study_slides_data_warns_of_a_class_that_loses_images(
    study: Path, experiments: dict[str, Experiment]
) -> None:
    slide = deck(outcomes(study, experiments)[:1], study / "data")[1]
    assert slide.title == "The data set"
    assert slide.bullets[0].startswith("Warning: more than 2% of a class is left out")
    check_layout(slide)
