/// The id of an app or group: an absolute path such as `/shop/web` (Marathon documentation, "Application Groups").
public struct PathID: Sendable, Hashable, Comparable, CustomStringConvertible {
    /// The path's segments; none for the root group.
    public let segments: [String]

    /// The root group, `/`.
    public static let root = PathID(segments: [])

    /// Makes an id of segments that are known to be well-formed.
    public init(segments: [String]) { self.segments = segments }

    /// Reads an id; one without a leading slash is taken below `base`, and `.` and `..` are resolved.
    /// - Returns: nil where a segment is not made of lower-case letters, digits, hyphens and dots as Marathon wants them, or where
    ///   `..` leads above the root.
    public init?(_ text: some StringProtocol, below base: PathID = .root) {
        var segments = text.hasPrefix("/") ? [] : base.segments
        for part in text.split(separator: "/", omittingEmptySubsequences: true) {
            switch part {
            case ".": continue
            case "..":
                guard segments.popLast() != nil else { return nil }
            default:
                guard part.split(separator: ".", omittingEmptySubsequences: false).allSatisfy({ Self.isLabel(String($0)) }) else {
                    return nil
                }
                segments.append(String(part))
            }
        }
        self.segments = segments
    }

    private static func isLabel(_ label: String) -> Bool {
        let isFine = label.utf8.allSatisfy { byte in
            (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte) || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
                || byte == UInt8(ascii: "-")
        }
        return isFine && !label.isEmpty && !label.hasPrefix("-") && !label.hasSuffix("-")
    }

    /// True for the root group.
    public var isRoot: Bool { segments.isEmpty }
    /// The group that holds it; nil for the root group.
    public var parent: PathID? { isRoot ? nil : PathID(segments: segments.dropLast()) }
    /// `/shop/web`
    public var description: String { "/" + segments.joined(separator: "/") }
    /// `shop_web`: what task ids begin with. No segment holds an underscore, so this can be read back.
    public var safePath: String { segments.joined(separator: "_") }
    /// `web.shop`: the name of the app's Mesos tasks.
    public var taskName: String { segments.reversed().joined(separator: ".") }

    /// Reads a `safePath`.
    public init?(safePath: some StringProtocol) {
        self.init("/" + safePath.split(separator: "_", omittingEmptySubsequences: false).joined(separator: "/"))
    }

    /// True where it lies in that group, at any depth; true for the group itself.
    public func isWithin(_ group: PathID) -> Bool { segments.starts(with: group.segments) }

    /// The id of a child.
    public func appending(_ segment: String) -> PathID { PathID(segments: segments + [segment]) }

    /// The groups around it, from the root down to its parent.
    public var ancestors: [PathID] { segments.indices.map { PathID(segments: Array(segments[..<$0])) } }

    /// In the order of their segments.
    public static func < (left: PathID, right: PathID) -> Bool { left.segments.lexicographicallyPrecedes(right.segments) }
}
