//! Counters of the script, and commands that read every counter of the server.

mod rpc;

use policy::{
    Argument, Context, Counter, Counters, Declaration, Entry, Init, Int, Module, Prepare, Problem,
    Routes, Written, problem,
};

pub(crate) const ENTRY: Entry = Entry::of::<ScriptCounters>();

struct ScriptCounters {
    group: String,
    /// Those that were declared, by group and name.
    own: Vec<(String, String, Counter)>,
    all: Counters,
}

struct Params {
    declarations: Vec<Counted>,
    group: String,
}

impl Default for Params {
    fn default() -> Params {
        Params {
            declarations: Vec::new(),
            group: "script".to_owned(),
        }
    }
}

impl Module for ScriptCounters {
    const NAME: &'static str = "counters";
    type Params = Params;

    fn declare(d: &mut Declaration<ScriptCounters>) {
        d.doc("Counters of the script, and commands that read every counter of the server.");
        d.try_param(
            "script_counter",
            "Declares a counter, `[group.]name[ description]`; may be given many times.",
            |p: &mut Params, text: String| {
                p.declarations
                    .push(Counted::parse(&text).ok_or("expected [group.]name[ description]")?);
                Ok(())
            },
        );
        d.param(
            "script_cnt_grp_name",
            "The group of counters declared without one, default `script`.",
            |p: &mut Params, v| {
                p.group = v;
            },
        );
        d.function(
            "cnt_inc(counter)",
            "Adds one to a declared counter.",
            Routes::ANY,
            inc,
        );
        d.function(
            "cnt_add(counter, number)",
            "Adds a number to a declared counter.",
            Routes::ANY,
            add,
        );
        d.function(
            "cnt_reset(counter)",
            "Sets a declared counter to 0.",
            Routes::ANY,
            reset,
        );
        rpc::declare(d);
    }

    fn init(params: Params, init: &mut Init<'_>) -> Result<ScriptCounters, Problem> {
        let mut own = Vec::with_capacity(params.declarations.len());
        for counted in params.declarations {
            let group = counted.group.unwrap_or_else(|| params.group.clone());
            let counter = init.counter_in(&group, &counted.name, &counted.doc);
            own.push((group, counted.name, counter));
        }
        Ok(ScriptCounters {
            group: params.group,
            own,
            all: init.counters(),
        })
    }
}

/// A declared counter.
struct Counted {
    group: Option<String>,
    name: String,
    doc: String,
}

impl Counted {
    fn parse(text: &str) -> Option<Counted> {
        let end = text.find([' ', ':']).unwrap_or(text.len());
        let (name, doc) = text.split_at(end);
        let doc = doc.get(1..).unwrap_or_default().trim();
        let doc = if doc.is_empty() {
            "custom script counter"
        } else {
            doc
        }
        .to_owned();
        let (group, name) = match name.split_once('.') {
            Some((group, name)) => (Some(group.to_owned()), name.to_owned()),
            None => (None, name.to_owned()),
        };
        (!name.is_empty()).then_some(Counted { group, name, doc })
    }
}

/// The name of a counter as a function names it.
struct CounterName(String);

impl Argument for CounterName {
    fn prepare(written: Option<&Written>, _: &mut Prepare<'_>) -> Result<CounterName, Problem> {
        let source = written.map(Written::source).unwrap_or_default();
        let name = String::from_utf8(source.to_vec())
            .ok()
            .filter(|name| !name.is_empty() && !name.contains('$'));
        name.map(CounterName)
            .ok_or_else(|| problem("expected the name of a counter, [group.]name"))
    }
}

fn inc(module: &ScriptCounters, context: &mut Context, name: &CounterName) -> bool {
    change(module, context, name, Counter::inc)
}

fn add(module: &ScriptCounters, context: &mut Context, name: &CounterName, number: &Int) -> bool {
    let number = number.get_or_0(context);
    change(module, context, name, |counter| counter.add(number))
}

fn reset(module: &ScriptCounters, context: &mut Context, name: &CounterName) -> bool {
    change(module, context, name, |counter| counter.set(0))
}

fn change(
    module: &ScriptCounters,
    context: &mut Context,
    name: &CounterName,
    apply: impl FnOnce(&Counter),
) -> bool {
    let (group, name) = name.0.split_once('.').unwrap_or((&module.group, &name.0));
    let found = module
        .own
        .iter()
        .find(|(own_group, own, _)| own_group == group && own == name);
    if found.is_none() {
        context.log(policy::Level::Err, "counters", || {
            format!("unknown counter {group}.{name}")
        });
    }
    found.map(|(_, _, counter)| apply(counter)).is_some()
}

#[cfg(test)]
mod tests {
    use crate::testing::Bench;
    use serde_json::json;

    const SCRIPT: &str = "loadmodule \"counters\"\nmodparam(\"counters\", \"script_counter\", \"reqs requests seen\")\n\
        modparam(\"counters\", \"script_counter\", \"grp.c2\")\n\
        request_route { cnt_inc(\"reqs\"); rc(); cnt_add(\"grp.c2\", \"5\"); rc(); cnt_inc(\"script.reqs\"); cnt_add(\"grp.c2\", -2); cnt_inc(\"nope\"); rc(); }";

    #[test]
    fn counters_count() {
        let bench = Bench::new(SCRIPT);
        assert_eq!(bench.run("OPTIONS sip:b@x SIP/2.0\n\n").codes, [1, 1, -1]);
        assert_eq!(
            bench.rpc("cnt.get", json!(["script", "reqs"])),
            Ok(json!(2))
        );
        assert_eq!(
            bench.rpc("cnt.grp_get_all", json!(["grp"])),
            Ok(json!({ "c2": 3 }))
        );
        assert_eq!(
            bench.rpc("cnt.help", json!(["script", "reqs"])),
            Ok(json!("requests seen"))
        );
        assert_eq!(
            bench.rpc("cnt.help", json!(["grp", "c2"])),
            Ok(json!("custom script counter"))
        );
        assert_eq!(bench.rpc("cnt.var_list", json!(["grp"])), Ok(json!(["c2"])));
        assert_eq!(
            bench.rpc("cnt.reset", json!(["grp", "c2"])),
            Ok(json!("ok"))
        );
        assert_eq!(bench.rpc("cnt.get", json!(["grp", "c2"])), Ok(json!(0)));
        assert!(bench.rpc("cnt.get", json!(["grp", "nope"])).is_err());
        assert_eq!(
            bench.rpc("cnt.list_groups", json!([])),
            Ok(json!(["grp", "script"]))
        );
    }

    #[test]
    fn reset_is_a_function_too() {
        let bench = Bench::new(&SCRIPT.replace("cnt_inc(\"nope\")", "cnt_reset(\"reqs\")"));
        bench.run("OPTIONS sip:b@x SIP/2.0\n\n");
        assert_eq!(
            bench.rpc("cnt.get", json!(["script", "reqs"])),
            Ok(json!(0))
        );
    }
}
