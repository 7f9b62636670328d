//! `dbg_pv_dump()`: variables as JSON.

use super::Debugger;
use policy::{AvpName, Context, Declaration, Int, Level, Literal, Routes, XavpValue, Xavps};
use script::Value;
use serde_json::{Map, Value as Json, json};

/// AVPs, in the mask.
const AVPS: i64 = 2;
/// XAVPs, in the mask.
const XAVPS: i64 = 8;

pub(super) fn declare(d: &mut Declaration<Debugger>) {
    d.function(
        "dbg_pv_dump([mask], [level])",
        "Logs variables as JSON: 2 AVPs, 8 XAVPs, a sum, default 31; level by name, default L_DBG.",
        Routes::ANY,
        pv_dump,
    );
}

fn pv_dump(
    _: &Debugger,
    context: &mut Context,
    mask: &Option<Int>,
    level: &Option<Literal>,
) -> bool {
    let mask = mask.as_ref().map_or(31, |mask| mask.get_or_0(context));
    let level = level_of(level.as_ref(), Level::Dbg);
    let mut dump = Map::new();
    if mask & AVPS != 0 {
        avps(context, &mut dump);
    }
    if mask & XAVPS != 0 {
        for (name, values) in grouped(&context.vars.xavps) {
            dump.insert(format!("$xavp({name})"), values);
        }
    }
    context.log_all(level, "debugger", || Json::Object(dump).to_string());
    true
}

/// The level a name means.
pub(super) fn level_of(name: Option<&Literal>, default: Level) -> Level {
    let name = name.and_then(|name| std::str::from_utf8(&name.0).ok());
    name.and_then(Level::parse).unwrap_or(default)
}

fn avps(context: &Context, dump: &mut Map<String, Json>) {
    for (name, value) in context.vars.avps.iter() {
        let name = match name {
            AvpName::Text(name) => format!("$avp({})", String::from_utf8_lossy(name)),
            AvpName::Number(number) => format!("$avp(i:{number})"),
        };
        if let Json::Array(values) = dump.entry(name).or_insert_with(|| json!([])) {
            values.push(plain(value));
        }
    }
}

fn grouped(xavps: &Xavps) -> Map<String, Json> {
    let mut all = Map::new();
    for (name, value) in xavps.iter() {
        let name = String::from_utf8_lossy(name).into_owned();
        let value = match value {
            XavpValue::Plain(value) => plain(value),
            XavpValue::Fields(fields) => Json::Object(grouped(fields)),
        };
        if let Json::Array(values) = all.entry(name).or_insert_with(|| json!([])) {
            values.push(value);
        }
    }
    all
}

fn plain(value: &Value) -> Json {
    match value {
        Value::Null => Json::Null,
        Value::Int(number) => json!(number),
        Value::Str(text) => json!(String::from_utf8_lossy(text)),
    }
}
