public import ClusterCore
public import Entrypoint
public import Settings

/// What the plans of Marathon and Chronos have in common: the engine, the addresses, and what must not stand in argv.
public struct FrameworkPlan: Sendable {
    /// The engine.
    public let choice: EngineChoice
    /// What it announces in ZooKeeper.
    public let announced: HostPort
    /// Address that it listens on.
    public let bind: String
    /// Where this wrap reaches it.
    public let reachable: HostPort
    /// Where it listens.
    public var listens: [ListeningPort] = []
    /// Where it listens, and who it is to the masters.
    public private(set) var flags: [String: String]
    /// Variables of the child.
    public private(set) var environment: [String: String]
    /// Names of those that are secret.
    public private(set) var secretEnvironment: Set<String> = []
    /// Secrets that upstream reads from files.
    public private(set) var files: [PlannedFile] = []
    /// For the plan.
    public let notes: [String]

    /// True where it is this project's own engine.
    public var isEmbedded: Bool { choice.engine == .embedded }

    /// - Parameters:
    ///   - role: of `embedded-engine`.
    ///   - frameworkName: the principal where there is neither one nor a standard one.
    ///   - further: what else is wrong, given the engine.
    /// - Throws: `PlanRefusal` with every reason.
    public init(
        _ common: FrameworkSettings, _ settings: ResolvedSettings, found: EngineChoice.Found, role: String, frameworkName: String,
        further: (EngineChoice.Engine?) -> [String] = { _ in [] }
    ) throws(PlanRefusal) {
        var reasons: [String] = []
        let node = settings[CommonSettings.nodeAddress]
        let hostname = settings[common.hostname] ?? node
        if hostname == nil { reasons.append("NODE_ADDRESS is not set: give this node's own IP address (or \(common.prefix)_HOSTNAME)") }
        bind = settings[common.httpAddress] ?? node ?? "0.0.0.0"
        let port = settings[common.httpPort]
        announced = HostPort(host: hostname ?? "", port: port)
        reachable = HostPort(host: bind == "0.0.0.0" ? "127.0.0.1" : bind == "::" ? "::1" : bind, port: port)
        var chosen: EngineChoice?
        do {
            chosen = try EngineChoice.choose(settings, found: found, role: role, upstreamName: common.product)
        } catch {
            reasons += error.reasons
        }
        let tls = (path: settings[common.keystorePath], password: settings[common.keystorePassword], port: settings[common.httpsPort])
        if tls.path != nil || tls.password != nil || tls.port != nil {
            if tls.path == nil || tls.password == nil {
                reasons.append("HTTPS needs both \(common.prefix)_SSL_KEYSTORE_PATH and \(common.prefix)_SSL_KEYSTORE_PASSWORD")
            }
            if chosen?.engine == .embedded {
                reasons.append(
                    "the embedded \(common.product) serves no HTTPS: leave \(common.prefix)_HTTPS_PORT and the keystore out, or use "
                        + "upstream's \(common.product)")
            }
        }
        reasons += further(chosen?.engine)
        guard let chosen, let hostname, reasons.isEmpty else { throw PlanRefusal(reasons) }
        choice = chosen
        flags = ["hostname": hostname, "http_address": bind, "http_port": String(port)]
        environment = [
            "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
            "LOG_LEVEL": settings[CommonSettings.logLevel].rawValue,
        ]
        var notes = [chosen.reason]
        if settings[common.httpCredentials] == nil {
            notes.append("no \(common.prefix)_HTTP_CREDENTIALS: everyone who reaches \(announced) may run anything on the cluster")
        }
        self.notes = notes
        flags["https_port"] = tls.port.map(String.init)
        environment["LIBPROCESS_IP"] = settings[common.libprocessIP] ?? node
        if chosen.engine == .upstream {
            environment["JAVA_HOME"] = settings[common.javaHome]
            environment["MESOS_NATIVE_JAVA_LIBRARY"] = settings[common.mesosLibrary]
        }
        if settings.passedThrough["disable_http"] == nil {
            listens.append(ListeningPort(bind, port, setting: common.httpPort.declaration.variable))
        }
        if let port = tls.port { listens.append(ListeningPort(bind, port, setting: common.httpsPort.declaration.variable)) }
        put("MESOSPHERE_HTTP_CREDENTIALS", settings[common.httpCredentials], isSecret: true)
        put("MESOSPHERE_KEYSTORE_PATH", tls.path, isSecret: false)
        put("MESOSPHERE_KEYSTORE_PASS", tls.password, isSecret: true)
        if let secret = settings[common.secret] {
            // Mesos takes every byte of the file for the secret, a line feed too.
            flags["mesos_authentication_secret_file"] = addFile("secret", secret, in: settings[common.runDirectory])
            flags["mesos_authentication_principal"] = settings[common.principal] ?? common.standardPrincipal ?? frameworkName
        } else {
            flags["mesos_authentication_principal"] = settings[common.principal]
        }
    }

    /// Gives the child a variable.
    public mutating func put(_ name: String, _ value: String?, isSecret: Bool) {
        guard let value else { return }
        environment[name] = value
        if isSecret { secretEnvironment.insert(name) }
    }

    /// Plans a secret file.
    /// - Returns: its path.
    public mutating func addFile(_ name: String, _ content: String, in directory: String) -> String {
        files.append(PlannedFile(path: "\(directory)/\(name)", content: content, isSecret: true))
        return "\(directory)/\(name)"
    }
}
