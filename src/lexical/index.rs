//! The word index of one site: opening, changing, searching.
//!
//! Invariants: one commit per [`WordIndex::apply`], whose payload says which outbox sequence it contains; a folder that
//! does not belong to this version of the analysis, or whose checksums differ, is emptied at opening. The writer lives
//! for one `apply`, so that its memory is free in between; its lock is an `flock`, which dies with the process.

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use tantivy::collector::TopDocs;
use tantivy::directory::MmapDirectory;
use tantivy::merge_policy::LogMergePolicy;
use tantivy::schema::{FAST, Field, INDEXED, IndexRecordOption, Schema, TextFieldIndexing, TextOptions};
use tantivy::tokenizer::{PreTokenizedString, Token as IndexToken};
use tantivy::{Index, IndexReader, IndexWriter, ReloadPolicy, Searcher, TantivyDocument, Term};

use super::analysis::{self, ANALYSIS_VERSION, Token};
use super::query::{self, Weights};
use super::sealed::SealedDirectory;
use super::statistics::{Bound, Statistics, document_frequency};
use super::{Entry, Hit, LexicalError};

/// Heap of the writer during one `apply`.
const WRITER_BYTES: usize = 40_000_000;
/// Share of deleted entries from which a segment is rewritten.
const DELETED_RATIO_MAX: f32 = 0.3;
/// Hits one search may return.
const HITS_MAX: usize = 1_000;
/// Changes whenever fields or their contents change.
const FORMAT_VERSION: u32 = 1;

/// The fields of the index.
#[derive(Clone, Copy, Debug)]
pub struct Fields {
    key: Field,
    title: Field,
    section: Field,
    body: Field,
    parts: Field,
    url: Field,
}

impl Fields {
    fn build() -> (Schema, Self) {
        let mut schema = Schema::builder();
        let words = TextOptions::default().set_indexing_options(
            TextFieldIndexing::default().set_tokenizer("raw").set_index_option(IndexRecordOption::WithFreqs),
        );
        let fields = Self {
            key: schema.add_u64_field("key", INDEXED | FAST),
            title: schema.add_text_field("title", words.clone()),
            section: schema.add_text_field("section", words.clone()),
            body: schema.add_text_field("body", words.clone()),
            parts: schema.add_text_field("parts", words.clone()),
            url: schema.add_text_field("url", words),
        };
        (schema.build(), fields)
    }

    /// The fields that hold words.
    pub fn text(&self) -> [Field; 5] {
        [self.body, self.title, self.section, self.parts, self.url]
    }

    /// ... with their weights in the score.
    pub fn weighted(&self, weights: &Weights) -> [(Field, f32); 5] {
        [
            (self.title, weights.title),
            (self.section, weights.section),
            (self.body, weights.body),
            (self.parts, weights.parts),
            (self.url, weights.url),
        ]
    }
}

/// What a search needs, replaced as a whole after every change.
struct State {
    index: Index,
    reader: IndexReader,
    searcher: Searcher,
    statistics: Statistics,
}

/// The word index of one site. Searches run in parallel with each other and with one `apply`.
pub struct WordIndex {
    dir: PathBuf,
    tag: String,
    fields: Fields,
    weights: Weights,
    state: RwLock<Arc<State>>,
    writing: Mutex<()>,
}

impl WordIndex {
    /// Opens the index in `dir`, and says up to which sequence it is filled. `None`: it is new, or it was emptied
    /// because it was damaged or made for another `schema_tag`; the caller fills it again.
    ///
    /// # Errors
    /// Only if the folder cannot be written.
    pub fn open(dir: &Path, schema_tag: &str) -> Result<(Self, Option<u64>), LexicalError> {
        fs::create_dir_all(dir)?;
        let (schema, fields) = Fields::build();
        let tag = format!("{FORMAT_VERSION}.{ANALYSIS_VERSION}|{schema_tag}");
        // Checksums come first, but a file format is a large surface: a panic while reading also means "damaged".
        let loaded = catch_unwind(AssertUnwindSafe(|| load(dir, &schema, &fields, &tag)));
        let (state, applied) = match loaded {
            Ok(Ok(Some((state, applied)))) => (state, Some(applied)),
            Ok(Ok(None)) => (create(dir, &schema, &fields)?, None),
            Ok(Err(error)) => {
                tracing::warn!(%error, "word index cannot be used, starting a new one");
                (create(dir, &schema, &fields)?, None)
            }
            Err(_) => {
                tracing::warn!("word index cannot be read, starting a new one");
                (create(dir, &schema, &fields)?, None)
            }
        };
        let index = Self {
            dir: dir.to_owned(),
            tag,
            fields,
            weights: Weights::default(),
            state: RwLock::new(Arc::new(state)),
            writing: Mutex::new(()),
        };
        Ok((index, applied))
    }

    fn state(&self) -> Arc<State> {
        Arc::clone(&self.state.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn refresh(&self, index: &Index, reader: &IndexReader) -> Result<(), LexicalError> {
        reader.reload()?;
        let state = assemble(index.clone(), reader.clone(), &self.fields)?;
        *self.state.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(state);
        Ok(())
    }

    /// Removes `deletes`, then adds or replaces `upserts` (of equal keys the last wins), in one durable commit marked
    /// with `applied_seq`. Searches that start after the return see the change.
    ///
    /// # Errors
    /// On failure nothing of the call is applied.
    pub fn apply(&self, upserts: &[Entry], deletes: &[u64], applied_seq: u64) -> Result<(), LexicalError> {
        let _one_writer = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        let state = self.state();
        let mut writer: IndexWriter = state.index.writer_with_num_threads(1, WRITER_BYTES)?;
        // A process that died between writing its files and naming them in meta.json leaves files behind whose names
        // the next commit would use again, and fail on.
        writer.garbage_collect_files().wait()?;
        let mut policy = LogMergePolicy::default();
        policy.set_del_docs_ratio_before_merge(DELETED_RATIO_MAX);
        writer.set_merge_policy(Box::new(policy));
        for key in deletes {
            writer.delete_term(Term::from_field_u64(self.fields.key, *key));
        }
        for entry in upserts {
            writer.delete_term(Term::from_field_u64(self.fields.key, entry.key));
            writer.add_document(self.document(entry))?;
        }
        let mut commit = writer.prepare_commit()?;
        commit.set_payload(&format!("{}|{applied_seq}", self.tag));
        commit.commit()?;
        writer.wait_merging_threads()?;
        self.refresh(&state.index, &state.reader)
    }

    fn document(&self, entry: &Entry) -> TantivyDocument {
        let mut document = TantivyDocument::new();
        document.add_u64(self.fields.key, entry.key);
        let mut parts: Vec<IndexToken> = Vec::new();
        for (field, text) in
            [(self.fields.title, &entry.title), (self.fields.section, &entry.section), (self.fields.body, &entry.body)]
        {
            let tokens = analysis::tokens(text, entry.lang);
            for part in tokens.iter().flat_map(|t| &t.parts) {
                parts.push(index_token(part.clone(), parts.len()));
            }
            document.add_pre_tokenized_text(field, stems(tokens));
        }
        document.add_pre_tokenized_text(self.fields.parts, PreTokenizedString { text: String::new(), tokens: parts });
        let address = analysis::tokens(&entry.url_words, entry.lang);
        document.add_pre_tokenized_text(self.fields.url, stems(address));
        document
    }

    /// The best `limit` entries for a question, best first, equal scores by key. Empty if no word of the question,
    /// or one like it, is in the index.
    ///
    /// # Errors
    /// If the index cannot be read.
    pub fn search(&self, question: &str, limit: usize) -> Result<Vec<Hit>, LexicalError> {
        let limit = limit.min(HITS_MAX);
        let state = self.state();
        let query = query::build(&state.searcher, &self.fields, &self.weights, question)?;
        let Some(query) = query.filter(|_| limit > 0) else {
            return Ok(Vec::new());
        };
        let bound = Bound { statistics: &state.statistics, searcher: &state.searcher };
        let top = TopDocs::with_limit(limit).order_by_score();
        let found = state.searcher.search_with_statistics_provider(&query, &top, &bound)?;
        let mut hits = Vec::with_capacity(found.len());
        for (score, address) in found {
            let keys = state.searcher.segment_reader(address.segment_ord).fast_fields().u64("key")?;
            hits.extend(keys.first(address.doc_id).map(|key| Hit { key, score }));
        }
        hits.sort_by(|a, b| b.score.total_cmp(&a.score).then(a.key.cmp(&b.key)));
        Ok(hits)
    }

    /// Number of entries that contain the stem in any field, as a word or as part of a compound (the largest of the
    /// fields' numbers). 0 if the index cannot be read.
    #[must_use]
    pub fn document_frequency(&self, stem: &str) -> u64 {
        let state = self.state();
        let frequency = |field| document_frequency(&state.searcher, &Term::from_field_text(field, stem)).unwrap_or(0);
        self.fields.text().into_iter().map(frequency).max().unwrap_or(0)
    }

    /// Number of entries.
    #[must_use]
    pub fn len(&self) -> u64 {
        self.state().searcher.num_docs()
    }

    /// Whether there is no entry.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The keys of all entries, ascending.
    ///
    /// # Errors
    /// If the index cannot be read.
    pub fn keys(&self) -> Result<Vec<u64>, LexicalError> {
        let state = self.state();
        let mut found = Vec::new();
        for segment in state.searcher.segment_readers() {
            let keys = segment.fast_fields().u64("key")?;
            found.extend(segment.doc_ids_alive().filter_map(|doc| keys.first(doc)));
        }
        found.sort_unstable();
        Ok(found)
    }

    /// Compares every file with its checksum.
    ///
    /// # Errors
    /// [`LexicalError::Damaged`] names the files that differ.
    pub fn verify(&self) -> Result<(), LexicalError> {
        verify(&self.state().index)
    }

    /// Empties the index; as after [`WordIndex::open`] with `None`.
    ///
    /// # Errors
    /// If the folder cannot be written.
    pub fn wipe(&self) -> Result<(), LexicalError> {
        let _one_writer = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        let (schema, fields) = Fields::build();
        let state = create(&self.dir, &schema, &fields)?;
        *self.state.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(state);
        Ok(())
    }

    /// Replaces the weights; for measuring.
    #[cfg(test)]
    pub fn set_weights(&mut self, weights: Weights) {
        self.weights = weights;
    }
}

fn index_token(text: String, position: usize) -> IndexToken {
    IndexToken { offset_from: 0, offset_to: 0, position, text, position_length: 1 }
}

/// Stop words stay in the index: a question of nothing else must find something.
fn stems(tokens: Vec<Token>) -> PreTokenizedString {
    let tokens = tokens.into_iter().enumerate().map(|(position, t)| index_token(t.stem, position)).collect();
    PreTokenizedString { text: String::new(), tokens }
}

fn directory(dir: &Path) -> Result<SealedDirectory, LexicalError> {
    Ok(SealedDirectory(MmapDirectory::open(dir).map_err(tantivy::TantivyError::from)?))
}

fn assemble(index: Index, reader: IndexReader, fields: &Fields) -> Result<State, LexicalError> {
    let searcher = reader.searcher();
    let statistics = Statistics::read(&searcher, &fields.text())?;
    Ok(State { index, reader, searcher, statistics })
}

fn start(index: Index, fields: &Fields) -> Result<State, LexicalError> {
    let reader = index.reader_builder().reload_policy(ReloadPolicy::Manual).try_into()?;
    assemble(index, reader, fields)
}

/// The index in `dir` and its sequence; `None` if there is none yet.
fn load(dir: &Path, schema: &Schema, fields: &Fields, tag: &str) -> Result<Option<(State, u64)>, LexicalError> {
    let directory = directory(dir)?;
    if !Index::exists(&directory).map_err(tantivy::TantivyError::from)? {
        return Ok(None);
    }
    let index = Index::open(directory)?;
    let payload = index.load_metas()?.payload.unwrap_or_default();
    let Some((found, sequence)) = payload.rsplit_once('|') else {
        return Ok(None);
    };
    if found != tag || index.schema() != *schema {
        return Err(LexicalError::Damaged("made by another version".into()));
    }
    let sequence = sequence.parse().map_err(|_| LexicalError::Damaged("unreadable sequence".into()))?;
    verify(&index)?;
    Ok(Some((start(index, fields)?, sequence)))
}

fn verify(index: &Index) -> Result<(), LexicalError> {
    let mut damaged: Vec<String> = index.validate_checksum()?.iter().map(|path| path.display().to_string()).collect();
    damaged.sort();
    // tantivy compares only files that exist.
    for segment in index.searchable_segment_metas()? {
        for part in ["idx", "term", "store", "fast", "fieldnorm"] {
            let path = PathBuf::from(format!("{}.{part}", segment.id().uuid_string()));
            if !tantivy::Directory::exists(index.directory(), &path).unwrap_or(false) {
                damaged.push(path.display().to_string());
            }
        }
    }
    if damaged.is_empty() { Ok(()) } else { Err(LexicalError::Damaged(damaged.join(", "))) }
}

/// An empty index in `dir`, whose files are removed first (an index folder is flat).
fn create(dir: &Path, schema: &Schema, fields: &Fields) -> Result<State, LexicalError> {
    for file in fs::read_dir(dir)? {
        let file = file?;
        if file.file_type()?.is_file() {
            fs::remove_file(file.path())?;
        }
    }
    let index = Index::create(directory(dir)?, schema.clone(), tantivy::IndexSettings::default())?;
    start(index, fields)
}

/// The index is shared between threads; this stops compiling if it no longer can be.
const _: fn() = || {
    fn shared<T: Send + Sync>() {}
    shared::<WordIndex>();
};
