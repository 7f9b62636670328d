//! Phones: what they know of their dialogs, and the messages they make of it.

mod dialog;
mod digest;
mod draft;
mod reply;
mod request;

pub(crate) use dialog::{Dialog, HeardRequest, Said};
use draft::Draft;
pub(crate) use reply::reply;
pub(crate) use request::{Author, request};
