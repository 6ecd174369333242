import Marathon

/// Which tasks the master still has to say something about (Mesos documentation, "Reconciliation"): after each subscription and each interval
/// all tasks are asked for by name, and those without an answer again, each time after twice as long.
struct Reconciliation: Sendable, Hashable {
    private(set) var pending: Set<String> = []
    private var pause = 0.0
    private(set) var nextAt: Timestamp?
    private var fullAt: Timestamp?

    static let pauses = 5.0...60.0

    /// Asks for all of them now.
    mutating func begin(_ tasks: some Sequence<String>, interval: Double, now: Timestamp) {
        pending = Set(tasks)
        pause = Self.pauses.lowerBound
        fullAt = now.adding(seconds: interval)
        nextAt = pending.isEmpty ? fullAt : now.adding(seconds: pause)
    }

    /// No master to ask.
    mutating func stop() { self = Reconciliation() }

    /// The master has said something about a task.
    mutating func answered(_ task: String) {
        guard pending.remove(task) != nil, pending.isEmpty else { return }
        nextAt = fullAt
    }

    enum Step: Hashable { case nothing, again(Set<String>), full }

    /// What is due.
    mutating func step(now: Timestamp) -> Step {
        guard let nextAt, nextAt <= now else { return .nothing }
        if let fullAt, fullAt <= now { return .full }
        pause = min(pause * 2, Self.pauses.upperBound)
        self.nextAt = min(now.adding(seconds: pause), fullAt ?? now.adding(seconds: pause))
        return .again(pending)
    }
}
