//! What the assistant says in its own words, German and English.

use crate::svc::site::Site;

fn pick(locale: &str, de: impl Into<String>, en: impl Into<String>) -> String {
    if locale == "en" { en.into() } else { de.into() }
}

/// The first thing a visitor reads.
#[must_use]
pub fn welcome(site: &Site, locale: &str) -> String {
    site.welcome.clone().unwrap_or_else(|| {
        pick(
            locale,
            format!("Guten Tag! Ich beantworte Ihre Fragen mit den Seiten von {}. Was möchten Sie wissen?", site.name),
            format!("Hello! I answer your questions from the pages of {}. What would you like to know?", site.name),
        )
    })
}

/// Says that nobody human is writing.
#[must_use]
pub fn disclosure(site: &Site, locale: &str) -> String {
    pick(
        locale,
        format!(
            "Automatischer Assistent. Die Antworten stammen aus den Seiten von {}. Bitte prüfen Sie Wichtiges an der Quelle.",
            site.name
        ),
        format!(
            "Automated assistant. Answers come from the pages of {}. Please check important details at the source.",
            site.name
        ),
    )
}

pub(super) fn thanks(locale: &str) -> String {
    pick(locale, "Gern geschehen. Haben Sie noch eine Frage?", "You are welcome. Do you have another question?")
}

/// The refusal, with or without pages that come close.
pub(super) fn refusal(locale: &str, has_pages: bool, has_contact: bool) -> String {
    let mut text = pick(
        locale,
        "Dazu habe ich auf den Seiten keine sichere Antwort gefunden.",
        "I did not find a reliable answer to this on the pages.",
    );
    if has_pages {
        text.push(' ');
        text.push_str(&pick(
            locale,
            "Diese Seiten kommen Ihrer Frage am nächsten:",
            "These pages come closest to your question:",
        ));
    } else if has_contact {
        text.push(' ');
        text.push_str(&pick(locale, "Bitte wenden Sie sich direkt an uns:", "Please contact us directly:"));
    } else {
        text.push(' ');
        text.push_str(&pick(locale, "Bitte fragen Sie mit anderen Worten.", "Please try asking in other words."));
    }
    text
}

/// Said when nothing has been read yet.
pub(super) fn nothing_read(locale: &str) -> String {
    pick(
        locale,
        "Für diese Website wurden noch keine Seiten eingelesen. Bitte versuchen Sie es später noch einmal.",
        "No pages of this website have been read yet. Please try again later.",
    )
}
