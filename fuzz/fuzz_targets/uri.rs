#![no_main]
//! Two URIs from any octets, parsed and compared.

use libfuzzer_sys::fuzz_target;
use sip::Uri;
use sip::uri::equivalent;

fuzz_target!(|data: &[u8]| {
    let middle = data.iter().position(|&byte| byte == b'\n').unwrap_or(data.len());
    let (first, second) = (&data[..middle], data.get(middle + 1..).unwrap_or_default());
    let Ok(a) = Uri::parse(first) else { return };
    let _ = (a.user_unescaped(), a.host_addr(), a.params.count());
    assert!(!a.raw.iter().any(|byte| matches!(byte, b'\r' | b'\n' | 0 | b' ')));
    assert!(equivalent(&a, &a));
    if let Ok(b) = Uri::parse(second) {
        assert_eq!(equivalent(&a, &b), equivalent(&b, &a));
    }
});
