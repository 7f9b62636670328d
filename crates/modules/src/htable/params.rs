//! The parameters.

use super::Htable;
use super::database::Columns;
use super::definition::Definition;
use policy::{Declaration, Problem};

pub(crate) struct Params {
    pub(super) definitions: Vec<Definition>,
    pub(super) db_url: Option<String>,
    /// Key, type of the key, type of the value, value, end.
    columns: [String; 5],
    pub(super) array_size_suffix: String,
    pub(super) timer_interval_s: u32,
    pub(super) db_expires: bool,
    /// The server, as module `ndb_redis` names it, through which tables are shared.
    pub(super) redis: Option<String>,
    /// Somebody else is named to hear of events, so that event routes do not.
    pub(super) silences_events: bool,
}

impl Default for Params {
    fn default() -> Params {
        let columns = ["key_name", "key_type", "value_type", "key_value", "expires"];
        Params {
            definitions: Vec::new(),
            db_url: None,
            columns: columns.map(str::to_owned),
            array_size_suffix: "::size".to_owned(),
            timer_interval_s: 20,
            db_expires: false,
            redis: None,
            silences_events: false,
        }
    }
}

impl Params {
    pub(super) fn columns(&self) -> Result<Columns, Problem> {
        Columns::new(self.columns.each_ref().map(String::as_str))
    }
}

pub(super) fn declare(d: &mut Declaration<Htable>) {
    d.try_param(
        "htable",
        "A table, name=>size=8;autoexpire=300; and so on; may be given again for further tables.",
        |p, text: String| {
            p.definitions.push(Definition::parse(&text)?);
            Ok(())
        },
    );
    d.param(
        "db_url",
        "The database that tables are read from.",
        |p, url| {
            p.db_url = Some(url);
        },
    );
    declare_columns(d);
    d.param(
        "array_size_suffix",
        "The end of the key that holds the size of an array, default ::size.",
        |p, suffix| p.array_size_suffix = suffix,
    );
    d.param(
        "fetch_rows",
        "Accepted; means nothing here because the rows of a table arrive in one answer.",
        |_, _: i64| {},
    );
    d.try_param(
        "timer_interval",
        "Seconds between two looks for what has expired, default 20.",
        |p, seconds: i64| {
            let seconds = u32::try_from(seconds).ok().filter(|seconds| *seconds > 0);
            p.timer_interval_s = seconds.ok_or("expected seconds, at least 1")?;
            Ok(())
        },
    );
    d.param(
        "db_expires",
        "1: the ends of items are read and written too, for tables with autoexpire; default 0.",
        |p, on| p.db_expires = on,
    );
    d.param(
        "redis",
        "The name of a server of module ndb_redis, through which servers share tables.",
        |p, name| p.redis = Some(name),
    );
    declare_without_meaning(d);
}

fn declare_columns(d: &mut Declaration<Htable>) {
    d.param(
        "key_name_column",
        "The column of keys, default key_name.",
        |p, name| {
            p.columns[0] = name;
        },
    );
    d.param(
        "key_type_column",
        "The column that says 1 for the key of an array, default key_type.",
        |p, name| p.columns[1] = name,
    );
    d.param(
        "value_type_column",
        "The column that says 1 for a number, default value_type.",
        |p, name| p.columns[2] = name,
    );
    d.param(
        "key_value_column",
        "The column of values, default key_value.",
        |p, name| {
            p.columns[3] = name;
        },
    );
    d.param(
        "expires_column",
        "The column of ends in Unix seconds, default expires.",
        |p, name| p.columns[4] = name,
    );
}

fn declare_without_meaning(d: &mut Declaration<Htable>) {
    d.callback("event_callback", |p, is_set| p.silences_events = is_set);
    d.param(
        "timer_procs",
        "Accepted; means nothing here because timers have a thread of their own.",
        |_, _: i64| {},
    );
    d.param(
        "event_callback_mode",
        "Accepted; means nothing here because databases can be used in htable:mod-init in any case.",
        |_, _: i64| {},
    );
    for name in ["enable_dmq", "dmq_init_sync"] {
        d.try_param(
            name,
            "0 only: tables are shared through Redis, see parameter redis.",
            |_, on: bool| match on {
                true => Err(
                    "tables are shared through Redis: name it in the parameter redis".to_owned(),
                ),
                false => Ok(()),
            },
        );
    }
}
