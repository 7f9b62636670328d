//! The response context: what goes up, who is cancelled, which reply is best.

use stack::Limits;
use stack::fork::{
    CancelSilent, Context, NoBranch, Options, Relay, Verdict, priority, serial_groups,
};

/// An INVITE with `branches` branches.
fn invite(branches: usize) -> Context<u16> {
    let mut context = Context::new(true);
    for _ in 0..branches {
        context.add(&Limits::default()).expect("room");
    }
    context
}

fn reply(context: &mut Context<u16>, branch: u16, code: u16) -> Verdict {
    context.reply(branch, code, code, false, &Options::default())
}

/// The code chosen, the code sent and the branches whose challenges go along.
fn best(codes: &[u16], options: &Options) -> Option<(u16, u16, Vec<u16>)> {
    let mut context = invite(codes.len());
    for (branch, code) in codes.iter().enumerate() {
        context.reply(branch as u16, *code, *code, false, options);
    }
    context
        .best(options)
        .map(|b| (b.code, b.code_up, b.challenges.to_vec()))
}

/// Each code against each, as seen in Kamailio 5.6.3 with two branches.
#[test]
fn the_order_of_final_replies_is_that_of_tm() {
    let order = [
        600, 603, 300, 302, 401, 407, 415, 420, 484, 400, 403, 404, 408, 480, 486, 487, 488, 500,
        501, 503, 504,
    ];
    assert!(order.is_sorted_by(|a, b| priority(*a) < priority(*b)));
    for (place, better) in order.iter().enumerate() {
        for worse in &order[place + 1..] {
            for codes in [[*better, *worse], [*worse, *better]] {
                let chosen = best(&codes, &Options::default()).map(|(code, ..)| code);
                assert_eq!(chosen, Some(*better), "{codes:?}");
            }
        }
    }
}

#[test]
fn a_503_goes_up_as_500_unless_told_otherwise() {
    assert_eq!(
        best(&[503, 504], &Options::default()),
        Some((503, 500, vec![]))
    );
    let plain = Options {
        remap_503_500: false,
        ..Options::default()
    };
    assert_eq!(best(&[503], &plain), Some((503, 503, vec![])));
}

#[test]
fn challenges_of_all_branches_go_up_together() {
    let on = Options::default();
    assert_eq!(best(&[401, 486, 407], &on), Some((401, 401, vec![0, 2])));
    assert_eq!(best(&[407, 401], &on), Some((401, 401, vec![0, 1])));
    assert_eq!(
        best(&[401, 486], &on),
        Some((401, 401, vec![])),
        "one alone goes up as it is"
    );
    assert_eq!(best(&[401, 302], &on), Some((302, 302, vec![])));
    let off = Options {
        aggregate_challenges: false,
        ..on
    };
    assert_eq!(best(&[407, 401], &off), Some((401, 401, vec![])));
}

#[test]
fn a_made_up_reply_can_be_given_less_weight() {
    let chosen = |options: &Options| {
        let mut context = invite(2);
        context.reply(0, 408, 408, true, options);
        context.reply(1, 480, 480, false, options);
        context.best(options).map(|b| (b.code, b.faked))
    };
    assert_eq!(chosen(&Options::default()), Some((408, true)));
    assert_eq!(
        chosen(&Options {
            faked_reply_prio: 2_000,
            ..Options::default()
        }),
        Some((480, false))
    );
}

#[test]
fn nothing_goes_up_before_all_branches_have_ended() {
    let mut context = invite(2);
    assert_eq!(reply(&mut context, 0, 486).relay, Relay::Nothing);
    assert_eq!(
        reply(&mut context, 0, 404).relay,
        Relay::Nothing,
        "a branch ends once"
    );
    assert_eq!(reply(&mut context, 1, 480).relay, Relay::Best);
    assert_eq!(context.final_code(0), Some(486));
}

#[test]
fn provisional_replies_go_up_at_once_but_for_the_100() {
    let mut context = invite(2);
    assert_eq!(reply(&mut context, 0, 100).relay, Relay::Nothing);
    assert_eq!(reply(&mut context, 0, 180).relay, Relay::This);
    let relay_100 = Options {
        relay_100: true,
        ..Options::default()
    };
    assert_eq!(
        context.reply(1, 100, 100, false, &relay_100).relay,
        Relay::This
    );
    reply(&mut context, 0, 200);
    assert_eq!(
        reply(&mut context, 1, 183).relay,
        Relay::Nothing,
        "none after the 2xx"
    );
}

#[test]
fn a_2xx_goes_up_at_once_and_cancels_the_others() {
    let mut context = invite(4);
    reply(&mut context, 1, 180);
    reply(&mut context, 2, 486);
    let verdict = reply(&mut context, 0, 200);
    assert_eq!(
        (verdict.relay, verdict.cancel.as_slice()),
        (Relay::This, &[1][..])
    );
    let late = reply(&mut context, 3, 180);
    assert_eq!(
        (late.relay, late.cancel.as_slice()),
        (Relay::Nothing, &[3][..]),
        "RFC 3261 9.1"
    );
    assert!(
        reply(&mut context, 3, 183).cancel.is_empty(),
        "one CANCEL is enough"
    );
    assert_eq!(
        reply(&mut context, 1, 200).relay,
        Relay::This,
        "every 2xx goes up"
    );
    assert_eq!(reply(&mut context, 3, 487).relay, Relay::Nothing);
    assert_eq!(context.add(&Limits::default()), Err(NoBranch::Over));
}

#[test]
fn another_request_has_one_2xx_and_no_cancel() {
    let mut context: Context<u16> = Context::new(false);
    context.add(&Limits::default()).expect("room");
    context.add(&Limits::default()).expect("room");
    let verdict = reply(&mut context, 0, 200);
    assert_eq!((verdict.relay, verdict.cancel.len()), (Relay::This, 0));
    assert_eq!(reply(&mut context, 1, 200).relay, Relay::Nothing);
}

#[test]
fn a_6xx_ends_the_search() {
    let mut context = invite(2);
    reply(&mut context, 1, 180);
    let verdict = reply(&mut context, 0, 603);
    assert_eq!(
        (verdict.relay, verdict.cancel.as_slice()),
        (Relay::Nothing, &[1][..])
    );
    assert_eq!(context.add(&Limits::default()), Err(NoBranch::Over));
    assert_eq!(reply(&mut context, 1, 487).relay, Relay::Best);
    assert_eq!(context.best(&Options::default()).map(|b| b.code), Some(603));
    context.begin_group();
    assert_eq!(
        context.add(&Limits::default()),
        Ok(2),
        "the failure route may still go on"
    );
}

#[test]
fn a_6xx_can_be_like_any_other() {
    let options = Options {
        disable_6xx_block: true,
        ..Options::default()
    };
    let mut context = invite(2);
    context.reply(1, 180, 180, false, &options);
    assert!(
        context
            .reply(0, 603, 603, false, &options)
            .cancel
            .is_empty()
    );
    assert_eq!(context.add(&Limits::default()), Ok(2));
}

#[test]
fn silent_branches_are_cancelled_as_configured() {
    let cancelled = |cancel_silent| {
        let options = Options {
            cancel_silent,
            ..Options::default()
        };
        let mut context = invite(2);
        context.reply(0, 180, 180, false, &options);
        let now = context.cancel_all(&options);
        let then = context.reply(1, 180, 180, false, &options);
        (now.cancel.to_vec(), now.stop.to_vec(), then.cancel.to_vec())
    };
    assert_eq!(
        cancelled(CancelSilent::WhenProvisional),
        (vec![0], vec![], vec![1])
    );
    assert_eq!(
        cancelled(CancelSilent::AtOnce),
        (vec![0, 1], vec![], vec![])
    );
    assert_eq!(cancelled(CancelSilent::Fake487), (vec![0], vec![1], vec![]));
}

#[test]
fn a_serial_group_follows_and_dropped_replies_are_not_chosen() {
    let mut context = invite(1);
    assert_eq!(reply(&mut context, 0, 302).relay, Relay::Best);
    context.begin_group();
    assert_eq!(
        (context.group_start(), context.add(&Limits::default())),
        (1, Ok(1))
    );
    assert!(!context.all_ended());
    assert_eq!(reply(&mut context, 1, 480).relay, Relay::Best);
    assert_eq!(context.best(&Options::default()).map(|b| b.branch), Some(0));
    context.drop_replies(0..context.group_start());
    assert_eq!(context.best(&Options::default()).map(|b| b.branch), Some(1));
    assert_eq!((context.stored(0), context.stored(1)), (None, Some(&480)));
    context.mark_answered();
    assert_eq!(context.add(&Limits::default()), Err(NoBranch::Over));
}

/// RFC 6026: each further 2xx of an INVITE goes up. Nothing is left to cancel or to choose.
#[test]
fn an_answered_invite_lets_more_2xx_up() {
    let mut context = Context::settled(true, [487, 200].into_iter());
    assert_eq!(context.final_code(0), Some(487));
    assert!(context.is_answered() && context.all_ended());
    let further = reply(&mut context, 1, 200);
    assert_eq!(further.relay, Relay::This);
    assert!(further.cancel.is_empty() && further.stop.is_empty());
    assert_eq!(reply(&mut context, 0, 486).relay, Relay::Nothing);
    assert_eq!(context.add(&Limits::default()).err(), Some(NoBranch::Over));
    let mut other = Context::settled(false, [200].into_iter());
    assert_eq!(reply(&mut other, 0, 200).relay, Relay::Nothing);
}

#[test]
fn the_number_of_branches_is_bounded() {
    let limits = Limits {
        max_branches: 2,
        ..Limits::default()
    };
    let mut context: Context<u16> = Context::new(true);
    assert_eq!((context.add(&limits), context.add(&limits)), (Ok(0), Ok(1)));
    assert_eq!(context.add(&limits), Err(NoBranch::Full));
}

#[test]
fn replies_to_unknown_branches_change_nothing() {
    let mut context = invite(1);
    for code in [180, 200, 486, 603] {
        assert_eq!(reply(&mut context, 9, code).relay, Relay::Nothing);
    }
    assert!(!context.is_answered());
}

#[test]
fn groups_go_by_q_and_keep_their_order() {
    // The example of the tm README: A without q, B and C 0.5, D 1.0.
    let groups = serial_groups(&[None, Some(500), Some(500), Some(1_000)]);
    assert_eq!(groups, [vec![3], vec![1, 2], vec![0]]);
    assert!(serial_groups(&[]).is_empty());
}
