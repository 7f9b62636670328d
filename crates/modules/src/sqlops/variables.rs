//! `$dbr(result=>key)` and `$sqlrows(connection)`.

use super::SqlOps;
use super::result::{Results, value_of};
use bytes::Bytes;
use policy::{Context, Declaration, Int, Prepare, Problem, Var};
use script::{Value, VarSpec};
use store::Rows;

pub(super) fn declare(d: &mut Declaration<SqlOps>) {
    d.variable(
        "dbr(result=>key)",
        "What sql_query() found: rows, cols, [row,column], colname[n].",
        false,
        |_, spec, prepare| dbr(spec, prepare),
    );
    d.variable(
        "sqlrows(connection)",
        "How many rows the last statement on a connection changed.",
        false,
        |_, spec, _| {
            let name = spec.inner.clone().unwrap_or_default();
            let name = name.slice_ref(name.trim_ascii());
            Ok(Var::read_only(move |context| {
                let results = context.extension::<Results>();
                let affected = results.and_then(|results| results.affected(&name));
                affected.map_or(Value::Null, number)
            }))
        },
    );
}

const INDEX: &str = "expected a number or a variable as index";

/// A key, as written.
enum Key {
    Rows,
    Columns,
    Cell(Int, Int),
    ColumnName(Int),
}

impl Key {
    fn prepare(text: &Bytes, prepare: &mut Prepare<'_>) -> Result<Key, Problem> {
        let form = "expected rows, cols, [row,column] or colname[n]";
        match text.as_ref() {
            b"rows" => return Ok(Key::Rows),
            b"cols" => return Ok(Key::Columns),
            _ => {}
        }
        let (name, inner) = prepare.indexed(text, form)?;
        match name.as_ref() {
            b"colname" => Ok(Key::ColumnName(prepare.int(&inner, INDEX)?)),
            b"" => {
                let comma = inner.iter().position(|byte| *byte == b',');
                let comma = comma.ok_or_else(|| prepare.problem(form))?;
                let row = prepare.int(&inner.slice(..comma), INDEX)?;
                let column = prepare.int(&inner.slice(comma + 1..), INDEX)?;
                Ok(Key::Cell(row, column))
            }
            _ => Err(prepare.problem(form)),
        }
    }

    fn value(&self, context: &mut Context, name: &[u8]) -> Option<Value> {
        let mut at = |int: &Int| usize::try_from(int.get(context)?).ok();
        let (row, column) = match self {
            Key::Cell(row, column) => (at(row), at(column)),
            Key::ColumnName(column) => (None, at(column)),
            Key::Rows | Key::Columns => (None, None),
        };
        let results = context.extension::<Results>();
        let rows = results.and_then(|results| results.rows(name));
        match self {
            Key::Rows => Some(count(rows.map_or(0, Rows::len))),
            Key::Columns => {
                let rows = rows.filter(|rows| !rows.is_empty());
                Some(count(rows.map_or(0, |rows| rows.columns.len())))
            }
            Key::Cell(..) => rows?.rows.get(row?)?.get(column?).map(value_of),
            Key::ColumnName(_) => {
                let name = rows?.columns.get(column?)?;
                Some(Value::Str(name.clone().into()))
            }
        }
    }
}

fn dbr(spec: &VarSpec, prepare: &mut Prepare<'_>) -> Result<Var, Problem> {
    let inner = spec.inner.clone().unwrap_or_default();
    let arrow = inner.windows(2).position(|pair| pair == b"=>");
    let arrow = arrow.ok_or_else(|| prepare.problem("expected result=>key"))?;
    let name = inner.slice_ref(inner[..arrow].trim_ascii());
    let key = inner.slice_ref(inner[arrow + 2..].trim_ascii());
    let key = Key::prepare(&key, prepare)?;
    Ok(Var::read_only(move |context| {
        key.value(context, &name).unwrap_or_default()
    }))
}

fn count(number: usize) -> Value {
    Value::Int(i64::try_from(number).unwrap_or(i64::MAX))
}

fn number(number: u64) -> Value {
    Value::Int(i64::try_from(number).unwrap_or(i64::MAX))
}
