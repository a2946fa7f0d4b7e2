//! XML as a stream of tags and text, for the readers of XML formats. Entities are never expanded beyond the five of XML, character
//! numbers and a few letters: a file's own declarations are not read.

use std::borrow::Cow;

use quick_xml::Reader;
use quick_xml::escape::{resolve_predefined_entity, unescape_with};
use quick_xml::events::{BytesStart, Event};

use super::{RejectCode, Rejected};

/// Deepest nesting.
const DEPTH_MAX: usize = 200;

/// A piece of the stream; an empty element comes as both its tags.
pub enum Piece<'a> {
    Open(Tag<'a>),
    Text(Cow<'a, str>),
    Close,
}

/// An opening tag.
pub struct Tag<'a>(BytesStart<'a>);

impl Tag<'_> {
    /// Name with its prefix.
    pub fn name(&self) -> Cow<'_, str> {
        String::from_utf8_lossy(self.0.name().into_inner())
    }

    /// Value of an attribute, named with its prefix.
    pub fn attr(&self, name: &str) -> Option<String> {
        let mut attributes = self.0.attributes();
        let mut found = attributes.with_checks(false).filter_map(Result::ok);
        let found = found.find(|attribute| attribute.key.into_inner() == name.as_bytes())?;
        Some(plain(&String::from_utf8_lossy(&found.value)).into_owned())
    }

    /// An attribute that counts something; 1 without it.
    pub fn count(&self, name: &str) -> usize {
        self.attr(name).and_then(|value| value.parse().ok()).unwrap_or(1)
    }

    /// All attributes, at most `most`.
    pub fn attrs(&self, most: usize) -> Vec<(String, String)> {
        let mut attributes = self.0.attributes();
        let found = attributes.with_checks(false).filter_map(Result::ok).take(most);
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        found.map(|a| (text(a.key.into_inner()), plain(&text(&a.value)).into_owned())).collect()
    }
}

/// The pieces of one file.
pub struct Tags<'a> {
    reader: Reader<&'a [u8]>,
    depth: usize,
}

impl<'a> Tags<'a> {
    pub fn of(source: &'a str) -> Self {
        let mut reader = Reader::from_str(source);
        reader.config_mut().expand_empty_elements = true;
        Self { reader, depth: 0 }
    }

    /// The next piece; `None` at the end.
    ///
    /// # Errors
    /// `Damaged` for what is no XML, `TooComplex` past [`DEPTH_MAX`].
    pub fn next(&mut self) -> Result<Option<Piece<'a>>, Rejected> {
        loop {
            let at = self.reader.buffer_position();
            let damaged = |what: &dyn std::fmt::Display| {
                Rejected::new(
                    RejectCode::Damaged,
                    format!("the XML breaks at byte {at} ({what}): save or export the file again"),
                )
            };
            match self.reader.read_event().map_err(|error| damaged(&error))? {
                Event::Start(tag) => {
                    self.depth += 1;
                    if self.depth > DEPTH_MAX {
                        return Err(Rejected::new(
                            RejectCode::TooComplex,
                            format!("the XML is nested more than {DEPTH_MAX} deep: export it in a flatter shape"),
                        ));
                    }
                    return Ok(Some(Piece::Open(Tag(tag))));
                }
                Event::End(_) => {
                    self.depth = self.depth.saturating_sub(1);
                    return Ok(Some(Piece::Close));
                }
                Event::Text(text) => {
                    let raw = String::from_utf8_lossy(&text.into_inner()).into_owned();
                    return Ok(Some(Piece::Text(Cow::Owned(plain(&raw).into_owned()))));
                }
                Event::CData(text) => {
                    return Ok(Some(Piece::Text(Cow::Owned(String::from_utf8_lossy(&text).into_owned()))));
                }
                Event::Eof if self.depth > 0 => return Err(damaged(&"it ends in the middle")),
                Event::Eof => return Ok(None),
                _ => {}
            }
        }
    }

    /// Passes everything up to the end of the element that was just opened.
    ///
    /// # Errors
    /// As [`Tags::next`].
    pub fn skip(&mut self) -> Result<(), Rejected> {
        let outside = self.depth.saturating_sub(1);
        while self.depth > outside && self.next()?.is_some() {}
        Ok(())
    }
}

/// Text with its entities as characters; one that is not known stays as it is written.
fn plain(raw: &str) -> Cow<'_, str> {
    let known = |name: &str| {
        resolve_predefined_entity(name).or(match name {
            "auml" => Some("ä"),
            "ouml" => Some("ö"),
            "uuml" => Some("ü"),
            "Auml" => Some("Ä"),
            "Ouml" => Some("Ö"),
            "Uuml" => Some("Ü"),
            "szlig" => Some("ß"),
            "euro" => Some("€"),
            "nbsp" => Some(" "),
            _ => None,
        })
    };
    unescape_with(raw, known).unwrap_or(Cow::Borrowed(raw))
}
