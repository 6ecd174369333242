import ClusterCore
import Settings

/// `--help`, from the declarations.
enum HelpText {
    /// - Parameter program: the executable's name.
    static func of(_ schema: SettingsSchema, program: String) -> String {
        """
        \(schema.summary)

        Usage: \(program) [run]                                     start the component and supervise it
               \(program) plan [--facts FILE] [--json|--print-facts] print what run would do, secrets redacted
               \(program) health [--live|--ready|--role]            ask the running entrypoint; 0 = yes, 1 = no
               \(program) settings [--json]                         print all settings and where they come from
               \(program) settings --format markdown|argument_specs|compose
               \(program) --help | --version

        Settings, from the environment, a file named by <VARIABLE>_FILE, or the settings file by the name in brackets:

        \(schema.settings.map(setting).joined(separator: "\n"))
        \(passThrough(schema))
        Exit status: the component's own, 128 + n where signal n ended it; 64 wrong arguments, 65 a refused file or malformed facts,
        69 a prerequisite did not come in time, 70 a defect, 74 the system refused an operation,
        78 wrong settings or a state that contradicts them.
        """
    }

    private static func setting(_ declaration: SettingDeclaration) -> String {
        var lines = ["  \(declaration.variable) [\(declaration.name)]", "      \(declaration.help)"]
        var facts = [declaration.allowed]
        if let text = declaration.defaultText { facts.append(text.isEmpty ? "default empty" : "default \(text)") }
        if declaration.isRequired { facts.append("required") }
        if declaration.isSecret { facts.append("secret") }
        lines.append("      (\(facts.joined(separator: "; ")))")
        if !declaration.originalVariables.isEmpty {
            lines.append("      also taken from \(declaration.originalVariables.joined(separator: ", "))")
        }
        return lines.joined(separator: "\n")
    }

    private static func passThrough(_ schema: SettingsSchema) -> String {
        guard let flags = schema.passThrough else { return "" }
        return "\nEvery other \(flags.prefix)<FLAG> that the component knows is passed on to it.\n"
    }
}
