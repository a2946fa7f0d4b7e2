//! The settings themselves. Their doc comments become the comments of `config.toml`.

use std::fmt::Write as _;

use serde::{Deserialize, Serialize};

macro_rules! settings {
    ($($(#[doc = $section_doc:literal])+ $section:ident: $name:ident { $($(#[doc = $doc:literal])+ $key:ident: $ty:ty = $default:expr;)+ })+) => {
        $(
            $(#[doc = $section_doc])+
            #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
            #[serde(default, deny_unknown_fields)]
            pub struct $name { $($(#[doc = $doc])+ pub $key: $ty,)+ }

            impl Default for $name {
                fn default() -> Self { Self { $($key: $default,)+ } }
            }
        )+

        /// The whole boot configuration.
        #[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
        #[serde(default, deny_unknown_fields)]
        pub struct Config { $($(#[doc = $section_doc])+ pub $section: $name,)+ }

        pub(super) fn describe() -> String {
            let mut text = String::from("# DialogEngine: every setting with its default. All of it may be left out.\n# Precedence: command line > environment DIALOGENGINE_SECTION__KEY > this file > default.\n# `dialogengine config show --origin` prints what is in force and where it comes from.\n");
            $(
                text.push('\n');
                $(let _ = writeln!(text, "#{}", $section_doc);)+
                let _ = writeln!(text, "[{}]", stringify!($section));
                let defaults = $name::default();
                $(
                    $(let _ = writeln!(text, "#{}", $doc);)+
                    let _ = writeln!(text, "{} = {}", stringify!($key), toml_text(&defaults.$key));
                )+
            )+
            text
        }
    };
}

fn toml_text(value: &impl Serialize) -> String {
    toml::Value::try_from(value).map_or_else(|_| "\"\"".to_owned(), |v| v.to_string())
}

settings! {
    /// Where the server listens and what it is called from outside.
    server: Server {
        /// Folder with everything the server keeps. Created if missing, readable by its owner only.
        data_dir: String = "data".to_owned();
        /// Address and port. Loopback until you decide otherwise; port 0 picks a free one.
        listen: String = "127.0.0.1:8080".to_owned();
        /// Address people use, such as "https://chat.example.de". Stands in snippets and links. Empty: the listen address.
        public_url: String = String::new();
        /// production or staging; staging is not indexed by search engines.
        environment: String = "production".to_owned();
        /// A label for logs and the console.
        region: String = String::new();
        /// Addresses of reverse proxies whose X-Forwarded-For is believed, for example ["127.0.0.1"].
        trusted_proxies: Vec<String> = Vec::new();
    }

    /// What the server may reach.
    network: Network {
        /// true: no connection leaves this machine; every non-loopback dial fails.
        offline: bool = false;
        /// Name the crawler shows to websites.
        user_agent: String = "DialogEngine".to_owned();
        /// Seconds until a connection attempt is given up.
        connect_timeout_seconds: u64 = 10;
        /// Seconds until a whole request is given up.
        request_timeout_seconds: u64 = 60;
    }

    /// What may be read on this machine.
    ingest: IngestFiles {
        /// Folders that may be sources, with those below them, such as ["/srv/satzungen"]. Named on the command line only: `dialogengine source add-folder`.
        folders: Vec<String> = Vec::new();
    }

    /// Ceilings. Values per site lie at or under them.
    limits: Limits {
        /// Questions per minute from one address.
        ask_per_minute_address: u32 = 30;
        /// Questions per minute with one site key.
        ask_per_minute_key: u32 = 600;
        /// Sign-in attempts per minute from one address.
        sign_in_per_minute_address: u32 = 10;
        /// Requests that may run at once; more get 503.
        requests_at_once: u32 = 512;
        /// Pages one crawl may read.
        crawl_pages: u32 = 10_000;
        /// Threads that embed text; 0: one per core.
        embed_threads: u32 = 0;
    }

    /// Reading files.
    extract: Extract {
        /// Command that prints the text in a scanned PDF or a picture, for example ["/usr/local/bin/recognise", "{file}"]; {file} is the file's path. No shell is involved. Empty: off.
        ocr_command: Vec<String> = Vec::new();
        /// Seconds after which the command is stopped.
        ocr_seconds: u64 = 120;
    }

    /// Reading websites.
    crawl: Crawl {
        /// A service that runs the scripts of pages which show nothing without, Firecrawl or compatible (POST /v1/scrape), such as "http://127.0.0.1:3002". Empty: such pages are only marked.
        render_url: String = String::new();
        /// Name of the environment variable with the key of that service, sent as a bearer token. Empty: none.
        render_key_env: String = String::new();
        /// Seconds until a page is given up there.
        render_seconds: u64 = 30;
        /// Pages of one crawl that are rendered.
        render_pages: u32 = 200;
    }

    /// Log output. RUST_LOG overrides the level.
    logs: Logs {
        /// error, warn, info, debug or trace.
        level: String = "info".to_owned();
        /// text or json.
        format: String = "text".to_owned();
    }
}
