//! Known-item retrieval on aligned help pages, a measurement that runs where the corpus is at hand: set
//! `DIALOGENGINE_HELP_CORPUS` to a folder with `help_dev_docs.jsonl.gz` and `help_dev_questions.jsonl`.

use std::collections::HashMap;
use std::io::{BufRead, BufReader};
use std::path::Path;

use flate2::read::MultiGzDecoder;

use super::super::query::Weights;
use super::*;

fn lines(path: &Path) -> Vec<serde_json::Value> {
    let file = fs::File::open(path).unwrap();
    let reader: Box<dyn std::io::Read> =
        if path.extension().is_some_and(|e| e == "gz") { Box::new(MultiGzDecoder::new(file)) } else { Box::new(file) };
    BufReader::new(reader).lines().map(|l| serde_json::from_str(&l.unwrap()).unwrap()).collect()
}

struct Case {
    question: String,
    key: u64,
}

/// Mean reciprocal rank at 10 and share of answers among the first five.
fn measure(index: &WordIndex, cases: &[Case]) -> (f64, f64) {
    let (mut rank_sum, mut found) = (0.0, 0_u32);
    for case in cases {
        if let Some(rank) = keys(index, &case.question).iter().position(|k| *k == case.key) {
            let rank = u32::try_from(rank).unwrap() + 1;
            rank_sum += 1.0 / f64::from(rank);
            found += u32::from(rank <= 5);
        }
    }
    let n = f64::from(u32::try_from(cases.len()).unwrap());
    (rank_sum / n, f64::from(found) / n)
}

#[test]
fn help_pages_are_found() {
    let Some(folder) = std::env::var_os("DIALOGENGINE_HELP_CORPUS") else {
        return;
    };
    let folder = Path::new(&folder);
    let docs = lines(&folder.join("help_dev_docs.jsonl.gz"));
    let questions = lines(&folder.join("help_dev_questions.jsonl"));
    for (lang, body, kind) in [(Lang::De, "body_de", "known-item de->de"), (Lang::En, "body_en", "known-item en->de")] {
        let mut keys_of: HashMap<&str, u64> = HashMap::new();
        let mut entries = Vec::new();
        for (key, doc) in docs.iter().enumerate() {
            keys_of.insert(doc["id"].as_str().unwrap(), key as u64);
            entries.push(Entry { lang, ..entry(key as u64, "", doc[body].as_str().unwrap()) });
        }
        let cases: Vec<Case> = questions
            .iter()
            .filter(|q| q["kind"] == kind)
            .filter_map(|q| {
                let key = *keys_of.get(q["documents"][0].as_str()?)?;
                Some(Case { question: q["question"].as_str()?.to_owned(), key })
            })
            .collect();
        if cases.is_empty() {
            continue;
        }
        let (_dir, mut index) = fresh(&entries);
        let (mrr, hits) = measure(&index, &cases);
        println!("{lang:?}: {} cases, MRR@10 {mrr:.4}, hit@5 {hits:.4}", cases.len());
        let d = Weights::default();
        for (name, weights) in [
            ("no compounds", Weights { parts: 0.0, query_parts: 0.0, joined: 0.0, ..d }),
            ("document compounds only", Weights { query_parts: 0.0, joined: 0.0, ..d }),
            ("question compounds only", Weights { parts: 0.0, ..d }),
            ("parts doubled", Weights { parts: d.parts * 2.0, ..d }),
            ("sum of readings", Weights { tie: 1.0, ..d }),
        ] {
            index.set_weights(weights);
            let (mrr, hits) = measure(&index, &cases);
            println!("  {name}: MRR@10 {mrr:.4}, hit@5 {hits:.4}");
        }
        if lang == Lang::De {
            assert!(mrr > 0.70, "{mrr}");
        }
    }
}
