//! Tables of spreadsheets, office files and CSV, within limits.

use std::collections::BTreeSet;

use super::{Block, Warning, text};

/// Rows of one table and cells of one row that are kept.
const ROWS_MAX: usize = 20_000;
pub const CELLS_MAX: usize = 200;
const CELL_CHARS_MAX: usize = 4_000;
/// Text of one table that is kept, in bytes: cells may say that they repeat.
const TABLE_BYTES_MAX: usize = 16 * 1024 * 1024;
/// Longest name of a column, in characters.
const NAME_CHARS_MAX: usize = 40;

/// Rows of one table as they come.
#[derive(Default)]
pub struct Rows {
    rows: Vec<Vec<String>>,
    bytes: usize,
    cut: bool,
    narrowed: bool,
}

impl Rows {
    /// Takes a row, unless it is empty; false when there is no room for more.
    pub fn push<'a>(&mut self, cells: impl IntoIterator<Item = std::borrow::Cow<'a, str>>) -> bool {
        let mut cells: Vec<String> = cells.into_iter().take(CELLS_MAX + 1).map(|cell| text::squash(&cell)).collect();
        if cells.len() > CELLS_MAX {
            self.narrowed = true;
            cells.truncate(CELLS_MAX);
        }
        for cell in cells.iter_mut().filter(|cell| cell.len() > CELL_CHARS_MAX) {
            if let Some((end, _)) = cell.char_indices().nth(CELL_CHARS_MAX) {
                cell.truncate(end);
                self.narrowed = true;
            }
        }
        if cells.iter().all(String::is_empty) {
            return true;
        }
        self.bytes += cells.iter().map(String::len).sum::<usize>();
        if self.rows.len() == ROWS_MAX || self.bytes > TABLE_BYTES_MAX {
            self.cut = true;
            return false;
        }
        self.rows.push(cells);
        true
    }

    /// No row was taken yet.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The table, its rows of one length; `None` when there is none. `named`: the file marks its first row as names.
    /// Notes in `warnings` when rows were left out.
    pub fn finish(mut self, named: bool, warnings: &mut Vec<Warning>) -> Option<Block> {
        let mut warn = |is_so: bool, code: &'static str, text: String| {
            if is_so && !warnings.iter().any(|warning| warning.code == code) {
                warnings.push(Warning::new(code, text));
            }
        };
        warn(
            self.cut,
            "rows_cut",
            format!("the last rows of a table were left out: more than {ROWS_MAX}, or too much text"),
        );
        warn(
            self.narrowed,
            "cells_cut",
            format!(
                "of rows with more than {CELLS_MAX} cells, or cells with more than {CELL_CHARS_MAX} characters, the rest was left out"
            ),
        );
        let width = self.rows.iter().map(Vec::len).max()?;
        for row in &mut self.rows {
            row.resize(width, String::new());
        }
        let header = (named && self.rows.len() > 1) || looks_like_names(&self.rows);
        Some(Block::Table { rows: self.rows, header })
    }
}

/// A first row of short, different words without digits, above at least one more row: spreadsheets and most tables of forms
/// name their columns so, whether or not they mark it.
fn looks_like_names(rows: &[Vec<String>]) -> bool {
    let Some(first) = rows.first().filter(|_| rows.len() > 1) else { return false };
    let is_name = |cell: &String| {
        (1..=NAME_CHARS_MAX).contains(&cell.chars().count()) && !cell.chars().any(|c| c.is_ascii_digit())
    };
    let different: BTreeSet<&String> = first.iter().collect();
    first.len() > 1 && first.iter().all(is_name) && different.len() == first.len()
}
