//! The file of TLS profiles that module `tls` is given: `[client:default]` and the like.

use super::{Settings, tls};
use crate::Surroundings;
use script::{Diagnostic, SourceMap, Span};

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
    let lines = judged(&String::from_utf8_lossy(&content));
    if lines.is_empty() {
        return;
    }
    let file = sources.add(&path, content);
    for Line {
        start,
        end,
        finding,
    } in lines
    {
        let mut finding = finding;
        finding.span = Span::new(file, start, end);
        findings.push(finding);
    }
}

/// A finding in a line of the file.
struct Line {
    start: usize,
    end: usize,
    finding: Diagnostic,
}

fn judged(content: &str) -> Vec<Line> {
    let (mut is_client, mut at) = (false, 0);
    let mut lines = Vec::new();
    for line in content.split_inclusive('\n') {
        let start = at;
        at += line.len();
        let line = line.split(['#', ';']).next().unwrap_or_default().trim_end();
        if let Some(section) = line.trim_start().strip_prefix('[') {
            is_client = section.starts_with("client");
            continue;
        }
        let Some((name, value)) = line.split_once('=') else {
            continue;
        };
        let value = value.trim().trim_matches('"');
        if let Some(finding) = tls::judge(name.trim(), value, is_client, Span::default()) {
            let end = start + line.len();
            lines.push(Line {
                start,
                end,
                finding,
            });
        }
    }
    lines
}
