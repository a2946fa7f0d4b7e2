//! What the tests share: the real binary on a temporary folder, a plain HTTP client, a plain web server.
//!
//! Nothing here knows what is right; it only runs and reads. Deliberately absent: an HTTP library, so
//! that broken requests can be sent as they are.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use serde_json::Value;

pub const BINARY: &str = env!("CARGO_BIN_EXE_dialogengine");

/// Between fork and exec a child holds the file locks of this process too. Where tests are threads of one
/// process, starting a child and working on a folder in this process exclude each other.
static FORKS: RwLock<()> = RwLock::new(());

/// Starts a child while nobody has a data folder open in this process.
pub fn spawn(command: &mut Command) -> Child {
    let _gate = FORKS.read().unwrap_or_else(PoisonError::into_inner);
    command.spawn().unwrap()
}

/// Runs a child to its end and keeps what it says.
pub fn output(command: &mut Command) -> Output {
    spawn(command.stdout(Stdio::piped()).stderr(Stdio::piped())).wait_with_output().unwrap()
}

/// Works on a data folder in this process.
pub fn in_process<T>(work: impl FnOnce() -> T) -> T {
    let _gate = FORKS.write().unwrap_or_else(PoisonError::into_inner);
    work()
}

/// A data folder and a place for files, both gone with the value.
pub struct Home {
    root: tempfile::TempDir,
    pub data: PathBuf,
}

/// How a verb ended.
pub struct Ran {
    /// `None` when a signal ended it.
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

impl Home {
    pub fn new() -> Self {
        let root = tempfile::tempdir().unwrap();
        let data = root.path().join("data");
        Self { root, data }
    }

    /// With a site `stadt`.
    pub fn with_site() -> Self {
        let home = Self::new();
        home.ok(&["site", "create", "stadt"]);
        home
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.root.path().join(name)
    }

    /// Writes a file and its folders; the path as text, as the command line wants it.
    pub fn write(&self, name: &str, content: impl AsRef<[u8]>) -> String {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, content).unwrap();
        path.display().to_string()
    }

    /// The binary in the home's folder, with nothing of this machine's configuration.
    pub fn command(&self, args: &[&str]) -> Command {
        let mut command = bare(args);
        command.current_dir(self.root.path());
        command
    }

    /// A verb on the data folder with `--json`.
    pub fn verb(&self, args: &[&str]) -> Command {
        let mut command = self.command(args);
        command.arg("--json").arg("--data-dir").arg(&self.data);
        command
    }

    pub fn run(&self, args: &[&str]) -> Ran {
        Ran::of(&mut self.verb(args))
    }

    /// The result of a verb that has to succeed.
    pub fn ok(&self, args: &[&str]) -> Value {
        let ran = self.run(args);
        assert_eq!(ran.code, Some(0), "{args:?}: {}{}", ran.stdout, ran.stderr);
        ran.json()
    }

    /// The error of a verb that has to end with 1 and has to say all of `hints`.
    pub fn fails(&self, args: &[&str], code: &str, hints: &[&str]) {
        self.run(args).has_failed(code, hints);
    }

    pub fn serve(&self) -> Server {
        self.serve_with(&[])
    }

    /// A server on a free port, once it says that it is ready.
    pub fn serve_with(&self, more: &[&str]) -> Server {
        let mut args = vec!["serve", "--listen", "127.0.0.1:0"];
        args.extend(more);
        let mut command = self.command(&args);
        command.arg("--data-dir").arg(&self.data).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = spawn(&mut command);
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let address =
            line.trim().strip_prefix("ready http://").unwrap_or_else(|| panic!("no ready line: {line:?}")).to_owned();
        Server { child, address }
    }

    /// Everything the store says, one line each. No process may have the folder.
    pub fn dump(&self) -> Vec<String> {
        in_process(|| dialogengine::store::Store::open(&self.data).unwrap().dump().unwrap())
    }

    /// The knowledge of the store: its dump without jobs and counters, which change with every call.
    pub fn knowledge(&self) -> Vec<String> {
        let of = ["documents ", "document_keys ", "document_hashes ", "chunks ", "vectors ", "sources "];
        self.dump().into_iter().filter(|line| of.iter().any(|table| line.starts_with(table))).collect()
    }

    /// The indexes say what the store says.
    pub fn is_sound(&self) {
        let verified = self.ok(&["index", "verify"]);
        assert_eq!(verified["differences"], serde_json::json!([]));
    }
}

/// The binary without anything of this machine's configuration.
pub fn bare(args: &[&str]) -> Command {
    let mut command = Command::new(BINARY);
    for (name, _) in std::env::vars().filter(|(n, _)| {
        n.starts_with("DIALOGENGINE_")
            || matches!(
                n.as_str(),
                "FAILPOINTS" | "RUST_LOG" | "PORT" | "HTTP_PROXY" | "HTTPS_PROXY" | "http_proxy" | "https_proxy"
            )
    }) {
        command.env_remove(name);
    }
    command.args(args).stdin(Stdio::null());
    command
}

impl Ran {
    pub fn of(command: &mut Command) -> Self {
        Self::said(&output(command))
    }

    pub fn said(output: &Output) -> Self {
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).expect("output is UTF-8");
        Self { code: output.status.code(), stdout: text(&output.stdout), stderr: text(&output.stderr) }
    }

    /// The last line of standard output: exactly one compact JSON object.
    pub fn json(&self) -> Value {
        let last = self.stdout.lines().next_back().unwrap_or_default();
        let value: Value = serde_json::from_str(last).unwrap_or_else(|e| panic!("{e}: {last:?} {}", self.stderr));
        assert!(value.is_object(), "{last}");
        // Strings apart, a compact line has no blanks.
        let bare = last.replace("\\\\", "").replace("\\\"", "");
        assert!(
            bare.split('"').step_by(2).all(|between| !between.contains(char::is_whitespace)),
            "not compact: {last}"
        );
        value
    }

    pub fn has_failed(&self, code: &str, hints: &[&str]) {
        assert_eq!(self.code, Some(1), "{}{}", self.stdout, self.stderr);
        let error = self.json()["error"].take();
        assert_eq!(error["code"], code, "{error}");
        let detail = error["detail"].as_str().unwrap();
        for hint in hints {
            assert!(detail.contains(hint), "\"{hint}\" is missing: {detail}");
        }
    }
}

/// A running server; killed with the value.
pub struct Server {
    pub child: Child,
    pub address: String,
}

/// What an HTTP call came to.
#[derive(Debug)]
pub struct Reply {
    pub status: u16,
    pub headers: BTreeMap<String, String>,
    pub body: Vec<u8>,
}

impl Reply {
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|e| panic!("{e}: {} {}", self.status, self.text()))
    }

    /// An error in the one shape, with what it has to say.
    pub fn is_problem(&self, status: u16, code: &str, hints: &[&str]) {
        assert_eq!(self.status, status, "{}", self.text());
        assert_eq!(
            self.headers.get("content-type").map(String::as_str),
            Some("application/problem+json"),
            "{}",
            self.text()
        );
        let body = self.json();
        for field in ["type", "title", "detail", "request_id"] {
            assert!(body[field].as_str().is_some_and(|t| !t.is_empty()), "{field}: {body}");
        }
        assert_eq!((&body["status"], &body["code"]), (&Value::from(status), &Value::from(code)), "{body}");
        for hint in hints {
            assert!(body["detail"].as_str().unwrap().contains(hint), "\"{hint}\" is missing: {body}");
        }
    }
}

impl Server {
    /// Waits until the model is loaded: until then words answer alone.
    pub fn with_model(self) -> Self {
        for _ in 0..400 {
            if self.send("GET", "/health", &[], b"").json()["components"]["model"]["status"] == "ready" {
                return self;
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        panic!("the model is not loaded");
    }

    /// One call; `headers` go out as they are.
    pub fn send(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Reply {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
        let mut head = format!("{method} {path} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n", self.address);
        for (name, value) in headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        if !body.is_empty() || method != "GET" {
            head.push_str(&format!("Content-Length: {}\r\n", body.len()));
        }
        head.push_str("\r\n");
        stream.write_all(head.as_bytes()).unwrap();
        // A body over the limit is refused while it is still being sent.
        let _ = stream.write_all(body);
        let mut bytes = Vec::new();
        let _ = stream.read_to_end(&mut bytes);
        parse(&bytes)
    }

    /// A JSON call with a bearer key.
    pub fn call(&self, method: &str, path: &str, key: &str, body: &Value) -> Reply {
        let bearer = format!("Bearer {key}");
        let body = if body.is_null() { String::new() } else { body.to_string() };
        self.send(method, path, &[("Authorization", &bearer), ("Content-Type", "application/json")], body.as_bytes())
    }

    /// Stops it the polite way and waits.
    pub fn stop(mut self) {
        let _ = spawn(Command::new("kill").arg(self.child.id().to_string())).wait();
        let _ = self.child.wait();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn parse(bytes: &[u8]) -> Reply {
    let end = bytes
        .windows(4)
        .position(|w| w == b"\r\n\r\n")
        .unwrap_or_else(|| panic!("no answer: {:?}", String::from_utf8_lossy(bytes)));
    let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
    let mut lines = head.lines();
    let status = lines.next().unwrap().split(' ').nth(1).unwrap().parse().unwrap();
    let headers: BTreeMap<String, String> =
        lines.filter_map(|l| l.split_once(':')).map(|(n, v)| (n.to_ascii_lowercase(), v.trim().to_owned())).collect();
    let rest = &bytes[end + 4..];
    let body =
        if headers.get("transfer-encoding").is_some_and(|t| t == "chunked") { unchunk(rest) } else { rest.to_vec() };
    Reply { status, headers, body }
}

fn unchunk(mut rest: &[u8]) -> Vec<u8> {
    let mut body = Vec::new();
    while let Some(at) = rest.windows(2).position(|w| w == b"\r\n") {
        let size =
            std::str::from_utf8(&rest[..at]).ok().and_then(|t| usize::from_str_radix(t.trim(), 16).ok()).unwrap_or(0);
        if size == 0 || rest.len() < at + 2 + size {
            break;
        }
        body.extend_from_slice(&rest[at + 2..at + 2 + size]);
        rest = rest.get(at + 4 + size..).unwrap_or_default();
    }
    body
}

/// A page of a [`Website`]: status, headers, body.
pub type Page = (u16, Vec<(&'static str, String)>, Vec<u8>);

/// A web server on loopback that answers each path with `serve`; one that knows conditional requests.
pub struct Website {
    /// `127.0.0.1:PORT`
    pub host: String,
    stopping: Arc<AtomicBool>,
}

impl Website {
    pub fn start(serve: impl Fn(&str) -> Page + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let host = listener.local_addr().unwrap().to_string();
        let stopping = Arc::new(AtomicBool::new(false));
        let (serve, stop) = (Arc::new(serve), Arc::clone(&stopping));
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                if stop.load(Ordering::Relaxed) {
                    return;
                }
                let serve = Arc::clone(&serve);
                std::thread::spawn(move || answer(stream, &*serve));
            }
        });
        Self { host, stopping }
    }
}

impl Drop for Website {
    fn drop(&mut self) {
        self.stopping.store(true, Ordering::Relaxed);
        let _ = TcpStream::connect(&self.host);
    }
}

fn answer(mut stream: TcpStream, serve: &(dyn Fn(&str) -> Page + Send + Sync)) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let mut first = String::new();
    if reader.read_line(&mut first).is_err() {
        return;
    }
    let (mut line, mut known) = (String::new(), None);
    while reader.read_line(&mut line).is_ok_and(|n| n > 2) {
        if let Some((name, value)) = line.split_once(':')
            && name.eq_ignore_ascii_case("if-none-match")
        {
            known = Some(value.trim().to_owned());
        }
        line.clear();
    }
    let path = first.split(' ').nth(1).unwrap_or("/");
    let (mut status, headers, mut body) = serve(path);
    if known.is_some() && headers.iter().any(|(name, value)| *name == "ETag" && Some(value) == known.as_ref()) {
        (status, body) = (304, Vec::new());
    }
    let mut head = format!("HTTP/1.1 {status} X\r\nConnection: close\r\nContent-Length: {}\r\n", body.len());
    for (name, value) in headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    head.push_str("\r\n");
    let _ = stream.write_all(head.as_bytes());
    if !first.starts_with("HEAD") {
        let _ = stream.write_all(&body);
    }
}

pub fn html(body: &str) -> Page {
    (200, vec![("Content-Type", "text/html; charset=utf-8".to_owned())], body.as_bytes().to_vec())
}

pub fn not_found() -> Page {
    (404, vec![("Content-Type", "text/plain".to_owned())], b"nothing".to_vec())
}

/// A page with enough text to be one.
pub fn article(title: &str, text: &str) -> String {
    format!(
        "<!doctype html><html lang=de><head><title>{title}</title></head><body><main><h1>{title}</h1><p>{text}</p></main></body></html>"
    )
}

/// Copies a folder with everything in it.
pub fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap().map(Result::unwrap) {
        let target = to.join(entry.file_name());
        match entry.file_type().unwrap() {
            kind if kind.is_dir() => copy(&entry.path(), &target),
            kind if kind.is_file() => drop(std::fs::copy(entry.path(), &target).unwrap()),
            _ => {}
        }
    }
}

/// A secret key of a site.
pub fn key(home: &Home, site: &str, scopes: &str) -> String {
    home.ok(&["key", "create", "--site", site, "--scope", scopes])["key"].as_str().map(str::to_owned).unwrap()
}

/// Waits for the end of a job.
pub fn finished(server: &Server, key: &str, id: &str) -> Value {
    for _ in 0..300 {
        let job = server.call("GET", &format!("/api/v1/jobs/{id}"), key, &Value::Null).json();
        if matches!(job["state"].as_str(), Some("done" | "failed" | "cancelled")) {
            return job;
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    panic!("{id} does not end");
}
