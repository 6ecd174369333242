import CLinux
import ClusterCore
import ClusterTestKit
import Entrypoint
import Glibc
import Logging
import Synchronization
import Testing

@testable import keepalived_wrap

/// The guard's thread with a host that does not always tell its addresses.
@Suite(.timeLimit(.minutes(1)))
struct GuardLoopTests {
    /// One virtual address that is always there; the second listing and the next three fail.
    private final class Host: Sendable {
        struct State {
            var lists = 0
            var bounds: [UInt32] = []
        }
        let state = Mutex(State())

        var book: AddressBook {
            AddressBook(
                list: { [self] () throws(ClusterError) in
                    let count = state.withLock { state in
                        state.lists += 1
                        return state.lists
                    }
                    if (2...5).contains(count) { throw ClusterError(.io, "no buffer space") }
                    var address = clinux_address()
                    (address.family, address.prefix_length) = (UInt8(AF_INET), 24)
                    (address.bytes.0, address.bytes.1, address.bytes.2, address.bytes.3) = (198, 18, 7, 100)
                    return [address]
                },
                bound: { [self] _, seconds in
                    state.withLock { $0.bounds.append(seconds) }
                    return 0
                })
        }
    }

    @Test func aListingThatFailsLosesNoLease() async throws {
        let directory = try TemporaryDirectory("guard")
        try #require(mkfifo(directory.file("notices"), 0o600) == 0)
        let sources = try AddressSources(notices: directory.file("notices"))
        let virtual = try #require(VirtualAddress("198.18.7.100/24"))
        let host = Host()
        let (events, continuation) = AsyncStream.makeStream(of: AddressGuard.Event.self)
        let book = host.book
        let started = OwnThread.start("guard-test") {
            var loop = AddressGuardLoop(
                sources: sources, instances: [], interface: "lo",
                leftovers: Leftovers(virtualAddresses: [virtual], pidFiles: [], configuration: directory.file("none")),
                lease: .seconds(1), vrrpPIDFile: directory.file("none"), doubt: MasterDoubt(routerID: 51, priority: 200),
                logger: Logger(label: "test"), host: book)
            loop.run { continuation.yield($0) }
            sources.close()
            continuation.finish()
        }
        try #require(started)
        try await eventually("the lease is prolonged after the failures") { host.state.withLock { $0.bounds.count } >= 3 }
        AddressSources.ring(sources.wake)
        var seen: [AddressGuard.Event] = []
        for await event in events { seen.append(event) }
        #expect(seen == [.held([virtual.address])])
        #expect(host.state.withLock { $0.bounds.allSatisfy { $0 == 1 } && $0.lists > 5 })
    }
}
