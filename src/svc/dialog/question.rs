//! What a question asks for: its language, its weighty words, and the kind of answer it expects.

use crate::lexical::{self, Lang, Token};

/// The kind of thing that would answer a question.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Wanted {
    /// An amount of money, or that there is none to pay.
    Money,
    /// Times of day or days of the week.
    Hours,
    /// A day, a period, a deadline.
    Date,
    /// How long something takes or holds.
    Duration,
    Place,
    Phone,
    Email,
    Person,
    Number,
    /// Yes or no, or nothing that can be told from the wording.
    Any,
}

/// A question, read.
#[derive(Debug, Clone)]
pub struct Question {
    pub text: String,
    /// Language of the answer's own words: `de` or `en`.
    pub locale: String,
    pub lang: Lang,
    pub wanted: Wanted,
    /// Words that carry meaning, in order; stop words and question words are left out.
    pub terms: Vec<Token>,
}

impl Question {
    /// Reads a question. `locale` decides when the text does not tell its language.
    #[must_use]
    pub fn read(text: &str, locale: &str) -> Self {
        let lang = match lexical::detect(text) {
            Lang::Other if locale == "en" => Lang::En,
            Lang::Other => Lang::De,
            known => known,
        };
        let locale = if lang == Lang::En { "en" } else { "de" };
        let terms = terms(text, lang);
        Self { text: text.to_owned(), locale: locale.to_owned(), lang, wanted: wanted(&text.to_lowercase()), terms }
    }
}

fn terms(text: &str, lang: Lang) -> Vec<Token> {
    let mut terms = lexical::tokens(text, lang);
    terms.retain(|t| !t.is_stopword && !FILLERS.split(' ').any(|filler| filler == t.text));
    let mut seen = std::collections::HashSet::new();
    terms.retain(|t| seen.insert(t.stem.clone()));
    terms
}

impl Question {
    /// Takes the words from another spelling of the question; its text and languages stay.
    pub(super) fn reread(&mut self, corrected: &str) {
        self.terms = terms(corrected, self.lang);
        self.wanted = wanted(&corrected.to_lowercase());
    }
}

/// Spoken words that ask without naming anything; as rare words they would weigh most.
const FILLERS: &str = "nen ne nem ner n krieg kriegt kriegen krigen kriege bekomm bekomme bekommt brauch brauche macht machen \
    mach machd gibts gehts geht gehn jetz is mus wan fürs aufm ausm beim nachm vorm unterm übers ums \
    eigentlich überhaupt mal ganz sache ding dings zeug leute blech blechen blecht löhnen heißt irgendwo \
    irgendwie irgendwas bitte hallo danke wieviel wieviele möchte will sowas ungefähr denn halt eben please \
    want wanna gonna somewhere something anything get whats";

type Cue = (Wanted, &'static [&'static str]);

/// Cues in the order they are tried; the first that stands in the question decides.
const CUES: &[Cue] = &[
    (Wanted::Email, &["e-mail", "email", "mailadresse", "mail-adresse", "mail adresse"]),
    (
        Wanted::Phone,
        &[
            "telefon",
            "tel.",
            "telnr",
            "nummer vo",
            "anrufen",
            "ruf ich",
            "rufnummer",
            "durchwahl",
            "handynummer",
            "phone",
            "number to call",
            "call ",
        ],
    ),
    (
        Wanted::Money,
        &[
            "kostet",
            "kosten",
            "koste",
            "gebühr",
            "gebuehr",
            "preis",
            "teuer",
            "euro",
            "€",
            "bezahl",
            "zahl",
            "blech",
            "eintritt",
            "beitrag",
            "geld",
            "kostenlos",
            "gratis",
            "umsonst",
            "cost",
            "price",
            "fee",
            "how much",
            "pay",
            "charge",
            "free of",
        ],
    ),
    (
        Wanted::Hours,
        &[
            "geöffnet",
            "geoeffnet",
            "öffnungszeit",
            "oeffnungszeit",
            "offen",
            "auf hat",
            "macht auf",
            "macht zu",
            "hat auf",
            "schließt",
            "schliesst",
            "uhrzeit",
            "um wieviel uhr",
            "um wie viel uhr",
            "wie viel uhr",
            "sprechzeit",
            "sprechstunde",
            "opening",
            "open",
            "close",
            "what time",
        ],
    ),
    (Wanted::Duration, &["wie lange", "wie lang", "dauert", "dauer", "gültig", "gueltig", "how long", "valid"]),
    (
        Wanted::Date,
        &[
            "wann",
            "bis wann",
            "ab wann",
            "welchem tag",
            "welcher tag",
            "datum",
            "termin",
            "frist",
            "when",
            "deadline",
            "which day",
            "what day",
            "date",
        ],
    ),
    (
        Wanted::Number,
        &[
            "wie viele",
            "wieviele",
            "wie viel",
            "wieviel",
            "wie hoch",
            "wie groß",
            "wie oft",
            "wie alt",
            "ab welchem alter",
            "how many",
            "how often",
            "how old",
            "how big",
            "how high",
        ],
    ),
    (
        Wanted::Place,
        &[
            "wo ",
            "wo?",
            "wohin",
            "woher",
            "adresse",
            "anschrift",
            "welche straße",
            "welches zimmer",
            "welchem zimmer",
            "where",
            "address",
            "which room",
        ],
    ),
    (
        Wanted::Person,
        &[
            "wer ",
            "wen ",
            "wem ",
            "ansprechpartner",
            "zuständig",
            "zustaendig",
            "leiter",
            "heißt der",
            "heißt die",
            "who ",
            "whom",
            "contact person",
        ],
    ),
];

fn wanted(lower: &str) -> Wanted {
    let padded = format!("{lower} ");
    CUES.iter()
        .find(|(_, cues)| cues.iter().any(|cue| at_word(&padded, cue)))
        .map_or(Wanted::Any, |(wanted, _)| *wanted)
}

/// Whether `cue` stands in the text at the beginning of a word; short cues must not begin inside one.
fn at_word(text: &str, cue: &str) -> bool {
    let inside_allowed = cue.chars().count() >= 5;
    text.match_indices(cue)
        .any(|(at, _)| inside_allowed || !text[..at].chars().next_back().is_some_and(char::is_alphanumeric))
}

impl Wanted {
    /// How well a text holds what is wanted: 1 yes, 0 no; ½ where it cannot be told.
    #[must_use]
    pub fn met_by(self, text: &str) -> f32 {
        let lower = text.to_lowercase();
        let has = |cues: &[&str]| cues.iter().any(|cue| lower.contains(cue));
        let has_digit = text.bytes().any(|b| b.is_ascii_digit());
        let yes = match self {
            Wanted::Any => return 0.5,
            Wanted::Money => {
                (has_digit && has(&["€", "euro", "eur", "cent", "prozent", "%"]))
                    || has(&[
                        "kostenlos",
                        "kostenfrei",
                        "gebührenfrei",
                        "unentgeltlich",
                        "free",
                        "no charge",
                        "beitragsfrei",
                        "eintritt frei",
                    ])
            }
            Wanted::Hours => {
                has_time(&lower)
                    || (has_digit && has(WEEKDAYS))
                    || has(&["rund um die uhr", "around the clock", "geschlossen", "closed"])
            }
            Wanted::Date => {
                (has_digit && (has(MONTHS) || has_date(text)))
                    || has(WEEKDAYS)
                    || (has_digit && has(&["woche", "monat", "tag", "jahr", "uhr", "week", "month", "day", "year"]))
            }
            Wanted::Duration => {
                (has_digit || has(NUMERALS))
                    && has(&[
                        "tag", "woche", "monat", "jahr", "stunde", "minute", "day", "week", "month", "year", "hour",
                    ])
                    || has(&["unbefristet", "sofort", "immediately", "unlimited"])
            }
            Wanted::Place => has(PLACES) || has_digit && has(&["zimmer", "raum", "room"]),
            Wanted::Phone => has_phone(text),
            Wanted::Email => lower.contains('@'),
            Wanted::Person => has_name(text),
            Wanted::Number => has_digit || has(NUMERALS),
        };
        f32::from(u8::from(yes))
    }
}

const WEEKDAYS: &[&str] = &[
    "montag",
    "dienstag",
    "mittwoch",
    "donnerstag",
    "freitag",
    "samstag",
    "sonntag",
    "werktag",
    "täglich",
    "monday",
    "tuesday",
    "wednesday",
    "thursday",
    "friday",
    "saturday",
    "sunday",
    "weekday",
    "daily",
    "mo ",
    "di ",
    "mi ",
    "do ",
    "fr ",
    "sa ",
    "mo–",
    "mo.",
    "mo-",
];
const MONTHS: &[&str] = &[
    "januar",
    "februar",
    "märz",
    "april",
    "mai",
    "juni",
    "juli",
    "august",
    "september",
    "oktober",
    "november",
    "dezember",
    "january",
    "february",
    "march",
    "may",
    "june",
    "july",
    "october",
    "december",
];
const NUMERALS: &[&str] = &[
    "zwei", "drei", "vier", "fünf", "sechs", "sieben", "acht", "neun", "zehn", "zwölf", "einmal", "zweimal", "ein ",
    "eine ", "einen ", "kein", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "twelve",
    "once", "twice", "one ", "no ",
];
const PLACES: &[&str] = &[
    "straße",
    "strasse",
    "str.",
    "platz",
    "weg ",
    "gasse",
    "allee",
    "rathaus",
    "zimmer",
    "gebäude",
    "erdgeschoss",
    "stock",
    "amt",
    "büro",
    "online",
    "hof",
    "halle",
    "street",
    "square",
    "town hall",
    "room",
    "floor",
    "office",
    " in der ",
    " im ",
    " am ",
    " beim ",
    " at the ",
    "menü",
    "menu",
    "/",
];

fn has_time(lower: &str) -> bool {
    lower.contains("uhr")
        || lower.contains(" am") && lower.contains(':')
        || lower.as_bytes().windows(5).any(|w| {
            w[0].is_ascii_digit()
                && w[1].is_ascii_digit()
                && matches!(w[2], b':' | b'.')
                && w[3].is_ascii_digit()
                && w[4].is_ascii_digit()
        })
        || lower.contains("a.m")
        || lower.contains("p.m")
        || lower.contains(" pm")
}

fn has_date(text: &str) -> bool {
    text.split(|c: char| c.is_whitespace() || c == '–').any(|word| {
        let parts: Vec<_> = word.trim_matches(|c: char| !c.is_ascii_digit()).split('.').collect();
        parts.len() >= 2
            && parts[0].len() <= 2
            && parts.iter().take(2).all(|p| !p.is_empty() && p.bytes().all(|b| b.is_ascii_digit()))
    })
}

/// A run of at least five digits with the marks phone numbers have between them, or an emergency number.
#[must_use]
pub fn has_phone(text: &str) -> bool {
    !super::compose::phones(text).is_empty()
}

/// Two capitalised words in a row, or a title.
fn has_name(text: &str) -> bool {
    let capital =
        |w: &str| w.chars().next().is_some_and(char::is_uppercase) && w.chars().skip(1).any(char::is_lowercase);
    let words: Vec<&str> = text.split_whitespace().collect();
    ["Frau ", "Herr ", "Dr. ", "Mr", "Ms"].iter().any(|t| text.contains(t))
        || words.windows(2).any(|w| capital(w[0]) && capital(w[1]) && !w[0].ends_with(['.', ',', ':']))
}
