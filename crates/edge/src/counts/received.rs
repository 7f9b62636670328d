//! Messages received, by method and status, under the names that Kamailio gives them.

use policy::Counter;
use sip::Method;

/// Makes a counter of group `core` from its name and its line.
type Make<'a> = &'a dyn Fn(&str, &str) -> Counter;

/// Methods that requests are counted by: `rcv_requests_invite`.
const METHODS: [(Method, &str); 14] = [
    (Method::Ack, "ack"),
    (Method::Bye, "bye"),
    (Method::Cancel, "cancel"),
    (Method::Info, "info"),
    (Method::Invite, "invite"),
    (Method::Message, "message"),
    (Method::Notify, "notify"),
    (Method::Options, "options"),
    (Method::Prack, "prack"),
    (Method::Publish, "publish"),
    (Method::Refer, "refer"),
    (Method::Register, "register"),
    (Method::Subscribe, "subscribe"),
    (Method::Update, "update"),
];

/// Methods that replies of each class are counted by too: `rcv_replies_2xx_invite`.
const REPLY_METHODS: [(Method, &str); 8] = [
    (Method::Bye, "bye"),
    (Method::Cancel, "cancel"),
    (Method::Invite, "invite"),
    (Method::Message, "message"),
    (Method::Prack, "prack"),
    (Method::Refer, "refer"),
    (Method::Register, "reg"),
    (Method::Update, "update"),
];

/// Single statuses that replies are counted by: `rcv_replies_404`.
const STATUSES: [u16; 5] = [401, 404, 407, 480, 486];

/// Received requests.
#[derive(Clone)]
pub struct Requests {
    all: Counter,
    methods: [Counter; METHODS.len()],
    unsupported: Counter,
}

impl Requests {
    pub(super) fn new(make: Make<'_>) -> Requests {
        Requests {
            all: make("rcv_requests", "Requests received."),
            methods: METHODS.map(|(_, name)| {
                let doc = format!("{} requests received.", name.to_uppercase());
                make(&format!("rcv_requests_{name}"), &doc)
            }),
            unsupported: make(
                "unsupported_methods",
                "Requests received with a method that no RFC names.",
            ),
        }
    }

    /// Counts a request.
    pub fn count(&self, method: Method) {
        self.all.inc();
        match counter_of(&METHODS, &self.methods, method) {
            Some(counter) => counter.inc(),
            None => self.unsupported.inc(),
        }
    }
}

/// Received replies.
#[derive(Clone)]
pub struct Replies {
    all: Counter,
    ringing: Counter,
    statuses: [Counter; STATUSES.len()],
    /// By first digit, from 1 on.
    classes: [Class; 6],
}

#[derive(Clone)]
struct Class {
    all: Counter,
    methods: [Counter; REPLY_METHODS.len()],
}

impl Replies {
    pub(super) fn new(make: Make<'_>) -> Replies {
        Replies {
            all: make("rcv_replies", "Replies received."),
            ringing: make("rcv_replies_18x", "Replies 180 to 189 received."),
            statuses: STATUSES.map(|status| {
                let doc = format!("Replies {status} received.");
                make(&format!("rcv_replies_{status}"), &doc)
            }),
            classes: [1, 2, 3, 4, 5, 6].map(|digit| Class::new(digit, make)),
        }
    }

    /// Counts a reply to a request of `method`.
    pub fn count(&self, status: u16, method: Option<Method>) {
        self.all.inc();
        if status / 10 == 18 {
            self.ringing.inc();
        }
        let mut single = STATUSES.iter().zip(&self.statuses);
        if let Some((_, counter)) = single.find(|(own, _)| **own == status) {
            counter.inc();
        }
        let class = usize::from(status / 100).checked_sub(1);
        if let Some(class) = class.and_then(|at| self.classes.get(at)) {
            class.count(method);
        }
    }
}

impl Class {
    fn new(digit: u8, make: Make<'_>) -> Class {
        let name = format!("rcv_replies_{digit}xx");
        Class {
            all: make(&name, &format!("Replies of class {digit}xx received.")),
            methods: REPLY_METHODS.map(|(_, method)| {
                let doc = format!("Replies of class {digit}xx to {method} requests received.");
                make(&format!("{name}_{method}"), &doc)
            }),
        }
    }

    fn count(&self, method: Option<Method>) {
        self.all.inc();
        let counter = method.and_then(|own| counter_of(&REPLY_METHODS, &self.methods, own));
        if let Some(counter) = counter {
            counter.inc();
        }
    }
}

fn counter_of<'a>(
    methods: &[(Method, &str)],
    counters: &'a [Counter],
    method: Method,
) -> Option<&'a Counter> {
    let at = methods.iter().position(|(own, _)| *own == method)?;
    counters.get(at)
}

#[cfg(test)]
mod tests {
    use super::*;
    use policy::Counters;

    fn values(counters: &Counters) -> Vec<String> {
        let mut values = Vec::new();
        counters.each(|_, name, _, value| {
            if value != 0 {
                values.push(format!("{name}={value}"));
            }
        });
        values
    }

    #[test]
    fn requests_are_counted_by_method() {
        let counters = Counters::default();
        let requests = Requests::new(&|name, doc| counters.register("core", name, doc));
        for method in [Method::Invite, Method::Invite, Method::Other] {
            requests.count(method);
        }
        let expected = [
            "rcv_requests=3",
            "rcv_requests_invite=2",
            "unsupported_methods=1",
        ];
        assert_eq!(values(&counters), expected);
    }

    #[test]
    fn replies_are_counted_by_status_class_and_method() {
        let counters = Counters::default();
        let replies = Replies::new(&|name, doc| counters.register("core", name, doc));
        replies.count(183, Some(Method::Invite));
        replies.count(486, Some(Method::Invite));
        replies.count(200, Some(Method::Register));
        replies.count(200, None);
        let expected = [
            "rcv_replies=4",
            "rcv_replies_18x=1",
            "rcv_replies_1xx=1",
            "rcv_replies_1xx_invite=1",
            "rcv_replies_2xx=2",
            "rcv_replies_2xx_reg=1",
            "rcv_replies_486=1",
            "rcv_replies_4xx=1",
            "rcv_replies_4xx_invite=1",
        ];
        assert_eq!(values(&counters), expected);
    }
}
