//! Keys that everybody knows.

use crate::testing::problems;

fn refused(settings: &str) -> bool {
    let script = format!(
        "loadmodule \"topos.so\"\nmodparam(\"topos\", \"storage\", \"memory\")\n{settings}\nrequest_route {{ exit; }}"
    );
    problems(&script).contains("must be a secret")
}

#[test]
fn what_is_printed_masks_no_call_ids() {
    let with = |key: &str, masks: u8| {
        refused(&format!(
            "modparam(\"topos\", \"mask_key\", \"{key}\")\nmodparam(\"topos\", \"mask_callid\", {masks})"
        ))
    };
    for key in ["_static_value_", "random", "my secret here"] {
        assert!(with(key, 1) && !with(key, 0), "{key}");
    }
    assert!(!with("a secret of one's own", 1));
    assert!(!refused("modparam(\"topos\", \"mask_callid\", 1)"));
}
