//! The script functions.

use super::UserBlockList;
use bytes::Bytes;
use policy::{Argument, Context, Level, Outcome, Prepare, Problem, Text, Written};
use sip::Uri;
use store::Name;

/// The name of a list that is kept: read when the server starts.
pub(super) struct Kept(Name);

impl Argument for Kept {
    fn prepare(written: Option<&Written>, prepare: &mut Prepare<'_>) -> Result<Kept, Problem> {
        let text = Text::prepare(written, prepare)?;
        let literal = text.as_literal();
        let literal = literal.ok_or_else(|| prepare.problem("the table must be a constant"))?;
        let name = Name::parse(&String::from_utf8_lossy(literal))
            .map_err(|error| prepare.problem(error.to_string()))?;
        if let Some(module) = prepare.module::<UserBlockList>() {
            module.lists.name(&name);
        }
        Ok(Kept(name))
    }
}

impl UserBlockList {
    pub(super) fn check_user_blocklist(
        &self,
        context: &mut Context,
        user: &Text,
        domain: &Text,
        number: &Option<Text>,
        table: &Option<Text>,
    ) -> Outcome {
        let judge = |allows: Option<bool>| allows != Some(false);
        self.check_user(context, [user, domain], [number, table], judge)
    }

    pub(super) fn check_user_allowlist(
        &self,
        context: &mut Context,
        user: &Text,
        domain: &Text,
        number: &Option<Text>,
        table: &Option<Text>,
    ) -> Outcome {
        let judge = |allows: Option<bool>| allows == Some(true);
        self.check_user(context, [user, domain], [number, table], judge)
    }

    pub(super) fn check_blocklist(&self, context: &mut Context, table: &Option<Kept>) -> bool {
        let allows = self.find(context, table);
        allows.is_some_and(|allows| allows != Some(false))
    }

    pub(super) fn check_allowlist(&self, context: &mut Context, table: &Option<Kept>) -> bool {
        let allows = self.find(context, table);
        allows.is_some_and(|allows| allows == Some(true))
    }

    fn check_user(
        &self,
        context: &mut Context,
        [user, domain]: [&Text; 2],
        [number, table]: [&Option<Text>; 2],
        judge: fn(Option<bool>) -> bool,
    ) -> Outcome {
        let (user, domain) = (user.get(context), domain.get(context));
        let number = number
            .as_ref()
            .map(|number| number.get(context))
            .filter(|number| !number.is_empty())
            .or_else(|| target(context));
        let Some(number) = number else {
            return Outcome::FALSE;
        };
        let table = match table.as_ref().map(|table| table.get(context)) {
            Some(name) if !name.is_empty() => Name::parse(&String::from_utf8_lossy(&name)).ok(),
            _ => Some(self.lists.params.user_table.clone()),
        };
        let Some(table) = table else {
            context.log(Level::Err, "userblocklist", || {
                "invalid table name".to_owned()
            });
            return Outcome::FALSE;
        };
        let select = self.lists.select_user(&table, &user, Some(domain.as_ref()));
        let lists = self.lists.clone();
        let store = lists.store.clone();
        Outcome::query("userblocklist", store, select, -1, move |_, outcome| {
            let prefixes = lists.prefixes(&outcome.into_rows());
            judge(prefixes.longest(&number)).into()
        })
    }

    /// What the list says of the Request-URI; none where that has no user part, or the list is not read yet.
    fn find(&self, context: &mut Context, table: &Option<Kept>) -> Option<Option<bool>> {
        let number = target(context)?;
        let default = &self.lists.params.global_table;
        let table = table.as_ref().map_or(default, |Kept(name)| name);
        Some(self.lists.list(table)?.longest(&number))
    }
}

/// The user part of the Request-URI.
fn target(context: &mut Context) -> Option<Bytes> {
    let uri = Uri::parse(&context.target.uri).ok();
    let user = uri.and_then(|uri| uri.user).map(Bytes::copy_from_slice);
    if user.is_none() {
        context.log(Level::Err, "userblocklist", || {
            "cannot parse msg URI".to_owned()
        });
    }
    user
}
