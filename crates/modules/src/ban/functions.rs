//! The script functions of module `ban`.

use super::Ban;
use super::params::Delay;
use bytes::Bytes;
use policy::{
    Authenticated, BanOrder, Context, Int, Level, Listed, NotBanned, Now, Proto, Source, Standing,
    Text, address_of,
};
use std::net::SocketAddr;

impl Ban {
    pub(super) fn add(
        &self,
        context: &mut Context,
        address: &Text,
        seconds: &Int,
        reason: &Option<Text>,
    ) -> i32 {
        let text = address.get(context);
        let seconds = seconds
            .get(context)
            .and_then(|number| u64::try_from(number).ok());
        let (Some(address), Some(seconds)) = (address_of(&text), seconds) else {
            complain(context, &text);
            return -1;
        };
        let reason = reason.as_ref().map(|reason| reason.get(context));
        let reason = reason.unwrap_or_default();
        let reason = String::from_utf8_lossy(&reason);
        let peer = context.flow.peer;
        let is_source = Source::address(address) == Source::address(peer.ip());
        let order = BanOrder {
            // Another address than that of the packet: all ports of it, and unproved.
            peer: match is_source {
                true => peer,
                false => SocketAddr::new(address, 0),
            },
            seconds,
            reason: &reason,
            is_validated: is_source && is_validated(context),
        };
        self.ban(&order, context.now.unix_ms)
            .map_or_else(code_of, |_| 1)
    }

    pub(super) fn offence(
        &self,
        context: &mut Context,
        limit: &Int,
        seconds: &Int,
        reason: &Text,
    ) -> i32 {
        let number = |number: Option<i64>| number.and_then(|number| u64::try_from(number).ok());
        let (limit, seconds) = (number(limit.get(context)), number(seconds.get(context)));
        let reason = reason.get(context);
        let (Some(limit), Some(seconds)) = (limit, seconds) else {
            complain(context, &reason);
            return -1;
        };
        let (peer, now) = (context.flow.peer, context.now);
        let name = self.guesses.offence(&reason, Source::unit(peer.ip()));
        let request = self.guesses.request(context.message.bytes());
        let delay = &self.params.delay;
        let count = self.guesses.count(name, request, delay, now.unix_s());
        if count.is_none_or(|count| u64::from(count) < limit) {
            return 1;
        }
        let order = BanOrder {
            peer,
            seconds,
            reason: &String::from_utf8_lossy(&reason),
            is_validated: is_validated(context),
        };
        self.ban(&order, now.unix_ms).map_or_else(code_of, |_| 2)
    }

    pub(super) fn remove(&self, context: &mut Context, source: &Text) -> bool {
        let text = source.get(context);
        let source = std::str::from_utf8(&text).ok().map(Source::parse);
        let Some(Ok(source)) = source else {
            complain(context, &text);
            return false;
        };
        self.list().remove(source)
    }

    pub(super) fn is_banned(&self, context: &mut Context, address: &Text) -> bool {
        let text = address.get(context);
        let Some(address) = address_of(&text) else {
            complain(context, &text);
            return false;
        };
        let peer = SocketAddr::new(address, context.flow.peer.port());
        self.list().find(peer, context.now.unix_ms).is_some()
    }

    pub(super) fn is_known_source(&self, context: &mut Context) -> bool {
        let standing = self
            .list()
            .standing(context.flow.peer, b"", context.now.unix_ms);
        matches!(standing, Standing::Flow | Standing::Port)
    }

    pub(super) fn guess_failed(&self, context: &mut Context, user: &Text) -> i32 {
        let user = user.get(context);
        self.count_guess(context, &user)
    }

    pub(super) fn guess_passed(&self, context: &mut Context, user: &Text) -> bool {
        let user = user.get(context);
        let (peer, now) = (context.flow.peer, context.now);
        let source = Source::unit(peer.ip());
        let own = self.guesses.user(&user, source);
        let is_delayed = |name| self.guesses.is_delayed(name, now.unix_s());
        let standing = self.list().standing(peer, &user, now.unix_ms);
        let waits = match standing {
            Standing::Flow => false,
            // He did it before from here: only guesses of his own password concern him.
            Standing::User => is_delayed(own),
            _ => is_delayed(own) || is_delayed(self.guesses.source(source)),
        };
        if waits {
            self.count_guess(context, &user);
            return false;
        }
        self.guesses.forget(own);
        if is_validated(context) {
            let until_ms = now.unix_ms.saturating_add(KNOWN_MS);
            self.list()
                .note_known(peer, Some(&user), until_ms, now.unix_ms);
        }
        true
    }

    /// Counts a wrong password by user and source, and by source.
    fn count_guess(&self, context: &mut Context, user: &[u8]) -> i32 {
        if !is_validated(context) {
            return -1;
        }
        let (peer, now) = (context.flow.peer, context.now);
        let (source, now_s) = (Source::unit(peer.ip()), now.unix_s());
        let request = self.guesses.request(context.message.bytes());
        let own = self.guesses.user(user, source);
        self.guesses.count(own, request, &self.params.delay, now_s);
        let of_source = Delay {
            free: self.params.max_guesses.saturating_sub(1),
            ..self.params.delay
        };
        let all = self.guesses.source(source);
        if let Some(count) = self.guesses.count(all, request, &of_source, now_s) {
            self.tell_guess(peer, user, now);
            if count >= self.params.max_guesses && self.ban_guesser(peer, now.unix_ms) {
                return 3;
            }
        }
        match self.guesses.is_delayed(own, now_s) || self.guesses.is_delayed(all, now_s) {
            true => 2,
            false => 1,
        }
    }

    fn tell_guess(&self, peer: SocketAddr, user: &[u8], now: Now) {
        let source = Source::unit(peer.ip());
        let standing = self.list().standing(peer, user, now.unix_ms);
        let others_are_known = standing != Standing::Unknown || self.is_never_banned(source);
        self.journal
            .failed_login(peer.ip(), user, others_are_known, now.unix_s());
    }

    fn ban_guesser(&self, peer: SocketAddr, now_ms: u64) -> bool {
        let order = BanOrder {
            peer,
            seconds: self.params.guess_ban_s,
            reason: "guessing passwords",
            is_validated: true,
        };
        self.ban(&order, now_ms).is_ok()
    }

    fn ban(&self, order: &BanOrder<'_>, now_ms: u64) -> Result<Listed, NotBanned> {
        if self.is_trusted(Source::unit(order.peer.ip())) {
            return Err(NotBanned::Never);
        }
        let before = self.list().find(order.peer, now_ms);
        let made = self.list().add(order, &self.params.times, now_ms)?;
        if before < Some(made.ban.proof) {
            self.journal.banned(order.peer.ip(), &made, now_ms);
        }
        Ok(made)
    }

    fn is_never_banned(&self, source: Source) -> bool {
        self.is_trusted(source) || self.list().is_never_banned(source)
    }
}

/// Who answered a challenge is known for so long without a binding.
const KNOWN_MS: u64 = 600_000;

/// True where the message in hand comes from where it says: over a connection, or with the answer to a
/// challenge that was sent there.
fn is_validated(context: &Context) -> bool {
    let known = context.extension::<Authenticated>();
    context.flow.proto != Proto::Udp || known.is_some_and(|known| known.is_from_source)
}

fn code_of(why: NotBanned) -> i32 {
    match why {
        NotBanned::Never => -2,
        NotBanned::Known => -3,
        NotBanned::Full => -4,
    }
}

fn complain(context: &mut Context, text: &Bytes) {
    context.log(Level::Err, "ban", || {
        format!(
            "no address or number of seconds: {}",
            super::journal::quoted(text)
        )
    });
}
