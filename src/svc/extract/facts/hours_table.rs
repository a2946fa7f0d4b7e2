//! Tables of opening hours as lines `Montag: 8–12 Uhr`, one group of lines per place or season.

use super::week;

/// Lines that belong together, under the name of their column.
pub struct Group {
    pub name: String,
    pub lines: Vec<String>,
}

/// Words of columns that are parts of a day, not places.
const PARTS: [&str; 20] = [
    "vormittag",
    "nachmittag",
    "morgen",
    "abend",
    "mittag",
    "von",
    "bis",
    "uhr",
    "zeit",
    "öffnung",
    "geöffnet",
    "hours",
    "time",
    "open",
    "close",
    "from",
    "morning",
    "afternoon",
    "sprechstunde",
    "sprechzeit",
];

/// Groups of a table whose rows or columns are days; `None` for every other table.
pub fn groups(rows: &[Vec<String>], has_header: bool) -> Option<Vec<Group>> {
    let head = rows.first().filter(|_| has_header);
    if let Some(head) = head.filter(|head| head.iter().filter(|cell| is_days(cell)).count() >= 3) {
        return Some(by_column(head, &rows[1..]));
    }
    let body = &rows[usize::from(has_header)..];
    let days = body.iter().filter(|row| row.first().is_some_and(|cell| is_days(cell))).count();
    if days < 2 || days * 3 < body.len() * 2 {
        return None;
    }
    let width = rows.iter().map(Vec::len).max().unwrap_or_default();
    let is_part = |column: usize| {
        let name = head.and_then(|head| head.get(column)).map_or("", String::as_str).to_lowercase();
        name.is_empty() || PARTS.iter().any(|part| name.contains(part))
    };
    let are_spans =
        |column: usize| body.iter().filter_map(|row| row.get(column)).any(|cell| !week::spans(cell).is_empty());
    if width > 2 && (1..width).any(|column| !is_part(column) && are_spans(column)) {
        let group = |column: usize| Group {
            name: head.and_then(|head| head.get(column)).cloned().unwrap_or_default(),
            lines: body.iter().filter_map(|row| Some(format!("{}: {}", row.first()?, row.get(column)?))).collect(),
        };
        return Some((1..width).filter(|column| are_spans(*column)).map(group).collect());
    }
    let lines = body.iter().map(|row| line(row)).collect();
    Some(vec![Group { name: String::new(), lines }])
}

fn is_days(cell: &str) -> bool {
    let mut words =
        cell.split(|c: char| !c.is_alphanumeric() && c != '.').filter(|word| !word.is_empty() && *word != ".");
    let is_joint = |word: &str| matches!(word.to_lowercase().as_str(), "bis" | "und" | "to" | "and");
    words.clone().next().is_some_and(|first| week::day(first).is_some())
        && words.all(|word| week::day(word).is_some() || is_joint(word))
}

/// "Montag | 8:00 | 12:00" has its times in cells of their own.
fn line(row: &[String]) -> String {
    let day = row.first().map_or("", String::as_str);
    let mut parts: Vec<String> = Vec::new();
    let mut open: Option<&str> = None;
    for cell in row.iter().skip(1) {
        let is_time = is_time(cell);
        match open.filter(|_| is_time) {
            Some(from) => {
                parts.push(format!("{from} – {cell}"));
                open = None;
            }
            None if is_time => open = Some(cell),
            None => parts.push(cell.clone()),
        }
    }
    format!("{day}: {}", parts.join(", "))
}

fn is_time(cell: &str) -> bool {
    let bare = cell.trim().trim_end_matches("Uhr").trim();
    bare.len() <= 5
        && bare.starts_with(|c: char| c.is_ascii_digit())
        && bare.chars().all(|c| c.is_ascii_digit() || matches!(c, ':' | '.'))
}

fn by_column(head: &[String], body: &[Vec<String>]) -> Vec<Group> {
    let name = |row: &Vec<String>| row.first().filter(|_| !is_days(&head[0])).cloned().unwrap_or_default();
    let lines = |row: &Vec<String>| {
        let cells = head.iter().zip(row).filter(|(day, _)| is_days(day));
        cells.map(|(day, cell)| format!("{day}: {cell}")).collect::<Vec<_>>()
    };
    let is_part = |row: &Vec<String>| PARTS.iter().any(|part| name(row).to_lowercase().contains(part));
    if body.iter().all(|row| name(row).is_empty() || is_part(row)) {
        return vec![Group { name: String::new(), lines: body.iter().flat_map(lines).collect() }];
    }
    body.iter().map(|row| Group { name: name(row), lines: lines(row) }).collect()
}
