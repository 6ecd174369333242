import ClusterCore
import Entrypoint
import Settings
import Supervision

/// The component: keepalived on a load balancer.
enum Keepalived: Component {
    static var schema: SettingsSchema { KeepalivedSettings.schema }

    static func gatherFacts(_ settings: ResolvedSettings, host: HostFacts) async throws(ClusterError) -> KeepalivedFacts {
        let binary = find(settings[KeepalivedSettings.binary])
        var template: String?
        if let path = settings[KeepalivedSettings.template] {
            do throws(ClusterError) {
                template = try Files.text(path, limit: 1 << 20)
            } catch {
                throw ClusterError(.settings, "\(error); correct KEEPALIVED_TEMPLATE")
            }
        }
        return KeepalivedFacts(
            hostname: host.hostname, interfaces: LinkAddress.interfaces(), addresses: try LinkAddress.all(), binary: binary,
            version: await version(binary), template: template)
    }

    private static func find(_ name: String) -> String? {
        if name.contains("/") { return name.hasPrefix("/") && Files.isExecutable(name) ? name : nil }
        let path = ProcessInformation.path + ["/usr/sbin", "/usr/local/sbin", "/sbin"]
        return path.map { "\($0)/\(name)" }.first { Files.isExecutable($0) }
    }

    /// keepalived prints `Keepalived v2.2.7 (…)` to its standard error.
    private static func version(_ binary: String?) async -> String? {
        guard let binary, let result = try? await Command([binary, "--version"], deadline: .seconds(5)).run() else { return nil }
        let text = result.errorText + result.outputText
        guard
            let mark = text.split(whereSeparator: \.isWhitespace).first(where: {
                $0.hasPrefix("v") && $0.dropFirst().first?.isNumber ?? false
            })
        else { return nil }
        return String(mark.dropFirst())
    }
}
