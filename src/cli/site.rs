//! `site`: tenants.

use clap::Subcommand;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::base::error::Outcome;
use crate::svc::knowledge;
use crate::svc::services::Services;
use crate::svc::site::{self, Contact, Links, NewSite, Patch, Site};

#[derive(Debug, Clone, clap::Args, Serialize, Deserialize)]
pub(crate) struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Clone, Subcommand, Serialize, Deserialize)]
enum Verb {
    /// Make a site
    Create {
        /// Lower-case letters, digits and hyphens; stands in addresses
        slug: String,
        #[arg(long)]
        name: Option<String>,
        /// Web page origin that may embed the widget (may be repeated)
        #[arg(long)]
        origin: Vec<String>,
        /// de or en
        #[arg(long)]
        locale: Option<String>,
    },
    /// All sites
    List,
    /// One site
    Show { slug: String },
    /// Change a site
    Set {
        slug: String,
        #[arg(long)]
        name: Option<String>,
        #[arg(long)]
        origin: Vec<String>,
        /// Whom visitors can reach: name
        #[arg(long)]
        contact_name: Option<String>,
        #[arg(long)]
        contact_phone: Option<String>,
        #[arg(long)]
        contact_email: Option<String>,
        #[arg(long)]
        imprint: Option<String>,
        #[arg(long)]
        privacy: Option<String>,
        #[arg(long)]
        accessibility: Option<String>,
    },
    /// The line to paste into a web page
    Snippet { slug: String },
}

/// The line to paste into a web page.
pub(crate) fn snippet(services: &Services, site: &Site) -> String {
    let server = &services.config.server;
    let base = if server.public_url.is_empty() {
        format!("http://{}", server.listen)
    } else {
        server.public_url.trim_end_matches('/').to_owned()
    };
    format!(
        "<script src=\"{base}/widget/v1.js\" data-site=\"{}\" data-key=\"{}\" async></script>",
        site.slug, site.public_key
    )
}

impl Args {
    pub(crate) async fn run(self, services: &Services) -> Outcome<Value> {
        let store = &services.store;
        match self.verb {
            Verb::Create { slug, name, origin, locale } => {
                Ok(json!(site::create(store, NewSite { slug, name, origins: origin, locale }).await?))
            }
            Verb::List => {
                let mut rows = Vec::new();
                for site in site::list(store)? {
                    rows.push(
                        json!({"slug": site.slug, "name": site.name, "counts": knowledge::counts(store, site.id)?}),
                    );
                }
                Ok(json!({"sites": rows}))
            }
            Verb::Show { slug } => {
                let site = site::find(store, &slug)?;
                let mut value = json!(site);
                value["counts"] = json!(knowledge::counts(store, site.id)?);
                Ok(value)
            }
            Verb::Set {
                slug,
                name,
                origin,
                contact_name,
                contact_phone,
                contact_email,
                imprint,
                privacy,
                accessibility,
            } => {
                let before = site::find(store, &slug)?;
                let contact = Contact {
                    name: contact_name.or(before.contact.name),
                    phone: contact_phone.or(before.contact.phone),
                    email: contact_email.or(before.contact.email),
                    url: before.contact.url,
                };
                let links = Links {
                    imprint: imprint.or(before.links.imprint),
                    privacy: privacy.or(before.links.privacy),
                    accessibility: accessibility.or(before.links.accessibility),
                };
                let patch = Patch {
                    name,
                    origins: Some(origin).filter(|o| !o.is_empty()),
                    contact: Some(contact),
                    links: Some(links),
                    ..Patch::default()
                };
                Ok(json!(site::update(store, &slug, patch).await?))
            }
            Verb::Snippet { slug } => {
                let site = site::find(store, &slug)?;
                Ok(json!({"snippet": snippet(services, &site), "key": site.public_key}))
            }
        }
    }
}
