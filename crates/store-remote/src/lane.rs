//! One connection: it serves a queue while it stands, and is made anew when it falls.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use store::{Job, Operation, StoreError};
use tokio::sync::Mutex;
use tokio::sync::mpsc::Receiver;
use tokio::time::{Instant, timeout};

use crate::operations::{self, Driver, Session};
use crate::{Options, unavailable};

/// An operation in a queue.
pub(crate) struct Waiting {
    pub(crate) job: Job,
    since: Instant,
}

impl From<Job> for Waiting {
    fn from(job: Job) -> Self {
        Self {
            job,
            since: Instant::now(),
        }
    }
}

/// A queue and the lanes that serve it.
pub(crate) struct Queue {
    jobs: Mutex<Receiver<Waiting>>,
    /// How many of them are connected.
    connected: Cell<usize>,
    /// Why the last one is not.
    why: RefCell<Option<StoreError>>,
}

impl Queue {
    /// A queue; `why` where it is known that nobody answers.
    pub(crate) fn new(jobs: Receiver<Waiting>, why: Option<StoreError>) -> Rc<Self> {
        Rc::new(Self {
            jobs: Mutex::new(jobs),
            connected: Cell::new(0),
            why: RefCell::new(why),
        })
    }

    /// The next operation; none where the store is dropped and all is done.
    async fn next(&self) -> Option<Waiting> {
        self.jobs.lock().await.recv().await
    }

    /// What stands in the queue, at most so much; nothing where the store is dropped.
    async fn several(&self, most: usize) -> Vec<Waiting> {
        let mut jobs = self.jobs.lock().await;
        let mut taken = Vec::new();
        if most == 1 {
            taken.extend(jobs.recv().await);
        } else {
            jobs.recv_many(&mut taken, most).await;
        }
        taken
    }
}

/// One connection and the queue that it serves.
pub(crate) struct Lane<D: Driver> {
    driver: Arc<D>,
    options: Rc<Options>,
    queue: Rc<Queue>,
    /// The most operations in one transaction.
    group: usize,
}

/// Connects, within the time that is given for it.
pub(crate) async fn connect<D: Driver>(
    driver: &D,
    options: &Options,
) -> Result<D::Session, StoreError> {
    match timeout(options.connect, driver.connect()).await {
        Ok(outcome) => outcome,
        Err(_) => Err(unavailable(
            driver,
            format_args!("no connection within {:?}", options.connect),
        )),
    }
}

impl<D: Driver> Lane<D> {
    pub(crate) fn new(
        driver: &Arc<D>,
        options: &Rc<Options>,
        queue: &Rc<Queue>,
        group: usize,
    ) -> Self {
        Self {
            driver: driver.clone(),
            options: options.clone(),
            queue: queue.clone(),
            group,
        }
    }

    /// Serves until the store is dropped.
    pub(crate) async fn run(self, mut session: Option<D::Session>) {
        loop {
            let standing = match session.take() {
                Some(session) => Some(session),
                None => self.connect_again().await,
            };
            let Some(mut standing) = standing else {
                return;
            };
            let connected = &self.queue.connected;
            connected.set(connected.get() + 1);
            let ended = self.serve(&mut standing).await;
            connected.set(connected.get() - 1);
            match ended {
                Ok(()) => {
                    // Whoever drops the store waits no longer for a server that hangs.
                    let _ = timeout(self.options.deadline, standing.close()).await;
                    return;
                }
                Err(lost) => self.queue.why.replace(Some(lost)),
            };
        }
    }

    /// Tries until there is a connection, and meanwhile refuses what nobody else can serve.
    async fn connect_again(&self) -> Option<D::Session> {
        loop {
            let attempt = async {
                let outcome = connect(&*self.driver, &self.options).await;
                if outcome.is_err() {
                    tokio::time::sleep(self.options.retry).await;
                }
                outcome
            };
            tokio::pin!(attempt);
            loop {
                let nobody_serves =
                    self.queue.connected.get() == 0 && self.queue.why.borrow().is_some();
                tokio::select! {
                    biased;
                    outcome = &mut attempt => match outcome {
                        Ok(session) => return Some(session),
                        Err(why) => {
                            self.queue.why.replace(Some(why));
                            break;
                        }
                    },
                    refused = self.queue.next(), if nobody_serves => {
                        let why = self.queue.why.borrow().clone();
                        let why = why.unwrap_or_else(|| unavailable(&*self.driver, "not connected"));
                        refused?.job.reply.answer(Err(why));
                    }
                }
            }
        }
    }

    /// Serves while the connection stands; `Ok` where the store is dropped.
    async fn serve(&self, session: &mut D::Session) -> Result<(), StoreError> {
        loop {
            let Ok(taken) = timeout(self.options.idle, self.queue.several(self.group)).await else {
                self.in_time(Duration::ZERO, operations::look(session))
                    .await?;
                continue;
            };
            if taken.is_empty() {
                return Ok(());
            }
            let mut jobs = self.still_wanted(taken);
            while !jobs.is_empty() {
                let together = operations::count_together(jobs.iter().map(|job| &job.operation));
                let rest = jobs.split_off(together);
                let part = std::mem::replace(&mut jobs, rest);
                if let Err(lost) = self.work(session, part).await {
                    refuse(jobs, &lost);
                    return Err(lost);
                }
            }
        }
    }

    /// Those that have not waited longer than anybody waits for them.
    fn still_wanted(&self, taken: Vec<Waiting>) -> Vec<Job> {
        let (wanted, late): (Vec<_>, Vec<_>) = taken
            .into_iter()
            .partition(|waiting| waiting.since.elapsed() <= self.options.deadline);
        let why = unavailable(&*self.driver, "it is slower than what is asked of it");
        refuse(late.into_iter().map(|waiting| waiting.job).collect(), &why);
        wanted.into_iter().map(|waiting| waiting.job).collect()
    }

    /// Carries out operations together; an error means that the connection is lost.
    async fn work(&self, session: &mut D::Session, jobs: Vec<Job>) -> Result<(), StoreError> {
        let operations: Vec<&Operation> = jobs.iter().map(|job| &job.operation).collect();
        let more = operations.iter().map(|it| operations::patience(it)).sum();
        match self
            .in_time(more, operations::run(session, &operations, &self.options))
            .await
        {
            Ok(outcomes) => {
                for (job, outcome) in jobs.into_iter().zip(outcomes) {
                    job.reply.answer(outcome);
                }
                Ok(())
            }
            Err(lost) => {
                refuse(jobs, &lost);
                Err(lost)
            }
        }
    }

    async fn in_time<T>(
        &self,
        more: Duration,
        work: impl Future<Output = Result<T, StoreError>>,
    ) -> Result<T, StoreError> {
        let most = self.options.deadline + more;
        match timeout(most, work).await {
            Ok(outcome) => outcome,
            Err(_) => Err(unavailable(
                &*self.driver,
                format_args!("no answer within {most:?}"),
            )),
        }
    }
}

fn refuse(jobs: Vec<Job>, why: &StoreError) {
    for job in jobs {
        job.reply.answer(Err(why.clone()));
    }
}
