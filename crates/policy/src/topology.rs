//! What topology hiding keeps of dialogs and requests, and where it may be kept: module `topos` asks, a storage such
//! as that of `topos_redis` answers.

use crate::{Answer, Effect};
use bytes::Bytes;
use std::sync::Arc;

/// Which way a request goes within its dialog.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DialogWay {
    /// From who began the dialog: Kamailio's side a, direction 0. Also what begins one, or has none.
    #[default]
    ToCallee,
    /// Back: side b, direction 1.
    ToCaller,
}

/// One end of a dialog that was hidden from the other.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HiddenEnd {
    /// Its tag; empty until it is known.
    pub tag: Bytes,
    /// Its Contact URI, in clear; empty until it is known.
    pub contact: Bytes,
    /// The Contact that this end is given in place of the other's, `<sip:atpsh-…@…>`: `as_contact` for the caller,
    /// `bs_contact` for the callee.
    pub shown: Bytes,
    /// The Record-Routes between this end and us, as they stood in its message, separated by commas.
    pub routes: Bytes,
}

/// A dialog, as a row of `topos_d` has it. There is one for each callee's tag: the forks of one request share
/// a `uuid`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HiddenDialog {
    /// `x_context`: the instance it belongs to, mostly empty.
    pub context: Bytes,
    /// The method of the request that began it.
    pub method: Bytes,
    /// Its CSeq number.
    pub cseq: Bytes,
    /// Its Call-ID, in clear.
    pub call_id: Bytes,
    /// What Contacts name it by, without the first letter, which tells the end: `tpsh-…`. `a_uuid` is `a` and this,
    /// `b_uuid` is `b` and this.
    pub uuid: Bytes,
    /// Who began it: the columns that begin with `a`.
    pub caller: HiddenEnd,
    /// Who answered: the columns that begin with `b`.
    pub callee: HiddenEnd,
    /// `s_rr`: our own Record-Routes, in the order of the request.
    pub own_routes: Bytes,
    /// Whether it was accepted (`iflags` 2; before, and after its BYE, 0).
    pub is_confirmed: bool,
    /// How long from its last writing it is kept, in seconds.
    pub lives_s: u64,
}

/// One branch of a request, as a row of `topos_t` has it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HiddenBranch {
    /// `x_context`.
    pub context: Bytes,
    /// The method.
    pub method: Bytes,
    /// The CSeq number.
    pub cseq: Bytes,
    /// The Call-ID, in clear.
    pub call_id: Bytes,
    /// The dialog's, as in [`HiddenDialog::uuid`].
    pub uuid: Bytes,
    /// Which way the request goes.
    pub way: DialogWay,
    /// `x_vbranch`: the branch of our own Via, by which replies find it.
    pub branch: Bytes,
    /// `x_via`: the Vias below ours, separated by commas.
    pub vias: Bytes,
    /// `x_rr`: the Record-Routes below ours, separated by commas.
    pub routes: Bytes,
    /// `s_rr`: our own Record-Routes.
    pub own_routes: Bytes,
    /// The sender's Contact URI, in clear: `a_contact` or `b_contact`.
    pub contact: Bytes,
    /// [`HiddenEnd::shown`] of the caller.
    pub caller_shown: Bytes,
    /// [`HiddenEnd::shown`] of the callee.
    pub callee_shown: Bytes,
    /// `x_tag`: the tag of the dialog's caller.
    pub caller_tag: Bytes,
    /// `a_tag`: the tag of the request's From.
    pub from_tag: Bytes,
    /// `b_tag`: the tag of the request's To, mostly empty outside of dialogs.
    pub to_tag: Bytes,
}

/// A dialog that is looked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DialogQuery {
    /// [`HiddenDialog::uuid`].
    pub uuid: Bytes,
    /// The callee's tag, where the request that asks has one.
    pub callee_tag: Bytes,
}

/// A change of what is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TopologyWrite {
    /// A request leaves on this branch.
    Branch(Arc<HiddenBranch>),
    /// A request that may begin a dialog leaves for the first time.
    Begin(Arc<HiddenDialog>),
    /// This is the dialog from now on. It replaces the one with the same uuid and the same callee's tag. With
    /// `is_first` nobody else has answered: then it replaces whatever [`TopologyWrite::Begin`] left, and where that
    /// has expired it is written anew.
    Put {
        /// The dialog, whole.
        dialog: Arc<HiddenDialog>,
        /// Whether it is the first that knows its callee's tag.
        is_first: bool,
    },
    /// The dialog is over. It is kept for [`Lifetimes::branch_s`] more, for retransmissions.
    End(Arc<HiddenDialog>),
}

/// When something is written, and how long the kinds of things are kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Lifetimes {
    /// Now, in seconds since 1970.
    pub now_s: u64,
    /// `branch_expire`, in seconds: for branches, and for dialogs that are not accepted.
    pub branch_s: u64,
    /// `dialog_expire`, in seconds: for dialogs that are accepted, unless [`HiddenDialog::lives_s`] says otherwise.
    pub dialog_s: u64,
}

/// An answer of a storage, or what must be asked first.
pub enum Stored<T> {
    /// It is known at once. The text says what went wrong.
    Known(Result<T, String>),
    /// The effect must be done, which waits outside of any worker; its answer then is read.
    Ask(Effect, ReadStored<T>),
}

/// Reads an answer; where nobody answered in time that is an error.
pub type ReadStored<T> = Box<dyn FnOnce(Answer) -> Result<T, String> + Send>;

/// Where topology hiding keeps what it hides.
///
/// A storage promises:
/// * Each call costs at most one round trip, however much it writes, and never blocks: what must be waited for is a
///   [`Stored::Ask`].
/// * When a write has been answered with success, every node that asks the same storage sees it.
/// * What has outlived its lifetime is not found, or not for long: [`TopologyStorage::clean`] is called every
///   `clean_interval`, and a storage that forgets by itself does nothing there.
/// * A failure is an error, never an empty answer: who asks must know whether a dialog is gone or the storage.
/// * Values come back octet by octet. Peers have written them.
/// * What Kamailio 5.6.3 has written in the same storage is read as it meant it.
pub trait TopologyStorage: Send + Sync {
    /// The dialogs with this uuid, in no order. Those of other callee's tags may be among them; the one with that
    /// tag, and one whose callee is not known yet, must be.
    fn dialogs(&self, query: &DialogQuery) -> Stored<Vec<HiddenDialog>>;

    /// The branch with this [`HiddenBranch::branch`].
    fn branch(&self, branch: &[u8]) -> Stored<Option<HiddenBranch>>;

    /// Does all of this, in order.
    fn write(&self, writes: Vec<TopologyWrite>, lifetimes: Lifetimes) -> Stored<()>;

    /// Does all of this without telling anybody; what fails is logged by the storage.
    fn write_unheard(&self, writes: Vec<TopologyWrite>, lifetimes: Lifetimes);

    /// Forgets what has outlived its lifetime.
    fn clean(&self, lifetimes: Lifetimes);
}

/// What module `topos` offers to the storages that are loaded behind it: `init.service::<dyn TopologyStorages>("topos")`.
pub trait TopologyStorages: Send + Sync {
    /// The storage that `storage` names is this one. False where the parameter names another; then it is not asked.
    fn offer(&self, name: &str, storage: Arc<dyn TopologyStorage>) -> bool;
}

impl HiddenDialog {
    /// `a_uuid`.
    pub fn caller_uuid(&self) -> Bytes {
        lettered(b'a', &self.uuid)
    }

    /// `b_uuid`.
    pub fn callee_uuid(&self) -> Bytes {
        lettered(b'b', &self.uuid)
    }
}

impl HiddenBranch {
    /// `a_uuid`.
    pub fn caller_uuid(&self) -> Bytes {
        lettered(b'a', &self.uuid)
    }

    /// `b_uuid`.
    pub fn callee_uuid(&self) -> Bytes {
        lettered(b'b', &self.uuid)
    }
}

fn lettered(letter: u8, uuid: &[u8]) -> Bytes {
    let mut whole = Vec::with_capacity(1 + uuid.len());
    whole.push(letter);
    whole.extend_from_slice(uuid);
    whole.into()
}
