import ClusterCore
import Synchronization

/// Runs a table of checks when somebody asks, and only then.
///
/// Each check has its own time-out; askers at the same time share a run; an answer is reused for a second at most.
public final class ChecksRunner: Sendable {
    /// What is known of one check.
    public struct Report: Sendable, Hashable {
        /// What came of it.
        public enum Status: String, Sendable, Hashable {
            /// All well.
            case pass
            /// Not well.
            case fail
            /// Not run, because the component does not run; turns no probe red by itself.
            case skipped
        }
        /// The check's name.
        public let name: String
        /// What a pass proves.
        public let proves: String
        /// The probes that it gates.
        public let gates: Set<Check.Gate>
        /// What came of it.
        public let status: Status
        /// What was seen, or the reason.
        public let detail: String
        /// How old the answer is.
        public let age: Duration
        /// How long the run took.
        public let took: Duration
        /// What went wrong last, and how long ago; nil where nothing has.
        public let lastFailure: Failure?
    }

    /// A failure in the past.
    public struct Failure: Sendable, Hashable {
        /// The reason.
        public let reason: String
        /// How long ago it was seen last.
        public let age: Duration
    }

    /// All checks, and what follows from them.
    public struct Summary: Sendable, Hashable {
        /// The checks, in the order of the table.
        public let reports: [Report]
        /// True where no check that gates this probe has failed.
        public func isPassing(_ gate: Check.Gate) -> Bool { failures(gate).isEmpty }
        /// Why the probe is red: `name: reason`, in the order of the table.
        public func failures(_ gate: Check.Gate) -> [String] {
            reports.filter { $0.status == .fail && $0.gates.contains(gate) }.map { "\($0.name): \($0.detail)" }
        }
    }

    private struct Entry: Sendable {
        let check: Check
        let probe: CoalescedProbe<Check.Outcome>
    }

    /// Where to ask for the role; nil where the component has none.
    private let roleProbe: CoalescedProbe<Role>?
    private let entries: [Entry]
    private let alwaysCount: Int
    private let pausedReason: @Sendable () async -> String?
    private let now: @Sendable () -> ContinuousClock.Instant
    private let failures = Mutex<[String: (reason: String, seen: ContinuousClock.Instant)]>([:])

    /// Makes a runner; runs nothing yet.
    /// - Parameters:
    ///   - role: finds the role, within 5 s.
    ///   - reuse: how long an answer is reused, at most 1 s.
    ///   - now: the time.
    ///   - pausedReason: why the component can't be asked now (it has not been started …); nil where it can. Checks in `always` are
    ///     run all the same.
    ///   - always: checks of the entrypoint itself, reported first.
    public init(
        checks: [Check], always: [Check] = [], role: (@Sendable () async -> Role)? = nil, reuse: Duration = .seconds(1),
        now: @escaping @Sendable () -> ContinuousClock.Instant = { .now }, pausedReason: @escaping @Sendable () async -> String? = { nil }
    ) {
        self.now = now
        self.pausedReason = pausedReason
        let limit = min(reuse, .seconds(1))
        alwaysCount = always.count
        entries = (always + checks).enumerated().map { index, check in
            // The entrypoint's own cost nothing, and a change of them is told at once.
            Entry(
                check: check,
                probe: CoalescedProbe(
                    timeout: check.timeout, reuse: index < always.count ? .zero : limit, now: now,
                    onTimeout: { .fail("no answer within \($0.roundedText)") },
                    run: check.run))
        }
        roleProbe = role.map { role in
            CoalescedProbe(
                timeout: .seconds(5), reuse: limit, now: now, onTimeout: { .unknown("no answer within \($0.roundedText)") }, run: role)
        }
    }

    /// Runs all checks, at once.
    /// - Parameter gate: only those that gate this probe.
    public func summary(_ gate: Check.Gate? = nil) async -> Summary {
        let paused = await pausedReason()
        let reports = await withTaskGroup(of: (Int, Report).self) { group in
            for (index, entry) in entries.enumerated() where gate.map(entry.check.gates.contains) ?? true {
                let skipped = index < alwaysCount ? nil : paused
                group.addTask { (index, await self.report(entry, skipped: skipped)) }
            }
            var found: [(Int, Report)] = []
            for await report in group { found.append(report) }
            return found.sorted { $0.0 < $1.0 }.map(\.1)
        }
        return Summary(reports: reports)
    }

    /// Finds the role, and how old that answer is.
    public func role() async -> (role: Role, age: Duration)? {
        guard let roleProbe else { return nil }
        if let paused = await pausedReason() { return (.unknown(paused), .zero) }
        let sample = await roleProbe.value()
        return (sample.value, now() - sample.taken)
    }

    private func report(_ entry: Entry, skipped: String?) async -> Report {
        if let skipped { return make(entry.check, .skipped, skipped, age: .zero, took: .zero) }
        let sample = await entry.probe.value()
        let age = max(.zero, now() - sample.taken)
        switch sample.value {
        case .pass(let detail): return make(entry.check, .pass, detail, age: age, took: sample.took)
        case .fail(let reason):
            failures.withLock { $0[entry.check.name] = (reason, sample.taken) }
            return make(entry.check, .fail, reason, age: age, took: sample.took)
        }
    }

    private func make(_ check: Check, _ status: Report.Status, _ detail: String, age: Duration, took: Duration) -> Report {
        let failure = failures.withLock { $0[check.name] }
        return Report(
            name: check.name, proves: check.proves, gates: check.gates, status: status, detail: detail, age: age, took: took,
            lastFailure: failure.map { Failure(reason: $0.reason, age: max(.zero, now() - $0.seen)) })
    }
}

extension Duration {
    /// To a tenth of a second: `2.0s`.
    fileprivate var roundedText: String { "\(Double(milliseconds / 100) / 10)s" }
}
