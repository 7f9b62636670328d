#![no_main]
//! Credentials and challenges from any octets.

use libfuzzer_sys::fuzz_target;
use sip::digest::{Challenge, Credentials};

fuzz_target!(|data: &[u8]| {
    if let Ok(Some(credentials)) = Credentials::parse(data) {
        assert!(!credentials.username.contains(&0));
        assert!(credentials.user().len() + credentials.domain().len() <= credentials.username.len());
        let _ = credentials.nonce_count();
    }
    if let Ok(Some(challenge)) = Challenge::parse(data) {
        assert!(challenge.realm.len() + challenge.nonce.len() <= data.len());
        let _ = challenge.qops().count();
    }
});
