//! Ports as the command line names them.

use std::str::FromStr;

/// A port that stays open, `22/tcp`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct OpenPort {
    pub(super) port: u16,
    pub(super) is_udp: bool,
}

/// Ports in a row, `30000-40000`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct PortRange {
    pub(super) from: u16,
    pub(super) to: u16,
}

impl FromStr for OpenPort {
    type Err = String;

    fn from_str(text: &str) -> Result<OpenPort, String> {
        let (port, proto) = text.split_once('/').unwrap_or((text, ""));
        let is_udp = match proto {
            "udp" => true,
            "tcp" => false,
            _ => return Err("write PORT/tcp or PORT/udp".to_owned()),
        };
        Ok(OpenPort {
            port: port_of(port)?,
            is_udp,
        })
    }
}

impl FromStr for PortRange {
    type Err = String;

    fn from_str(text: &str) -> Result<PortRange, String> {
        let (from, to) = text.split_once('-').ok_or("write FROM-TO")?;
        let range = PortRange {
            from: port_of(from)?,
            to: port_of(to)?,
        };
        match range.from <= range.to {
            true => Ok(range),
            false => Err("the first port is above the last".to_owned()),
        }
    }
}

fn port_of(text: &str) -> Result<u16, String> {
    let port = text.trim().parse().ok().filter(|port| *port > 0);
    port.ok_or_else(|| format!("{text:?} is no port"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports_are_read() {
        let ssh = OpenPort {
            port: 22,
            is_udp: false,
        };
        assert_eq!("22/tcp".parse(), Ok(ssh));
        for wrong in ["22", "0/tcp", "x/udp", "22/sctp", "70000/tcp"] {
            assert!(wrong.parse::<OpenPort>().is_err(), "{wrong}");
        }
        let media = PortRange {
            from: 30_000,
            to: 40_000,
        };
        assert_eq!("30000-40000".parse(), Ok(media));
        for wrong in ["30000", "5-4", "0-4", "a-b"] {
            assert!(wrong.parse::<PortRange>().is_err(), "{wrong}");
        }
    }
}
