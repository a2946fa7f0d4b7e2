//! Readers of foreign bytes under damaged input: none panics, none gives more than it may, and what it gives is clean text.
//!
//! Seeds stand in `tests/fuzz/seeds/READER`; a file that fails is kept there as `failed-…` and read first from then on. The runs of
//! the suite are short; `FUZZ_ROUNDS=50` makes them that many times longer, with other inputs.

mod mutate;

use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use dialogengine::svc::extract::{Block, Extracted, Input, Rejected, archive, extract};
use unicode_normalization::is_nfc;
use zip::write::{SimpleFileOptions, ZipWriter};

use crate::support::{BINARY, spawn};
use mutate::{Random, mutate};

/// Inputs of a round: readers of our own, and those that run in a process of their own.
const INPUTS: usize = 10_000;
const INPUTS_APART: usize = 400;

type Read = Result<Extracted, Rejected>;

/// Reads every seed of `reader`, then damaged ones. `read`: input to what came out; an error ends the run.
fn fuzz(reader: &str, inputs: usize, read: impl Fn(&[u8]) -> Result<(), String>) {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fuzz/seeds").join(reader);
    let mut paths: Vec<PathBuf> = std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    let seeds: Vec<Vec<u8>> = paths.iter().map(|path| std::fs::read(path).unwrap()).collect();
    assert!(!seeds.is_empty(), "{} is empty", folder.display());
    let check = |input: &[u8]| {
        if let Err(problem) = read(input) {
            let path = folder.join(format!("failed-{}", &blake3::hash(input).to_hex()[..12]));
            std::fs::write(&path, input).unwrap();
            panic!("{reader}: {problem}; the input is {}", path.display());
        }
    };
    for seed in &seeds {
        check(seed);
    }
    let rounds: u64 = std::env::var("FUZZ_ROUNDS").map_or(1, |rounds| rounds.parse().expect("FUZZ_ROUNDS is a number"));
    for round in 1..=rounds {
        let mut random = Random::new(round);
        for _ in 0..inputs {
            let (seed, other) = (&seeds[random.below(seeds.len())], &seeds[random.below(seeds.len())]);
            check(&mutate(seed, other, &mut random));
        }
    }
}

/// What holds of everything that was read.
fn is_sound(read: Read, input: &[u8]) -> Result<(), String> {
    let found = match read {
        Ok(found) => found,
        Err(refused) if refused.reason.contains("its reader broke") => return Err(refused.reason),
        Err(_) => return Ok(()),
    };
    if found.warnings.iter().any(|warning| warning.code == "facts_failed") {
        return Err("a rule for facts broke".into());
    }
    let whole = found.to_text();
    // The name of a column stands in each of its rows: a hundred times is the worst there is.
    let most = 200 * input.len() + 100_000;
    if whole.len() > most {
        return Err(format!("{} bytes of text out of {}", whole.len(), input.len()));
    }
    let blocks = found.sections.iter().flat_map(|section| &section.blocks);
    let code: Vec<&str> =
        blocks.filter_map(|b| if let Block::Code { text } = b { Some(text.as_str()) } else { None }).collect();
    // Preformatted text keeps its tabs.
    let is_odd = |c: char| c.is_control() && c != '\n' && (c != '\t' || code.is_empty());
    for text in [&whole, &found.title] {
        if let Some(odd) = text.chars().find(|c| is_odd(*c)) {
            return Err(format!("the control character {odd:?} in its text"));
        }
        if !is_nfc(text) {
            return Err("its text is not NFC".to_owned());
        }
    }
    if found.title.is_empty() || found.sections.iter().any(|section| section.blocks.is_empty()) {
        return Err("a title or a section is empty".to_owned());
    }
    Ok(())
}

fn here(bytes: &[u8], name: &str) -> Result<(), String> {
    is_sound(extract(Input { bytes, content_type: None, path_or_url: name }), bytes)
}

/// Reads as the program does with files of foreign programs.
fn apart(bytes: &[u8], name: &str) -> Result<(), String> {
    let task = serde_json::json!({"content_type": null, "path_or_url": name}).to_string();
    let mut command = Command::new(BINARY);
    command.args(["extract-apart", &task]).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = spawn(&mut command);
    let _ = child.stdin.take().unwrap().write_all(bytes);
    let ended = child.wait_with_output().unwrap();
    if !ended.status.success() {
        // A parser of others that breaks takes that process down and nothing else: that is what it is for.
        return Ok(());
    }
    let read: Read = serde_json::from_slice(&ended.stdout).map_err(|error| format!("no answer: {error}"))?;
    is_sound(read, bytes)
}

fn zip_of(parts: &[(&str, &[u8])]) -> Vec<u8> {
    let mut writer = ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, bytes) in parts {
        writer.start_file(*name, SimpleFileOptions::default()).unwrap();
        writer.write_all(bytes).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

#[test]
fn html() {
    fuzz("html", INPUTS, |bytes| here(bytes, "https://stadt.example/a.html"));
}

#[test]
fn markdown() {
    fuzz("markdown", INPUTS, |bytes| here(bytes, "a.md"));
}

#[test]
fn text() {
    fuzz("text", INPUTS, |bytes| here(bytes, "a.txt"));
}

#[test]
fn csv() {
    fuzz("csv", INPUTS, |bytes| here(bytes, "a.csv"));
}

#[test]
fn json() {
    fuzz("json", INPUTS, |bytes| here(bytes, "a.json"));
}

#[test]
fn xml() {
    fuzz("xml", INPUTS, |bytes| here(bytes, "a.xml"));
}

#[test]
fn open_document() {
    fuzz("opendocument", INPUTS, |bytes| {
        let packed = zip_of(&[
            ("mimetype", b"application/vnd.oasis.opendocument.text"),
            ("content.xml", bytes),
            ("meta.xml", bytes),
        ]);
        is_sound(extract(Input { bytes: &packed, content_type: None, path_or_url: "a.odt" }), bytes)
    });
}

#[test]
fn epub() {
    let container: &[u8] = b"<container><rootfiles><rootfile full-path='p.opf'/></rootfiles></container>";
    fuzz("epub", INPUTS, |bytes| {
        let packed = zip_of(&[("META-INF/container.xml", container), ("p.opf", bytes), ("a.xhtml", bytes)]);
        is_sound(extract(Input { bytes: &packed, content_type: None, path_or_url: "a.epub" }), bytes)
    });
}

#[test]
fn zip_archive() {
    fuzz("zip", INPUTS, |bytes| {
        let mut unpacked = 0;
        let ended = archive::each(bytes, &mut |path, file| {
            unpacked += file.map_or(0, |file| file.len());
            assert!(!path.split('/').any(|part| part == ".." || part.is_empty()), "{path}");
            true
        });
        if unpacked > 100 * bytes.len() + (16 << 20) {
            return Err(format!("{unpacked} bytes unpacked"));
        }
        match ended {
            Err(refused) if refused.reason.contains("its reader broke") => Err(refused.reason),
            _ => Ok(()),
        }
    });
}

#[test]
fn mail() {
    fuzz("mail", INPUTS, |bytes| here(bytes, "a.eml"));
}

#[test]
fn pdf() {
    fuzz("pdf", INPUTS_APART, |bytes| apart(bytes, "a.pdf"));
}

#[test]
fn office() {
    fuzz("office", INPUTS_APART, |bytes| apart(bytes, "a.docx"));
}
