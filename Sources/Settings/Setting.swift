/// What is declared of one setting, whatever its type: the one source of parsing, `--help`, reference docs, Ansible's
/// argument_specs and Compose's environment blocks.
public struct SettingDeclaration: Sendable {
    /// Key in the YAML file, in snake_case: `client_port`. Unique in its component.
    public let name: String
    /// Environment variable: `ZOO_CLIENT_PORT`. `<variable>_FILE` names a file that holds the value.
    public let variable: String
    /// Variables of the INDIGO image that this component replaces, accepted in place of `variable`.
    public let originalVariables: [String]
    /// The INDIGO Ansible role's variable, where it has one.
    public let roleVariable: String?
    /// What is allowed, in words, bounds included: `a whole number, 1–65535`.
    public let allowed: String
    /// Ansible's name for the type.
    public let ansibleType: String
    /// The words allowed, where they are fixed.
    public let choices: [String]?
    /// The default's text; nil where there is none.
    public let defaultText: String?
    /// True where it must be given.
    public let isRequired: Bool
    /// True where the value must never be printed, nor put into argv or a world-readable file.
    public let isSecret: Bool
    /// One line of help.
    public let help: String
    /// Reads and checks a text. Returns nil where it is fine, else what is wrong with it (without the value).
    public let problem: @Sendable (String) -> String?
}

/// A setting that always has a value: it has a default, or it must be given.
public struct Setting<Value: SettingValue>: Sendable {
    /// What is declared.
    public let declaration: SettingDeclaration
    let defaultValue: Value?

    /// Declares a setting with a default.
    /// - Parameters:
    ///   - name: key in the YAML file.
    ///   - variable: environment variable.
    ///   - defaultValue: the value where none is given.
    ///   - bounds: further bounds in words, such as `1–65535`; `isAllowed` checks them.
    public init(
        _ name: String, _ variable: String, default defaultValue: Value, original: [String] = [], role: String? = nil,
        secret: Bool = false, bounds: String? = nil, help: String, isAllowed: @escaping @Sendable (Value) -> Bool = { _ in true }
    ) {
        self.defaultValue = defaultValue
        declaration = declare(
            name, variable, original, role, secret, bounds, help, default: defaultValue, isRequired: false, isAllowed: isAllowed)
    }

    /// Declares a setting that must be given.
    public init(
        required name: String, _ variable: String, original: [String] = [], role: String? = nil, secret: Bool = false,
        bounds: String? = nil, help: String, isAllowed: @escaping @Sendable (Value) -> Bool = { _ in true }
    ) {
        defaultValue = nil
        declaration = declare(
            name, variable, original, role, secret, bounds, help, default: nil, isRequired: true, isAllowed: isAllowed)
    }
}

/// A setting that may be absent.
public struct OptionalSetting<Value: SettingValue>: Sendable {
    /// What is declared.
    public let declaration: SettingDeclaration

    /// Declares a setting without a default.
    public init(
        _ name: String, _ variable: String, original: [String] = [], role: String? = nil, secret: Bool = false,
        bounds: String? = nil, help: String, isAllowed: @escaping @Sendable (Value) -> Bool = { _ in true }
    ) {
        declaration = declare(
            name, variable, original, role, secret, bounds, help, default: Value?.none, isRequired: false, isAllowed: isAllowed)
    }
}

extension Setting where Value == Int {
    /// Declares a whole number within a range.
    public init(
        _ name: String, _ variable: String, default defaultValue: Int, in range: ClosedRange<Int>, original: [String] = [],
        role: String? = nil, help: String
    ) {
        self.init(
            name, variable, default: defaultValue, original: original, role: role,
            bounds: "\(range.lowerBound)–\(range.upperBound)", help: help, isAllowed: { range.contains($0) })
    }
}

extension Setting where Value == Duration {
    /// Declares a duration within a range.
    public init(
        _ name: String, _ variable: String, default defaultValue: Duration, in range: ClosedRange<Duration>, original: [String] = [],
        role: String? = nil, help: String
    ) {
        self.init(
            name, variable, default: defaultValue, original: original, role: role,
            bounds: "\(range.lowerBound.settingText)–\(range.upperBound.settingText)", help: help, isAllowed: { range.contains($0) })
    }
}

private func declare<Value: SettingValue>(
    _ name: String, _ variable: String, _ original: [String], _ role: String?, _ secret: Bool, _ bounds: String?, _ help: String,
    default defaultValue: Value?, isRequired: Bool, isAllowed: @escaping @Sendable (Value) -> Bool
) -> SettingDeclaration {
    let allowed = bounds.map { "\(Value.form), \($0)" } ?? Value.form
    return SettingDeclaration(
        name: name, variable: variable, originalVariables: original, roleVariable: role, allowed: allowed,
        ansibleType: Value.ansibleType, choices: (Value.self as? any SettingWord.Type)?.words, defaultText: defaultValue?.settingText,
        isRequired: isRequired, isSecret: secret, help: help,
        problem: { text in
            guard let value = Value(settingText: text), isAllowed(value) else { return "expected \(allowed)" }
            return nil
        })
}

extension SettingWord {
    fileprivate static var words: [String] { allCases.map(\.rawValue) }
}
