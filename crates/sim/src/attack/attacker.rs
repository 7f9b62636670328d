//! Who sends the inputs: what stands for the names in them.

use policy::Proto;
use sip::digest::{Hash, ha1};
use std::net::SocketAddr;

/// What stands where the length of the body comes, once it is known.
pub(super) const LENGTH: &str = "@length@";

/// A place from which inputs are sent.
#[derive(Clone, Debug)]
pub struct Attacker {
    /// The user who attacks, or somebody in his name.
    pub user: &'static str,
    /// The user's password.
    pub password: &'static str,
    /// The transport.
    pub proto: Proto,
    /// Where it is.
    pub me: SocketAddr,
    /// Where the server is.
    pub server: SocketAddr,
    /// Who must not be hit.
    pub victim: SocketAddr,
    /// What tells this input from others, in branch, tag and Call-ID.
    pub serial: String,
}

/// What proves who one is, for one request; nothing for a stranger.
#[derive(Clone, Debug, Default)]
pub struct Credentials {
    usual: String,
    /// As RFC 2069 had it: they could be used again.
    without_qop: String,
}

impl Attacker {
    /// A request that gets a challenge, such as the one that `method` needs.
    pub fn question(&self, method: &str) -> Vec<u8> {
        let asked = match method {
            "REGISTER" => "REGISTER",
            _ => "MESSAGE",
        };
        let (user, id) = (self.user, &self.serial);
        format!(
            "{asked} sip:example.test SIP/2.0\r\n{}\r\nFrom: <sip:{user}@example.test>;tag=ask\r\n\
             To: <sip:{user}@example.test>\r\nCall-ID: ask{id}\r\nCSeq: 1 {asked}\r\nMax-Forwards: 70\r\n\
             Content-Length: 0\r\n\r\n",
            self.via("ask"),
        )
        .into_bytes()
    }

    /// The user's credentials for a request, by the challenge in `answer`.
    ///
    /// # Errors
    /// A sentence, where there is none.
    pub fn credentials(
        &self,
        (method, uri): (&str, &[u8]),
        answer: &[u8],
    ) -> Result<Credentials, String> {
        let answer = String::from_utf8_lossy(answer);
        let nonce = answer
            .split("nonce=\"")
            .nth(1)
            .and_then(|rest| rest.split('"').next());
        let nonce = nonce.ok_or_else(|| format!("no nonce in {answer}"))?;
        let user = self.user;
        let (name, password) = (user.as_bytes(), self.password.as_bytes());
        let known = ha1(Hash::Md5, name, b"example.test", password);
        let asked_for = Hash::Md5.of(&[method.as_bytes(), uri]);
        let old = Hash::Md5.of(&[known.as_bytes(), nonce.as_bytes(), asked_for.as_bytes()]);
        let response = Hash::Md5.of(&[
            known.as_bytes(),
            nonce.as_bytes(),
            b"00000001",
            b"c",
            b"auth",
            asked_for.as_bytes(),
        ]);
        let name = match method {
            "REGISTER" => "Authorization",
            _ => "Proxy-Authorization",
        };
        let uri = escaped(uri);
        let common = format!(
            "{name}: Digest username=\"{user}\", realm=\"example.test\", nonce=\"{nonce}\", uri=\"{uri}\""
        );
        Ok(Credentials {
            usual: format!(
                "{common}, response=\"{}\", qop=auth, nc=00000001, cnonce=\"c\"",
                response.as_str()
            ),
            without_qop: format!("{common}, response=\"{}\"", old.as_str()),
        })
    }

    /// What stands for a name in braces.
    ///
    /// # Errors
    /// A sentence, where nothing has this name.
    pub fn named(
        &self,
        name: &str,
        method: &str,
        credentials: &Credentials,
    ) -> Result<String, String> {
        let (user, id) = (self.user, &self.serial);
        Ok(match name {
            "via" => self.via("attack"),
            "from" => format!("From: <sip:{user}@example.test>;tag=attack{id}"),
            "to" if method == "REGISTER" => format!("To: <sip:{user}@example.test>"),
            "to" => "To: <sip:bob@example.test>".to_owned(),
            "id" => format!("Call-ID: attack{id}"),
            "cseq" => format!("CSeq: 1 {method}"),
            "max" => "Max-Forwards: 70".to_owned(),
            "contact" => format!("Contact: <sip:{user}@{}>", self.me),
            "auth" => credentials.usual.clone(),
            "auth-without-qop" => credentials.without_qop.clone(),
            "end" => "Content-Length: 0".to_owned(),
            "length" => LENGTH.to_owned(),
            "server" => self.server.to_string(),
            "victim" => self.victim.to_string(),
            "me" => self.me.to_string(),
            "transport" => self.proto.to_string().to_uppercase(),
            _ if name.starts_with("head") => self.head(name, method, credentials)?,
            _ => return Err(format!("nothing is called {name}")),
        })
    }

    /// The lines that a request has, but for those that are left out.
    fn head(&self, name: &str, method: &str, credentials: &Credentials) -> Result<String, String> {
        let left_out: Vec<&str> = name.split(" -").skip(1).collect();
        let names = ["via", "from", "to", "id", "cseq", "max", "contact", "auth"];
        let names = names.iter().filter(|name| !left_out.contains(name));
        let lines: Result<Vec<_>, _> = names
            .map(|name| self.named(name, method, credentials))
            .collect();
        let mut lines = lines?;
        lines.retain(|line| !line.is_empty());
        Ok(lines.join("\\r\\n"))
    }

    fn via(&self, branch: &str) -> String {
        let proto = self.proto.to_string().to_uppercase();
        let Attacker { me, serial, .. } = self;
        format!("Via: SIP/2.0/{proto} {me};branch=z9hG4bK{branch}{serial};rport")
    }
}

/// A text as the inputs have it.
fn escaped(octets: &[u8]) -> String {
    let escape = |byte: &u8| match byte {
        b'\\' => "\\\\".to_owned(),
        0x20..=0x7e => char::from(*byte).to_string(),
        other => format!("\\x{other:02x}"),
    };
    octets.iter().map(escape).collect()
}
