/// How a process ended.
enum ProcessExit: Sendable, Hashable {
    /// It exited with this status, 0–255.
    case exited(Int32)
    /// This signal ended it.
    case signaled(Int32)
    /// It is gone, and it was no child of ours that could tell us how.
    case unknown

    /// True for exit status 0.
    var isSuccess: Bool { self == .exited(0) }

    /// In the words of Mesos' command executor (samples/mesos-1.11/scheduler_stream.txt).
    var message: String {
        switch self {
        case .exited(let status): "Command exited with status \(status)"
        case .signaled(let signal): "Command terminated with signal \(SignalWords.of(signal))"
        case .unknown: "Command ended while no executor watched it; its exit status is not known"
        }
    }
}

/// Signals in the words of strsignal(3), which is not safe to call from several threads.
enum SignalWords {
    private static let words: [Int32: String] = [
        1: "Hangup", 2: "Interrupt", 3: "Quit", 4: "Illegal instruction", 5: "Trace/breakpoint trap", 6: "Aborted", 7: "Bus error",
        8: "Floating point exception", 9: "Killed", 10: "User defined signal 1", 11: "Segmentation fault", 12: "User defined signal 2",
        13: "Broken pipe", 14: "Alarm clock", 15: "Terminated", 24: "CPU time limit exceeded", 25: "File size limit exceeded",
    ]

    /// The signal in words, as upstream prints it.
    static func of(_ signal: Int32) -> String { words[signal] ?? "signal \(signal)" }
}
