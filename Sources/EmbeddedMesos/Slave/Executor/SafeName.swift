/// Names from outside that become parts of paths.
enum SafeName {
    /// True where the text can be one directory's name and nothing else (Mesos refuses the same ids: no slash, no control character,
    /// neither `.` nor `..`, at most 255 bytes).
    static func isComponent(_ text: String) -> Bool {
        !text.isEmpty && text != "." && text != ".." && text.utf8.count <= 255
            && text.utf8.allSatisfy { $0 != UInt8(ascii: "/") && $0 >= 0x20 && $0 != 0x7F }
    }

    /// True where the text can also be the name of a ZooKeeper node, which allows fewer characters (ZooKeeper Programmer's Guide,
    /// "The ZooKeeper Data Model").
    static func isNode(_ text: String) -> Bool {
        isComponent(text)
            && text.unicodeScalars.allSatisfy { scalar in
                !(0x7F...0x9F).contains(scalar.value) && !(0xD800...0xF8FF).contains(scalar.value)
                    && !(0xFFF0...0xFFFF).contains(scalar.value)
            }
    }

    /// The parts of a relative path that stays below its start; nil for an absolute one, or one with `..`.
    static func components(ofRelative path: String) -> [String]? {
        guard !path.hasPrefix("/"), !path.utf8.contains(0) else { return nil }
        let parts = path.split(separator: "/").map(String.init).filter { $0 != "." }
        guard parts.allSatisfy({ $0 != ".." && $0.utf8.count <= 255 }) else { return nil }
        return parts
    }
}
