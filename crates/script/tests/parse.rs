//! Files to trees: the corpus, what Kamailio ships, and the traps of public configurations.
//! `UPDATE=1 cargo test` writes the expected texts anew.
#![allow(clippy::unwrap_used, clippy::disallowed_methods)]

mod support;

use std::path::{Path, PathBuf};

use script::{Options, Parsed, RouteKind, resolve};
use support::dump::dump;
use support::{Memory, Words, line_of, parse};

fn corpus(folder: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/corpus")
        .join(folder);
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|end| end == "cfg"))
        .collect();
    files.sort();
    assert!(!files.is_empty());
    files
}

fn compare(file: &Path, found: &str) {
    let expected = file.with_extension("txt");
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&expected, found).unwrap();
    }
    let text = std::fs::read_to_string(&expected).unwrap_or_default();
    let differs = found
        .lines()
        .zip(text.lines())
        .find(|(here, there)| here != there);
    assert_eq!(differs, None, "{}", expected.display());
    assert_eq!(
        found.lines().count(),
        text.lines().count(),
        "{}",
        expected.display()
    );
}

fn findings(parsed: &Parsed) -> String {
    parsed
        .diagnostics
        .iter()
        .map(|found| line_of(found, &parsed.sources) + "\n")
        .collect()
}

#[test]
fn the_corpus_has_these_trees_and_findings() {
    for file in corpus("parse") {
        let files = Memory::main(std::fs::read(&file).unwrap()).with(
            "inc.cfg",
            "# included\nchildren=99\n#!ifdef FROM_CALLER\nfork=10\n#!endif\n",
        );
        let options = Options {
            defines: vec![
                ("KAMAILIO".into(), None),
                ("FROM_CALLER".into(), Some("1".into())),
            ],
            ..Options::default()
        };
        let parsed = script::parse(&files, "main.cfg", &options);
        compare(
            &file,
            &format!("{}---\n{}", dump(&parsed), findings(&parsed)),
        );
    }
}

#[test]
fn the_resolver_has_these_findings() {
    for file in corpus("resolve") {
        let parsed = parse(std::fs::read(&file).unwrap());
        let resolved = resolve(&parsed, &Words::default());
        let found: String = resolved
            .diagnostics
            .iter()
            .map(|found| line_of(found, &parsed.sources) + "\n")
            .collect();
        compare(&file, &(findings(&parsed) + &found));
    }
}

#[test]
fn small_servers_load_with_and_without_their_toggles() {
    for file in corpus("load") {
        let text = std::fs::read(&file).unwrap();
        for toggles in [
            &[][..],
            &["WITH_TOPOH"],
            &["WITH_DIALOG"],
            &["WITH_TOPOH", "WITH_DIALOG"],
        ] {
            let defines = toggles
                .iter()
                .map(|name| ((*name).to_owned(), None))
                .collect();
            let options = Options {
                defines,
                ..Options::default()
            };
            let parsed = script::parse(&Memory::main(text.clone()), "main.cfg", &options);
            assert_eq!(findings(&parsed), "", "{}", file.display());
            let resolved = resolve(&parsed, &Words { lenient: true });
            assert!(resolved.program.is_some(), "{:?}", resolved.diagnostics);
        }
    }
}

/// The file that Debian's package installs, where it is installed.
fn stock() -> Option<Vec<u8>> {
    std::fs::read("/etc/kamailio/kamailio.cfg").ok()
}

const TOGGLES: [&str; 20] = [
    "WITH_DEBUG",
    "WITH_MYSQL",
    "WITH_AUTH",
    "WITH_IPAUTH",
    "WITH_USRLOCDB",
    "WITH_PRESENCE",
    "WITH_MSGREBUILD",
    "WITH_NAT",
    "WITH_NATSIPPING",
    "WITH_RTPENGINE",
    "WITH_PSTN",
    "WITH_ALIASDB",
    "WITH_SPEEDDIAL",
    "WITH_MULTIDOMAIN",
    "WITH_TLS",
    "WITH_JSONRPC",
    "WITH_ANTIFLOOD",
    "WITH_BLOCK3XX",
    "WITH_VOICEMAIL",
    "WITH_ACCDB",
];

fn stock_with(text: &[u8], toggles: &[&str]) {
    let mut defines: Vec<(String, Option<String>)> = toggles
        .iter()
        .map(|name| ((*name).to_owned(), None))
        .collect();
    if !toggles.contains(&"WITH_MYSQL") {
        defines.push(("DBURL".to_owned(), Some("\"sqlite:///x\"".to_owned())));
    }
    let options = Options {
        defines,
        ..Options::default()
    };
    let parsed = script::parse(&Memory::main(text), "main.cfg", &options);
    assert_eq!(findings(&parsed), "", "{toggles:?}");
    let resolved = resolve(&parsed, &Words { lenient: true });
    let program = resolved
        .program
        .unwrap_or_else(|| panic!("{:?}", resolved.diagnostics));
    assert!(program.route(RouteKind::Request, "").is_some());
    assert!(
        program
            .route(RouteKind::Failure, "MANAGE_FAILURE")
            .is_some()
    );
}

#[test]
fn the_stock_file_loads_with_every_toggle_and_pair() {
    let Some(text) = stock() else { return };
    stock_with(&text, &[]);
    stock_with(&text, &TOGGLES);
    for (at, one) in TOGGLES.iter().enumerate() {
        stock_with(&text, &[one]);
        let others: Vec<&str> = TOGGLES.into_iter().filter(|toggle| toggle != one).collect();
        stock_with(&text, &others);
        for other in &TOGGLES[at + 1..] {
            stock_with(&text, &[one, other]);
        }
    }
}

#[test]
fn deep_nesting_is_refused_not_followed() {
    for (open, close) in [
        ("(", ")"),
        ("!", ""),
        ("- ", ""),
        ("{", "}"),
        ("1 + (", ")"),
    ] {
        let text = format!(
            "request_route {{ $var(x) = {}1{}; }}",
            open.repeat(50_000),
            close.repeat(50_000)
        );
        assert!(
            parse(text).diagnostics.iter().any(|found| found.is_error()),
            "{open}"
        );
    }
    let chain = format!("request_route {{ $var(x) = 1{}; }}", " + 1".repeat(100_000));
    assert!(
        parse(chain)
            .diagnostics
            .iter()
            .any(|found| found.code == "E0304")
    );
    let ifs = format!("request_route {{ {} exit; }}", "if (1) ".repeat(50_000));
    assert!(
        parse(ifs)
            .diagnostics
            .iter()
            .any(|found| found.code == "E0304")
    );
    let chained = format!(
        "request_route {{ if (1) exit; {} }}",
        "else if (1) exit;".repeat(20_000)
    );
    assert!(parse(chained).diagnostics.is_empty());
}

#[test]
fn definitions_of_definitions_are_bounded() {
    let mut text = String::new();
    for level in 0..40 {
        text += &format!("#!define A{level} A{} A{} \n", level + 1, level + 1);
    }
    text += "request_route { A0 }\n";
    assert!(
        parse(text)
            .diagnostics
            .iter()
            .any(|found| found.code == "E0108")
    );
}

#[test]
fn a_file_that_includes_itself_is_refused() {
    let parsed = parse("include_file \"main.cfg\"\n");
    assert!(parsed.diagnostics.iter().any(|found| found.code == "E0106"));
}

#[test]
fn files_that_include_each_other_twice_do_not_double() {
    let files = Memory::main("include_file \"a\"\ninclude_file \"a\"\n")
        .with("a", "import_file \"a\"\nimport_file \"a\"\nxlog(\"x\");\n");
    let parsed = script::parse(&files, "main.cfg", &Options::default());
    assert!(parsed.diagnostics.iter().any(|found| found.code == "E0108"));
    assert!(parsed.sources.files().count() <= 1000);
}

#[test]
fn findings_show_the_line() {
    let parsed = parse("debug=2\nrequest_route {\n\txlog(\"a\")\n\texit;\n}\n");
    let text = script::render(&parsed.diagnostics, &parsed.sources, false);
    assert!(text.contains("error[E0302]"), "{text}");
    assert!(text.contains("main.cfg:3:"), "{text}");
    assert!(text.contains("xlog(\"a\")"), "{text}");
}
