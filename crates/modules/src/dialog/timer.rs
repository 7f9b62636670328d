//! What time does to dialogs: they time out, are asked whether they live, and go.

use super::call::{Dialog, Live, Side};
use super::events;
use super::logic::{Cause, Logic};
use super::request::Within;
use super::state::State;
use policy::{Level, OnEnd};
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// Milliseconds between two ticks.
pub(super) const TICK_MS: u32 = 1000;

/// Seconds a dialog has left when its ACK did not come or a keep-alive request failed (README of
/// Kamailio's module `dialog`, sections 6.8 and 6.53).
pub(super) const LAST_S: u32 = 10;

/// One tick: dialogs that are due, members of other servers, `db_mode` 2.
pub(super) fn tick(logic: &Arc<Logic>, now_s: u64) {
    logic.shared.clock_s.store(now_s, Ordering::Relaxed);
    for dialog in logic.shared.table.due(now_s, |dialog| logic.due_s(dialog)) {
        visit(logic, &dialog, now_s);
    }
    for profile in &logic.profiles {
        profile.expire_remote(now_s);
    }
    logic.write_delayed(now_s);
}

fn visit(logic: &Arc<Logic>, dialog: &Arc<Dialog>, now_s: u64) {
    let (state, timeout_s) = {
        let live = dialog.live.lock();
        (live.state, live.timeout_s)
    };
    match state {
        State::Unconfirmed | State::Early => {
            logic.log(Level::Notice, || {
                format!(
                    "dialog in early state is too old: callid '{}'",
                    call_id(dialog)
                )
            });
            logic.give_up(dialog, now_s);
        }
        State::Deleted => logic.shared.table.remove(dialog),
        _ if timeout_s <= now_s => timed_out(logic, dialog, now_s),
        State::Answered => unacknowledged(logic, dialog),
        State::Confirmed => ask_if_alive(logic, dialog, now_s),
    }
}

fn call_id(dialog: &Dialog) -> String {
    super::show::printable(dialog.call_id())
}

/// Its time is over.
fn timed_out(logic: &Logic, dialog: &Arc<Dialog>, now_s: u64) {
    let (route, sends_bye, state) = {
        let live = dialog.live.lock();
        if logic.is_elsewhere(&live) {
            drop(live);
            return logic.let_go(dialog, now_s);
        }
        let sends_bye = live.has(Live::TIMEOUT_BYE);
        (live.timeout_route.clone(), sends_bye, live.state)
    };
    if let Some(route) = route.filter(|_| !logic.params.silences_events) {
        events::run_timeout_route(logic, &route, dialog);
    }
    if sends_bye {
        let sides = [Side::Caller, Side::Callee];
        logic.hang_up(dialog, &sides, b"", (now_s, Cause::Timeout));
        return;
    }
    if logic.ended(dialog, now_s * 1000, Cause::Timeout, None) {
        logic.log(Level::Warn, || {
            let live = dialog.live.lock();
            let from_tag = super::show::printable(dialog.caller_tag());
            let to_tag = super::show::printable(live.callee.tag());
            let ostate = state.number();
            format!(
                "dlg timeout - callid: '{}' tags: '{from_tag}' '{to_tag}' ostate: {ostate}",
                call_id(dialog)
            )
        });
    }
}

/// The ACK of the 2xx did not come in time.
fn unacknowledged(logic: &Logic, dialog: &Arc<Dialog>) {
    {
        let mut live = dialog.live.lock();
        let noack_s = live.start_s + u64::from(logic.params.noack_timeout_s);
        live.lifetime_s = LAST_S;
        live.timeout_s = noack_s + u64::from(LAST_S);
    }
    logic.remind(dialog);
}

/// Sends keep-alive requests to the sides that are to get them.
fn ask_if_alive(logic: &Arc<Logic>, dialog: &Arc<Dialog>, now_s: u64) {
    let switches = {
        let mut live = dialog.live.lock();
        if live.ka_next_s == 0 || live.ka_next_s > now_s {
            drop(live);
            // Whoever looked too early looks again.
            logic.remind(dialog);
            return;
        }
        live.ka_next_s = now_s + u64::from(logic.params.ka_interval_s);
        match logic.is_elsewhere(&live) {
            true => 0,
            false => live.switches,
        }
    };
    for (switch, side) in [(Live::KA_SRC, Side::Caller), (Live::KA_DST, Side::Callee)] {
        if switches & switch != 0 {
            let on_end = hear(logic.clone(), dialog.clone(), side);
            logic.send(
                dialog,
                Within {
                    to: side,
                    method: "OPTIONS",
                    lines: b"",
                    counts: false,
                    on_end: Some(on_end),
                },
            );
        }
    }
    logic.remind(dialog);
}

/// Hears how a keep-alive request ended: 408 and 481 mean that the call is gone.
fn hear(logic: Arc<Logic>, dialog: Arc<Dialog>, side: Side) -> OnEnd {
    Box::new(move |code, _, _| {
        let is_gone = {
            let mut live = dialog.live.lock();
            let failed = &mut live.ka_failed[side as usize];
            *failed = match code {
                408 | 481 => failed.saturating_add(1),
                _ => 0,
            };
            let is_gone = u32::from(*failed) >= logic.params.ka_failed_limit;
            is_gone && live.state.is_up() && live.lifetime_s != LAST_S
        };
        if is_gone {
            logic.set_lifetime(&dialog, LAST_S, logic.clock_s());
        }
    })
}
