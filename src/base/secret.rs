//! Random tokens, and comparing their hashes in constant time.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rand::TryRng as _;
use rand::rngs::SysRng;
use subtle::ConstantTimeEq as _;

/// `bytes` random bytes from the operating system, as URL-safe text.
///
/// # Panics
/// When the operating system has no randomness, in which case nothing secret can be made.
#[must_use]
#[allow(clippy::expect_used)]
pub fn random_token(bytes: usize) -> String {
    let mut buffer = vec![0_u8; bytes];
    SysRng.try_fill_bytes(&mut buffer).expect("the operating system has randomness");
    URL_SAFE_NO_PAD.encode(buffer)
}

/// BLAKE3 of a high-entropy secret: what is stored instead of a token or key.
#[must_use]
pub fn token_hash(token: &str) -> [u8; 32] {
    *blake3::hash(token.as_bytes()).as_bytes()
}

/// Compares without telling by timing where two values differ.
#[must_use]
pub fn equal(a: &[u8], b: &[u8]) -> bool {
    a.ct_eq(b).into()
}
