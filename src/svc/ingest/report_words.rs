//! The reasons of the report in German, for the file an editor downloads. The console has its own words in its own files.

/// Reason code → why an address yielded no page of its own.
const GERMAN: &[(&str, &str)] = &[
    ("access_denied", "Nur nach Anmeldung zu lesen"),
    ("address_forbidden", "Führt in ein lokales Netz"),
    ("bad_encoding", "Zeichen sind nicht lesbar"),
    ("busy", "Die Website war überlastet, auch nach Warten; lesen Sie sie später noch einmal ein"),
    ("canonical", "Steht unter einer anderen Adresse"),
    ("connect", "Keine Verbindung zur Website"),
    ("damaged", "Die Datei ist beschädigt oder zu aufwendig; speichern Sie sie neu"),
    ("dns", "Den Namen der Website gibt es nicht"),
    ("duplicate_url", "Führt auf eine Seite, die schon gelesen ist"),
    ("empty", "Kein Text gefunden"),
    ("excluded", "Von Ihren Ordnern ausgeschlossen"),
    ("gone", "Zweimal nacheinander nicht gefunden; aus der Suche genommen, 30 Tage lang wieder aufzunehmen"),
    ("http_error", "Die Website meldet einen Fehler"),
    ("meta_refresh", "Schickt ihre Besucher gleich weiter"),
    ("missed", "Dieses Mal nicht gefunden; findet auch das nächste Einlesen sie nicht, verlässt sie die Suche"),
    ("needs_javascript", "Die Seite zeigt ohne JavaScript keinen Text"),
    ("noindex", "Die Seite möchte nicht gefunden werden (noindex)"),
    ("not_found", "Gibt es nicht"),
    ("offline", "Der Server darf keine Verbindungen nach außen aufbauen (offline)"),
    ("other_website", "Gehört zu einer anderen Website; nehmen Sie diese als eigene Quelle auf"),
    ("page_limit", "Höchstzahl der Seiten erreicht"),
    ("protected", "Die Datei ist mit einem Passwort geschützt"),
    ("protocol", "Die Antwort der Website ist nicht zu verstehen"),
    ("proxy", "Der Proxy hat die Anfrage nicht weitergegeben"),
    ("redirect_elsewhere", "Führt auf eine andere Website"),
    ("redirect_loop", "Weiterleitung im Kreis"),
    ("reread", "Zählt jetzt unter einer anderen Adresse; das nächste Einlesen liest sie ganz"),
    ("robots", "Von robots.txt ausgeschlossen"),
    ("timeout", "Keine Antwort in der Zeit"),
    ("tls", "Das Zertifikat der Website ist nicht gültig"),
    ("too_complex", "Zu verschachtelt"),
    ("too_deep", "Zu viele Klicks von der Startseite entfernt"),
    ("too_large", "Zu groß"),
    ("trap", "Endlose Reihe von Seiten, etwa ein Kalender"),
    ("unsupported_type", "Diese Dateiart wird noch nicht gelesen"),
    ("url_too_long", "Die Adresse ist zu lang"),
];

/// The reason in German; `None` for codes that need the server's own sentence.
pub(super) fn german(code: &str) -> Option<&'static str> {
    GERMAN.iter().find(|(known, _)| *known == code).map(|(_, words)| *words)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::svc::crawl::SkipReason;
    use crate::svc::extract::RejectCode;

    #[test]
    fn every_reason_of_a_website_has_german_words() {
        let reasons = [
            SkipReason::Robots,
            SkipReason::Excluded,
            SkipReason::Noindex,
            SkipReason::Canonical { of: String::new() },
            SkipReason::Duplicate { of: String::new() },
            SkipReason::RedirectElsewhere { to: String::new() },
            SkipReason::PrivateAddress { to: String::new() },
            SkipReason::Refresh { to: String::new() },
            SkipReason::Elsewhere,
            SkipReason::RedirectLoop,
            SkipReason::NotFound { status: 404 },
            SkipReason::AccessDenied { status: 403 },
            SkipReason::Busy { status: 503 },
            SkipReason::HttpError { status: 500 },
            SkipReason::UnsupportedType { kind: String::new() },
            SkipReason::TooLarge,
            SkipReason::UrlTooLong,
            SkipReason::Trap { what: "" },
            SkipReason::TooDeep,
            SkipReason::PageLimit,
        ];
        let rejects = [RejectCode::NeedsJavascript, RejectCode::Empty, RejectCode::Damaged, RejectCode::Protected];
        for code in reasons.iter().map(SkipReason::code).chain(rejects.map(RejectCode::as_str)) {
            assert!(german(code).is_some(), "{code}");
        }
    }
}
