//! Exact collection statistics for BM25.
//!
//! tantivy's own numbers include deleted entries until their segment is merged, so the same content would score
//! differently depending on its history. These count the living only.

use std::collections::HashMap;

use tantivy::query::Bm25StatisticsProvider;
use tantivy::schema::{Field, IndexRecordOption};
use tantivy::{DocSet, Searcher, TERMINATED, Term};

/// Lengths and number of the living entries of one searcher.
pub struct Statistics {
    tokens: HashMap<Field, u64>,
    docs: u64,
}

impl Statistics {
    /// Reads one byte per entry and field.
    pub fn read(searcher: &Searcher, fields: &[Field]) -> tantivy::Result<Self> {
        let mut tokens: HashMap<Field, u64> = HashMap::new();
        for segment in searcher.segment_readers() {
            for field in fields {
                let lengths = segment.get_fieldnorms_reader(*field)?;
                let sum: u64 = segment.doc_ids_alive().map(|doc| u64::from(lengths.fieldnorm(doc))).sum();
                *tokens.entry(*field).or_default() += sum;
            }
        }
        Ok(Self { tokens, docs: searcher.num_docs() })
    }
}

/// Living entries that contain the term.
pub fn document_frequency(searcher: &Searcher, term: &Term) -> tantivy::Result<u64> {
    let mut found = 0;
    for segment in searcher.segment_readers() {
        let terms = segment.inverted_index(term.field())?;
        let Some(alive) = segment.alive_bitset() else {
            found += u64::from(terms.doc_freq(term)?);
            continue;
        };
        let Some(mut postings) = terms.read_postings(term, IndexRecordOption::Basic)? else {
            continue;
        };
        let mut doc = postings.doc();
        while doc != TERMINATED {
            found += u64::from(alive.is_alive(doc));
            doc = postings.advance();
        }
    }
    Ok(found)
}

/// Statistics bound to their searcher.
pub struct Bound<'a> {
    pub statistics: &'a Statistics,
    pub searcher: &'a Searcher,
}

impl Bm25StatisticsProvider for Bound<'_> {
    fn total_num_tokens(&self, field: Field) -> tantivy::Result<u64> {
        Ok(self.statistics.tokens.get(&field).copied().unwrap_or(0))
    }

    fn total_num_docs(&self) -> tantivy::Result<u64> {
        Ok(self.statistics.docs)
    }

    fn doc_freq(&self, term: &Term) -> tantivy::Result<u64> {
        document_frequency(self.searcher, term)
    }
}
