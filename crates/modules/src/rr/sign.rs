//! Signed Record-Routes: a parameter that shows, when the route comes back, that we made it for this
//! dialog, and not too long ago.
//!
//! `;sg=base64url(key id u8 · expiry u32 · MAC 16 bytes)`, 28 digits. The MAC (SipHash-2-4 with 128 bits)
//! covers the expiry, the Call-ID and the From tag of the request that was recorded. In a later request of
//! the dialog that tag stands in From where the caller sends it, in To where the callee does.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use sha2::{Digest, Sha256};
use sip::{Message, Uri};
use siphasher::sip128::{Hasher128, SipHasher24};
use std::hash::Hasher;
use subtle::ConstantTimeEq;

/// The shortest key that is taken, in characters.
const LEAST_KEY: usize = 16;
/// The word for a key that is drawn at start.
const RANDOM: &str = "random";
/// The most keys at once. Only those with the identifier in the signature are tried, of 256.
const MOST_KEYS: usize = 16;
/// The name of the parameter.
const NAME: &[u8] = b"sg";
const HEAD: usize = 1 + 4;
const MAC: usize = 16;
/// Digits of a signature.
const DIGITS: usize = (HEAD + MAC) * 4 / 3;

/// `sign_key`: the first one signs, all of them verify.
#[derive(Clone, Default)]
pub(super) struct Keys {
    keys: Vec<Key>,
    /// `random` was among them, in this place.
    random_at: Option<usize>,
    /// `sign_rotate`: after so many seconds another key is made of each; 0 is never.
    rotate_s: u32,
}

#[derive(Clone, Copy)]
struct Key {
    /// Names the key in a signature, so that only one is tried.
    id: u8,
    /// What signs, where keys do not rotate.
    mac: SipHasher24,
    /// What the keys of single periods are made of.
    master: [u8; 32],
}

impl Keys {
    /// Adds the keys of one `sign_key`, with blanks or commas between them.
    pub(super) fn add(&mut self, text: &str) -> Result<(), String> {
        let keys = text.split(|letter: char| letter.is_whitespace() || letter == ',');
        for key in keys.filter(|key| !key.is_empty()) {
            if key == RANDOM {
                self.random_at.get_or_insert(self.keys.len());
                continue;
            }
            if key.len() < LEAST_KEY {
                return Err(format!(
                    "expected keys of {LEAST_KEY} characters or more, found one of {}",
                    key.len()
                ));
            }
            if self.keys.len() == MOST_KEYS {
                return Err(format!("expected up to {MOST_KEYS} keys"));
            }
            self.keys.push(Key::derive(key.as_bytes()));
        }
        Ok(())
    }

    /// Makes another key of each every `seconds`, by the clock and without memory: whoever has the same
    /// keys makes the same ones, and finds the one of an older signature by its expiry.
    pub(super) fn rotate(&mut self, seconds: u32) {
        self.rotate_s = seconds;
    }

    /// The keys of a text as a file has it, a key a line and comments behind `#`, before those that are here.
    pub(super) fn with_file(&self, text: &str) -> Result<Keys, String> {
        let mut keys = Keys {
            rotate_s: self.rotate_s,
            ..Keys::default()
        };
        for line in text.lines() {
            keys.add(line.split('#').next().unwrap_or_default())?;
        }
        if keys.keys.is_empty() {
            return Err("no key in it".to_owned());
        }
        keys.keys.extend_from_slice(&self.keys);
        Ok(keys)
    }

    /// Makes the key that `sign_key` calls `random`, from the secret of this process.
    pub(super) fn draw(&mut self, secret: &[u8]) {
        if let Some(at) = self.random_at.take() {
            self.keys.insert(at, Key::derive(secret));
        }
    }

    /// True where routes are signed.
    pub(super) fn is_set(&self) -> bool {
        !self.keys.is_empty()
    }

    /// `;sg=…` for a Record-Route of this request, good until `expires_s` (Unix seconds); nothing
    /// without a key.
    pub(super) fn sign(&self, request: &Message, expires_s: u64) -> Vec<u8> {
        let Some(key) = self.keys.first() else {
            return Vec::new();
        };
        let expires = (expires_s as u32).to_be_bytes();
        let [from, _] = tags(request);
        let mut bytes = [0; HEAD + MAC];
        bytes[0] = key.id;
        bytes[1..HEAD].copy_from_slice(&expires);
        bytes[HEAD..].copy_from_slice(&key.mac(self.rotate_s, expires, call_id(request), from));
        let mut param = vec![0; NAME.len() + 2 + DIGITS];
        param[0] = b';';
        param[1..=NAME.len()].copy_from_slice(NAME);
        param[NAME.len() + 1] = b'=';
        // The digits have exactly the place that is left.
        let _written = BASE64.encode_slice(bytes, &mut param[NAME.len() + 2..]);
        param
    }

    /// Whether a route of ours was made for the dialog of this request, and is still good.
    pub(super) fn verify(&self, route: &Uri<'_>, request: &Message, now_s: u64) -> bool {
        let text = route.param(NAME).and_then(|param| param.value);
        let Some(text) = text.filter(|text| text.len() == DIGITS) else {
            return false;
        };
        let mut bytes = [0; HEAD + MAC];
        if BASE64.decode_slice(text, &mut bytes) != Ok(bytes.len()) {
            return false;
        }
        let [id, a, b, c, d, mac @ ..] = bytes;
        let expires = [a, b, c, d];
        // Cut to 32 bits; the difference is right for 68 years either way.
        if (u32::from_be_bytes(expires).wrapping_sub(now_s as u32) as i32) < 0 {
            return false;
        }
        let call_id = call_id(request);
        let ours = self.keys.iter().filter(|key| key.id == id);
        let made_for = |key: &Key, tag| {
            let ours = key.mac(self.rotate_s, expires, call_id, tag);
            ours.ct_eq(&mac).into()
        };
        ours.into_iter()
            .any(|key| tags(request).into_iter().any(|tag| made_for(key, tag)))
    }
}

impl Key {
    fn derive(key: &[u8]) -> Key {
        let digest = Sha256::new_with_prefix(b"record-route").chain_update(key);
        let master: [u8; 32] = digest.finalize().into();
        let [.., id] = master;
        Key {
            id,
            mac: hasher_of(&master),
            master,
        }
    }

    /// The key for signatures that expire in this period.
    fn of_period(&self, period: u32) -> SipHasher24 {
        let digest = Sha256::new_with_prefix(self.master).chain_update(period.to_be_bytes());
        hasher_of(&digest.finalize().into())
    }

    fn mac(&self, rotate_s: u32, expires: [u8; 4], call_id: &[u8], tag: &[u8]) -> [u8; MAC] {
        let mut hasher = match u32::from_be_bytes(expires).checked_div(rotate_s) {
            Some(period) => self.of_period(period),
            None => self.mac,
        };
        hasher.write(&expires);
        hasher.write(&(call_id.len() as u32).to_be_bytes());
        hasher.write(call_id);
        hasher.write(tag);
        hasher.finish128().as_bytes()
    }
}

fn hasher_of(digest: &[u8; 32]) -> SipHasher24 {
    let (secret, _) = digest.split_at(16);
    let mut key = [0; 16];
    key.copy_from_slice(secret);
    SipHasher24::new_with_key(&key)
}

fn call_id(request: &Message) -> &[u8] {
    request.call_id().unwrap_or_default()
}

/// The tags of From and To; where there is none it is empty.
fn tags(request: &Message) -> [&[u8]; 2] {
    [request.from(), request.to()].map(|address| {
        let tag = address.ok().and_then(|address| address.tag());
        tag.unwrap_or_default()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "0123456789abcdef";
    const OTHER: &str = "fedcba9876543210";

    fn keys(text: &str) -> Keys {
        let mut keys = Keys::default();
        keys.add(text).unwrap();
        keys
    }

    fn request(call_id: &str, from: &str, to: &str) -> Message {
        let text = format!(
            "BYE sip:b@h SIP/2.0\r\nVia: SIP/2.0/UDP h;branch=z9hG4bK1\r\nFrom: <sip:a@h>;tag={from}\r\n\
             To: <sip:b@h>{to}\r\nCall-ID: {call_id}\r\nCSeq: 1 BYE\r\n\r\n"
        );
        Message::parse(text.into(), &sip::Limits::default()).unwrap()
    }

    fn route(params: &[u8]) -> String {
        format!("sip:h;lr{}", String::from_utf8_lossy(params))
    }

    fn verifies(keys: &Keys, route: &str, request: &Message, now_s: u64) -> bool {
        let route = Uri::parse(route.as_bytes());
        route.is_ok_and(|route| keys.verify(&route, request, now_s))
    }

    #[test]
    fn both_sides_of_the_dialog_verify_and_nobody_else() {
        let keys = keys(KEY);
        let signed = route(&keys.sign(&request("c", "alice", ""), 1000));
        assert_eq!(signed.len(), "sip:h;lr;sg=".len() + DIGITS);
        for (call_id, from, to, good) in [
            ("c", "alice", ";tag=bob", true),
            ("c", "bob", ";tag=alice", true),
            ("c", "bob", ";tag=carol", false),
            ("d", "alice", ";tag=bob", false),
            ("c", "alic", ";tag=bob", false),
            // What moves from one part to its neighbour is another dialog.
            ("ca", "lice", ";tag=bob", false),
        ] {
            let later = request(call_id, from, to);
            assert_eq!(
                verifies(&keys, &signed, &later, 1000),
                good,
                "{call_id} {from} {to}"
            );
        }
        let later = request("c", "alice", ";tag=bob");
        assert!(!verifies(&keys, &signed, &later, 1001));
        assert!(!verifies(&keys, "sip:h;lr", &later, 1000));
        assert!(!verifies(&Keys::default(), &signed, &later, 1000));
    }

    #[test]
    fn the_first_key_signs_and_all_verify() {
        let request = request("c", "alice", ";tag=bob");
        let (old, both, new) = (keys(KEY), keys(&format!("{OTHER}, {KEY}")), keys(OTHER));
        let by = |keys: &Keys| route(&keys.sign(&request, 1000));
        assert!(verifies(&both, &by(&old), &request, 0));
        assert!(verifies(&new, &by(&both), &request, 0));
        assert!(!verifies(&new, &by(&old), &request, 0));
        assert!(Keys::default().sign(&request, 1000).is_empty());
    }

    #[test]
    fn a_random_key_is_that_of_the_process() {
        let request = request("c", "alice", ";tag=bob");
        let drawn = |text: &str, secret: &[u8]| {
            let mut keys = keys(text);
            keys.draw(secret);
            keys
        };
        let (ours, same) = (drawn("random", b"1"), drawn(&format!("{KEY} random"), b"1"));
        let signed = route(&ours.sign(&request, 1000));
        assert!(verifies(&same, &signed, &request, 0));
        assert!(!verifies(&drawn("random", b"2"), &signed, &request, 0));
        let by_word = route(&same.sign(&request, 1000));
        assert!(verifies(&keys(KEY), &by_word, &request, 0));
        assert!(!keys("random").is_set());
    }

    #[test]
    fn a_rotated_key_signs_for_its_period_alone_and_verifies_until_the_expiry() {
        let mut rotated = keys(KEY);
        rotated.rotate(60);
        let request = request("c", "alice", ";tag=bob");
        let signed = |now_s| route(&rotated.sign(&request, now_s + 300));
        for now_s in [0, 59, 60, 61, 119, 6_000] {
            let route = signed(now_s);
            assert!(verifies(&rotated, &route, &request, now_s + 300), "{now_s}");
            assert!(
                !verifies(&rotated, &route, &request, now_s + 301),
                "{now_s}"
            );
            // Who knows no period, or others, makes other keys.
            assert!(!verifies(&keys(KEY), &route, &request, now_s), "{now_s}");
        }
        let key = rotated.keys[0];
        let mac = |period| key.of_period(period).finish128().as_bytes();
        assert!(mac(5) != mac(6) && mac(5) == mac(5));
    }

    #[test]
    fn keys_of_a_file_come_first() {
        let written = keys(KEY);
        let text = format!("# ours\n{OTHER} # new\n\n");
        let both = written.with_file(&text).unwrap();
        let request = request("c", "alice", ";tag=bob");
        assert!(verifies(
            &keys(OTHER),
            &route(&both.sign(&request, 9)),
            &request,
            0
        ));
        assert!(verifies(
            &both,
            &route(&written.sign(&request, 9)),
            &request,
            0
        ));
        assert!(written.with_file("# nothing").is_err() && written.with_file("short").is_err());
    }

    #[test]
    fn a_key_is_long_enough() {
        let add = |text: &str| Keys::default().add(text);
        assert!(add("short").is_err());
        assert!(add("").is_ok_and(|()| true));
        assert!(add(&format!("{KEY} ").repeat(MOST_KEYS)).is_ok());
        assert!(add(&format!("{KEY} ").repeat(MOST_KEYS + 1)).is_err());
    }

    #[test]
    fn whatever_is_bent_does_not_verify() {
        let keys = keys(KEY);
        let request = request("c", "alice", "");
        let param = keys.sign(&request, 1000);
        for at in param.len() - DIGITS..param.len() {
            for digit in *b"Aa0_-%=" {
                let mut bent = param.clone();
                bent[at] = digit;
                let same = bent == param;
                assert_eq!(verifies(&keys, &route(&bent), &request, 1000), same, "{at}");
            }
        }
        for junk in [
            "",
            "A",
            &"A".repeat(27),
            &"A".repeat(28),
            &"A".repeat(5_000),
            "%00",
        ] {
            let route = format!("sip:h;lr;sg={junk}");
            assert!(!verifies(&keys, &route, &request, 0), "{junk:.40}");
        }
    }
}
