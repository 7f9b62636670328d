//! What stands in the brackets of `$xavp(root[0]=>field[1])`: names with indexes.

use super::header::Wanted;
use bytes::Bytes;
use policy::{Context, Prepare, Problem, Text, Var, XavpValue, Xavps, problem};
use script::{Value, VarSpec};

/// A path as written.
pub(super) struct Path(Vec<Step>);

struct Step {
    name: Text,
    at: StepAt,
}

enum StepAt {
    Newest,
    Fixed(i64),
    All,
    Computed(Var),
}

/// A path now: names and indexes; none where no index was written.
pub(super) type Steps = Vec<(Bytes, Option<Wanted>)>;

impl Path {
    /// Reads the path of a variable.
    pub(super) fn prepare(spec: &VarSpec, prepare: &mut Prepare<'_>) -> Result<Path, Problem> {
        let inner = spec
            .inner
            .as_ref()
            .ok_or_else(|| problem("the name is missing"))?;
        let steps = split(inner)
            .into_iter()
            .map(|step| Step::prepare(step, prepare))
            .collect::<Result<Vec<_>, _>>()?;
        if steps.len() > DEEPEST {
            return Err(problem("names are nested at most three deep"));
        }
        Ok(Path(steps))
    }

    /// The path now; none where an index is no number. `fold` puts names in lower case.
    pub(super) fn get(&self, context: &mut Context, fold: bool) -> Option<Steps> {
        let mut steps = Vec::with_capacity(self.0.len());
        for step in &self.0 {
            let mut name = step.name.get(context);
            if fold && name.iter().any(u8::is_ascii_uppercase) {
                name = name.to_ascii_lowercase().into();
            }
            steps.push((name, step.index(context)?));
        }
        Some(steps)
    }
}

impl Step {
    fn prepare(text: Bytes, prepare: &mut Prepare<'_>) -> Result<Step, Problem> {
        let trimmed = text.slice_ref(text.trim_ascii());
        let open = trimmed.iter().position(|byte| *byte == b'[');
        let (name, index) = match open {
            Some(open) if trimmed.ends_with(b"]") => (
                trimmed.slice(..open),
                Some(trimmed.slice(open + 1..trimmed.len() - 1)),
            ),
            Some(_) => return Err(problem("an index needs its `]`")),
            None => (trimmed, None),
        };
        let name = name.slice_ref(name.trim_ascii());
        if name.is_empty() {
            return Err(problem("a name is missing"));
        }
        let at = match index {
            None => StepAt::Newest,
            Some(index) => index_of(&index, prepare)?,
        };
        Ok(Step {
            name: prepare.text(&name)?,
            at,
        })
    }

    fn index(&self, context: &mut Context) -> Option<Option<Wanted>> {
        Some(match &self.at {
            StepAt::Newest => None,
            StepAt::Fixed(index) => Some(Wanted::One(*index)),
            StepAt::All => Some(Wanted::All),
            StepAt::Computed(var) => match var.read(context) {
                Value::Int(index) => Some(Wanted::One(index)),
                Value::Str(text) => Some(Wanted::One(script::parse_int(&text)?)),
                Value::Null => return None,
            },
        })
    }
}

/// The list that holds the last step: where the steps before it lead.
pub(super) fn list<'a>(root: &'a Xavps, steps: &[(Bytes, Option<Wanted>)]) -> Option<&'a Xavps> {
    let mut list = root;
    for (name, at) in steps {
        list = list.fields(name, number(at))?;
    }
    Some(list)
}

/// The same, to change it.
pub(super) fn list_mut<'a>(
    root: &'a mut Xavps,
    steps: &[(Bytes, Option<Wanted>)],
) -> Option<&'a mut Xavps> {
    let mut list = root;
    for (name, at) in steps {
        list = match list.entry_mut(name, number(at))? {
            XavpValue::Fields(fields) => fields,
            XavpValue::Plain(_) => return None,
        };
    }
    Some(list)
}

/// An index as a number; without one it is the newest.
pub(super) fn number(at: &Option<Wanted>) -> i64 {
    match at {
        Some(Wanted::One(index)) => *index,
        _ => 0,
    }
}

const DEEPEST: usize = 3;

/// Splits at `=>` outside of brackets.
fn split(inner: &Bytes) -> Vec<Bytes> {
    let (mut pieces, mut start, mut depth) = (Vec::new(), 0, 0_usize);
    for (at, byte) in inner.iter().enumerate() {
        match byte {
            b'(' | b'[' => depth += 1,
            b')' | b']' => depth = depth.saturating_sub(1),
            b'=' if depth == 0 && inner.get(at + 1) == Some(&b'>') => {
                pieces.push(inner.slice(start..at));
                start = at + 2;
            }
            _ => {}
        }
    }
    pieces.push(inner.slice(start.min(inner.len())..));
    pieces
}

fn index_of(text: &Bytes, prepare: &mut Prepare<'_>) -> Result<StepAt, Problem> {
    let trimmed = text.slice_ref(text.trim_ascii());
    if trimmed.as_ref() == b"*" {
        return Ok(StepAt::All);
    }
    if trimmed.starts_with(b"$") {
        let spec = VarSpec::parse(&trimmed).map_err(|error| problem(error.what))?;
        return Ok(StepAt::Computed(prepare.variable(&spec)?));
    }
    let number = script::parse_int(&trimmed)
        .ok_or_else(|| problem("an index is a number, `*` or a variable"))?;
    Ok(StepAt::Fixed(number))
}
