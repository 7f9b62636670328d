//! The file of TLS profiles that module `tls` is given: `[client:default]` and the like.

use super::{Settings, tls};
use crate::Surroundings;
use script::{Diagnostic, SourceMap, Span};
use std::ops::Range;

pub(super) fn find(
    settings: &Settings<'_>,
    sources: &mut SourceMap,
    surroundings: &dyn Surroundings,
    findings: &mut Vec<Diagnostic>,
) {
    let Some(setting) = settings.param("tls", "config") else {
        return;
    };
    let path = setting.text();
    let Some(content) = surroundings.read(&path) else {
        return;
    };
    let content = String::from_utf8_lossy(&content).into_owned();
    let judged = judged(&content);
    if judged.is_empty() {
        return;
    }
    let file = sources.add(&path, content);
    findings.extend(judged.into_iter().map(|(range, mut finding)| {
        finding.span = Span::new(file, range.start, range.end);
        finding
    }));
}

/// A finding and the bytes of the line it is about.
type Judged = (Range<usize>, Diagnostic);

/// `[client:default]` and the like.
struct Section {
    line: Range<usize>,
    is_client: bool,
    /// It says whether certificates are verified.
    decides: bool,
}

fn judged(content: &str) -> Vec<Judged> {
    let mut found = Vec::new();
    let mut section: Option<Section> = None;
    let mut next = 0;
    for line in content.split_inclusive('\n') {
        let start = next;
        next += line.len();
        let line = line.split(['#', ';']).next().unwrap_or_default().trim_end();
        let range = start..start + line.len();
        if let Some(name) = line.trim_start().strip_prefix('[') {
            let begun = Section {
                line: range,
                is_client: name.starts_with("client"),
                decides: false,
            };
            found.extend(section.replace(begun).and_then(undecided));
        } else if let Some((name, value)) = line.split_once('=') {
            let is_client = section.as_ref().is_some_and(|section| section.is_client);
            found.extend(setting(name.trim(), value, is_client).map(|finding| (range, finding)));
            if let Some(section) = &mut section {
                section.decides |= name.trim() == tls::VERIFY;
            }
        }
    }
    found.extend(section.and_then(undecided));
    found
}

fn setting(name: &str, value: &str, is_client: bool) -> Option<Diagnostic> {
    let value = value.trim().trim_matches('"');
    tls::judge(name, value, is_client, Span::default())
}

/// Where nothing is said, nothing is verified.
fn undecided(section: Section) -> Option<Judged> {
    let is_open = section.is_client && !section.decides;
    is_open.then(|| (section.line, tls::unverified(Span::default())))
}
