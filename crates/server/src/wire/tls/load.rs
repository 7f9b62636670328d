//! From profiles and files to settings of listeners and of connections of ours.

use super::outgoing::{Outgoing, Profile};
use super::written::Written;
use net::tls::{
    ClientAuth, ClientOptions, Identity, ServerOptions, ServerProfile, TlsClient, TlsServer, Trust,
    Verify, Versions,
};
use policy::{
    Level, Logger, TlsCipher, TlsDomain, TlsNameMode, TlsProfile, TlsProfiles, TlsSettings,
    TlsVerify, TlsVersions,
};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// Where the settings come from, at the start and for each reload.
pub(super) struct Source {
    pub(super) settings: TlsSettings,
    pub(super) addresses: Vec<SocketAddr>,
    /// The directory of the configuration file.
    pub(super) folder: PathBuf,
    pub(super) match_domain: bool,
    pub(super) logger: Logger,
}

/// Settings that can be used.
pub(super) struct Loaded {
    /// In the order of [`Source::addresses`].
    pub(super) servers: Vec<(SocketAddr, TlsServer)>,
    pub(super) outgoing: Outgoing,
}

impl Source {
    /// Reads the profiles, where a file or directory of them is named, and every file that a profile names.
    ///
    /// # Errors
    /// A sentence about the first file that cannot be used, with the line that names it.
    pub(super) fn load(&self, config: Option<&str>) -> Result<Loaded, String> {
        let path = config.map(|config| place(&self.folder, config));
        let written = path.as_deref().map(Written::read).transpose()?;
        let place = |why: String| match &written {
            Some(written) => written.place(&why),
            None => why,
        };
        let text = written.as_ref().map(|written| written.text.as_str());
        let profiles = self.settings.profiles_of(text).map_err(&place)?;
        for remark in &profiles.remarks {
            self.logger
                .log(remark.level, "tls", || place(remark.text.clone()));
        }
        Reading {
            source: self,
            written: written.as_ref(),
        }
        .all(&profiles)
    }
}

/// A load under way.
struct Reading<'a> {
    source: &'a Source,
    /// The profiles as written, where they are not in parameters.
    written: Option<&'a Written>,
}

impl Reading<'_> {
    fn all(&self, profiles: &TlsProfiles) -> Result<Loaded, String> {
        let addresses = self.source.addresses.iter();
        let servers: Result<Vec<_>, String> = addresses
            .map(|address| Ok((*address, self.server(profiles, *address)?)))
            .collect();
        let clients: Result<Vec<_>, String> = profiles
            .client
            .iter()
            .map(|(domain, profile)| self.client(*domain, profile))
            .collect();
        Ok(Loaded {
            servers: servers?,
            outgoing: Outgoing::new(clients?, self.source.match_domain)
                .map_err(|error| error.to_string())?,
        })
    }

    /// The settings of the listener on this address.
    fn server(&self, profiles: &TlsProfiles, local: SocketAddr) -> Result<TlsServer, String> {
        let here = |domain: &TlsDomain| *domain == TlsDomain::Address(local);
        let server = &profiles.server;
        let find = |fits: &dyn Fn(&(TlsDomain, TlsProfile)) -> bool| {
            server
                .iter()
                .find(|entry| fits(entry))
                .map(|(_, profile)| profile)
        };
        let default = find(&|(domain, profile)| here(domain) && profile.server_name.is_none())
            .or_else(|| find(&|(domain, _)| here(domain)))
            .or_else(|| find(&|(domain, _)| *domain == TlsDomain::Default));
        let Some(default) = default else {
            return Err(format!("tls:{local}: no profile of module tls is for it"));
        };
        let mut options = ServerOptions {
            default: self.server_profile(default)?,
            named: Vec::new(),
        };
        for (domain, profile) in server {
            if here(domain) || *domain == TlsDomain::Any {
                self.add_named(profile, &mut options)?;
            }
        }
        TlsServer::new(&options).map_err(|error| error.to_string())
    }

    fn add_named(&self, profile: &TlsProfile, options: &mut ServerOptions) -> Result<(), String> {
        let Some(name) = &profile.server_name else {
            return Ok(());
        };
        let below = format!("*.{name}");
        let names = match profile.server_name_mode {
            TlsNameMode::Exact => vec![name.clone()],
            TlsNameMode::WithSubdomains => vec![name.clone(), below],
            TlsNameMode::Subdomains => vec![below],
        };
        let made = self.server_profile(profile)?;
        options
            .named
            .extend(names.into_iter().map(|name| (name, made.clone())));
        Ok(())
    }

    fn server_profile(&self, profile: &TlsProfile) -> Result<ServerProfile, String> {
        let versions = versions(profile.versions);
        let identities = match versions {
            // Nobody will see them.
            Versions::None => Vec::new(),
            _ => self.identities(profile)?,
        };
        // Read in every case, so that a file that cannot be used is told.
        let trust = self.trust(profile)?;
        let client_auth = match profile.verify {
            TlsVerify::Off => ClientAuth::No,
            TlsVerify::OptionalNoCa => ClientAuth::Unchecked(trust),
            TlsVerify::Optional => ClientAuth::Asked(trust),
            TlsVerify::Required => ClientAuth::Required(trust),
        };
        Ok(ServerProfile {
            versions,
            client_auth,
            ciphers: ciphers(profile),
            resumption: self.source.settings.session_cache,
            ..ServerProfile::new(identities)
        })
    }

    fn client(&self, domain: TlsDomain, profile: &TlsProfile) -> Result<Profile, String> {
        let identity = match profile.certificates.is_empty() {
            true => None,
            false => self.identities(profile)?.into_iter().next(),
        };
        let trust = self.trust(profile)?;
        let options = ClientOptions {
            verify: match profile.verify {
                TlsVerify::Off | TlsVerify::OptionalNoCa => Verify::No(trust),
                TlsVerify::Optional | TlsVerify::Required => Verify::Required(trust),
            },
            identity,
            versions: versions(profile.versions),
            ciphers: ciphers(profile),
            resumption: self.source.settings.session_cache,
        };
        let client =
            TlsClient::new(&options).map_err(|error| self.at(profile, &error.to_string()))?;
        Ok(Profile {
            domain,
            server_name: profile.server_name.clone(),
            server_id: profile.server_id.clone(),
            client,
        })
    }

    fn identities(&self, profile: &TlsProfile) -> Result<Vec<Identity>, String> {
        if profile.certificates.is_empty() {
            let why = "TLS needs a certificate: modparam(\"tls\", \"certificate\", \"FILE\")";
            return Err(self.at(profile, why));
        }
        let keys = match profile.private_keys.is_empty() {
            true => &profile.certificates,
            false => &profile.private_keys,
        };
        if keys.len() != profile.certificates.len() {
            let why = "certificate and private_key name a different number of files";
            return Err(self.at(profile, why));
        }
        let pairs = profile.certificates.iter().zip(keys);
        pairs
            .map(|(certificate, key)| self.identity(profile, certificate, key))
            .collect()
    }

    fn identity(
        &self,
        profile: &TlsProfile,
        certificate: &str,
        key: &str,
    ) -> Result<Identity, String> {
        let folder = &self.source.folder;
        let loaded = Identity::load(&place(folder, certificate), &place(folder, key));
        let identity = loaded.map_err(|error| self.at(profile, &error.to_string()))?;
        for warning in identity.warnings(SystemTime::now()) {
            self.say(Level::Warn, profile, &warning);
        }
        Ok(identity)
    }

    /// Whom the profile trusts. Without an authority nobody is valid, which is said where it matters.
    fn trust(&self, profile: &TlsProfile) -> Result<Trust, String> {
        let folder = &self.source.folder;
        let wrong = |error: net::tls::TlsError| self.at(profile, &error.to_string());
        let mut trust = Trust::nobody().with_depth(profile.verify_depth.unwrap_or(9) as usize);
        if let Some(file) = &profile.ca_list {
            trust = trust.with_file(&place(folder, file)).map_err(wrong)?;
        }
        if let Some(directory) = &profile.ca_path {
            trust = trust
                .with_directory(&place(folder, directory))
                .map_err(wrong)?;
        }
        if let Some(file) = &profile.crl {
            trust = trust
                .with_revocations(&place(folder, file))
                .map_err(wrong)?;
        }
        let demands = matches!(profile.verify, TlsVerify::Optional | TlsVerify::Required);
        if demands && profile.ca_list.is_none() && profile.ca_path.is_none() {
            let why = "certificates of peers are to be verified, but neither ca_list nor ca_path names an authority: none will be valid";
            self.say(Level::Err, profile, why);
        }
        Ok(trust)
    }

    #[track_caller]
    fn say(&self, level: Level, profile: &TlsProfile, text: &str) {
        let logger = &self.source.logger;
        logger.log(level, "tls", || self.at(profile, text));
    }

    /// The text with the line where the profile begins.
    fn at(&self, profile: &TlsProfile, text: &str) -> String {
        match self.written {
            Some(written) if profile.line > 0 => written.at(profile.line, text),
            _ => text.to_owned(),
        }
    }
}

fn versions(versions: TlsVersions) -> Versions {
    match versions {
        TlsVersions::Tls12AndNewer => Versions::Tls12AndNewer,
        TlsVersions::Tls12 => Versions::Tls12,
        TlsVersions::Tls13 => Versions::Tls13,
        TlsVersions::None => Versions::None,
    }
}

fn ciphers(profile: &TlsProfile) -> Option<Vec<&'static str>> {
    let name = |cipher: &TlsCipher| match cipher {
        TlsCipher::EcdsaAes256 => "ECDHE-ECDSA-AES256-GCM-SHA384",
        TlsCipher::RsaAes256 => "ECDHE-RSA-AES256-GCM-SHA384",
        TlsCipher::EcdsaChaCha20 => "ECDHE-ECDSA-CHACHA20-POLY1305",
        TlsCipher::RsaChaCha20 => "ECDHE-RSA-CHACHA20-POLY1305",
        TlsCipher::EcdsaAes128 => "ECDHE-ECDSA-AES128-GCM-SHA256",
        TlsCipher::RsaAes128 => "ECDHE-RSA-AES128-GCM-SHA256",
    };
    Some(profile.ciphers.as_ref()?.iter().map(name).collect())
}

/// `/` is absolute, `.` begins in the working directory, all else beside the configuration file.
fn place(folder: &Path, name: &str) -> PathBuf {
    if name.starts_with('.') {
        PathBuf::from(name)
    } else {
        folder.join(name)
    }
}
