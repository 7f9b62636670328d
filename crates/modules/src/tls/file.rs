//! `tls.cfg`: profiles in sections.

use super::profile::Draft;
use policy::{TlsDomain, TlsProfiles};
use std::net::{IpAddr, SocketAddr};

/// Where connections of a profile come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Role {
    Server,
    Client,
}

/// Reads the file: `[server:default]`, `[client:1.2.3.4:5061]`, `name = value`; `#` and `;` begin
/// comments, at the start of a line or behind a blank.
///
/// # Errors
/// A sentence with the line that cannot be used.
pub(super) fn parse(text: &str) -> Result<TlsProfiles, String> {
    let mut reader = Reader::default();
    for (index, line) in text.lines().enumerate() {
        let line = without_comment(line.trim_start_matches('\u{feff}')).trim();
        if !line.is_empty() {
            let at = |why| format!("line {}: {why}", index + 1);
            reader.line(line, index + 1).map_err(at)?;
        }
    }
    reader.close();
    Ok(reader.profiles)
}

#[derive(Default)]
struct Reader {
    profiles: TlsProfiles,
    open: Option<(Role, TlsDomain, Draft)>,
}

impl Reader {
    fn line(&mut self, line: &str, number: usize) -> Result<(), String> {
        if let Some(section) = line.strip_prefix('[') {
            let section = section.strip_suffix(']').ok_or("a section ends with ]")?;
            self.close();
            let (role, domain) = section_of(section.trim())?;
            self.open = Some((role, domain, Draft::default()));
            return Ok(());
        }
        let (name, value) = line.split_once('=').ok_or("expected name = value")?;
        let (_, _, draft) = self
            .open
            .as_mut()
            .ok_or("a setting before the first section")?;
        let value = value.trim();
        let bare = value
            .strip_prefix('"')
            .and_then(|rest| rest.strip_suffix('"'));
        draft.set(name.trim(), bare.unwrap_or(value))?;
        let remarks = draft.warnings.drain(..).chain(draft.errors.drain(..));
        let told = remarks.map(|remark| format!("line {number}: {remark}"));
        self.profiles.warnings.extend(told);
        Ok(())
    }

    fn close(&mut self) {
        let Some((role, domain, draft)) = self.open.take() else {
            return;
        };
        let profile = draft.finish().profile;
        match role {
            Role::Server => self.profiles.server.push((domain, profile)),
            Role::Client => self.profiles.client.push((domain, profile)),
        }
    }
}

fn section_of(text: &str) -> Result<(Role, TlsDomain), String> {
    let (role, domain) = text
        .split_once(':')
        .ok_or_else(|| format!("expected server:… or client:…, found \"{text}\""))?;
    let role = match role.trim() {
        "server" => Role::Server,
        "client" => Role::Client,
        other => return Err(format!("expected server or client, found \"{other}\"")),
    };
    let domain = domain.trim();
    let domain = match domain {
        "default" => TlsDomain::Default,
        "any" => TlsDomain::Any,
        _ => TlsDomain::Address(address(domain)?),
    };
    Ok((role, domain))
}

/// `1.2.3.4:5061`, `[::1]:5061`, or without a port, which is 5061 then.
fn address(text: &str) -> Result<SocketAddr, String> {
    let bare = text.trim_start_matches('[').trim_end_matches(']');
    let whole = text.parse().ok();
    let host = || {
        bare.parse::<IpAddr>()
            .ok()
            .map(|ip| SocketAddr::new(ip, 5061))
    };
    whole
        .or_else(host)
        .ok_or_else(|| format!("expected default, any or address:port, found \"{text}\""))
}

fn without_comment(line: &str) -> &str {
    let begins = |(at, byte): (usize, u8)| {
        let before = at.checked_sub(1).and_then(|at| line.as_bytes().get(at));
        let free = before.is_none_or(u8::is_ascii_whitespace);
        (matches!(byte, b'#' | b';') && free).then_some(at)
    };
    let end = line.bytes().enumerate().find_map(begins);
    line.get(..end.unwrap_or(line.len())).unwrap_or(line)
}

#[cfg(test)]
mod tests {
    use super::*;
    use policy::{TlsNameMode, TlsVerify, TlsVersions};

    /// Debian's file, its comments shortened.
    const DEBIAN: &str = "#\n# Example Kamailio TLS Configuration File\n#\n\n[server:default]\nmethod = TLSv1.2+\nverify_certificate = no\nrequire_certificate = no\nprivate_key = /etc/kamailio/kamailio-selfsigned.key\ncertificate = /etc/kamailio/kamailio-selfsigned.pem\n#ca_list = /etc/kamailio/tls/cacert.pem\n\n[client:default]\n#method = TLSv1.2+\nverify_certificate = yes\nrequire_certificate = yes\n";

    #[test]
    fn debians_file_loads() {
        let profiles = parse(DEBIAN).unwrap();
        let [(TlsDomain::Default, server)] = profiles.server.as_slice() else {
            panic!("{profiles:?}");
        };
        let file = "/etc/kamailio/kamailio-selfsigned.pem";
        assert_eq!(server.certificate.as_deref(), Some(file));
        assert_eq!(
            (server.verify, server.versions),
            (TlsVerify::Off, TlsVersions::Tls12AndNewer)
        );
        let [(TlsDomain::Default, client)] = profiles.client.as_slice() else {
            panic!("{profiles:?}");
        };
        assert_eq!(client.verify, TlsVerify::Required);
        assert!(profiles.warnings.is_empty());
    }

    #[test]
    fn profiles_have_addresses_and_names() {
        let text = "[server:127.0.0.1:5061]\nmethod = TLSv1 ; old\nserver_name = \"k.org\"\nserver_name_mode=1\n[server:any]\nserver_name=k.net # net\n[client:[::1]:5061]\nserver_id = x\n[server:10.0.0.1]\n";
        let profiles = parse(text).unwrap();
        let domains: Vec<_> = profiles.server.iter().map(|(domain, _)| *domain).collect();
        let address = |text: &str| TlsDomain::Address(text.parse().unwrap());
        assert_eq!(
            domains,
            [
                address("127.0.0.1:5061"),
                TlsDomain::Any,
                address("10.0.0.1:5061")
            ]
        );
        let first = &profiles.server[0].1;
        assert_eq!(
            (first.server_name.as_deref(), first.server_name_mode),
            (Some("k.org"), TlsNameMode::WithSubdomains)
        );
        assert_eq!(first.versions, TlsVersions::None);
        assert_eq!(profiles.server[1].1.server_name.as_deref(), Some("k.net"));
        assert_eq!(
            profiles.client[0],
            (
                address("[::1]:5061"),
                policy::TlsProfile {
                    server_id: Some("x".to_owned()),
                    ..Default::default()
                }
            )
        );
        assert!(
            profiles.warnings[0].starts_with("line 2: "),
            "{:?}",
            profiles.warnings
        );
    }

    #[test]
    fn mistakes_are_named_with_their_line() {
        for (text, line) in [
            ("method = TLSv1.2", "line 1"),
            ("[server:default]\nmethd = x", "line 2"),
            ("[server:default]\nmethod = SSLv3", "line 2"),
            ("[server:default]\njunk", "line 2"),
            ("[peer:default]", "line 1"),
            ("[server:nowhere]", "line 1"),
            ("[server:default", "line 1"),
        ] {
            let why = parse(text).unwrap_err();
            assert!(why.starts_with(line), "{text}: {why}");
        }
    }
}
