//! What servers are asked to do.

/// One kind of work.
#[derive(Debug)]
pub(crate) struct Workload {
    /// Its name on the command line.
    pub(crate) name: &'static str,
    /// The file below `cfg/`.
    pub(crate) cfg: &'static str,
    /// Names that are defined for it (`-A NAME`).
    pub(crate) defines: &'static [&'static str],
    pub(crate) load: Load,
    /// Operations a second.
    pub(crate) rate: u64,
    /// Operations in one run.
    pub(crate) operations: u64,
    /// What bare sockets do in its place.
    pub(crate) floor: Floor,
}

/// Who sends.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Load {
    /// SIPp with a scenario below `sipp/`; an operation is one of its calls.
    Sipp {
        caller: &'static str,
        callee: Option<&'static str>,
    },
    /// INVITEs from one address, and a good client beside; an operation is a packet offered.
    Flood,
}

/// What bare sockets do with the datagrams of a workload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Floor {
    /// Every request is answered with 200.
    Answer,
    /// Every request without credentials is answered with 401, others with 200.
    Challenge,
    /// An INVITE is answered with 100; everything goes on to the other side.
    Relay,
    /// OPTIONS are answered, everything else is received and dropped.
    Swallow,
}

impl Floor {
    /// All of them by their names on the command line.
    pub(crate) const NAMES: [(&'static str, Floor); 4] = [
        ("answer", Floor::Answer),
        ("challenge", Floor::Challenge),
        ("relay", Floor::Relay),
        ("swallow", Floor::Swallow),
    ];

    /// Its name on the command line.
    pub(crate) fn name(self) -> &'static str {
        let found = Floor::NAMES.iter().find(|(_, one)| *one == self);
        found.map_or("", |(name, _)| name)
    }
}

const CALL: Workload = Workload {
    name: "call",
    cfg: "proxy.cfg",
    defines: &[],
    load: Load::Sipp {
        caller: "caller.xml",
        callee: Some("callee.xml"),
    },
    rate: 500,
    operations: 10_000,
    floor: Floor::Relay,
};

/// Every workload, in the order in which they run.
pub(crate) const ALL: &[Workload] = &[
    Workload {
        name: "options",
        cfg: "proxy.cfg",
        defines: &[],
        load: Load::Sipp {
            caller: "options.xml",
            callee: None,
        },
        rate: 2_000,
        operations: 40_000,
        floor: Floor::Answer,
    },
    CALL,
    Workload {
        name: "call-topoh",
        defines: &["WITH_TOPOH"],
        ..CALL
    },
    Workload {
        name: "call-dialog",
        defines: &["WITH_DIALOG"],
        ..CALL
    },
    Workload {
        name: "call-acc",
        defines: &["WITH_ACC"],
        ..CALL
    },
    Workload {
        name: "register",
        cfg: "registrar.cfg",
        defines: &[],
        load: Load::Sipp {
            caller: "register.xml",
            callee: None,
        },
        rate: 1_000,
        operations: 20_000,
        floor: Floor::Challenge,
    },
    Workload {
        name: "flood",
        cfg: "flood.cfg",
        defines: &[],
        load: Load::Flood,
        rate: 40_000,
        operations: 400_000,
        floor: Floor::Swallow,
    },
];

/// The workload of that name.
pub(crate) fn find(name: &str) -> Option<&'static Workload> {
    ALL.iter().find(|one| one.name == name)
}
