//! A dialog as one of its ends knows it.

use sim::Heard;

/// A dialog, or what may become one.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    pub(crate) call_id: String,
    /// The method that began it: INVITE or SUBSCRIBE.
    pub(crate) began_with: &'static str,
    /// This end began it.
    pub(crate) is_mine: bool,
    pub(crate) local: String,
    pub(crate) remote: String,
    pub(crate) target: String,
    pub(crate) routes: Vec<String>,
    pub(crate) cseq: u32,
    /// Of the request that was sent last.
    pub(crate) branch: String,
    /// The request that began it has no final answer.
    pub(crate) is_pending: bool,
    /// A 2xx to the request that began it has passed.
    pub(crate) is_up: bool,
}

impl Call {
    /// The dialog that a reply makes of a request of ours, whose first `own` Record-Routes are our own proxies'.
    pub(crate) fn confirmed(&self, reply: &Heard, own: usize) -> Call {
        let mut routes = reply.values("Record-Route");
        routes.reverse();
        routes.drain(..own.min(routes.len()));
        Call {
            remote: reply.value("To").unwrap_or_default().to_owned(),
            target: inner_uri(reply.value("Contact").unwrap_or_default()),
            routes,
            is_pending: false,
            ..self.clone()
        }
    }

    /// The dialog that a request of somebody else begins.
    pub(crate) fn asked_for(request: &Heard, began_with: &'static str, tag: &str) -> Call {
        Call {
            call_id: request.value("Call-ID").unwrap_or_default().to_owned(),
            began_with,
            is_mine: false,
            local: format!("{};tag={tag}", request.value("To").unwrap_or_default()),
            remote: request.value("From").unwrap_or_default().to_owned(),
            target: inner_uri(request.value("Contact").unwrap_or_default()),
            routes: request.values("Record-Route"),
            cseq: 100,
            branch: String::new(),
            is_pending: false,
            is_up: began_with == "SUBSCRIBE",
        }
    }

    /// As Replaces and its like name it, seen by whoever gets them.
    pub(crate) fn named(&self) -> String {
        let tag = |address: &str| address.split(";tag=").nth(1).unwrap_or("0").to_owned();
        format!(
            "{};to-tag={};from-tag={}",
            self.call_id,
            tag(&self.remote),
            tag(&self.local)
        )
    }
}

/// The URI of an address.
pub(crate) fn inner_uri(address: &str) -> String {
    let inner = address.split('<').nth(1).unwrap_or(address);
    inner.split('>').next().unwrap_or_default().to_owned()
}
