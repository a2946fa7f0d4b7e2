//! `config show|check|default`.

use std::process::ExitCode;

use clap::Subcommand;
use serde_json::{Value, json};

use crate::base::Fault;
use crate::config::{Loaded, Origin};

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// What is in force
    Show {
        /// Also say where each value comes from
        #[arg(long)]
        origin: bool,
    },
    /// Check the configuration and say what is wrong
    Check,
    /// Print the complete, commented default
    Default,
}

impl Args {
    /// Whether only the default is asked for, which needs no configuration.
    pub(crate) const fn is_default(&self) -> bool {
        matches!(self.verb, Verb::Default)
    }
}

pub(crate) fn run(args: &Args, loaded: &Loaded, as_json: bool) -> Result<ExitCode, Fault> {
    let value = serde_json::to_value(&loaded.config).map_err(Fault::internal)?;
    match args.verb {
        Verb::Show { origin } => {
            let mut text = String::new();
            for (key, from) in &loaded.origins {
                let at = key.split_once('.').map_or(&Value::Null, |(section, name)| &value[section][name]);
                let from = match from {
                    Origin::Default => "default".to_owned(),
                    Origin::File(path) => path.display().to_string(),
                    Origin::Environment(name) | Origin::Flag(name) => name.clone(),
                };
                text.push_str(&if origin { format!("{key} = {at}  # {from}\n") } else { format!("{key} = {at}\n") });
            }
            let shown = if origin { json!({"config": value, "origins": loaded.origins}) } else { value };
            super::output::value(&shown, &text, as_json);
        }
        // Loading has checked it already.
        Verb::Check => super::output::value(&json!({"ok": true}), "the configuration is in order", as_json),
        // Printed before the configuration was read.
        Verb::Default => {}
    }
    Ok(ExitCode::SUCCESS)
}
