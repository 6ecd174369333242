/// Documents made of declared settings. Their text depends on nothing else, so a test notices where a committed copy has drifted.
public enum SettingsDocs {
    /// What can be made.
    public enum Format: String, Sendable, CaseIterable {
        /// The reference page.
        case markdown
        /// Ansible's `meta/argument_specs.yml`.
        case argumentSpecs = "argument_specs"
        /// Compose's `environment:` block.
        case compose
    }

    /// Makes one document; it ends with a line break.
    public static func text(_ schema: SettingsSchema, format: Format) -> String {
        switch format {
        case .markdown: markdown(schema)
        case .argumentSpecs: argumentSpecs(schema)
        case .compose: compose(schema)
        }
    }

    private static func markdown(_ schema: SettingsSchema) -> String {
        var out = """
            <!-- Made by scripts/generate-docs from the declared settings: change those, not this page. -->
            # \(schema.component): settings

            \(schema.summary)

            Each setting is given by an environment variable, or by its key in `/etc/mesos-cluster/\(schema.component).yaml`; the variable \
            wins. `<VARIABLE>_FILE`, or the key with `_file`, names a file that holds the value: use it for secrets. An empty variable \
            counts as not given.

            | variable | key | allowed | default | what it is |
            |---|---|---|---|---|

            """
        for setting in schema.settings {
            var notes = sentence(setting.help)
            if setting.isSecret { notes += " **Secret.**" }
            if !setting.originalVariables.isEmpty {
                notes += " Also accepted: " + setting.originalVariables.map { "`\($0)`" }.joined(separator: ", ") + "."
            }
            let standard =
                setting.isRequired ? "**required**" : setting.defaultText.map { $0.isEmpty ? "empty" : "`\(cell($0))`" } ?? "none"
            out += "| `\(setting.variable)` | `\(setting.name)` | \(prose(setting.allowed)) | \(standard) | \(prose(notes)) |\n"
        }
        if let flags = schema.passThrough {
            out += """

                Every other flag of the program is given as `\(flags.prefix)<FLAG>`, or under the key `flags` of the settings file, and is \
                checked against the flags that the program knows.

                """
            if !flags.refused.isEmpty {
                out += "\n| refused | why |\n|---|---|\n"
                for (name, reason) in flags.refused.sorted(by: { $0.key < $1.key }) {
                    out += "| `\(flags.prefix)\(name.uppercased())` | \(prose(reason)) |\n"
                }
            }
        }
        return out
    }

    private static func argumentSpecs(_ schema: SettingsSchema) -> String {
        var out = """
            ---
            # Made by scripts/generate-docs from the declared settings: change those, not this file.
            argument_specs:
              main:
                short_description: \(quoted(schema.summary))
                options:

            """
        for setting in schema.settings {
            let prefix = schema.component.replacing("-", with: "_") + "_"
            let option = setting.roleVariable ?? (setting.name.hasPrefix(prefix) ? setting.name : prefix + setting.name)
            out += "      \(option):\n        type: \(setting.ansibleType)\n"
            if setting.ansibleType == "list" { out += "        elements: str\n" }
            out += "        required: \(setting.isRequired)\n"
            if let text = setting.defaultText { out += "        default: \(scalar(text, type: setting.ansibleType))\n" }
            if let choices = setting.choices { out += "        choices: [\(choices.map(quoted).joined(separator: ", "))]\n" }
            let secret = setting.isSecret ? " Secret: keep it in a vault." : ""
            out += "        description: \(quoted("\(sentence(setting.help))\(secret) Allowed: \(setting.allowed)."))\n"
        }
        return out
    }

    private static func compose(_ schema: SettingsSchema) -> String {
        var out = "# Made by scripts/generate-docs from the declared settings: change those, not this block.\nenvironment:\n"
        for setting in schema.settings {
            out += "  # \(sentence(setting.help)) Allowed: \(setting.allowed)."
            if let text = setting.defaultText, !text.isEmpty { out += " Default: \(text)." }
            let variable = setting.isSecret ? "\(setting.variable)_FILE" : setting.variable
            let value = setting.isRequired ? "${\(variable):?\(setting.allowed.filter { !"{}$".contains($0) })}" : "${\(variable):-}"
            out += "\n  \(variable): \(quoted(value))\n"
        }
        return out
    }

    private static func sentence(_ text: String) -> String { text.last.map { ".!?".contains($0) } ?? true ? text : text + "." }

    private static func cell(_ text: String) -> String { text.replacing("|", with: "\\|") }

    /// Text outside of code, where Markdown takes `<word>` for HTML.
    private static func prose(_ text: String) -> String { cell(text).replacing("<", with: "\\<") }

    private static func scalar(_ text: String, type: String) -> String {
        switch type {
        case "int", "float", "bool": text
        case "list": "[\(text.split(separator: ",").map { quoted(String($0)) }.joined(separator: ", "))]"
        default: quoted(text)
        }
    }

    /// A double-quoted YAML scalar.
    static func quoted(_ text: String) -> String {
        var out = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": out += "\\\""
            case "\\": out += "\\\\"
            case "\n": out += "\\n"
            case "\t": out += "\\t"
            case let control where control.value < 0x20 || control.value == 0x7F:
                let digits = String(control.value, radix: 16)
                out += "\\x" + String(repeating: "0", count: 2 - digits.count) + digits
            default: out.unicodeScalars.append(scalar)
            }
        }
        return out + "\""
    }
}

extension String {
    /// The standard library's `replacing` needs a regular-expression module that no entrypoint should link.
    fileprivate func replacing(_ character: Character, with text: String) -> String {
        reduce(into: "") { $0 += $1 == character ? text : String($1) }
    }
}
