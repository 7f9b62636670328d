#![no_main]
//! Header values from any octets: addresses, Via, lists, parameters.

use libfuzzer_sys::fuzz_target;
use sip::{CSeq, NameAddr, Params, Via, split_values};

fuzz_target!(|data: &[u8]| {
    if let Ok(address) = NameAddr::parse(data) {
        assert_eq!(address.span.of(data), address.raw);
        assert!(!address.uri.is_empty());
        let _ = (address.tag(), address.parse_uri(), address.display_unquoted());
    }
    if let Ok(via) = Via::parse(data) {
        assert_eq!(via.span.of(data), via.raw);
        let _ = (via.host_addr(), via.received_addr(), via.has_cookie());
    }
    for value in split_values(data) {
        let _ = (NameAddr::parse(value), Via::parse(value), CSeq::parse(value));
    }
    for param in Params::new(data) {
        assert!(!param.raw.is_empty() && param.unquoted().len() <= param.raw.len());
    }
});
