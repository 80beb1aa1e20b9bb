"""Slides as a PPTX: real titles, text, tables and charts that can be edited."""

import io
import zipfile
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from lxml import etree
from pptx import Presentation
from pptx.chart.data import CategoryChartData, XyChartData
from pptx.dml.color import RGBColor
from pptx.enum.chart import XL_CHART_TYPE, XL_LEGEND_POSITION, XL_TICK_LABEL_POSITION
from pptx.enum.dml import MSO_LINE
from pptx.enum.shapes import MSO_SHAPE
from pptx.enum.text import MSO_ANCHOR, MSO_AUTO_SIZE, PP_ALIGN
from pptx.oxml.ns import qn
from pptx.util import Emu, Inches, Pt

from scenery.reporting.labels import shorten
from scenery.reporting.slides import (
    CELL_PADDING,
    HEIGHT,
    WIDTH,
    Chart,
    Curves,
    Drawing,
    Grid,
    Picture,
    Rule,
    Slide,
    Text,
    lay_out,
)
from scenery.reporting.slides_pdf import LINE_COLORS, TEXT_COLORS, label_size
from scenery.reporting.style import BLUE, CHOSEN, COLORS

# Narrower than the font that the layout measures with, and installed everywhere.
FONT = "Arial"
TITLE_ONLY = 5
LONG_AGO = datetime(2000, 1, 1)


def write_pptx(slides: Sequence[Slide], path: str | Path, footer: str) -> None:
    """One 16:9 slide each, speaker's notes included; the same bytes for the same slides."""
    presentation = Presentation()
    presentation.slide_width, presentation.slide_height = Inches(WIDTH), Inches(HEIGHT)
    properties = presentation.core_properties
    # The format allows 255 letters.
    properties.title = shorten(slides[0].title, 200) if slides else ""
    properties.created = properties.modified = LONG_AGO
    properties.author = properties.last_modified_by = "Scenery"
    for number, slide in enumerate(slides, start=1):
        page = presentation.slides.add_slide(presentation.slide_layouts[TITLE_ONLY])
        for item in lay_out(slide, footer, number):
            if isinstance(item, Text):
                _add_text(page, item)
            elif isinstance(item, Rule):
                _add_rule(page, item)
            elif isinstance(item, Grid):
                _add_table(page, item)
            elif isinstance(item, Picture):
                shape = page.shapes.add_picture(str(item.path), *_box(item))
                shape._element.nvPicPr.cNvPr.set("descr", f"Figure: {slide.title}")
            elif isinstance(item.chart, Curves):
                _add_curves(page, item, item.chart)
            else:
                _add_bars(page, item, item.chart)
        if slide.notes:
            page.notes_slide.notes_text_frame.text = slide.notes
    buffer = io.BytesIO()
    presentation.save(buffer)
    Path(path).write_bytes(_without_times(buffer.getvalue()))


def _without_times(archive: bytes) -> bytes:
    """The same files in the same order, none of them with the time of writing."""
    result = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(archive)) as source,
        zipfile.ZipFile(result, "w", zipfile.ZIP_DEFLATED) as target,
    ):
        for name in source.namelist():
            content = source.read(name)
            if name.endswith(".xlsx"):
                content = _without_times(content)
            if name == "docProps/core.xml" and b"dcterms:created" in content:
                content = _fixed_dates(content)
            target.writestr(zipfile.ZipInfo(name, LONG_AGO.timetuple()[:6]), content)
    return result.getvalue()


def _fixed_dates(content: bytes) -> bytes:
    """Document properties with the dates of an embedded workbook set to one fixed day."""
    root = etree.fromstring(content)
    for name in ("created", "modified"):
        for element in root.iter(f"{{http://purl.org/dc/terms/}}{name}"):
            element.text = LONG_AGO.strftime("%Y-%m-%dT%H:%M:%SZ")
    return bytes(etree.tostring(root, xml_declaration=True, encoding="UTF-8", standalone=True))


def _box(item: Text | Grid | Picture | Drawing | Rule) -> tuple[Emu, Emu, Emu, Emu]:
    return Inches(item.left), Inches(item.top), Inches(item.width), Inches(item.height)


def _color(code: str) -> RGBColor:
    return RGBColor.from_string(code.lstrip("#"))


def _add_text(page, item: Text) -> None:  # type: ignore[no-untyped-def]
    if item.kind == "title":
        shape = page.shapes.title
        shape.left, shape.top, shape.width, shape.height = _box(item)
    else:
        shape = page.shapes.add_textbox(*_box(item))
        shape.name = item.kind
    frame = shape.text_frame
    frame.word_wrap = True
    frame.auto_size = MSO_AUTO_SIZE.NONE
    frame.margin_left = frame.margin_right = Inches(0.05)
    frame.margin_top = frame.margin_bottom = 0
    frame.vertical_anchor = MSO_ANCHOR.MIDDLE if item.kind == "title" else MSO_ANCHOR.TOP
    for number, lines in enumerate(item.paragraphs):
        paragraph = frame.paragraphs[0] if number == 0 else frame.add_paragraph()
        paragraph.alignment = PP_ALIGN.RIGHT if item.kind == "number" else PP_ALIGN.LEFT
        run = paragraph.add_run()
        run.text = _joined(lines)
        _letters(
            run.font,
            item.size,
            TEXT_COLORS.get(item.kind, "#000000"),
            item.kind == "title",
        )
        if item.kind == "bullets":
            paragraph.space_after = Pt(item.size * 0.4)
            _bullet(paragraph)


def _joined(lines: list[str]) -> str:
    """Lines as one text again, so that it can be edited; broken words stay in one piece."""
    return " ".join(lines)


def _letters(font, size: float, color: str, bold: bool) -> None:  # type: ignore[no-untyped-def]
    font.size, font.bold, font.name = Pt(size), bold, FONT
    font.color.rgb = _color(color)


def _add_rule(page, item: Rule) -> None:  # type: ignore[no-untyped-def]
    shape = page.shapes.add_shape(MSO_SHAPE.RECTANGLE, *_box(item))
    shape.name = "rule"
    shape.fill.solid()
    shape.fill.fore_color.rgb = _color(BLUE)
    shape.line.fill.background()
    shape.shadow.inherit = False


def _bullet(paragraph) -> None:  # type: ignore[no-untyped-def]
    properties = paragraph._p.get_or_add_pPr()
    properties.set("marL", str(Inches(0.3)))
    properties.set("indent", str(-Inches(0.27)))
    color = etree.SubElement(properties, qn("a:buClr"))
    etree.SubElement(color, qn("a:srgbClr")).set("val", BLUE.lstrip("#"))
    etree.SubElement(properties, qn("a:buChar")).set("char", "\u2022")


def _add_table(page, item: Grid) -> None:  # type: ignore[no-untyped-def]
    shape = page.shapes.add_table(len(item.rows) + 1, len(item.widths), *_box(item))
    table = shape.table
    table.horz_banding = False
    for column, width in zip(table.columns, item.widths, strict=True):
        column.width = Inches(width)
    for number, cells in enumerate([item.head, *item.rows]):
        table.rows[number].height = Inches(item.row_height)
        marked = number - 1 in item.table.marked
        for column, text in enumerate(cells):
            cell = table.cell(number, column)
            cell.margin_left = cell.margin_right = Inches(CELL_PADDING * 0.9)
            cell.margin_top = cell.margin_bottom = 0
            cell.vertical_anchor = MSO_ANCHOR.MIDDLE
            cell.text_frame.word_wrap = False
            cell.fill.solid()
            fill = "#DCE9F3" if number == 0 else "#FBE9DD" if marked else "#FFFFFF"
            cell.fill.fore_color.rgb = _color(fill)
            paragraph = cell.text_frame.paragraphs[0]
            paragraph.alignment = PP_ALIGN.RIGHT if column in item.table.numeric else PP_ALIGN.LEFT
            run = paragraph.add_run()
            run.text = text
            _letters(run.font, item.size, "#000000", number == 0 or marked)


def _add_curves(page, item: Drawing, content: Curves) -> None:  # type: ignore[no-untyped-def]
    data = XyChartData()
    for name, values in content.series:
        series = data.add_series(name)
        for place, value in zip(content.places, values, strict=True):
            if value is not None:
                series.add_data_point(float(place), float(value))
    several = len(content.places) > 1
    kind = XL_CHART_TYPE.XY_SCATTER_LINES_NO_MARKERS if several else XL_CHART_TYPE.XY_SCATTER
    chart = page.shapes.add_chart(kind, *_box(item), data).chart
    _dress(chart, content.across, content.up)
    chart.value_axis.minimum_scale = content.lowest
    chart.value_axis.maximum_scale = content.highest
    chart.category_axis.minimum_scale = 0
    chart.category_axis.maximum_scale = max(content.places)
    chart.category_axis.has_major_gridlines = False
    for series, color, style in zip(
        chart.plots[0].series, LINE_COLORS, (MSO_LINE.DASH, MSO_LINE.SOLID), strict=False
    ):
        series.smooth = False
        series.format.line.color.rgb = _color(color)
        series.format.line.width = Pt(3)
        series.format.line.dash_style = style


def _dress(chart, across: str, up: str) -> None:  # type: ignore[no-untyped-def]
    chart.font.name = FONT
    chart.font.size = Pt(14)
    chart.has_title = False
    chart.has_legend = True
    chart.legend.position = XL_LEGEND_POSITION.TOP
    chart.legend.include_in_layout = False
    chart.value_axis.major_gridlines.format.line.color.rgb = _color("#E4E4E4")
    for axis, text in ((chart.category_axis, across), (chart.value_axis, up)):
        axis.has_title = bool(text)
        if text:
            axis.axis_title.text_frame.text = text


def _add_bars(page, item: Drawing, content: Chart) -> None:  # type: ignore[no-untyped-def]
    data = CategoryChartData(number_format=content.number_format)
    data.categories = list(content.categories)
    for name, values in content.series:
        data.add_series(name, [float(value) for value in values])
    kind = XL_CHART_TYPE.BAR_STACKED if content.stacked else XL_CHART_TYPE.BAR_CLUSTERED
    if content.upright:
        kind = XL_CHART_TYPE.COLUMN_STACKED
    chart = page.shapes.add_chart(kind, *_box(item), data).chart
    _dress(chart, "", content.axis)
    letters = 10 if content.upright else label_size(len(content.categories))
    if not content.upright:
        # Lying bars count categories from below; the first one belongs on top.
        chart.category_axis.reverse_order = True
        chart.value_axis.tick_label_position = XL_TICK_LABEL_POSITION.HIGH
    chart.category_axis.tick_labels.font.size = Pt(letters)
    _show_every_label(chart.category_axis)
    if content.upright:
        body = chart.category_axis.tick_labels.font._element.getparent().getparent().getparent()
        body.find(qn("a:bodyPr")).set("rot", "-5400000")
    chart.value_axis.minimum_scale = 0
    if not content.stacked:
        chart.value_axis.maximum_scale = 1
    plot = chart.plots[0]
    plot.gap_width = 25 if content.stacked else 40
    plot.overlap = 100 if content.stacked else 0
    colors = COLORS if content.stacked else (BLUE, CHOSEN)
    for series, color in zip(plot.series, colors, strict=False):
        series.format.fill.solid()
        series.format.fill.fore_color.rgb = _color(color)
    if content.low:
        _add_error_bars(plot.series[len(content.series) - 1], content)


def _show_every_label(axis) -> None:  # type: ignore[no-untyped-def]
    """Without this a program leaves out every other class where labels are close."""
    element = etree.Element(qn("c:tickLblSkip"))
    element.set("val", "1")
    after = axis._element.find(qn("c:noMultiLvlLbl"))
    if after is not None:
        after.addprevious(element)
    else:
        axis._element.append(element)


def _add_error_bars(series, content: Chart) -> None:  # type: ignore[no-untyped-def]
    """Intervals around the bars' ends; the library has no call for them."""
    bars = etree.Element(qn("c:errBars"))
    for name, value in (
        ("errBarType", "both"),
        ("errValType", "cust"),
        ("noEndCap", "0"),
    ):
        etree.SubElement(bars, qn(f"c:{name}")).set("val", value)
    ends = content.series[-1][1]
    for name, others in (("plus", content.high), ("minus", content.low)):
        literal = etree.SubElement(etree.SubElement(bars, qn(f"c:{name}")), qn("c:numLit"))
        etree.SubElement(literal, qn("c:formatCode")).text = "General"
        etree.SubElement(literal, qn("c:ptCount")).set("val", str(len(ends)))
        for place, (end, other) in enumerate(zip(ends, others, strict=True)):
            point = etree.SubElement(literal, qn("c:pt"))
            point.set("idx", str(place))
            etree.SubElement(point, qn("c:v")).text = repr(max(abs(other - end), 0.0))
    series._element.find(qn("c:cat")).addprevious(bars)
