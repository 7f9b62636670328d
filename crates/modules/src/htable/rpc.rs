//! The commands `htable.*`. Codes and messages are those of Kamailio 5.6.3.

use super::Htable;
use super::held::Held;
use super::items::{LOADED, Listed};
use super::table::Table;
use policy::{Declaration, RpcError, RpcRequest, RpcResult};
use serde_json::{Value as Json, json};
use std::sync::Arc;
use time::macros::format_description;
use time::{OffsetDateTime, UtcOffset};

pub(super) fn declare(d: &mut Declaration<Htable>) {
    d.rpc("htable.get table key", "The item of a key.", get);
    d.rpc("htable.delete table key", "Removes a key.", delete);
    d.rpc(
        "htable.sets table key value",
        "Sets a key to a text.",
        set_text,
    );
    d.rpc(
        "htable.seti table key value",
        "Sets a key to a number.",
        set_number,
    );
    d.rpc(
        "htable.setex table key seconds",
        "Gives a key seconds to live.",
        set_expire,
    );
    d.rpc(
        "htable.setxs table key value seconds",
        "Sets a key to a text, with seconds to live.",
        set_text_for,
    );
    d.rpc(
        "htable.setxi table key value seconds",
        "Sets a key to a number, with seconds to live.",
        set_number_for,
    );
    d.rpc("htable.dump table", "Every item, slot by slot.", dump);
    d.waiting_rpc(
        "htable.reload table",
        "Reads a table from the database again.",
        reload,
    );
    d.waiting_rpc(
        "htable.store table",
        "Writes a table to the database.",
        store,
    );
    d.rpc("htable.flush table", "Removes every item.", flush);
    d.rpc("htable.listTables", "What tables there are.", list);
    d.rpc("htable.stats", "How full tables are.", stats);
}

/// Table and key of a command.
fn place(
    module: &Htable,
    request: &RpcRequest,
    few: &str,
) -> Result<(Arc<Table>, String), RpcError> {
    let few = || RpcError::internal(few);
    let (name, key) = (request.text(0), request.text(1));
    let (name, key) = (name.map_err(|_| few())?, key.map_err(|_| few())?);
    Ok((table(module, &name)?, key))
}

fn table(module: &Htable, name: &str) -> Result<Arc<Table>, RpcError> {
    let table = module.tables.by_name(name.as_bytes()).cloned();
    table.ok_or_else(|| RpcError::internal("No such htable"))
}

fn get(module: &Htable, request: &RpcRequest) -> RpcResult {
    let few = "Not enough parameters (htable name and key name)";
    let (table, key) = place(module, request, few)?;
    let item = table.items.item(key.as_bytes(), request.now_s);
    let item = item.ok_or_else(|| RpcError::internal("Key name doesn't exist in htable."))?;
    let until_s = match item.until_s {
        LOADED => request.now_s.saturating_add(table.definition.autoexpire_s),
        until_s => until_s,
    };
    let flags = if item.value.text().is_some() { 2 } else { 0 };
    let expire = if until_s == 0 {
        "NEVER".to_owned()
    } else {
        module.date(until_s)
    };
    let value = shown(&item.value);
    Ok(json!({ "item": { "name": key, "value": value, "flags": flags, "expire": expire } }))
}

fn delete(module: &Htable, request: &RpcRequest) -> RpcResult {
    let few = "Not enough parameters (htable name and key name)";
    let (table, key) = place(module, request, few)?;
    if table.remove(key.as_bytes()) {
        Ok(json!("Ok. Key deleted."))
    } else {
        Err(RpcError::not_found("Key not found in htable."))
    }
}

fn set_text(module: &Htable, request: &RpcRequest) -> RpcResult {
    set(module, request, text_value(request)?, None)
}

fn set_number(module: &Htable, request: &RpcRequest) -> RpcResult {
    set(module, request, number_value(request)?, None)
}

fn set_text_for(module: &Htable, request: &RpcRequest) -> RpcResult {
    set(
        module,
        request,
        text_value(request)?,
        Some(seconds(request, 3)?),
    )
}

fn set_number_for(module: &Htable, request: &RpcRequest) -> RpcResult {
    set(
        module,
        request,
        number_value(request)?,
        Some(seconds(request, 3)?),
    )
}

fn set(module: &Htable, request: &RpcRequest, value: Held, expires_s: Option<i64>) -> RpcResult {
    let (table, key) = place(module, request, FEW)?;
    let (key, now_s) = (key.as_bytes(), request.now_s);
    let done = match expires_s {
        None => table.assign(key, value.value(), now_s),
        Some(expires_s) => table.set_for(key, value, expires_s, now_s),
    };
    if done {
        Ok(json!("Ok. Key set to new value."))
    } else {
        Err(RpcError::internal("Failed to set the item"))
    }
}

const FEW: &str = "Not enough parameters (htable name, key name and value)";

fn text_value(request: &RpcRequest) -> Result<Held, RpcError> {
    let text = request.text(2).map_err(|_| RpcError::internal(FEW))?;
    Ok(Held::Text(text.into_bytes().into()))
}

fn number_value(request: &RpcRequest) -> Result<Held, RpcError> {
    let number = request.int(2).map_err(|_| RpcError::internal(FEW))?;
    Ok(Held::Int(number))
}

fn seconds(request: &RpcRequest, index: usize) -> Result<i64, RpcError> {
    let few = "Not enough parameters (htable name, key name, value and expire)";
    request.int(index).map_err(|_| RpcError::internal(few))
}

fn set_expire(module: &Htable, request: &RpcRequest) -> RpcResult {
    let few = "Not enough parameters (htable name, key name and expire)";
    let (table, key) = place(module, request, few)?;
    let seconds = request.int(2).map_err(|_| RpcError::internal(few))?;
    table.expire_in(key.as_bytes(), seconds, request.now_s);
    Ok(json!("Ok"))
}

fn dump(module: &Htable, request: &RpcRequest) -> RpcResult {
    let name = request
        .text(0)
        .map_err(|_| RpcError::internal("No htable name given"))?;
    let table = table(module, &name)?;
    let slots = table
        .slots(request.now_s)
        .filter(|(_, items)| !items.is_empty());
    let entries = slots.map(|(entry, items)| {
        let slot: Vec<Json> = items.iter().map(listed).collect();
        json!({ "entry": entry, "size": slot.len(), "slot": slot })
    });
    Ok(Json::Array(entries.collect()))
}

fn listed(item: &Listed) -> Json {
    let kind = if item.value.text().is_some() {
        "str"
    } else {
        "int"
    };
    json!({ "name": String::from_utf8_lossy(&item.key), "value": shown(&item.value), "type": kind })
}

fn shown(value: &Held) -> Json {
    match value {
        Held::Int(number) => json!(number),
        Held::Text(text) => json!(String::from_utf8_lossy(text)),
    }
}

fn reload(module: &Htable, request: &RpcRequest) -> RpcResult {
    let (source, table) = in_database(module, request)?;
    let failed = |_| RpcError::internal("Htable reload failed");
    let Some(select) = source.select(&table) else {
        return Err(RpcError::internal("No db table name"));
    };
    let rows = store::wait(source.store.as_ref(), select)
        .map_err(failed)?
        .into_rows();
    table.remove_where(|_, _| true);
    source.fill(&table, &rows, request.now_s);
    Ok(json!("Ok. Htable reloaded."))
}

fn store(module: &Htable, request: &RpcRequest) -> RpcResult {
    let (source, table) = in_database(module, request)?;
    if table.definition.is_read_only {
        return Err(RpcError::internal("Htable is only read from DB"));
    }
    let failed = |_| RpcError::internal("Saving htable failed");
    for operation in source.writes(&table, request.now_s).unwrap_or_default() {
        store::wait(source.store.as_ref(), operation).map_err(failed)?;
    }
    Ok(json!("Ok. Htable successfully stored to DB."))
}

fn in_database(
    module: &Htable,
    request: &RpcRequest,
) -> Result<(super::database::Source, Arc<Table>), RpcError> {
    let source = module.source.clone();
    let source = source.ok_or_else(|| RpcError::internal("No htable db_url"))?;
    let name = request
        .text(0)
        .map_err(|_| RpcError::internal("No htable name given"))?;
    Ok((source, table(module, &name)?))
}

fn flush(module: &Htable, request: &RpcRequest) -> RpcResult {
    let name = request
        .text(0)
        .map_err(|_| RpcError::internal("No htable name given"))?;
    table(module, &name)?.remove_where(|_, _| true);
    Ok(json!("Ok. Htable flushed."))
}

fn list(module: &Htable, _: &RpcRequest) -> RpcResult {
    let tables = module.tables.each().map(|table| {
        let definition = &table.definition;
        let dbtable = definition.dbtable.as_ref().map_or("", |name| name.as_str());
        json!({
            "name": definition.name,
            "dbtable": dbtable,
            "dbmode": i32::from(definition.dbmode),
            "expire": definition.autoexpire_s,
            "updateexpire": i32::from(definition.updateexpire),
            "size": definition.slots(),
            "dmqreplicate": i32::from(table.share().is_some()),
        })
    });
    Ok(Json::Array(tables.collect()))
}

fn stats(module: &Htable, _: &RpcRequest) -> RpcResult {
    let tables = module.tables.each().map(|table| {
        let sizes: Vec<usize> = table.items.sizes().collect();
        json!({
            "name": table.definition.name,
            "slots": sizes.len(),
            "all": sizes.iter().sum::<usize>(),
            "min": sizes.iter().min(),
            "max": sizes.iter().max(),
            "bytes": table.items.bytes(),
        })
    });
    Ok(Json::Array(tables.collect()))
}

impl Htable {
    /// Local time.
    fn date(&self, unix_s: u64) -> String {
        let offset = UtcOffset::from_whole_seconds(self.surroundings.offset_s(unix_s));
        let seconds = i64::try_from(unix_s).unwrap_or(i64::MAX);
        let at = OffsetDateTime::from_unix_timestamp(seconds).unwrap_or(OffsetDateTime::UNIX_EPOCH);
        let at = at.to_offset(offset.unwrap_or(UtcOffset::UTC));
        let format = format_description!("[year]-[month]-[day] [hour]:[minute]:[second]");
        at.format(&format).unwrap_or_default()
    }
}
