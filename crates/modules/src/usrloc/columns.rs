//! A binding as a row of Kamailio's `location` table (version 9), and back.

use bytes::Bytes;
use policy::{Binding, ConnectionId, Declaration, Q, Registration};
use std::sync::Arc;
use store::{Cell, Name, Row, Rows, name};

/// The names of the columns, and how times are stored.
#[derive(Clone, Debug)]
pub(super) struct Columns {
    pub(super) user: Name,
    pub(super) domain: Name,
    contact: Name,
    pub(super) expires: Name,
    q: Name,
    callid: Name,
    cseq: Name,
    methods: Name,
    flags: Name,
    cflags: Name,
    user_agent: Name,
    received: Name,
    socket: Name,
    path: Name,
    pub(super) ruid: Name,
    instance: Name,
    reg_id: Name,
    pub(super) server_id: Name,
    connection_id: Name,
    keepalive: Name,
    partition: Name,
    last_modified: Name,
    /// `expires_type`: times are plain numbers.
    numbers: bool,
}

impl Default for Columns {
    fn default() -> Columns {
        Columns {
            user: name!("username"),
            domain: name!("domain"),
            contact: name!("contact"),
            expires: name!("expires"),
            q: name!("q"),
            callid: name!("callid"),
            cseq: name!("cseq"),
            methods: name!("methods"),
            flags: name!("flags"),
            cflags: name!("cflags"),
            user_agent: name!("user_agent"),
            received: name!("received"),
            socket: name!("socket"),
            path: name!("path"),
            ruid: name!("ruid"),
            instance: name!("instance"),
            reg_id: name!("reg_id"),
            server_id: name!("server_id"),
            connection_id: name!("connection_id"),
            keepalive: name!("keepalive"),
            partition: name!("partition"),
            last_modified: name!("last_modified"),
            numbers: false,
        }
    }
}

/// Declares `user_column` and its kin.
pub(super) fn declare(d: &mut Declaration<super::Usrloc>) {
    macro_rules! columns {
        ($($param:literal $field:ident),* $(,)?) => {$(
            d.param(
                $param,
                concat!("Name of the column; default ", stringify!($field), "."),
                |p, name| p.columns.$field = name,
            );
        )*};
    }
    d.param(
        "user_column",
        "Name of the column; default username.",
        |p, name| p.columns.user = name,
    );
    columns!(
        "domain_column" domain, "contact_column" contact, "expires_column" expires, "q_column" q,
        "callid_column" callid, "cseq_column" cseq, "methods_column" methods, "flags_column" flags,
        "cflags_column" cflags, "user_agent_column" user_agent, "received_column" received,
        "socket_column" socket, "path_column" path, "ruid_column" ruid, "instance_column" instance,
        "reg_id_column" reg_id, "server_id_column" server_id, "connection_id_column" connection_id,
        "keepalive_column" keepalive, "partition_column" partition, "last_modified_column" last_modified,
    );
    d.param(
        "expires_type",
        "1: times are whole numbers instead of dates; default 0.",
        |p, on| p.columns.numbers = on,
    );
}

impl Columns {
    /// The row of a binding.
    pub(super) fn row(
        &self,
        aor: &[u8],
        binding: &Binding,
        use_domain: bool,
        nat_mask: u32,
    ) -> Row {
        let (user, domain) = split(aor, use_domain);
        let is_natted = binding.branch_flags() & nat_mask != 0;
        let connection = binding
            .connection()
            .and_then(|id| i64::try_from(id.0).ok())
            .unwrap_or(-1);
        let methods = if binding.methods() == u32::MAX {
            Cell::Null
        } else {
            binding.methods().into()
        };
        vec![
            (self.ruid.clone(), Cell::text(binding.ruid())),
            (self.user.clone(), Cell::text(user)),
            (
                self.domain.clone(),
                domain.map(Bytes::copy_from_slice).into(),
            ),
            (self.contact.clone(), Cell::text(binding.contact())),
            (self.received.clone(), optional(binding.received())),
            (self.path.clone(), optional(binding.path())),
            (self.expires.clone(), self.time(binding.expires_s())),
            (self.q.clone(), Cell::Real(real_q(binding.q()))),
            (self.callid.clone(), Cell::text(binding.call_id())),
            (self.cseq.clone(), binding.cseq().into()),
            (self.last_modified.clone(), self.time(binding.modified_s())),
            (self.flags.clone(), binding.flags().into()),
            (self.cflags.clone(), binding.branch_flags().into()),
            (self.user_agent.clone(), Cell::text(binding.user_agent())),
            (
                self.socket.clone(),
                optional(Some(binding.socket()).filter(|socket| !socket.is_empty())),
            ),
            (self.methods.clone(), methods),
            (self.instance.clone(), optional(binding.instance())),
            (self.reg_id.clone(), binding.reg_id().into()),
            (self.server_id.clone(), binding.server_id().into()),
            (self.connection_id.clone(), connection.into()),
            (self.keepalive.clone(), i64::from(is_natted).into()),
            (self.partition.clone(), Cell::Int(0)),
        ]
    }

    /// A point in time as this table stores it.
    pub(super) fn time(&self, unix_s: u64) -> Cell {
        let unix_s = i64::try_from(unix_s).unwrap_or(i64::MAX);
        if self.numbers {
            Cell::Int(unix_s)
        } else {
            Cell::Time(unix_s)
        }
    }

    /// The address-of-record and binding of a row; none where it has no user, contact or ruid.
    pub(super) fn read(
        &self,
        rows: &Rows,
        index: usize,
        read: &Reading<'_>,
    ) -> Option<(Bytes, Arc<Binding>)> {
        let cell = |name: &Name| rows.cell(index, name);
        let text = |name: &Name| cell(name).and_then(Cell::as_bytes).unwrap_or_default();
        let whole = |name: &Name| cell(name).and_then(Cell::as_int).unwrap_or_default();
        let bits = |name: &Name| whole(name) as u32;
        let connection = u64::try_from(whole(&self.connection_id))
            .ok()
            .filter(|_| read.keeps_connections);
        if text(&self.contact).is_empty() || text(&self.ruid).is_empty() {
            return None;
        }
        let binding = Binding::new(Registration {
            contact: text(&self.contact),
            received: text(&self.received),
            path: text(&self.path),
            call_id: text(&self.callid),
            instance: text(&self.instance),
            ruid: text(&self.ruid),
            user_agent: (read.shared_text)(text(&self.user_agent)),
            socket: (read.shared_text)(text(&self.socket)),
            expires_s: u64::try_from(whole(&self.expires)).unwrap_or(0),
            modified_s: u64::try_from(whole(&self.last_modified)).unwrap_or(0),
            q: stored_q(cell(&self.q)),
            cseq: bits(&self.cseq),
            flags: bits(&self.flags),
            branch_flags: bits(&self.cflags),
            methods: cell(&self.methods)
                .and_then(Cell::as_int)
                .map_or(u32::MAX, |mask| mask as u32),
            reg_id: bits(&self.reg_id),
            server_id: i32::try_from(whole(&self.server_id)).unwrap_or(0),
            connection: connection.map(ConnectionId),
            attributes: None,
        });
        binding.set_state(policy::BindingState::Synced);
        Some((
            joined(text(&self.user), text(&self.domain), read.use_domain),
            Arc::new(binding),
        ))
    }
}

/// How rows are read.
pub(super) struct Reading<'a> {
    pub(super) use_domain: bool,
    /// After a start no connection of before is there any more.
    pub(super) keeps_connections: bool,
    pub(super) shared_text: &'a dyn Fn(&[u8]) -> Arc<[u8]>,
}

/// User and domain of an address-of-record: the domain follows the last `@`.
pub(super) fn split(aor: &[u8], use_domain: bool) -> (&[u8], Option<&[u8]>) {
    let at = aor
        .iter()
        .rposition(|byte| *byte == b'@')
        .filter(|_| use_domain);
    match at.and_then(|at| aor.split_at_checked(at)) {
        Some((user, domain)) => (user, domain.get(1..)),
        None => (aor, None),
    }
}

fn joined(user: &[u8], domain: &[u8], use_domain: bool) -> Bytes {
    if !use_domain {
        return Bytes::copy_from_slice(user);
    }
    let text = if user.is_empty() {
        domain.to_vec()
    } else {
        [user, b"@", domain].concat()
    };
    Bytes::from(text)
}

fn optional(text: Option<&[u8]>) -> Cell {
    text.map_or(Cell::Null, Cell::text)
}

fn real_q(q: Q) -> f64 {
    if q == Q::UNSET {
        -1.0
    } else {
        f64::from(q.0) / 1000.0
    }
}

fn stored_q(cell: Option<&Cell>) -> Q {
    let number = cell.and_then(Cell::as_real).unwrap_or(-1.0);
    if (0.0..=1.0).contains(&number) {
        Q((number * 1000.0).round() as i16)
    } else {
        Q::UNSET
    }
}
