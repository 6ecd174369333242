public import ClusterCore
import Glibc

/// A short command: a validator, a version probe, one call of a command-line client.
public struct Command: Sendable {
    /// What came of it.
    public struct Result: Sendable, Hashable {
        /// How it ended.
        public let termination: Termination
        /// What it wrote to standard output, up to the limit.
        public let output: [UInt8]
        /// What it wrote to standard error, up to the limit.
        public let error: [UInt8]
        /// True where it wrote more than the limit to one of them; the rest was read and dropped.
        public let isTruncated: Bool

        /// Standard output as text.
        public var outputText: String { String(decoding: output, as: UTF8.self) }
        /// Standard error as text.
        public var errorText: String { String(decoding: error, as: UTF8.self) }
        /// Standard error, or standard output where that is empty, in one line of at most 500 characters: for an error's text.
        public var complaint: String {
            let text = error.contains { $0 > 32 } ? errorText : outputText
            let line = text.split(whereSeparator: \.isNewline).joined(separator: "; ")
            return line.count > 500 ? "\(line.prefix(500))…" : line
        }
    }

    /// What to run. Its streams are replaced.
    public var spec: ProcessSpec
    /// What it reads from standard input.
    public var input: [UInt8] = []
    /// How long it may take; its whole group is killed then.
    public var deadline: Duration
    /// Bytes kept of each of its two outputs.
    public var outputLimit = 1 << 20

    /// Prepares a command in a process group of its own, with this process's environment.
    public init(_ argv: [String], deadline: Duration = .seconds(30)) {
        spec = ProcessSpec(argv)
        spec.diesWithParent = true
        self.deadline = deadline
    }

    /// Runs it to its end, whatever its exit code. It is killed where the calling task is cancelled.
    /// - Throws: `.notFound` or `.io` where it can't be started, `.timeout` where it took longer than its deadline.
    public func run(_ reaper: ProcessReaper = .shared) async throws(ClusterError) -> Result {
        var spec = spec
        let pipes = try CommandPipes(hasInput: !input.isEmpty)
        spec.input = pipes.input.map { .descriptor($0.theirs) } ?? .null
        spec.output = .descriptor(pipes.output.theirs)
        spec.error = .descriptor(pipes.error.theirs)
        let child: Child
        do throws(ClusterError) {
            child = try await reaper.spawn(spec)
        } catch {
            pipes.closeAll()
            throw error
        }
        pipes.closeTheirs()
        let limit = outputLimit
        let input = input
        let end = ContinuousClock.now + deadline
        let collected = await withTaskCancellationHandler {
            await withCheckedContinuation { (continuation: CheckedContinuation<CommandPipes.Collected?, Never>) in
                let isStarted = OwnThread.start("command", stackSize: 256 << 10) {
                    let collected = pipes.pump(input, limit: limit, until: end) { child.termination != nil }
                    // Late, or closed early: nobody reads on, so the rest of its group must not block on a full pipe.
                    if !collected.isComplete { child.signalGroup(SIGKILL) }
                    pipes.closeOurs()
                    continuation.resume(returning: collected)
                }
                if !isStarted { continuation.resume(returning: nil) }
            }
        } onCancel: {
            child.signalGroup(SIGKILL)
        }
        guard let collected else {
            child.signalGroup(SIGKILL)
            pipes.closeOurs()
            _ = await child.wait()
            throw ClusterError(.io, "no thread left to run \(name)")
        }
        var isLate = !collected.isComplete
        if !isLate { isLate = await child.wait(atMost: max(end - .now, .milliseconds(100))) == nil }
        if isLate { child.signalGroup(SIGKILL) }
        let termination = await child.wait()
        if isLate && !Task.isCancelled {
            throw ClusterError(.timeout, "\(name) took longer than \(deadline.mesosText) and was killed")
        }
        return Result(
            termination: termination, output: collected.output, error: collected.error, isTruncated: collected.isTruncated)
    }

    private var name: String { spec.argv.first ?? "a command" }
}
