//! The commands that tell of the process.

use super::{command, constant};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use policy::{Rpc, RpcError, RpcRequest, RpcResult, Surroundings};
use serde_json::{Value as Json, json};

const VERSION: &str = concat!("ringwall ", env!("CARGO_PKG_VERSION"), " (kamailio 5.6.3)");

/// What of Kamailio's compile flags is true here.
pub(crate) const FLAGS: &str = "USE_TCP, USE_TLS, TLS_HOOKS, DISABLE_NAGLE";

pub(super) fn commands(surroundings: &Surroundings) -> Vec<Rpc> {
    let mut rpcs = Vec::from(of_build());
    rpcs.extend(of_time(surroundings.clone()));
    rpcs.extend(of_threads());
    rpcs.push(command(
        "core.pwd",
        "Returns the working directory.",
        |_| {
            let dir =
                std::env::current_dir().map_err(|error| RpcError::internal(error.to_string()))?;
            Ok(json!([dir.display().to_string()]))
        },
    ));
    rpcs.push(command(
        "core.arg",
        "Lists the arguments of the command line.",
        |_| {
            let args = std::env::args_os().map(|arg| arg.to_string_lossy().into_owned());
            Ok(args.collect())
        },
    ));
    rpcs.push(command(
        "core.kill",
        "Ends the server as the signal would: 15 (SIGTERM, where none is given) or 2 (SIGINT); 0 does nothing.",
        end,
    ));
    rpcs
}

fn of_build() -> [Rpc; 3] {
    [
        constant(
            "core.version",
            "Returns the version string of the server.",
            json!(VERSION),
        ),
        constant("core.flags", "Returns the compile flags.", json!(FLAGS)),
        constant(
            "core.info",
            "Returns version and compile flags.",
            json!({"version": VERSION, "id": "", "compiler": "rustc", "compiled": "", "flags": FLAGS}),
        ),
    ]
}

fn of_time(surroundings: Surroundings) -> [Rpc; 2] {
    let started = surroundings.clone();
    [
        command(
            "core.uptime",
            "Returns how long the server runs.",
            move |request| {
                Ok(json!({
                    "now": date(&surroundings, request.now_s),
                    "up_since": date(&surroundings, surroundings.started_s),
                    "uptime": request.now_s.saturating_sub(surroundings.started_s),
                }))
            },
        ),
        command(
            "core.runinfo",
            "Returns name, version and how long the server runs.",
            move |request| Ok(run_info(&started, request.now_s)),
        ),
    ]
}

fn run_info(surroundings: &Surroundings, now_s: u64) -> Json {
    let up_s = now_s.saturating_sub(surroundings.started_s);
    let (days, hours, minutes) = (up_s / 86_400, up_s / 3600 % 24, up_s / 60 % 60);
    json!({
        "name": "ringwall",
        "version": env!("CARGO_PKG_VERSION"),
        "sourceid": "",
        "compiler": "rustc",
        "compiled": "",
        "time_now": date(surroundings, now_s),
        "time_started": date(surroundings, surroundings.started_s),
        "uptime_secs": up_s,
        "utime_days": format!("{days}d {hours}h {minutes}m {}s", up_s % 60),
    })
}

/// Threads stand where Kamailio has processes.
fn of_threads() -> [Rpc; 3] {
    [
        command("core.ps", "Lists the threads.", |_| {
            let pairs = threads().into_iter();
            Ok(pairs
                .flat_map(|(id, name)| [json!(id), json!(name)])
                .collect())
        }),
        command("core.psx", "Lists the threads with numbers.", |_| {
            let numbered = threads().into_iter().enumerate();
            Ok(numbered
                .map(|(index, (id, name))| json!({"IDX": index, "PID": id, "DSC": name}))
                .collect())
        }),
        command(
            "core.psa",
            "Lists the threads with everything known of them.",
            |_| {
                let numbered = threads().into_iter().enumerate();
                let shown = numbered.map(|(index, (id, name))| {
                    json!({"index": index, "pid": id, "status": 1, "rank": 0, "description": name})
                });
                Ok(shown.collect())
            },
        ),
    ]
}

/// The threads of this process by their ids; the first is the main one.
fn threads() -> Vec<(u32, String)> {
    let tasks = std::fs::read_dir("/proc/self/task").into_iter().flatten();
    let named = tasks.flatten().filter_map(|task| {
        let id = task.file_name().to_str()?.parse().ok()?;
        let name = std::fs::read_to_string(task.path().join("comm")).ok()?;
        Some((id, name.trim_end().to_owned()))
    });
    let mut threads: Vec<(u32, String)> = named.collect();
    threads.sort();
    threads
}

fn end(request: &RpcRequest) -> RpcResult {
    let signal = match if request.has(0) { request.int(0)? } else { 15 } {
        0 => None,
        2 => Some(Signal::SIGINT),
        15 => Some(Signal::SIGTERM),
        _ => return Err(RpcError::invalid("only the signals 15, 2 and 0 are sent")),
    };
    kill(Pid::this(), signal).map_err(|error| RpcError::internal(error.desc()))?;
    Ok(json!({}))
}

/// A moment as `ctime` writes it, in local time.
fn date(surroundings: &Surroundings, unix_s: u64) -> String {
    let format = time::macros::format_description!(
        "[weekday repr:short] [month repr:short] [day padding:space] [hour]:[minute]:[second] [year]"
    );
    let local_s = i64::try_from(unix_s)
        .ok()
        .map(|unix_s| unix_s.saturating_add(surroundings.offset_s(unix_s.unsigned_abs()).into()));
    let moment = local_s.and_then(|s| time::OffsetDateTime::from_unix_timestamp(s).ok());
    moment
        .and_then(|moment| moment.format(&format).ok())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    #[test]
    fn dates_are_written_as_ctime_does() {
        let mut surroundings = Surroundings::default();
        assert_eq!(
            date(&surroundings, 1_795_248_068),
            "Sat Nov 21 08:01:08 2026"
        );
        surroundings.local_offset = Some(Arc::new(|_| -9 * 3600));
        assert_eq!(
            date(&surroundings, 1_795_248_068),
            "Fri Nov 20 23:01:08 2026"
        );
    }

    #[test]
    fn this_thread_is_listed() {
        assert!(threads().iter().any(|(id, _)| *id == std::process::id()));
    }
}
