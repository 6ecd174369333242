/// Numbers that a component publishes at `/metrics` in the Prometheus text format 0.0.4. Safe to use from anywhere.
public actor MetricsRegistry {
    /// What kind of number it is.
    public enum Kind: String, Sendable {
        /// Goes up and down.
        case gauge
        /// Only grows.
        case counter
    }

    private struct Family {
        let kind: Kind
        let help: String
        var samples: [[String: String]: Double] = [:]
    }
    private var families: [String: Family] = [:]

    /// An empty registry.
    public init() {}

    /// Sets a gauge.
    public func set(_ name: String, help: String, labels: [String: String] = [:], to value: Double) {
        families[name, default: Family(kind: .gauge, help: help)].samples[labels] = value
    }

    /// Adds to a counter.
    public func increment(_ name: String, help: String, labels: [String: String] = [:], by amount: Double = 1) {
        families[name, default: Family(kind: .counter, help: help)].samples[labels, default: 0] += amount
    }

    /// Replaces all samples of a gauge, so that a label that is gone does not stay.
    public func replace(_ name: String, help: String, samples: [[String: String]: Double]) {
        families[name] = Family(kind: .gauge, help: help, samples: samples)
    }

    /// All families in the order of their names, in the Prometheus text format.
    public func prometheusText() -> String {
        var out = ""
        for (name, family) in families.sorted(by: { $0.key < $1.key }) {
            out += "# HELP \(name) \(family.help)\n# TYPE \(name) \(family.kind.rawValue)\n"
            let lines = family.samples.map { labels, value in
                let text = labels.sorted { $0.key < $1.key }.map { "\($0.key)=\"\(Self.escape($0.value))\"" }.joined(separator: ",")
                return "\(name)\(text.isEmpty ? "" : "{\(text)}") \(value)\n"
            }
            out += lines.sorted().joined()
        }
        return out
    }

    private static func escape(_ text: String) -> String {
        var out = ""
        for character in text {
            switch character {
            case "\\": out += "\\\\"
            case "\"": out += "\\\""
            case "\n": out += "\\n"
            default: out.append(character)
            }
        }
        return out
    }
}
