//! `ringwall ctl acl`: which user is in which group.

use super::target::Target;
use super::{domain, print_lines};
use crate::builtin::Place;
use clap::Subcommand;
use control::accounts::parse_name;
use control::groups;
use serde_json::json;

#[derive(Subcommand)]
pub(super) enum AclWord {
    /// Put a user into groups, which is_user_in() asks for.
    Grant {
        /// alice@example.test; without a domain that of the server is taken.
        user: String,
        /// The names of the groups, such as international.
        #[arg(required = true)]
        groups: Vec<String>,
    },
    /// Take a user out of a group, or of all.
    Revoke {
        /// alice@example.test
        user: String,
        /// The name of the group; without it all of them.
        group: Option<String>,
    },
    /// List the groups of a user, or of all.
    Show {
        /// alice@example.test
        user: Option<String>,
    },
}

/// Does what was asked for.
///
/// # Errors
/// What does not work, for a person.
pub(super) fn run(word: AclWord, place: &Place, target: &mut Target) -> Result<(), String> {
    let user = match &word {
        AclWord::Grant { user, .. } | AclWord::Revoke { user, .. } => Some(user),
        AclWord::Show { user } => user.as_ref(),
    };
    let who = match user {
        Some(user) => Some(parse_name(user, &domain(place, target)?)?),
        None => None,
    };
    match (word, &who) {
        (AclWord::Grant { groups, .. }, Some((user, domain))) => {
            for group in groups {
                let params = vec![json!(user), json!(domain), json!(group)];
                target.change("ringwall.acl_grant", params, |store| {
                    groups::grant(store, user, domain, &group)
                })?;
            }
        }
        (AclWord::Revoke { group, .. }, Some((user, domain))) => {
            let mut params = vec![json!(user), json!(domain)];
            params.extend(group.as_ref().map(|group| json!(group)));
            target.change("ringwall.acl_revoke", params, |store| {
                groups::revoke(store, user, domain, group.as_deref())
            })?;
        }
        _ => {}
    }
    show(who.as_ref(), target)
}

fn show(who: Option<&(String, String)>, target: &mut Target) -> Result<(), String> {
    let params = who.map_or_else(Vec::new, |(user, domain)| vec![json!(user), json!(domain)]);
    let of = who.map(|(user, domain)| (user.as_str(), domain.as_str()));
    let lines = target.list("ringwall.acl_show", params, |store| groups::show(store, of))?;
    print_lines(lines)
}
