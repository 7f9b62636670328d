//! How the system lets the threads run.

use rustix::process::getpriority_process;
use thread_priority::{
    NormalThreadSchedulePolicy, ThreadPriority, ThreadPriorityValue, ThreadSchedulePolicy,
    set_thread_priority_and_policy, thread_native_id, thread_schedule_policy,
};

/// Niceness 0 on the library's scale, where 0 is niceness 19 and 99 is -20.
const NOT_NICE: u8 = 48;

/// Makes this thread, and those that it starts from now on, one whose waking interrupts nobody (`SCHED_BATCH`,
/// sched(7)): who sends several messages in a row sends them all before the first is looked at, and
/// fewer changes of threads serve as many messages. A call costs a tenth less, on a busy core a message waits
/// some milliseconds longer.
///
/// Whoever started the server with another policy or niceness (`CPUSchedulingPolicy=`, `Nice=` of a systemd unit) has
/// decided for himself: then nothing changes, and nothing where the system refuses.
pub(crate) fn let_senders_finish() {
    const OTHER: ThreadSchedulePolicy =
        ThreadSchedulePolicy::Normal(NormalThreadSchedulePolicy::Other);
    const BATCH: ThreadSchedulePolicy =
        ThreadSchedulePolicy::Normal(NormalThreadSchedulePolicy::Batch);
    if thread_schedule_policy() != Ok(OTHER) || getpriority_process(None) != Ok(0) {
        return;
    }
    if let Ok(value) = ThreadPriorityValue::try_from(NOT_NICE) {
        let priority = ThreadPriority::Crossplatform(value);
        // It is slower otherwise and nothing else.
        let _ = set_thread_priority_and_policy(thread_native_id(), priority, BATCH);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use NormalThreadSchedulePolicy::{Batch, Other};
    use rustix::process::setpriority_process;
    use std::thread;

    /// The policy and niceness of a thread that a thread starts after it `began` and was let finish its senders.
    fn inherited(began: fn()) -> (ThreadSchedulePolicy, i32) {
        let starter = thread::spawn(move || {
            began();
            let_senders_finish();
            let heir = || {
                let niceness = getpriority_process(None).unwrap();
                (thread_schedule_policy().unwrap(), niceness)
            };
            thread::spawn(heir).join().unwrap()
        });
        starter.join().unwrap()
    }

    #[test]
    fn threads_inherit_the_policy_unless_the_operator_chose_one() {
        let normal = ThreadSchedulePolicy::Normal;
        // The tests themselves may be run with a niceness.
        let own = getpriority_process(None).unwrap();
        let policy = if own == 0 { Batch } else { Other };
        assert_eq!(inherited(|| ()), (normal(policy), own));
        let nice = || setpriority_process(None, 19).unwrap();
        assert_eq!(inherited(nice), (normal(Other), 19));
    }
}
