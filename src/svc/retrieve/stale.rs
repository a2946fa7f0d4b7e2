//! Pages that say of themselves that they are out of date. They stay findable for who asks about the past; anyone else
//! gets the page that holds now first, although the old one often resembles the question just as much.

/// What an outdated page loses, as a cosine: about the whole distance between the first and the tenth result.
pub const STALE: f32 = 0.03;

/// Path segments under which sites keep what is over.
const FOLDERS: [&str; 6] = ["archiv", "archive", "archives", "archiviert", "archived", "old"];
/// Words of a title that say so.
const TITLES: [&str; 10] = [
    "(archiv)",
    "archiviert",
    "veraltet",
    "nicht mehr gültig",
    "nicht mehr aktuell",
    "außer kraft",
    "(archive)",
    "archived",
    "outdated",
    "no longer valid",
];
/// Beginnings of words with which people ask about the past.
const PAST: [&str; 8] = ["früher", "damals", "ehemal", "bisherig", "historisch", "former", "previous", "used to"];

/// Whether title or address (URL or path) call the page outdated.
#[must_use]
pub fn is_stale(title: &str, address: &str) -> bool {
    let (title, address) = (title.to_lowercase(), address.to_lowercase());
    // The page itself may be called "archiv"; only what lies in such a folder is old.
    let mut folders = address.split(['?', '#']).next().unwrap_or_default().rsplit('/').skip(1);
    TITLES.iter().any(|words| title.contains(words)) || folders.any(|folder| FOLDERS.contains(&folder))
}

/// Whether the question is about the past: it names a year, or says so.
#[must_use]
pub fn asks_for_past(question: &str, this_year: i16) -> bool {
    let question = question.to_lowercase();
    let years = question.split(|c: char| !c.is_ascii_digit()).filter(|digits| digits.len() == 4);
    years.filter_map(|digits| digits.parse().ok()).any(|year: i16| (1900..this_year).contains(&year))
        || question.split_whitespace().any(|word| PAST.iter().any(|past| word.starts_with(past)))
        || question.contains("used to")
        || question.contains("archiv")
}
