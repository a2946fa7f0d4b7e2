#![allow(clippy::unwrap_used)]

use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use url::Url;

use super::proxy::{Proxies, is_local_name};
use super::tests::dialer_resolving_to;
use super::{AllowPrivate, DialConfig, Dialer, GetOptions, ProxyConfig};

/// A proxy that answers everything with `answer` and tells what it was asked.
async fn proxy(answer: &'static str) -> (SocketAddr, UnboundedReceiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = listener.local_addr().unwrap();
    let (tell, told) = unbounded_channel();
    tokio::spawn(async move {
        loop {
            let (mut socket, _) = listener.accept().await.unwrap();
            let mut request = vec![0_u8; 4096];
            let read = socket.read(&mut request).await.unwrap();
            let _ = tell.send(String::from_utf8_lossy(&request[..read]).into_owned());
            let _ = socket.write_all(answer.as_bytes()).await;
        }
    });
    (addr, told)
}

fn config(proxy: &str, no: &str) -> DialConfig {
    DialConfig {
        connect_timeout: Duration::from_secs(2),
        request_timeout: Duration::from_secs(3),
        proxies: ProxyConfig { https: proxy.to_owned(), http: proxy.to_owned(), no: no.to_owned() },
        ..DialConfig::default()
    }
}

async fn get(dialer: &Dialer, url: &str, allow: &AllowPrivate) -> Result<super::Response, super::DialError> {
    dialer.get(&Url::parse(url).unwrap(), allow, &GetOptions::default()).await
}

const HELLO: &str = "HTTP/1.1 200 OK\r\ncontent-length: 5\r\nconnection: close\r\n\r\nhello";

#[tokio::test]
async fn pages_come_through_the_proxy_which_resolves_their_names() {
    let (addr, mut told) = proxy(HELLO).await;
    let dialer = dialer_resolving_to([93, 184, 215, 14], config(&addr.to_string(), "")).await;
    let answer = get(&dialer, "http://rathaus.example/seite", &AllowPrivate::none()).await.unwrap();
    assert_eq!(&answer.body[..], b"hello");
    assert!(told.recv().await.unwrap().starts_with("GET http://rathaus.example/seite HTTP/1.1"));
}

#[tokio::test]
async fn a_refusing_proxy_is_named_without_its_password() {
    for (answer, detail) in [
        ("HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\n\r\n", "unsuccessful"),
        ("HTTP/1.1 407 Proxy Authentication Required\r\ncontent-length: 0\r\n\r\n", "authorization"),
    ] {
        let (addr, mut told) = proxy(answer).await;
        let dialer = dialer_resolving_to([93, 184, 215, 14], config(&format!("http://me:secret@{addr}"), "")).await;
        let error = get(&dialer, "https://rathaus.example/", &AllowPrivate::none()).await.unwrap_err();
        let asked = told.recv().await.unwrap();
        assert!(asked.starts_with("CONNECT rathaus.example:443"), "{asked}");
        assert!(asked.to_lowercase().contains("proxy-authorization: basic bwu6c2vjcmv0"), "{asked}");
        assert_eq!(error.code(), "proxy", "{error}");
        let text = error.to_string();
        assert!(text.contains(&addr.to_string()) && text.contains("HTTPS_PROXY") && text.contains(detail), "{text}");
        assert!(!text.contains("secret"), "{text}");
    }
    let gone = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let dialer = dialer_resolving_to([93, 184, 215, 14], config(&gone.to_string(), "")).await;
    assert_eq!(get(&dialer, "https://rathaus.example/", &AllowPrivate::none()).await.unwrap_err().code(), "proxy");
}

#[tokio::test]
async fn the_address_rules_hold_behind_a_proxy() {
    let (addr, mut told) = proxy(HELLO).await;
    let inside = dialer_resolving_to([10, 0, 0, 1], config(&addr.to_string(), "")).await;
    let none = AllowPrivate::none();
    for target in ["http://10.0.0.1/", "http://drucker/", "http://drucker.local/", "http://inside.example/"] {
        let error = get(&inside, target, &none).await.unwrap_err();
        assert_eq!(error.code(), "address_forbidden", "{target}");
        assert!(error.to_string().contains("--allow-private"), "{error}");
    }
    let allowed = AllowPrivate::parse(["drucker"]).unwrap();
    get(&inside, "http://drucker/", &allowed).await.unwrap();
    assert!(told.recv().await.unwrap().starts_with("GET http://drucker/"));
    let offline = Dialer::new(DialConfig { offline: true, ..config(&addr.to_string(), "") }).unwrap();
    assert_eq!(get(&offline, "http://rathaus.example/", &none).await.unwrap_err().code(), "offline");
    assert!(told.try_recv().is_err(), "nothing else reached the proxy");
}

#[tokio::test]
async fn hosts_of_no_proxy_and_this_machine_are_reached_directly() {
    let (site, _told) = proxy(HELLO).await;
    let (way, mut told) = proxy("HTTP/1.1 502 Bad Gateway\r\ncontent-length: 0\r\n\r\n").await;
    let dialer = dialer_resolving_to([127, 0, 0, 1], config(&way.to_string(), "stadt.example, 10.0.0.0/8")).await;
    for host in ["stadt.example", "www.stadt.example", "localhost", "127.0.0.1"] {
        let allowed = AllowPrivate::parse([host]).unwrap();
        let answer = get(&dialer, &format!("http://{host}:{}/", site.port()), &allowed).await.unwrap();
        assert_eq!(&answer.body[..], b"hello", "{host}");
    }
    assert!(told.try_recv().is_err());
}

#[tokio::test]
async fn a_proxy_that_is_none_is_told_to_whoever_dials() {
    let (site, _told) = proxy(HELLO).await;
    let dialer = Dialer::new(config("socks5://proxy:1080", "")).unwrap();
    let error = get(&dialer, "https://rathaus.example/", &AllowPrivate::none()).await.unwrap_err();
    assert!(error.to_string().starts_with("HTTPS_PROXY is not"), "{error}");
    let allowed = AllowPrivate::parse(["127.0.0.1"]).unwrap();
    assert_eq!(get(&dialer, &format!("http://{site}/"), &allowed).await.unwrap().status, 200);
}

#[test]
fn values_of_the_environment() {
    let proxies = |https: &str, no: &str| {
        Proxies::new(&ProxyConfig { https: https.to_owned(), no: no.to_owned(), ..ProxyConfig::default() })
    };
    for (value, no, target, wanted) in [
        ("proxy.firma.example:3128", "", "https://a.example/", true),
        ("http://proxy.firma.example:3128", "", "https://a.example/", true),
        ("proxy.firma.example:3128", "", "http://a.example/", false),
        ("proxy.firma.example:3128", "*", "https://a.example/", false),
        ("proxy.firma.example:3128", ".a.example", "https://www.a.example/", false),
        ("proxy.firma.example:3128", "192.168.0.0/16", "https://192.168.3.4/", false),
        ("proxy.firma.example:3128", "", "https://localhost:8443/", false),
        ("", "", "https://a.example/", false),
    ] {
        let found = proxies(value, no).unwrap();
        assert_eq!(found.of(&Url::parse(target).unwrap()).is_some(), wanted, "{value} {no} {target}");
    }
    for wrong in ["socks5://proxy:1080", "http://", "not a proxy"] {
        let error = proxies(wrong, "").unwrap_err();
        assert!(error.to_string().starts_with("HTTPS_PROXY is not"), "{error}");
    }
    for (name, wanted) in
        [("drucker", true), ("nas.local", true), ("fritz.box", false), ("local.example", false), ("a.home.arpa.", true)]
    {
        assert_eq!(is_local_name(name), wanted, "{name}");
    }
}
