import ClusterCore
import Consul
import Entrypoint
import HTTPClient
import JSON
import Logging

/// Consul's entry that names the load balancer which holds the virtual addresses. The new holder overwrites it; the old one removes it
/// only where it still names itself.
struct HolderEntry: Sendable {
    let client: ConsulClient
    let key: String
    let node: String
    let address: InternetAddress?
    let virtualAddresses: [VirtualAddress]

    var document: JSON {
        .members([
            "node": .string(node), "address": address.map { .string($0.description) },
            "virtual_addresses": .array(virtualAddresses.map { .string($0.description) }),
        ])
    }

    /// How often the holder looks whether the entry is still its own: somebody may have removed it, or Consul has been set up anew.
    static let recheck = Duration.seconds(10)

    /// - Returns: whether the entry had to be written.
    @discardableResult
    func publish(isHolder: Bool) async throws(ClusterError) -> Bool {
        if isHolder {
            let (entry, own) = (try await client.value(of: key), document.bytes())
            if let entry, entry.value == own { return false }
            // Only over what was seen: somebody else may write at the same time.
            guard try await client.setValue(own, of: key, expecting: entry?.modifyIndex ?? 0) else {
                throw ClusterError(.conflict, "it was changed at the same time")
            }
            return true
        } else if let entry = try await client.value(of: key), (try? JSON(parsing: entry.value))?["node"]?.string == node {
            // A holder that has come meanwhile has changed the index.
            try await client.removeValue(of: key, expecting: entry.modifyIndex)
        }
        return false
    }

    /// Follows the guard until the task is cancelled.
    func run(_ guardian: AddressGuard, _ logger: Logger) async {
        // Each change of the holder, and each tick.
        let (wakes, continuation) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        await withTaskGroup { group in
            group.addTask {
                for await _ in guardian.holderChanges() { continuation.yield() }
                continuation.finish()
            }
            group.addTask {
                while !Task.isCancelled {
                    try? await Task.sleep(for: Self.recheck)
                    continuation.yield()
                }
            }
            var told: Bool?
            for await _ in wakes {
                let isHolder = guardian.isHolder
                // Who has removed its entry once has none.
                if !isHolder, told == false { continue }
                told = await tell(isHolder: isHolder, guardian, logger) ? isHolder : nil
            }
            group.cancelAll()
        }
    }

    /// Tries until it is done, or this node is something else.
    /// - Returns: whether it is done.
    private func tell(isHolder: Bool, _ guardian: AddressGuard, _ logger: Logger) async -> Bool {
        var isComplaining = false
        while !Task.isCancelled, guardian.isHolder == isHolder {
            do throws(ClusterError) {
                if try await publish(isHolder: isHolder) { logger.info("Consul's \(key) names this node") }
                return true
            } catch {
                if !isComplaining { logger.warning("Consul's \(key) can't be written; tried again every 2 s: \(error)") }
                isComplaining = true
            }
            try? await Task.sleep(for: .seconds(2))
        }
        return false
    }

    /// Done at the stop; Consul may be ill, so it is given up after 2 s, and nothing fails.
    var removal: PlanAction {
        PlanAction("remove Consul's \(key) where it names this node") { logger throws(ClusterError) in
            let removal = Task {
                do throws(ClusterError) {
                    try await publish(isHolder: false)
                } catch {
                    logger.warning("Consul's \(key) may still name this node: \(error)")
                }
            }
            let timer = Task {
                try? await Task.sleep(for: .seconds(2))
                removal.cancel()
            }
            await removal.value
            timer.cancel()
        }
    }
}
