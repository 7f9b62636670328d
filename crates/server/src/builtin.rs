//! The built-in policy: its text, and the state directory it lives in.

use crate::addresses::host_name;
use crate::key_file::KeyFile;
use crate::{certificate, files};
use clap::Args;
use script::{FileError, Opened};
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

/// The script that runs where no other is named.
pub(crate) const POLICY: &str = include_str!("../policy/ringwall.cfg");

/// The name under which findings and `include_file` know it.
pub(crate) const NAME: &str = "ringwall.cfg";

/// Where the built-in policy keeps its data, and whom it serves.
#[derive(Args, Clone, Debug, Default)]
pub(crate) struct Place {
    /// The directory for database, certificate and control socket
    /// [default: $XDG_STATE_HOME/ringwall or ~/.local/state/ringwall].
    #[arg(long, value_name = "DIR", global = true)]
    pub(crate) state: Option<PathBuf>,
    /// The domain that is served [default: the name of this host].
    #[arg(long, value_name = "NAME", global = true)]
    pub(crate) domain: Option<String>,
}

/// The built-in policy in its place.
pub(crate) struct BuiltIn {
    /// The state directory.
    pub(crate) state: PathBuf,
    /// The domain, which is the realm too.
    pub(crate) domain: String,
    /// What signs the routes that we make; it stays the same after a restart, for calls outlive it.
    route_keys: KeyFile,
    mask_key: KeyFile,
}

impl Place {
    /// The state directory.
    ///
    /// # Errors
    /// A sentence, where neither the command line nor the environment tells.
    pub(crate) fn directory(&self) -> Result<PathBuf, String> {
        if let Some(given) = &self.state {
            return std::path::absolute(given)
                .map_err(|error| format!("{}: {error}", given.display()));
        }
        let of_variable = |name| std::env::var_os(name).filter(|value| !value.is_empty());
        let base = of_variable("XDG_STATE_HOME")
            .map(PathBuf::from)
            .or_else(|| of_variable("HOME").map(|home| Path::new(&home).join(".local/state")));
        base.filter(|base| base.is_absolute())
            .map(|base| base.join("ringwall"))
            .ok_or_else(|| "where to keep data? write --state DIR".to_owned())
    }

    /// The domain.
    ///
    /// # Errors
    /// A sentence, where what is given is no host name.
    pub(crate) fn domain(&self) -> Result<String, String> {
        let name = self.domain.clone().or_else(host_name);
        let name = name.unwrap_or_else(|| "localhost".to_owned());
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b".-:[]".contains(&byte);
        if name.is_empty() || name.len() > 253 || !name.bytes().all(allowed) {
            return Err(format!("{name:?} is no domain; write --domain NAME"));
        }
        Ok(name.to_ascii_lowercase())
    }
}

impl BuiltIn {
    /// The built-in policy in this place; nothing is made yet.
    ///
    /// # Errors
    /// A sentence, where there is no place for it.
    fn of(place: &Place) -> Result<BuiltIn, String> {
        let state = place.directory()?;
        let route_keys = KeyFile::read(&keys_in(&state))?;
        let mask_key = KeyFile::read(&mask_key_in(&state))?;
        Ok(BuiltIn {
            domain: place.domain()?,
            state,
            route_keys,
            mask_key,
        })
    }

    /// The policy with the values of this place. They stand in its `#!trydef` lines, so that names
    /// defined before it, in a file that includes it or by `-A`, keep their own.
    fn text(&self) -> String {
        let path = |path: PathBuf| path.display().to_string();
        let values = [
            ("DOMAIN", self.domain.clone()),
            ("DBURL", self.database_url()),
            ("TLS_CERTIFICATE", path(self.certificate())),
            ("TLS_PRIVATE_KEY", path(self.private_key())),
            (
                "CONTROL_SOCKET",
                format!("unix:{}", self.control().display()),
            ),
            ("ROUTE_KEYS", format!("file:{}", path(keys_in(&self.state)))),
            ("MASK_KEY", self.mask_key.first().to_owned()),
        ];
        let line = |line: &str| {
            let (name, _) = line.strip_prefix("#!trydef ")?.split_once(' ')?;
            let (_, value) = values.iter().find(|(known, _)| *known == name)?;
            Some(format!("#!trydef {name} \"{value}\"\n"))
        };
        let lines = POLICY.lines();
        lines
            .map(|text| line(text).unwrap_or_else(|| format!("{text}\n")))
            .collect()
    }

    /// Makes the state directory, the database file's place, and the certificate.
    ///
    /// # Errors
    /// A sentence with the path that cannot be written.
    pub(crate) fn prepare(&self) -> Result<(), String> {
        make_private(&self.state)?;
        self.route_keys.keep(&keys_in(&self.state))?;
        self.mask_key.keep(&mask_key_in(&self.state))?;
        make_private(&self.state.join("tls"))?;
        certificate::ensure(&self.certificate(), &self.private_key(), &self.domain)
    }

    /// The option that a command line for this server needs, with a blank before it.
    pub(crate) fn option(&self) -> String {
        let usual = Place::default().directory();
        if usual.is_ok_and(|usual| usual == self.state) {
            String::new()
        } else {
            format!(" --state {}", self.state.display())
        }
    }

    /// Everything that the server makes or uses in its state directory.
    pub(crate) fn files(&self) -> Vec<PathBuf> {
        let database = self.database().display().to_string();
        vec![
            self.state.clone(),
            self.state.join("tls"),
            keys_in(&self.state),
            mask_key_in(&self.state),
            self.certificate(),
            self.private_key(),
            self.database(),
            PathBuf::from(format!("{database}-wal")),
            PathBuf::from(format!("{database}-shm")),
        ]
    }

    /// The database file.
    pub(crate) fn database(&self) -> PathBuf {
        database_in(&self.state)
    }

    /// The socket of `ringwall ctl`.
    pub(crate) fn control(&self) -> PathBuf {
        control_in(&self.state)
    }

    /// The URL of the database.
    pub(crate) fn database_url(&self) -> String {
        format!("sqlite:///{}", self.database().display())
    }

    fn certificate(&self) -> PathBuf {
        self.state.join("tls/certificate.pem")
    }

    fn private_key(&self) -> PathBuf {
        self.state.join("tls/private_key.pem")
    }
}

/// The database file of a state directory.
pub(crate) fn database_in(state: &Path) -> PathBuf {
    state.join("ringwall.sqlite")
}

/// The control socket of a state directory.
pub(crate) fn control_in(state: &Path) -> PathBuf {
    state.join("control.sock")
}

fn keys_in(state: &Path) -> PathBuf {
    state.join("route_keys")
}

fn mask_key_in(state: &Path) -> PathBuf {
    state.join("mask_key")
}

/// Makes a directory that only its owner can enter, and looks whether it can be written.
fn make_private(dir: &Path) -> Result<(), String> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true).mode(0o700);
    let made = builder.create(dir);
    made.map_err(|error| format!("cannot make the directory {}: {error}", dir.display()))?;
    let writable = nix::unistd::access(dir, nix::unistd::AccessFlags::W_OK);
    writable.map_err(|error| format!("cannot write to {}: {}", dir.display(), error.desc()))?;
    if dir.ends_with("tls") {
        let private = std::fs::set_permissions(dir, std::fs::Permissions::from_mode(0o700));
        private.map_err(|error| format!("cannot protect {}: {error}", dir.display()))?;
    }
    Ok(())
}

/// The file system, with the built-in policy in it as `ringwall.cfg`.
pub(crate) struct Files {
    policy: Result<BuiltIn, String>,
    /// No other file was named, so the one of this name in the working directory is not meant.
    alone: bool,
    opened: AtomicBool,
}

impl Files {
    /// For a configuration that may include the policy, or, `alone`, for the policy itself.
    pub(crate) fn new(place: &Place, alone: bool) -> Files {
        Files {
            policy: BuiltIn::of(place),
            alone,
            opened: AtomicBool::new(false),
        }
    }

    /// The built-in policy, where it was read.
    pub(crate) fn used(&self) -> Option<&BuiltIn> {
        self.policy
            .as_ref()
            .ok()
            .filter(|_| self.opened.load(Ordering::Relaxed))
    }

    fn open_policy(&self) -> Result<Opened, FileError> {
        self.opened.store(true, Ordering::Relaxed);
        let policy = self.policy.as_ref();
        let policy = policy.map_err(|why| FileError::Unreadable(why.clone()))?;
        Ok(Opened {
            path: NAME.to_owned(),
            text: policy.text().into_bytes(),
        })
    }
}

impl script::Files for Files {
    fn open(&self, includer: Option<&str>, path: &str) -> Result<Opened, FileError> {
        if self.alone && includer.is_none() {
            return self.open_policy();
        }
        match files::Disk.open(includer, path) {
            Err(FileError::NotFound) if path == NAME => self.open_policy(),
            found => found,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_domain_is_a_host_name() {
        let domain = |name: &str| {
            Place {
                domain: Some(name.to_owned()),
                ..Place::default()
            }
            .domain()
        };
        assert_eq!(domain("Example.Test").as_deref(), Ok("example.test"));
        assert!(domain("a\" desc").is_err());
        assert!(domain("").is_err());
    }

    #[test]
    fn a_given_directory_is_made_absolute() {
        let place = Place {
            state: Some("x".into()),
            ..Place::default()
        };
        assert!(
            place
                .directory()
                .is_ok_and(|dir| dir.is_absolute() && dir.ends_with("x"))
        );
    }
}
