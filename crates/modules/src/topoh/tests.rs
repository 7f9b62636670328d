//! Keys that everybody knows.

use crate::testing::problems;

fn refused(settings: &str) -> bool {
    let script = format!("loadmodule \"topoh.so\"\n{settings}\nrequest_route {{ exit; }}");
    problems(&script).contains("must be a secret")
}

#[test]
fn what_is_printed_seals_nothing() {
    let with = |key: &str, mode: &str| {
        refused(&format!(
            "modparam(\"topoh\", \"mask_key\", \"{key}\")\nmodparam(\"topoh\", \"mask_mode\", \"{mode}\")"
        ))
    };
    for key in [
        "_static_value_",
        "some secret here",
        "my secret here",
        "YouDoHaveToChangeThisKey",
        "my-random-key",
    ] {
        assert!(with(key, "sealed"), "{key}");
        assert!(!with(key, "kamailio"), "{key}");
    }
    assert!(refused("modparam(\"topoh\", \"mask_mode\", \"sealed\")"));
    assert!(!with("random", "sealed") && !with("a secret of one's own", "sealed"));
}
