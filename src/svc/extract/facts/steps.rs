//! Numbered procedures: ordered lists, and headings that count ("Schritt 1").

use super::super::Block;
use super::Markup;
use super::lines::{Doc, speaks_of};
use super::markup::Ordered;
use super::rule::Rule;
use super::sink::Sink;
use super::value::Stated;

static COUNTED: Rule = Rule::new(r"(?i)^\W*(?:schritt|step)\s?(\d{1,2})\b|^(\d{1,2})\.\s?(?:schritt|step)\b");

/// Reads the procedures.
pub fn read(doc: &Doc<'_>, markup: Option<&Markup>, sink: &mut Sink) {
    let mut counted = 0_u32;
    let mut seen: Option<&[String]> = None;
    for section in doc.sections {
        for heading in &section.path {
            let is_new = seen.is_none_or(|path| !path.contains(heading));
            if let Some(number) = number(heading).filter(|_| is_new)
                && number == counted + 1
            {
                counted = number;
            }
        }
        seen = Some(&section.path);
    }
    if counted == 0 {
        for line in &doc.lines {
            if number(&line.text) == Some(counted + 1) {
                counted += 1;
            }
        }
    }
    if counted >= 2 {
        let written = doc.lines.first().map_or("", |line| line.text.as_str());
        sink.aside(Stated::Steps { count: counted }, super::Source::Text, None, written);
        return;
    }
    let Some(markup) = markup else {
        let lists = doc.sections.iter().flat_map(|section| &section.blocks).enumerate();
        for (at, block) in lists {
            let Block::List { ordered: true, items } = block else { continue };
            let Some(line) = doc.lines.iter().find(|line| line.block as usize == at) else { continue };
            if let Some(count) = u32::try_from(items.len()).ok().filter(|count| *count >= 2) {
                sink.text(Stated::Steps { count }, line, None, &items[0]);
            }
        }
        return;
    };
    for list in markup.lists.iter().filter(|list| list.count >= 2 && is_procedure(doc, list)) {
        let beginning: String = list.first.chars().take(25).collect();
        match doc.lines.iter().find(|line| line.text.starts_with(&beginning)) {
            Some(line) => sink.text(Stated::Steps { count: list.count }, line, None, &list.first),
            None => sink.aside(Stated::Steps { count: list.count }, super::Source::Text, None, &list.first),
        }
    }
}

fn number(text: &str) -> Option<u32> {
    let c = COUNTED.captures(text)?;
    c.get(1).or_else(|| c.get(2))?.as_str().parse().ok()
}

/// Steps are sentences or at least say what is done; ranks and tables of contents are single words.
fn is_procedure(doc: &Doc<'_>, list: &Ordered) -> bool {
    let beginning: String = list.first.chars().take(25).collect();
    let heading = doc.lines.iter().find(|line| line.text.starts_with(&beginning)).and_then(|line| line.path.last());
    let ranks = [
        "top",
        "quote",
        "rang",
        "rank",
        "statistik",
        "beliebt",
        "umfrage",
        "survey",
        "häufigst",
        "sieger",
        "platz",
        "ergebnis",
        "inhalt",
        "results",
        "most",
        "größte",
    ];
    let ways = ["ablauf", "schritt", "so geht", "anleitung", "vorgehen", "verfahren", "how to", "steps", "step by"];
    let heading = heading.map_or("", String::as_str);
    let most = list.weight / list.count.max(1) as usize;
    !list.is_ranked
        && !speaks_of(&list.about, &["toc", "rank", "footnote", "reference", "breadcrumb"])
        && (speaks_of(heading, &ways) || (most >= 16 && !speaks_of(heading, &ranks)))
}
