import CCurl
import ClusterCore
import Glibc
import Synchronization

/// The thread that owns libcurl's multi handle. Other threads reach it by commands only.
final class CurlEngine: Sendable {
    private enum Command: Sendable {
        case start(CurlTransfer)
        case cancel(CurlTransfer)
        case resume(CurlTransfer)
    }

    // The handle is used by the engine's thread alone, except for curl_multi_wakeup, which is made for other threads.
    private struct Multi: @unchecked Sendable { let handle: UnsafeMutableRawPointer }

    private struct Inbox {
        var commands: [Command] = []
        var multi: Multi?
        var isClosed = false
    }

    private static let globalInit: CURLcode = ccurl_global_init()
    private let idleConnections: Int
    private let inbox = Mutex(Inbox())

    init(idleConnections: Int) { self.idleConnections = idleConnections }

    func start(_ transfer: CurlTransfer) {
        let refusal: HTTPClientError? = inbox.withLock { inbox in
            guard !inbox.isClosed else { return transfer.error(.aborted, "the client was closed") }
            if inbox.multi == nil {
                guard let multi = launch() else { return transfer.error(.other, "the HTTP client's thread could not be started") }
                inbox.multi = multi
            }
            post(.start(transfer), to: &inbox)
            return nil
        }
        if let refusal { transfer.sink.finished(refusal) }
    }

    /// Ends a transfer, wherever it stands; nothing happens where it has ended.
    func cancel(_ transfer: CurlTransfer) {
        transfer.isCancelled.store(true, ordering: .releasing)
        inbox.withLock { post(.cancel(transfer), to: &$0) }
    }

    /// Reads the socket again, after the sink said `later`.
    func resume(_ transfer: CurlTransfer) { inbox.withLock { post(.resume(transfer), to: &$0) } }

    /// Ends all transfers and the thread.
    func shutDown() {
        inbox.withLock { inbox in
            inbox.isClosed = true
            if let multi = inbox.multi { curl_multi_wakeup(multi.handle) }
        }
    }

    private func post(_ command: Command, to inbox: inout Inbox) {
        guard let multi = inbox.multi else { return }
        inbox.commands.append(command)
        curl_multi_wakeup(multi.handle)
    }

    // MARK: - The thread

    private func launch() -> Multi? {
        guard Self.globalInit == CURLE_OK, let handle = curl_multi_init() else { return nil }
        ccurl_multi_set_long(handle, CURLMOPT_MAXCONNECTS, idleConnections)
        let multi = Multi(handle: handle)
        guard OwnThread.start("http-client", { [self] in run(multi) }) else {
            curl_multi_cleanup(handle)
            return nil
        }
        return multi
    }

    private func run(_ multi: Multi) {
        var active: [ObjectIdentifier: CurlTransfer] = [:]
        while let commands = takeCommands() {
            for command in commands { carryOut(command, multi, &active) }
            var running: Int32 = 0
            curl_multi_perform(multi.handle, &running)
            finishCompleted(multi, &active)
            finishSilent(multi, &active)
            curl_multi_poll(multi.handle, nil, 0, sleepTime(active), nil)
        }
        for transfer in active.values { finish(transfer, transfer.error(.aborted, "the client was closed"), multi, &active) }
        let late = inbox.withLock { inbox in
            curl_multi_cleanup(multi.handle)
            inbox.multi = nil
            return inbox.commands
        }
        for case .start(let transfer) in late { transfer.sink.finished(transfer.error(.aborted, "the client was closed")) }
    }

    /// nil once the client is closed.
    private func takeCommands() -> [Command]? {
        inbox.withLock { inbox in
            guard !inbox.isClosed else { return nil }
            return takeOut(&inbox.commands, leaving: [])
        }
    }

    private func carryOut(_ command: Command, _ multi: Multi, _ active: inout [ObjectIdentifier: CurlTransfer]) {
        switch command {
        case .start(let transfer):
            guard !transfer.isCancelled.load(ordering: .acquiring) else {
                return transfer.sink.finished(transfer.error(.aborted, "the request was cancelled"))
            }
            do throws(HTTPClientError) {
                let easy = try transfer.open()
                guard curl_multi_add_handle(multi.handle, easy) == CURLM_OK else {
                    transfer.close()
                    throw transfer.error(.other, "libcurl takes no more transfers")
                }
                active[ObjectIdentifier(transfer)] = transfer
            } catch {
                transfer.sink.finished(error)
            }
        case .cancel(let transfer):
            guard active[ObjectIdentifier(transfer)] != nil else { return }
            finish(transfer, transfer.error(.aborted, "the request was cancelled"), multi, &active)
        case .resume(let transfer):
            guard active[ObjectIdentifier(transfer)] != nil, let easy = transfer.easy else { return }
            transfer.isPaused = false
            transfer.touch()
            curl_easy_pause(easy, CURLPAUSE_CONT)
        }
    }

    private func finishCompleted(_ multi: Multi, _ active: inout [ObjectIdentifier: CurlTransfer]) {
        var left: Int32 = 0
        while let message = curl_multi_info_read(multi.handle, &left) {
            guard message.pointee.msg == CURLMSG_DONE, let easy = message.pointee.easy_handle else { continue }
            let result = ccurl_message_result(message)
            guard let transfer = active.values.first(where: { $0.easy == easy }) else { continue }
            finish(transfer, transfer.conclude(result), multi, &active)
        }
    }

    private func finishSilent(_ multi: Multi, _ active: inout [ObjectIdentifier: CurlTransfer]) {
        let now = ContinuousClock.now
        for transfer in active.values {
            guard let deadline = transfer.idleDeadline, deadline <= now else { continue }
            finish(transfer, transfer.error(.timeout, "nothing was received for too long"), multi, &active)
        }
    }

    private func finish(
        _ transfer: CurlTransfer, _ error: HTTPClientError?, _ multi: Multi, _ active: inout [ObjectIdentifier: CurlTransfer]
    ) {
        active[ObjectIdentifier(transfer)] = nil
        if let easy = transfer.easy { curl_multi_remove_handle(multi.handle, easy) }
        transfer.close()
        transfer.sink.finished(error)
    }

    /// Milliseconds until something has to be looked at without an event; libcurl shortens it by its own timers.
    private func sleepTime(_ active: [ObjectIdentifier: CurlTransfer]) -> Int32 {
        guard let first = active.values.compactMap(\.idleDeadline).min() else { return .max }
        let left = first - ContinuousClock.now
        guard left > .zero else { return 0 }
        let milliseconds = left.components.seconds * 1000 + left.components.attoseconds / 1_000_000_000_000_000 + 1
        return Int32(clamping: milliseconds)
    }
}
