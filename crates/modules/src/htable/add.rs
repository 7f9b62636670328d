//! `sht_add()`: a sum that is right over all servers that share a table.

use super::Htable;
use super::held::Held;
use super::sharing::decode;
use super::table::Table;
use bytes::Bytes;
use policy::shared::Change;
use policy::{Answer, Context, Effect, Int, Outcome, Text, Var};
use script::Value;
use std::sync::Arc;

/// The sum is this server's alone.
const HERE: i32 = 2;

impl Htable {
    pub(super) fn add(
        &self,
        context: &mut Context,
        name: &Text,
        key: &Text,
        number: &Int,
        result: &Option<Var>,
    ) -> Outcome {
        let name = name.get(context);
        let Some(table) = self.table(context, &name) else {
            return Outcome::FALSE;
        };
        let (key, by) = (key.get(context), number.get_or_0(context));
        let result = result.clone();
        match table.value(&key, context.now.unix_s()) {
            Value::Int(_) if table.share().is_some() => {
                add_in_redis(context, table, key, by, result)
            }
            _ => add_here(context, &table, &key, by, result.as_ref(), 1),
        }
    }
}

fn add_here(
    context: &mut Context,
    table: &Table,
    key: &[u8],
    by: i64,
    result: Option<&Var>,
    code: i32,
) -> Outcome {
    let sum = table.add(key, by, context.now.unix_s());
    let is_number = sum != Value::Null;
    if let Some(result) = result {
        result.set(context, sum);
    }
    Outcome::Code(if is_number { code } else { -1 })
}

fn add_in_redis(
    context: &mut Context,
    table: Arc<Table>,
    key: Bytes,
    by: i64,
    result: Option<Var>,
) -> Outcome {
    let Some(share) = table.share() else {
        return Outcome::FALSE;
    };
    let now_s = context.now.unix_s();
    let (replica, place) = share.place(&key);
    let replica = replica.clone();
    let add = Change::Add {
        by,
        first: table.first(),
        life: table.usual_life(now_s),
    };
    let (commands, added) = replica.add_now(place, add, now_s);
    let keys = replica.keys();
    Outcome::ask_then(Effect::Keys { keys, commands }, move |context, answer| {
        let said = match answer {
            Answer::Keys(Ok(said)) => Some(said),
            _ => None,
        };
        let item = replica.added(added, said);
        let Some(Held::Int(sum)) = item.map(|item| decode(&item.value)) else {
            // It is sent with the next exchange, and counts here at once.
            let sum = table.add_unshared(&key, by, context.now.unix_s());
            if let Some(result) = &result {
                result.set(context, sum);
            }
            return Outcome::Code(HERE);
        };
        if let Some(result) = &result {
            result.set(context, Value::Int(sum));
        }
        Outcome::TRUE
    })
}
