//! What the module knows while a configuration runs, and what happens to dialogs.

use super::call::{Dialog, Leg, Live, Sock};
use super::counts::Counts;
use super::events::{self, Happened};
use super::names::Numbers;
use super::params::{DbMode, Match, Params};
use super::profile::Profile;
use super::state::{Event, State};
use super::table::Table;
use super::texts::Did;
use ahash::RandomState;
use parking_lot::Mutex;
use policy::{DialogHooks, EndedBy, LateText, Level, Logger, Outbox, OwnSockets};
use sip::Message;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use store::Store;

/// The module's parameters, handles and state.
pub(super) struct Logic {
    pub(super) params: Params,
    pub(super) shared: Arc<Shared>,
    /// The profiles that parameters name.
    pub(super) profiles: Vec<Arc<Profile>>,
    pub(super) counters: Counts,
    pub(super) logger: Logger,
    pub(super) outbox: Outbox,
    /// Other modules that watch dialogs.
    pub(super) hooks: DialogHooks,
    pub(super) sockets: OwnSockets,
    pub(super) store: Option<Arc<dyn Store>>,
    pub(super) timeout_avp: Option<LateText>,
    /// Which of `dialog:start`, `dialog:end` and `dialog:failed` the script has.
    pub(super) heard: [bool; 3],
}

/// What outlives a configuration.
pub(super) struct Shared {
    /// Entries and numbers of names, which cannot change.
    pub(super) fixed: (u32, Numbers),
    pub(super) table: Table,
    /// Every profile that was named so far.
    pub(super) profiles: Mutex<BTreeMap<String, Arc<Profile>>>,
    /// The time of the last tick, in Unix seconds, for what ends without a message.
    pub(super) clock_s: AtomicU64,
    /// When the next writing of `db_mode` 2 is due.
    pub(super) next_write_s: AtomicU64,
    /// Was read from the database already.
    pub(super) is_loaded: AtomicBool,
    /// Dialogs that were read and whose variables are not.
    pub(super) await_variables: Mutex<BTreeSet<Did>>,
    /// When the last error line about a full table was written, in Unix seconds.
    pub(super) complained_s: AtomicU64,
}

impl Shared {
    /// An empty table of so many chains.
    pub(super) fn new(fixed: (u32, Numbers), hasher: RandomState) -> Shared {
        Shared {
            fixed,
            table: Table::new(fixed.0, fixed.1, hasher),
            profiles: Mutex::default(),
            clock_s: AtomicU64::new(0),
            next_write_s: AtomicU64::new(0),
            is_loaded: AtomicBool::new(false),
            await_variables: Mutex::default(),
            complained_s: AtomicU64::new(0),
        }
    }
}

/// Why a call is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cause {
    /// A BYE, from a party or by command.
    Bye,
    /// Its time is over.
    Timeout,
}

/// Seconds a dialog stays after its end, so that retransmissions and late requests still find it.
const LINGER_S: u64 = 5;

impl Logic {
    /// When a dialog must be looked at next, in Unix seconds; `u64::MAX` for never.
    pub(super) fn due_s(&self, dialog: &Dialog) -> u64 {
        let live = dialog.live.lock();
        let params = &self.params;
        let timeout_s = match live.timeout_s {
            0 => u64::MAX,
            timeout_s => timeout_s,
        };
        match live.state {
            State::Unconfirmed | State::Early => dialog.init_s + u64::from(params.early_timeout_s),
            State::Answered => timeout_s.min(live.start_s + u64::from(params.noack_timeout_s)),
            State::Confirmed => match live.ka_next_s {
                0 => timeout_s,
                ka_next_s => timeout_s.min(ka_next_s),
            },
            State::Deleted => live.end_s + LINGER_S.min(params.end_timeout_s.into()),
        }
    }

    /// Sees to it that a dialog is looked at in time.
    pub(super) fn remind(&self, dialog: &Dialog) {
        self.shared.table.remind(dialog, self.due_s(dialog));
    }

    /// The script changed what is kept of a dialog.
    pub(super) fn changed(&self, dialog: &Arc<Dialog>) {
        dialog.live.lock().is_dirty = true;
        self.remind(dialog);
        self.save(dialog);
    }

    /// The time of the last tick.
    pub(super) fn clock_s(&self) -> u64 {
        self.shared.clock_s.load(Ordering::Relaxed)
    }

    /// It rings.
    pub(super) fn progressed(&self, dialog: &Dialog) {
        let mut live = dialog.live.lock();
        if live.state == State::Unconfirmed {
            live.state = live.state.after(Event::Progress);
            self.counters.early.inc();
        }
    }

    /// The callee took the call; false where that is not news. `fill` writes what the 2xx tells of it.
    pub(super) fn answered(
        &self,
        dialog: &Arc<Dialog>,
        now_ms: u64,
        message: &Arc<Message>,
        fill: impl FnOnce(&mut Live),
    ) -> bool {
        let now_s = now_ms / 1000;
        {
            let mut live = dialog.live.lock();
            if !live.state.is_pending() {
                return false;
            }
            if live.state == State::Early {
                self.counters.early.dec();
            }
            live.state = live.state.after(Event::Answer);
            live.start_s = now_s;
            fill(&mut live);
            live.timeout_s = now_s + u64::from(live.lifetime_s);
            live.is_dirty = true;
            self.start_keepalive(&mut live, now_s);
        }
        self.counters.active.inc();
        self.remind(dialog);
        self.tell_answered(dialog, now_ms);
        self.save(dialog);
        events::tell(self, Happened::Start, dialog, Some(message));
        true
    }

    /// Nobody took the call; `message` says so. False where that is not news.
    pub(super) fn failed(&self, dialog: &Arc<Dialog>, now_s: u64, message: &Arc<Message>) -> bool {
        let is_news = self.give_up(dialog, now_s);
        if is_news {
            self.counters.failed.inc();
            events::tell(self, Happened::Failed, dialog, Some(message));
        }
        is_news
    }

    /// A dialog that got no final reply goes without a word; false where it got one.
    pub(super) fn give_up(&self, dialog: &Arc<Dialog>, now_s: u64) -> bool {
        let was = {
            let mut live = dialog.live.lock();
            let was = live.state;
            live.state = was.after(Event::Failure);
            live.end_s = match was.is_pending() {
                true => now_s,
                false => live.end_s,
            };
            was
        };
        if !was.is_pending() {
            return false;
        }
        if was == State::Early {
            self.counters.early.dec();
        }
        self.leave(dialog);
        true
    }

    /// The call is over; false where it was not on.
    pub(super) fn ended(
        &self,
        dialog: &Arc<Dialog>,
        now_ms: u64,
        cause: Cause,
        message: Option<&Arc<Message>>,
    ) -> bool {
        {
            let mut live = dialog.live.lock();
            if !live.state.is_up() {
                return false;
            }
            live.state = live.state.after(Event::Bye);
            live.end_s = now_ms / 1000;
            live.timeout_s = 0;
            live.has_bye |= message.is_some();
        }
        self.counters.active.dec();
        if cause == Cause::Timeout {
            self.counters.expired.inc();
        }
        self.leave(dialog);
        self.forget(dialog);
        self.tell_ended(
            dialog,
            message.map_or(EndedBy::Server, |_| EndedBy::Party),
            now_ms,
        );
        events::tell(self, Happened::End, dialog, message);
        true
    }

    /// True where `dlg_filter_mode` 1 leaves the dialog to the server whose socket its caller talks to.
    pub(super) fn is_elsewhere(&self, live: &Live) -> bool {
        self.params.only_local && self.socket_of(&live.caller).is_none()
    }

    /// The socket an end talks to, where it is one of ours.
    pub(super) fn socket_of(&self, leg: &Leg) -> Option<Sock> {
        leg.socket
            .filter(|socket| self.sockets.has(socket.proto, socket.addr))
    }

    /// A dialog of another server leaves memory; its row and its parties are that server's.
    pub(super) fn let_go(&self, dialog: &Dialog, now_s: u64) {
        {
            let mut live = dialog.live.lock();
            live.state = State::Deleted;
            (live.end_s, live.timeout_s) = (now_s, 0);
        }
        self.counters.active.dec();
        self.leave(dialog);
    }

    /// Another state by command, and nothing else happens; answers the old one.
    pub(super) fn force_state(&self, dialog: &Arc<Dialog>, state: State, now_s: u64) -> State {
        let old = {
            let mut live = dialog.live.lock();
            let old = std::mem::replace(&mut live.state, state);
            if state == State::Deleted && old != state {
                (live.end_s, live.timeout_s) = (now_s, 0);
            }
            old
        };
        let change = |is: fn(State) -> bool| i64::from(is(state)) - i64::from(is(old));
        self.counters.active.add(change(State::is_up));
        self.counters
            .early
            .add(change(|state| state == State::Early));
        if state == State::Deleted {
            self.leave(dialog);
            self.forget(dialog);
            if old.is_up() {
                self.tell_ended(dialog, EndedBy::Server, now_s.saturating_mul(1000));
            }
        }
        old
    }

    /// What every end has in common: it counts in no profile any more, and goes in a moment.
    pub(super) fn leave(&self, dialog: &Dialog) {
        let links = std::mem::take(&mut dialog.live.lock().links);
        for link in links {
            link.profile.remove(&link.value, dialog.did);
        }
        self.remind(dialog);
    }

    /// Another lifetime, from now on where the call is on already.
    pub(super) fn set_lifetime(&self, dialog: &Arc<Dialog>, lifetime_s: u32, now_s: u64) {
        {
            let mut live = dialog.live.lock();
            live.lifetime_s = lifetime_s;
            live.is_dirty = true;
            if live.state.is_up() {
                live.timeout_s = now_s + u64::from(lifetime_s);
            }
        }
        self.remind(dialog);
        self.save(dialog);
    }

    /// When the first keep-alive request is due.
    pub(super) fn start_keepalive(&self, live: &mut Live, now_s: u64) {
        let params = &self.params;
        let wanted = live.switches & (Live::KA_SRC | Live::KA_DST) != 0;
        let may = params.ka_timer_s > 0 && params.ka_interval_s > 0;
        live.ka_next_s = match wanted && may {
            true => now_s + u64::from(params.ka_interval_s),
            false => 0,
        };
    }

    /// The profile of this name.
    pub(super) fn profile(&self, name: &[u8]) -> Option<&Arc<Profile>> {
        let mut profiles = self.profiles.iter();
        profiles.find(|profile| profile.name.as_bytes() == name)
    }

    /// True where Record-Route tells the dialog's name.
    pub(super) fn names_dialogs(&self) -> bool {
        self.params.matching != Match::Sip
    }

    /// True where each change goes to the database at once.
    pub(super) fn is_realtime(&self) -> bool {
        self.params.db_mode == DbMode::Realtime
    }

    /// Writes a line that belongs to no message.
    #[track_caller]
    pub(super) fn log(&self, level: Level, text: impl FnOnce() -> String) {
        self.logger.log(level, "dialog", text);
    }
}
