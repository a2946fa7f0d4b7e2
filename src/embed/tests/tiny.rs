//! A model of two layers with made-up weights, in the folder layout of model hubs.

use std::collections::HashMap;
use std::fs;
use std::path::Path;

use candle_core::quantized::{GgmlDType, QTensor, gguf_file};
use candle_core::{DType, Device, Tensor};
use serde_json::{Value, json};

pub(crate) const HIDDEN: usize = 32;
const INNER: usize = 64;
const LAYERS: usize = 2;
const POSITIONS: usize = 48;
const WORDS: &[&str] = &[
    "[CLS]", "[PAD]", "[SEP]", "[UNK]", "das", "bürger", "buerger", "burger", "##amt", "amt", "hat", "offen", "ge",
    "##offnet", "hund", "leine", "kostet", "drei", "euro", "the", "office", "is", "open", "a", "b", "c", ".", "?",
    "##s", "##n",
];

pub(crate) type Tensors = HashMap<String, Tensor>;

/// `kind`: `bert` or `xlm-roberta`.
pub(crate) fn config(kind: &str) -> Value {
    json!({
        "model_type": kind, "hidden_size": HIDDEN, "num_hidden_layers": LAYERS, "num_attention_heads": 2,
        "intermediate_size": INNER, "max_position_embeddings": POSITIONS, "type_vocab_size": types(kind),
        "layer_norm_eps": 1e-5, "hidden_act": "gelu", "pad_token_id": 1, "position_embedding_type": "absolute",
        "vocab_size": WORDS.len(), "hidden_dropout_prob": 0.0, "attention_probs_dropout_prob": 0.0, "initializer_range": 0.02,
    })
}

fn types(kind: &str) -> usize {
    if kind == "bert" { 2 } else { 1 }
}

/// The weights by the names of the hubs, the same on every machine.
pub(crate) fn tensors(kind: &str) -> Tensors {
    let mut seed = 7_u64;
    let mut number = || {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (seed >> 40) as f32 / (1_u64 << 23) as f32 - 1.0
    };
    let mut tensors = HashMap::new();
    let mut add = |name: String, shape: &[usize], centre: f32, spread: f32| {
        let count = shape.iter().product();
        let numbers: Vec<f32> = (0..count).map(|_| centre + spread * number()).collect();
        tensors.insert(name, Tensor::from_vec(numbers, shape, &Device::Cpu).unwrap());
    };
    add("embeddings.word_embeddings.weight".into(), &[WORDS.len(), HIDDEN], 0.0, 1.0);
    add("embeddings.position_embeddings.weight".into(), &[POSITIONS, HIDDEN], 0.0, 0.5);
    add("embeddings.token_type_embeddings.weight".into(), &[types(kind), HIDDEN], 0.0, 0.5);
    let mut norms = vec!["embeddings.LayerNorm".to_owned()];
    for layer in 0..LAYERS {
        let name = |part: &str| format!("encoder.layer.{layer}.{part}");
        for part in ["attention.self.query", "attention.self.key", "attention.self.value", "attention.output.dense"] {
            add(format!("{}.weight", name(part)), &[HIDDEN, HIDDEN], 0.0, 0.3);
            add(format!("{}.bias", name(part)), &[HIDDEN], 0.0, 0.1);
        }
        for (part, rows, columns) in [("intermediate.dense", INNER, HIDDEN), ("output.dense", HIDDEN, INNER)] {
            add(format!("{}.weight", name(part)), &[rows, columns], 0.0, 0.3);
            add(format!("{}.bias", name(part)), &[rows], 0.0, 0.1);
        }
        norms.extend([name("attention.output.LayerNorm"), name("output.LayerNorm")]);
    }
    for norm in norms {
        add(format!("{norm}.weight"), &[HIDDEN], 1.0, 0.2);
        add(format!("{norm}.bias"), &[HIDDEN], 0.0, 0.2);
    }
    tensors
}

fn tokenizer() -> Value {
    let vocabulary: serde_json::Map<String, Value> =
        WORDS.iter().enumerate().map(|(id, word)| ((*word).to_owned(), json!(id))).collect();
    let mark = |id: usize| json!({"id": id, "content": WORDS[id], "single_word": false, "lstrip": false, "rstrip": false, "normalized": false, "special": true});
    json!({
        // The file asks for cutting and filling up; neither may happen.
        "version": "1.0", "truncation": {"direction": "Right", "max_length": 4, "strategy": "LongestFirst", "stride": 0},
        "padding": {"strategy": {"Fixed": 40}, "direction": "Right", "pad_to_multiple_of": null, "pad_id": 1, "pad_type_id": 0, "pad_token": "[PAD]"},
        "added_tokens": [mark(0), mark(1), mark(2), mark(3)],
        "normalizer": {"type": "BertNormalizer", "clean_text": true, "handle_chinese_chars": true, "strip_accents": null, "lowercase": true},
        "pre_tokenizer": {"type": "BertPreTokenizer"},
        "post_processor": {"type": "BertProcessing", "sep": ["[SEP]", 2], "cls": ["[CLS]", 0]},
        "decoder": null,
        "model": {"type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "##", "max_input_chars_per_word": 100, "vocab": vocabulary},
    })
}

pub(crate) fn write_json(folder: &Path, name: &str, value: &Value) {
    let path = folder.join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, value.to_string()).unwrap();
}

/// Everything but the weights: configuration, tokenizer, pooling.
pub(crate) fn write_rest(folder: &Path, kind: &str) {
    write_json(folder, "config.json", &config(kind));
    write_json(folder, "tokenizer.json", &tokenizer());
    write_json(
        folder,
        "1_Pooling/config.json",
        &json!({"pooling_mode_mean_tokens": true, "pooling_mode_cls_token": false}),
    );
}

/// A whole model. `prefix` stands before each name.
pub(crate) fn write_safetensors(folder: &Path, kind: &str, dtype: DType, prefix: &str) {
    write_rest(folder, kind);
    let named: Tensors = tensors(kind)
        .into_iter()
        .map(|(name, tensor)| (format!("{prefix}{name}"), tensor.to_dtype(dtype).unwrap()))
        .collect();
    candle_core::safetensors::save(&named, folder.join("model.safetensors")).unwrap();
}

/// A model as llama.cpp writes it: short names, sizes in the file, positions from the first token on.
pub(crate) fn write_gguf(folder: &Path, kind: &str, words: GgmlDType) {
    write_rest(folder, kind);
    let first = if kind == "bert" { 0 } else { 2 };
    let parts = [
        ("embeddings.word_embeddings", "token_embd"),
        ("embeddings.position_embeddings", "position_embd"),
        ("embeddings.token_type_embeddings", "token_types"),
        ("embeddings.LayerNorm", "token_embd_norm"),
        ("encoder.layer.", "blk."),
        ("attention.self.query", "attn_q"),
        ("attention.self.key", "attn_k"),
        ("attention.self.value", "attn_v"),
        ("attention.output.dense", "attn_output"),
        ("attention.output.LayerNorm", "attn_output_norm"),
        ("intermediate.dense", "ffn_up"),
        ("output.dense", "ffn_down"),
        ("output.LayerNorm", "layer_output_norm"),
    ];
    let named: Vec<(String, QTensor)> = tensors(kind)
        .into_iter()
        .map(|(name, tensor)| {
            let tensor =
                if name.contains("position") { tensor.narrow(0, first, POSITIONS - first).unwrap() } else { tensor };
            let dtype = if name.contains("word_embeddings") { words } else { GgmlDType::F32 };
            let short = parts.iter().fold(name, |name, (long, short)| name.replace(long, short));
            // A part of a tensor still has all of it behind it, which quantising takes for its own.
            let numbers: Vec<f32> = tensor.flatten_all().unwrap().to_vec1().unwrap();
            let tensor = Tensor::from_vec(numbers, tensor.dims(), &Device::Cpu).unwrap();
            (short, QTensor::quantize(&tensor, dtype).unwrap())
        })
        .collect();
    let number = |n: usize| gguf_file::Value::U32(u32::try_from(n).unwrap());
    let metadata = [
        ("general.architecture", gguf_file::Value::String("bert".into())),
        ("bert.block_count", number(LAYERS)),
        ("bert.embedding_length", number(HIDDEN)),
        ("bert.feed_forward_length", number(INNER)),
        ("bert.attention.head_count", number(2)),
        ("bert.context_length", number(POSITIONS - first)),
        ("bert.attention.layer_norm_epsilon", gguf_file::Value::F32(1e-5)),
        ("bert.pooling_type", number(1)),
    ];
    let metadata: Vec<_> = metadata.iter().map(|(name, value)| (*name, value)).collect();
    let tensors: Vec<_> = named.iter().map(|(name, tensor)| (name.as_str(), tensor)).collect();
    let mut file = fs::File::create(folder.join("tiny-q8.gguf")).unwrap();
    gguf_file::write(&mut file, &metadata, &tensors).unwrap();
}

/// A whole BERT model in f32.
pub(crate) fn write_bert(folder: &Path) {
    write_safetensors(folder, "bert", DType::F32, "");
}
