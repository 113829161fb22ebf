//! Where work at once runs (`comity_terms::beside`): one thread for each processor that this process may use, and each
//! kept to its own.
//!
//! Left to the scheduler, two halves of a millisecond's work came one after the other: a guest of KVM takes a halted
//! processor for one that its host has taken away, and starts what is woken where its waker runs, until the next balancing
//! some milliseconds later. Kept apart, the halves take 1.0 to 1.2 times one of them.

/// Starts those threads; done once, and before any work, for who comes first decides. Without leave to say where a thread
/// runs, or to start any, work is done all the same, by fewer at once.
pub fn spread() {
    #[cfg(target_os = "linux")]
    if let Some(own) = linux::processors() {
        let keep = move |thread: usize| linux::keep_to(own.get(thread).copied());
        let threads = rayon::ThreadPoolBuilder::new().thread_name(|thread| format!("beside {thread}"));
        let started = threads.start_handler(keep).build_global();
        tracing::debug!(started = started.is_ok(), "threads for work at once");
    }
}

#[cfg(target_os = "linux")]
mod linux {
    use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};

    /// The processors that this process may use, where the system says.
    pub(super) fn processors() -> Option<Vec<usize>> {
        let may = sched_getaffinity(None).ok()?;
        Some((0..CpuSet::MAX_CPU).filter(|processor| may.is_set(*processor)).collect())
    }

    /// Keeps the calling thread to one processor.
    pub(super) fn keep_to(processor: Option<usize>) {
        let mut own = CpuSet::new();
        if let Some(processor) = processor {
            own.set(processor);
            // A processor that has just gone leaves the thread where it may run already.
            let _ = sched_setaffinity(None, &own);
        }
    }
}
