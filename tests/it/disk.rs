//! A disk that fills up under a running server, and is emptied again: a real file system of 200 MB in a mount
//! namespace of its own.

use std::process::Command;

use crate::support::{BINARY, Home, Ran};

/// Prints what each step said, one line each; the first word names the step, the second is the exit code.
const STEPS: &str = r#"
mount -t tmpfs -o size=200m none "$DISK" || { echo "no-mount 0"; exit 0; }
step() { local name=$1; shift; local out; out=$("$BIN" "$@" --json --data-dir "$DISK/data" 2>&1); echo "$name $? $(echo "$out" | tr '\n' ' ')"; }
step create site create stadt
step first ingest --site stadt "$PAGES/first"
"$BIN" serve --listen 127.0.0.1:0 --data-dir "$DISK/data" >"$PAGES/ready" 2>"$PAGES/log" &
for i in $(seq 200); do grep -q ready "$PAGES/ready" && break; sleep 0.05; done
dd if=/dev/zero of="$DISK/filler" bs=1M count=500 2>/dev/null
truncate -s -30M "$DISK/filler"
step full ingest --site stadt "$PAGES/second"
step ask ask --site stadt "Was kostet der Personalausweis?"
rm "$DISK/filler"
step again ingest --site stadt "$PAGES/second"
step found search --site stadt --mode words Quittenmarmelade
kill -TERM %1; wait
step verify index verify
"#;

#[test]
fn a_full_disk_refuses_content_answers_questions_and_recovers() {
    let home = Home::new();
    home.write("first/ausweis.md", "# Personalausweis\n\nDer Personalausweis kostet 37 Euro. Er gilt zehn Jahre.\n");
    home.write("second/markt.md", "# Wochenmarkt\n\nQuittenmarmelade gibt es am Stand von Frau Huber.\n");
    std::fs::create_dir(home.path("disk")).unwrap();
    let mut command = Command::new("unshare");
    command.args(["-rm", "bash", "-c", STEPS]);
    for (name, _) in std::env::vars().filter(|(n, _)| n.starts_with("DIALOGENGINE_") || n == "FAILPOINTS") {
        command.env_remove(name);
    }
    command.current_dir(home.path("")).env("BIN", BINARY).env("DISK", home.path("disk")).env("PAGES", home.path(""));
    let ran = Ran::of(&mut command);
    if ran.stdout.starts_with("no-mount") || ran.stderr.contains("unshare") {
        let must = std::env::var("CI").is_ok_and(|ci| ci == "true");
        assert!(!must, "no right to mount: {}{}", ran.stdout, ran.stderr);
        eprintln!("skipped: no right to mount a file system");
        return;
    }
    let said = |step: &str| {
        let line = ran.stdout.lines().find(|line| line.starts_with(&format!("{step} ")));
        line.unwrap_or_else(|| panic!("no step {step}: {}{}", ran.stdout, ran.stderr)).to_owned()
    };
    for (step, code, hints) in [
        ("create", 0, &[][..]),
        ("first", 0, &["\"documents\":1"]),
        ("full", 1, &["disk_full", "free space", "try again"]),
        ("ask", 0, &["37 Euro", "\"citations\":[{"]),
        ("again", 0, &["\"documents\":1"]),
        ("found", 0, &["Wochenmarkt"]),
        ("verify", 0, &["\"differences\":[]"]),
    ] {
        let line = said(step);
        assert!(line.starts_with(&format!("{step} {code} ")), "{line}\n{}", ran.stdout);
        for hint in hints {
            assert!(line.contains(hint), "{step} does not say {hint}: {line}");
        }
    }
}
