/// Cuts a template into nodes.
struct Parser {
    private let bytes: [UInt8]
    private let name: String
    /// Put before every line of a partial (specification, module partials: "Standalone Indentation").
    private let indentation: [UInt8]
    private var position = 0
    private var opening: [UInt8] = Array("{{".utf8)
    private var closing: [UInt8] = Array("}}".utf8)
    private var text: [UInt8] = []
    private var frames: [Frame] = [Frame(section: nil)]
    private var lines = LineCounter()

    private struct Frame {
        let section: (name: Node.Name, isInverted: Bool)?
        var nodes: [Node] = []
    }

    init(text: String, name: String, indentation: [UInt8]) {
        let plain = Array(text.utf8)
        bytes = indentation.isEmpty ? plain : Self.indent(plain, by: indentation)
        self.name = name
        self.indentation = indentation
    }

    private static func indent(_ bytes: [UInt8], by indentation: [UInt8]) -> [UInt8] {
        var out: [UInt8] = []
        var isLineStart = true
        for byte in bytes {
            if isLineStart { out += indentation }
            out.append(byte)
            isLineStart = byte == UInt8(ascii: "\n")
        }
        return out
    }

    mutating func parse() throws(TemplateError) -> [Node] {
        while let start = find(opening, from: position) {
            let lead = position
            let tagStart = start + opening.count
            let (kind, contentStart) = self.kind(at: tagStart)
            let end =
                kind == UInt8(ascii: "{")
                ? [UInt8(ascii: "}")] + closing : kind == UInt8(ascii: "=") ? [UInt8(ascii: "=")] + closing : closing
            guard let contentEnd = find(end, from: contentStart) else { throw error(start, "this tag has no end") }
            let tagEnd = contentEnd + end.count
            var indentation: [UInt8] = []
            var next = tagEnd
            text += bytes[lead..<start]
            if Self.mayStandAlone(kind), let line = standaloneLine(from: start, to: tagEnd) {
                indentation = Array(bytes[line.lowerBound..<start])
                text.removeLast(indentation.count)
                next = line.upperBound
            }
            position = next
            try take(kind, content: trimmed(contentStart..<contentEnd), at: start, indentation: indentation)
        }
        text += bytes[position...]
        flush()
        if let open = frames.last?.section {
            throw TemplateError(
                template: name, line: open.name.place.line, column: open.name.place.column,
                reason: "the section '\(open.name.text)' has no end")
        }
        return frames[0].nodes
    }

    /// The character behind the opening delimiter, if it means something, and where the content begins.
    private func kind(at start: Int) -> (UInt8, Int) {
        guard start < bytes.count, "#^/!>&{=<$*".utf8.contains(bytes[start]) else { return (0, start) }
        return (bytes[start], start + 1)
    }

    private static func mayStandAlone(_ kind: UInt8) -> Bool { "#^/!>=".utf8.contains(kind) }

    private mutating func take(_ kind: UInt8, content: Range<Int>, at start: Int, indentation: [UInt8]) throws(TemplateError) {
        let word = String(decoding: bytes[content], as: UTF8.self)
        switch kind {
        case UInt8(ascii: "!"): break
        case UInt8(ascii: "="): try setDelimiters(word, at: start)
        case UInt8(ascii: "#"), UInt8(ascii: "^"):
            let section = (name: try name(word, at: start), isInverted: kind == UInt8(ascii: "^"))
            flush()
            guard frames.count <= 64 else { throw error(start, "sections nested deeper than 64") }
            frames.append(Frame(section: section))
        case UInt8(ascii: "/"): try close(word, at: start)
        case UInt8(ascii: ">"):
            guard !word.isEmpty else { throw error(start, "a partial without a name") }
            guard !word.hasPrefix("*") else { throw error(start, "dynamic names are not supported") }
            append(.partial(word, indentation: indentation, place(start)))
        case UInt8(ascii: "<"), UInt8(ascii: "$"): throw error(start, "inheritance is not supported")
        case UInt8(ascii: "*"): throw error(start, "dynamic names are not supported")
        default: append(.variable(try name(word, at: start), isEscaped: kind == 0))
        }
    }

    private mutating func append(_ node: Node) {
        flush()
        frames[frames.count - 1].nodes.append(node)
    }

    private mutating func flush() {
        guard !text.isEmpty else { return }
        frames[frames.count - 1].nodes.append(.text(String(decoding: text, as: UTF8.self)))
        text = []
    }

    private mutating func close(_ word: String, at start: Int) throws(TemplateError) {
        flush()
        guard frames.count > 1, let frame = frames.popLast(), let section = frame.section else {
            throw error(start, "the end of the section '\(word)', which was not begun")
        }
        guard section.name.text == word else {
            throw error(start, "the end of the section '\(word)' where '\(section.name.text)' of line \(section.name.place.line) is open")
        }
        frames[frames.count - 1].nodes.append(.section(section.name, isInverted: section.isInverted, frame.nodes))
    }

    private mutating func setDelimiters(_ content: String, at start: Int) throws(TemplateError) {
        let words = content.split(whereSeparator: \.isWhitespace)
        guard words.count == 2, !content.contains("=") else {
            throw error(start, "new delimiters are two words without '=': {{=<% %>=}}")
        }
        opening = Array(words[0].utf8)
        closing = Array(words[1].utf8)
    }

    private mutating func name(_ word: String, at start: Int) throws(TemplateError) -> Node.Name {
        if word == "." { return Node.Name(parts: [], place: place(start)) }
        let parts = word.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
        guard parts.allSatisfy({ !$0.isEmpty && !$0.contains(where: \.isWhitespace) }) else {
            throw error(start, "'\(word)' is not a name")
        }
        return Node.Name(parts: parts, place: place(start))
    }

    private func find(_ pattern: [UInt8], from start: Int) -> Int? {
        guard bytes.count >= pattern.count, start <= bytes.count - pattern.count else { return nil }
        return (start...bytes.count - pattern.count).first {
            bytes[$0] == pattern[0] && bytes[$0..<$0 + pattern.count].elementsEqual(pattern)
        }
    }

    private func trimmed(_ range: Range<Int>) -> Range<Int> {
        var (low, high) = (range.lowerBound, range.upperBound)
        while low < high, Self.isSpace(bytes[low]) { low += 1 }
        while low < high, Self.isSpace(bytes[high - 1]) { high -= 1 }
        return low..<high
    }

    private static func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || (0x09...0x0D).contains(byte) }

    /// The whole line, its break included, where nothing but blanks stands beside the tag.
    private func standaloneLine(from start: Int, to end: Int) -> Range<Int>? {
        var low = start
        while low > 0, bytes[low - 1] == 0x20 || bytes[low - 1] == 0x09 { low -= 1 }
        guard low == 0 || bytes[low - 1] == 0x0A else { return nil }
        var high = end
        while high < bytes.count, bytes[high] == 0x20 || bytes[high] == 0x09 { high += 1 }
        if high == bytes.count { return low..<high }
        if bytes[high] == 0x0D, high + 1 < bytes.count, bytes[high + 1] == 0x0A { return low..<high + 2 }
        return bytes[high] == 0x0A ? low..<high + 1 : nil
    }

    private mutating func place(_ offset: Int) -> Node.Place {
        let (line, column) = lines.place(of: offset, in: bytes)
        return Node.Place(line: line, column: max(1, column - indentation.count))
    }

    private mutating func error(_ offset: Int, _ reason: String) -> TemplateError {
        let place = place(offset)
        return TemplateError(template: name, line: place.line, column: place.column, reason: reason)
    }
}

/// Finds line and column of growing offsets without starting anew each time.
private struct LineCounter {
    private var offset = 0
    private var line = 1
    private var column = 1

    mutating func place(of target: Int, in bytes: [UInt8]) -> (line: Int, column: Int) {
        if target < offset { (offset, line, column) = (0, 1, 1) }
        while offset < target {
            let byte = bytes[offset]
            if byte == 0x0A {
                line += 1
                column = 1
            } else if byte & 0xC0 != 0x80 {
                column += 1
            }
            offset += 1
        }
        return (line, column)
    }
}
