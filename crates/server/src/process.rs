//! The process: its directory, its pid file, its user.

use nix::unistd::{self, Gid, Group, Uid, User};
use policy::{Level, Logger};
use std::ffi::CString;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

/// What the command line and the file want of the process.
pub(crate) struct Process {
    /// `-P`.
    pub(crate) pid_file: Option<String>,
    /// `-G`.
    pub(crate) group_file: Option<String>,
    /// `-w`, `workdir`.
    pub(crate) work_dir: Option<String>,
    /// `-Y`: where relative paths of sockets and pipes lie.
    pub(crate) run_dir: PathBuf,
    /// `-t`.
    pub(crate) root_dir: Option<String>,
    /// `-u`, `user`.
    pub(crate) user: Option<String>,
    /// `-g`, `group`.
    pub(crate) group: Option<String>,
}

impl Process {
    /// Looks whether user and group exist, before anything is opened.
    ///
    /// # Errors
    /// A sentence about the one that does not.
    pub(crate) fn check(&self) -> Result<(), String> {
        self.who().map(|_| ())
    }

    /// Changes to the working directory.
    ///
    /// # Errors
    /// A sentence, where that is not possible.
    pub(crate) fn enter_directory(&self) -> Result<(), String> {
        let Some(dir) = &self.work_dir else {
            return Ok(());
        };
        std::env::set_current_dir(dir)
            .map_err(|error| format!("cannot change to the directory {dir}: {error}"))
    }

    /// Writes the pid files.
    ///
    /// # Errors
    /// A sentence, where that is not possible.
    pub(crate) fn write_pid_files(&self) -> Result<(), String> {
        write_number(self.pid_file.as_deref(), unistd::getpid().as_raw())?;
        write_number(self.group_file.as_deref(), unistd::getpgrp().as_raw())
    }

    /// Removes the pid files; one that is gone already is no matter. The user that the process became may
    /// have no right to remove one: then the log says that it stays.
    pub(crate) fn remove_pid_files(&self, logger: &Logger) {
        for file in self.pid_file.iter().chain(&self.group_file) {
            match std::fs::remove_file(file) {
                Err(error) if error.kind() != ErrorKind::NotFound => {
                    logger.log(Level::Warn, "core", || {
                        format!("the pid file {file} stays behind: {error}")
                    });
                }
                _ => {}
            }
        }
    }

    /// Gives up the root directory and the privileges that only opening sockets needed.
    ///
    /// # Errors
    /// A sentence about the first step that the system refuses.
    pub(crate) fn drop_privileges(&self) -> Result<(), String> {
        let (user, group) = self.who()?;
        if let Some(root) = &self.root_dir {
            let changed = unistd::chroot(root.as_str()).and_then(|()| unistd::chdir("/"));
            changed.map_err(|error| format!("cannot make {root} the root: {}", error.desc()))?;
        }
        let gid = group.or(user.as_ref().map(|user| user.gid));
        if let Some(gid) = gid {
            become_group(gid, user.as_ref())?;
        }
        if let Some(user) = user {
            unistd::setuid(user.uid)
                .map_err(|error| format!("cannot become user {}: {error}", user.name))?;
        }
        Ok(())
    }

    /// Gives files to the user that this process will become.
    ///
    /// # Errors
    /// A sentence with the file that the system keeps.
    pub(crate) fn give(&self, files: &[PathBuf]) -> Result<(), String> {
        let (user, group) = self.who()?;
        let gid = group.or(user.as_ref().map(|user| user.gid));
        let uid = user.map(|user| user.uid);
        if uid.is_none() && gid.is_none() {
            return Ok(());
        }
        for file in files.iter().filter(|file| file.exists()) {
            unistd::chown(file.as_path(), uid, gid)
                .map_err(|error| format!("cannot give {} away: {error}", file.display()))?;
        }
        Ok(())
    }

    fn who(&self) -> Result<(Option<User>, Option<Gid>), String> {
        let user = self.user.as_deref().map(find_user).transpose()?;
        let group = self.group.as_deref().map(find_group).transpose()?;
        Ok((user, group))
    }
}

/// The user of this name or number.
pub(crate) fn find_user(name: &str) -> Result<User, String> {
    let found = match name.parse() {
        Ok(number) => User::from_uid(Uid::from_raw(number)),
        Err(_) => User::from_name(name),
    };
    found
        .ok()
        .flatten()
        .ok_or_else(|| format!("there is no user {name}"))
}

/// The group of this name or number.
pub(crate) fn find_group(name: &str) -> Result<Gid, String> {
    if let Ok(number) = name.parse() {
        return Ok(Gid::from_raw(number));
    }
    let found = Group::from_name(name).ok().flatten();
    found
        .map(|group| group.gid)
        .ok_or_else(|| format!("there is no group {name}"))
}

fn become_group(gid: Gid, user: Option<&User>) -> Result<(), String> {
    let refused = |error| format!("cannot become group {gid}: {error}");
    if Uid::effective().is_root() {
        let name = user.and_then(|user| CString::new(user.name.clone()).ok());
        match name {
            Some(name) => unistd::initgroups(&name, gid).map_err(refused)?,
            None => unistd::setgroups(&[gid]).map_err(refused)?,
        }
    }
    unistd::setgid(gid).map_err(refused)
}

fn write_number(file: Option<&str>, number: i32) -> Result<(), String> {
    let Some(file) = file else {
        return Ok(());
    };
    std::fs::write(Path::new(file), format!("{number}\n"))
        .map_err(|error| format!("cannot write {file}: {error}"))
}
