//! `core.shmmem`: there is no pool that is shared between processes, so the machine's memory and what
//! this process has of it stand in the fields of Kamailio.

use policy::{Rpc, RpcError, RpcRequest, RpcResult};
use serde_json::json;

pub(super) fn command() -> Rpc {
    super::command(
        "core.shmmem",
        "Tells the memory of the machine (total, free) and of this process (used, most used), in bytes or in the \
         unit k, m or g. There is no pool of shared memory.",
        memory,
    )
}

fn memory(request: &RpcRequest) -> RpcResult {
    let unit = match request.params.first().and_then(|unit| unit.as_str()) {
        None | Some("b") => 1,
        Some("k" | "kb") => 1 << 10,
        Some("m" | "mb") => 1 << 20,
        Some("g" | "gb") => 1 << 30,
        Some(_) => return Err(RpcError::internal("bad param, (use b|k|m|g)")),
    };
    let read = |path| std::fs::read_to_string(path).unwrap_or_default();
    let (machine, process) = (read("/proc/meminfo"), read("/proc/self/status"));
    let used = field(&process, "VmRSS") / unit;
    Ok(json!({
        "total": field(&machine, "MemTotal") / unit,
        "free": field(&machine, "MemAvailable") / unit,
        "used": used,
        "real_used": used,
        "max_used": field(&process, "VmHWM") / unit,
        "fragments": 1,
    }))
}

/// The bytes of a line such as `VmRSS:   1234 kB`.
fn field(text: &str, name: &str) -> u64 {
    let value = text
        .lines()
        .find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
    let number = value.and_then(|value| value.trim().strip_suffix("kB"));
    number
        .and_then(|kilobytes| kilobytes.trim().parse::<u64>().ok())
        .map_or(0, |kilobytes| kilobytes.saturating_mul(1024))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_the_kernel_are_read() {
        let text = "VmPeak:\t 9 kB\nVmRSS:\t    1234 kB\n";
        assert_eq!(field(text, "VmRSS"), 1234 * 1024);
        assert_eq!(field(text, "VmHWM"), 0);
    }
}
