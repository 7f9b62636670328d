//! What holds of every encrypted connection to a database, whichever it is.

use crate::{Authority, Scratch};
use std::fmt::Display;
use std::path::Path;

/// Only who shows a certificate for the right name, of the authority that is trusted, is spoken to, and in secret.
///
/// `serve` starts a server with the certificate in a file, or with none; `open` connects to it and trusts the
/// authority in a file; `is_secret` judges a connection; `without` is a word of the error where there is no certificate.
///
/// # Panics
/// Where that does not hold.
pub fn only_the_right_server_is_spoken_to<S, C, E: Display>(
    serve: impl Fn(Option<&Path>) -> S,
    open: impl Fn(&S, &Path) -> Result<C, E>,
    is_secret: impl FnOnce(C),
    without: &str,
) {
    let scratch = Scratch::new();
    let ours = Authority::create(&scratch, "ours");
    let other = Authority::create(&scratch, "other");
    let refused = |server: &S, authorities: &Path, why: &str| match open(server, authorities) {
        Ok(_) => panic!("connected"),
        Err(error) => assert!(error.to_string().contains(why), "{error}"),
    };
    let server = serve(Some(&ours.issue("127.0.0.1", |_| {})));
    is_secret(open(&server, ours.path()).unwrap_or_else(|error| panic!("{error}")));
    refused(&server, other.path(), "UnknownIssuer");
    refused(&server, &scratch.join("none.pem"), "No such file");
    drop(server);
    let elsewhere = serve(Some(&ours.issue("elsewhere.test", |_| {})));
    refused(&elsewhere, ours.path(), "not valid for name");
    drop(elsewhere);
    refused(&serve(None), ours.path(), without);
}
