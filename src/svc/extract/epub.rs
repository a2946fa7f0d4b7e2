//! Books (EPUB 3.3): a container of web pages, read in the order of its spine.

use super::assemble::{Event, assemble};
use super::pack::Pack;
use super::tags::{Piece, Tags};
use super::{Extracted, RejectCode, Rejected, Warning, dates, html, text};

/// Most bytes of a part, unpacked.
const PART_BYTES_MAX: usize = 16 * 1024 * 1024;
/// Most bytes of all chapters.
const BOOK_BYTES_MAX: usize = 128 * 1024 * 1024;
/// Chapters that are read.
const CHAPTERS_MAX: usize = 2_000;

/// What the package document says.
#[derive(Default)]
struct Package {
    title: String,
    language: Option<String>,
    modified: Option<String>,
    /// Names of the chapters' parts, in reading order.
    chapters: Vec<String>,
}

/// Reads a book; what its chapters are called becomes headings.
///
/// # Errors
/// `Protected` under copy protection, `Damaged` when it cannot be read.
pub fn read(bytes: &[u8]) -> Result<Extracted, Rejected> {
    let mut pack = Pack::open(bytes)?;
    let damaged = |what: &str| {
        Rejected::new(RejectCode::Damaged, format!("the book cannot be read ({what}): export it again as EPUB or PDF"))
    };
    // Fonts are often scrambled; a scrambled chapter means copy protection.
    let locked = pack.text("META-INF/encryption.xml", PART_BYTES_MAX)?.unwrap_or_default();
    if [".xhtml", ".html", ".htm"].iter().any(|end| locked.contains(end)) {
        return Err(Rejected::new(
            RejectCode::Protected,
            "the book is under copy protection: get a copy without it from its publisher",
        ));
    }
    let container = pack.text("META-INF/container.xml", PART_BYTES_MAX)?.unwrap_or_default();
    let at = root(&container).ok_or_else(|| damaged("it names no package"))?;
    let source = pack.text(&at, PART_BYTES_MAX)?.ok_or_else(|| damaged("its package is missing"))?;
    let package = package(&source, &at)?;
    let (mut events, mut missing, mut left) = (Vec::new(), 0_usize, BOOK_BYTES_MAX);
    for name in package.chapters.iter().take(CHAPTERS_MAX) {
        let Ok(Some(chapter)) = pack.text(name, PART_BYTES_MAX.min(left)) else {
            missing += 1;
            continue;
        };
        left -= chapter.len().min(left);
        match html::read_fragment(&chapter, "") {
            Ok((read, meta)) => {
                let is_named = read.iter().take(3).any(|event| matches!(event, Event::Heading(..)));
                let name = meta.title.map(|title| text::squash(&title)).filter(|title| *title != package.title);
                events.extend(name.filter(|name| !is_named && !name.is_empty()).map(|name| Event::Heading(1, name)));
                events.extend(read);
            }
            Err(_) => missing += 1,
        }
    }
    let mut warnings = Vec::new();
    if missing > 0 {
        warnings.push(Warning::new("chapters_unread", format!("{missing} chapters are missing or could not be read")));
    }
    if package.chapters.len() > CHAPTERS_MAX {
        warnings.push(Warning::new("chapters_cut", format!("chapters beyond the first {CHAPTERS_MAX} were left out")));
    }
    Ok(Extracted {
        sections: assemble(events, &package.title),
        title: package.title,
        language: package.language,
        updated: package.modified,
        warnings,
        ..Extracted::default()
    })
}

/// The name of the package document.
fn root(container: &str) -> Option<String> {
    let mut tags = Tags::of(container);
    while let Ok(Some(piece)) = tags.next() {
        match piece {
            Piece::Open(tag) if local(&tag.name()) == "rootfile" => return tag.attr("full-path"),
            _ => {}
        }
    }
    None
}

fn package(source: &str, at: &str) -> Result<Package, Rejected> {
    let mut tags = Tags::of(source);
    let mut package = Package::default();
    let mut parts = std::collections::HashMap::new();
    let mut inside = String::new();
    while let Some(piece) = tags.next()? {
        match piece {
            Piece::Open(tag) => {
                local(&tag.name()).clone_into(&mut inside);
                match inside.as_str() {
                    "item" => {
                        let is_contents = tag.attr("properties").is_some_and(|p| p.split(' ').any(|p| p == "nav"));
                        let is_page = tag.attr("media-type").is_some_and(|kind| kind.contains("html"));
                        if let (Some(id), Some(href)) = (tag.attr("id"), tag.attr("href"))
                            && is_page
                            && !is_contents
                        {
                            parts.insert(id, resolve(at, &href));
                        }
                    }
                    "itemref" => package.chapters.extend(tag.attr("idref").and_then(|id| parts.remove(&id))),
                    "meta" if tag.attr("property").as_deref() != Some("dcterms:modified") => inside.clear(),
                    _ => {}
                }
            }
            Piece::Text(found) => match inside.as_str() {
                "title" if package.title.is_empty() => package.title = text::squash(&found),
                "language" => package.language = Some(found.trim().chars().take(2).collect::<String>().to_lowercase()),
                "meta" => package.modified = dates::parse(&found),
                _ => {}
            },
            Piece::Close => inside.clear(),
        }
    }
    Ok(package)
}

/// The name of a part from an address relative to the package document.
fn resolve(at: &str, href: &str) -> String {
    let href = percent_encoding::percent_decode_str(href.split('#').next().unwrap_or_default()).decode_utf8_lossy();
    let mut parts: Vec<&str> = at.split('/').collect();
    parts.pop();
    for part in href.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    parts.join("/")
}

fn local(name: &str) -> &str {
    name.rsplit(':').next().unwrap_or(name)
}
