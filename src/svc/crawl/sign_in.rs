//! Signing in at a website: the secret goes to the scheme, host and port it was given for, and nowhere else.

use url::{Origin, Url};

use super::CrawlError;
use super::address::candidates;
use crate::dial::SecretHeader;

/// A secret with the only place it may go to.
#[derive(Debug, Clone)]
pub struct SignIn {
    origin: Origin,
    header: SecretHeader,
}

impl SignIn {
    /// For the website at what somebody typed. Without a scheme that is https: a secret does not travel in the clear unless
    /// somebody wrote `http://`.
    ///
    /// # Errors
    /// [`CrawlError::Address`]
    pub fn new(typed: &str, header: SecretHeader) -> Result<Self, CrawlError> {
        let first = candidates(typed)?.into_iter().next();
        let origin = first.ok_or_else(|| CrawlError::Address { typed: typed.to_owned() })?.origin();
        Ok(Self { origin, header })
    }

    /// What to send to this address. Asked for each request anew, also for each step of a redirect.
    pub(super) fn for_url(&self, url: &Url) -> Option<SecretHeader> {
        (url.origin() == self.origin).then(|| self.header.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_goes_to_its_origin_alone() {
        let goes = |typed: &str, url: &str| {
            let header = SecretHeader::new("Authorization", "Basic eA==").unwrap();
            SignIn::new(typed, header).unwrap().for_url(&Url::parse(url).unwrap()).is_some()
        };
        for (typed, url, expected) in [
            ("https://intra.example/start", "https://intra.example/x", true),
            ("https://intra.example", "https://intra.example:443/x", true),
            ("intra.example", "https://intra.example/", true),
            ("intra.example", "http://intra.example/", false),
            ("https://intra.example", "http://intra.example/", false),
            ("https://intra.example", "https://www.intra.example/", false),
            ("https://intra.example", "https://intra.example:8443/", false),
            ("https://intra.example", "https://intra.example.evil.example/", false),
            ("http://10.0.0.1:8080", "http://10.0.0.1:8080/a", true),
            ("http://10.0.0.1:8080", "http://10.0.0.1:8081/a", false),
        ] {
            assert_eq!(goes(typed, url), expected, "{typed} {url}");
        }
        let header = SecretHeader::new("X-Token", "geheim").unwrap();
        assert!(!format!("{:?}", SignIn::new("a.example", header).unwrap()).contains("geheim"));
        for (name, value) in [("Host", "x"), ("a b", "x"), ("X", "a\nb"), ("", "x")] {
            assert!(SecretHeader::new(name, value).is_err(), "{name}");
        }
    }
}
