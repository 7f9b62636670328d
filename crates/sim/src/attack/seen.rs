//! What came of an input.

/// What came of an input.
#[derive(Clone, Debug, Default)]
pub struct Seen {
    /// How long the input was.
    pub sent: usize,
    /// What came back to the attacker.
    pub back: Vec<Vec<u8>>,
    /// What went on to Bob.
    pub forwarded: Vec<Vec<u8>>,
    /// What came to somebody who has nothing to do with it.
    pub elsewhere: Vec<Vec<u8>>,
    /// The connection was closed.
    pub closed: bool,
}

impl Seen {
    /// One word for it: `fwd`, a status code, `close` or `drop`.
    pub fn outcome(&self) -> String {
        let status = |octets: &Vec<u8>| {
            let code = octets.strip_prefix(b"SIP/2.0 ")?.get(..3)?;
            std::str::from_utf8(code).ok()?.parse::<u16>().ok()
        };
        let last = self.back.iter().filter_map(status).max();
        match (
            self.forwarded.is_empty(),
            last,
            self.closed,
            self.back.is_empty(),
        ) {
            (false, ..) => "fwd".to_owned(),
            (true, Some(status), ..) => status.to_string(),
            (true, None, true, _) => "close".to_owned(),
            (true, None, false, true) => "drop".to_owned(),
            (true, None, false, false) => "pong".to_owned(),
        }
    }

    /// All of it, for whoever must find out.
    pub fn told(&self) -> String {
        let parts = [
            ("back", &self.back),
            ("forwarded", &self.forwarded),
            ("elsewhere", &self.elsewhere),
        ];
        let mut text = String::new();
        for (name, messages) in parts {
            for octets in messages {
                let shown: String = String::from_utf8_lossy(octets).chars().take(1500).collect();
                text += &format!("-- {name}:\n{shown}\n");
            }
        }
        text
    }
}
