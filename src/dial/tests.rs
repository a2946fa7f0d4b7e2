#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::io::Write as _;
use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, Instant};

use hickory_resolver::config::{ConnectionConfig, NameServerConfig};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, UdpSocket};
use url::Url;

use super::{AllowPrivate, DialConfig, DialError, Dialer, GetOptions, rules};

fn quick() -> DialConfig {
    DialConfig {
        connect_timeout: Duration::from_secs(2),
        request_timeout: Duration::from_secs(3),
        ..DialConfig::default()
    }
}

/// A dialer whose only name server answers every A question with `addr`.
pub(crate) async fn dialer_resolving_to(addr: [u8; 4], config: DialConfig) -> Dialer {
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let port = socket.local_addr().unwrap().port();
    tokio::spawn(async move {
        let mut buffer = [0_u8; 1500];
        loop {
            let Ok((_, from)) = socket.recv_from(&mut buffer).await else { return };
            let mut end = 12;
            while buffer[end] != 0 {
                end += usize::from(buffer[end]) + 1;
            }
            end += 5;
            let is_a = buffer[end - 3] == 1;
            let mut out = vec![buffer[0], buffer[1], 0x81, 0x80, 0, 1, 0, u8::from(is_a), 0, 0, 0, 0];
            out.extend_from_slice(&buffer[12..end]);
            if is_a {
                out.extend_from_slice(&[0xc0, 0x0c, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4]);
                out.extend_from_slice(&addr);
            }
            let _ = socket.send_to(&out, from).await;
        }
    });
    let mut udp = ConnectionConfig::udp();
    udp.port = port;
    let server = NameServerConfig::new("127.0.0.1".parse().unwrap(), true, vec![udp]);
    Dialer::with_server(config, Some(server)).unwrap()
}

/// Sends `answer` to every connection after reading its request, then waits `hold` before closing.
async fn serve(answer: Vec<u8>, hold: Duration) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = listener.local_addr().unwrap();
    tokio::spawn(async move {
        loop {
            let (mut socket, _) = listener.accept().await.unwrap();
            let answer = answer.clone();
            tokio::spawn(async move {
                let mut request = [0_u8; 4096];
                let _ = socket.read(&mut request).await;
                let _ = socket.write_all(&answer).await;
                tokio::time::sleep(hold).await;
            });
        }
    });
    addr
}

fn url(text: &str) -> Url {
    Url::parse(text).unwrap()
}

async fn get(addr: SocketAddr, opts: &GetOptions) -> Result<super::Response, DialError> {
    let dialer = Dialer::new(quick()).unwrap();
    dialer.get(&url(&format!("http://{addr}/")), &AllowPrivate::parse([addr.to_string()]).unwrap(), opts).await
}

fn body(text: &str) -> Vec<u8> {
    format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{text}", text.len()).into_bytes()
}

#[test]
fn addresses() {
    let refused = [
        "0.0.0.0",
        "0.1.2.3",
        "10.0.0.1",
        "100.64.0.1",
        "100.127.255.255",
        "127.0.0.1",
        "127.9.9.9",
        "169.254.169.254",
        "172.16.0.1",
        "172.31.255.255",
        "192.0.0.1",
        "192.0.2.1",
        "192.168.1.1",
        "192.88.99.1",
        "198.18.0.1",
        "198.51.100.7",
        "203.0.113.9",
        "224.0.0.1",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "::7f00:1",
        "::ffff:127.0.0.1",
        "::ffff:8.8.8.8",
        "fe80::1",
        "fc00::1",
        "fd12::1",
        "ff02::1",
        "fec0::1",
        "2001:db8::1",
        "2001::1",
        "2002:7f00:1::",
        "3fff::1",
        "64:ff9b::7f00:1",
        "64:ff9b::a00:1",
        "64:ff9b:1::1",
        "100::1",
        "5f00::1",
    ];
    for text in refused {
        assert!(!rules::is_public(text.parse::<IpAddr>().unwrap()), "{text}");
    }
    for text in [
        "8.8.8.8",
        "100.63.0.1",
        "100.128.0.1",
        "172.15.0.1",
        "172.32.0.1",
        "192.0.1.1",
        "198.20.0.1",
        "2a01:4f8::1",
        "2606:4700::1",
        "64:ff9b::808:808",
    ] {
        assert!(rules::is_public(text.parse::<IpAddr>().unwrap()), "{text}");
    }
    for (text, is) in
        [("127.0.0.1", true), ("::1", true), ("::ffff:127.0.0.1", true), ("10.0.0.1", false), ("8.8.8.8", false)]
    {
        assert_eq!(rules::is_loopback(text.parse::<IpAddr>().unwrap()), is, "{text}");
    }
}

#[test]
fn allow_list() {
    let cases = [
        ("127.0.0.1:8000", "http://127.0.0.1:8000/x", true),
        ("127.0.0.1:8000", "http://127.0.0.1:8001/", false),
        ("127.0.0.1:8000", "http://localhost:8000/", false),
        ("127.0.0.1", "http://127.0.0.1:9/", true),
        ("intranet", "https://INTRANET/", true),
        ("intranet:80", "http://intranet/", true),
        ("intranet:80", "https://intranet/", false),
        ("müllheim.test", "http://xn--mllheim-n2a.test/", true),
        ("[::1]:80", "http://[::1]/", true),
        ("::1", "http://[::1]:8080/", true),
        ("example.de", "http://a.example.de/", false),
    ];
    for (entry, target, is) in cases {
        assert_eq!(AllowPrivate::parse([entry]).unwrap().permits(&url(target)), is, "{entry} {target}");
    }
    for wrong in ["", "a:b:c", "host:99999", "ho st"] {
        assert_eq!(AllowPrivate::parse([wrong]).unwrap_err().code(), "address_invalid", "{wrong}");
    }
}

#[tokio::test]
async fn literal_addresses_are_refused_without_allowance() {
    let dialer = Dialer::new(quick()).unwrap();
    for target in [
        "http://127.0.0.1:1/",
        "http://2130706433/",
        "http://0x7f.1/",
        "http://[::ffff:127.0.0.1]/",
        "http://169.254.169.254/latest",
        "http://[fd00::1]/",
    ] {
        let error = dialer.get(&url(target), &AllowPrivate::none(), &GetOptions::default()).await.unwrap_err();
        assert_eq!(error.code(), "address_forbidden", "{target}");
        assert!(error.to_string().contains("--allow-private"), "{error}");
    }
    let error = dialer.get(&url("ftp://example.de/"), &AllowPrivate::none(), &GetOptions::default()).await.unwrap_err();
    assert_eq!(error.code(), "address_invalid");
}

#[tokio::test]
async fn names_that_resolve_to_this_machine_need_an_allowance_of_their_own() {
    let addr = serve(body("hello"), Duration::ZERO).await;
    let dialer = dialer_resolving_to([127, 0, 0, 1], quick()).await;
    let target = url(&format!("http://rebind.example:{}/", addr.port()));
    let allowed = AllowPrivate::parse([format!("rebind.example:{}", addr.port())]).unwrap();
    let opts = GetOptions::default();
    let expect_refusal = |error: DialError| {
        assert_eq!(
            error,
            DialError::Forbidden {
                host: format!("rebind.example:{}", addr.port()),
                addr: "127.0.0.1".parse().unwrap()
            }
        );
    };
    expect_refusal(dialer.get(&target, &AllowPrivate::none(), &opts).await.unwrap_err());
    assert_eq!(&dialer.get(&target, &allowed, &opts).await.unwrap().body[..], b"hello");
    // The pooled connection of the allowed request must not serve this one.
    expect_refusal(dialer.get(&target, &AllowPrivate::none(), &opts).await.unwrap_err());
    let error = dialer
        .get(&url(&format!("http://localhost:{}/", addr.port())), &AllowPrivate::none(), &opts)
        .await
        .unwrap_err();
    assert_eq!(error.code(), "address_forbidden");
}

#[tokio::test]
async fn offline_reaches_this_machine_only() {
    let addr = serve(body("hello"), Duration::ZERO).await;
    let dialer = Dialer::new(DialConfig { offline: true, ..quick() }).unwrap();
    let allow = AllowPrivate::parse([format!("localhost:{}", addr.port()), "10.0.0.1".to_owned()]).unwrap();
    let opts = GetOptions::default();
    let response = dialer.get(&url(&format!("http://localhost:{}/", addr.port())), &allow, &opts).await.unwrap();
    assert_eq!(response.status, 200);
    let start = Instant::now();
    for target in ["https://example.de/", "http://8.8.8.8/", "http://10.0.0.1/"] {
        assert_eq!(dialer.get(&url(target), &allow, &opts).await.unwrap_err().code(), "offline", "{target}");
    }
    assert!(start.elapsed() < Duration::from_millis(500), "no name server was asked");
}

#[tokio::test]
async fn bodies_are_capped() {
    let small = GetOptions { max_bytes: 1000, ..GetOptions::default() };
    let addr = serve(body(&"x".repeat(1001)), Duration::ZERO).await;
    assert_eq!(get(addr, &small).await.unwrap_err().code(), "too_large");
    // No content-length: the stream itself is cut.
    let addr = serve(format!("HTTP/1.0 200 OK\r\n\r\n{}", "x".repeat(5000)).into_bytes(), Duration::ZERO).await;
    assert_eq!(get(addr, &small).await.unwrap_err().code(), "too_large");
    let addr = serve(body(&"x".repeat(1000)), Duration::ZERO).await;
    assert_eq!(get(addr, &small).await.unwrap().body.len(), 1000);
}

#[tokio::test]
async fn a_gzip_bomb_is_cut() {
    let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    packer.write_all(&vec![0_u8; 64 << 20]).unwrap();
    let bomb = packer.finish().unwrap();
    assert!(bomb.len() < 100_000);
    let mut answer =
        format!("HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: {}\r\n\r\n", bomb.len()).into_bytes();
    answer.extend_from_slice(&bomb);
    let addr = serve(answer.clone(), Duration::ZERO).await;
    assert_eq!(
        get(addr, &GetOptions { max_bytes: 1 << 20, ..GetOptions::default() }).await.unwrap_err().code(),
        "too_large"
    );
    let addr = serve(answer, Duration::ZERO).await;
    assert_eq!(
        get(addr, &GetOptions { max_bytes: 64 << 20, ..GetOptions::default() }).await.unwrap().body.len(),
        64 << 20
    );
}

#[tokio::test]
async fn failures_are_told_apart() {
    let opts = GetOptions { timeout: Some(Duration::from_millis(300)), ..GetOptions::default() };
    let hold = Duration::from_secs(5);
    let cases: [(&[u8], &str); 4] = [
        (b"", "timeout"),
        (b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nabc", "timeout"),
        (b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzzz\r\n", "protocol"),
        (b"SSH-2.0-OpenSSH_9.6\r\n", "protocol"),
    ];
    for (answer, code) in cases {
        let addr = serve(answer.to_vec(), hold).await;
        let error = get(addr, &opts).await.unwrap_err();
        assert_eq!(error.code(), code, "{error}");
    }
    let addr = serve(b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nabc".to_vec(), Duration::ZERO).await;
    assert_eq!(get(addr, &opts).await.unwrap_err().code(), "protocol");

    let addr = serve(body("plain"), Duration::ZERO).await;
    let dialer = Dialer::new(quick()).unwrap();
    let allow = AllowPrivate::parse(["127.0.0.1", "no-such-name.invalid"]).unwrap();
    let error = dialer.get(&url(&format!("https://{addr}/")), &allow, &opts).await.unwrap_err();
    assert_eq!(error.code(), "tls", "{error}");

    let closed = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let error = dialer.get(&url(&format!("http://{closed}/")), &allow, &opts).await.unwrap_err();
    assert_eq!(error.code(), "connect", "{error}");
}

#[tokio::test]
async fn names_without_address_say_so() {
    let start = Instant::now();
    let error = Dialer::new(quick())
        .unwrap()
        .get(&url("http://no-such-name.invalid/"), &AllowPrivate::none(), &GetOptions::default())
        .await
        .unwrap_err();
    assert_eq!(error.code(), "dns", "{error}");
    assert!(!error.to_string().contains("Query"), "{error}");
    assert!(start.elapsed() < Duration::from_secs(3));
}
