import Checks
import ClusterCore
import Entrypoint
import Glibc
import Logging
import Synchronization

/// Knows at each moment which of the virtual addresses this node holds (by netlink) and what keepalived says of itself (by its
/// notification pipe), and sees to it that no address stays here that is another's now.
///
/// - Each address is lent, not given: the kernel removes it by itself unless this process prolongs it. So it leaves a node where
///   everything was killed or stopped, and nobody is there to remove it.
/// - While the node holds addresses, adverts of others are heard: `MasterDoubt`.
final class AddressGuard: Sendable {
    let virtualAddresses: [VirtualAddress]
    private let layout: VRRPLayout
    /// 0 for no bound.
    let lease: Duration
    let notices: String
    let leftovers: Leftovers
    let vrrpPIDFile: String
    private let doubt: MasterDoubt

    enum Event: Sendable, Hashable {
        case held(Set<InternetAddress>)
        case notice(VRRPNotice)
        /// keepalived was killed, for this reason.
        case ended(String)
    }

    private struct State {
        var held: Set<InternetAddress> = []
        var instances: [String: String] = [:]
        var waiting: [AsyncStream<Void>.Continuation] = []
        var listener: AsyncStream<Bool>.Continuation?
        var wake: Int32 = -1
    }
    private let state = Mutex(State())

    init(_ layout: VRRPLayout, routerID: Int, lease: Duration, notices: String, leftovers: Leftovers, vrrpPIDFile: String) {
        virtualAddresses = leftovers.virtualAddresses
        self.layout = layout
        self.lease = lease
        self.notices = notices
        self.leftovers = leftovers
        self.vrrpPIDFile = vrrpPIDFile
        doubt = MasterDoubt(routerID: routerID, priority: layout.priority)
    }

    // MARK: What is known

    /// True where all virtual addresses are here.
    var isHolder: Bool { state.withLock { isAll($0.held) } }
    /// What keepalived said last of each instance.
    var instances: [String: String] { state.withLock { $0.instances } }

    private func isAll(_ held: Set<InternetAddress>) -> Bool { virtualAddresses.allSatisfy { held.contains($0.address) } }

    /// Whether this node is the holder, from now on; one listener at a time.
    func holderChanges() -> AsyncStream<Bool> {
        let (stream, continuation) = AsyncStream.makeStream(of: Bool.self, bufferingPolicy: .bufferingNewest(1))
        state.withLock { state in
            state.listener = continuation
            continuation.yield(isAll(state.held))
        }
        return stream
    }

    /// Returns when none of the addresses is here, or after the limit.
    func released(within limit: Duration) async {
        let (stream, continuation) = AsyncStream.makeStream(of: Void.self)
        let isReleased = state.withLock { state in
            if !state.held.isEmpty { state.waiting.append(continuation) }
            return state.held.isEmpty
        }
        if isReleased { return }
        let timer = Task {
            try? await Task.sleep(for: limit)
            continuation.finish()
        }
        for await _ in stream {}
        timer.cancel()
    }

    // MARK: Running

    /// Makes the pipe before keepalived does: one that keepalived makes goes with it.
    var makePipe: PlanAction {
        PlanAction("make the pipe \(notices) for keepalived's notifications") { [notices] _ throws(ClusterError) in
            if let slash = notices.lastIndex(of: "/") { try Files.makeDirectory(String(notices[..<slash])) }
            try Files.remove(notices)
            guard mkfifo(notices, 0o600) == 0 else {
                throw ClusterError(.io, "can't make the pipe \(notices): \(String(cString: strerror(errno)))")
            }
        }
    }

    /// Watches until the task is cancelled.
    func run(_ context: CompanionContext) async throws {
        let sources = try AddressSources(notices: notices)
        let (events, continuation) = AsyncStream.makeStream(of: Event.self)
        state.withLock { $0.wake = sources.wake }
        let started = OwnThread.start("addresses") { [self] in
            var loop = AddressGuardLoop(
                sources: sources, instances: layout.instances, interface: layout.interface, leftovers: leftovers, lease: lease,
                vrrpPIDFile: vrrpPIDFile, doubt: doubt, logger: context.logger)
            loop.run { self.take($0, continuation) }
            state.withLock { $0.wake = -1 }
            sources.close()
            continuation.finish()
        }
        guard started else { throw ClusterError(.io, "the thread that watches the addresses could not be started") }
        await withTaskCancellationHandler {
            for await event in events { await handle(event, context) }
        } onCancel: {
            state.withLock { if $0.wake >= 0 { AddressSources.ring($0.wake) } }
        }
        guard Task.isCancelled else { throw ClusterError(.io, "the addresses can't be watched any more") }
    }

    /// On the thread: what others may wait for is known before it is told.
    private func take(_ event: Event, _ continuation: AsyncStream<Event>.Continuation) {
        switch event {
        case .held(let held):
            let waiting = state.withLock { state in
                state.held = held
                state.listener?.yield(isAll(held))
                return held.isEmpty ? takeOut(&state.waiting, leaving: []) : []
            }
            for waiter in waiting { waiter.finish() }
        case .notice(let notice): state.withLock { if !notice.isGroup { $0.instances[notice.name] = notice.state } }
        case .ended: break
        }
        continuation.yield(event)
    }

    private func handle(_ event: Event, _ context: CompanionContext) async {
        switch event {
        case .held(let held):
            await context.metrics.set(
                "keepalived_virtual_addresses_held", help: "How many of the virtual addresses this node has.", to: Double(held.count))
            let names = held.map(\.description).sorted().joined(separator: ", ")
            context.logger.info(held.isEmpty ? "holds no virtual address" : "holds \(names)")
        case .notice(let notice) where notice.isGroup: break
        case .notice(let notice):
            context.logger.info("keepalived's instance \(notice.name) is \(notice.state)")
            let labels = ["instance": notice.name, "state": notice.state.lowercased()]
            await context.metrics.increment(
                "keepalived_transitions_total", help: "How often an instance has entered a state.", labels: labels)
            let samples = instances.map { (["instance": $0.key, "state": $0.value.lowercased()], 1.0) }
            await context.metrics.replace(
                "keepalived_instance_state", help: "1 for the state that an instance is in.",
                samples: Dictionary(samples) { first, _ in first })
        case .ended(let reason):
            context.logger.error("ended keepalived and removed the virtual addresses: \(reason)")
            await context.metrics.increment("keepalived_ended_total", help: "How often a keepalived that did not do its duty was ended.")
            _ = await context.signalChild(SIGKILL)
        }
    }
}
