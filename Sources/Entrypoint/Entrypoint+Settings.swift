import ClusterCore
import JSON
import Settings
import Supervision

extension Entrypoint {
    /// The `settings` subcommand: each with its value, redacted where secret, and its origin.
    static func settings(_ schema: SettingsSchema, _ form: CommandLineRequest.SettingsForm) throws(ClusterError) -> ExitStatus {
        if case .declared(let name) = form {
            guard let format = SettingsDocs.Format(rawValue: name) else {
                throw ClusterError(.usage, "settings --format takes markdown, argument_specs or compose, not '\(name)'")
            }
            print(SettingsDocs.text(schema, format: format), terminator: "")
            return .success
        }
        let resolved: ResolvedSettings
        do throws(SettingsErrors) {
            resolved = try SettingsLoader(schema: schema).load(environment: ProcessEnvironment.current)
        } catch {
            complain(schema.component, error.description)
            return .settings
        }
        print(form == .json ? SettingsTable.json(schema, resolved).text(pretty: true) : SettingsTable.text(schema, resolved))
        return .success
    }
}

enum SettingsTable {
    private struct Row {
        let declaration: SettingDeclaration
        let value: String?
        let origin: String
    }

    private static func rows(_ schema: SettingsSchema, _ resolved: ResolvedSettings) -> [Row] {
        schema.settings.map { declaration in
            let entry = resolved.entries[declaration.name]
            let value = entry.map { declaration.isSecret ? "(secret)" : redacted($0.text) }
            return Row(declaration: declaration, value: value, origin: entry?.origin.description ?? "not given")
        }
    }

    /// A ZooKeeper URL may hold a password where the setting as a whole is none.
    private static func redacted(_ text: String) -> String {
        guard text.hasPrefix("zk://"), let url = try? ZooKeeperURL(text) else { return text }
        return url.description
    }

    static func text(_ schema: SettingsSchema, _ resolved: ResolvedSettings) -> String {
        let rows = rows(schema, resolved)
        let names = rows.map(\.declaration.variable) + ["variable"]
        let values = rows.map { $0.value ?? "-" } + ["value"]
        let nameWidth = names.map(\.count).max() ?? 0
        let valueWidth = min(60, values.map(\.count).max() ?? 0)
        func line(_ name: String, _ value: String, _ origin: String) -> String {
            "\(padded(name, nameWidth))  \(padded(value, valueWidth))  \(origin)"
        }
        var lines = [line("variable", "value", "from")]
        lines += rows.map { line($0.declaration.variable, $0.value.map { $0.isEmpty ? "(empty)" : $0 } ?? "-", $0.origin) }
        lines += passedThrough(schema, resolved).map { line($0.0, $0.1, "passed on") }
        return lines.joined(separator: "\n")
    }

    static func json(_ schema: SettingsSchema, _ resolved: ResolvedSettings) -> JSON {
        [
            "component": .string(schema.component),
            "settings": .array(
                rows(schema, resolved).map { row in
                    .members([
                        "name": .string(row.declaration.name), "variable": .string(row.declaration.variable),
                        "value": row.value.map { .string($0) } ?? .null, "origin": .string(row.origin),
                        "secret": .bool(row.declaration.isSecret),
                    ])
                }),
            "passed_on": .object(JSONObject(passedThrough(schema, resolved).map { ($0.0, .string($0.1)) })),
        ]
    }

    private static func passedThrough(_ schema: SettingsSchema, _ resolved: ResolvedSettings) -> [(String, String)] {
        guard let flags = schema.passThrough else { return [] }
        return resolved.passedThrough.sorted { $0.key < $1.key }.map { name, value in
            (flags.prefix + name.uppercased(), flags.secrets.contains(name) ? "(secret)" : value)
        }
    }

    private static func padded(_ text: String, _ width: Int) -> String {
        text + String(repeating: " ", count: max(0, width - text.count))
    }
}
