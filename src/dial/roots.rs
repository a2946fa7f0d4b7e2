//! TLS settings: roots compiled in, more from `SSL_CERT_FILE`, provider named explicitly.

use std::sync::Arc;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};

use super::DialError;

/// Builds the client side of TLS. An unreadable `SSL_CERT_FILE` is a warning: the compiled roots still serve.
pub(super) fn client_config() -> Result<ClientConfig, DialError> {
    let mut roots = RootCertStore::empty();
    roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
    if let Some(path) = std::env::var_os("SSL_CERT_FILE").filter(|p| !p.is_empty()) {
        match CertificateDer::pem_file_iter(&path) {
            Ok(found) => {
                let (added, _) = roots.add_parsable_certificates(found.filter_map(Result::ok));
                tracing::debug!(added, "roots of SSL_CERT_FILE");
            }
            Err(error) => {
                tracing::warn!(path = %path.display(), %error, "SSL_CERT_FILE cannot be read; the compiled roots are used");
            }
        }
    }
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|e| DialError::Setup(e.to_string()))?
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(config)
}
