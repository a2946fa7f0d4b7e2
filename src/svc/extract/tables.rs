//! Tables: spans filled in, header row found, layout tables told apart.

use scraper::ElementRef;

use super::text;
use super::walk::Walker;

const ROWS_MAX: usize = 3_000;
const COLUMNS_MAX: usize = 60;

/// Rows of equal length and whether the first is a header; `None` for tables used for layout.
pub fn read(table: ElementRef<'_>, walker: &Walker<'_>) -> Option<(Vec<Vec<String>>, bool)> {
    if table.attr("role") == Some("presentation") || is_layout(table) {
        return None;
    }
    let mut rows: Vec<Vec<String>> = Vec::new();
    let mut header = false;
    // Cells still reaching down from above: column -> (rows left, text).
    let mut hanging: Vec<(usize, String)> = Vec::new();
    for row in own_rows(table).take(ROWS_MAX) {
        let mut cells: Vec<String> = Vec::new();
        let mut heads = 0;
        let mut own = 0;
        let place = |cells: &mut Vec<String>, hanging: &mut Vec<(usize, String)>, text: &str, down: usize| {
            let at = cells.len();
            if hanging.len() <= at {
                hanging.resize(at + 1, (0, String::new()));
            }
            hanging[at] = (down, text.to_owned());
            cells.push(text.to_owned());
        };
        for cell in row.child_elements().filter(|c| matches!(c.value().name(), "td" | "th")) {
            take_hanging(&mut cells, &mut hanging);
            let text = walker.inline(cell);
            let head = cell.value().name() == "th";
            heads += usize::from(head);
            own += 1;
            let across = span(cell, "colspan").min(COLUMNS_MAX.saturating_sub(cells.len()));
            let down = span(cell, "rowspan").min(ROWS_MAX) - 1;
            place(&mut cells, &mut hanging, &text, down);
            for _ in 1..across {
                // A wide heading names all its columns; a wide value is said once.
                place(&mut cells, &mut hanging, if head { &text } else { "" }, down);
            }
        }
        take_hanging(&mut cells, &mut hanging);
        let in_head = row.parent().and_then(ElementRef::wrap).is_some_and(|p| p.value().name() == "thead");
        if cells.iter().all(String::is_empty) {
            continue;
        }
        if rows.is_empty() {
            header = own > 1 && (in_head || heads == own);
        } else if rows.len() == 1 && header && in_head && heads == own {
            // Two header rows become one: "Gebühr Erwachsene".
            for (i, cell) in cells.iter().enumerate() {
                match rows[0].get_mut(i) {
                    Some(above) if above != cell && !cell.is_empty() => {
                        *above = text::squash(&format!("{above} {cell}"));
                    }
                    _ => {}
                }
            }
            continue;
        }
        rows.push(cells);
    }
    let width = rows.iter().map(Vec::len).max()?;
    for row in &mut rows {
        row.resize(width, String::new());
    }
    if rows.len() == 1 {
        header = false;
    }
    (width > 1 || rows.len() > 1).then_some((rows, header))
}

fn take_hanging(cells: &mut Vec<String>, hanging: &mut [(usize, String)]) {
    while let Some((left, text)) = hanging.get_mut(cells.len()).filter(|(left, _)| *left > 0) {
        *left -= 1;
        cells.push(text.clone());
    }
}

fn span(cell: ElementRef<'_>, name: &str) -> usize {
    cell.attr(name).and_then(|v| v.trim().parse().ok()).unwrap_or(1_usize).max(1)
}

fn own_rows<'a>(table: ElementRef<'a>) -> impl Iterator<Item = ElementRef<'a>> {
    table
        .child_elements()
        .flat_map(|e| -> Vec<ElementRef<'a>> {
            match e.value().name() {
                "tr" => vec![e],
                "thead" | "tbody" | "tfoot" => e.child_elements().collect(),
                _ => Vec::new(),
            }
        })
        .filter(|e| e.value().name() == "tr")
}

fn is_layout(table: ElementRef<'_>) -> bool {
    let mut headings = false;
    let mut ths = false;
    for e in table.descendent_elements().skip(1) {
        match e.value().name() {
            "table" => return true,
            "h1" | "h2" | "h3" | "h4" => headings = true,
            "th" => ths = true,
            _ => {}
        }
    }
    headings && !ths
}
