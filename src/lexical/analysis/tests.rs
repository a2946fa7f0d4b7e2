#![allow(clippy::unwrap_used)]

use super::*;

fn texts(text: &str, lang: Lang) -> Vec<String> {
    tokens(text, lang).into_iter().map(|t| t.text).collect()
}

#[test]
fn words_are_cut_where_people_see_them() {
    for (text, expected) in [
        ("Das kostet 3,50 Euro.", "das kostet 3,50 euro"),
        ("§ 12 Abs. 3, §§ 5–7", "§ 12 abs 3 § 5 7"),
        ("Mail an info@stadt-x.de, bitte!", "mail an info@stadt-x.de bitte"),
        ("Tel. 0123/456-789", "tel 0123 456 789"),
        ("Formular A1-B2", "formular a1 b2"),
        ("Master-Kennwort", "master kennwort"),
        ("am 12.05.2026 um 10:30 Uhr", "am 12.05.2026 um 10:30 uhr"),
        ("Ende.Anfang", "ende anfang"),
        ("Sil\u{ad}ben\u{ad}tren\u{ad}nung", "silbentrennung"),
        ("don’t stop", "don't stop"),
        ("ﬁnden GROẞ", "finden groß"),
        ("東京 2024", "東京 2024"),
        ("", ""),
        ("--- ... @", ""),
    ] {
        assert_eq!(texts(text, Lang::De).join(" "), expected, "{text}");
    }
}

#[test]
fn offsets_lie_in_the_text() {
    let text = "Ämter: Öffnungs\u{ad}zeiten 8:00 – 12,5 §§ a@b.de größer-als ẞ\u{301}x";
    for token in tokens(text, Lang::De) {
        assert!(text.get(token.start..token.end).is_some_and(|raw| fold::lower(raw) == token.text), "{token:?}");
    }
}

#[test]
fn spellings_meet() {
    let mut failures = Vec::new();
    for (a, b) in [
        ("Müller", "Mueller"),
        ("Müller", "Muller"),
        ("Straße", "Strasse"),
        ("STRASSE", "straße"),
        ("Gebühren", "Gebuehr"),
        ("Größe", "Groesse"),
        ("Bäume", "Baum"),
        ("Häuser", "Haus"),
        ("Ämter", "Amt"),
        ("Ausweise", "Ausweises"),
        ("verlängern", "Verlängerung"),
        ("verlängert", "Verlängerungen"),
        ("anmelden", "Anmeldung"),
        ("beantragen", "beantragt"),
        ("Oeffnungszeiten", "Öffnungszeit"),
        ("Muellabfuhr", "Müllabfuhr"),
        ("Café", "cafe"),
        ("eingefügte", "einfügen"),
        ("einzufügen", "Einfügen"),
        ("gelöscht", "löschen"),
        ("gespeichert", "speichern"),
        ("Satzungen", "Satzung"),
    ] {
        failures.extend((stem(a, Lang::De) != stem(b, Lang::De)).then(|| (a, b, stem(a, Lang::De), stem(b, Lang::De))));
    }
    assert!(failures.is_empty(), "{failures:#?}");
    for (a, b) in [("Steuer", "Stur"), ("Mauer", "Maur"), ("Boot", "Bot"), ("neue", "nu")] {
        assert_ne!(stem(a, Lang::De), stem(b, Lang::De), "{a} {b}");
    }
    for (a, b) in [("applications", "application"), ("dog's", "dogs"), ("opening", "opened")] {
        assert_eq!(stem(a, Lang::En), stem(b, Lang::En), "{a} {b}");
    }
}

#[test]
fn compounds_are_split() {
    let cases = "
Abfallentsorgungsgebührensatzung abfall entsorgung gebuhr satzung
Straßenreinigungsverordnung strasse reinigung verordnung
Personalausweis personal ausweis
Personalausweisnummer personal ausweis nummer
Hundesteuer hund steuer
Hundesteuerbefreiung hund steuer befreiung
Kindergartenanmeldung kindergarten anmeldung
Bewohnerparkausweis bewohner park ausweis
Führungszeugnis fuhrung zeugnis
Sperrmüllabholung sperrmull abholung
Öffnungszeiten offnung zeit
Grundsteuerbescheid grundsteuer bescheid
Reisepassgebühr pass gebuhr
Donaudampfschifffahrt donau dampf schiff
Ausweisgebühr ausweis gebuhr
Wohnsitzanmeldung wohnsitz anmeldung
Geburtsurkunde geburt urkunde
Sterbeurkunde urkunde
Eheschließung ehe schliessung
Bauantrag bau antrag
Baugenehmigung bau genehmigung
Gewerbeanmeldung gewerbe anmeldung
Meldebescheinigung bescheinigung
Wohngeldantrag wohngeld antrag
Elterngeld eltern geld
Kindergeld kind geld
Führerscheinstelle fuhrerschein stelle
Kraftfahrzeugzulassung kraftfahrzeug zulassung
Parkgebühren park gebuhr
Müllabfuhr mull abfuhr
Restmülltonne tonne
Biotonne tonne
Wertstoffhof wertstoff hof
Schülerbeförderung schuler beforderung
Schulanmeldung anmeldung
Bibliotheksausweis bibliothek ausweis
Stadtbibliothek stadt bibliothek
Volkshochschule hochschule
Friedhofssatzung friedhof satzung
Hallenbad halle bad
Freibadöffnungszeiten freibad offnung zeit
Bürgermeisterin burger
Gemeinderatssitzung gemeinde rat sitzung
Haushaltsplan haushalt plan
Bebauungsplan bebauung plan
Flächennutzungsplan nutzung plan
Briefwahlunterlagen briefwahl unterlage
Wahlbenachrichtigung wahl benachrichtigung
Aufenthaltserlaubnis aufenthalt erlaubnis
Staatsangehörigkeit staat angehorigkeit
Einbürgerungsantrag einburgerung antrag
Verwaltungsgebühren verwaltung gebuhr
Feuerwehrgerätehaus feuerwehr haus
Katastrophenschutz katastrophe schutz
Wasserversorgung wasser versorgung
Abwassergebühr abwasser gebuhr
Straßenbeleuchtung strasse beleuchtung
Verkehrszeichen verkehr zeichen
Sicherheitseinstellungen sicherheit einstellung
Makrosicherheit makro sicherheit
Kitaplatz kita platz
Bürgerbüro burger buro
Rathausöffnungszeiten rathaus offnung zeit
Dezimalzahl dezimal zahl
Tabellenkalkulation tabelle kalkulation
Seitenränder seite rand
Inhaltsverzeichnis inhalt verzeichnis
Muellgebuehren mull gebuhr
Kontoeröffnung konto eroffnung
";
    let mut failures = Vec::new();
    for case in cases.lines().filter(|l| !l.is_empty()) {
        let (word, parts) = case.split_once(' ').unwrap();
        let found: Vec<String> = split_compound(word).iter().map(|p| stem(p, Lang::De)).collect();
        if !parts.split(' ').all(|part| found.contains(&stem(part, Lang::De))) {
            failures.push(format!("{word}: {:?}", split_compound(word)));
        }
    }
    assert!(failures.is_empty(), "{failures:#?}");
}

#[test]
fn simple_words_stay_whole() {
    let words = "Urkunde Beamter Kasten Bericht Straße Verwaltung Verordnung Satzung Gebühr Bescheid Gemeinde Information \
        Universität Bibliothek Bewohner Anmeldung Reinigung Entsorgung Genehmigung Versteuerung Versicherung Veranstaltung \
        Beantragung Bürgerinnen Behinderung Mannheim Frankfurt Schweinfurt Düsseldorf Heidelberg Hannover Müller Schneider \
        beantragen verlängern mindestens insbesondere verschiedene Dokumente Formulare Termine Unterlagen Bedingungen \
        Einstellungen Änderungen Erinnerung Verlängerung Überweisung Konferenz Präsident Minister Kalender Internet \
        Computer Programme Funktionen Eigenschaften Absätze Vorlagen Register gesamten zwischen natürlich folgenden \
        Gesundheit Sicherheit Mitarbeiter Beratung Ermäßigung Zuständigkeit Angelegenheit";
    let failures: Vec<_> =
        words.split_whitespace().map(|w| (w, split_compound(w))).filter(|(_, parts)| !parts.is_empty()).collect();
    assert!(failures.is_empty(), "{failures:#?}");
}

#[test]
fn numbers_have_one_spelling() {
    for (written, expected) in [
        ("3,50", "3.5"),
        ("3.50", "3.5"),
        ("50,00", "50"),
        ("1.000", "1000"),
        ("1,000", "1000"),
        ("1.000,50", "1000.5"),
        ("1,000.50", "1000.5"),
        ("12.05.2026", "12.5.2026"),
        ("08:00", "8:00"),
        ("0123", "0123"),
        ("0,5", "0.5"),
        ("7", "7"),
        ("1.234.567", "1234567"),
        ("0.27.0", "0.27.0"),
        ("0,00", "0"),
        ("0.500", "0.5"),
    ] {
        assert!(number::is_number(written));
        assert_eq!(number::normalize(written), expected, "{written}");
    }
}

#[test]
fn hyphenated_words_also_count_joined() {
    let found = tokens("E-Mail", Lang::De);
    assert_eq!(found.len(), 2);
    assert_eq!(found[1].parts, [stem("Email", Lang::De)]);
}

#[test]
fn languages_are_told_apart() {
    for (text, expected) in [
        ("Wo kann ich meinen Hund anmelden?", Lang::De),
        ("wie hoch ist die hundesteuer", Lang::De),
        ("Where can I register my dog?", Lang::En),
        ("opening hours of the library", Lang::En),
        ("Straßenreinigung Gebühren", Lang::De),
        ("Où puis-je enregistrer mon chien dans cette ville française ?", Lang::Other),
        ("12345 67", Lang::Other),
        ("", Lang::Other),
    ] {
        assert_eq!(detect(text), expected, "{text}");
    }
}

#[test]
fn question_words_are_stopwords() {
    for word in ["Wie", "was", "kann", "MUSS", "für", "fuer", "möchte"] {
        assert!(is_stopword(word, Lang::De) || word == "fuer", "{word}");
    }
    assert!(!is_stopword("Ausweis", Lang::De));
    assert!(is_stopword("how", Lang::En) && !is_stopword("how", Lang::De));
}

#[test]
fn word_list_loads_fast_and_whole() {
    let begin = std::time::Instant::now();
    assert!(lexicon::len() > 50_000);
    assert!(begin.elapsed().as_millis() < 400);
}

proptest::proptest! {
    #[test]
    fn any_text_is_analysed(text in "\\PC{0,60}|[a-zäöüß§@.,:'’\u{ad}\u{301} -]{0,80}") {
        for lang in [Lang::De, Lang::En, Lang::Other] {
            let mut last = 0;
            for token in tokens(&text, lang) {
                assert!(token.start >= last && token.end > token.start);
                assert!(text.get(token.start..token.end).is_some());
                last = token.end;
            }
        }
        let _ = detect(&text);
    }
}
