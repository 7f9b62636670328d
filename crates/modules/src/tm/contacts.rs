//! Serial forking: targets are put away in the order of their q and taken out group by group
//! (README of Kamailio's module, section 2).
//!
//! They lie in an XAVP, the next one newest, so that scripts can see whether any is left and so
//! that they follow the request into its transaction.

use super::Tm;
use bytes::Bytes;
use policy::{
    ConnectionId, Context, Destination, Int, Level, Q, Registered, SocketId, XavpValue, Xavps,
    serial_groups,
};
use script::Value;
use std::sync::Arc;

/// Nothing was left to take.
const NONE_LEFT: i32 = -2;

impl Tm {
    pub(super) fn load_contacts(&self, context: &mut Context, mode: &Option<Int>) -> bool {
        if self.contacts.is_empty() {
            return disabled(context, "contacts_avp") > 0;
        }
        let by_chance = mode
            .as_ref()
            .is_some_and(|mode| mode.get_or_0(context) == 1);
        if context.branches.is_empty() {
            return true;
        }
        let mut targets = vec![std::mem::take(&mut context.target)];
        context.target.uri = targets
            .first()
            .map(|target| target.uri.clone())
            .unwrap_or_default();
        targets.append(&mut context.branches);
        let groups = if by_chance {
            drawn(&targets, |end| context.rng.u32(0..end))
        } else {
            grouped(&targets)
        };
        for group in groups.iter().rev() {
            // The last of a group carries the mark where it ends.
            for (place, index) in group.iter().enumerate().rev() {
                if let Some(target) = targets.get(*index) {
                    let ends = place + 1 == group.len();
                    context
                        .vars
                        .xavps
                        .add(self.contacts.clone(), XavpValue::Fields(put(target, ends)));
                }
            }
        }
        true
    }

    pub(super) fn next_contacts(&self, context: &mut Context) -> i32 {
        if self.contacts.is_empty() {
            return disabled(context, "contacts_avp");
        }
        let mut taken: Vec<Destination> = Vec::new();
        while let Some((target, ends)) = next(&mut context.vars.xavps, &self.contacts) {
            let known = target.instance().is_some()
                && taken
                    .iter()
                    .any(|other| other.instance() == target.instance());
            match known && !self.flows.is_empty() {
                true => context
                    .vars
                    .xavps
                    .add(self.flows.clone(), XavpValue::Fields(put(&target, true))),
                false => taken.push(target),
            }
            if ends {
                break;
            }
        }
        let mut taken = taken.into_iter();
        let Some(first) = taken.next() else {
            return NONE_LEFT;
        };
        context.target = first;
        context.tried = None;
        context.branches.clear();
        context.branches.extend(taken);
        1
    }

    pub(super) fn next_contact_flow(&self, context: &mut Context) -> i32 {
        if self.flows.is_empty() {
            return disabled(context, "contact_flows_avp");
        }
        let failed = context
            .reply
            .as_ref()
            .map_or(context.branch_index, |reply| reply.branch);
        let transaction = context.transaction();
        let instance = transaction
            .and_then(|t| t.branches.get(failed))
            .and_then(|b| b.target.instance().cloned());
        let Some(instance) = instance else {
            return NONE_LEFT;
        };
        let xavps = &mut context.vars.xavps;
        let same = |fields: &Xavps| field(fields, b"instance") == Value::Str(instance.clone());
        let count = i64::try_from(xavps.count(&self.flows)).unwrap_or(0);
        let found = (0..count).find(|index| xavps.fields(&self.flows, *index).is_some_and(same));
        let Some(target) = found.and_then(|index| {
            let target = xavps.fields(&self.flows, index).map(take)?;
            xavps.remove(&self.flows, index).then_some(target)
        }) else {
            return NONE_LEFT;
        };
        context.target = target;
        context.tried = None;
        1
    }
}

fn disabled(context: &mut Context, param: &str) -> i32 {
    context.log(Level::Err, "tm", || {
        format!("feature has been disabled - to enable define {param} module parameter")
    });
    -1
}

/// Groups of equal q, the highest first; within a group the target that was added last comes first.
fn grouped(targets: &[Destination]) -> Vec<Vec<usize>> {
    let qs: Vec<Option<u16>> = targets
        .iter()
        .map(|target| u16::try_from(target.q.0).ok())
        .collect();
    let groups = serial_groups(&qs);
    groups
        .into_iter()
        .map(|group| group.into_iter().rev().map(usize::from).collect())
        .collect()
}

/// One by one in an order drawn at random, q being the weight; those without q come last. `below`
/// draws a number below its argument.
fn drawn(targets: &[Destination], mut below: impl FnMut(u32) -> u32) -> Vec<Vec<usize>> {
    let weight = |index: &usize| {
        targets
            .get(*index)
            .map_or(0, |target| u32::try_from(target.q.0).unwrap_or(0))
    };
    let (mut left, last): (Vec<usize>, Vec<usize>) =
        (0..targets.len()).partition(|index| weight(index) > 0);
    let mut order = Vec::with_capacity(targets.len());
    while !left.is_empty() {
        let sum: u32 = left.iter().map(weight).sum();
        let mut point = below(sum.max(1));
        let place = left.iter().position(|index| {
            let own = weight(index);
            let here = point < own;
            point = point.saturating_sub(own);
            here
        });
        order.push(left.remove(place.unwrap_or(0)));
    }
    order
        .into_iter()
        .chain(last)
        .map(|index| vec![index])
        .collect()
}

/// Takes the newest contact out, with whether its group ends there.
fn next(xavps: &mut Xavps, name: &[u8]) -> Option<(Destination, bool)> {
    let fields = xavps.fields(name, 0)?;
    let taken = (take(fields), field(fields, b"q_flag").to_int() > 0);
    xavps.remove(name, 0);
    Some(taken)
}

fn put(target: &Destination, ends_group: bool) -> Xavps {
    let mut fields = Xavps::default();
    let mut add = |name: &'static str, value: Option<Value>| {
        if let Some(value) = value {
            fields.add(Bytes::from_static(name.as_bytes()), XavpValue::Plain(value));
        }
    };
    let text = |text: &Option<Bytes>| text.clone().map(Value::Str);
    add("uri", Some(Value::Str(target.uri.clone())));
    add("dst_uri", text(&target.dst_uri));
    add("path", text(&target.path));
    add("q", Some(Value::Int(target.q.0.into())));
    add("flags", Some(Value::Int(target.flags.into())));
    add(
        "sock",
        target.socket.map(|socket| Value::Int(socket.0.into())),
    );
    add(
        "conid",
        target
            .connection
            .and_then(|id| i64::try_from(id.0).ok())
            .map(Value::Int),
    );
    let registered = target.registered.as_deref().cloned().unwrap_or_default();
    add("ruid", text(&registered.ruid));
    add("instance", text(&registered.instance));
    add("reg_id", Some(Value::Int(registered.reg_id.into())));
    add("user_agent", text(&registered.user_agent));
    add("q_flag", ends_group.then_some(Value::Int(1)));
    fields
}

fn take(fields: &Xavps) -> Destination {
    let text = |name: &[u8]| match field(fields, name) {
        Value::Str(text) => Some(text),
        _ => None,
    };
    let number = |name: &[u8]| match field(fields, name) {
        Value::Int(number) => Some(number),
        _ => None,
    };
    let registered = Registered {
        ruid: text(b"ruid"),
        instance: text(b"instance"),
        reg_id: number(b"reg_id")
            .and_then(|id| u32::try_from(id).ok())
            .unwrap_or(0),
        user_agent: text(b"user_agent"),
    };
    Destination {
        uri: text(b"uri").unwrap_or_default(),
        dst_uri: text(b"dst_uri"),
        path: text(b"path"),
        q: number(b"q")
            .and_then(|q| i16::try_from(q).ok())
            .map_or(Q::UNSET, Q),
        flags: number(b"flags")
            .and_then(|flags| u32::try_from(flags).ok())
            .unwrap_or(0),
        socket: number(b"sock")
            .and_then(|id| u16::try_from(id).ok())
            .map(SocketId),
        connection: number(b"conid")
            .and_then(|id| u64::try_from(id).ok())
            .map(ConnectionId),
        registered: Some(registered)
            .filter(|known| *known != Registered::default())
            .map(Arc::new),
    }
}

fn field(fields: &Xavps, name: &[u8]) -> Value {
    match fields.entry(name, 0) {
        Some(XavpValue::Plain(value)) => value.clone(),
        _ => Value::Null,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target(uri: &'static str, q: i16) -> Destination {
        Destination {
            uri: Bytes::from_static(uri.as_bytes()),
            q: Q(q),
            ..Destination::default()
        }
    }

    #[test]
    fn equal_q_is_one_group_and_none_is_the_last() {
        let targets = [
            target("a", -1),
            target("b", 500),
            target("c", 500),
            target("d", 1000),
        ];
        assert_eq!(grouped(&targets), [vec![3], vec![2, 1], vec![0]]);
    }

    #[test]
    fn chance_follows_q() {
        let targets = [target("a", 900), target("b", 100), target("c", -1)];
        for (point, order) in [(0, [0, 1, 2]), (899, [0, 1, 2]), (900, [1, 0, 2])] {
            let mut points = [point, 0].into_iter();
            let groups = drawn(&targets, |_| points.next().unwrap_or(0));
            assert_eq!(groups, order.map(|index| vec![index]), "{point}");
        }
    }

    #[test]
    fn a_contact_survives_being_put_away() {
        let whole = Destination {
            dst_uri: Some(Bytes::from_static(b"sip:1.2.3.4")),
            flags: 5,
            socket: Some(SocketId(1)),
            registered: Some(Arc::new(Registered {
                instance: Some(Bytes::from_static(b"<urn:uuid:1>")),
                reg_id: 2,
                ..Registered::default()
            })),
            ..target("sip:a@b", 300)
        };
        assert_eq!(take(&put(&whole, true)), whole);
        let unregistered = target("sip:a@b", 300);
        assert_eq!(take(&put(&unregistered, true)), unregistered);
    }
}
