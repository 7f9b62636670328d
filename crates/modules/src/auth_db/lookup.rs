//! Users in the database: what is asked, and what an answer means.

use super::credentials::{Credential, Target};
use super::{Params, credentials, identity};
use bytes::Bytes;
use policy::{Answer, Claim, Context, DigestAuth, Effect, Level, Outcome, Secret};
use sip::digest::Hash;
use std::sync::Arc;
use store::{Cell, Filter, Name, Rows, Select, Store, name};

/// Of the flags of `is_subscriber()`: the domain belongs to the user.
const WITH_DOMAIN: i64 = 1;
/// Of the flags of `is_subscriber()`: no AVPs.
const NO_AVPS: i64 = 2;
const ERROR: i32 = -1;
const NO_SUBSCRIBER: i32 = -2;
const USER_MISMATCH: i32 = -8;

/// The database and what its columns mean.
pub(super) struct Lookup {
    pub(super) params: Params,
    /// `load_credentials`.
    pub(super) credentials: Vec<Credential<Target>>,
    pub(super) store: Arc<dyn Store>,
}

/// A check on its way through the database.
pub(super) struct Check {
    pub(super) claim: Claim,
    pub(super) flags: i64,
    pub(super) table: Name,
    pub(super) digest: Arc<dyn DigestAuth>,
    pub(super) lookup: Arc<Lookup>,
}

impl Check {
    /// Asks for the user's password and goes on with it.
    pub(super) fn ask(self) -> Outcome {
        let lookup = self.lookup.clone();
        let columns = std::iter::once(self.password_column()).chain(lookup.columns());
        let select = lookup.select(self.table.clone(), columns, &self.claim);
        lookup.submit(select, move |context, rows| self.answered(context, rows))
    }

    fn answered(self, context: &mut Context, rows: Rows) -> Outcome {
        let row = rows.rows.into_iter().next();
        if self.needs_sha256(row.as_deref()) {
            return self.ask_sha256(row);
        }
        let secret = row.as_ref().and_then(|row| row.first()).map(text_of);
        self.finish(context, row, secret)
    }

    /// True where the row has no HA1 of the hash that the client used.
    fn needs_sha256(&self, row: Option<&[Cell]>) -> bool {
        let wanted = self.claim.hash == Hash::Sha256 && !self.lookup.params.calculate_ha1;
        let stored = row.and_then(<[Cell]>::first).and_then(Cell::as_bytes);
        wanted && stored.map_or(0, <[u8]>::len) != Hash::Sha256.hex_len()
    }

    fn ask_sha256(self, row: Option<Vec<Cell>>) -> Outcome {
        let lookup = self.lookup.clone();
        let Ok(table) = Name::parse(&format!("{}_sha256", self.table)) else {
            return Outcome::Code(ERROR);
        };
        let column = match self.claim.has_domain() {
            false => name!("ha1"),
            true => name!("ha1b"),
        };
        let select = lookup.select(table, std::iter::once(column), &self.claim);
        lookup.submit(select, move |context, rows| {
            let found = rows.rows.first().and_then(|row| row.first()).map(text_of);
            // In one table and not in the other: there is such a user.
            let secret = found.or_else(|| row.is_some().then(Bytes::new));
            self.finish(context, row, secret)
        })
    }

    fn finish(
        self,
        context: &mut Context,
        row: Option<Vec<Cell>>,
        secret: Option<Bytes>,
    ) -> Outcome {
        let (digest, claim, lookup) =
            (self.digest.clone(), self.claim.clone(), self.lookup.clone());
        let params = &lookup.params;
        let secret = match &secret {
            None => Secret::Absent {
                stored_ha1: !params.calculate_ha1,
            },
            // An empty password is none: it verifies nobody.
            Some(password) if params.calculate_ha1 && !password.is_empty() => {
                Secret::Password(password)
            }
            Some(password) if params.calculate_ha1 => Secret::Ha1(password),
            Some(digits) => Secret::Ha1(digits),
        };
        let then = Box::new(move |context: &mut Context, code| self.end(context, row, code));
        digest.verify(context, &claim, secret, then)
    }

    fn end(self, context: &mut Context, row: Option<Vec<Cell>>, code: i32) -> Outcome {
        let params = &self.lookup.params;
        if code == 1 || params.force_avps {
            let cells = row
                .as_ref()
                .and_then(|row| row.get(1..))
                .unwrap_or_default();
            credentials::load(context, &self.lookup.credentials, cells);
        }
        let credentials = self.claim.credentials.view();
        let domain = params.use_domain.then_some(credentials.realm);
        let fits = identity::fits(&context.message, self.flags, credentials.user(), domain);
        Outcome::Code(if code == 1 && !fits {
            USER_MISMATCH
        } else {
            code
        })
    }

    fn password_column(&self) -> Name {
        let params = &self.lookup.params;
        match params.calculate_ha1 || !self.claim.has_domain() {
            true => params.password_column.clone(),
            false => params.password_column_2.clone(),
        }
    }
}

impl Lookup {
    /// `is_subscriber()`.
    pub(super) fn find_subscriber(
        self: Arc<Self>,
        table: Name,
        user: &[u8],
        domain: &[u8],
        flags: i64,
    ) -> Outcome {
        let params = &self.params;
        let mut filter = Filter::all().eq(params.user_column.clone(), Cell::text(user));
        if flags & WITH_DOMAIN != 0 {
            filter = filter.eq(params.domain_column.clone(), Cell::text(domain));
        }
        let columns = std::iter::once(params.user_column.clone()).chain(self.columns());
        let select = Select::from(table).columns(columns).filter(filter).limit(1);
        let lookup = self.clone();
        self.submit(select, move |context, rows| {
            let Some(row) = rows.rows.first() else {
                return Outcome::Code(NO_SUBSCRIBER);
            };
            if flags & NO_AVPS == 0 {
                let cells = row.get(1..).unwrap_or_default();
                credentials::load(context, &lookup.credentials, cells);
            }
            Outcome::TRUE
        })
    }

    /// The columns of `load_credentials`.
    fn columns(&self) -> impl Iterator<Item = Name> {
        self.credentials
            .iter()
            .map(|credential| credential.column.clone())
    }

    /// The row of the user who claims to be there.
    fn select(&self, table: Name, columns: impl Iterator<Item = Name>, claim: &Claim) -> Select {
        let params = &self.params;
        let mut filter = Filter::all().eq(params.user_column.clone(), claim.user());
        if params.use_domain {
            filter = filter.eq(params.domain_column.clone(), claim.domain());
        }
        Select::from(table).columns(columns).filter(filter).limit(1)
    }

    fn submit(
        &self,
        select: Select,
        then: impl FnOnce(&mut Context, Rows) -> Outcome + Send + 'static,
    ) -> Outcome {
        let effect = Effect::store(self.store.clone(), select);
        Outcome::ask_then(effect, move |context, answer| match answer {
            Answer::Store(Ok(outcome)) => then(context, outcome.into_rows()),
            Answer::Store(Err(error)) => {
                context.log(Level::Err, "auth_db", || {
                    format!("failed to query database: {error}")
                });
                Outcome::Code(ERROR)
            }
            _ => {
                context.log(Level::Err, "auth_db", || {
                    "the database did not answer in time".to_owned()
                });
                Outcome::Code(ERROR)
            }
        })
    }
}

/// A password or HA1 as text; one that is no text is its digits.
fn text_of(cell: &Cell) -> Bytes {
    match cell {
        Cell::Text(text) | Cell::Blob(text) => text.clone(),
        Cell::Int(number) => number.to_string().into(),
        _ => Bytes::new(),
    }
}
