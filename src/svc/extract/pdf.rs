//! PDF: the text layer page by page, as the `pdf-extract` crate reads it. Pictures of text are not read.

use std::collections::{HashMap, HashSet};
use std::panic::{AssertUnwindSafe, catch_unwind};

use pdf_extract::{Document, Object, PlainTextOutput, output_doc_page};

use super::assemble::{Event, assemble};
use super::{Block, Extracted, RejectCode, Rejected, Report, Warning, dates, text};

/// Pages that are read.
const PAGES_MAX: u32 = 5_000;
/// A line on more than half of the pages is a running head or foot; fewer pages than this tell nothing.
const RUNNING_PAGES_MIN: usize = 4;
/// Lines at the top and at the bottom of a page that may be one.
const RUNNING_LINES: usize = 2;

/// Reads a PDF; each page is a section "Seite N" (or "Page N").
///
/// # Errors
/// `Empty` without a text layer, `Protected` behind a password, `Damaged` when it cannot be read.
pub fn read(bytes: &[u8]) -> Result<Extracted, Rejected> {
    let damaged = |error: String| {
        Rejected::new(
            RejectCode::Damaged,
            format!(
                "the PDF cannot be read ({error}): open and print it to a new PDF, or publish its content as a page"
            ),
        )
    };
    let mut document = Document::load_mem(bytes).map_err(|error| damaged(error.to_string()))?;
    if document.is_encrypted() && document.decrypt("").is_err() {
        return Err(Rejected::new(
            RejectCode::Protected,
            "the PDF is protected by a password: save a copy without one".to_owned(),
        ));
    }
    let mut warnings = Vec::new();
    let count = u32::try_from(document.get_pages().len()).unwrap_or(u32::MAX);
    if count > PAGES_MAX {
        warnings.push(Warning::new("pages_cut", format!("only the first {PAGES_MAX} of {count} pages were read")));
    }
    let (mut pages, mut unread, mut empty) = (Vec::new(), Vec::new(), Vec::new());
    for number in 1..=count.min(PAGES_MAX) {
        match page_text(&document, number) {
            Some(page) if page.iter().all(String::is_empty) => empty.push(number),
            Some(page) => pages.push((number, page)),
            None => unread.push(number),
        }
    }
    if pages.is_empty() && !unread.is_empty() {
        return Err(damaged("none of its pages makes sense".to_owned()));
    }
    if pages.is_empty() {
        return Err(Rejected::new(
            RejectCode::Empty,
            "the PDF has no text layer, only pictures of text: run text recognition (OCR) over it, name a command for that ([extract] ocr_command), or publish its content as a page"
                .to_owned(),
        ));
    }
    let report = Report {
        pages: Some(count),
        pages_without_text: empty.clone(),
        pages_unread: unread.clone(),
        ..Report::default()
    };
    if !empty.is_empty() {
        let listed = list(&empty);
        warnings
            .push(Warning::new("pages_without_text", format!("pages without text, perhaps pictures of it: {listed}")));
    }
    if !unread.is_empty() {
        warnings.push(Warning::new("pages_unread", format!("pages that could not be read: {}", list(&unread))));
    }
    drop_running_lines(&mut pages);
    let title = title(&document, &pages);
    let sample = pages.iter().flat_map(|(_, lines)| lines).take(200).map(String::as_str).collect::<Vec<_>>().join(" ");
    let german = whichlang::detect_language(&sample) == whichlang::Lang::Deu;
    let mut events = Vec::new();
    for (number, lines) in pages {
        events.push(Event::Heading(1, if german { format!("Seite {number}") } else { format!("Page {number}") }));
        blocks(&lines, &mut events);
    }
    Ok(Extracted {
        sections: assemble(events, &title),
        title,
        updated: info(&document, b"ModDate")
            .or_else(|| info(&document, b"CreationDate"))
            .and_then(|date| pdf_date(&date)),
        warnings,
        report,
        ..Extracted::default()
    })
}

/// The lines of a page; empty ones part paragraphs. `None` when it cannot be read: the reader gives up on some pages by a
/// panic, and the others are worth having.
fn page_text(document: &Document, number: u32) -> Option<Vec<String>> {
    let mut whole = String::new();
    let read = catch_unwind(AssertUnwindSafe(|| {
        output_doc_page(document, &mut PlainTextOutput::new(&mut whole), number).is_ok()
    }));
    read.ok().filter(|is_read| *is_read)?;
    // Hyphens at line ends come in three kinds; squashing would take the soft one away.
    let hyphened = |line: &str| match line.trim_end().strip_suffix(['\u{ad}', '\u{2010}']) {
        Some(word) => format!("{word}-"),
        None => line.to_owned(),
    };
    Some(whole.lines().map(|line| text::squash(&hyphened(line))).collect())
}

/// Takes running heads and feet away. Their page numbers differ, so digits do not count in lines of words; a line without
/// words (an amount at the end of a list) must be equal.
fn drop_running_lines(pages: &mut [(u32, Vec<String>)]) {
    if pages.len() < RUNNING_PAGES_MIN {
        return;
    }
    let shape = |line: &str| {
        let letters = line.chars().filter(|c| c.is_alphabetic()).count();
        let without: String = line.chars().filter(|c| !c.is_ascii_digit()).collect();
        if letters < 3 || line.contains('€') { line.to_owned() } else { without.trim().to_owned() }
    };
    // A bare number where pages have theirs.
    let is_number = |line: &str| !line.is_empty() && line.len() <= 4 && line.bytes().all(|b| b.is_ascii_digit());
    let edges = |lines: &[String]| -> Vec<usize> {
        let filled: Vec<usize> = (0..lines.len()).filter(|&n| !lines[n].is_empty()).collect();
        let tail = filled.len().saturating_sub(RUNNING_LINES).max(RUNNING_LINES.min(filled.len()));
        filled.iter().take(RUNNING_LINES).chain(&filled[tail..]).copied().collect()
    };
    let mut seen = HashMap::<String, usize>::new();
    let mut numbered = 0_usize;
    for (_, lines) in pages.iter() {
        let at_edges = edges(lines);
        numbered += usize::from(at_edges.iter().any(|&at| is_number(&lines[at])));
        let shapes: HashSet<String> = at_edges.into_iter().map(|at| shape(&lines[at])).collect();
        for shape in shapes {
            *seen.entry(shape).or_default() += 1;
        }
    }
    let half = pages.len() / 2;
    for (_, lines) in pages.iter_mut() {
        for at in edges(lines) {
            let is_running = seen.get(&shape(&lines[at])).is_some_and(|count| *count > half);
            if is_running || (numbered > half && is_number(&lines[at])) {
                lines[at].clear();
            }
        }
    }
}

/// Lines become paragraphs and lists; words parted at line ends are joined again.
fn blocks(lines: &[String], events: &mut Vec<Event>) {
    let mut paragraph = String::new();
    let mut items: Vec<String> = Vec::new();
    let close = |paragraph: &mut String, items: &mut Vec<String>, events: &mut Vec<Event>| {
        if !items.is_empty() {
            events.push(Event::Block(Block::List { ordered: false, items: std::mem::take(items) }));
        }
        if !paragraph.is_empty() {
            events.push(Event::Block(Block::Paragraph { text: std::mem::take(paragraph) }));
        }
    };
    let mut after_gap = false;
    for line in lines {
        if line.is_empty() {
            after_gap = true;
            continue;
        }
        if let Some(item) = line.strip_prefix(['•', '▪', '●', '◦', '‣', '–', '·']) {
            if !paragraph.is_empty() {
                close(&mut paragraph, &mut Vec::new(), events);
            }
            items.push(item.trim().to_owned());
        } else if !items.is_empty() && !after_gap {
            if let Some(last) = items.last_mut() {
                join(last, line);
            }
        } else {
            if after_gap || !items.is_empty() {
                close(&mut paragraph, &mut items, events);
            }
            join(&mut paragraph, line);
        }
        after_gap = false;
    }
    close(&mut paragraph, &mut items, events);
}

fn join(before: &mut String, line: &str) {
    let is_parted = before.ends_with('-')
        && before.chars().rev().nth(1).is_some_and(char::is_alphabetic)
        && line.chars().next().is_some_and(char::is_lowercase);
    if is_parted && !["und ", "oder ", "bzw"].iter().any(|word| line.starts_with(word)) {
        before.pop();
    } else if !before.is_empty() {
        before.push(' ');
    }
    before.push_str(line);
}

/// What the file says of itself, unless a program left a file name there, else the first line that could be one.
fn title(document: &Document, pages: &[(u32, Vec<String>)]) -> String {
    let stated = info(document, b"Title").map(|title| text::squash(&title)).unwrap_or_default();
    let lower = stated.to_lowercase();
    let is_file = [".doc", ".docx", ".indd", ".qxd", ".xls", ".pdf", ".tex", ".dvi", ".ppt"]
        .iter()
        .any(|end| lower.ends_with(end));
    if stated.chars().count() > 3 && !is_file && !lower.starts_with("microsoft word") && lower != "untitled" {
        return stated;
    }
    let first = pages.first().and_then(|(_, lines)| lines.iter().find(|line| !line.is_empty()));
    first.filter(|line| (4..=120).contains(&line.chars().count())).cloned().unwrap_or_default()
}

/// An entry of the information dictionary (PDF 32000-1, 14.3.3): PDFDocEncoding, UTF-8 or UTF-16.
fn info(document: &Document, key: &[u8]) -> Option<String> {
    let entry = document.trailer.get(b"Info").ok()?;
    let dictionary = match entry {
        Object::Reference(id) => document.get_object(*id).ok()?.as_dict().ok()?,
        other => other.as_dict().ok()?,
    };
    let bytes = match dictionary.get(key).ok()? {
        Object::Reference(id) => document.get_object(*id).ok()?.as_str().ok()?,
        other => other.as_str().ok()?,
    };
    Some(match bytes {
        [0xfe, 0xff, rest @ ..] => {
            let units: Vec<u16> = rest.chunks_exact(2).map(|pair| u16::from_be_bytes([pair[0], pair[1]])).collect();
            String::from_utf16_lossy(&units)
        }
        [0xef, 0xbb, 0xbf, rest @ ..] => String::from_utf8_lossy(rest).into_owned(),
        other => {
            String::from_utf8(other.to_vec()).unwrap_or_else(|_| encoding_rs::WINDOWS_1252.decode(other).0.into_owned())
        }
    })
}

/// `D:20260312080000+01'00'` (PDF 32000-1, 7.9.4).
fn pdf_date(date: &str) -> Option<String> {
    let digits = date.trim_start_matches("D:");
    let (year, month, day) = (digits.get(..4)?, digits.get(4..6)?, digits.get(6..8)?);
    dates::parse(&format!("{year}-{month}-{day}"))
}

/// `3, 5–9, 12`.
fn list(numbers: &[u32]) -> String {
    let mut spans: Vec<(u32, u32)> = Vec::new();
    for &number in numbers {
        match spans.last_mut() {
            Some((_, last)) if *last + 1 == number => *last = number,
            _ => spans.push((number, number)),
        }
    }
    let shown =
        |(first, last): &(u32, u32)| if first == last { first.to_string() } else { format!("{first}–{last}") };
    spans.iter().map(shown).collect::<Vec<_>>().join(", ")
}
