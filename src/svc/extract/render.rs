//! Blocks as text a reader understands out of context.

use super::Block;

/// The name of a column stands in each of its rows: a long one would multiply.
const NAME_CHARS_MAX: usize = 120;

impl Block {
    /// Plain text: list items as lines, table rows as `Column: value; …` or `a | b` lines.
    #[must_use]
    pub fn to_text(&self) -> String {
        match self {
            Self::Paragraph { text } | Self::Quote { text } | Self::Code { text } => text.clone(),
            Self::List { ordered, items } => items
                .iter()
                .enumerate()
                .map(|(i, item)| if *ordered { format!("{}. {item}", i + 1) } else { format!("- {item}") })
                .collect::<Vec<_>>()
                .join("\n"),
            Self::Table { rows, header } => {
                let names = if *header { rows.first() } else { None };
                rows.iter().skip(usize::from(*header)).map(|r| row_text(names, r)).collect::<Vec<_>>().join("\n")
            }
        }
    }
}

fn row_text(names: Option<&Vec<String>>, row: &[String]) -> String {
    let filled = || row.iter().enumerate().filter(|(_, cell)| !cell.is_empty());
    match names {
        Some(names) => filled()
            .map(|(i, cell)| match names.get(i).map(|n| short(n).trim_end_matches(':')) {
                Some(name) if !name.is_empty() && name != cell => format!("{name}: {cell}"),
                _ => cell.clone(),
            })
            .collect::<Vec<_>>()
            .join("; "),
        None if row.len() == 2 && row.iter().all(|c| !c.is_empty()) && row[0].chars().count() <= 60 => {
            format!("{}: {}", row[0].trim_end_matches(':'), row[1])
        }
        None => filled().map(|(_, cell)| cell.as_str()).collect::<Vec<_>>().join(" | "),
    }
}

fn short(name: &str) -> &str {
    name.char_indices().nth(NAME_CHARS_MAX).map_or(name, |(end, _)| &name[..end])
}
