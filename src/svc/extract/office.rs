//! Word, PowerPoint and Excel files, old and new, as the `undoc` crate reads them.

use std::borrow::Cow;

use undoc::{Block as Part, Document, FormatType, ListType, Paragraph, Table};

use super::assemble::{Event, assemble};
use super::rows::Rows;
use super::{Block, Extracted, RejectCode, Rejected, Warning, dates, text};

/// Columns one cell may cover.
const SPAN_MAX: u32 = 50;

/// Reads an Office file. Slides and sheets become sections under their names; text that was deleted while changes were
/// tracked stays out.
///
/// # Errors
/// `Damaged` when the file is damaged or protected by a password.
pub fn read(bytes: &[u8]) -> Result<Extracted, Rejected> {
    let document = undoc::parse_bytes(bytes).map_err(|error| {
        Rejected::new(
            RejectCode::Damaged,
            format!(
                "the Office file cannot be read ({error}): remove its password, or save it again with a current program"
            ),
        )
    })?;
    let mut warnings = Vec::new();
    let mut events = Vec::new();
    let is_slides = matches!(document.format, FormatType::Pptx | FormatType::Ppt);
    for section in &document.sections {
        let name = section.name.as_deref().map(text::squash).filter(|name| !name.is_empty());
        if let Some(name) = name.filter(|_| document.sections.len() > 1 || is_slides) {
            events.push(Event::Heading(1, name));
        }
        let mut items = List::default();
        for part in &section.content {
            match part {
                Part::Paragraph(paragraph) => take(paragraph, &mut items, &mut events),
                Part::Table(table) => {
                    items.close(&mut events);
                    take_table(table, &mut events, &mut warnings);
                }
                _ => {}
            }
        }
        for note in section.notes.iter().flatten() {
            take(note, &mut items, &mut events);
        }
        items.close(&mut events);
    }
    let title = title(&document, &events);
    Ok(Extracted {
        sections: assemble(events, &title),
        title,
        updated: document.metadata.modified.as_deref().and_then(dates::parse),
        warnings,
        ..Extracted::default()
    })
}

/// The file's own title, unless a program or a template left it there, else the first heading.
fn title(document: &Document, events: &[Event]) -> String {
    let stated = document.metadata.title.as_deref().map(text::squash).unwrap_or_default();
    let is_default = ["", "untitled", "präsentation", "powerpoint presentation", "powerpoint-präsentation"]
        .contains(&stated.to_lowercase().trim_end_matches(|c: char| c.is_ascii_digit() || c == ' '));
    if !is_default {
        return stated;
    }
    let heading = events.iter().find_map(|event| match event {
        Event::Heading(_, text) => Some(text.clone()),
        Event::Block(_) => None,
    });
    heading.filter(|_| !matches!(document.format, FormatType::Xlsx | FormatType::Xls)).unwrap_or_default()
}

/// List items until something else comes.
#[derive(Default)]
struct List {
    ordered: bool,
    items: Vec<String>,
}

impl List {
    fn close(&mut self, events: &mut Vec<Event>) {
        if !self.items.is_empty() {
            let list = std::mem::take(self);
            events.push(Event::Block(Block::List { ordered: list.ordered, items: list.items }));
        }
    }
}

fn take(paragraph: &Paragraph, list: &mut List, events: &mut Vec<Event>) {
    let line = line(paragraph);
    if line.is_empty() {
        return;
    }
    let kind = paragraph.list_info.as_ref().map(|info| info.list_type).filter(|kind| *kind != ListType::None);
    if paragraph.is_heading() {
        list.close(events);
        events.push(Event::Heading(paragraph.heading.level().max(1), line));
    } else if let Some(kind) = kind {
        let ordered = kind == ListType::Numbered;
        if list.ordered != ordered {
            list.close(events);
        }
        list.ordered = ordered;
        list.items.push(line);
    } else {
        list.close(events);
        events.push(Event::Block(Block::Paragraph { text: line }));
    }
}

fn line(paragraph: &Paragraph) -> String {
    let mut whole = String::new();
    for run in paragraph.runs.iter().filter(|run| run.revision != undoc::model::RevisionType::Deleted) {
        whole.push_str(&run.text);
        if run.line_break || run.page_break {
            whole.push(' ');
        }
    }
    text::squash(&whole)
}

fn take_table(table: &Table, events: &mut Vec<Event>, warnings: &mut Vec<Warning>) {
    let mut rows = Rows::default();
    for row in &table.rows {
        let spanned = row.cells.iter().flat_map(|cell| {
            let joined = cell.content.iter().map(line).filter(|line| !line.is_empty()).collect::<Vec<_>>().join(" ");
            std::iter::repeat_n(Cow::Owned(joined), cell.col_span.clamp(1, SPAN_MAX) as usize)
        });
        if !rows.push(spanned) {
            break;
        }
    }
    let named = table.rows.first().is_some_and(|row| row.is_header);
    events.extend(rows.finish(named, warnings).map(Event::Block));
}
