//! Asking a running server.

use serde_json::{Value as Json, json};
use std::fmt;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

/// A connection to a server's control socket.
#[derive(Debug)]
pub struct Client {
    reading: BufReader<UnixStream>,
    writing: UnixStream,
    next_id: u64,
}

/// Why a command did not work.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CallError {
    /// The server said no: its code and its sentence.
    Refused(i64, String),
    /// The connection broke, or what came is no answer.
    Broken(String),
}

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(30);

impl Client {
    /// Connects; none where no server listens there.
    pub fn connect(path: &Path) -> Option<Client> {
        let writing = UnixStream::connect(path).ok()?;
        writing.set_read_timeout(Some(PATIENCE)).ok()?;
        let reading = BufReader::new(writing.try_clone().ok()?);
        Some(Client {
            reading,
            writing,
            next_id: 1,
        })
    }

    /// Runs a command and gives its result.
    ///
    /// # Errors
    /// What the server refuses, or that it does not answer.
    pub fn call(&mut self, method: &str, params: Vec<Json>) -> Result<Json, CallError> {
        let document =
            json!({"jsonrpc": "2.0", "method": method, "params": params, "id": self.next_id});
        self.next_id += 1;
        let broken = |error: std::io::Error| CallError::Broken(error.to_string());
        let line = format!("{document}\n");
        self.writing.write_all(line.as_bytes()).map_err(broken)?;
        let mut answer = String::new();
        self.reading.read_line(&mut answer).map_err(broken)?;
        let mut answer: Json = serde_json::from_str(&answer)
            .map_err(|_| CallError::Broken("the server closed the connection".to_owned()))?;
        if let Some(error) = answer.get("error") {
            let code = error.get("code").and_then(Json::as_i64).unwrap_or(500);
            let message = error
                .get("message")
                .and_then(Json::as_str)
                .unwrap_or_default();
            return Err(CallError::Refused(code, message.to_owned()));
        }
        Ok(answer.get_mut("result").map(Json::take).unwrap_or_default())
    }
}

impl fmt::Display for CallError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            CallError::Refused(code, message) => write!(f, "{code} {message}"),
            CallError::Broken(why) => write!(f, "no answer: {why}"),
        }
    }
}

impl std::error::Error for CallError {}
