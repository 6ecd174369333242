import ClusterCore
import Logging
import Synchronization

/// Waits for all prerequisites at once.
final class PrerequisiteRunner: Sendable {
    private let logger: Logger
    private let missing = Mutex<[String: String]>([:])

    init(logger: Logger) { self.logger = logger }

    /// What is missing now, in a sentence; nil where nothing is.
    var reason: String? {
        let all = missing.withLock { $0 }
        guard !all.isEmpty else { return nil }
        return "waits for " + all.sorted { $0.key < $1.key }.map { "\($0.key) (\($0.value))" }.joined(separator: ", ")
    }

    /// Returns when all hold, or when the calling task is cancelled.
    /// - Throws: `.prerequisite`, naming each that did not come.
    func wait(for prerequisites: [Prerequisite], deadline: Duration) async throws(ClusterError) {
        missing.withLock { missing in
            for prerequisite in prerequisites { missing[prerequisite.name] = "not looked yet" }
        }
        let failures = await withTaskGroup(of: String?.self) { group in
            for prerequisite in prerequisites { group.addTask { await self.wait(for: prerequisite, deadline: deadline) } }
            var failures: [String] = []
            for await failure in group {
                guard let failure else { continue }
                failures.append(failure)
                // The others are of no use now.
                group.cancelAll()
            }
            return failures
        }
        guard !failures.isEmpty else { return }
        throw ClusterError(.prerequisite, failures.sorted().joined(separator: "; "))
    }

    private func wait(for prerequisite: Prerequisite, deadline: Duration) async -> String? {
        let began = ContinuousClock.now
        var wait = PrerequisiteWait(deadline: deadline)
        while !Task.isCancelled {
            let look = prerequisite.look
            let limit = prerequisite.timeout
            let state = await Deadline.run(limit) { await look() } ?? .missing("no answer within \(limit.mesosText)")
            if Task.isCancelled { return nil }
            let now = ContinuousClock.now - began
            for action in wait.saw(state, at: now, chance: .random(in: 0..<1)) {
                switch action {
                case .log(let what):
                    missing.withLock { $0[prerequisite.name] = what }
                    logger.info(
                        "waiting for \(prerequisite.name): \(what)",
                        metadata: ["for": "\(prerequisite.description)", "waited": "\(now.rounded)", "limit": "\(deadline.mesosText)"])
                case .look(let pause): try? await Task.sleep(for: pause)
                case .met(let what):
                    missing.withLock { _ = $0.removeValue(forKey: prerequisite.name) }
                    logger.info("\(prerequisite.name): \(what)", metadata: ["waited": "\(now.rounded)"])
                    return nil
                case .fail(let why): return "\(prerequisite.name): \(why)"
                }
            }
        }
        return nil
    }
}

extension Duration {
    /// To a tenth of a second: `2.0s`.
    var rounded: String { "\(Double(milliseconds / 100) / 10)s" }
}
