import Glibc

/// How a process is stopped: signal its main process, wait, perhaps a second signal, wait, then KILL to its whole group.
public struct StopSequence: Sendable, Hashable {
    /// First signal, to the main process only.
    public var signal: Int32
    /// A second signal after `grace`, where the first only asks for a drain (HAProxy: USR1, then TERM).
    public var secondSignal: Int32?
    /// How long each signal is given. 100 ms – 10 min.
    public var grace: Duration

    /// TERM and 6 s by default.
    public init(signal: Int32 = 15, secondSignal: Int32? = nil, grace: Duration = .seconds(6)) {
        self.signal = signal
        self.secondSignal = secondSignal
        self.grace = grace
    }
}

extension Child {
    /// Stops it and waits for its end; goes on to the end also where the calling task is cancelled.
    /// What is left of its group then gets KILL at once: its main process, which knows them, has left them behind.
    @discardableResult
    public func stop(_ sequence: StopSequence = StopSequence()) async -> Termination {
        await Task.detached { [self] in
            for number in [sequence.signal, sequence.secondSignal].compactMap(\.self) {
                signal(number)
                if await wait(atMost: sequence.grace) != nil { break }
            }
            signalGroup(SIGKILL)
            signal(SIGKILL)
            return await wait()
        }.value
    }
}
