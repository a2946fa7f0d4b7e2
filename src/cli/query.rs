//! `ask` and `search`.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::base::Fault;
use crate::base::error::Outcome;
use crate::svc::dialog;
use crate::svc::retrieve::Mode;
use crate::svc::services::Services;
use crate::svc::site;

#[derive(Debug, Clone, clap::Args, Serialize, Deserialize)]
pub(crate) struct Ask {
    /// What you would like to know
    question: String,
    /// Slug of the site
    #[arg(long)]
    site: String,
    /// de or en, when the question does not tell
    #[arg(long)]
    locale: Option<String>,
    /// Show what the evidence gate saw
    #[arg(long)]
    explain: bool,
}

impl Ask {
    pub(crate) async fn run(self, services: &Services) -> Outcome<Value> {
        let site = site::find(&services.store, &self.site)?;
        let answered = services
            .dialogs
            .ask(&site, dialog::Ask { question: self.question, dialog: None, locale: self.locale })
            .await?;
        let mut value = serde_json::to_value(&answered.answer).map_err(Fault::internal)?;
        if self.explain {
            value["explain"] = json!({"gate": answered.decision});
        }
        Ok(value)
    }
}

#[derive(Debug, Clone, clap::Args, Serialize, Deserialize)]
pub(crate) struct Search {
    /// Words to look for
    query: String,
    /// Slug of the site
    #[arg(long)]
    site: String,
    /// Most hits
    #[arg(long, default_value_t = 10)]
    limit: usize,
    /// Show both ranks and scores
    #[arg(long)]
    explain: bool,
    /// hybrid, words or vector
    #[arg(long, default_value = "hybrid", value_parser = ["hybrid", "words", "vector"])]
    mode: String,
}

/// The mode behind its name; clap has checked the name.
pub(crate) fn mode(name: &str) -> Mode {
    match name {
        "words" => Mode::Words,
        "vector" => Mode::Vector,
        _ => Mode::Hybrid,
    }
}

impl Search {
    pub(crate) async fn run(self, services: &Services) -> Outcome<Value> {
        let site = site::find(&services.store, &self.site)?;
        let hits = services.retriever.search(site.id, &self.query, mode(&self.mode), self.limit, self.explain).await?;
        Ok(json!({"hits": hits}))
    }
}

pub(crate) fn show_answer(value: &Value) -> String {
    let mut text = String::new();
    for block in value["blocks"].as_array().into_iter().flatten() {
        match block["type"].as_str() {
            Some("text" | "notice") => {
                text.push_str(&format!("{}\n\n", unescape(block["text"].as_str().unwrap_or_default())));
            }
            Some("link") => text.push_str(&format!(
                "  {}  {}\n",
                block["title"].as_str().unwrap_or_default(),
                block["url"].as_str().unwrap_or_default()
            )),
            Some("contact") => {
                let parts: Vec<&str> =
                    ["name", "phone", "email", "url"].iter().filter_map(|k| block[*k].as_str()).collect();
                text.push_str(&format!("  {}\n", parts.join("  ")));
            }
            _ => {}
        }
    }
    for citation in value["citations"].as_array().into_iter().flatten() {
        let place = citation["url"].as_str().or(citation["key"].as_str()).unwrap_or_default();
        let date = citation["updated_at"].as_str().map(|d| format!(" ({d})")).unwrap_or_default();
        text.push_str(&format!(
            "[{}] {}{date}  {place}\n",
            citation["n"],
            citation["title"].as_str().unwrap_or_default()
        ));
    }
    if let Some(gate) = value["explain"]["gate"].as_object() {
        text.push_str(&format!("\ngate: {}\n", Value::Object(gate.clone())));
    }
    text
}

fn unescape(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        plain.push(if c == '\\' { chars.next().unwrap_or(c) } else { c });
    }
    plain
}

pub(crate) fn show_hits(value: &Value) -> String {
    let mut text = String::new();
    for (at, hit) in value["hits"].as_array().into_iter().flatten().enumerate() {
        let section = hit["section"]
            .as_array()
            .map(|s| s.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(" > "))
            .unwrap_or_default();
        let first: String = hit["text"].as_str().unwrap_or_default().chars().take(160).collect();
        text.push_str(&format!(
            "{:>2}. {}  {}\n    {}\n    {}\n",
            at + 1,
            hit["title"].as_str().unwrap_or_default(),
            section,
            hit["url"].as_str().or(hit["key"].as_str()).unwrap_or_default(),
            first.replace('\n', " · ")
        ));
        if let Some(ranks) = hit["ranks"].as_object() {
            let part = |name: &str| {
                ranks.get(name).map_or_else(
                    || "–".to_owned(),
                    |r| format!("rank {} score {:.3}", r["rank"], r["score"].as_f64().unwrap_or_default()),
                )
            };
            text.push_str(&format!(
                "    words {}   meaning {}   fused {:.4}\n",
                part("words"),
                part("vector"),
                hit["score"].as_f64().unwrap_or_default()
            ));
        }
    }
    if text.is_empty() { "no hits".to_owned() } else { text }
}
