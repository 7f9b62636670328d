//! Who exceeded what: a line, an event route, variables.

use super::Fraud;
use super::book::Question;
use super::person::Exceeded;
use bytes::Bytes;
use policy::{Context, Declaration, Level, Task, Var, problem};
use script::Value;
use std::fmt::Write as _;

/// The event route.
pub(super) const ROUTE: &str = "fraud:alert";

/// A limit that was exceeded, for lines and variables.
#[derive(Clone, Debug, Default)]
pub(super) struct Alert {
    profile: Bytes,
    who: Bytes,
    number: Bytes,
    /// What the number leads to, where that is a high risk.
    destination: Bytes,
    limit: &'static str,
    value: u64,
    most: u64,
    verdict: &'static str,
}

/// The last alert of the message in hand.
#[derive(Default)]
struct Last(Option<Alert>);

type Field = fn(&Alert) -> Value;

/// What `$fraud(…)` has.
const FIELDS: [(&str, Field); 8] = [
    ("profile", |alert| text(&alert.profile)),
    ("who", |alert| text(&alert.who)),
    ("number", |alert| text(&alert.number)),
    ("destination", |alert| text(&alert.destination)),
    ("limit", |alert| {
        text(&Bytes::from_static(alert.limit.as_bytes()))
    }),
    ("value", |alert| number(alert.value)),
    ("most", |alert| number(alert.most)),
    ("verdict", |alert| {
        text(&Bytes::from_static(alert.verdict.as_bytes()))
    }),
];

pub(super) fn declare(d: &mut Declaration<Fraud>) {
    d.event_route(
        ROUTE,
        "Somebody exceeds a limit; the message is his INVITE, and $fraud(…) tells the rest.",
    );
    d.variable(
        "fraud(name)",
        "The limit that the last fraud_check() found exceeded: profile, who, number, destination, limit, value, most, verdict; null without one.",
        false,
        |_, spec, _| {
            let name = spec.inner.as_deref().unwrap_or_default();
            let found = FIELDS.iter().find(|(own, _)| own.as_bytes() == name);
            let Some((_, field)) = found else {
                let names: Vec<&str> = FIELDS.iter().map(|(name, _)| *name).collect();
                return Err(problem(format!("$fraud(…) has {}", names.join(", "))));
            };
            Ok(Var::read_only(move |context| {
                let last = context.extension::<Last>().and_then(|last| last.0.as_ref());
                last.map_or(Value::Null, field)
            }))
        },
    );
}

impl Alert {
    pub(super) fn new(
        question: &Question<'_>,
        risk: Option<&str>,
        exceeded: &Exceeded,
        verdict: &'static str,
    ) -> Alert {
        Alert {
            profile: question.profile.name.clone().into(),
            who: Bytes::copy_from_slice(question.who),
            number: Bytes::copy_from_slice(question.number),
            destination: Bytes::copy_from_slice(risk.unwrap_or_default().as_bytes()),
            limit: exceeded.measure.name(),
            value: exceeded.value,
            most: exceeded.most,
            verdict,
        }
    }

    fn line(&self) -> String {
        let (who, number) = (quoted(&self.who), quoted(&self.number));
        let profile = String::from_utf8_lossy(&self.profile);
        let mut line = format!(
            "{profile} {who}: {} {} over {}, call to {number} {}",
            self.limit, self.value, self.most, self.verdict
        );
        if !self.destination.is_empty() {
            // Writing into a text cannot fail.
            let _ = write!(line, " ({})", String::from_utf8_lossy(&self.destination));
        }
        line
    }
}

impl Fraud {
    /// Keeps an alert for `$fraud(…)`; where it is news, writes it and has the event route run.
    pub(super) fn tell(&self, context: &mut Context, alert: Alert, is_news: bool) {
        context.extension_mut::<Last>().0 = Some(alert.clone());
        if !is_news {
            return;
        }
        self.counts.alerts.inc();
        context.log(Level::Warn, "fraud", || alert.line());
        let message = context.request().filter(|_| self.is_heard).cloned();
        let Some(message) = message else { return };
        self.outbox.post(Task::Event {
            name: ROUTE.to_owned(),
            prepare: Box::new(move |context| {
                context.target.uri = message.slice_of(message.request_uri());
                context.message = message;
                context.extension_mut::<Last>().0 = Some(alert);
            }),
        });
    }
}

/// A peer's octets in quotes, in one line and without a quote or a control character in them.
pub(super) fn quoted(text: &[u8]) -> String {
    format!("\"{}\"", text.escape_ascii())
}

fn text(text: &Bytes) -> Value {
    match text.is_empty() {
        true => Value::Null,
        false => Value::Str(text.clone()),
    }
}

fn number(number: u64) -> Value {
    Value::Int(i64::try_from(number).unwrap_or(i64::MAX))
}
