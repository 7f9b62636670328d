//! baresip's control connection: commands as JSON in netstrings, answers and events the same way.

use crate::wait::{PATIENCE, until};
use serde_json::{Value, json};
use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;

/// A connection to the module `ctrl_tcp` of a baresip.
pub(crate) struct Control {
    stream: TcpStream,
    /// Bytes of a netstring whose end has not arrived.
    unread: Vec<u8>,
    /// Events that nobody asked for yet, in order.
    events: Vec<Value>,
}

impl Control {
    /// Connects to a baresip that may still be starting.
    pub(crate) fn connect(port: u16) -> Control {
        let stream = until("baresip takes commands", PATIENCE, || {
            TcpStream::connect(("127.0.0.1", port)).ok()
        });
        stream.set_nonblocking(true).expect("a mode");
        Control {
            stream,
            unread: Vec::new(),
            events: Vec::new(),
        }
    }

    /// Sends a command. What it did is told by events.
    pub(crate) fn command(&mut self, command: &str, parameters: &str) {
        let text = json!({"command": command, "params": parameters}).to_string();
        let netstring = format!("{}:{text},", text.len());
        self.stream
            .write_all(netstring.as_bytes())
            .expect("baresip takes a command");
    }

    /// The first event of a kind that was not taken yet.
    pub(crate) fn take(&mut self, kind: &str) -> Option<Value> {
        self.read();
        let at = self.events.iter().position(|event| event["type"] == kind)?;
        Some(self.events.remove(at))
    }

    fn read(&mut self) {
        let mut bytes = [0; 4096];
        loop {
            match self.stream.read(&mut bytes) {
                Ok(0) => break,
                Ok(length) => self.unread.extend_from_slice(&bytes[..length]),
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(error) => panic!("baresip hung up: {error}"),
            }
        }
        while let Some(value) = self.netstring() {
            if value["event"] == true {
                self.events.push(value);
            }
        }
    }

    /// Cuts a whole `LENGTH:JSON,` off the unread bytes.
    fn netstring(&mut self) -> Option<Value> {
        let colon = self.unread.iter().position(|byte| *byte == b':')?;
        let digits = std::str::from_utf8(&self.unread[..colon]).expect("a length");
        let length: usize = digits.parse().expect("a length");
        let end = colon + 1 + length;
        if self.unread.len() <= end {
            return None;
        }
        let value = serde_json::from_slice(&self.unread[colon + 1..end]).expect("JSON");
        self.unread.drain(..=end);
        Some(value)
    }
}
