//! Tables of OpenDocument files: rows and cells may say how often they repeat.

use std::borrow::Cow;

use super::Rejected;
use super::assemble::Event;
use super::odf::{Reader, flat};
use super::rows::{CELLS_MAX, Rows};
use super::tags::{Piece, Tag};
use super::text;

/// A row over again says nothing new: spreadsheets fill whole columns so.
const REPEATS_MAX: usize = 20;

impl Reader<'_> {
    /// A table, or a sheet of a spreadsheet with its name.
    pub(super) fn table(&mut self, tag: &Tag<'_>) -> Result<(), Rejected> {
        let mut rows = Rows::default();
        let mut named = false;
        self.rows(&mut rows, &mut named)?;
        let Some(block) = rows.finish(named, &mut self.warnings) else { return Ok(()) };
        // Tables of texts have names too, made by the program.
        if let Some(name) = tag.attr("table:name").filter(|_| self.is_spreadsheet) {
            self.sheets.push(self.events.len());
            self.events.push(Event::Heading(1, text::squash(&name)));
        }
        self.events.push(Event::Block(block));
        Ok(())
    }

    fn rows(&mut self, rows: &mut Rows, named: &mut bool) -> Result<(), Rejected> {
        while let Some(piece) = self.tags.next()? {
            let tag = match piece {
                Piece::Open(tag) => tag,
                Piece::Text(_) => continue,
                Piece::Close => break,
            };
            match tag.name().as_ref() {
                "table:table-row" => {
                    let cells = self.cells()?;
                    for _ in 0..tag.count("table:number-rows-repeated").min(REPEATS_MAX) {
                        if !rows.push(cells.iter().map(|cell| Cow::Borrowed(cell.as_str()))) {
                            break;
                        }
                    }
                }
                "table:table-header-rows" => {
                    *named |= rows.is_empty();
                    self.rows(rows, named)?;
                }
                "table:table-rows" | "table:table-row-group" => self.rows(rows, named)?,
                _ => self.tags.skip()?,
            }
        }
        Ok(())
    }

    fn cells(&mut self) -> Result<Vec<String>, Rejected> {
        let mut cells: Vec<String> = Vec::new();
        while let Some(piece) = self.tags.next()? {
            let tag = match piece {
                Piece::Open(tag) => tag,
                Piece::Text(_) => continue,
                Piece::Close => break,
            };
            let mut shown = flat(&self.inner()?);
            if shown.is_empty() {
                // Written by programs that leave showing to others.
                let stored = ["office:string-value", "office:date-value", "office:value"];
                shown = stored.iter().find_map(|name| tag.attr(name)).unwrap_or_default();
            }
            let count = tag.count("table:number-columns-repeated").min(CELLS_MAX.saturating_sub(cells.len()));
            cells.extend(std::iter::repeat_n(shown, count));
        }
        let filled = cells.iter().rposition(|cell| !cell.is_empty()).map_or(0, |last| last + 1);
        cells.truncate(filled);
        Ok(cells)
    }
}
