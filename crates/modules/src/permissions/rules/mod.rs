//! Who may call whom: `allow_routing()`, `allow_register()` and `allow_uri()` with files of rules.

mod list;

use super::Permissions;
use super::params::Files;
use list::Rules;
use parking_lot::Mutex;
use policy::{
    Argument, Context, Level, Literal, Logger, Prepare, Problem, RpcError, RpcRequest, RpcResult,
    Surroundings, Text, Written,
};
use script::Value;
use serde_json::json;
use sip::Uri;
use std::collections::BTreeMap;
use std::sync::Arc;

/// The files of rules that the script names, read when it is loaded.
pub(super) struct RuleFiles {
    pub(super) settings: Files,
    surroundings: Surroundings,
    logger: Logger,
    read: Mutex<BTreeMap<String, Arc<Rules>>>,
}

/// What is allowed and what is denied.
#[derive(Clone, Default)]
pub(super) struct Pair {
    pub(super) allow: Arc<Rules>,
    pub(super) deny: Arc<Rules>,
}

impl Pair {
    /// Whether every target is allowed, each for itself: what the allow file has is, of the rest what the
    /// deny file has is not, all else is.
    fn decide(&self, left: &[u8], rights: &[Vec<u8>]) -> bool {
        rights
            .iter()
            .all(|right| self.allow.fit(left, right) || !self.deny.fit(left, right))
    }
}

impl RuleFiles {
    pub(super) fn new(settings: Files, surroundings: Surroundings, logger: Logger) -> RuleFiles {
        RuleFiles {
            settings,
            surroundings,
            logger,
            read: Mutex::default(),
        }
    }

    /// The rules in a file. One that cannot be read has none, as in Kamailio.
    pub(super) fn rules(&self, path: &str) -> Arc<Rules> {
        let mut read = self.read.lock();
        if let Some(rules) = read.get(path) {
            return rules.clone();
        }
        let rules = match self.surroundings.file(path) {
            Ok(text) => {
                let (rules, wrong) = Rules::parse(&text);
                for why in wrong {
                    self.logger
                        .log(Level::Err, "permissions", || format!("{path}, {why}"));
                }
                rules
            }
            Err(why) => {
                self.logger
                    .log(Level::Info, "permissions", || format!("no rules: {why}"));
                Rules::default()
            }
        };
        let rules = Arc::new(rules);
        read.insert(path.to_owned(), rules.clone());
        rules
    }

    fn pair_of(&self, basename: &str) -> Pair {
        let Files {
            allow_suffix,
            deny_suffix,
            ..
        } = &self.settings;
        Pair {
            allow: self.rules(&format!("{basename}{allow_suffix}")),
            deny: self.rules(&format!("{basename}{deny_suffix}")),
        }
    }

    /// The pair of a basename; none where no function of the script names either file.
    fn loaded(&self, basename: &str) -> Option<Pair> {
        let read = self.read.lock();
        let found = |suffix: &String| read.get(&format!("{basename}{suffix}")).cloned();
        let allow = found(&self.settings.allow_suffix);
        let deny = found(&self.settings.deny_suffix);
        (allow.is_some() || deny.is_some()).then(|| Pair {
            allow: allow.unwrap_or_default(),
            deny: deny.unwrap_or_default(),
        })
    }
}

/// The first file of a call: a basename where it is the only one.
pub(super) struct First(Pair);

/// The second file of a call: what is denied.
pub(super) struct Second(Arc<Rules>);

/// A basename, whatever else the call has.
pub(super) struct Basename(Pair);

impl Argument for First {
    fn prepare(written: Option<&Written>, prepare: &mut Prepare<'_>) -> Result<First, Problem> {
        let path = path(written, prepare)?;
        let is_basename = prepare.arguments == 1;
        let pair = prepare.module::<Permissions>().map(|module| {
            if is_basename {
                return module.rules.pair_of(&path);
            }
            Pair {
                allow: module.rules.rules(&path),
                deny: Arc::default(),
            }
        });
        Ok(First(pair.unwrap_or_default()))
    }
}

impl Argument for Second {
    fn prepare(written: Option<&Written>, prepare: &mut Prepare<'_>) -> Result<Second, Problem> {
        let path = path(written, prepare)?;
        let module = prepare.module::<Permissions>();
        Ok(Second(
            module
                .map(|module| module.rules.rules(&path))
                .unwrap_or_default(),
        ))
    }
}

impl Argument for Basename {
    fn prepare(written: Option<&Written>, prepare: &mut Prepare<'_>) -> Result<Basename, Problem> {
        let path = path(written, prepare)?;
        let module = prepare.module::<Permissions>();
        let pair = module.map(|module| module.rules.pair_of(&path));
        Ok(Basename(pair.unwrap_or_default()))
    }
}

fn path(written: Option<&Written>, prepare: &mut Prepare<'_>) -> Result<String, Problem> {
    let Literal(path) = Literal::prepare(written, prepare)?;
    Ok(String::from_utf8_lossy(&path).into_owned())
}

impl Permissions {
    pub(super) fn allow_routing(
        &self,
        context: &mut Context,
        first: &Option<First>,
        second: &Option<Second>,
    ) -> bool {
        let pair = self.pair(first, second);
        let Some(from) = from_uri(context) else {
            return false;
        };
        let Some(first) = plain(&context.target.uri) else {
            return false;
        };
        let mut targets = vec![first];
        if self.rules.settings.all_branches {
            for branch in &context.branches {
                let Some(uri) = plain(&branch.uri) else {
                    return false;
                };
                targets.push(uri);
            }
        }
        pair.decide(&from, &targets)
    }

    pub(super) fn allow_register(
        &self,
        context: &mut Context,
        first: &First,
        second: &Option<Second>,
    ) -> bool {
        let deny = second.as_ref().map(|Second(rules)| rules.clone());
        let pair = Pair {
            allow: first.0.allow.clone(),
            deny: deny.unwrap_or_else(|| first.0.deny.clone()),
        };
        let to = context.message.to().ok().map(|to| to.uri.to_vec());
        let Some(to) = to else {
            return false;
        };
        let mut contacts = Vec::new();
        for contact in context.message.contacts() {
            match contact {
                Ok(sip::ContactValue::Star) => {}
                Ok(sip::ContactValue::Addr(address)) => match plain(address.uri) {
                    Some(uri) => contacts.push(uri),
                    None => return false,
                },
                Err(_) => return false,
            }
        }
        pair.decide(&to, &contacts)
    }

    pub(super) fn allow_uri(&self, context: &mut Context, files: &Basename, uri: &Text) -> bool {
        let Value::Str(uri) = uri.value(context) else {
            context.log(Level::Err, "permissions", || {
                "pseudo variable value is not string".to_owned()
            });
            return false;
        };
        let Some(from) = from_uri(context) else {
            return false;
        };
        files.0.decide(&from, &[uri.to_vec()])
    }

    /// Also `permissions.allowUri`.
    pub(super) fn test_uri(&self, request: &RpcRequest) -> RpcResult {
        let text = |index| request.text(index);
        let (Ok(basename), Ok(uri), Ok(contact)) = (text(0), text(1), text(2)) else {
            return Err(RpcError::internal(
                "Not enough parameters (basename, URI and contact)",
            ));
        };
        // Of files that were not loaded nothing is known, which allows nothing.
        let is_allowed = self
            .rules
            .loaded(&basename)
            .is_some_and(|pair| pair.decide(uri.as_bytes(), &[contact.into_bytes()]));
        Ok(json!(if is_allowed { "Allowed" } else { "Denied" }))
    }

    fn pair(&self, first: &Option<First>, second: &Option<Second>) -> Pair {
        let allow = first.as_ref().map(|first| first.0.clone());
        let mut pair = allow.unwrap_or_else(|| self.default_rules.clone());
        if let Some(Second(deny)) = second {
            pair.deny = deny.clone();
        }
        pair
    }
}

/// The From URI as it stands there.
fn from_uri(context: &Context) -> Option<Vec<u8>> {
    context.message.from().ok().map(|from| from.uri.to_vec())
}

/// `sip:user@host`, without port, parameters and headers.
fn plain(uri: &[u8]) -> Option<Vec<u8>> {
    let uri = Uri::parse(uri).ok()?;
    Some(match uri.user {
        Some(user) => [b"sip:", user, b"@", uri.host].concat(),
        None => [b"sip:", uri.host].concat(),
    })
}
