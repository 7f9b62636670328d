//! Sockets and pipes as files: made safely, with the owner and the permissions asked for.

use nix::unistd::{Gid, Group, Uid, User, chown};
use policy::{FileAccess, ParamValue};
use std::fs::Permissions;
use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::os::unix::net::{UnixDatagram, UnixStream};
use std::path::Path;

/// Clears the way for a socket or pipe: what a dead server left is removed.
///
/// # Errors
/// A sentence, where somebody answers there or where something else has this name.
pub(crate) fn clear(path: &Path) -> Result<(), String> {
    let Ok(found) = std::fs::symlink_metadata(path) else {
        return Ok(());
    };
    let kind = found.file_type();
    if !kind.is_socket() && !kind.is_fifo() {
        return Err(format!(
            "{} is no socket and no pipe; it stays",
            path.display()
        ));
    }
    if kind.is_socket() && is_alive(path) {
        return Err(format!("{}: another server answers there", path.display()));
    }
    std::fs::remove_file(path).map_err(|error| format!("{}: {error}", path.display()))
}

/// Gives a file its permissions and its owner.
///
/// # Errors
/// A sentence about the name or the change that does not work.
pub(crate) fn protect(path: &Path, access: &FileAccess) -> Result<(), String> {
    std::fs::set_permissions(path, Permissions::from_mode(access.mode & 0o7777))
        .map_err(|error| format!("{}: {error}", path.display()))?;
    let user = access.user.as_ref().map(user).transpose()?;
    let group = access.group.as_ref().map(group).transpose()?;
    if user.is_none() && group.is_none() {
        return Ok(());
    }
    chown(path, user, group).map_err(|error| format!("{}: {}", path.display(), error.desc()))
}

/// Removes a file; one that is gone already is no matter.
pub(crate) fn remove(path: &Path) {
    let _ = std::fs::remove_file(path);
}

fn is_alive(path: &Path) -> bool {
    let datagram = UnixDatagram::unbound().and_then(|socket| socket.connect(path));
    UnixStream::connect(path).is_ok() || datagram.is_ok()
}

fn user(name: &ParamValue) -> Result<Uid, String> {
    if let Some(number) = number(name) {
        return Ok(Uid::from_raw(number));
    }
    let name = text(name);
    let found = User::from_name(&name).ok().flatten();
    found
        .map(|user| user.uid)
        .ok_or_else(|| format!("there is no user {name}"))
}

fn group(name: &ParamValue) -> Result<Gid, String> {
    if let Some(number) = number(name) {
        return Ok(Gid::from_raw(number));
    }
    let name = text(name);
    let found = Group::from_name(&name).ok().flatten();
    found
        .map(|group| group.gid)
        .ok_or_else(|| format!("there is no group {name}"))
}

fn number(value: &ParamValue) -> Option<u32> {
    match value {
        ParamValue::Int(number) => u32::try_from(*number).ok(),
        ParamValue::Text(_) => text(value).parse().ok(),
    }
}

fn text(value: &ParamValue) -> String {
    match value {
        ParamValue::Int(number) => number.to_string(),
        ParamValue::Text(text) => String::from_utf8_lossy(text).into_owned(),
    }
}
