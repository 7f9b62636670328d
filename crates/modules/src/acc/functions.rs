//! The script functions of module `acc`.

use super::facts::{Event, Facts};
use super::{Acc, database};
use policy::{Answer, Context, Effect, Level, Outcome, Text};

impl Acc {
    pub(super) fn acc_log_request(&self, context: &mut Context, comment: &Text) -> bool {
        let facts = self.facts(context, comment);
        let log =
            |context: &mut Context, facts: &Facts| self.logic.log(context, Event::Accounted, facts);
        self.logic.in_direction(context, facts, log);
        true
    }

    pub(super) fn acc_db_request(
        &self,
        context: &mut Context,
        comment: &Text,
        table: &Text,
    ) -> Outcome {
        let facts = self.facts(context, comment);
        let table = table.get(context);
        let (Some(store), Some(table)) = (&self.logic.store, database::table_name(&table)) else {
            context.log(Level::Err, "acc", || {
                "no db_url, or a bad name of a table".to_owned()
            });
            return Outcome::FALSE;
        };
        let insert =
            |context: &mut Context, facts: &Facts| self.logic.insert(context, table, facts);
        let operation = self.logic.in_direction(context, facts, insert);
        let effect = Effect::store(store.clone(), operation);
        Outcome::ask_then(effect, |context, answer| match answer {
            Answer::Store(Ok(_)) => Outcome::TRUE,
            Answer::Store(Err(error)) => {
                context.log(Level::Err, "acc", || {
                    format!("failed to insert into database: {error}")
                });
                Outcome::FALSE
            }
            _ => Outcome::FALSE,
        })
    }

    pub(super) fn acc_request(
        &self,
        context: &mut Context,
        comment: &Text,
        table: &Text,
    ) -> Outcome {
        self.acc_log_request(context, comment);
        match self.logic.store {
            Some(_) => self.acc_db_request(context, comment, table),
            None => Outcome::TRUE,
        }
    }

    fn facts(&self, context: &mut Context, comment: &Text) -> Facts {
        let comment = comment.get(context);
        let message = context.request().unwrap_or(&context.message).clone();
        let mut facts = Facts::of(&message);
        facts.comment(&comment);
        facts
    }
}
