//! The texts whose vectors `golden.f32` holds, in its order.

pub(super) const TEXTS: [&str; 9] = [
    "query: Wann hat das Bürgeramt geöffnet?",
    "query: When is the citizens' office open?",
    "query: متى يفتح مكتب خدمة المواطنين؟",
    "passage: Das Bürgeramt ist montags bis freitags von 8 bis 12 Uhr geöffnet, donnerstags zusätzlich von 14 bis 18 Uhr.",
    "passage: Der Hund gehört an die Leine; im Stadtwald gilt vom 1. April bis 15. Juli Leinenpflicht.",
    "passage: The library lends books, films and games. A yearly card costs 15 euros.",
    "passage: تقع المكتبة في شارع السوق رقم ثلاثة.",
    "query: ",
    "passage: \u{fb01}nden\t½ Stück №\u{a0}5 — Straße 👍🏽",
];

/// Longer than the model reads.
pub(super) fn long() -> String {
    (1..=90).fold(String::from("passage:"), |text, n| {
        format!("{text} Absatz {n}: Anträge werden im Rathaus, Zimmer {}, angenommen.", n * 7 % 101)
    })
}
