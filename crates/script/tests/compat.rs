//! The forms of the language that public configurations use, one by one: `tests/compat/forms.txt` has
//! each row of the tables written once, `corpus/forms.txt` the tree it gives. `UPDATE=1 cargo test`
//! writes the trees anew; with `SUBJECT=kamailio` Kamailio tells which forms it takes.
#![allow(clippy::unwrap_used, clippy::disallowed_methods)]

mod support;

use script::{Options, resolve};
use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use support::dump::dump;
use support::{Memory, Words, line_of};

const TABLES: [&str; 5] = ["oddities", "directives", "keywords", "operators", "routes"];
const FORMS: &str = include_str!("../../../tests/compat/forms.txt");
const INCLUDED: &str = "children=99\n";

/// A form: the row it stands for, the file, and what comes of it.
struct Form {
    table: String,
    name: String,
    text: String,
    fate: Fate,
}

/// What comes of a form.
enum Fate {
    Taken,
    /// An error with this code.
    Refused(String),
    /// Taken, although Kamailio refuses it.
    Lenient,
    /// Refused, but not before modules get their parameters.
    Later,
}

#[test]
fn every_row_is_written() {
    let written: BTreeSet<(String, String)> = forms()
        .into_iter()
        .map(|form| (form.table, form.name))
        .collect();
    let used: BTreeSet<(String, String)> = TABLES.into_iter().flat_map(rows).collect();
    let differ: Vec<_> = written.symmetric_difference(&used).collect();
    assert!(differ.is_empty(), "{differ:#?}");
    assert!(used.len() > 240, "{}", used.len());
}

#[test]
fn every_form_gives_its_tree() {
    let (mut found, mut wrong) = (String::new(), Vec::new());
    for form in forms() {
        let (tree, errors) = read(&form.text);
        let first = errors.first().and_then(|error| error.split(' ').next());
        let expected = match &form.fate {
            Fate::Refused(code) => Some(code.as_str()),
            _ => None,
        };
        if first != expected {
            wrong.push(format!("{} {}: {errors:?}", form.table, form.name));
        }
        let _ = write!(found, "== {} {}\n{tree}", form.table, form.name);
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let file = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/corpus/forms.txt");
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&file, &found).unwrap();
    }
    let expected = std::fs::read_to_string(&file).unwrap();
    let differs = found
        .lines()
        .zip(expected.lines())
        .find(|(here, there)| here != there);
    assert_eq!(differs, None);
    assert_eq!(found.lines().count(), expected.lines().count());
}

#[test]
fn kamailio_takes_and_refuses_the_same() {
    if std::env::var("SUBJECT").as_deref() != Ok("kamailio") {
        return;
    }
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR"));
    std::fs::write(folder.join("inc.cfg"), INCLUDED).unwrap();
    let wrong: Vec<String> = forms()
        .iter()
        .filter(|form| {
            let file = folder.join("form.cfg");
            std::fs::write(&file, for_kamailio(&form.text)).unwrap();
            kamailio_takes(&file) != matches!(form.fate, Fate::Taken)
        })
        .map(|form| format!("{} {}", form.table, form.name))
        .collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

fn kamailio_takes(file: &Path) -> bool {
    let kamailio = std::env::var("KAMAILIO_BIN").unwrap_or_else(|_| "kamailio".to_owned());
    let output = Command::new(kamailio)
        .arg("-c")
        .arg("-f")
        .arg(file)
        .output();
    output.unwrap().status.success()
}

/// The file with what it needs besides: modules, a socket, the routes that it calls.
fn for_kamailio(text: &str) -> String {
    let (head, text) = match text.strip_prefix("#!KAMAILIO") {
        Some(rest) => text.split_at(text.len() - rest.len() + rest.find('\n').unwrap() + 1),
        None => match text.strip_prefix('\u{feff}') {
            Some(rest) => ("\u{feff}", rest),
            None => ("", text),
        },
    };
    let mut file = format!("{head}\n{MODULES}{text}");
    if !text.contains("listen") {
        file += "listen=udp:127.0.0.1:5999\n";
    }
    if !text.contains("request_route")
        && !text.contains("\nroute {")
        && !text.starts_with("route {")
    {
        file += "request_route { exit; }\n";
    }
    for name in ["A", "RELAY"] {
        let called = file.contains(&format!("route({name})"))
            || file.contains(&format!("route(\"{name}\")"));
        if called && !file.contains(&format!("route[{name}]")) {
            let _ = writeln!(file, "route[{name}] {{ exit; }}");
        }
    }
    file
}

const MODULES: &str = r#"loadmodule "tm.so"
loadmodule "sl.so"
loadmodule "pv.so"
loadmodule "xlog.so"
loadmodule "textops.so"
loadmodule "siputils.so"
loadmodule "kex.so"
loadmodule "corex.so"
loadmodule "rr.so"
loadmodule "acc.so"
loadmodule "htable.so"
modparam("htable", "htable", "t=>size=4;")
"#;

/// The tree of a file and its errors.
fn read(text: &str) -> (String, Vec<String>) {
    let files = Memory::main(text).with("inc.cfg", INCLUDED);
    let options = Options {
        defines: vec![("KAMAILIO".into(), None)],
        ..Options::default()
    };
    let parsed = script::parse(&files, "main.cfg", &options);
    let resolved = resolve(&parsed, &Words { lenient: true });
    let found = parsed.diagnostics.iter().chain(&resolved.diagnostics);
    let errors = found.filter(|found| found.is_error());
    let errors = errors.map(|found| line_of(found, &parsed.sources));
    (dump(&parsed), errors.collect())
}

fn forms() -> Vec<Form> {
    let blocks = FORMS.split("\n== ").skip(1);
    blocks.map(form).collect()
}

fn form(block: &str) -> Form {
    let (head, rest) = block.split_once('\n').unwrap();
    let (mark, below) = rest.split_once('\n').unwrap_or_default();
    let (fate, text) = match mark.split_once(' ').unwrap_or((mark, "")) {
        ("refused", code) => (Fate::Refused(code.to_owned()), below),
        ("lenient", _) => (Fate::Lenient, below),
        ("later", _) => (Fate::Later, below),
        _ => (Fate::Taken, rest),
    };
    let (table, name) = head.split_once(' ').unwrap();
    let text = text.trim_end_matches('\n').to_owned() + "\n";
    let text = text
        .replace("#SP#", "\u{a0}")
        .replace("#CR#", "\r")
        .replace("#BOM#", "\u{feff}");
    let (name, text) = match name.strip_suffix(" (file)") {
        Some(name) => (name, text),
        None => (name, format!("request_route {{\n{text}}}\n")),
    };
    Form {
        table: table.to_owned(),
        name: name.to_owned(),
        text,
        fate,
    }
}

/// The rows that at least one public file accounts for.
fn rows(table: &str) -> Vec<(String, String)> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../tests/compat");
    let text = std::fs::read_to_string(folder.join(format!("{table}.tsv"))).unwrap();
    let lines = text.lines().skip(1);
    let used = lines.filter_map(|line| {
        let (name, rest) = line.split_once('\t').unwrap();
        (!rest.starts_with("0\t")).then(|| (table.to_owned(), name.to_owned()))
    });
    used.collect()
}
