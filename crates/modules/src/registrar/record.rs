//! What a looked-up record leaves in XAVPs: `xavp_rcd`, and usrloc's `xavp_contact`.

use super::params::Params;
use bytes::Bytes;
use policy::{Binding, Context, XavpValue, Xavps};
use script::Value;

/// Leaves the details of a record in the XAVP that `xavp_rcd` names.
pub(super) fn leave(context: &mut Context, params: &Params, binding: &Binding) {
    let Some(name) = params.xavp_rcd.clone() else {
        return;
    };
    let now_s = context.now.unix_s();
    let left_s = i64::try_from(binding.expires_s().saturating_sub(now_s)).unwrap_or(i64::MAX);
    let text = |part: &[u8]| Value::Str(binding.share(part));
    let values = [
        (1, &b"ruid"[..], Some(text(binding.ruid()))),
        (2, b"contact", Some(text(binding.contact()))),
        (4, b"expires", Some(Value::Int(left_s))),
        (8, b"received", binding.received().map(text)),
        (16, b"path", binding.path().map(text)),
    ];
    let mut fields = Xavps::default();
    for (bit, field, value) in values {
        if let Some(value) = value.filter(|_| params.xavp_rcd_mask & bit == 0) {
            fields.add(Bytes::from_static(field), XavpValue::Plain(value));
        }
    }
    context.vars.xavps.add(name, XavpValue::Fields(fields));
}

/// Restores the fields that were kept with a contact.
pub(super) fn restore(context: &mut Context, name: Option<&Bytes>, binding: &Binding) {
    if let (Some(name), Some(fields)) = (name, binding.attributes()) {
        context
            .vars
            .xavps
            .add(name.clone(), XavpValue::Fields(fields.clone()));
    }
}
