//! A record as a log line and as a row.

use super::super::params::Definition;
use super::super::{clock, line};
use super::{CallRecords, CdrParams, milliseconds};
use bytes::Bytes;
use policy::{Context, FollowedDialog, Init, LateText, Problem, Record, problem};
use script::Value;
use store::{Cell, Name, Operation, Row, Write};

/// A further attribute.
pub(super) struct Extra {
    name: String,
    /// The column, where records are stored.
    column: Option<Name>,
    /// The name of the variable of the dialog, where it is one: that needs no message.
    variable: Option<Bytes>,
    text: LateText,
}

/// The attributes of `cdr_extra`.
pub(super) fn extra(params: &CdrParams, init: &mut Init<'_>) -> Result<Vec<Extra>, Problem> {
    if params.extra.len() > params.most_extra {
        let most = params.most_extra;
        return Err(problem(format!("cdr_extra: more than {most} attributes")));
    }
    let mut all = Vec::new();
    for Definition { name, text } in &params.extra {
        let column = match params.table {
            Some(_) => Some(column(name)?),
            None => None,
        };
        all.push(Extra {
            name: name.clone(),
            column,
            variable: dialog_variable(text),
            text: init.late_text("cdr_extra", text.clone()),
        });
    }
    for name in [&params.start, &params.end, &params.duration] {
        column(name)?;
    }
    Ok(all)
}

fn column(name: &str) -> Result<Name, Problem> {
    Name::parse(name).map_err(|error| problem(format!("call data records: {error}")))
}

/// The name in `$dlg_var(name)`, where the text is nothing else.
fn dialog_variable(text: &str) -> Option<Bytes> {
    let inner = text.strip_prefix("$dlg_var(")?.strip_suffix(')')?;
    let is_name = !inner.contains(['$', '(', ')', '{']);
    is_name.then(|| Bytes::copy_from_slice(inner.as_bytes()))
}

impl CallRecords {
    /// Logs and stores the record of a dialog.
    pub(super) fn put(&self, mut context: Option<&mut Context>, dialog: &dyn FollowedDialog) {
        let values = self.values(context.as_deref_mut(), dialog);
        if self.params.is_logged && self.logger.enabled(self.logic.params.level) {
            self.log(context, self.line(dialog, &values));
        }
        let (Some(_), Some(table)) = (&self.logic.store, &self.params.table) else {
            return;
        };
        if let Some(row) = self.row(dialog, values) {
            let table = table.clone();
            let write = Operation::Write(Write::Insert { table, row });
            self.logic.submit(write, self.logger.clone());
        }
    }

    fn values(&self, mut context: Option<&mut Context>, dialog: &dyn FollowedDialog) -> Vec<Value> {
        let value = |extra: &Extra| match (&extra.variable, &mut context) {
            (Some(name), _) => dialog.var(name).map_or(Value::Null, Value::Str),
            (None, Some(context)) => extra.text.value(context),
            (None, None) => Value::Null,
        };
        self.extra.iter().map(value).collect()
    }

    fn log(&self, context: Option<&mut Context>, text: String) {
        let (level, facility) = (self.logic.params.level, self.params.facility.clone());
        match context {
            Some(context) => context.write_log(level, "acc", text, facility),
            None => self.logger.write(Record {
                level,
                source: "acc",
                prefix: String::new(),
                text,
                facility,
                call_id: None,
            }),
        }
    }

    fn line(&self, dialog: &dyn FollowedDialog, values: &[Value]) -> String {
        let mut line = String::with_capacity(256);
        let CdrParams {
            start,
            end,
            duration,
            ..
        } = &self.params;
        for name in [start, end, duration] {
            let value = dialog.var(name.as_bytes()).unwrap_or_default();
            push(&mut line, name, &value);
        }
        for (extra, value) in self.extra.iter().zip(values) {
            push(&mut line, &extra.name, &value.to_text());
        }
        line
    }

    /// None where a name is no column, which `install` has excluded.
    fn row(&self, dialog: &dyn FollowedDialog, values: Vec<Value>) -> Option<Row> {
        let params = &self.params;
        let kept = |name: &str| {
            let text = dialog.var(name.as_bytes());
            text.and_then(|text| milliseconds(&text)).unwrap_or(0)
        };
        let mut row = Row::new();
        for name in [&params.start, &params.end] {
            row.push((Name::parse(name).ok()?, self.time(kept(name))));
        }
        let duration_s = kept(&params.duration) as f64 / 1000.0;
        row.push((Name::parse(&params.duration).ok()?, Cell::Real(duration_s)));
        let columns = self.extra.iter().filter_map(|extra| extra.column.clone());
        row.extend(columns.zip(values.into_iter().map(|value| match value {
            Value::Null if params.nullable => Cell::Null,
            value => Cell::Text(value.to_text()),
        })));
        Some(row)
    }

    fn time(&self, unix_ms: u64) -> Cell {
        let unix_s = unix_ms / 1000;
        match clock::text(&self.logic.params, &self.logic.surroundings, unix_s) {
            Some(text) => Cell::text(text),
            None => Cell::Time(i64::try_from(unix_s).unwrap_or(i64::MAX)),
        }
    }
}

/// `name=value`, with `; ` before it unless it is the first one.
fn push(line: &mut String, name: &str, value: &[u8]) {
    if !line.is_empty() {
        line.push_str("; ");
    }
    line.push_str(name);
    line.push('=');
    line::push_printable(line, value);
}

#[cfg(test)]
mod tests {
    use super::dialog_variable;

    #[test]
    fn variables_of_the_dialog_are_known() {
        assert_eq!(
            dialog_variable("$dlg_var(caller)").as_deref(),
            Some(b"caller".as_slice())
        );
        for other in [
            "$fU",
            "$dlg_var($fU)",
            "$dlg_var(a)$dlg_var(b)",
            "$dlg_var(a){s.len}",
            "x",
        ] {
            assert_eq!(dialog_variable(other), None, "{other}");
        }
    }
}
