//! Digest authentication: challenges and checks (RFC 3261 section 22, RFC 7616, RFC 8760).

mod challenge;
mod check;
mod declare;
mod functions;
mod nonce;
mod password;
mod proof;
mod settings;
#[cfg(test)]
mod tests;
mod used;

use ahash::RandomState;
use nonce::{Nonces, checks};
use policy::{BansLink, Declaration, DigestAuth, Entry, Init, Module, Problem};
use settings::Params;
use sip::Message;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use used::Used;

pub(crate) const ENTRY: Entry = Entry::of::<Auth>();

/// Return codes, as Kamailio's.
mod codes {
    pub(super) const OK: i32 = 1;
    pub(super) const ERROR: i32 = -1;
    pub(super) const WRONG_PASSWORD: i32 = -2;
    pub(super) const NO_USER: i32 = -3;
    pub(super) const STALE: i32 = -4;
    pub(super) const NO_CREDENTIALS: i32 = -5;
    pub(super) const NONCE_REUSED: i32 = -6;
    pub(super) const USER_MISMATCH: i32 = -8;
}

/// Milliseconds between two looks at nonces that are over.
const FORGET_MS: u32 = 60_000;
/// Seconds that a use is remembered at least: a reload may bring a longer life of nonces.
const KEPT_S: u32 = 3600;

/// Module `auth`.
struct Auth {
    digest: Arc<Digest>,
}

/// What challenges and checks; also what other modules use.
struct Digest {
    params: Params,
    nonces: Nonces,
    /// None where neither nonce counts nor one-time nonces are wanted.
    state: Option<Arc<State>>,
    /// Where those are noted who proved themselves.
    bans: BansLink,
}

/// The nonces that were used; survives a reload.
struct State {
    next: AtomicU32,
    counts: Used,
    one_time: Used,
    /// Tells requests apart; the seeds are this process's secret.
    hasher: RandomState,
}

impl State {
    fn next_id(&self) -> u32 {
        self.next.fetch_add(1, Ordering::Relaxed)
    }
}

impl Digest {
    /// Gives the memory of nonces back that nobody can use any more.
    fn forget(&self, now_ms: u64) {
        let Some(state) = &self.state else { return };
        let lives_s = self
            .params
            .nonce_expire_s
            .saturating_add(self.params.drift_s);
        let kept_s = u64::from(lives_s.max(KEPT_S));
        // Seconds of nonces go round after 136 years.
        let before_s = (now_ms / 1000).wrapping_sub(kept_s) as u32;
        state.counts.forget(before_s);
        state.one_time.forget(before_s);
    }

    /// The realm without `realm_prefix`.
    fn bare_realm<'a>(&self, realm: &'a [u8]) -> &'a [u8] {
        let prefix = &self.params.realm_prefix;
        realm.strip_prefix(prefix.as_ref()).unwrap_or(realm)
    }
}

impl Module for Auth {
    const NAME: &'static str = "auth";
    type Params = Params;

    fn declare(d: &mut Declaration<Auth>) {
        d.doc("Challenges requests and checks digest credentials.");
        declare::all(d);
        d.timer(|_| FORGET_MS, |auth, now_ms| auth.digest.forget(now_ms));
        d.deviation("A wrong password uses up neither a nonce count nor a one-time nonce: Kamailio 5.6.3 notes them before it looks at the password.");
        d.deviation("With nonce_count or one_time_nonce a verified request has its transaction before the use is noted, so that its retransmission is absorbed, and all replies of ours to it go through that; Kamailio 5.6.3 refuses a retransmission that reaches the check.");
        d.deviation("Credentials with an unknown algorithm are -1, and -sess is computed as RFC 7616 says; Kamailio 5.6.3 takes both for plain MD5.");
        d.deviation(
            "A PRACK without a To tag needs credentials; Kamailio 5.6.3 lets every PRACK pass.",
        );
        d.deviation("Authentication-Info names qop, cnonce and nc only where the client did; Kamailio 5.6.3 sends them empty.");
    }

    fn init(params: Params, init: &mut Init<'_>) -> Result<Auth, Problem> {
        let tracked = params.nonce_count || params.one_time_nonce;
        let own = init.secret;
        // Counts are known to this process alone: a nonce of another one must not pass.
        let binding: &[u8] = if tracked { &own } else { b"" };
        let secret = params.secret.clone();
        let nonces = Nonces::new(secret.as_deref().unwrap_or(&own), binding);
        let state = tracked.then(|| {
            let name = format!("nonces {} {}", params.counts_order, params.one_time_order);
            let (counts, one_time) = (params.counts_order, params.one_time_order);
            init.state(&name, || State {
                next: AtomicU32::new(1),
                counts: Used::new(counts),
                one_time: Used::new(one_time),
                hasher: hasher(&own),
            })
        });
        let digest = Arc::new(Digest {
            params,
            nonces,
            state,
            bans: init.bans(),
        });
        init.provide::<dyn DigestAuth>(digest.clone());
        Ok(Auth { digest })
    }
}

fn hasher(key: &[u8; 32]) -> RandomState {
    let mut seeds = key.chunks_exact(8).map(|chunk| {
        chunk
            .iter()
            .fold(0_u64, |seed, byte| (seed << 8) | u64::from(*byte))
    });
    let mut next = || seeds.next().unwrap_or_default();
    RandomState::with_seeds(next(), next(), next(), next())
}

/// True where the To header has a tag.
fn is_in_dialog(message: &Message) -> bool {
    message.to().is_ok_and(|to| to.tag().is_some())
}
