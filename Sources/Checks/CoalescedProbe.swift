/// Something that is asked on demand only: concurrent askers share one run, an answer is reused for a moment, and a run that takes
/// too long is answered for and cancelled. While a run that ignores its cancellation goes on, no second one is started.
actor CoalescedProbe<Value: Sendable> {
    struct Sample: Sendable {
        let value: Value
        let taken: ContinuousClock.Instant
        let took: Duration
    }

    private let timeout: Duration
    private let reuse: Duration
    private let now: @Sendable () -> ContinuousClock.Instant
    private let onTimeout: @Sendable (Duration) -> Value
    private let run: @Sendable () async -> Value

    private var sample: Sample?
    private var work: Task<Void, Never>?
    private var workStarted: ContinuousClock.Instant?
    private var timer: Task<Void, Never>?
    private var waiters: [CheckedContinuation<Sample, Never>] = []

    /// - Parameter onTimeout: the value of a run that has taken so long.
    init(
        timeout: Duration, reuse: Duration, now: @escaping @Sendable () -> ContinuousClock.Instant,
        onTimeout: @escaping @Sendable (Duration) -> Value, run: @escaping @Sendable () async -> Value
    ) {
        self.timeout = timeout
        self.reuse = reuse
        self.now = now
        self.onTimeout = onTimeout
        self.run = run
    }

    func value() async -> Sample {
        if let sample, now() - sample.taken < reuse { return sample }
        if let workStarted, timer == nil {
            // An earlier run was given up but has not ended.
            let ran = now() - workStarted
            return Sample(value: onTimeout(ran), taken: now(), took: ran)
        }
        if work == nil { begin() }
        return await withCheckedContinuation { waiters.append($0) }
    }

    private func begin() {
        let started = now()
        workStarted = started
        work = Task {
            let value = await run()
            ended(value, started: started)
        }
        timer = Task {
            try? await Task.sleep(for: timeout)
            if !Task.isCancelled { timedOut(started: started) }
        }
    }

    private func ended(_ value: Value, started: ContinuousClock.Instant) {
        work = nil
        workStarted = nil
        // After the time-out nobody waits, and the next asker should see a fresh run rather than this late one.
        guard let timer else { return }
        timer.cancel()
        self.timer = nil
        answer(value, started: started)
    }

    private func timedOut(started: ContinuousClock.Instant) {
        guard workStarted == started, timer != nil else { return }
        timer = nil
        work?.cancel()
        answer(onTimeout(now() - started), started: started)
    }

    private func answer(_ value: Value, started: ContinuousClock.Instant) {
        let sample = Sample(value: value, taken: now(), took: now() - started)
        self.sample = sample
        let waiting = waiters
        waiters = []
        for waiter in waiting { waiter.resume(returning: sample) }
    }
}
