import ClusterCore
import ClusterTestKit
import Glibc
import Supervision
import Testing

@Suite struct SpawnTests {
    let reaper = ProcessReaper.shared

    func shell(_ text: String) -> ProcessSpec { ProcessSpec(["/bin/sh", "-c", text]) }

    @Test func keepsAllExitCodes() async throws {
        for code in Int32(0)...255 {
            let child = try await reaper.spawn(shell("exit \(code)"))
            let end = await child.wait()
            #expect(end == .exited(code))
            #expect(end.exitCode == code)
        }
    }

    @Test func tellsEndingSignals() async throws {
        for number in [SIGHUP, SIGINT, SIGQUIT, SIGABRT, SIGKILL, SIGUSR1, SIGSEGV, SIGUSR2, SIGPIPE, SIGALRM, SIGTERM, 42] {
            let child = try await reaper.spawn(ProcessSpec(["/bin/sleep", "1000"]))
            #expect(child.signal(number))
            let end = await child.wait()
            #expect(end == .signalled(number))
            #expect(end.exitCode == 128 + number)
            #expect(!child.signal(SIGTERM), "a process that has ended is not signalled")
        }
    }

    @Test func losesNoneOfTenThousandThatExitAtOnce() async throws {
        let total = 10_000
        let ended = try await withThrowingTaskGroup(of: Int.self) { group in
            for lane in 0..<50 {
                group.addTask {
                    var right = 0
                    for number in 0..<total / 50 {
                        let code = Int32((lane + number) % 256)
                        var spec = ProcessSpec(["/bin/sh", "-c", "exit \(code)"], environment: [:])
                        spec.input = .null
                        if await (try reaper.spawn(spec)).wait() == .exited(code) { right += 1 }
                    }
                    return right
                }
            }
            return try await group.reduce(0, +)
        }
        #expect(ended == total)
        let zombies = ProcessTable().entries.filter { $0.parent == getpid() && $0.state == "Z" && reaper.children[$0.pid] != nil }
        #expect(zombies.isEmpty)
    }

    @Test func childrenStartWithACleanSlate() async throws {
        // A descriptor that is not close-on-exec, as a careless library leaves one.
        let stray = open("/dev/null", O_RDONLY)
        defer { close(stray) }
        let script = """
            import os
            status = dict(line.split(":\\t", 1) for line in open("/proc/self/status") if ":\\t" in line)
            print(int(status["SigBlk"], 16), int(status["SigIgn"], 16) & ~(1 << 12 | 1 << 24 | 3 << 31), os.getpgid(0) == os.getpid())
            print(sorted(int(name) for name in os.listdir("/proc/self/fd"))[:3], len(os.listdir("/proc/self/fd")))
            """
        let result = try await Command(["/usr/bin/python3", "-c", script]).run()
        // Python itself ignores SIGPIPE (13) and SIGXFSZ (25); 32 and 33 are the C library's own, which nobody may set; the fourth descriptor is the listed directory.
        #expect(result.outputText == "0 0 True\n[0, 1, 2] 4\n")
    }

    @Test func redirectsStreams() async throws {
        let directory = try TemporaryDirectory()
        var spec = ProcessSpec(["/bin/sh", "-c", "cat; echo problem >&2; pwd"], workingDirectory: directory.path)
        spec.input = .read(try directory.write("in", "input\n"))
        spec.output = .append(directory.file("out"))
        spec.error = .append(directory.file("err"))
        for _ in 0..<2 { #expect(await (try reaper.spawn(spec)).wait().isSuccess) }
        let once = "input\n\(directory.path)\n"
        #expect(directory.read("out") == once + once)
        #expect(directory.read("err") == "problem\nproblem\n")
    }

    @Test func saysWhyNothingIsStarted() async throws {
        let missing = await #expect(throws: ClusterError.self) { try await reaper.spawn(ProcessSpec(["no-such-program"])) }
        #expect(missing?.code == .notFound)
        #expect(missing?.message.contains("no-such-program") == true)
        var elsewhere = ProcessSpec(["/bin/true"], workingDirectory: "/no/such/directory")
        elsewhere.input = .null
        let directory = await #expect(throws: ClusterError.self) { try await reaper.spawn(elsewhere) }
        #expect(directory?.message.contains("/no/such/directory") == true)
        #expect(ProcessTable().entries.filter { $0.parent == getpid() && $0.state == "Z" && reaper.children[$0.pid] != nil }.isEmpty)
        let format = try TemporaryDirectory()
        let text = try format.write("not-a-program", "\u{1}\u{2}", mode: 0o755)
        await #expect(throws: ClusterError.self) { try await reaper.spawn(ProcessSpec([text])) }
    }

    @Test func waitsWithALimitAndWithCancellation() async throws {
        let child = try await reaper.spawn(ProcessSpec(["/bin/sleep", "1000"]))
        #expect(await child.wait(atMost: .milliseconds(20)) == nil)
        let waiter = Task { await child.waitUnlessCancelled() }
        waiter.cancel()
        #expect(await waiter.value == nil)
        child.signal(SIGKILL)
        #expect(await child.wait(atMost: .seconds(60)) == .signalled(SIGKILL))
        #expect(child.termination == .signalled(SIGKILL))
    }

    @Test(.enabled(if: getuid() == 0)) func becomesAnotherUser() async throws {
        var command = Command(["/usr/bin/id"])
        command.spec.identity = .init(uid: 65534, gid: 65534, groups: [100])
        let text = try await command.run().outputText
        #expect(text.contains("uid=65534") && text.contains("gid=65534") && text.contains("100(users)"))
        #expect(getuid() == 0)
    }

    @Test func readsProcessesWithOddNames() async throws {
        let directory = try TemporaryDirectory()
        let program = directory.file("a) S 1 (b")
        try Files.write(program, try Files.read("/bin/sleep"), mode: 0o755)
        let child = try await reaper.spawn(ProcessSpec([program, "1000"]))
        let entry = ProcessTable().entries.first { $0.pid == child.pid }
        #expect(entry?.parent == getpid())
        #expect(entry?.group == child.pid)
        await child.stop()
    }
}
