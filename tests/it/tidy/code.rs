//! Reads just enough Rust to know which modules a file names: no comments, no strings, `use` trees, inline paths,
//! `super::` chains. Deliberately absent: macros that build paths, and renamed crates; nobody here does either.

use std::path::Path;

/// A path into this crate, as written at `line`, seen from `module`.
#[derive(Debug, PartialEq)]
pub(super) struct Reference {
    pub line: usize,
    /// Where it stands, such as `["svc", "dialog", "gate"]`.
    pub module: Vec<String>,
    /// What it names, without the leading `crate`; at most the first three parts matter.
    pub path: Vec<String>,
}

/// Module of a file below `src`: `src/svc/dialog/mod.rs` is `svc::dialog`.
pub(super) fn module_of(file: &Path) -> Vec<String> {
    let mut parts: Vec<String> =
        file.with_extension("").iter().skip(1).map(|p| p.to_string_lossy().into_owned()).collect();
    if parts.last().is_some_and(|p| p == "mod" || p == "lib") {
        parts.pop();
    }
    parts
}

/// The source with comments and the inside of strings blanked; lines stay where they are.
pub(super) fn strip(source: &str) -> String {
    let bytes: Vec<char> = source.chars().collect();
    let mut out = String::with_capacity(source.len());
    let at = |i: usize| bytes.get(i).copied().unwrap_or('\0');
    let mut i = 0;
    while i < bytes.len() {
        let end = match (at(i), at(i + 1)) {
            ('/', '/') => (i..bytes.len()).find(|&j| at(j) == '\n').unwrap_or(bytes.len()),
            ('/', '*') => block_comment(&bytes, i),
            ('"', _) => string(&bytes, i),
            ('r', '"' | '#') if i == 0 || !is_word(at(i - 1)) => raw_string(&bytes, i).unwrap_or(i),
            // A character literal, not a lifetime.
            ('\'', '\\') => (i + 3..bytes.len()).find(|&j| at(j) == '\'').map_or(bytes.len(), |j| j + 1),
            ('\'', _) if at(i + 2) == '\'' => i + 3,
            _ => i,
        };
        if end == i {
            out.push(at(i));
            i += 1;
        } else {
            // A blank string stays an expression for the eye; newlines keep the line numbers.
            out.extend(bytes[i..end].iter().map(|&c| if c == '\n' { '\n' } else { ' ' }));
            i = end;
        }
    }
    out
}

fn block_comment(text: &[char], start: usize) -> usize {
    let mut depth = 0;
    let mut i = start;
    while i + 1 < text.len() {
        match (text[i], text[i + 1]) {
            ('/', '*') => (depth, i) = (depth + 1, i + 2),
            ('*', '/') => {
                (depth, i) = (depth - 1, i + 2);
                if depth == 0 {
                    return i;
                }
            }
            _ => i += 1,
        }
    }
    text.len()
}

fn string(text: &[char], start: usize) -> usize {
    let mut i = start + 1;
    while i < text.len() {
        match text[i] {
            '\\' => i += 2,
            '"' => return i + 1,
            _ => i += 1,
        }
    }
    text.len()
}

fn raw_string(text: &[char], start: usize) -> Option<usize> {
    let hashes = text[start + 1..].iter().take_while(|&&c| c == '#').count();
    let open = start + 1 + hashes;
    if text.get(open) != Some(&'"') {
        return None;
    }
    let is_end =
        |j: usize| text[j] == '"' && text[j + 1..].iter().take(hashes).filter(|&&c| c == '#').count() == hashes;
    Some((open + 1..text.len()).find(|&j| is_end(j)).map_or(text.len(), |j| j + 1 + hashes))
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// Whether a stripped line uses the crate `library`: as a path's beginning, or taken whole by `use`.
pub(super) fn names(line: &str, library: &str) -> bool {
    line.match_indices(library).any(|(at, _)| {
        let before = &line[..at];
        let after = &line[at + library.len()..];
        let is_start = !before.ends_with(is_word) && !before.ends_with("::") && !before.ends_with('.');
        let is_path = after.starts_with("::");
        let is_whole = before.trim() == "use" && (after.starts_with(';') || after.starts_with(" as "));
        is_start && (is_path || is_whole)
    })
}

#[derive(Debug, Clone, PartialEq)]
enum Token {
    Word(String),
    PathSep,
    Mark(char),
}

fn tokens(stripped: &str) -> Vec<(usize, Token)> {
    let mut found = Vec::new();
    let mut line = 1;
    let mut chars = stripped.chars().peekable();
    while let Some(c) = chars.next() {
        if c == '\n' {
            line += 1;
        } else if is_word(c) {
            let mut word = String::from(c);
            while let Some(next) = chars.next_if(|&n| is_word(n)) {
                word.push(next);
            }
            found.push((line, Token::Word(word)));
        } else if c == ':' && chars.next_if_eq(&':').is_some() {
            found.push((line, Token::PathSep));
        } else if !c.is_whitespace() {
            found.push((line, Token::Mark(c)));
        }
    }
    found
}

/// Every path into this crate that a file names.
pub(super) fn references(file: &Path, source: &str) -> Vec<Reference> {
    let own = module_of(file);
    let tokens = tokens(&strip(source));
    let mut found = Vec::new();
    // Inline modules around the current place: name and the depth of braces outside it.
    let mut inline: Vec<(String, usize)> = Vec::new();
    let mut depth = 0;
    let mut i = 0;
    while i < tokens.len() {
        let here = |inline: &[(String, usize)]| {
            own.iter().cloned().chain(inline.iter().map(|m| m.0.clone())).collect::<Vec<_>>()
        };
        let (line, token) = &tokens[i];
        match token {
            Token::Mark('{') => depth += 1,
            Token::Mark('}') => {
                depth -= 1;
                if inline.last().is_some_and(|m| m.1 == depth) {
                    inline.pop();
                }
            }
            Token::Word(word) if word == "mod" => {
                if let (Some((_, Token::Word(name))), Some((_, Token::Mark('{')))) =
                    (tokens.get(i + 1), tokens.get(i + 2))
                {
                    inline.push((name.clone(), depth));
                }
            }
            Token::Word(word) if word == "crate" || word == "super" => {
                let is_path = matches!(tokens.get(i + 1), Some((_, Token::PathSep)));
                // `pub(crate)`, `$crate::…` of our own macros starts at the root as well.
                let is_start = i == 0 || tokens[i - 1].1 != Token::PathSep;
                if is_path && is_start {
                    let module = here(&inline);
                    let mut base = if word == "crate" { Vec::new() } else { parent(&module) };
                    let mut next = i + 2;
                    while matches!(tokens.get(next), Some((_, Token::Word(w))) if w == "super") {
                        base = parent(&base);
                        next += 2;
                    }
                    let mut paths = Vec::new();
                    tree(&tokens, &mut next, &base, &mut paths);
                    found.extend(paths.into_iter().map(|path| Reference { line: *line, module: module.clone(), path }));
                }
            }
            _ => {}
        }
        i += 1;
    }
    found
}

fn parent(module: &[String]) -> Vec<String> {
    module[..module.len().saturating_sub(1)].to_vec()
}

/// Reads a path or a `use` tree from `at` and adds each branch to `found`.
fn tree(tokens: &[(usize, Token)], at: &mut usize, base: &[String], found: &mut Vec<Vec<String>>) {
    let mut path = base.to_vec();
    loop {
        match tokens.get(*at).map(|t| &t.1) {
            Some(Token::Word(word)) => {
                // `self` names the branch itself.
                if word != "self" {
                    path.push(word.clone());
                }
                *at += 1;
                if tokens.get(*at).map(|t| &t.1) == Some(&Token::PathSep) {
                    *at += 1;
                    continue;
                }
                found.push(path);
                return;
            }
            Some(Token::Mark('{')) => {
                *at += 1;
                while !matches!(tokens.get(*at).map(|t| &t.1), Some(Token::Mark('}')) | None) {
                    let before = *at;
                    tree(tokens, at, &path, found);
                    // `as name` and the comma.
                    while !matches!(tokens.get(*at).map(|t| &t.1), Some(Token::Mark(',' | '}')) | None) {
                        *at += 1;
                    }
                    if tokens.get(*at).map(|t| &t.1) == Some(&Token::Mark(',')) {
                        *at += 1;
                    }
                    *at = (*at).max(before + 1);
                }
                *at += 1;
                return;
            }
            Some(Token::Mark('*')) => {
                *at += 1;
                path.push("*".to_owned());
                found.push(path);
                return;
            }
            // Generic arguments and the like end a path.
            _ => {
                found.push(path);
                return;
            }
        }
    }
}

#[test]
fn paths_are_read() {
    let source = "//! crate::cli\nuse crate::{base::{Code, fsx as files}, store::{self, Key}};\nfn f() { crate::svc::job::submit(\"crate::no\"); super::gate::ask(); 'c'; r#\"crate::no\"# }\nmod tests {\n use super::super::*;\n use super::*;\n}\n";
    let found = references(Path::new("src/svc/dialog/mod.rs"), source);
    let paths: Vec<(usize, String)> = found.iter().map(|r| (r.line, r.path.join("::"))).collect();
    let expect = [
        (2, "base::Code"),
        (2, "base::fsx"),
        (2, "store"),
        (2, "store::Key"),
        (3, "svc::job::submit"),
        (3, "svc::gate::ask"),
        (5, "svc::*"),
        (6, "svc::dialog::*"),
    ];
    assert_eq!(paths, expect.map(|(line, path)| (line, path.to_owned())));
    assert_eq!(found[0].module, ["svc", "dialog"]);
    assert!(names("use redb;", "redb") && names("let x = redb::Key;", "redb"));
    assert!(!names("self.redb", "redb") && !names("my_redb::x", "redb"));
}
