/// Where the elements of a JSON array lie in its text, found without reading them.
enum JSONElements {
    /// The ranges of the elements; nil where the text is not an array, or is cut off. That each element is JSON is for its reader to find.
    static func ranges(_ bytes: [UInt8]) -> [Range<Int>]? {
        bytes.withUnsafeBufferPointer { bytes in
            var ranges: [Range<Int>] = []
            var depth = 0
            var start: Int?
            var position = 0
            while position < bytes.count {
                let byte = bytes[position]
                switch byte {
                case UInt8(ascii: "\""):
                    if depth == 1, start == nil { start = position }
                    guard let end = endOfString(bytes, from: position) else { return nil }
                    position = end
                case UInt8(ascii: "["), UInt8(ascii: "{"):
                    if depth == 0, byte != UInt8(ascii: "[") || !ranges.isEmpty { return nil }
                    if depth == 1, start == nil { start = position }
                    depth += 1
                case UInt8(ascii: "]"), UInt8(ascii: "}"):
                    depth -= 1
                    if depth < 0 { return nil }
                    if depth == 0 {
                        if let begun = start { ranges.append(begun..<position) }
                        return bytes[(position + 1)...].allSatisfy(isSpace) ? ranges : nil
                    }
                case UInt8(ascii: ",") where depth == 1:
                    guard let begun = start else { return nil }
                    ranges.append(begun..<position)
                    start = nil
                default:
                    if isSpace(byte) { break }
                    if depth == 0 { return nil }
                    if depth == 1, start == nil { start = position }
                }
                position += 1
            }
            return nil
        }
    }

    /// Position of the quote that ends the string whose first quote is at `start`.
    private static func endOfString(_ bytes: UnsafeBufferPointer<UInt8>, from start: Int) -> Int? {
        var position = start + 1
        while position < bytes.count {
            if bytes[position] == UInt8(ascii: "\"") { return position }
            position += bytes[position] == UInt8(ascii: "\\") ? 2 : 1
        }
        return nil
    }

    private static func isSpace(_ byte: UInt8) -> Bool { byte == 32 || byte == 9 || byte == 10 || byte == 13 }
}
