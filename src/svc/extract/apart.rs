//! Files of foreign programs are read by another process: a parser that loops, eats memory or breaks takes itself down and
//! nothing else. The other process is this program again, under limits of its own.

use std::io::{Read as _, Write as _};
use std::path::PathBuf;
use std::process::{Command, ExitCode, Stdio};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::sync::{Condvar, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use rustix::process::{Resource, Rlimit, setrlimit};
use serde::{Deserialize, Serialize};

use super::{Extracted, Input, RejectCode, Rejected, extract_here};

/// The first argument that makes this program read one file and end.
pub const VERB: &str = "extract-apart";
/// Address space of the other process in bytes: the program maps itself, a big PDF needs some hundred megabytes.
const MEMORY_MAX: u64 = 2 * 1024 * 1024 * 1024;
/// Processor time of the other process in seconds.
const SECONDS_MAX: u64 = 60;
/// What may come back, in bytes.
const ANSWER_BYTES_MAX: u64 = 64 * 1024 * 1024;

static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
/// So many files are read at once: each may use [`MEMORY_MAX`].
const AT_ONCE: usize = 2;
/// Time in which a file must be read, waiting included.
const DEADLINE: Duration = Duration::from_secs(180);

static SLOTS: Slots = Slots { free: Mutex::new(AT_ONCE), changed: Condvar::new() };

/// Names the program that understands [`VERB`]. Without one (in unit tests, as a library) files are read here.
pub fn use_program(path: PathBuf) {
    let _ = PROGRAM.set(path);
}

#[derive(Serialize, Deserialize)]
struct Task {
    content_type: Option<String>,
    path_or_url: String,
}

/// Reads a file in another process.
///
/// # Errors
/// What the reader says; `Damaged` when it needed too much or broke.
pub(super) fn extract(input: Input<'_>) -> Result<Extracted, Rejected> {
    let Some(program) = PROGRAM.get() else { return extract_here(input) };
    let _slot = SLOTS.take();
    let broke = |what: &str| {
        tracing::warn!(file = input.path_or_url, what, "a file could not be read");
        Rejected::new(
            RejectCode::Damaged,
            format!(
                "the file cannot be read ({what}): save it again with a current program, or publish its content as a page"
            ),
        )
    };
    let task = Task { content_type: input.content_type.map(str::to_owned), path_or_url: input.path_or_url.to_owned() };
    let task = serde_json::to_string(&task).map_err(|error| broke(&error.to_string()))?;
    let mut command = Command::new(program);
    command.arg(VERB).arg(task).env_clear();
    #[cfg(feature = "failpoints")]
    command.envs(std::env::vars_os().filter(|(name, _)| name == "FAILPOINTS"));
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = command.spawn().map_err(|error| broke(&format!("no process for it: {error}")))?;
    let (stdin, stdout) = (child.stdin.take(), child.stdout.take());
    let mut answer = Vec::new();
    let (done, waiting) = channel::<()>();
    let mut is_late = false;
    let deadline = deadline(input.path_or_url);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            // A reader that has seen enough closes its end: what it says counts, not that.
            let _ = stdin.map(|mut stdin| stdin.write_all(input.bytes));
        });
        scope.spawn(|| {
            let _ = stdout.map(|stdout| stdout.take(ANSWER_BYTES_MAX).read_to_end(&mut answer));
            drop(done);
        });
        is_late = waiting.recv_timeout(deadline) == Err(RecvTimeoutError::Timeout);
        if is_late {
            let _ = child.kill();
        }
    });
    let is_endless = answer.len() as u64 >= ANSWER_BYTES_MAX;
    if is_endless {
        let _ = child.kill();
    }
    let ended = child.wait().map_err(|error| broke(&error.to_string()))?;
    if is_endless {
        return Err(broke("it unpacks to too much text"));
    }
    if is_late {
        return Err(broke(&format!("it takes longer than {} seconds", deadline.as_secs())));
    }
    match serde_json::from_slice::<Result<Extracted, Rejected>>(&answer) {
        Ok(result) if ended.success() => result,
        _ => Err(broke(&why(ended))),
    }
}

/// A counting semaphore: the work runs on threads that may block.
struct Slots {
    free: Mutex<usize>,
    changed: Condvar,
}

struct Slot;

impl Slots {
    fn take(&self) -> Slot {
        let free = self.free.lock().unwrap_or_else(PoisonError::into_inner);
        let mut free = self.changed.wait_while(free, |free| *free == 0).unwrap_or_else(PoisonError::into_inner);
        *free -= 1;
        Slot
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        *SLOTS.free.lock().unwrap_or_else(PoisonError::into_inner) += 1;
        SLOTS.changed.notify_one();
    }
}

fn why(ended: std::process::ExitStatus) -> String {
    use std::os::unix::process::ExitStatusExt as _;
    match ended.signal() {
        // SIGXCPU, and SIGKILL when that was not heeded.
        Some(24) => format!("it takes more than {} seconds of computing", seconds()),
        // An allocation that fails aborts; a system without memory kills.
        Some(6 | 9) => format!("it needs more than {} MB of memory, or the reader broke", MEMORY_MAX / 1_048_576),
        _ => "the reader broke".to_owned(),
    }
}

/// The other side: reads one file from standard input under limits and says what is in it.
#[must_use]
pub fn serve(task: Option<&str>) -> ExitCode {
    let limit = |most| Rlimit { current: Some(most), maximum: Some(most) };
    let _ = setrlimit(Resource::As, limit(MEMORY_MAX));
    // Where both are equal the kernel kills at once, and nobody learns why.
    let _ = setrlimit(Resource::Cpu, Rlimit { current: Some(seconds()), maximum: Some(seconds() + 5) });
    // No file is written and no core is left behind.
    let _ = setrlimit(Resource::Fsize, limit(0));
    let _ = setrlimit(Resource::Core, limit(0));
    let Some(task) = task.and_then(|task| serde_json::from_str::<Task>(task).ok()) else { return ExitCode::from(2) };
    let mut bytes = Vec::new();
    if std::io::stdin().lock().read_to_end(&mut bytes).is_err() {
        return ExitCode::from(1);
    }
    // Deeply nested files need a deep stack; the main thread's is whatever the system gives.
    let work = std::thread::Builder::new().stack_size(STACK_BYTES).spawn(move || {
        fail::fail_point!("apart-hang", hangs(&task.path_or_url), |how| hang(how.as_deref()));
        let input = Input { bytes: &bytes, content_type: task.content_type.as_deref(), path_or_url: &task.path_or_url };
        serde_json::to_vec(&extract_here(input))
    });
    match work.map(std::thread::JoinHandle::join) {
        Ok(Ok(Ok(answer))) if std::io::stdout().lock().write_all(&answer).is_ok() => ExitCode::SUCCESS,
        _ => ExitCode::from(1),
    }
}

/// Processor time of the other process; tests shorten it.
fn seconds() -> u64 {
    fail::fail_point!("apart-seconds", |text| text.and_then(|text| text.parse().ok()).unwrap_or(SECONDS_MAX));
    SECONDS_MAX
}

/// Time a file may take; tests shorten it for one file.
#[cfg_attr(not(feature = "failpoints"), allow(unused_variables))]
fn deadline(path: &str) -> Duration {
    fail::fail_point!("apart-deadline", hangs(path), |_| Duration::from_secs(1));
    DEADLINE
}

/// The file that hangs in tests.
#[cfg(feature = "failpoints")]
fn hangs(path: &str) -> bool {
    path.contains("hangs")
}

#[cfg(feature = "failpoints")]
fn hang(how: Option<&str>) -> serde_json::Result<Vec<u8>> {
    loop {
        if how == Some("sleeping") {
            std::thread::sleep(DEADLINE);
        }
        std::hint::spin_loop();
    }
}

const STACK_BYTES: usize = 64 * 1024 * 1024;
