//! Legal bases: `§ 3 Abs. 2 KAG`, `Art. 6 Abs. 1 lit. e DSGVO`, `§§ 5 und 6 der Hundesteuersatzung`.

use super::lines::Doc;
use super::rule::Rule;
use super::sink::Sink;
use super::value::Stated;

macro_rules! part {
    () => {
        r"(?:\s?(?:Abs\.|Absatz|Absätze|Satz|S\.|Nr\.|Nrn\.|Nummer|lit\.|Buchst\.|Buchstabe|Hs\.|Halbsatz|Alt\.|UAbs\.|Ziff\.|Ziffer)\s?\d*\s?[a-z]?\)?\b(?:\s?(?:und|,|bis|-)\s?\d+\b)?)*"
    };
}

static PARAGRAPHS: Rule = Rule::new(concat!(
    r"(§§?|\bArt(?:ikel|\.)|\bParagraph(?:en)?|\b[Ss]ections?)\s?(\d{1,4}\s?[a-z]?\b)(",
    part!(),
    r")((?:\s?(?:,|und|u\.|sowie|bis|-|–|oder|i\.\s?V\.\s?m\.|in Verbindung mit|ff?\.)\s?(?:§§?\s?)?(?:\d{1,4}\s?[a-z]?\b",
    part!(),
    r")?)*)\s?(.{0,90})"
));
static ABBREVIATION: Rule = Rule::new(
    r"^(?:des |der |dem |im |vom |of the )?((?:\p{L}+-)?\p{Lu}[\p{L}\-]*\p{Lu}[\p{L}]*(?:-\p{L}+)?(?:\s(?:[IVX]{1,4}\b|NRW|NW|BW|Bay|Bbg|LSA|M-V|SH|RP|Nds|HE|SL|TH|Bln|\d{4}\b))?)",
);
static NAME: Rule = Rule::new(
    r"^(?:des |der |dem |im |vom |of the )?((?:\p{L}[\p{L}\-]*(?:en|es|er|e|s|-)\s){0,3}?\p{Lu}[\p{L}\-]*(?:gesetz(?:es|buch(?:e?s)?)?|ordnung|satzung|verordnung|verfassung|Gesetz(?:es|buch(?:e?s)?)?|Satzung|Verordnung)\b)",
);
static ACT: Rule = Rule::new(
    r"^(?:of the |the )?((?:\p{Lu}[\p{L}\-]*\s(?:and\s|of\s)?){0,6}(?:\p{Lu}[\p{L}\-]*)?(?:Act|Code|Law|Regulation|Regulations|Ordinance|Order)(?:\s\d{4})?)\b",
);

static SHORT: Rule = Rule::new(r"^\s?\((?:[–-]\s?)?(\p{Lu}[\p{L}\-]*\p{Lu}[\p{L}]*)(?:\s?[–-])?\)");

/// Reads the legal bases of the text.
pub fn read(doc: &Doc<'_>, sink: &mut Sink) {
    for line in &doc.lines {
        for (text, from, to) in find(&line.text) {
            sink.text(Stated::Legal { text }, line, None, &line.text[from..to]);
        }
    }
}

/// Paragraphs with their law, and where they are written.
pub fn find(text: &str) -> Vec<(String, usize, usize)> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(c) = PARAGRAPHS.captures(&text[at..]) {
        let whole = c.get_match();
        let behind = c.get(5).map_or(whole.end(), |m| m.start());
        let Some(law) = law(&c[5]) else {
            at += behind.max(whole.start() + 2);
            continue;
        };
        let sign = match &c[1] {
            sign if sign.starts_with("Art") => "Art.",
            sign if sign.eq_ignore_ascii_case("section") || sign.eq_ignore_ascii_case("sections") => "section",
            sign => sign.trim_start_matches("Paragraphen").trim_start_matches("Paragraph"),
        };
        let sign = if sign.is_empty() { "§" } else { sign };
        let text = format!("{sign} {}{}{} {law}", squeeze(&c[2]), spaced(&c[3]), spaced(&c[4]));
        found.push((text, at + whole.start(), at + behind));
        at += behind;
    }
    found
}

fn law(text: &str) -> Option<String> {
    let c = NAME.captures(text).or_else(|| ACT.captures(text)).or_else(|| ABBREVIATION.captures(text))?;
    let name = c[1].trim().replace("esetzes", "esetz").replace("etzbuches", "etzbuch").replace("etzbuchs", "etzbuch");
    // "des Bundesmeldegesetzes (BMG)"
    let short = SHORT.captures(&text[c.get_match().end()..]);
    Some(short.map_or(name.clone(), |short| format!("{name} ({})", &short[1])))
}

/// `12 a` is `12a`.
fn squeeze(number: &str) -> String {
    number.split_whitespace().collect()
}

fn spaced(parts: &str) -> String {
    let parts = parts.trim().replace("Absatz", "Abs.").replace("Nummer", "Nr.");
    if parts.is_empty() {
        String::new()
    } else {
        format!(" {}", parts.split_whitespace().collect::<Vec<_>>().join(" "))
    }
}
