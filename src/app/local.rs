//! The local socket: command-line verbs reach a running server through it.
//!
//! One JSON object per connection in; lines of `{"progress": …}` and a last `{"ok": …}` or
//! `{"fault": …}` out. The socket lies in the data folder, which only its owner can enter, or under a
//! short hashed name when the path is too long for a socket.

use std::future::Future;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::mpsc;

use crate::base::error::Outcome;
use crate::base::{Code, Fault, Progress, Report};

/// Longest path a Unix socket may have, with room to spare.
const PATH_BYTES_MAX: usize = 100;
const REQUEST_BYTES_MAX: u64 = 16 * 1024 * 1024;

/// Carries out a request that came through the socket.
pub type Dispatch = Arc<dyn Fn(Value, Progress) -> Pin<Box<dyn Future<Output = Outcome<Value>> + Send>> + Send + Sync>;

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Line {
    Progress(Report),
    Ok(Value),
    Fault { code: String, detail: String },
}

/// Where the socket of a data folder lies.
#[must_use]
pub fn socket_path(data_dir: &Path) -> PathBuf {
    let full = std::path::absolute(data_dir).unwrap_or_else(|_| data_dir.to_owned());
    let inside = full.join("socket");
    if inside.as_os_str().len() <= PATH_BYTES_MAX {
        return inside;
    }
    let name = blake3::hash(full.as_os_str().as_encoded_bytes()).to_hex();
    std::env::temp_dir().join(format!("dialogengine-{}.socket", &name.as_str()[..16]))
}

/// Listens until the task is dropped.
pub async fn listen(data_dir: &Path, dispatch: Dispatch) -> Outcome<()> {
    let path = socket_path(data_dir);
    // The folder lock is ours, so that whoever made this file is gone.
    let _ = std::fs::remove_file(&path);
    let listener = UnixListener::bind(&path).map_err(|e| {
        Fault::new(Code::Unavailable, format!("the local socket {} cannot be made: {e}", path.display()))
    })?;
    {
        use std::os::unix::fs::PermissionsExt as _;
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).map_err(Fault::internal)?;
    }
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                let dispatch = Arc::clone(&dispatch);
                tokio::spawn(async move {
                    if let Err(error) = serve(stream, dispatch).await {
                        tracing::debug!(%error, "a local connection ended early");
                    }
                });
            }
            Err(error) => {
                tracing::warn!(%error, "the local socket does not accept");
                tokio::time::sleep(std::time::Duration::from_millis(200)).await;
            }
        }
    }
}

async fn serve(stream: UnixStream, dispatch: Dispatch) -> std::io::Result<()> {
    use tokio::io::AsyncReadExt as _;
    let (read, mut write) = stream.into_split();
    let mut line = String::new();
    BufReader::new(read.take(REQUEST_BYTES_MAX)).read_line(&mut line).await?;
    let (reports, mut pending) = mpsc::unbounded_channel();
    let progress = Progress::new(move |report| {
        let _ = reports.send(report);
    });
    let request = serde_json::from_str(&line);
    let work = async {
        match request {
            Ok(request) => dispatch(request, progress).await,
            Err(error) => Err(Fault::new(Code::BadRequest, error.to_string())),
        }
    };
    tokio::pin!(work);
    let outcome = loop {
        tokio::select! {
            outcome = &mut work => break outcome,
            Some(report) = pending.recv() => send(&mut write, &Line::Progress(report)).await?,
        }
    };
    let last = match outcome {
        Ok(value) => Line::Ok(value),
        Err(fault) => {
            if let Some(cause) = &fault.source {
                tracing::error!(%fault, %cause, "a local request failed");
            }
            Line::Fault { code: fault.code.name().to_owned(), detail: fault.detail }
        }
    };
    send(&mut write, &last).await
}

async fn send(write: &mut tokio::net::unix::OwnedWriteHalf, line: &Line) -> std::io::Result<()> {
    let mut bytes = serde_json::to_vec(line)?;
    bytes.push(b'\n');
    write.write_all(&bytes).await
}

/// Sends a request to the server of a data folder. `None` when no server runs there.
pub async fn call(data_dir: &Path, request: &Value, progress: &Progress) -> Option<Outcome<Value>> {
    let stream = UnixStream::connect(socket_path(data_dir)).await.ok()?;
    Some(converse(stream, request, progress).await)
}

async fn converse(stream: UnixStream, request: &Value, progress: &Progress) -> Outcome<Value> {
    let broken = |e: std::io::Error| {
        Fault::new(Code::Unavailable, "the server went away before it had answered; look into its log and try again")
            .with_source(e)
    };
    let (read, mut write) = stream.into_split();
    let mut bytes = serde_json::to_vec(request).map_err(Fault::internal)?;
    bytes.push(b'\n');
    write.write_all(&bytes).await.map_err(broken)?;
    let mut lines = BufReader::new(read).lines();
    while let Some(line) = lines.next_line().await.map_err(broken)? {
        match serde_json::from_str(&line).map_err(Fault::internal)? {
            Line::Progress(report) => progress.report(report),
            Line::Ok(value) => return Ok(value),
            Line::Fault { code, detail } => {
                let code = Code::ALL.iter().copied().find(|c| c.name() == code).unwrap_or(Code::Internal);
                return Err(Fault::new(code, detail));
            }
        }
    }
    Err(Fault::new(Code::Unavailable, "the server went away before it had answered; look into its log and try again"))
}
