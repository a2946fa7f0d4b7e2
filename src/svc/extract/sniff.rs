//! What kind of file it is, from bytes first and from name and header second.
//!
//! Bytes win: a PDF renamed to `.md` is a PDF. Deliberately absent: reading any of the refused kinds; feeds and sitemaps, which
//! are ways to pages and no pages.

use super::pack::Pack;
use super::{Input, RejectCode, Rejected};
use crate::base::limits::{DOCUMENT_BYTES_MAX, FILE_BYTES_MAX};

/// Kinds that are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Html,
    Markdown,
    Text,
    Csv,
    /// One e-mail, or a mailbox of them.
    Mail,
    Pdf,
    /// Word, PowerPoint, Excel, old and new.
    Office,
    /// Text, spreadsheet, slides.
    OpenDocument,
    Epub,
    /// A ZIP of files: each is a document of its own, see `archive.rs`.
    Archive,
    Json,
    Xml,
}

impl Kind {
    /// As reports name it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Html => "html",
            Self::Markdown => "markdown",
            Self::Text => "text",
            Self::Csv => "csv",
            Self::Mail => "mail",
            Self::Pdf => "pdf",
            Self::Office => "office",
            Self::OpenDocument => "opendocument",
            Self::Epub => "epub",
            Self::Archive => "archive",
            Self::Json => "json",
            Self::Xml => "xml",
        }
    }

    /// Made by other programs, read by other people's parsers: not in this process.
    pub const fn is_foreign(self) -> bool {
        matches!(self, Self::Pdf | Self::Office | Self::OpenDocument | Self::Epub | Self::Mail)
    }
}

const MAGIC: [(&[u8], &str); 22] = [
    (b"{\\rtf", "RTF"),
    (b"\x89PNG", "PNG picture"),
    (b"\xff\xd8\xff", "JPEG picture"),
    (b"GIF8", "GIF picture"),
    (b"RIFF", "WebP, WAV or AVI"),
    (b"\x1f\x8b", "gzip archive"),
    (b"BZh", "bzip2 archive"),
    (b"\xfd7zXZ", "xz archive"),
    (b"7z\xbc\xaf", "7z archive"),
    (b"Rar!", "RAR archive"),
    (b"\x28\xb5\x2f\xfd", "zstd archive"),
    (b"\x7fELF", "program"),
    (b"MZ\x90", "program"),
    (b"SQLite format 3", "SQLite database"),
    (b"OggS", "Ogg media"),
    (b"ID3", "MP3 audio"),
    (b"fLaC", "FLAC audio"),
    (b"wOFF", "font"),
    (b"wOF2", "font"),
    (b"II*\0", "TIFF picture"),
    (b"MM\0*", "TIFF picture"),
    (b"BM6", "BMP picture"),
];

/// Old Office files.
const OLE: &[u8] = b"\xd0\xcf\x11\xe0";

/// Endings of files whose first bytes would have told, had they been what the name says.
const NAMED: [(&str, &str); 12] = [
    ("pdf", "PDF"),
    ("doc", "DOC"),
    ("docx", "DOCX"),
    ("odt", "ODT"),
    ("xls", "XLS"),
    ("xlsx", "XLSX"),
    ("ods", "ODS"),
    ("ppt", "PPT"),
    ("pptx", "PPTX"),
    ("odp", "ODP"),
    ("epub", "EPUB"),
    ("zip", "ZIP archive"),
];

const NAMES: [(&str, &str); 16] = [
    ("rtf", "RTF"),
    ("rss", "feed"),
    ("atom", "feed"),
    ("css", "style sheet"),
    ("js", "script"),
    ("mjs", "script"),
    ("svg", "SVG picture"),
    ("png", "PNG picture"),
    ("jpg", "JPEG picture"),
    ("jpeg", "JPEG picture"),
    ("gif", "GIF picture"),
    ("webp", "WebP picture"),
    ("mp3", "MP3 audio"),
    ("mp4", "MP4 video"),
    ("ics", "calendar file"),
    ("vcf", "business card"),
];

fn not_read(name: &str) -> Rejected {
    let mend = match name {
        "RTF" => ": save it as DOCX, ODT or PDF",
        _ => "",
    };
    Rejected::new(RejectCode::UnsupportedType, format!("not read yet: {name}{mend}"))
}

/// Decides the kind.
///
/// # Errors
/// `UnsupportedType` with the name of the type, `Binary` for bytes that are no text.
pub fn sniff(input: &Input<'_>) -> Result<Kind, Rejected> {
    let bytes = input.bytes;
    if bytes.trim_ascii_start().starts_with(b"%PDF-") {
        return Ok(Kind::Pdf);
    }
    if bytes.starts_with(OLE) {
        return Ok(Kind::Office);
    }
    if let Some((_, name)) = MAGIC.iter().find(|(magic, _)| bytes.starts_with(magic)) {
        return Err(not_read(name));
    }
    if bytes.starts_with(b"PK\x03\x04") || bytes.starts_with(b"PK\x05\x06") {
        return Ok(zip_kind(bytes));
    }
    if bytes.len() > 12 && &bytes[4..8] == b"ftyp" {
        return Err(not_read("MP4 video"));
    }
    let utf16 = utf16_like(bytes);
    if !utf16 && bytes.contains(&0) {
        return Err(Rejected::new(
            RejectCode::Binary,
            "the file holds binary data, not text: upload HTML, Markdown or plain text",
        ));
    }
    let head = head_text(bytes, utf16);
    let mime = input.content_type.map(|t| t.split(';').next().unwrap_or_default().trim().to_ascii_lowercase());
    let extension = extension(input.path_or_url);
    if looks_like_html(&head) {
        return Ok(Kind::Html);
    }
    match mime.as_deref() {
        Some("text/html" | "application/xhtml+xml") => return Ok(Kind::Html),
        Some("text/markdown" | "text/x-markdown") => return Ok(Kind::Markdown),
        Some("text/csv" | "text/tab-separated-values") => return Ok(Kind::Csv),
        Some("message/rfc822" | "application/mbox") => return Ok(Kind::Mail),
        Some("text/xml" | "application/xml") => return xml(&head),
        Some(mime) if mime.ends_with("/json") || mime.ends_with("+json") || mime.ends_with("/x-ndjson") => {
            return Ok(Kind::Json);
        }
        // Servers label Markdown and logs as plain text or as a download: the name knows better.
        Some("text/plain" | "application/octet-stream" | "") | None => {}
        Some(other) => return Err(not_read(&mime_name(other, extension.as_deref()))),
    }
    match extension.as_deref() {
        Some("html" | "htm" | "xhtml") => Ok(Kind::Html),
        Some("md" | "markdown" | "mdown" | "mkd") => Ok(Kind::Markdown),
        Some("csv" | "tsv") => Ok(Kind::Csv),
        Some("eml" | "mbox") => Ok(Kind::Mail),
        Some("json" | "jsonl" | "ndjson" | "geojson" | "jsonld") => Ok(Kind::Json),
        Some("xml") => xml(&head),
        Some(ext) if mime.as_deref() != Some("text/plain") => match NAMES.iter().find(|(e, _)| *e == ext) {
            Some((_, name)) => Err(not_read(name)),
            None => match NAMED.iter().find(|(e, _)| *e == ext) {
                Some((_, name)) => Err(Rejected::new(
                    RejectCode::Damaged,
                    format!(
                        "its name says {name}, its bytes are something else: save it again, or name it for what it is"
                    ),
                )),
                None => text_or_xml(&head),
            },
        },
        _ => text_or_xml(&head),
    }
}

fn text_or_xml(head: &str) -> Result<Kind, Rejected> {
    if ["<?xml", "<rss", "<feed"].iter().any(|start| head.starts_with(start)) { xml(head) } else { Ok(Kind::Text) }
}

/// XML by its root element: some kinds are no documents.
fn xml(head: &str) -> Result<Kind, Rejected> {
    let root = head.split('<').find(|tag| !tag.trim().is_empty() && !tag.starts_with(['?', '!'])).unwrap_or_default();
    let name = root.split(|c: char| c.is_whitespace() || matches!(c, '>' | '/')).next().unwrap_or_default();
    match name {
        "rss" | "feed" | "rdf:rdf" => Err(not_read("feed")),
        "urlset" | "sitemapindex" => Err(not_read("sitemap")),
        "svg" => Err(not_read("SVG picture")),
        _ => Ok(Kind::Xml),
    }
}

/// The usual ending of a picture with these first bytes, if it is one of a kind that text is recognised in.
pub fn picture(bytes: &[u8]) -> Option<&'static str> {
    match MAGIC.iter().find(|(magic, _)| bytes.starts_with(magic)).map(|(_, name)| *name)? {
        "PNG picture" => Some("png"),
        "JPEG picture" => Some("jpg"),
        "TIFF picture" => Some("tif"),
        _ => None,
    }
}

/// What a file with these first bytes may have: files of foreign programs are mostly pictures and fonts.
#[must_use]
pub fn bytes_max(head: &[u8]) -> usize {
    let is_foreign = head.trim_ascii_start().starts_with(b"%PDF-") || head.starts_with(b"PK") || head.starts_with(OLE);
    if is_foreign { FILE_BYTES_MAX } else { DOCUMENT_BYTES_MAX }
}

/// Whether a `Content-Type` names a file of a foreign program that is read.
#[must_use]
pub fn is_foreign_type(content_type: &str) -> bool {
    let essence = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    matches!(essence.as_str(), "application/pdf" | "application/x-pdf")
        || essence == "application/msword"
        || essence.starts_with("application/vnd.ms-excel")
        || essence.starts_with("application/vnd.ms-powerpoint")
        || essence.starts_with("application/vnd.openxmlformats-officedocument.")
        || essence.starts_with("application/vnd.oasis.opendocument.")
        || essence == "application/epub+zip"
}

/// UTF-16 by mark, or by every second byte being zero.
pub fn utf16_like(bytes: &[u8]) -> bool {
    if bytes.starts_with(b"\xff\xfe") || bytes.starts_with(b"\xfe\xff") {
        return true;
    }
    let head = &bytes[..bytes.len().min(512) & !1];
    let zeros = |odd: usize| head.iter().skip(odd).step_by(2).filter(|b| **b == 0).count();
    let (even, odd) = (zeros(0), zeros(1));
    let pairs = head.len() / 2;
    pairs >= 8 && ((odd * 10 > pairs * 8 && even == 0) || (even * 10 > pairs * 8 && odd == 0))
}

fn head_text(bytes: &[u8], utf16: bool) -> String {
    let head = &bytes[..bytes.len().min(2048)];
    let text: String = if utf16 {
        head.iter().filter(|b| b.is_ascii() && **b != 0).map(|b| char::from(*b)).collect()
    } else {
        String::from_utf8_lossy(head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head)).into_owned()
    };
    text.trim_start().to_ascii_lowercase()
}

fn looks_like_html(head: &str) -> bool {
    let mut rest = head;
    // Comments and the XML prolog may stand before the doctype.
    for _ in 0..8 {
        rest = rest.trim_start();
        let end = if rest.starts_with("<!--") { "-->" } else { "?>" };
        if rest.starts_with("<!--") || rest.starts_with("<?xml") {
            match rest.find(end) {
                Some(at) => rest = &rest[at + end.len()..],
                None => return false,
            }
        } else {
            break;
        }
    }
    rest.starts_with("<!doctype html")
        || rest.starts_with("<html")
        || rest.starts_with("<head")
        || rest.starts_with("<body")
}

/// What a ZIP is, by the names of its parts.
fn zip_kind(bytes: &[u8]) -> Kind {
    let Ok(mut pack) = Pack::open(bytes) else {
        // A broken one: its first part tells which program has to save it again.
        let head = &bytes[..bytes.len().min(4096)];
        let has = |needle: &[u8]| head.windows(needle.len()).any(|w| w == needle);
        return match () {
            () if has(b"epub+zip") => Kind::Epub,
            () if has(b"vnd.oasis.opendocument") => Kind::OpenDocument,
            () if has(b"[Content_Types].xml") || has(b"word/document") => Kind::Office,
            () => Kind::Archive,
        };
    };
    if pack.has("[Content_Types].xml") && pack.has_folder(&["word/", "xl/", "ppt/"]) {
        return Kind::Office;
    }
    match pack.text("mimetype", 200).ok().flatten() {
        Some(mime) if mime.contains("opendocument") => Kind::OpenDocument,
        Some(mime) if mime.contains("epub+zip") => Kind::Epub,
        _ if pack.has("META-INF/container.xml") => Kind::Epub,
        _ => Kind::Archive,
    }
}

/// Whether the bytes are a ZIP of files, not a file that happens to be packed so.
pub fn is_archive(bytes: &[u8]) -> bool {
    bytes.starts_with(b"PK")
        && matches!(sniff(&Input { bytes, content_type: None, path_or_url: "" }), Ok(Kind::Archive))
}

fn extension(path_or_url: &str) -> Option<String> {
    let is_url = path_or_url.contains("://");
    let path = if is_url { path_or_url.split(['?', '#']).next().unwrap_or_default() } else { path_or_url };
    let name = path.rsplit(['/', '\\']).next()?;
    let (stem, ext) = name.rsplit_once('.')?;
    (!stem.is_empty() && ext.len() <= 8).then(|| ext.to_ascii_lowercase())
}

fn mime_name(mime: &str, extension: Option<&str>) -> String {
    let known = match mime {
        "application/pdf" => "PDF",
        "application/rss+xml" | "application/atom+xml" => "feed",
        "text/css" => "style sheet",
        "text/javascript" | "application/javascript" => "script",
        "text/calendar" => "calendar file",
        "application/zip" => "ZIP archive",
        "application/msword" => "DOC",
        m if m.contains("wordprocessingml") => "DOCX",
        m if m.contains("spreadsheetml") => "XLSX",
        m if m.contains("presentationml") => "PPTX",
        m if m.starts_with("image/") => "picture",
        m if m.starts_with("video/") => "video",
        m if m.starts_with("audio/") => "audio",
        m if m.starts_with("font/") => "font",
        _ => "",
    };
    if !known.is_empty() {
        return known.to_owned();
    }
    extension
        .and_then(|e| NAMES.iter().chain(&NAMED).find(|(n, _)| *n == e))
        .map_or_else(|| mime.chars().take(60).collect(), |(_, name)| (*name).to_owned())
}
