//! Whether a document is the one a question set names, and whether a fact stands in a text.
//!
//! Sets name documents by URL, by path, or by file name with or without extension, so that all of
//! these are compared in one normal form.

use std::collections::HashSet;

use crate::svc::knowledge::Document;

/// Documents named by a set.
pub(super) struct Names(HashSet<String>);

impl Names {
    pub fn of_set(documents: &[String]) -> Self {
        Self(documents.iter().map(|name| plain(name)).collect())
    }

    pub fn meets(&self, document: &Document) -> bool {
        let own = [Some(&document.key), document.url.as_ref(), document.url_guess.as_ref()];
        own.into_iter()
            .flatten()
            .chain(&document.aliases)
            .any(|name| forms(name).iter().any(|form| self.0.contains(form)))
    }
}

/// Every way a name may be written.
fn forms(name: &str) -> HashSet<String> {
    let whole = plain(name);
    let path = url::Url::parse(name).map_or_else(|_| whole.clone(), |url| plain(url.path()));
    let file = path.rsplit('/').next().unwrap_or_default().to_owned();
    let with_extension = name.trim_end_matches('/').rsplit('/').next().unwrap_or_default().to_lowercase();
    // The start page has an empty path.
    HashSet::from([whole, path, file, with_extension])
}

/// Lower case, without scheme, host noise, slashes at the ends and a short extension.
fn plain(name: &str) -> String {
    let lower = name.trim().to_lowercase();
    let rest = lower.strip_prefix("https://").or_else(|| lower.strip_prefix("http://")).unwrap_or(&lower);
    let rest = rest.strip_prefix("www.").unwrap_or(rest);
    let rest = rest.split(['#', '?']).next().unwrap_or_default().trim_matches('/');
    match rest.rsplit_once('.') {
        Some((stem, end))
            if matches!(end, "html" | "htm" | "xhtml" | "md" | "txt" | "markdown" | "php" | "pdf" | "docx")
                && !stem.is_empty() =>
        {
            stem.to_owned()
        }
        _ => rest.to_owned(),
    }
}

/// Share of facts whose normalised text stands in the answer; `None` when none are given.
#[allow(clippy::cast_precision_loss)]
pub(super) fn fact_recall(facts: &[String], shown: &str) -> Option<f64> {
    if facts.is_empty() {
        return None;
    }
    let shown = normal(shown);
    let found = facts.iter().filter(|fact| shown.contains(&normal(fact))).count();
    Some(found as f64 / facts.len() as f64)
}

/// Lower case; dashes and spaces alike; marks that markup or layout adds are dropped.
fn normal(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.to_lowercase().chars() {
        match c {
            '\\' | '*' | '\u{ad}' => {}
            '–' | '—' | '‑' | '−' => out.push('-'),
            c if c.is_whitespace() => {
                if !out.ends_with(' ') {
                    out.push(' ');
                }
            }
            c => out.push(c),
        }
    }
    out.replace(" - ", "-").replace("- ", "-").replace(" -", "-").trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_document_has_many_names() {
        for (set, key) in [
            ("/leben/abfall/restmuell", "http://127.0.0.1:9/leben/abfall/restmuell"),
            ("https://www.x.de/a/", "http://x.de/a"),
            ("sect.apt-get", "de-DE/sect.apt-get.html"),
            ("sect.apt-get.html", "sect.apt-get.html"),
            ("swriter/guide/x", "swriter/guide/x.md"),
            ("/", "http://127.0.0.1:9/"),
        ] {
            assert!(forms(key).contains(&plain(set)), "{set} {key} {:?}", forms(key));
        }
        assert!(!forms("http://h/leben/a").contains(&plain("/leben/b")));
    }

    #[test]
    fn facts_are_found_through_layout() {
        assert_eq!(fact_recall(&["8–12 Uhr".into(), "27,60 €".into()], "Mo 8 – 12 Uhr"), Some(0.5));
        assert_eq!(fact_recall(&[], "x"), None);
    }
}
