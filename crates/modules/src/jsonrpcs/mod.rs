//! JSON-RPC 2.0 over named pipes and datagram sockets, and from the script.

mod places;

use bytes::Bytes;
use places::Params;
use policy::{
    Context, Declaration, Entry, Init, Level, Module, ParamValue, Problem, Routes, Text, Var,
};
use script::Value;

pub(crate) const ENTRY: Entry = Entry::of::<JsonRpcs>();

struct JsonRpcs {
    pretty: bool,
}

impl Module for JsonRpcs {
    const NAME: &'static str = "jsonrpcs";
    type Params = Params;

    fn declare(d: &mut Declaration<JsonRpcs>) {
        d.doc("Takes commands as JSON-RPC 2.0 documents, over a named pipe, a datagram socket, or from the script.");
        declare_params(d);
        d.function(
            "jsonrpc_exec(document)",
            "Runs the command of a document; $jsonrpl has the answer. 1, or -1 where it is no JSON.",
            Routes::ANY,
            JsonRpcs::exec,
        );
        d.function(
            "jsonrpc_dispatch()",
            "Answers a request that came over HTTP. A SIP message is none: returns 1.",
            Routes::ANY,
            |_: &JsonRpcs, _: &mut Context| 1,
        );
        d.variable(
            "jsonrpl(key)",
            "The last answer of jsonrpc_exec(): code, text or body.",
            false,
            |_, spec, prepare| {
                let key = spec.inner.clone().unwrap_or_default();
                let read: fn(&Answer) -> Value = match key.as_ref() {
                    b"code" => |answer| Value::Int(answer.code.into()),
                    b"text" => |answer| Value::Str(answer.text.clone()),
                    b"body" => |answer| Value::Str(answer.body.clone()),
                    _ => return Err(prepare.problem("expected $jsonrpl(code), (text) or (body)")),
                };
                Ok(Var::read_only(move |context| {
                    context.extension::<Answer>().map_or(Value::Null, read)
                }))
            },
        );
        d.deviation("A document that is no JSON, or no request, is answered with the errors of JSON-RPC 2.0 section 5.1; Kamailio stays silent or says {}.");
        d.deviation("$jsonrpl belongs to the message in hand, not to the process.");
    }

    fn init(params: Params, init: &mut Init<'_>) -> Result<JsonRpcs, Problem> {
        let pretty = params.pretty_format;
        for socket in params.sockets()? {
            init.control(socket);
        }
        Ok(JsonRpcs { pretty })
    }
}

/// What `$jsonrpl` reads.
#[derive(Default)]
struct Answer {
    code: i32,
    text: Bytes,
    body: Bytes,
}

impl JsonRpcs {
    fn exec(&self, context: &mut Context, document: &Text) -> i32 {
        let document = document.get(context);
        let config = context.config.clone();
        let now_s = context.now.unix_s();
        let Some(executed) =
            policy::execute_json_rpc_on_worker(&config.installed.rpcs, &document, now_s)
        else {
            context.log(Level::Err, "jsonrpcs", || {
                format!(
                    "invalid json doc [[{}]]",
                    String::from_utf8_lossy(&document).escape_debug()
                )
            });
            return -1;
        };
        let body = executed.render(self.pretty);
        *context.extension_mut::<Answer>() = Answer {
            code: executed.code,
            text: executed.text.into(),
            body: body.into(),
        };
        1
    }
}

fn declare_params(d: &mut Declaration<JsonRpcs>) {
    d.param(
        "pretty_format",
        "Lay answers out over several lines, default on.",
        |p, on| {
            p.pretty_format = on;
        },
    );
    d.param(
        "transport",
        "What is opened: sum of 2 named pipe, 4 datagram socket; 0 all. 1 is HTTP. Default 6.",
        |p, sum| p.transport = sum,
    );
    d.param(
        "fifo_name",
        "The named pipe; relative to the runtime directory; empty for none. Default kamailio_rpc.fifo.",
        |p, name: String| p.fifo_name = Some(name),
    );
    d.param(
        "fifo_mode",
        "Its permissions, default 0660.",
        |p, mode: i64| p.fifo.mode = mode,
    );
    d.param(
        "fifo_user",
        "Its owner, name or number.",
        |p, user: ParamValue| p.fifo.user = Some(user),
    );
    d.param(
        "fifo_group",
        "Its group, name or number.",
        |p, group: ParamValue| p.fifo.group = Some(group),
    );
    d.param(
        "fifo_reply_dir",
        "Where the pipes for answers are, default /tmp/.",
        |p, dir: String| p.fifo_reply_dir = dir,
    );
    d.param(
        "dgram_socket",
        "The datagram socket: a path, or udp:ADDRESS:PORT; empty for none. Default kamailio_rpc.sock.",
        |p, name: String| p.dgram_socket = Some(name),
    );
    d.param(
        "dgram_mode",
        "Its permissions, default 0660.",
        |p, mode: i64| p.dgram.mode = mode,
    );
    d.param(
        "dgram_user",
        "Its owner, name or number.",
        |p, user: ParamValue| p.dgram.user = Some(user),
    );
    d.param(
        "dgram_group",
        "Its group, name or number.",
        |p, group: ParamValue| p.dgram.group = Some(group),
    );
    d.param(
        "dgram_workers",
        "Accepted; means nothing here because one thread answers and none waits for it.",
        |_, _: i64| {},
    );
    d.param(
        "dgram_timeout",
        "Accepted; means nothing here because an answer waits 2 seconds for its reader, Kamailio's default.",
        |_, _: i64| {},
    );
}

#[cfg(test)]
mod tests {
    use crate::testing::{problems, run};

    const OPTIONS: &str = "OPTIONS sip:x SIP/2.0\nVia: SIP/2.0/UDP a;branch=z9hG4bK1\nFrom: <sip:a@b>;tag=1\n\
                           To: <sip:a@b>\nCall-ID: 1\nCSeq: 1 OPTIONS\n\n";

    #[test]
    fn the_script_sees_code_text_and_body() {
        let ran = run(
            r#"loadmodule "jsonrpcs.so"
            modparam("jsonrpcs", "pretty_format", 0)
            request_route {
                jsonrpc_exec('{"jsonrpc":"2.0","method":"nosuch.method","id":8}');
                rc();
                note("$jsonrpl(code) $jsonrpl(text) $jsonrpl(body)");
                jsonrpc_exec("{junk");
                rc();
            }"#,
            OPTIONS,
        );
        assert_eq!(ran.codes, [1, -1]);
        let body = r#"{"jsonrpc":"2.0","error":{"code":500,"message":"Method Not Found"},"id":8}"#;
        assert_eq!(ran.notes, [format!("500 Method Not Found {body}")]);
    }

    #[test]
    fn other_keys_are_refused_at_load() {
        let script = "loadmodule \"jsonrpcs.so\"\nrequest_route { note(\"$jsonrpl(foo)\"); }";
        assert!(problems(script).contains("jsonrpl"));
    }
}
