import ClusterCore
import JSON

/// A file given to `deploy`: a Marathon app or a Chronos job, as one POSTs it.
enum DeploymentDocument {
    case app(id: String, JSON)
    case job(name: String, isDependent: Bool, JSON)

    /// Reads a document. `{{NAME}}` stands for the value of that placeholder, so that a file fits any cluster.
    init(path: String, placeholders: [String: String]) throws(ClusterError) {
        var text = try Files.text(path, limit: 4 << 20)
        for (name, value) in placeholders { text = Self.replace("{{\(name)}}", by: value, in: text) }
        if let unknown = Self.firstPlaceholder(in: text) {
            let known = placeholders.keys.sorted().joined(separator: ", ")
            throw ClusterError(
                .invalid, "\(path): unknown placeholder {{\(unknown)}}; known are \(known); give it with --set \(unknown)=VALUE")
        }
        let json: JSON
        do {
            json = try JSON(parsing: text)
        } catch {
            throw ClusterError(.invalid, "\(path) is not JSON: \(error)")
        }
        if json["apps"] != nil || json["groups"] != nil {
            throw ClusterError(
                .invalid, "\(path) is a group of apps: give a file for each app, or send the group to Marathon (PUT /v2/groups)")
        }
        if json["schedule"] != nil || json["parents"] != nil {
            guard let name = json["name"]?.string else { throw ClusterError(.invalid, "\(path): a Chronos job needs a name") }
            self = .job(name: name, isDependent: json["parents"] != nil, json)
        } else {
            guard let id = json["id"]?.string else {
                throw ClusterError(
                    .invalid, "\(path): neither a Marathon app (it has no id) nor a Chronos job (no schedule and no parents)")
            }
            self = .app(id: id.hasPrefix("/") ? id : "/" + id, json)
        }
    }

    private static func replace(_ pattern: String, by value: String, in text: String) -> String {
        var out = ""
        var rest = text[...]
        while let range = rest.firstRange(of: pattern) {
            out += rest[..<range.lowerBound]
            out += value
            rest = rest[range.upperBound...]
        }
        return out + rest
    }

    /// The first `{{NAME}}` with a name in capitals; other double braces are the document's own.
    private static func firstPlaceholder(in text: String) -> String? {
        var rest = text[...]
        while let open = rest.firstRange(of: "{{") {
            rest = rest[open.upperBound...]
            guard let close = rest.firstRange(of: "}}") else { return nil }
            let name = rest[..<close.lowerBound]
            if !name.isEmpty, name.allSatisfy({ $0.isUppercase || $0 == "_" }) { return String(name) }
        }
        return nil
    }
}
