//! Vectors against an independent computation, and against each other.

use super::super::{EmbedError, Encoder, Tokenizer};
use super::texts::{TEXTS, long};
use super::{bundle, cosine};

/// Row after row of 384 little-endian f32: the same weights and token ids, computed with numpy in f64 from the f16 form
/// of the weights.
static GOLDEN: &[u8] = include_bytes!("golden.f32");

fn golden() -> Vec<Vec<f32>> {
    let numbers: Vec<f32> = GOLDEN.as_chunks::<4>().0.iter().map(|b| f32::from_le_bytes(*b)).collect();
    numbers.chunks_exact(384).map(<[f32]>::to_vec).collect()
}

fn ids(tokenizer: &Tokenizer) -> Vec<Vec<u32>> {
    let long = long();
    TEXTS.iter().copied().chain([long.as_str()]).map(|text| tokenizer.encode(text, 512)).collect()
}

#[test]
fn vectors_equal_the_reference() {
    let bundle = bundle();
    let (tokenizer, encoder) = (Tokenizer::load(&bundle).unwrap(), Encoder::load(&bundle).unwrap());
    let golden = golden();
    let ids = ids(&tokenizer);
    assert_eq!(ids.len(), golden.len());
    assert_eq!(ids.last().unwrap().len(), 512);
    for (n, (ids, golden)) in ids.iter().zip(&golden).enumerate() {
        let vector = encoder.embed(ids).unwrap();
        let similarity = cosine(&vector, golden);
        assert!(similarity >= 0.9999, "text {n}: {similarity}");
        let length = vector.iter().map(|v| v * v).sum::<f32>();
        assert!((length - 1.0).abs() < 1e-5, "text {n}: {length}");
    }
}

#[test]
fn company_changes_nothing() {
    let bundle = bundle();
    let (tokenizer, encoder) = (Tokenizer::load(&bundle).unwrap(), Encoder::load(&bundle).unwrap());
    let ids = ids(&tokenizer);
    let batch = encoder.embed_batch(&ids).unwrap();
    for (n, (ids, together)) in ids.iter().zip(&batch).enumerate() {
        let alone = encoder.embed(ids).unwrap();
        let distance = alone.iter().zip(together).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
        assert!(distance < 1e-4, "text {n}: {distance}");
    }
}

#[test]
fn questions_find_their_passage_across_languages() {
    let bundle = bundle();
    let (tokenizer, encoder) = (Tokenizer::load(&bundle).unwrap(), Encoder::load(&bundle).unwrap());
    let vectors = encoder.embed_batch(&ids(&tokenizer)).unwrap();
    let right = &vectors[3];
    for question in &vectors[..3] {
        // The Arabic passage is left out: to the Arabic question it looks nearer than a German answer.
        for wrong in &vectors[4..6] {
            assert!(cosine(question, right) > cosine(question, wrong) + 0.02);
        }
    }
}

#[test]
fn impossible_input_is_refused() {
    let encoder = Encoder::load(&bundle()).unwrap();
    for ids in [vec![], vec![0; 513], vec![0, 250_037, 2], vec![u32::MAX]] {
        assert!(matches!(encoder.embed(&ids), Err(EmbedError::BadInput(_))), "{} ids", ids.len());
    }
    assert_eq!(encoder.embed_batch(&[]).unwrap(), Vec::<Vec<f32>>::new());
    assert!(matches!(encoder.embed_batch(&vec![vec![5; 512]; 33]), Err(EmbedError::BadInput(_))));
}
