use rand::{Rng as _, SeedableRng as _, rngs::StdRng};

use super::*;

fn vectors(count: u64, dimensions: usize, seed: u64) -> Vec<(u64, Vec<f32>)> {
    let mut rng = StdRng::seed_from_u64(seed);
    (0..count)
        .map(|key| (key, (0..dimensions).map(|_| (rng.next_u32() % 2_000) as f32 / 1_000.0 - 1.0).collect()))
        .collect()
}

#[test]
fn a_vector_is_nearest_to_itself_and_gone_when_deleted() {
    let index = VectorIndex::new(16).unwrap();
    let all = vectors(300, 16, 1);
    index.apply(&all, &[]).unwrap();
    for (key, vector) in &all {
        assert_eq!(index.search(vector, 1).unwrap()[0].key, *key);
    }
    index.apply(&[], &[7]).unwrap();
    assert!(index.search(&all[7].1, 300).unwrap().iter().all(|hit| hit.key != 7));
    assert_eq!(index.keys().len(), 299);
}

#[test]
fn bad_vectors_are_refused() {
    let index = VectorIndex::new(4).unwrap();
    for bad in [vec![0.0; 4], vec![f32::NAN; 4], vec![f32::INFINITY; 4], vec![1.0; 3]] {
        assert!(index.apply(&[(1, bad.clone())], &[]).is_err(), "{bad:?}");
        assert!(index.search(&bad, 1).is_err(), "{bad:?}");
    }
    assert!(index.is_empty());
}

#[test]
fn a_saved_index_answers_alike_and_grows_again() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("v.idx");
    let index = VectorIndex::new(16).unwrap();
    let all = vectors(200, 16, 2);
    index.apply(&all, &[3, 5]).unwrap();
    index.save(&path, &[1; 32], 42).unwrap();
    let loaded = VectorIndex::load(&path, &[1; 32], 16).unwrap();
    assert_eq!(loaded.sequence, 42);
    assert_eq!(loaded.index.keys(), index.keys());
    assert_eq!(loaded.index.search(&all[9].1, 10).unwrap(), index.search(&all[9].1, 10).unwrap());
    loaded.index.apply(&vectors(500, 16, 3).into_iter().map(|(k, v)| (k + 1_000, v)).collect::<Vec<_>>(), &[]).unwrap();
    assert!(matches!(VectorIndex::load(&path, &[2; 32], 16), Err(Rejected::OtherModel)));
    assert!(matches!(VectorIndex::load(&path, &[1; 32], 8), Err(Rejected::OtherModel)));
}

#[test]
fn every_flipped_byte_and_every_cut_is_noticed() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("v.idx");
    let index = VectorIndex::new(4).unwrap();
    index.apply(&vectors(10, 4, 4), &[]).unwrap();
    index.save(&path, &[0; 32], 1).unwrap();
    let good = std::fs::read(&path).unwrap();
    for at in 0..good.len() {
        let mut bad = good.clone();
        bad[at] ^= 0x10;
        std::fs::write(&path, &bad).unwrap();
        assert!(VectorIndex::load(&path, &[0; 32], 4).is_err(), "byte {at}");
        std::fs::write(&path, &good[..at]).unwrap();
        assert!(VectorIndex::load(&path, &[0; 32], 4).is_err(), "cut at {at}");
    }
}

#[test]
fn searching_beside_writing_never_shows_unknown_keys() {
    let index = VectorIndex::new(8).unwrap();
    index.apply(&vectors(200, 8, 5), &[]).unwrap();
    let query = vectors(1, 8, 6).remove(0).1;
    std::thread::scope(|scope| {
        for _ in 0..20 {
            scope.spawn(|| {
                for _ in 0..100 {
                    assert!(index.search_with(&query, 10, false).unwrap().iter().all(|hit| hit.key < 200));
                }
            });
        }
        for round in 0..50 {
            index.apply(&vectors(200, 8, round)[..20], &[]).unwrap();
        }
    });
}
