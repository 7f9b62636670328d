//! The script functions.

use super::health::Change;
use super::replies::{Pending, Replies};
use super::{NdbRedis, Server, command};
use bytes::Bytes;
use policy::{Answer, Context, Effect, Level, Outcome, Text};
use store::keys::Said;

/// The server is left alone for a while.
const PAUSED: i32 = -2;

type More = Option<Text>;

impl NdbRedis {
    #[expect(clippy::too_many_arguments, reason = "the script function has as many")]
    pub(super) fn cmd(
        &self,
        context: &mut Context,
        server: &Text,
        text: &Text,
        word: &Text,
        word2: &More,
        word3: &More,
        word4: &More,
    ) -> Outcome {
        let name = server.get(context);
        let pending = pending(
            context,
            text,
            [Some(word), word2.as_ref(), word3.as_ref(), word4.as_ref()],
        );
        let Some(server) = self.find(context, &name) else {
            return Outcome::FALSE;
        };
        let mut all = context.extension_mut::<Replies>().take_pending(&name);
        if !all.is_empty() {
            context.log(Level::Warn, "ndb_redis", || {
                "redis_cmd() runs the commands kept for redis_execute() first".to_owned()
            });
        }
        let last = pending.reply.clone();
        context.extension_mut::<Replies>().free(&last);
        if pending.command.is_empty() || self.is_paused(context, &server) {
            return Outcome::FALSE;
        }
        all.push(pending);
        self.send(server, name, all, move |context| {
            let kept = context.extension::<Replies>();
            let why = match kept.and_then(|kept| kept.said(&last)) {
                Some(Said::Error(why)) => why.clone(),
                Some(_) => return 1,
                None => return -1,
            };
            context.log(Level::Err, "ndb_redis", || {
                format!("Redis error:{}", String::from_utf8_lossy(&why))
            });
            -1
        })
    }

    #[expect(clippy::too_many_arguments, reason = "the script function has as many")]
    pub(super) fn pipe(
        &self,
        context: &mut Context,
        server: &Text,
        text: &Text,
        word: &Text,
        word2: &More,
        word3: &More,
        word4: &More,
    ) -> Outcome {
        let name = server.get(context);
        let pending = pending(
            context,
            text,
            [Some(word), word2.as_ref(), word3.as_ref(), word4.as_ref()],
        );
        if self.find(context, &name).is_none() || pending.command.is_empty() {
            return Outcome::FALSE;
        }
        context
            .extension_mut::<Replies>()
            .append(name, pending)
            .into()
    }

    pub(super) fn execute(&self, context: &mut Context, server: &Text) -> Outcome {
        let name = server.get(context);
        let Some(server) = self.find(context, &name) else {
            return Outcome::FALSE;
        };
        let all = context.extension_mut::<Replies>().take_pending(&name);
        if all.is_empty() {
            context.log(Level::Warn, "ndb_redis", || {
                "redis_execute() without any pipelined commands".to_owned()
            });
            return Outcome::FALSE;
        }
        if self.is_paused(context, &server) {
            return Outcome::Code(PAUSED);
        }
        self.send(server, name, all, |_| 1)
    }

    pub(super) fn free(&self, context: &mut Context, reply: &Text) -> Outcome {
        let name = reply.get(context);
        context.extension_mut::<Replies>().free(&name).into()
    }

    fn find(&self, context: &mut Context, name: &Bytes) -> Option<Server> {
        let found = self.servers.get(name).cloned();
        if found.is_none() {
            context.log(Level::Err, "ndb_redis", || {
                format!("no redis server found: {}", String::from_utf8_lossy(name))
            });
        }
        found
    }

    fn is_paused(&self, context: &Context, server: &Server) -> bool {
        server.health.is_paused(context.now.unix_ms)
    }

    /// Sends commands in one pipeline, keeps the replies, and answers what `code` says.
    fn send(
        &self,
        server: Server,
        name: Bytes,
        all: Vec<Pending>,
        code: impl FnOnce(&mut Context) -> i32 + Send + 'static,
    ) -> Outcome {
        let (names, commands): (Vec<Bytes>, Vec<_>) =
            all.into_iter().map(|it| (it.reply, it.command)).unzip();
        let (allowed, pause_ms) = (self.allowed_failures, self.pause_ms);
        let Server { keys, health } = server;
        Outcome::ask_then(Effect::Keys { keys, commands }, move |context, answer| {
            let why = match answer {
                Answer::Keys(Ok(said)) => {
                    health.answered();
                    let replies = context.extension_mut::<Replies>();
                    for (name, said) in names.into_iter().zip(said) {
                        replies.keep(name, said);
                    }
                    return Outcome::Code(code(context));
                }
                Answer::Keys(Err(error)) => error.to_string(),
                _ => "it did not answer in time".to_owned(),
            };
            let change = health.failed(context.now.unix_ms, allowed, pause_ms);
            context.log(Level::Err, "ndb_redis", || {
                let name = String::from_utf8_lossy(&name);
                match change {
                    Change::None => format!("server {name}: {why}"),
                    Change::Paused => {
                        format!(
                            "server {name}: {why}; it is left alone for {} s",
                            pause_ms / 1000
                        )
                    }
                }
            });
            Outcome::FALSE
        })
    }
}

/// A command and the name of its reply, which is the last word that was given.
fn pending(context: &mut Context, text: &Text, words: [Option<&Text>; 4]) -> Pending {
    let text = text.get(context);
    let words = words.into_iter().flatten();
    let mut words: Vec<Bytes> = words.map(|word| word.get(context)).collect();
    let reply = words.pop().unwrap_or_default();
    Pending {
        command: command::words(&text, &words),
        reply,
    }
}
