//! OpenDocument: texts, spreadsheets and slides (OASIS OpenDocument 1.3, part 3), read from the `content.xml` of the container.
//! Values are taken as the program that wrote them shows them ("12,50 €"), not as it stores them; comments, deleted text of
//! tracked changes and tables of contents stay out.

use std::collections::HashSet;

use super::assemble::{Event, assemble};
use super::pack::Pack;
use super::tags::{Piece, Tag, Tags};
use super::{Block, Extracted, RejectCode, Rejected, Warning, dates, text};

/// Most bytes of a part, unpacked.
const PART_BYTES_MAX: usize = 128 * 1024 * 1024;

/// Reads a file; slides and sheets become sections.
///
/// # Errors
/// `Protected` behind a password, `Damaged` when it cannot be read.
pub fn read(bytes: &[u8]) -> Result<Extracted, Rejected> {
    let mut pack = Pack::open(bytes)?;
    let manifest = pack.text("META-INF/manifest.xml", PART_BYTES_MAX)?.unwrap_or_default();
    if manifest.contains("encryption-data") {
        return Err(Rejected::new(
            RejectCode::Protected,
            "the document is protected by a password: save a copy without one",
        ));
    }
    let Some(content) = pack.text("content.xml", PART_BYTES_MAX)? else {
        return Err(Rejected::new(
            RejectCode::Damaged,
            "the OpenDocument file has no content: save it again with a current program",
        ));
    };
    let (stated, updated) = pack.text("meta.xml", PART_BYTES_MAX)?.map(|source| meta(&source)).unwrap_or_default();
    let mut reader = Reader::of(&content);
    reader.blocks()?;
    reader.name_parts();
    let heading = reader.events.iter().find_map(|event| match event {
        Event::Heading(_, text) => Some(text.clone()),
        Event::Block(_) => None,
    });
    let title = stated.or_else(|| heading.filter(|_| !reader.is_spreadsheet)).unwrap_or_default();
    Ok(Extracted {
        sections: assemble(reader.events, &title),
        title,
        updated,
        warnings: reader.warnings,
        ..Extracted::default()
    })
}

/// Title and day of the last change, as far as they are stated.
fn meta(source: &str) -> (Option<String>, Option<String>) {
    let mut tags = Tags::of(source);
    let (mut title, mut day, mut inside) = (None, None, String::new());
    while let Ok(Some(piece)) = tags.next() {
        match piece {
            Piece::Open(tag) => inside = tag.name().into_owned(),
            Piece::Text(found) if inside == "dc:title" => title = Some(text::squash(&found)).filter(|t| !t.is_empty()),
            Piece::Text(found) if inside == "dc:date" => day = dates::parse(&found),
            Piece::Text(_) => {}
            Piece::Close => inside.clear(),
        }
    }
    (title, day)
}

pub(super) struct Reader<'a> {
    pub(super) tags: Tags<'a>,
    pub(super) events: Vec<Event>,
    pub(super) warnings: Vec<Warning>,
    /// What stands beside the line being read: footnotes, text boxes.
    asides: Vec<Event>,
    /// Names of list styles that number.
    numbered: HashSet<String>,
    /// Where in `events` the names of sheets stand.
    pub(super) sheets: Vec<usize>,
    /// Where in `events` the headings of slides without a title stand, and the numbers of those slides.
    untitled: Vec<(usize, usize)>,
    pub(super) is_spreadsheet: bool,
    slides: usize,
    slide_title: String,
}

impl<'a> Reader<'a> {
    fn of(source: &'a str) -> Self {
        Self {
            tags: Tags::of(source),
            events: Vec::new(),
            warnings: Vec::new(),
            asides: Vec::new(),
            numbered: HashSet::new(),
            sheets: Vec::new(),
            untitled: Vec::new(),
            is_spreadsheet: false,
            slides: 0,
            slide_title: String::new(),
        }
    }

    /// Everything up to the end of the element that is open.
    fn blocks(&mut self) -> Result<(), Rejected> {
        while let Some(piece) = self.tags.next()? {
            match piece {
                Piece::Open(tag) => self.block(&tag)?,
                Piece::Text(_) => {}
                Piece::Close => break,
            }
        }
        Ok(())
    }

    /// The events of the element that is open, apart from those before it.
    pub(super) fn inner(&mut self) -> Result<Vec<Event>, Rejected> {
        let outer = std::mem::take(&mut self.events);
        let read = self.blocks();
        let inner = std::mem::replace(&mut self.events, outer);
        read.map(|()| inner)
    }

    fn block(&mut self, tag: &Tag<'_>) -> Result<(), Rejected> {
        match tag.name().as_ref() {
            "text:h" => {
                let level = u8::try_from(tag.count("text:outline-level").clamp(1, 6)).unwrap_or(6);
                let line = self.line()?;
                if !line.is_empty() {
                    self.events.push(Event::Heading(level, line));
                }
                self.events.append(&mut self.asides);
            }
            "text:p" => {
                let text = self.line()?;
                if !text.is_empty() {
                    self.events.push(Event::Block(Block::Paragraph { text }));
                }
                self.events.append(&mut self.asides);
            }
            "text:list" => {
                let ordered = tag.attr("text:style-name").is_some_and(|style| self.numbered.contains(&style));
                self.list(ordered)?;
            }
            "text:list-style" => self.list_style(tag.attr("style:name").unwrap_or_default())?,
            "table:table" => self.table(tag)?,
            "office:spreadsheet" => {
                self.is_spreadsheet = true;
                self.blocks()?;
            }
            "draw:page" => self.slide()?,
            "draw:frame" if tag.attr("presentation:class").as_deref() == Some("title") => {
                self.slide_title = flat(&self.inner()?);
            }
            "text:tracked-changes"
            | "text:table-of-content"
            | "text:alphabetical-index"
            | "text:illustration-index"
            | "text:table-index"
            | "office:annotation"
            | "office:forms"
            | "svg:title"
            | "svg:desc"
            | "math:math" => self.tags.skip()?,
            _ => self.blocks()?,
        }
        Ok(())
    }

    /// One line of text; what stands beside it is kept in `asides`.
    fn line(&mut self) -> Result<String, Rejected> {
        let mut line = String::new();
        self.inline(&mut line)?;
        Ok(text::squash(&line))
    }

    fn inline(&mut self, line: &mut String) -> Result<(), Rejected> {
        while let Some(piece) = self.tags.next()? {
            let tag = match piece {
                Piece::Open(tag) => tag,
                Piece::Text(text) => {
                    line.push_str(&text);
                    continue;
                }
                Piece::Close => break,
            };
            match tag.name().as_ref() {
                "text:s" | "text:tab" | "text:line-break" => {
                    line.push(' ');
                    self.tags.skip()?;
                }
                "office:annotation" | "text:note-citation" | "text:ruby-text" | "svg:title" | "svg:desc" => {
                    self.tags.skip()?;
                }
                name if name == "text:note-body" || name.starts_with("draw:") => {
                    let beside = std::mem::take(&mut self.asides);
                    let inner = self.inner()?;
                    self.asides = beside;
                    self.asides.extend(inner);
                }
                _ => self.inline(line)?,
            }
        }
        Ok(())
    }

    fn list(&mut self, ordered: bool) -> Result<(), Rejected> {
        let mut items = Vec::new();
        self.items(ordered, &mut items)?;
        self.close(ordered, &mut items);
        Ok(())
    }

    fn close(&mut self, ordered: bool, items: &mut Vec<String>) {
        let items = std::mem::take(items);
        if !items.is_empty() {
            self.events.push(Event::Block(Block::List { ordered, items }));
        }
        self.events.append(&mut self.asides);
    }

    /// The items of a list; nested ones follow their parent. Headings of numbered chapters are items too.
    fn items(&mut self, ordered: bool, items: &mut Vec<String>) -> Result<(), Rejected> {
        let mut is_new = true;
        while let Some(piece) = self.tags.next()? {
            let tag = match piece {
                Piece::Open(tag) => tag,
                Piece::Text(_) => continue,
                Piece::Close => break,
            };
            match tag.name().as_ref() {
                "text:list-item" | "text:list-header" | "text:list" => self.items(ordered, items)?,
                "text:p" => {
                    let line = self.line()?;
                    match items.last_mut() {
                        _ if line.is_empty() => {}
                        Some(last) if !is_new => {
                            last.push(' ');
                            last.push_str(&line);
                        }
                        _ => items.push(line),
                    }
                    is_new = false;
                }
                _ => {
                    self.close(ordered, items);
                    self.block(&tag)?;
                }
            }
        }
        Ok(())
    }

    fn list_style(&mut self, name: String) -> Result<(), Rejected> {
        let mut depth = 1;
        while let Some(piece) = self.tags.next()? {
            match piece {
                Piece::Open(tag) => {
                    depth += 1;
                    let is_first = tag.attr("text:level").as_deref() == Some("1");
                    if is_first && tag.name() == "text:list-level-style-number" {
                        self.numbered.insert(name.clone());
                    }
                }
                Piece::Text(_) => {}
                Piece::Close => depth -= 1,
            }
            if depth == 0 {
                break;
            }
        }
        Ok(())
    }

    fn slide(&mut self) -> Result<(), Rejected> {
        self.slides += 1;
        let inner = self.inner()?;
        let title = std::mem::take(&mut self.slide_title);
        if title.is_empty() {
            self.untitled.push((self.events.len(), self.slides));
        }
        self.events.push(Event::Heading(1, title));
        self.events.extend(inner);
        Ok(())
    }

    /// Names slides without a title by their number; a lone sheet needs no name.
    fn name_parts(&mut self) {
        let sample: Vec<String> = self.events.iter().take(200).map(|event| flat(std::slice::from_ref(event))).collect();
        let german = whichlang::detect_language(&sample.join(" ")) == whichlang::Lang::Deu;
        for &(at, number) in &self.untitled {
            if let Some(Event::Heading(_, text)) = self.events.get_mut(at) {
                *text = if german { format!("Folie {number}") } else { format!("Slide {number}") };
            }
        }
        if let [only] = self.sheets[..] {
            self.events.remove(only);
        }
    }
}

/// The text of events as one line.
pub(super) fn flat(events: &[Event]) -> String {
    let texts = events.iter().map(|event| match event {
        Event::Heading(_, text) | Event::Block(Block::Paragraph { text }) => text.clone(),
        Event::Block(Block::List { items, .. }) => items.join(" "),
        Event::Block(block) => block.to_text(),
    });
    text::squash(&texts.collect::<Vec<_>>().join(" "))
}
