//! Files that modules read, whatever is in them: rules and addresses of permissions, databases of
//! geoip2. No panic, and what starts once starts again.
#![no_main]

use libfuzzer_sys::fuzz_target;
use policy::{
    CoreParams, Counters, Init, Installed, Logger, ParamValue, Record, Services, Sink, States,
    Stores, Surroundings, World,
};
use std::sync::Arc;

/// Module and the parameter that names its file.
const FILES: [(&str, &str); 3] = [
    ("permissions", "default_allow_file"),
    ("permissions", "address_file"),
    ("geoip2", "path"),
];

fuzz_target!(|octets: &[u8]| {
    for (module, parameter) in FILES {
        let starts = || starts_with(module, parameter, octets);
        assert_eq!(starts(), starts());
    }
});

fn starts_with(module: &str, parameter: &str, octets: &[u8]) -> bool {
    let entry = modules::ALL.iter().find(|entry| entry.name == module);
    let mut module = (entry.expect("a module").load)();
    let value = ParamValue::Text("file".into());
    module.set_param(parameter, &value).expect("a parameter");
    let (states, octets) = (States::default(), octets.to_vec());
    states.set_surroundings(Surroundings {
        read_file: Some(Arc::new(move |_| Ok(octets.clone()))),
        ..Surroundings::default()
    });
    let (core, counters) = (CoreParams::default(), Counters::default());
    let world = World {
        counters: &counters,
        states: &states,
        stores: &Nothing,
    };
    let mut services = Services::default();
    let mut installed = Installed {
        surroundings: states.surroundings(),
        ..Installed::default()
    };
    let logger = Logger::new(0, Arc::new(Nothing));
    let mut init = Init::new(&core, logger, [0; 32], world, &mut services, &mut installed);
    let is_made = module.init(&mut init).is_ok();
    for task in std::mem::take(&mut *installed.start.lock()) {
        task.run(Box::new(|_| {}));
    }
    is_made
}

/// No database, and nobody who reads the log.
struct Nothing;

impl Stores for Nothing {
    fn open(&self, _: &str) -> Result<Arc<dyn store::Store>, String> {
        Err("there is none".to_owned())
    }
}

impl Sink for Nothing {
    fn write(&self, _: Record) {}
}
