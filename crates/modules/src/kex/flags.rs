//! Script flags and branch flags, 0 to 31.

use super::Kex;
use policy::{Context, Declaration, Flag, Int, Routes};

pub(super) fn declare(d: &mut Declaration<Kex>) {
    d.function(
        "setsflag(flag)",
        "Sets a script flag.",
        Routes::ANY,
        |_: &Kex, context: &mut Context, flag: &Int| {
            script_flag(context, flag, |flags, mask| *flags |= mask)
        },
    );
    d.function(
        "resetsflag(flag)",
        "Clears a script flag.",
        Routes::ANY,
        |_: &Kex, context: &mut Context, flag: &Int| {
            script_flag(context, flag, |flags, mask| *flags &= !mask)
        },
    );
    d.function(
        "issflagset(flag)",
        "1 where a script flag is set.",
        Routes::ANY,
        |_: &Kex, context: &mut Context, flag: &Int| {
            let mask = mask(context, flag);
            mask.is_some_and(|mask| context.script_flags & mask != 0)
        },
    );
    d.function(
        "setbflag(flag, [branch])",
        "Sets a flag of a branch; branch 0 is the Request-URI.",
        Routes::ANY,
        set_bflag,
    );
    d.function(
        "resetbflag(flag, [branch])",
        "Clears a flag of a branch.",
        Routes::ANY,
        reset_bflag,
    );
    d.function(
        "isbflagset(flag, [branch])",
        "1 where a flag of a branch is set.",
        Routes::ANY,
        is_bflag_set,
    );
}

fn script_flag(context: &mut Context, flag: &Int, change: impl Fn(&mut u32, u32)) -> bool {
    let mask = mask(context, flag);
    mask.map(|mask| change(&mut context.script_flags, mask))
        .is_some()
}

fn set_bflag(_: &Kex, context: &mut Context, flag: &Int, branch: &Option<Int>) -> bool {
    branch_flags(context, flag, branch)
        .map(|(flags, mask)| *flags |= mask)
        .is_some()
}

fn reset_bflag(_: &Kex, context: &mut Context, flag: &Int, branch: &Option<Int>) -> bool {
    branch_flags(context, flag, branch)
        .map(|(flags, mask)| *flags &= !mask)
        .is_some()
}

fn is_bflag_set(_: &Kex, context: &mut Context, flag: &Int, branch: &Option<Int>) -> bool {
    branch_flags(context, flag, branch).is_some_and(|(flags, mask)| *flags & mask != 0)
}

/// The flag word of the branch and the flag's bit; none where either does not exist.
fn branch_flags<'a>(
    context: &'a mut Context,
    flag: &Int,
    branch: &Option<Int>,
) -> Option<(&'a mut u32, u32)> {
    let mask = mask(context, flag)?;
    let branch = branch
        .as_ref()
        .map_or(Some(0), |branch| branch.get(context))?;
    let target = match usize::try_from(branch).ok()? {
        0 => &mut context.target,
        further => context.branches.get_mut(further - 1)?,
    };
    Some((&mut target.flags, mask))
}

fn mask(context: &mut Context, flag: &Int) -> Option<u32> {
    let number = u8::try_from(flag.get(context)?).ok()?;
    (number < 32).then(|| Flag(number).mask())
}

#[cfg(test)]
mod tests {
    use crate::testing::Bench;
    use policy::Destination;

    /// Calls and last return code of Kamailio 5.6.3, with one branch beside the Request-URI.
    const CASES: [(&str, i32); 12] = [
        ("setsflag(3)", 1),
        ("setsflag(3); issflagset(3)", 1),
        ("setsflag(3); resetsflag(3); issflagset(3)", -1),
        ("setsflag(32)", -1),
        ("setbflag(4); isbflagset(4)", 1),
        ("setbflag(4); isbflagset(5)", -1),
        ("setbflag(4); resetbflag(4); isbflagset(4)", -1),
        ("setbflag(4); isbflagset(4, 1)", -1),
        ("setbflag(4, 1); isbflagset(4, 1)", 1),
        ("setbflag(4, 1); isbflagset(4, 0)", -1),
        ("setbflag(4, 2)", -1),
        ("setbflag(\"4\", \"1\"); isbflagset(\"4\", 1)", 1),
    ];

    #[test]
    fn flags_of_script_and_branches() {
        for (call, code) in CASES {
            let bench = Bench::new(&format!(
                "loadmodule \"kex\"\nrequest_route {{ {call}; rc(); }}"
            ));
            let mut context = bench.context("OPTIONS sip:b@x SIP/2.0\n\n");
            context.branches.push(Destination::default());
            assert_eq!(bench.run_in(context).codes, [code], "{call}");
        }
    }
}
