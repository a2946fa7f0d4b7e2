use super::fuse::fuse;
use super::rewrite::{correct, expand};
use super::stale::{asks_for_past, is_stale};
use crate::lexical::{self, Lang};
use crate::vector;

fn words(keys: &[u64]) -> Vec<lexical::Hit> {
    keys.iter().zip([9.0, 6.0, 3.0]).map(|(&key, score)| lexical::Hit { key, score }).collect()
}

fn vectors(keys: &[u64]) -> Vec<vector::Hit> {
    keys.iter().zip([0.90, 0.89, 0.88]).map(|(&key, cosine)| vector::Hit { key, cosine }).collect()
}

#[test]
fn what_both_find_comes_first_and_one_half_alone_keeps_its_order() {
    let order =
        |w: &[u64], v: &[u64]| fuse(&words(w), &vectors(v), |_| None).into_iter().map(|f| f.key).collect::<Vec<_>>();
    assert_eq!(order(&[1, 2, 3], &[4, 2, 5])[0], 2);
    assert_eq!(order(&[3, 1, 2], &[]), [3, 1, 2]);
    assert_eq!(order(&[], &[9, 8]), [9, 8]);
    assert_eq!(order(&[], &[]), [0; 0]);
    let both = fuse(&words(&[7]), &vectors(&[7]), |_| None);
    assert_eq!((both[0].ranks.words.unwrap().rank, both[0].ranks.vector.unwrap().rank), (1, 1));
    let known = fuse(&words(&[1]), &vectors(&[4, 2]), |key| (key == 1).then_some(0.889));
    assert_eq!(known[0].key, 1);
}

#[test]
fn colloquial_words_bring_the_official_ones() {
    for (question, lang, wanted) in [
        ("was kostet ein neuer Perso?", Lang::De, "Personalausweis"),
        ("wohin mit dem alten sofa", Lang::De, "Sperrmüll"),
        ("wann kommt die blaue Tonne", Lang::De, "Papiertonne"),
        ("how much is the dog tax", Lang::En, "Hundesteuer"),
    ] {
        assert!(expand(question, lang).contains(&wanted), "{question}: {:?}", expand(question, lang));
    }
    assert!(expand("Wie hoch ist der Wasserturm?", Lang::De).is_empty());
}

#[test]
fn misspelt_words_are_read_as_words_of_the_pages() {
    let known = ["weihnachtsbaum", "feuerwerk", "gegen", "sanieren"].map(str::to_owned);
    assert_eq!(
        correct("wann ist das Feuerwerg", &["feuerwerg".to_owned()], &known).as_deref(),
        Some("wann ist das feuerwerk")
    );
    assert_eq!(
        correct("weinachtsbaum holen", &["weinachtsbaum".to_owned()], &known).as_deref(),
        Some("weihnachtsbaum holen")
    );
    assert_eq!(correct("geige lernen", &["geige".to_owned()], &known), None);
}

#[test]
fn pages_that_call_themselves_outdated_are_told_from_archives() {
    for (title, url, wanted) in [
        ("Müllgebühren 2021 (Archiv)", "https://a.example/muell-2021", true),
        ("Gebühren 2019", "https://a.example/archiv/gebuehren", true),
        ("Satzung (nicht mehr gültig)", "https://a.example/satzung", true),
        ("Stadtarchiv", "https://a.example/kultur/archiv", false),
        ("Stadtarchiv: Lesesaal", "https://a.example/kultur/stadtarchiv/lesesaal", false),
        ("Müllgebühren", "https://a.example/muell?from=/archiv/x", false),
    ] {
        assert_eq!(is_stale(title, url), wanted, "{title} {url}");
    }
    for (question, wanted) in [
        ("was kostete die Tonne 2021", true),
        ("wie war das früher", true),
        ("wann hat das stadtarchiv offen", true),
        ("was kostet die tonne 2026", false),
        ("tonne mit 1100 litern", false),
        ("tonne mit 120 litern", false),
    ] {
        assert_eq!(asks_for_past(question, 2026), wanted, "{question}");
    }
}
