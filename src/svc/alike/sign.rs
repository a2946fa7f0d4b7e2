//! MinHash signatures over shingles of three words, in bands.

use super::same::Essence;

/// Hash functions: rows of all bands.
const HASHES: usize = 64;
/// Bands of [`ROWS`] hashes each. Pages that share 85 % of their shingles meet in one with a probability over 0.9999.
pub(super) const BANDS: usize = 16;
const ROWS: usize = HASHES / BANDS;
/// Words of a shingle.
const SHINGLE: usize = 3;

/// What a page is compared by before its words are.
pub(super) struct Signature {
    /// BLAKE3 of language, title and words: equal pages have equal ones.
    pub whole: [u8; 32],
    /// Hash of language and title; only pages of one title are compared.
    head: u64,
    least: [u32; HASHES],
    is_empty: bool,
}

impl Signature {
    pub fn of(essence: &Essence) -> Self {
        let words: Vec<u64> = essence.words().map(hash).collect();
        let mut least = [u32::MAX; HASHES];
        for shingle in words.windows(SHINGLE.min(words.len()).max(1)) {
            let mixed = shingle.iter().fold(0_u64, |sum, word| mix(sum.rotate_left(21) ^ word));
            for (n, slot) in least.iter_mut().enumerate() {
                *slot = (*slot).min((mix(mixed ^ seed(n)) >> 32) as u32);
            }
        }
        Self { whole: essence.digest(), head: hash(essence.head()), least, is_empty: words.is_empty() }
    }

    /// Bucket of a band; none for pages without words.
    pub fn band(&self, band: usize) -> Option<u64> {
        let rows = self.least.get(band * ROWS..(band + 1) * ROWS).filter(|_| !self.is_empty)?;
        Some(rows.iter().fold(self.head ^ seed(band + HASHES), |sum, row| mix(sum ^ u64::from(*row))))
    }
}

fn hash(word: &str) -> u64 {
    word.bytes().fold(0xcbf2_9ce4_8422_2325, |sum, byte| (sum ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

const fn seed(n: usize) -> u64 {
    mix(n as u64 + 1)
}

/// Finaliser of SplitMix64 (Steele, Lea and Flood 2014).
const fn mix(value: u64) -> u64 {
    let value = value.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    value ^ (value >> 31)
}
