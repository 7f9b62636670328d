//! The connection: it serves while it stands, and is made anew when it falls.

use std::cell::RefCell;
use std::path::Path;
use std::rc::Rc;
use std::time::Duration;

use redis::aio::MultiplexedConnection;
use redis::{
    AsyncConnectionConfig, Client, ConnectionAddr, IntoConnectionInfo, Pipeline,
    RedisConnectionInfo, TlsCertificates,
};
use store::StoreError;
use store::keys::{KeyPlace, KeyServer};
use tokio::sync::Notify;
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::task::JoinSet;
use tokio::time::{timeout, timeout_at};

use crate::{Asked, answer};

/// How long after a failure the next connection is tried.
const RETRY: Duration = Duration::from_millis(500);

/// A server, and those who ask it.
pub(crate) struct Link {
    server: Server,
    queue: UnboundedReceiver<Asked>,
}

/// How the server is reached.
struct Server {
    name: String,
    client: Client,
    connect: Duration,
    deadline: Duration,
}

/// Why a connection is given up, from whoever found out first.
#[derive(Default)]
struct Lost {
    why: RefCell<Option<StoreError>>,
    told: Notify,
}

impl Link {
    pub(crate) fn new(
        server: &KeyServer,
        queue: UnboundedReceiver<Asked>,
    ) -> Result<Self, StoreError> {
        let name = server.to_string();
        let client = client(server).map_err(|why| StoreError::unavailable(&name, why))?;
        let server = Server {
            client,
            connect: Duration::from_millis(server.connect_ms),
            deadline: Duration::from_millis(server.deadline_ms),
            name,
        };
        Ok(Self { server, queue })
    }

    /// Connects for the first time.
    pub(crate) async fn connect(&self) -> Result<MultiplexedConnection, StoreError> {
        self.server.connect().await
    }

    /// Serves until the store is dropped and everything has its answer.
    pub(crate) async fn serve(mut self, first: Result<MultiplexedConnection, StoreError>) {
        let mut standing = first;
        loop {
            let connection = match standing {
                Ok(connection) => connection,
                Err(why) => match self.connect_again(why).await {
                    Some(connection) => connection,
                    None => return,
                },
            };
            standing = match self.serve_on(connection).await {
                Some(lost) => Err(lost),
                None => return,
            };
        }
    }

    /// Tries until there is a connection, and meanwhile refuses whatever comes; none where the store is
    /// dropped.
    async fn connect_again(&mut self, mut why: StoreError) -> Option<MultiplexedConnection> {
        loop {
            let end = tokio::time::Instant::now() + RETRY;
            while let Ok(asked) = timeout_at(end, self.queue.recv()).await {
                asked?.answer(Err(why.clone()));
            }
            match self.connect_while_refusing(&why).await? {
                Ok(connection) => return Some(connection),
                Err(error) => why = error,
            }
        }
    }

    async fn connect_while_refusing(
        &mut self,
        why: &StoreError,
    ) -> Option<Result<MultiplexedConnection, StoreError>> {
        let Self { server, queue } = self;
        let mut attempt = std::pin::pin!(server.connect());
        loop {
            tokio::select! {
                outcome = &mut attempt => return Some(outcome),
                asked = queue.recv() => asked?.answer(Err(why.clone())),
            }
        }
    }

    /// Sends what comes while the connection stands; none where the store is dropped.
    async fn serve_on(&mut self, connection: MultiplexedConnection) -> Option<StoreError> {
        let lost = Rc::new(Lost::default());
        let mut under_way = JoinSet::new();
        loop {
            tokio::select! {
                biased;
                () = lost.told.notified() => {
                    // Those under way hear of it too, each from its own task.
                    return lost.why.borrow().clone();
                }
                asked = self.queue.recv() => match asked {
                    Some(asked) => {
                        under_way.spawn_local(self.server.ask(connection.clone(), asked, lost.clone()));
                    }
                    None => break,
                },
                Some(_) = under_way.join_next() => {}
            }
        }
        while under_way.join_next().await.is_some() {}
        None
    }
}

impl Server {
    /// Connects and asks for a sign of life: a server that hangs takes connections.
    async fn connect(&self) -> Result<MultiplexedConnection, StoreError> {
        let attempt = async {
            let config = AsyncConnectionConfig::new()
                .set_connection_timeout(None)
                .set_response_timeout(None);
            let client = &self.client;
            let mut connection = client
                .get_multiplexed_async_connection_with_config(&config)
                .await?;
            redis::cmd("PING").exec_async(&mut connection).await?;
            Ok(connection)
        };
        match timeout(self.connect, attempt).await {
            Ok(Ok(connection)) => Ok(connection),
            Ok(Err(error)) => Err(self.unavailable::<redis::RedisError>(error)),
            Err(_) => {
                Err(self.unavailable(format_args!("no connection within {:?}", self.connect)))
            }
        }
    }

    fn ask(
        &self,
        mut connection: MultiplexedConnection,
        mut asked: Asked,
        lost: Rc<Lost>,
    ) -> impl Future<Output = ()> + use<> {
        let (name, deadline) = (self.name.clone(), self.deadline);
        let pipeline = std::mem::take(&mut asked.pipeline);
        async move {
            let count = pipeline.len();
            let sent = packed(&pipeline);
            let answers = connection.send_packed_commands(&sent, 0, count);
            let outcome = match timeout(deadline, answers).await {
                Ok(outcome) => answer::read(outcome, count)
                    .map_err(|error| StoreError::unavailable(&name, error)),
                Err(_) => Err(StoreError::unavailable(
                    &name,
                    format_args!("no answer within {deadline:?}"),
                )),
            };
            if let Err(why) = &outcome {
                lost.why.borrow_mut().get_or_insert_with(|| why.clone());
                lost.told.notify_one();
            }
            asked.answer(outcome);
        }
    }

    fn unavailable<T: std::fmt::Display>(&self, reason: T) -> StoreError {
        StoreError::unavailable(&self.name, reason)
    }
}

fn packed(commands: &[store::keys::Command]) -> Pipeline {
    let mut pipeline = Pipeline::with_capacity(commands.len());
    for words in commands {
        let mut command = redis::Cmd::new();
        for word in words {
            command.arg(&word[..]);
        }
        pipeline.add_command(command);
    }
    pipeline
}

/// # Errors
/// A sentence, where the authorities cannot be read.
fn client(server: &KeyServer) -> Result<Client, String> {
    let address = match &server.place {
        KeyPlace::Tcp(host, port) if server.authorities.is_some() => ConnectionAddr::TcpTls {
            host: host.clone(),
            port: *port,
            insecure: false,
            tls_params: None,
        },
        KeyPlace::Tcp(host, port) => ConnectionAddr::Tcp(host.clone(), *port),
        KeyPlace::Unix(path) => ConnectionAddr::Unix(path.clone()),
    };
    let mut settings = RedisConnectionInfo::default()
        .set_db(i64::from(server.database))
        .set_skip_set_lib_name();
    if let Some(user) = &server.user {
        settings = settings.set_username(user);
    }
    if let Some(password) = &server.password {
        settings = settings.set_password(&password.0);
    }
    let place = address
        .into_connection_info()
        .map_err(|why| why.to_string())?;
    let place = place.set_redis_settings(settings);
    let client = match &server.authorities {
        Some(file) => {
            let certificates = TlsCertificates {
                client_tls: None,
                root_cert: Some(authorities(file)?),
            };
            Client::build_with_tls(place, certificates)
        }
        None => Client::open(place),
    };
    client.map_err(|why| why.to_string())
}

#[expect(
    clippy::disallowed_methods,
    reason = "the driver reads the file that its settings name"
)]
fn authorities(file: &Path) -> Result<Vec<u8>, String> {
    std::fs::read(file).map_err(|why| format!("{}: {why}", file.display()))
}
