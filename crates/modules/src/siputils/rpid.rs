//! Remote-Party-ID from an AVP.

use super::SipUtils;
use super::numbers::e164;
use bytes::Bytes;
use policy::{Context, Declaration, Routes, Text};
use sip::{NameAddr, Uri};

pub(super) fn declare(d: &mut Declaration<SipUtils>) {
    d.function(
        "append_rpid_hf([prefix], [suffix])",
        "Adds Remote-Party-ID with the URI of rpid_avp between prefix and suffix; -1 where the AVP is unset.",
        Routes::REQUESTS,
        append_rpid_hf,
    );
    d.function(
        "is_rpid_user_e164()",
        "1 where the URI of rpid_avp has + and 2 to 15 digits for its user part.",
        Routes::REQUESTS,
        is_rpid_user_e164,
    );
}

fn append_rpid_hf(
    module: &SipUtils,
    context: &mut Context,
    prefix: &Option<Text>,
    suffix: &Option<Text>,
) -> bool {
    let Some(uri) = rpid(module, context) else {
        return false;
    };
    let prefix = prefix.as_ref().map_or_else(
        || module.params.rpid_prefix.clone(),
        |text| text.get(context),
    );
    let suffix = suffix.as_ref().map_or_else(
        || module.params.rpid_suffix.clone(),
        |text| text.get(context),
    );
    let line = [b"Remote-Party-ID: ", &prefix[..], &uri, &suffix, b"\r\n"].concat();
    context.edits.append_header(&context.message, line);
    true
}

fn is_rpid_user_e164(module: &SipUtils, context: &mut Context) -> bool {
    let Some(text) = rpid(module, context) else {
        return false;
    };
    let uri = NameAddr::parse(&text).map_or(&text[..], |address| address.uri);
    Uri::parse(uri).is_ok_and(|uri| uri.user.is_some_and(e164))
}

fn rpid(module: &SipUtils, context: &Context) -> Option<Bytes> {
    let value = context
        .vars
        .avps
        .value(&module.params.rpid_avp, 0)?
        .to_text();
    (!value.is_empty()).then_some(value)
}

#[cfg(test)]
mod tests {
    use crate::testing::Bench;
    use policy::AvpName;
    use script::Value;

    #[test]
    fn without_the_avp_nothing_is_added() {
        let script = "loadmodule \"siputils\"\nrequest_route { append_rpid_hf(); rc(); is_rpid_user_e164(); rc(); }";
        let ran = crate::testing::run(script, "OPTIONS sip:x SIP/2.0\n\n");
        assert_eq!(ran.codes, [-1, -1]);
    }

    #[test]
    fn the_avp_becomes_a_header() {
        let bench = Bench::new(
            "loadmodule \"siputils\"\nrequest_route { append_rpid_hf(); rc(); is_rpid_user_e164(); rc(); append_rpid_hf(\"<\", \">;x\"); }",
        );
        let mut context = bench.context("OPTIONS sip:x SIP/2.0\n\n");
        context.vars.avps.add(
            AvpName::Text("rpid".into()),
            Value::Str("sip:+123@x".into()),
        );
        let ran = bench.run_in(context);
        assert_eq!(ran.codes, [1, 1]);
        let lines = "Remote-Party-ID: sip:+123@x;party=calling;id-type=subscriber;screen=yes\r\nRemote-Party-ID: <sip:+123@x>;x\r\n";
        assert!(ran.sent.contains(lines), "{}", ran.sent);
    }
}
