import ClusterCore
import YAML

/// Finds the value of every declared setting: default < settings file < environment variable < file that a `<VARIABLE>_FILE` names.
///
/// - An environment variable that is empty counts as not given, as Compose passes `${NAME:-}`; but for an upstream program's bare flags.
/// - Every mistake is reported at once; nothing is used of settings that have one.
public struct SettingsLoader: Sendable {
    /// Largest secret file in bytes.
    public static let largestSecret = 64 << 10
    /// Largest settings file in bytes.
    public static let largestFile = 1 << 20
    /// The variable that names the settings file.
    public static let fileVariable = "SETTINGS_FILE"
    /// The key of the settings file that holds flags of the upstream program.
    public static let flagsKey = "flags"

    let schema: SettingsSchema

    /// Loads the settings of this schema.
    public init(schema: SettingsSchema) { self.schema = schema }

    /// Where the settings file is if nobody names another: absent is fine there.
    public var defaultFile: String { "/etc/mesos-cluster/\(schema.component).yaml" }

    /// Loads and checks all settings.
    /// - Parameters:
    ///   - environment: the process's environment.
    ///   - file: a settings file named explicitly, which must exist. nil takes the one that `SETTINGS_FILE` names, which must exist
    ///     too, else `defaultFile`, which need not.
    /// - Throws: every mistake found.
    public func load(environment: [String: String], file: String? = nil) throws(SettingsErrors) -> ResolvedSettings {
        var run = LoadRun(schema: schema, environment: environment.filter { !$0.value.isEmpty || isBareFlag($0.key) })
        let named = file ?? run.environment[Self.fileVariable]
        run.readFile(named ?? defaultFile, mustExist: named != nil)
        for declaration in schema.settings { run.resolve(declaration) }
        run.takeUndeclared()
        guard run.errors.isEmpty else { throw SettingsErrors(run.errors) }
        return ResolvedSettings(entries: run.entries, passedThrough: run.passedThrough)
    }

    /// True for an upstream flag that means something when it is empty.
    private func isBareFlag(_ variable: String) -> Bool {
        guard let flags = schema.passThrough, variable.hasPrefix(flags.prefix) else { return false }
        return flags.bareFlags.contains(variable.dropFirst(flags.prefix.count).lowercased())
    }
}

/// The state of one load.
struct LoadRun {
    let schema: SettingsSchema
    let environment: [String: String]
    /// Declarations by every variable that gives them a value.
    let variables: [String: SettingDeclaration]
    var entries: [String: ResolvedSettings.Entry] = [:]
    var passedThrough: [String: String] = [:]
    var errors: [SettingsError] = []
    /// Names of settings that already have a mistake: nothing more is said of them.
    var failed: Set<String> = []

    init(schema: SettingsSchema, environment: [String: String]) {
        self.schema = schema
        self.environment = environment
        var variables: [String: SettingDeclaration] = [:]
        for declaration in schema.settings {
            for variable in [declaration.variable] + declaration.originalVariables { variables[variable] = declaration }
        }
        self.variables = variables
    }

    mutating func fail(_ place: String, _ message: String) { errors.append(SettingsError(place: place, message: message)) }

    /// Finds the value of one setting by its order of precedence, and checks it.
    mutating func resolve(_ declaration: SettingDeclaration) {
        if let given = given(declaration) { entries[declaration.name] = given }
        guard !failed.contains(declaration.name) else { return }
        guard let entry = entries[declaration.name] else {
            if let text = declaration.defaultText {
                entries[declaration.name] = ResolvedSettings.Entry(text: text, origin: .defaultValue)
            } else if declaration.isRequired {
                fail(declaration.variable, "is not set; expected \(declaration.allowed): \(declaration.help)")
            }
            return
        }
        let place = entry.origin.description
        let shown = SecretChecks.shown(entry.text, isSecret: declaration.isSecret)
        if let problem = declaration.problem(entry.text) {
            fail(place, "\(shown) is not allowed\(named(declaration, unlike: place)); \(problem)")
        } else if declaration.isSecret, SecretChecks.isKnownDefault(entry.text) {
            fail(place, "is a password that everyone knows\(named(declaration, unlike: place)); choose another")
        }
    }

    private func named(_ declaration: SettingDeclaration, unlike place: String) -> String {
        place == declaration.variable ? "" : " for \(declaration.variable)"
    }

    /// What the environment gives: the variable itself, the original image's, or a file.
    private mutating func given(_ declaration: SettingDeclaration) -> ResolvedSettings.Entry? {
        var found: (variable: String, text: String)?
        for variable in [declaration.variable] + declaration.originalVariables {
            guard let text = environment[variable] else { continue }
            guard let first = found else {
                found = (variable, text)
                continue
            }
            if first.text != text {
                failed.insert(declaration.name)
                fail(variable, "differs from \(first.variable), which is the same setting; give only \(declaration.variable)")
            }
        }
        let fileVariable = "\(declaration.variable)_FILE"
        if variables[fileVariable] == nil, let path = environment[fileVariable] {
            if let found {
                failed.insert(declaration.name)
                fail(fileVariable, "is given together with \(found.variable); give one of them")
                return nil
            }
            guard let text = secret(variable: fileVariable, path: path) else {
                failed.insert(declaration.name)
                return nil
            }
            return ResolvedSettings.Entry(text: text, origin: .secretFile(variable: fileVariable, path: path))
        }
        return found.map { ResolvedSettings.Entry(text: $0.text, origin: .environment($0.variable)) }
    }

    /// The text of a file that a variable names, without the line break at its end.
    mutating func secret(variable: String, path: String) -> String? {
        let place = "\(variable) (\(path))"
        let file: SmallFile
        do throws(SmallFile.Problem) {
            file = try SmallFile(path, limit: SettingsLoader.largestSecret)
        } catch {
            switch error {
            case .missing: fail(place, "does not exist: create the file or correct the path")
            case .other(let reason): fail(place, reason)
            }
            return nil
        }
        guard var text = String(validating: file.bytes, as: UTF8.self), !text.utf8.contains(0) else {
            fail(place, "is not UTF-8 text: name a text file")
            return nil
        }
        if text.last?.isNewline ?? false { text.removeLast() }
        guard !text.isEmpty else {
            fail(place, "is empty: write the value into it")
            return nil
        }
        return text
    }

    /// Looks at what is left of the environment: flags for the upstream program, and names that nobody declared.
    mutating func takeUndeclared() {
        for (variable, text) in environment.sorted(by: { $0.key < $1.key }) where variables[variable] == nil {
            if variable.hasSuffix("_FILE"), variables[String(variable.dropLast(5))]?.variable == String(variable.dropLast(5)) { continue }
            if let flags = schema.passThrough, variable.hasPrefix(flags.prefix) {
                take(flags, variable, text)
            } else if schema.ownPrefixes.contains(where: { variable.hasPrefix($0) }) {
                refuse(variable)
            }
        }
    }

    private mutating func take(_ flags: SettingsSchema.PassThrough, _ variable: String, _ text: String) {
        var name = variable.dropFirst(flags.prefix.count).lowercased()
        var value = text
        if !flags.isKnown(name), flags.refused[name] == nil, name.hasSuffix("_file"), flags.isKnown(String(name.dropLast(5))) {
            guard let secret = secret(variable: variable, path: text) else { return }
            name = String(name.dropLast(5))
            value = secret
            guard environment[String(variable.dropLast(5))] == nil else {
                fail(variable, "is given together with \(variable.dropLast(5)); give one of them")
                return
            }
        }
        take(flags, name: name, place: variable, value: value, suggestionPrefix: flags.prefix)
    }

    /// Takes one flag, or says why not.
    mutating func take(
        _ flags: SettingsSchema.PassThrough, name: String, place: String, value: String, suggestionPrefix: String?
    ) {
        if let reason = flags.refused[name] {
            fail(place, "can't be given: \(reason)")
        } else if !flags.isKnown(name) {
            guard let prefix = suggestionPrefix else {
                let near = NearestName.of(name, among: flags.names)
                fail(place, "the program has no flag '\(name)'\(near.map { "; did you mean \($0)?" } ?? "")")
                return
            }
            refuse(prefix + name.uppercased(), as: place, more: flags.names.map { prefix + $0.uppercased() })
        } else if flags.secrets.contains(name), SecretChecks.isKnownDefault(value) {
            fail(place, "is a password that everyone knows; choose another")
        } else {
            passedThrough[name] = value
        }
    }

    private mutating func refuse(_ variable: String, as place: String? = nil, more: [String] = []) {
        let near = NearestName.of(variable, among: variables.values.map(\.variable) + more)
        let meant = near.map { "did you mean \($0)?" } ?? "`settings` lists the known ones"
        fail(place ?? variable, "is not known to \(schema.component); \(meant)")
    }
}
