//! Headers of every response.

use poem::Response;
use poem::http::{HeaderName, HeaderValue, StatusCode, header};

/// For pages: everything comes from this server.
const PAGE_CSP: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";
/// For everything that is no page: nothing at all.
const DATA_CSP: &str = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
const PERMISSIONS: &str = "camera=(), geolocation=(), microphone=(), payment=(), usb=(), interest-cohort=()";

/// Adds what must never be missing. HSTS waits for TLS.
pub fn dress(response: &mut Response, request_id: &str, is_staging: bool, is_api: bool) {
    let is_page = response.content_type().is_some_and(|t| t.starts_with("text/html"));
    let is_unchanged = response.status() == StatusCode::NOT_MODIFIED;
    let headers = response.headers_mut();
    let mut set = |name: HeaderName, value: &'static str| {
        headers.insert(name, HeaderValue::from_static(value));
    };
    set(header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    set(header::X_FRAME_OPTIONS, "DENY");
    // Browsers merge the headers of a 304 into the page they have: it must not change the page's policy.
    if !is_unchanged {
        set(header::CONTENT_SECURITY_POLICY, if is_page { PAGE_CSP } else { DATA_CSP });
    }
    set(header::REFERRER_POLICY, "strict-origin-when-cross-origin");
    set(HeaderName::from_static("permissions-policy"), PERMISSIONS);
    set(header::X_XSS_PROTECTION, "0");
    set(HeaderName::from_static("cross-origin-opener-policy"), "same-origin");
    if is_staging {
        set(HeaderName::from_static("x-robots-tag"), "noindex, nofollow");
    }
    if is_api && !headers.contains_key(header::CACHE_CONTROL) {
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
    if let Ok(id) = HeaderValue::from_str(request_id) {
        headers.insert(HeaderName::from_static("x-request-id"), id);
    }
}
