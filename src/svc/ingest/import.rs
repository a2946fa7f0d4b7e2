//! Imports: what another crawler has read becomes documents with the addresses of their pages. A later crawl of the website
//! meets them under the same addresses.

use std::io::BufReader;
use std::path::Path;
use std::sync::atomic::Ordering;
use std::time::Instant;

use serde_json::Value;
use url::Url;

use crate::base::error::Outcome;
use crate::base::id::SiteId;
use crate::base::{Code, Fault, Progress};
use crate::embed::Model;
use crate::svc::crawl::normalise;
use crate::svc::extract::guess_url;
use crate::svc::job::ImportFormat;
use crate::svc::knowledge::Draft;

use super::{FileError, Incoming, Ingest, Summary, folder, import_json, unpack};

/// Bytes of an export; it is read piece by piece.
const EXPORT_BYTES_MAX: u64 = 2 * 1024 * 1024 * 1024;

impl Ingest {
    /// Reads an export into a site.
    pub(super) async fn import(
        &self,
        site: SiteId,
        format: ImportFormat,
        (path, base): (&str, Option<&str>),
        progress: &Progress,
    ) -> Outcome<Summary> {
        let started = Instant::now();
        let embedded_before = self.embedder.tally.embedded.load(Ordering::Relaxed);
        let model = self.tokenizer().await;
        let mut summary = Summary::default();
        match format {
            ImportFormat::Firecrawl => {
                let file = open(Path::new(path))?;
                let path = path.to_owned();
                let read = move |take: &mut unpack::Take<'_>| {
                    let mut number = 0;
                    let read = import_json::each(BufReader::new(file), &mut |record| {
                        number += 1;
                        take(of_record(site, &record, number, model.as_deref()))
                    });
                    if let Err(error) = read {
                        let reason = format!("not JSON beyond record {number}: {error}; export it again");
                        take(Err(FileError::new(path, "not_json", reason)));
                    }
                };
                self.store_as_read(&mut summary, progress, read).await?;
            }
            ImportFormat::Scans => {
                let base = base.map(address).transpose()?;
                let files = folder::list(&[path.to_owned()])?;
                let read = move |take: &mut unpack::Take<'_>| {
                    for file in &files {
                        let one = folder::load(file).and_then(|incoming| {
                            let url = scanned_url(&incoming.key, base.as_ref());
                            let key = url.clone().unwrap_or_else(|| incoming.key.clone());
                            unpack::one(site, &Incoming { key, url, ..incoming }, model.as_deref())
                        });
                        if !take(one) {
                            break;
                        }
                    }
                };
                self.store_as_read(&mut summary, progress, read).await?;
            }
        }
        if progress.is_cancelled() {
            let stored = summary.documents;
            return Err(Fault::new(Code::Cancelled, format!("stopped after {stored} documents; they stay")));
        }
        self.finish_summary(site, &mut summary, progress, started, embedded_before).await?;
        if summary.documents == 0 {
            let first = summary.failed.first().map_or_else(
                || "it holds no records".to_owned(),
                |failed| format!("the first: {}: {}", failed.path, failed.reason),
            );
            return Err(Fault::new(Code::NothingStored, format!("nothing of {path} could be imported; {first}")));
        }
        Ok(summary)
    }
}

fn open(path: &Path) -> Outcome<std::fs::File> {
    let unreadable = |e: std::io::Error| {
        Fault::new(Code::BadRequest, format!("{} cannot be read: {e}; check the path", path.display()))
    };
    let file = std::fs::File::open(path).map_err(unreadable)?;
    if file.metadata().map_err(unreadable)?.len() > EXPORT_BYTES_MAX {
        return Err(Fault::invalid(format!(
            "{} is larger than {} MB; split the export",
            path.display(),
            EXPORT_BYTES_MAX / 1_048_576
        )));
    }
    Ok(file)
}

/// A page of a Firecrawl export. HTML tells more than the Markdown made of it; where it holds no text, Markdown has the word.
fn of_record(site: SiteId, record: &Value, number: usize, model: Option<&Model>) -> Result<Draft, FileError> {
    let name = || format!("record {number}");
    let text = |value: &Value| value.as_str().map(str::trim).filter(|text| !text.is_empty()).map(str::to_owned);
    let about = &record["metadata"];
    let addresses = [&about["sourceURL"], &about["url"], &record["url"], &record["sourceURL"]];
    let Some(url) = addresses.into_iter().filter_map(text).find_map(|url| address(&url).ok()) else {
        let reason = "it names no address of its page (metadata.sourceURL); export with metadata";
        return Err(FileError::new(name(), "no_url", reason));
    };
    if let Some(status) = about["statusCode"].as_u64().filter(|status| *status >= 400) {
        return Err(FileError::new(
            url.to_string(),
            "http_error",
            format!("the website answered with status {status}"),
        ));
    }
    let kinds = [("rawHtml", "text/html"), ("html", "text/html"), ("markdown", "text/markdown")];
    let mut refused = None;
    for (field, kind) in kinds {
        let Some(content) = text(&record[field]) else { continue };
        let incoming = Incoming {
            key: url.to_string(),
            name: url.to_string(),
            content_type: Some(format!("{kind}; charset=utf-8")),
            bytes: content.into_bytes(),
            url: Some(url.to_string()),
            origin: None,
        };
        match unpack::one(site, &incoming, model) {
            Ok(mut draft) => {
                draft.title = text(&about["title"]).unwrap_or(draft.title);
                return Ok(draft);
            }
            Err(error) => refused = Some(error),
        }
    }
    Err(refused.unwrap_or_else(|| {
        FileError::new(url.to_string(), "empty", "it holds neither markdown nor html; export with one of these formats")
    }))
}

/// The address of a scanned file: its name holds host and path (`www_stadt_de_a_b.md`), or only the path behind `base`.
fn scanned_url(key: &str, base: Option<&Url>) -> Option<String> {
    let name = key.rsplit('/').next().unwrap_or(key);
    if let Some(url) = guess_url(name).and_then(|url| address(&url).ok()) {
        return Some(url.into());
    }
    let stem = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
    let path = if stem == "index" { String::new() } else { stem.trim_matches('_').replace('_', "/") };
    base?.join(&format!("/{path}")).ok().map(|url| normalise(&url).into())
}

fn address(text: &str) -> Outcome<Url> {
    let wrong =
        || Fault::new(Code::AddressInvalid, format!("\"{text}\" is not a web address; write https://www.example.de"));
    let url = Url::parse(text).ok().filter(|url| matches!(url.scheme(), "http" | "https")).ok_or_else(wrong)?;
    Ok(normalise(&url))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_scanned_files() {
        let base = Url::parse("https://www.stadt.de").unwrap();
        for (key, base, expected) in [
            ("www_stadt_de_leben_soziales.md", None, Some("https://www.stadt.de/leben/soziales")),
            ("scans/x/www_stadt_de.md", None, Some("https://www.stadt.de/")),
            ("leben_soziales.md", None, None),
            ("a/leben_soziales.md", Some(&base), Some("https://www.stadt.de/leben/soziales")),
            ("index.md", Some(&base), Some("https://www.stadt.de/")),
        ] {
            assert_eq!(scanned_url(key, base).as_deref(), expected, "{key}");
        }
    }

    #[test]
    fn records_name_what_they_lack() {
        let code = |record: Value| of_record(SiteId(1), &record, 3, None).map(|d| (d.key, d.title)).map_err(|e| e.code);
        let meta = |url: &str| serde_json::json!({"sourceURL": url, "title": "Bad"});
        assert_eq!(
            code(serde_json::json!({"markdown": "Das Bad hat offen.", "metadata": meta("https://A.de/bad#x")})),
            Ok(("https://a.de/bad".to_owned(), "Bad".to_owned()))
        );
        assert_eq!(code(serde_json::json!({"markdown": "x"})), Err("no_url".to_owned()));
        assert_eq!(
            code(serde_json::json!({"markdown": "x", "metadata": meta("file:///etc/passwd")})),
            Err("no_url".to_owned())
        );
        assert_eq!(code(serde_json::json!({"metadata": meta("https://a.de/")})), Err("empty".to_owned()));
        assert_eq!(code(serde_json::json!("x")), Err("no_url".to_owned()));
        let failed =
            serde_json::json!({"markdown": "Nicht da", "metadata": {"sourceURL": "https://a.de/", "statusCode": 404}});
        assert_eq!(code(failed), Err("http_error".to_owned()));
    }
}
