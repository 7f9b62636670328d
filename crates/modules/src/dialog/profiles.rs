//! The script functions for profiles.

use super::DialogModule;
use super::current::{current, current_mut};
use super::functions::positive;
use super::profile::{Link, Profile};
use policy::{
    Argument, Context, Declaration, Int, Level, Literal, Prepare, Problem, Routes, Text, Var,
    Written, problem,
};
use script::Value;
use std::sync::Arc;

/// Declares them.
pub(super) fn declare(d: &mut Declaration<DialogModule>) {
    let any = Routes::ANY;
    d.function("set_dlg_profile(profile, [value])", "Puts the dialog into a profile, also before it is made: 1, or -1 where a value is missing.", any, DialogModule::set_profile);
    d.function(
        "unset_dlg_profile(profile, [value])",
        "Takes it out: 1, or -1 where it was not in, and in request_route.",
        any,
        DialogModule::unset_profile,
    );
    d.function(
        "is_in_profile(profile, [value])",
        "1 where the dialog is in the profile, with this value where it has values, else -1.",
        any,
        DialogModule::is_in_profile,
    );
    d.function("get_profile_size(profile, value_or_size, [size])", "Writes into size how many members the profile has, with the value where three arguments are given: 1.", any, DialogModule::profile_size);
    d.function(
        "dlg_set_timeout_by_profile(profile, value_or_timeout, [timeout])",
        "Gives every dialog in the profile so many seconds from now on: 1.",
        any,
        DialogModule::timeout_by_profile,
    );
    d.function(
        "dlg_remote_profile(cmd, profile, value, uid, expires)",
        "Counts (add) or forgets (rm) a dialog of another server until a Unix time: 1, or -1.",
        any,
        DialogModule::remote_profile,
    );
}

/// The name of a profile that a parameter declares.
pub(super) struct ProfileName(Option<Arc<Profile>>);

impl Argument for ProfileName {
    fn prepare(written: Option<&Written>, prepare: &mut Prepare<'_>) -> Result<Self, Problem> {
        let Literal(name) = Literal::prepare(written, prepare)?;
        let own = prepare
            .modules
            .iter()
            .find(|module| module.name() == "dialog");
        let Some(module) = own
            .and_then(|module| module.instance())
            .and_then(|any| any.downcast::<DialogModule>().ok())
        else {
            // Only checking: no parameter has been read.
            return Ok(ProfileName(None));
        };
        match module.logic.profile(&name) {
            Some(profile) => Ok(ProfileName(Some(profile.clone()))),
            None => {
                let name = super::show::printable(&name);
                Err(problem(format!(
                    "profile <{name}> not defined: name it in profiles_with_value or profiles_no_value"
                )))
            }
        }
    }
}

/// The second of two or three arguments: with three a value, with two what the third would be.
pub(super) enum ValueOr<T> {
    /// Three are given.
    Value(Text),
    /// Two are given.
    Last(T),
}

impl<T: Argument> Argument for ValueOr<T> {
    fn prepare(written: Option<&Written>, prepare: &mut Prepare<'_>) -> Result<Self, Problem> {
        match prepare.arguments {
            3 => Text::prepare(written, prepare).map(ValueOr::Value),
            _ => T::prepare(written, prepare).map(ValueOr::Last),
        }
    }
}

impl DialogModule {
    fn set_profile(&self, context: &mut Context, name: &ProfileName, value: &Option<Text>) -> bool {
        let Some(link) = link(context, name, value.as_ref()) else {
            return false;
        };
        match self.logic.dialog_of(context) {
            Some(dialog) => {
                let joined = self.logic.join(&dialog, link);
                self.logic.changed(&dialog);
                joined
            }
            None => {
                let links = &mut current_mut(context).wishes.links;
                let has_room = links.len() < Link::MOST;
                if has_room {
                    links.push(link);
                }
                has_room
            }
        }
    }

    fn unset_profile(
        &self,
        context: &mut Context,
        name: &ProfileName,
        value: &Option<Text>,
    ) -> bool {
        if context.route == Routes::REQUEST {
            context.log(Level::Err, "dialog", || {
                "dialog delete profile cannot be used in request route".to_owned()
            });
            return false;
        }
        let Some(link) = link(context, name, value.as_ref()) else {
            return false;
        };
        let Some(dialog) = self.logic.dialog_of(context) else {
            return false;
        };
        let mut live = dialog.live.lock();
        let Some(index) = live.links.iter().position(|own| own.is(&link)) else {
            return false;
        };
        live.links.swap_remove(index);
        drop(live);
        link.profile.remove(&link.value, dialog.did);
        self.logic.changed(&dialog);
        true
    }

    fn is_in_profile(
        &self,
        context: &mut Context,
        name: &ProfileName,
        value: &Option<Text>,
    ) -> bool {
        let Some(link) = link(context, name, value.as_ref()) else {
            return false;
        };
        match self.logic.dialog_of(context) {
            Some(dialog) => dialog.live.lock().links.iter().any(|own| own.is(&link)),
            None => current(context)
                .is_some_and(|current| current.wishes.links.iter().any(|own| own.is(&link))),
        }
    }

    fn profile_size(
        &self,
        context: &mut Context,
        name: &ProfileName,
        second: &ValueOr<Var>,
        third: &Option<Var>,
    ) -> bool {
        let Some(profile) = &name.0 else { return false };
        let (value, size) = match (second, third) {
            (ValueOr::Value(value), Some(size)) => (Some(value.get(context)), size),
            (ValueOr::Last(size), None) => (None, size),
            _ => return false,
        };
        if profile.has_value && value.is_none() {
            missing_value(context);
            return false;
        }
        let members = profile.size(value.as_deref());
        size.set(
            context,
            Value::Int(i64::try_from(members).unwrap_or(i64::MAX)),
        )
    }

    fn timeout_by_profile(
        &self,
        context: &mut Context,
        name: &ProfileName,
        second: &ValueOr<Int>,
        third: &Option<Int>,
    ) -> bool {
        let Some(profile) = &name.0 else { return false };
        let (value, timeout) = match (second, third) {
            (ValueOr::Value(value), Some(timeout)) => (Some(value.get(context)), timeout),
            (ValueOr::Last(timeout), None) => (None, timeout),
            _ => return false,
        };
        let Some(seconds) = positive(timeout.get(context)) else {
            return false;
        };
        let now_s = context.now.unix_s();
        for (dialog, _) in profile.dialogs(value.as_deref()) {
            self.logic.set_lifetime(&dialog, seconds, now_s);
        }
        true
    }

    fn remote_profile(
        &self,
        context: &mut Context,
        command: &Text,
        name: &Text,
        value: &Text,
        uid: &Text,
        expires: &Int,
    ) -> bool {
        let (command, name) = (command.get(context), name.get(context));
        let (value, uid) = (value.get(context), uid.get(context));
        let Some(profile) = self.logic.profile(&name).cloned() else {
            let name = super::show::printable(&name);
            context.log(Level::Err, "dialog", || {
                format!("profile [{name}] not found")
            });
            return false;
        };
        let value = if profile.has_value {
            value.as_ref()
        } else {
            b""
        };
        match command.as_ref() {
            b"add" => {
                let expires_s = expires.get(context).and_then(|at| u64::try_from(at).ok());
                profile.insert_remote(value, &uid, expires_s.unwrap_or(0))
            }
            b"rm" => profile.remove_remote(value, &uid),
            _ => {
                let command = super::show::printable(&command);
                context.log(Level::Err, "dialog", || {
                    format!("unknown command [{command}]")
                });
                false
            }
        }
    }
}

impl super::logic::Logic {
    /// Puts a dialog into a profile; false where it is in too many or over.
    pub(super) fn join(&self, dialog: &Arc<super::call::Dialog>, link: Link) -> bool {
        let mut live = dialog.live.lock();
        if live.links.len() >= Link::MOST || live.state == super::state::State::Deleted {
            return false;
        }
        // Under the lock, so that an end that comes meanwhile finds both or neither.
        link.profile.insert(&link.value, dialog);
        live.links.push(link);
        live.is_dirty = true;
        true
    }
}

impl Link {
    fn is(&self, other: &Link) -> bool {
        Arc::ptr_eq(&self.profile, &other.profile) && self.value == other.value
    }
}

/// The membership that is meant; none where a value is missing.
fn link(context: &mut Context, name: &ProfileName, value: Option<&Text>) -> Option<Link> {
    let profile = name.0.clone()?;
    let value = match (profile.has_value, value) {
        (false, _) => Box::default(),
        (true, Some(value)) => value.get(context).as_ref().into(),
        (true, None) => {
            missing_value(context);
            return None;
        }
    };
    Some(Link { profile, value })
}

fn missing_value(context: &mut Context) {
    context.log(Level::Err, "dialog", || {
        "invalid value parameter".to_owned()
    });
}
