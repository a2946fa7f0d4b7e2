//! `init`: the first step on a new machine.

use std::process::ExitCode;
use std::time::Duration;

use serde_json::json;

use crate::app;
use crate::base::{Code, Fault, fsx};
use crate::config::{Config, commented_default};
use crate::svc::auth;

use super::{Global, output, user};

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Write config.toml even if there is one
    #[arg(long)]
    force: bool,
}

pub(crate) async fn run(args: Args, global: &Global, config: Config) -> Result<ExitCode, Fault> {
    let path = global.config.clone().unwrap_or_else(|| "config.toml".into());
    let wrote = args.force || !path.exists();
    if wrote {
        let path = std::path::absolute(&path).map_err(Fault::internal)?;
        let text = with_data_dir(&commented_default(), &config.server.data_dir);
        fsx::write_atomic(&path, text.as_bytes()).map_err(|e| {
            Fault::new(
                Code::BadRequest,
                format!("{} cannot be written: {e}; choose another place with --config", path.display()),
            )
        })?;
    }
    let server = config.server.clone();
    let running = app::build(config, Duration::from_secs(10), false)?;
    let token = auth::setup_link(&running.services.store, true).await;
    running.stop().await;
    let link = user::setup_address(&server, &token?);
    let tunnel = remote_session().map(|host| tunnel(&server, &host));
    let value = json!({"config": path.display().to_string(), "config_written": wrote, "data_dir": server.data_dir, "setup_link": link, "ssh": tunnel});
    let mut text = String::new();
    text.push_str(&if wrote {
        format!("{} was written.\n", path.display())
    } else {
        format!("{} exists and was left as it is (--force writes it anew).\n", path.display())
    });
    text.push_str("\nStart the server:\n  dialogengine serve\n");
    if let Some(tunnel) = &tunnel {
        text.push_str(&format!("\nThis machine is remote. On your own machine, keep this running:\n  {tunnel}\n"));
    }
    text.push_str(&format!("\nThen open this link within 24 hours to make the first account:\n  {link}\n\nA new link: dialogengine user setup-link\n"));
    output::value(&value, &text, global.json);
    Ok(ExitCode::SUCCESS)
}

/// The default file with the data folder that was asked for.
fn with_data_dir(text: &str, data_dir: &str) -> String {
    let quoted = toml::Value::String(data_dir.to_owned()).to_string();
    text.lines()
        .map(
            |line| if line.starts_with("data_dir = ") { format!("data_dir = {quoted}\n") } else { format!("{line}\n") },
        )
        .collect()
}

/// The address this machine was reached under, when the shell came over SSH.
fn remote_session() -> Option<String> {
    let connection = std::env::var("SSH_CONNECTION").ok()?;
    connection.split_whitespace().nth(2).map(str::to_owned)
}

fn tunnel(server: &crate::config::Server, host: &str) -> String {
    let port = server.listen.rsplit(':').next().unwrap_or("8080");
    let user = std::env::var("USER").unwrap_or_else(|_| "you".to_owned());
    let host = if host.contains(':') { format!("[{host}]") } else { host.to_owned() };
    format!("ssh -L {port}:127.0.0.1:{port} {user}@{host}")
}
