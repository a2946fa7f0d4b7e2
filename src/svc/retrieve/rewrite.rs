//! Reading a question in the words of the pages: misspelt words by the words of the first results, and
//! colloquial words of town life with their official names.
//!
//! The list is general knowledge of German administrations, two languages; a site that uses none of the
//! official words is not affected, since words that stand nowhere find nothing.

use crate::lexical::{self, Lang};

/// Shorter words have too many neighbours.
const LETTERS_MIN: usize = 6;
/// From this length two letters may be wrong.
const LETTERS_TWO_EDITS: usize = 10;
/// Official words added to one question.
const ADDED_MAX: usize = 4;

/// Colloquial words (a blank within: the words in this order), and what pages call it.
const GERMAN: &[(&str, &str)] = &[
    ("perso|personalausweiß", "Personalausweis"),
    ("pass", "Reisepass"),
    ("lappen|fleppe", "Führerschein"),
    (
        "nummernschild|nummernschilder|autokennzeichen|auto anmelden|auto abmelden|wagen anmelden",
        "Kennzeichen Kfz-Zulassung",
    ),
    ("krippe|krippenplatz|kiga|kindergarten|kindergartenplatz|tagesstätte", "Kita"),
    ("kita|kitaplatz", "Kindergarten"),
    ("hort|hortplatz|nachmittagsbetreuung|mittagsbetreuung|ogs", "Ganztagsbetreuung"),
    ("einschulen|eingeschult|erstklässler", "Schulanmeldung Einschulung"),
    ("wasseruhr|wasseruhren", "Wasserzähler"),
    ("hartz|stütze|alg|sozialhilfe", "Bürgergeld Grundsicherung Sozialamt"),
    ("mietzuschuss|mietbeihilfe", "Wohngeld"),
    ("azubi|azubis|lehrstelle|lehrling|lehre", "Ausbildung"),
    ("jobs|job|arbeiten bei", "Stellenangebote"),
    ("heiraten|hochzeit|ja-wort|verlobte|verlobter", "Eheschließung Trauung Standesamt"),
    ("kirche austreten|kirche raus|aus der kirche", "Kirchenaustritt"),
    ("gestorben|verstorben|todesfall", "Sterbefall"),
    ("beerdigung|bestattung|beerdigen|grab|urne", "Bestattung Friedhof"),
    ("baby|neugeborenes|entbindung", "Geburt Geburtsurkunde"),
    ("umzug|umgezogen|umziehen|hergezogen|zugezogen", "Anmeldung Ummeldung Wohnsitz"),
    ("wegziehen|weggezogen|wegzug|auswandern", "Abmeldung"),
    ("müll|mülleimer|abfuhr", "Abfall"),
    ("graue tonne|schwarze tonne|hausmüll|restmülltonne", "Restmüll"),
    ("blaue tonne|altpapier|pappe|kartons", "Papiertonne"),
    ("braune tonne|essensreste|küchenabfälle|kompost|biotonne", "Biomüll Biotonne"),
    ("gelbe tonne|plastikmüll|gelben säcke|gelbe säcke", "Gelber Sack"),
    ("sofa|couch|schrank|matratze|möbel|sperrgut|sperriges", "Sperrmüll"),
    ("recyclinghof|müllhof|deponie|müllkippe|bauhof|wertstoffsammelstelle", "Wertstoffhof"),
    ("farbreste|farbe|lack|lacke|batterien|giftig|chemikalien|altöl", "Schadstoffe Problemabfall"),
    ("tabletten|medikamente|arznei", "Arzneimittel"),
    ("weihnachtsbaum|tannenbaum", "Christbaum"),
    ("knöllchen|strafzettel|falschparken", "Verwarnungsgeld Bußgeld"),
    ("anwohnerparken|anwohnerparkausweis|anwohner", "Bewohnerparkausweis"),
    ("laterne|straßenlampe|schlagloch", "Straßenbeleuchtung Straßenschäden Mängel melden"),
    ("parkhaus|parkgarage|parkplatz", "Parken Tiefgarage"),
    ("liegen gelassen|liegengelassen|verloren|gefunden", "Fundbüro Fundsachen"),
    ("schwimmbad|schwimmen|baden|planschen", "Hallenbad Freibad"),
    ("bib|bibliothek|bücher ausleihen|ausleihen", "Bücherei Bibliothek"),
    ("hund|hunde|welpe|welpen|köter|dackel", "Hundesteuer"),
    (
        "selbstständig|selbständig|firma gründen|laden eröffnen|geschäft eröffnen|kleingewerbe",
        "Gewerbeanmeldung Gewerbe",
    ),
    ("bauantrag|baugesuch|anbau|schuppen|gartenhaus|carport", "Baugenehmigung"),
    ("neubaugebiet|bauland|bauplatz", "Bebauungsplan Baugebiet"),
    ("schnee|schippen|schneeschippen|glatteis|streuen", "Winterdienst Räumpflicht"),
    ("rasenmähen|rasen mähen|lärm|krach|nachtruhe", "Ruhezeiten Lärmschutz"),
    ("solar|solaranlage|photovoltaik", "Photovoltaik Balkonkraftwerk"),
    ("baum fällen|umsägen|absägen|baum absägen", "Baumschutz fällen"),
    ("behindertenausweis|schwerbehindert", "Schwerbehindertenausweis"),
    ("vhs", "Volkshochschule"),
    ("rektor|rektorin|schulchef|direktorin", "Schulleitung"),
    ("chef im rathaus|chefin im rathaus|stadtoberhaupt|ob", "Bürgermeister Bürgermeisterin"),
    ("gemeinderat|ratssitzung|rat", "Stadtrat Sitzung"),
    ("trödel|trödelmarkt|krempelmarkt", "Flohmarkt"),
    ("markttag|bauernmarkt", "Wochenmarkt"),
    ("jugendtreff|juz", "Jugendzentrum"),
    ("stammbaum|ahnenforschung|vorfahren", "Stadtarchiv"),
    ("strom weg|stromausfall|kein strom", "Störung Stadtwerke"),
    ("arzt|notarzt", "Bereitschaftsdienst"),
    ("öffis|bus|busfahrkarte|busticket", "Stadtbus Fahrkarte"),
    ("kreistagswahl|bundestagswahl|wählen|wahlzettel", "Wahl Briefwahl"),
    ("gratis|umsonst|für lau", "kostenlos Eintritt frei"),
    ("blechen|blecht|löhnen|berappen|teuer|preis|kohle", "Kosten Gebühr"),
    ("beamter|amt", "Bürgerbüro"),
];

/// The same for questions in English about pages in German.
const ENGLISH: &[(&str, &str)] = &[
    ("garbage|trash|rubbish|waste|bin", "Abfall Müll Restmüll"),
    ("recycling|recycling centre", "Wertstoffhof"),
    ("bulky|sofa|couch|furniture", "Sperrmüll"),
    ("dog|dogs|dog tax", "Hundesteuer Hund"),
    ("passport", "Reisepass"),
    ("id card|identity card", "Personalausweis"),
    ("register|registering|registration|moved|moving", "Anmeldung Wohnsitz"),
    ("residence permit|residence title|visa", "Aufenthaltstitel"),
    ("birth", "Geburtsurkunde Geburt"),
    ("wedding|marriage|marry|ceremony", "Eheschließung Trauung"),
    ("driving licence|driver's license|drivers license", "Führerschein"),
    ("kindergarten|day care|daycare|nursery", "Kita Kindergarten"),
    ("school", "Schule"),
    ("library|books", "Bücherei Bibliothek"),
    ("swim|swimming|pool", "Hallenbad Freibad"),
    ("parking|garage|park my car", "Parken Tiefgarage"),
    ("bike|bicycle|bikes", "Fahrrad"),
    ("rent|hire", "leihen Verleih mieten"),
    ("flea market", "Flohmarkt"),
    ("stall", "Stand"),
    ("christmas market", "Weihnachtsmarkt"),
    ("lawn|mow|noise", "Rasenmähen Lärm Ruhezeit"),
    ("solar|solar panels", "Balkonkraftwerk Photovoltaik"),
    ("fire extinguisher", "Feuerlöscher"),
    ("paint|batteries|medicine", "Schadstoffe Problemabfall"),
    ("opening hours|open|closed|close", "Öffnungszeiten geöffnet"),
    ("tax", "Steuer"),
    ("cost|costs|price|fee|charge|how much", "Kosten Gebühr Preis"),
    ("building permit|extension|shed", "Baugenehmigung"),
    ("housing benefit", "Wohngeld"),
    ("lost|lost property", "Fundbüro"),
    ("council|council meeting", "Stadtrat Sitzung"),
    ("mayor", "Bürgermeister Bürgermeisterin"),
    ("election|vote", "Wahl Briefwahl"),
    ("cemetery|funeral", "Friedhof Bestattung"),
    ("snow", "Winterdienst Schnee"),
    ("tree", "Baum Baumschutz"),
    ("bus|ticket", "Stadtbus Fahrkarte"),
    ("apprenticeship|trainee", "Ausbildung"),
    ("business|self-employed", "Gewerbeanmeldung Gewerbe"),
    ("museum", "Museum"),
    ("concert", "Konzert"),
    ("water meter", "Wasserzähler"),
];

/// Official words for the colloquial ones of a question, without those it has already.
#[must_use]
pub fn expand(question: &str, lang: Lang) -> Vec<&'static str> {
    let tokens = lexical::tokens(question, lang);
    let text = format!(" {} ", tokens.iter().map(|t| t.text.as_str()).collect::<Vec<_>>().join(" "));
    let list = if lang == Lang::En { ENGLISH } else { GERMAN };
    let mut added: Vec<&str> = Vec::new();
    for (cues, official) in list {
        if cues.split('|').any(|cue| text.contains(&format!(" {cue} "))) {
            let fresh = official.split(' ').filter(|word| !text.contains(&format!(" {} ", word.to_lowercase())));
            for word in fresh {
                if !added.contains(&word) && added.len() < ADDED_MAX {
                    added.push(word);
                }
            }
        }
    }
    added
}

/// The question with the words in `doubtful` (lower case) replaced by the nearest of `known`; `None` when
/// none is near.
#[must_use]
pub fn correct(question: &str, doubtful: &[String], known: &[String]) -> Option<String> {
    let mut corrected = question.to_owned();
    let mut is_changed = false;
    for word in doubtful {
        let folded = lexical::fold(word);
        let letters = folded.chars().count();
        if letters < LETTERS_MIN {
            continue;
        }
        let edits = if letters >= LETTERS_TWO_EDITS { 2 } else { 1 };
        let near = known.iter().filter_map(|k| {
            let other = lexical::fold(k);
            let same_start = other.chars().next() == folded.chars().next();
            if !same_start || other.chars().count().abs_diff(letters) > edits {
                return None;
            }
            let distance = strsim::damerau_levenshtein(&folded, &other);
            (distance > 0 && distance <= edits).then_some((distance, k))
        });
        if let Some((_, best)) = near.min() {
            let at = corrected
                .to_lowercase()
                .find(word.as_str())
                .filter(|_| corrected.to_lowercase().len() == corrected.len());
            if let Some(at) = at {
                corrected.replace_range(at..at + word.len(), best);
                is_changed = true;
            }
        }
    }
    is_changed.then_some(corrected)
}
