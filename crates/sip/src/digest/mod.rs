//! Digest authentication: credentials, challenges and the arithmetic. RFC 7616, RFC 8760.

mod arithmetic;
mod challenge;
mod credentials;
mod fields;

pub use arithmetic::{Algorithm, Ha, Hash, ha1, ha1_session, ha2, response, same};
pub use challenge::Challenge;
pub use credentials::{Credentials, KeptCredentials};
pub use fields::MAX_FIELDS;

/// Quality of protection: what the response covers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Qop<'a> {
    /// Method and URI.
    Auth,
    /// The body too.
    AuthInt,
    /// Something unknown.
    Other(&'a [u8]),
}

impl<'a> Qop<'a> {
    /// The one of that name, in any case.
    pub fn parse(name: &'a [u8]) -> Self {
        match name {
            _ if name.eq_ignore_ascii_case(b"auth") => Self::Auth,
            _ if name.eq_ignore_ascii_case(b"auth-int") => Self::AuthInt,
            _ => Self::Other(name),
        }
    }

    /// Its name.
    pub fn name(self) -> &'a [u8] {
        match self {
            Self::Auth => b"auth",
            Self::AuthInt => b"auth-int",
            Self::Other(name) => name,
        }
    }
}

#[cfg(test)]
mod tests;
