//! A model of others becomes one of ours: the files of a folder as model hubs offer them, read, checked, and given the
//! manifest they lack. Nothing is written here and no weight is computed with.
//!
//! What shapes a vector besides the weights (pooling, prefixes, length) is taken from the files that say it, else from
//! the options, never guessed: a wrong guess gives vectors that look right and find nothing.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use super::bundle::{Bundle, CONFIG_FILE, config_malformed, hex, read};
use super::error::{EmbedError, Result};
use super::foreign::{Foreign, TOKENIZER_FILE};
use super::geometry::ModelConfig;
use super::manifest::{MANIFEST_FILE, Manifest, Normalise, Pooling, Prefixes};
use super::weights::{GGUF_FILE, SAFETENSORS_FILE, Weights};

/// Tokens of a text that are read unless the model says fewer: passages are shorter.
const TOKENS_DEFAULT: usize = 512;
/// Largest of the small files that are looked into.
const JSON_BYTES_MAX: u64 = 8 << 20;
const TOKENIZER_BYTES_MAX: usize = 128 << 20;
const LICENCES: [&str; 6] = ["LICENSE", "LICENSE.txt", "LICENSE.md", "LICENCE", "LICENCE.txt", "NOTICE"];

/// What the files do not say, or say wrongly.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ImportOptions {
    pub pooling: Option<Pooling>,
    pub query_prefix: Option<String>,
    pub passage_prefix: Option<String>,
    /// Longest text in tokens.
    pub max_tokens: Option<usize>,
}

/// A model that was found and can be read.
pub struct Imported {
    pub bundle: Bundle,
    /// Text of its licence, if the folder has one.
    pub licence: Option<String>,
}

/// The weights of a folder: where they lie, and their name in ours.
struct WeightsFile {
    path: PathBuf,
    name: &'static str,
}

impl Imported {
    /// Reads the model in a folder, or the weights file with what lies beside it. `name`: what it will be called.
    ///
    /// # Errors
    /// [`EmbedError::Unusable`] with the mend, or [`EmbedError::Malformed`] for a file that cannot be read.
    pub fn read(path: &Path, name: &str, options: &ImportOptions) -> Result<Self> {
        let folder = if path.is_dir() { path } else { path.parent().unwrap_or(Path::new(".")) };
        let licence = licence(folder);
        if folder.join(MANIFEST_FILE).is_file() && path.is_dir() {
            let bundle = Bundle::from_dir(folder)?;
            bundle.verify()?;
            return Ok(Self { bundle, licence });
        }
        let weights = find_weights(path, folder)?;
        if !folder.join(TOKENIZER_FILE).is_file() {
            return Err(unusable(format!("{} has no tokenizer.json; put it beside the weights", folder.display())));
        }
        refuse_layers(folder)?;
        let mut files = BTreeMap::new();
        if folder.join(CONFIG_FILE).is_file() {
            files.insert(CONFIG_FILE.to_owned(), read(folder, CONFIG_FILE)?);
        } else if weights.name == SAFETENSORS_FILE {
            return Err(unusable(format!("{} has no config.json; put it beside the weights", folder.display())));
        }
        let tokenizer = read(folder, TOKENIZER_FILE)?;
        if tokenizer.len() > TOKENIZER_BYTES_MAX {
            return Err(unusable(format!("tokenizer.json is larger than {} MB", TOKENIZER_BYTES_MAX >> 20)));
        }
        files.insert(TOKENIZER_FILE.to_owned(), tokenizer);
        let (parent, file) = (weights.path.parent().unwrap_or(folder), weights.path.file_name());
        files.insert(weights.name.to_owned(), read(parent, &file.unwrap_or_default().to_string_lossy())?);
        let manifest = manifest(folder, name, options, &files)?;
        Ok(Self { bundle: Bundle::of_files(&manifest, files)?, licence })
    }
}

/// What has to stand in the manifest of these files.
fn manifest(folder: &Path, name: &str, options: &ImportOptions, files: &BTreeMap<String, Bytes>) -> Result<Manifest> {
    let config = match files.get(CONFIG_FILE) {
        Some(bytes) => Some(ModelConfig::parse(bytes).map_err(config_malformed)?),
        None => None,
    };
    let weights = match (files.get(SAFETENSORS_FILE), files.get(GGUF_FILE), &config) {
        (Some(bytes), _, Some(config)) => Weights::open_safetensors(SAFETENSORS_FILE, bytes.clone(), config)?,
        (_, Some(bytes), _) => Weights::open(GGUF_FILE, bytes.clone(), config.as_ref())?,
        _ => return Err(unusable("there are no weights".to_owned())),
    };
    let words = weights.words()?;
    if let Some(config) = config.as_ref().filter(|config| config.vocab_size != words.rows()) {
        return Err(weights.malformed(format!(
            "it has {} words, config.json says {}",
            words.rows(),
            config.vocab_size
        )));
    }
    let tokenizer = Foreign::read(files.get(TOKENIZER_FILE).map(Bytes::as_ref).unwrap_or_default())?;
    if tokenizer.vocabulary_len() > words.rows() {
        return Err(unusable(format!(
            "tokenizer.json knows {} tokens, the weights {}; they are of two models",
            tokenizer.vocabulary_len(),
            words.rows()
        )));
    }
    let stated = json(folder, "sentence_bert_config.json")["max_seq_length"].as_u64();
    let wanted = options.max_tokens.or(stated.and_then(|n| usize::try_from(n).ok())).unwrap_or(TOKENS_DEFAULT);
    let pooling = options.pooling.or_else(|| pooling_of_folder(folder)).or_else(|| weights.stated_pooling());
    let pooling = pooling.ok_or_else(|| {
        unusable(
            "the files do not say how token vectors become one (1_Pooling/config.json); say `--pooling mean` or \
             `--pooling cls` as the model's description does"
                .to_owned(),
        )
    })?;
    Ok(Manifest {
        name: name.to_owned(),
        dimensions: weights.geometry.hidden,
        max_tokens: wanted.clamp(3, weights.geometry.positions),
        pooling,
        normalise: Normalise::L2,
        licence: String::new(),
        languages: Vec::new(),
        prefixes: prefixes(folder, name, options),
        files: files.iter().map(|(name, content)| (name.clone(), hex(&Sha256::digest(content)))).collect(),
        cross_encoder: None,
        query_encoder: None,
        sources: Vec::new(),
    })
}

fn find_weights(path: &Path, folder: &Path) -> Result<WeightsFile> {
    let is = |path: &Path, end: &str| path.extension().is_some_and(|e| e.eq_ignore_ascii_case(end));
    if path.is_file() {
        return match path {
            _ if is(path, "gguf") => Ok(WeightsFile { path: path.to_owned(), name: GGUF_FILE }),
            _ if is(path, "safetensors") => Ok(WeightsFile { path: path.to_owned(), name: SAFETENSORS_FILE }),
            _ if is(path, "zip") || is(path, "gz") || is(path, "tar") => {
                Err(unusable(format!("{} is packed; unpack it and name the folder", path.display())))
            }
            _ => Err(unusable(format!("{} is neither .gguf nor .safetensors", path.display()))),
        };
    }
    if !path.is_dir() {
        return Err(unusable(format!("there is no folder or file {}", path.display())));
    }
    let safetensors = folder.join(SAFETENSORS_FILE);
    if safetensors.is_file() {
        return Ok(WeightsFile { path: safetensors, name: SAFETENSORS_FILE });
    }
    let listed = fs::read_dir(folder).map_err(|e| unusable(format!("{} cannot be read: {e}", folder.display())))?;
    let mut found: Vec<PathBuf> = listed.flatten().map(|entry| entry.path()).filter(|path| is(path, "gguf")).collect();
    found.sort();
    match found.as_slice() {
        [one] => Ok(WeightsFile { path: one.clone(), name: GGUF_FILE }),
        [_, _, ..] => Err(unusable(format!("{} has several .gguf files; name the one you want", folder.display()))),
        [] if folder.join("model.safetensors.index.json").is_file() => Err(unusable(
            "its weights are in several parts (model.safetensors.index.json); join them into one model.safetensors"
                .to_owned(),
        )),
        [] if folder.join("pytorch_model.bin").is_file() => Err(unusable(
            "its weights are a pytorch_model.bin, which is a program; convert it to model.safetensors".to_owned(),
        )),
        [] => Err(unusable(format!("{} has neither model.safetensors nor a .gguf file", folder.display()))),
    }
}

/// Sentence models list their parts; those behind pooling change the vector and cannot be computed here.
fn refuse_layers(folder: &Path) -> Result<()> {
    let parts = json(folder, "modules.json");
    let kinds = parts.as_array().into_iter().flatten().filter_map(|part| part["type"].as_str());
    let known = ["Transformer", "Pooling", "Normalize"];
    match kinds.filter_map(|kind| kind.rsplit('.').next()).find(|kind| !known.contains(kind)) {
        Some(kind) => Err(unusable(format!(
            "it has a part \"{kind}\" behind the encoder (modules.json), which cannot be computed"
        ))),
        None => Ok(()),
    }
}

fn pooling_of_folder(folder: &Path) -> Option<Pooling> {
    let config = json(folder, "1_Pooling/config.json");
    let is = |key: &str| config[key].as_bool().unwrap_or(false);
    match (is("pooling_mode_mean_tokens"), is("pooling_mode_cls_token")) {
        (true, false) => Some(Pooling::Mean),
        (false, true) => Some(Pooling::Cls),
        // Both at once makes vectors of twice the length; others are not known.
        _ => None,
    }
}

fn prefixes(folder: &Path, name: &str, options: &ImportOptions) -> Prefixes {
    let config = json(folder, "config_sentence_transformers.json");
    let prompt =
        |names: [&str; 2]| names.into_iter().find_map(|name| config["prompts"][name].as_str()).map(str::to_owned);
    // Models of this family were trained with these words before each text, and their files do not say so.
    let own_name = json(folder, CONFIG_FILE)["_name_or_path"].as_str().unwrap_or_default().to_owned();
    let folder_name = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let is_e5 = [name, &own_name, &folder_name].into_iter().any(|name| {
        let name = name.to_ascii_lowercase();
        name.split(|c: char| !c.is_alphanumeric()).any(|part| part == "e5") && !name.contains("instruct")
    });
    let usual = |text: &str| if is_e5 { text.to_owned() } else { String::new() };
    Prefixes {
        query: options
            .query_prefix
            .clone()
            .or_else(|| prompt(["query", "search_query"]))
            .unwrap_or_else(|| usual("query: ")),
        passage: options
            .passage_prefix
            .clone()
            .or_else(|| prompt(["passage", "document"]))
            .unwrap_or_else(|| usual("passage: ")),
    }
}

/// A small JSON file; `null` when it is missing, too large or no JSON: none of them has to be there.
fn json(folder: &Path, name: &str) -> Value {
    let path = folder.join(name);
    let is_small = fs::metadata(&path).is_ok_and(|meta| meta.is_file() && meta.len() <= JSON_BYTES_MAX);
    let text = if is_small { fs::read(path).ok() } else { None };
    text.and_then(|text| serde_json::from_slice(&text).ok()).unwrap_or_default()
}

fn licence(folder: &Path) -> Option<String> {
    LICENCES.iter().map(|name| folder.join(name)).find_map(|path| {
        let is_small = fs::metadata(&path).is_ok_and(|meta| meta.is_file() && meta.len() <= JSON_BYTES_MAX);
        if is_small { fs::read_to_string(path).ok() } else { None }
    })
}

fn unusable(reason: String) -> EmbedError {
    EmbedError::Unusable(reason)
}
