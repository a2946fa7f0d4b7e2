//! Links, frames, players and forms of the main content.

use super::Markup;
use super::lines::{Doc, speaks_of, tail};
use super::markup::{FormTag, Target};
use super::rule::Rule;
use super::sink::Sink;
use super::value::{Role, Source, Stated};
use super::{email, phone};

const FILE_TYPES: [&str; 32] = [
    "pdf", "doc", "docx", "xls", "xlsx", "ppt", "pptx", "odt", "ods", "odp", "rtf", "zip", "csv", "ics", "vcf", "epub",
    "txt", "xml", "json", "mp3", "gpx", "kml", "kmz", "dwg", "dxf", "7z", "rar", "xlsm", "dotx", "dot", "ical",
    "geojson",
];
const MIMES: [(&str, &str); 8] = [
    ("application/pdf", "pdf"),
    ("application/zip", "zip"),
    ("text/calendar", "ics"),
    ("text/vcard", "vcf"),
    ("text/csv", "csv"),
    ("application/msword", "doc"),
    ("application/vnd.openxmlformats-officedocument.wordprocessingml.document", "docx"),
    ("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "xlsx"),
];
const FILMS: [&str; 14] = [
    "youtube.com/embed",
    "youtube-nocookie.com/embed",
    "youtube.com/watch",
    "youtu.be/",
    "vimeo.com/",
    "dailymotion.com/",
    "ardmediathek.de/",
    "zdf.de/",
    "peertube",
    "/videos/embed/",
    "streamable.com",
    "wistia",
    "jwplayer",
    "nexx.tv",
];
const FILM_FILES: [&str; 6] = [".mp4", ".webm", ".m4v", ".mov", ".ogv", ".m3u8"];

static SIZE: Rule = Rule::new(r"(?i)(\d{1,4}(?:[.,]\d{1,3})?)\s?(kb|kib|mb|mib|kilobyte|megabyte|byte)\b");
static TYPE: Rule = Rule::new(r"(?i)\b(pdf|docx?|xlsx?|pptx?|odt|zip|ics|csv|rtf)\b");
static FORM: Rule = Rule::new(
    r"(?i)online[- ]?\p{L}{0,14}(?:formular|antrag|dienst|service|anmeldung|bewerbung|buchung|vergabe|vereinbarung|verfahren|meldung|reservierung|bestellung)\b|\(formular\)|start (?:your|the|an?) (?:\p{L}+ )?(?:application|booking|claim)|start now|apply now|apply for\b|report (?:it|a \p{L}+)(?: online)?$|(?:antrag|termin|anmeldung|platz|kind|hund|ausweis|führung)\b.{0,30}\bonline\b|online .{0,30}(?:beantragen|stellen|buchen|anmelden|vereinbaren|ausfüllen|bewerben|bestellen|reservieren)|(?:termin|führung|platz|raum) (?:online )?(?:buchen|vereinbaren|reservieren)|(?:kontakt|anmelde|antrags|bestell|bewerbungs|melde|buchungs|reservierungs)formular|zum formular|jetzt (?:beantragen|anmelden|bewerben|buchen)|book (?:an )?appointment|apply online|online (?:form|application|booking)|application form|contact form|booking form",
);
static NO_FORM: Rule = Rule::new(
    r"(?i)newsletter|login|such|search|cookie|consent|subscribe|abonn|warenkorb|filter|sprache|language|feedback|hilfreich|helpful|share|comment|kommentar|user_login|anmelden-portal",
);

/// Reads the links of the page.
pub fn read(markup: &Markup, doc: &Doc<'_>, sink: &mut Sink) {
    for link in &markup.links {
        if let Some(number) = link.href.strip_prefix("tel:").or_else(|| link.href.strip_prefix("TEL:")) {
            dial(number, link, doc, sink);
        } else if let Some(number) = link.href.strip_prefix("fax:") {
            if let Some(number) = phone::e164(&decode(number), doc.calling_code) {
                sink.aside(Stated::Phone { number, role: Role::Fax }, Source::Link, Some(&link.before), &link.href);
            }
        } else if let Some(address) = link.href.strip_prefix("mailto:") {
            let addresses = decode(address.split('?').next().unwrap_or_default());
            for address in addresses.split([',', ';']).filter_map(email::plain) {
                sink.aside(Stated::Email { address }, Source::Link, Some(&link.before), &link.href);
            }
        } else if let Some(url) = absolute(doc, &link.href) {
            file_or_form(url, link, sink);
        }
    }
    for source in &markup.frames {
        if let Some(url) = absolute(doc, source) {
            if is_film(&url) {
                sink.aside(Stated::Video { url }, Source::Link, None, source);
            } else if speaks_of(&url, &["formular", "/form", "termin", "booking", "antrag"]) {
                sink.aside(Stated::Form { url }, Source::Link, None, source);
            }
        }
    }
    for url in markup.waiting.iter().filter_map(|source| absolute(doc, source)).filter(|url| is_film(url)) {
        sink.aside(Stated::Video { url: url.clone() }, Source::Link, None, &url);
    }
    for source in &markup.players {
        if let Some(url) = absolute(doc, source) {
            sink.aside(Stated::Video { url }, Source::Link, None, source);
        }
    }
    for form in &markup.forms {
        if let Some(url) = form_address(form, doc) {
            sink.aside(Stated::Form { url }, Source::Link, None, &form.about);
        }
    }
}

fn dial(number: &str, link: &Target, doc: &Doc<'_>, sink: &mut Sink) {
    let Some(number) = phone::e164(decode(number).split(';').next().unwrap_or_default(), doc.calling_code) else {
        return;
    };
    let near = format!("{} {} {}", tail(&link.before, 30), link.hint, link.text).to_lowercase();
    let is_mobile = phone::is_mobile(&number);
    // The last label before the number counts: "Telefon 1, Fax 2".
    let fax = near.rfind("fax");
    let tel = near.rfind("tel").filter(|at| !near[*at..].starts_with("telefax"));
    let role = if fax > tel {
        Role::Fax
    } else if is_mobile || near.contains("mobil") {
        Role::Mobile
    } else {
        Role::Phone
    };
    sink.aside(Stated::Phone { number, role }, Source::Link, Some(&link.before), &link.href);
}

fn file_or_form(url: String, link: &Target, sink: &mut Sink) {
    let around =
        format!("{} {} {} {}", link.text, link.hint, link.class, &link.after.chars().take(60).collect::<String>());
    let said = || {
        TYPE.captures(&format!("{} {}", link.text, link.hint))
            .map(|c| c[1].to_lowercase())
            .filter(|_| SIZE.is_match(&around) || link.is_download)
    };
    if is_film(&url) {
        sink.aside(Stated::Video { url }, Source::Link, Some(&link.text), &link.href);
    } else if let Some(file_type) = file_type(&url).or_else(|| of_mime(&link.mime)).or_else(said) {
        let size_kb = SIZE.captures(&around).and_then(|c| kilobytes(&c[1], &c[2]));
        let label = if link.text.is_empty() { &link.hint } else { &link.text };
        sink.aside(Stated::Download { url, file_type, size_kb }, Source::Link, Some(label), &link.href);
    } else if FORM.is_match(&format!("{} {}", link.text, link.hint)) && !link.href.starts_with('#') {
        sink.aside(Stated::Form { url }, Source::Link, Some(&link.text), &link.href);
    }
}

fn kilobytes(number: &str, unit: &str) -> Option<u64> {
    let number: f64 = number.replace(',', ".").parse().ok()?;
    let bytes = match unit.to_lowercase().as_str() {
        "byte" => number,
        "mb" | "mib" | "megabyte" => number * 1_024.0 * 1_024.0,
        _ => number * 1_024.0,
    };
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    Some((bytes / 1_024.0).round() as u64)
}

fn form_address(form: &FormTag, doc: &Doc<'_>) -> Option<String> {
    let is_search = form.fields.contains("search") || form.fields.contains("password") || form.fields.contains("query");
    let action = form.action.as_deref().unwrap_or_default();
    if form.count < 2 || is_search || NO_FORM.is_match(&form.about) || NO_FORM.is_match(action) {
        return None;
    }
    match action.trim() {
        // The page itself, whatever its links are relative to.
        "" | "#" => doc.page.map(url::Url::to_string),
        action => absolute(doc, action),
    }
}

fn is_film(url: &str) -> bool {
    let path = url.split(['?', '#']).next().unwrap_or_default().to_lowercase();
    FILMS.iter().any(|film| url.contains(film)) && !url.contains("/channel/") && !url.contains("/user/")
        || FILM_FILES.iter().any(|end| path.ends_with(end))
}

/// The extension of an address that leads to a file.
pub fn file_type(url: &str) -> Option<String> {
    let path = url.split(['?', '#']).next().unwrap_or_default();
    let name = path.rsplit('/').next().unwrap_or_default().to_lowercase();
    let query =
        url.split_once('?').map_or("", |(_, query)| query).split(['#', '&']).next().unwrap_or_default().to_lowercase();
    let known = |name: &str| {
        let (stem, extension) = name.rsplit_once('.')?;
        (!stem.is_empty() && FILE_TYPES.contains(&extension)).then(|| extension.to_owned())
    };
    // "programm.html?file=heft.pdf"
    known(&name).or_else(|| known(&query).filter(|_| query.contains("file") || query.contains("download")))
}

/// The extension that goes with a media type.
pub fn of_mime(mime: &str) -> Option<String> {
    MIMES.iter().find(|(known, _)| mime.starts_with(known)).map(|(_, extension)| (*extension).to_owned())
}

/// An `http(s)` address as the page means it.
pub fn absolute(doc: &Doc<'_>, href: &str) -> Option<String> {
    let href = href.trim();
    if href.is_empty() || href.len() > 4_000 {
        return None;
    }
    let url = match doc.base {
        Some(base) => base.join(href),
        None => url::Url::parse(href),
    };
    url.ok().filter(|url| matches!(url.scheme(), "http" | "https")).map(String::from)
}

fn decode(text: &str) -> String {
    percent_encoding::percent_decode_str(text).decode_utf8_lossy().trim().to_owned()
}
