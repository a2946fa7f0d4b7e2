//! Columns of bare numbers under a heading that names a currency: `Gebühr in Euro`.

use super::super::Block;
use super::lines::{Doc, Line, Shape, speaks_of};
use super::price;
use super::rule::Rule;
use super::sink::Sink;
use super::value::Stated;

static BARE: Rule = Rule::new(r"^\s?(\d{1,3}(?:[. ]\d{3})*(?:,\d{2})?|\d{1,7}(?:[.,]\d{2})?)(?:,(?:--?|–|—))?\s?$");

/// Reads the price columns of all tables.
pub fn read(doc: &Doc<'_>, sink: &mut Sink) {
    let blocks = doc.sections.iter().flat_map(|section| &section.blocks);
    for (at, block) in blocks.enumerate() {
        let Block::Table { rows, header } = block else { continue };
        let of_table = |line: &&Line<'_>| line.block as usize == at && line.shape == Shape::Row;
        let Some(line) = doc.lines.iter().find(of_table) else { continue };
        free(doc, rows, line, sink);
        let Some(head) = rows.first().filter(|_| *header) else { continue };
        for (column, name) in head.iter().enumerate() {
            let is_priced = name.contains('€') || speaks_of(name, &["euro", "(eur", "in eur"]);
            if !is_priced {
                continue;
            }
            for row in &rows[1..] {
                let Some(c) = row.get(column).and_then(|cell| BARE.captures(cell)) else { continue };
                let Some(cents) = price::cents(&c[1]) else { continue };
                let what = row.iter().find(|cell| cell.chars().any(char::is_alphabetic)).map_or("", String::as_str);
                let label = format!("{what}, {name}");
                sink.text(Stated::Price { cents, currency: "EUR".into() }, line, Some(&label), &c[0]);
            }
        }
    }
}

/// Cells that say "frei" beside cells with prices.
fn free(doc: &Doc<'_>, rows: &[Vec<String>], line: &Line<'_>, sink: &mut Sink) {
    let has_price = rows.iter().flatten().any(|cell| !price::find(cell).is_empty());
    let is_priced = |cell: &String| {
        speaks_of(cell, &["preis", "gebühr", "kosten", "beitrag", "eintritt", "price", "fee", "cost", "charge"])
    };
    if !has_price && !rows.first().is_some_and(|head| head.iter().any(is_priced)) {
        return;
    }
    for row in rows {
        let is_free = |cell: &String| {
            matches!(
                cell.trim().to_lowercase().as_str(),
                "frei" | "free" | "freier eintritt" | "eintritt frei" | "umsonst"
            )
        };
        if row.iter().skip(1).any(is_free) {
            let stated = Stated::Price { cents: 0, currency: doc.currency.to_owned() };
            sink.text(stated, line, row.first().map(String::as_str), &row.join(" | "));
        }
    }
}
