//! What stands in parameters that declare something, tables and pipes: no panic, and what is taken
//! once is taken again.
#![no_main]

use bytes::Bytes;
use libfuzzer_sys::fuzz_target;
use policy::{Loaded, ParamValue};

/// Module and parameter.
const DECLARATIONS: [(&str, &str); 3] =
    [("htable", "htable"), ("ratelimit", "pipe"), ("ratelimit", "queue")];

fuzz_target!(|text: &[u8]| {
    for (module, name) in DECLARATIONS {
        let value = ParamValue::Text(Bytes::copy_from_slice(text));
        let taken = load(module).is_some_and(|mut module| module.set_param(name, &value).is_ok());
        let again = load(module).is_some_and(|mut module| module.set_param(name, &value).is_ok());
        assert_eq!(taken, again);
        if taken {
            assert!(std::str::from_utf8(text).is_ok());
        }
    }
});

fn load(name: &str) -> Option<Box<dyn Loaded>> {
    let entry = modules::ALL.iter().find(|entry| entry.name == name)?;
    Some((entry.load)())
}
