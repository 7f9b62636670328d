//! The script functions.

use super::SqlOps;
use super::connection::{Connection, Shared, Targets};
use super::result::{Results, value_of};
use bytes::Bytes;
use policy::{Answer, Context, Effect, Level, Literal, Outcome, Text, XavpValue, Xavps};
use script::Value;
use store::{Operation, Rows};

/// There are rows.
const ROWS: i32 = 1;
/// There is no row, or the statement yields none.
const NO_ROW: i32 = 2;
/// There are rows, and nothing to keep them in.
const NOT_KEPT: i32 = 3;
/// The database failed, or there is no such connection.
const FAILED: i32 = -1;

impl SqlOps {
    pub(super) fn query(
        &self,
        context: &mut Context,
        connection: &Connection,
        query: &Text,
        result: &Option<Literal>,
    ) -> Outcome {
        let name = result.as_ref().map(|Literal(name)| name.clone());
        if let Some(name) = &name {
            context.extension_mut::<Results>().free(name);
        }
        run(context, connection, query, move |context, rows| {
            let code = code_of(&rows);
            match name {
                Some(name) => context.extension_mut::<Results>().keep(name, rows),
                None if code == ROWS => return NOT_KEPT,
                None => {}
            }
            code
        })
    }

    pub(super) fn xquery(
        &self,
        context: &mut Context,
        connection: &Connection,
        query: &Text,
        result: &Literal,
    ) -> Outcome {
        let name = result.0.clone();
        run(context, connection, query, move |context, rows| {
            let code = code_of(&rows);
            // The first row shall be the newest entry.
            for row in rows.rows.iter().rev() {
                let mut fields = Xavps::default();
                for (column, cell) in rows.columns.iter().zip(row).rev() {
                    let column = Bytes::copy_from_slice(column.as_bytes());
                    fields.add(column, XavpValue::Plain(value_of(cell)));
                }
                let xavps = &mut context.vars.xavps;
                xavps.add(name.clone(), XavpValue::Fields(fields));
            }
            code
        })
    }

    pub(super) fn pvquery(
        &self,
        context: &mut Context,
        connection: &Connection,
        query: &Text,
        variables: &Shared,
    ) -> Outcome {
        let variables = variables.0.clone();
        run(context, connection, query, move |context, rows| {
            assign(context, &variables, &rows)
        })
    }

    pub(super) fn query_async(
        &self,
        context: &mut Context,
        connection: &Connection,
        query: &Text,
    ) -> i32 {
        let sql = query.get(context);
        let Some(store) = &connection.store else {
            return not_connected(context, connection);
        };
        let logger = context.config.logger.clone();
        let done = move |result: Result<store::Outcome, store::StoreError>| {
            if let Err(error) = result {
                logger.log(Level::Err, "sqlops", || {
                    format!("cannot do the query: {error}")
                });
            }
        };
        store.submit(Operation::raw(sql), Box::new(done));
        ROWS
    }

    pub(super) fn free(&self, context: &mut Context, result: &Literal) -> bool {
        context.extension_mut::<Results>().free(&result.0);
        true
    }
}

/// Runs a statement and goes on with its rows; a statement that yields none has no rows.
fn run(
    context: &mut Context,
    connection: &Connection,
    query: &Text,
    then: impl FnOnce(&mut Context, Rows) -> i32 + Send + 'static,
) -> Outcome {
    let sql = query.get(context);
    let Some(store) = connection.store.clone() else {
        return Outcome::Code(not_connected(context, connection));
    };
    let name = connection.name.clone();
    let operation = Operation::raw(sql.clone());
    let effect = Effect::store(store, operation);
    Outcome::ask_then(effect, move |context, answer| {
        let why = match answer {
            Answer::Store(Ok(outcome)) => {
                let results = context.extension_mut::<Results>();
                results.note(&name, outcome.affected());
                return Outcome::Code(then(context, outcome.into_rows()));
            }
            Answer::Store(Err(error)) => error.to_string(),
            _ => "the database did not answer in time".to_owned(),
        };
        context.log(Level::Err, "sqlops", || {
            format!(
                "cannot do the query [{}]: {why}",
                String::from_utf8_lossy(&sql)
            )
        });
        Outcome::Code(FAILED)
    })
}

fn not_connected(context: &mut Context, connection: &Connection) -> i32 {
    let name = String::from_utf8_lossy(&connection.name).into_owned();
    context.log(Level::Err, "sqlops", || format!("not connected: {name}"));
    FAILED
}

fn code_of(rows: &Rows) -> i32 {
    if rows.is_empty() { NO_ROW } else { ROWS }
}

/// Puts columns into variables, the last row first, so that the first one is what stays.
fn assign(context: &mut Context, Targets(targets): &Targets, rows: &Rows) -> i32 {
    for row in rows.rows.iter().rev() {
        for (at, cell) in row.iter().enumerate() {
            let Some(target) = targets.get(at) else {
                context.log(Level::Err, "sqlops", || {
                    format!("Missing pv spec for column {}", at + 1)
                });
                return FAILED;
            };
            let value = value_of(cell);
            if target.keeps_on_null && value == Value::Null {
                continue;
            }
            if !target.var.set(context, value) {
                return FAILED;
            }
        }
    }
    code_of(rows)
}
