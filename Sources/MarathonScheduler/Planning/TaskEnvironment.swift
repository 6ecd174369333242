import Marathon

/// The variables that a task finds (facts of Marathon's TaskBuilder): who it is, what it may use, its ports. The app's own win.
enum TaskEnvironment {
    static func variables(of app: App, taskID: String, host: String, hostPorts: [Int], prefix: String) -> [String: String] {
        var variables: [String: String] = [
            "MESOS_TASK_ID": taskID,
            "MARATHON_APP_ID": app.id.description,
            "MARATHON_APP_VERSION": app.version.description,
            "MARATHON_APP_RESOURCE_CPUS": String(app.cpus),
            "MARATHON_APP_RESOURCE_MEM": String(app.mem),
            "MARATHON_APP_RESOURCE_DISK": String(app.disk),
            "MARATHON_APP_RESOURCE_GPUS": String(app.gpus),
        ]
        if let image = app.container?.docker?.image { variables["MARATHON_APP_DOCKER_IMAGE"] = image }
        // Longer ones could not be given to a process by every kernel and container engine.
        let labels = app.labels.map { (name($0.key), $0.value) }.filter { $0.0.utf8.count < 493 && $0.1.utf8.count < 512 }
        for (name, value) in labels { variables["MARATHON_APP_LABEL_\(name)"] = value }
        variables["MARATHON_APP_LABELS"] = labels.map(\.0).sorted().joined(separator: " ")

        variables[prefix + "HOST"] = host
        for (name, value) in ports(of: app, hostPorts) { variables[prefix + name] = value }
        variables.merge(app.env) { _, own in own }
        return variables
    }

    private static func ports(of app: App, _ hostPorts: [Int]) -> [String: String] {
        guard let first = hostPorts.first else { return [:] }
        var variables = ["PORT": String(first), "PORTS": hostPorts.map { String($0) }.joined(separator: ",")]
        for (index, port) in hostPorts.enumerated() { variables["PORT\(index)"] = String(port) }
        let declared: [(number: Int, name: String?)] =
            app.network == .host
            ? app.portDefinitions.map { ($0.port, $0.name) } : (app.container?.portMappings ?? []).map { ($0.containerPort, $0.name) }
        for (declared, port) in zip(declared, hostPorts) {
            // A container port of 0 is the host port.
            let number = declared.number == 0 && app.network == .bridge ? port : declared.number
            if number != 0 { variables["PORT_\(number)"] = String(port) }
            if let text = declared.name { variables["PORT_\(name(text))"] = String(port) }
        }
        return variables
    }

    /// Upper case, and each run of other characters than letters, digits and `_` replaced by one `_`.
    static func name(_ text: String) -> String {
        var out = ""
        var isInGap = false
        for byte in text.utf8 {
            var byte = byte
            if (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte) { byte -= 32 }
            let isPlain =
                (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte) || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
                || byte == UInt8(ascii: "_")
            if isPlain { out.unicodeScalars.append(Unicode.Scalar(byte)) } else if !isInGap { out += "_" }
            isInGap = !isPlain
        }
        return out
    }
}
