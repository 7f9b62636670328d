//! The states of a dialog and what moves it from one to the next.

/// A state, numbered as operators see it in `$dlg(state)`, RPC and the database (README of
/// Kamailio's module `dialog`, section 3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum State {
    /// 1: the INVITE went out, nothing came back.
    Unconfirmed = 1,
    /// 2: it rings.
    Early = 2,
    /// 3: a 2xx passed, its ACK did not yet.
    Answered = 3,
    /// 4: the call is on.
    Confirmed = 4,
    /// 5: it is over.
    Deleted = 5,
}

/// What happens to a dialog.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Event {
    /// A provisional reply to the INVITE.
    Progress,
    /// A 2xx to the INVITE.
    Answer,
    /// A negative reply to the INVITE, or its transaction ended without any.
    Failure,
    /// The ACK of the 2xx.
    Ack,
    /// A BYE, from a party or in place of one.
    Bye,
    /// Any other request within the dialog.
    Request,
}

impl State {
    /// The state after `event`; the same one where the event means nothing in it.
    pub(super) fn after(self, event: Event) -> State {
        match (self, event) {
            (State::Unconfirmed | State::Early, Event::Progress) => State::Early,
            (State::Unconfirmed | State::Early, Event::Answer) => State::Answered,
            (State::Unconfirmed | State::Early, Event::Failure) => State::Deleted,
            (State::Answered, Event::Ack) => State::Confirmed,
            (State::Answered | State::Confirmed, Event::Bye) => State::Deleted,
            (state, _) => state,
        }
    }

    /// The number.
    pub(super) fn number(self) -> i64 {
        self as i64
    }

    /// The state with this number.
    pub(super) fn from_number(number: i64) -> Option<State> {
        const ALL: [State; 5] = [
            State::Unconfirmed,
            State::Early,
            State::Answered,
            State::Confirmed,
            State::Deleted,
        ];
        ALL.into_iter().find(|state| state.number() == number)
    }

    /// True between the 2xx and the end.
    pub(super) fn is_up(self) -> bool {
        matches!(self, State::Answered | State::Confirmed)
    }

    /// True before a final reply.
    pub(super) fn is_pending(self) -> bool {
        matches!(self, State::Unconfirmed | State::Early)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dialog_goes_through_its_states() {
        use Event::*;
        let cases: [(&[Event], i64); 9] = [
            (&[], 1),
            (&[Progress, Progress], 2),
            (&[Progress, Answer], 3),
            (&[Answer, Ack], 4),
            (&[Answer, Ack, Request, Answer, Progress, Failure], 4),
            (&[Answer, Bye], 5),
            (&[Answer, Ack, Bye, Answer, Ack, Request], 5),
            (&[Progress, Failure], 5),
            (&[Ack, Bye, Request], 1),
        ];
        for (events, expected) in cases {
            let end = events
                .iter()
                .fold(State::Unconfirmed, |state, event| state.after(*event));
            assert_eq!(end.number(), expected, "{events:?}");
            assert_eq!(State::from_number(expected), Some(end));
        }
        assert_eq!(State::from_number(0), None);
    }
}
