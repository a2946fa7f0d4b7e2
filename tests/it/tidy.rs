//! The walls of DESIGN, kept by reading the code: layers, who may name which library, file length, no foreign host in
//! what ships, what lies at the top level, no `ring`, no registry host. Each exception stands here with its reason.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use dialogengine::base::Code;

mod code;

use code::{Reference, references};

/// Lines of a file: from here a warning, and from here a failure.
const LINES_WARN: usize = 500;
const LINES_MAX: usize = 800;

/// The layers, lowest first. A layer sees those before it; layers of one line do not see each other.
const LAYERS: &[&[&str]] = &[
    &["base"],
    &["config", "obs"],
    &["dial"],
    &["store"],
    &["vector", "lexical", "embed", "llm"],
    &["svc"],
    &["http", "net"],
    &["app"],
    &["cli"],
];

/// Libraries that only some layers name, so that each can be replaced behind one face.
const LIBRARIES: &[(&str, &[&str])] = &[
    ("redb", &["store"]),
    ("usearch", &["vector"]),
    ("tantivy", &["lexical"]),
    ("candle_core", &["embed"]),
    ("candle_nn", &["embed"]),
    ("candle_transformers", &["embed"]),
    ("tokenizers", &["embed"]),
    ("reqwest", &["dial"]),
    ("hickory_resolver", &["dial"]),
    ("poem", &["http", "net", "app", "cli"]),
    ("poem_openapi", &["http"]),
    ("clap", &["cli"]),
    ("anyhow", &["cli"]),
];

/// `(file, what it names, why it may)`.
const EXCEPTIONS: &[(&str, &str, &str)] =
    &[("src/http/tests.rs", "net", "a test: its requests go through a real listener, as those of browsers do")];

/// Hosts that assets may name: vocabularies and namespaces that no browser fetches, and names nobody can own.
const HOSTS_ALLOWED: &[&str] = &["www.w3.org", "schema.org", "www.sitemaps.org", "localhost", "127.0.0.1"];
const PLACEHOLDERS: &[(&str, &str)] = &[
    ("www.musterstadt.de", "text in an empty address field, never fetched"),
    ("HOST", "stands for the server in a comment"),
];

/// What may lie at the top level, besides dotfiles.
const TOP_LEVEL: &[&str] = &[
    "Cargo.toml",
    "Cargo.lock",
    "src",
    "assets",
    "models",
    "config.toml",
    "packaging",
    "tests",
    "README.md",
    "LICENSE",
];

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// Files below `dir`, as paths from the repository root.
fn files(dir: &str) -> Vec<PathBuf> {
    fn walk(dir: &Path, found: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(dir).into_iter().flatten().flatten() {
            let path = entry.path();
            let name = entry.file_name();
            if path.is_dir() {
                if name != "node_modules" && name != "out" {
                    walk(&path, found);
                }
            } else {
                found.push(path);
            }
        }
    }
    let mut found = Vec::new();
    walk(&root().join(dir), &mut found);
    let mut found: Vec<_> = found.into_iter().filter_map(|p| p.strip_prefix(root()).map(Path::to_owned).ok()).collect();
    found.sort();
    found
}

fn rust_files(dir: &str) -> Vec<PathBuf> {
    files(dir).into_iter().filter(|p| p.extension().is_some_and(|e| e == "rs")).collect()
}

/// The text of a file; `None` when it is not text.
fn text(path: &Path) -> Option<String> {
    String::from_utf8(fs::read(root().join(path)).ok()?).ok()
}

fn report(what: &str, violations: &[String]) {
    assert!(violations.is_empty(), "{what}:\n  {}\n", violations.join("\n  "));
}

fn rank(layer: &str) -> Option<usize> {
    LAYERS.iter().position(|line| line.contains(&layer))
}

/// The modules of `svc` in the order of `src/svc/mod.rs`.
fn services() -> Vec<String> {
    let source = text(Path::new("src/svc/mod.rs")).unwrap();
    let names = source.lines().filter_map(|l| l.trim().strip_prefix("pub mod ")?.strip_suffix(';'));
    names.map(str::to_owned).collect()
}

/// Why a module may not name another, if it may not.
fn wall(from: &[String], to: &[String], services: &[String]) -> Option<String> {
    let (own, other) = (from.first()?, to.first()?);
    if own == "main" {
        return None;
    }
    if other == "*" || (other == "svc" && to.get(1).is_some_and(|s| s == "*")) {
        return Some("take names one by one, so that walls can be checked".to_owned());
    }
    // Items of lib.rs itself have no layer; there are none besides modules.
    let (Some(low), Some(high)) = (rank(own), rank(other)) else {
        return rank(own).is_none().then(|| format!("`{own}` is not a layer: add it to LAYERS and to DESIGN"));
    };
    if high > low {
        return Some(format!("`{own}` stands below `{other}`"));
    }
    if high == low && own != other {
        return Some(format!("`{own}` and `{other}` are siblings"));
    }
    if own == "svc" && other == "svc" {
        let (Some(own), Some(other)) = (from.get(1), to.get(1)) else {
            return from.get(1).map(|_| "name the service, not `svc` itself".to_owned());
        };
        let place = |name: &str| services.iter().position(|s| s == name);
        if let (Some(own_place), Some(other_place)) = (place(own), place(other))
            && other_place > own_place
        {
            return Some(format!("service `{own}` stands before `{other}` in src/svc/mod.rs"));
        }
    }
    None
}

fn is_excepted(file: &Path, name: &str) -> bool {
    let is_named = |what: &str| name == what || name.strip_prefix(what).is_some_and(|rest| rest.starts_with("::"));
    EXCEPTIONS.iter().any(|(path, what, _)| file == Path::new(path) && is_named(what))
}

#[test]
fn a_layer_sees_only_what_stands_before_it() {
    let services = services();
    assert!(services.len() > 5, "src/svc/mod.rs lists services as `pub mod name;`");
    let mut violations = Vec::new();
    let mut read = 0;
    for file in rust_files("src") {
        for Reference { line, module, path } in references(&file, &text(&file).unwrap()) {
            let name = path.join("::");
            read += 1;
            if let Some(why) = wall(&module, &path, &services)
                && !is_excepted(&file, &name)
            {
                violations.push(format!("{}:{line} names {name}: {why}", file.display()));
            }
        }
    }
    assert!(read > 300, "only {read} paths were found");
    report("walls are crossed (DESIGN, \"Layers\")", &violations);
}

#[test]
fn walls_stand_where_they_should() {
    let services: Vec<String> = ["site", "ingest", "dialog"].map(str::to_owned).into();
    let parts = |path: &str| path.split("::").map(str::to_owned).collect::<Vec<_>>();
    let cases = [
        ("cli::serve", "http::app", false),
        ("http::api::ask", "svc::dialog::Ask", false),
        ("svc::dialog", "svc::site::Site", false),
        ("svc::dialog::gate", "svc::dialog::evidence", false),
        ("svc::site", "svc::dialog::Ask", true),
        ("svc::site", "svc::*", true),
        ("svc::site", "http::app", true),
        ("lexical::index", "vector::Index", true),
        ("http::api", "net::bind", true),
        ("base", "config::Config", true),
        ("strange", "base::Code", true),
        ("svc::site", "*", true),
    ];
    for (from, to, is_wall) in cases {
        assert_eq!(wall(&parts(from), &parts(to), &services).is_some(), is_wall, "{from} -> {to}");
    }
}

#[test]
fn a_library_is_named_only_where_it_lives() {
    let mut violations = Vec::new();
    for file in rust_files("src") {
        let module = code::module_of(&file);
        let Some(layer) = module.first() else { continue };
        let stripped = code::strip(&text(&file).unwrap());
        for (at, line) in stripped.lines().enumerate() {
            for (library, layers) in LIBRARIES {
                if code::names(line, library) && !layers.contains(&layer.as_str()) && !is_excepted(&file, library) {
                    violations.push(format!(
                        "{}:{} names {library}, which only {layers:?} may",
                        file.display(),
                        at + 1
                    ));
                }
            }
        }
    }
    report("libraries outside their layer", &violations);
}

#[test]
fn files_are_short() {
    let mut violations = Vec::new();
    let ours = |p: &PathBuf| p.extension().is_some_and(|e| ["rs", "js", "mjs", "css"].iter().any(|x| e == *x));
    for file in ["src", "tests", "assets"].into_iter().flat_map(files).filter(ours) {
        let lines = text(&file).map_or(0, |t| t.lines().count());
        if lines > LINES_MAX {
            violations.push(format!("{} has {lines} lines", file.display()));
        } else if lines > LINES_WARN {
            eprintln!("warning: {} has {lines} lines; split it before it has {LINES_MAX}", file.display());
        }
    }
    report("files are too long", &violations);
}

/// Hosts in a text: what stands after `http://`, `https://`, or after `//` where an attribute begins.
fn hosts(line: &str) -> Vec<String> {
    let mut found = Vec::new();
    for opening in ["http://", "https://", "=\"//", "='//", "url(//"] {
        for (at, _) in line.match_indices(opening) {
            let rest = &line[at + opening.len()..];
            let host: String = rest.chars().take_while(|c| c.is_alphanumeric() || ".-${".contains(*c)).collect();
            found.push(host.trim_end_matches('.').to_owned());
        }
    }
    found
}

fn is_own(host: &str) -> bool {
    // Empty and `{…`, `${…`: the address is put together from what the user or the server says.
    host.is_empty()
        || host.starts_with(['$', '{'])
        || HOSTS_ALLOWED.contains(&host)
        || PLACEHOLDERS.iter().any(|(name, _)| *name == host)
        || host.split('.').next_back() == Some("example")
        || host.split('.').any(|part| part == "example" || part.starts_with("example-"))
}

#[test]
fn assets_refer_to_no_foreign_host() {
    let mut violations = Vec::new();
    for file in ["assets/web", "assets/templates", "assets/demo"].into_iter().flat_map(files) {
        let Some(text) = text(&file) else { continue };
        for (at, line) in text.lines().enumerate() {
            for host in hosts(line).into_iter().filter(|h| !is_own(h)) {
                violations.push(format!("{}:{} refers to {host}", file.display(), at + 1));
            }
        }
    }
    for file in files("assets/handbook").into_iter().filter(|p| p.extension().is_some_and(|e| e == "md")) {
        // Links of the handbook may lead out; what a browser loads by itself may not.
        for (at, line) in text(&file).unwrap_or_default().lines().enumerate() {
            if line.contains("](http") && line.contains("![") {
                violations.push(format!("{}:{} loads a picture from elsewhere", file.display(), at + 1));
            }
        }
    }
    report("assets refer to foreign hosts", &violations);
}

/// Top level as git sees it, so that ignored folders do not count; as the folder is when there is no git.
fn top_level() -> BTreeSet<String> {
    let listed = Command::new("git")
        .args(["ls-files", "--cached", "--others", "--exclude-standard"])
        .current_dir(root())
        .output()
        .ok()
        .filter(|out| out.status.success() && !out.stdout.is_empty());
    match listed {
        Some(out) => String::from_utf8_lossy(&out.stdout)
            .lines()
            .filter(|path| root().join(path).exists())
            .filter_map(|path| path.split('/').next().map(str::to_owned))
            .collect(),
        None => fs::read_dir(root())
            .unwrap()
            .flatten()
            .map(|e| e.file_name().to_string_lossy().into_owned())
            .filter(|name| name != "target")
            .collect(),
    }
}

#[test]
fn the_top_level_holds_what_design_lists() {
    let strange: Vec<String> =
        top_level().into_iter().filter(|n| !n.starts_with('.') && !TOP_LEVEL.contains(&n.as_str())).collect();
    report("the top level holds more than DESIGN lists", &strange);
}

#[test]
fn ring_is_not_in_the_tree() {
    // An optional dependency nobody switches on may stand in Cargo.lock; what counts is what is built.
    let out = Command::new(env!("CARGO"))
        .args(["tree", "--offline", "--locked", "--edges", "normal,build", "--prefix", "none", "--format", "{p}"])
        .current_dir(root())
        .output()
        .unwrap();
    assert!(out.status.success(), "cargo tree: {}", String::from_utf8_lossy(&out.stderr));
    let tree = String::from_utf8_lossy(&out.stdout);
    assert!(tree.contains("rustls v"), "the tree was read");
    let found: BTreeSet<&str> = tree.lines().filter(|l| l.starts_with("ring v")).collect();
    assert!(
        found.is_empty(),
        "{found:?} is built: one library does the cryptography, aws-lc-rs; `cargo tree -i ring` says who asks"
    );
}

#[test]
fn no_file_names_a_registry() {
    // Put together, so that this file does not name them either.
    let mut names: Vec<String> = [
        ["registry.", "npmjs"],
        ["static.", "crates.io"],
        ["index.", "crates.io"],
        ["pypi", ".org"],
        ["pythonhosted", ".org"],
        ["deb.", "debian.org"],
        ["proxy.", "golang.org"],
        ["huggingface", ".co"],
    ]
    .iter()
    .map(|parts| parts.concat())
    .collect();
    // The mirror of the machine that builds is nobody's business.
    for variable in ["npm_config_registry", "NPM_CONFIG_REGISTRY", "PIP_INDEX_URL", "CARGO_REGISTRIES_MIRROR_INDEX"] {
        if let Some(host) = std::env::var(variable).ok().and_then(|url| hosts(&url).pop()).filter(|h| h.len() > 4) {
            names.push(host);
        }
    }
    let mut violations = Vec::new();
    let mut seen: Vec<PathBuf> = TOP_LEVEL.iter().map(PathBuf::from).filter(|p| root().join(p).is_file()).collect();
    for dir in ["src", "assets", "models", "packaging", "tests", ".cargo", ".ci"] {
        seen.extend(files(dir));
    }
    for file in seen {
        let Some(text) = text(&file) else { continue };
        for (at, line) in text.lines().enumerate() {
            if let Some(name) = names.iter().find(|n| line.contains(n.as_str())) {
                violations.push(format!("{}:{} names {name}", file.display(), at + 1));
            }
        }
    }
    let lock = text(Path::new("Cargo.lock")).unwrap();
    let official = "source = \"registry+https://github.com/rust-lang/crates.io-index\"";
    let other = lock.lines().filter(|l| l.starts_with("source = ") && *l != official);
    violations.extend(other.map(|l| format!("Cargo.lock: {l}")));
    report("registries are named", &violations);
}

#[test]
fn the_handbook_explains_every_error_code() {
    let page = text(Path::new("assets/handbook/faults-and-mends.md")).unwrap();
    let sections: Vec<&str> = page.lines().filter_map(|l| l.strip_prefix("## `")?.strip_suffix('`')).collect();
    let codes: Vec<&str> = Code::ALL.iter().map(|c| c.name()).collect();
    assert_eq!(sections, codes, "one section per code of src/base/error.rs, in its order");
}

#[test]
fn links_between_documents_lead_somewhere() {
    let mut violations = Vec::new();
    let documents = files("assets/handbook").into_iter().chain(files("packaging"));
    let documents = documents.chain(["README.md".into(), "src/ARCHITECTURE.md".into()]);
    for file in documents.filter(|p| p.extension().is_some_and(|e| e == "md")) {
        let text = text(&file).unwrap();
        for target in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            let path = target.split('#').next().unwrap_or_default();
            if path.is_empty() || path.contains("://") || path.starts_with("mailto:") {
                continue;
            }
            let place = root().join(file.parent().unwrap()).join(path);
            if !place.exists() {
                violations.push(format!("{} links to {target}", file.display()));
            }
        }
    }
    report("links that lead nowhere", &violations);
}
