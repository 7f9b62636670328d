//! Wishes of waiting routes: to the database or to the name servers, and the answer back.

use super::{Names, Post};
use edge::{Input, Ticket};
use policy::{Answer, Effect};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Takes wishes from any worker; answers go to the stream workers, which never block in a socket.
#[derive(Clone)]
pub(crate) struct Asker {
    posts: Arc<[Post]>,
    next: Arc<AtomicUsize>,
    names: Names,
}

impl Asker {
    pub(crate) fn new(posts: Arc<[Post]>, names: Names) -> Asker {
        Asker {
            posts,
            next: Arc::new(AtomicUsize::new(0)),
            names,
        }
    }

    /// The answer to what takes no longer than asking.
    pub(crate) fn at_once(effect: &Effect) -> Option<Answer> {
        let Effect::Store { store, operation } = effect else {
            return None;
        };
        let outcome = store.glance(operation)?;
        Some(Answer::Store(Ok(outcome)))
    }

    /// Asks; the answer comes as an input to one of the workers.
    pub(crate) fn ask(&self, ticket: Ticket, effect: Effect) {
        let post = self.post();
        match effect {
            Effect::Store { store, operation } => {
                let done = move |outcome| {
                    post.send(Input::Answer {
                        ticket,
                        answer: Answer::Store(outcome),
                    })
                };
                store.submit(*operation, Box::new(done));
            }
            Effect::Keys { keys, commands } => {
                let done = move |said| {
                    post.send(Input::Answer {
                        ticket,
                        answer: Answer::Keys(said),
                    })
                };
                keys.submit(commands, Box::new(done));
            }
            Effect::Lookup(query) => {
                let done = move |found| {
                    post.send(Input::Answer {
                        ticket,
                        answer: Answer::Names(found),
                    })
                };
                self.names.look_up(query, done);
            }
            // The edge asks nothing else of the world.
            _ => post.send(Input::Answer {
                ticket,
                answer: Answer::TimedOut,
            }),
        }
    }

    fn post(&self) -> Post {
        let turn = self.next.fetch_add(1, Ordering::Relaxed);
        self.posts[turn % self.posts.len()].clone()
    }
}
