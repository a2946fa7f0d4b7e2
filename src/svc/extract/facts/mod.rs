//! Structured facts of a document with where each was found: telephone numbers, addresses, opening hours, fees, dates …
//! From what the page says to machines (JSON-LD, microdata, RDFa, OpenGraph), from its links, and from rules over its text.
//!
//! Invariants: a fact is stated on the page, never guessed (a date without a year stays without one); a wrong fact is worse
//! than none, so a rule that is unsure says nothing; each fact once per document; numbers of facts and of letters read are
//! bounded. One file per kind; the text rules share [`lines`], the statements to machines share [`schema`].

mod address;
mod calendar;
mod date;
mod email;
mod event;
mod hours;
mod hours_table;
mod hours_words;
mod items;
mod legal;
mod lines;
mod links;
mod markup;
mod phone;
mod price;
mod price_table;
mod region;
mod rule;
mod schema;
mod schema_hours;
mod season;
mod sink;
mod steps;
mod value;
mod week;

#[cfg(test)]
mod tests;

use std::panic::{AssertUnwindSafe, catch_unwind};

use url::Url;

use super::{Section, Warning};
use lines::Doc;
pub use markup::Markup;
use sink::Sink;
pub use value::{Fact, Role, Source, Stated};

/// Facts kept per document.
pub const FACTS_MAX: usize = 300;

/// Collects the facts of a document. `markup` is there for pages, `base` is the page's address where it has one. A rule that
/// breaks is noted in `warnings`.
#[must_use]
pub fn collect(
    title: &str,
    sections: &[Section],
    markup: Option<&Markup>,
    base: &str,
    warnings: &mut Vec<Warning>,
) -> Vec<Fact> {
    // No rule is worth a document: one that breaks gives no facts, and says so.
    catch_unwind(AssertUnwindSafe(|| read(title, sections, markup, base))).unwrap_or_else(|_| {
        tracing::error!(page = base, "a rule for facts panicked");
        warnings.push(Warning::new("facts_failed", "what it states could not be read as facts; its text was"));
        Vec::new()
    })
}

fn read(title: &str, sections: &[Section], markup: Option<&Markup>, base: &str) -> Vec<Fact> {
    let page = Url::parse(base).ok().filter(|url| matches!(url.scheme(), "http" | "https"));
    let stated = markup.and_then(|markup| markup.base.as_deref());
    let base = match (&page, stated) {
        (Some(page), Some(stated)) => page.join(stated).ok().or_else(|| Some(page.clone())),
        (page, stated) => page.clone().or_else(|| stated.and_then(|stated| Url::parse(stated).ok())),
    };
    let doc = Doc::new(title, sections, (page.as_ref(), base.as_ref()), markup);
    let mut sink = Sink::new();
    if let Some(markup) = markup {
        schema::read(markup, &doc, &mut sink);
        links::read(markup, &doc, &mut sink);
    }
    phone::read(&doc, &mut sink);
    email::read(&doc, &mut sink);
    address::read(&doc, &mut sink);
    hours::read(&doc, &mut sink);
    price::read(&doc, &mut sink);
    price_table::read(&doc, &mut sink);
    legal::read(&doc, &mut sink);
    region::read(&doc, &mut sink);
    steps::read(&doc, markup, &mut sink);
    event::read(&doc, &mut sink);
    date::read(&doc, &mut sink);
    sink.finish()
}
