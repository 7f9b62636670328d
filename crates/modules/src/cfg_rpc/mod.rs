//! Reading and changing settings (`group.name = value`) while the server runs.

use parking_lot::Mutex;
use policy::{
    Declaration, Entry, Globals, Init, Logger, Module, Problem, RpcError, RpcRequest, RpcResult,
};
use script::Value;
use serde_json::{Map, Value as Json, json};
use std::sync::Arc;

pub(crate) const ENTRY: Entry = Entry::of::<CfgRpc>();

struct CfgRpc {
    globals: Arc<Globals>,
    logger: Logger,
    /// The values of the file, for `cfg.reset`.
    first: Vec<(Setting, Value)>,
    /// Changes that wait for `cfg.commit`.
    prepared: Mutex<Vec<(Setting, Value)>>,
}

/// Group and name.
type Setting = (String, String);

/// Changes that may wait; further ones are refused.
const MOST_PREPARED: usize = 1000;

impl Module for CfgRpc {
    const NAME: &'static str = "cfg_rpc";
    type Params = ();

    fn declare(d: &mut Declaration<CfgRpc>) {
        d.doc("Reads and changes settings while the server runs.");
        d.rpc(
            "cfg.list [group]",
            "Lists the settings, `group: name`.",
            CfgRpc::list,
        );
        d.rpc(
            "cfg.get group [name]",
            "The value of a setting, or all of a group.",
            CfgRpc::get,
        );
        d.rpc(
            "cfg.help group name",
            "What a setting is for, and its type.",
            CfgRpc::help,
        );
        for name in [
            "cfg.set group name value",
            "cfg.seti group name value",
            "cfg.set_now_int group name value",
        ] {
            d.rpc(name, "Changes a setting at once.", CfgRpc::set);
        }
        for name in [
            "cfg.sets group name value",
            "cfg.set_now_string group name value",
        ] {
            d.rpc(
                name,
                "Changes a setting at once; the value is a text.",
                CfgRpc::set,
            );
        }
        for name in [
            "cfg.set_delayed group name value",
            "cfg.set_delayed_int group name value",
            "cfg.set_delayed_string group name value",
        ] {
            d.rpc(
                name,
                "Prepares a change that cfg.commit makes.",
                CfgRpc::prepare,
            );
        }
        d.rpc("cfg.commit", "Makes all prepared changes.", CfgRpc::commit);
        d.rpc(
            "cfg.rollback",
            "Forgets all prepared changes.",
            CfgRpc::rollback,
        );
        d.rpc("cfg.diff", "Lists the prepared changes.", CfgRpc::diff);
        d.rpc(
            "cfg.reset group",
            "Gives a group the values of the file again.",
            CfgRpc::reset,
        );
        d.deviation("cfg.help gives the description of the file before the type; Kamailio 5.6.3 only the type.");
        d.deviation("A text that is no number is refused for a number; Kamailio makes it 0.");
        d.deviation("core has only debug, and no other module has settings here.");
    }

    fn init((): (), init: &mut Init<'_>) -> Result<CfgRpc, Problem> {
        let globals = init.globals();
        let mut first = Vec::new();
        globals.each(|group, name, _, value| {
            first.push(((group.to_owned(), name.to_owned()), value.clone()));
        });
        Ok(CfgRpc {
            globals,
            logger: init.logger.clone(),
            first,
            prepared: Mutex::default(),
        })
    }
}

impl CfgRpc {
    fn list(&self, request: &RpcRequest) -> RpcResult {
        let wanted = request.text(0).ok();
        let mut names = Vec::new();
        self.each(|group, name, _, _| {
            if wanted.as_deref().is_none_or(|wanted| wanted == group) {
                names.push(json!(format!("{group}: {name}")));
            }
        });
        Ok(Json::Array(names))
    }

    fn get(&self, request: &RpcRequest) -> RpcResult {
        let group = group_of(request)?;
        if request.has(1) {
            let value = self.value(&group, &request.text(1)?);
            return value
                .map(|value| shown(&value))
                .ok_or_else(|| RpcError::invalid("Failed to get the variable"));
        }
        let mut values = Map::new();
        self.each(|own, name, _, value| {
            if own == group {
                values.insert(name.to_owned(), shown(value));
            }
        });
        Ok(Json::Object(values))
    }

    fn help(&self, request: &RpcRequest) -> RpcResult {
        let (group, name) = (group_of(request)?, request.text(1)?);
        let mut found = None;
        self.each(|own_group, own_name, doc, value| {
            if own_group == group && own_name == name {
                let kind = if matches!(value, Value::Int(_)) {
                    "integer"
                } else {
                    "string"
                };
                found = Some(
                    format!("{doc} (parameter type is {kind})")
                        .trim_start()
                        .to_owned(),
                );
            }
        });
        found
            .map(Json::from)
            .ok_or_else(|| RpcError::invalid("Failed to get the variable description"))
    }

    fn set(&self, request: &RpcRequest) -> RpcResult {
        let (setting, value) = self.change(request)?;
        self.store(&setting, value);
        Ok(Json::Null)
    }

    fn prepare(&self, request: &RpcRequest) -> RpcResult {
        let change = self.change(request)?;
        let mut prepared = self.prepared.lock();
        if prepared.len() >= MOST_PREPARED {
            return Err(RpcError::internal("too many prepared changes"));
        }
        prepared.push(change);
        Ok(Json::Null)
    }

    fn commit(&self, _: &RpcRequest) -> RpcResult {
        let prepared = std::mem::take(&mut *self.prepared.lock());
        for (setting, value) in prepared {
            self.store(&setting, value);
        }
        Ok(Json::Null)
    }

    fn rollback(&self, _: &RpcRequest) -> RpcResult {
        self.prepared.lock().clear();
        Ok(Json::Null)
    }

    fn diff(&self, _: &RpcRequest) -> RpcResult {
        let prepared = self.prepared.lock();
        let lines = prepared.iter().map(|((group, name), value)| {
            json!({
                "group name": group,
                "variable name": name,
                "old value": self.value(group, name).as_ref().map(shown),
                "new value": shown(value),
            })
        });
        let mut lines: Vec<Json> = lines.collect();
        // A single one stands alone, as Kamailio answers.
        Ok(match lines.len() {
            0 => Json::Null,
            1 => lines.remove(0),
            _ => Json::Array(lines),
        })
    }

    fn reset(&self, request: &RpcRequest) -> RpcResult {
        let group = group_of(request)?;
        let of_group = self.first.iter().filter(|((own, _), _)| *own == group);
        let mut any = false;
        for (setting, value) in of_group {
            self.store(setting, value.clone());
            any = true;
        }
        if any {
            Ok(Json::Null)
        } else {
            Err(RpcError::invalid("Group not found"))
        }
    }

    /// The setting and its new value, in the setting's own type.
    fn change(&self, request: &RpcRequest) -> Result<(Setting, Value), RpcError> {
        let (group, name) = (group_of(request)?, request.text(1)?);
        let refused = || RpcError::invalid("Failed to set the variable");
        let present = self.value(&group, &name).ok_or_else(refused)?;
        let value = match present {
            Value::Int(_) => Value::Int(request.int(2).map_err(|_| refused())?),
            _ => Value::Str(request.text(2)?.into()),
        };
        Ok(((group, name), value))
    }

    /// Settings of the file, and those of the core that can change.
    fn value(&self, group: &str, name: &str) -> Option<Value> {
        if (group, name) == DEBUG {
            return Some(Value::Int(self.logger.level().into()));
        }
        self.globals.value(group, name)
    }

    fn store(&self, (group, name): &Setting, value: Value) {
        match value {
            Value::Int(level) if (group.as_str(), name.as_str()) == DEBUG => {
                let level = level.clamp(-5, 9);
                self.logger
                    .set_level(i32::try_from(level).unwrap_or_default());
            }
            value => {
                self.globals.set(group, name, value);
            }
        }
    }

    fn each(&self, mut visit: impl FnMut(&str, &str, &str, &Value)) {
        self.globals.each(&mut visit);
        visit(
            DEBUG.0,
            DEBUG.1,
            "Log level",
            &Value::Int(self.logger.level().into()),
        );
    }
}

/// The log level, the setting of the core that operators change.
const DEBUG: (&str, &str) = ("core", "debug");

fn group_of(request: &RpcRequest) -> Result<String, RpcError> {
    if !request.has(0) {
        return Err(RpcError::internal("Failed to get the parameters"));
    }
    request.text(0)
}

fn shown(value: &Value) -> Json {
    match value {
        Value::Int(number) => json!(number),
        Value::Str(text) => json!(String::from_utf8_lossy(text)),
        Value::Null => Json::Null,
    }
}

#[cfg(test)]
mod tests;
