//! Sites: what the console lists and changes, and what a visitor's browser may know.

use std::collections::BTreeMap;
use std::sync::Arc;

use poem::web::Data;
use poem_openapi::param::Query;
use poem_openapi::payload::Json;
use poem_openapi::{Object, OpenApi};
use serde_json::{Value, json};

use crate::base::clock::rfc3339;
use crate::base::error::Outcome;
use crate::http::state::{Caller, Shared};
use crate::svc::dialog::{disclosure, welcome};
use crate::svc::ingest::report;
use crate::svc::ingest::source::{self, UrlOutcome};
use crate::svc::knowledge;
use crate::svc::site::{self, NewSite, Patch, Site};
use crate::svc::topic;

use super::{Created, Reply, Tag, shape};

/// A new site.
#[derive(Object)]
#[oai(deny_unknown_fields)]
struct SiteRequest {
    name: String,
    /// Made from the name when absent.
    slug: Option<String>,
    /// Origins of web pages that may embed the widget.
    origins: Option<Vec<String>>,
    /// `de` or `en`.
    locale: Option<String>,
}

/// Whom a visitor can reach.
#[derive(Object)]
#[oai(deny_unknown_fields)]
struct Contact {
    name: Option<String>,
    phone: Option<String>,
    email: Option<String>,
    url: Option<String>,
}

/// Pages the law wants to be reachable.
#[derive(Object)]
#[oai(deny_unknown_fields)]
struct Links {
    imprint: Option<String>,
    privacy: Option<String>,
    accessibility: Option<String>,
}

/// Changes; absent fields stay.
#[derive(Object)]
#[oai(deny_unknown_fields)]
struct SitePatch {
    name: Option<String>,
    origins: Option<Vec<String>>,
    locale: Option<String>,
    contact: Option<Contact>,
    links: Option<Links>,
    welcome: Option<String>,
    suggestions: Option<Vec<String>>,
}

pub struct Sites(pub Arc<Shared>);

#[OpenApi]
impl Sites {
    /// Sites with their counts: `{sites:[{slug,name,documents,chunks,embedded,pending_vectors,excluded,gone,not_read,last_crawl,public_key,origins}]}`.
    #[oai(path = "/sites", method = "get", operation_id = "sites", tag = "Tag::Sites")]
    async fn list(&self, caller: Data<&Caller>) -> Reply {
        let sites = site::list(&self.0.services.store)?.into_iter().filter(|site| caller.sees(site.id));
        let rows = sites.map(|site| row(&self.0, &site)).collect::<Outcome<Vec<_>>>()?;
        Ok(shape(json!({"sites": rows})))
    }

    /// Makes a site.
    #[oai(path = "/sites", method = "post", operation_id = "createSite", tag = "Tag::Sites")]
    async fn create(&self, body: Json<SiteRequest>) -> poem::Result<Created> {
        let body = body.0;
        let slug = body.slug.filter(|s| !s.is_empty()).unwrap_or_else(|| site::slugify(&body.name));
        let made = site::create(
            &self.0.services.store,
            NewSite { slug, name: Some(body.name), origins: body.origins.unwrap_or_default(), locale: body.locale },
        )
        .await?;
        Ok(Created::Made(shape(detail(&self.0, &made)?)))
    }

    /// One site: the row of the list with snippet, contact, links, welcome and suggestions.
    #[oai(path = "/sites/:site", method = "get", operation_id = "site", tag = "Tag::Sites")]
    async fn get(&self, caller: Data<&Caller>) -> Reply {
        Ok(shape(detail(&self.0, caller.site()?)?))
    }

    /// Changes a site.
    #[oai(path = "/sites/:site", method = "patch", operation_id = "updateSite", tag = "Tag::Sites")]
    async fn update(&self, caller: Data<&Caller>, body: Json<SitePatch>) -> Reply {
        let body = body.0;
        let patch = Patch {
            name: body.name,
            origins: body.origins,
            locale: body.locale,
            contact: body.contact.map(|c| {
                let keep = |text: Option<String>| text.map(|t| t.trim().to_owned()).filter(|t| !t.is_empty());
                site::Contact { name: keep(c.name), phone: keep(c.phone), email: keep(c.email), url: keep(c.url) }
            }),
            links: body.links.map(|l| site::Links {
                imprint: l.imprint,
                privacy: l.privacy,
                accessibility: l.accessibility,
            }),
            welcome: body.welcome,
            suggestions: body.suggestions,
        };
        let changed = site::update(&self.0.services.store, &caller.site()?.slug, patch).await?;
        Ok(shape(detail(&self.0, &changed)?))
    }

    /// The line that embeds the widget: `{snippet, key}`.
    #[oai(path = "/sites/:site/snippet", method = "get", operation_id = "snippet", tag = "Tag::Sites")]
    async fn snippet(&self, caller: Data<&Caller>) -> Reply {
        let site = caller.site()?;
        Ok(shape(json!({"snippet": snippet(&self.0, site), "key": site.public_key})))
    }

    /// What the widget shows before a question is asked.
    #[oai(path = "/sites/:site/public", method = "get", operation_id = "publicSite", tag = "Tag::Dialog")]
    async fn public(&self, caller: Data<&Caller>, locale: Query<Option<String>>) -> Reply {
        let site = caller.site()?;
        let locale = page_locale(locale.0.as_deref(), &site.locale);
        Ok(shape(json!({
            "slug": site.slug,
            "name": site.name,
            "locale": locale,
            "welcome": welcome(site, locale),
            "suggestions": suggestions(&self.0, site, locale)?,
            "disclosure": disclosure(site, locale),
            "links": site.links,
            "contact": site.contact,
        })))
    }
}

/// The site's own suggestions; pages in the middle of its topics where it has none.
pub(in crate::http) fn suggestions(shared: &Shared, site: &Site, locale: &str) -> Outcome<Vec<String>> {
    if site.suggestions.is_empty() {
        return topic::suggestions(&shared.services.store, site.id, locale);
    }
    Ok(site.suggestions.clone())
}

/// `de` or `en`: what is asked for if we speak it, else the site's own.
pub(in crate::http) fn page_locale<'a>(asked: Option<&str>, own: &'a str) -> &'a str {
    match asked.and_then(|a| a.get(..2)).map(str::to_ascii_lowercase).as_deref() {
        Some("de") => "de",
        Some("en") => "en",
        _ => own,
    }
}

fn snippet(shared: &Shared, site: &Site) -> String {
    format!(
        "<script src=\"{}/widget/v1.js\" data-site=\"{}\" data-key=\"{}\" async></script>",
        shared.own_origin, site.slug, site.public_key
    )
}

fn row(shared: &Shared, site: &Site) -> Outcome<Value> {
    let store = &shared.services.store;
    let counts = knowledge::counts(store, site.id)?;
    let mut not_read = BTreeMap::<String, u64>::new();
    let mut last_crawl = None;
    for source in source::list(store, site.id)? {
        last_crawl = last_crawl.max(source.last_crawl.as_ref().map(|c| c.finished_at));
        for row in report::lines(store, source.id)? {
            if matches!(row.outcome, UrlOutcome::Skipped | UrlOutcome::Failed)
                && let Some(kind) = file_kind(&row.url)
            {
                *not_read.entry(kind).or_default() += 1;
            }
        }
    }
    Ok(json!({
        "slug": site.slug,
        "name": site.name,
        "locale": site.locale,
        "documents": counts.documents,
        "chunks": counts.chunks,
        "embedded": counts.chunks.saturating_sub(counts.pending),
        "pending_vectors": counts.pending,
        "excluded": counts.excluded,
        "gone": counts.gone,
        "not_read": not_read,
        "last_crawl": last_crawl.map(rfc3339),
        "public_key": site.public_key,
        "origins": site.origins,
    }))
}

/// `PDF` and the like, for addresses of files that are no pages.
fn file_kind(address: &str) -> Option<String> {
    const KINDS: &[&str] =
        &["pdf", "doc", "docx", "xls", "xlsx", "ppt", "pptx", "odt", "ods", "odp", "rtf", "zip", "epub"];
    let path = address.split(['?', '#']).next()?.rsplit('/').next()?;
    let extension = path.rsplit_once('.')?.1.to_ascii_lowercase();
    KINDS.contains(&extension.as_str()).then(|| extension.to_uppercase())
}

fn detail(shared: &Shared, site: &Site) -> Outcome<Value> {
    let mut view = row(shared, site)?;
    view["snippet"] = json!(snippet(shared, site));
    view["contact"] = json!(site.contact);
    view["links"] = json!(site.links);
    view["welcome"] = json!(site.welcome);
    view["suggestions"] = json!(site.suggestions);
    Ok(view)
}
