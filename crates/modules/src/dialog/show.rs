//! Dialogs as operators see them.

use super::call::{Dialog, Leg, Live, Side};
use super::state::State;
use serde_json::{Value as Json, json};
use std::sync::Arc;

/// Text in which nothing can end or forge a line.
pub(super) fn printable(text: &[u8]) -> String {
    let text = String::from_utf8_lossy(text);
    text.chars()
        .map(|c| if c.is_control() { '?' } else { c })
        .collect()
}

/// All that is known of a dialog, in the shape of Kamailio's `dlg.list`.
pub(super) fn record(dialog: &Arc<Dialog>, now_s: u64) -> Json {
    let live = dialog.live.lock();
    let until_s = if live.end_s == 0 { now_s } else { live.end_s };
    let duration = match live.start_s {
        0 => 0,
        start_s => until_s.saturating_sub(start_s),
    };
    json!({
        "h_entry": dialog.did.entry,
        "h_id": dialog.did.id,
        "ref": Arc::strong_count(dialog),
        "call-id": text(dialog.call_id()),
        "from_uri": text(dialog.caller_uri()),
        "to_uri": text(dialog.callee_uri()),
        "state": live.state.number(),
        "start_ts": live.start_s,
        "init_ts": dialog.init_s,
        "end_ts": live.end_s,
        "duration": duration,
        "timeout": live.timeout_s,
        "lifetime": live.lifetime_s,
        "dflags": dflags(&live),
        "sflags": live.flags,
        "iflags": live.switches,
        "caller": leg(&live.caller, dialog.caller_tag()),
        "callee": leg(&live.callee, live.callee.tag()),
        "profiles": profiles(&live),
        "variables": variables(&live),
    })
}

fn leg(leg: &Leg, tag: &[u8]) -> Json {
    if tag.is_empty() {
        return json!({ "tag": null, "contact": null, "cseq": null, "route_set": null, "socket": null });
    }
    json!({
        "tag": text(tag),
        "contact": text(leg.contact()),
        "cseq": leg.cseq.to_string(),
        "route_set": text(leg.routes()),
        "socket": leg.socket.map(|socket| socket.to_string()),
    })
}

fn profiles(live: &Live) -> Json {
    let member = |link: &super::profile::Link| match link.profile.has_value {
        true => json!({ link.profile.name.as_str(): text(&link.value) }),
        false => json!(link.profile.name),
    };
    live.links.iter().rev().map(member).collect()
}

fn variables(live: &Live) -> Json {
    let variable =
        |(name, value): &(bytes::Bytes, bytes::Bytes)| json!({ text(name): text(value) });
    live.vars.iter().rev().map(variable).collect()
}

/// Kamailio's internal flags, of which only one means something to others: 4, a BYE passed.
pub(super) fn dflags(live: &Live) -> i64 {
    if live.has_bye { 4 } else { 0 }
}

/// Name, and the attributes whose letters stand in `wanted` (`dlg.briefing`).
pub(super) fn brief(dialog: &Dialog, wanted: &str) -> Json {
    let live = dialog.live.lock();
    let mut record = serde_json::Map::new();
    let mut put = |name: &str, value: Json| record.insert(name.to_owned(), value);
    put("h_entry", dialog.did.entry.into());
    put("h_id", dialog.did.id.into());
    for letter in "ftcFTISEs"
        .chars()
        .filter(|letter| wanted.contains(*letter))
    {
        match letter {
            'f' => put("from_uri", text(dialog.caller_uri()).into()),
            't' => put("to_uri", text(dialog.callee_uri()).into()),
            'c' => put("call-id", text(dialog.call_id()).into()),
            'F' => put("from_tag", text(dialog.caller_tag()).into()),
            'T' => put("to_tag", text(live.leg(Side::Callee).tag()).into()),
            'I' => put("init_ts", dialog.init_s.into()),
            'S' => put("start_ts", live.start_s.into()),
            'E' => put("end_ts", live.end_s.into()),
            _ => put("state", live.state.number().into()),
        };
    }
    Json::Object(record)
}

/// How many dialogs are in which state (`dlg.stats_active`).
#[derive(Default)]
pub(super) struct Stats([usize; 4]);

impl Stats {
    /// Counts a dialog.
    pub(super) fn count(&mut self, state: State) {
        let index = match state {
            State::Unconfirmed => 0,
            State::Early => 1,
            State::Answered => 2,
            State::Confirmed => 3,
            State::Deleted => return,
        };
        self.0[index] += 1;
    }

    /// The answer.
    pub(super) fn answer(&self) -> Json {
        let [starting, connecting, answering, ongoing] = self.0;
        json!({
            "starting": starting,
            "connecting": connecting,
            "answering": answering,
            "ongoing": ongoing,
            "all": self.0.iter().sum::<usize>(),
        })
    }
}

fn text(text: &[u8]) -> String {
    String::from_utf8_lossy(text).into_owned()
}
