//! The real program on a data folder: time until it answers, memory when nobody asks, size on disk.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::Context as _;

use super::http;
use super::timing::{Samples, memory, report};

const STARTS: usize = 7;
/// Long enough for what goes on behind `ready` to be over.
const SETTLE: Duration = Duration::from_secs(3);

/// A running server; stopped when dropped.
pub struct Serving {
    child: Child,
    /// `127.0.0.1:PORT`
    pub address: String,
    /// Until the ready line.
    pub ready: Duration,
}

impl Serving {
    /// Starts `program serve` on a folder, with rate limits that a load test does not reach.
    pub fn start(program: &Path, dir: &Path) -> anyhow::Result<Self> {
        let started = Instant::now();
        let mut child = Command::new(program)
            .args(["serve", "--offline", "--listen", "127.0.0.1:0", "--data-dir"])
            .arg(dir)
            .envs([
                ("DIALOGENGINE_LIMITS__ASK_PER_MINUTE_ADDRESS", "1000000"),
                ("DIALOGENGINE_LIMITS__ASK_PER_MINUTE_KEY", "1000000"),
            ])
            .current_dir(dir)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()?;
        let mut line = String::new();
        let out = child.stdout.take().context("no output")?;
        BufReader::new(out).read_line(&mut line)?;
        let ready = started.elapsed();
        let address = line
            .trim()
            .strip_prefix("ready http://")
            .with_context(|| format!("{} did not get ready", program.display()))?
            .to_owned();
        Ok(Self { child, address, ready })
    }

    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Waits until the model is loaded (or known to be absent).
    pub fn wait_for_model(&self) -> anyhow::Result<()> {
        while http::get(&self.address, "/healthz/ready")?.contains("loading") {
            std::thread::sleep(Duration::from_millis(5));
        }
        Ok(())
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = Command::new("kill").arg("-TERM").arg(self.child.id().to_string()).status();
        let _ = self.child.wait();
    }
}

/// Start and idle memory of `program` on `dir`.
pub fn measure(program: &Path, dir: &Path, case: &str) -> anyhow::Result<()> {
    let (mut ready, mut model) = (Samples::default(), Samples::default());
    for number in 0..=STARTS {
        let started = Instant::now();
        let serving = Serving::start(program, dir)?;
        serving.wait_for_model()?;
        // The first one warms the file cache.
        if number > 0 {
            ready.push(serving.ready);
            model.push(started.elapsed());
        }
    }
    let serving = Serving::start(program, dir)?;
    serving.wait_for_model()?;
    std::thread::sleep(SETTLE);
    let idle = memory(serving.id())?;
    report(
        "start",
        case,
        &[
            ("ready_p50_ms", ready.percentile(0.5)),
            ("ready_max_ms", ready.percentile(1.0)),
            ("model_ready_p50_ms", model.percentile(0.5)),
            ("idle_rss_mb", idle.resident),
            ("idle_own_mb", idle.own),
        ],
    );
    Ok(())
}

/// Size of the program, the compiled-in model subtracted, and both without symbols where `strip` is to be had.
pub fn size(program: &Path) -> anyhow::Result<()> {
    let models = Path::new(env!("CARGO_MANIFEST_DIR")).join("models/multilingual-e5-small");
    let weights: u64 = ["encoder.gguf", "vocabulary.bin", "manifest.toml", "cross-encoder.gguf", "query-encoder.gguf"]
        .iter()
        .map(|f| std::fs::metadata(models.join(f)).map_or(0, |m| m.len()))
        .sum();
    let mb = |bytes: u64| bytes as f64 / 1e6;
    let whole = std::fs::metadata(program)?.len();
    let mut figures = vec![("whole_mb", mb(whole)), ("without_weights_mb", mb(whole - weights))];
    let stripped: PathBuf = std::env::temp_dir().join(format!("dialogengine-stripped-{}", std::process::id()));
    if Command::new("strip").arg("-o").arg(&stripped).arg(program).status().is_ok_and(|s| s.success()) {
        let small = std::fs::metadata(&stripped)?.len();
        std::fs::remove_file(&stripped)?;
        figures.extend([("stripped_mb", mb(small)), ("stripped_without_weights_mb", mb(small - weights))]);
    }
    report("size", "static binary", &figures);
    Ok(())
}
