import ClusterCore
import Entrypoint
import Settings

/// zoo.cfg (ZooKeeper Administrator's Guide, "Configuration Parameters").
struct ZooConfiguration {
    let settings: ResolvedSettings
    let membership: Membership

    private var listensOnAll: Bool { settings[ZooKeeperSettings.listenOnAll] }

    /// Directory of the transaction log.
    var logDirectory: String { settings[ZooKeeperSettings.dataLogDirectory] ?? settings[ZooKeeperSettings.dataDirectory] }

    /// Address that clients are served on; nil for all.
    var clientAddress: String? { listensOnAll ? nil : settings[CommonSettings.nodeAddress] }

    /// All that the server will listen on.
    var listens: [ListeningPort] {
        typealias S = ZooKeeperSettings
        let address = clientAddress ?? "0.0.0.0"
        var ports = [ListeningPort(address, settings[S.clientPort], setting: S.clientPort.declaration.variable)]
        if let own = membership.own, isEnsemble {
            for (port, setting) in [(own.peerPort, S.peerPort), (own.electionPort, S.electionPort)] {
                let isGivenByList = port != settings[setting]
                ports.append(
                    ListeningPort(address, port, setting: isGivenByList ? S.servers.declaration.variable : setting.declaration.variable))
            }
        }
        return ports
    }

    private var isEnsemble: Bool { membership.members.count > 1 }

    var text: String {
        var lines = [
            "# Written by zookeeper-init at each start.",
            "tickTime=\(settings[ZooKeeperSettings.tickTime].milliseconds)", "initLimit=\(settings[ZooKeeperSettings.initLimit])",
            "syncLimit=\(settings[ZooKeeperSettings.syncLimit])", "dataDir=\(settings[ZooKeeperSettings.dataDirectory])",
        ]
        if logDirectory != settings[ZooKeeperSettings.dataDirectory] { lines.append("dataLogDir=\(logDirectory)") }
        lines.append("clientPort=\(settings[ZooKeeperSettings.clientPort])")
        if let clientAddress { lines.append("clientPortAddress=\(clientAddress)") }
        lines += [
            "maxClientCnxns=\(settings[ZooKeeperSettings.clientLimit])",
            "autopurge.snapRetainCount=\(settings[ZooKeeperSettings.snapshotsKept])",
            "autopurge.purgeInterval=\(settings[ZooKeeperSettings.purgeInterval])", "4lw.commands.whitelist=mntr,ruok,srvr",
            // It would take port 8080, which is Marathon's.
            "admin.enableServer=false",
            // Members change by their settings, one restart at a time.
            "reconfigEnabled=false", "standaloneEnabled=\(!isEnsemble)",
        ]
        if isEnsemble {
            lines.append("quorumListenOnAllIPs=\(listensOnAll)")
            // A member listens for the others on what its own line says, and a host's name often means 127.0.1.1 on itself (Debian).
            lines += membership.members.map { $0 == membership.own ? $0.line(host: clientAddress) : $0.line() }
        }
        return lines.joined(separator: "\n") + "\n"
    }
}

/// The server's logging configuration: all to standard output, where the container's log is.
struct ServerLogging {
    let path: String
    let content: String
    let flag: String

    /// - Returns: nil where the class path has no logging library that it could configure.
    init?(_ library: ZooKeeperFacts.LoggingLibrary, _ level: ServerLogLevel, _ directory: String) {
        let level = level.rawValue.uppercased()
        switch library {
        case .none: return nil
        case .log4j:
            path = "\(directory)/log4j.properties"
            flag = "-Dlog4j.configuration=file:\(path)"
            content = """
                # Written by zookeeper-init at each start.
                log4j.rootLogger=\(level), STDOUT
                log4j.appender.STDOUT=org.apache.log4j.ConsoleAppender
                log4j.appender.STDOUT.layout=org.apache.log4j.PatternLayout
                log4j.appender.STDOUT.layout.ConversionPattern=%d{ISO8601} %-5p %c{1} %m%n

                """
        case .logback:
            path = "\(directory)/logback.xml"
            flag = "-Dlogback.configurationFile=\(path)"
            content = """
                <!-- Written by zookeeper-init at each start. -->
                <configuration>
                  <appender name="STDOUT" class="ch.qos.logback.core.ConsoleAppender">
                    <encoder><pattern>%d{ISO8601} %-5p %c{1} %m%n</pattern></encoder>
                  </appender>
                  <root level="\(level)"><appender-ref ref="STDOUT"/></root>
                </configuration>

                """
        }
    }
}
