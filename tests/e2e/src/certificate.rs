//! Certificates that nobody signed.

use crate::scratch::Scratch;
use std::path::PathBuf;

/// A certificate in a file together with its key, as most programs take it.
pub struct Certificate {
    path: PathBuf,
}

impl Certificate {
    /// Makes a certificate for 127.0.0.1 in `NAME.pem`.
    ///
    /// # Panics
    /// Where it cannot be written.
    #[must_use]
    pub fn create(scratch: &Scratch, name: &str) -> Certificate {
        let names = vec!["127.0.0.1".to_owned()];
        let made = rcgen::generate_simple_self_signed(names).expect("a certificate");
        let text = made.cert.pem() + &made.signing_key.serialize_pem();
        Certificate {
            path: scratch.write(&format!("{name}.pem"), &text),
        }
    }

    /// The file.
    #[must_use]
    pub fn path(&self) -> &std::path::Path {
        &self.path
    }
}
