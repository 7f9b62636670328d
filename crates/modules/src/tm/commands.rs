//! What operators are told, and what they can do to transactions.

use super::Tm;
use super::uac::{Draft, request};
use bytes::Bytes;
use policy::{
    Declaration, Remote, RpcError, RpcRequest, RpcResult, Task, TransactionSummary, Transactions,
    TxId,
};
use serde_json::{Value as Json, json};
use std::sync::{Arc, mpsc};
use std::time::Duration;

pub(super) fn declare(d: &mut Declaration<Tm>) {
    d.rpc(
        "tm.stats",
        "How many transactions there are and were, and how they ended.",
        |tm, _| Ok(tm.counts.json()),
    );
    d.rpc(
        "tm.list",
        "The transactions: id, method, From, To, Call-ID, CSeq, number of branches, age; 10000 at most.",
        |tm, _| Ok(tm.list()),
    );
    d.rpc(
        "tm.hash_stats",
        "How the transaction table is filled: transactions, chains, the longest chain.",
        |tm, _| Ok(tm.hash_stats()),
    );
    d.rpc(
        "tm.clean",
        "Accepted; means nothing here because transactions end by themselves.",
        |_, _| Ok(Json::Null),
    );
    d.rpc(
        "tm.cancel callid cseq",
        "Cancels the branches of an INVITE.",
        |tm, request| tm.cancel(request),
    );
    d.rpc(
        "tm.reply code reason tindex:tlabel to_tag headers [body]",
        "Replies through a transaction; a lone dot stands for no headers.",
        |tm, request| tm.reply_by_id(request),
    );
    d.rpc(
        "tm.reply_callid code reason callid cseq to_tag headers [body]",
        "Replies through the transaction of an INVITE.",
        |tm, request| tm.reply_by_call(request),
    );
    d.rpc(
        "tm.t_uac_start method ruri nexthop socket headers [body]",
        "Sends a request; a lone dot stands for no next hop and no socket.",
        |tm, request| tm.send_request(request, false),
    );
    d.waiting_rpc(
        "tm.t_uac_wait method ruri nexthop socket headers [body]",
        "Sends a request and tells the final reply.",
        |tm, request| tm.send_request(request, true),
    );
    d.waiting_rpc(
        "tm.t_uac_wait_block method ruri nexthop socket headers [body]",
        "The same.",
        |tm, request| tm.send_request(request, true),
    );
}

/// Transactions that `tm.list` tells of: about 4 MB of text.
const MOST_LISTED: usize = 10_000;

/// How long `tm.t_uac_wait` waits, as Kamailio's documentation says.
const LONGEST_WAIT: Duration = Duration::from_secs(80);

impl Tm {
    fn ledger(&self) -> Result<&Arc<dyn Transactions>, RpcError> {
        let ledger = self.transactions.get();
        ledger.ok_or_else(|| RpcError::internal("the server has not started yet"))
    }

    fn list(&self) -> Json {
        let all = self
            .transactions
            .get()
            .map(|ledger| ledger.list(MOST_LISTED));
        all.unwrap_or_default().iter().map(shown).collect()
    }

    fn hash_stats(&self) -> Json {
        let load = self.counts.load();
        json!({"entries": load.current, "chains": load.chains, "longest": load.longest})
    }

    fn cancel(&self, request: &RpcRequest) -> RpcResult {
        let (Ok(call_id), Ok(cseq)) = (request.text(0), request.text(1)) else {
            return Err(RpcError::invalid("Callid and CSeq expected as parameters"));
        };
        let found = cseq
            .parse()
            .ok()
            .and_then(|cseq| self.find(call_id.as_bytes(), cseq));
        let id = found.ok_or_else(|| RpcError::invalid("Transaction not found"))?;
        let (cause, flag) = (None, None);
        self.do_remotely(id, Remote::Cancel { cause, flag });
        Ok("branches remaining (waiting for timeout)".into())
    }

    fn reply_by_id(&self, request: &RpcRequest) -> RpcResult {
        let (code, reason) = code_and_reason(request)?;
        let id = expected(request, 2, "Transaction ID expected")?;
        let what = reply(request, (code, reason), 3)?;
        let parts = id.split_once(':');
        let id = parts.and_then(|(hash, label)| {
            Some(TxId {
                hash: hash.trim().parse().ok()?,
                label: label.trim().parse().ok()?,
            })
        });
        let id = id.ok_or_else(|| RpcError::invalid("Invalid transaction ID"))?;
        if !self.ledger()?.exists(id) {
            return Err(RpcError {
                code: 481,
                message: "No such transaction".to_owned(),
            });
        }
        self.reply_to(id, what)
    }

    fn reply_by_call(&self, request: &RpcRequest) -> RpcResult {
        let (code, reason) = code_and_reason(request)?;
        let call_id = expected(request, 2, "Call-ID expected")?;
        let cseq = expected(request, 3, "CSeq expected")?;
        let what = reply(request, (code, reason), 4)?;
        let found = cseq
            .parse()
            .ok()
            .and_then(|cseq| self.find(call_id.as_bytes(), cseq));
        let id = found.ok_or_else(|| RpcError::not_found("Transaction not found"))?;
        self.reply_to(id, what)
    }

    fn reply_to(&self, id: TxId, what: Remote) -> RpcResult {
        if self.ledger()?.replied(id).is_some_and(|code| code >= 200) {
            return Err(RpcError::internal("Reply failed"));
        }
        self.do_remotely(id, what);
        Ok(Json::Null)
    }

    fn find(&self, call_id: &[u8], cseq: u32) -> Option<TxId> {
        self.transactions.get()?.find(call_id, cseq)
    }

    fn do_remotely(&self, id: TxId, what: Remote) {
        self.outbox.post(Task::Remote { id, what });
    }

    fn send_request(&self, rpc: &RpcRequest, waits: bool) -> RpcResult {
        let given = rpc.params.len();
        if given < 5 {
            return Err(RpcError::invalid(format!("too few parameters ({given}/5)")));
        }
        let text = |index| rpc.text(index).unwrap_or_default();
        let [method, uri, next_hop, socket, headers, body] = [0, 1, 2, 3, 4, 5].map(text);
        let draft = Draft {
            method: method.as_bytes(),
            uri: uri.as_bytes(),
            next_hop: next_hop.as_bytes(),
            socket: socket.as_bytes(),
            headers: headers.as_bytes(),
            body: body.as_bytes(),
        };
        let mut request = request(&draft).map_err(RpcError::invalid)?;
        if !waits {
            self.outbox.post(Task::Request(Box::new(request)));
            return Ok(Json::Null);
        }
        let (tell, hear) = mpsc::sync_channel(1);
        request.on_end = Some(Box::new(move |code, reason: &[u8], _| {
            let reason = String::from_utf8_lossy(reason).into_owned();
            // Nobody listens any more after LONGEST_WAIT.
            let _ = tell.try_send((code, reason));
        }));
        self.outbox.post(Task::Request(Box::new(request)));
        match hear.recv_timeout(LONGEST_WAIT) {
            Ok((code, text)) => Ok(json!({"code": code, "text": text})),
            Err(_) => Err(RpcError::internal("timed out waiting for reply")),
        }
    }
}

fn shown(summary: &TransactionSummary) -> Json {
    let request = &summary.request;
    let line = |id: sip::HeaderId| {
        let header = request
            .header(id)
            .map(|header| header.value)
            .unwrap_or_default();
        let value = String::from_utf8_lossy(header).into_owned();
        format!("{}: {value}\r\n", id.canonical_name())
    };
    let cseq = request.cseq().map_or(0, |cseq| cseq.number);
    json!({
        "tindex": summary.id.hash,
        "tlabel": summary.id.label,
        "method": String::from_utf8_lossy(request.method_bytes()),
        "from": line(sip::HeaderId::From),
        "to": line(sip::HeaderId::To),
        "callid": line(sip::HeaderId::CallId),
        "cseq": format!("CSeq: {cseq}"),
        "uas_request": if summary.is_received { "yes" } else { "no" },
        "tflags": summary.flags,
        "outgoings": summary.branches,
        "lifetime": summary.age_ms / 1000,
    })
}

fn code_and_reason(request: &RpcRequest) -> Result<(u16, Bytes), RpcError> {
    let code = request
        .int(0)
        .ok()
        .and_then(|code| u16::try_from(code).ok());
    let code = code.filter(|code| (100..700).contains(code));
    let code = code.ok_or_else(|| RpcError::invalid("Reply code expected"))?;
    let reason = expected(request, 1, "Reason phrase expected")?;
    Ok((code, reason.into()))
}

/// The reply whose To tag, headers and body stand at `first` and behind it.
fn reply(
    request: &RpcRequest,
    (code, reason): (u16, Bytes),
    first: usize,
) -> Result<Remote, RpcError> {
    let tag = expected(request, first, "To tag expected")?;
    let headers = request.text(first + 1).unwrap_or_default();
    let body = request.text(first + 2).unwrap_or_default();
    let (mut lines, mut content_type) = (String::new(), String::new());
    for line in headers.lines().filter(|line| !matches!(*line, "" | ".")) {
        match line.split_once(':') {
            Some((name, value)) if name.trim().eq_ignore_ascii_case("content-type") => {
                content_type = value.trim().to_owned();
            }
            Some(_) => {
                lines.push_str(line);
                lines.push_str("\r\n");
            }
            None => return Err(RpcError::invalid("New headers expected")),
        }
    }
    Ok(Remote::Reply {
        code,
        reason,
        to_tag: Some(tag).filter(|tag| !tag.is_empty()).map(Bytes::from),
        lines: lines.into(),
        body: Some(body)
            .filter(|body| !body.is_empty())
            .map(|body| (body.into(), content_type.into())),
    })
}

fn expected(request: &RpcRequest, index: usize, sentence: &str) -> Result<String, RpcError> {
    request.text(index).map_err(|_| RpcError::invalid(sentence))
}
