//! What documents are grouped and named by, read from the store.

use std::collections::{BTreeMap, HashMap};

use crate::base::error::Outcome;
use crate::base::id::DocumentId;
use crate::base::{Code, Fault};
use crate::lexical::{Lang, tokens};
use crate::store::{Snapshot, Table};
use crate::svc::knowledge::{self, Chunk, Document, VectorKey};

/// Passages of a document whose vectors count.
const PASSAGES_MAX: usize = 40;
/// Different words of a document that count, and characters of text they are taken from.
const WORDS_MAX: usize = 300;
const TEXT_CHARS_MAX: usize = 8_000;
/// Numbers for folders and title words, by hash.
const FOLDER_DIMS: usize = 96;
const TITLE_DIMS: usize = 160;
/// What folders and titles weigh beside the meaning of the text (1).
const FOLDER_WEIGHT: f32 = 0.9;
const TITLE_WEIGHT: f32 = 0.6;
/// A folder that holds more of the site than this says nothing.
const FOLDER_SHARE_MAX: f32 = 0.6;
/// Letters of a word that can name something.
const WORD_CHARS_MIN: usize = 4;

/// Number of a word in [`Gathered::surfaces`].
pub(super) type Word = u32;

pub(super) struct Gathered {
    pub items: Vec<Item>,
    /// Each word as people write it.
    pub surfaces: Vec<String>,
}

pub(super) struct Item {
    pub id: DocumentId,
    pub language: String,
    /// Meaning, folders and title in one, of length about 1 each.
    pub place: Vec<f32>,
    /// Words with their weight in this document: title over heading over text.
    pub words: Vec<(Word, f32)>,
}

/// Reads the documents; `step` is told how many are done and says whether to go on.
pub(super) fn gather(
    snapshot: &Snapshot,
    documents: &[Document],
    model: &[u8; 32],
    step: &dyn Fn(usize) -> bool,
) -> Outcome<Gathered> {
    let mut words = Words::default();
    let mut items = Vec::with_capacity(documents.len());
    for (n, document) in documents.iter().enumerate() {
        if n % 50 == 0 && !step(n) {
            return Err(Fault::new(Code::Cancelled, "stopped; the topics are as they were"));
        }
        let mut chunks = Vec::with_capacity(document.chunks.len().min(PASSAGES_MAX));
        for &id in document.chunks.iter().take(PASSAGES_MAX) {
            chunks.extend(knowledge::chunk(snapshot, document.site, id)?);
        }
        items.push(Item {
            id: document.id,
            language: document.language.clone(),
            place: meaning(snapshot, document, &chunks, model)?,
            words: words.of(document, &chunks),
        });
    }
    centre(&mut items);
    let folders: Vec<Vec<String>> = documents.iter().map(|d| folders(d.url.as_deref().unwrap_or(&d.key))).collect();
    let titles: Vec<Vec<String>> = documents.iter().map(|d| stems(&d.title, lang(&d.language))).collect();
    add(&mut items, &folders, FOLDER_DIMS, FOLDER_WEIGHT);
    add(&mut items, &titles, TITLE_DIMS, TITLE_WEIGHT);
    Ok(Gathered { items, surfaces: words.surfaces() })
}

/// Mean of the passages' vectors; empty where none is stored.
fn meaning(snapshot: &Snapshot, document: &Document, chunks: &[Chunk], model: &[u8; 32]) -> Outcome<Vec<f32>> {
    let mut sum: Vec<f32> = Vec::new();
    for chunk in chunks {
        let passage = Chunk::passage(&document.title, &chunk.section, &chunk.text);
        let Some(bytes) = snapshot.get_raw(Table::Vectors, VectorKey::of(model, &passage))? else { continue };
        let vector = VectorKey::from_bytes(&bytes);
        sum.resize(vector.len(), 0.0);
        sum.iter_mut().zip(&vector).for_each(|(a, b)| *a += b);
    }
    normalise(&mut sum);
    Ok(sum)
}

/// Takes out what all documents of a language have in common, so that what tells them apart counts.
fn centre(items: &mut [Item]) {
    let dims = items.iter().map(|item| item.place.len()).max().unwrap_or(0);
    let mut means = BTreeMap::<String, (Vec<f32>, f32)>::new();
    for item in items.iter_mut() {
        item.place.resize(dims, 0.0);
        let (sum, count) = means.entry(item.language.clone()).or_insert_with(|| (vec![0.0; dims], 0.0));
        sum.iter_mut().zip(&item.place).for_each(|(a, b)| *a += b);
        *count += 1.0;
    }
    for item in items.iter_mut() {
        if let Some((sum, count)) = means.get(&item.language) {
            item.place.iter_mut().zip(sum).for_each(|(a, b)| *a -= b / count);
            normalise(&mut item.place);
        }
    }
}

/// Appends the features of each item, the rarer the weightier, by hash.
fn add(items: &mut [Item], features: &[Vec<String>], dims: usize, weight: f32) {
    let mut counts = HashMap::<&str, f32>::new();
    for feature in features.iter().flatten() {
        *counts.entry(feature).or_default() += 1.0;
    }
    let total = features.len() as f32;
    for (item, own) in items.iter_mut().zip(features) {
        let mut part = vec![0.0_f32; dims];
        for feature in own {
            let count = counts.get(feature.as_str()).copied().unwrap_or(0.0);
            if count < 2.0 || count > total * FOLDER_SHARE_MAX {
                continue;
            }
            let hash = blake3::hash(feature.as_bytes());
            let number = hash.as_bytes().first_chunk::<4>().map_or(0, |b| u32::from_le_bytes(*b)) as usize;
            if let Some(slot) = part.get_mut(number % dims) {
                *slot += (total / count).ln();
            }
        }
        normalise(&mut part);
        item.place.extend(part.into_iter().map(|value| value * weight));
    }
}

pub(super) fn normalise(vector: &mut [f32]) {
    let length = vector.iter().map(|x| x * x).sum::<f32>().sqrt();
    if length > 1e-6 {
        for x in vector {
            *x /= length;
        }
    }
}

/// The folders of an address, each with those above it: `/a`, `/a/b`; a page of the name of a folder is in it.
fn folders(address: &str) -> Vec<String> {
    let path = url::Url::parse(address).map_or_else(|_| address.to_owned(), |url| url.path().to_owned());
    let steps: Vec<&str> = path.split('/').filter(|step| !step.is_empty()).collect();
    (1..=steps.len().min(3)).map(|n| steps.iter().take(n).fold(String::new(), |path, step| path + "/" + step)).collect()
}

fn lang(code: &str) -> Lang {
    match code {
        "de" => Lang::De,
        "en" => Lang::En,
        _ => Lang::Other,
    }
}

fn stems(text: &str, lang: Lang) -> Vec<String> {
    let mut stems = Vec::new();
    for token in tokens(text, lang).into_iter().filter(|t| !t.is_stopword && !t.is_number) {
        stems.extend(token.parts);
        stems.push(token.stem);
    }
    stems
}

/// Words of all documents by number.
#[derive(Default)]
struct Words {
    numbers: HashMap<String, Word>,
    /// Ways in which a word is written, with how often.
    written: Vec<BTreeMap<String, u32>>,
}

impl Words {
    /// Title words count most: people name pages by what they are about.
    fn of(&mut self, document: &Document, chunks: &[Chunk]) -> Vec<(Word, f32)> {
        let lang = lang(&document.language);
        let mut weights = BTreeMap::<Word, f32>::new();
        self.take(&document.title, lang, 5.0, &mut weights);
        let mut left = TEXT_CHARS_MAX;
        for chunk in chunks {
            for heading in &chunk.section {
                self.take(heading, lang, 2.0, &mut weights);
            }
            let text: String = chunk.text.chars().take(left).collect();
            left -= text.chars().count().min(left);
            self.take(&text, lang, 1.0, &mut weights);
        }
        let mut words: Vec<_> = weights.into_iter().collect();
        words.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
        words.truncate(WORDS_MAX);
        words
    }

    /// A word counts once per document, where it counts most.
    fn take(&mut self, text: &str, lang: Lang, weight: f32, weights: &mut BTreeMap<Word, f32>) {
        for token in tokens(text, lang) {
            let surface = text.get(token.start..token.end).unwrap_or(&token.text);
            if token.is_stopword || token.is_number || token.stem.contains(['.', '@', '/']) {
                continue;
            }
            if surface.chars().count() >= WORD_CHARS_MIN && surface.chars().all(|c| c.is_alphabetic() || c == '-') {
                // German names things with capitals; other words rarely name a topic.
                let is_noun = lang != Lang::De || surface.starts_with(char::is_uppercase);
                let word = self.number(&token.stem);
                if let Some(written) = self.written.get_mut(word as usize) {
                    *written.entry(surface.to_owned()).or_default() += 1;
                }
                let slot = weights.entry(word).or_default();
                *slot = (*slot).max(if is_noun { weight } else { weight * 0.3 });
            }
            for part in token.parts.iter().filter(|part| part.chars().count() >= WORD_CHARS_MIN) {
                let word = self.number(part);
                let slot = weights.entry(word).or_default();
                *slot = (*slot).max(weight * 0.6);
            }
        }
    }

    fn number(&mut self, stem: &str) -> Word {
        if let Some(number) = self.numbers.get(stem) {
            return *number;
        }
        let number = Word::try_from(self.written.len()).unwrap_or(Word::MAX);
        self.numbers.insert(stem.to_owned(), number);
        self.written.push(BTreeMap::new());
        number
    }

    /// The most frequent way to write each; empty for parts that never stand alone.
    fn surfaces(self) -> Vec<String> {
        let most =
            |written: BTreeMap<String, u32>| written.into_iter().max_by_key(|(_, n)| *n).map(|(surface, _)| surface);
        self.written.into_iter().map(|written| most(written).unwrap_or_default()).collect()
    }
}
