//! Programs that run beside.

use crate::shell;
use std::process::{Child, Command, ExitStatus, Stdio};

/// A program that ends with this value.
pub(super) struct Running {
    program: String,
    child: Child,
}

impl Running {
    /// Starts a program in the root of the repository.
    pub(super) fn start(program: &str, args: &[&str]) -> Result<Running, String> {
        let child = Command::new(program)
            .args(args)
            .current_dir(shell::root())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .spawn()
            .map_err(|error| format!("{program}: {error}"))?;
        Ok(Running {
            program: program.to_owned(),
            child,
        })
    }

    /// The number of its process.
    pub(super) fn id(&self) -> u32 {
        self.child.id()
    }

    /// How it ended, if it has.
    pub(super) fn ended(&mut self) -> Result<Option<ExitStatus>, String> {
        let status = self.child.try_wait();
        status.map_err(|error| format!("{}: {error}", self.program))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
