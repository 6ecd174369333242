public import ClusterCore
public import JSON

/// What a task runs (v1 `CommandInfo`).
public struct CommandInfo: Sendable, Hashable {
    /// A file to fetch into the sandbox before the command starts (v1 `CommandInfo.URI`).
    public struct URI: Sendable, Hashable {
        /// Where it is: http, https, ftp, file, or an absolute path on the agent.
        public var value: String
        /// True where it shall be made executable (and not be unpacked).
        public var executable: Bool
        /// True where an archive shall be unpacked. Default true.
        public var extract: Bool
        /// True where the agent's fetcher cache shall be used.
        public var cache: Bool
        /// The file's name in the sandbox, where it isn't the last part of the path.
        public var outputFile: String?

        /// Describes a file to fetch.
        public init(
            _ value: String, executable: Bool = false, extract: Bool = true, cache: Bool = false, outputFile: String? = nil
        ) {
            self.value = value
            self.executable = executable
            self.extract = extract
            self.cache = cache
            self.outputFile = outputFile
        }

        init(json: JSON) throws(ClusterError) {
            value = try json.requireText("value", of: "CommandInfo.URI")
            executable = try json.flag("executable", of: "CommandInfo.URI") ?? false
            extract = try json.flag("extract", of: "CommandInfo.URI") ?? true
            cache = try json.flag("cache", of: "CommandInfo.URI") ?? false
            outputFile = try json.text("output_file", of: "CommandInfo.URI")
        }

        /// The v1 JSON.
        public var json: JSON {
            .members([
                "value": .string(value), "executable": .bool(executable), "extract": .bool(extract), "cache": .bool(cache),
                "output_file": outputFile.map(JSON.string),
            ])
        }
    }

    /// One variable of the task's environment (v1 `Environment.Variable`, type VALUE).
    public struct Variable: Sendable, Hashable {
        /// Its name.
        public var name: String
        /// Its value.
        public var value: String
        /// Makes a variable.
        public init(_ name: String, _ value: String) {
            self.name = name
            self.value = value
        }
    }

    /// The shell command, or the executable where `shell` is false. nil: the Docker image's own command.
    public var value: String?
    /// True where `/bin/sh -c value` is run. Default true.
    public var shell: Bool
    /// Where `shell` is false: the argv, its first word included (the executable is `value`).
    public var arguments: [String]
    /// Files to fetch.
    public var uris: [URI]
    /// The environment, in its order.
    public var environment: [Variable]
    /// The user to run as; nil: the framework's.
    public var user: String?
    /// All further members, as they came.
    public var further: JSONObject = JSONObject()

    /// Describes a command.
    public init(
        value: String?, shell: Bool = true, arguments: [String] = [], uris: [URI] = [], environment: [Variable] = [],
        user: String? = nil
    ) {
        self.value = value
        self.shell = shell
        self.arguments = arguments
        self.uris = uris
        self.environment = environment
        self.user = user
    }

    /// Reads the v1 JSON.
    /// - Throws: `ClusterError` `.invalid`; also for a variable of type SECRET, which is not supported.
    public init(json: JSON) throws(ClusterError) {
        let what = "CommandInfo"
        let object = try json.requireObject(what)
        value = try json.text("value", of: what)
        shell = try json.flag("shell", of: what) ?? true
        arguments = try json.texts("arguments", of: what)
        uris = try json.messages("uris", of: what, URI.init(json:))
        environment = try (json.field("environment") ?? [:]).messages("variables", of: "Environment") { (item) throws(ClusterError) in
            let name = try item.requireText("name", of: "Environment.Variable")
            if item.field("secret") != nil {
                throw ClusterError(.invalid, "environment variable '\(name)' is a secret; secrets are not supported")
            }
            return Variable(name, try item.text("value", of: "Environment.Variable") ?? "")
        }
        user = try json.text("user", of: what)
        further = object.without(["value", "shell", "arguments", "uris", "environment", "user"])
    }

    /// The v1 JSON.
    public var json: JSON {
        let known: JSON = .members([
            "uris": .unlessEmpty(uris.map(\.json)),
            "environment": environment.isEmpty
                ? nil : ["variables": .array(environment.map { ["name": .string($0.name), "value": .string($0.value)] })],
            "shell": .bool(shell), "value": value.map(JSON.string), "arguments": .unlessEmpty(arguments.map { .string($0) }),
            "user": user.map(JSON.string),
        ])
        return .object((known.object ?? JSONObject()).adding(further))
    }
}
