import Glibc

/// How a process ended.
public enum Termination: Sendable, Hashable, CustomStringConvertible {
    /// It exited by itself with this code, 0–255.
    case exited(Int32)
    /// This signal ended it.
    case signalled(Int32)

    init(waitStatus status: Int32) {
        let signal = status & 0x7f
        self = signal == 0 ? .exited((status >> 8) & 0xff) : .signalled(signal)
    }

    /// The exit code, or 128 + the signal, as a shell reports it.
    public var exitCode: Int32 {
        switch self {
        case .exited(let code): code
        case .signalled(let number): 128 + number
        }
    }

    /// True for exit code 0.
    public var isSuccess: Bool { self == .exited(0) }

    /// `exited with 3`, `ended by SIGKILL`.
    public var description: String {
        switch self {
        case .exited(let code): "exited with \(code)"
        case .signalled(let number): "ended by \(SignalName.of(number))"
        }
    }
}

/// Names of signals, for logs.
public enum SignalName {
    /// `SIGTERM` for 15; `signal 42` for one without a name here.
    public static func of(_ number: Int32) -> String {
        switch number {
        case SIGHUP: "SIGHUP"
        case SIGINT: "SIGINT"
        case SIGQUIT: "SIGQUIT"
        case SIGILL: "SIGILL"
        case SIGABRT: "SIGABRT"
        case SIGBUS: "SIGBUS"
        case SIGFPE: "SIGFPE"
        case SIGKILL: "SIGKILL"
        case SIGUSR1: "SIGUSR1"
        case SIGSEGV: "SIGSEGV"
        case SIGUSR2: "SIGUSR2"
        case SIGPIPE: "SIGPIPE"
        case SIGALRM: "SIGALRM"
        case SIGTERM: "SIGTERM"
        default: "signal \(number)"
        }
    }
}
