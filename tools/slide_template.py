"""Make sendlab/publish/templates/slides.pptx: a 16:9 template with layouts that have names.

    python tools/slide_template.py
Colours: Government Analysis Function palette. Everything that every slide shows stands here: bands, fonts, footers.
"""

import re
from pathlib import Path
from typing import Any

from lxml import etree
from pptx import Presentation
from pptx.oxml import parse_xml
from pptx.util import Inches

TARGET = Path(__file__).resolve().parent.parent / "sendlab" / "publish" / "templates" / "slides.pptx"
WIDTH, HEIGHT = 13.333, 7.5
BLUE, PAPER, TEXT, SOFT = "12436D", "FFFFFF", "0B0C0C", "505A5F"
# The Analysis Function's order: dark blue, turquoise, dark pink, orange, dark grey, light purple.
ACCENTS = (BLUE, "28A197", "801650", "F46A25", "3D3D3D", "A285D1")
LEFT, RIGHT = 0.6, 12.733
TITLE = (LEFT, 0.42, RIGHT - LEFT, 1.0)
FOOT = 7.02
# layout -> its places: (kind, number, name, left, top, width, height, size in points)
LAYOUTS: dict[str, list[tuple[str, int, str, float, float, float, float, int]]] = {
    "Title": [
        ("ctrTitle", 0, "Title", LEFT, 2.05, 11.2, 1.5, 36),
        ("body", 1, "Place and period", LEFT, 3.75, 11.2, 1.0, 22),
        ("body", 2, "Data and marking", LEFT, 5.0, 11.2, 1.2, 16),
    ],
    "Summary": [
        ("title", 0, "Title", *TITLE, 28),
        ("body", 1, "Sentences", LEFT, 1.62, 8.1, 5.1, 18),
        ("body", 2, "Beside the colours", 9.1, 3.75, 3.633, 2.97, 16),
    ],
    "Finding with chart": [
        ("title", 0, "Title", *TITLE, 28),
        ("chart", 10, "Chart", LEFT, 1.62, 7.9, 5.1, 14),
        ("body", 1, "What it says", 8.8, 1.62, 3.933, 5.1, 16),
    ],
    "Finding with picture": [
        ("title", 0, "Title", *TITLE, 28),
        ("body", 1, "What it says", LEFT, 5.3, RIGHT - LEFT, 1.5, 16),
    ],
    "Table": [("title", 0, "Title", *TITLE, 28), ("body", 1, "Lead", LEFT, 1.5, RIGHT - LEFT, 0.5, 14)],
    "Text": [("title", 0, "Title", *TITLE, 28), ("body", 1, "Text", LEFT, 1.62, RIGHT - LEFT, 5.1, 18)],
}
NS = (
    'xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main" '
    'xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships" '
    'xmlns:p="http://schemas.openxmlformats.org/presentationml/2006/main"'
)


def build() -> Any:
    """The template as a presentation without slides."""
    made = Presentation()
    made.slide_width, made.slide_height = Inches(WIDTH), Inches(HEIGHT)
    master = made.slide_master
    for layout in list(made.slide_layouts)[len(LAYOUTS) :]:
        made.slide_layouts.remove(layout)
    _theme(master)
    _fill(master, "Master", [("title", 0, "Title", *TITLE, 28), ("body", 1, "Text", LEFT, 1.62, 12.133, 5.1, 18)])
    _text_styles(master)
    for layout, (name, places) in zip(made.slide_layouts, LAYOUTS.items(), strict=True):
        layout.name = name
        layout._element.attrib.pop("type", None)
        layout._element.set("preserve", "1")
        _fill(layout, name, places)
    _drop_unused(made)
    made.core_properties.title, made.core_properties.author = "", "sendlab"
    return made


def _theme(master: Any) -> None:
    """Fonts and colours of the theme."""
    part = next(rel.target_part for rel in master.part.rels.values() if rel.reltype.endswith("/theme"))
    root = etree.fromstring(part.blob)
    a = "{http://schemas.openxmlformats.org/drawingml/2006/main}"
    for node in root.iter(f"{a}latin"):
        if node.getparent().tag in (f"{a}majorFont", f"{a}minorFont"):
            node.set("typeface", "Arial")
    for kind in ("majorFont", "minorFont"):
        for node in root.iter(f"{a}{kind}"):
            for font in node.findall(f"{a}font"):
                node.remove(font)
    colours = {"dk1": TEXT, "lt1": PAPER, "dk2": BLUE, "lt2": "F3F2F1", "hlink": BLUE, "folHlink": "801650"}
    colours |= {f"accent{number}": colour for number, colour in enumerate(ACCENTS, 1)}
    scheme = next(root.iter(f"{a}clrScheme"))
    scheme.set("name", "Analysis Function")
    for name, colour in colours.items():
        node = scheme.find(f"{a}{name}")
        for child in list(node):
            node.remove(child)
        etree.SubElement(node, f"{a}srgbClr").set("val", colour)
    root.set("name", "sendlab")
    part._blob = etree.tostring(root, xml_declaration=True, encoding="UTF-8", standalone=True)


def _fill(page: Any, name: str, places: list[Any]) -> None:
    """Put the places of a layout, its bands and its footers in place of what it holds."""
    tree = page.shapes._spTree
    for node in list(tree)[2:]:
        tree.remove(node)
    cover = name == "Title"
    bands = [(0, 0, WIDTH, 1.45), (LEFT, 3.6, 2.2, 0.06)] if cover else [(0, 0, WIDTH, 0.18)]
    for number, band in enumerate(bands):
        tree.append(_band(number + 2, *band, BLUE))
    shapes = [_place(number, *place) for number, place in enumerate(places, 10)]
    shapes += [_footer(40, "ftr", 11, LEFT, 10.2, "OFFICIAL"), _footer(41, "sldNum", 12, 11.73, 1.0, "")]
    for shape in shapes:
        tree.append(shape)


def _band(number: int, left: float, top: float, width: float, height: float, colour: str) -> Any:
    return parse_xml(
        f'<p:sp {NS}><p:nvSpPr><p:cNvPr id="{number}" name="Band {number}"/><p:cNvSpPr/>'
        '<p:nvPr userDrawn="1"/></p:nvSpPr>'
        f'<p:spPr>{_xfrm(left, top, width, height)}<a:prstGeom prst="rect"><a:avLst/></a:prstGeom>'
        f'<a:solidFill><a:srgbClr val="{colour}"/></a:solidFill><a:ln><a:noFill/></a:ln></p:spPr>'
        "<p:txBody><a:bodyPr/><a:lstStyle/><a:p><a:endParaRPr/></a:p></p:txBody></p:sp>"
    )


def _xfrm(left: float, top: float, width: float, height: float) -> str:
    x, y, cx, cy = (int(Inches(each)) for each in (left, top, width, height))
    return f'<a:xfrm><a:off x="{x}" y="{y}"/><a:ext cx="{cx}" cy="{cy}"/></a:xfrm>'


def _place(
    number: int, kind: str, index: int, name: str, left: float, top: float, width: float, height: float, size: int
) -> Any:
    is_title = kind in ("title", "ctrTitle")
    about = f'type="{kind}"' + ("" if is_title else f' idx="{index}"')
    style = f'<a:lvl1pPr marL="0" indent="0"><a:buNone/><a:defRPr sz="{100 * size}" b="{int(is_title)}"/></a:lvl1pPr>'
    anchor = "b" if is_title else "t"
    return parse_xml(
        f'<p:sp {NS}><p:nvSpPr><p:cNvPr id="{number}" name="{name}"/><p:cNvSpPr><a:spLocks noGrp="1"/></p:cNvSpPr>'
        f"<p:nvPr><p:ph {about}/></p:nvPr></p:nvSpPr><p:spPr>{_xfrm(left, top, width, height)}</p:spPr>"
        f'<p:txBody><a:bodyPr lIns="0" tIns="0" rIns="0" bIns="0" anchor="{anchor}"><a:noAutofit/></a:bodyPr>'
        f'<a:lstStyle>{style}</a:lstStyle><a:p><a:r><a:rPr lang="en-GB"/><a:t>{name}</a:t></a:r></a:p>'
        "</p:txBody></p:sp>"
    )


def _footer(number: int, kind: str, index: int, left: float, width: float, text: str) -> Any:
    align = "r" if kind == "sldNum" else "l"
    inside = (
        '<a:fld id="{B6F15528-21DE-4FAA-801E-634DDDAF4B2B}" type="slidenum"><a:rPr lang="en-GB"/><a:t>‹#›</a:t></a:fld>'
        if kind == "sldNum" else f'<a:r><a:rPr lang="en-GB"/><a:t>{text}</a:t></a:r>'
    )  # fmt: skip
    name = "Slide number" if kind == "sldNum" else "Footer"
    return parse_xml(
        f'<p:sp {NS}><p:nvSpPr><p:cNvPr id="{number}" name="{name}"/><p:cNvSpPr><a:spLocks noGrp="1"/></p:cNvSpPr>'
        f'<p:nvPr><p:ph type="{kind}" sz="quarter" idx="{index}"/></p:nvPr></p:nvSpPr>'
        f"<p:spPr>{_xfrm(left, FOOT, width, 0.3)}</p:spPr>"
        f'<p:txBody><a:bodyPr lIns="0" tIns="0" rIns="0" bIns="0" anchor="ctr"><a:noAutofit/></a:bodyPr><a:lstStyle>'
        f'<a:lvl1pPr algn="{align}"><a:defRPr sz="1100"><a:solidFill><a:srgbClr val="{SOFT}"/></a:solidFill></a:defRPr>'
        f"</a:lvl1pPr></a:lstStyle><a:p>{inside}</a:p></p:txBody></p:sp>"
    )


def _text_styles(master: Any) -> None:
    """Titles dark blue and bold, bodies in the colour of text, all of them set from the left."""
    styles = master._element.find("{http://schemas.openxmlformats.org/presentationml/2006/main}txStyles")
    text = etree.tostring(styles, encoding="unicode")
    text = re.sub(r'algn="ctr"', 'algn="l"', text)
    title, rest = text.split("</p:titleStyle>", 1)
    title = title.replace('<a:schemeClr val="tx1"/>', '<a:schemeClr val="tx2"/>')
    styles.getparent().replace(styles, parse_xml(f"{title}</p:titleStyle>{rest}"))


def _drop_unused(made: Any) -> None:
    """A template's picture of itself, printer settings and counts of words are nothing that a pack shows."""
    about = next(r.target_part for r in made.part.package._rels.values() if r.reltype.endswith("/extended-properties"))
    space = "http://schemas.openxmlformats.org/officeDocument/2006/extended-properties"
    about._blob = f'<Properties xmlns="{space}"><Application>sendlab</Application></Properties>'.encode()
    for rels in (made.part.package._rels, made.part.rels):
        for name, rel in list(rels.items()):
            if rel.reltype.endswith(("/thumbnail", "/printerSettings")):
                rels.pop(name)


def main() -> None:
    """Write the template where the package looks for it."""
    build().save(str(TARGET))
    print(f"{TARGET.name}: layouts {', '.join(LAYOUTS)}")


if __name__ == "__main__":
    main()
