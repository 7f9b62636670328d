//! One profile: the settings that parameters and files have in common.

use super::cipher;
use policy::{Level, TlsNameMode, TlsProfile, TlsRemark, TlsVerify, TlsVersions};

/// What is said about certificates of peers, before it is known which of both ways is used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Demands {
    pub(super) verify_certificate: bool,
    pub(super) require_certificate: bool,
    /// `verify_client`, which wins where it is given.
    pub(super) verify_client: Option<TlsVerify>,
}

/// A profile on its way.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Draft {
    pub(super) profile: TlsProfile,
    pub(super) demands: Demands,
    /// What the operator should know.
    pub(super) remarks: Vec<TlsRemark>,
}

impl Draft {
    /// Sets what has the same name as a parameter and in a file.
    ///
    /// # Errors
    /// A sentence, where nobody knows the name or the value is wrong.
    pub(super) fn set(&mut self, name: &str, value: &str) -> Result<(), String> {
        let profile = &mut self.profile;
        let text = || Some(value.to_owned()).filter(|text| !text.is_empty());
        match name {
            "method" | "tls_method" => self.set_method(value)?,
            "certificate" => profile.certificates = files(value),
            "private_key" => profile.private_keys = key_files(value)?,
            "ca_list" => profile.ca_list = text(),
            "ca_path" => profile.ca_path = text(),
            "crl" => profile.crl = text(),
            "server_name" => profile.server_name = text(),
            "server_id" => profile.server_id = text(),
            "server_name_mode" => profile.server_name_mode = name_mode(value)?,
            "verify_certificate" => self.demands.verify_certificate = yes(value)?,
            "require_certificate" => self.demands.require_certificate = yes(value)?,
            "verify_client" => self.demands.verify_client = Some(verify_client(value)?),
            "verify_depth" => profile.verify_depth = Some(number(value)?),
            "cipher_list" | "ciphers" => self.set_ciphers(value)?,
            _ => return Err(format!("unknown setting \"{name}\"")),
        }
        Ok(())
    }

    /// The finished profile.
    pub(super) fn finish(mut self) -> Draft {
        let Demands {
            verify_certificate,
            require_certificate,
            verify_client,
        } = self.demands;
        self.profile.verify = match verify_client {
            Some(verify) => verify,
            None if require_certificate => TlsVerify::Required,
            None if verify_certificate => TlsVerify::Optional,
            None => TlsVerify::Off,
        };
        self
    }

    fn set_method(&mut self, method: &str) -> Result<(), String> {
        let found = versions(method)?;
        self.profile.versions = found.versions;
        if let Some(why) = found.remark {
            let level = match found.versions {
                TlsVersions::None => Level::Err,
                _ => Level::Warn,
            };
            self.remark(level, format!("tls_method {method}: {why}"));
        }
        Ok(())
    }

    fn set_ciphers(&mut self, list: &str) -> Result<(), String> {
        self.profile.ciphers = None;
        if list.is_empty() {
            return Ok(());
        }
        let chosen = cipher::choose(list)?;
        if !chosen.missing.is_empty() {
            let missing = chosen.missing.join(", ");
            let text = format!("cipher_list: nothing that is offered is called {missing}");
            self.remark(Level::Warn, text);
        }
        self.profile.ciphers = Some(chosen.ciphers);
        Ok(())
    }

    fn remark(&mut self, level: Level, text: String) {
        self.remarks.push(TlsRemark { level, text });
    }
}

/// What a method stands for.
struct Method {
    versions: TlsVersions,
    remark: Option<&'static str>,
}

fn versions(method: &str) -> Result<Method, String> {
    let (versions, remark) = match method.to_ascii_lowercase().as_str() {
        "tlsv1.2+" => (TlsVersions::Tls12AndNewer, None),
        "tlsv1.2" => (TlsVersions::Tls12, None),
        "tlsv1.3" | "tlsv1.3+" => (TlsVersions::Tls13, None),
        "tlsv1+" | "tlsv1.1+" | "sslv23" => (
            TlsVersions::Tls12AndNewer,
            Some("versions below 1.2 are not offered; this means TLSv1.2+"),
        ),
        "tlsv1" | "tlsv1.1" => (
            TlsVersions::None,
            Some("no such version is offered, every handshake is refused; write TLSv1.2+"),
        ),
        "sslv2" | "sslv3" => {
            return Err(format!("{method} is broken and not offered; use TLSv1.2+"));
        }
        _ => return Err(format!("unknown method \"{method}\"; use TLSv1.2+")),
    };
    Ok(Method { versions, remark })
}

/// Reads yes and no as in Kamailio's files.
pub(super) fn yes(value: &str) -> Result<bool, String> {
    match value.to_ascii_lowercase().as_str() {
        "yes" | "on" | "true" | "enable" | "enabled" | "1" => Ok(true),
        "no" | "off" | "false" | "disable" | "disabled" | "0" => Ok(false),
        _ => Err(format!("expected yes or no, found \"{value}\"")),
    }
}

/// The files of a list with commas, such as one with an RSA key and one with an ECDSA key.
fn files(value: &str) -> Vec<String> {
    let names = value.split(',').map(str::trim);
    names
        .filter(|name| !name.is_empty())
        .map(str::to_owned)
        .collect()
}

fn key_files(value: &str) -> Result<Vec<String>, String> {
    let keys = files(value);
    match keys.iter().find(|key| key.starts_with("/engine:")) {
        Some(key) => Err(format!(
            "{key}: keys in devices are not there; put the key into a file"
        )),
        None => Ok(keys),
    }
}

fn number(value: &str) -> Result<u32, String> {
    value
        .parse()
        .map_err(|_| format!("expected a number, found \"{value}\""))
}

fn name_mode(value: &str) -> Result<TlsNameMode, String> {
    Ok(match number(value)? {
        1 => TlsNameMode::WithSubdomains,
        2 => TlsNameMode::Subdomains,
        _ => TlsNameMode::Exact,
    })
}

fn verify_client(value: &str) -> Result<TlsVerify, String> {
    Ok(match value.to_ascii_lowercase().as_str() {
        "off" => TlsVerify::Off,
        "on" => TlsVerify::Required,
        "optional" => TlsVerify::Optional,
        "optional_no_ca" => TlsVerify::OptionalNoCa,
        _ => {
            return Err(format!(
                "expected off, on, optional or optional_no_ca, found \"{value}\""
            ));
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn methods_below_1_2_are_gone() {
        for (method, expected, warnings, errors) in [
            ("TLSv1.2+", TlsVersions::Tls12AndNewer, 0, 0),
            ("TLSv1.2", TlsVersions::Tls12, 0, 0),
            ("TLSv1.3", TlsVersions::Tls13, 0, 0),
            ("TLSv1+", TlsVersions::Tls12AndNewer, 1, 0),
            ("TLSv1.1+", TlsVersions::Tls12AndNewer, 1, 0),
            ("SSLv23", TlsVersions::Tls12AndNewer, 1, 0),
            ("TLSv1", TlsVersions::None, 0, 1),
            ("tlsv1.1", TlsVersions::None, 0, 1),
        ] {
            let mut draft = Draft::default();
            assert_eq!(draft.set("method", method), Ok(()), "{method}");
            let count = |level| draft.remarks.iter().filter(|r| r.level == level).count();
            let got = (
                draft.profile.versions,
                count(Level::Warn),
                count(Level::Err),
            );
            assert_eq!(got, (expected, warnings, errors), "{method}");
        }
        for method in ["SSLv2", "SSLv3", "TLSv9"] {
            assert!(Draft::default().set("method", method).is_err(), "{method}");
        }
        assert_eq!(
            Draft::default().profile.versions,
            TlsVersions::Tls12AndNewer
        );
    }

    #[test]
    fn files_may_be_several_and_ciphers_are_chosen() {
        let mut draft = Draft::default();
        for (name, value) in [
            ("certificate", "rsa.pem, ecdsa.pem"),
            ("private_key", "rsa.key,ecdsa.key"),
            ("crl", "crl.pem"),
            ("ca_path", "/etc/ca"),
            ("verify_depth", "3"),
            ("cipher_list", "ECDHE-RSA-AES256-GCM-SHA384:RC4-SHA"),
        ] {
            assert_eq!(draft.set(name, value), Ok(()), "{name}");
        }
        let profile = &draft.profile;
        assert_eq!(profile.certificates, ["rsa.pem", "ecdsa.pem"]);
        assert_eq!(profile.private_keys, ["rsa.key", "ecdsa.key"]);
        assert_eq!(profile.verify_depth, Some(3));
        assert_eq!(profile.ciphers.as_ref().map(Vec::len), Some(1));
        assert!(
            draft.remarks[0].text.ends_with("is called RC4-SHA"),
            "{:?}",
            draft.remarks
        );
        assert!(draft.set("cipher_list", "RC4-SHA").is_err());
        assert!(draft.set("private_key", "/engine:label").is_err());
    }

    #[test]
    fn demands_become_one_word() {
        let finished = |settings: &[(&str, &str)]| {
            let mut draft = Draft::default();
            settings
                .iter()
                .for_each(|(name, value)| draft.set(name, value).unwrap());
            draft.finish().profile.verify
        };
        assert_eq!(finished(&[]), TlsVerify::Off);
        assert_eq!(
            finished(&[("verify_certificate", "yes")]),
            TlsVerify::Optional
        );
        let both = [("verify_certificate", "1"), ("require_certificate", "on")];
        assert_eq!(finished(&both), TlsVerify::Required);
        let third = [both[0], both[1], ("verify_client", "optional_no_ca")];
        assert_eq!(finished(&third), TlsVerify::OptionalNoCa);
    }
}
