import ClusterCore
import Glibc
import Synchronization

/// A child process of a test, in a process group of its own. It is killed with its group when the value goes away, and by the kernel
/// when the test process dies.
public final class TestProcess: Sendable {
    /// Process id, and id of its group.
    public let pid: Int32
    /// Program and arguments.
    public let argv: [String]
    /// File that has its standard output and standard error.
    public let outputPath: String

    private struct State {
        var exitCode: Int32?
        var waiters: [CheckedContinuation<Int32, Never>] = []
    }
    private let state: SharedState
    private final class SharedState: Sendable { let value = Mutex(State()) }

    /// Starts a program.
    /// - Parameters:
    ///   - argv: program (absolute, or found in PATH) and arguments.
    ///   - environment: the whole environment; nil for that of the test process.
    ///   - output: file for standard output and standard error, appended to.
    ///   - directory: working directory; nil for that of the test process.
    public init(_ argv: [String], environment: [String: String]? = nil, output: String, directory: String? = nil) async throws {
        self.argv = argv
        outputPath = output
        // setpriv (util-linux) sets the death signal and becomes the program: the process id stays.
        let change = directory.map { ["env", "--chdir=\($0)"] } ?? []
        let words = ["setpriv", "--pdeathsig", "KILL", "--"] + change + argv
        let variables = environment.map { $0.map { "\($0.key)=\($0.value)" } }
        let result = await SpawnerThread.shared.perform { spawn(words, variables, output) }
        guard result > 0 else { throw NotEventually(description: "\(argv[0]): \(String(cString: strerror(-result)))") }
        pid = result
        let state = SharedState()
        self.state = state
        OwnThread.detach("test") {
            var status: Int32 = 0
            while waitpid(result, &status, 0) < 0, errno == EINTR {}
            let signal = status & 0x7f
            let code = signal == 0 ? (status >> 8) & 0xff : 128 + signal
            let waiters = state.value.withLock { state in
                state.exitCode = code
                return takeOut(&state.waiters, leaving: [])
            }
            for waiter in waiters { waiter.resume(returning: code) }
        }
    }

    deinit { if isRunning { Glibc.kill(-pid, SIGKILL) } }

    /// True until it has exited and was reaped.
    public var isRunning: Bool { state.value.withLock { $0.exitCode == nil } }

    /// Exit code, or 128 + signal; nil while it runs.
    public var exitCode: Int32? { state.value.withLock { $0.exitCode } }

    /// What it has written so far.
    public var output: String { readText(outputPath) ?? "" }

    /// Sends a signal to the process alone; nothing where it has exited.
    public func signal(_ number: Int32) { if isRunning { Glibc.kill(pid, number) } }

    /// Sends a signal to its whole group.
    public func signalGroup(_ number: Int32) { if isRunning { Glibc.kill(-pid, number) } }

    /// Stops it in its tracks (SIGSTOP), so that its connections stay open and nothing answers.
    public func pause() { signalGroup(SIGSTOP) }

    /// Lets it go on.
    public func resume() { signalGroup(SIGCONT) }

    /// Waits for its exit.
    /// - Returns: exit code, or 128 + signal.
    @discardableResult
    public func wait() async -> Int32 {
        await withCheckedContinuation { continuation in
            let code = state.value.withLock { state -> Int32? in
                if state.exitCode == nil { state.waiters.append(continuation) }
                return state.exitCode
            }
            if let code { continuation.resume(returning: code) }
        }
    }

    /// Waits for its exit, and kills its group where it has not come after `limit`.
    /// - Returns: exit code, or 128 + signal.
    @discardableResult
    public func wait(atMost limit: Duration) async -> Int32 {
        let killer = Task {
            try await Task.sleep(for: limit)
            signalGroup(SIGKILL)
        }
        defer { killer.cancel() }
        return await wait()
    }

    /// Kills its group and waits for it.
    public func kill() async {
        signalGroup(SIGKILL)
        await wait()
    }

    /// Sends TERM, waits, and kills what is left after `grace`.
    /// - Returns: exit code, or 128 + signal.
    @discardableResult
    public func terminate(grace: Duration = .seconds(10)) async -> Int32 {
        signal(SIGTERM)
        return await wait(atMost: grace)
    }
}

/// Returns the process id, or a negative errno.
private func spawn(_ argv: [String], _ environment: [String]?, _ output: String) -> Int32 {
    // The test process' own sockets and pipes are none of the child's business: one that it held would never be seen to close.
    for name in (try? Files.list("/proc/self/fd")) ?? [] {
        if let descriptor = Int32(name), descriptor > 2 { _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC) }
    }
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
    posix_spawn_file_actions_addopen(&actions, 1, output, O_WRONLY | O_CREAT | O_APPEND, 0o644)
    posix_spawn_file_actions_adddup2(&actions, 1, 2)
    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    var all = sigset_t()
    var none = sigset_t()
    sigfillset(&all)
    sigemptyset(&none)
    posix_spawnattr_setsigdefault(&attributes, &all)
    posix_spawnattr_setsigmask(&attributes, &none)
    posix_spawnattr_setpgroup(&attributes, 0)
    posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK))
    var words = argv.map { strdup($0) } + [nil]
    var variables = (environment ?? []).map { strdup($0) } + [nil]
    defer { for word in words + variables { free(word) } }
    var pid: pid_t = 0
    let code =
        environment == nil
        ? posix_spawnp(&pid, argv[0], &actions, &attributes, &words, environ)
        : posix_spawnp(&pid, argv[0], &actions, &attributes, &words, &variables)
    return code == 0 ? pid : -code
}
