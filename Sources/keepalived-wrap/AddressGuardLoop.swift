import CLinux
import ClusterCore
import Entrypoint
import Glibc
import Logging

/// The thread of `AddressGuard`: sleeps until something happens, or until a lease is to be prolonged.
struct AddressGuardLoop {
    let sources: AddressSources
    let instances: [VRRPLayout.Instance]
    let interface: String
    let leftovers: Leftovers
    let lease: Duration
    let vrrpPIDFile: String
    var doubt: MasterDoubt
    let logger: Logger
    let host: AddressBook

    private let moving: Set<InternetAddress>
    private var held: Set<InternetAddress> = []
    /// Open while addresses are held, and only then: a backup would be woken by each advert of the master.
    private var listeners: [AdvertSocket] = []
    private var nextRenewal: ContinuousClock.Instant?
    /// True while the host does not tell its addresses: what was held still is, as far as anybody knows.
    private var isBlind = false

    init(
        sources: AddressSources, instances: [VRRPLayout.Instance], interface: String, leftovers: Leftovers, lease: Duration,
        vrrpPIDFile: String, doubt: MasterDoubt, logger: Logger, host: AddressBook = .system
    ) {
        self.sources = sources
        self.instances = instances
        self.interface = interface
        self.leftovers = leftovers
        self.lease = lease
        self.vrrpPIDFile = vrrpPIDFile
        self.doubt = doubt
        self.logger = logger
        self.host = host
        moving = Set(leftovers.virtualAddresses.map(\.address))
    }

    mutating func run(_ tell: (AddressGuard.Event) -> Void) {
        defer { for listener in listeners { close(listener.descriptor) } }
        look(tell)
        while true {
            var waited = ([sources.stop, sources.changes, sources.notices] + listeners.map(\.descriptor)).map {
                pollfd(fd: $0, events: Int16(POLLIN), revents: 0)
            }
            let limit = nextRenewal.map { max(0, ($0 - .now).milliseconds + 1) } ?? -1
            guard poll(&waited, nfds_t(waited.count), Int32(limit)) >= 0 || errno == EINTR else { return }
            if waited[0].revents != 0 { return }
            if waited[2].revents != 0 { for notice in readNotices() { tell(.notice(notice)) } }
            if waited[1].revents != 0, !drain().isEmpty { look(tell) }
            for listener in listeners { for advert in listener.adverts() { hear(advert, tell) } }
            if let due = nextRenewal, due <= .now { renew(tell) }
        }
    }

    // MARK: Addresses

    /// The virtual addresses that are here; those that share their network with an address that stays are marked `IFA_F_NOPREFIXROUTE`.
    ///
    /// A bounded IPv6 address would bound the route of its network too, which the other address needs for ever.
    /// - Returns: nil where the host does not tell; it is asked again soon then, a few times before the lease ends.
    private mutating func list() -> [clinux_address]? {
        do throws(ClusterError) {
            let all = try host.list().filter { LinkAddress($0).interface != "lo" }
            if isBlind { logger.info("this host's addresses can be listed again") }
            isBlind = false
            let own = all.map { LinkAddress($0) }.filter { !moving.contains($0.address) }
            return all.filter { moving.contains(LinkAddress($0).address) }.map { entry in
                var entry = entry
                let link = LinkAddress(entry)
                let hasNeighbour = own.contains {
                    $0.interface == link.interface && $0.prefixLength == link.prefixLength
                        && $0.address.sharesPrefix(of: link.prefixLength, with: link.address)
                }
                if hasNeighbour { entry.flags |= Self.noPrefixRoute }
                return entry
            }
        } catch {
            if !isBlind { logger.error("\(error); tried again until it goes") }
            isBlind = true
            nextRenewal = .now + (lease > .zero ? min(lease / 10, .seconds(1)) : .seconds(1))
            return nil
        }
    }

    /// `IFA_F_NOPREFIXROUTE` (linux/if_addr.h): the kernel leaves the network's route alone.
    private static let noPrefixRoute: UInt32 = 0x200

    private mutating func look(_ tell: (AddressGuard.Event) -> Void) {
        guard let listed = list() else { return }
        let now = Set(listed.map { LinkAddress($0).address })
        guard now != held else { return }
        let hasNew = !now.isSubset(of: held)
        held = now
        doubt.settled()
        listen()
        if held.isEmpty { nextRenewal = nil } else if hasNew, lease > .zero { nextRenewal = .now }
        tell(.held(now))
    }

    private mutating func listen() {
        if held.isEmpty {
            for listener in listeners { close(listener.descriptor) }
            listeners = []
        } else if listeners.isEmpty {
            do throws(ClusterError) {
                for instance in instances { listeners.append(try AdvertSocket(instance, on: interface)) }
            } catch {
                logger.error("\(error)")
            }
        }
    }

    /// Takes all changes of virtual addresses that have come.
    /// - Returns: each address, and whether it was removed.
    private func drain() -> [(address: clinux_address, isRemoved: Bool)] {
        var found: [(clinux_address, Bool)] = []
        while true {
            var address = clinux_address()
            switch clinux_next_address_change(sources.changes, &address) {
            case 1: if moving.contains(LinkAddress(address).address) { found.append((address, false)) }
            case 2: if moving.contains(LinkAddress(address).address) { found.append((address, true)) }
            case 0: return found
            default:
                // Changes were lost: whatever they were, the addresses are listed anew.
                return found + [(clinux_address(), false)]
            }
        }
    }

    private mutating func renew(_ tell: (AddressGuard.Event) -> Void) {
        nextRenewal = lease > .zero ? .now + lease / 2 : nil
        if !drain().isEmpty || isBlind { look(tell) }
        if isBlind { return }
        guard !held.isEmpty, lease > .zero else {
            nextRenewal = nil
            return
        }
        guard let listed = list() else { return }
        for address in listed {
            let problem = host.bound(address, UInt32(lease.milliseconds / 1000))
            if problem != 0, problem != ENODEV {
                logger.warning(
                    "can't bound the life of \(LinkAddress(address).address): \(String(cString: strerror(problem)))")
            }
        }
        // An address that keepalived removed between the list and the prolongation has been added again by it: that one goes.
        let changes = drain()
        for var change in changes where change.isRemoved { clinux_delete_address(&change.address) }
        if !changes.isEmpty { look(tell) }
    }

    // MARK: keepalived

    private func readNotices() -> [VRRPNotice] {
        var bytes = [UInt8](repeating: 0, count: 4096)
        let count = read(sources.notices, &bytes, bytes.count)
        guard count > 0 else { return [] }
        // A line is shorter than PIPE_BUF, so it comes in one piece (pipe(7)).
        return String(decoding: bytes[..<count], as: UTF8.self).split(separator: "\n").compactMap { VRRPNotice($0) }
    }

    private mutating func hear(_ advert: VRRPAdvert, _ tell: (AddressGuard.Event) -> Void) {
        guard !held.isEmpty else { return }
        let process = VRRPProcess(pidFile: vrrpPIDFile)
        guard let reason = doubt.hear(advert, isStopped: process?.canRun != true, at: .now) else { return }
        if let process { kill(process.pid, SIGKILL) }
        do throws(ClusterError) {
            try leftovers.remove(logger)
        } catch {
            logger.error("\(error)")
        }
        tell(.ended(reason))
        look(tell)
    }
}

/// keepalived's VRRP process.
struct VRRPProcess: Sendable, Hashable {
    let pid: Int32
    /// The letter of its state (proc(5), /proc/pid/stat); nil where it has gone.
    let state: Character?

    /// Nil where there is no pid file.
    init?(pidFile: String) {
        guard let text = try? Files.text(pidFile, limit: 64), let pid = Int32(text.prefix { $0.isNumber }), pid > 1 else { return nil }
        self.pid = pid
        // `pid (name) state …`; the name may hold anything.
        let stat = (try? Files.text("/proc/\(pid)/stat", limit: 4096)) ?? ""
        state = stat.lastIndex(of: ")").flatMap { stat[$0...].dropFirst(2).first }
    }

    /// False where it has ended, or is stopped by a signal or a debugger.
    var canRun: Bool { state.map { !"TtZXx".contains($0) } ?? false }
}
