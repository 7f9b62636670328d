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
    /// What bare sockets do in its place, where they can.
    pub(crate) floor: Option<Floor>,
    /// What has to be there before the server starts.
    pub(crate) needs: &'static [Need],
}

/// What a configuration speaks of besides ports.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Need {
    /// An SQLite file with Kamailio's tables, `{folder}/db`, and a thousand subscribers in it.
    Database,
    /// A certificate and its key, `{folder}/cert.pem` and `{folder}/key.pem`.
    Certificate,
    /// A Redis server at `{redis}`, empty and without a file.
    Redis,
}

/// Who sends.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Load {
    /// SIPp with a scenario below `sipp/`; an operation is one of its calls.
    Sipp {
        caller: &'static str,
        callee: Callee,
        wire: Wire,
    },
    /// INVITEs from one address, and a good client beside; an operation is a packet offered.
    Flood,
    /// TLS connections that are opened, used once and held; an operation is a connection.
    Held,
    /// TLS connections that are opened, used once and closed; an operation is a connection.
    Handshakes,
}

/// Who is called.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Callee {
    Nobody,
    /// SIPp with a scenario below `sipp/`.
    Sipp(&'static str),
    /// Ten phones, of which the first answers.
    Phones,
}

/// What SIPp sends over.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Wire {
    Udp,
    /// One connection for all calls.
    Tcp,
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
        callee: Callee::Sipp("callee.xml"),
        wire: Wire::Udp,
    },
    rate: 500,
    operations: 10_000,
    floor: Some(Floor::Relay),
    needs: &[],
};

const REGISTER: Workload = Workload {
    name: "register",
    cfg: "registrar.cfg",
    load: alone("register.xml"),
    rate: 1_000,
    operations: 20_000,
    floor: Some(Floor::Challenge),
    ..CALL
};

const HELD: Workload = Workload {
    name: "tls-held",
    cfg: "tls.cfg",
    load: Load::Held,
    rate: 400,
    operations: 2_000,
    floor: None,
    needs: &[Need::Certificate],
    ..CALL
};

/// A scenario in which nobody but the server answers.
const fn alone(caller: &'static str) -> Load {
    Load::Sipp {
        caller,
        callee: Callee::Nobody,
        wire: Wire::Udp,
    }
}

/// Calls over one connection.
const fn over_tcp() -> Load {
    Load::Sipp {
        caller: "caller.xml",
        callee: Callee::Sipp("callee.xml"),
        wire: Wire::Tcp,
    }
}

/// Every workload, in the order in which they run.
pub(crate) const ALL: &[Workload] = &[
    Workload {
        name: "options",
        load: alone("options.xml"),
        rate: 2_000,
        operations: 40_000,
        floor: Some(Floor::Answer),
        ..CALL
    },
    CALL,
    Workload {
        name: "call-topoh",
        defines: &["WITH_TOPOH"],
        ..CALL
    },
    Workload {
        name: "call-topos",
        defines: &["WITH_TOPOS"],
        needs: &[Need::Redis],
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
        name: "call-tcp",
        defines: &["WITH_TCP"],
        load: over_tcp(),
        floor: None,
        ..CALL
    },
    Workload {
        name: "call-busy",
        defines: &["WITH_BUSY"],
        floor: None,
        ..CALL
    },
    Workload {
        name: "call-busy-tcp",
        defines: &["WITH_BUSY", "WITH_TCP"],
        load: over_tcp(),
        floor: None,
        ..CALL
    },
    Workload {
        name: "fork",
        cfg: "fork.cfg",
        load: Load::Sipp {
            caller: "caller.xml",
            callee: Callee::Phones,
            wire: Wire::Udp,
        },
        rate: 100,
        operations: 2_000,
        floor: None,
        ..CALL
    },
    REGISTER,
    Workload {
        name: "register-db",
        defines: &["WITH_DB"],
        needs: &[Need::Database],
        ..REGISTER
    },
    Workload {
        name: "stock",
        cfg: "stock.cfg",
        load: Load::Sipp {
            caller: "stock.xml",
            callee: Callee::Sipp("callee.xml"),
            wire: Wire::Udp,
        },
        rate: 200,
        operations: 4_000,
        floor: None,
        needs: &[Need::Database],
        ..CALL
    },
    Workload {
        name: "long",
        cfg: "long.cfg",
        ..CALL
    },
    Workload {
        name: "flood",
        cfg: "flood.cfg",
        load: Load::Flood,
        rate: 40_000,
        operations: 400_000,
        floor: Some(Floor::Swallow),
        ..CALL
    },
    HELD,
    Workload {
        name: "tls-handshakes",
        load: Load::Handshakes,
        rate: 200,
        operations: 4_000,
        ..HELD
    },
];

/// What `bench scale` configures its server with; the loads of the others do not fit it.
pub(crate) const SCALE: Workload = Workload {
    cfg: "scale.cfg",
    ..HELD
};

/// The workload of that name.
pub(crate) fn find(name: &str) -> Option<&'static Workload> {
    ALL.iter().find(|one| one.name == name)
}
