//! The parameters, and the pipe and socket that they ask for.

use policy::{ControlPlace, ControlSocket, FileAccess, ParamValue, Problem, problem};
use std::net::SocketAddr;

/// The parameters, with Kamailio's defaults.
pub(super) struct Params {
    pub(super) pretty_format: bool,
    pub(super) transport: i64,
    pub(super) fifo_name: Option<String>,
    pub(super) fifo: Owner,
    pub(super) fifo_reply_dir: String,
    pub(super) dgram_socket: Option<String>,
    pub(super) dgram: Owner,
}

/// Permissions and owner, as parameters give them.
pub(super) struct Owner {
    pub(super) mode: i64,
    pub(super) user: Option<ParamValue>,
    pub(super) group: Option<ParamValue>,
}

impl Default for Params {
    fn default() -> Params {
        Params {
            pretty_format: true,
            transport: FIFO | DATAGRAM,
            fifo_name: None,
            fifo: Owner::default(),
            fifo_reply_dir: "/tmp/".to_owned(),
            dgram_socket: None,
            dgram: Owner::default(),
        }
    }
}

impl Default for Owner {
    fn default() -> Owner {
        Owner {
            mode: 0o660,
            user: None,
            group: None,
        }
    }
}

const HTTP: i64 = 1;
const FIFO: i64 = 2;
const DATAGRAM: i64 = 4;

impl Params {
    /// What is to be opened.
    pub(super) fn sockets(&self) -> Result<Vec<ControlSocket>, Problem> {
        if self.transport & HTTP != 0 {
            return Err(problem(
                "transport 1 (HTTP) needs module xhttp, which is not there: write 2, 4 or 6",
            ));
        }
        let is_on = |bit| self.transport == 0 || self.transport & bit != 0;
        let mut sockets = Vec::new();
        if is_on(FIFO) {
            sockets.extend(self.fifo());
        }
        if is_on(DATAGRAM) {
            sockets.extend(self.datagram()?);
        }
        Ok(sockets)
    }

    fn fifo(&self) -> Option<ControlSocket> {
        let path = self.fifo_name.as_deref().unwrap_or("kamailio_rpc.fifo");
        let place = ControlPlace::Fifo {
            path: path.to_owned(),
            reply_dir: self.fifo_reply_dir.clone(),
        };
        let required = self.fifo_name.is_some();
        (!path.is_empty()).then(|| self.socket(place, &self.fifo, required))
    }

    fn datagram(&self) -> Result<Option<ControlSocket>, Problem> {
        let name = self.dgram_socket.as_deref().unwrap_or("kamailio_rpc.sock");
        if name.is_empty() {
            return Ok(None);
        }
        let place = match name.strip_prefix("udp:") {
            Some(address) => ControlPlace::Udp(address_of(address)?),
            None => ControlPlace::Datagram(name.to_owned()),
        };
        let required = self.dgram_socket.is_some();
        Ok(Some(self.socket(place, &self.dgram, required)))
    }

    fn socket(&self, place: ControlPlace, owner: &Owner, required: bool) -> ControlSocket {
        ControlSocket {
            module: "jsonrpcs",
            place,
            access: FileAccess {
                mode: u32::try_from(owner.mode).unwrap_or(0o660),
                user: owner.user.clone(),
                group: owner.group.clone(),
            },
            pretty: self.pretty_format,
            required,
        }
    }
}

fn address_of(text: &str) -> Result<SocketAddr, Problem> {
    text.parse()
        .map_err(|_| problem(format!("dgram_socket: {text} is no ADDRESS:PORT")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places(params: &Params) -> Vec<ControlPlace> {
        let sockets = params.sockets().expect("sockets");
        sockets.into_iter().map(|socket| socket.place).collect()
    }

    #[test]
    fn the_default_is_a_pipe_and_a_socket_that_may_fail() {
        let sockets = Params::default().sockets().expect("sockets");
        assert_eq!(sockets.len(), 2);
        assert!(
            sockets
                .iter()
                .all(|socket| !socket.required && socket.access.mode == 0o660)
        );
    }

    #[test]
    fn names_decide_what_is_opened() {
        let params = Params {
            transport: 0,
            fifo_name: Some(String::new()),
            dgram_socket: Some("udp:127.0.0.1:8090".to_owned()),
            ..Params::default()
        };
        let udp = ControlPlace::Udp(([127, 0, 0, 1], 8090).into());
        assert_eq!(places(&params), [udp]);
        let junk = Params {
            dgram_socket: Some("udp:x".to_owned()),
            ..Params::default()
        };
        assert!(junk.sockets().is_err());
        let http = Params {
            transport: 7,
            ..Params::default()
        };
        assert!(http.sockets().is_err());
    }
}
