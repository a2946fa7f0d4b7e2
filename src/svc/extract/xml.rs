//! XML without a reader of its own: elements as named values; an element with text between its children is running text.

use super::assemble::assemble;
use super::tags::{Piece, Tags};
use super::tree::{self, NODES_MAX, Node};
use super::{Extracted, RejectCode, Rejected};

/// Attributes of one element that are read.
const ATTRIBUTES_MAX: usize = 50;

/// Attributes that belong to the number they stand at.
const UNITS: [&str; 6] = ["unit", "uom", "currency", "einheit", "waehrung", "währung"];

/// Reads a file.
///
/// # Errors
/// `Damaged` for what is no XML, `TooComplex` for more than [`NODES_MAX`] elements and attributes, or nested too deep.
pub fn read(source: &str) -> Result<Extracted, Rejected> {
    let mut tags = Tags::of(source);
    let mut open: Vec<Element> = vec![Element::default()];
    let mut left = NODES_MAX;
    while let Some(piece) = tags.next()? {
        match piece {
            Piece::Open(tag) => {
                let name = local(&tag.name()).to_owned();
                let attrs = tag.attrs(ATTRIBUTES_MAX).into_iter().filter(|(name, _)| is_telling(name));
                let fields: Vec<_> = attrs.map(|(name, value)| (local(&name).to_owned(), Node::Text(value))).collect();
                left = left.checked_sub(1 + fields.len()).ok_or_else(|| {
                    Rejected::new(
                        RejectCode::TooComplex,
                        format!("the XML holds more than {NODES_MAX} elements: split the file"),
                    )
                })?;
                open.push(Element { name, attrs: fields.len(), fields, ..Element::default() });
            }
            Piece::Text(text) => {
                if let Some(element) = open.last_mut() {
                    element.own += text.trim().len();
                    element.text.push_str(&text);
                }
            }
            Piece::Close => {
                let Some(element) = (open.len() > 1).then(|| open.pop()).flatten() else { continue };
                let Some(parent) = open.last_mut() else { continue };
                // For a parent of running text: its children's words in their place.
                parent.text.push_str(&element.text);
                parent.fields.push((element.name.clone(), element.into_node()));
            }
        }
    }
    let root = open.swap_remove(0);
    // The root element's own name says what kind of file it is, not what it is about.
    let root = match root.fields.into_iter().next() {
        Some((_, root)) => root,
        None => Node::Text(root.text),
    };
    let (found, events) = tree::read(&root);
    Ok(Extracted { sections: assemble(events, &found.title), ..found })
}

/// An element that is still open.
#[derive(Default)]
struct Element {
    name: String,
    /// So many of the fields are its attributes.
    attrs: usize,
    fields: Vec<(String, Node)>,
    /// All text, that of its children included.
    text: String,
    /// Bytes of its own text, blanks at the ends aside.
    own: usize,
}

impl Element {
    fn into_node(mut self) -> Node {
        let is_leaf = self.fields.len() == self.attrs;
        if is_leaf && self.own > 0 {
            let units = self.fields.iter().filter(|(name, _)| UNITS.contains(&name.to_lowercase().as_str()));
            for (_, unit) in units {
                if let Node::Text(unit) = unit {
                    self.text = format!("{} {unit}", self.text.trim());
                }
            }
            return Node::Text(self.text);
        }
        // Words between the children: running text with marks in it, not data.
        if self.own * 6 > self.text.trim().len() && self.own > 0 {
            return Node::Text(self.text);
        }
        if self.fields.is_empty() { Node::Text(String::new()) } else { Node::Fields(self.fields) }
    }
}

fn local(name: &str) -> &str {
    name.rsplit(':').next().unwrap_or(name)
}

/// Attributes that say something to people.
fn is_telling(name: &str) -> bool {
    let technical = ["xmlns", "xml:", "xsi:", "xlink:"];
    let keys =
        ["id", "class", "style", "type", "version", "encoding", "lang", "href", "src", "ref", "uuid", "guid", "key"];
    !technical.iter().any(|start| name.starts_with(start)) && !keys.contains(&name.to_lowercase().as_str())
}
