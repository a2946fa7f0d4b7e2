//! The little HTTP a load test needs: one request per connection, times taken while the answer arrives.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::{Duration, Instant};

const TIMEOUT: Duration = Duration::from_secs(30);

fn send(address: &str, request: &str) -> anyhow::Result<TcpStream> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(TIMEOUT))?;
    stream.write_all(request.as_bytes())?;
    Ok(stream)
}

/// The whole answer to a GET, head included.
pub fn get(address: &str, path: &str) -> anyhow::Result<String> {
    let mut answer = String::new();
    send(address, &format!("GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n"))?
        .read_to_string(&mut answer)?;
    Ok(answer)
}

/// How long an answer took.
pub struct Asked {
    /// Until the first block of the answer's text.
    pub first: Duration,
    /// Until the last event.
    pub done: Duration,
}

/// Asks over a stream of events.
pub fn ask(address: &str, site: &str, key: &str, question: &str) -> anyhow::Result<Asked> {
    let body = serde_json::json!({"question": question, "stream": true}).to_string();
    let started = Instant::now();
    let mut stream = send(
        address,
        &format!(
            "POST /api/v1/sites/{site}/ask HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {key}\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
            body.len()
        ),
    )?;
    let mut received = Vec::with_capacity(8 << 10);
    let mut part = [0_u8; 4 << 10];
    let mut first = None;
    loop {
        let count = stream.read(&mut part)?;
        anyhow::ensure!(count > 0, "the stream ended early: {}", String::from_utf8_lossy(&received));
        received.extend_from_slice(&part[..count]);
        let text = String::from_utf8_lossy(&received);
        if first.is_none() && (text.contains("event: block") || text.contains("event: delta")) {
            first = Some(started.elapsed());
        }
        if text.contains("event: done") {
            let done = started.elapsed();
            return Ok(Asked { first: first.unwrap_or(done), done });
        }
        anyhow::ensure!(!text.contains("event: error"), "refused: {text}");
    }
}
