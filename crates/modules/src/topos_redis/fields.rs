//! Dialogs and branches as the fields of a hash, by the names that Kamailio 5.6.3 gives them. A field that is
//! empty is not there.

use bytes::Bytes;
use policy::{DialogWay, HiddenBranch, HiddenDialog, HiddenEnd};
use std::collections::BTreeMap;
use store::keys::Said;

/// Names and values, one after the other.
pub(super) type Pairs = Vec<Bytes>;

/// The fields of a hash.
pub(super) struct Fields(BTreeMap<Bytes, Bytes>);

/// What `iflags` says of a dialog that was accepted.
const CONFIRMED: &[u8] = b"2";

/// The fields of a dialog. `is_confirmed` is false once it is over.
pub(super) fn of_dialog(dialog: &HiddenDialog, now_s: u64) -> Pairs {
    let (caller, callee) = (&dialog.caller, &dialog.callee);
    let mut pairs = Pairs::with_capacity(36);
    put(&mut pairs, "rectime", number(now_s));
    put(&mut pairs, "x_context", dialog.context.clone());
    put(&mut pairs, "a_callid", dialog.call_id.clone());
    put(&mut pairs, "a_uuid", dialog.caller_uuid());
    put(&mut pairs, "b_uuid", dialog.callee_uuid());
    put(&mut pairs, "a_contact", caller.contact.clone());
    put(&mut pairs, "b_contact", callee.contact.clone());
    put(&mut pairs, "as_contact", caller.shown.clone());
    put(&mut pairs, "bs_contact", callee.shown.clone());
    put(&mut pairs, "a_tag", caller.tag.clone());
    put(&mut pairs, "b_tag", callee.tag.clone());
    put(&mut pairs, "a_rr", caller.routes.clone());
    put(&mut pairs, "b_rr", callee.routes.clone());
    put(&mut pairs, "s_rr", dialog.own_routes.clone());
    let flags = if dialog.is_confirmed { CONFIRMED } else { b"0" };
    put(&mut pairs, "iflags", Bytes::from_static(flags));
    put(&mut pairs, "s_method", dialog.method.clone());
    put(&mut pairs, "s_cseq", dialog.cseq.clone());
    if dialog.lives_s > 0 {
        put(&mut pairs, "lives", number(dialog.lives_s));
    }
    pairs
}

/// The fields of a branch.
pub(super) fn of_branch(branch: &HiddenBranch, now_s: u64) -> Pairs {
    let (way, contact) = match branch.way {
        DialogWay::ToCallee => (&b"0"[..], "a_contact"),
        DialogWay::ToCaller => (&b"1"[..], "b_contact"),
    };
    let mut pairs = Pairs::with_capacity(36);
    put(&mut pairs, "rectime", number(now_s));
    put(&mut pairs, "x_context", branch.context.clone());
    put(&mut pairs, "a_callid", branch.call_id.clone());
    put(&mut pairs, "a_uuid", branch.caller_uuid());
    put(&mut pairs, "b_uuid", branch.callee_uuid());
    put(&mut pairs, "direction", Bytes::from_static(way));
    put(&mut pairs, "x_via", branch.vias.clone());
    put(&mut pairs, "x_vbranch", branch.branch.clone());
    put(&mut pairs, "x_rr", branch.routes.clone());
    put(&mut pairs, "s_rr", branch.own_routes.clone());
    put(&mut pairs, "x_tag", branch.caller_tag.clone());
    put(&mut pairs, "s_method", branch.method.clone());
    put(&mut pairs, "s_cseq", branch.cseq.clone());
    put(&mut pairs, contact, branch.contact.clone());
    put(&mut pairs, "as_contact", branch.caller_shown.clone());
    put(&mut pairs, "bs_contact", branch.callee_shown.clone());
    put(&mut pairs, "a_tag", branch.from_tag.clone());
    put(&mut pairs, "b_tag", branch.to_tag.clone());
    pairs
}

impl Fields {
    /// What `HGETALL` says; none where there is no such hash.
    ///
    /// # Errors
    /// What Redis says is wrong.
    pub(super) fn read(said: Option<&Said>) -> Result<Option<Fields>, String> {
        let words = match said {
            Some(Said::Array(words)) => words,
            Some(Said::Error(why)) => return Err(String::from_utf8_lossy(why).into_owned()),
            _ => return Err("an answer of Redis cannot be read".to_owned()),
        };
        let (pairs, _) = words.as_chunks::<2>();
        let pairs = pairs.iter().filter_map(|pair| match pair {
            [Said::Text(name), Said::Text(value)] => Some((name.clone(), value.clone())),
            _ => None,
        });
        let fields: BTreeMap<Bytes, Bytes> = pairs.collect();
        Ok(Some(Fields(fields)).filter(|fields| !fields.0.is_empty()))
    }

    /// As a dialog.
    pub(super) fn dialog(&self) -> HiddenDialog {
        let end = |tag, contact, shown, routes| HiddenEnd {
            tag: self.text(tag),
            contact: self.text(contact),
            shown: self.text(shown),
            routes: self.text(routes),
        };
        HiddenDialog {
            context: self.text("x_context"),
            method: self.text("s_method"),
            cseq: self.text("s_cseq"),
            call_id: self.text("a_callid"),
            uuid: self.uuid(),
            caller: end("a_tag", "a_contact", "as_contact", "a_rr"),
            callee: end("b_tag", "b_contact", "bs_contact", "b_rr"),
            own_routes: self.text("s_rr"),
            is_confirmed: self.text("iflags") == CONFIRMED,
            lives_s: std::str::from_utf8(&self.text("lives"))
                .ok()
                .and_then(|digits| digits.parse().ok())
                .unwrap_or(0),
        }
    }

    /// As a branch.
    pub(super) fn branch(&self) -> HiddenBranch {
        let way = match self.text("direction").as_ref() {
            b"1" => DialogWay::ToCaller,
            _ => DialogWay::ToCallee,
        };
        HiddenBranch {
            context: self.text("x_context"),
            method: self.text("s_method"),
            cseq: self.text("s_cseq"),
            call_id: self.text("a_callid"),
            uuid: self.uuid(),
            way,
            branch: self.text("x_vbranch"),
            vias: self.text("x_via"),
            routes: self.text("x_rr"),
            own_routes: self.text("s_rr"),
            contact: match way {
                DialogWay::ToCallee => self.text("a_contact"),
                DialogWay::ToCaller => self.text("b_contact"),
            },
            caller_shown: self.text("as_contact"),
            callee_shown: self.text("bs_contact"),
            caller_tag: self.text("x_tag"),
            from_tag: self.text("a_tag"),
            to_tag: self.text("b_tag"),
        }
    }

    fn text(&self, name: &str) -> Bytes {
        self.0.get(name.as_bytes()).cloned().unwrap_or_default()
    }

    /// Either name of the dialog, without its letter.
    fn uuid(&self) -> Bytes {
        let named = match self.text("a_uuid") {
            empty if empty.is_empty() => self.text("b_uuid"),
            named => named,
        };
        named.slice(named.len().min(1)..)
    }
}

fn put(pairs: &mut Pairs, name: &'static str, value: Bytes) {
    if !value.is_empty() {
        pairs.extend([Bytes::from_static(name.as_bytes()), value]);
    }
}

fn number(number: u64) -> Bytes {
    number.to_string().into()
}
