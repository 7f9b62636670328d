//! Extended message flags, 0 to 63.

use super::CoreX;
use policy::{Context, Declaration, Int, Routes};

pub(super) fn declare(d: &mut Declaration<CoreX>) {
    d.function(
        "setxflag(flag)",
        "Sets an extended flag, 0 to 63.",
        Routes::ANY,
        |_: &CoreX, context: &mut Context, flag: &Int| {
            change(context, flag, |flags, mask| *flags |= mask)
        },
    );
    d.function(
        "resetxflag(flag)",
        "Clears an extended flag.",
        Routes::ANY,
        |_: &CoreX, context: &mut Context, flag: &Int| {
            change(context, flag, |flags, mask| *flags &= !mask)
        },
    );
    d.function(
        "isxflagset(flag)",
        "1 where an extended flag is set.",
        Routes::ANY,
        |_: &CoreX, context: &mut Context, flag: &Int| {
            mask(context, flag).is_some_and(|mask| {
                context
                    .extension::<XFlags>()
                    .is_some_and(|flags| flags.0 & mask != 0)
            })
        },
    );
}

#[derive(Default)]
struct XFlags(u64);

fn change(context: &mut Context, flag: &Int, apply: impl Fn(&mut u64, u64)) -> bool {
    let mask = mask(context, flag);
    mask.map(|mask| apply(&mut context.extension_mut::<XFlags>().0, mask))
        .is_some()
}

fn mask(context: &mut Context, flag: &Int) -> Option<u64> {
    let number = u32::try_from(flag.get(context)?).ok()?;
    1_u64.checked_shl(number)
}

#[cfg(test)]
mod tests {
    use crate::testing::run;

    #[test]
    fn flags_go_up_to_63() {
        let script = "loadmodule \"corex\"\nrequest_route { setxflag(\"40\"); rc(); isxflagset(40); rc(); resetxflag(40); isxflagset(40); rc(); setxflag(63); isxflagset(63); rc(); setxflag(64); rc(); setxflag(99); rc(); }";
        assert_eq!(
            run(script, "OPTIONS sip:b@x SIP/2.0\n\n").codes,
            [1, 1, -1, 1, -1, -1]
        );
    }
}
