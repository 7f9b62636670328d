//! The Call-IDs that callees see, and the headers that name other dialogs by theirs.

use crate::patch::Patch;
use crate::veil::{Forged, Found, Kind, Look, Mask, Mode, References, Veil};
use bytes::Bytes;
use policy::DialogWay;
use sip::Message;

/// Masks Call-IDs with a key (`mask_callid`), or leaves them.
pub(super) struct CallIds(Option<Veil>);

/// What a masked Call-ID begins with.
const PREFIX: &[u8] = b"tps-";

impl CallIds {
    /// Masks with this key; without one nothing is masked.
    pub(super) fn new(key: Option<&[u8]>) -> CallIds {
        let look = Look {
            ip: b"127.0.0.8",
            uri: (b"tps-uri", b"-"),
            via: (b"tps-via", b"-"),
            call_id: PREFIX,
            whole_prefix: true,
        };
        CallIds(key.map(|key| Veil::new(Mask::new(Mode::Sealed, key), &look)))
    }

    /// Opens what the headers of a request name.
    ///
    /// # Errors
    /// A mask that is none of ours.
    pub(super) fn open(&self, request: &Message, patch: &mut Patch) -> Result<References, Forged> {
        match &self.0 {
            Some(veil) => References::open(veil, request, true, patch),
            None => Ok(References::default()),
        }
    }

    /// The Call-ID of a message in clear; none where its mask is none of ours.
    pub(super) fn of(&self, message: &Message) -> Option<Bytes> {
        let written = message.call_id().ok()?;
        let mut id = Vec::new();
        let found = self
            .0
            .as_ref()
            .map(|veil| veil.find_call_id(Kind::CallId, written, &mut id));
        match found {
            Some(Found::Hidden) => Some(id.into()),
            Some(Found::Forged) => None,
            Some(Found::Clear) | None => Some(Bytes::copy_from_slice(written)),
        }
    }

    /// What a callee sees instead of a Call-ID; none where nothing is masked.
    pub(super) fn masked(&self, call_id: &[u8]) -> Option<Bytes> {
        let veil = self.0.as_ref()?;
        let mut out = Vec::new();
        veil.hide_call_id(Kind::CallId, call_id, &mut out);
        Some(out.into())
    }

    /// Hides what the headers of a request name, as it leaves.
    pub(super) fn hide(
        &self,
        references: &References,
        request: &Message,
        way: DialogWay,
        patch: &mut Patch,
    ) {
        if let Some(veil) = &self.0 {
            references.hide_target(veil, request, true, patch);
            references.hide(veil, request, way == DialogWay::ToCaller, patch);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(call_id: &str) -> Message {
        let text = format!(
            "BYE sip:b@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1;branch=z9hG4bKx\r\n\
             From: <sip:a@x>;tag=a\r\nTo: <sip:b@x>;tag=b\r\nCall-ID: {call_id}\r\nCSeq: 1 BYE\r\n\r\n"
        );
        Message::parse(text.into(), &sip::Limits::default()).unwrap()
    }

    #[test]
    fn a_mask_comes_back_and_a_forged_one_does_not() {
        let ids = CallIds::new(Some(b"a key"));
        let masked = ids.masked(b"a@10.0.0.1").unwrap();
        assert!(masked.starts_with(PREFIX), "{masked:?}");
        let masked = String::from_utf8(masked.to_vec()).unwrap();
        assert_eq!(ids.of(&message(&masked)).unwrap(), "a@10.0.0.1");
        assert_eq!(CallIds::new(Some(b"another")).of(&message(&masked)), None);
        assert_eq!(ids.of(&message("plain")).unwrap(), "plain");
        let off = CallIds::new(None);
        assert_eq!(off.of(&message(&masked)).unwrap(), masked);
        assert_eq!(off.masked(b"x"), None);
    }
}
