//! Layers file and environment over the defaults, key by key, remembering where each came from.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Serialize;
use toml::{Table, Value};

use super::Config;

/// Where a value in force comes from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    Default,
    File(PathBuf),
    Environment(String),
    Flag(String),
}

#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    #[error("{path} cannot be read: {source}; check the path given with --config")]
    Read { path: PathBuf, source: std::io::Error },
    #[error("{origin} is not valid: {reason}")]
    Syntax { origin: String, reason: String },
    #[error("{origin}: unknown key \"{key}\"{suggestion}; `dialogengine config default` lists all keys")]
    UnknownKey { origin: String, key: String, suggestion: String },
    #[error("{key} = {value} is not allowed: {reason}")]
    Value { key: String, value: String, reason: String },
}

/// The configuration in force with the origin of each `section.key`.
#[derive(Debug, Clone)]
pub struct Loaded {
    pub config: Config,
    pub origins: BTreeMap<String, Origin>,
}

const PREFIX: &str = "DIALOGENGINE_";

/// Loads the configuration. `file` must exist when given; without it `config.toml` in the working
/// folder is used if there is one. `flags` are `(section.key, value, flag name)`.
pub fn load(
    file: Option<&Path>,
    environment: impl Iterator<Item = (String, String)>,
    flags: &[(&str, String, &str)],
) -> Result<Loaded, ConfigError> {
    let defaults = Table::try_from(Config::default())
        .map_err(|e| ConfigError::Syntax { origin: "default".into(), reason: e.to_string() })?;
    let mut merged = defaults.clone();
    let mut origins: BTreeMap<String, Origin> = keys(&defaults).into_iter().map(|key| (key, Origin::Default)).collect();

    if let Some(path) = file.map(Path::to_owned).or_else(|| Some(PathBuf::from("config.toml")).filter(|p| p.is_file()))
    {
        let text = std::fs::read_to_string(&path).map_err(|source| ConfigError::Read { path: path.clone(), source })?;
        let shown = path.display().to_string();
        let table: Table = text
            .parse()
            .map_err(|e: toml::de::Error| ConfigError::Syntax { origin: shown.clone(), reason: e.to_string() })?;
        for (section, content) in table {
            let Value::Table(content) = content else { return Err(unknown(&shown, &section, &origins)) };
            for (key, value) in content {
                put(&mut merged, &mut origins, &format!("{section}.{key}"), value, Origin::File(path.clone()), &shown)?;
            }
        }
    }
    for (name, text) in environment {
        let Some((section, key)) = name.strip_prefix(PREFIX).and_then(|rest| rest.split_once("__")) else { continue };
        let dotted = format!("{}.{}", section.to_lowercase(), key.to_lowercase());
        let value = coerce(&merged, &dotted, &text);
        put(&mut merged, &mut origins, &dotted, value, Origin::Environment(name.clone()), &name)?;
    }
    for (dotted, text, flag) in flags {
        let value = coerce(&merged, dotted, text);
        put(&mut merged, &mut origins, dotted, value, Origin::Flag((*flag).to_owned()), flag)?;
    }
    let config: Config = merged.try_into().map_err(|e: toml::de::Error| ConfigError::Syntax {
        origin: "the configuration".into(),
        reason: e.to_string(),
    })?;
    check(&config)?;
    Ok(Loaded { config, origins })
}

fn keys(table: &Table) -> Vec<String> {
    let sections = table.iter().filter_map(|(section, value)| value.as_table().map(|t| (section, t)));
    sections.flat_map(|(section, content)| content.keys().map(move |key| format!("{section}.{key}"))).collect()
}

/// Text from environment or flag as the type the key has.
fn coerce(table: &Table, dotted: &str, text: &str) -> Value {
    let present = dotted.split_once('.').and_then(|(section, key)| table.get(section)?.get(key));
    match present {
        Some(Value::Boolean(_)) => text.parse().map_or_else(|_| Value::String(text.to_owned()), Value::Boolean),
        Some(Value::Integer(_)) => text.parse().map_or_else(|_| Value::String(text.to_owned()), Value::Integer),
        Some(Value::Array(_)) => Value::Array(
            text.split(',').map(str::trim).filter(|t| !t.is_empty()).map(|t| Value::String(t.to_owned())).collect(),
        ),
        _ => Value::String(text.to_owned()),
    }
}

fn put(
    merged: &mut Table,
    origins: &mut BTreeMap<String, Origin>,
    dotted: &str,
    value: Value,
    origin: Origin,
    shown: &str,
) -> Result<(), ConfigError> {
    if !origins.contains_key(dotted) {
        return Err(unknown(shown, dotted, origins));
    }
    let Some((section, key)) = dotted.split_once('.') else { return Err(unknown(shown, dotted, origins)) };
    let Some(slot) = merged.get_mut(section).and_then(Value::as_table_mut).and_then(|t| t.get_mut(key)) else {
        return Err(unknown(shown, dotted, origins));
    };
    if std::mem::discriminant(slot) != std::mem::discriminant(&value) {
        return Err(ConfigError::Value {
            key: dotted.to_owned(),
            value: value.to_string(),
            reason: format!("{} is expected (in {shown})", slot.type_str()),
        });
    }
    *slot = value;
    origins.insert(dotted.to_owned(), origin);
    Ok(())
}

fn unknown(origin: &str, key: &str, known: &BTreeMap<String, Origin>) -> ConfigError {
    let last = |text: &str| text.rsplit('.').next().unwrap_or_default().to_owned();
    let distance = |candidate: &&String| {
        strsim::damerau_levenshtein(key, candidate).min(strsim::damerau_levenshtein(&last(key), &last(candidate)) + 1)
    };
    let nearest = known.keys().min_by_key(distance).filter(|k| distance(k) <= 4);
    let suggestion = nearest.map_or_else(String::new, |k| format!(", did you mean \"{k}\"?"));
    ConfigError::UnknownKey { origin: origin.to_owned(), key: key.to_owned(), suggestion }
}

fn check(config: &Config) -> Result<(), ConfigError> {
    let refuse = |key: &str, value: &str, reason: &str| {
        Err(ConfigError::Value { key: key.into(), value: format!("\"{value}\""), reason: reason.into() })
    };
    if config.server.listen.parse::<std::net::SocketAddr>().is_err() {
        return refuse(
            "server.listen",
            &config.server.listen,
            "an address and port such as 127.0.0.1:8080 or [::1]:8080 is expected",
        );
    }
    if !config.server.public_url.is_empty()
        && !matches!(url::Url::parse(&config.server.public_url), Ok(u) if matches!(u.scheme(), "http" | "https"))
    {
        return refuse(
            "server.public_url",
            &config.server.public_url,
            "an address such as https://chat.example.de is expected",
        );
    }
    if !matches!(config.logs.format.as_str(), "text" | "json") {
        return refuse("logs.format", &config.logs.format, "text or json is expected");
    }
    if !matches!(config.logs.level.as_str(), "error" | "warn" | "info" | "debug" | "trace") {
        return refuse("logs.level", &config.logs.level, "error, warn, info, debug or trace is expected");
    }
    if config.extract.ocr_command.first().is_some_and(|program| !Path::new(program).is_absolute()) {
        let shown = config.extract.ocr_command.join(" ");
        return refuse("extract.ocr_command", &shown, "the program's whole path is expected first");
    }
    if !(1..=3_600).contains(&config.extract.ocr_seconds) {
        return refuse("extract.ocr_seconds", &config.extract.ocr_seconds.to_string(), "1 to 3600 is expected");
    }
    for proxy in &config.server.trusted_proxies {
        if proxy.parse::<std::net::IpAddr>().is_err() {
            return refuse("server.trusted_proxies", proxy, "IP addresses are expected");
        }
    }
    Ok(())
}
