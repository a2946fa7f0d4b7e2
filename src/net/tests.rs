use std::time::{Duration, Instant};

use poem::web::sse::{Event, SSE};
use poem::{Endpoint, IntoResponse as _, Request, Response};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_util::sync::CancellationToken;

use super::*;

/// `/stream` sends an event every 300 ms for ever, everything else `ok`.
struct Echo;

impl Endpoint for Echo {
    type Output = Response;

    async fn call(&self, request: Request) -> poem::Result<Response> {
        if request.uri().path() == "/slow" {
            tokio::time::sleep(Duration::from_millis(900)).await;
        }
        if request.uri().path() != "/stream" {
            return Ok("ok".into_response());
        }
        let events = futures_util::stream::unfold(0, |n| async move {
            tokio::time::sleep(Duration::from_millis(300)).await;
            Some((Event::message(n.to_string()), n + 1))
        });
        Ok(SSE::new(events).into_response())
    }
}

const BRIEF: Deadlines =
    Deadlines { head: Duration::from_millis(400), idle: Duration::from_millis(800), write: Duration::from_millis(500) };

async fn start(per_address_max: usize) -> (std::net::SocketAddr, CancellationToken, tokio::task::JoinHandle<()>) {
    let listener = bind("127.0.0.1:0").await.unwrap();
    let options = Options { deadlines: BRIEF, connections_per_address_max: per_address_max, ..Options::default() };
    let address = listener.local_addr().unwrap();
    let shutdown = CancellationToken::new();
    (address, shutdown.clone(), tokio::spawn(serve(listener, Echo, options, shutdown)))
}

/// Reads until the server closes or `patience` is over; returns what came and whether it closed.
async fn read(stream: &mut TcpStream, patience: Duration) -> (String, bool) {
    let mut text = Vec::new();
    let until = Instant::now() + patience;
    let mut buffer = [0; 4096];
    loop {
        let left = until.saturating_duration_since(Instant::now());
        match tokio::time::timeout(left, stream.read(&mut buffer)).await {
            Err(_) => return (String::from_utf8_lossy(&text).into_owned(), false),
            Ok(Ok(0) | Err(_)) => return (String::from_utf8_lossy(&text).into_owned(), true),
            Ok(Ok(n)) => text.extend_from_slice(&buffer[..n]),
        }
    }
}

#[tokio::test]
async fn connections_that_do_not_get_on_are_closed() {
    let (address, _, _) = start(100).await;
    // Silent from the start.
    let mut silent = TcpStream::connect(address).await.unwrap();
    assert!(read(&mut silent, Duration::from_secs(3)).await.1);
    // Part of a head, then nothing.
    let mut partial = TcpStream::connect(address).await.unwrap();
    partial.write_all(b"GET / HTTP/1.1\r\nHost: x\r\n").await.unwrap();
    assert!(read(&mut partial, Duration::from_secs(3)).await.1);
    // Dripping does not buy time.
    let mut dripping = TcpStream::connect(address).await.unwrap();
    let began = Instant::now();
    dripping.write_all(b"GET / HTTP/1.1\r\nHost: x\r\nX: ").await.unwrap();
    while began.elapsed() < Duration::from_secs(3) && dripping.write_all(b"a").await.is_ok() {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert!(began.elapsed() < Duration::from_secs(2), "{:?}", began.elapsed());
    // Idle after an answer: the second head never comes.
    let mut idle = TcpStream::connect(address).await.unwrap();
    idle.write_all(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
    let began = Instant::now();
    let (text, closed) = read(&mut idle, Duration::from_secs(4)).await;
    assert!(
        text.contains("ok") && closed && began.elapsed() >= Duration::from_millis(700),
        "{text} {:?}",
        began.elapsed()
    );
}

#[tokio::test]
async fn slow_answers_and_streams_are_left_alone() {
    let (address, _, _) = start(100).await;
    let mut slow = TcpStream::connect(address).await.unwrap();
    slow.write_all(b"GET /slow HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").await.unwrap();
    assert!(read(&mut slow, Duration::from_secs(3)).await.0.contains("ok"));
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(b"GET /stream HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
    let (text, closed) = read(&mut stream, Duration::from_millis(2_500)).await;
    assert!(!closed && text.contains("data: 5"), "{text}");
}

#[tokio::test]
async fn one_address_cannot_take_all_connections() {
    let (address, _, _) = start(2).await;
    let _first = TcpStream::connect(address).await.unwrap();
    let _second = TcpStream::connect(address).await.unwrap();
    tokio::time::sleep(Duration::from_millis(50)).await;
    let mut third = TcpStream::connect(address).await.unwrap();
    let began = Instant::now();
    assert!(read(&mut third, Duration::from_secs(2)).await.1 && began.elapsed() < Duration::from_millis(200));
    tokio::time::sleep(Duration::from_millis(900)).await;
    let mut later = TcpStream::connect(address).await.unwrap();
    later.write_all(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").await.unwrap();
    assert!(read(&mut later, Duration::from_secs(2)).await.0.contains("ok"));
}

#[tokio::test]
async fn stopping_lets_requests_end() {
    let (address, shutdown, serving) = start(100).await;
    let mut slow = TcpStream::connect(address).await.unwrap();
    slow.write_all(b"GET /slow HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
    tokio::time::sleep(Duration::from_millis(200)).await;
    shutdown.cancel();
    assert!(read(&mut slow, Duration::from_secs(3)).await.0.contains("ok"));
    tokio::time::timeout(Duration::from_secs(3), serving).await.unwrap().unwrap();
    assert!(TcpStream::connect(address).await.is_err());
}

#[tokio::test]
async fn a_port_in_use_names_the_mend() {
    let (address, _, _) = start(1).await;
    let fault = bind(&address.to_string()).await.unwrap_err();
    assert!(fault.detail.contains("in use") && fault.detail.contains("--listen 127.0.0.1:0"), "{fault}");
    assert!(bind("nowhere").await.unwrap_err().detail.contains("127.0.0.1:8080"));
}
