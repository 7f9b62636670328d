//! What can happen in a play.

use policy::Proto;
use regex::Regex;

/// One step.
#[derive(Clone, Debug)]
pub(crate) struct Step {
    /// The number of its line.
    pub(crate) line: usize,
    /// The line as written.
    pub(crate) text: String,
    pub(crate) kind: StepKind,
}

#[derive(Clone, Debug)]
pub(crate) enum StepKind {
    Send(Send),
    Expect(Expect),
    /// Nothing comes for so many milliseconds.
    Silence {
        who: Who,
        for_ms: u64,
    },
    /// The server closes a connection of the agent.
    Closed {
        who: Who,
        within_ms: u64,
    },
    /// The agent closes its connections.
    Closes(Who),
    Wait(u64),
    /// A log line matches, or none does.
    Log {
        pattern: Regex,
        wanted: bool,
    },
    Rpc {
        name: String,
        arguments: Vec<String>,
        patterns: Vec<Regex>,
    },
    /// Expectations that hold in any order.
    Unordered(Vec<Step>),
}

/// An agent's dialog. The unnamed one has an empty name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Who {
    pub(crate) agent: String,
    pub(crate) dialog: String,
}

#[derive(Clone, Debug)]
pub(crate) struct Send {
    pub(crate) who: Who,
    pub(crate) says: Says,
    pub(crate) form: Form,
}

/// What an agent says.
#[derive(Clone, Debug)]
pub(crate) enum Says {
    Request {
        method: String,
        /// None goes on with the dialog.
        uri: Option<String>,
        digest: Option<Digest>,
    },
    Reply {
        status: u16,
        phrase: String,
        /// The method it answers; none means the last request.
        to: Option<String>,
    },
    /// What it said before, the last that begins with this word.
    Again(Option<String>),
    File(String),
    Raw,
}

/// User name and password.
#[derive(Clone, Debug)]
pub(crate) struct Digest {
    pub(crate) user: String,
    pub(crate) password: String,
}

/// How a message differs from its template, and which way it goes.
#[derive(Clone, Debug, Default)]
pub(crate) struct Form {
    pub(crate) details: Vec<Detail>,
    /// Another socket of the server.
    pub(crate) to: Option<String>,
    /// Another transport.
    pub(crate) by: Option<Proto>,
    /// The `|` lines.
    pub(crate) lines: Vec<String>,
    pub(crate) sdp: bool,
    /// What of the message as sent is kept under a name.
    pub(crate) captures: Vec<Check>,
}

#[derive(Clone, Debug)]
pub(crate) enum Detail {
    Set(String, String),
    Add(String, String),
    Remove(String),
    FirstLine(String),
}

#[derive(Clone, Debug)]
pub(crate) struct Expect {
    pub(crate) who: Who,
    pub(crate) wanted: Wanted,
    pub(crate) again: bool,
    pub(crate) within_ms: u64,
    pub(crate) after_ms: u64,
    pub(crate) checks: Vec<Spoken<Check>>,
}

/// Something with the line it stands in.
#[derive(Clone, Debug)]
pub(crate) struct Spoken<T> {
    pub(crate) text: String,
    pub(crate) what: T,
}

/// The message that is wanted.
#[derive(Clone, Debug)]
pub(crate) enum Wanted {
    Request { method: String, uri: Option<String> },
    Reply { status: u16, phrase: Option<String> },
}

/// A check of a part of a message.
#[derive(Clone, Debug)]
pub(crate) struct Check {
    pub(crate) subject: Subject,
    pub(crate) test: Test,
    /// The name under which what was found is kept.
    pub(crate) capture: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Subject {
    Header(String),
    /// One value of a header; negative counts from the end.
    Value(String, isize),
    FirstLine,
    Uri,
    Phrase,
    Body,
    Message,
    Source,
}

#[derive(Clone, Debug)]
pub(crate) enum Test {
    Is(String),
    /// The pattern as written: names are filled in before it is compiled.
    Matches(String),
    NoneMatches(String),
    Absent,
    Count(usize),
    Present,
}

impl Step {
    /// Milliseconds of waiting that it asks for.
    pub(crate) fn waiting_ms(&self) -> u64 {
        match &self.kind {
            StepKind::Wait(ms) | StepKind::Silence { for_ms: ms, .. } => *ms,
            StepKind::Expect(expect) => expect.after_ms,
            StepKind::Unordered(steps) => steps.iter().map(Step::waiting_ms).sum(),
            _ => 0,
        }
    }
}
