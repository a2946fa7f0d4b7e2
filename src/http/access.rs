//! Who may call what: one table. A path that is not in it does not exist.
//!
//! The gate asks this table before any handler runs, the OpenAPI document takes its security from it, and a test
//! compares it with the routes there are and calls each of them in every role.

use poem::http::Method;

use crate::svc::auth::Scope;

/// What a call needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Nothing: set-up, signing in, the description of the API.
    Open,
    /// What a visitor's browser does with the key of the snippet, from an origin of the site.
    Visitor,
    /// A session, or a key of the site in the path with this scope.
    Site(Scope),
    /// As `Site`, for the site of the source in the path.
    Source(Scope),
    /// A session, or a key that may add documents to the site of the job in the path.
    Job,
    /// A session, or any secret key; the handler shows what belongs to its site.
    Listing,
    /// A session.
    Operator,
}

pub struct Route {
    pub method: Method,
    pub path: &'static str,
    pub access: Access,
}

const fn route(method: Method, path: &'static str, access: Access) -> Route {
    Route { method, path, access }
}

/// Below this path the table rules.
pub const BASE: &str = "/api/v1";

use Access::{Job, Listing, Open, Operator, Site, Source, Visitor};

/// Every call of the API.
pub const ROUTES: &[Route] = &[
    route(Method::GET, "/openapi.json", Open),
    route(Method::GET, "/setup", Open),
    route(Method::POST, "/setup", Open),
    route(Method::GET, "/session", Operator),
    route(Method::POST, "/session", Open),
    route(Method::DELETE, "/session", Operator),
    route(Method::GET, "/sites", Listing),
    route(Method::POST, "/sites", Operator),
    route(Method::GET, "/sites/{site}", Site(Scope::Admin)),
    route(Method::PATCH, "/sites/{site}", Site(Scope::Admin)),
    route(Method::GET, "/sites/{site}/snippet", Site(Scope::Admin)),
    route(Method::GET, "/sites/{site}/model", Site(Scope::Admin)),
    route(Method::POST, "/sites/{site}/model", Site(Scope::Admin)),
    route(Method::GET, "/sites/{site}/public", Visitor),
    route(Method::POST, "/sites/{site}/ask", Visitor),
    route(Method::GET, "/sites/{site}/dialogs/{dialog}", Visitor),
    route(Method::DELETE, "/sites/{site}/dialogs/{dialog}/turns/{turn}", Visitor),
    route(Method::GET, "/sites/{site}/dialogs/{dialog}/turns/{turn}/events", Visitor),
    route(Method::GET, "/sites/{site}/citations/{citation}", Visitor),
    route(Method::POST, "/sites/{site}/search", Site(Scope::Search)),
    route(Method::GET, "/sites/{site}/documents", Site(Scope::Documents)),
    route(Method::POST, "/sites/{site}/documents", Site(Scope::Documents)),
    route(Method::POST, "/sites/{site}/documents/allow", Site(Scope::Documents)),
    route(Method::POST, "/sites/{site}/documents/reindex", Site(Scope::Documents)),
    route(Method::POST, "/sites/{site}/audit", Site(Scope::Documents)),
    route(Method::GET, "/sites/{site}/documents/{document}", Site(Scope::Documents)),
    route(Method::GET, "/sites/{site}/documents/{document}/text", Site(Scope::Documents)),
    route(Method::GET, "/sites/{site}/documents/{document}/file", Site(Scope::Documents)),
    route(Method::PATCH, "/sites/{site}/documents/{document}", Site(Scope::Documents)),
    route(Method::DELETE, "/sites/{site}/documents/{document}", Site(Scope::Documents)),
    route(Method::GET, "/sites/{site}/documents/{document}/facts", Site(Scope::Documents)),
    route(Method::GET, "/sites/{site}/repeated", Site(Scope::Documents)),
    route(Method::PATCH, "/sites/{site}/repeated/{part}", Site(Scope::Documents)),
    route(Method::GET, "/sites/{site}/copies", Site(Scope::Documents)),
    route(Method::GET, "/sites/{site}/topics", Site(Scope::Documents)),
    route(Method::POST, "/sites/{site}/topics", Site(Scope::Documents)),
    route(Method::GET, "/sites/{site}/topics/{topic}", Site(Scope::Documents)),
    route(Method::PATCH, "/sites/{site}/topics/{topic}", Site(Scope::Documents)),
    route(Method::POST, "/sites/{site}/topics/{topic}/split", Site(Scope::Documents)),
    route(Method::POST, "/sites/{site}/topic-versions/{version}", Site(Scope::Documents)),
    route(Method::GET, "/sites/{site}/sources", Site(Scope::Crawl)),
    route(Method::POST, "/sites/{site}/sources", Site(Scope::Crawl)),
    route(Method::PATCH, "/sources/{source}", Source(Scope::Crawl)),
    route(Method::POST, "/sources/{source}/discover", Source(Scope::Crawl)),
    route(Method::POST, "/sources/{source}/crawl", Source(Scope::Crawl)),
    route(Method::GET, "/sources/{source}/report", Source(Scope::Crawl)),
    route(Method::GET, "/sources/{source}/report.csv", Source(Scope::Crawl)),
    route(Method::GET, "/jobs", Listing),
    route(Method::GET, "/jobs/{job}", Job),
    route(Method::DELETE, "/jobs/{job}", Job),
    route(Method::GET, "/jobs/{job}/events", Job),
];

/// What the table says about a call.
pub enum Match {
    Found {
        route: &'static Route,
        params: Params,
    },
    /// The path exists for these methods only.
    Methods(String),
    Unknown,
}

/// Parts of the path by name, percent-decoded.
#[derive(Debug, Default, Clone)]
pub struct Params(Vec<(&'static str, String)>);

impl Params {
    pub fn get(&self, name: &str) -> &str {
        self.0.iter().find(|(n, _)| *n == name).map_or("", |(_, value)| value)
    }
}

/// Looks a path below [`BASE`] up. `HEAD` is allowed where `GET` is.
pub fn find(method: &Method, path: &str) -> Match {
    let wanted = if method == Method::HEAD { &Method::GET } else { method };
    let mut methods = Vec::new();
    for route in ROUTES {
        let Some(params) = fit(route.path, path) else { continue };
        if route.method == *wanted {
            return Match::Found { route, params };
        }
        methods.push(route.method.as_str());
    }
    if methods.is_empty() { Match::Unknown } else { Match::Methods(methods.join(", ")) }
}

fn fit(pattern: &'static str, path: &str) -> Option<Params> {
    let mut params = Vec::new();
    let mut parts = path.split('/');
    for wanted in pattern.split('/') {
        let part = parts.next()?;
        if let Some(name) = wanted.strip_prefix('{').and_then(|w| w.strip_suffix('}')) {
            let decoded = percent_encoding::percent_decode_str(part).decode_utf8().ok()?;
            if decoded.is_empty() {
                return None;
            }
            params.push((name, decoded.into_owned()));
        } else if wanted != part {
            return None;
        }
    }
    parts.next().is_none().then_some(Params(params))
}
