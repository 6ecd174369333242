import ClusterCore

/// What the command line asks for.
enum CommandLineRequest: Sendable, Hashable {
    /// Which probe `health` asks.
    enum Probe: String, Sendable, Hashable {
        case live
        case ready
        case role
    }

    /// How `settings` prints.
    enum SettingsForm: Sendable, Hashable {
        case table
        case json
        /// Generated from the declarations alone: `markdown`, `argument_specs` or `compose`.
        case declared(String)
    }

    case run
    case plan(factsFile: String?, asJSON: Bool, onlyFacts: Bool)
    case health(Probe)
    case settings(SettingsForm)
    case help
    case version

    /// Reads the arguments after the program's name.
    /// - Throws: `.usage`, naming the argument.
    static func parse(_ arguments: [String]) throws(ClusterError) -> CommandLineRequest {
        if arguments.contains("--help") || arguments.contains("-h") || arguments.first == "help" { return .help }
        guard let first = arguments.first else { return .run }
        if first == "--version" {
            try refuse(arguments.dropFirst(), of: first)
            return .version
        }
        var options = Options(rest: arguments.dropFirst())
        switch first {
        case "run":
            try refuse(options.rest, of: first)
            return .run
        case "plan":
            let file = try options.value("--facts")
            let asJSON = options.flag("--json")
            let onlyFacts = options.flag("--print-facts")
            try refuse(options.rest, of: first)
            return .plan(factsFile: file, asJSON: asJSON, onlyFacts: onlyFacts)
        case "health":
            var probes: [Probe] = []
            for probe in [Probe.live, .ready, .role] where options.flag("--\(probe.rawValue)") { probes.append(probe) }
            try refuse(options.rest, of: first)
            guard probes.count < 2 else { throw ClusterError(.usage, "health takes one of --live, --ready and --role") }
            return .health(probes.first ?? .ready)
        case "settings":
            let format = try options.value("--format")
            let asJSON = options.flag("--json")
            try refuse(options.rest, of: first)
            if let format { return .settings(.declared(format)) }
            return .settings(asJSON ? .json : .table)
        default:
            throw ClusterError(.usage, "unknown subcommand '\(first)': --help lists what there is")
        }
    }

    private static func refuse(_ rest: ArraySlice<String>, of subcommand: String) throws(ClusterError) {
        guard let first = rest.first else { return }
        throw ClusterError(.usage, "\(subcommand) does not take '\(first)': --help lists what there is")
    }
}

private struct Options {
    var rest: ArraySlice<String>

    mutating func flag(_ name: String) -> Bool {
        guard let index = rest.firstIndex(of: name) else { return false }
        rest.remove(at: index)
        return true
    }

    mutating func value(_ name: String) throws(ClusterError) -> String? {
        if let index = rest.firstIndex(where: { $0.hasPrefix("\(name)=") }) {
            return String(rest.remove(at: index).dropFirst(name.count + 1))
        }
        guard let index = rest.firstIndex(of: name) else { return nil }
        guard index + 1 < rest.endIndex else { throw ClusterError(.usage, "\(name) needs a value") }
        let value = rest.remove(at: index + 1)
        rest.remove(at: index)
        return value
    }
}
