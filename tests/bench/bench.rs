//! Measures speed, memory and size; `tests/bench/run` builds and runs it. Figures go to standard output, one JSON line
//! and one table row per measure; `assets/handbook/performance.md` holds those of a finished run.
//!
//! Nothing here asserts on a clock. Every stage runs in a process of its own, so that memory is told apart.
//!
//! `bench [--folder DIR] [STAGE…]`: stages `town embed search start`, all by default. With `--folder` what was built is
//! kept there and used again. `DIALOGENGINE_BARE` may name a program built without a model, which is measured beside;
//! `DIALOGENGINE_PROGRAM` another program than the one just built, such as one of `packaging/build`.

mod corpus;
mod embed;
mod http;
mod search;
mod start;
mod timing;
mod town;

use std::path::{Path, PathBuf};
use std::process::Command;

const STAGES: [&str; 4] = ["town", "embed", "search", "start"];
const SIZES: [u64; 2] = [10_000, 100_000];

fn main() -> anyhow::Result<()> {
    // cargo bench adds the flag.
    let mut words = std::env::args().skip(1).filter(|a| a != "--bench");
    let (mut folder, mut stages) = (None, Vec::new());
    while let Some(word) = words.next() {
        match word.as_str() {
            "--part" => return part(&words.collect::<Vec<_>>()),
            "--folder" => folder = words.next().map(PathBuf::from),
            stage if STAGES.contains(&stage) => stages.push(stage.to_owned()),
            other => anyhow::bail!("no stage is called {other}; there are {STAGES:?}"),
        }
    }
    let temporary = tempfile::tempdir()?;
    // Children work in other folders.
    let folder = std::path::absolute(folder.unwrap_or_else(|| temporary.path().to_owned()))?;
    for stage in STAGES.iter().filter(|s| stages.is_empty() || stages.iter().any(|wanted| wanted == *s)) {
        run(stage, &folder)?;
    }
    Ok(())
}

fn run(stage: &str, folder: &Path) -> anyhow::Result<()> {
    let town = folder.join("town");
    let sized = |size: u64| folder.join(size.to_string());
    match stage {
        "town" => {
            prepared(&["read"], &town)?;
            child(&["ask"], &town, &[])?;
        }
        "embed" => {
            child(&["rates"], folder, &[("RAYON_NUM_THREADS", "1")])?;
            child(&["questions"], folder, &[])?;
        }
        "search" => {
            for size in SIZES {
                prepared(&["prepare", &size.to_string()], &sized(size))?;
                child(&["search"], &sized(size), &[])?;
            }
        }
        "start" => {
            child(&["size"], folder, &[])?;
            prepared(&["read"], &town)?;
            child(&["start", "town"], &town, &[])?;
            for size in SIZES {
                prepared(&["prepare", &size.to_string()], &sized(size))?;
                child(&["start", &format!("{size} chunks")], &sized(size), &[])?;
            }
            if let Ok(bare) = std::env::var("DIALOGENGINE_BARE") {
                // A program without a model builds its indexes anew: this folder is of no use to others afterwards.
                let copy = folder.join("bare");
                if !copy.exists() {
                    std::fs::create_dir_all(&copy)?;
                    std::fs::copy(town.join("store.redb"), copy.join("store.redb"))?;
                }
                child(&["start", "town, built without a model", &bare], &copy, &[])?;
            }
        }
        other => anyhow::bail!("no stage {other}"),
    }
    Ok(())
}

/// Builds a folder unless it is there.
fn prepared(words: &[&str], dir: &Path) -> anyhow::Result<()> {
    if dir.join("built").exists() {
        return Ok(());
    }
    child(words, dir, &[])?;
    Ok(std::fs::write(dir.join("built"), "")?)
}

fn child(words: &[&str], dir: &Path, environment: &[(&str, &str)]) -> anyhow::Result<()> {
    let status = Command::new(std::env::current_exe()?)
        .arg("--part")
        .args(words)
        .arg(dir)
        .envs(environment.iter().copied())
        .status()?;
    anyhow::ensure!(status.success(), "{words:?} failed");
    Ok(())
}

/// One stage's work: `NAME … DIR`.
fn part(words: &[String]) -> anyhow::Result<()> {
    let program =
        std::env::var("DIALOGENGINE_PROGRAM").unwrap_or_else(|_| env!("CARGO_BIN_EXE_dialogengine").to_owned());
    let program = Path::new(&program);
    let runtime = || tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["read", dir] => runtime()?.block_on(town::read(Path::new(dir))),
        ["ask", dir] => town::ask(program, Path::new(dir)),
        ["rates", _] => embed::rates(),
        ["questions", _] => runtime()?.block_on(embed::questions()),
        ["prepare", size, dir] => runtime()?.block_on(search::prepare(Path::new(dir), size.parse()?)),
        ["search", dir] => search::measure(Path::new(dir)),
        ["size", _] => start::size(program),
        ["start", case, dir] => start::measure(program, Path::new(dir), case),
        ["start", case, other, dir] => start::measure(Path::new(other), Path::new(dir), case),
        other => anyhow::bail!("no part {other:?}"),
    }
}
