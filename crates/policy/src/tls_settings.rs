//! What module `tls` was told: profiles as values. Files are read by the server.

use crate::{Globals, Level};
use std::net::SocketAddr;

/// The settings of module `tls`.
#[derive(Clone, Debug, Default)]
pub struct TlsSettings {
    /// A file with profiles (`config`): where it is given, its profiles replace `profile`, and
    /// `parse` in [`TlsSettings::profiles_of`] reads it.
    pub config: Option<String>,
    /// What the parameters say, for both roles.
    pub profile: TlsProfile,
    /// How to read the file of `config`; none where module `tls` is not loaded.
    pub parse: Option<ParseTlsProfiles>,
    /// How long a connection may stay that never carried anything (`connection_timeout`).
    pub connection_timeout: TlsTimeout,
    /// The XAVP that names the profile of a connection of ours (`xavp_cfg`).
    pub xavp_cfg: Option<String>,
    /// Whether sessions are resumed (`session_cache`).
    pub session_cache: bool,
}

/// How long a TLS connection that never carried anything may stay.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TlsTimeout {
    /// As long as any other connection may be silent.
    #[default]
    AsOthers,
    /// So many seconds.
    Seconds(u32),
    /// Until it is closed by the peer.
    Never,
}

impl TlsTimeout {
    /// As operators read it: [`TlsTimeout::AsOthers`] is 30, never is -1.
    pub fn as_number(self) -> i64 {
        match self {
            TlsTimeout::AsOthers => 30,
            TlsTimeout::Seconds(seconds) => seconds.into(),
            TlsTimeout::Never => -1,
        }
    }

    /// What operators write.
    pub fn from_number(number: i64) -> TlsTimeout {
        u32::try_from(number).map_or(TlsTimeout::Never, TlsTimeout::Seconds)
    }
}

/// Reads a file of profiles, or says in a sentence what is wrong with it and in which line.
pub type ParseTlsProfiles = fn(&str) -> Result<TlsProfiles, String>;

impl TlsSettings {
    /// The group of the settings that can change while the server runs.
    pub const GROUP: &str = "tls";
    /// The name of `connection_timeout` among them.
    pub const TIMEOUT: &str = "connection_timeout";

    /// How long a connection may stay that never carried anything, as `globals` have it now.
    pub fn timeout(&self, globals: &Globals) -> TlsTimeout {
        let number = globals.value(Self::GROUP, Self::TIMEOUT);
        match number.map(|number| number.to_int()) {
            Some(number) if number != self.connection_timeout.as_number() => {
                TlsTimeout::from_number(number)
            }
            _ => self.connection_timeout,
        }
    }

    /// The profiles in force, given the text of the file of [`TlsSettings::config`] where there is
    /// one.
    ///
    /// # Errors
    /// A sentence with the line of the file that cannot be used.
    pub fn profiles_of(&self, file: Option<&str>) -> Result<TlsProfiles, String> {
        match (file, self.parse) {
            (Some(text), Some(parse)) => parse(text),
            _ => Ok(TlsProfiles {
                server: vec![(TlsDomain::Default, self.profile.clone())],
                client: vec![(TlsDomain::Default, self.profile.clone())],
                remarks: Vec::new(),
            }),
        }
    }
}

/// The profiles of both roles, in the order of the file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TlsProfiles {
    /// For connections that peers open.
    pub server: Vec<(TlsDomain, TlsProfile)>,
    /// For connections of ours.
    pub client: Vec<(TlsDomain, TlsProfile)>,
    /// What the operator should know, each with its line.
    pub remarks: Vec<TlsRemark>,
}

/// Something the operator should know about a profile that can be loaded all the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlsRemark {
    /// [`Level::Err`] where the profile is of no use.
    pub level: Level,
    /// The sentence; of a file it begins with the line.
    pub text: String,
}

/// Which connections a profile is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TlsDomain {
    /// Those no other profile fits.
    Default,
    /// Those whose peer asks for the profile's `server_name`.
    Any,
    /// Those on this address: ours for a server profile, the peer's for a client profile.
    Address(SocketAddr),
}

/// One profile. File names are as written: `/` absolute, `.` from the working directory, else from
/// the directory of the configuration file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TlsProfile {
    /// The protocol versions.
    pub versions: TlsVersions,
    /// The files with certificate chains, leaf first, by kind of key; each may hold its key too.
    pub certificates: Vec<String>,
    /// The private keys, in the same order; empty: in the certificates' files.
    pub private_keys: Vec<String>,
    /// The authorities that peers' certificates must come from.
    pub ca_list: Option<String>,
    /// A directory with more of them, one in each file.
    pub ca_path: Option<String>,
    /// The certificates that authorities have revoked.
    pub crl: Option<String>,
    /// How many certificates may stand between a peer's and its authority (`verify_depth`).
    pub verify_depth: Option<u32>,
    /// The ciphers of TLS 1.2, the preferred first; none: all that are offered.
    pub ciphers: Option<Vec<TlsCipher>>,
    /// The line of the file where the profile begins, from 1; 0 for that of the parameters.
    pub line: usize,
    /// What is asked of a peer: for a server profile of clients, for a client profile of servers.
    pub verify: TlsVerify,
    /// The name a peer asks for (SNI), or that we ask for.
    pub server_name: Option<String>,
    /// Which names below `server_name` are meant too.
    pub server_name_mode: TlsNameMode,
    /// The name by which a script chooses a client profile.
    pub server_id: Option<String>,
}

/// Protocol versions that can be offered; older ones do not exist here.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TlsVersions {
    /// TLS 1.2 and 1.3.
    #[default]
    Tls12AndNewer,
    /// TLS 1.2 alone.
    Tls12,
    /// TLS 1.3 alone.
    Tls13,
    /// Only versions that are not offered any more: no handshake can succeed.
    None,
}

/// What is asked of a peer's certificate. A server that we connect to always shows one, so for client
/// profiles `Optional` and `Required` are the same: it must be valid.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TlsVerify {
    /// Nothing.
    #[default]
    Off,
    /// One that is shown must be valid.
    Optional,
    /// One that is shown need not be valid (`optional_no_ca`).
    OptionalNoCa,
    /// A valid one.
    Required,
}

/// Which names a profile's `server_name` stands for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TlsNameMode {
    /// That name.
    #[default]
    Exact,
    /// That name and all below it.
    WithSubdomains,
    /// All names below it.
    Subdomains,
}

/// The cipher suites of TLS 1.2 without known weaknesses, which are all that is offered. Those of TLS 1.3 are
/// not chosen among, as in OpenSSL's `cipher_list`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TlsCipher {
    /// ECDHE-ECDSA-AES256-GCM-SHA384.
    EcdsaAes256,
    /// ECDHE-RSA-AES256-GCM-SHA384.
    RsaAes256,
    /// ECDHE-ECDSA-CHACHA20-POLY1305.
    EcdsaChaCha20,
    /// ECDHE-RSA-CHACHA20-POLY1305.
    RsaChaCha20,
    /// ECDHE-ECDSA-AES128-GCM-SHA256.
    EcdsaAes128,
    /// ECDHE-RSA-AES128-GCM-SHA256.
    RsaAes128,
}
