//! Where commands of operators are taken, as values: modules ask for it, the server opens it.

use crate::ParamValue;
use std::net::SocketAddr;

/// One place where commands are taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ControlSocket {
    /// The module that asks for it, for messages.
    pub module: &'static str,
    /// Where.
    pub place: ControlPlace,
    /// Who may use it.
    pub access: FileAccess,
    /// Answers are laid out over several lines.
    pub pretty: bool,
    /// The configuration names it; a default that cannot be opened is only worth a warning.
    pub required: bool,
}

/// The kinds of places. A path that is not absolute lies in the runtime directory (`-Y`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ControlPlace {
    /// A Unix stream socket: one document a line, one answer a line.
    Stream(String),
    /// A Unix datagram socket: a document and an answer per datagram.
    Datagram(String),
    /// The same over UDP. Whoever can send there can command this server.
    Udp(SocketAddr),
    /// A named pipe; the answer goes to the pipe that the document names, in this directory.
    Fifo {
        /// The pipe that is read.
        path: String,
        /// Where the pipes for answers are.
        reply_dir: String,
    },
}

/// Permissions and owner of a socket or pipe.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileAccess {
    /// Permission bits.
    pub mode: u32,
    /// Name or number of the owner; none leaves that of the process.
    pub user: Option<ParamValue>,
    /// Name or number of the group.
    pub group: Option<ParamValue>,
}
