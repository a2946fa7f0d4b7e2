//! `serve`: the server, until Ctrl+C or SIGTERM; twice stops at once.

use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::app::{self, local};
use crate::base::Fault;
use crate::config::Config;
use crate::{http, net};

use super::call;

/// How long a starting server waits for the folder: a restart overlaps.
const PATIENCE: Duration = Duration::from_secs(10);

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Address and port, such as 127.0.0.1:8080; port 0 picks a free one
    #[arg(long, value_name = "ADDRESS:PORT")]
    listen: Option<String>,
    /// No connection leaves this machine
    #[arg(long)]
    offline: bool,
}

pub(crate) async fn run(args: Args, mut config: Config) -> Result<ExitCode, Fault> {
    if let Some(listen) = args.listen {
        config.server.listen = listen;
    }
    config.network.offline |= args.offline;
    let server = start(config, PATIENCE).await?;
    println!("ready {}", server.address);
    server.until_stopped().await;
    Ok(ExitCode::SUCCESS)
}

/// A server that answers.
pub(crate) struct Serving {
    pub running: app::Running,
    /// `http://127.0.0.1:PORT`
    pub address: String,
    shutdown: CancellationToken,
    listener: tokio::task::JoinHandle<()>,
    socket: tokio::task::JoinHandle<()>,
}

/// Starts everything on the configured address.
pub(crate) async fn start(mut config: Config, patience: Duration) -> Result<Serving, Fault> {
    let listener = net::bind(&config.server.listen).await?;
    let bound = listener.local_addr().map_err(Fault::internal)?;
    // Links name the port that was picked.
    config.server.listen = bound.to_string();
    let address = super::user::base_address(&config.server);
    let running = app::build(config, patience, true)?;
    let shutdown = CancellationToken::new();
    let services = Arc::clone(&running.services);
    let options = http::Options { own_origin: address.clone(), shutdown: shutdown.clone() };
    let endpoint = http::app(Arc::clone(&services), options);
    let proxies = services.config.server.trusted_proxies.iter().filter_map(|p| p.parse().ok()).collect();
    let listener = tokio::spawn(net::serve(
        listener,
        endpoint,
        net::Options { proxies, ..net::Options::default() },
        shutdown.clone(),
    ));
    let dispatch = call::dispatcher(services);
    let data_dir = running.data_dir.clone();
    let socket = tokio::spawn(async move {
        if let Err(fault) = local::listen(&data_dir, dispatch).await {
            tracing::error!(%fault, "command-line verbs cannot reach this server");
        }
    });
    tracing::info!(%address, version = env!("CARGO_PKG_VERSION"), "ready");
    Ok(Serving { running, address: format!("http://{bound}"), shutdown, listener, socket })
}

impl Serving {
    /// Serves until a signal comes, then drains.
    pub(crate) async fn until_stopped(self) {
        signal().await;
        tracing::info!("stopping; once more stops at once");
        tokio::select! {
            () = self.stop() => {}
            () = signal() => {}
        }
    }

    /// Lets requests finish, saves and closes.
    pub(crate) async fn stop(self) {
        self.shutdown.cancel();
        self.socket.abort();
        let _ = self.listener.await;
        let _ = std::fs::remove_file(local::socket_path(&self.running.data_dir));
        self.running.stop().await;
    }
}

/// Ctrl+C or SIGTERM.
async fn signal() {
    use tokio::signal::unix::{SignalKind, signal};
    let Ok(mut terminate) = signal(SignalKind::terminate()) else {
        let _ = tokio::signal::ctrl_c().await;
        return;
    };
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        _ = terminate.recv() => {}
    }
}
