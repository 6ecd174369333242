import ClusterCore
import ClusterTestKit
import Glibc
import JSON
import Supervision
import Testing

/// As process 1, on a read-only root, and as any user: in namespaces that the test makes.
@Suite(.enabled(if: getuid() == 0)) struct ContainerTests {
    /// Process 1 of its own pid namespace; killed with all in it when unshare is.
    let asProcess1 = ["/usr/bin/unshare", "--pid", "--fork", "--mount-proc", "--kill-child"]

    @Test func worksAsProcess1() async throws {
        let directory = try TemporaryDirectory("pid1")
        // An orphan that ends at once, and one that lives on; the child exits with a code of its own on TERM.
        let command = """
            sh -c 'sh -c "exit 0" & sh -c "echo ours; sleep 1000" &'
            trap 'exit 33' TERM
            echo pid $$ parent $PPID
            while :; do sleep 0.01; done
            """
        let fixture = try await Fixture(["FIXTURE_COMMAND": command], wrapper: asProcess1, directory: directory)
        try await fixture.waitForLog(" parent 1\n")
        try await eventually("the orphan's end") {
            let text = try fixture.ask("/metrics").json.string ?? ""
            let name = "entrypoint_orphans_reaped{component=\"fixture\"} "
            return text.contains(name) && !text.contains(name + "0.0\n")
        }
        // unshare passes no signal on: process 1 gets it from outside.
        let inner = try #require(ProcessTable().entries.first { $0.parent == fixture.child.pid }?.pid)
        kill(inner, SIGTERM)
        #expect(try await fixture.exitCode() == 33, "\(fixture.log)")
    }

    @Test func process1EndsAWaitOnTheSignal() async throws {
        let fixture = try await Fixture(["FIXTURE_AWAITED": "/no/such/file"], wrapper: asProcess1)
        try await fixture.waitForLog("waiting for file")
        let inner = try #require(ProcessTable().entries.first { $0.parent == fixture.child.pid }?.pid)
        kill(inner, SIGTERM)
        #expect(try await fixture.exitCode() == 128 + SIGTERM)
    }

    @Test func worksOnAReadOnlyRoot() async throws {
        let directory = try TemporaryDirectory("read-only")
        // The test's directory stays writable, as a volume would.
        let wrapper = ["/usr/bin/unshare", "--mount", "/bin/sh", "-c", Self.readOnly, directory.path]
        let fixture = try await Fixture(
            ["FIXTURE_COMMAND": "touch /etc/x 2>/dev/null && exit 1; exec sleep 1000", "FIXTURE_FILE": directory.file("conf")],
            wrapper: wrapper, directory: directory)
        try await eventually("ready") { try fixture.ask("/ready").status == 200 }
        #expect(directory.read("conf") == "content\n")
        fixture.child.signal(SIGTERM)
        #expect(try await fixture.exitCode() == 128 + SIGTERM)
    }

    private static let readOnly = "mount --bind \"$0\" \"$0\" && mount -o remount,bind,ro / && exec \"$@\""

    @Test func worksAsAnyUser() async throws {
        let directory = try TemporaryDirectory("user")
        chown(directory.path, 54321, 54321)
        try directory.write("log", "", mode: 0o666)
        let wrapper = ["/usr/bin/setpriv", "--reuid=54321", "--regid=54321", "--clear-groups", "--no-new-privs", "--"]
        let fixture = try await Fixture(
            ["FIXTURE_COMMAND": "id -u; exec sleep 1000", "FIXTURE_FILE": directory.file("conf")], wrapper: wrapper, directory: directory)
        try await fixture.waitForLog("\n54321\n")
        try await eventually("ready") { try fixture.ask("/ready").status == 200 }
        fixture.child.signal(SIGTERM)
        #expect(try await fixture.exitCode() == 128 + SIGTERM)
    }

    @Test func tellsTheExitActionsOfWhatItMayNotEnd() async throws {
        let directory = try TemporaryDirectory("not-ours")
        chown(directory.path, 54321, 54321)
        try directory.write("log", "", mode: 0o666)
        // A program that becomes root, which the entrypoint, an ordinary user here, may not signal.
        let becomeRoot = directory.file("become-root")
        try Files.write(becomeRoot, try Files.read("/usr/bin/setpriv"), mode: 0o755)
        chmod(becomeRoot, 0o4755)
        let asRoot = "setsid \(becomeRoot) --reuid=0 --regid=0 --clear-groups"
        let leftover = "\(asRoot) sh -c 'echo $$ > \(directory.file("pid")); exec sleep 1000' &"
        let fixture = try await Fixture(
            [
                "FIXTURE_COMMAND": "\(leftover) while ! [ -s \(directory.file("pid")) ]; do sleep 0.01; done; exit 9", "RESTART": "never",
                "FIXTURE_MARKS": directory.file("marks"),
            ], wrapper: ["/usr/bin/setpriv", "--reuid=54321", "--regid=54321", "--clear-groups", "--"], directory: directory)
        let pid = Int32(try await fixture.waitForFile("pid").dropLast()) ?? 0
        defer { kill(pid, SIGKILL) }
        #expect(try await fixture.exitCode() == 9, "\(fixture.log)")
        #expect(fixture.log.contains("processes that the child left behind can't be ended"))
        #expect(directory.read("marks") == "before\nexit 9 stopping=false left=1 unended=\(pid)\nafter\n")
    }
}
