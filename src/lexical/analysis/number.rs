//! Numbers: one spelling for `1.000,50`, `1,000.50` and `1000,5`.

/// Digits with inner separators only.
pub fn is_number(word: &str) -> bool {
    word.starts_with(|c: char| c.is_ascii_digit())
        && word.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'.' | b',' | b':'))
}

/// The comparable form. Groups of exactly three digits after a separator are thousands; one other separator is the
/// decimal sign; several are a date or a version, whose pieces lose leading zeros. Times keep their colon.
pub fn normalize(word: &str) -> String {
    let without_zeros = |piece: &str| {
        let trimmed = piece.trim_start_matches('0');
        if trimmed.is_empty() { "0".to_owned() } else { trimmed.to_owned() }
    };
    if let Some((hours, minutes)) = word.split_once(':') {
        return format!("{}:{minutes}", without_zeros(hours));
    }
    let Some(first) = word.find(['.', ',']) else {
        return word.to_owned();
    };
    let pieces: Vec<&str> = word.split(['.', ',']).collect();
    let is_thousands = |pieces: &[&str]| {
        pieces[0].len() <= 3 && pieces[0] != "0" && pieces.len() > 1 && pieces[1..].iter().all(|p| p.len() == 3)
    };
    if is_thousands(&pieces) {
        return pieces.concat();
    }
    let (last, head) = match pieces.split_last() {
        Some((last, head))
            if head.len() == 1 || is_thousands(head) && word[first + 1..].contains(other(&word[first..=first])) =>
        {
            (*last, head)
        }
        _ => {
            return pieces.iter().map(|p| without_zeros(p)).collect::<Vec<_>>().join(".");
        }
    };
    let decimals = last.trim_end_matches('0');
    let whole = without_zeros(&head.concat());
    if decimals.is_empty() { whole } else { format!("{whole}.{decimals}") }
}

/// The other of the two separators.
fn other(separator: &str) -> char {
    if separator == "." { ',' } else { '.' }
}
