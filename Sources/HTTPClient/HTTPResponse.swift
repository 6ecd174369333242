/// Status line and headers of a response.
public struct HTTPResponseHead: Sendable, Hashable {
    /// 200–599 (interim responses are not shown).
    public let status: Int
    /// In the order received.
    public let headers: HTTPHeaders

    /// Describes a response.
    public init(status: Int, headers: HTTPHeaders) {
        self.status = status
        self.headers = headers
    }
}

/// A whole response.
public struct HTTPResponse: Sendable, Hashable {
    /// 200–599.
    public let status: Int
    /// In the order received.
    public let headers: HTTPHeaders
    /// The whole body.
    public let body: [UInt8]

    /// Describes a response.
    public init(status: Int, headers: HTTPHeaders, body: [UInt8]) {
        self.status = status
        self.headers = headers
        self.body = body
    }

    /// True for 200–299.
    public var isSuccess: Bool { (200..<300).contains(status) }
    /// The body as UTF-8; malformed bytes are replaced.
    public var text: String { String(decoding: body, as: UTF8.self) }
}

/// Header fields in order; names are compared without case.
public struct HTTPHeaders: Sendable, Hashable, ExpressibleByDictionaryLiteral {
    /// One field.
    public struct Field: Sendable, Hashable {
        /// As sent or received.
        public let name: String
        /// Without surrounding blanks.
        public let value: String
    }

    /// All fields, in order.
    public private(set) var fields: [Field] = []

    /// No fields.
    public init() {}
    /// Fields in this order.
    public init(_ pairs: [(String, String)]) { fields = pairs.map { Field(name: $0.0, value: $0.1) } }
    /// Fields in this order.
    public init(dictionaryLiteral elements: (String, String)...) { self.init(elements) }

    /// The first field's value of that name; setting replaces all of them.
    public subscript(name: String) -> String? {
        get {
            let wanted = name.lowercased()
            return fields.first { $0.name.lowercased() == wanted }?.value
        }
        set {
            let wanted = name.lowercased()
            fields.removeAll { $0.name.lowercased() == wanted }
            if let newValue { add(name, newValue) }
        }
    }

    /// Adds a field after the others.
    public mutating func add(_ name: String, _ value: String) { fields.append(Field(name: name, value: value)) }

    /// Values of all fields of that name.
    public func all(_ name: String) -> [String] {
        let wanted = name.lowercased()
        return fields.filter { $0.name.lowercased() == wanted }.map(\.value)
    }
}
