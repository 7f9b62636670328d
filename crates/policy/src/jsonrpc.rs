//! JSON-RPC 2.0 as Kamailio's `jsonrpcs` speaks it: a document in, an answer out.
//!
//! The names of parameters count for nothing, only their order does. Failures of a command are
//! errors with the command's own code (400, 404, 500); an unknown method is 500 "Method Not Found".

use crate::{Rpc, RpcError, RpcRequest};
use serde_json::{Map, Value as Json, json};

/// What came of one document.
#[derive(Clone, Debug, PartialEq)]
pub struct Executed {
    /// 200, or the code of the error.
    pub code: i32,
    /// `OK`, or the sentence of the error.
    pub text: String,
    /// Where the document wants the answer (`reply_name`), over a named pipe.
    pub reply_name: Option<String>,
    /// The answer, complete.
    pub answer: Json,
}

/// Documents beyond this many bytes are refused.
const MOST_BYTES: usize = 1 << 20;

/// Runs the command of a document; none where it is no JSON at all. Some commands wait, so the
/// thread must be one that may.
pub fn execute(rpcs: &[Rpc], document: &[u8], now_s: u64) -> Option<Executed> {
    execute_where(rpcs, document, now_s, |_| true)
}

/// The same on a worker: a command that waits is refused with 500.
pub fn execute_on_worker(rpcs: &[Rpc], document: &[u8], now_s: u64) -> Option<Executed> {
    execute_where(rpcs, document, now_s, |rpc| !rpc.waits)
}

fn execute_where(
    rpcs: &[Rpc],
    document: &[u8],
    now_s: u64,
    allowed: fn(&Rpc) -> bool,
) -> Option<Executed> {
    let document = parsed(document)?;
    let outcome = run(rpcs, &document, now_s, allowed);
    let (code, text) = match &outcome {
        Ok(_) => (200, "OK".to_owned()),
        Err(error) => (error.code, error.message.clone()),
    };
    let reply_name = document.get("reply_name").and_then(Json::as_str);
    Some(Executed {
        code,
        text,
        reply_name: reply_name.map(str::to_owned),
        answer: answer(outcome, document.get("id")),
    })
}

impl Executed {
    /// The answer as text, over several lines as Kamailio lays it out (`pretty_format`), or in one.
    pub fn render(&self, pretty: bool) -> String {
        if !pretty {
            return self.answer.to_string();
        }
        let mut out = String::new();
        lay_out(&self.answer, 0, &mut out);
        out
    }
}

/// The first JSON value of the document; what follows it is ignored, as Kamailio does.
fn parsed(document: &[u8]) -> Option<Json> {
    if document.len() > MOST_BYTES {
        return None;
    }
    let mut values = serde_json::Deserializer::from_slice(document).into_iter();
    values.next()?.ok()
}

fn run(rpcs: &[Rpc], document: &Json, now_s: u64, allowed: fn(&Rpc) -> bool) -> crate::RpcResult {
    let invalid = |message: &str| RpcError {
        code: -32_600,
        message: message.to_owned(),
    };
    if document.get("jsonrpc").is_none() {
        return Err(invalid("missing jsonrpc field in request"));
    }
    let method = document.get("method").and_then(Json::as_str);
    let method = method.ok_or_else(|| invalid("missing jsonrpc method field in request"))?;
    let rpc = rpcs.iter().find(|rpc| rpc.name == method);
    let rpc = rpc.ok_or_else(|| RpcError::internal("Method Not Found"))?;
    if !allowed(rpc) {
        return Err(RpcError::internal(
            "This command cannot be run from a script",
        ));
    }
    let params = match document.get("params") {
        None | Some(Json::Null) => Vec::new(),
        Some(Json::Array(values)) => values.clone(),
        Some(Json::Object(fields)) => fields.values().cloned().collect(),
        Some(_) => return Err(invalid("params must be an array or an object")),
    };
    (rpc.run)(&RpcRequest { params, now_s })
}

fn answer(outcome: crate::RpcResult, id: Option<&Json>) -> Json {
    let mut answer = Map::new();
    answer.insert("jsonrpc".to_owned(), json!("2.0"));
    match outcome {
        Ok(Json::Null) => answer.insert("result".to_owned(), json!({})),
        Ok(result) => answer.insert("result".to_owned(), result),
        Err(error) => answer.insert(
            "error".to_owned(),
            json!({"code": error.code, "message": error.message}),
        ),
    };
    if let Some(id) = id {
        answer.insert("id".to_owned(), id.clone());
    }
    Json::Object(answer)
}

/// Tabs before names and after colons, arrays in a row: the layout tools parse with line editors.
fn lay_out(value: &Json, depth: usize, out: &mut String) {
    match value {
        Json::Object(fields) => {
            out.push_str("{\n");
            for (position, (name, field)) in fields.iter().enumerate() {
                out.push_str(&"\t".repeat(depth + 1));
                out.push_str(&Json::from(name.as_str()).to_string());
                out.push_str(":\t");
                lay_out(field, depth + 1, out);
                out.push_str(if position + 1 < fields.len() {
                    ",\n"
                } else {
                    "\n"
                });
            }
            out.push_str(&"\t".repeat(depth));
            out.push('}');
        }
        Json::Array(values) => {
            out.push('[');
            for (position, value) in values.iter().enumerate() {
                if position > 0 {
                    out.push_str(", ");
                }
                lay_out(value, depth + 1, out);
            }
            out.push(']');
        }
        plain => out.push_str(&plain.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ask(document: &str) -> Option<Executed> {
        let rpcs = [
            Rpc {
                name: "core.echo",
                doc: "",
                waits: false,
                run: Box::new(|request| Ok(Json::Array(request.params.clone()))),
            },
            Rpc {
                name: "fail",
                doc: "",
                waits: false,
                run: Box::new(|_| Err(RpcError::not_found("AOR not found"))),
            },
            Rpc {
                name: "nothing",
                doc: "",
                waits: false,
                run: Box::new(|_| Ok(Json::Null)),
            },
        ];
        execute(&rpcs, document.as_bytes(), 0)
    }

    #[test]
    fn answers_are_those_of_kamailio() {
        for (document, expected) in [
            (
                r#"{"jsonrpc":"2.0","method":"core.echo","params":["a",1],"id":1}"#,
                r#"{"jsonrpc":"2.0","result":["a",1],"id":1}"#,
            ),
            (
                r#"{"jsonrpc":"2.0","method":"core.echo","params":{"z":"a","b":2},"id":"x"} tail"#,
                r#"{"jsonrpc":"2.0","result":["a",2],"id":"x"}"#,
            ),
            (
                r#"{"jsonrpc":"2.0","method":"nosuch","id":2}"#,
                r#"{"jsonrpc":"2.0","error":{"code":500,"message":"Method Not Found"},"id":2}"#,
            ),
            (
                r#"{"jsonrpc":"2.0","method":"fail"}"#,
                r#"{"jsonrpc":"2.0","error":{"code":404,"message":"AOR not found"}}"#,
            ),
            (
                r#"{"jsonrpc":"2.0","method":"nothing","id":3}"#,
                r#"{"jsonrpc":"2.0","result":{},"id":3}"#,
            ),
        ] {
            let answer = ask(document).map(|executed| executed.render(false));
            assert_eq!(answer.as_deref(), Some(expected), "{document}");
        }
    }

    #[test]
    fn a_script_cannot_wait() {
        let rpcs = [Rpc {
            name: "slow",
            doc: "",
            waits: true,
            run: Box::new(|_| Ok(Json::Null)),
        }];
        let document = br#"{"jsonrpc":"2.0","method":"slow"}"#;
        let code = |executed: Option<Executed>| executed.map(|executed| executed.code);
        assert_eq!(code(execute(&rpcs, document, 0)), Some(200));
        assert_eq!(code(execute_on_worker(&rpcs, document, 0)), Some(500));
    }

    #[test]
    fn what_is_no_request_is_said_to_be_none() {
        assert_eq!(ask("{junk"), None);
        for document in [
            "[]",
            r#"{"method":"core.echo"}"#,
            r#"{"jsonrpc":"2.0","method":5}"#,
        ] {
            assert_eq!(
                ask(document).map(|executed| executed.code),
                Some(-32_600),
                "{document}"
            );
        }
    }

    #[test]
    fn the_layout_is_that_of_kamailio() {
        let value = json!({"Domains": [{"Domain": {"AoRs": [], "Stats": {}}}], "n": ["a", 1]});
        let executed = Executed {
            code: 200,
            text: String::new(),
            reply_name: None,
            answer: value,
        };
        let expected = "{\n\t\"Domains\":\t[{\n\t\t\t\"Domain\":\t{\n\t\t\t\t\"AoRs\":\t[],\n\t\t\t\t\"Stats\":\t{\n\t\t\t\t}\n\t\t\t}\n\t\t}],\n\t\"n\":\t[\"a\", 1]\n}";
        assert_eq!(executed.render(true), expected);
    }
}
