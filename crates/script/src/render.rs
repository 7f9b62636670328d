//! Findings for people: the source line underlined.

use std::fmt::Write as _;

use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};

use crate::diagnostic::{Diagnostic, Severity};
use crate::source::{SourceMap, Span};

/// Renders findings, one after the other, with an empty line between. With `color` for terminals.
#[must_use]
pub fn render(diagnostics: &[Diagnostic], sources: &SourceMap, color: bool) -> String {
    let renderer = if color {
        Renderer::styled()
    } else {
        Renderer::plain()
    };
    let mut out = String::new();
    for diagnostic in diagnostics {
        let text = one(diagnostic, sources, &renderer);
        let _ = writeln!(out, "{text}\n");
    }
    out
}

fn one(diagnostic: &Diagnostic, sources: &SourceMap, renderer: &Renderer) -> String {
    let level = match diagnostic.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
    };
    let title = level.primary_title(&diagnostic.message).id(diagnostic.code);
    let place = Place::of(diagnostic.span, sources);
    let label = (!diagnostic.label.is_empty()).then_some(diagnostic.label.as_str());
    let mut group: Group<'_> = title.element(
        place.snippet().annotation(
            AnnotationKind::Primary
                .span(place.range.clone())
                .label(label),
        ),
    );
    let related: Vec<(Place, &str)> = diagnostic
        .related
        .iter()
        .map(|(span, what)| (Place::of(*span, sources), what.as_str()))
        .collect();
    for (place, what) in &related {
        group = group.element(
            place.snippet().annotation(
                AnnotationKind::Context
                    .span(place.range.clone())
                    .label(*what),
            ),
        );
    }
    let help = help(diagnostic);
    if let Some(help) = &help {
        group = group.element(Level::HELP.message(help));
    }
    renderer.render(&[group])
}

fn help(diagnostic: &Diagnostic) -> Option<String> {
    let names: Vec<String> = diagnostic
        .candidates
        .iter()
        .map(|name| format!("`{name}`"))
        .collect();
    let nearest = (!names.is_empty()).then(|| format!("did you mean {}?", names.join(" or ")));
    match (nearest, diagnostic.help.clone()) {
        (Some(nearest), Some(help)) => Some(format!("{nearest} {help}")),
        (nearest, help) => nearest.or(help),
    }
}

/// The lines of a span as text, and where in them it is.
struct Place {
    path: String,
    text: String,
    line: usize,
    range: std::ops::Range<usize>,
}

impl Place {
    fn of(span: Span, sources: &SourceMap) -> Self {
        let Some(file) = sources.file(span.file) else {
            return Self {
                path: "?".to_owned(),
                text: String::new(),
                line: 1,
                range: 0..0,
            };
        };
        let (bytes, line, start) = file.lines(span);
        let lossy = |range: std::ops::Range<usize>| {
            let end = range.end.min(bytes.len());
            String::from_utf8_lossy(&bytes[range.start.min(end)..end]).into_owned()
        };
        let from = (span.start as usize).saturating_sub(start);
        let to = (span.end as usize).saturating_sub(start);
        let (before, within, after) = (lossy(0..from), lossy(from..to), lossy(to..bytes.len()));
        let range = before.len()..before.len() + within.len();
        Self {
            path: file.path().to_owned(),
            text: before + &within + &after,
            line,
            range,
        }
    }

    fn snippet(&self) -> Snippet<'_, annotate_snippets::Annotation<'_>> {
        Snippet::source(&self.text)
            .path(&self.path)
            .line_start(self.line)
    }
}
