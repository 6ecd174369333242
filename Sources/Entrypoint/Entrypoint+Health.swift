import ClusterCore
import JSON
import Settings
import Supervision

extension Entrypoint {
    /// The `health` subcommand: asks the running entrypoint, prints its answer in a line.
    static func health(_ schema: SettingsSchema, _ probe: CommandLineRequest.Probe) throws(ClusterError) -> ExitStatus {
        let answer: ProbeClient.Answer
        do throws(ClusterError) {
            answer = try ProbeClient.get("/\(probe.rawValue)", from: try probeEndpoint(schema))
        } catch {
            guard error.code == .unavailable else { throw error }
            print("not \(probe.rawValue): \(error)")
            return .failure
        }
        let json = try? JSON(parsing: answer.body)
        if probe == .role {
            let role = json?["role"]?.string ?? "unknown"
            print([role, json?["detail"]?.string].compactMap(\.self).joined(separator: ": "))
            return role == "unknown" ? .failure : .success
        }
        let isPassing = answer.status == 200
        let reason = json?["reason"]?.string ?? ""
        print(isPassing ? probe.rawValue : "not \(probe.rawValue): \(reason)")
        return isPassing ? .success : .failure
    }

    /// Where the entrypoint of this component answers. Its other settings may be wrong here, and don't matter.
    private static func probeEndpoint(_ schema: SettingsSchema) throws(ClusterError) -> ProbeClient.Endpoint {
        let environment = ProcessEnvironment.current
        let settings = (try? SettingsLoader(schema: schema).load(environment: environment)) ?? ResolvedSettings(entries: [:])
        let given = environment["PROBE_SOCKET"].flatMap { $0.isEmpty ? nil : $0 }
        let path = given ?? settings[CommonSettings.probeSocket(schema.component)]
        if path != "none" { return .unix(path) }
        let host = ProbeEndpoints.host(settings)
        guard let place = HostPort("\(host.contains(":") ? "[\(host)]" : host):\(settings[CommonSettings.probePort(schema.component)])")
        else {
            throw ClusterError(.settings, "there is neither a PROBE_SOCKET nor a PROBE_PORT to ask: set one of them")
        }
        return .tcp(place)
    }
}

enum ProbeEndpoints {
    /// The address that the probes listen on.
    static func host(_ settings: ResolvedSettings) -> String {
        settings[CommonSettings.probeAddress] ?? settings[CommonSettings.nodeAddress] ?? "127.0.0.1"
    }
}
