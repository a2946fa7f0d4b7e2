//! Token ids as the `tokenizers` crate gives them with the model's own `tokenizer.json`.

use super::super::Tokenizer;
use super::bundle;

/// (text, ids with marks, byte ranges without).
type Case = (&'static str, &'static [u32], &'static [(usize, usize)]);

const CASES: &[Case] = &[
    ("", &[0, 2], &[]),
    ("   ", &[0, 6, 2], &[(3, 3)]),
    (
        "Größe, Straße & Fußgängerüberweg",
        &[0, 66461, 4, 90515, 619, 96707, 63855, 56, 36883, 12900, 2],
        &[(0, 7), (7, 8), (9, 16), (17, 18), (19, 23), (23, 28), (28, 30), (30, 35), (35, 38)],
    ),
    (
        "ﬁnden Sie ½ Stück № 5",
        &[0, 8764, 727, 78660, 72900, 438, 190, 2],
        &[(0, 7), (8, 11), (12, 14), (15, 21), (22, 25), (26, 27)],
    ),
    ("Café Cafe\u{301}", &[0, 61427, 61427, 2], &[(0, 5), (6, 10)]),
    ("👍🏽 Danke!", &[0, 6, 118_280, 245_164, 64245, 38, 2], &[(0, 0), (0, 4), (4, 8), (9, 14), (14, 15)]),
    ("مرحبا بالعالم", &[0, 665, 193_478, 258, 1705, 77796, 2], &[(0, 2), (2, 8), (8, 10), (11, 17), (17, 25)]),
    ("你好，世界", &[0, 6, 124_084, 4, 3221, 2], &[(0, 0), (0, 6), (6, 9), (9, 15)]),
    ("a\u{ad}b\tc\r\nd", &[0, 10, 231, 275, 501, 104, 2], &[(0, 1), (1, 3), (3, 4), (5, 6), (8, 9)]),
    // Here the other one would put the mark of the end.
    (
        "</s> ist kein Ende",
        &[0, 6, 42946, 7, 2740, 443, 16766, 16844, 2],
        &[(0, 0), (0, 2), (2, 3), (3, 4), (5, 8), (9, 13), (14, 18)],
    ),
    ("𐍈", &[0, 6, 3, 2], &[(0, 0), (0, 4)]),
];

#[test]
fn golden_ids_and_ranges() {
    let tokenizer = Tokenizer::load(&bundle()).unwrap();
    for (text, ids, offsets) in CASES {
        assert_eq!(tokenizer.encode(text, 512), *ids, "{text:?}");
        assert_eq!(tokenizer.offsets(text), *offsets, "{text:?}");
        assert_eq!(tokenizer.count(text), offsets.len(), "{text:?}");
    }
}

#[test]
fn truncation_keeps_the_marks() {
    let tokenizer = Tokenizer::load(&bundle()).unwrap();
    let whole = tokenizer.encode("Größe, Straße & Fußgängerüberweg", 512);
    for max in 0..=whole.len() + 1 {
        let cut = tokenizer.encode("Größe, Straße & Fußgängerüberweg", max);
        assert_eq!(cut.len(), max.clamp(2, whole.len()), "{max}");
        assert_eq!(cut[..cut.len() - 1], whole[..cut.len() - 1], "{max}");
        assert_eq!(cut.last(), Some(&2), "{max}");
    }
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(24))]
    /// A chunker may cut at any range without breaking a character, and no range goes back.
    #[test]
    fn ranges_suit_any_text(texts in proptest::collection::vec("\\PC{0,40}|[ \\x00-\\x7f\u{300}-\u{304}\u{200b}-\u{200d}äß▁]{0,40}", 40)) {
        let tokenizer = Tokenizer::load(&bundle()).unwrap();
        for text in texts {
            let offsets = tokenizer.offsets(&text);
            proptest::prop_assert_eq!(offsets.len() + 2, tokenizer.encode(&text, usize::MAX).len());
            let mut before = (0, 0);
            for (start, end) in offsets {
                proptest::prop_assert!(before.0 <= start && before.1 <= end && start <= end, "{:?}", text);
                proptest::prop_assert!(text.is_char_boundary(start) && text.is_char_boundary(end), "{:?}", text);
                before = (start, end);
            }
        }
    }
}
