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
/// comments, at the start of a line or behind a blank. What a profile does not say is as in the default of its
/// role.
///
/// # Errors
/// A sentence with the line that cannot be used.
pub(super) fn parse(text: &str) -> Result<TlsProfiles, String> {
    let sections = sections_of(text)?;
    let mut profiles = TlsProfiles::default();
    for section in &sections {
        let is_default =
            |other: &&Section<'_>| other.role == section.role && other.domain == TlsDomain::Default;
        let default = sections.iter().find(is_default);
        let draft = draft_of(section, default)?;
        profiles.remarks.extend(draft.remarks.iter().cloned());
        let entry = (section.domain, draft.finish().profile);
        match section.role {
            Role::Server => profiles.server.push(entry),
            Role::Client => profiles.client.push(entry),
        }
    }
    Ok(profiles)
}

/// A profile as written.
struct Section<'a> {
    role: Role,
    domain: TlsDomain,
    line: usize,
    /// Line, name and value.
    settings: Vec<(usize, &'a str, &'a str)>,
}

impl Section<'_> {
    fn says(&self, names: &[&str]) -> bool {
        let mut said = self.settings.iter().map(|(_, name, _)| name);
        said.any(|name| names.contains(name))
    }

    /// Whether a setting of the default counts here too.
    fn inherits(&self, name: &str) -> bool {
        const METHOD: &[&str] = &["method", "tls_method"];
        const CIPHERS: &[&str] = &["cipher_list", "ciphers"];
        const DEMANDS: &[&str] = &["verify_certificate", "require_certificate", "verify_client"];
        match name {
            "server_name" | "server_name_mode" | "server_id" => false,
            // A key belongs to its certificate.
            "private_key" => !self.says(&["private_key", "certificate"]),
            "verify_client" => !self.says(DEMANDS),
            "verify_certificate" | "require_certificate" => {
                !self.says(&[name]) && !self.says(&["verify_client"])
            }
            "method" | "tls_method" => !self.says(METHOD),
            "cipher_list" | "ciphers" => !self.says(CIPHERS),
            _ => !self.says(&[name]),
        }
    }
}

fn sections_of(text: &str) -> Result<Vec<Section<'_>>, String> {
    let mut sections: Vec<Section<'_>> = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let line = without_comment(line.trim_start_matches('\u{feff}')).trim();
        if !line.is_empty() {
            let at = |why: String| format!("line {}: {why}", index + 1);
            read(&mut sections, line, index + 1).map_err(at)?;
        }
    }
    Ok(sections)
}

fn read<'a>(sections: &mut Vec<Section<'a>>, line: &'a str, number: usize) -> Result<(), String> {
    if let Some(section) = line.strip_prefix('[') {
        let section = section.strip_suffix(']').ok_or("a section ends with ]")?;
        let (role, domain) = section_of(section.trim())?;
        let mut known = sections.iter().map(|known| (known.role, known.domain));
        if domain == TlsDomain::Default && known.any(|known| known == (role, domain)) {
            return Err("there is a default already".to_owned());
        }
        sections.push(Section {
            role,
            domain,
            line: number,
            settings: Vec::new(),
        });
        return Ok(());
    }
    let (name, value) = line.split_once('=').ok_or("expected name = value")?;
    let section = sections
        .last_mut()
        .ok_or("a setting before the first section")?;
    let value = value.trim();
    let bare = value
        .strip_prefix('"')
        .and_then(|rest| rest.strip_suffix('"'));
    let setting = (number, name.trim(), bare.unwrap_or(value));
    section.settings.push(setting);
    Ok(())
}

fn draft_of(section: &Section<'_>, default: Option<&Section<'_>>) -> Result<Draft, String> {
    let mut draft = Draft::default();
    draft.profile.line = section.line;
    if section.domain != TlsDomain::Default {
        let inherited = default.iter().flat_map(|default| &default.settings);
        for (number, name, value) in inherited.filter(|(_, name, _)| section.inherits(name)) {
            draft
                .set(name, value)
                .map_err(|why| format!("line {number}: {why}"))?;
        }
        // It was said of the default.
        draft.remarks.clear();
    }
    for (number, name, value) in &section.settings {
        let before = draft.remarks.len();
        draft
            .set(name, value)
            .map_err(|why| format!("line {number}: {why}"))?;
        for remark in draft.remarks.iter_mut().skip(before) {
            remark.text = format!("line {number}: {}", remark.text);
        }
    }
    Ok(draft)
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
        assert_eq!(server.certificates, [file]);
        assert_eq!(
            (server.verify, server.versions),
            (TlsVerify::Off, TlsVersions::Tls12AndNewer)
        );
        let [(TlsDomain::Default, client)] = profiles.client.as_slice() else {
            panic!("{profiles:?}");
        };
        assert_eq!(client.verify, TlsVerify::Required);
        assert!(profiles.remarks.is_empty());
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
                    line: 7,
                    ..Default::default()
                }
            )
        );
        assert!(
            profiles.remarks[0].text.starts_with("line 2: "),
            "{:?}",
            profiles.remarks
        );
    }

    #[test]
    fn a_profile_says_only_what_differs_from_the_default() {
        let text = "[server:default]\nmethod=TLSv1.3\ncertificate=a.pem\nprivate_key=a.key\nverify_client=on\nca_list=ca.pem\n[server:any]\nserver_name=b\ncertificate=b.pem\nverify_certificate=no\n[server:any]\nserver_name=c\n";
        let profiles = parse(text).unwrap();
        let [_, (_, b), (_, c)] = profiles.server.as_slice() else {
            panic!("{profiles:?}");
        };
        assert_eq!(b.certificates, ["b.pem"]);
        assert!(b.private_keys.is_empty());
        assert_eq!((b.versions, b.verify), (TlsVersions::Tls13, TlsVerify::Off));
        assert_eq!(b.ca_list.as_deref(), Some("ca.pem"));
        assert_eq!((c.certificates.len(), c.private_keys.len()), (1, 1));
        assert_eq!(c.verify, TlsVerify::Required);
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
            ("[server:default]\n\n[server:default]", "line 3"),
            ("[server:default]\ncipher_list = RC4", "line 2"),
        ] {
            let why = parse(text).unwrap_err();
            assert!(why.starts_with(line), "{text}: {why}");
        }
    }
}
