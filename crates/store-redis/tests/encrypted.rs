//! Encrypted connections, to Debian's Redis.

use e2e::Redis;
use e2e::encrypted::only_the_right_server_is_spoken_to;
use std::path::Path;
use store::StoreError;
use store::keys::{KeyPlace, KeyServer, Said, wait, words};
use store_redis::RedisStore;

/// A server, and where it speaks TLS; one without a certificate does so nowhere.
struct Served {
    server: Redis,
    has_certificate: bool,
}

fn serve(certificate: Option<&Path>) -> Served {
    Served {
        server: certificate.map_or_else(Redis::new, Redis::with_certificate),
        has_certificate: certificate.is_some(),
    }
}

fn open(served: &Served, authorities: &Path) -> Result<RedisStore, StoreError> {
    let port = match served.has_certificate {
        true => served.server.encrypted_port(),
        false => served.server.port(),
    };
    RedisStore::open(&KeyServer {
        place: KeyPlace::Tcp("127.0.0.1".to_owned(), port),
        database: 0,
        user: None,
        password: None,
        connect_ms: 1000,
        deadline_ms: 1000,
        authorities: Some(authorities.to_owned()),
        may_be_away: false,
    })
}

fn is_secret(store: RedisStore) {
    let said = wait(&store, vec![words("ECHO hello")]).expect("an answer");
    assert_eq!(said, [Said::Text("hello".into())]);
}

#[test]
fn only_the_right_server_is_spoken_to_and_in_secret() {
    only_the_right_server_is_spoken_to(serve, open, is_secret, "rediss://127.0.0.1");
}
