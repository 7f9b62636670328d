//! The commands `ul.*`: what is there, add, remove, write out.
//!
//! Codes, messages and the shape of answers are those of Kamailio 5.6.3. Where only the database
//! knows (`db_mode` 3, `ul.db_*`) a command waits for it, and no script can run it.

use super::Usrloc;
use super::params::DbMode;
use super::show::{contacts, text};
use super::table::{Table, aor_hash};
use bytes::Bytes;
use policy::{
    Binding, Bindings, Change, Changes, Declaration, Q, Registration, RpcError, RpcRequest,
    RpcResult,
};
use serde_json::{Value as Json, json};
use smallvec::smallvec;
use std::collections::HashSet;
use std::sync::Arc;
use store::{Filter, Op, Operation, Rows, Select, Write};

/// Call-ID and User-Agent of contacts that `ul.add` makes.
const ADDED_BY: (&str, &str) = ("ul.add@ringwall", "Ringwall RPC");

/// Declares every command.
pub(super) fn declare(d: &mut Declaration<Usrloc>) {
    d.rpc(
        "ul.dump [brief]",
        "Every contact in memory; with brief the addresses-of-record only.",
        dump,
    );
    d.rpc_waiting_where(
        is_in_database,
        "ul.lookup table aor",
        "The contacts of an address-of-record.",
        lookup,
    );
    d.rpc_waiting_where(
        is_in_database,
        "ul.rm table aor",
        "Removes an address-of-record with its contacts.",
        remove,
    );
    d.rpc_waiting_where(
        is_in_database,
        "ul.rm_contact table aor contact",
        "Removes one contact, given by its URI.",
        remove_contact,
    );
    d.rpc_waiting_where(
        is_in_database,
        "ul.add table aor contact expires q path flags cflags methods [received] [socket]",
        "Adds a contact or puts it in place of the one with the same URI; 0 or . stands for nothing.",
        add,
    );
    d.rpc(
        "ul.flush",
        "Writes to the database what it does not know yet.",
        flush,
    );
    d.waiting_rpc(
        "ul.db_users table",
        "How many addresses-of-record have contacts in the database.",
        database_users,
    );
    d.waiting_rpc(
        "ul.db_contacts table",
        "How many contacts in the database are valid.",
        database_contacts,
    );
    d.waiting_rpc(
        "ul.db_expired_contacts table",
        "How many contacts in the database are expired.",
        database_expired,
    );
}

fn is_in_database(module: &Usrloc) -> bool {
    module.keeper.mode() == DbMode::DatabaseOnly
}

fn dump(module: &Usrloc, request: &RpcRequest) -> RpcResult {
    let is_brief = request.text(0).is_ok_and(|word| word == "brief");
    let domain = |table: &Arc<Table>| {
        let records = (0..table.slots()).flat_map(|index| table.records(index));
        let aors: Vec<Json> = records
            .map(|(aor, bindings)| record(&aor, &bindings, is_brief, request.now_s))
            .collect();
        let sizes: Vec<usize> = table.slot_sizes().collect();
        json!({ "Domain": {
            "Domain": text(&table.name),
            "Size": table.slots(),
            "AoRs": aors,
            "Stats": { "Records": sizes.iter().sum::<usize>(), "Max-Slots": sizes.iter().max() },
        }})
    };
    let domains: Vec<Json> = module.keeper.tables.all().iter().map(domain).collect();
    Ok(json!({ "Domains": domains }))
}

fn record(aor: &[u8], bindings: &Bindings, is_brief: bool, now_s: u64) -> Json {
    if is_brief {
        return json!({ "AoR": text(aor) });
    }
    json!({ "Info": { "AoR": text(aor), "HashID": aor_hash(aor), "Contacts": contacts(bindings, now_s) } })
}

fn lookup(module: &Usrloc, request: &RpcRequest) -> RpcResult {
    let missing = || RpcError::internal("Not enough parameters (table and AOR to lookup)");
    let (table, aor) = place(module, request).map_err(|error| error.unwrap_or_else(missing))?;
    let bindings = module.present(&table, &aor)?;
    if bindings.is_empty() {
        return Err(RpcError::internal("AOR not found in location table"));
    }
    Ok(json!({ "AoR": text(&aor), "Contacts": contacts(&bindings, request.now_s) }))
}

fn remove(module: &Usrloc, request: &RpcRequest) -> RpcResult {
    let (table, aor) = place(module, request).map_err(|error| error.unwrap_or_else(few))?;
    module.change(&table, &aor, |bindings| {
        bindings.iter().cloned().map(Change::Remove).collect()
    })?;
    Ok(json!({}))
}

fn remove_contact(module: &Usrloc, request: &RpcRequest) -> RpcResult {
    let (table, aor) = place(module, request).map_err(|error| error.unwrap_or_else(few))?;
    let contact = request.text(2).map_err(|_| few())?;
    if module.present(&table, &aor)?.is_empty() {
        return Err(RpcError::not_found("AOR not found"));
    }
    let is_it = |binding: &&Arc<Binding>| binding.contact() == contact.as_bytes();
    let changes = module.change(&table, &aor, |bindings| {
        bindings
            .iter()
            .filter(is_it)
            .cloned()
            .map(Change::Remove)
            .collect()
    })?;
    if changes == 0 {
        Err(RpcError::not_found("Contact not found"))
    } else {
        Ok(json!({}))
    }
}

fn add(module: &Usrloc, request: &RpcRequest) -> RpcResult {
    let wrong = || RpcError::internal("Not enough parameters or wrong format");
    let (table, aor) = place(module, request).map_err(|error| error.unwrap_or_else(wrong))?;
    let number = |index| {
        request
            .int(index)
            .ok()
            .and_then(|n| u32::try_from(n).ok())
            .ok_or_else(wrong)
    };
    let word = |index| request.text(index).map_err(|_| wrong());
    let optional = |index| {
        word(index)
            .ok()
            .filter(|text| text != "." && text != "0")
            .unwrap_or_default()
    };
    let q = request
        .params
        .get(4)
        .and_then(number_of)
        .filter(|q| (-1.0..=1.0).contains(q))
        .ok_or_else(wrong)?;
    let (contact, path, received, socket) = (word(2)?, optional(5), optional(9), optional(10));
    let (expires, flags, branch_flags, methods) = (number(3)?, number(6)?, number(7)?, number(8)?);
    word(5)?;
    let tables = &module.keeper.tables;
    let ruid = tables.new_ruid();
    let registration = Registration {
        contact: contact.as_bytes(),
        received: received.as_bytes(),
        path: path.as_bytes(),
        call_id: ADDED_BY.0.as_bytes(),
        instance: b"",
        ruid: &ruid,
        user_agent: tables.shared_text(ADDED_BY.1.as_bytes()),
        socket: tables.shared_text(socket.as_bytes()),
        expires_s: if expires == 0 {
            0
        } else {
            request.now_s + u64::from(expires)
        },
        modified_s: request.now_s,
        q: if q < 0.0 {
            Q::UNSET
        } else {
            Q((q * 1000.0).round() as i16)
        },
        cseq: 1,
        flags,
        branch_flags,
        methods,
        ..Registration::default()
    };
    module.change(&table, &aor, |bindings| {
        match bindings
            .iter()
            .find(|binding| binding.contact() == contact.as_bytes())
        {
            Some(old) => {
                smallvec![Change::Update(Arc::new(Binding::new(Registration {
                    ruid: old.ruid(),
                    ..registration
                })))]
            }
            None => smallvec![Change::Insert(Arc::new(Binding::new(registration)))],
        }
    })?;
    Ok(json!({}))
}

fn flush(module: &Usrloc, _: &RpcRequest) -> RpcResult {
    super::timer::flush_all(&module.keeper, |_| {});
    Ok(json!({}))
}

fn database_users(module: &Usrloc, request: &RpcRequest) -> RpcResult {
    let rows = module.rows(request, Op::Gt, "Failed to query AoR count")?;
    let users: HashSet<Vec<&[u8]>, ahash::RandomState> = rows
        .rows
        .iter()
        .map(|row| {
            row.iter()
                .map(|cell| cell.as_bytes().unwrap_or_default())
                .collect()
        })
        .fold(
            HashSet::with_hasher(module.keeper.tables.hasher().clone()),
            |mut users, user| {
                users.insert(user);
                users
            },
        );
    Ok(json!(users.len()))
}

fn database_contacts(module: &Usrloc, request: &RpcRequest) -> RpcResult {
    module
        .rows(request, Op::Gt, "Failed to query contact count")
        .map(|rows| json!(rows.len()))
}

fn database_expired(module: &Usrloc, request: &RpcRequest) -> RpcResult {
    module
        .rows(request, Op::Lt, "Failed to query contact count")
        .map(|rows| json!(rows.len()))
}

/// Table and address-of-record of a command; an error of none where they are missing.
fn place(module: &Usrloc, request: &RpcRequest) -> Result<(Arc<Table>, Bytes), Option<RpcError>> {
    let (name, aor) = (
        request.text(0).map_err(|_| None)?,
        request.text(1).map_err(|_| None)?,
    );
    let table = module.keeper.tables.find(name.as_bytes());
    let table = table.ok_or_else(|| Some(RpcError::internal("Domain table not found")))?;
    if !module.keeper.settings.rules.use_domain {
        let user = aor.split('@').next().unwrap_or_default();
        return Ok((table, Bytes::copy_from_slice(user.as_bytes())));
    }
    match aor.rsplit_once('@') {
        Some((user, domain)) => Ok((
            table,
            Bytes::from(format!("{user}@{}", domain.to_ascii_lowercase())),
        )),
        None => Err(Some(RpcError::internal("Domain missing in AOR"))),
    }
}

fn few() -> RpcError {
    RpcError::internal("Not enough parameters or wrong format")
}

fn number_of(value: &Json) -> Option<f64> {
    value.as_f64().or_else(|| {
        value
            .as_str()?
            .strip_prefix("f:")
            .or(value.as_str())?
            .parse()
            .ok()
    })
}

impl Usrloc {
    /// The bindings of an address-of-record, from the database where only it knows.
    fn present(&self, table: &Arc<Table>, aor: &[u8]) -> Result<Bindings, RpcError> {
        if !is_in_database(self) {
            return Ok(table.bindings(aor));
        }
        let handle = self.handle(table);
        let select = Select::from(table.sql_name.clone()).filter(handle.of_aor(aor));
        let rows = self.wait(select.into())?.into_rows();
        let bindings = self
            .keeper
            .read_rows(&rows)
            .into_iter()
            .map(|(_, binding)| binding)
            .collect();
        Ok(super::table::sorted(
            bindings,
            self.keeper.settings.desc_time_order,
        ))
    }

    /// Changes bindings and answers how many. In memory modes the timer tells the database.
    fn change(
        &self,
        table: &Arc<Table>,
        aor: &[u8],
        decide: impl FnOnce(&[Arc<Binding>]) -> Changes,
    ) -> Result<usize, RpcError> {
        if is_in_database(self) {
            let changes = decide(&self.present(table, aor)?);
            let writes: Vec<Write> = changes
                .iter()
                .map(|change| self.keeper.write(table, aor, change))
                .collect();
            let count = writes.len();
            return if count == 0 {
                Ok(0)
            } else {
                self.wait(Operation::Batch(writes)).map(|_| count)
            };
        }
        let changed = table.change(aor, self.keeper.settings.desc_time_order, decide);
        if self.keeper.mode().writes() {
            table.delete_later(aor, super::handle::stored_removals(&changed.changes));
        }
        Ok(changed.changes.len())
    }

    /// User and domain of each row whose `expires` compares with now like that.
    fn rows(&self, request: &RpcRequest, op: Op, failed: &'static str) -> Result<Rows, RpcError> {
        if !self.keeper.mode().has_database() {
            return Err(RpcError::internal("Command is not supported in db_mode=0"));
        }
        let name = request
            .text(0)
            .map_err(|_| RpcError::internal("Not enough parameters (table to lookup)"))?;
        let table = self
            .keeper
            .tables
            .find(name.as_bytes())
            .ok_or_else(|| RpcError::internal(failed))?;
        let columns = &self.keeper.settings.columns;
        let filter = Filter::all().and(columns.expires.clone(), op, columns.time(request.now_s));
        let filter = match op {
            Op::Lt => filter.and(columns.expires.clone(), Op::Gt, columns.time(0)),
            _ => filter,
        };
        let select = Select::from(table.sql_name.clone()).filter(filter);
        let select = select.columns([columns.user.clone(), columns.domain.clone()]);
        self.wait(select.into())
            .map(store::Outcome::into_rows)
            .map_err(|_| RpcError::internal(failed))
    }

    fn wait(&self, operation: Operation) -> Result<store::Outcome, RpcError> {
        let store = self
            .keeper
            .settings
            .store
            .as_ref()
            .ok_or_else(|| RpcError::internal("No database"))?;
        store::wait(store.as_ref(), operation)
            .map_err(|error| RpcError::internal(error.to_string()))
    }

    fn handle(&self, table: &Arc<Table>) -> super::handle::Handle {
        super::handle::Handle {
            table: table.clone(),
            keeper: self.keeper.clone(),
        }
    }
}
