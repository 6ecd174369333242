import CLinux
import ClusterCore
import Glibc

extension ProcessSpec {
    /// Starts the process; called by the reaper's thread, whose life bounds that of a process with `diesWithParent`.
    func spawn() -> Result<Int32, ClusterError> {
        guard let name = argv.first, !name.isEmpty else { return .failure(ClusterError(.software, "no program to start was named")) }
        guard let path = Executable.find(name, path: environment["PATH"]) else {
            return .failure(
                ClusterError(.notFound, "there is no program \(name) that this user may execute: install it, or correct its path"))
        }
        var opened: [Int32] = []
        defer { for descriptor in opened { close(descriptor) } }
        var descriptors: [Int32] = []
        for (target, stream) in [input, output, error].enumerated() {
            switch stream.open(for: Int32(target)) {
            case .success(let descriptor):
                descriptors.append(descriptor)
                if descriptor > 2 { opened.append(descriptor) }
            case .failure(let problem): return .failure(problem)
            }
        }
        return spawn(path, descriptors)
    }

    private func spawn(_ path: String, _ descriptors: [Int32]) -> Result<Int32, ClusterError> {
        var pid: pid_t = 0
        var step: Int32 = 0
        let groups = identity?.groups ?? []
        let variables = environment.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
        let code = withCStrings(argv) { argv in
            withCStrings(variables) { environment in
                path.withCString { path in
                    withOptionalCString(workingDirectory) { directory in
                        groups.withUnsafeBufferPointer { groups in
                            var what = clinux_spawn(
                                path: path, argv: argv, envp: environment, directory: directory,
                                descriptors: (descriptors[0], descriptors[1], descriptors[2]), group: group.number,
                                death_signal: diesWithParent ? SIGKILL : 0, has_identity: identity == nil ? 0 : 1,
                                uid: identity?.uid ?? 0, gid: identity?.gid ?? 0, groups: groups.baseAddress,
                                group_count: Int32(groups.count))
                            return clinux_spawn(&what, &pid, &step)
                        }
                    }
                }
            }
        }
        guard code == 0 else { return .failure(failure(path, code, step)) }
        return .success(pid)
    }

    private func failure(_ path: String, _ code: Int32, _ step: Int32) -> ClusterError {
        let reason = String(cString: strerror(code))
        switch clinux_spawn_step(rawValue: UInt32(step)) {
        case CLINUX_SPAWN_DIRECTORY:
            return ClusterError(.io, "can't start \(path) in directory \(workingDirectory ?? "."): \(reason)")
        case CLINUX_SPAWN_IDENTITY:
            return ClusterError(.io, "can't start \(path) as user \(identity?.uid ?? getuid()): \(reason); only root may")
        default:
            return ClusterError(code == ENOENT ? .notFound : .io, "can't start \(path): \(reason)")
        }
    }
}

extension ProcessSpec.Group {
    fileprivate var number: Int32 {
        switch self {
        case .inherited: 0
        case .own: 1
        case .ownSession: 2
        }
    }
}

extension ProcessSpec.Stream {
    /// A descriptor for the new process: the target's number itself, or a new one above 2 that the caller closes.
    fileprivate func open(for target: Int32) -> Result<Int32, ClusterError> {
        switch self {
        case .inherit: .success(target)
        case .null: opened("/dev/null", target == 0 ? O_RDONLY : O_WRONLY)
        case .append(let path): opened(path, O_WRONLY | O_APPEND | O_CREAT)
        case .read(let path): opened(path, O_RDONLY)
        case .descriptor(let descriptor): duplicated(descriptor, "descriptor \(descriptor)")
        }
    }

    private func opened(_ path: String, _ flags: Int32) -> Result<Int32, ClusterError> {
        let descriptor = Glibc.open(path, flags | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { return .failure(ClusterError(.io, "can't open \(path): \(String(cString: strerror(errno)))")) }
        guard descriptor <= 2 else { return .success(descriptor) }
        defer { close(descriptor) }
        return duplicated(descriptor, path)
    }

    private func duplicated(_ descriptor: Int32, _ name: String) -> Result<Int32, ClusterError> {
        let copy = fcntl(descriptor, F_DUPFD_CLOEXEC, 3)
        guard copy >= 0 else { return .failure(ClusterError(.io, "can't use \(name): \(String(cString: strerror(errno)))")) }
        return .success(copy)
    }
}

private func withOptionalCString<Result>(_ text: String?, _ body: (UnsafePointer<CChar>?) -> Result) -> Result {
    guard let text else { return body(nil) }
    return text.withCString { body($0) }
}

/// Calls with a NULL-terminated vector of C strings.
private func withCStrings<Result>(_ texts: [String], _ body: (UnsafePointer<UnsafeMutablePointer<CChar>?>) -> Result) -> Result {
    var pointers = texts.map { strdup($0) }
    pointers.append(nil)
    defer { for pointer in pointers { free(pointer) } }
    return pointers.withUnsafeBufferPointer { buffer in
        guard let base = buffer.baseAddress else { preconditionFailure("a vector with its terminator is empty") }
        return body(base)
    }
}
