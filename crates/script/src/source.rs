//! Where text comes from: files, spans, lines and columns.

use std::fmt;

use bytes::Bytes;

/// Reads configuration files. The crate itself opens nothing.
pub trait Files {
    /// Opens `path` as named in the file `includer` (`None` for the main file). A relative path is
    /// tried as it stands and then beside the includer, as Kamailio does.
    ///
    /// # Errors
    /// Says whether the file is absent (`import_file` forgives that) or cannot be read.
    fn open(&self, includer: Option<&str>, path: &str) -> Result<Opened, FileError>;
}

/// A file that could be read.
#[derive(Debug, Clone)]
pub struct Opened {
    /// The path it was found at; shown in diagnostics and given back as `includer`.
    pub path: String,
    /// Its content, as it is.
    pub text: Vec<u8>,
}

/// Why a file was not read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FileError {
    /// There is no such file.
    NotFound,
    /// It is there, but the system refused; its words.
    Unreadable(String),
}

/// Names one text of a [`SourceMap`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct FileId(pub u32);

/// A range of bytes in one file.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct Span {
    /// The file.
    pub file: FileId,
    /// First byte.
    pub start: u32,
    /// One past the last byte.
    pub end: u32,
}

impl fmt::Debug for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}..{}", self.file.0, self.start, self.end)
    }
}

impl Span {
    /// A range in `file`; offsets beyond 4 GiB are cut to the last representable one.
    #[must_use]
    pub fn new(file: FileId, start: usize, end: usize) -> Self {
        let clip = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        Self {
            file,
            start: clip(start),
            end: clip(end.max(start)),
        }
    }

    /// From the start of `self` to the end of `other`; `self` alone when the files differ.
    #[must_use]
    pub fn to(self, other: Self) -> Self {
        if self.file != other.file || other.end < self.start {
            return self;
        }
        Self {
            end: other.end.max(self.end),
            ..self
        }
    }

    /// The empty range just after `self`.
    #[must_use]
    pub fn after(self) -> Self {
        Self {
            start: self.end,
            ..self
        }
    }
}

/// Every text that took part in a load: files and the values given on the command line.
#[derive(Debug, Clone, Default)]
pub struct SourceMap {
    files: Vec<SourceFile>,
}

/// One text of a [`SourceMap`].
#[derive(Debug, Clone)]
pub struct SourceFile {
    path: String,
    text: Bytes,
    line_starts: Vec<u32>,
}

/// A place as people name it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Position<'a> {
    /// Path of the file.
    pub path: &'a str,
    /// Line, from 1.
    pub line: u32,
    /// Column in bytes, from 1.
    pub column: u32,
}

impl fmt::Display for Position<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.path, self.line, self.column)
    }
}

impl SourceMap {
    /// Adds a text and names it.
    pub fn add(&mut self, path: &str, text: impl Into<Bytes>) -> FileId {
        let text = text.into();
        let newlines = memchr_newlines(&text);
        let mut line_starts = Vec::with_capacity(newlines.len() + 1);
        line_starts.push(0);
        line_starts.extend(newlines);
        self.files.push(SourceFile {
            path: path.to_owned(),
            text,
            line_starts,
        });
        FileId(u32::try_from(self.files.len() - 1).unwrap_or(u32::MAX))
    }

    /// The text a name stands for.
    #[must_use]
    pub fn file(&self, id: FileId) -> Option<&SourceFile> {
        self.files.get(id.0 as usize)
    }

    /// All texts, the main file first.
    pub fn files(&self) -> impl Iterator<Item = &SourceFile> {
        self.files.iter()
    }

    /// Path, line and column of the start of `span`.
    #[must_use]
    pub fn position(&self, span: Span) -> Position<'_> {
        let Some(file) = self.file(span.file) else {
            return Position {
                path: "?",
                line: 0,
                column: 0,
            };
        };
        let line = file.line_of(span.start);
        let start = file.line_starts.get(line).copied().unwrap_or(0);
        Position {
            path: &file.path,
            line: u32::try_from(line + 1).unwrap_or(u32::MAX),
            column: span.start.saturating_sub(start) + 1,
        }
    }

    /// The bytes `span` covers; empty when it is not in this map.
    #[must_use]
    pub fn slice(&self, span: Span) -> Bytes {
        let Some(file) = self.file(span.file) else {
            return Bytes::new();
        };
        let end = (span.end as usize).min(file.text.len());
        file.text.slice((span.start as usize).min(end)..end)
    }
}

impl SourceFile {
    /// Its path, as opened.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }

    /// Its bytes.
    #[must_use]
    pub fn text(&self) -> &Bytes {
        &self.text
    }

    /// The bytes of the lines that `span` touches, with the number of the first (from 1) and the
    /// offset at which it starts.
    #[must_use]
    pub fn lines(&self, span: Span) -> (Bytes, usize, usize) {
        let first = self.line_of(span.start);
        let last = self.line_of(span.end.max(span.start + 1) - 1);
        let start = self.line_starts.get(first).copied().unwrap_or(0) as usize;
        let end = match self.line_starts.get(last + 1) {
            Some(next) => (*next as usize).saturating_sub(1),
            None => self.text.len(),
        };
        (self.text.slice(start..end.max(start)), first + 1, start)
    }

    /// The line an offset is in, from 0.
    fn line_of(&self, offset: u32) -> usize {
        self.line_starts
            .partition_point(|start| *start <= offset)
            .saturating_sub(1)
    }
}

fn memchr_newlines(text: &[u8]) -> Vec<u32> {
    text.iter()
        .enumerate()
        .filter(|(_, byte)| **byte == b'\n')
        .map(|(at, _)| u32::try_from(at + 1).unwrap_or(u32::MAX))
        .collect()
}
