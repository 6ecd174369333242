import JSON

/// Turns the older forms that Marathon still takes in into the canonical ones: `uris`, `ports`, `container.docker.network` and
/// `container.docker.portMappings` (Marathon 1.5 release notes, "Networking API").
enum CanonicalApp {
    /// The same document in canonical form, of an app or of an update to one.
    static func document(_ original: JSONObject, at path: String, _ problems: Problems) -> JSONObject {
        var object = original
        let reader = FieldReader(original, at: path, problems)
        uris(&object, reader)
        ports(&object, reader)
        container(&object, reader)
        return object
    }

    private static func uris(_ object: inout JSONObject, _ reader: FieldReader) {
        defer { object["uris"] = nil }
        guard let uris = reader.strings("uris") else { return }
        let fetch = uris.map { uri -> JSON in .members(["uri": .string(uri), "extract": .bool(isArchive(uri))]) }
        if let given = reader.value("fetch")?.array, !given.isEmpty {
            if uris.isEmpty || given.map({ $0["uri"]?.string }) == uris { return }
            problems(reader, "uris", "You cannot specify both uris and fetch fields")
            return
        }
        object["fetch"] = .array(fetch)
    }

    static func isArchive(_ uri: String) -> Bool {
        [".tgz", ".tar.gz", ".tbz2", ".tar.bz2", ".txz", ".tar.xz", ".zip"].contains { uri.hasSuffix($0) }
    }

    private static func ports(_ object: inout JSONObject, _ reader: FieldReader) {
        defer { object["ports"] = nil }
        guard let ports = reader.value("ports") else { return }
        guard let numbers = ports.array else {
            problems(reader, "ports", "error.expected.jsarray")
            return
        }
        if let definitions = reader.value("portDefinitions")?.array {
            if definitions.map({ $0["port"]?.int ?? 0 }) != numbers.map(\.int) {
                problems(reader, "ports", "You cannot specify both ports and portDefinitions")
            }
            return
        }
        object["portDefinitions"] = .array(numbers.map { .members(["port": $0]) })
    }

    private static func container(_ object: inout JSONObject, _ reader: FieldReader) {
        guard let container = reader.reader("container") else { return }
        var canonical = container.object
        if let docker = container.reader("docker") {
            var image = docker.object
            if let network = docker.string("network") {
                let mode =
                    switch network {
                    case "HOST": "host"
                    case "BRIDGE": "container/bridge"
                    default: ""
                    }
                if mode.isEmpty {
                    problems(docker, "network", "the Docker network '\(network)' is not supported by this Marathon; use HOST or BRIDGE")
                } else if reader.has("networks") {
                    problems(docker, "network", "may not be set in conjunction with networks")
                } else {
                    object["networks"] = .array([.members(["mode": .string(mode)])])
                }
            }
            if let mappings = docker.value("portMappings") {
                if container.has("portMappings") {
                    problems(docker, "portMappings", "may not be set in conjunction with container.portMappings")
                } else if object["networks"]?[0]?["mode"]?.string != "host" || mappings != .array([]) {
                    canonical["portMappings"] = mappings
                }
            }
            image["network"] = nil
            image["portMappings"] = nil
            canonical["docker"] = .object(image)
        }
        object["container"] = .object(canonical)
    }

    private static func problems(_ reader: FieldReader, _ key: String, _ message: String) {
        reader.problems.add(reader.pathOf(key), message)
    }
}
