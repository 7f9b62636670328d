//! What must not be read, in whatever form.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};

/// Texts that nobody but their owners may read: addresses, host names, user parts, Call-IDs.
#[derive(Default)]
pub(crate) struct Secrets(Vec<(usize, Forms)>);

/// One text, as it is searched for.
struct Forms {
    /// In lower case.
    clear: Vec<u8>,
    /// Inside of base64, wherever it begins there.
    encoded: Vec<Vec<u8>>,
}

impl Secrets {
    /// One more text of this owner.
    pub(crate) fn keep(&mut self, owner: usize, text: &str) {
        let clear = text.to_ascii_lowercase().into_bytes();
        let encoded = (0..3).flat_map(|offset| in_base64(text.as_bytes(), offset));
        let encoded = encoded.collect();
        self.0.push((owner, Forms { clear, encoded }));
    }

    /// Somebody else's text that these octets betray to a reader: in any case, escaped, or in base64.
    pub(crate) fn betrayed_to(&self, reader: usize, octets: &[u8]) -> Option<String> {
        let lower = octets.to_ascii_lowercase();
        let plain = sip::unescape(&lower).into_owned();
        let reads = |forms: &&Forms| {
            contains(&lower, &forms.clear)
                || contains(&plain, &forms.clear)
                || forms.encoded.iter().any(|code| contains(octets, code))
        };
        let others = self.0.iter().filter(|(owner, _)| *owner != reader);
        let found = others.map(|(_, forms)| forms).find(reads)?;
        Some(String::from_utf8_lossy(&found.clear).into_owned())
    }
}

/// The symbols that depend on the text alone, where it begins `offset` octets into a group of three.
fn in_base64(text: &[u8], offset: usize) -> [Vec<u8>; 2] {
    let shifted = [&vec![0; offset][..], text].concat();
    let whole = (shifted.len() * 8) / 6;
    let first = (offset * 8).div_ceil(6);
    [
        STANDARD_NO_PAD.encode(&shifted),
        URL_SAFE_NO_PAD.encode(&shifted),
    ]
    .map(|code| code.as_bytes()[first..whole].to_vec())
}

fn contains(text: &[u8], part: &[u8]) -> bool {
    memchr::memmem::find(text, part).is_some()
}

#[test]
fn every_form_is_found() {
    let mut secrets = Secrets::default();
    secrets.keep(0, "core7.example.net");
    let found = |text: &str| secrets.betrayed_to(1, text.as_bytes()).is_some();
    assert!(found("Via: SIP/2.0/UDP CORE7.Example.net:5060"));
    assert!(found("x=%63ore7%2Eexample%2enet"));
    for before in ["", "s", "si", "sip:"] {
        let text = format!("{before}core7.example.net;lr");
        assert!(
            found(&STANDARD_NO_PAD.encode(&text)) && found(&URL_SAFE_NO_PAD.encode(&text)),
            "{before}"
        );
    }
    assert!(!found("core8.example.net"));
    assert_eq!(secrets.betrayed_to(0, b"core7.example.net"), None);
}
