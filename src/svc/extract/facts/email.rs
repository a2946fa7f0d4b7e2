//! E-mail addresses, also those hidden from collectors: `amt(at)stadt.de`, `amt [at] stadt [punkt] de`.

use super::lines::{Doc, tail};
use super::rule::Rule;
use super::sink::Sink;
use super::value::Stated;

static ADDRESSES: Rule = Rule::new(
    r"(?i)[a-z0-9][a-z0-9._%+\-]{0,63}\s?(?:@|\s?[(\[{]\s?(?:at|ät|@)\s?[)\]}]\s?)\s?[a-z0-9](?:[a-z0-9\-]{0,62}(?:\.|\s?[(\[{]\s?(?:dot|punkt|\.)\s?[)\]}]\s?)){1,5}[a-z]{2,24}\b",
);

/// Reads the addresses of the text.
pub fn read(doc: &Doc<'_>, sink: &mut Sink) {
    for line in &doc.lines {
        for found in ADDRESSES.find_iter(&line.text) {
            if let Some(address) = plain(found.as_str()) {
                let label = tail(&line.text[..found.start()], 80);
                sink.text(Stated::Email { address }, line, Some(label), found.as_str());
            }
        }
    }
}

/// The address in lower case; `None` when it is none.
pub fn plain(written: &str) -> Option<String> {
    let mut address: String = written.to_lowercase().split_whitespace().collect();
    for (hidden, sign) in [("at", "@"), ("ät", "@"), ("@", "@"), ("dot", "."), ("punkt", "."), (".", ".")] {
        for (open, close) in [("(", ")"), ("[", "]"), ("{", "}")] {
            address = address.replace(&format!("{open}{hidden}{close}"), sign);
        }
    }
    let (name, host) = address.split_once('@')?;
    let is_picture = ["png", "jpg", "jpeg", "gif", "svg", "webp"].iter().any(|e| host.ends_with(&format!(".{e}")));
    let is_whole =
        !name.is_empty() && host.contains('.') && !host.contains('@') && !host.ends_with('.') && address.len() < 200;
    let is_plain = address.chars().all(|c| c.is_ascii_alphanumeric() || "@._%+-".contains(c));
    (is_whole && is_plain && !is_picture).then_some(address)
}
