//! What a route works on: the message in hand, where it came from, where it goes, what was changed.

use crate::{
    Armed, Branches, Config, CoreParams, Destination, Flag, Flow, Level, Record, Routes,
    Transaction, Vars,
};
use bytes::Bytes;
use script::Value;
use sip::{Edits, Message};
use smallvec::SmallVec;
use stack::Instant;
use std::any::Any;
use std::borrow::Cow;
use std::net::IpAddr;
use std::sync::Arc;

/// The moment a route runs at, on both clocks.
#[derive(Clone, Copy, Debug, Default)]
pub struct Now {
    /// The monotonic clock, for timers.
    pub mono: Instant,
    /// Milliseconds since 1970, for everything people see.
    pub unix_ms: u64,
}

impl Now {
    /// Seconds since 1970.
    pub fn unix_s(self) -> u64 {
        self.unix_ms / 1000
    }
}

/// Which addresses a request may be sent to.
pub trait Fence: Send + Sync {
    /// True where it may go to this address.
    fn lets_to(&self, address: IpAddr) -> bool;
}

/// The message a route has in hand, with everything the route may read and change.
///
/// One is made for every request, and lies in the transaction table for as long as a call is set up: what hardly any
/// request has stands in a box.
pub struct Context {
    /// The configuration that runs this route to its end, also when a reload comes meanwhile.
    pub config: Arc<Config>,
    /// When the message came; a route that waited sees the time it goes on.
    pub now: Now,
    /// Random numbers, seeded by the worker.
    pub rng: fastrand::Rng,
    /// Which kind of route runs.
    pub route: Routes,
    /// The message: a request in most routes, the reply in reply routes.
    pub message: Arc<Message>,
    /// The octets that came, where a route runs before they were read as a message, or because they
    /// are none; `message` is a placeholder then.
    pub unread: Option<Box<Bytes>>,
    /// The way it came.
    pub flow: Flow,
    /// Request-URI, next hop and what else belongs to the first branch.
    pub target: Destination,
    /// Request-URI and next hop that were tried already: relaying takes them again only where the
    /// script has changed them since.
    pub tried: Option<(Bytes, Option<Bytes>)>,
    /// The further branches.
    pub branches: Branches,
    /// Message (transaction) flags, bit 0 is flag 0.
    pub flags: u32,
    /// Script flags (`setsflag`), for this message only.
    pub script_flags: u32,
    /// What is to be changed when the message leaves.
    pub edits: Edits,
    /// Record-Route headers asked for, in order.
    pub record_routes: Vec<RecordRoute>,
    /// Parameters for every Record-Route of this request (`add_rr_param`), `;a=b;c`.
    pub rr_params: Vec<u8>,
    /// Header lines for replies of ours (`append_to_reply`), each with its line end.
    pub reply_lines: Vec<u8>,
    /// A body for replies of ours (`set_reply_body`): content and Content-Type.
    pub reply_body: Option<Box<(Bytes, Bytes)>>,
    /// Switches of single functions.
    pub switches: Switches,
    /// Addresses that this request may be sent to, where a function said so. A fixed next hop of the script
    /// is not asked about.
    pub fence: Option<Arc<dyn Fence>>,
    /// Host and port that our Via of this request says instead of those of the socket
    /// (`set_advertised_address()`, `set_advertised_port()`).
    pub advertised: Option<Box<Advertised>>,
    /// AVPs and their kin; those of the transaction once there is one.
    pub vars: Vars,
    /// `$var(…)`, by the index the configuration gave each name.
    pub script_vars: Vec<Value>,
    /// What happens to the transaction later: routes and timers set before or while it exists.
    pub armed: Armed,
    /// The transaction this route belongs to, owned by the route while it runs.
    pub transaction: Option<Box<Transaction>>,
    /// The place of the request's transaction in the table, once somebody asked.
    pub key: Option<stack::table::Key>,
    /// The transaction's place in the table is taken though it is not made yet: the request waits.
    pub reserved: Option<stack::table::TxId>,
    /// Why the last relaying failed: what `sl_reply_error()` sends.
    pub error: Option<(u16, &'static str)>,
    /// A final reply was sent beside the transaction.
    pub answered: bool,
    /// In reply and failure routes: the branch the reply belongs to, and the reply.
    pub reply: Option<ReplyInHand>,
    /// In a branch route: which branch it is for.
    pub branch_index: usize,
    /// In a reply route: the context of the request, which owns the transaction.
    pub home: Option<Box<Context>>,
    /// In `onsend_route`: the way the message is about to leave.
    pub sending: Option<Box<Flow>>,
    /// The last return code (`$rc`).
    pub retcode: i32,
    rendered_prefix: Option<String>,
    extensions: SmallVec<[Box<dyn Any + Send>; 2]>,
}

/// What our Via says instead of the socket's address.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Advertised {
    /// Its host.
    pub host: Option<Bytes>,
    /// Its port.
    pub port: Option<u16>,
}

/// A reply as reply and failure routes see it.
#[derive(Clone)]
pub struct ReplyInHand {
    /// The branch it came on.
    pub branch: usize,
    /// Its status code; 408 where a branch timed out.
    pub code: u16,
    /// The reply; none where the code was made up here.
    pub message: Option<Arc<Message>>,
}

impl ReplyInHand {
    /// The branch where none is meant: a suspended request goes on.
    pub const NO_BRANCH: usize = usize::MAX;
}

/// A Record-Route that `record_route()` or its kin asked for; its address is that of the sockets
/// the request leaves through, so it is written when the branch is rendered.
#[derive(Clone, Debug)]
pub struct RecordRoute {
    /// `record_route_preset()`: addresses to write instead of our own, the inner one and, for
    /// two, the outer one.
    pub preset: Option<(Bytes, Option<Bytes>)>,
    /// `record_route_advertised_address()`: an address to write for both sides.
    pub advertised: Option<Bytes>,
    /// The user part (`add_username`, `custom_user_avp`).
    pub user: Option<Bytes>,
    /// Parameters given with the call, `;a=b`.
    pub params: Bytes,
    /// `enable_full_lr`.
    pub full_lr: bool,
    /// `append_fromtag`: the tag of the dialog's caller.
    pub ftag: Option<Bytes>,
    /// `sips:`, as the Request-URI was when the function was called (`ignore_sips`).
    pub sips: bool,
    /// `enable_double_rr`.
    pub double: stack::routing::Double,
    /// `sockname_mode`: the names of the sockets stand in it, where they have some.
    pub socket_names: bool,
}

/// Switches that functions set on the message in hand.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Switches {
    /// `force_rport()`: replies go to the source port.
    pub force_rport: bool,
    /// `set_reply_no_connect()`.
    pub reply_no_connect: bool,
    /// `set_reply_close()`: close the connection after the reply.
    pub reply_close: bool,
    /// `set_forward_no_connect()`.
    pub forward_no_connect: bool,
    /// `set_forward_close()`.
    pub forward_close: bool,
    /// Replies of ours go through the transaction, also those that would go beside it
    /// ([`crate::TransactionAction::Hold`]).
    pub reply_held: bool,
    /// `add_local_rport()`: our Via asks for rport.
    pub local_rport: bool,
    /// `force_tcp_alias()`: the connection serves the Via address too.
    pub tcp_alias: bool,
}

/// What [`Context::new`] starts from.
pub struct Arrival {
    /// The configuration.
    pub config: Arc<Config>,
    /// The time.
    pub now: Now,
    /// A seed for random numbers.
    pub seed: u64,
    /// The kind of route that will run.
    pub route: Routes,
    /// The message.
    pub message: Arc<Message>,
    /// The way it came.
    pub flow: Flow,
}

impl Context {
    /// A fresh context for a message that came in.
    pub fn new(arrival: Arrival) -> Context {
        let Arrival {
            config,
            now,
            seed,
            route,
            message,
            flow,
        } = arrival;
        let uri = message.slice_of(message.request_uri());
        let switches = Switches {
            force_rport: config.core.force_rport,
            ..Switches::default()
        };
        Context {
            target: Destination {
                uri,
                ..Destination::default()
            },
            rng: fastrand::Rng::with_seed(seed),
            config,
            now,
            route,
            message,
            unread: None,
            flow,
            tried: None,
            branches: Branches::new(),
            flags: 0,
            script_flags: 0,
            edits: Edits::default(),
            record_routes: Vec::new(),
            rr_params: Vec::new(),
            reply_lines: Vec::new(),
            reply_body: None,
            switches,
            advertised: None,
            vars: Vars::default(),
            script_vars: Vec::new(),
            armed: Armed::default(),
            transaction: None,
            key: None,
            reserved: None,
            fence: None,
            error: None,
            answered: false,
            reply: None,
            branch_index: 0,
            home: None,
            sending: None,
            retcode: 0,
            rendered_prefix: None,
            extensions: SmallVec::new(),
        }
    }

    /// What came, octet by octet.
    pub fn octets(&self) -> &Bytes {
        self.unread
            .as_deref()
            .unwrap_or_else(|| self.message.bytes())
    }

    /// The core parameters.
    pub fn core(&self) -> &CoreParams {
        &self.config.core
    }

    /// The request of this context: the message in hand, or in a reply route the transaction's.
    pub fn request(&self) -> Option<&Arc<Message>> {
        let home = self.home.as_ref().map(|home| &home.message);
        if self.message.is_request() {
            Some(&self.message)
        } else {
            home
        }
    }

    /// The transaction this route belongs to.
    pub fn transaction(&self) -> Option<&Transaction> {
        let owner = self.home.as_deref().unwrap_or(self);
        owner.transaction.as_deref()
    }

    /// The same, to change it.
    pub fn transaction_mut(&mut self) -> Option<&mut Transaction> {
        match &mut self.home {
            Some(home) => home.transaction.as_deref_mut(),
            None => self.transaction.as_deref_mut(),
        }
    }

    /// The place in the transaction table that this context holds, made or only reserved.
    pub fn held(&self) -> Option<stack::table::TxId> {
        self.transaction()
            .map(|transaction| transaction.id)
            .or(self.reserved)
    }

    /// What is armed for the transaction, now or as soon as it exists.
    pub fn armed_mut(&mut self) -> &mut Armed {
        match &mut self.home {
            Some(home) => &mut home.armed,
            None => &mut self.armed,
        }
    }

    /// What is armed for the transaction.
    pub fn armed(&self) -> &Armed {
        self.home.as_ref().map_or(&self.armed, |home| &home.armed)
    }

    /// Sets the Request-URI of the first branch.
    pub fn set_uri(&mut self, uri: Bytes) {
        self.target.uri = uri;
    }

    /// Sets, clears or asks for a message flag.
    pub fn set_flag(&mut self, flag: Flag, on: bool) {
        self.flags = if on {
            self.flags | flag.mask()
        } else {
            self.flags & !flag.mask()
        };
    }

    /// True where the message flag is set.
    pub fn has_flag(&self, flag: Flag) -> bool {
        self.flags & flag.mask() != 0
    }

    /// Adds header lines to replies of ours; a line end is added where it is missing. False, with an error
    /// in the log, where a line is no `name: value`: what a peer wrote must not end the header it is in.
    pub fn append_to_reply<'a>(&mut self, lines: impl Into<Cow<'a, [u8]>>) -> bool {
        let lines = lines.into();
        match sip::build::header_lines(&lines) {
            // Mostly they are the only ones, and whole.
            Ok(Cow::Borrowed(_)) if self.reply_lines.is_empty() => {
                self.reply_lines = lines.into_owned();
            }
            Ok(lines) => self.reply_lines.extend_from_slice(&lines),
            Err(_) => {
                self.log(Level::Err, "core", || {
                    let text = String::from_utf8_lossy(&lines);
                    let text = text.escape_debug();
                    format!("append_to_reply: a line is no \"name: value\": \"{text}\"")
                });
                return false;
            }
        }
        true
    }

    /// What a module keeps with this message, for its own later functions and variables.
    pub fn extension<T: Any + Send>(&self) -> Option<&T> {
        self.extensions
            .iter()
            .find_map(|extension| extension.downcast_ref())
    }

    /// The same to change, made by default on the first call.
    pub fn extension_mut<T: Any + Send + Default>(&mut self) -> &mut T {
        let found = self
            .extensions
            .iter()
            .position(|extension| extension.is::<T>());
        let index = found.unwrap_or_else(|| {
            self.extensions.push(Box::<T>::default());
            self.extensions.len() - 1
        });
        self.extensions[index]
            .downcast_mut()
            .unwrap_or_else(|| unreachable!("the position was found by its type"))
    }

    /// Takes what message hooks noted when the message came in, or who made it when it was made here.
    pub fn attach(&mut self, notes: impl IntoIterator<Item = crate::Note>) {
        self.extensions.extend(notes);
    }

    /// Gives everything away that modules keep with this message, which is done with.
    pub fn detach(&mut self) -> crate::Notes {
        std::mem::take(&mut self.extensions)
    }

    /// Writes a line of a module that belongs to this message, within the bound of the calling place
    /// ([`crate::Logger`]).
    #[track_caller]
    pub fn log(&mut self, level: Level, source: &'static str, text: impl FnOnce() -> String) {
        let place = std::panic::Location::caller();
        if self.config.logger.admits(level, source, place) {
            let text = text();
            self.write_log(level, source, text, None);
        }
    }

    /// The same without a bound, for lines that the script asks for.
    pub fn log_all(&mut self, level: Level, source: &'static str, text: impl FnOnce() -> String) {
        if self.config.logger.enabled_for(level, source) {
            let text = text();
            self.write_log(level, source, text, None);
        }
    }

    /// Writes a ready line with the message's log prefix, without asking for the level again.
    pub fn write_log(
        &mut self,
        level: Level,
        source: &'static str,
        text: String,
        facility: Option<String>,
    ) {
        let prefix = self.log_prefix();
        let wanted = self.config.logger.wants_call_id();
        let call_id = wanted.then(|| self.message.call_id().ok()).flatten();
        let call_id = call_id.map(|id| String::from_utf8_lossy(id).into_owned());
        self.config.logger.write(Record {
            level,
            source,
            prefix,
            text,
            facility,
            call_id,
        });
    }

    /// Renders `log_prefix` for the lines to come, as `log_prefix_mode=0` wants: once, before the script. One that
    /// will be the same later waits for the first line, which most messages do not have.
    pub fn render_log_prefix(&mut self) {
        let prefix = self.config.log_prefix.as_ref();
        if prefix.is_some_and(|prefix| !prefix.may_wait) {
            self.keep_log_prefix();
        }
    }

    /// Puts another message in the place of the one in hand; the prefix of log lines stays that of the former.
    pub fn replace_message(&mut self, message: Arc<Message>) {
        if self.rendered_prefix.is_none() && self.config.core.log_prefix_mode == 0 {
            self.keep_log_prefix();
        }
        self.message = message;
    }

    /// Does something with another message in the place of the one in hand; log lines have its prefix meanwhile.
    pub fn with_message<T>(
        &mut self,
        message: Arc<Message>,
        with: impl FnOnce(&mut Context) -> T,
    ) -> T {
        let former = std::mem::replace(&mut self.message, message);
        let prefix = self.rendered_prefix.take();
        let done = with(self);
        self.message = former;
        self.rendered_prefix = prefix;
        done
    }

    fn keep_log_prefix(&mut self) {
        let config = self.config.clone();
        if let Some(format) = &config.log_prefix {
            let text = format.text.get(self);
            self.rendered_prefix = Some(String::from_utf8_lossy(&text).into_owned());
        }
    }

    fn log_prefix(&mut self) -> String {
        let config = self.config.clone();
        let Some(format) = &config.log_prefix else {
            return String::new();
        };
        if let Some(prefix) = self
            .rendered_prefix
            .clone()
            .filter(|_| config.core.log_prefix_mode == 0)
        {
            return prefix;
        }
        let text = format.text.get(self);
        let prefix = String::from_utf8_lossy(&text).into_owned();
        self.rendered_prefix = Some(prefix.clone());
        prefix
    }
}
