//! Made-up passages and vectors that look like real ones. The same number always makes the same passage.
//!
//! Passages: sentences of the sample town with their words shuffled, some words exchanged for numbers and for compounds
//! of two words, so that the vocabulary grows with the corpus as it does in German. Vectors: bundles in 48 dimensions,
//! projected into all, plus noise. They are easier than real ones: the recall of approximate search measured with them
//! can warn, not praise.

use std::fmt::Write as _;
use std::path::Path;

const CENTRES: usize = 2_000;
const INNER: usize = 48;
/// Spread around a centre, and noise outside the inner dimensions, as a share of the centre's length.
const SPREAD: f32 = 0.7;
const NOISE: f32 = 0.35;
/// Characters of a passage: about what the chunker makes of a website.
const PASSAGE_BYTES: usize = 650;

/// A small generator of numbers (splitmix64).
pub struct Dice(u64);

impl Dice {
    pub fn new(seed: u64, stream: u64) -> Self {
        Self(seed.wrapping_mul(0x2545_F491_4F6C_DD1D) ^ stream.wrapping_mul(0x9E37_79B9_7F4A_7C15))
    }

    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    #[allow(clippy::cast_possible_truncation)]
    pub fn below(&mut self, end: usize) -> usize {
        (self.next() % end.max(1) as u64) as usize
    }

    /// Roughly normal, mean 0, deviation 1: the sum of four even numbers.
    #[allow(clippy::cast_possible_truncation)]
    fn normal(&mut self) -> f32 {
        let sum: f64 = (0..4).map(|_| (self.next() >> 11) as f64 / (1_u64 << 53) as f64).sum();
        ((sum - 2.0) * 3.0_f64.sqrt()) as f32
    }
}

/// A passage with the titles above it.
pub struct Passage {
    pub title: String,
    pub section: String,
    pub text: String,
}

pub struct Corpus {
    sentences: Vec<Vec<String>>,
    centres: Vec<Vec<f32>>,
    /// `[INNER, dimensions]`
    projection: Vec<Vec<f32>>,
    dimensions: usize,
}

impl Corpus {
    /// `pages`: a folder of HTML files whose sentences are used.
    pub fn new(pages: &Path, dimensions: usize) -> anyhow::Result<Self> {
        let mut files: Vec<_> =
            std::fs::read_dir(pages)?.collect::<Result<Vec<_>, _>>()?.into_iter().map(|e| e.path()).collect();
        files.sort();
        let mut sentences = Vec::new();
        for file in files {
            let text = plain(&std::fs::read_to_string(file)?);
            for sentence in text.split(['.', '?', '!', '\n']) {
                let words: Vec<String> = sentence.split_whitespace().map(ToOwned::to_owned).collect();
                if words.len() >= 4 {
                    sentences.push(words);
                }
            }
        }
        anyhow::ensure!(sentences.len() > 100, "too few sentences in {}", pages.display());
        let mut dice = Dice::new(11, 0);
        let mut rows = |count: usize, width: usize| -> Vec<Vec<f32>> {
            (0..count).map(|_| (0..width).map(|_| dice.normal()).collect()).collect()
        };
        Ok(Self { sentences, centres: rows(CENTRES, INNER), projection: rows(INNER, dimensions), dimensions })
    }

    fn word(&self, dice: &mut Dice) -> &str {
        let sentence = &self.sentences[dice.below(self.sentences.len())];
        &sentence[dice.below(sentence.len())]
    }

    fn sentence(&self, dice: &mut Dice) -> Vec<String> {
        let mut words = self.sentences[dice.below(self.sentences.len())].clone();
        for at in (1..words.len()).rev() {
            words.swap(at, dice.below(at + 1));
        }
        for word in &mut words {
            match dice.below(20) {
                0 => *word = dice.below(10_000).to_string(),
                1 => *word = format!("{}{}", self.word(dice), self.word(dice).to_lowercase()),
                _ => {}
            }
        }
        words
    }

    pub fn passage(&self, number: u64) -> Passage {
        let mut dice = Dice::new(1, number);
        let mut text = String::new();
        while text.len() < PASSAGE_BYTES {
            let _ = write!(text, "{}. ", self.sentence(&mut dice).join(" "));
        }
        let mut heading = |words: usize| (0..words).map(|_| self.word(&mut dice)).collect::<Vec<_>>().join(" ");
        Passage { title: heading(3), section: heading(2), text }
    }

    /// Words somebody would look for: some of one sentence, one in ten with a typing error.
    pub fn question(&self, number: u64, passages: u64) -> String {
        let mut dice = Dice::new(2, number);
        let text = self.passage(dice.next() % passages).text;
        let sentences: Vec<&str> = text.split(". ").filter(|s| s.contains(' ')).collect();
        let words: Vec<&str> = sentences[dice.below(sentences.len())].split_whitespace().collect();
        let count = words.len().min(3 + dice.below(5));
        let mut question = words[..count].join(" ");
        if dice.below(10) == 0
            && let Some(letter) = question.pop()
        {
            question.extend([letter, letter]);
        }
        question
    }

    /// The vector of a passage, of length one.
    pub fn vector(&self, number: u64) -> Vec<f32> {
        self.around(&mut Dice::new(3, number))
    }

    /// The vector of a question: near a topic, as those of passages are.
    pub fn question_vector(&self, number: u64) -> Vec<f32> {
        self.around(&mut Dice::new(4, number))
    }

    fn around(&self, dice: &mut Dice) -> Vec<f32> {
        let centre = &self.centres[dice.below(CENTRES)];
        let mut vector = vec![0.0_f32; self.dimensions];
        for (value, row) in centre.iter().zip(&self.projection) {
            let value = value + SPREAD * dice.normal();
            vector.iter_mut().zip(row).for_each(|(v, p)| *v += value * p);
        }
        let noise = NOISE * (INNER as f32).sqrt();
        for v in &mut vector {
            *v += noise * dice.normal();
        }
        let length = vector.iter().map(|v| v * v).sum::<f32>().sqrt();
        for v in &mut vector {
            *v /= length;
        }
        vector
    }
}

/// The text between the tags; scripts and comments left out.
fn plain(html: &str) -> String {
    let mut text = String::new();
    let mut rest = html;
    while let Some(at) = rest.find('<') {
        text.push_str(&rest[..at]);
        let end = ["<!--|-->", "<script|</script>"]
            .iter()
            .find_map(|pair| pair.split_once('|').filter(|(open, _)| rest[at..].starts_with(open)))
            .map_or(">", |(_, close)| close);
        text.push('\n');
        rest = rest[at..].find(end).map_or("", |n| &rest[at + n + end.len()..]);
    }
    text.push_str(rest);
    text
}
