//! The site page: complete without JavaScript; `?q=` is answered here.

use askama::Template;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use poem::{Request, Response};

use crate::base::error::Outcome;
use crate::base::{Code, Fault};
use crate::http::api::{page_locale, suggestions};
use crate::http::front::ClientAddress;
use crate::http::state::Shared;
use crate::svc::dialog::{self, Ask, Block as Said, Citation, Verdict};
use crate::svc::site::{self, Site};

use super::markdown::{Span, is_web, parts};

#[derive(Template)]
#[template(path = "site.html", config = "assets/templates/askama.toml")]
struct SitePage {
    lang: String,
    slug: String,
    public_key: String,
    name: String,
    welcome: String,
    placeholder: String,
    accent: String,
    noindex: bool,
    suggestions: Vec<Suggestion>,
    imprint: Option<String>,
    privacy: Option<String>,
    accessibility: Option<String>,
    other_lang: String,
    question: String,
    answer: Option<Answer>,
    problem: Option<String>,
}

struct Suggestion {
    text: String,
    href: String,
}

struct Answer {
    outcome: String,
    blocks: Vec<Block>,
    sources: Vec<Source>,
    suggestions: Vec<Suggestion>,
}

#[derive(Default)]
struct Block {
    kind: String,
    paragraphs: Vec<Vec<Span>>,
    items: Vec<Vec<Span>>,
    ordered: bool,
    tone: String,
    title: String,
    url: String,
    description: String,
    name: String,
    phone: String,
    tel: String,
    email: String,
    options: Vec<Suggestion>,
}

struct Source {
    n: u32,
    title: String,
    url: String,
    section: String,
    quote: String,
    date: String,
}

/// Everything but letters and digits, and what fragments use as marks.
const ENCODED: &AsciiSet = NON_ALPHANUMERIC;
/// Words of a quote that lead to its place on the page.
const FRAGMENT_WORDS: usize = 6;

/// Renders the page of a site, with an answer when `?q=` asks.
pub async fn show(shared: &Shared, request: &Request, slug: &str) -> Outcome<Response> {
    let site = site::find(&shared.services.store, slug)
        .map_err(|fault| if fault.code == Code::SiteUnknown { Fault::not_found("such site") } else { fault })?;
    let lang = page_locale(super::query(request, "lang").as_deref(), &site.locale).to_owned();
    let question = super::query(request, "q").unwrap_or_default().trim().to_owned();
    let link = |text: &String| Suggestion { href: ask_href(slug, text, &lang), text: text.clone() };
    let (answer, problem) =
        if question.is_empty() { (None, None) } else { answer(shared, request, &site, &question, &lang).await? };
    let other = if lang == "de" { "en" } else { "de" };
    let page = SitePage {
        slug: site.slug.clone(),
        public_key: site.public_key.clone(),
        name: site.name.clone(),
        welcome: dialog::welcome(&site, &lang),
        placeholder: String::new(),
        accent: String::new(),
        noindex: shared.is_staging,
        suggestions: suggestions(shared, &site, &lang)?.iter().map(link).collect(),
        imprint: site.links.imprint.clone(),
        privacy: site.links.privacy.clone(),
        accessibility: site.links.accessibility.clone(),
        other_lang: format!("/s/{slug}?lang={other}"),
        question,
        answer,
        problem,
        lang,
    };
    super::render(&page)
}

fn ask_href(slug: &str, question: &str, lang: &str) -> String {
    format!("/s/{slug}?q={}&lang={lang}", utf8_percent_encode(question, ENCODED))
}

async fn answer(
    shared: &Shared,
    request: &Request,
    site: &Site,
    question: &str,
    lang: &str,
) -> Outcome<(Option<Answer>, Option<String>)> {
    let pick = |german: &str, english: &str| Some(if lang == "de" { german } else { english }.to_owned());
    if let Some(client) = request.data::<ClientAddress>()
        && shared.rates.visitor_asks(client.0, &site.id.to_string()).is_err()
    {
        return Ok((
            None,
            pick(
                "Das waren sehr viele Fragen. Bitte warten Sie einen Moment und fragen Sie dann weiter.",
                "That was a lot of questions. Please wait a moment before you ask again.",
            ),
        ));
    }
    let asked = shared
        .services
        .dialogs
        .ask(site, Ask { question: question.to_owned(), dialog: None, locale: Some(lang.to_owned()) })
        .await;
    match asked {
        Ok(answered) => Ok((Some(view(&answered.answer, &site.slug, lang)), None)),
        Err(fault) => match fault.code {
            Code::QuestionEmpty => Ok((None, pick("Bitte geben Sie eine Frage ein.", "Please type a question."))),
            Code::QuestionTooLong => Ok((
                None,
                pick(
                    "Die Frage ist zu lang. Bitte fragen Sie kürzer.",
                    "The question is too long. Please ask in fewer words.",
                ),
            )),
            _ => Err(fault),
        },
    }
}

fn view(answer: &dialog::Answer, slug: &str, lang: &str) -> Answer {
    let link = |text: &String| Suggestion { href: ask_href(slug, text, lang), text: text.clone() };
    let outcome = match answer.outcome {
        Verdict::Answered => "answered",
        Verdict::Clarify => "clarify",
        Verdict::Refused => "refused",
        Verdict::Error => "error",
    };
    Answer {
        outcome: outcome.to_owned(),
        blocks: answer.blocks.iter().flat_map(|block| blocks(block, &link)).collect(),
        sources: answer.citations.iter().map(|c| source(c, lang)).collect(),
        suggestions: answer.suggestions.iter().map(link).collect(),
    }
}

/// One block of the answer as blocks of the page: text may need several, for a paragraph behind a list.
fn blocks(block: &Said, link: &impl Fn(&String) -> Suggestion) -> Vec<Block> {
    let text = |kind: &str, tone: &str, text: &str| -> Vec<Block> {
        parts(text)
            .into_iter()
            .map(|p| Block {
                kind: kind.to_owned(),
                tone: tone.to_owned(),
                paragraphs: p.paragraphs,
                items: p.items,
                ordered: p.ordered,
                ..Block::default()
            })
            .collect()
    };
    let web = |url: &Option<String>| url.clone().filter(|u| is_web(u)).unwrap_or_default();
    match block {
        Said::Text { text: said } => text("text", "", said),
        Said::Notice { tone, text: said } => text("notice", if tone == "warning" { "warning" } else { "info" }, said),
        Said::Link { title, url, description } if is_web(url) => vec![Block {
            kind: "link".to_owned(),
            title: title.clone(),
            url: url.clone(),
            description: description.clone().unwrap_or_default(),
            ..Block::default()
        }],
        Said::Link { title, .. } => text("text", "", title),
        Said::Contact { name, phone, email, url, .. } => {
            let phone = phone.clone().unwrap_or_default();
            let tel = phone.chars().filter(|c| c.is_ascii_digit() || *c == '+').collect();
            vec![Block {
                kind: "contact".to_owned(),
                name: name.clone().unwrap_or_default(),
                phone,
                tel,
                email: email.clone().unwrap_or_default(),
                url: web(url),
                ..Block::default()
            }]
        }
        Said::Question { text: said, options } => {
            let mut asked = text("question", "", said);
            if let Some(last) = asked.last_mut() {
                last.options = options.iter().map(link).collect();
            }
            asked
        }
    }
}

fn source(citation: &Citation, lang: &str) -> Source {
    Source {
        n: u32::try_from(citation.n).unwrap_or(0),
        title: citation.title.clone(),
        url: citation
            .url
            .as_deref()
            .filter(|u| is_web(u))
            .map(|u| with_fragment(u, &citation.quote))
            .unwrap_or_default(),
        section: citation.section.join(" › "),
        quote: citation.quote.clone(),
        date: citation.updated_at.as_deref().map(|d| date(d, lang)).unwrap_or_default(),
    }
}

/// Leads the browser to the quoted words (text fragments, WICG).
fn with_fragment(url: &str, quote: &str) -> String {
    let words: Vec<&str> = quote
        .split(" … ")
        .next()
        .unwrap_or_default()
        .trim_start_matches(['-', '•', ' '])
        .split_whitespace()
        .take(FRAGMENT_WORDS)
        .collect();
    if url.contains('#') || words.is_empty() {
        return url.to_owned();
    }
    format!("{url}#:~:text={}", utf8_percent_encode(&words.join(" "), ENCODED))
}

/// `12.03.2026` in German, `2026-03-12` in English; what is no date is left out.
fn date(stated: &str, lang: &str) -> String {
    let day = stated.get(..10).unwrap_or_default();
    let parts: Vec<&str> = day.split('-').collect();
    match parts.as_slice() {
        [year, month, day] if lang == "de" => format!("{day}.{month}.{year}"),
        [_, _, _] => day.to_owned(),
        _ => String::new(),
    }
}
