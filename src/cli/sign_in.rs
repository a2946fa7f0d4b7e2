//! Options that sign in at a website. Secrets come from files or standard input: arguments are seen by everybody on the machine.

use std::fmt;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::base::error::Outcome;
use crate::base::{Code, Fault};
use crate::svc::ingest::sign_in::SignIn;

const SECRET_BYTES_MAX: u64 = 8_192;

#[derive(Debug, Clone, Default, clap::Args, Serialize, Deserialize)]
pub(crate) struct Options {
    /// Sign in with this user name (basic authentication)
    #[arg(long, requires = "password_file", conflicts_with = "header")]
    user: Option<String>,
    /// File with the password; - for standard input
    #[arg(long, value_name = "FILE", requires = "user")]
    password_file: Option<PathBuf>,
    /// Sign in with this header, such as Authorization or Cookie
    #[arg(long, value_name = "NAME", requires = "value_file")]
    header: Option<String>,
    /// File with the value of the header; - for standard input
    #[arg(long, value_name = "FILE", requires = "header")]
    value_file: Option<PathBuf>,
    #[arg(skip)]
    secret: Secret,
}

/// Read by the caller, carried to the server.
#[derive(Clone, Default, Serialize, Deserialize)]
struct Secret(Option<String>);

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret")
    }
}

impl Options {
    /// Reads the secret: the file is the caller's, not the server's.
    pub(crate) fn prepare(&mut self) -> Outcome<()> {
        if let Some(path) = self.password_file.as_ref().or(self.value_file.as_ref()) {
            self.secret = Secret(Some(read(path)?));
        }
        Ok(())
    }

    /// What was given, if anything was.
    pub(crate) fn given(self) -> Option<SignIn> {
        let secret = self.secret.0?;
        match (self.user, self.header) {
            (Some(user), _) => Some(SignIn::Basic { user, password: secret }),
            (None, Some(name)) => Some(SignIn::Header { name, value: secret }),
            (None, None) => None,
        }
    }
}

fn read(path: &Path) -> Outcome<String> {
    let mut text = String::new();
    let read = if path == Path::new("-") {
        std::io::stdin().take(SECRET_BYTES_MAX).read_to_string(&mut text)
    } else {
        std::fs::File::open(path).and_then(|file| file.take(SECRET_BYTES_MAX).read_to_string(&mut text))
    };
    read.map_err(|error| {
        Fault::new(Code::BadRequest, format!("{} cannot be read: {error}; check the path", path.display()))
    })?;
    Ok(text.trim_end_matches(['\r', '\n']).to_owned())
}
