//! What happens to transactions, and what of it is accounted.

use super::Logic;
use super::facts::{Event, Facts, swapped};
use bytes::Bytes;
use policy::{Context, Remains, Replied, TransactionHook};
use sip::{Message, Method};
use std::sync::Arc;

/// Set on a request within a dialog that goes against the direction of the first one.
#[derive(Default)]
pub(super) struct Upstream(pub(super) bool);

impl TransactionHook for Logic {
    fn replied(&self, context: &mut Context, outcome: &Replied<'_>) {
        if self.is_ignored(context) {
            return;
        }
        if outcome.code >= 300 {
            self.missed(context, outcome);
            let failed = self.params.failed_flag & context.flags != 0;
            if !failed || self.params.failed_filter.contains(&outcome.code) {
                return;
            }
        }
        self.answered(context, outcome);
    }

    fn failed(&self, context: &mut Context, outcome: &Replied<'_>) {
        if !self.is_ignored(context) {
            self.missed(context, outcome);
        }
    }

    fn progressed(&self, context: &mut Context, outcome: &Replied<'_>) {
        let has_body = outcome.reply.is_some_and(|reply| !reply.body().is_empty());
        if self.params.early_media && has_body {
            self.answered(context, outcome);
        }
    }

    fn acknowledged(&self, context: &mut Context, ack: &Message) {
        if !self.params.report_ack {
            return;
        }
        let mut facts = Facts::of(ack);
        let code = context.transaction().map_or(0, |own| own.replied);
        // An ACK has no reason of its own: Kamailio prints the standard phrase of the code.
        facts.reason = Bytes::from_static(if code == 202 { b"Accepted" } else { b"OK" });
        facts.code = code.to_string().into();
        context.with_message(Arc::new(ack.clone()), |context| {
            self.write(context, Event::Acknowledged, facts);
        });
    }

    fn remains(&self, context: &Context) -> Remains {
        let wanted = (self.params.log_flag | self.params.db_flag) & context.flags;
        match wanted != 0 && self.params.report_ack {
            true => Remains::Context,
            false => Remains::Names,
        }
    }
}

impl Logic {
    fn is_ignored(&self, context: &Context) -> bool {
        context.message.method() == Method::Cancel && !self.params.report_cancels
    }

    fn answered(&self, context: &mut Context, outcome: &Replied<'_>) {
        let wanted = (self.params.log_flag | self.params.db_flag) & context.flags;
        if wanted != 0 {
            let facts = Facts::answered(context, outcome, self.params.reason_from_hf);
            self.write(context, Event::Answered, facts);
        }
    }

    /// An INVITE that nobody answered; the flags are taken back, so that each attempt of a serial
    /// fork is accounted where its failure route sets them again.
    fn missed(&self, context: &mut Context, outcome: &Replied<'_>) {
        let masks = self.params.log_missed_flag | self.params.db_missed_flag;
        if context.message.method() != Method::Invite || context.flags & masks == 0 {
            return;
        }
        let facts = Facts::answered(context, outcome, self.params.reason_from_hf);
        self.write(context, Event::Missed, facts);
        context.flags &= !masks;
    }

    /// Writes an event wherever the flags of the request say.
    fn write(&self, context: &mut Context, event: Event, facts: Facts) {
        let params = &self.params;
        let (log, db, table) = match event {
            Event::Missed => (
                params.log_missed_flag,
                params.db_missed_flag,
                &self.table_missed,
            ),
            _ => (params.log_flag, params.db_flag, &self.table),
        };
        let (log, db) = (log & context.flags != 0, db & context.flags != 0);
        self.in_direction(context, facts, |context, facts| {
            if log {
                self.log(context, event, facts);
            }
            if db {
                self.store_event(context, table, facts);
            }
        });
    }

    /// Runs `with` with From and To as the dialog began, where `detect_direction` finds them
    /// exchanged.
    pub(super) fn in_direction<T>(
        &self,
        context: &mut Context,
        facts: Facts,
        with: impl FnOnce(&mut Context, &Facts) -> T,
    ) -> T {
        let is_upstream = context
            .extension::<Upstream>()
            .is_some_and(|upstream| upstream.0);
        let turned = is_upstream.then(|| swapped(&context.message)).flatten();
        let Some(turned) = turned else {
            return with(context, &facts);
        };
        let request = std::mem::replace(&mut context.message, turned);
        let done = with(context, &facts.swapped());
        context.message = request;
        done
    }
}

/// Notes the direction of a request that follows our Route, from its `ftag` parameter.
pub(super) fn note_direction(context: &mut Context, params: &[u8]) {
    let first = params
        .split(|byte| *byte == b';')
        .find_map(|param| param.strip_prefix(b"ftag="));
    let message = context.message.clone();
    let from = message.from().ok().and_then(|from| from.tag());
    let is_upstream = first.is_some() && first != from;
    context.extension_mut::<Upstream>().0 = is_upstream;
}
