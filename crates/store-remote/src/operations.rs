//! Operations as a driver's statements, in transactions where there are several.

use std::time::Duration;

use bytes::Bytes;
use store::schema::{self, Table};
use store::sql::{self, Dialect, Statement};
use store::{Cell, Filter, Name, Operation, Outcome, Row, Rows, Select, StoreError, Write, name};

use crate::Options;

/// A database server, and how it is spoken to.
pub trait Driver: Send + Sync + 'static {
    /// A connection.
    type Session: Session;

    /// What errors call this database: kind and place, without the password.
    fn name(&self) -> String;

    /// The driver's name in a URL.
    fn kind(&self) -> &'static str;

    /// A string literal by the rules of this database.
    fn quote(text: &[u8]) -> String;

    /// Opens a connection.
    fn connect(&self) -> impl Future<Output = Result<Self::Session, StoreError>>;
}

/// A connection. [`StoreError::Unavailable`] means that it is lost.
pub trait Session: 'static {
    /// How the database wants its SQL.
    type Dialect: Dialect;

    /// Runs a statement that changes rows, and tells how many.
    fn change(
        &mut self,
        statement: Statement<Self::Dialect>,
    ) -> impl Future<Output = Result<u64, StoreError>>;

    /// Runs a query; more than so many bytes are an error.
    fn query(
        &mut self,
        statement: Statement<Self::Dialect>,
        most: usize,
    ) -> impl Future<Output = Result<Rows, StoreError>>;

    /// Runs a statement that somebody else wrote.
    fn raw(
        &mut self,
        sql: &Bytes,
        values: &[Cell],
        most: usize,
    ) -> impl Future<Output = Result<Outcome, StoreError>>;

    /// Runs a statement without values or rows.
    fn command(&mut self, sql: &str) -> impl Future<Output = Result<(), StoreError>>;

    /// Puts a row in place of every row that has one of its unique keys.
    fn replace(&mut self, table: &Name, row: &Row) -> impl Future<Output = Result<(), StoreError>>;

    /// Whether there is a table of this name.
    fn has_table(&mut self, table: &Name) -> impl Future<Output = Result<bool, StoreError>>;

    /// Says farewell.
    fn close(self) -> impl Future<Output = ()>;
}

/// How long an operation may take beyond the deadline of all.
pub(crate) fn patience(operation: &Operation) -> Duration {
    match operation {
        Operation::CreateTables(_) => Duration::from_secs(60),
        Operation::Batch(writes) => Duration::from_millis(5).saturating_mul(count(writes)),
        _ => Duration::ZERO,
    }
}

fn count(writes: &[Write]) -> u32 {
    u32::try_from(writes.len()).unwrap_or(u32::MAX)
}

/// How many of these go into one transaction, in order; at least one. A raw statement may be one that
/// cannot run inside a transaction, and new tables end one in MySQL.
pub(crate) fn count_together<'a>(operations: impl Iterator<Item = &'a Operation>) -> usize {
    let is_change =
        |operation: &&Operation| matches!(operation, Operation::Write(_) | Operation::Batch(_));
    operations.take_while(is_change).count().max(1)
}

/// Asks for a sign of life.
pub(crate) async fn look<S: Session>(session: &mut S) -> Result<(), StoreError> {
    session.command("SELECT 1").await
}

/// Carries out operations, and several of them in one transaction.
///
/// # Errors
/// The connection is lost; of the operations nothing is known.
pub(crate) async fn run<S: Session>(
    session: &mut S,
    operations: &[&Operation],
    options: &Options,
) -> Result<Vec<Result<Outcome, StoreError>>, StoreError> {
    let most = options.limits.answer_bytes;
    if operations.len() > 1
        && let Some(outcomes) = together(session, operations, most).await?
    {
        return Ok(outcomes);
    }
    let mut outcomes = Vec::with_capacity(operations.len());
    for operation in operations {
        outcomes.push(survived(alone(session, operation, most).await)?);
    }
    Ok(outcomes)
}

/// An outcome, unless it says that the connection is lost.
fn survived<T>(outcome: Result<T, StoreError>) -> Result<Result<T, StoreError>, StoreError> {
    match outcome {
        Err(lost @ StoreError::Unavailable { .. }) => Err(lost),
        other => Ok(other),
    }
}

/// All in one transaction; none where one of them is refused, and then nothing is changed.
async fn together<S: Session>(
    session: &mut S,
    operations: &[&Operation],
    most: usize,
) -> Result<Option<Vec<Result<Outcome, StoreError>>>, StoreError> {
    session.command("BEGIN").await?;
    let mut outcomes = Vec::with_capacity(operations.len());
    for operation in operations {
        match survived(within(session, operation, most).await)? {
            Ok(outcome) => outcomes.push(Ok(outcome)),
            Err(_) => {
                session.command("ROLLBACK").await?;
                return Ok(None);
            }
        }
    }
    match survived(session.command("COMMIT").await)? {
        Ok(()) => Ok(Some(outcomes)),
        Err(_) => {
            session.command("ROLLBACK").await?;
            Ok(None)
        }
    }
}

/// One operation by itself: several changes are a transaction.
async fn alone<S: Session>(
    session: &mut S,
    operation: &Operation,
    most: usize,
) -> Result<Outcome, StoreError> {
    let is_one = match operation {
        Operation::Batch(writes) => writes.is_empty(),
        Operation::Write(Write::Replace { .. } | Write::InsertOrUpdate { .. }) => false,
        _ => true,
    };
    if is_one {
        return within(session, operation, most).await;
    }
    session.command("BEGIN").await?;
    let outcome = within(session, operation, most).await;
    match outcome {
        Ok(outcome) => session.command("COMMIT").await.map(|()| outcome),
        Err(error) => {
            session.command("ROLLBACK").await?;
            Err(error)
        }
    }
}

/// One operation in whatever transaction there is.
async fn within<S: Session>(
    session: &mut S,
    operation: &Operation,
    most: usize,
) -> Result<Outcome, StoreError> {
    match operation {
        Operation::Select(select) => session
            .query(sql::select(select), most)
            .await
            .map(Outcome::Rows),
        Operation::Write(change) => write(session, change).await.map(done),
        Operation::Batch(writes) => {
            let mut sum = 0;
            for change in writes {
                sum += write(session, change).await?;
            }
            Ok(done(sum))
        }
        Operation::Raw { sql, values } => session.raw(sql, values, most).await,
        Operation::TableVersion { table } => {
            version(session, table, most).await.map(Outcome::Version)
        }
        Operation::CreateTables(tables) => create(session, tables).await.map(done),
    }
}

async fn write<S: Session>(session: &mut S, write: &Write) -> Result<u64, StoreError> {
    match write {
        Write::Insert { table, row } => session.change(sql::insert("INSERT", table, row)).await,
        Write::Update { table, set, filter } => {
            session.change(sql::update(table, set, filter)).await
        }
        Write::Delete { table, filter } => session.change(sql::delete(table, filter)).await,
        // The new row alone is counted, not those it took the place of.
        Write::Replace { table, row } => session.replace(table, row).await.map(|()| 1),
        Write::InsertOrUpdate { table, row, key } => {
            let filter = sql::of_key(row, key);
            match session.change(sql::update(table, row, &filter)).await? {
                0 => session.change(sql::insert("INSERT", table, row)).await,
                updated => Ok(updated),
            }
        }
    }
}

async fn version<S: Session>(
    session: &mut S,
    table: &Name,
    most: usize,
) -> Result<Option<i64>, StoreError> {
    let select = Select::from(schema::VERSION.name.clone())
        .columns([name!("table_version")])
        .filter(Filter::all().eq(name!("table_name"), table.as_str()));
    let rows = session.query(sql::select(&select), most).await?;
    let cell = rows.rows.first().and_then(|row| row.first());
    Ok(cell.and_then(Cell::as_int))
}

async fn create<S: Session>(session: &mut S, tables: &[&'static Table]) -> Result<u64, StoreError> {
    let mut made = 0;
    for table in std::iter::once(&&schema::VERSION).chain(tables) {
        if session.has_table(&table.name).await? {
            continue;
        }
        for statement in sql::create::<S::Dialect>(table) {
            session.command(&statement).await?;
        }
        let row = Write::InsertOrUpdate {
            table: schema::VERSION.name.clone(),
            row: vec![
                (name!("table_name"), table.name.as_str().into()),
                (name!("table_version"), table.version.into()),
            ],
            key: vec![name!("table_name")],
        };
        write(session, &row).await?;
        made += 1;
    }
    Ok(made)
}

fn done(affected: u64) -> Outcome {
    Outcome::Done { affected }
}
