import ClusterCore
import ClusterTestKit
import Consul
import Entrypoint
import HTTPClient
import JSON
import Logging
import Testing

@testable import keepalived_wrap

/// Consul's entry of the holder, with the real Consul.
@Suite(.timeLimit(.minutes(1)))
struct HolderEntryTests {
    @Test func namesTheLastHolderAndIsRemovedByItAlone() async throws {
        let agent = try await ConsulAgent.start()
        let consul = ConsulClient(ConsulAddress(host: agent.http.host, port: agent.http.port), http: HTTPClient())
        func entry(_ node: String) throws -> HolderEntry {
            HolderEntry(
                client: consul, key: "virtual-ip/51", node: node, address: InternetAddress("198.18.0.30"),
                virtualAddresses: [try #require(VirtualAddress("198.18.0.100/24"))])
        }
        func named() async throws -> String? {
            try await consul.value(of: "virtual-ip/51").flatMap { try JSON(parsing: $0.value)["node"]?.string }
        }
        try await entry("lb1").publish(isHolder: false)
        #expect(try await named() == nil)
        try await entry("lb1").publish(isHolder: true)
        #expect(try await named() == "lb1")
        try await entry("lb2").publish(isHolder: true)
        try await entry("lb1").publish(isHolder: false)
        #expect(try await named() == "lb2")
        // The holder's next look changes nothing, or writes again what has gone or is another's.
        #expect(try await entry("lb2").publish(isHolder: true) == false)
        try await consul.removeValue(of: "virtual-ip/51")
        #expect(try await entry("lb2").publish(isHolder: true))
        try await consul.setValue(Array("nonsense".utf8), of: "virtual-ip/51")
        #expect(try await entry("lb2").publish(isHolder: true))
        #expect(try await named() == "lb2")
        try await entry("lb2").removal.run(Logger(label: "test"))
        #expect(try await named() == nil)
    }
}
