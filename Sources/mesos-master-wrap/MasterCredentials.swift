import Entrypoint
import JSON
import Settings

/// The credentials file, and the flags that make the master ask for them.
struct MasterCredentials: Sendable {
    let file: PlannedFile?
    let flags: [String: String]

    /// - Parameter version: of the flag table: 0.28 has other names.
    init(_ settings: ResolvedSettings, version: String) {
        typealias S = MasterSettings
        var list: [JSON] = []
        var flags: [String: String] = [:]
        func add(_ principal: String, _ secret: String) {
            list.append(["principal": .string(principal), "secret": .string(secret)])
        }
        let isOld = version == "0.28"
        if let secret = settings[S.secret] {
            add(settings[S.principal], secret)
            flags[isOld ? "authenticate" : "authenticate_frameworks"] = "true"
            flags[isOld ? "authenticate_slaves" : "authenticate_agents"] = "true"
            if !isOld {
                flags["authenticate_http_frameworks"] = "true"
                flags["http_framework_authenticators"] = "basic"
            }
        }
        if let password = settings[S.httpPassword] {
            add(settings[S.httpUser], password)
            for name in isOld ? ["authenticate_http"] : ["authenticate_http_readonly", "authenticate_http_readwrite"] {
                flags[name] = "true"
            }
        }
        if list.isEmpty {
            file = nil
        } else {
            let path = "\(settings[S.runDirectory])/credentials.json"
            file = PlannedFile(path: path, content: JSON.object(["credentials": .array(list)]).text() + "\n", isSecret: true)
            flags["credentials"] = path
        }
        self.flags = flags
    }
}
