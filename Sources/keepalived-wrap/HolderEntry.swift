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

    func publish(isHolder: Bool) async throws(ClusterError) {
        if isHolder {
            try await client.setValue(document.bytes(), of: key)
        } else if let entry = try await client.value(of: key), (try? JSON(parsing: entry.value))?["node"]?.string == node {
            // A holder that has come meanwhile has changed the index.
            try await client.removeValue(of: key, expecting: entry.modifyIndex)
        }
    }

    /// Follows the guard until the task is cancelled.
    func run(_ guardian: AddressGuard, _ logger: Logger) async {
        for await isHolder in guardian.holderChanges() {
            var isComplaining = false
            while !Task.isCancelled, guardian.isHolder == isHolder {
                do throws(ClusterError) {
                    try await publish(isHolder: isHolder)
                    if isHolder { logger.info("Consul's \(key) names this node") }
                    break
                } catch {
                    if !isComplaining { logger.warning("Consul's \(key) can't be written; tried again every 2 s: \(error)") }
                    isComplaining = true
                }
                try? await Task.sleep(for: .seconds(2))
            }
        }
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
