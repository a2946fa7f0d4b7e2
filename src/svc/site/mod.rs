//! Sites: the tenants. A site is known by its slug outside and by its number inside.

#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};

use crate::base::clock::{UnixMs, now_ms};
use crate::base::error::Outcome;
use crate::base::id::SiteId;
use crate::base::secret::random_token;
use crate::base::{Code, Fault};
use crate::store::{Key, Store, Table, Value};

/// A tenant: its knowledge, its dialog, its branding.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Site {
    pub id: SiteId,
    pub slug: String,
    pub name: String,
    /// Origins of web pages that may embed the widget, such as `https://www.example.de`.
    #[serde(default)]
    pub origins: Vec<String>,
    /// `de` or `en`.
    pub locale: String,
    /// The key that stands in the snippet; it can only ask.
    pub public_key: String,
    #[serde(default)]
    pub contact: Contact,
    #[serde(default)]
    pub links: Links,
    #[serde(default)]
    pub welcome: Option<String>,
    #[serde(default)]
    pub suggestions: Vec<String>,
    pub created_at: UnixMs,
    /// The embedding model, where it is not the one that comes with the program.
    #[serde(default)]
    pub model: Option<SiteModel>,
}

/// The embedding model a site has chosen.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SiteModel {
    pub name: String,
    pub scale: Scale,
}

/// Makes the cosines of a model comparable with those of the built-in one, for which everything behind retrieval was
/// calibrated: a straight line through two measured points (see `svc/switch/measure.rs`).
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Scale {
    pub gain: f32,
    pub offset: f32,
}

impl Default for Scale {
    fn default() -> Self {
        Self { gain: 1.0, offset: 0.0 }
    }
}

impl Scale {
    /// A cosine of the model as the built-in model would have given it.
    #[must_use]
    pub fn of(self, cosine: f32) -> f32 {
        self.gain * cosine + self.offset
    }
}

/// Whom a visitor can reach when the site has no answer.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Contact {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub phone: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
}

impl Contact {
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// Pages the law wants to be reachable from the dialog.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Links {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub imprint: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub privacy: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub accessibility: Option<String>,
}

impl Value for Site {
    const TABLE: Table = Table::Sites;
}

/// What a new site starts with.
#[derive(Debug, Clone, Default)]
pub struct NewSite {
    pub slug: String,
    pub name: Option<String>,
    pub origins: Vec<String>,
    pub locale: Option<String>,
}

/// Changes to a site; absent fields stay.
#[derive(Debug, Clone, Default)]
pub struct Patch {
    pub name: Option<String>,
    pub origins: Option<Vec<String>>,
    pub locale: Option<String>,
    pub contact: Option<Contact>,
    pub links: Option<Links>,
    pub welcome: Option<String>,
    pub suggestions: Option<Vec<String>>,
}

const SLUG_BYTES_MAX: usize = 63;
const ORIGINS_MAX: usize = 50;
const TEXT_BYTES_MAX: usize = 2_000;
const RESERVED: &[&str] =
    &["api", "console", "setup", "handbook", "widget", "assets", "healthz", "health", "metrics", "new"];

/// Creates a site. Its slug must be free: lower-case letters, digits and hyphens.
pub async fn create(store: &Store, new: NewSite) -> Outcome<Site> {
    check_slug(&new.slug)?;
    let origins = new.origins.iter().map(|o| normalise_origin(o)).collect::<Outcome<Vec<_>>>()?;
    let locale = check_locale(new.locale.as_deref().unwrap_or("de"))?;
    let name = check_text("name", new.name.unwrap_or_else(|| new.slug.clone()))?;
    store
        .write(move |batch| {
            if batch.get_raw(Table::SiteSlugs, &new.slug)?.is_some() {
                return Err(Fault::new(
                    Code::Conflict,
                    format!("the site \"{}\" exists already; choose another slug", new.slug),
                ));
            }
            let id = SiteId(u32::try_from(batch.next("site")?).map_err(Fault::internal)?);
            let site = Site {
                id,
                slug: new.slug,
                name,
                origins,
                locale,
                public_key: format!("pk_{}", random_token(18)),
                contact: Contact::default(),
                links: Links::default(),
                welcome: None,
                suggestions: Vec::new(),
                created_at: now_ms(),
                model: None,
            };
            batch.put_raw(Table::SiteSlugs, &site.slug, id.to_key().to_vec());
            batch.put(Key::of(id), &site)?;
            Ok(site)
        })
        .await
}

/// The site with this slug, or [`Code::SiteUnknown`].
pub fn find(store: &Store, slug: &str) -> Outcome<Site> {
    let snapshot = store.snapshot()?;
    let id = snapshot.get_raw(Table::SiteSlugs, slug)?.ok_or_else(|| Fault::site_unknown(slug))?;
    snapshot.get(id)?.ok_or_else(|| Fault::site_unknown(slug))
}

/// All sites in the order they were made.
pub fn list(store: &Store) -> Outcome<Vec<Site>> {
    Ok(store.snapshot()?.list::<Site>([])?.into_iter().map(|(_, site)| site).collect())
}

/// Changes a site.
pub async fn update(store: &Store, slug: &str, patch: Patch) -> Outcome<Site> {
    let id = find(store, slug)?.id;
    let origins =
        patch.origins.map(|list| list.iter().map(|o| normalise_origin(o)).collect::<Outcome<Vec<_>>>()).transpose()?;
    if origins.as_ref().is_some_and(|o| o.len() > ORIGINS_MAX) {
        return Err(Fault::invalid(format!("at most {ORIGINS_MAX} origins are allowed")));
    }
    let locale = patch.locale.as_deref().map(check_locale).transpose()?;
    let name = patch.name.map(|n| check_text("name", n)).transpose()?;
    let welcome = patch.welcome.map(|w| check_text("welcome", w)).transpose()?;
    let suggestions = patch
        .suggestions
        .map(|list| list.into_iter().take(12).map(|s| check_text("suggestion", s)).collect::<Outcome<Vec<_>>>())
        .transpose()?;
    let links = patch.links.map(check_links).transpose()?;
    let contact = patch.contact;
    store
        .write(move |batch| {
            let mut site: Site = batch.get(Key::of(id))?.ok_or_else(|| Fault::not_found("such site"))?;
            site.name = name.unwrap_or(site.name);
            site.origins = origins.unwrap_or(site.origins);
            site.locale = locale.unwrap_or(site.locale);
            site.contact = contact.unwrap_or(site.contact);
            site.links = links.unwrap_or(site.links);
            site.suggestions = suggestions.unwrap_or(site.suggestions);
            if let Some(welcome) = welcome {
                site.welcome = Some(welcome).filter(|w| !w.is_empty());
            }
            batch.put(Key::of(id), &site)?;
            Ok(site)
        })
        .await
}

/// A slug made from a name: `Stadt Müllheim` becomes `stadt-muellheim`.
#[must_use]
pub fn slugify(name: &str) -> String {
    let mut slug = String::new();
    for c in name.to_lowercase().chars() {
        match c {
            'ä' => slug.push_str("ae"),
            'ö' => slug.push_str("oe"),
            'ü' => slug.push_str("ue"),
            'ß' => slug.push_str("ss"),
            c if c.is_ascii_alphanumeric() => slug.push(c),
            _ if !slug.ends_with('-') && !slug.is_empty() => slug.push('-'),
            _ => {}
        }
    }
    slug.truncate(SLUG_BYTES_MAX);
    slug.trim_matches('-').to_owned()
}

fn check_slug(slug: &str) -> Outcome<()> {
    let allowed = slug.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
    if slug.is_empty() || slug.len() > SLUG_BYTES_MAX || !allowed || slug.starts_with('-') || slug.ends_with('-') {
        return Err(Fault::invalid(format!(
            "\"{slug}\" cannot be a slug: use 1 to {SLUG_BYTES_MAX} lower-case letters, digits and hyphens, such as \"{}\"",
            slugify(slug)
        )));
    }
    if RESERVED.contains(&slug) {
        return Err(Fault::invalid(format!("the slug \"{slug}\" is reserved; choose another")));
    }
    Ok(())
}

fn check_locale(locale: &str) -> Outcome<String> {
    match locale.get(..2) {
        Some(two @ ("de" | "en")) => Ok(two.to_owned()),
        _ => Err(Fault::invalid(format!("the language \"{locale}\" is not available; use de or en"))),
    }
}

fn check_text(field: &str, text: String) -> Outcome<String> {
    let text = text.trim().to_owned();
    if text.len() > TEXT_BYTES_MAX || text.chars().any(|c| c.is_control() && c != '\n') {
        return Err(Fault::invalid(format!(
            "{field} may have at most {TEXT_BYTES_MAX} bytes and no control characters"
        )));
    }
    Ok(text)
}

fn check_links(links: Links) -> Outcome<Links> {
    for link in [&links.imprint, &links.privacy, &links.accessibility].into_iter().flatten() {
        if !link.is_empty() && !matches!(url::Url::parse(link), Ok(u) if matches!(u.scheme(), "http" | "https")) {
            return Err(Fault::invalid(format!("\"{link}\" is not a web address; begin with https://")));
        }
    }
    let keep = |link: Option<String>| link.filter(|l| !l.is_empty());
    Ok(Links { imprint: keep(links.imprint), privacy: keep(links.privacy), accessibility: keep(links.accessibility) })
}

/// `scheme://host[:port]` as browsers send it in `Origin`.
pub fn normalise_origin(text: &str) -> Outcome<String> {
    let with_scheme = if text.contains("://") { text.to_owned() } else { format!("https://{text}") };
    match url::Url::parse(&with_scheme) {
        Ok(url) if matches!(url.scheme(), "http" | "https") && url.host().is_some() => {
            Ok(url.origin().ascii_serialization())
        }
        _ => Err(Fault::invalid(format!("\"{text}\" is not an origin; write it like https://www.example.de"))),
    }
}
