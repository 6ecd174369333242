import ClusterCore
import JSON
import Templating

/// Asks HAProxy about heads.
struct HeadChecker: Sendable {
    let binary: String
    let httpsPort: Int?

    /// Empty where HAProxy takes the head with all else of its service, else why not.
    func verdict(_ check: RouteTable.HeadCheck) async -> String {
        do {
            return try await ConfigurationTrial(binary: binary).run(try configuration(for: check)) ?? ""
        } catch {
            return "\(error)"
        }
    }

    /// The sections of such a service alone.
    func configuration(for check: RouteTable.HeadCheck) throws -> String {
        let shape = RouteTable.Shape(mode: check.mode, ports: [], options: check.options)
        let backend = RouteTable.Backend(service: "check", shape: shape, hosts: [], servers: [.init(address: "127.0.0.1", port: 1)])
        let text = try Template(BackendTemplate.text, name: BackendTemplate.name).render(
            Renderer.context(
                name: backend.name, shape, cookieKey: backend.cookieKey, servers: backend.servers, httpsPort: httpsPort))
        return try Template(HeadCheckTemplate.text, name: HeadCheckTemplate.name).render([
            "mode": .string(check.mode.rawValue), "backend": .string(backend.name),
            "lines": .array(shape.frontendLines.map { .string($0) }), "backend_text": .string(text),
        ])
    }
}
