//! Adding and removing models.

use super::*;
use crate::embed::tests::tiny;

fn models(dir: &Path) -> Models {
    std::fs::create_dir_all(dir.join("data")).unwrap();
    let store = Store::open(&dir.join("data")).unwrap();
    let key = ModelKey { id: [0; 32], dimensions: 384 };
    let dialer = Dialer::new(crate::dial::DialConfig { offline: true, ..Default::default() }).unwrap();
    Models::new(store, dir.join("data/models"), ModelHandle::spawn(None, 1), key, 1, Arc::new(dialer))
}

#[tokio::test]
async fn a_model_is_added_once_kept_whole_and_removed() {
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path().join("tiny");
    std::fs::create_dir(&folder).unwrap();
    tiny::write_bert(&folder);
    std::fs::write(folder.join("LICENSE"), "Free.").unwrap();
    let models = models(dir.path());
    let (added, _) = models.import(&folder, "tiny", ImportOptions::default()).await.unwrap();
    assert_eq!((added.dimensions, added.max_tokens), (tiny::HIDDEN, 48));
    assert!(added.tried.tokens_per_second > 0.0 && added.tried.cosine_alike.is_finite(), "{added:?}");
    // Measured seconds lose their last digit on the way to the store and back.
    let listed = models.list().unwrap();
    assert_eq!(listed.iter().map(|m| (&m.name, &m.id)).collect::<Vec<_>>(), [(&added.name, &added.id)]);
    let bundle = models.bundle("tiny").unwrap();
    bundle.verify().unwrap();
    assert_eq!(bundle.manifest().id().to_string(), added.id);
    assert_eq!(std::fs::read_to_string(dir.path().join("data/models/tiny/LICENSE")).unwrap(), "Free.");
    // The source may go; a second one of that name may not come.
    std::fs::remove_dir_all(&folder).unwrap();
    let twice = models.import(&folder, "tiny", ImportOptions::default()).await;
    assert_eq!(twice.unwrap_err().code, Code::Conflict);
    models.remove("tiny").await.unwrap();
    assert!(models.list().unwrap().is_empty() && !dir.path().join("data/models/tiny").exists());
    assert_eq!(models.remove("tiny").await.unwrap_err().code, Code::NotFound);
}

#[tokio::test]
async fn a_refused_model_leaves_nothing_behind() {
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path().join("tiny");
    std::fs::create_dir(&folder).unwrap();
    tiny::write_bert(&folder);
    let models = models(dir.path());
    for name in ["", "../x", "a/b", ".x", "Big", BUILT_IN, &"x".repeat(64)] {
        assert!(models.import(&folder, name, ImportOptions::default()).await.is_err(), "{name:?}");
    }
    std::fs::write(folder.join("model.safetensors"), b"no weights").unwrap();
    let refused = models.import(&folder, "tiny", ImportOptions::default()).await.unwrap_err();
    assert_eq!(refused.code, Code::Invalid);
    assert!(models.list().unwrap().is_empty() && !dir.path().join("data/models").exists());
}

#[test]
fn names_are_made_of_folders() {
    for (text, name) in
        [("Multilingual E5 (base)", "multilingual-e5--base"), ("../..", ""), ("bge-m3.Q8_0", "bge-m3.q8_0")]
    {
        assert_eq!(name_from(text), name);
    }
}

/// A service on loopback that answers each request with the next of `answers`.
struct Fake {
    url: String,
    seen: Arc<Mutex<Vec<(String, serde_json::Value)>>>,
}

type Behaviour = fn(usize, &serde_json::Value) -> (u16, &'static str, String);

fn fake(behaviour: Behaviour) -> Fake {
    use std::io::{BufRead as _, BufReader, Read as _, Write as _};
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/v1", listener.local_addr().unwrap());
    let seen = Arc::new(Mutex::new(Vec::new()));
    let note = Arc::clone(&seen);
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { return };
            let mut reader = BufReader::new(stream.try_clone().unwrap());
            let (mut length, mut head) = (0, String::new());
            loop {
                let mut line = String::new();
                if reader.read_line(&mut line).unwrap_or(0) == 0 || line == "\r\n" {
                    break;
                }
                if let Some(value) = line.to_lowercase().strip_prefix("content-length:") {
                    length = value.trim().parse().unwrap();
                }
                head.push_str(&line);
            }
            let mut body = vec![0; length];
            if reader.read_exact(&mut body).is_err() {
                continue;
            }
            let request: serde_json::Value = serde_json::from_slice(&body).unwrap_or_default();
            let number = {
                let mut seen = note.lock().unwrap();
                seen.push((head, request.clone()));
                seen.len()
            };
            let (status, header, answer) = behaviour(number, &request);
            let _ = write!(
                stream,
                "HTTP/1.1 {status} X\r\ncontent-type: application/json\r\nconnection: close\r\n{header}content-length: {}\r\n\r\n{answer}",
                answer.len()
            );
        }
    });
    Fake { url, seen }
}

/// Vectors of 16 numbers that depend on the text; the last first, since `index` is what counts.
fn vectors(request: &serde_json::Value) -> Vec<serde_json::Value> {
    let texts = request["input"].as_array().unwrap();
    let vector = |text: &str| -> Vec<f64> { (0..16).map(|n| 3.0 + ((text.len() * (n + 7)) % 11) as f64).collect() };
    let items = texts.iter().enumerate();
    let items = items.map(|(at, text)| serde_json::json!({"index": at, "embedding": vector(text.as_str().unwrap())}));
    items.rev().collect()
}

fn good(_: usize, request: &serde_json::Value) -> (u16, &'static str, String) {
    (200, "", serde_json::json!({"data": vectors(request)}).to_string())
}

fn service(url: &str) -> Service {
    Service {
        url: url.to_owned(),
        model: "m".into(),
        dimensions: 16,
        send_dimensions: false,
        key_env: None,
        key_file: None,
        query_prefix: "q: ".into(),
        passage_prefix: String::new(),
    }
}

fn remote(url: &str) -> Engine {
    let dialer = Dialer::new(crate::dial::DialConfig::default()).unwrap();
    Engine::Remote(Arc::new(Remote::new(service(url), Arc::new(dialer)).unwrap()))
}

#[tokio::test]
async fn a_service_gives_vectors_of_length_one_in_the_order_of_the_texts() {
    let fake = fake(good);
    let engine = remote(&fake.url);
    let texts: Vec<String> = (0..150).map(|n| "x".repeat(n % 13 + 1)).collect();
    let vectors = engine.embed_passages(&texts).await;
    assert_eq!(vectors.len(), 150);
    for (text, vector) in texts.iter().zip(&vectors) {
        let vector = vector.as_ref().unwrap();
        let alone = engine.embed_passages_now(std::slice::from_ref(text)).await.pop().unwrap().unwrap();
        assert_eq!(*vector, alone);
        assert!((vector.iter().map(|x| x * x).sum::<f32>() - 1.0).abs() < 1e-5);
        if text.len() > 2 {
            break;
        }
    }
    engine.embed_query("wann").await.unwrap();
    let seen = fake.seen.lock().unwrap();
    assert_eq!(seen[0].1["input"].as_array().unwrap().len(), 64);
    assert_eq!(seen.last().unwrap().1["input"][0], "q: wann");
    assert!(seen[0].0.starts_with("POST /v1/embeddings "), "{}", seen[0].0);
    assert!(!seen[0].0.to_lowercase().contains("authorization"));
}

#[tokio::test]
async fn wrong_answers_are_never_believed() {
    let cases: [(Behaviour, &str); 9] = [
        (|_, r| (200, "", serde_json::json!({"data": vectors(r)[1..]}).to_string()), "1 vectors for 2 texts"),
        (
            |_, r| {
                let mut all = vectors(r);
                all[0]["index"] = serde_json::json!(0);
                (200, "", serde_json::json!({"data": all}).to_string())
            },
            "numbers its vectors",
        ),
        (
            |_, r| {
                let mut all = vectors(r);
                all[0]["index"] = serde_json::json!(7);
                (200, "", serde_json::json!({"data": all}).to_string())
            },
            "numbers its vectors",
        ),
        (
            |_, r| {
                let mut all = vectors(r);
                all[0]["embedding"].as_array_mut().unwrap().push(serde_json::json!(1.0));
                (200, "", serde_json::json!({"data": all}).to_string())
            },
            "17 numbers",
        ),
        (|_, r| (200, "", serde_json::json!({"data": vectors(r)}).to_string().replace("3.0", "null")), "contract"),
        (|_, r| (200, "", serde_json::json!({"data": vectors(r)}).to_string().replace("3.0", "1e999")), "contract"),
        (
            |_, r| {
                let all: Vec<_> = vectors(r)
                    .into_iter()
                    .map(|v| serde_json::json!({"index": v["index"], "embedding": vec![0.0; 16]}))
                    .collect();
                (200, "", serde_json::json!({"data": all}).to_string())
            },
            "without a direction",
        ),
        (|_, _| (200, "", format!("{{\"data\": [{}]}}", "1,".repeat(400_000))), "more than"),
        (
            |_, _| (401, "", r#"{"error": {"message": "Incorrect API key"}}"#.to_owned()),
            "status 401: Incorrect API key",
        ),
    ];
    for (behaviour, hint) in cases {
        let fake = fake(behaviour);
        let vectors = remote(&fake.url).embed_passages(&["ab".into(), "abc".into()]).await;
        assert_eq!(vectors.len(), 2);
        let reason = vectors[0].as_ref().unwrap_err().to_string();
        assert!(reason.contains(hint), "{hint}: {reason}");
        // Asking again would not help.
        assert_eq!(fake.seen.lock().unwrap().len(), 1, "{hint}");
    }
}

#[tokio::test]
async fn a_busy_service_is_asked_again_for_passages_and_once_for_questions() {
    fn busy(number: usize, request: &serde_json::Value) -> (u16, &'static str, String) {
        match number {
            1 => (429, "retry-after: 0\r\n", String::new()),
            2 => (500, "", String::new()),
            _ => good(number, request),
        }
    }
    let patient = fake(busy);
    assert!(remote(&patient.url).embed_passages(&["abc".into()]).await[0].is_ok());
    assert_eq!(patient.seen.lock().unwrap().len(), 3);
    let hasty = fake(busy);
    let refused = remote(&hasty.url).embed_query("abc").await.unwrap_err().to_string();
    assert!(refused.contains("429"), "{refused}");
    assert_eq!(hasty.seen.lock().unwrap().len(), 1);
}

#[tokio::test]
async fn a_service_is_added_after_it_was_asked_and_never_when_offline() {
    let dir = tempfile::tempdir().unwrap();
    let key_file = dir.path().join("key");
    std::fs::write(&key_file, "secret-1\n").unwrap();
    let fake = fake(good);
    let models = models(dir.path());
    let with_key =
        Service { key_file: Some(key_file.display().to_string()), send_dimensions: true, ..service(&fake.url) };
    let (added, _) = models.add_service("hosted", with_key).await.unwrap();
    assert_eq!((added.dimensions, models.key("hosted").unwrap()), (16, added.key()));
    {
        let seen = fake.seen.lock().unwrap();
        assert!(seen[0].0.to_lowercase().contains("authorization: bearer secret-1"), "{}", seen[0].0);
        assert_eq!(seen[0].1["dimensions"], 16);
    }
    // What is stored names the file, never what stands in it.
    assert!(!models.store.dump().unwrap().join("\n").contains("secret-1"));
    assert!(matches!(models.lookup(added.key()).unwrap(), Lookup::Ready(Engine::Remote(_))));
    // The fixture's dialer is offline: another machine cannot be reached.
    let refused = models.add_service("far", service("https://api.example/v1")).await.unwrap_err();
    assert!(refused.detail.contains("network.offline"), "{}", refused.detail);
    for url in ["", "ftp://x/v1", "https://user:pass@api.example/v1", "api.example"] {
        assert_eq!(models.add_service("bad", service(url)).await.unwrap_err().code, Code::Invalid, "{url}");
    }
    assert_eq!(models.list().unwrap().len(), 1);
}
