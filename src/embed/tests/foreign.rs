//! Models of others: vectors against candle's own BERT and XLM-RoBERTa, forms of files, and what is refused.

use std::fs;
use std::path::Path;

use candle_core::quantized::GgmlDType;
use candle_core::{DType, Device, Tensor};
use candle_nn::VarBuilder;
use candle_transformers::models::{bert, xlm_roberta};
use serde_json::json;

use super::super::{EmbedError, Encoder, ImportOptions, Imported, Pooling, Prefixes, Tokenizer};
use super::cosine;
use super::tiny::{self, HIDDEN};

const TEXTS: &[&str] = &["Das Bürgeramt hat geöffnet.", "Hund Leine", "The office is open?", "kostet drei Euro", ""];

fn read(folder: &Path) -> Result<Imported, EmbedError> {
    Imported::read(folder, "tiny", &ImportOptions::default())
}

fn loaded(folder: &Path) -> (Tokenizer, Encoder) {
    let bundle = read(folder).unwrap().bundle;
    (Tokenizer::load(&bundle).unwrap(), Encoder::load(&bundle).unwrap())
}

/// Mean of the states that candle computes.
fn reference(kind: &str, ids: &[u32]) -> Vec<f32> {
    let config = tiny::config(kind).to_string();
    let weights = VarBuilder::from_tensors(tiny::tensors(kind), DType::F32, &Device::Cpu);
    let input = Tensor::new(ids, &Device::Cpu).unwrap().unsqueeze(0).unwrap();
    let (types, mask) = (input.zeros_like().unwrap(), input.ones_like().unwrap());
    let states = if kind == "bert" {
        let config: bert::Config = serde_json::from_str(&config).unwrap();
        bert::BertModel::load(weights, &config).unwrap().forward(&input, &types, Some(&mask)).unwrap()
    } else {
        let config: xlm_roberta::Config = serde_json::from_str(&config).unwrap();
        let model = xlm_roberta::XLMRobertaModel::new(&config, weights).unwrap();
        model.forward(&input, &mask, &types, None, None, None).unwrap()
    };
    states.mean(1).unwrap().flatten_all().unwrap().to_vec1().unwrap()
}

#[test]
fn both_families_give_the_vectors_of_candle() {
    for (kind, prefix) in [("bert", ""), ("bert", "bert."), ("xlm-roberta", ""), ("xlm-roberta", "roberta.")] {
        let here = tempfile::tempdir().unwrap();
        tiny::write_safetensors(here.path(), kind, DType::F32, prefix);
        let (tokenizer, encoder) = loaded(here.path());
        for text in TEXTS {
            let ids = tokenizer.encode(text, 512);
            let (found, expected) = (encoder.embed(&ids).unwrap(), reference(kind, &ids));
            assert_eq!(found.len(), HIDDEN);
            assert!(cosine(&found, &expected) > 0.99999, "{kind} {prefix} {text:?}");
        }
    }
}

#[test]
fn every_form_of_file_gives_the_same_vectors() {
    for kind in ["bert", "xlm-roberta"] {
        let plain = tempfile::tempdir().unwrap();
        tiny::write_safetensors(plain.path(), kind, DType::F32, "");
        let (tokenizer, expected) = loaded(plain.path());
        let forms: [(&str, &dyn Fn(&Path)); 7] = [
            ("f16", &|folder| tiny::write_safetensors(folder, kind, DType::F16, "")),
            ("bf16", &|folder| tiny::write_safetensors(folder, kind, DType::BF16, "")),
            ("gguf f32", &|folder| tiny::write_gguf(folder, kind, GgmlDType::F32)),
            ("gguf f16", &|folder| tiny::write_gguf(folder, kind, GgmlDType::F16)),
            ("gguf q8_0", &|folder| tiny::write_gguf(folder, kind, GgmlDType::Q8_0)),
            ("gguf q5_0", &|folder| tiny::write_gguf(folder, kind, GgmlDType::Q5_0)),
            ("gguf q4_0", &|folder| tiny::write_gguf(folder, kind, GgmlDType::Q4_0)),
        ];
        for (form, write) in forms {
            let here = tempfile::tempdir().unwrap();
            write(here.path());
            let (_, encoder) = loaded(here.path());
            for text in TEXTS {
                let ids = tokenizer.encode(text, 512);
                let similar = cosine(&encoder.embed(&ids).unwrap(), &expected.embed(&ids).unwrap());
                assert!(similar > if form.contains("q4") { 0.97 } else { 0.995 }, "{kind} {form} {text:?} {similar}");
            }
        }
    }
}

#[test]
fn a_foreign_tokenizer_counts_cuts_and_points_into_the_text() {
    let here = tempfile::tempdir().unwrap();
    tiny::write_safetensors(here.path(), "bert", DType::F32, "");
    let (tokenizer, encoder) = loaded(here.path());
    let text = "Das Bürgeramt hat geöffnet.";
    let whole = tokenizer.encode(text, 512);
    assert_eq!((whole.first(), whole.last()), (Some(&0), Some(&2)), "{whole:?}");
    assert_eq!(tokenizer.count(text) + 2, whole.len());
    for max in 2..whole.len() {
        let cut = tokenizer.encode(text, max);
        assert_eq!((cut.len(), cut.last()), (max, Some(&2)), "{cut:?}");
        assert_eq!(cut[..max - 1], whole[..max - 1]);
    }
    let parts: Vec<&str> = tokenizer.offsets(text).into_iter().map(|(start, end)| &text[start..end]).collect();
    assert_eq!(parts.concat(), text.replace(' ', ""));
    // Marks of the model in a text are just characters.
    assert!(!tokenizer.encode("[SEP] amt", 512)[1..].starts_with(&[2]));
    assert_eq!(tokenizer.vocabulary_len(), encoder.vocabulary_len());
}

#[test]
fn what_is_written_is_loaded_again_and_notices_damage() {
    let (from, to) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    tiny::write_safetensors(from.path(), "xlm-roberta", DType::F32, "");
    fs::write(from.path().join("LICENSE"), "Free for all.").unwrap();
    let found = read(from.path()).unwrap();
    assert_eq!(found.licence.as_deref(), Some("Free for all."));
    found.bundle.write_to(to.path()).unwrap();
    let again = super::super::Bundle::from_dir(to.path()).unwrap();
    again.verify().unwrap();
    assert_eq!(again.manifest(), found.bundle.manifest());
    // What was written can itself be imported.
    assert_eq!(read(to.path()).unwrap().bundle.manifest().id(), again.manifest().id());
    fs::write(to.path().join("config.json"), tiny::config("bert").to_string()).unwrap();
    let damaged = super::super::Bundle::from_dir(to.path()).unwrap().verify();
    assert!(matches!(damaged, Err(EmbedError::Checksum { .. })), "{damaged:?}");
}

#[test]
fn pooling_prefixes_and_length_come_from_the_files_or_the_options() {
    let here = tempfile::tempdir().unwrap();
    let folder = here.path();
    tiny::write_safetensors(folder, "bert", DType::F32, "");
    let manifest =
        |name: &str, options: &ImportOptions| Imported::read(folder, name, options).unwrap().bundle.manifest().clone();
    let plain = manifest("tiny", &ImportOptions::default());
    assert_eq!((plain.pooling, plain.max_tokens, plain.dimensions), (Pooling::Mean, 48, HIDDEN));
    assert_eq!(plain.prefixes, Prefixes { query: String::new(), passage: String::new() });
    let e5 = manifest("multilingual-e5-base", &ImportOptions::default());
    assert_eq!((e5.prefixes.query.as_str(), e5.prefixes.passage.as_str()), ("query: ", "passage: "));
    assert_ne!(plain.id(), e5.id());
    assert_eq!(manifest("fake5", &ImportOptions::default()).prefixes, plain.prefixes);
    tiny::write_json(
        folder,
        "config_sentence_transformers.json",
        &json!({"prompts": {"query": "q: ", "document": "d: "}}),
    );
    tiny::write_json(folder, "sentence_bert_config.json", &json!({"max_seq_length": 20}));
    tiny::write_json(folder, "1_Pooling/config.json", &json!({"pooling_mode_cls_token": true}));
    let stated = manifest("e5", &ImportOptions::default());
    assert_eq!((stated.pooling, stated.max_tokens), (Pooling::Cls, 20));
    assert_eq!((stated.prefixes.query.as_str(), stated.prefixes.passage.as_str()), ("q: ", "d: "));
    let options = ImportOptions {
        pooling: Some(Pooling::Mean),
        query_prefix: Some(String::new()),
        passage_prefix: Some("p: ".into()),
        max_tokens: Some(9),
    };
    let told = manifest("e5", &options);
    assert_eq!((told.pooling, told.max_tokens), (Pooling::Mean, 9));
    assert_eq!((told.prefixes.query.as_str(), told.prefixes.passage.as_str()), ("", "p: "));
}

#[test]
fn what_cannot_be_used_is_refused_with_the_mend() {
    let cases: [(&dyn Fn(&Path), &str); 14] = [
        (&|f| tiny::write_json(f, "config.json", &with("model_type", json!("distilbert"))), "distilbert"),
        (&|f| tiny::write_json(f, "config.json", &with("hidden_act", json!("relu"))), "gelu"),
        (&|f| tiny::write_json(f, "config.json", &with("position_embedding_type", json!("relative_key"))), "absolute"),
        (&|f| tiny::write_json(f, "config.json", &with("hidden_size", json!(1_u64 << 40))), "not supported"),
        (&|f| tiny::write_json(f, "config.json", &with("num_hidden_layers", json!(3))), "encoder.layer.2"),
        (&|f| tiny::write_json(f, "config.json", &with("intermediate_size", json!(96))), "shape"),
        (&|f| tiny::write_json(f, "config.json", &with("vocab_size", json!(7))), "words"),
        (&|f| fs::remove_file(f.join("config.json")).unwrap(), "config.json"),
        (&|f| fs::remove_file(f.join("tokenizer.json")).unwrap(), "tokenizer.json"),
        (&|f| fs::write(f.join("tokenizer.json"), "{}").unwrap(), "tokenizer.json"),
        (&|f| fs::remove_file(f.join("1_Pooling/config.json")).unwrap(), "--pooling"),
        (&|f| tiny::write_json(f, "modules.json", &json!([{"type": "sentence_transformers.models.Dense"}])), "Dense"),
        (
            &|f| {
                fs::remove_file(f.join("model.safetensors")).unwrap();
                fs::write(f.join("model.safetensors.index.json"), "{}").unwrap();
            },
            "several parts",
        ),
        (&|f| fs::rename(f.join("model.safetensors"), f.join("pytorch_model.bin")).unwrap(), "pytorch_model.bin"),
    ];
    for (spoil, hint) in cases {
        let here = tempfile::tempdir().unwrap();
        tiny::write_safetensors(here.path(), "bert", DType::F32, "");
        spoil(here.path());
        // What only the weights show comes out when they are decoded, before anything is kept.
        let error = read(here.path()).and_then(|found| Encoder::load(&found.bundle)).err();
        let text = error.map(|e| e.to_string()).unwrap_or_default();
        assert!(text.contains(hint), "{hint}: {text}");
    }
    for (name, hint) in [("nothing", "no folder or file"), ("a.zip", "unpack"), ("a.txt", "neither")] {
        let here = tempfile::tempdir().unwrap();
        if name != "nothing" {
            fs::write(here.path().join(name), "x").unwrap();
        }
        let text = read(&here.path().join(name)).err().map(|e| e.to_string()).unwrap_or_default();
        assert!(text.contains(hint), "{name}: {text}");
    }
}

#[test]
fn cut_or_flipped_weights_are_an_error_and_no_panic() {
    let here = tempfile::tempdir().unwrap();
    tiny::write_safetensors(here.path(), "bert", DType::F32, "");
    let other = tempfile::tempdir().unwrap();
    tiny::write_gguf(other.path(), "bert", GgmlDType::Q8_0);
    for (folder, name) in [(here.path(), "model.safetensors"), (other.path(), "tiny-q8.gguf")] {
        let whole = fs::read(folder.join(name)).unwrap();
        for end in [0, 7, 8, 100, 1_000, whole.len() / 2, whole.len() - 40] {
            fs::write(folder.join(name), &whole[..end]).unwrap();
            let error = read(folder).and_then(|found| Encoder::load(&found.bundle)).err();
            assert!(error.is_some(), "{name} cut at {end}");
        }
        for at in (0..whole.len().min(3_000)).step_by(7) {
            let mut spoilt = whole.clone();
            spoilt[at] ^= 0x55;
            fs::write(folder.join(name), &spoilt).unwrap();
            // Anything but a panic.
            let _ = read(folder).and_then(|found| Encoder::load(&found.bundle));
        }
    }
}

fn with(key: &str, value: serde_json::Value) -> serde_json::Value {
    let mut config = tiny::config("bert");
    config[key] = value;
    config
}
