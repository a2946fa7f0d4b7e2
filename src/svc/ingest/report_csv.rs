//! The report as CSV, for spreadsheet programs: in the reader's language, and with nothing a program would calculate.

use csv::{QuoteStyle, WriterBuilder};

use crate::base::Fault;
use crate::base::error::Outcome;

use super::report_words;
use super::source::{Change, SourceUrl, UrlOutcome};

/// Who reads the file: column names, words and the separator that their spreadsheet program expects.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Reader {
    /// Commas, English, codes.
    #[default]
    English,
    /// Semicolons, German.
    German,
}

/// The lines as UTF-8 with a byte order mark, without which Excel takes umlauts apart.
///
/// # Errors
/// None that a caller could cause.
pub fn csv(rows: &[SourceUrl], reader: Reader) -> Outcome<Vec<u8>> {
    let (separator, heads) = match reader {
        Reader::English => (b',', ["url", "outcome", "change", "code", "reason", "title", "passages", "counts_as"]),
        Reader::German => {
            (b';', ["Adresse", "Ergebnis", "Änderung", "Kürzel", "Grund", "Titel", "Abschnitte", "zählt als"])
        }
    };
    let mut writer = WriterBuilder::new()
        .delimiter(separator)
        .quote_style(QuoteStyle::Necessary)
        .from_writer(b"\xef\xbb\xbf".to_vec());
    writer.write_record(heads).map_err(Fault::internal)?;
    for row in rows {
        let code = row.code.as_deref().unwrap_or_default();
        let said = row.reason.as_deref().unwrap_or_default();
        let reason = match reader {
            Reader::German => report_words::german(code).unwrap_or(said),
            Reader::English => said,
        };
        let chunks = row.chunks.map(|n| n.to_string()).unwrap_or_default();
        let cells = [
            &row.url,
            outcome(row.outcome, reader),
            change(row.change, reader),
            code,
            reason,
            row.title.as_deref().unwrap_or_default(),
            &chunks,
            row.of.as_deref().unwrap_or_default(),
        ];
        writer.write_record(cells.map(harmless)).map_err(Fault::internal)?;
    }
    writer.into_inner().map_err(|error| Fault::internal(error.into_error()))
}

/// A text that begins like a formula is one to spreadsheet programs: what a website writes must not calculate there
/// (OWASP, "CSV Injection").
fn harmless(cell: &str) -> String {
    if cell.trim_start().starts_with(['=', '+', '-', '@']) || cell.starts_with(['\t', '\r', '\n']) {
        format!("'{cell}")
    } else {
        cell.to_owned()
    }
}

const fn outcome(outcome: UrlOutcome, reader: Reader) -> &'static str {
    match (outcome, reader) {
        (UrlOutcome::Indexed, Reader::English) => "indexed",
        (UrlOutcome::Unchanged, Reader::English) => "unchanged",
        (UrlOutcome::Duplicate, Reader::English) => "duplicate",
        (UrlOutcome::Skipped, Reader::English) => "skipped",
        (UrlOutcome::Failed, Reader::English) => "failed",
        (UrlOutcome::Missed, Reader::English) => "missed",
        (UrlOutcome::Gone, Reader::English) => "gone",
        (UrlOutcome::Indexed, Reader::German) => "gelesen",
        (UrlOutcome::Unchanged, Reader::German) => "unverändert",
        (UrlOutcome::Duplicate, Reader::German) => "doppelt",
        (UrlOutcome::Skipped, Reader::German) => "ausgelassen",
        (UrlOutcome::Failed, Reader::German) => "gescheitert",
        (UrlOutcome::Missed, Reader::German) => "nicht mehr gefunden",
        (UrlOutcome::Gone, Reader::German) => "weg",
    }
}

const fn change(change: Option<Change>, reader: Reader) -> &'static str {
    match (change, reader) {
        (None, _) => "",
        (Some(Change::New), Reader::English) => "new",
        (Some(Change::Changed), Reader::English) => "changed",
        (Some(Change::New), Reader::German) => "neu",
        (Some(Change::Changed), Reader::German) => "geändert",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_calculates_and_nothing_breaks_out() {
        let row = SourceUrl {
            url: "https://a.de/?x=1,2".into(),
            outcome: UrlOutcome::Skipped,
            change: None,
            code: Some("trap".into()),
            reason: Some("looks like \"a\", b".into()),
            of: Some(" =1+1".into()),
            title: Some("=HYPERLINK(\"http://evil.example\";\"Satzung\")\r\nx".into()),
            chunks: Some(3),
        };
        let table = |reader, separator: u8| {
            let bytes = csv(std::slice::from_ref(&row), reader).unwrap();
            let text = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap();
            let mut parsed = ::csv::ReaderBuilder::new().delimiter(separator).from_reader(text);
            let row = parsed.records().next().unwrap().unwrap();
            row.iter().map(str::to_owned).collect::<Vec<_>>()
        };
        let english = table(Reader::English, b',');
        assert_eq!(english[0], row.url);
        assert_eq!(english[4], row.reason.clone().unwrap());
        assert_eq!(english[5], format!("'{}", row.title.as_deref().unwrap()));
        assert_eq!(english[7], "' =1+1");
        let german = table(Reader::German, b';');
        assert_eq!((german[1].as_str(), german[4].as_str()), ("ausgelassen", report_words::german("trap").unwrap()));
        for (text, expected) in
            [("@x", "'@x"), ("-1", "'-1"), ("+49", "'+49"), ("\tx", "'\tx"), ("a=b", "a=b"), ("", "")]
        {
            assert_eq!(harmless(text), expected);
        }
    }
}
