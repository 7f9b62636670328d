//! What holds for any input: no panic, findings within the text, linear time, bounded matching.
#![allow(clippy::unwrap_used, clippy::disallowed_methods)]

mod support;

use bytes::Bytes;
use proptest::prelude::*;
use script::{FormatSpec, Limits, Machine, Regex, RouteKind, Step, VarSpec, explain, resolve};
use support::{Recorder, Words, parse};

const CORPUS: [&[u8]; 6] = [
    include_bytes!("corpus/parse/params.cfg"),
    include_bytes!("corpus/parse/preprocess.cfg"),
    include_bytes!("corpus/parse/statements.cfg"),
    include_bytes!("corpus/parse/strings.cfg"),
    include_bytes!("corpus/parse/mistakes.cfg"),
    include_bytes!("corpus/flow.cfg"),
];

/// Words and signs of the language, to get past the lexer.
const PIECES: [&str; 44] = [
    "request_route",
    "route",
    "{",
    "}",
    "(",
    ")",
    "[A]",
    ";",
    "if",
    "else",
    "while",
    "switch",
    "case",
    "default:",
    "return",
    "exit",
    "break",
    "$var(x)",
    "=",
    "==",
    "1",
    "-1",
    "\"text\"",
    "=~",
    "\"a*\"",
    "&&",
    "||",
    "!",
    "+",
    "code(1)",
    "code(-1)",
    "wait(\"w\")",
    "run(\"B\")",
    "route(A)",
    "src_ip",
    "myself",
    "10.0.0.0/8",
    "\n#!ifdef X\n",
    "\n#!endif\n",
    "\n#!define X 1\n",
    "X",
    "defined",
    "@via.host",
    "'",
];

fn whole_way(text: Vec<u8>) {
    let parsed = parse(text);
    let resolved = resolve(&parsed, &Words { lenient: true });
    let all: Vec<_> = parsed
        .diagnostics
        .iter()
        .chain(&resolved.diagnostics)
        .cloned()
        .collect();
    for found in &all {
        assert!(explain(found.code).is_some(), "{} has no page", found.code);
        let file = parsed.sources.file(found.span.file).unwrap();
        assert!(found.span.start <= found.span.end);
        assert!(found.span.end as usize <= file.text().len(), "{found:?}");
    }
    assert!(all.len() < 3000);
    let _ = script::render(
        all.get(..20.min(all.len())).unwrap(),
        &parsed.sources,
        false,
    );
    let Some(program) = resolved.program else {
        return;
    };
    let Some(start) = program.route(RouteKind::Request, "") else {
        return;
    };
    let limits = Limits {
        steps: 2000,
        ..Limits::default()
    };
    let mut host = Recorder::default();
    let mut machine = Machine::new(&program, start, limits);
    let mut step = machine.run(&program, &mut host);
    for answer in [1, -1, 0, 5].into_iter().cycle().take(4000) {
        match step {
            Step::Ended(_) => return,
            Step::Waiting(_) => step = machine.answer(&program, &mut host, answer),
        }
    }
    panic!("neither steps nor answers end it");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_are_read(text in proptest::collection::vec(any::<u8>(), 0..600)) {
        whole_way(text);
    }

    #[test]
    fn any_pieces_are_read(pieces in proptest::collection::vec(0..PIECES.len(), 0..120)) {
        let text: Vec<&str> = pieces.into_iter().map(|at| PIECES[at]).collect();
        whole_way(text.join(" ").into_bytes());
    }

    #[test]
    fn any_body_runs_or_is_refused(pieces in proptest::collection::vec(0..PIECES.len(), 0..40)) {
        let text: Vec<&str> = pieces.into_iter().map(|at| PIECES[at]).collect();
        let text = format!(
            "request_route {{ {} ; }} route[A] {{ code(2); }} branch_route[B] {{ drop; }}",
            text.join(" ")
        );
        whole_way(text.into_bytes());
    }

    #[test]
    fn mutated_files_are_read(
        file in 0..CORPUS.len(),
        changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>(), 0..3_u8), 1..8),
    ) {
        let mut text = CORPUS[file].to_vec();
        for (at, byte, kind) in changes {
            if text.is_empty() {
                break;
            }
            let at = at.index(text.len());
            match kind {
                0 => text[at] = byte,
                1 => drop(text.remove(at)),
                _ => text.truncate(at + 1),
            }
        }
        whole_way(text);
    }

    #[test]
    fn any_regex_compiles_or_is_refused(
        pattern in "[-ab01(){}\\[\\]*+?|^$.,\\\\:=wdn]{0,24}",
        text in "[abAB01 \\n-]{0,40}",
    ) {
        let Ok(regex) = Regex::compile(pattern.as_bytes()) else { return Ok(()) };
        let (Ok(matches), Ok(found)) = (regex.matches(text.as_bytes()), regex.find(text.as_bytes(), 0))
        else { return Ok(()) };
        prop_assert_eq!(matches, found.is_some());
        if let Some(range) = found {
            prop_assert!(range.start <= range.end && range.end <= text.len());
        }
    }

    #[test]
    fn variables_and_formats_keep_their_text(text in "[a$(){}\\[\\].,*=> x1?]{0,40}") {
        let text = Bytes::from(text);
        if let Ok((spec, length)) = VarSpec::parse_prefix(&text) {
            prop_assert_eq!(&spec.text, &text.slice(..length));
            prop_assert_eq!(VarSpec::parse(&spec.text).unwrap(), spec);
        }
        let _ = FormatSpec::parse(&text);
    }
}

#[test]
fn reading_is_linear() {
    let time = |lines: usize| {
        let text = "\tif ($rU == \"a\") { xlog(\"x $var(x)\"); } # comment\n".repeat(lines);
        let text = format!("request_route {{\n{text}}}\n");
        let start = std::time::Instant::now();
        let parsed = parse(text);
        assert!(resolve(&parsed, &Words::default()).program.is_some());
        start.elapsed()
    };
    let fastest = |lines: usize| (0..3).map(|_| time(lines)).min().unwrap();
    let (small, large) = (fastest(4000), fastest(40_000));
    assert!(
        large < small * 40,
        "{small:?} for 4000 lines, {large:?} for ten times as many"
    );
}

#[test]
fn every_code_has_its_page_and_every_page_its_code() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/findings");
    let mut pages: Vec<String> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter_map(|name| name.strip_suffix(".md").map(str::to_owned))
        .collect();
    pages.sort();
    let mut codes: Vec<&str> = script::CODES.to_vec();
    codes.sort_unstable();
    assert_eq!(pages, codes);
    for code in codes {
        let page = explain(&code.to_lowercase()).unwrap();
        assert!(
            page.starts_with(&format!("# {code}: ")) && page.len() > 60,
            "{code}"
        );
    }
    assert!(explain("E9999").is_none());
}

#[test]
fn every_code_in_the_source_is_listed() {
    fn visit(folder: &std::path::Path, found: &mut Vec<String>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                visit(&path, found);
                continue;
            }
            let text = std::fs::read_to_string(&path).unwrap();
            for piece in text.split('"') {
                let code = piece.len() == 5
                    && piece.starts_with(['E', 'W'])
                    && piece[1..].bytes().all(|byte| byte.is_ascii_digit());
                if code {
                    found.push(piece.to_owned());
                }
            }
        }
    }
    let mut found = Vec::new();
    visit(
        std::path::Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/src")),
        &mut found,
    );
    for code in found {
        assert!(script::CODES.contains(&code.as_str()), "{code} has no page");
    }
}
