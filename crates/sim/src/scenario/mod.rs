//! A scenario: one Markdown file with a script and a play.

mod markdown;
mod outline;
mod parse;
mod say;
mod step;
mod surrounding;
mod target;

pub(crate) use step::{
    Check, Detail, Digest, Expect, Form, Says, Send, Step, StepKind, Subject, Test, Wanted, Who,
};

use markdown::Block;
use outline::Node;
use policy::Proto;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

/// A file, read.
#[derive(Debug)]
pub struct Scenario {
    /// The first heading.
    pub title: String,
    /// Where it stands.
    pub path: PathBuf,
    /// What the server runs.
    pub script: Script,
    /// What it is about, besides the phones.
    pub(crate) surroundings: Surroundings,
    /// What happens.
    pub(crate) steps: Vec<Step>,
    /// Everything it says, for questions such as whether it uses IPv6.
    pub(crate) text: String,
}

/// What the server runs.
#[derive(Clone, Debug, Default)]
pub struct Script {
    /// The text of the `kamailio` block, if there is one.
    pub text: Option<String>,
    /// Further files by name.
    pub files: Vec<(String, String)>,
    /// The words of the `sh` block after `kamailio`, if there is one.
    pub arguments: Option<Vec<String>>,
}

/// What a play says before anything happens.
#[derive(Clone, Debug, Default)]
pub(crate) struct Surroundings {
    pub(crate) agents: Vec<Agent>,
    pub(crate) records: Vec<Record>,
    pub(crate) rows: Vec<Row>,
    /// Which subject alone may play, and why.
    pub(crate) only: Option<(String, String)>,
}

/// A phone.
#[derive(Clone, Debug)]
pub(crate) struct Agent {
    pub(crate) name: String,
    pub(crate) proto: Proto,
    pub(crate) address: SocketAddr,
    pub(crate) record: String,
    pub(crate) server: SocketAddr,
}

/// What a name server says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Record {
    pub(crate) name: String,
    pub(crate) kind: String,
    pub(crate) data: Vec<String>,
}

/// A row of the database.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    pub(crate) table: String,
    pub(crate) columns: Vec<(String, String)>,
}

impl Scenario {
    /// Reads a file.
    ///
    /// # Errors
    /// What is wrong with it, with the line.
    pub fn read(path: &Path) -> Result<Scenario, String> {
        let text = crate::disk::read_text(path)?;
        Scenario::parse(path, &text).map_err(|wrong| format!("{}:{wrong}", path.display()))
    }

    /// The absolute path of the folder that the scenario lies in.
    pub(crate) fn folder(&self) -> String {
        let folder = self.path.parent().unwrap_or(&self.path);
        let absolute = std::path::absolute(folder);
        absolute.map_or_else(
            |_| folder.display().to_string(),
            |path| path.display().to_string(),
        )
    }

    /// Reads a text that stands at `path`.
    ///
    /// # Errors
    /// What is wrong with it, beginning with the line.
    pub fn parse(path: &Path, text: &str) -> Result<Scenario, String> {
        Scenario::parse_in(NETWORK, path, text)
    }

    fn parse_in(network: &str, path: &Path, text: &str) -> Result<Scenario, String> {
        let page = markdown::read(text);
        let mut nodes: Vec<Node> = Vec::new();
        for block in page.blocks.iter().filter(|block| block.language == "sip") {
            nodes.extend(outline::read(&block.text, block.line));
        }
        if nodes.is_empty() {
            return Err("1: there is no `sip` block".to_owned());
        }
        let (surroundings, steps) = parse::play(&nodes, network)?;
        Ok(Scenario {
            title: page.title,
            path: path.to_owned(),
            script: script(&page.blocks)?,
            surroundings,
            steps,
            text: text.to_owned(),
        })
    }

    /// The same in another network: `127.0.0.x` becomes `NETWORK.x`.
    ///
    /// # Errors
    /// As [`Scenario::parse`].
    pub fn moved_to(&self, network: &str) -> Result<Scenario, String> {
        let escaped = |network: &str| network.replace('.', r"\.") + r"\.";
        let moved = self
            .text
            .replace(&format!("{NETWORK}."), &format!("{network}."));
        let moved = moved.replace(&escaped(NETWORK), &escaped(network));
        Scenario::parse_in(network, &self.path, &moved)
    }

    /// The directory it stands in, for files that it names.
    pub(crate) fn directory(&self) -> &Path {
        self.path.parent().unwrap_or(Path::new("."))
    }

    /// True where its script leaves the log level to the runner, which then takes [`LOG_LEVEL`].
    pub(crate) fn leaves_log_level(&self) -> bool {
        let text = self.script.text.as_deref();
        text.is_some_and(|text| {
            !text
                .lines()
                .any(|line| line.trim_start().starts_with("debug"))
        })
    }

    /// True where it calls commands of the server.
    pub(crate) fn uses_rpc(&self) -> bool {
        let mut steps = self.steps.iter();
        steps.any(|step| matches!(step.kind, StepKind::Rpc { .. }))
    }

    /// Milliseconds of waiting that it asks for.
    pub(crate) fn waiting_ms(&self) -> u64 {
        self.steps.iter().map(Step::waiting_ms).sum()
    }
}

/// `L_INFO`, so that plays see what scripts log.
pub(crate) const LOG_LEVEL: i32 = 2;

/// The network of every scenario as written.
const NETWORK: &str = "127.0.0";

fn script(blocks: &[Block]) -> Result<Script, String> {
    let mut script = Script::default();
    for block in blocks {
        let at = |wrong: String| format!("{}: {wrong}", block.line);
        match (block.language.as_str(), block.info.strip_prefix("file=")) {
            ("kamailio", Some(name)) => {
                script.files.push((name.to_owned(), block.text.clone()));
            }
            ("kamailio", None) if script.text.is_some() => {
                return Err(at("a second script: name it with `file=`".to_owned()));
            }
            ("kamailio", None) => script.text = Some(block.text.clone()),
            ("sh", _) => script.arguments = Some(command(&block.text).map_err(at)?),
            _ => {}
        }
    }
    match (&script.text, &script.arguments) {
        (None, None) => Err("1: there is neither a `kamailio` nor a `sh` block".to_owned()),
        _ => Ok(script),
    }
}

fn command(text: &str) -> Result<Vec<String>, String> {
    let mut words = crate::text::words(&text.replace("\\\n", " "))?;
    if words.first().is_none_or(|word| word != "kamailio") {
        return Err("the command line begins with `kamailio`".to_owned());
    }
    words.remove(0);
    Ok(words)
}
