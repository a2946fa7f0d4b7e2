//! Bytes to characters: mark, then the bytes themselves, then header and meta statements, then windows-1252.
//!
//! Valid UTF-8 beats any statement, since legacy templates state `iso-8859-1` over UTF-8 content far more often than
//! the other way round. Deliberately absent: statistical detection of other eight-bit code pages.

use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252};

use super::sniff::{Kind, utf16_like};
use super::{RejectCode, Rejected, Warning};

/// Text and what was odd about its encoding.
pub struct Decoded {
    pub text: String,
    pub warning: Option<Warning>,
}

/// Decodes `bytes`.
///
/// # Errors
/// `BadEncoding` when more than a tenth of the characters are control or replacement characters.
pub fn decode(bytes: &[u8], content_type: Option<&str>, kind: Kind) -> Result<Decoded, Rejected> {
    let (text, warning) = choose(bytes, content_type, kind);
    let (mut all, mut bad) = (0_usize, 0_usize);
    for c in text.chars() {
        all += 1;
        bad += usize::from(c == '\u{fffd}' || (c.is_control() && !c.is_whitespace()));
    }
    if bad * 10 > all && bad > 4 {
        return Err(Rejected::new(
            RejectCode::BadEncoding,
            "the characters cannot be decoded: save the file as UTF-8, or state its charset",
        ));
    }
    Ok(Decoded { text, warning })
}

fn choose(bytes: &[u8], content_type: Option<&str>, kind: Kind) -> (String, Option<Warning>) {
    if let Some((encoding, mark)) = Encoding::for_bom(bytes) {
        return (encoding.decode_without_bom_handling(&bytes[mark..]).0.into_owned(), None);
    }
    if utf16_like(bytes) {
        let encoding = if bytes.first() == Some(&0) { UTF_16BE } else { UTF_16LE };
        return (encoding.decode_without_bom_handling(bytes).0.into_owned(), None);
    }
    let declared = content_type
        .and_then(charset_of)
        .or_else(|| if matches!(kind, Kind::Html | Kind::Xml) { meta_charset(bytes) } else { None });
    if let Ok(text) = std::str::from_utf8(bytes) {
        let odd = declared.filter(|d| *d != UTF_8 && !text.is_ascii());
        // A declared multi-byte encoding may be pure ASCII on the wire (ISO-2022-JP).
        if let Some(encoding) = declared.filter(|d| text.is_ascii() && !d.is_ascii_compatible()) {
            return (encoding.decode_without_bom_handling(bytes).0.into_owned(), None);
        }
        return (text.to_owned(), odd.map(|d| warn(&format!("declared {}, but the bytes are UTF-8", d.name()))));
    }
    if let Some(encoding) = declared.filter(|d| *d != UTF_8 && *d != UTF_16LE && *d != UTF_16BE) {
        return (encoding.decode_without_bom_handling(bytes).0.into_owned(), None);
    }
    let lossy = String::from_utf8_lossy(bytes);
    let (mut good, mut bad) = (0_usize, 0_usize);
    for c in lossy.chars().filter(|c| !c.is_ascii()) {
        if c == '\u{fffd}' {
            bad += 1;
        } else {
            good += 1;
        }
    }
    if good > bad * 4 {
        return (lossy.into_owned(), Some(warn(&format!("UTF-8 with {bad} broken characters"))));
    }
    let warning = declared.map(|_| warn("declared UTF-8, but the bytes are windows-1252"));
    (WINDOWS_1252.decode_without_bom_handling(bytes).0.into_owned(), warning)
}

fn warn(text: &str) -> Warning {
    Warning::new("charset", text)
}

fn charset_of(value: &str) -> Option<&'static Encoding> {
    let lower = value.to_ascii_lowercase();
    let at = lower.find("charset=")? + "charset=".len();
    let label: String = lower[at..]
        .trim_start_matches(['"', '\'', ' '])
        .chars()
        .take_while(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | ':' | '.'))
        .collect();
    Encoding::for_label(label.as_bytes())
}

fn meta_charset(bytes: &[u8]) -> Option<&'static Encoding> {
    let head = String::from_utf8_lossy(&bytes[..bytes.len().min(4096)]).to_ascii_lowercase();
    let mut rest = head.as_str();
    while let Some(at) = rest.find("<meta") {
        rest = &rest[at + 5..];
        let tag = &rest[..rest.find('>').unwrap_or(rest.len())];
        if let Some(found) = charset_of(tag) {
            return Some(found);
        }
    }
    // XHTML states it in the prolog.
    let prolog = head.strip_prefix("<?xml")?;
    let at = prolog[..prolog.find("?>")?].find("encoding=")? + "encoding=".len();
    charset_of(&format!("charset={}", &prolog[at..]))
}
