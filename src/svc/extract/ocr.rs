//! The one place where text recognition may be plugged in: a command of the operator's choice that gets the path of a scanned PDF or
//! a picture and prints the text in it, pages parted by form feeds. Off by default; without it such files say that they hold no text.
//!
//! The command is started without a shell, in a private folder that is removed afterwards, with a limit on time and output.

use std::io::Read as _;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process_group};

use super::assemble::{Event, assemble};
use super::{Block, Extracted, Input, RejectCode, Rejected, Report, Warning, text};
use crate::base::fsx;
use crate::base::secret::random_token;

/// Bytes a command may print.
const OUTPUT_BYTES_MAX: u64 = 16 * 1024 * 1024;
/// What stands for the file's path among the arguments.
const PLACE: &str = "{file}";

/// Between two looks at whether the command has ended.
const PAUSE: Duration = Duration::from_millis(20);

static COMMAND: OnceLock<Recognition> = OnceLock::new();
/// Recognising text takes all there is of a machine: one file after the other.
static TURN: Mutex<()> = Mutex::new(());

struct Recognition {
    program: String,
    arguments: Vec<String>,
    time: Duration,
}

/// Switches recognition on: program and arguments, and how long one file may take. An empty list leaves it off.
pub fn use_command(command: &[String], time: Duration) {
    if let Some((program, arguments)) = command.split_first() {
        let mut arguments = arguments.to_vec();
        if !arguments.iter().any(|argument| argument.contains(PLACE)) {
            arguments.push(PLACE.to_owned());
        }
        let _ = COMMAND.set(Recognition { program: program.clone(), arguments, time });
    }
}

/// Whether pictures are read at all.
pub(super) fn is_on() -> bool {
    COMMAND.get().is_some()
}

/// Reads a picture.
///
/// # Errors
/// `Empty` when there is no text in it, `Damaged` when the command fails.
pub(super) fn picture(input: Input<'_>, ending: &str) -> Result<Extracted, Rejected> {
    let pages = recognise(input.bytes, ending).map_err(|why| Rejected::new(RejectCode::Damaged, why))?;
    document(&pages, None).ok_or_else(|| {
        Rejected::new(RejectCode::Empty, "no text was recognised in the picture: publish what it shows as a page")
    })
}

/// Adds what a PDF's reader could not see: all of a PDF without a text layer, or its pages without one.
///
/// # Errors
/// The reader's own, with what the command said when it failed too.
pub(super) fn complete(input: Input<'_>, read: Result<Extracted, Rejected>) -> Result<Extracted, Rejected> {
    let missing = match &read {
        Ok(found) => found.report.pages_without_text.clone(),
        Err(refused) if refused.code == RejectCode::Empty => Vec::new(),
        Err(_) => return read,
    };
    if !is_on() || (read.is_ok() && missing.is_empty()) {
        return read;
    }
    match (recognise(input.bytes, "pdf"), read) {
        (Ok(pages), Err(refused)) => document(&pages, Some(pages.len())).ok_or(refused),
        (Err(why), Err(refused)) => Err(Rejected::new(refused.code, format!("{}; {why}", refused.reason))),
        (Ok(pages), Ok(mut found)) => {
            // Without a form feed for each page nobody knows which text belongs to which.
            let fits = found.report.pages.is_some_and(|count| count as usize <= pages.len());
            if let Some(more) = document(&pages, None).filter(|_| fits) {
                let is_missing = |number: usize| missing.iter().any(|page| *page as usize == number);
                let german = is_german(&found.to_text());
                let events = events(&pages, german, &is_missing);
                if !events.is_empty() {
                    found.sections.extend(assemble(events, &found.title));
                    found.warnings.extend(more.warnings);
                }
            }
            Ok(found)
        }
        (Err(why), Ok(mut found)) => {
            found.warnings.push(Warning::new("recognition_failed", why));
            Ok(found)
        }
    }
}

/// A document of recognised pages; `None` when there is no text in them.
fn document(pages: &[String], count: Option<usize>) -> Option<Extracted> {
    let events = events(pages, is_german(&pages.join(" ")), &|_| true);
    let first = events.iter().find_map(|event| match event {
        Event::Block(Block::Paragraph { text }) => Some(text.clone()),
        _ => None,
    })?;
    let title = if (4..=120).contains(&first.chars().count()) { first } else { String::new() };
    Some(Extracted {
        sections: assemble(events, &title),
        title,
        warnings: vec![Warning::new("recognised", "text was recognised in pictures (OCR): it may hold mistakes")],
        report: Report { pages: count.and_then(|count| u32::try_from(count).ok()), ..Report::default() },
        ..Extracted::default()
    })
}

fn is_german(text: &str) -> bool {
    whichlang::detect_language(text) == whichlang::Lang::Deu
}

fn events(pages: &[String], german: bool, wanted: &dyn Fn(usize) -> bool) -> Vec<Event> {
    let mut events = Vec::new();
    for (number, page) in (1..).zip(pages).filter(|(number, _)| wanted(*number)) {
        let parts: Vec<String> = page.split("\n\n").map(text::squash).filter(|part| !part.is_empty()).collect();
        if parts.is_empty() {
            continue;
        }
        if pages.len() > 1 {
            events.push(Event::Heading(1, if german { format!("Seite {number}") } else { format!("Page {number}") }));
        }
        events.extend(parts.into_iter().map(|text| Event::Block(Block::Paragraph { text })));
    }
    events
}

/// Runs the command on a file of these bytes: the pages it prints, or a sentence on why there are none.
fn recognise(bytes: &[u8], ending: &str) -> Result<Vec<String>, String> {
    let Some(recognition) = COMMAND.get() else { return Err("text recognition is off".to_owned()) };
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    let folder = Folder::new().map_err(|error| format!("no folder for text recognition: {error}"))?;
    let file = folder.0.join(format!("file.{ending}"));
    fsx::write_atomic(&file, bytes).map_err(|error| format!("no file for text recognition: {error}"))?;
    let printed = run(recognition, &folder.0, &file).map_err(|why| {
        tracing::warn!(program = recognition.program, why, "text recognition failed");
        format!("the command of [extract] ocr_command {why}")
    })?;
    let text = String::from_utf8_lossy(&printed).replace("\r\n", "\n");
    let mut pages: Vec<String> = text.split('\u{c}').map(str::to_owned).collect();
    // Some write the form feed between pages, some after each.
    if pages.last().is_some_and(|last| last.trim().is_empty()) {
        pages.pop();
    }
    Ok(pages)
}

fn run(recognition: &Recognition, folder: &Path, file: &Path) -> Result<Vec<u8>, String> {
    let path = file.display().to_string();
    let mut command = Command::new(&recognition.program);
    command.args(recognition.arguments.iter().map(|argument| argument.replace(PLACE, &path)));
    command.current_dir(folder).env_clear().env("TMPDIR", folder).env("LC_ALL", "C.UTF-8");
    command.envs(std::env::vars_os().filter(|(name, _)| name == "PATH" || name == "TESSDATA_PREFIX"));
    // A group of its own: what the command starts ends with it.
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()).process_group(0);
    let mut child = command.spawn().map_err(|error| format!("cannot be started: {error}"))?;
    let group = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
    let stop = || {
        if let Some(group) = group {
            let _ = kill_process_group(group, Signal::KILL);
        }
    };
    let started = Instant::now();
    let stdout = child.stdout.take();
    let (done, waiting) = channel::<()>();
    let mut printed = Vec::new();
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let _ = stdout.map(|stdout| stdout.take(OUTPUT_BYTES_MAX).read_to_end(&mut printed));
            drop(done);
        });
        if waiting.recv_timeout(recognition.time) == Err(RecvTimeoutError::Timeout) {
            stop();
        }
    });
    // Whoever has printed enough has nothing more to say; whoever has closed its output may still be at work.
    let is_endless = printed.len() as u64 >= OUTPUT_BYTES_MAX;
    let mut is_late = false;
    let ended = loop {
        match child.try_wait() {
            Ok(Some(status)) => break Some(status),
            Ok(None) if is_endless || is_late => break child.wait().ok(),
            Ok(None) => std::thread::sleep(PAUSE),
            Err(_) => break None,
        }
        is_late = started.elapsed() >= recognition.time;
        if is_endless || is_late {
            stop();
        }
    };
    is_late |= started.elapsed() >= recognition.time;
    stop();
    match ended {
        _ if is_late => Err(format!("takes longer than {} seconds", recognition.time.as_secs())),
        _ if is_endless => Err(format!("prints more than {} MB", OUTPUT_BYTES_MAX / 1_048_576)),
        Some(status) if status.success() => Ok(printed),
        Some(status) => Err(format!("failed: {status}")),
        None => Err("was lost".to_owned()),
    }
}

/// A folder that only this user can enter, gone with the value.
struct Folder(PathBuf);

impl Folder {
    fn new() -> std::io::Result<Self> {
        let name = format!("dialogengine-{}", random_token(12));
        let path = std::env::temp_dir().join(name);
        fsx::create_private_dir(&path)?;
        Ok(Self(path))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
