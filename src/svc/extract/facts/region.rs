//! Where alone a page holds: "gilt nur für den Stadtteil Kettwig".

use super::lines::Doc;
use super::rule::Rule;
use super::sink::Sink;
use super::value::Stated;

macro_rules! area {
    () => {
        r"((?:(?:Stadt|Orts|Gemeinde)teile?n?|Stadtbezirke?n?|Ortschaft(?:en)?|Bezirke?n?|Stadtgebiet|Gemeindegebiet|Kreisgebiet|Landkreis|Kreis|Gemeinde|Stadt|Verbandsgemeinde|Samtgemeinde|Postleitzahlgebiete?|Wohngebiet|Sanierungsgebiet|Zone)(?:\s(?:von\s|der\s(?:Stadt|Gemeinde)\s)?\p{Lu}[\p{L}\-]*(?:-\p{L}+)?(?:,\s\p{Lu}[\p{L}\-]*)*(?:\sund\s\p{Lu}[\p{L}\-]*)?)?)"
    };
}

static ONLY: Rule = Rule::new(concat!(
    r"(?:[Gg](?:ilt|elten|ültig)(?:\s\p{L}+){0,3}?\s(?:nur|ausschließlich|lediglich)?\s?(?:für|in|im)|[Nn]ur\s(?:für|in|im)|[Aa]usschließlich\s(?:für|in|im))(?:\s(?:den|die|das|der|dem|Einwohner(?:innen und Einwohner)?|Bewohner(?:innen und Bewohner)?|Bürger(?:innen und Bürger)?|Haushalte|Personen|Grundstücke)){0,2}(?:\s(?:des|der|im|in|aus|mit Wohnsitz in))?(?:\s(?:der|dem|den))?\s",
    area!()
));
static LABEL: Rule = Rule::new(
    r"(?i)^(?:geltungsbereich|gültigkeitsgebiet|räumlicher geltungsbereich|gilt für|gebiet)\s?:\s?(.{3,80})$",
);
static ENGLISH: Rule = Rule::new(
    r"(?i:\b(?:applies|apply|valid|available)\s(?:only\s)?(?:to|in|for)\s(?:residents\sof\s)?(?:only\s)?(?:the\s)?)((?:(?i:district|borough|city|town|municipality|county)\sof\s)?\p{Lu}[\p{L}\-]+(?:\s(?i:district|borough|county|ward|parish|village|town)))",
);

/// Reads the areas of the text.
pub fn read(doc: &Doc<'_>, sink: &mut Sink) {
    for line in &doc.lines {
        let found = ONLY
            .captures_iter(&line.text)
            .chain(LABEL.captures_iter(&line.text))
            .chain(ENGLISH.captures_iter(&line.text));
        for c in found {
            let name = c[1].trim_end_matches(['.', ',', ' ']).to_owned();
            sink.text(Stated::Region { name }, line, None, &c[0]);
        }
    }
}
