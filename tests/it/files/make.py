#!/usr/bin/env python3
"""Makes the small files the tests read. Needs python-docx, openpyxl, python-pptx, reportlab, pypdf and cryptography.

    make.py FOLDER
"""
import sys
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


word()
slides()
sheets()
pdf()
