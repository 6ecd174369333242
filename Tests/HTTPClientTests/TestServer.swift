import Glibc
import Synchronization
import Testing

/// A python3 server (`Fixtures/server.py`). It ends with its standard input, so it can't outlive the test.
final class TestServer: Sendable {
    let address: String
    private let pid: pid_t
    private let input: Int32
    var url: String { "http://127.0.0.1:\(address)" }

    init(_ arguments: [String] = ["plain"]) throws {
        let script =
            #filePath.split(separator: "/", omittingEmptySubsequences: false).dropLast().joined(separator: "/") + "/Fixtures/server.py"
        let child = try Self.spawn(["/usr/bin/python3", script] + arguments)
        pid = child.pid
        input = child.input
        var line: [UInt8] = []
        var byte: UInt8 = 0
        while read(child.output, &byte, 1) == 1, byte != 10 { line.append(byte) }
        close(child.output)
        address = String(decoding: line, as: UTF8.self)
        try #require(!address.isEmpty, "the test server did not start")
    }

    deinit {
        close(input)
        waitpid(pid, nil, 0)
    }

    /// Runs a program to its end and returns its status.
    @discardableResult static func run(_ argv: [String]) throws -> Int32 {
        let child = try spawn(argv, isQuiet: true)
        close(child.input)
        var buffer = [UInt8](repeating: 0, count: 4096)
        while read(child.output, &buffer, buffer.count) > 0 {}
        close(child.output)
        var status: Int32 = 0
        waitpid(child.pid, &status, 0)
        return (status >> 8) & 0xff
    }

    private static let spawning = Mutex(())

    private static func spawn(_ argv: [String], isQuiet: Bool = false) throws -> (pid: pid_t, input: Int32, output: Int32) {
        var input: [Int32] = [0, 0]
        var output: [Int32] = [0, 0]
        // Held until the child runs: a second child must not inherit the first one's pipes.
        return try spawning.withLock { _ in
            try #require(pipe(&input) == 0 && pipe(&output) == 0)
            for descriptor in input + output { _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC) }
            var actions = posix_spawn_file_actions_t()
            posix_spawn_file_actions_init(&actions)
            defer { posix_spawn_file_actions_destroy(&actions) }
            posix_spawn_file_actions_adddup2(&actions, input[0], 0)
            posix_spawn_file_actions_adddup2(&actions, output[1], 1)
            if isQuiet { posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0) }
            var words: [UnsafeMutablePointer<CChar>?] = argv.map { strdup($0) } + [nil]
            defer { for word in words { free(word) } }
            var pid: pid_t = 0
            let status = posix_spawnp(&pid, argv[0], &actions, nil, &words, environ)
            close(input[0])
            close(output[1])
            try #require(status == 0, "\(argv[0]) could not be started")
            return (pid, input[1], output[0])
        }
    }
}

/// A directory that is removed with its owner.
final class TemporaryDirectory: Sendable {
    let path: String
    init() throws {
        var template = Array("/tmp/http-client-XXXXXX".utf8CString)
        try #require(mkdtemp(&template) != nil)
        path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
    deinit { _ = try? TestServer.run(["rm", "-rf", path]) }
}
