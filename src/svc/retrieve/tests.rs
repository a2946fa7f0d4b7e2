use super::fuse::fuse;
use crate::{lexical, vector};

fn words(keys: &[u64]) -> Vec<lexical::Hit> {
    keys.iter().map(|&key| lexical::Hit { key, score: 1.0 }).collect()
}

fn vectors(keys: &[u64]) -> Vec<vector::Hit> {
    keys.iter().map(|&key| vector::Hit { key, cosine: 0.9 }).collect()
}

#[test]
fn what_both_find_comes_first_and_one_half_alone_keeps_its_order() {
    let order = |w: &[u64], v: &[u64]| fuse(&words(w), &vectors(v)).into_iter().map(|f| f.key).collect::<Vec<_>>();
    assert_eq!(order(&[1, 2, 3], &[4, 2, 5])[0], 2);
    assert_eq!(order(&[3, 1, 2], &[]), [3, 1, 2]);
    assert_eq!(order(&[], &[9, 8]), [9, 8]);
    assert_eq!(order(&[], &[]), [0; 0]);
    let both = fuse(&words(&[7]), &vectors(&[7]));
    assert_eq!((both[0].ranks.words.unwrap().rank, both[0].ranks.vector.unwrap().rank), (1, 1));
}
