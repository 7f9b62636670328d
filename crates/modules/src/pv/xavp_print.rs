//! XAVPs in the log, for debugging.

use super::xavp::Family;
use policy::{Context, Level, XavpValue, Xavps};
use script::Value;

/// Writes the list of a family to the log, a line for each entry.
pub(super) fn print(context: &mut Context, family: Family) -> bool {
    let mut lines = vec!["+++++ start XAVP list".to_owned()];
    describe(family.root(context), 0, &mut lines);
    lines.push("----- end XAVP list".to_owned());
    for line in lines {
        context.log_all(Level::Info, "pv", || line);
    }
    true
}

/// A line for each entry; text of peers is escaped so that it stays on its line.
fn describe(list: &Xavps, depth: usize, lines: &mut Vec<String>) {
    let indent = "  ".repeat(depth);
    for (name, value) in list.iter() {
        let name = name.escape_ascii();
        match value {
            XavpValue::Plain(Value::Str(text)) => {
                lines.push(format!("{indent}*** {name} = \"{}\"", text.escape_ascii()))
            }
            XavpValue::Plain(value) => {
                lines.push(format!("{indent}*** {name} = {}", value.to_int()))
            }
            XavpValue::Fields(fields) => {
                lines.push(format!("{indent}*** {name}:"));
                describe(fields, depth + 1, lines);
            }
        }
    }
}
