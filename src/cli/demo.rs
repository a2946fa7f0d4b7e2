//! `demo`: the whole product on a sample town, without any set-up and without a network.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use serde_json::json;
use tokio_util::sync::CancellationToken;

use crate::app::demo::Town;
use crate::base::error::Outcome;
use crate::base::{Code, Fault, secret};
use crate::config::Config;
use crate::net;
use crate::svc::auth;
use crate::svc::dialog;
use crate::svc::ingest::source::{self, NewSource};
use crate::svc::job::Kind;
use crate::svc::knowledge;
use crate::svc::services::Services;
use crate::svc::site::{self, Contact, Links, NewSite, Patch, Site};

use super::serve::{self, Serving};
use super::{content, output, user};

const SLUG: &str = "musterstadt";

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Keep the data, in this folder, instead of using a temporary one
    #[arg(long, value_name = "DIR", num_args = 0..=1, default_missing_value = "musterstadt")]
    keep: Option<PathBuf>,
    /// Open the page in a browser
    #[arg(long)]
    open: bool,
    /// Address and port of the dialog; port 0 picks a free one
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:0")]
    listen: String,
    /// Ask this, print the answer and stop
    #[arg(long, value_name = "QUESTION")]
    ask: Option<String>,
}

/// A folder that is removed when the demo ends.
struct Folder {
    path: PathBuf,
    is_temporary: bool,
}

impl Folder {
    fn new(keep: Option<PathBuf>) -> Self {
        match keep {
            Some(path) => Self { path, is_temporary: false },
            None => Self {
                path: std::env::temp_dir().join(format!("dialogengine-demo-{}", secret::random_token(6))),
                is_temporary: true,
            },
        }
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        if self.is_temporary {
            let _ = std::fs::remove_dir_all(&self.path);
        }
    }
}

pub(crate) async fn run(args: Args, mut config: Config, as_json: bool) -> Result<ExitCode, Fault> {
    let folder = Folder::new(args.keep);
    config.server.data_dir = folder.path.display().to_string();
    config.server.listen = args.listen;
    config.server.public_url = String::new();
    // Only this machine is dialled, which the demo proves by forbidding everything else.
    config.network.offline = true;
    let serving = serve::start(config, Duration::from_secs(2)).await?;
    let town_listener = net::bind("127.0.0.1:0").await?;
    let town_host = town_listener.local_addr().map_err(Fault::internal)?.to_string();
    let town_address = format!("http://{town_host}");
    let services = std::sync::Arc::clone(&serving.running.services);
    let site = prepare_site(&services, &town_address).await?;
    let widget = format!(
        "<script src=\"{}/widget/v1.js\" data-site=\"{SLUG}\" data-key=\"{}\" async></script>",
        serving.address, site.public_key
    );
    let town = Town::new(&town_address, &widget);
    let pages = town.pages();
    let shutdown = CancellationToken::new();
    let town_task = tokio::spawn(net::serve(town_listener, town, net::Options::default(), shutdown.clone()));
    eprintln!("A sample town with {pages} pages is served at {town_address} and read from there.");

    let outcome =
        show(&serving, &services, &site, &town_address, &town_host, args.ask.as_deref(), as_json, args.open).await;
    drop(services);
    if outcome.is_ok() && args.ask.is_none() {
        serving.until_stopped().await;
    } else {
        serving.stop().await;
    }
    shutdown.cancel();
    let _ = town_task.await;
    outcome.map(|()| ExitCode::SUCCESS)
}

async fn prepare_site(services: &Services, town: &str) -> Outcome<Site> {
    let store = &services.store;
    let made = site::create(
        store,
        NewSite {
            slug: SLUG.into(),
            name: Some("Musterstadt".into()),
            origins: vec![town.into()],
            locale: Some("de".into()),
        },
    )
    .await;
    // A kept folder has the site already; the town has a new port.
    if let Err(fault) = made
        && fault.code != Code::Conflict
    {
        return Err(fault);
    }
    let patch = Patch {
        origins: Some(vec![town.into()]),
        contact: Some(Contact {
            name: Some("Bürgerbüro Musterstadt".into()),
            phone: Some("09999 123-100".into()),
            email: Some("buergerbuero@musterstadt.example".into()),
            url: None,
        }),
        links: Some(Links {
            imprint: Some(format!("{town}/rathaus/impressum")),
            privacy: Some(format!("{town}/rathaus/impressum")),
            accessibility: None,
        }),
        suggestions: Some(vec![
            "Was kostet ein Personalausweis?".into(),
            "Wann hat das Bürgerbüro geöffnet?".into(),
            "Wo kann ich Sperrmüll anmelden?".into(),
            "When is the library open?".into(),
        ]),
        ..Patch::default()
    };
    site::update(store, SLUG, patch).await
}

#[allow(clippy::too_many_arguments)]
async fn show(
    serving: &Serving,
    services: &Services,
    site: &Site,
    town: &str,
    town_host: &str,
    ask: Option<&str>,
    as_json: bool,
    open: bool,
) -> Result<(), Fault> {
    let new = NewSource { url: town.to_owned(), allow_private: vec![town_host.to_owned()], ..NewSource::default() };
    let source = source::create(&services.store, site.id, new, services.config.limits.crawl_pages as usize).await?;
    let job = services.jobs.submit(site.id, Kind::Crawl { source: source.id }).await?;
    let page = format!("{}/s/{SLUG}", serving.address);
    let progress = output::progress();
    let waiting = content::wait(services, job, &progress);
    tokio::pin!(waiting);
    if ask.is_none() && !as_json {
        // Words come first: the address is worth printing as soon as there is something to find.
        let words = async {
            while knowledge::counts(&services.store, site.id).is_ok_and(|c| c.documents == 0) {
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        };
        tokio::select! {
            result = &mut waiting => { result?; }
            () = words => {}
        }
        println!("\nAsk here:       {page}\nOn the town:    {town}  (the dialog is embedded at the bottom right)");
        if let Ok(token) = auth::setup_link(&services.store, false).await {
            println!("Console:        {}", user::setup_address(&services.config.server, &token));
        }
        println!();
        if open {
            open_browser(&page);
        }
    }
    let summary = waiting.await?;
    match ask {
        Some(question) => {
            let answered = services
                .dialogs
                .ask(site, dialog::Ask { question: question.to_owned(), dialog: None, locale: None })
                .await?;
            let value = json!({"page": page, "town": town, "crawl": summary, "answer": answered.answer});
            output::value(&value, &super::query::show_answer(&value["answer"]), as_json);
        }
        None if as_json => output::value(&json!({"page": page, "town": town, "crawl": summary}), "", true),
        None => {
            print!("{}", content::show_summary(&summary));
            println!("Everything can be found by its words and by its meaning now. Ctrl+C ends the demo.");
        }
    }
    Ok(())
}

fn open_browser(address: &str) {
    let opener = if cfg!(target_os = "macos") { "open" } else { "xdg-open" };
    if std::process::Command::new(opener).arg(address).spawn().is_err() {
        eprintln!("No browser could be opened; open {address} yourself.");
    }
}
