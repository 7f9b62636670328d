//! `reg_fetch_contacts()` and `$ulc(profile=>attribute)`.

use bytes::Bytes;
use policy::{Binding, Bindings, Context, Prepare, Problem, Var};
use script::{Index, Value, VarSpec};

/// Contacts fetched under a name.
#[derive(Clone)]
pub(super) struct Profile {
    pub(super) aor: Bytes,
    pub(super) domain: Bytes,
    pub(super) bindings: Bindings,
}

/// The profiles of a message.
#[derive(Default)]
pub(super) struct Profiles(Vec<(Bytes, Profile)>);

impl Profiles {
    /// Puts a profile in place of the one with the same name.
    pub(super) fn put(&mut self, name: Bytes, profile: Profile) {
        self.free(&name);
        self.0.push((name, profile));
    }

    /// Forgets a profile.
    pub(super) fn free(&mut self, name: &[u8]) {
        self.0.retain(|(own, _)| own != name);
    }

    fn find(&self, name: &[u8]) -> Option<&Profile> {
        self.0
            .iter()
            .find(|(own, _)| own == name)
            .map(|(_, profile)| profile)
    }
}

/// Prepares `$ulc(profile=>attribute)` with an index.
pub(super) fn prepare(spec: &VarSpec, prepare: &mut Prepare<'_>) -> Result<Var, Problem> {
    let text = spec.inner.clone().unwrap_or_default();
    let arrow = text.windows(2).position(|pair| pair == b"=>");
    let parts = arrow.and_then(|at| {
        Some((
            text.get(..at)?.trim_ascii(),
            text.get(at + 2..)?.trim_ascii(),
        ))
    });
    let Some((profile, attribute)) = parts else {
        return Err(prepare.problem("expected $ulc(profile=>attribute)"));
    };
    let Some(attribute) = ATTRIBUTES
        .iter()
        .find(|(name, _)| name.as_bytes() == attribute)
    else {
        let written = String::from_utf8_lossy(attribute).into_owned();
        return Err(policy::unknown(
            "attribute of $ulc",
            &written,
            ATTRIBUTES.iter().map(|(name, _)| *name),
        ));
    };
    let (profile, read) = (Bytes::copy_from_slice(profile), attribute.1);
    let index = Position::new(spec, prepare)?;
    Ok(Var::read_only(move |context| {
        let index = index.get(context);
        let found = context
            .extension::<Profiles>()
            .and_then(|profiles| profiles.find(&profile));
        found.map_or(Value::Null, |profile| read(profile, index))
    }))
}

/// Which contact of a profile.
enum Position {
    At(i64),
    Variable(Var),
}

impl Position {
    fn new(spec: &VarSpec, prepare: &mut Prepare<'_>) -> Result<Position, Problem> {
        Ok(match &spec.index {
            None | Some(Index::All) => Position::At(0),
            Some(Index::At(index)) => Position::At(*index),
            Some(Index::Variable(spec)) => Position::Variable(prepare.variable(spec)?),
        })
    }

    /// A negative index means the first, as in Kamailio.
    fn get(&self, context: &mut Context) -> usize {
        let index = match self {
            Position::At(index) => *index,
            Position::Variable(var) => match var.read(context) {
                Value::Int(index) => index,
                value => script::parse_int(value.to_text().trim_ascii()).unwrap_or(0),
            },
        };
        usize::try_from(index).unwrap_or(0)
    }
}

type Read = fn(&Profile, usize) -> Value;

/// The attributes by name.
const ATTRIBUTES: &[(&str, Read)] = &[
    ("aor", |profile, _| Value::Str(profile.aor.clone())),
    ("domain", |profile, _| Value::Str(profile.domain.clone())),
    ("aorhash", |_, _| Value::Int(0)),
    ("count", |profile, _| whole(profile.bindings.len())),
    ("addr", |profile, at| text(profile, at, Binding::contact)),
    ("path", |profile, at| {
        text(profile, at, |binding| binding.path().unwrap_or_default())
    }),
    ("received", |profile, at| {
        text(profile, at, |binding| {
            binding.received().unwrap_or_default()
        })
    }),
    ("expires", |profile, at| {
        number(profile, at, Binding::expires_s)
    }),
    ("callid", |profile, at| text(profile, at, Binding::call_id)),
    ("q", |profile, at| {
        of(profile, at, |binding| Value::Int(binding.q().0.into()))
    }),
    ("cseq", |profile, at| number(profile, at, Binding::cseq)),
    ("flags", |profile, at| number(profile, at, Binding::flags)),
    ("cflags", |profile, at| {
        number(profile, at, Binding::branch_flags)
    }),
    ("user_agent", |profile, at| {
        text(profile, at, Binding::user_agent)
    }),
    ("socket", |profile, at| {
        some(profile, at, |binding| {
            Some(binding.socket()).filter(|socket| !socket.is_empty())
        })
    }),
    ("modified", |profile, at| {
        number(profile, at, Binding::modified_s)
    }),
    ("methods", |profile, at| {
        number(profile, at, Binding::methods)
    }),
    ("ruid", |profile, at| text(profile, at, Binding::ruid)),
    ("regid", |profile, at| number(profile, at, Binding::reg_id)),
    ("instance", |profile, at| {
        some(profile, at, Binding::instance)
    }),
    ("conid", |profile, at| {
        let id = profile
            .bindings
            .get(at)
            .and_then(|binding| binding.connection());
        id.map_or(Value::Null, |id| {
            Value::Int(i64::try_from(id.0).unwrap_or(i64::MAX))
        })
    }),
    ("server_id", |profile, at| {
        of(profile, at, |binding| {
            Value::Int(binding.server_id().into())
        })
    }),
];

fn of(profile: &Profile, at: usize, read: impl FnOnce(&Binding) -> Value) -> Value {
    profile
        .bindings
        .get(at)
        .map_or(Value::Null, |binding| read(binding))
}

fn text(profile: &Profile, at: usize, read: fn(&Binding) -> &[u8]) -> Value {
    of(profile, at, |binding| {
        Value::Str(Bytes::copy_from_slice(read(binding)))
    })
}

fn some(profile: &Profile, at: usize, read: fn(&Binding) -> Option<&[u8]>) -> Value {
    let copy = |binding: &Binding| {
        read(binding).map_or(Value::Null, |text| Value::Str(Bytes::copy_from_slice(text)))
    };
    of(profile, at, copy)
}

fn number<N: Into<u64>>(profile: &Profile, at: usize, read: fn(&Binding) -> N) -> Value {
    of(profile, at, |binding| {
        Value::Int(i64::try_from(read(binding).into()).unwrap_or(i64::MAX))
    })
}

fn whole(count: usize) -> Value {
    Value::Int(i64::try_from(count).unwrap_or(i64::MAX))
}
