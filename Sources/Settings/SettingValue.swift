public import ClusterCore

/// A type that a setting can have: read from text, written back, and able to say what it allows.
public protocol SettingValue: Sendable {
    /// What is allowed, for help and error texts: `a whole number`, `true or false`.
    static var form: String { get }
    /// The type's name in Ansible's argument_specs: `str`, `int`, `bool`, `float`, `list`.
    static var ansibleType: String { get }
    /// Reads the text; nil where it has another form.
    init?(settingText: String)
    /// The text that reads back as this value.
    var settingText: String { get }
}

extension String: SettingValue {
    /// Any text.
    public static var form: String { "text" }
    /// `str`
    public static var ansibleType: String { "str" }
    /// Always succeeds.
    public init?(settingText: String) { self = settingText }
    /// Itself.
    public var settingText: String { self }
}

extension Int: SettingValue {
    /// A whole number.
    public static var form: String { "a whole number" }
    /// `int`
    public static var ansibleType: String { "int" }
    /// Reads decimal digits.
    public init?(settingText: String) { self.init(settingText) }
    /// Decimal digits.
    public var settingText: String { String(self) }
}

extension Double: SettingValue {
    /// A number.
    public static var form: String { "a number" }
    /// `float`
    public static var ansibleType: String { "float" }
    /// Reads a finite decimal number.
    public init?(settingText: String) {
        guard let value = Double(settingText), value.isFinite else { return nil }
        self = value
    }
    /// The shortest text that reads back.
    public var settingText: String { description }
}

extension Bool: SettingValue {
    /// true or false.
    public static var form: String { "true or false" }
    /// `bool`
    public static var ansibleType: String { "bool" }
    /// Reads `true`, `false`, `yes`, `no`, `on`, `off`, `1`, `0`, in any case.
    public init?(settingText: String) {
        switch settingText.lowercased() {
        case "true", "yes", "on", "1": self = true
        case "false", "no", "off", "0": self = false
        default: return nil
        }
    }
    /// `true` or `false`
    public var settingText: String { self ? "true" : "false" }
}

extension Duration: SettingValue {
    /// A number with a unit.
    public static var form: String { "a duration such as 500ms, 30s, 10m, 1h or 7d" }
    /// `str`
    public static var ansibleType: String { "str" }
    /// Reads a number with a unit; Mesos' unit names are taken too.
    public init?(settingText: String) { self.init(text: settingText) }
    /// As Mesos writes it.
    public var settingText: String { mesosText }
}

extension HostPort: SettingValue {
    /// host:port.
    public static var form: String { "host:port" }
    /// `str`
    public static var ansibleType: String { "str" }
    /// Reads `host:port`; the port is required.
    public init?(settingText: String) { self.init(settingText) }
    /// `host:port`
    public var settingText: String { description }
}

extension ZooKeeperURL: SettingValue {
    /// zk://…
    public static var form: String { "zk://host:port,host:port/path" }
    /// `str`
    public static var ansibleType: String { "str" }
    /// Reads a ZooKeeper URL or list of servers.
    public init?(settingText: String) {
        guard let url = try? ZooKeeperURL(settingText) else { return nil }
        self = url
    }
    /// The URL with its password: never print it.
    public var settingText: String { revealed }
}

extension Array: SettingValue where Element: SettingValue {
    /// A comma-separated list.
    public static var form: String { "a comma-separated list, each \(Element.form)" }
    /// `list`
    public static var ansibleType: String { "list" }
    /// Reads a comma-separated list; spaces around an element are dropped, an empty text is an empty list.
    public init?(settingText: String) {
        self = []
        for part in settingText.split(separator: ",", omittingEmptySubsequences: true) {
            let trimmed = part.drop(while: \.isWhitespace)
            let text = String(String(trimmed.reversed()).drop(while: \.isWhitespace).reversed())
            guard let element = Element(settingText: text) else { return nil }
            append(element)
        }
    }
    /// Comma-separated.
    public var settingText: String { map(\.settingText).joined(separator: ",") }
}

/// A setting with a fixed set of words: conform a `String` enumeration.
public protocol SettingWord: SettingValue, CaseIterable, RawRepresentable where RawValue == String {}

extension SettingWord {
    /// The words.
    public static var form: String { "one of " + allCases.map(\.rawValue).joined(separator: ", ") }
    /// `str`
    public static var ansibleType: String { "str" }
    /// Reads one of the words, in any case.
    public init?(settingText: String) { self.init(rawValue: settingText.lowercased()) }
    /// The word.
    public var settingText: String { rawValue }
}
