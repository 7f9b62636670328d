//! Bans: who is not heard, for how long and why; and guesses of passwords, which lead there.

mod commands;
mod database;
mod declare;
mod functions;
mod guess;
mod journal;
mod params;
mod sharing;
#[cfg(test)]
mod sharing_tests;
#[cfg(test)]
mod tests;

use database::Keep;
use guess::Guesses;
use journal::Journal;
use params::Params;
use policy::shared::Replica;
use policy::{
    BanChange, BanLimits, Bans, BansLink, Binding, Declaration, Entry, Init, Location, Module,
    Problem, Source, TrustedAddresses, Untold, address_of,
};
use std::net::SocketAddr;
use std::sync::Arc;

pub(crate) const ENTRY: Entry = Entry::of::<Ban>();

struct Ban {
    params: Params,
    bans: BansLink,
    guesses: Arc<Guesses>,
    journal: Journal,
    keep: Option<Keep>,
    shared: Option<Arc<Replica>>,
    trusted: Option<Arc<dyn TrustedAddresses>>,
}

impl Module for Ban {
    const NAME: &'static str = "ban";
    type Params = Params;

    fn declare(d: &mut Declaration<Ban>) {
        d.doc("Keeps a list of sources that are not heard, and counts guesses of passwords.");
        declare::all(d);
        d.deviation("Kamailio 5.6.3 has no such module.");
    }

    fn init(params: Params, init: &mut Init<'_>) -> Result<Ban, Problem> {
        let (bans, hasher) = (init.bans(), init.hasher());
        let list = bans.make(|| Bans::new(hasher.clone(), BanLimits::default()));
        let never = params.never.iter().copied();
        list.restore(std::iter::empty(), never, 0);
        let keep = match &params.db_url {
            Some(url) => {
                let table = &store::schema::BAN;
                init.expect_table(url, &table.name, table, Untold::Accepted)?;
                Some(Keep::new(init.store(url)?, init.logger.clone()))
            }
            None => None,
        };
        if let (Some(url), Some(keep)) = (&params.db_url, &keep) {
            keep_in_database(&bans, keep, url, init);
        }
        let shared = sharing::share(&params, &bans, init)?;
        remember_registered(&bans, init);
        show(&bans, init);
        Ok(Ban {
            guesses: init.state("guesses", || Guesses::new(hasher)),
            journal: Journal::new(init.logger.clone()),
            trusted: init.optional_service::<dyn TrustedAddresses>(),
            bans,
            keep,
            shared,
            params,
        })
    }
}

impl Ban {
    fn list(&self) -> &Bans {
        list(&self.bans)
    }

    /// True where the table of trusted addresses has this source.
    fn is_trusted(&self, source: Source) -> bool {
        let group = self.params.trusted_group;
        let trusted = self.trusted.as_ref().filter(|_| group >= 0);
        trusted.is_some_and(|trusted| trusted.is_trusted(group, source))
    }

    /// Tells the database and other servers what has changed, at most a batch of it.
    fn tell_changes(&self, now_ms: u64) {
        let changes = std::iter::from_fn(|| self.list().take_change());
        let changes: Vec<BanChange> = changes.take(BATCH).collect();
        if let Some(shared) = &self.shared {
            let remember_s = self.params.times.remember_s;
            sharing::tell(shared, &changes, remember_s, now_ms);
        }
        if let Some(keep) = &self.keep {
            keep.save(changes);
        }
    }

    fn each_second(&self, now_ms: u64) {
        let is_time = |every_s| (now_ms / 1000).is_multiple_of(every_s);
        if is_time(SWEEP_S) {
            let is_trusted = |source| self.is_trusted(source);
            self.list().sweep(&self.params.times, &is_trusted, now_ms);
        }
        self.tell_changes(now_ms);
        if let Some(keep) = self.keep.as_ref().filter(|_| is_time(PURGE_S)) {
            keep.purge(&self.params.times, now_ms);
        }
        self.journal.tell_left_out();
    }
}

/// Changes in one batch.
const BATCH: usize = 512;
/// Seconds between two looks at what has ended.
const SWEEP_S: u64 = 10;
/// Seconds between two looks at what has ended in the database.
const PURGE_S: u64 = 600;

fn list(bans: &BansLink) -> &Bans {
    bans.get()
        .unwrap_or_else(|| unreachable!("init has made it"))
}

/// Reads the list at the start, and writes what is not written yet at the end.
fn keep_in_database(bans: &BansLink, keep: &Keep, url: &str, init: &mut Init<'_>) {
    let (reader, writer) = (keep.clone(), keep.clone());
    let link = bans.clone();
    init.on_database(url, move |done| reader.clone().read(link.clone(), done));
    let link = bans.clone();
    init.on_stop(move |done| writer.save_all(list(&link), done));
}

/// Who was registered before a restart proved himself then: nobody bans him by spoofing until his binding
/// ends.
fn remember_registered(bans: &BansLink, init: &mut Init<'_>) {
    let Some(location) = init.optional_service::<dyn Location>() else {
        return;
    };
    let bans = bans.clone();
    init.on_start(move |done| {
        location.table(b"location").each(&mut |_, binding| {
            if let Some(peer) = place_of(binding) {
                let until_ms = binding.expires_s().saturating_mul(1000);
                list(&bans).note_known(peer, None, until_ms, 0);
            }
        });
        done(Ok(()));
    });
}

/// Where a phone was heard from: where its REGISTER came from, else its contact.
fn place_of(binding: &Binding) -> Option<SocketAddr> {
    let text = binding.received().unwrap_or(binding.contact());
    let uri = sip::Uri::parse(text).ok()?;
    Some(SocketAddr::new(
        address_of(uri.host)?,
        uri.port.unwrap_or(5060),
    ))
}

fn show(bans: &BansLink, init: &Init<'_>) {
    type Read = fn(&Bans) -> u64;
    let counters: [(&str, &str, Read); 4] = [
        ("dropped", "Packets of banned sources.", Bans::dropped),
        (
            "refused",
            "Bans not made because the list was full.",
            Bans::refused,
        ),
        ("listed", "Single sources in the list.", |bans| {
            bans.len() as u64
        }),
        ("known", "Users and ports that proved themselves.", |bans| {
            bans.known() as u64
        }),
    ];
    for (name, doc, read) in counters {
        let bans = bans.clone();
        let read = move || i64::try_from(read(list(&bans))).unwrap_or(i64::MAX);
        init.counter_from("ban", name, doc, read);
    }
}
