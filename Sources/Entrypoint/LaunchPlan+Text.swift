import Checks
import ClusterCore
import Supervision

extension LaunchPlan {
    /// The plan as `plan` prints it, for people and golden tests: secrets redacted, in the order in which it is carried out.
    public var text: String {
        var out = "\(component)\n"
        func section(_ title: String, _ lines: [String]) {
            guard !lines.isEmpty else { return }
            out += "\n\(title)\n"
            for line in lines { out += "  \(line)\n" }
        }
        section("notes", notes)
        section("listens on", listens.map(\.text))
        section("before the start", beforeStart.map(\.description))
        section("directories", directories.map { "\(octal($0.mode)) \($0.path)" })
        for file in files {
            let checked = file.validate.map { ["checked by: \(CommandLineText.of($0))"] } ?? []
            let lines = file.content.split(separator: "\n", omittingEmptySubsequences: false).map { $0.isEmpty ? "|" : "| \($0)" }
            let content = file.isSecret ? ["| (secret)"] : file.content.hasSuffix("\n") ? lines.dropLast() : lines
            section("file \(file.path) (\(octal(file.mode)))", checked + content)
        }
        section("waits for", prerequisites.map { "\($0.name): \($0.description)" })
        section("beside it", companions.map(\.name))
        section("runs", argv.map(CommandLineText.quoted))
        section("in directory", workingDirectory.map { [$0] } ?? [])
        section("with environment", environment.sorted { $0.key < $1.key }.map { "\($0.key)=\(shown($0.key, $0.value))" })
        section("checks", checks.map(\.planText) + (role == nil ? [] : ["role"]))
        let second = stop.secondSignal.map { ", then \(SignalName.of($0)) and again \(stop.grace.mesosText)" } ?? ""
        section(
            "stops by",
            ["\(SignalName.of(stop.signal)), \(stop.grace.mesosText)\(second), then SIGKILL to its group"]
                + (leavesSessions ? ["processes in sessions of their own are left running"] : []))
        section("before each start", beforeSpawn.map { "\($0.description) (within \($0.timeout.mesosText))" })
        section("after each exit", afterExit.map { "\($0.description) (within \($0.timeout.mesosText))" })
        section("after the stop", afterStop.map(\.description))
        return out
    }
}

extension Check {
    fileprivate var planText: String {
        let red = Gate.allCases.filter(gates.contains).map(\.rawValue).joined(separator: ", ")
        return "\(name) [\(red.isEmpty ? "informative" : red)] \(proves) (within \(timeout.mesosText))"
    }
}

/// An argument vector in the form that one would type.
enum CommandLineText {
    static func of(_ argv: [String]) -> String { argv.map(quoted).joined(separator: " ") }

    static func quoted(_ argument: String) -> String {
        let isPlain = !argument.isEmpty && argument.utf8.allSatisfy(isPlainByte)
        return isPlain ? argument : "'" + argument.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "'\\''") + "'"
    }

    private static func isPlainByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"): true
        default: "-_./:=,@%+{}".utf8.contains(byte)
        }
    }
}
