//! The command line: one file per verb.
//!
//! Verbs that work on data run inside the server when one runs on the data folder and in this process
//! when none does; the user need not know which. With `--json` the last line of standard output is one
//! JSON object; progress and logs go to standard error. Exit codes: 0 done, 1 failed, 2 usage.

mod call;
mod config;
mod content;
mod demo;
mod document;
mod eval;
mod import;
mod index;
mod init;
mod jobs;
mod key;
mod model;
mod output;
mod query;
mod repeated;
mod serve;
mod sign_in;
mod site;
mod source;
mod topic;
mod user;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::{Parser, Subcommand};

use crate::base::{Code, Fault};
use crate::config::Loaded;
use crate::svc::extract::apart;

/// Answers questions about a website, with checked citations, from one binary.
#[derive(Debug, Parser)]
#[command(name = "dialogengine", version, about, disable_help_subcommand = true, arg_required_else_help = true)]
struct Cli {
    #[command(flatten)]
    global: Global,
    #[command(subcommand)]
    verb: Verb,
}

/// Flags every verb takes, before or after its name.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct Global {
    /// Folder with everything the server keeps; created if missing
    #[arg(long, global = true, value_name = "DIR")]
    pub data_dir: Option<PathBuf>,
    /// Configuration file; without it config.toml of the working folder is used if there is one
    #[arg(long, global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Print one JSON object as the last line
    #[arg(long, global = true)]
    pub json: bool,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Show the product on a sample town: crawl it, ask it, without any set-up
    Demo(demo::Args),
    /// Write config.toml and print the link that makes the first account
    Init(init::Args),
    /// Run the server
    Serve(serve::Args),
    /// Show, check or print the configuration
    Config(config::Args),
    /// Print a shell completion script
    Completion(completion::Args),
    /// Print the version
    Version,
    #[command(flatten)]
    Data(call::Call),
}

mod completion {
    //! Shell completion.

    use clap::CommandFactory as _;

    #[derive(Debug, clap::Args)]
    pub(super) struct Args {
        /// bash, zsh, fish, elvish or powershell
        shell: clap_complete::Shell,
    }

    pub(super) fn run(args: &Args) {
        clap_complete::generate(args.shell, &mut super::Cli::command(), "dialogengine", &mut std::io::stdout());
    }
}

/// Runs the command line and returns the exit code.
#[must_use]
pub fn main() -> ExitCode {
    // Named failpoints of the test build are read from FAILPOINTS.
    #[cfg(feature = "failpoints")]
    let _scenario = fail::FailScenario::setup();
    let mut arguments = std::env::args().skip(1);
    if arguments.next().as_deref() == Some(apart::VERB) {
        return apart::serve(arguments.next().as_deref());
    }
    // The file this process was started from, even when another lies under its name by now.
    let own = PathBuf::from("/proc/self/exe");
    if own.exists() {
        apart::use_program(own);
    } else if let Ok(named) = std::env::current_exe() {
        apart::use_program(named);
    }
    let cli = Cli::parse();
    let json = cli.global.json;
    match run(cli) {
        Ok(code) => code,
        Err(fault) => {
            output::fault(&fault, json);
            ExitCode::from(1)
        }
    }
}

fn run(cli: Cli) -> Result<ExitCode, Fault> {
    if let Some(code) = run_without_config(&cli) {
        return Ok(code);
    }
    let loaded = load_config(&cli.global)?;
    start_logs(&loaded.config.logs, matches!(cli.verb, Verb::Serve(_)));
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().map_err(Fault::internal)?;
    let code = runtime.block_on(async {
        match cli.verb {
            Verb::Demo(args) => demo::run(args, loaded.config, cli.global.json).await,
            Verb::Init(args) => init::run(args, &cli.global, loaded.config).await,
            Verb::Serve(args) => serve::run(args, loaded.config).await,
            Verb::Config(args) => config::run(&args, &loaded, cli.global.json),
            // Carried out before the configuration was read.
            Verb::Completion(_) | Verb::Version => Ok(ExitCode::SUCCESS),
            Verb::Data(verb) => call::run(verb, loaded.config, cli.global.json).await,
        }
    })?;
    // Blocking threads may still sit in a read; what matters is stored.
    runtime.shutdown_timeout(Duration::from_millis(500));
    Ok(code)
}

/// Verbs that must work with a broken configuration, because its error message names them.
fn run_without_config(cli: &Cli) -> Option<ExitCode> {
    match &cli.verb {
        Verb::Completion(args) => completion::run(args),
        Verb::Version => output::value(
            &serde_json::json!({"version": env!("CARGO_PKG_VERSION")}),
            concat!("dialogengine ", env!("CARGO_PKG_VERSION")),
            cli.global.json,
        ),
        Verb::Config(args) if args.is_default() => print!("{}", crate::config::commented_default()),
        _ => return None,
    }
    Some(ExitCode::SUCCESS)
}

fn load_config(global: &Global) -> Result<Loaded, Fault> {
    let mut flags = Vec::new();
    if let Some(dir) = &global.data_dir {
        flags.push(("server.data_dir", dir.display().to_string(), "--data-dir"));
    }
    crate::config::load(global.config.as_deref(), std::env::vars(), &flags)
        .map_err(|e| Fault::new(Code::ConfigInvalid, e.to_string()))
}

/// Logs go to standard error. Verbs other than `serve` only show warnings, so that their output is theirs.
fn start_logs(logs: &crate::config::Logs, serving: bool) {
    let level = if serving { logs.level.as_str() } else { "warn" };
    let filter = tracing_subscriber::EnvFilter::try_from_default_env().unwrap_or_else(|_| {
        tracing_subscriber::EnvFilter::new(format!("{level},tantivy=warn,hickory_proto=error,hickory_resolver=error"))
    });
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    // A second subscriber in one process is only possible in tests.
    let _ = if logs.format == "json" {
        builder.json().try_init()
    } else {
        builder.with_ansi(std::io::IsTerminal::is_terminal(&std::io::stderr())).try_init()
    };
}
