//! What was found under which name: `$dns(id=>key)`, `$srvquery(id=>key)` and `$naptrquery(id=>key)`.

use bytes::Bytes;
use policy::location::{NaptrRecord, SrvRecord};
use policy::{Context, Int, Prepare, Problem, Text, Var};
use script::{Value, VarSpec};
use std::net::IpAddr;

/// Answers, each under the name that the script gave it. They live as long as the request.
#[derive(Default)]
pub(super) struct Results(Vec<(Bytes, Found)>);

/// An answer.
pub(super) enum Found {
    Addresses(Vec<IpAddr>),
    Services(Vec<SrvRecord>),
    Pointers(Vec<NaptrRecord>),
}

impl Results {
    /// Keeps an answer in the place of the former one of its kind. The names are as many as the
    /// script has.
    pub(super) fn keep(&mut self, id: Bytes, found: Found) {
        let kind = std::mem::discriminant(&found);
        self.0
            .retain(|(name, other)| *name != id || std::mem::discriminant(other) != kind);
        if self.0.len() < MOST_IDS {
            self.0.push((id, found));
        }
    }

    /// Forgets the addresses under a name.
    pub(super) fn remove_addresses(&mut self, id: &Bytes) {
        self.0
            .retain(|(name, found)| name != id || !matches!(found, Found::Addresses(_)));
    }

    fn addresses(&self, id: &[u8]) -> Option<&[IpAddr]> {
        self.0.iter().find_map(|(name, found)| match found {
            Found::Addresses(addresses) if name.as_ref() == id => Some(addresses.as_slice()),
            _ => None,
        })
    }

    fn services(&self, id: &[u8]) -> &[SrvRecord] {
        let found = self.0.iter().find_map(|(name, found)| match found {
            Found::Services(records) if name.as_ref() == id => Some(records.as_slice()),
            _ => None,
        });
        found.unwrap_or_default()
    }

    fn pointers(&self, id: &[u8]) -> &[NaptrRecord] {
        let found = self.0.iter().find_map(|(name, found)| match found {
            Found::Pointers(records) if name.as_ref() == id => Some(records.as_slice()),
            _ => None,
        });
        found.unwrap_or_default()
    }
}

/// Names that one request may use; a further answer is not kept.
const MOST_IDS: usize = 64;

/// `id=>key` or `id=>key[index]`, as written.
struct Path {
    id: Text,
    key: Bytes,
    index: Int,
}

impl Path {
    fn prepare(spec: &VarSpec, prepare: &mut Prepare<'_>) -> Result<Path, Problem> {
        let form = "expected id=>key or id=>key[index]";
        let inner = spec.inner.clone().unwrap_or_default();
        let arrow = inner.windows(2).position(|pair| pair == b"=>");
        let arrow = arrow.ok_or_else(|| prepare.problem(form))?;
        let id = prepare.text(&trimmed(&inner.slice(..arrow)))?;
        let rest = trimmed(&inner.slice(arrow + 2..));
        let Some(open) = rest.iter().position(|byte| *byte == b'[') else {
            return Ok(Path {
                id,
                key: rest,
                index: Int::Constant(0),
            });
        };
        if !rest.ends_with(b"]") {
            return Err(prepare.problem(form));
        }
        let index = rest.slice(open + 1..rest.len() - 1);
        Ok(Path {
            id,
            key: trimmed(&rest.slice(..open)),
            index: prepare.int(&index, "the index is no number")?,
        })
    }

    fn index(&self, context: &mut Context) -> Option<i64> {
        self.index.get(context)
    }
}

/// The element at an index; a negative one counts from the end, -1 is the last.
fn at<T>(all: &[T], index: Option<i64>) -> Option<&T> {
    let index = index?;
    let distance = usize::try_from(index.unsigned_abs()).ok()?;
    match index < 0 {
        true => all.get(all.len().checked_sub(distance)?),
        false => all.get(distance),
    }
}

fn trimmed(text: &Bytes) -> Bytes {
    text.slice_ref(text.trim_ascii())
}

/// `$dns(id=>key)`.
pub(super) fn dns(spec: &VarSpec, prepare: &mut Prepare<'_>) -> Result<Var, Problem> {
    let path = Path::prepare(spec, prepare)?;
    let read: fn(&[IpAddr], Option<i64>) -> Option<Value> = match path.key.as_ref() {
        b"count" => |all, _| Some(count(all.len())),
        b"ipv4" => |all, _| Some(Value::bool(all.iter().any(IpAddr::is_ipv4))),
        b"ipv6" => |all, _| Some(Value::bool(all.iter().any(IpAddr::is_ipv6))),
        b"addr" => |all, index| Some(Value::Str(at(all, index)?.to_string().into())),
        b"type" => |all, index| Some(Value::Int(if at(all, index)?.is_ipv4() { 4 } else { 6 })),
        _ => return Err(prepare.problem("expected count, ipv4, ipv6, addr[n] or type[n]")),
    };
    Ok(Var::read_only(move |context| {
        let (id, index) = (path.id.get(context), path.index(context));
        let results = context.extension::<Results>();
        let found = results.and_then(|results| results.addresses(&id));
        found
            .and_then(|found| read(found, index))
            .unwrap_or_default()
    }))
}

/// `$srvquery(id=>key)`.
pub(super) fn srv(spec: &VarSpec, prepare: &mut Prepare<'_>) -> Result<Var, Problem> {
    let path = Path::prepare(spec, prepare)?;
    let read: fn(&[SrvRecord], Option<i64>) -> Option<Value> = match path.key.as_ref() {
        b"count" => |all, _| Some(count(all.len())),
        b"port" => |all, index| Some(Value::Int(at(all, index)?.port.into())),
        b"priority" => |all, index| Some(Value::Int(at(all, index)?.priority.into())),
        b"weight" => |all, index| Some(Value::Int(at(all, index)?.weight.into())),
        b"target" => |all, index| Some(Value::Str(target(&at(all, index)?.target))),
        _ => {
            return Err(
                prepare.problem("expected count, port[n], priority[n], target[n] or weight[n]")
            );
        }
    };
    Ok(Var::read_only(move |context| {
        let (id, index) = (path.id.get(context), path.index(context));
        let found = context.extension_mut::<Results>().services(&id);
        read(found, index).unwrap_or_default()
    }))
}

/// `$naptrquery(id=>key)`.
pub(super) fn naptr(spec: &VarSpec, prepare: &mut Prepare<'_>) -> Result<Var, Problem> {
    let path = Path::prepare(spec, prepare)?;
    let read: fn(&NaptrRecord) -> Value = match path.key.as_ref() {
        b"count" => {
            return Ok(Var::read_only(move |context| {
                let id = path.id.get(context);
                count(context.extension_mut::<Results>().pointers(&id).len())
            }));
        }
        b"order" => |one| Value::Int(one.order.into()),
        b"pref" => |one| Value::Int(one.preference.into()),
        b"flags" => |one| Value::Str(one.flags.clone()),
        b"services" => |one| Value::Str(one.services.clone()),
        b"regex" => |one| Value::Str(one.regexp.clone()),
        b"replace" => |one| Value::Str(one.replacement.clone()),
        _ => {
            return Err(prepare.problem(
                "expected count, order[n], pref[n], flags[n], services[n], regex[n] or replace[n]",
            ));
        }
    };
    Ok(Var::read_only(move |context| {
        let (id, index) = (path.id.get(context), path.index(context));
        let found = context.extension_mut::<Results>().pointers(&id);
        at(found, index).map_or(Value::Null, read)
    }))
}

fn count(number: usize) -> Value {
    Value::Int(i64::try_from(number).unwrap_or(i64::MAX))
}

/// A host name without the dot at its end.
fn target(name: &Bytes) -> Bytes {
    name.strip_suffix(b".")
        .map_or_else(|| name.clone(), |name_| name.slice_ref(name_))
}
