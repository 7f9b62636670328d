//! TLS: what module `tls` was told, as settings of listeners and of connections of ours.

use net::tls::{
    ClientAuth, ClientOptions, Identity, Roots, ServerOptions, TlsClient, TlsServer, Verify,
    Versions,
};
use policy::{
    Level, Logger, TlsDomain, TlsNameMode, TlsProfile, TlsProfiles, TlsSettings, TlsVerify,
    TlsVersions,
};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// The profiles in force, and where their files are.
pub(crate) struct Tls<'a> {
    profiles: TlsProfiles,
    /// The directory of the configuration file.
    folder: &'a Path,
    logger: &'a Logger,
}

impl<'a> Tls<'a> {
    /// Reads the file of profiles, where there is one.
    ///
    /// # Errors
    /// A sentence about the file.
    pub(crate) fn read(
        settings: &TlsSettings,
        folder: &'a Path,
        logger: &'a Logger,
    ) -> Result<Tls<'a>, String> {
        let text = settings
            .config
            .as_deref()
            .map(|path| text_of(&place(folder, path)));
        let profiles = settings.profiles_of(text.transpose()?.as_deref())?;
        for warning in &profiles.warnings {
            logger.log(Level::Warn, "tls", || warning.clone());
        }
        Ok(Tls {
            profiles,
            folder,
            logger,
        })
    }

    /// The settings of the listener on this address.
    ///
    /// # Errors
    /// A sentence about a certificate that cannot be used.
    pub(crate) fn server(&self, local: SocketAddr) -> Result<TlsServer, String> {
        let of_address =
            |(domain, _): &&(TlsDomain, TlsProfile)| *domain == TlsDomain::Address(local);
        let default = |(domain, _): &&(TlsDomain, TlsProfile)| *domain == TlsDomain::Default;
        let server = &self.profiles.server;
        let own = server.iter().find(of_address);
        let profile = own.or_else(|| server.iter().find(default));
        let Some((_, profile)) = profile else {
            return Err(format!("tls:{local}: no profile of module tls is for it"));
        };
        let mut options = ServerOptions::new(self.identity(profile)?);
        options.versions = self.versions(profile);
        options.client_auth = self.client_auth(profile)?;
        for (_, named) in server
            .iter()
            .filter(|(domain, _)| *domain == TlsDomain::Any)
        {
            options.named.extend(self.named(named)?);
        }
        TlsServer::new(&options).map_err(|error| error.to_string())
    }

    /// The settings of connections of ours.
    ///
    /// # Errors
    /// A sentence about a file that cannot be used.
    pub(crate) fn client(&self) -> Result<TlsClient, String> {
        let default = |(domain, _): &&(TlsDomain, TlsProfile)| *domain == TlsDomain::Default;
        let profile = self.profiles.client.iter().find(default);
        let profile = profile
            .map(|(_, profile)| profile.clone())
            .unwrap_or_default();
        let identity = match &profile.certificate {
            Some(_) => Some(self.identity(&profile)?),
            None => None,
        };
        let verify = match profile.verify {
            TlsVerify::Off | TlsVerify::OptionalNoCa => Verify::No,
            TlsVerify::Optional | TlsVerify::Required => Verify::Roots(self.roots(&profile)?),
        };
        let options = ClientOptions {
            verify,
            identity,
            versions: self.versions(&profile),
        };
        TlsClient::new(&options).map_err(|error| error.to_string())
    }

    fn identity(&self, profile: &TlsProfile) -> Result<Identity, String> {
        let certificate = profile.certificate.as_deref();
        let certificate = certificate
            .ok_or("TLS needs a certificate: modparam(\"tls\", \"certificate\", \"FILE\")")?;
        let key = profile.private_key.as_deref().unwrap_or(certificate);
        let files = (place(self.folder, certificate), place(self.folder, key));
        let identity = Identity::load(&files.0, &files.1).map_err(|error| error.to_string())?;
        if let Some(warning) = identity.warning(SystemTime::now()) {
            self.logger.log(Level::Warn, "tls", || warning);
        }
        Ok(identity)
    }

    fn named(&self, profile: &TlsProfile) -> Result<Vec<(String, Identity)>, String> {
        let Some(name) = &profile.server_name else {
            return Ok(Vec::new());
        };
        let below = format!("*.{name}");
        let names = match profile.server_name_mode {
            TlsNameMode::Exact => vec![name.clone()],
            TlsNameMode::WithSubdomains => vec![name.clone(), below],
            TlsNameMode::Subdomains => vec![below],
        };
        let identity = self.identity(profile)?;
        Ok(names
            .into_iter()
            .map(|name| (name, identity.clone()))
            .collect())
    }

    fn client_auth(&self, profile: &TlsProfile) -> Result<ClientAuth, String> {
        Ok(match profile.verify {
            TlsVerify::Off | TlsVerify::OptionalNoCa => ClientAuth::No,
            TlsVerify::Optional => ClientAuth::Asked(self.roots(profile)?),
            TlsVerify::Required => ClientAuth::Required(self.roots(profile)?),
        })
    }

    fn roots(&self, profile: &TlsProfile) -> Result<Roots, String> {
        let file = profile.ca_list.as_deref();
        let file = file.ok_or("certificates of peers are to be verified: say by `ca_list`")?;
        Roots::load(&place(self.folder, file)).map_err(|error| error.to_string())
    }

    fn versions(&self, profile: &TlsProfile) -> Versions {
        match profile.versions {
            TlsVersions::Tls12AndNewer => Versions::Tls12AndNewer,
            TlsVersions::Tls12 => Versions::Tls12,
            TlsVersions::Tls13 => Versions::Tls13,
            TlsVersions::None => {
                self.logger.log(Level::Warn, "tls", || {
                    "a method names only TLS versions that are broken; 1.2 and 1.3 are offered"
                        .to_owned()
                });
                Versions::Tls12AndNewer
            }
        }
    }
}

/// `/` is absolute, `.` begins in the working directory, all else beside the configuration file.
fn place(folder: &Path, name: &str) -> PathBuf {
    if name.starts_with('.') {
        PathBuf::from(name)
    } else {
        folder.join(name)
    }
}

fn text_of(path: &Path) -> Result<String, String> {
    std::fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))
}
