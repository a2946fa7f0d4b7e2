#!/usr/bin/env python3
"""Makes the small files the tests read. Needs python-docx, openpyxl, python-pptx, reportlab, pypdf and cryptography, and
LibreOffice for OpenDocument and the old Office forms; those are packed, since most of an old slide file is nothing.

    make.py FOLDER
"""
import subprocess
import sys
import zipfile
import zlib
from pathlib import Path

import docx
import openpyxl
import pptx
from pypdf import PdfReader, PdfWriter
from reportlab.lib.pagesizes import A4
from reportlab.pdfgen import canvas

out = Path(sys.argv[1])
FEES = [["Leistung", "Gebühr"], ["Anwohnerparkausweis", "120 Euro"], ["Zweitausweis", "35 Euro"], ["Handwerkerausweis", "180 Euro"]]


def word():
    file = docx.Document()
    file.core_properties.title = "Merkblatt Parken"
    file.add_heading("Merkblatt Parken", 0)
    file.add_heading("Wer einen Ausweis bekommt", 1)
    file.add_paragraph("Einen Anwohnerparkausweis erhält, wer in der Altstadt gemeldet ist und keine Garage hat.")
    for item in ("Fahrzeugschein", "Personalausweis", "Mietvertrag der Wohnung"):
        file.add_paragraph(item, style="List Bullet")
    file.add_heading("Gebühren", 1)
    table = file.add_table(rows=0, cols=2)
    for row in FEES:
        cells = table.add_row().cells
        cells[0].text, cells[1].text = row
    file.save(out / "parken.docx")


def slides():
    file = pptx.Presentation()
    for title, text in (("Hochwasserschutz am Mühlbach", "Der Deich wird um achtzig Zentimeter erhöht."), ("Zeitplan", "Baubeginn ist im April, fertig ist alles im Oktober.")):
        slide = file.slides.add_slide(file.slide_layouts[1])
        slide.shapes.title.text, slide.placeholders[1].text = title, text
    file.save(out / "hochwasser.pptx")


def sheets():
    book = openpyxl.Workbook()
    book.active.title = "Gebühren"
    for row in FEES:
        book.active.append(row)
    second = book.create_sheet("Termine")
    for row in (["Ort", "Tag"], ["Marktplatz", "Dienstag"], ["Bahnhof", "Freitag"]):
        second.append(row)
    book.save(out / "gebuehren.xlsx")


def pdf():
    page = canvas.Canvas(str(out / "satzung.pdf"), pagesize=A4, invariant=1)
    page.setTitle("Friedhofssatzung")
    texts = [
        ["Die Ruhezeit beträgt für Särge zwanzig Jahre und für Ur-", "nen fünfzehn Jahre. Sie kann einmal verlängert werden."],
        ["Grabmale bedürfen der Genehmigung. Ein Urnengrab kostet 640 Euro."],
        [],
        ["Der Friedhof ist von April bis September bis 20 Uhr geöffnet."],
        ["Hunde dürfen an der Leine mitgeführt werden."],
    ]
    for number, lines in enumerate(texts, 1):
        if lines:
            page.drawString(72, 800, "Gemeinde Neuhausen – Amtliche Bekanntmachung")
            for at, line in enumerate(lines):
                page.drawString(72, 700 - 14 * at, line)
            page.drawString(280, 40, f"Seite {number} von 5")
        else:
            page.rect(100, 100, 300, 300)
        page.showPage()
    page.save()
    picture = canvas.Canvas(str(out / "scan.pdf"), pagesize=A4, invariant=1)
    picture.rect(100, 100, 300, 300)
    picture.showPage()
    picture.save()
    writer = PdfWriter(clone_from=PdfReader(out / "satzung.pdf"))
    writer.encrypt("geheim", algorithm="AES-256")
    writer.write(out / "geheim.pdf")


def convert(name, kind):
    subprocess.run(["soffice", "--headless", "--convert-to", kind, "--outdir", str(out), str(out / name)], check=True)


def open_document():
    convert("parken.docx", "odt")
    convert("beitraege.fods", "ods")
    convert("hochwasser.pptx", "odp")


def old_office():
    old = [("parken.docx", "doc"), ("folien.fodp", "ppt"), ("gebuehren.xlsx", "xls")]
    with zipfile.ZipFile(out / "alt.zip", "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name, kind in old:
            convert(name, kind)
            made = (out / name).with_suffix("." + kind)
            archive.write(made, made.name)
            made.unlink()


def book():
    page = '<?xml version="1.0" encoding="UTF-8"?><html xmlns="http://www.w3.org/1999/xhtml"><head><title>{0}</title></head><body>{1}</body></html>'
    package = """<?xml version="1.0" encoding="UTF-8"?>
<package xmlns="http://www.idpf.org/2007/opf" version="3.0" unique-identifier="id"><metadata xmlns:dc="http://purl.org/dc/elements/1.1/">
<dc:identifier id="id">chronik</dc:identifier><dc:title>Chronik der Gemeinde</dc:title><dc:language>de</dc:language>
<meta property="dcterms:modified">2026-02-01T00:00:00Z</meta></metadata><manifest>
<item id="nav" href="nav.xhtml" media-type="application/xhtml+xml" properties="nav"/>
<item id="b" href="text/zweites%20Kapitel.xhtml" media-type="application/xhtml+xml"/>
<item id="a" href="text/erstes.xhtml" media-type="application/xhtml+xml"/>
</manifest><spine><itemref idref="nav"/><itemref idref="a"/><itemref idref="b"/></spine></package>"""
    parts = [
        ("META-INF/container.xml", '<container version="1.0" xmlns="urn:oasis:names:tc:opendocument:xmlns:container"><rootfiles><rootfile full-path="OEBPS/package.opf" media-type="application/oebps-package+xml"/></rootfiles></container>'),
        ("OEBPS/package.opf", package),
        ("OEBPS/nav.xhtml", page.format("Inhalt", '<nav><ol><li><a href="text/erstes.xhtml">Inhaltsverzeichnis</a></li></ol></nav>')),
        ("OEBPS/text/zweites Kapitel.xhtml", page.format("Die Mühle", "<p>Die Mühle am Bach wurde 1743 gebaut und mahlte bis 1951.</p>")),
        ("OEBPS/text/erstes.xhtml", page.format("Gründung", "<h1>Die Gründung</h1><p>Die Gemeinde wurde im Jahr 1284 zum ersten Mal erwähnt.</p>")),
    ]
    with zipfile.ZipFile(out / "chronik.epub", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("mimetype", "application/epub+zip", zipfile.ZIP_STORED)
        for name, text in parts:
            archive.writestr(name, text)


def bomb():
    """A page whose content unpacks to six gigabytes of blanks."""
    packer = zlib.compressobj(9)
    once = b"".join([packer.compress(b" " * (1 << 20)) for _ in range(6144)] + [packer.flush()])
    data = zlib.compress(zlib.compress(once, 9), 9)
    parts = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 100 100]/Contents 4 0 R/Resources<<>>>>",
        b"<</Length %d/Filter[/FlateDecode /FlateDecode /FlateDecode]>>stream\n%s\nendstream" % (len(data), data),
    ]
    file, places = b"%PDF-1.5\n", []
    for number, part in enumerate(parts, 1):
        places.append(len(file))
        file += b"%d 0 obj\n%s\nendobj\n" % (number, part)
    end = b"xref\n0 5\n0000000000 65535 f \n" + b"".join(b"%010d 00000 n \n" % place for place in places)
    (out / "bombe.pdf").write_bytes(file + end + b"trailer<</Size 5/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n" % len(file))


word()
slides()
sheets()
pdf()
open_document()
old_office()
book()
bomb()
