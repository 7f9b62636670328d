//! What can be wrong with certificates, keys and settings.

use std::fmt;
use std::io;
use std::path::PathBuf;

/// A mistake of the operator's, with the file it is in.
#[derive(Debug)]
pub enum TlsError {
    /// The file cannot be read.
    Unreadable(PathBuf, io::Error),
    /// The file is not valid PEM.
    Malformed(PathBuf, String),
    /// The file has no `CERTIFICATE` section.
    NoCertificate(PathBuf),
    /// The file has no `PRIVATE KEY` section, or only an encrypted one.
    NoKey(PathBuf),
    /// The key is of a kind that cannot sign here.
    UnusableKey(PathBuf, String),
    /// The certificate is not one, or cannot be used.
    UnusableCertificate(PathBuf, String),
    /// The key is not the certificate's.
    Mismatch {
        /// The certificate's file.
        certificate: PathBuf,
        /// The key's file.
        key: PathBuf,
    },
    /// A name that cannot be a server name.
    BadName(String),
    /// The settings do not go together.
    Settings(String),
}

impl fmt::Display for TlsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreadable(file, why) => write!(f, "{}: cannot be read: {why}", file.display()),
            Self::Malformed(file, why) => write!(f, "{}: not valid PEM: {why}", file.display()),
            Self::NoCertificate(file) => write!(f, "{}: no PEM certificate found", file.display()),
            Self::NoKey(file) => write!(
                f,
                "{}: no unencrypted PEM private key found",
                file.display()
            ),
            Self::UnusableKey(file, why) => {
                write!(f, "{}: private key cannot be used: {why}", file.display())
            }
            Self::UnusableCertificate(file, why) => {
                write!(f, "{}: certificate cannot be used: {why}", file.display())
            }
            Self::Mismatch { certificate, key } => {
                write!(
                    f,
                    "{}: private key does not match the certificate in {}",
                    key.display(),
                    certificate.display()
                )
            }
            Self::BadName(name) => write!(f, "{name}: not a server name"),
            Self::Settings(why) => write!(f, "TLS settings: {why}"),
        }
    }
}

impl std::error::Error for TlsError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Unreadable(_, why) => Some(why),
            _ => None,
        }
    }
}
