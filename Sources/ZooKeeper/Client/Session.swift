import CZooKeeper
import ClusterCore
import Glibc
import Logging
import Synchronization

/// One handle of the C library: one ZooKeeper session. The library's threads call back into it until `close` has returned; the handle
/// keeps it alive until then.
final class Session: Sendable {
    /// What a one-shot watch waits for.
    enum WatchKind: Hashable, Sendable { case data, children, existence }
    struct WatchKey: Hashable, Sendable {
        let kind: WatchKind
        let path: String
    }

    /// The pointer is only used under the lock, so never after `close` has taken it.
    private struct Handle: @unchecked Sendable { var pointer: OpaquePointer? }
    private struct Watches {
        var isEnded = false
        var nextToken: UInt = 1
        var tokens: [WatchKey: UInt] = [:]
        var keys: [UInt: WatchKey] = [:]
        var waiters: [UInt: [Completion<Void>]] = [:]
    }

    /// The calls under way, kept alive by being here. The multi-threaded library drops those that it has not answered when it is closed
    /// (`process_async` in mt_adaptor.c), so they are ended from here.
    private let calls = Mutex<[ObjectIdentifier: any OutstandingCall]>([:])
    private let handle = Mutex(Handle(pointer: nil))
    private let watches = Mutex(Watches())
    /// Called on the library's completion thread.
    private let onState: @Sendable (Session, Int32) -> Void

    init(onState: @escaping @Sendable (Session, Int32) -> Void) { self.onState = onState }

    /// Starts the session; the library connects in the background.
    /// - Throws: `.badArguments` where no server's name can be resolved now.
    func open(
        servers: String, timeout: Duration, credentials: String?, identity: UnsafePointer<clientid_t>? = nil
    ) throws(ZooKeeperError) {
        let context = Unmanaged.passRetained(self)
        let code = handle.withLock { handle -> Int32 in
            let opened = zookeeper_init2(
                servers, sessionWatcher, Int32(clamping: timeout.milliseconds), identity, context.toOpaque(), ZOO_NO_LOG_CLIENTENV,
                logMessage)
            guard let opened else { return errno }
            handle.pointer = opened
            if let credentials {
                zoo_add_auth(opened, "digest", credentials, Int32(credentials.utf8.count), nil, nil)
            }
            return 0
        }
        guard code == 0 else {
            context.release()
            throw ZooKeeperError(.badArguments, "servers \(servers) (\(String(cString: strerror(code))))")
        }
    }

    /// Calls `body` with the handle.
    /// - Throws: `.invalidState` where the session is closed.
    func withHandle<R: Sendable>(_ body: (OpaquePointer) -> R) throws(ZooKeeperError) -> R {
        let result = handle.withLock { handle -> R? in
            guard let pointer = handle.pointer else { return nil }
            return body(pointer)
        }
        guard let result else { throw ZooKeeperError(.invalidState, "session") }
        return result
    }

    var id: Int64 { (try? withHandle { zoo_client_id($0)?.pointee.client_id ?? 0 }) ?? 0 }
    var grantedTimeout: Duration { .milliseconds((try? withHandle { zoo_recv_timeout($0) }) ?? 0) }

    /// Ends the session and waits for the library's threads: up to a few seconds, so it has a thread of its own.
    func close() async {
        let taken = handle.withLock { handle in
            let pointer = handle.pointer
            handle.pointer = nil
            return Handle(pointer: pointer)
        }
        guard taken.pointer != nil else { return endWatches() }
        await OwnThread.run("zookeeper-close") {
            if let pointer = taken.pointer { zookeeper_close(pointer) }
            Unmanaged.passUnretained(self).release()
        }
        endWatches()
        // The library's threads have ended: no answer comes any more.
        let left = calls.withLock { takeOut(&$0, leaving: [:]) }
        for call in left.values { call.abandon() }
    }

    /// Makes a call: `body` hands the address to the library, which gives it back to its callback once, or never.
    func send(
        _ call: some OutstandingCall, _ subject: String, _ body: (OpaquePointer, UnsafeRawPointer) -> Int32
    ) throws(ZooKeeperError) {
        calls.withLock { $0[ObjectIdentifier(call)] = call }
        let pointer = UnsafeRawPointer(Unmanaged.passUnretained(call).toOpaque())
        do throws(ZooKeeperError) {
            let code = try withHandle { body($0, pointer) }
            guard code == 0 else { throw ZooKeeperError(.init(rawValue: code), subject) }
        } catch {
            forget(call)
            throw error
        }
    }

    /// The library has answered a call, or has not taken it.
    func forget(_ call: some OutstandingCall) { _ = calls.withLock { $0.removeValue(forKey: ObjectIdentifier(call)) } }

    /// Takes this session up by a second handle and closes it there: to this handle it has expired. For tests of what follows then.
    func endFromElsewhere(servers: String) async throws(ZooKeeperError) {
        let identity = try withHandle { zoo_client_id($0)?.pointee }
        guard var identity else { throw ZooKeeperError(.invalidState, "session") }
        let connected = Completion<Void>("second handle")
        let second = Session { _, state in if state == ZOO_CONNECTED_STATE { connected.finish(.success(())) } }
        try second.open(servers: servers, timeout: grantedTimeout, credentials: nil, identity: &identity)
        try await connected.wait()
        await second.close()
    }

    // MARK: watches

    /// Registers a waiter for the next change; call it before the request that arms the watch.
    /// - Returns: the token to be given to the library, and what ends at the change or at the session's end.
    func watch(_ key: WatchKey) -> (token: UnsafeMutableRawPointer?, fired: Completion<Void>) {
        let fired = Completion<Void>(key.path)
        let token = watches.withLock { watches -> UInt? in
            guard !watches.isEnded else { return nil }
            // The library keeps equal (function, context) pairs once, so a path that is watched again and again costs one watch.
            let token = watches.tokens[key] ?? watches.nextToken
            if token == watches.nextToken { watches.nextToken += 1 }
            watches.tokens[key] = token
            watches.keys[token] = key
            watches.waiters[token, default: []].append(fired)
            return token
        }
        if token == nil { fired.finish(.success(())) }
        return (token.flatMap { UnsafeMutableRawPointer(bitPattern: $0) }, fired)
    }

    /// Nobody waits for this change any more.
    func forget(_ key: WatchKey, _ fired: Completion<Void>) {
        watches.withLock { watches in
            guard let token = watches.tokens[key] else { return }
            watches.waiters[token]?.removeAll { $0 === fired }
        }
    }

    /// A watch fired, or its session has ended.
    func fire(_ token: UInt) {
        let waiters = watches.withLock { watches -> [Completion<Void>] in
            if let key = watches.keys.removeValue(forKey: token) { watches.tokens[key] = nil }
            return watches.waiters.removeValue(forKey: token) ?? []
        }
        for waiter in waiters { waiter.finish(.success(())) }
    }

    /// Wakes everybody who waits for a change: what they saw belongs to a session that is over.
    func endWatches() {
        let waiters = watches.withLock { watches -> [Completion<Void>] in
            watches.isEnded = true
            defer {
                watches.waiters = [:]
                watches.tokens = [:]
                watches.keys = [:]
            }
            return watches.waiters.values.flatMap { $0 }
        }
        for waiter in waiters { waiter.finish(.success(())) }
    }

    fileprivate func stateChanged(_ state: Int32) { onState(self, state) }
}

/// The default watcher: session states only.
private func sessionWatcher(
    _ handle: OpaquePointer?, _ type: Int32, _ state: Int32, _ path: UnsafePointer<CChar>?, _ context: UnsafeMutableRawPointer?
) {
    guard type == ZOO_SESSION_EVENT, let context else { return }
    Unmanaged<Session>.fromOpaque(context).takeUnretainedValue().stateChanged(state)
}

/// The watcher of all one-shot watches; the context is the watch's token. The library calls it with session events too and keeps the
/// watch then.
func nodeWatcher(
    _ handle: OpaquePointer?, _ type: Int32, _ state: Int32, _ path: UnsafePointer<CChar>?, _ token: UnsafeMutableRawPointer?
) {
    guard type != ZOO_SESSION_EVENT, let token, let context = zoo_get_context(handle) else { return }
    Unmanaged<Session>.fromOpaque(context).takeUnretainedValue().fire(UInt(bitPattern: token))
}

private let libraryLogger = Logger(label: "zookeeper.library")

/// Keeps the library's messages off standard error. It has no context argument, so it logs by a logger of its own.
private func logMessage(_ message: UnsafePointer<CChar>?) {
    guard let message else { return }
    libraryLogger.debug("\(String(cString: message))")
}
