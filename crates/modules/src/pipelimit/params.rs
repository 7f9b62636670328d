//! The parameters.

use super::Pipelimit;
use super::database::{Columns, Source};
use super::pipes::Pipes;
use policy::{Declaration, Globals, Init, Module, Problem, Untold};
use script::Value;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use store::schema;

/// The parameters.
pub(crate) struct Params {
    db_url: Option<String>,
    columns: Columns,
    pub(super) timer_interval_s: u32,
    pub(super) load_fetch: bool,
    reply_code: i64,
    reply_reason: String,
    clean_unused: i64,
}

impl Default for Params {
    fn default() -> Params {
        Params {
            db_url: None,
            columns: Columns::default(),
            timer_interval_s: 10,
            load_fetch: true,
            reply_code: 503,
            reply_reason: "Server Unavailable".to_owned(),
            clean_unused: 0,
        }
    }
}

impl Params {
    /// Has pipes read, where there is a database. A reload finds them as they are.
    pub(super) fn load_at_start(
        &self,
        pipes: &Arc<Pipes>,
        init: &mut Init<'_>,
    ) -> Result<(), Problem> {
        let Some(url) = self.db_url.as_ref().filter(|url| !url.is_empty()) else {
            return Ok(());
        };
        let source = Source::new(init.store(url)?, &self.columns, init.logger.clone())?;
        init.expect_table(url, source.table(), &schema::PL_PIPES, Untold::Refused)?;
        let loaded = init.state("loaded", || AtomicBool::new(false));
        if loaded.swap(true, Ordering::AcqRel) {
            return Ok(());
        }
        let pipes = pipes.clone();
        init.on_database(url, move |done| source.clone().load(pipes.clone(), done));
        Ok(())
    }

    /// What commands may change while the server runs.
    pub(super) fn declare_settings(&self, globals: &Globals) {
        let group = Pipelimit::NAME;
        let reason = Value::Str(self.reply_reason.clone().into());
        let code = Value::Int(self.reply_code);
        globals.declare(group, "reply_code", code, "Status code of pl_drop()");
        globals.declare(group, "reply_reason", reason, "Reason phrase of pl_drop()");
        let clean = Value::Int(self.clean_unused);
        globals.declare(
            group,
            "clean_unused",
            clean,
            "Intervals after which an unused pipe goes",
        );
    }
}

pub(super) fn declare(d: &mut Declaration<Pipelimit>) {
    d.param(
        "db_url",
        "The database; without it no pipe is read.",
        |p, url| {
            p.db_url = Some(url);
        },
    );
    d.param(
        "plp_table_name",
        "The table, default pl_pipes.",
        |p, name| {
            p.columns.table = name;
        },
    );
    d.param(
        "plp_pipeid_column",
        "Its column of names, default pipeid.",
        |p, name| {
            p.columns.id = name;
        },
    );
    d.param(
        "plp_limit_column",
        "Its column of limits, default plimit.",
        |p, name| {
            p.columns.limit = name;
        },
    );
    d.param(
        "plp_algorithm_column",
        "Its column of algorithms, default algorithm.",
        |p, name| {
            p.columns.algorithm = name;
        },
    );
    d.number(
        "timer_interval",
        "The length of an interval in seconds, default 10.",
        1..,
        |p, seconds| p.timer_interval_s = seconds,
    );
    d.param(
        "load_fetch",
        "0: the load of processors and sockets is not looked at; default 1.",
        |p, on| p.load_fetch = on,
    );
    d.number(
        "reply_code",
        "The status code of pl_drop(), default 503.",
        300..=699,
        |p, code| p.reply_code = code,
    );
    d.param(
        "reply_reason",
        "The reason phrase of pl_drop(), default Server Unavailable.",
        |p, reason| p.reply_reason = reason,
    );
    d.param(
        "clean_unused",
        "Intervals after which a pipe that nobody asks for goes; default 0, never.",
        |p, intervals| p.clean_unused = intervals,
    );
    d.param(
        "hash_size",
        "Accepted; means nothing here because the table of pipes grows by itself.",
        |_, _: i64| {},
    );
    d.param(
        "timer_mode",
        "Accepted; means nothing here because there is one kind of timer.",
        |_, _: i64| {},
    );
}
